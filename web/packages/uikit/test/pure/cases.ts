/** The cases that the kit in Dart is tested with too. */

import { readFileSync } from "node:fs";

/** A file of cases. */
export function readCases(name: string): string {
  return readFileSync(new URL(`../cases/${name}`, import.meta.url), "utf8");
}
