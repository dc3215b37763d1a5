/** The examples of the READMEs, of the documentation and of the kit's page, as they stand there. */

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
  /** Where it stands: the page, and the line where it begins. */
  readonly name: string;
  /** The language that its block names; empty where it names none. */
  readonly kind: string;
  readonly text: string;
}

/** All of them. */
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

/** A block within a list is indented, with all of its lines. */
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

/** The page of an example. */
export function pageOf({ name }: Example): string {
  return name.replace(/:\d+$/, "");
}
