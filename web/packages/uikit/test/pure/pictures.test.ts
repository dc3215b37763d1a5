import { describe, expect, test } from "vitest";
import { type AvatarHosts, MOST_HOSTS, pictureAt, readPolicy } from "../../src/rows/pictures.js";

const PAGE = "https://app.example/chats?with=bob";

/** Returns what happens with an address: `loaded <address>`, `refused <host>` or `absent`. */
function said(hosts: AvatarHosts, address: string): string {
  const picture = pictureAt(address, readPolicy(hosts), PAGE);
  return picture.is === "loaded"
    ? `loaded ${picture.address}`
    : picture.is === "refused"
      ? `refused ${picture.host}`
      : "absent";
}

const SELF = "https://app.example/a.png";
const CDN = "https://cdn.example/a.png";

describe("where a picture may come from", () => {
  test.each<[string, AvatarHosts, string, string]>([
    ["the host of the page is asked by default", "self", SELF, `loaded ${SELF}`],
    ["a path is one of the page's host", "self", "/a.png", `loaded ${SELF}`],
    ["another host is not", "self", CDN, "refused cdn.example"],
    ["nor is one without a scheme", "self", "//cdn.example/a.png", "refused cdn.example"],
    ["nor one that a browser reads as such", "self", "\\\\cdn.example\\a.png", "refused cdn.example"],
    ["nor one hidden behind a tab", "self", "ht\ntps://cdn.example/a.png", "refused cdn.example"],
    [
      "nor one that names the page's host as a user",
      "self",
      "https://app.example@cdn.example/a",
      "refused cdn.example",
    ],
    ["another port is another host", "self", "https://app.example:8443/a", "refused app.example:8443"],
    ["an empty list is the host of the page", [], CDN, "refused cdn.example"],
    ["an empty text too", "", CDN, "refused cdn.example"],
    ["none is none, not even one's own", "none", SELF, "absent"],
    ["nor what is written in the address itself", "none", "data:image/png;base64,AAAA", "absent"],
    ["every host", "*", CDN, `loaded ${CDN}`],
    ["a host that is named", ["cdn.example"], CDN, `loaded ${CDN}`],
    ["in capital letters", ["CDN.example"], "https://cdn.EXAMPLE/a.png", `loaded ${CDN}`],
    ["the page's own is always among them", "cdn.example", SELF, `loaded ${SELF}`],
    ["self may be said with others", "self cdn.example", CDN, `loaded ${CDN}`],
    ["hosts below one", "*.example", "https://a.b.example/x", "loaded https://a.b.example/x"],
    ["are not that one", "*.cdn.example", CDN, "refused cdn.example"],
    ["nor one that ends alike", "*.cdn.example", "https://evilcdn.example/x", "refused evilcdn.example"],
    ["a name is not its beginning", "cdn.example", "https://cdn.example.evil/x", "refused cdn.example.evil"],
    [
      "a port is part of the name",
      "cdn.example:8443",
      "https://cdn.example:8443/x",
      "loaded https://cdn.example:8443/x",
    ],
    ["and has to be right", "cdn.example:8443", CDN, "refused cdn.example"],
    ["the port of the scheme may be said", "cdn.example:443", CDN, `loaded ${CDN}`],
    [
      "a name in other letters",
      "bücher.example",
      "https://xn--bcher-kva.example/x",
      "loaded https://xn--bcher-kva.example/x",
    ],
    ["hosts with spaces and commas between them", "a.example, cdn.example", CDN, `loaded ${CDN}`],
    ["addresses in numbers", "[::1]:7401", "http://[::1]:7401/a", "loaded http://[::1]:7401/a"],
    [
      "a picture in its address asks nobody",
      "self",
      "data:image/png;base64,AAAA",
      "loaded data:image/png;base64,AAAA",
    ],
    ["a script is no picture", "*", "javascript:alert(1)", "absent"],
    ["a file is none", "*", "file:///etc/passwd", "absent"],
    ["what cannot be read is none", "*", "https://", "absent"],
    ["nothing is nothing", "*", "  ", "absent"],
  ])("%s", (_, hosts, address, expected) => {
    expect(said(hosts, address)).toBe(expected);
  });

  test.each<[string, unknown, RegExp]>([
    ["a scheme", "https://cdn.example", /"https:\/\/cdn\.example".*without https/],
    ["a path", "cdn.example/avatars", /without a path/],
    ["a star in the middle", "cdn.*.example", /cdn\.\*\.example/],
    ["a star among others", ["*", "cdn.example"], /"\*"/],
    ["no text", 7, /must be "self", "none"/],
    ["nothing", null, /must be "self", "none"/],
    ["a list of other things", ["cdn.example", 7], /must be "self", "none"/],
    ["too many", Array.from({ length: MOST_HOSTS + 1 }, (_, n) => `h${n}.example`), /51 hosts, of at most 50/],
  ])("%s is refused with a reason", (_, hosts, reason) => {
    expect(() => readPolicy(hosts as AvatarHosts)).toThrow(reason);
  });
});
