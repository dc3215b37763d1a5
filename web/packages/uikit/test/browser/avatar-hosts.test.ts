import { afterEach, beforeEach, expect, type MockInstance, test, vi } from "vitest";
import { TUIKit } from "../../src/index.js";
import { all, drawn, mount, one, open, row } from "./support.js";

/** The address of a picture on a host that does not exist. The picture is requested only if the host is allowed. */
const ELSEWHERE = "https://pictures.invalid/who-looks.png";

const OWN = "/avatar-of-own-host.svg";

let warn: MockInstance<typeof console.warn>;

beforeEach(() => {
  warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
});

afterEach(() => {
  performance.clearResourceTimings();
});

function scene(avatar: string) {
  return { friends: [{ id: "vera", nick: "Vera", avatar, status: 1 as const }] };
}

/** Returns the address of the picture that the component loads. */
async function sourceIn(element: Element): Promise<string | null | undefined> {
  await vi.waitFor(() => {
    expect(all(element, ".row").length).toBe(1);
  });
  return row(element, "Vera").querySelector("img")?.getAttribute("src");
}

test.each([
  ["self", undefined],
  ["none", undefined],
  ["*", ELSEWHERE],
  [["pictures.invalid"], ELSEWHERE],
  [["other.invalid"], undefined],
] as const)("with %o the list shows %s", async (avatarHosts, expected) => {
  open(scene(ELSEWHERE), { avatarHosts });
  expect(await sourceIn(await mount("tuikit-contact"))).toBe(expected);
});

test("without a word of the application only the page's own host is asked", async () => {
  open(scene(ELSEWHERE));
  const list = await mount("tuikit-contact");
  expect(await sourceIn(list)).toBeUndefined();
  expect(row(list, "Vera").querySelector(".initials")?.textContent).not.toBe("");
  expect(performance.getEntriesByType("resource").filter(({ name }) => name.includes("pictures.invalid"))).toEqual(
    [],
  );
  await TUIKit.destroy();
  document.body.replaceChildren();

  open(scene(OWN));
  expect(await sourceIn(await mount("tuikit-contact"))).toBe(new URL(OWN, document.baseURI).href);
});

test("a picture that is loaded tells its host as little as can be", async () => {
  open(scene(ELSEWHERE), { avatarHosts: "*" });
  const list = await mount("tuikit-contact");
  await sourceIn(list);
  const picture = row(list, "Vera").querySelector("img");
  expect(picture?.referrerPolicy).toBe("no-referrer");
  expect(picture?.loading).toBe("lazy");
});

test("a change of the policy holds at once", async () => {
  open(scene(ELSEWHERE), { avatarHosts: "*" });
  const list = await mount("tuikit-contact");
  expect(await sourceIn(list)).toBe(ELSEWHERE);
  TUIKit.setConfig({ avatarHosts: "none" });
  await drawn(list);
  expect(await sourceIn(list)).toBeUndefined();
});

test("a policy that cannot be read changes nothing", () => {
  open({}, { avatarHosts: ["cdn.example"] });
  expect(() => {
    TUIKit.setConfig({ avatarHosts: "https://cdn.example/", isShowOnlineStatus: false });
  }).toThrow(/without https/);
  expect(TUIKit.config).toMatchObject({ avatarHosts: ["cdn.example"], isShowOnlineStatus: true });
});

test("a host that is refused is named once", async () => {
  open(scene("https://once.invalid/a.png"));
  const list = await mount("tuikit-contact");
  await sourceIn(list);
  list.requestUpdate();
  await drawn(list);
  const told = warn.mock.calls.map(([text]) => String(text)).filter((text) => text.includes("once.invalid"));
  expect(told).toHaveLength(1);
  expect(told[0]).toContain('avatarHosts: ["once.invalid"]');
});

test("an avatar of its own follows the kit, or its own attribute", async () => {
  const element = document.createElement("tuikit-avatar");
  Object.assign(element, { userID: "alice", name: "Alice", picture: ELSEWHERE });
  document.body.append(element);
  await drawn(element);
  expect(all(element, "img")).toEqual([]);
  element.setAttribute("avatar-hosts", "pictures.invalid");
  await drawn(element);
  expect(one(element, "img").getAttribute("src")).toBe(ELSEWHERE);
  element.setAttribute("avatar-hosts", "https://pictures.invalid");
  await drawn(element);
  expect(all(element, "img")).toEqual([]);
  element.removeAttribute("avatar-hosts");
  open({}, { avatarHosts: "*" });
  await drawn(element);
  expect(one(element, "img").getAttribute("src")).toBe(ELSEWHERE);
});

test("while a picture loads, and where it cannot be loaded, the initials are seen", async () => {
  const element = document.createElement("tuikit-avatar");
  Object.assign(element, { userID: "alice", name: "Alice", picture: "/there-is-no-such-picture.png" });
  document.body.append(element);
  await drawn(element);
  const seen = () => getComputedStyle(one(element, "img")).opacity;
  expect(seen()).toBe("0");
  element.picture = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>";
  await vi.waitFor(() => {
    expect(seen()).toBe("1");
  });
});
