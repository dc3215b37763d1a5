/** Adds components to the page, and reads them as a user sees them. */

import { afterEach, expect, vi } from "vitest";
import { TUIKit, type TUIKitConfig } from "../../src/index.js";
import { LONGEST_SETTLE } from "../../src/status/watcher.js";
import { NOON, SCENE } from "../../stage/people.js";
import { type Scene, Stage } from "../../stage/stage.js";

/** The tags of the components. */
export type Tag =
  | "tuikit-conversation"
  | "tuikit-contact"
  | "tuikit-chat"
  | "tuikit-own-status"
  | "tuikit-avatar"
  | "tuikit-block-list"
  | "tuikit-visibility";

/** Initializes the kit of the page. The kit is destroyed after the test. */
export function open(change: Partial<Scene> = {}, config: TUIKitConfig = {}): Stage {
  const stage = new Stage({ ...SCENE, ...change });
  TUIKit.init({ chat: stage, config });
  return stage;
}

/** Adds a component to the page and waits until it has been drawn. */
export async function mount<T extends Tag>(
  tag: T,
  set: Partial<HTMLElementTagNameMap[T]> = {},
  inside = "",
): Promise<HTMLElementTagNameMap[T]> {
  const element = Object.assign(document.createElement(tag), set);
  element.style.cssText = "inline-size: 360px; block-size: 640px";
  element.innerHTML = inside;
  document.body.append(element);
  await drawn(element);
  return element;
}

/** Waits until all changes in progress are drawn. */
export async function drawn(element: HTMLElement & { readonly updateComplete: Promise<boolean> }): Promise<void> {
  for (let frame = 0; frame < 3; frame += 1) {
    await element.updateComplete;
    await new Promise((done) => requestAnimationFrame(done));
  }
}

export function all(element: Element, selector: string): HTMLElement[] {
  return [...(element.shadowRoot?.querySelectorAll<HTMLElement>(selector) ?? [])];
}

/** Returns the drawn rows, from top to bottom. */
export function rows(element: Element): HTMLElement[] {
  return all(element, ".row:not([hidden])").sort(
    (one, other) => one.getBoundingClientRect().top - other.getBoundingClientRect().top,
  );
}

/** Returns the names in the drawn rows. */
export function names(element: Element): string[] {
  return rows(element).map((found) => found.querySelector(".name")?.textContent ?? "");
}

/** Returns one of the matching elements, by its index. -1 stands for the last element. */
export function one(element: Element, selector: string, place = 0): HTMLElement {
  const found = all(element, selector).at(place);
  if (found === undefined) {
    throw new Error(`there is no ${selector} at ${place}`);
  }
  return found;
}

/** Returns the row with this name. */
export function row(element: Element, name: string): HTMLElement {
  const found = rows(element).find((one) => one.querySelector(".name")?.textContent === name);
  if (found === undefined) {
    throw new Error(`there is no row of ${name}`);
  }
  return found;
}

/** Returns the labels of the dots of all rows, by the names in the rows. */
export function dots(element: Element): Record<string, string> {
  return Object.fromEntries(
    rows(element).map((one) => [
      one.querySelector(".name")?.textContent ?? "",
      one.querySelector(".dot")?.getAttribute("aria-label") ?? "none",
    ]),
  );
}

/** Waits until `holds` does not throw an error. After the time limit, fails with the last error. */
export function until(holds: () => void): Promise<void> {
  return vi.waitFor(holds, { timeout: 3_000, interval: 20 });
}

/** Replaces the timers of the page with timers of the test. `until` advances them. */
export function holdTimers(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
}

/** Waits until a list has made the calls that follow scrolling. Needs the test's timers. */
export async function settled(list: Parameters<typeof drawn>[0]): Promise<void> {
  await drawn(list);
  vi.advanceTimersByTime(LONGEST_SETTLE);
  await drawn(list);
}

/** Sends a key to the focused element, as a keyboard does. */
export function press(key: string, more: KeyboardEventInit = {}): void {
  let focused = document.activeElement;
  while (focused?.shadowRoot?.activeElement) {
    focused = focused.shadowRoot.activeElement;
  }
  focused?.dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, composed: true, cancelable: true, ...more }),
  );
}

/** Replaces the clock and the timers of the page with those of the test, which begin at `NOON`. */
export function holdClock(): void {
  vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout", "clearTimeout"], now: NOON });
}

/** Advances the clock of the test by some seconds, and waits until the changes are drawn. */
export async function pass(seconds: number, element: Parameters<typeof drawn>[0]): Promise<void> {
  await vi.advanceTimersByTimeAsync(seconds * 1_000);
  await drawn(element);
}

export function statusCalls(stage: Stage): string[] {
  return stage.calls.filter(({ call }) => /Status|Subscriptions/.test(call)).map(({ call }) => call);
}

/** Checks that there was exactly one warning. The warning must say that statuses are not shown, and have this code. */
export function expectOneWarning(
  warn: { readonly mock: { readonly calls: readonly unknown[][] } },
  code: number,
): void {
  expect(warn.mock.calls).toHaveLength(1);
  expect(String(warn.mock.calls[0]?.[0])).toContain(`[TUIKit] Online status is not shown (${code})`);
}

afterEach(async () => {
  document.body.replaceChildren();
  document.documentElement.removeAttribute("dir");
  sessionStorage.clear();
  await TUIKit.destroy();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

export { crowd } from "../../stage/crowd.js";
export { NOON };
