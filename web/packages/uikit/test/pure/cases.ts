/** Reads the test cases that the kit shares with the kit in Dart. */

import { readFileSync } from "node:fs";

/** Reads a file of cases. */
export function readCases(name: string): string {
  return readFileSync(new URL(`../cases/${name}`, import.meta.url), "utf8");
}
