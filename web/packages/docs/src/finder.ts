/** Finds the sections that contain all words of a search. A word may be the beginning of a longer word. */

import MiniSearch from "minisearch";
import type { Place } from "../build/site.js";

export interface Result {
  page: string;
  title: string;
  section: string;
  /** The text around the first match. */
  excerpt: string;
}

/** The length of an excerpt, in characters. */
const EXCERPT = 160;
/** The number of characters that an excerpt shows before the match. */
const BEFORE = 40;

export class Finder {
  readonly #places: Place[];
  readonly #index = new MiniSearch<Place>({ fields: ["title", "section", "text"] });

  constructor(places: Place[]) {
    this.#places = places;
    this.#index.addAll(places);
  }

  /** Returns the sections that contain all of the words, the best match first. */
  find(words: string): Result[] {
    return this.#index
      .search(words, {
        combineWith: "AND",
        prefix: true,
        boost: { title: 4, section: 3 },
        boostDocument: (id) => this.#weight(id as number),
      })
      .flatMap(({ id, terms }) => {
        const place = this.#places[id as number];
        return place === undefined ? [] : [{ ...place, excerpt: excerpt(place.text, terms) }];
      });
  }

  /** The weight of a section. Decisions and changelogs weigh less, because readers search for the current state. */
  #weight(id: number): number {
    const page = this.#places[id]?.page ?? "";
    return page.startsWith("decisions/") || page.startsWith("repository/changelog") ? 0.2 : 1;
  }
}

function excerpt(text: string, terms: string[]): string {
  const lower = text.toLowerCase();
  const at = Math.min(...terms.map((term) => lower.indexOf(term)).filter((place) => place >= 0), text.length);
  const start = at === text.length ? 0 : Math.max(0, at - BEFORE);
  const piece = text.slice(start, start + EXCERPT);
  return `${start > 0 ? "…" : ""}${piece}${start + EXCERPT < text.length ? "…" : ""}`;
}
