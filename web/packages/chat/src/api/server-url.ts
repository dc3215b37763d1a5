/** The address of the server. It is parsed without the class `URL`, which is incomplete in React Native. */

import { text, wrong } from "./parameters.js";

/** Returns the WebSocket URL of `server`. If `server` is undefined, returns the URL of the page's host. */
export function serverUrl(server: string | undefined): string {
  const given = server ?? (typeof location === "undefined" ? "" : location.origin);
  const address = text(given, "server").trim();
  const scheme = /^[\w+.-]*:/.exec(address)?.[0];
  if (scheme !== undefined && !/^(ws|http)s?:$/i.test(scheme)) {
    throw wrong(`server must begin with wss://, ws://, https:// or http://, not ${scheme}`);
  }
  // The address must have a host, and may have a path.
  if (!/^\w+:\/\/[^\s/?#\\]+[^\s#\\]*$/.test(address)) {
    throw wrong(`server must be the address of the client port, such as wss://chat.example, not "${address}"`);
  }
  return address.replace(/^http/i, "ws").replace(/^(\w+:\/\/[^/]+)$/, "$1/");
}
