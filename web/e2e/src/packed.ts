/** The packages as users install them: packed, and then unpacked into a folder outside of the workspace. */

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const run = promisify(execFile);

const WEB = fileURLToPath(new URL("../..", import.meta.url));

export const PACKAGES = ["chat", "uikit"] as const;

/** The dependencies of the packages. They are copied from the workspace, so that no test needs a registry. */
const DEPENDENCIES = [
  "lit",
  "lit-html",
  "lit-element",
  "@lit",
  "@lit-labs",
  "@tanstack",
  "@vue",
  "@types",
  "csstype",
  "pinyin-pro",
  "react",
  "react-dom",
  "scheduler",
  "vue",
];

/** A folder with the packages in its `node_modules`. */
export class Installed {
  readonly folder = mkdtempSync(join(tmpdir(), "lamplight-packed-"));

  static async make(): Promise<Installed> {
    const installed = new Installed();
    const modules = join(installed.folder, "node_modules");
    for (const name of PACKAGES) {
      const target = join(modules, "@lamplight", name);
      mkdirSync(target, { recursive: true });
      const words = ["pack", "-w", `@lamplight/${name}`, "--json", "--pack-destination", installed.folder];
      const { stdout } = await run("npm", words, { cwd: WEB });
      const told = JSON.parse(stdout) as { filename: string }[] | Record<string, { filename: string }>;
      const [packed] = Object.values(told);
      const tarball = join(installed.folder, packed?.filename ?? "");
      await run("tar", ["-xzf", tarball, "-C", target, "--strip-components=1"]);
    }
    for (const name of DEPENDENCIES) {
      const source = join(WEB, "node_modules", name);
      if (existsSync(source)) {
        mkdirSync(dirname(join(modules, name)), { recursive: true });
        symlinkSync(source, join(modules, name));
      }
    }
    return installed;
  }

  /** Returns the path of a file in the folder. */
  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
