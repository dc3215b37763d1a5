/** Formats rows as CSV (RFC 4180). */

/** The columns of a file: the name of each column, with the function that returns its cell for a row. */
export type Columns<T> = Record<string, (row: T) => string | number>;

/** Formats the names of the columns: the first row of a CSV file. */
export function heads<T>(columns: Columns<T>): string {
  return line(Object.keys(columns));
}

/** Formats rows as CSV. */
export function rows<T>(columns: Columns<T>, values: readonly T[]): string {
  const cells = Object.values(columns);
  return values.map((value) => line(cells.map((cell) => String(cell(value))))).join("");
}

function line(cells: readonly string[]): string {
  return `${cells.map(quoted).join(",")}\r\n`;
}

/**
 * Formats a cell. A text that a spreadsheet could run as a formula gets an apostrophe in front. Some programs also
 * accept formulas that begin with full-width characters, a tab or a line break. A plain number is not changed.
 */
function quoted(cell: string): string {
  const isFormula = /^[=+\-@＝＋－＠\t\r\n]/.test(cell) && !/^[+-]?\d+(\.\d+)?$/.test(cell);
  const safe = isFormula ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Formats a time so that every program can parse it. */
export function instant(at: number): string {
  return new Date(at).toISOString();
}
