/**
 * The id of this device, which is created once and then stored.
 *
 * In a browser, a device is a tab: a login from a browser ends with its connection. Two tabs are two devices, and a
 * reloaded tab is the same device. The id is in the session storage of the tab, but only while no page uses it. A
 * page takes it out, and puts it back when the user leaves. A duplicated tab copies the storage, without the id that
 * the first tab is using.
 */

const KEY = "lamplight.devices";

/** The maximum number of stored ids; each client in a page has one. */
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

/** Takes an id from the store. If the store has no id, creates one. */
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

/** Returns the session storage of this tab. Undefined without one, or if the browser forbids access. */
export function tabStore(): Store | undefined {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}

/** Returns a unique text. It need not be secret, so `crypto` is optional: React Native does not have it. */
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
