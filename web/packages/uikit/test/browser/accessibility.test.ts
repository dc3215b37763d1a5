/** Tests that axe finds no problem in any state of a component, in both themes and both text directions. */

import axe from "axe-core";
import { describe, expect, test, vi } from "vitest";
import { userEvent } from "vitest/browser";
import { crowd, drawn, mount, NOON, all, one, open, until, type Tag, rows } from "./support.js";
import { FRIENDS } from "../../stage/people.js";
import type { Scene, Stage } from "../../stage/stage.js";

/** A friend whose custom status has an end. */
const ENDING = FRIENDS.filter(({ id }) => id === "bea").map((bea) => ({ ...bea, saysFor: 1_500 }));

interface State {
  readonly name: string;
  readonly tag: Tag;
  readonly scene?: Partial<Scene>;
  readonly set?: Record<string, unknown>;
  /** The selector of an element that exists when the state is reached. */
  readonly shows: string;
  readonly then?: (element: HTMLElement & { updateComplete: Promise<boolean> }, stage: Stage) => Promise<void>;
}

const STATES: readonly State[] = [
  { name: "conversations with dots", tag: "tuikit-conversation", shows: ".dot" },
  {
    name: "conversations, one selected",
    tag: "tuikit-conversation",
    set: { selectedID: "C2Cmaya" },
    shows: '[aria-selected="true"] .dot',
  },
  {
    name: "conversations without dots",
    tag: "tuikit-conversation",
    set: { isShowOnlineStatus: false },
    shows: ".row",
  },
  { name: "no conversations", tag: "tuikit-conversation", scene: { talks: [] }, shows: ".placeholder" },
  { name: "conversations loading", tag: "tuikit-conversation", scene: { lists: "pending" }, shows: ".skeleton" },
  { name: "conversations failed", tag: "tuikit-conversation", scene: { lists: "failing" }, shows: ".button" },
  ...(["tuikit-conversation", "tuikit-contact"] as const).map((tag): State => ({
    name: `${tag} without a connection`,
    tag,
    shows: ".dot",
    then: async (element, stage) => {
      stage.net("disconnected");
      await until(() => {
        expect(all(element, ".notice.cut button")).toHaveLength(1);
      });
    },
  })),
  {
    name: "conversations of an app whose switch is off",
    tag: "tuikit-conversation",
    shows: ".row",
    then: async (element, stage) => {
      vi.spyOn(console, "warn").mockImplementation(() => undefined);
      stage.allow(false);
      await until(() => {
        expect(all(element, ".notice.withheld span")).toHaveLength(1);
      });
    },
  },
  {
    name: "the menu of a conversation",
    tag: "tuikit-conversation",
    shows: ".dot",
    then: async (element) => {
      await userEvent.click(rows(element)[1] ?? element, { button: "right" });
      await drawn(element);
      expect(all(element, "[role=menu]")).toHaveLength(1);
    },
  },
  {
    name: "the question before a conversation goes",
    tag: "tuikit-conversation",
    shows: ".row",
    then: async (element) => {
      one(element, ".list").focus();
      await userEvent.keyboard("{Delete}");
      await drawn(element);
      expect(all(element, "[role=alertdialog]")).toHaveLength(1);
    },
  },
  { name: "contacts with dots", tag: "tuikit-contact", shows: ".dot" },
  {
    name: "contacts, one selected",
    tag: "tuikit-contact",
    set: { selectedID: "bea" },
    shows: '[aria-selected="true"] .dot',
  },
  { name: "contacts without dots", tag: "tuikit-contact", set: { isShowOnlineStatus: false }, shows: ".row" },
  { name: "many contacts", tag: "tuikit-contact", scene: { friends: crowd(300) }, shows: ".dot" },
  { name: "no contacts", tag: "tuikit-contact", scene: { friends: [] }, shows: ".placeholder" },
  { name: "contacts failed", tag: "tuikit-contact", scene: { lists: "failing" }, shows: ".button" },
  { name: "a chat", tag: "tuikit-chat", set: { conversationID: "C2Cmaya" }, shows: "header .dot" },
  {
    name: "a chat with a message that was not sent",
    tag: "tuikit-chat",
    set: { conversationID: "C2Cmaya" },
    shows: "textarea",
    then: async (element) => {
      await userEvent.fill(one(element, "textarea"), "[fail]");
      await userEvent.keyboard("{Enter}");
      await until(() => {
        expect(all(element, ".note.failed")).toHaveLength(1);
      });
    },
  },
  {
    name: "contacts whose statuses have an end",
    tag: "tuikit-contact",
    scene: { friends: ENDING },
    shows: ".until",
  },
  {
    name: "a chat with a user whose status has an end",
    tag: "tuikit-chat",
    scene: { friends: ENDING },
    set: { conversationID: "C2Cbea" },
    shows: "header .until",
  },
  { name: "no own status", tag: "tuikit-own-status", shows: ".status.empty:enabled" },
  {
    name: "an own status with an end",
    tag: "tuikit-own-status",
    shows: ".status",
    then: async (element, stage) => {
      await stage.setSelfStatus({ customStatus: "🍜 Lunch", expiresIn: 1_800 });
      await until(() => {
        expect(all(element, ".until")).toHaveLength(1);
      });
    },
  },
  ...(["the editor", "the editor with a date that has passed", "the menu of emojis"] as const).map((name): State => ({
    name,
    tag: "tuikit-own-status",
    shows: ".status:enabled",
    then: async (element) => {
      await (element as typeof element & { edit(): Promise<void> }).edit();
      if (name === "the editor with a date that has passed") {
        await userEvent.fill(one(element, "input[type=text]"), "out");
        one(element, 'input[value="date"]').click();
        await drawn(element);
        await userEvent.fill(one(element, "input[type=datetime-local]"), "2026-11-24T00:00");
        one(element, ".primary").click();
        await drawn(element);
        expect(one(element, ".problem").textContent).not.toBe("");
      } else if (name === "the menu of emojis") {
        one(element, ".emoji-button").click();
        await drawn(element);
        expect(all(element, "[role=menu]")).toHaveLength(1);
      }
    },
  })),
  {
    name: "the menu of a contact",
    tag: "tuikit-contact",
    shows: ".dot",
    then: async (element) => {
      await userEvent.click(rows(element)[1] ?? element, { button: "right" });
      await drawn(element);
      expect(all(element, "[role=menu]")).toHaveLength(1);
    },
  },
  {
    name: "the question before a contact is blocked",
    tag: "tuikit-contact",
    shows: ".dot",
    then: async (element) => {
      await userEvent.click(rows(element)[1] ?? element, { button: "right" });
      await drawn(element);
      one(element, "[role=menuitem]").click();
      await drawn(element);
      expect(all(element, "[role=alertdialog]")).toHaveLength(1);
    },
  },
  { name: "a block list", tag: "tuikit-block-list", scene: { blocked: ["maya", "stranger"] }, shows: "li" },
  { name: "an empty block list", tag: "tuikit-block-list", shows: ".placeholder" },
  { name: "a block list that failed", tag: "tuikit-block-list", scene: { lists: "failing" }, shows: ".button" },
  {
    name: "the question before a user is unblocked",
    tag: "tuikit-block-list",
    scene: { blocked: ["maya"] },
    shows: "li",
    then: async (element) => {
      one(element, ".unblock").click();
      await drawn(element);
      expect(all(element, "[role=alertdialog]")).toHaveLength(1);
    },
  },
  { name: "the visibility", tag: "tuikit-visibility", shows: "fieldset:enabled" },
  {
    name: "a visibility that was not set",
    tag: "tuikit-visibility",
    shows: "fieldset:enabled",
    then: async (element, stage) => {
      stage.isRefusing = true;
      one(element, 'input[value="nobody"]').click();
      await until(() => {
        expect(one(element, ".problem").textContent).not.toBe("");
      });
    },
  },
  { name: "no chat chosen", tag: "tuikit-chat", shows: ".placeholder" },
];

describe.each([
  ["light", "ltr", "en"],
  ["dark", "ltr", "en"],
  ["light", "rtl", "zh"],
] as const)("%s, %s, %s", (theme, dir, language) => {
  test.each(STATES)("$name", async ({ tag, scene, set, shows, then }) => {
    vi.useFakeTimers({ toFake: ["Date"], now: NOON });
    document.documentElement.dir = dir;
    document.documentElement.lang = language;
    document.title = "Lamplight";
    document.body.style.background = theme === "dark" ? "#14171d" : "#ffffff";
    const stage = open(scene);
    const element = await mount(tag, { theme, language, ...set });
    await until(() => {
      expect(all(element, shows).length).toBeGreaterThan(0);
    });
    await then?.(element, stage);
    const { violations } = await axe.run(element, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
      rules: { region: { enabled: false }, "page-has-heading-one": { enabled: false } },
    });
    expect(
      violations.map(
        ({ id, nodes }) =>
          `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary ?? ""}`).join("\n")}`,
      ),
    ).toEqual([]);
  });
});

test("axe would have found a fault", async () => {
  open();
  const element = await mount("tuikit-contact", { theme: "light" });
  element.style.setProperty("--tuikit-saying", "#dddddd");
  await until(() => {
    expect(all(element, ".status").length).toBeGreaterThan(0);
  });
  const { violations } = await axe.run(element, { runOnly: ["wcag2aa"] });
  expect(violations.map(({ id }) => id)).toEqual(["color-contrast"]);
});
