/** The examples of the READMEs and of the kit's page, as they stand there. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));

const PAGES = [
  "README.md",
  "README.zh-CN.md",
  "web/packages/chat/README.md",
  "web/packages/uikit/README.md",
  "web/packages/uikit/docs/index.html",
];

export interface Example {
  /** Where it stands: the page, and the line where it begins. */
  readonly name: string;
  readonly kind: "ts" | "tsx" | "js" | "html" | "sh";
  readonly text: string;
}

const KINDS: readonly string[] = ["ts", "tsx", "js", "html", "sh"] satisfies Example["kind"][];

/** All of them, but for those of other languages. */
export function examples(): Example[] {
  return PAGES.flatMap((page) => {
    const text = readFileSync(`${REPOSITORY}${page}`, "utf8");
    const lineOf = (at: number) => text.slice(0, at).split("\n").length;
    if (page.endsWith(".html")) {
      return [...text.matchAll(/<pre><code>(.*?)<\/code><\/pre>/gs)].map(({ index, 1: code = "" }) => {
        const plain = code.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
        const kind = plain.startsWith("<") ? "html" : plain.startsWith("import") ? "ts" : "sh";
        return { name: `${page}:${lineOf(index)}`, kind, text: plain } satisfies Example;
      });
    }
    return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
      .filter(({ 1: kind = "" }) => KINDS.includes(kind))
      .map(({ index, 1: kind, 2: code = "" }) => ({
        name: `${page}:${lineOf(index)}`,
        kind: kind as Example["kind"],
        text: code,
      }));
  });
}
