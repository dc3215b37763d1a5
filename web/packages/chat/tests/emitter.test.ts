/** Tests that one listener cannot affect another. */

import { expect, test, vi } from "vitest";
import { EVENT } from "../src/api/constants.js";
import { Emitter } from "../src/api/emitter.js";
import { Log } from "../src/api/log.js";

test("listeners are called in order, with their context, until they are taken off", () => {
  const emitter = new Emitter(new Log());
  const heard: unknown[] = [];
  const context = { name: "view" };
  function listener(this: unknown, event: { data: number }) {
    heard.push(this === context ? "view" : "none", event.data);
  }
  emitter.on(EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED, listener, context);
  emitter.on(EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED, listener);
  emitter.emit(EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED, 1);
  emitter.off(EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED, listener, context);
  emitter.emit(EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED, 2);
  emitter.off(EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED, listener);
  emitter.emit(EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED, 3);
  expect(heard).toEqual(["view", 1, "none", 1, "none", 2]);
});

test("a listener that throws is reported, and the next one hears all the same", () => {
  const report = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const emitter = new Emitter(new Log());
  const heard: string[] = [];
  emitter.on(EVENT.SDK_READY, () => {
    throw new Error("mine");
  });
  emitter.on(EVENT.SDK_READY, ({ name }: { name: string }) => heard.push(name));
  emitter.emit(EVENT.SDK_READY, undefined);
  expect(heard).toEqual(["sdkStateReady"]);
  expect(report).toHaveBeenCalledOnce();
  report.mockRestore();
});

test("who is taken off while an event is told hears that one and no more", () => {
  const emitter = new Emitter(new Log());
  const heard: string[] = [];
  const second = () => heard.push("second");
  emitter.on(EVENT.SDK_READY, () => {
    emitter.off(EVENT.SDK_READY, second);
  });
  emitter.on(EVENT.SDK_READY, second);
  emitter.emit(EVENT.SDK_READY, undefined);
  emitter.emit(EVENT.SDK_READY, undefined);
  expect(heard).toEqual(["second"]);
});

test("a log level lets through what is at or above it", () => {
  const written: string[] = [];
  const spies = (["debug", "info", "warn", "error"] as const).map((method) =>
    vi.spyOn(console, method).mockImplementation(() => {
      written.push(method);
    }),
  );
  const log = new Log();
  for (const level of [0, 1, 2, 3, 4] as const) {
    log.level = level;
    written.push(String(level));
    log.debug();
    log.info();
    log.warn();
    log.error();
  }
  expect(written.join(" ")).toBe("0 debug info warn error 1 info warn error 2 warn error 3 error 4");
  spies.forEach((spy) => {
    spy.mockRestore();
  });
});
