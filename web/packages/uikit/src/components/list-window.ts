/**
 * The part of a long list that is in the document: the visible rows, and some rows around them. The cost of drawing
 * does not grow with the length of the list.
 *
 * Rows of one kind have the same height, so nothing is measured during scrolling.
 */

import {
  defaultRangeExtractor,
  elementScroll,
  observeElementOffset,
  observeElementRect,
  type Range,
  type VirtualItem,
  Virtualizer,
} from "@tanstack/virtual-core";
import type { ReactiveController, ReactiveControllerHost } from "lit";

/** The number of rows above and below the visible rows. */
const AROUND = 6;

export interface ListWindowOptions {
  /** Returns the element that scrolls; null before it exists. */
  readonly scroller: () => HTMLElement | null;
  /** Returns the height of a row in pixels. */
  readonly height: (index: number) => number;
  readonly key: (index: number) => string;
  /** Returns the height of the content before the first row, in pixels. */
  readonly before: () => number;
  /** Returns the indexes of rows that must be in the document, although they may be outside of `range`. */
  readonly kept: (range: Range) => readonly number[];
}

export class ListWindow implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #options: ListWindowOptions;
  readonly #virtualizer: Virtualizer<HTMLElement, HTMLElement>;
  #stop: (() => void) | null = null;
  #count = 0;

  constructor(host: ReactiveControllerHost, options: ListWindowOptions) {
    this.#host = host;
    this.#options = options;
    this.#virtualizer = new Virtualizer<HTMLElement, HTMLElement>(this.#settings());
    host.addController(this);
  }

  hostConnected(): void {
    this.#stop = this.#virtualizer._didMount();
  }

  hostDisconnected(): void {
    this.#stop?.();
    this.#stop = null;
  }

  hostUpdated(): void {
    this.#virtualizer._willUpdate();
  }

  /** Sets the number of rows. Must be called before rendering. */
  setCount(count: number): void {
    const before = this.#count;
    this.#count = count;
    this.#virtualizer.setOptions(this.#settings());
    if (before !== count) {
      this.#virtualizer.measure();
    }
  }

  /** Reads the heights again after they have changed. */
  measure(): void {
    this.#virtualizer.setOptions(this.#settings());
    this.#virtualizer.measure();
  }

  get rows(): VirtualItem[] {
    return this.#virtualizer.getVirtualItems();
  }

  /** The total height of all rows, in pixels. */
  get height(): number {
    return this.#virtualizer.getTotalSize();
  }

  /** The indexes of the first and the last row that are visible, at least in part. */
  get visible(): { readonly first: number; readonly last: number } {
    const range = this.#virtualizer.range;
    return range === null ? { first: 0, last: -1 } : { first: range.startIndex, last: range.endIndex };
  }

  scrollTo(index: number, align: "start" | "auto"): void {
    this.#virtualizer.scrollToIndex(index, { align });
  }

  #settings() {
    const { scroller, height, key, before, kept } = this.#options;
    return {
      count: this.#count,
      getScrollElement: scroller,
      estimateSize: height,
      getItemKey: key,
      overscan: AROUND,
      scrollMargin: before(),
      initialRect: { width: 0, height: 0 },
      observeElementRect,
      observeElementOffset,
      scrollToFn: elementScroll,
      rangeExtractor: (range: Range) => {
        const around = defaultRangeExtractor(range);
        const more = kept(range).filter((index) => index >= 0 && index < range.count);
        return more.length === 0 ? around : [...new Set([...around, ...more])].sort((one, other) => one - other);
      },
      onChange: () => {
        this.#host.requestUpdate();
      },
    };
  }
}
