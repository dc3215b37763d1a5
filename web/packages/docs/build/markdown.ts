/**
 * Converts Markdown to HTML that the content security policy of the server allows: without inline styles, scripts and
 * raw HTML.
 */

import MarkdownIt from "markdown-it";
import type Token from "markdown-it/lib/token.mjs";

export interface Section {
  /** The fragment of the heading; empty if the text is before the first heading. */
  id: string;
  title: string;
  text: string;
}

export interface Rendered {
  title: string;
  html: string;
  sections: Section[];
  /** The fragments of the page, to which links may lead. */
  ids: Set<string>;
}

/**
 * Returns the target of a link; `undefined` if the link leads to a file of the repository that is not on the site.
 */
export type Locate = (link: string) => string | undefined;

/** Renders one page. */
export function render(markdown: string, locate: Locate): Rendered {
  const parser = new MarkdownIt({ html: false });
  const tokens = parser.parse(markdown, {});
  const ids = new Set<string>();
  const sections: Section[] = [{ id: "", title: "", text: "" }];
  let title = "";
  for (const [index, token] of tokens.entries()) {
    const inline = tokens[index + 1];
    if (token.type === "heading_open" && inline !== undefined) {
      const text = plain(inline);
      const id = unique(slug(text), ids);
      token.attrSet("id", id);
      if (token.tag === "h1" && title === "") {
        title = text;
      } else {
        sections.push({ id, title: text, text: "" });
      }
    } else if (token.type === "inline") {
      if (tokens[index - 1]?.type !== "heading_open") {
        append(sections, plain(token));
      }
      token.children = (token.children ?? []).map((child) => relink(child, locate));
    } else if (token.type === "fence" || token.type === "code_block") {
      append(sections, token.content);
    }
    // The alignment of a column would be an inline style, so it is removed.
    token.attrs = token.attrs?.filter(([name]) => name !== "style") ?? null;
  }
  dropDeadLinks(tokens);
  // These elements get the focus, so that the keyboard can scroll them sideways on a narrow screen.
  Object.assign(parser.renderer.rules, {
    table_open: () => '<div class="table" role="region" aria-label="Table" tabindex="0"><table>\n',
    table_close: () => "</table></div>\n",
    fence: (all: Token[], index: number) => {
      const language = all[index]?.info.trim().split(" ")[0] ?? "";
      const code = parser.utils.escapeHtml(all[index]?.content ?? "");
      return `<pre tabindex="0"><code data-language="${parser.utils.escapeHtml(language)}">${code}</code></pre>\n`;
    },
  });
  if (title === "") {
    throw new Error("the page has no heading of the first level");
  }
  return { title, html: parser.renderer.render(tokens, parser.options, {}), sections, ids };
}

/** Returns the fragment of a heading. Code hosts compute the same fragment, so a link works there and on the site. */
export function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M} _-]/gu, "")
    .replaceAll(" ", "-");
}

function unique(id: string, taken: Set<string>): string {
  let name = id;
  for (let count = 1; taken.has(name); count += 1) {
    name = `${id}-${count}`;
  }
  taken.add(name);
  return name;
}

function plain(inline: Token): string {
  return (inline.children ?? [])
    .map(({ type, content }) => (type === "softbreak" || type === "hardbreak" ? " " : content))
    .join("");
}

function append(sections: Section[], text: string): void {
  const last = sections.at(-1);
  if (last !== undefined) {
    last.text += `${last.text === "" ? "" : " "}${text.replaceAll(/\s+/g, " ").trim()}`;
  }
}

/**
 * Changes a link or a picture to its target on the site. If the target of a link is not on the site, marks the link.
 * Throws an error if a picture is not on the site.
 */
function relink(token: Token, locate: Locate): Token {
  if (token.type === "image") {
    const source = token.attrGet("src") ?? "";
    const target = locate(source);
    if (target === undefined) {
      throw new Error(`the picture ${source} is not on the site`);
    }
    token.attrSet("src", target);
  } else if (token.type === "link_open") {
    const target = locate(token.attrGet("href") ?? "");
    if (target === undefined) {
      token.meta = { dead: true };
    } else {
      token.attrSet("href", target);
    }
  }
  return token;
}

/** Removes the links that were marked, but not their texts. Links cannot be nested in Markdown. */
function dropDeadLinks(tokens: Token[]): void {
  for (const token of tokens) {
    let dropping = false;
    token.children =
      token.children?.filter((child) => {
        if (child.type === "link_open" && (child.meta as { dead?: boolean } | null)?.dead === true) {
          dropping = true;
          return false;
        }
        if (child.type === "link_close" && dropping) {
          dropping = false;
          return false;
        }
        return true;
      }) ?? null;
  }
}
