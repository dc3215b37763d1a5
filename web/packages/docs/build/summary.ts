/** The list of pages, `docs/SUMMARY.md`, in the format of mdBook. */

export interface Entry {
  title: string;
  /** The path of the Markdown file, from the root of the repository. */
  source: string;
}

export interface Part {
  title: string;
  entries: Entry[];
}

/** The folder whose pages are on the site, but not in the summary. Other pages link to them. */
export const DECISIONS = "docs/decisions";

/**
 * Parses the summary. `## Title` begins a part, and `- [Title](path)` is a page of that part. Throws an error for any
 * other list item, and for a page before the first part. Ignores other lines.
 */
export function readSummary(text: string): Part[] {
  const parts: Part[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const heading = /^## (.+)$/.exec(line)?.[1];
    const [, title, path] = /^- \[(.+)\]\((.+)\)$/.exec(line) ?? [];
    if (heading !== undefined) {
      parts.push({ title: heading, entries: [] });
    } else if (title !== undefined && path !== undefined) {
      const part = parts.at(-1);
      if (part === undefined) {
        throw new Error(`SUMMARY.md:${index + 1}: a page before the first part`);
      }
      part.entries.push({ title, source: resolve("docs/SUMMARY.md", path) });
    } else if (/^\s*[-*]/.test(line)) {
      throw new Error(`SUMMARY.md:${index + 1}: \`${line}\` is no entry of the form \`- [Title](path)\``);
    }
  }
  return parts;
}

/** Returns the address of a page on the site. `source` is the path of its Markdown file. */
export function addressOf(source: string): string {
  if (source === "docs/README.md") {
    return "index.html";
  }
  const path = source.replace(/\.md$/, ".html");
  return path.startsWith("docs/") ? path.slice("docs/".length) : `repository/${path.toLowerCase()}`;
}

/** Returns the path to which a link in the file `from` leads. Paths are from the root of the repository. */
export function resolve(from: string, link: string): string {
  return new URL(link, `file:///${from}`).pathname.slice(1).replace(/\/$/, "");
}

/** Returns a relative link from one address of the site to another. */
export function relative(from: string, to: string): string {
  return "../".repeat(from.split("/").length - 1) + to;
}
