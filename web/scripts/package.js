/**
 * Completes the output of a package for its tarball: adds the licences, and a `.d.cts` beside every `.d.ts` for
 * programs that use `require`. Runs in the folder of the package.
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
    // With `require`, the files beside this one have the ending `.cjs`.
    const types = readFileSync(path, "utf8").replaceAll(/((?:from|import\()\s*"\.{1,2}\/[^"]+)\.js"/g, '$1.cjs"');
    writeFileSync(path.replace(/\.d\.ts$/, ".d.cts"), types);
  }
}
