/** The address of the client port. */

import { text, wrong } from "./parameters.js";

const SCHEMES: Record<string, string> = { "ws:": "ws:", "wss:": "wss:", "http:": "ws:", "https:": "wss:" };

/** Where the client port is; left out, where the page came from. */
export function serverUrl(server: string | undefined): string {
  const given = server ?? (typeof location === "undefined" ? undefined : location.origin);
  if (given === undefined) {
    throw wrong("server is to be the address of the client port, such as wss://chat.example");
  }
  const address = text(given, "server");
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw wrong(`server is to be an address such as wss://chat.example, not ${address}`);
  }
  const scheme = SCHEMES[url.protocol];
  if (scheme === undefined) {
    throw wrong(`server is to begin with wss://, ws://, https:// or http://, not ${url.protocol}`);
  }
  return url.href.replace(url.protocol, scheme);
}
