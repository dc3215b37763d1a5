/**
 * Tests that every web example in the READMEs, the documentation and the kit's page runs without changes. The tests add
 * the code that an example leaves out, such as a login. They connect every client to the server of the test.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build, loadConfigFromFile, mergeConfig } from "vite";
import { launch, PATIENCE } from "../src/browser.js";
import { type Example, examples, pageOf } from "../src/examples.js";
import { Installed } from "../src/packed.js";
import { ServerApi } from "../src/server-api.js";
import { Server } from "../src/server.js";
import { Site } from "../src/site.js";

const all = examples().filter(({ kind }) => ["ts", "tsx", "js", "html"].includes(kind));
const shown = all.filter(({ text }) => !isConfiguration(text) && !isForBackends(text));

function isConfiguration(text: string): boolean {
  return text.startsWith("// vite.config.js");
}

/** Returns whether an example is for a backend. `examples_of_backends.test.ts` runs those examples. */
function isForBackends(text: string): boolean {
  return text.includes('from "tls-sig-api-v2"');
}

/** The code before an example that uses a client `chat` but does not create it. */
const PRELUDE = `
  import Lamplight from "@lamplight/chat";
  const chat = Lamplight.create({ SDKAppID: 1400000001, server: "ws://localhost:7400" });
  Object.assign(globalThis, { chat });
  chat.login({ userID: "alice", userSig }).then(
    () => { document.body.dataset.done = "yes"; },
    (error) => { document.body.dataset.done = String(error); },
  );
`;

/** Writes an example into a page of its own, and returns the path of the page. */
function lay(folder: string, { kind, text }: Example, number: number): string {
  const home = join(folder, "examples", String(number));
  mkdirSync(home, { recursive: true });
  const tell = (name: string) =>
    `import(${JSON.stringify(`./${name}`)}).then(() => { document.body.dataset.done = "yes"; }, (error) => { document.body.dataset.done = String(error.stack ?? error); });`;
  const isPage = kind === "html";
  writeFileSync(join(home, isPage ? "prelude.js" : `example.${kind}`), isPage ? PRELUDE : text);
  const body = isPage
    ? `<script type="module" src="./prelude.js"></script>\n${text}`
    : `<div id="app"></div><script type="module">${tell(`example.${kind}`)}</script>`;
  const page = join(home, "index.html");
  writeFileSync(
    page,
    `<!doctype html><html><head><title>x</title><link rel="icon" href="data:,"></head><body>${body}</body></html>`,
  );
  return page;
}

describe("examples", () => {
  let installed: Installed;
  let server: Server;
  let browser: Browser;
  let context: BrowserContext;
  let site: Site;
  const errors: string[] = [];

  beforeAll(async () => {
    [installed, server, browser] = await Promise.all([Installed.make(), Server.start({ kind: "serve" }), launch()]);
    await (await ServerApi.of(server)).makeAccounts(["alice", "bob"]);
    const pages = shown.map((example, number) => lay(installed.folder, example, number));
    await build({
      configFile: false,
      root: installed.folder,
      logLevel: "error",
      resolve: { preserveSymlinks: true },
      build: {
        outDir: installed.path("built"),
        target: "esnext",
        rolldownOptions: { input: pages, external: [/^\/node_modules\//] },
      },
    });
    // The page without a bundler loads the package itself.
    site = await Site.start(installed.path("built"), (_, text) => text);
    context = await browser.newContext();
    context.setDefaultTimeout(PATIENCE);
    await context.route("**/node_modules/**", async (route) => {
      const { pathname } = new URL(route.request().url());
      const body = readFileSync(installed.path(pathname.slice(1)), "utf8");
      await route.fulfill({ contentType: "text/javascript", body });
    });
    const said = {
      userID: "alice",
      userSig: await server.command("sig", "alice"),
      client: `ws://127.0.0.1:${server.clientPort}/`,
    };
    await context.addInitScript(({ client, ...names }) => {
      const Real = WebSocket;
      class Redirected extends Real {
        constructor(_: string, protocol: string) {
          super(client, protocol);
        }
      }
      Object.assign(globalThis, { ...names, WebSocket: Redirected });
    }, said);
  });
  afterAll(async () => {
    await browser.close();
    await site.stop();
    await server.stop();
    installed.remove();
  });

  test("there are some on every page", () => {
    expect(shown.length).toBeGreaterThan(14);
    const pages = [
      "README.md",
      "README.zh-CN.md",
      "docs/start/browser.md",
      "web/packages/chat/README.md",
      "web/packages/uikit/README.md",
      "web/packages/uikit/docs/index.html",
    ];
    expect([...new Set(shown.map(pageOf))].toSorted()).toEqual(pages);
  });

  test.each(shown.map((example, number) => [example.name, example, number] as const))(
    "%s",
    async (_, example, number) => {
      errors.length = 0;
      const page = await context.newPage();
      page.on("pageerror", (error) => errors.push(String(error)));
      page.on("console", (message) => {
        if (message.type() === "error") {
          errors.push(message.text());
        }
      });
      await page.goto(`${site.address}/examples/${number}/index.html`);
      await page.waitForFunction(() => document.body.dataset["done"] !== undefined);
      expect(await page.evaluate(() => document.body.dataset["done"])).toBe("yes");
      if (example.kind === "html" && example.text.includes("<tuikit-") && example.text.includes("<script")) {
        await page.waitForFunction(
          () =>
            document.querySelector(":defined[class], tuikit-avatar:defined, tuikit-conversation:defined") !== null,
        );
      }
      if (example.text.includes("#app") || example.text.includes('"app"')) {
        await page.locator("#app .online, #app .offline").waitFor({ state: "attached" });
      }
      expect(errors).toEqual([]);
      await page.close();
    },
  );

  test("the configuration of the alias leads to the other entry", async () => {
    const [example, ...others] = all.filter(({ text }) => isConfiguration(text));
    expect(others).toEqual([]);
    writeFileSync(installed.path("vite.config.js"), example?.text ?? "");
    writeFileSync(installed.path("cloud.js"), 'import SDK from "@tencentcloud/chat"; console.log(SDK.VERSION);');
    const loaded = await loadConfigFromFile(
      { command: "build", mode: "production" },
      installed.path("vite.config.js"),
      installed.folder,
    );
    const built = await build(
      mergeConfig(loaded?.config ?? {}, {
        configFile: false,
        root: installed.folder,
        logLevel: "error",
        build: { write: false, rolldownOptions: { input: installed.path("cloud.js") } },
      }),
    );
    const [first] = [built].flat();
    const code =
      first !== undefined && "output" in first ? first.output.map((one) => ("code" in one ? one.code : "")) : [];
    expect(code.join("")).toContain("is not supported by Lamplight");
  });
});
