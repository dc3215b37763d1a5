/**
 * The base class of the conversation list and the contact list. It has the filter, the selected row, the current row,
 * and the failure of the last call.
 */

import { html, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { reasonOf } from "../words/reasons.js";
import { StatusElement } from "./status-element.js";

export abstract class ListElement<Item> extends StatusElement {
  /**
   * The filter of the list: a function that returns whether to show an item. If it is null, all items are shown. When
   * another function is set, the list is filtered again.
   */
  @property({ attribute: false })
  filter: ((item: Item) => boolean) | null = null;

  /** The selected row: a `userID` in the contact list, a `conversationID` in the conversation list. */
  @property({ attribute: "selected-id" })
  selectedID = "";

  /** The id of the row to which the user has moved with the keys. */
  @state() protected currentID = "";

  @state() private problem = "";
  @state() private announcement = "";

  @query(".scroller") protected readonly scroller!: HTMLElement | null;
  @query(".list") protected readonly list!: HTMLElement | null;

  /**
   * Makes a call, and shows its failure. If it succeeds, the list changes because of the client's events, and `done`
   * is announced.
   */
  protected attempt(call: () => Promise<unknown> | undefined, done = ""): void {
    this.problem = "";
    this.announcement = "";
    call()?.then(
      () => {
        this.announcement = done;
      },
      (error: unknown) => {
        this.problem = this.words.actionFailed(reasonOf(error, this.words));
      },
    );
  }

  /** Renders the result of the last call. */
  protected renderResult(): TemplateResult {
    const { problem, announcement } = this;
    return html`<span class="hidden-text" role="status">${announcement}</span>
      ${problem === "" ? nothing : html`<div class="error" role="alert">${problem}</div>`}`;
  }

  override focus(options?: FocusOptions): void {
    this.list?.focus(options);
  }
}
