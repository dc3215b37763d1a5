import { defineConfig } from "vitest/config";

/** The server to which the pages of `npm run dev` send their requests. */
const SERVER = process.env["LAMPLIGHT_HTTP"] ?? "http://127.0.0.1:7401";

/** The conditions with which the other packages are used from their source, so that they need no build. */
const SOURCE = ["@lamplight/source", "module", "development|production"];

export default defineConfig({
  resolve: { conditions: [...SOURCE, "browser"] },
  ssr: { resolve: { conditions: [...SOURCE, "node"] } },
  build: { target: "es2022", modulePreload: { polyfill: false } },
  server: { proxy: { "/lamplight.json": SERVER, "/demo": SERVER } },
  test: { include: ["tests/**/*.test.ts"] },
});
