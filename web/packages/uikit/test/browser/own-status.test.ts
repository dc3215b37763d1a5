/** Tests the user's own custom status, its editor, and the time until the end of a custom status in all components. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { userEvent } from "vitest/browser";
import { TUIKit, type OwnStatusEventDetail, type TuikitOwnStatus } from "../../src/index.js";
import { FRIENDS } from "../../stage/people.js";
import type { Stage } from "../../stage/stage.js";
import { all, drawn, holdClock, mount, NOON, one, open, pass, press, row, until } from "./support.js";

const BEA = FRIENDS.filter(({ id }) => id === "bea");

async function own(set: Partial<TuikitOwnStatus> = {}): Promise<TuikitOwnStatus> {
  const element = await mount("tuikit-own-status", { language: "en", ...set });
  await until(() => {
    expect(one(element, ".status").matches(":enabled")).toBe(true);
  });
  return element;
}

/** Opens the editor, enters a text and chooses a duration. */
async function write(element: TuikitOwnStatus, text: string, choice: string): Promise<void> {
  one(element, ".status").click();
  await drawn(element);
  const field = one(element, "input[type=text]") as HTMLInputElement;
  field.value = text;
  field.dispatchEvent(new Event("input"));
  choose(element, choice);
  await drawn(element);
}

function choose(element: TuikitOwnStatus, choice: string): void {
  one(element, `input[type=radio][value="${choice}"]`).click();
}

async function save(element: TuikitOwnStatus): Promise<void> {
  one(element, ".primary").click();
  await vi.waitFor(async () => {
    await drawn(element);
    expect(all(element, "form")).toHaveLength(0);
  });
}

const label = (element: Element) => one(element, ".status").getAttribute("aria-label");
const announced = (element: Element) => one(element, ".hidden-text[role=status]").textContent;
const choices = (element: Element) => all(element, ".choices label").map((one) => one.textContent.trim());

describe("the own status", () => {
  let stage: Stage;

  beforeEach(() => {
    holdClock();
    stage = open();
  });

  afterEach(() => {
    vi.clearAllTimers();
  });

  test("is set with an end, counts down, and is gone when the server says so", async () => {
    const element = await own({ durations: "never 60 1800" });
    expect(label(element)).toBe("Your status: What are you doing?");
    await write(element, "🍜 Out for lunch", "60");
    const heard: OwnStatusEventDetail[] = [];
    element.addEventListener("tuikit-own-status-set", ({ detail }) => heard.push(detail));
    await save(element);
    expect(stage.said).toEqual([{ customStatus: "🍜 Out for lunch", expiresIn: 60 }]);
    expect(heard).toEqual(stage.said);
    expect(announced(element)).toBe("Your status is set: 🍜 Out for lunch");
    expect(one(element, ".text").textContent).toBe("Out for lunch");
    expect(one(element, ".emoji").textContent).toBe("🍜");

    const left = () => all(element, ".until").map(({ textContent }) => textContent);
    const start = left();
    await pass(1, element);
    expect(left()).not.toEqual(start);
    await pass(48, element);
    expect(left().join("")).toMatch(/^for (9|1[01]) s$/);
    expect(label(element)).toContain("Your status: 🍜 Out for lunch, for ");
    await pass(12, element);
    expect(left()).toEqual([]);
    expect(label(element)).toBe("Your status: What are you doing?");
    expect(announced(element)).toBe("The time of your status is over. It is cleared.");
  });

  test("has no timer while it is not in the page", async () => {
    const element = await own();
    stage.becomes("me", 1, "out", { customExpires: NOON + 60_000 });
    await drawn(element);
    const before = vi.getTimerCount();
    element.requestUpdate();
    element.remove();
    await drawn(element);
    expect(vi.getTimerCount()).toBe(before - 1);
  });

  test("keeps its text after its end until the server clears it", async () => {
    const element = await own();
    stage.becomes("me", 1, "out", { customExpires: NOON + 2_000 });
    await drawn(element);
    await pass(5, element);
    expect(one(element, ".text").textContent).toBe("out");
    expect(all(element, ".until")).toHaveLength(0);
  });

  test("follows the other devices of the user, a reconnect, and a logout", async () => {
    const element = await own();
    stage.becomes("me", 1, "from the phone", { customExpires: NOON + 7_200_000 });
    await drawn(element);
    expect(label(element)).toMatch(/^Your status: from the phone, until \d\d:30$/);
    stage.becomes("bea", 1, "from somebody else");
    await drawn(element);
    expect(one(element, ".text").textContent).toBe("from the phone");
    stage.silently("me", 1, "");
    stage.net("disconnected");
    stage.net("connected");
    await until(() => {
      expect(label(element)).toBe("Your status: What are you doing?");
    });
    stage.logOut();
    await drawn(element);
    expect(one(element, ".status").matches(":disabled")).toBe(true);
  });

  test("is cleared, and replaced without an end", async () => {
    const element = await own();
    await write(element, "out", "1800");
    await save(element);
    await write(element, "in", "never");
    await save(element);
    one(element, ".status").click();
    await drawn(element);
    one(element, ".clear").click();
    await until(() => {
      expect(stage.said).toHaveLength(3);
    });
    await drawn(element);
    expect(stage.said.map(({ customStatus, expiresIn }) => `${customStatus} ${expiresIn}`)).toEqual([
      "out 1800",
      "in 0",
      " 0",
    ]);
    expect(announced(element)).toBe("Your status is cleared.");
  });

  test("keeps its end when only the text is changed", async () => {
    const element = await own();
    await write(element, "out", "3600");
    await save(element);
    const end = NOON + 3_600_000;
    await pass(600, element);
    one(element, ".status").click();
    await drawn(element);
    expect(choices(element)[0]).toMatch(/^As before, until \d\d:30$/);
    const field = one(element, "input[type=text]") as HTMLInputElement;
    field.value = "back soon";
    field.dispatchEvent(new Event("input"));
    await drawn(element);
    await save(element);
    const seconds = stage.said.at(-1)?.expiresIn ?? 0;
    // The timers of the test have advanced the clock by a few milliseconds.
    expect(Math.abs(Date.now() + seconds * 1_000 - end)).toBeLessThan(2_000);
  });

  test("ends tonight, or at a date that the user enters", async () => {
    const element = await own();
    await write(element, "out", "tonight");
    await save(element);
    const midnight = new Date(NOON).setHours(23, 59, 59, 0);
    expect(Math.abs(NOON + (stage.said[0]?.expiresIn ?? 0) * 1_000 - midnight)).toBeLessThan(2_000);

    await write(element, "away", "date");
    const field = one(element, "input[type=datetime-local]") as HTMLInputElement;
    field.value = "2026-11-01T00:00";
    field.dispatchEvent(new Event("input"));
    one(element, ".primary").click();
    await drawn(element);
    expect(one(element, ".problem").textContent).toBe("Choose a time within the next 30 days.");
    expect(stage.said).toHaveLength(1);
    field.value = "2026-11-26T18:30";
    field.dispatchEvent(new Event("input"));
    await save(element);
    const end = Date.parse("2026-11-26T18:30");
    expect(Math.abs(Date.now() + (stage.said[1]?.expiresIn ?? 0) * 1_000 - end)).toBeLessThan(2_000);
    expect(label(element)).toMatch(/until (Thu|Fri) 18:30$/);
  });

  test("a text that is too long is not sent, and a failure is shown", async () => {
    const element = await own();
    await write(element, "三".repeat(34), "never");
    expect(one(element, ".problem").textContent).toBe("At most 100 bytes.");
    expect(one(element, ".primary").matches(":disabled")).toBe(true);
    // The app allows more now.
    stage.allow(true, 102);
    await drawn(element);
    expect(one(element, ".problem").textContent).toBe("");
    stage.allow(true, 60);
    await drawn(element);
    expect(one(element, ".problem").textContent).toBe("At most 60 bytes.");
    element.maxBytes = 200;
    await drawn(element);
    expect(one(element, ".problem").textContent).toBe("");
    const field = one(element, "input[type=text]") as HTMLInputElement;
    field.value = "[fail]";
    field.dispatchEvent(new Event("input"));
    await drawn(element);
    one(element, ".primary").click();
    await until(() => {
      expect(one(element, ".problem").textContent).toBe("That did not work: no connection to the server");
    });
    expect(all(element, "form")).toHaveLength(1);
  });

  test("a suggestion is put into the editor with its end", async () => {
    const element = await own();
    one(element, ".status").click();
    await drawn(element);
    one(element, ".chips button", 1).click();
    await drawn(element);
    expect((one(element, "input[type=text]") as HTMLInputElement).value).toBe("Focusing");
    expect(element.shadowRoot?.activeElement?.className).toBe("primary");
    await save(element);
    expect(stage.said).toEqual([{ customStatus: "🎧 Focusing", expiresIn: 1_800 }]);
  });

  test("the application sets the choices and the suggestions", async () => {
    const element = await own();
    TUIKit.setConfig({ statusDurations: [60, "never"], statusSuggestions: [{ text: "🎂 Cake", duration: 900 }] });
    one(element, ".status").click();
    await drawn(element);
    expect(choices(element)).toEqual(["1 minute", "Do not clear"]);
    expect(all(element, ".chips button").map(({ textContent }) => textContent.trim())).toEqual(["🎂 Cake"]);
    element.language = "zh";
    element.durations = ["tonight"];
    element.suggestions = [];
    await drawn(element);
    expect([choices(element), all(element, ".chips")]).toEqual([["今晚之前"], []]);
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    element.durations = "soon";
    await drawn(element);
    expect(choices(element)).toEqual(["1分钟", "不清除"]);
    expect(warn).toHaveBeenCalledOnce();
    expect(() => {
      TUIKit.setConfig({ statusDurations: [] });
    }).toThrow(TypeError);
    expect(TUIKit.config.statusDurations).toEqual([60, "never"]);
  });

  test("the server of a client that cannot set it is not asked", async () => {
    await TUIKit.destroy();
    Object.defineProperty(stage, "setSelfStatus", { value: undefined });
    TUIKit.init({ chat: stage });
    const element = await mount("tuikit-own-status");
    expect(one(element, ".status").matches(":disabled")).toBe(true);
  });

  test("a status that cannot be set is not announced as set", async () => {
    const attempt = async (element: TuikitOwnStatus) => {
      let heard = 0;
      element.addEventListener("tuikit-own-status-set", () => (heard += 1));
      const why = await element.set("out").catch((error: unknown) => (error as Error).message);
      await drawn(element);
      return [why, heard, announced(element)];
    };
    const element = await mount("tuikit-own-status", { language: "en" });
    // The element does not know yet that the kit has ended.
    void TUIKit.destroy();
    const noKit = "call TUIKit.init first, and add the element to the page";
    expect(await attempt(element)).toEqual([noKit, 0, ""]);
    const fresh = document.createElement("tuikit-own-status");
    await expect(fresh.set("out")).rejects.toThrow(noKit);
    TUIKit.init({ chat: stage });
    Object.defineProperty(stage, "setSelfStatus", { value: undefined });
    expect(await attempt(element)).toEqual(["the client has no setSelfStatus", 0, ""]);
  });

  test("the editor of one user is closed for the next, and stays open for the same", async () => {
    const element = await own();
    await write(element, "private", "never");
    stage.logOut();
    await drawn(element);
    stage.logIn("me");
    await drawn(element);
    expect((one(element, "input[type=text]") as HTMLInputElement).value).toBe("private");
    stage.logOut();
    await drawn(element);
    stage.logIn("bea");
    await drawn(element);
    expect(all(element, "form")).toHaveLength(0);
  });

  test("a status is set right after the element was added to the page", async () => {
    const element = document.createElement("tuikit-own-status");
    document.body.append(element);
    await element.set("out");
    expect(stage.said).toEqual([{ customStatus: "out", expiresIn: 0 }]);
  });
});

describe("by keyboard", () => {
  test("the editor opens, is left with Escape, and gives the focus back", async () => {
    open();
    const element = await own();
    element.focus();
    await userEvent.keyboard("{Enter}");
    await drawn(element);
    expect(element.shadowRoot?.activeElement?.getAttribute("type")).toBe("text");
    press("Escape", { keyCode: 229 });
    await drawn(element);
    expect(all(element, "form"), "an Escape of an input method").toHaveLength(1);
    await userEvent.keyboard("out{Tab}{Escape}");
    await drawn(element);
    expect(all(element, "form")).toHaveLength(0);
    expect(element.shadowRoot?.activeElement?.className).toContain("status");
  });

  test("the end of a slow save leaves a later editor open, and the focus where it is", async () => {
    const stage = open();
    const element = await own();
    const other = document.createElement("input");
    document.body.append(other);
    let finish: (error?: Error) => void = () => undefined;
    const answer = stage.setSelfStatus.bind(stage);
    vi.spyOn(stage, "setSelfStatus").mockImplementation(async (options) => {
      await new Promise<void>((fulfil, reject) => {
        finish = (error) => {
          if (error === undefined) {
            fulfil();
          } else {
            reject(error);
          }
        };
      });
      return answer(options);
    });
    const begin = async (text: string) => {
      await write(element, text, "never");
      one(element, ".primary").click();
      await drawn(element);
    };
    // The editor is cancelled, and opened again.
    await begin("first");
    one(element, ".cancel").click();
    await drawn(element);
    await write(element, "second", "never");
    expect(one(element, ".primary").matches(":enabled")).toBe(true);
    finish(new Error("no connection to the server"));
    await drawn(element);
    expect(one(element, ".problem").textContent).toBe("");
    one(element, ".cancel").click();
    await drawn(element);
    await begin("third");
    one(element, ".cancel").click();
    await drawn(element);
    await write(element, "fourth", "never");
    finish();
    await drawn(element);
    expect((one(element, "input[type=text]") as HTMLInputElement).value).toBe("fourth");
    // The user has moved the focus to another element of the page.
    one(element, ".primary").click();
    await drawn(element);
    other.focus();
    finish();
    await until(() => {
      expect(all(element, "form")).toHaveLength(0);
    });
    await drawn(element);
    expect(document.activeElement).toBe(other);
    // The focus is still in the editor.
    await begin("fifth");
    finish();
    await until(() => {
      expect(all(element, "form")).toHaveLength(0);
    });
    await drawn(element);
    expect(element.shadowRoot?.activeElement?.className).toContain("status");
  });

  test("the choices are radio buttons, and Enter sets the status", async () => {
    const stage = open();
    const element = await own();
    element.focus();
    await userEvent.keyboard("{Enter}");
    await drawn(element);
    await userEvent.keyboard("out");
    one(element, "input[type=radio]:checked").focus();
    await userEvent.keyboard("{ArrowRight}{ArrowRight}");
    await drawn(element);
    expect(one(element, "input[type=radio]:checked").getAttribute("value")).toBe("3600");
    await userEvent.keyboard("{Enter}");
    await until(() => {
      expect(stage.said).toEqual([{ customStatus: "out", expiresIn: 3_600 }]);
    });
  });

  test("an emoji is chosen with the arrows, and Escape closes only the menu", async () => {
    const stage = open();
    const element = await own();
    await element.edit();
    const button = one(element, ".emoji-button");
    button.focus();
    await userEvent.keyboard("{Enter}");
    await drawn(element);
    expect(element.shadowRoot?.activeElement?.textContent.trim()).toBe("No emoji");
    await userEvent.keyboard("{Escape}");
    await drawn(element);
    expect([all(element, "[role=menu]").length, all(element, "form").length]).toEqual([0, 1]);
    expect(element.shadowRoot?.activeElement).toBe(button);

    await userEvent.keyboard("{Enter}");
    await drawn(element);
    press("Home");
    press("ArrowRight");
    press("ArrowDown");
    press("ArrowUp");
    const chosen = element.shadowRoot?.activeElement?.textContent.trim() ?? "";
    expect(chosen).toBe("📅");
    await userEvent.keyboard("{Enter}");
    await drawn(element);
    expect(button.textContent.trim()).toBe(chosen);
    expect(element.shadowRoot?.activeElement).toBe(button);
    await userEvent.fill(one(element, "input[type=text]"), "Meeting");
    await userEvent.keyboard("{Enter}");
    await until(() => {
      expect(stage.said).toEqual([{ customStatus: `${chosen} Meeting`, expiresIn: 0 }]);
    });
  });
});

describe("the end of another user's status", () => {
  test.each(["tuikit-contact", "tuikit-conversation"] as const)("is in a row of %s, and counts down", async (tag) => {
    holdClock();
    const ending = BEA.map((bea) => ({ ...bea, saysFor: 90 }));
    const stage = open({ friends: ending, talks: ending.map((bea) => ({ with: bea, text: "hi", ago: 1 })) });
    const element = await mount(tag, { language: "en" });
    const shown = () => {
      const found = row(element, "Bea Schäfer");
      return ["status", "until"].map((part) => found.querySelector(`.${part}`)?.textContent ?? "");
    };
    await until(() => {
      expect(shown()).toEqual(["Lunch until one", "for 2 min"]);
    });
    expect(row(element, "Bea Schäfer").querySelector(".saying")?.getAttribute("title")).toMatch(
      /^Lunch until one \(until \d\d:31\)$/,
    );
    const before = vi.getTimerCount();
    await pass(60, element);
    expect(shown()[1]).toMatch(/^for (29|30) s$/);
    await pass(1, element);
    expect(shown()[1]).toMatch(/^for (28|29) s$/);
    expect(vi.getTimerCount()).toBeLessThanOrEqual(before);
    await until(() => {
      expect(stage.subscriptions).toContain("bea");
    });
    stage.becomes("bea", 1, "Lunch until one", { customExpires: Date.now() + 600_000 });
    await drawn(element);
    expect(shown()).toEqual(["Lunch until one", "for 10 min"]);
    stage.becomes("bea", 1, "", { reason: "custom_expired" });
    await drawn(element);
    expect(shown()).toEqual(["", ""]);
  });

  test("is in the header of a chat", async () => {
    holdClock();
    open({ friends: BEA.map((bea) => ({ ...bea, saysFor: 1_500 })) });
    const element = await mount("tuikit-chat", { conversationID: "C2Cbea", language: "zh" });
    await until(() => {
      expect(one(element, "header .saying").textContent.trim()).toMatch(/^Lunch until one还剩 25 分钟$/);
    });
    await pass(60, element);
    expect(one(element, "header .until").textContent).toMatch(/^还剩 24 分钟$/);
  });

  test("many rows have one timer", async () => {
    holdClock();
    open({ friends: FRIENDS.map((one, n) => ({ ...one, status: 1 as const, says: "out", saysFor: 300 + n })) });
    const element = await mount("tuikit-contact");
    await until(() => {
      expect(all(element, ".until").length).toBeGreaterThan(3);
    });
    await vi.advanceTimersByTimeAsync(10_000);
    const withEnds = vi.getTimerCount();
    element.remove();
    expect(withEnds - vi.getTimerCount()).toBeLessThanOrEqual(1);
  });
});
