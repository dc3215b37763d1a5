/** Finds the examples in the READMEs, the documentation and the kit's page. */

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));

const KIT = "web/packages/uikit/docs/index.html";

const PAGES = [
  "README.md",
  "README.zh-CN.md",
  "web/packages/chat/README.md",
  "web/packages/uikit/README.md",
  KIT,
  ...readdirSync(`${REPOSITORY}docs`, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`)
    .toSorted(),
];

export interface Example {
  /** The page with the example, and the line where the example begins. */
  readonly name: string;
  /** The language of the code block; empty if it has none. */
  readonly kind: string;
  readonly text: string;
}

/** Returns all examples. */
export function examples(): Example[] {
  return PAGES.flatMap((page) => {
    const text = readFileSync(`${REPOSITORY}${page}`, "utf8");
    return page === KIT ? ofHtml(page, text) : ofMarkdown(page, text);
  });
}

function ofHtml(page: string, text: string): Example[] {
  return [...text.matchAll(/<pre><code>(.*?)<\/code><\/pre>/gs)].map(({ index, 1: code = "" }) => {
    const plain = code.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
    const kind = plain.startsWith("<") ? "html" : plain.startsWith("import") ? "ts" : "sh";
    return { name: `${page}:${lineOf(text, index)}`, kind, text: plain };
  });
}

/** Finds the code blocks of a Markdown page. The lines of a block may be indented, if the block is in a list. */
function ofMarkdown(page: string, text: string): Example[] {
  const blocks = text.matchAll(/^( *)```(\w*)[^\n]*\n(.*?)^\1```$/gms);
  return [...blocks].map(({ index, 1: indent = "", 2: kind = "", 3: code = "" }) => ({
    name: `${page}:${lineOf(text, index)}`,
    kind,
    text: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  }));
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split("\n").length;
}

/** Returns the page of an example. */
export function pageOf({ name }: Example): string {
  return name.replace(/:\d+$/, "");
}
