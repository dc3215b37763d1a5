/**
 * The plan of queries and subscriptions, as scripts: what happens, the call that must follow (`->`), its answer
 * (`<-`), and the dots that are shown.
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

/** The first line, and the lines below it. */
function titled(text: string): [string, string] {
  const end = text.indexOf("\n");
  return [text.slice(0, end), text.slice(end + 1)];
}
