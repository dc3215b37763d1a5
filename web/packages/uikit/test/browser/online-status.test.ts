/**
 * Tests the online-status switches: what is hidden when the status is turned off for the whole kit, and when it is
 * turned off for one list.
 */

import { describe, expect, test, vi } from "vitest";
import { TUIKit } from "../../src/index.js";
import { FRIENDS, SCENE, TALKS } from "../../stage/people.js";
import { Stage } from "../../stage/stage.js";
import {
  all,
  crowd,
  dots,
  expectOneWarning,
  holdTimers,
  mount,
  one,
  open,
  row,
  rows,
  settled,
  statusCalls,
  until,
} from "./support.js";

const LISTS = ["tuikit-conversation", "tuikit-contact"] as const;

describe.each(LISTS)("%s", (tag) => {
  test.each([
    { master: true, own: true, shows: true },
    { master: true, own: false, shows: false },
    { master: false, own: true, shows: false },
    { master: false, own: false, shows: false },
  ])("master $master, own $own: dots $shows", async ({ master, own, shows }) => {
    holdTimers();
    const stage = open({}, { isShowOnlineStatus: master });
    const list = await mount(tag, { isShowOnlineStatus: own });
    await until(() => {
      expect(rows(list).length).toBeGreaterThan(5);
    });
    if (shows) {
      await until(() => {
        expect(all(list, ".dot").length).toBeGreaterThan(5);
        expect(statusCalls(stage)).toEqual(["getSubscriptions", "getUserStatus", "subscribeUserStatus"]);
      });
    } else {
      await settled(list);
      expect(all(list, ".dot")).toHaveLength(0);
      expect(statusCalls(stage)).toEqual([]);
    }
  });

  test("by default both are on", async () => {
    open();
    const list = await mount(tag);
    expect(TUIKit.config.isShowOnlineStatus).toBe(true);
    expect(list.isShowOnlineStatus).toBe(true);
    await until(() => {
      expect(all(list, ".dot").length).toBeGreaterThan(5);
    });
  });

  test.each([
    ["false", false],
    ["FALSE", false],
    ["true", true],
    ["", true],
  ])("the attribute %j in plain HTML", async (value, isOn) => {
    open();
    document.body.innerHTML = `<${tag} is-show-online-status="${value}"></${tag}>`;
    const list = document.querySelector(tag);
    await list?.updateComplete;
    expect(list?.isShowOnlineStatus).toBe(isOn);
  });

  test("turned off and on again while the page is open", async () => {
    const stage = open();
    const list = await mount(tag);
    await until(() => {
      expect(all(list, ".dot").length).toBeGreaterThan(5);
      expect(stage.subscriptions.length).toBeGreaterThan(5);
    });
    TUIKit.setConfig({ isShowOnlineStatus: false });
    await until(() => {
      expect(all(list, ".dot")).toHaveLength(0);
      expect(stage.subscriptions).toEqual([]);
    });
    TUIKit.setConfig({ isShowOnlineStatus: true });
    await until(() => {
      expect(all(list, ".dot").length).toBeGreaterThan(5);
    });
  });

  test("a list turned off gives back whom nothing else shows", async () => {
    vi.useFakeTimers({ toFake: ["Date", "performance"], now: Date.now() });
    const stage = open();
    const list = await mount(tag);
    await until(() => {
      expect(stage.subscriptions.length).toBeGreaterThan(5);
    });
    list.isShowOnlineStatus = false;
    await list.updateComplete;
    expect(all(list, ".dot")).toHaveLength(0);
    // The grace ends even if the clock of the device has been set back.
    vi.setSystemTime(Date.now() - 3_600_000);
    vi.advanceTimersByTime(10_000);
    // Any event makes the kit check its plan again.
    TUIKit.setConfig({ isShowOnlineStatus: true });
    document.dispatchEvent(new Event("visibilitychange"));
    await until(() => {
      expect(stage.subscriptions).toEqual([]);
    });
  });
});

test("a change shows in both lists, which share one subscription", async () => {
  const stage = open();
  const [conversations, contacts] = [await mount("tuikit-conversation"), await mount("tuikit-contact")];
  await until(() => {
    expect(dots(conversations)["Bruno Okafor"]).toBe("Offline");
    expect(dots(contacts)["Bruno Okafor"]).toBe("Offline");
    expect(stage.subscriptions).toContain("bruno");
  });
  stage.becomes("bruno", 1, "Back at my desk");
  await until(() => {
    expect(dots(conversations)["Bruno Okafor"]).toBe("Online");
    expect(dots(contacts)["Bruno Okafor"]).toBe("Online");
  });
  expect(row(conversations, "Bruno Okafor").querySelector(".status")?.textContent).toBe("Back at my desk");
  const asked = stage.calls.filter(({ call }) => call === "subscribeUserStatus").flatMap(({ users }) => users);
  expect(asked.toSorted()).toEqual([...new Set(asked)].sort());
});

test("somebody who is no friend shows as well", async () => {
  const stage = open({ friends: [], talks: TALKS });
  const list = await mount("tuikit-conversation");
  await until(() => {
    expect(dots(list)["Maya Lindqvist"]).toBe("Online");
    expect(stage.subscriptions).toContain("maya");
  });
});

test("a status that is not known has no dot; offline and not logged in are grey and named", async () => {
  const people = FRIENDS.slice(0, 4).map((person, index) => ({
    ...person,
    status: ([0, 1, 2, 3] as const)[index] ?? 0,
  }));
  open({ friends: people, talks: [] });
  const list = await mount("tuikit-contact");
  const [unknown, online, offline, unlogined] = people.map(({ remark, nick }) => remark ?? nick);
  await until(() => {
    expect(dots(list)).toEqual({
      [unknown ?? ""]: "none",
      [online ?? ""]: "Online",
      [offline ?? ""]: "Offline",
      [unlogined ?? ""]: "Not logged in",
    });
  });
  const colours = all(list, ".dot").map((dot) => getComputedStyle(dot).backgroundColor);
  expect(colours.filter((colour) => colour === "rgb(22, 163, 74)")).toHaveLength(1);
  expect(colours.filter((colour) => colour === "rgb(138, 148, 163)")).toHaveLength(2);
});

test.each(["ltr", "rtl"])(
  "the dot is 12 px in a white ring of 2 px at the lower end of the picture (%s)",
  async (dir) => {
    document.documentElement.dir = dir;
    open();
    const list = await mount("tuikit-conversation", { theme: "light" });
    await until(() => {
      expect(all(list, ".dot").length).toBeGreaterThan(5);
    });
    const dot = one(list, ".dot");
    const style = getComputedStyle(dot);
    expect([style.width, style.height, style.borderWidth, style.borderColor]).toEqual([
      "12px",
      "12px",
      "2px",
      "rgb(255, 255, 255)",
    ]);
    const [inner, outer] = [dot.getBoundingClientRect(), one(list, ".avatar").getBoundingClientRect()];
    expect(inner.bottom - outer.bottom).toBe(4);
    expect(dir === "ltr" ? inner.right - outer.right : outer.left - inner.left).toBe(4);
    expect(dot.getAttribute("role")).toBe("img");
    expect(dot.title).toBe(dot.getAttribute("aria-label"));
  },
);

describe("an app that does not have it", () => {
  test.each([
    [72001, "the user-status switch of the app is off"],
    [7013, "the app's edition does not support this call; upgrade to flagship"],
  ])("%i: both lists without dots, and one message", async (code, message) => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const stage = open({ refusal: { code, message } });
    const [conversations, contacts] = [await mount("tuikit-conversation"), await mount("tuikit-contact")];
    await until(() => {
      expect(warn).toHaveBeenCalled();
    });
    document.dispatchEvent(new Event("visibilitychange"));
    await until(() => {
      expect(statusCalls(stage).length).toBeGreaterThan(1);
    });
    expectOneWarning(warn, code);
    expect(rows(conversations).length).toBeGreaterThan(5);
    expect(rows(contacts).length).toBeGreaterThan(5);
    expect(all(conversations, ".dot").length + all(contacts, ".dot").length).toBe(0);
  });

  test("a switch that an operator turns shows in the open page, both ways", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const stage = open();
    const list = await mount("tuikit-conversation");
    await until(() => {
      expect(all(list, ".dot").length).toBeGreaterThan(5);
    });
    stage.refusal = { code: 72001, message: "off" };
    document.dispatchEvent(new Event("visibilitychange"));
    await until(() => {
      expect(all(list, ".dot")).toHaveLength(0);
    });
    stage.refusal = undefined;
    document.dispatchEvent(new Event("visibilitychange"));
    await until(() => {
      expect(all(list, ".dot").length).toBeGreaterThan(5);
    });
  });

  test("an SDK that tells of the switch is not asked again and again, and has the dots back at once", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const stage = open();
    await TUIKit.destroy();
    stage.allow(false);
    TUIKit.init({ chat: stage });
    const list = await mount("tuikit-conversation");
    await until(() => {
      expect(rows(list).length).toBeGreaterThan(5);
      expectOneWarning(warn, 72001);
    });
    holdTimers();
    document.dispatchEvent(new Event("visibilitychange"));
    await settled(list);
    expect([all(list, ".dot").length, statusCalls(stage)]).toEqual([0, []]);
    stage.allow(true);
    await until(() => {
      expect(all(list, ".dot").length).toBeGreaterThan(5);
      expect(stage.subscriptions.length).toBeGreaterThan(5);
    });
    stage.allow(false);
    await until(() => {
      expect(all(list, ".dot")).toHaveLength(0);
    });
    expect(warn.mock.calls).toHaveLength(1);
  });
});

describe("the subscription list of the account", () => {
  test("those on the screen are subscribed to first, and only while there is room", async () => {
    const stage = open({ friends: crowd(1_000), limit: 40 });
    stage.subscriptions = ["somebody"];
    const list = await mount("tuikit-contact");
    await until(() => {
      expect(stage.subscriptions.length).toBeGreaterThan(5);
    });
    expect(stage.subscriptions[0]).toBe("somebody");
    expect(stage.subscriptions.length).toBeLessThanOrEqual(40);
    one(list, ".scroller").scrollTop = 30_000;
    await until(() => {
      const seen = rows(list).filter((found) => {
        const box = found.getBoundingClientRect();
        return box.top >= 0 && box.bottom <= 640;
      });
      const names = new Map(crowd(1_000).map(({ nick, id }) => [nick, id]));
      const users = seen.map((found) => names.get(found.querySelector(".name")?.textContent ?? ""));
      expect(users.length).toBeGreaterThan(5);
      expect(users.every((user) => stage.subscriptions.includes(user ?? ""))).toBe(true);
    });
    expect(stage.subscriptions[0]).toBe("somebody");
    expect(stage.subscriptions.length).toBeLessThanOrEqual(40);
  });

  test("whom the application subscribes to stays when the kit goes", async () => {
    const stage = open();
    await mount("tuikit-conversation");
    await until(() => {
      expect(stage.subscriptions).toContain("maya");
    });
    await stage.subscribeUserStatus({ userIDList: ["maya"] });
    await TUIKit.destroy();
    expect(stage.subscriptions).toEqual(["maya"]);
    // The method of the client is the original one again.
    expect(Object.hasOwn(stage, "subscribeUserStatus")).toBe(false);
  });

  test("a page that is loaded again knows its own", async () => {
    const stage = open();
    await mount("tuikit-conversation");
    await until(() => {
      expect(stage.subscriptions.length).toBeGreaterThan(5);
      expect(sessionStorage.getItem("tuikit.subscriptions.me")).toContain("maya");
    });
    const held = [...stage.subscriptions];
    const kept = sessionStorage.getItem("tuikit.subscriptions.me") ?? "";
    await TUIKit.destroy();
    sessionStorage.setItem("tuikit.subscriptions.me", kept);
    stage.subscriptions = [...held, "foreign"];
    TUIKit.init({ chat: stage });
    await until(() => {
      expect(stage.calls.filter(({ call }) => call === "getSubscriptions").length).toBeGreaterThan(1);
    });
    await TUIKit.destroy();
    expect(stage.subscriptions).toEqual(["foreign"]);
  });
});

test("a subscription in progress ends with the kit", async () => {
  const stage = new Stage({ ...SCENE });
  let answer: () => void = () => undefined;
  const answered = new Promise<void>((fulfil) => (answer = fulfil));
  const subscribe = stage.subscribeUserStatus.bind(stage);
  Object.assign(stage, {
    subscribeUserStatus: async (options: { userIDList: string[] }) => {
      const given = await subscribe(options);
      await answered;
      return given;
    },
  });
  TUIKit.init({ chat: stage });
  await mount("tuikit-contact");
  await until(() => {
    expect(stage.subscriptions.length).toBeGreaterThan(5);
  });
  const destroyed = TUIKit.destroy();
  answer();
  await destroyed;
  expect(stage.subscriptions).toEqual([]);
});
