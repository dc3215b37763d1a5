/**
 * The route of the demo, which is in the fragment of the address. Back closes the view that was opened last, a reload
 * shows the same views, and each chat has a link. The functions are pure.
 */

export type Tab = "chats" | "contacts";

export interface Route {
  readonly tab: Tab;
  /** The peer of the open chat; empty if no chat is open. */
  readonly peer: string;
  /** Whether the details of a status are open. This matters only if they do not fit beside the chat. */
  readonly isDetailed: boolean;
}

export const HOME: Route = { tab: "chats", peer: "", isDetailed: false };

/** The maximum length of a userID, in bytes. */
const LONGEST_USER_ID = 32;

/** Parses a fragment. An unknown fragment is the start view. */
export function routeOf(hash: string): Route {
  let words: string[];
  try {
    words = hash
      .replace(/^#?\/?/, "")
      .split("/")
      .map(decodeURIComponent);
  } catch {
    return HOME;
  }
  const [tab, peer = "", details, ...more] = words;
  const isKnown = (tab === "chats" || tab === "contacts") && (details === undefined || details === "details");
  if (!isKnown || more.length > 0 || peer.length > LONGEST_USER_ID) {
    return HOME;
  }
  return { tab, peer, isDetailed: details === "details" && peer !== "" };
}

export function hashOf({ tab, peer, isDetailed }: Route): string {
  const chat = peer === "" ? "" : `/${encodeURIComponent(peer)}`;
  return `#/${tab}${chat}${isDetailed && peer !== "" ? "/details" : ""}`;
}

/** Returns the route after the view that was opened last is closed; undefined if no view is open. */
export function outerOf(route: Route): Route | undefined {
  if (route.isDetailed) {
    return { ...route, isDetailed: false };
  }
  return route.peer === "" ? undefined : { ...route, peer: "" };
}
