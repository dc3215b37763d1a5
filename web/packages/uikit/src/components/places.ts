/**
 * Which row is drawn in which place of the document.
 *
 * To take rows out and put others in is what costs most when a long list is scrolled fast. So a row keeps its place
 * while it is drawn, and a place that becomes free is given to the next row that comes; until then it is hidden. Pure.
 */

/** A row as the window has it. */
export interface Placed {
  readonly index: number;
}

/** A place, and the row in it; or the last one that was, when it is free. */
export interface Place<R extends Placed> {
  readonly row: R;
  readonly isFree: boolean;
}

export class Places<R extends Placed> {
  #places: readonly Place<R>[] = [];

  /** Gives each row its place. As many places as there were ever rows at once. */
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
