/** Tests the reasons of failures in both languages. */

import { ChatError } from "@lamplight/chat";
import { expect, test } from "vitest";
import { reasonOf } from "../../src/words/reasons.js";
import { wordsOf } from "../../src/words/words.js";

test.each([
  [new ChatError({ code: 9508, message: "no connection to the server: it was not sent in time" }), "未连接到服务器"],
  [new ChatError({ code: 123, message: "of a newer server" }), "of a newer server"],
  [new Error("broken"), "broken"],
  [Object.assign(new Error("aborted"), { code: 0 }), "aborted"],
  ["a text", "a text"],
])("%s", (error, chinese) => {
  const english = error instanceof Error ? error.message : error;
  expect([reasonOf(error, wordsOf("en")), reasonOf(error, wordsOf("zh"))]).toEqual([english, chinese]);
});
