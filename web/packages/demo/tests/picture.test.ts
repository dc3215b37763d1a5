import type { UserStatus } from "@lamplight/chat";
import { describe, expect, test } from "vitest";
import { EMPTY, fold, MOST_HAPPENINGS, type Picture, reconnected } from "../src/picture.js";

/** Parses a status such as `alice 3 online hello`: the user, the version, the type and the custom status. */
function status(text: string): UserStatus {
  const [userID = "", version = "", type, ...words] = text.split(" ");
  const statusType = type === "online" ? 1 : type === "offline" ? 2 : 3;
  return { userID, version, statusType, customStatus: words.join(" "), since: 0, reason: "login", onlineDevices: [] };
}

function picture(...rounds: string[][]): Picture {
  return rounds.reduce((before, round, at) => fold(before, round.map(status), at), EMPTY);
}

/** Returns the changes as `alice 1→2` or `alice "hello"`, the oldest first. */
function happened({ happenings }: Picture): string[] {
  return [...happenings].reverse().map(({ userID, what }) => {
    return what.kind === "text"
      ? `${userID} "${what.status.customStatus}"`
      : `${userID} ${what.from}→${what.status.statusType}`;
  });
}

describe("the picture", () => {
  test.each([
    ["who is seen for the first time is no news", [["alice 1 online"]], []],
    ["a type that changes is", [["alice 1 online"], ["alice 2 offline"]], ["alice 1→2"]],
    ["so is a text", [["alice 1 online"], ["alice 2 online hello"]], ['alice "hello"']],
    ["a text that goes with the type is part of it", [["alice 1 online hello"], ["alice 2 offline"]], ["alice 1→2"]],
    ["what comes twice is not", [["alice 1 online"], ["alice 2 offline"], ["alice 2 offline"]], ["alice 1→2"]],
    ["what comes late is not", [["alice 10 online"], ["alice 9 offline"]], []],
    [
      "several at once stand in their order",
      [
        ["a 1 online", "b 1 online"],
        ["a 2 offline", "b 2 unlogined"],
      ],
      ["a 1→2", "b 1→3"],
    ],
  ])("%s", (_, rounds, expected) => {
    expect(happened(picture(...rounds))).toEqual(expected);
  });

  test("what comes late does not replace what is newer", () => {
    expect(picture(["alice 10 online"], ["alice 9 offline"]).statuses.get("alice")?.statusType).toBe(1);
  });

  test("after a reconnect, the first status of a user replaces one whose version the server has lost", () => {
    const before = reconnected(picture(["alice 10 online", "bob 10 online"]));
    const after = fold(before, [status("alice 4 offline")], 1);
    expect(happened(after)).toEqual(["alice 1→2"]);
    const later = fold(after, ["alice 3 online", "bob 9 offline"].map(status), 2);
    expect(happened(later)).toEqual(["alice 1→2", "bob 1→2"]);
  });

  test("it remembers so many happenings and no more", () => {
    const rounds = Array.from({ length: MOST_HAPPENINGS + 2 }, (_, round) => [
      `alice ${round + 1} online say${round}`,
    ]);
    const { happenings } = picture(...rounds);
    expect(happenings).toHaveLength(MOST_HAPPENINGS);
    expect(happenings[0]?.what.status.customStatus).toBe(`say${MOST_HAPPENINGS + 1}`);
    expect(new Set(happenings.map(({ number }) => number)).size).toBe(MOST_HAPPENINGS);
  });
});
