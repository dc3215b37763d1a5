/**
 * Assigns rows to the elements of the document.
 *
 * Removing rows from the document and inserting others is what costs most when a long list is scrolled fast. A row
 * therefore keeps its element while it is drawn, and a free element is given to the next new row; until then it is
 * hidden. Pure.
 */

/** A row of the window. */
export interface Placed {
  readonly index: number;
}

/** An element with its row, or with its last row if it is free. */
export interface Place<R extends Placed> {
  readonly row: R;
  readonly isFree: boolean;
}

export class Places<R extends Placed> {
  #places: readonly Place<R>[] = [];

  /** Assigns an element to each row. There are as many elements as there were ever rows at once. */
  assign(rows: readonly R[]): readonly Place<R>[] {
    const coming = new Map(rows.map((row) => [row.index, row]));
    const kept = this.#places.map(({ row, isFree }): Place<R> => {
      const now = isFree ? undefined : coming.get(row.index);
      coming.delete(now?.index ?? -1);
      return { row: now ?? row, isFree: now === undefined };
    });
    const next = coming.values();
    const filled = kept.map((place) => {
      const row = place.isFree ? next.next().value : undefined;
      return row === undefined ? place : { row, isFree: false };
    });
    this.#places = [...filled, ...Array.from(next, (row) => ({ row, isFree: false }))];
    return this.#places;
  }
}
