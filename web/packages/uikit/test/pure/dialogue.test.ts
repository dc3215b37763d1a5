/** Tests the messages of one conversation: their loading after failures, and their order. */

import { EVENT } from "@lamplight/chat";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Dialogue, FIRST_PAUSE } from "../../src/dialogue.js";
import { SCENE } from "../../stage/people.js";
import { messageOf, Stage } from "../../stage/stage.js";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const NOON = SCENE.now;

/** A message of maya, some minutes after noon. */
const line = (id: string, minutes: number) =>
  messageOf({ id, user: "maya", text: id, flow: "in", at: NOON + minutes * 60_000 });

/** Opens a conversation with so many messages before noon. */
async function opened(count: number) {
  const lines = Array.from({ length: count }, (_, index) => line(`m${index}`, index - count));
  const stage = new Stage({ ...SCENE, messages: { maya: lines } });
  const asked = vi.spyOn(stage, "getMessageList");
  const dialogue: Dialogue = new Dialogue({
    client: stage,
    conversationID: "C2Cmaya",
    peer: "maya",
    // As the component does while the messages do not fill it.
    onChange: () => {
      queueMicrotask(() => {
        dialogue.loadEarlier();
      });
    },
  });
  await vi.advanceTimersByTimeAsync(0);
  return { stage, asked, dialogue };
}

test("earlier messages that cannot be loaded are requested again after growing pauses", async () => {
  const { stage, asked, dialogue } = await opened(16);
  expect(dialogue.messages).toHaveLength(16);
  asked.mockRejectedValue(new Error("too often"));
  const first = { messageList: [line("m1", 0)], nextReqMessageID: "m1", isCompleted: false };
  asked.mockResolvedValueOnce({ data: first });
  dialogue.retry();
  await vi.advanceTimersByTimeAsync(0);
  asked.mockClear();
  await vi.advanceTimersByTimeAsync(FIRST_PAUSE - 1);
  expect(asked).toHaveBeenCalledTimes(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(asked).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked.mock.calls.length).toBeLessThan(8);
  asked.mockClear();
  // A scroll of the user and a reconnect do not wait for the end of a long pause.
  dialogue.loadEarlier(true);
  expect(asked).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(0);
  dialogue.loadEarlier(true);
  expect(asked).toHaveBeenCalledTimes(1);
  stage.net("connected");
  await vi.advanceTimersByTimeAsync(0);
  expect(asked).toHaveBeenCalledTimes(2);
  dialogue.stop();
  await vi.advanceTimersByTimeAsync(0);
  expect(vi.getTimerCount()).toBe(0);
});

test("messages that were missed stand at their time, and those that are being sent at the end", async () => {
  const { stage, dialogue } = await opened(2);
  const texts = () => dialogue.messages.map(({ payload }) => payload.text);
  const receive = (...messages: ReturnType<typeof line>[]) => {
    stage.emit(EVENT.MESSAGE_RECEIVED, messages);
  };
  receive(line("live", 5));
  vi.spyOn(stage, "sendMessage").mockReturnValue(new Promise(() => undefined));
  dialogue.send("on its way");
  receive(line("missed 1", 1), line("missed 2", 2), line("another 2", 2));
  receive(line("live again", 6));
  expect(texts()).toEqual(["m0", "m1", "missed 1", "missed 2", "another 2", "live", "live again", "on its way"]);
  receive(line("live", 5));
  expect(texts()).toHaveLength(8);
  dialogue.stop();
});
