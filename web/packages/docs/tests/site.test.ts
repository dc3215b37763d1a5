/** Tests the site of this repository, and the rules of the generator with small repositories. */

import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { REPOSITORY } from "../build/plugin.js";
import { makeSite, type Repository } from "../build/site.js";
import { Finder } from "../src/finder.js";

const ASSETS = { script: "assets/a.js", style: "assets/a.css", search: "assets/places.json" };

/** The maximum size of all pages and the search index together, unpacked, in bytes. */
const MOST = 2816 * 1024;
/** The maximum size of all pages and the search index together, packed with gzip, in bytes. */
const MOST_PACKED = 928 * 1024;

/** Creates a repository with these files. */
function repository(files: Record<string, string>): Repository {
  return {
    read: (path) => {
      const text = files[path];
      if (text === undefined) {
        throw new Error(`there is no ${path}`);
      }
      return text;
    },
    list: (folder) =>
      Object.keys(files)
        .filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1)),
  };
}

/** Returns the page of a file `a.md`, beside a file `b.md` with the heading `Two words`. */
function page(text: string): string {
  const site = makeSite(
    repository({
      "docs/SUMMARY.md": "## Part\n\n- [A](start/a.md)\n- [B](b.md)\n",
      "docs/start/a.md": `# A\n\n${text}\n`,
      "docs/b.md": "# B\n\n## Two words\n",
    }),
  );
  return /<main[^>]*>\n(.*)<\/main>/s.exec(site.pages(ASSETS).get("start/a.html") ?? "")?.[1] ?? "";
}

test("a picture on a page is a file of the site", () => {
  const site = makeSite(
    repository({
      "docs/SUMMARY.md": "## Part\n\n- [A](start/a.md)\n",
      "docs/start/a.md": "# A\n\n![Cost](../images/cost.svg)\n",
      "docs/images/cost.svg": "<svg/>",
    }),
  );
  const pages = site.pages(ASSETS);
  expect(pages.get("start/a.html")).toContain('<img src="../images/cost.svg" alt="Cost">');
  expect(pages.get("images/cost.svg")).toBe("<svg/>");
  expect(() => page("![Cost](../images/cost.png)")).toThrow("the picture ../images/cost.png is not on the site");
});

test("every link of the built site leads to a page of it and a heading there, or is known to the server", () => {
  const pages = makeSite(REPOSITORY).pages(ASSETS);
  let followed = 0;
  for (const [address, html] of pages) {
    for (const [, href = ""] of html.matchAll(/(?:href|src|data-places)="([^"]*)"/g)) {
      const target = new URL(href.replaceAll("&amp;", "&"), `http://here/docs/${address}`);
      if (target.host !== "here" || target.pathname.startsWith("/docs/assets/")) {
        continue;
      }
      if (!target.pathname.startsWith("/docs/") || target.pathname === "/docs/uikit/") {
        expect(["/lamp.svg", "/v4/openapi.json", "/docs/uikit/"], `${address}: ${href}`).toContain(target.pathname);
        continue;
      }
      const found = pages.get(target.pathname.slice("/docs/".length));
      expect(found, `${address}: ${href}`).toBeDefined();
      if (target.hash !== "") {
        expect(found, `${address}: ${href}`).toContain(` id="${decodeURIComponent(target.hash.slice(1))}"`);
      }
      followed += 1;
    }
  }
  expect(followed).toBeGreaterThan(1000);
});

test("nothing in a page needs more than the policy of the server allows, and nothing is loaded from elsewhere", () => {
  for (const [address, html] of makeSite(REPOSITORY).pages(ASSETS)) {
    expect(html, address).not.toMatch(/<[^>]* (style|on[a-z]+)="|<script>|<style|javascript:/);
    expect(html, address).not.toMatch(/<(script|link|img|iframe)[^>]*"https?:/);
  }
});

test("the size of the site has a bound", () => {
  const site = makeSite(REPOSITORY);
  const files = [...site.pages(ASSETS).values(), JSON.stringify(site.places)];
  const plain = files.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const packed = files.reduce((sum, text) => sum + gzipSync(text).length, 0);
  console.log(`${files.length} files, ${plain} bytes, ${packed} packed`);
  expect(plain).toBeLessThan(MOST);
  expect(packed).toBeLessThan(MOST_PACKED);
});

test.each([
  ["[b](../b.md)", '<p><a href="../b.html">b</a></p>'],
  ["[b](../b.md#two-words)", '<p><a href="../b.html#two-words">b</a></p>'],
  ["[x](../../crates/x.rs) [b](../b.md)", '<p>x <a href="../b.html">b</a></p>'],
  ["[x](https://example.org/)", '<p><a href="https://example.org/">x</a></p>'],
  ["[x](../openapi.json)", '<p><a href="/v4/openapi.json">x</a></p>'],
  ["[x](javascript:alert)", "<p>[x](javascript:alert)</p>"],
  ["<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>"],
  ["```sh\na < b\n```", '<pre tabindex="0"><code data-language="sh">a &lt; b\n</code></pre>'],
])("%s", (markdown, html) => {
  expect(
    page(markdown)
      .replace(/^<h1 id="a">A<\/h1>\n/, "")
      .trim(),
  ).toBe(html);
});

test("a column that is aligned has no inline style", () => {
  expect(page("| a |\n|--:|\n| 1 |")).toMatch(/<td>1<\/td>/);
});

test("headings of one name have fragments of their own", () => {
  expect(page("## Same\n\n## Same")).toMatch(/id="same".*id="same-1"/s);
});

test.each([
  ["a link to a heading that is not there", { "docs/a.md": "# A\n[x](#gone)" }, /docs\/a.md: the link to #gone/],
  ["a page that is not there", {}, /there is no docs\/a.md/],
  ["a page without a title", { "docs/a.md": "text" }, /no heading/],
  ["an entry of another form", { "docs/SUMMARY.md": "## P\n* a" }, /SUMMARY.md:2: /],
  ["a page before the first part", { "docs/SUMMARY.md": "- [A](a.md)" }, /SUMMARY.md:1: /],
])("%s is refused", (_, files, error) => {
  const all: Record<string, string> = { "docs/SUMMARY.md": "## P\n- [A](a.md)", ...files };
  expect(() => makeSite(repository(all))).toThrow(error);
});

test("decisions are listed by their number", () => {
  const site = makeSite(
    repository({
      "docs/SUMMARY.md": "## P\n- [Decisions](decisions/README.md)",
      "docs/decisions/README.md": "# Decisions\n",
      "docs/decisions/0012-a-b.md": "# 12. A b\n",
    }),
  );
  expect(site.pages(ASSETS).get("decisions/README.html")).toContain(
    '12: <a href="../decisions/0012-a-b.html">A b</a>',
  );
  expect(site.pages(ASSETS).has("decisions/0012-a-b.html")).toBe(true);
});

test("the search finds all words, also the beginning of one, and shows the text around them", () => {
  const finder = new Finder(makeSite(REPOSITORY).places);
  expect(finder.find("linger")[0]?.page).toBe(
    "configuration.html#how-long-somebody-who-is-gone-still-counts-as-there",
  );
  expect(finder.find("keyspace notif").map(({ page }) => page)).toContain("migrate/redis.html#what-becomes-what");
  expect(finder.find("keyspace notif")[0]?.excerpt).toContain("keyspace");
  expect(finder.find("keyspace xylophone")).toEqual([]);
});
