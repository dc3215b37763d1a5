import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** The build of the documentation: a folder that works under any path and without a network. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "./",
  resolve: { conditions: ["@lamplight/source", "module", "browser", "development|production"] },
  build: { target: "es2022", outDir: "dist", modulePreload: { polyfill: false } },
});
