/** Fails when the SDK, minified and gzipped, is larger than it may be. */
import { gzipSync } from "node:zlib";
import { build, minify } from "vite";

const LARGEST = 20 * 1024;

const [{ output }] = [await build({ logLevel: "error", build: { write: false, sourcemap: false } })].flat();
const code = output.map((chunk) => chunk.code ?? "").join("\n");
const { code: small } = await minify("index.js", code, { module: true, compress: true, mangle: true });
const size = gzipSync(small, { level: 9 }).length;
console.log(`@lamplight/chat: ${size} bytes minified and gzipped, of at most ${LARGEST}`);
process.exitCode = size > LARGEST ? 1 : 0;
