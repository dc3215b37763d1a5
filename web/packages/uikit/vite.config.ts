import { playwright } from "@vitest/browser-playwright";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { ENTRIES, PINYIN } from "./build/entries.js";

const repository = fileURLToPath(new URL("../../..", import.meta.url));

/** The conditions with which packages of this workspace are used from their source, so that they need no build. */
const CONDITIONS = ["@lamplight/source", "module", "browser", "development|production"];

export default defineConfig({
  resolve: { conditions: CONDITIONS },
  ssr: { resolve: { conditions: CONDITIONS } },
  // The tests compare with the pictures of the documentation.
  server: { fs: { allow: [repository] } },
  // The build for bundlers, which resolve the external packages themselves. The other builds are in `build/`.
  build: {
    lib: { entry: ENTRIES, formats: ["es"] },
    target: "es2022",
    sourcemap: true,
    minify: false,
    rolldownOptions: {
      external: [/^lit(\/|$)/, /^@lamplight\/chat(\/|$)/, "@tanstack/virtual-core", PINYIN],
      output: { format: "es", entryFileNames: "[name].js", chunkFileNames: "[name].js" },
    },
  },
  test: {
    projects: [
      {
        extends: true,
        test: { name: "pure", include: ["test/pure/**/*.test.ts"], environment: "node" },
      },
      {
        extends: true,
        // If these packages were discovered only during a test, the page would be loaded again.
        optimizeDeps: {
          include: [
            "pinyin-pro",
            "axe-core",
            "lit",
            "lit/decorators.js",
            "lit/directives/keyed.js",
            "lit/directives/live.js",
            "lit/directives/repeat.js",
            "@tanstack/virtual-core",
            "react",
            "react-dom/client",
            "vue",
          ],
        },
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          testTimeout: 20_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            viewport: { width: 360, height: 640 },
            provider: playwright({
              launchOptions: {
                executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
                args: [
                  "--no-sandbox",
                  "--disable-gpu",
                  "--disable-quic",
                  "--no-first-run",
                  "--disable-background-networking",
                  "--disable-component-update",
                  "--disable-sync",
                  "--font-render-hinting=none",
                  "--force-color-profile=srgb",
                ],
              },
              contextOptions: { deviceScaleFactor: 2, locale: "en-GB", timezoneId: "Asia/Shanghai" },
            }),
            instances: [{ browser: "chromium" }],
            expect: {
              toMatchScreenshot: {
                comparatorName: "pixelmatch",
                comparatorOptions: { threshold: 0.2, allowedMismatchedPixelRatio: 0.01 },
                resolveScreenshotPath: ({ arg, ext }) => `${repository}docs/images/${arg}${ext}`,
              },
            },
          },
        },
      },
    ],
  },
});
