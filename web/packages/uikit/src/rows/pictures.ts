/**
 * The hosts from which users' pictures may be loaded. A user chooses their own picture, and a request for it reveals
 * to its host who looks at it, from which address and when. Hosts are therefore chosen by the application, not by
 * users.
 *
 * Pure: knows neither the document nor the kit.
 */

/**
 * The setting. `"self"`: the host of the page. `"none"`: no pictures. `"*"`: every host. Otherwise hosts, as a list or
 * as one text separated by spaces: `cdn.example.com`, `cdn.example.com:8443`, `*.example.com` (every host below it).
 * The host of the page is always included.
 */
export type AvatarHosts = "self" | "none" | "*" | (string & {}) | readonly string[];

/** The most hosts in a setting. */
export const MOST_HOSTS = 50;

interface HostPattern {
  /** Whether the pattern matches hosts below `host` instead of `host` itself. */
  readonly isBelow: boolean;
  readonly host: string;
  /** The port; empty for the default port of the scheme. */
  readonly port: string;
}

/** A parsed setting. */
export type PicturePolicy =
  | { readonly from: "nowhere" }
  | { readonly from: "everywhere" }
  | { readonly from: "hosts"; readonly patterns: readonly HostPattern[] };

/** The address to load, or the reason why none is loaded. */
export type Picture =
  | { readonly is: "loaded"; readonly address: string }
  | { readonly is: "absent" }
  | { readonly is: "refused"; readonly host: string };

/** The default policy. */
export const OWN_HOST: PicturePolicy = { from: "hosts", patterns: [] };

/** Parses the setting; throws a `TypeError` with the reason if it is invalid. */
export function readPolicy(wanted: AvatarHosts): PicturePolicy {
  const words = typeof wanted === "string" ? wanted.split(/[\s,]+/) : wanted;
  if (!Array.isArray(words) || !words.every((word: unknown) => typeof word === "string")) {
    throw new TypeError('avatarHosts must be "self", "none", "*" or a list of hosts');
  }
  const hosts = words.filter((word) => word !== "");
  const [only] = hosts;
  if (hosts.length === 1 && only === "none") {
    return { from: "nowhere" };
  }
  if (hosts.length === 1 && only === "*") {
    return { from: "everywhere" };
  }
  if (hosts.length > MOST_HOSTS) {
    throw new TypeError(`avatarHosts has ${hosts.length} hosts, of at most ${MOST_HOSTS}`);
  }
  return { from: "hosts", patterns: hosts.filter((host) => host !== "self").map(readPattern) };
}

/** The picture to load for this address in the page `page`. */
export function pictureAt(address: string, policy: PicturePolicy, page: string): Picture {
  if (address.trim() === "" || policy.from === "nowhere") {
    return { is: "absent" };
  }
  const own = parse(page);
  const url = parse(address, own?.href);
  if (url === undefined) {
    return { is: "absent" };
  }
  switch (url.protocol) {
    // These addresses cause no request.
    case "data:":
    case "blob:":
      return { is: "loaded", address: url.href };
    case "http:":
    case "https:": {
      const isAllowed =
        policy.from === "everywhere" ||
        url.host === own?.host ||
        policy.patterns.some((pattern) => matches(pattern, url));
      return isAllowed ? { is: "loaded", address: url.href } : { is: "refused", host: url.host };
    }
    default:
      return { is: "absent" };
  }
}

function readPattern(text: string): HostPattern {
  const isBelow = text.startsWith("*.");
  const name = isBelow ? text.slice(2) : text;
  // A character that ends the host in an address cannot be a part of a host.
  const url = /[/\\?#@*]/.test(name) ? undefined : parse(`https://${name}`);
  if (url === undefined) {
    throw new TypeError(
      `avatarHosts has ${JSON.stringify(text)}; a host is written as cdn.example.com, cdn.example.com:8443 or ` +
        "*.example.com, without https:// and without a path",
    );
  }
  return { isBelow, host: url.hostname, port: url.port };
}

function matches({ isBelow, host, port }: HostPattern, url: URL): boolean {
  const isHost = isBelow ? url.hostname.endsWith(`.${host}`) : url.hostname === host;
  // `URL` omits the default port of the scheme.
  return isHost && (url.port === port || (url.protocol === "http:" && url.port === "" && port === "80"));
}

function parse(address: string, base?: string): URL | undefined {
  try {
    return new URL(address, base);
  } catch {
    return undefined;
  }
}
