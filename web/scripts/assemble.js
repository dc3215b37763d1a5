/**
 * Copies the built files of the packages into `web/dist`, a folder that is compiled into the server. Compresses each
 * file once, so that the server need not do it.
 *
 * A file that has not changed is not written, because the server would otherwise be compiled again.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const WEB = fileURLToPath(new URL("..", import.meta.url));
const DIST = join(WEB, "dist");

/** For each package: its output folder, and its path on the site. */
const PARTS = [
  { built: "packages/demo/dist", at: "" },
  { built: "packages/console/dist", at: "console" },
  { built: "packages/docs/dist", at: "docs" },
  { built: "packages/uikit/docs/dist", at: "docs/uikit" },
];

/** The files that are worth compressing. Other formats are compressed already. */
const WORTH_PACKING = /\.(css|html|ico|js|json|map|svg|txt|webmanifest)$/;
/** The minimum size of a file that is compressed, in bytes. A smaller one fits into one packet anyway. */
const LEAST_TO_PACK = 1024;

const wanted = new Map();
for (const { built, at } of PARTS) {
  const folder = join(WEB, built);
  if (!existsSync(folder)) {
    console.warn(`${built} was not built: the site has no /${at}`);
    continue;
  }
  for (const path of filesBelow(folder)) {
    wanted.set(join(at, relative(folder, path)), readFileSync(path));
  }
}

let written = 0;
const kept = new Set();
for (const [path, content] of wanted) {
  const target = join(DIST, path);
  const changed = !existsSync(target) || !readFileSync(target).equals(content);
  if (changed) {
    write(target, content);
    written += 1;
  }
  kept.add(target);
  if (!WORTH_PACKING.test(path) || content.length < LEAST_TO_PACK) continue;
  for (const [ending, pack] of [
    ["br", brotli],
    ["gz", (bytes) => gzipSync(bytes, { level: 9 })],
  ]) {
    const packed = `${target}.${ending}`;
    if (changed || !existsSync(packed)) write(packed, pack(content));
    kept.add(packed);
  }
}
for (const path of existsSync(DIST) ? filesBelow(DIST) : []) {
  if (!kept.has(path) && path !== join(DIST, ".gitignore")) rmSync(path);
}
console.log(`dist: ${wanted.size} files, ${written} of them new or changed`);

function brotli(bytes) {
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });
}

function write(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
