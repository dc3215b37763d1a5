/** Formats rows as CSV (RFC 4180). */

/** The columns of a file: each name with a function that returns the cell of a row. */
export type Columns<T> = Record<string, (row: T) => string | number>;

/** Formats the names of the columns as the first row of CSV. */
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
 * Formats a cell. A text that could run as a formula in a spreadsheet gets an apostrophe in front. Some programs also
 * accept formulas with full-width characters, or after a tab or line break. A plain number stays as it is.
 */
function quoted(cell: string): string {
  const isFormula = /^[=+\-@＝＋－＠\t\r\n]/.test(cell) && !/^[+-]?\d+(\.\d+)?$/.test(cell);
  const safe = isFormula ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Formats a time in a form that every program can parse. */
export function instant(at: number): string {
  return new Date(at).toISOString();
}
