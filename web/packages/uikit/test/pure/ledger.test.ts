/**
 * Tests the plan of queries and subscriptions with scripts: events, the expected call (`->`), its answer (`<-`), and
 * the shown dots.
 */

import { describe, test } from "vitest";
import { readCases } from "./cases.js";
import { check } from "./ledger-script.js";

const [, ...topics] = readCases("ledger.txt").split(/^## /m);

describe.each(topics.map(titled))("%s", (_topic, scripts) => {
  test.each(scripts.split(/^=== /m).slice(1).map(titled))("%s", (_name, script) => {
    check(script);
  });
});

/** Splits a text into its first line and the lines below. */
function titled(text: string): [string, string] {
  const end = text.indexOf("\n");
  return [text.slice(0, end), text.slice(end + 1)];
}
