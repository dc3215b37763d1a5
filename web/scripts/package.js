/**
 * Completes what a package has built, so that its tarball is whole: the licences, and for every `.d.ts` a `.d.cts` for
 * programs that `require`. Runs in the folder of the package.
 */
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

for (const licence of ["LICENSE-APACHE", "LICENSE-MIT"]) {
  copyFileSync(join(REPOSITORY, licence), licence);
}

for (const entry of readdirSync("dist", { recursive: true, withFileTypes: true })) {
  if (entry.isFile() && entry.name.endsWith(".d.ts")) {
    const path = join(entry.parentPath, entry.name);
    // The files beside it are found under their own names for `require` too.
    const types = readFileSync(path, "utf8").replaceAll(/((?:from|import\()\s*"\.{1,2}\/[^"]+)\.js"/g, '$1.cjs"');
    writeFileSync(path.replace(/\.d\.ts$/, ".d.cts"), types);
  }
}
