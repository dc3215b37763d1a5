import { defineConfig } from "vitest/config";

/** Where the server is that the pages of `npm run dev` ask; `npm run dev` serves the pages itself. */
const SERVER = process.env["LAMPLIGHT_HTTP"] ?? "http://127.0.0.1:7401";

/** The other packages are taken from their source: nothing has to be built first. */
const SOURCE = ["@lamplight/source", "module", "development|production"];

export default defineConfig({
  resolve: { conditions: [...SOURCE, "browser"] },
  ssr: { resolve: { conditions: [...SOURCE, "node"] } },
  build: { target: "es2022", modulePreload: { polyfill: false } },
  server: { proxy: { "/lamplight.json": SERVER, "/demo": SERVER } },
  test: { include: ["tests/**/*.test.ts"] },
});
