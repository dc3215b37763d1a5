import { defineConfig } from "vitest/config";

/** The configuration of the benchmarks, which are not tests. */
export default defineConfig({
  resolve: { conditions: ["@lamplight/source"] },
  ssr: { resolve: { conditions: ["@lamplight/source"] } },
  test: { include: ["bench/**/*.ts"], fileParallelism: false, testTimeout: 180_000, hookTimeout: 120_000 },
});
