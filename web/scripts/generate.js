/**
 * Generates two files: the types of the wire from `crates/wire/proto`, and the table of codes from `docs/codes.md`.
 * That page is itself generated from the server's table.
 *
 *     node scripts/generate.js           writes the files
 *     node scripts/generate.js --check   fails if they are outdated
 *
 * The generator of protobuf writes descriptors for a library, and the types of the JSON mapping. The SDK uses JSON and
 * needs only those types, so only they are kept.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as prettier from "prettier";
import ts from "typescript";

const WEB = fileURLToPath(new URL("..", import.meta.url));
const PROTO = join(WEB, "../crates/wire/proto");
const CODES = join(WEB, "../docs/codes.md");
const FILES = ["status", "chat", "client"].map((name) => `lamplight/v1/${name}`);
const GENERATED = join(WEB, "packages/chat/src/gen");

/** The codes of the server API after which an SDK waits and tries again. */
const REASONS_TO_WAIT = [60_011, 60_018, 60_019];

const outputs = [
  { path: join(GENERATED, "wire.ts"), text: wireTypes() },
  { path: join(GENERATED, "codes.ts"), text: codeTable(readFileSync(CODES, "utf8"), ["english"]) },
  { path: join(GENERATED, "texts.ts"), text: codeTable(readFileSync(CODES, "utf8"), ["english", "chinese"]) },
];

let stale = 0;
for (const { path, text } of outputs) {
  const options = await prettier.resolveConfig(path);
  const wanted = await prettier.format(text, { ...options, parser: "typescript" });
  if (!process.argv.includes("--check")) {
    writeFileSync(path, wanted);
  } else if (readOrEmpty(path) !== wanted) {
    console.error(`${path.slice(WEB.length)} is not current: run \`npm run generate\` and commit it`);
    stale += 1;
  }
}
process.exitCode = stale > 0 ? 1 : 0;

function wireTypes() {
  const folder = mkdtempSync(join(tmpdir(), "lamplight-generate-"));
  try {
    const plugin = { local: join(WEB, "node_modules/.bin/protoc-gen-es"), out: folder };
    const template = { version: "v2", plugins: [{ ...plugin, opt: ["target=ts", "json_types=true"] }] };
    execFileSync(
      join(WEB, "node_modules/.bin/buf"),
      [
        "generate",
        PROTO,
        "--template",
        JSON.stringify(template),
        ...FILES.flatMap((file) => ["--path", join(PROTO, `${file}.proto`)]),
      ],
      { stdio: ["ignore", "inherit", "inherit"] },
    );
    const types = FILES.flatMap((file) => jsonTypes(readFileSync(join(folder, `${file}_pb.ts`), "utf8")));
    return `// The JSON mapping of crates/wire/proto/lamplight/v1, as types. Made by \`npm run generate\`.\n\n${types.join("\n\n")}\n`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Returns the declarations of the types whose names end in `Json`. `crates/wire/proto` describes them. */
function jsonTypes(text) {
  const source = ts.createSourceFile("pb.ts", text, ts.ScriptTarget.Latest, true);
  const printer = ts.createPrinter({ removeComments: true });
  return source.statements
    .filter((statement) => ts.isTypeAliasDeclaration(statement) && statement.name.text.endsWith("Json"))
    .map((statement) => printer.printNode(ts.EmitHint.Unspecified, statement, source));
}

function codeTable(page, languages) {
  const rows = [...page.matchAll(/^\| (\d+) \| `([A-Z0-9_]+)` \| (.+) \| (.+) \|$/gm)];
  const lines = page.split("\n").filter((line) => /^\| -?\d/.test(line));
  if (rows.length === 0 || rows.length !== lines.length) {
    throw new Error(`${CODES}: ${rows.length} of ${lines.length} rows could be read`);
  }
  // Codes that only commands of the server API return, never a client's call.
  const isOfApi = (number) =>
    !REASONS_TO_WAIT.includes(number) &&
    ((number >= 50_000 && number < 70_000) || number === 70_402 || number >= 90_000);
  const text = (cell) => JSON.stringify(cell.replaceAll("\\|", "|"));
  const told = rows.filter(([, number]) => !isOfApi(Number(number)));
  const entries = told.map(([, number, name, english, chinese]) => {
    const texts = { english, chinese };
    const shown = languages.map((language) => `${language}: ${text(texts[language])}`);
    return `${name}: { number: ${number}, ${shown.join(", ")} },`;
  });
  return `// The codes of docs/codes.md that a client may be answered with. Made by \`npm run generate\`.

/** The codes that an answer may carry, each with its number and its text in ${languages.join(" and ")}. */
export const CODES = {
${entries.join("\n")}
} as const;

/** The name of a code. */
export type CodeName = keyof typeof CODES;
`;
}

function readOrEmpty(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
