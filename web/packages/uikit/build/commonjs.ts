import { defineConfig } from "vite";
import { ENTRIES, PINYIN } from "./entries.js";

/**
 * The build for `require`. Older tools cannot load an ES module such as Lit with `require`, so the bundle contains Lit.
 * It is the version of Lit for Node, which has its own minimal DOM.
 */
export default defineConfig({
  resolve: { conditions: ["@lamplight/source", "module", "node", "production"] },
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  build: {
    lib: { entry: ENTRIES, formats: ["cjs"] },
    target: "es2022",
    sourcemap: true,
    minify: false,
    emptyOutDir: false,
    rolldownOptions: {
      external: [/^@lamplight\/chat(\/|$)/, PINYIN],
      output: { format: "cjs", entryFileNames: "[name].cjs", chunkFileNames: "[name].cjs", exports: "named" },
    },
  },
});
