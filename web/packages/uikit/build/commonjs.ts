import { defineConfig } from "vite";
import { ENTRIES, PINYIN } from "./entries.js";

/**
 * For `require`. Lit is an ES module, which older tools cannot require: it is built in, as it is for Node, where it brings
 * what it needs of a DOM.
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
      external: ["@lamplight/chat", PINYIN],
      output: { format: "cjs", entryFileNames: "[name].cjs", chunkFileNames: "[name].cjs", exports: "named" },
    },
  },
});
