import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { documentation } from "./build/plugin.js";

/** The pages link to each other by relative addresses, so they work wherever the folder is served. */
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
