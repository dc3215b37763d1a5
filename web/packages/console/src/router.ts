/** The pages and their addresses. The address is in the fragment, because a `userID` may be any printable text. */

export const APP_TABS = [
  "general",
  "switches",
  "devices",
  "limits",
  "timing",
  "keys",
  "jwt",
  "admins",
  "webhooks",
] as const;
export type AppTab = (typeof APP_TABS)[number];

/** The platforms of devices, with the names that the server uses. */
export const PLATFORMS = ["iPhone", "Android", "iPad", "Windows", "Mac", "Linux", "Web"] as const;

/** The field that a user search compares: the userID or the nick. */
export type SearchBy = "id" | "nick";

export type Route =
  | { page: "overview" }
  | { page: "apps" }
  | { page: "app"; app: number; tab: AppTab }
  | { page: "users"; app: number | undefined; by: SearchBy; prefix: string }
  | { page: "user"; app: number; user: string }
  | { page: "online"; app: number | undefined; on: string }
  | { page: "audit"; app: number | undefined }
  | { page: "operators" }
  | { page: "nowhere" };

/** Returns the page for a fragment `#…`. */
export function routeOf(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  let words: string[];
  try {
    words = path.split("/").filter(Boolean).map(decodeURIComponent);
  } catch {
    return { page: "nowhere" };
  }
  const [first, second, third, ...more] = words;
  if (more.length > 0) return { page: "nowhere" };
  const app = appOf(second);
  switch (first) {
    case undefined:
    case "overview":
      return second === undefined ? { page: "overview" } : { page: "nowhere" };
    case "operators":
      return second === undefined ? { page: "operators" } : { page: "nowhere" };
    case "audit":
      if (third !== undefined || (second !== undefined && app === undefined)) return { page: "nowhere" };
      return { page: "audit", app };
    case "apps": {
      if (second === undefined) return { page: "apps" };
      const tab = third === undefined ? "general" : APP_TABS.find((known) => known === third);
      return app === undefined || tab === undefined ? { page: "nowhere" } : { page: "app", app, tab };
    }
    case "users": {
      const asked = new URLSearchParams(query);
      const prefix = asked.get("prefix") ?? "";
      const by = asked.get("by") === "nick" ? "nick" : "id";
      if (second === undefined) return { page: "users", app: undefined, by, prefix };
      if (app === undefined) return { page: "nowhere" };
      return third === undefined ? { page: "users", app, by, prefix } : { page: "user", app, user: third };
    }
    case "online": {
      const on = PLATFORMS.find((known) => known === new URLSearchParams(query).get("on")) ?? "";
      if (third !== undefined || (second !== undefined && app === undefined)) return { page: "nowhere" };
      return { page: "online", app, on };
    }
    default:
      return { page: "nowhere" };
  }
}

/** Returns the address of a page. */
export function hrefOf(route: Route): string {
  switch (route.page) {
    case "overview":
      return "#/overview";
    case "apps":
      return "#/apps";
    case "app":
      return `#/apps/${route.app}/${route.tab}`;
    case "users": {
      const asked = new URLSearchParams(route.by === "id" ? {} : { by: route.by });
      if (route.prefix !== "") asked.set("prefix", route.prefix);
      const query = asked.toString() === "" ? "" : `?${asked.toString()}`;
      return route.app === undefined ? "#/users" : `#/users/${route.app}${query}`;
    }
    case "user":
      return `#/users/${route.app}/${encodeURIComponent(route.user)}`;
    case "online": {
      const query = route.on === "" ? "" : `?${new URLSearchParams({ on: route.on }).toString()}`;
      return route.app === undefined ? `#/online${query}` : `#/online/${route.app}${query}`;
    }
    case "audit":
      return route.app === undefined ? "#/audit" : `#/audit/${route.app}`;
    case "operators":
      return "#/operators";
    case "nowhere":
      return "#/nowhere";
  }
}

function appOf(word: string | undefined): number | undefined {
  return word !== undefined && /^\d{1,10}$/.test(word) ? Number(word) : undefined;
}
