import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["@lamplight/source"] },
  ssr: { resolve: { conditions: ["@lamplight/source"] } },
  test: {
    include: ["tests/**/*.test.ts"],
    // Test files run one after the other, because several servers and browsers at a time would slow each other down.
    fileParallelism: false,
    // A test is longer than each of its waits (`PATIENCE`), so that a wait that fails names what it waited for.
    testTimeout: 180_000,
    hookTimeout: 240_000,
    // The default of one second is too short for a browser on a busy machine.
    expect: { poll: { timeout: 40_000 } },
  },
});
