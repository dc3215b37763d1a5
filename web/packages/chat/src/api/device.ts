/**
 * The id of this device, created once and kept.
 *
 * In a browser, a device is a tab, because the login of a page ends with its connection: two tabs are two devices, and
 * a reloaded tab is the same device. The id is kept in the session storage of the tab, but only while no page uses it:
 * a page takes the id out of the storage, and puts it back when the user leaves the page. A duplicated tab copies the
 * storage, which does not contain an id that the first tab still uses.
 */

const KEY = "lamplight.devices";

/** The most ids that are kept, one for each client in a page. */
const MOST = 8;

/** The part of `Storage` that is needed. */
type Store = Pick<Storage, "getItem" | "setItem">;

/** The part of `Window` that reports when a page is left, and when it returns from the browser's cache. */
type Page = Pick<EventTarget, "addEventListener" | "removeEventListener">;

/** An id that is in use until it is released. */
export interface Device {
  readonly id: string;
  release(): void;
}

/** Takes an id from the store, or creates one. */
export function takeDevice(store: Store | undefined, page: Page | undefined): Device {
  const id = kept(store)[0] ?? randomId();
  let held = false;
  const hold = (holds: boolean) => {
    if (held !== holds) {
      held = holds;
      const others = kept(store).filter((other) => other !== id);
      keep(store, holds ? others : [id, ...others].slice(0, MOST));
    }
  };
  const leave = () => {
    hold(false);
  };
  const comeBack = () => {
    hold(true);
  };
  comeBack();
  page?.addEventListener("pagehide", leave);
  page?.addEventListener("pageshow", comeBack);
  return {
    id,
    release() {
      page?.removeEventListener("pagehide", leave);
      page?.removeEventListener("pageshow", comeBack);
      leave();
    },
  };
}

/** The storage of this tab, if there is one: a browser may forbid it. */
export function tabStore(): Store | undefined {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}

/** Returns a unique text. It is not secret, so it does not need `crypto`, which React Native does not have. */
export function randomId(): string {
  const bytes = new Uint8Array(12).map(() => Math.random() * 256);
  if (typeof crypto !== "undefined") {
    crypto.getRandomValues(bytes);
  }
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function kept(store: Store | undefined): string[] {
  try {
    const ids: unknown = JSON.parse(store?.getItem(KEY) ?? "[]");
    const isId = (id: unknown): id is string => typeof id === "string" && /^[!-~]{1,64}$/.test(id);
    return Array.isArray(ids) ? ids.filter(isId) : [];
  } catch {
    return [];
  }
}

function keep(store: Store | undefined, ids: readonly string[]): void {
  try {
    store?.setItem(KEY, JSON.stringify(ids));
  } catch {
    // The storage is full or forbidden: the next page will be another device.
  }
}
