/** Tests the current time, from which the kit computes the ages of messages, and the shared timer. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { cancelWake, presentOf, wakeAfter } from "../../src/clock.js";
import { listTime } from "../../src/words/time.js";

const NOW = Date.UTC(2026, 10, 24, 7, 30);
const TEN_MINUTES = 600_000;

test.each([
  ["in milliseconds", NOW + TEN_MINUTES, NOW, NOW + TEN_MINUTES],
  ["in seconds, as other SDKs tell it", NOW / 1000, NOW - TEN_MINUTES, NOW],
  ["none", undefined, NOW, NOW],
  ["none before a login", 0, NOW, NOW],
  ["none that can be read", "soon", NOW, NOW],
  ["as an object of a number", Object(NOW) as unknown, 0, NOW],
])("a client tells the time %s", (_what, told, own, present) => {
  expect(presentOf(told, own)).toBe(present);
});

test.each([-TEN_MINUTES, 0, TEN_MINUTES])("a browser's clock that is wrong by %d ms changes no word", (wrong) => {
  expect(listTime(NOW - 120_000, presentOf(NOW, NOW + wrong), "en", "UTC")).toBe("2 minutes ago");
});

describe("the shared timer", () => {
  const rung: string[] = [];
  const bells = ["a", "b", "c"].map((name) => () => {
    rung.push(`${name} ${performance.now()}`);
  });
  const [a = noop, b = noop, c = noop] = bells;

  beforeEach(() => {
    rung.length = 0;
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  });

  afterEach(() => {
    bells.forEach(cancelWake);
    vi.useRealTimers();
  });

  test("calls each function once, at its time", () => {
    wakeAfter(3_000, c);
    wakeAfter(1_000, a);
    wakeAfter(2_000, b);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(2_500);
    expect(rung).toEqual(["a 1000", "b 2000"]);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(10_000);
    expect(rung).toEqual(["a 1000", "b 2000", "c 3000"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("a later time replaces the earlier one, and an earlier time the later one", () => {
    wakeAfter(1_000, a);
    wakeAfter(5_000, a);
    wakeAfter(5_000, b);
    wakeAfter(500, b);
    vi.advanceTimersByTime(4_999);
    expect(rung).toEqual(["b 500"]);
    vi.advanceTimersByTime(1);
    expect(rung).toEqual(["b 500", "a 5000"]);
  });

  test("a function may set its next time", () => {
    const again = () => {
      rung.push(`again ${performance.now()}`);
      wakeAfter(1_000, again);
    };
    wakeAfter(1_000, again);
    vi.advanceTimersByTime(3_000);
    expect(rung).toEqual(["again 1000", "again 2000", "again 3000"]);
    cancelWake(again);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("a timer that was lost does not hold up later ones", () => {
    wakeAfter(1_000, a);
    vi.clearAllTimers();
    vi.advanceTimersByTime(5_000);
    wakeAfter(1_000, b);
    vi.advanceTimersByTime(1_000);
    expect(rung).toEqual(["a 6000", "b 6000"]);
  });
});

function noop(): void {
  // Never called.
}
