/** Fails when the SDK, minified and gzipped, is larger than it may be; each entry as a program that imports it gets it. */
import { gzipSync } from "node:zlib";
import { build, minify } from "vite";

/** In bytes. The entry for programs of the cloud has names that those programs need, and a bound of its own. */
const ENTRIES = [
  { name: "@lamplight/chat", entry: "src/index.ts", largest: 20 * 1024 },
  { name: "@lamplight/chat/compat", entry: "src/compat/index.ts", largest: 26 * 1024 },
];

for (const { name, entry, largest } of ENTRIES) {
  const options = { write: false, sourcemap: false, lib: { entry, formats: ["es"] } };
  // The configuration of the package names all entries: it is left out, and what it says of the output is said here.
  const built = await build({
    configFile: false,
    logLevel: "error",
    build: { ...options, target: "es2022", minify: false },
  });
  const [{ output }] = [built].flat();
  const code = output.map((chunk) => chunk.code ?? "").join("\n");
  const { code: small } = await minify("index.js", code, { module: true, compress: true, mangle: true });
  const size = gzipSync(small, { level: 9 }).length;
  console.log(`${name}: ${size} bytes minified and gzipped, of at most ${largest}`);
  process.exitCode ||= size > largest ? 1 : 0;
}
