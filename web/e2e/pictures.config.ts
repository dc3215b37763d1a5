import { defineConfig } from "vitest/config";

/** `npm run pictures`: draws the pictures of the README anew. No test: nothing is compared. */
export default defineConfig({
  resolve: { conditions: ["@lamplight/source"] },
  ssr: { resolve: { conditions: ["@lamplight/source"] } },
  test: { include: ["pictures/**/*.ts"], testTimeout: 180_000, hookTimeout: 120_000 },
});
