import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { documentation } from "./build/plugin.js";

/**
 * The build of the documentation. Pages link to each other with relative addresses, so the folder works under any
 * path.
 */
export default defineConfig({
  base: "./",
  plugins: [documentation()],
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    rolldownOptions: { input: fileURLToPath(new URL("src/page.ts", import.meta.url)) },
  },
  test: { include: ["tests/**/*.test.ts"] },
});
