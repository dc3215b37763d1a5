/** The common base of the lists of conversations and of contacts: the filter, the selected row and the current row. */

import { property, query, state } from "lit/decorators.js";
import { StatusElement } from "./status-element.js";

export abstract class ListElement<Item> extends StatusElement {
  /** Selects the rows to show; default: all. Setting another function filters the list again. */
  @property({ attribute: false })
  filter: ((item: Item) => boolean) | null = null;

  /** The row that is open and marked in the list: a `userID` among contacts, a `conversationID` among conversations. */
  @property({ attribute: "selected-id" })
  selectedID = "";

  /** The id of the row that the keys have moved to. */
  @state() protected currentID = "";

  @query(".scroller") protected readonly scroller!: HTMLElement | null;
  @query(".list") protected readonly list!: HTMLElement | null;

  override focus(options?: FocusOptions): void {
    this.list?.focus(options);
  }
}
