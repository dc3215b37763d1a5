/** Tests the list that all components share, with updates that arrive while the list is read. */

import { EVENT } from "@lamplight/chat";
import { expect, test } from "vitest";
import type { ChatClient } from "../../src/client.js";
import { LoadedList } from "../../src/loaded-list.js";

const LIST = EVENT.CONVERSATION_LIST_UPDATED;

/** Creates a list with a client. */
function world() {
  const handlers = new Map<string, (event: { data: unknown }) => void>();
  const reads: { fulfil: (items: readonly string[]) => void; reject: (error: unknown) => void }[] = [];
  const client = {
    on: (name: string, handler: (event: { data: unknown }) => void) => handlers.set(name, handler),
    off: (name: string) => handlers.delete(name),
    isReady: () => true,
  } as unknown as ChatClient;
  const list = new LoadedList<string>({
    client,
    event: LIST,
    read: () => new Promise<readonly string[]>((fulfil, reject) => reads.push({ fulfil, reject })),
    onChange: () => undefined,
  });
  const tell = (name: string, data?: unknown) => handlers.get(name)?.({ data });
  return { list, reads, tell };
}

const settled = () => new Promise((fulfil) => setImmediate(fulfil));

test("pages are shown as they are told, and an answer that comes late undoes nothing", async () => {
  const { list, reads, tell } = world();
  expect(list.state).toEqual({ is: "loading" });
  tell(LIST, ["a"]);
  expect(list.state).toEqual({ is: "ready", items: ["a"] });
  tell(LIST, ["a", "b"]);
  reads[0]?.fulfil(["a"]);
  await settled();
  expect(list.state).toEqual({ is: "ready", items: ["a", "b"] });
});

test("a list that could not be read to its end is not taken for the whole", async () => {
  const { list, reads, tell } = world();
  expect(list.state.is).toBe("loading");
  tell(LIST, ["a"]);
  reads[0]?.reject(new Error("no answer"));
  await settled();
  expect(list.state).toEqual({ is: "failed", why: new Error("no answer") });
  list.retry();
  reads[1]?.fulfil(["a", "b"]);
  await settled();
  expect(list.state).toEqual({ is: "ready", items: ["a", "b"] });
});

test("a reading that a logout or a retry has ended says nothing", async () => {
  const { list, reads, tell } = world();
  expect(list.state.is).toBe("loading");
  tell(EVENT.SDK_NOT_READY);
  reads[0]?.reject(new Error("not logged in"));
  await settled();
  expect(list.state).toEqual({ is: "loading" });
  tell(EVENT.SDK_READY);
  list.retry();
  reads[1]?.reject(new Error("no answer"));
  await settled();
  expect(list.state).toEqual({ is: "loading" });
});
