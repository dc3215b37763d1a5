/** The address of the client port. Read by hand: React Native has no whole `URL`. */

import { text, wrong } from "./parameters.js";

/** Where the client port is; left out, where the page came from. */
export function serverUrl(server: string | undefined): string {
  const given = server ?? (typeof location === "undefined" ? "" : location.origin);
  const address = text(given, "server").trim();
  const scheme = /^[\w+.-]*:/.exec(address)?.[0];
  if (scheme !== undefined && !/^(ws|http)s?:$/i.test(scheme)) {
    throw wrong(`server is to begin with wss://, ws://, https:// or http://, not ${scheme}`);
  }
  // A host, and a path that may be missing.
  if (!/^\w+:\/\/[^\s/?#\\]+[^\s#\\]*$/.test(address)) {
    throw wrong(`server is to be the address of the client port, such as wss://chat.example, not "${address}"`);
  }
  return address.replace(/^http/i, "ws").replace(/^(\w+:\/\/[^/]+)$/, "$1/");
}
