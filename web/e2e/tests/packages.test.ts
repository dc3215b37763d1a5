/** Tests the tarballs of the packages: their files, and every way to load them. Needs the output of `npm run build`. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build } from "vite";
import { launch, Windows } from "../src/browser.js";
import { Installed, PACKAGES, run } from "../src/packed.js";
import { Site } from "../src/site.js";

const COMPILER = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));

interface Manifest {
  license: string;
  exports: Record<string, unknown>;
}

let installed: Installed;

beforeAll(async () => {
  installed = await Installed.make();
});

afterAll(() => {
  installed.remove();
});

const manifest = (name: string) =>
  JSON.parse(readFileSync(installed.path("node_modules/@lamplight", name, "package.json"), "utf8")) as Manifest;

/** Returns the entry points of the packages for a kind of loader. */
function entries(kind: "import" | "require"): string[] {
  return PACKAGES.flatMap((name) =>
    Object.entries(manifest(name).exports)
      .filter(([, target]) => typeof target === "object" && target !== null && kind in target)
      .map(([path]) => `@lamplight/${name}${path.slice(1)}`),
  );
}

/** Returns all files that the exports of a manifest name. */
function filesIn(value: unknown): string[] {
  if (typeof value === "string") {
    return [value];
  }
  const inside = Object.entries((value ?? {}) as Record<string, unknown>);
  // Only the workspace uses the source, so the tarballs do not contain it.
  return inside.filter(([condition]) => condition !== "@lamplight/source").flatMap(([, one]) => filesIn(one));
}

describe("the tarballs", () => {
  test.each(PACKAGES)("%s has its licences and every file that it names", (name) => {
    expect(manifest(name).license).toBe("Apache-2.0 OR MIT");
    const wanted = ["LICENSE-APACHE", "LICENSE-MIT", "README.md", ...filesIn(manifest(name).exports)];
    expect(wanted.length).toBeGreaterThan(8);
    const missing = wanted.filter((file) => !existsSync(installed.path("node_modules/@lamplight", name, file)));
    expect(missing).toEqual([]);
  });

  test("Node imports and requires everything, without a page", async () => {
    expect(entries("import").length).toBeGreaterThan(9);
    const imports = entries("import").map((entry) => `console.log((await import("${entry}")) && "${entry}");`);
    writeFileSync(installed.path("all.mjs"), imports.join("\n"));
    const requires = entries("require").map((entry) => `console.log(require("${entry}") && "${entry}");`);
    writeFileSync(installed.path("all.cjs"), requires.join("\n"));
    const [imported, required] = await Promise.all(
      ["all.mjs", "all.cjs"].map((file) => run(process.execPath, [installed.path(file)])),
    );
    expect(imported?.stdout.trim().split("\n")).toEqual(entries("import"));
    expect(required?.stdout.trim().split("\n")).toEqual(entries("require"));
    const { stdout } = await run(process.execPath, [
      "-e",
      'process.chdir(process.argv[1]); const sdk = require(require.resolve("@lamplight/chat/compat", { paths: [process.argv[1]] })); console.log(typeof sdk.create, sdk.TYPES.CONV_C2C)',
      installed.folder,
    ]);
    expect(stdout.trim()).toBe("function C2C");
  });

  test.each([
    ["node10", "program.ts", { module: "commonjs", moduleResolution: "node10", ignoreDeprecations: "6.0" }],
    ["node16, as a module", "program.mts", { module: "node16", moduleResolution: "node16" }],
    ["node16, with require", "program.cts", { module: "node16", moduleResolution: "node16" }],
    ["bundler", "program.ts", { module: "esnext", moduleResolution: "bundler" }],
  ])("TypeScript finds the types: %s", async (name, file, options) => {
    const program = `
      import { create, type UserStatus } from "@lamplight/chat";
      import { EVENT, type ChatSDK } from "@lamplight/chat/compat";
      import { CODES } from "@lamplight/chat/codes";
      import { statusStore } from "@lamplight/chat/store";
      import { useUserStatus } from "@lamplight/chat/react";
      import { TUIKit, type AvatarHosts } from "@lamplight/uikit";
      import { TuikitAvatar } from "@lamplight/uikit/avatar";
      const hosts: AvatarHosts = ["cdn.example"];
      const chat = create({ SDKAppID: 1, server: "ws://localhost" });
      TUIKit.init({ chat, config: { avatarHosts: hosts } });
      const found: UserStatus | undefined = statusStore(chat).get("bob");
      export const text: string = CODES.NOT_LOGGED_IN.chinese;
      export const all: [string, ChatSDK | null, number | undefined, typeof TuikitAvatar, typeof useUserStatus] =
        [EVENT.SDK_READY, null, found?.statusType, TuikitAvatar, useUserStatus];
      // @ts-expect-error the package has types: a number is not a userID
      statusStore(chat).get(7);
    `;
    const folder = name.replaceAll(/\W+/g, "-");
    const base = {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      lib: ["es2023", "dom"],
      types: [],
      target: "es2022",
    };
    writeFileSync(installed.path(`${folder}.${file}`), program);
    const config = { compilerOptions: { ...base, ...options }, files: [`${folder}.${file}`] };
    writeFileSync(installed.path(`${folder}.json`), JSON.stringify(config));
    const found = await run(process.execPath, [COMPILER, "-p", installed.path(`${folder}.json`)]).then(
      () => "",
      (error: unknown) => (error as { stdout: string }).stdout,
    );
    expect(found).toBe("");
  });

  test("who imports one component gets that one", async () => {
    const sizeOf = async (code: string) => {
      writeFileSync(installed.path("entry.js"), code);
      const built = await build({
        configFile: false,
        root: installed.folder,
        logLevel: "error",
        build: { write: false, rolldownOptions: { input: installed.path("entry.js"), external: ["pinyin-pro"] } },
      });
      const [first] = [built].flat();
      const output = first !== undefined && "output" in first ? first.output : [];
      return gzipSync(output.map((chunk) => ("code" in chunk ? chunk.code : "")).join("\n")).length;
    };
    const all = await sizeOf('import "@lamplight/uikit";');
    const avatar = await sizeOf('import "@lamplight/uikit/avatar";');
    const conversation = await sizeOf('import "@lamplight/uikit/conversation";');
    console.log(`gzipped: all ${all}, conversation ${conversation}, avatar ${avatar} bytes`);
    expect(all).toBeGreaterThan(20_000);
    expect(avatar).toBeLessThan(all * 0.6);
    expect(conversation).toBeLessThan(all * 0.9);
    expect(avatar).toBeLessThan(conversation);
  });
});

describe("in a page without a bundler", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(async () => {
    await browser.close();
  });

  test("one module has the whole kit", async () => {
    writeFileSync(
      installed.path("plain.html"),
      `<!doctype html><title>plain</title><link rel="icon" href="data:,">
       <script type="module" src="/node_modules/@lamplight/uikit/dist/standalone.js"></script>
       <tuikit-avatar user-id="alice" name="Alice Chen" status="1"></tuikit-avatar><tuikit-conversation></tuikit-conversation>`,
    );
    const site = await Site.start(installed.folder);
    const windows = await Windows.open(browser);
    const page = await windows.page(`${site.address}/plain.html`);
    await page.locator("tuikit-avatar .initials", { hasText: "AC" }).waitFor();
    expect(await page.evaluate(() => typeof (window as { process?: unknown }).process)).toBe("undefined");
    expect(windows.errors).toEqual([]);
    await windows.close();
    await site.stop();
  });
});
