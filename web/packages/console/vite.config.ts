import { defineConfig } from "vitest/config";

/** The server to which the pages of `npm run dev` send their requests. */
const SERVER = process.env["LAMPLIGHT_HTTP"] ?? "http://127.0.0.1:7401";

export default defineConfig({
  base: "/console/",
  resolve: { conditions: ["@lamplight/source", "module", "browser", "development|production"] },
  ssr: { resolve: { conditions: ["@lamplight/source"] } },
  // No file is inlined into the page, because the server's content security policy forbids that.
  build: { target: "es2022", modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  server: { proxy: { "/console/api": SERVER } },
  test: { include: ["tests/**/*.test.ts"] },
});
