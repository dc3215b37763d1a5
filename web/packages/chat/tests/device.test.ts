/** Tests that a tab is a device. A reloaded tab is the same device, and a duplicated tab is another device. */

import { expect, test } from "vitest";
import { takeDevice } from "../src/api/device.js";

/** The session storage of a tab. A browser copies it when the user duplicates the tab. */
class TabStore {
  constructor(private readonly kept = new Map<string, string>()) {}

  getItem(key: string): string | null {
    return this.kept.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.kept.set(key, value);
  }

  duplicate(): TabStore {
    return new TabStore(new Map(this.kept));
  }
}

function leave(page: EventTarget): void {
  page.dispatchEvent(new Event("pagehide"));
}

test("a tab that is loaded again is the same device", () => {
  const store = new TabStore();
  const page = new EventTarget();
  const { id } = takeDevice(store, page);
  expect(id).toMatch(/^[0-9a-f]{24}$/);
  leave(page);
  expect(takeDevice(store, new EventTarget()).id).toBe(id);
});

test("a tab that is duplicated is another device, whichever of the two goes first", () => {
  const store = new TabStore();
  const page = new EventTarget();
  const { id } = takeDevice(store, page);
  const other = store.duplicate();
  const otherPage = new EventTarget();
  const otherId = takeDevice(other, otherPage).id;
  expect(otherId).not.toBe(id);
  leave(otherPage);
  leave(page);
  expect([takeDevice(store, page).id, takeDevice(other, otherPage).id]).toEqual([id, otherId]);
});

test("two clients in one page are two devices, and so they are when it is loaded again", () => {
  const store = new TabStore();
  const page = new EventTarget();
  const ids = [takeDevice(store, page).id, takeDevice(store, page).id];
  expect(new Set(ids).size).toBe(2);
  leave(page);
  const again = new EventTarget();
  expect([takeDevice(store, again).id, takeDevice(store, again).id].toSorted()).toEqual(ids.toSorted());
});

test("a page that comes back from the cache of the browser has its id again, and nobody else", () => {
  const store = new TabStore();
  const page = new EventTarget();
  const { id } = takeDevice(store, page);
  leave(page);
  page.dispatchEvent(new Event("pageshow"));
  expect(takeDevice(store, new EventTarget()).id).not.toBe(id);
});

test("a client that is destroyed leaves its id to the next one", () => {
  const store = new TabStore();
  const page = new EventTarget();
  const first = takeDevice(store, page);
  first.release();
  const second = takeDevice(store, page);
  expect(second.id).toBe(first.id);
  // The first page has already put its id back, so nothing is added.
  leave(page);
  expect(JSON.parse(store.getItem("lamplight.devices") ?? "")).toEqual([first.id]);
});

test("a store that is forbidden, full or spoilt gives a device all the same", () => {
  const forbidden = {
    getItem: () => {
      throw new Error("forbidden");
    },
    setItem: () => {
      throw new Error("full");
    },
  };
  const spoilt = (text: string) => ({ getItem: () => text, setItem: () => undefined });
  for (const store of [undefined, forbidden, spoilt("{"), spoilt("{}"), spoilt('[7, "", "ä"]')]) {
    expect(takeDevice(store, undefined).id).toMatch(/^[0-9a-f]{24}$/);
  }
});
