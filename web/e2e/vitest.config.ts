import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["@lamplight/source"] },
  ssr: { resolve: { conditions: ["@lamplight/source"] } },
  test: {
    include: ["tests/**/*.test.ts"],
    // Servers and browsers of several files at the same time would slow each other down.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
