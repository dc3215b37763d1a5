/** The cloud's own web kit, built with our package under the name of the cloud's: installed once, into `target`. */

import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Its versions are pinned here, with the application that shows it. */
const SOURCE = fileURLToPath(new URL("../../../tests/cloud-kit", import.meta.url));
const HOME = fileURLToPath(new URL("../../../target/cloud-kit", import.meta.url));
const STAMP = join(HOME, "stamp");
const COMPAT = fileURLToPath(new URL("../../packages/chat/src/compat/index.ts", import.meta.url));

/** Packages are fetched from the registry, once. */
export const PATIENCE_TO_INSTALL = 10 * 60_000;

const TYPES: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".png": "image/png",
};

/** The application, built and served, with `<meta name="lamplight-server">` in its page. */
export class CloudKit {
  private constructor(
    private readonly http: Server,
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
    const page = readFileSync(join(built, "index.html"), "utf8");
    const said = page.replace("<head>", `<head><meta name="lamplight-server" content="${clientUrl}" />`);
    const http = createServer((request, response) => {
      const path = normalize(new URL(request.url ?? "/", "http://page").pathname);
      const file = join(built, path);
      if (path === "/") {
        response.setHeader("content-type", "text/html").end(said);
      } else if (existsSync(file)) {
        response
          .setHeader("content-type", TYPES[extname(file)] ?? "application/octet-stream")
          .end(readFileSync(file));
      } else {
        response.writeHead(404).end();
      }
    });
    await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening));
    return new CloudKit(http, built);
  }

  /** The page of a user. */
  page(app: number, user: string, sig: string): string {
    const said = new URLSearchParams({ app: String(app), user, sig });
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}/#${said.toString()}`;
  }

  /** What the bundle has of the cloud's own client; it should be nothing. */
  get code(): string {
    const page = readFileSync(join(this.built, "index.html"), "utf8");
    const script = /src="([^"]+\.js)"/.exec(page)?.[1] ?? "";
    return readFileSync(join(this.built, script), "utf8");
  }

  async stop(): Promise<void> {
    await new Promise((closed) => this.http.close(closed));
  }
}

/** Installs the packages, unless the same were installed before. */
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
  // Not `ci`: it finds the lock file incomplete, because packages of the kit have each other as peers. What the lock file
  // has is installed as it is there.
  await run("npm", ["install", "--no-save", "--prefer-offline"], { cwd: HOME, timeout: PATIENCE_TO_INSTALL });
  writeFileSync(STAMP, wanted);
}
