/** Tests, with the compiler, that the client of Lamplight's SDK has the interface that the kit needs. */

import type { Chat } from "@lamplight/chat";
import { expect, expectTypeOf, test } from "vitest";
import { type ChatClient, codeOf, peerOf } from "../../src/client.js";

test("a client of @lamplight/chat is taken as it is", () => {
  expectTypeOf<Chat>().toExtend<ChatClient>();
});

test.each([
  [Object.assign(new Error("off"), { code: 72001 }), 72001],
  [new Error("broken"), 0],
  ["broken", 0],
  [null, 0],
  [{ code: "72001" }, 0],
])("the code of %j", (error, code) => {
  expect(codeOf(error)).toBe(code);
});

test.each([
  ["C2Calice", "alice"],
  ["C2C", undefined],
  ["GROUPteam", undefined],
  ["", undefined],
])("%j is with %s", (conversation, peer) => {
  expect(peerOf(conversation)).toBe(peer);
});
