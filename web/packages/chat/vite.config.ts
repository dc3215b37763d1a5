import { defineConfig } from "vitest/config";

export default defineConfig({
  build: {
    lib: { entry: "src/index.ts", formats: ["es"], fileName: "index" },
    target: "es2022",
    sourcemap: true,
    minify: false,
  },
  test: {
    include: ["tests/**/*.test.ts"],
    // Real servers on a busy machine; nothing waits this long when all is well.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
