import { defineConfig } from "vite";

/**
 * The build for a page without a bundler: one module with all of its dependencies, and the pinyin table in a file of
 * its own.
 */
export default defineConfig({
  resolve: { conditions: ["@lamplight/source", "module", "browser", "production"] },
  // A page has no `process`.
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
