import { defineConfig } from "vitest/config";

export default defineConfig({
  build: {
    lib: {
      entry: {
        index: "src/index.ts",
        codes: "src/codes.ts",
        "compat/index": "src/compat/index.ts",
        "store/store": "src/store/store.ts",
        "store/react": "src/store/react.ts",
        "store/vue": "src/store/vue.ts",
      },
    },
    rolldownOptions: {
      external: ["react", "vue"],
      output: [
        { format: "es", entryFileNames: "[name].js", chunkFileNames: "[name].js" },
        { format: "cjs", entryFileNames: "[name].cjs", chunkFileNames: "[name].cjs", exports: "named" },
      ],
    },
    target: "es2022",
    sourcemap: true,
    minify: false,
  },
  test: {
    include: ["tests/**/*.test.ts"],
    // The limits are long because tests run real servers on a machine that may be busy.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
