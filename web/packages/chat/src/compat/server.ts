/**
 * Finds the address of the server for programs that were written for the cloud's SDK. Such a program contains no
 * address.
 */

import { wrong } from "../api/parameters.js";
import { serverUrl } from "../api/server-url.js";

/**
 * Settings that the cloud's API does not have. A page makes them before it starts a program that was written for the
 * cloud's SDK.
 */
export interface Configuration {
  /** The address of the server, such as `wss://chat.example`. Undefined removes an earlier setting. */
  server?: string | undefined;
}

/** The name of the `<meta>` element that contains the address of the server as its `content`. */
const META = "lamplight-server";

let configured: string | undefined;

/** Sets the address of the server. Throws an error if the address is invalid, and then keeps the earlier setting. */
export function configure({ server }: Configuration): void {
  configured = server === undefined ? undefined : serverUrl(server);
}

/**
 * Returns the address of the server, from the first of these sources that has one: the options of `create`,
 * `configure`, the `<meta>` element of the page, the host of the page.
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
  // React Native has no document, but libraries may add a part of one.
  const { document: page } = globalThis as { document?: Partial<Document> };
  const said = page?.querySelector?.(`meta[name="${META}"]`)?.getAttribute("content")?.trim();
  return said === "" ? undefined : said;
}
