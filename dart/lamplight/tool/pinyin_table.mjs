// Writes lib/src/models/pinyin_table.dart: the readings of Chinese characters from the web kit, so that both kits
// list a name under the same letter.
//
//     node dart/lamplight/tool/pinyin_table.mjs
//
// Requires `npm ci` in web.

import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const kit = new URL("../../../web/packages/uikit/package.json", import.meta.url);
const { pinyin } = createRequire(kit)("pinyin-pro");
const options = { toneType: "none", type: "string" };
const plain = (reading) => reading.replaceAll("ü", "u");

const bySyllable = new Map();
const surnames = [];
for (let code = 0x4e00; code <= 0x9fff; code += 1) {
  const character = String.fromCodePoint(code);
  const reading = plain(pinyin(character, options));
  if (!/^[a-z]+$/.test(reading)) {
    continue;
  }
  bySyllable.set(reading, (bySyllable.get(reading) ?? "") + character);
  const surname = plain(pinyin(character, { ...options, surname: "head" }));
  if (surname !== reading) {
    surnames.push(`${character}${surname}`);
  }
}
// Surnames of two characters whose first character has a special reading.
for (const surname of ["尉迟", "万俟", "长孙"]) {
  surnames.push(surname + plain(pinyin(surname, { ...options, surname: "head" })).replace(" ", ","));
}
const table = [...bySyllable].sort().map(([syllable, characters]) => syllable + characters).join("");
const lines = (text) => Array.from({ length: Math.ceil(text.length / 70) }, (_, i) => text.slice(i * 70, i * 70 + 70));
const literal = (text) => lines(text).map((line) => `    '${line}'`).join("\n");

writeFileSync(
  new URL("../lib/src/models/pinyin_table.dart", import.meta.url),
  `/// Made by tool/pinyin_table.mjs from pinyin-pro (MIT). Do not edit.
library;

/// Each syllable, followed by the characters that are read so.
const String pinyinTable =
${literal(table)};

/// Surnames that are read otherwise than their characters alone: characters,
/// then their syllables.
const String surnameTable =
${literal(surnames.join(" "))};
`,
);
