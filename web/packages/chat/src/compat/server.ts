/** Finds the server for programs that were written for the cloud, which has one address for everybody. */

import { wrong } from "../api/parameters.js";
import { serverUrl } from "../api/server-url.js";

/**
 * Settings that the cloud's API does not have. A page makes them before it starts a program that was written for the
 * cloud.
 */
export interface Configuration {
  /** The client port of the server, such as `wss://chat.example`. Undefined removes an earlier setting. */
  server?: string | undefined;
}

/** The name of the `<meta>` whose `content` is the address of the server. */
const META = "lamplight-server";

let configured: string | undefined;

/** Sets the address of the server. An invalid address is refused, and the earlier setting stays. */
export function configure({ server }: Configuration): void {
  configured = server === undefined ? undefined : serverUrl(server);
}

/** The address of the server: from `create`, from `configure`, from the page's `<meta>`, or the page's own host. */
export function findServer(proxyServer: unknown): string {
  if (proxyServer !== undefined && proxyServer !== null && proxyServer !== "") {
    // The cloud's typings say `String`, which also matches a `String` object.
    if (typeof proxyServer !== "string" && !(proxyServer instanceof String)) {
      throw wrong("proxyServer must be the address of the client port, such as wss://chat.example");
    }
    return serverUrl(String(proxyServer));
  }
  return configured ?? serverUrl(fromPage());
}

function fromPage(): string | undefined {
  if (typeof document === "undefined") {
    return undefined;
  }
  const said = document.querySelector(`meta[name="${META}"]`)?.getAttribute("content")?.trim();
  return said === "" ? undefined : said;
}
