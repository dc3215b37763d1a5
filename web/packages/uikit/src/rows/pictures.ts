/**
 * The hosts from which the pictures of users may be loaded. Users choose their pictures, and the host of a picture
 * learns who loads it, from which address and when. The application therefore decides which hosts are allowed.
 *
 * All functions are pure.
 */

/**
 * The setting of the allowed hosts. `"self"` allows the host of the page, `"none"` allows no pictures, and `"*"`
 * allows every host. A list of at most 50 hosts, or one text with hosts separated by spaces or commas, allows these
 * and the host of the page. Examples of hosts: `cdn.example.com`, `cdn.example.com:8443`, `*.example.com` (all hosts
 * below it, but not `example.com`). Without a port, only the default port of the scheme is allowed. Except with
 * `"none"`, `data:` and `blob:` addresses are always allowed.
 */
export type AvatarHosts = "self" | "none" | "*" | (string & {}) | readonly string[];

/** The maximum number of hosts in a setting. */
export const MOST_HOSTS = 50;

interface HostPattern {
  /** Whether the pattern matches the hosts below `host`, but not `host` itself. */
  readonly isBelow: boolean;
  readonly host: string;
  /** The port; empty if it is the default port of the scheme. */
  readonly port: string;
}

/** A parsed setting. */
export type PicturePolicy =
  | { readonly from: "nowhere" }
  | { readonly from: "everywhere" }
  | { readonly from: "hosts"; readonly patterns: readonly HostPattern[] };

/** The address to load, or the reason why no picture is loaded. */
export type Picture =
  | { readonly is: "loaded"; readonly address: string }
  | { readonly is: "absent" }
  | { readonly is: "refused"; readonly host: string };

/** The default policy: only the host of the page. */
export const OWN_HOST: PicturePolicy = { from: "hosts", patterns: [] };

/** Parses the setting. If it is invalid, throws a `TypeError` with the reason. */
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

/** Returns the picture to load for an address. `page` is the address of the page. */
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
    // These addresses cause no request to a host.
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
  // A character that ends the host in an address must not be in a host.
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
