import { defineConfig } from "vitest/config";

/** The configuration of `npm run pictures`, which creates the pictures of the README. It compares nothing. */
export default defineConfig({
  resolve: { conditions: ["@lamplight/source"] },
  ssr: { resolve: { conditions: ["@lamplight/source"] } },
  test: { include: ["pictures/**/*.ts"], testTimeout: 180_000, hookTimeout: 120_000 },
});
