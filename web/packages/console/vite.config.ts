import { defineConfig } from "vitest/config";

/** Where the server is whose console `npm run dev` shows; `npm run dev` serves the pages itself. */
const SERVER = process.env["LAMPLIGHT_HTTP"] ?? "http://127.0.0.1:7401";

export default defineConfig({
  base: "/console/",
  resolve: { conditions: ["@lamplight/source", "module", "browser", "development|production"] },
  ssr: { resolve: { conditions: ["@lamplight/source"] } },
  // Nothing is written into the page: the policy of the server forbids it.
  build: { target: "es2022", modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  server: { proxy: { "/console/api": SERVER } },
  test: { include: ["tests/**/*.test.ts"] },
});
