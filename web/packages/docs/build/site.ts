/**
 * Creates all pages of the site and the search index from the files of a repository. The module itself reads no
 * files.
 */

import { render, type Rendered } from "./markdown.js";
import { addressOf, DECISIONS, type Part, readSummary, relative, resolve } from "./summary.js";

/** The files and folders of a repository, by their paths from its root. */
export interface Repository {
  read(path: string): string;
  list(folder: string): string[];
}

/** The names of the files that the bundler has created. */
export interface Assets {
  script: string;
  style: string;
  search: string;
}

/** A section in the search index. */
export interface Place {
  id: number;
  page: string;
  title: string;
  section: string;
  text: string;
}

export interface Site {
  places: Place[];
  /** Returns the content of each page and of each picture on a page, by its address. */
  pages(assets: Assets): Map<string, string>;
}

/** The targets of links that lead to other pages of the server, outside of this site. */
const ELSEWHERE = ["docs/uikit", "docs/openapi.json"];

/** The paths of the pictures that pages may show. Their files are text. */
const PICTURE = /^docs\/images\/[\w-]+\.svg$/;

/**
 * Creates the site. Removes links to files that are not on the site. Throws an error if a link leads to a heading that
 * does not exist.
 */
export function makeSite(repository: Repository): Site {
  const parts = readSummary(repository.read("docs/SUMMARY.md"));
  const decisions = repository
    .list(DECISIONS)
    .filter((name) => name.endsWith(".md") && name !== "README.md")
    .sort()
    .map((name) => `${DECISIONS}/${name}`);
  const listed = parts.flatMap(({ entries }) => entries.map(({ source }) => source));
  const sources = [...listed, ...decisions];
  const known = new Set(sources);
  const pictures = new Set<string>();
  const rendered = new Map<string, Rendered>();
  const wanted: { from: string; link: string; source: string; fragment: string }[] = [];

  for (const source of sources) {
    const locate = (link: string): string | undefined => {
      if (/^[a-z]+:/.test(link)) {
        return link;
      }
      const [path = "", fragment = ""] = link.split("#");
      const target = path === "" ? source : resolve(source, path);
      if (target === "docs/openapi.json") {
        return "/v4/openapi.json";
      }
      if (ELSEWHERE.includes(target)) {
        return `/${target}/`;
      }
      if (PICTURE.test(target)) {
        pictures.add(target);
        return relative(addressOf(source), addressOf(target));
      }
      const found = known.has(target) ? target : `${target}/README.md`;
      if (!known.has(found)) {
        return undefined;
      }
      wanted.push({ from: source, link, source: found, fragment });
      const address = path === "" ? "" : relative(addressOf(source), addressOf(found));
      return fragment === "" ? address : `${address}#${fragment}`;
    };
    const text = repository.read(source);
    const whole = source === `${DECISIONS}/README.md` ? text + listOf(decisions, repository) : text;
    rendered.set(source, render(whole, locate));
  }
  const broken = wanted
    .filter(({ source, fragment }) => fragment !== "" && rendered.get(source)?.ids.has(fragment) !== true)
    .map(({ from, link }) => `${from}: the link to ${link} leads to no heading`);
  if (broken.length > 0) {
    throw new Error(broken.join("\n"));
  }
  return {
    places: placesOf(rendered),
    pages: (assets) =>
      new Map([
        ...[...rendered].map(([source, page]): [string, string] => [
          addressOf(source),
          frame(source, page, parts, assets),
        ]),
        ...[...pictures].map((source): [string, string] => [addressOf(source), repository.read(source)]),
      ]),
  };
}

/** Returns the decisions as a list of links, in their order. */
function listOf(decisions: string[], repository: Repository): string {
  const lines = decisions.map((source) => {
    const name = source.slice(DECISIONS.length + 1);
    const title = /^# (?:\d+\. )?(.+)$/m.exec(repository.read(source))?.[1] ?? name;
    return `- ${Number(name.slice(0, 4))}: [${title}](${name})`;
  });
  return `\n${lines.join("\n")}\n`;
}

function placesOf(rendered: Map<string, Rendered>): Place[] {
  return [...rendered]
    .flatMap(([source, { title, sections }]) =>
      sections.map(({ id, title: section, text }) => ({
        page: addressOf(source) + (id === "" ? "" : `#${id}`),
        title,
        section,
        text,
      })),
    )
    .map((place, id) => ({ id, ...place }));
}

/** Returns a whole page: the search field, the table of contents, and the text. */
function frame(source: string, page: Rendered, parts: Part[], assets: Assets): string {
  const address = addressOf(source);
  const to = (target: string): string => relative(address, target);
  const shown = source.startsWith(`${DECISIONS}/`) ? `${DECISIONS}/README.md` : source;
  const contents = parts
    .map(({ title, entries }) => {
      const links = entries.map((entry) => {
        const current = entry.source === shown ? ' aria-current="page"' : "";
        return `<li><a href="${to(addressOf(entry.source))}"${current}>${escape(entry.title)}</a></li>`;
      });
      return `<h2>${escape(title)}</h2>\n<ul>\n${links.join("\n")}\n</ul>`;
    })
    .join("\n");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escape(page.title)} · Lamplight</title>
<link rel="icon" href="/lamp.svg">
<link rel="stylesheet" href="${to(assets.style)}">
<script type="module" src="${to(assets.script)}" data-root="${to("")}" data-places="${to(assets.search)}"></script>
</head>
<body>
<a class="skip" href="#text">Skip to the text</a>
<header>
<a class="home" href="${to("index.html")}">Lamplight</a>
<form role="search" hidden>
<input type="search" aria-label="Search the documentation" placeholder="Search" autocomplete="off" maxlength="100">
</form>
<a class="all" href="#contents">All pages</a>
</header>
<section class="found" aria-label="Search results" hidden><p role="status"></p><ul></ul></section>
<div class="sheet">
<main id="text">
${page.html}</main>
<nav id="contents" aria-label="All pages">
${contents}
</nav>
</div>
</body>
</html>
`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
