/**
 * The cloud's own web kit, built with Lamplight's package in place of the cloud's. It is installed once, into
 * `target`.
 */

import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Site } from "./site.js";

const run = promisify(execFile);

/** The source of the application that shows the kit. The versions of its dependencies are pinned. */
const SOURCE = fileURLToPath(new URL("../../../tests/cloud-kit", import.meta.url));
const HOME = fileURLToPath(new URL("../../../target/cloud-kit", import.meta.url));
const STAMP = join(HOME, "stamp");
const COMPAT = fileURLToPath(new URL("../../packages/chat/src/compat/index.ts", import.meta.url));

/** The time limit of the installation, in milliseconds. It is long, because packages are fetched from a registry. */
export const PATIENCE_TO_INSTALL = 10 * 60_000;

/** The built application with the kit, and a web server for it. The page has `<meta name="lamplight-server">`. */
export class CloudKit {
  private constructor(
    private readonly site: Site,
    private readonly built: string,
  ) {}

  static async start(clientUrl: string): Promise<CloudKit> {
    await install();
    const built = join(HOME, "dist");
    cpSync(join(SOURCE, "app"), join(HOME, "app"), { recursive: true });
    await run(process.execPath, [join(HOME, "node_modules/vite/bin/vite.js"), "build"], {
      cwd: join(HOME, "app"),
      env: { ...process.env, LAMPLIGHT_COMPAT: COMPAT, OUT_DIR: built },
      maxBuffer: 64 * 1024 * 1024,
    });
    const meta = `<head><meta name="lamplight-server" content="${clientUrl}" />`;
    const site = await Site.start(built, (path, text) => (path === "/" ? text.replace("<head>", meta) : text));
    return new CloudKit(site, built);
  }

  /** Returns the address of the page that logs a user in. */
  page(app: number, user: string, sig: string): string {
    const said = new URLSearchParams({ app: String(app), user, sig });
    return `${this.site.address}/#${said.toString()}`;
  }

  /** The code of the bundle. It must not contain the client of the cloud. */
  get code(): string {
    const page = readFileSync(join(this.built, "index.html"), "utf8");
    const script = /src="([^"]+\.js)"/.exec(page)?.[1] ?? "";
    return readFileSync(join(this.built, script), "utf8");
  }

  async stop(): Promise<void> {
    await this.site.stop();
  }
}

/** Installs the packages, unless the same versions are already installed. */
async function install(): Promise<void> {
  const lock = readFileSync(join(SOURCE, "package-lock.json"), "utf8");
  const wanted = `${process.version}\n${lock}`;
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === wanted) {
    return;
  }
  rmSync(STAMP, { force: true });
  mkdirSync(HOME, { recursive: true });
  for (const file of ["package.json", "package-lock.json", ".npmrc"]) {
    cpSync(join(SOURCE, file), join(HOME, file));
  }
  // `npm ci` is not used: it rejects the lock file as incomplete, because packages of the kit are peers of each
  // other. The versions of the lock file are still installed.
  await run("npm", ["install", "--no-save", "--prefer-offline"], { cwd: HOME, timeout: PATIENCE_TO_INSTALL });
  writeFileSync(STAMP, wanted);
}
