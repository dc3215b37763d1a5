import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** The documentation: a folder that works wherever it is put, and without a network. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "./",
  resolve: { conditions: ["@lamplight/source", "module", "browser", "development|production"] },
  build: { target: "es2022", outDir: "dist", modulePreload: { polyfill: false } },
});
