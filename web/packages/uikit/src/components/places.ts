/**
 * Assigns elements of the document to rows. This is a pure class.
 *
 * In fast scrolling, removing and inserting elements takes most of the time. A row therefore keeps its element while it
 * is drawn. An element without a row is hidden until another row gets it.
 */

/** A row of the window. */
export interface Placed {
  readonly index: number;
}

/** An element with its row. A free element has the row that it showed last. */
export interface Place<R extends Placed> {
  readonly row: R;
  readonly isFree: boolean;
}

export class Places<R extends Placed> {
  #places: readonly Place<R>[] = [];

  /** Assigns an element to each row. The number of elements never decreases. */
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
