/** Tests that this SDK has the names in `crates/wire/proto`. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Platform, readPlatform, readStatus, writePlatform } from "../src/machine/status.js";

const PROTO = readFileSync(
  new URL("../../../../crates/wire/proto/lamplight/v1/status.proto", import.meta.url),
  "utf8",
);

/** Returns the names and numbers of an enumeration, in the order of the contract. */
function words(kind: string): [string, number][] {
  return [...PROTO.matchAll(new RegExp(`^ +(${kind}_[A-Z_]+) = (\\d+);`, "gm"))].map(([, word = "", number]) => [
    word,
    Number(number),
  ]);
}

test("every reason has its word, and one of a newer contract is unknown", () => {
  expect(words("REASON").length).toBeGreaterThan(10);
  for (const [reason] of words("REASON")) {
    expect(readStatus({ reason } as object).reason).toBe(reason.slice("REASON_".length).toLowerCase());
  }
  expect(readStatus({}).reason).toBe("none");
  expect(readStatus({ reason: "REASON_NEW" } as object).reason).toBe("unknown");
});

test("the end of a custom status is a number, and is absent if there is none", () => {
  expect(readStatus({ customStatus: "out", customExpires: "1764460800000" }).customExpires).toBe(1_764_460_800_000);
  expect(readStatus({ customStatus: "out" })).not.toHaveProperty("customExpires");
});

test("every status type has its number, and one of a newer contract is 0", () => {
  expect(words("STATUS_TYPE")).toHaveLength(4);
  for (const [statusType, number] of words("STATUS_TYPE")) {
    expect(readStatus({ statusType } as object).statusType).toBe(number);
  }
  expect(readStatus({}).statusType).toBe(0);
  expect(readStatus({ statusType: "STATUS_TYPE_NEW" } as object).statusType).toBe(0);
});

test("every platform can be read and written, and nothing else", () => {
  const platforms = words("PLATFORM").filter(([, number]) => number > 0);
  expect(platforms).toHaveLength(7);
  for (const [word] of platforms) {
    const platform = String(readPlatform(word as never)) as Platform;
    expect(writePlatform(platform)).toBe(word);
    expect(platform.toUpperCase()).toBe(word.slice("PLATFORM_".length));
  }
  expect(readPlatform(undefined)).toBe(undefined);
  expect(readPlatform("PLATFORM_UNSPECIFIED")).toBe(undefined);
});
