/** Fails if an entry of the SDK, minified and gzipped, is larger than its limit. */
import { gzipSync } from "node:zlib";
import { build, minify } from "vite";

/**
 * The limits in bytes. The block list and the visibility, which took about 800 bytes, are in the main entry, because
 * programs of the cloud call them on the client. The entry for programs of the cloud is larger, because such programs
 * need more names.
 */
const ENTRIES = [
  { name: "@lamplight/chat", entry: "src/index.ts", largest: 21 * 1024 },
  { name: "@lamplight/chat/compat", entry: "src/compat/index.ts", largest: 26 * 1024 },
];

for (const { name, entry, largest } of ENTRIES) {
  const options = { write: false, sourcemap: false, lib: { entry, formats: ["es"] } };
  // The configuration file of the package builds all entries, so it is not used.
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
