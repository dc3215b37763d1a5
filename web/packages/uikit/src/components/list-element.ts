/**
 * The base class of the conversation list and the contact list. It has the filter, the selected row and the current
 * row.
 */

import { property, query, state } from "lit/decorators.js";
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

  @query(".scroller") protected readonly scroller!: HTMLElement | null;
  @query(".list") protected readonly list!: HTMLElement | null;

  override focus(options?: FocusOptions): void {
    this.list?.focus(options);
  }
}
