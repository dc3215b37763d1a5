/**
 * The id of this device. It is created once, and then stored.
 *
 * In a browser, each tab is a device: a reloaded tab is the same device, and two tabs are two devices. The session
 * storage of the tab has the id while no page uses it. A page takes the id out of the storage, and puts it back when
 * the user leaves the page. A duplicated tab gets a copy of the storage, but not an id that the first tab is using.
 */

const KEY = "lamplight.devices";

/** The maximum number of stored ids. Each client in a page uses one. */
const MOST = 8;

/** The methods of `Storage` that the SDK uses. */
type Store = Pick<Storage, "getItem" | "setItem">;

/** The part of `Window` that reports when a page is left, or returns from the browser's cache. */
type Page = Pick<EventTarget, "addEventListener" | "removeEventListener">;

/** A device id that is in use until it is released. */
export interface Device {
  readonly id: string;
  release(): void;
}

/** Takes an id from the store, or creates one if the store has none. */
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

/** Returns the session storage of this tab; undefined if there is none, or if the browser forbids access to it. */
export function tabStore(): Store | undefined {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}

/**
 * Returns a unique text. The text need not be secret, so it can be created without `crypto`, which React Native does
 * not have.
 */
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
    // The storage is full or forbidden, so the next page will be another device.
  }
}
