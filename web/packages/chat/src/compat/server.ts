/** Finds the server's address for programs of the cloud, which need no address there. */

import { wrong } from "../api/parameters.js";
import { serverUrl } from "../api/server-url.js";

/**
 * Settings that the cloud's API does not have. A page makes them before it starts a program that was written for the
 * cloud.
 */
export interface Configuration {
  /** The address of the server, such as `wss://chat.example`. Undefined removes the earlier setting. */
  server?: string | undefined;
}

/** The name of the `<meta>` element whose `content` is the address of the server. */
const META = "lamplight-server";

let configured: string | undefined;

/** Sets the address of the server. Throws if the address is invalid; the earlier setting then stays. */
export function configure({ server }: Configuration): void {
  configured = server === undefined ? undefined : serverUrl(server);
}

/**
 * Returns the address of the server: from `create`, or else from `configure`, the page's `<meta>` element or the
 * page's host.
 */
export function findServer(proxyServer: unknown): string {
  if (proxyServer !== undefined && proxyServer !== null && proxyServer !== "") {
    // The cloud's typings allow a `String` object.
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
