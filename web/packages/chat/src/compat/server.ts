/** Finds the server for programs that were written for a cloud, which has one address for everybody. */

import { wrong } from "../api/parameters.js";
import { serverUrl } from "../api/server-url.js";

/** Ours: what a page says once, before the program that does not know Lamplight begins. */
export interface Configuration {
  /** The client port of the server, such as `wss://chat.example`. Undefined: forget what was said before. */
  server?: string | undefined;
}

/** The name of the `<meta>` whose `content` is the address of the server. */
const META = "lamplight-server";

let configured: string | undefined;

/** Says where the server is. An address that cannot be read is refused, and what was said before stays. */
export function configure({ server }: Configuration): void {
  configured = server === undefined ? undefined : serverUrl(server);
}

/** The address of the server: that of `create`, of `configure`, of the page's `<meta>`, or the page's own host. */
export function findServer(proxyServer: unknown): string {
  if (proxyServer !== undefined && proxyServer !== null && proxyServer !== "") {
    // The cloud's typings say `String`, which an object of that class fits too.
    if (typeof proxyServer !== "string" && !(proxyServer instanceof String)) {
      throw wrong("proxyServer is to be the address of the client port, such as wss://chat.example");
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
