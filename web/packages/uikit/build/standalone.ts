import { defineConfig } from "vite";

/** For a page without a bundler: one module with all that it needs, and the table of pinyin beside it. */
export default defineConfig({
  resolve: { conditions: ["@lamplight/source", "module", "browser", "production"] },
  // There is no `process` in a page.
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  build: {
    lib: { entry: { standalone: "src/index.ts" }, formats: ["es"] },
    target: "es2022",
    sourcemap: true,
    minify: true,
    emptyOutDir: false,
    rolldownOptions: {
      output: {
        format: "es",
        entryFileNames: "[name].js",
        chunkFileNames: "standalone-[name].js",
        codeSplitting: { groups: [{ name: "pinyin", test: /pinyin-pro/ }] },
      },
    },
  },
});
