import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["@lamplight/source"] },
  ssr: { resolve: { conditions: ["@lamplight/source"] } },
  test: {
    include: ["tests/**/*.test.ts"],
    // Servers and browsers of several files at once would be slow together.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
