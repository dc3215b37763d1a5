/** The parts that the lists of conversations and contacts share. */

import { html, nothing, type TemplateResult } from "lit";
import type { Loaded, LoadedList } from "../loaded-list.js";
import type { Shown } from "../status/ledger.js";
import { reasonOf } from "../words/reasons.js";
import type { Words } from "../words/words.js";
import type { ShownEnd } from "./kit-controller.js";
import { placeholder, skeleton } from "./placeholder.js";

export interface ListParts {
  readonly icon: TemplateResult;
  /** The texts that an empty list shows, unless the page has filled the slot `empty`. */
  readonly none: { readonly title: string; readonly text: string };
  /** The rows; null if there are none. */
  readonly rows: (() => TemplateResult) | null;
}

/**
 * Renders the rows of a list. While the list is loading, after a failure, and if it is empty, a placeholder is
 * rendered instead.
 */
export function listBody<T>(
  list: LoadedList<T> | undefined,
  words: Words,
  { icon, none, rows }: ListParts,
): TemplateResult {
  const loaded: Loaded<T> = list?.state ?? { is: "loading" };
  switch (loaded.is) {
    case "loading":
      return skeleton(words);
    case "failed":
      return placeholder({
        icon,
        title: words.failed,
        text: reasonOf(loaded.why, words),
        action: { text: words.retry, act: () => list?.retry() },
      });
    case "ready":
      return rows === null ? html`<slot name="empty">${placeholder({ icon, ...none })}</slot>` : rows();
  }
}

/** Renders the custom status of a user in a row, and the time until its end. */
export function customStatus(status: Shown | undefined, end: ShownEnd | undefined): TemplateResult | typeof nothing {
  if (status === undefined || status.customStatus === "") {
    return nothing;
  }
  const text = html`<span class="status" part="status">${status.customStatus}</span>`;
  return end === undefined
    ? text
    : html`<span class="saying" title=${`${status.customStatus} (${end.title})`}
        >${text}<span class="until" part="until">${end.text}</span></span
      >`;
}

/** Returns the row in the path of an event; undefined if there is none. */
export function rowOf(path: readonly EventTarget[]): HTMLElement | undefined {
  return path.find((node): node is HTMLElement => node instanceof HTMLElement && node.classList.contains("row"));
}

/** Returns the index of the row in the path of an event; -1 if there is none. */
export function indexOf(path: readonly EventTarget[]): number {
  return Number(rowOf(path)?.dataset["index"] ?? -1);
}
