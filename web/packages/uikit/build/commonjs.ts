import { defineConfig } from "vite";
import { ENTRIES, PINYIN } from "./entries.js";

/**
 * The build for `require`. Lit is bundled, because it is an ES module, which older tools cannot load with `require`.
 * The bundled version of Lit is the one for Node, which brings its own minimal DOM.
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
