import { defineConfig } from "vitest/config";

/** `npm run pictures`: makes the pictures of the README again. It is not a test, because nothing is compared. */
export default defineConfig({
  resolve: { conditions: ["@lamplight/source"] },
  ssr: { resolve: { conditions: ["@lamplight/source"] } },
  test: { include: ["pictures/**/*.ts"], testTimeout: 180_000, hookTimeout: 120_000 },
});
