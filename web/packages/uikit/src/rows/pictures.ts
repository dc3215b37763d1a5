/**
 * The hosts that pictures of users may be loaded from. A picture is chosen by the user whom it shows, and a request for
 * it tells its host who looks, from which address and when: hosts are therefore named by the application, not by users.
 *
 * Pure: knows neither the document nor the kit.
 */

/**
 * `"self"`: the host of the page. `"none"`: no picture at all. `"*"`: every host. Otherwise hosts, as a list or as one
 * text with spaces between them: `cdn.example.com`, `cdn.example.com:8443`, `*.example.com` (every host below it). The
 * host of the page is always among them.
 */
export type AvatarHosts = "self" | "none" | "*" | (string & {}) | readonly string[];

/** The most hosts that can be named. */
export const MOST_HOSTS = 50;

interface HostPattern {
  /** Whether hosts below `host` are meant, instead of `host` itself. */
  readonly isBelow: boolean;
  readonly host: string;
  /** Empty: the port that belongs to the scheme. */
  readonly port: string;
}

/** The hosts, read. */
export type PicturePolicy =
  | { readonly from: "nowhere" }
  | { readonly from: "everywhere" }
  | { readonly from: "hosts"; readonly patterns: readonly HostPattern[] };

/** The address to load, or why none is loaded. */
export type Picture =
  | { readonly is: "loaded"; readonly address: string }
  | { readonly is: "absent" }
  | { readonly is: "refused"; readonly host: string };

/** The policy of a kit that was told nothing. */
export const OWN_HOST: PicturePolicy = { from: "hosts", patterns: [] };

/** Reads the setting; throws a `TypeError` that says what is wrong with it. */
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

/** The picture to load for this address, in a page at `page`. */
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
    // Nothing is asked of anybody for these.
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
  // A character that ends the host in an address is no part of a host.
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
  // `URL` leaves the port out where it is that of the scheme.
  return isHost && (url.port === port || (url.protocol === "http:" && url.port === "" && port === "80"));
}

function parse(address: string, base?: string): URL | undefined {
  try {
    return new URL(address, base);
  } catch {
    return undefined;
  }
}
