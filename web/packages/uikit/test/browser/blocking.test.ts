/** Tests the block list, the items of the menus that change it, and the choice of a visibility. */

import { describe, expect, test } from "vitest";
import { userEvent } from "vitest/browser";
import { TUIKit, type TuikitContact, type TuikitConversation, type VisibilityEventDetail } from "../../src/index.js";
import type { Stage } from "../../stage/stage.js";
import { all, drawn, mount, one, open, press, row, rows, until } from "./support.js";

const users = (stage: Stage, name: string) =>
  stage.calls.filter(({ call }) => call === name).map((made) => made.users.join(" "));
const items = (element: Element) => all(element, "[role=menuitem]").map((item) => item.textContent.trim());
const announced = (element: Element) => one(element, ".hidden-text[role=status]").textContent;
const blocked = (element: Element) => all(element, "li .name").map((name) => name.textContent);

async function list(tag: "tuikit-contact" | "tuikit-conversation"): Promise<TuikitContact | TuikitConversation> {
  const element = await mount(tag, { language: "en" });
  await until(() => {
    expect(rows(element).length).toBeGreaterThan(0);
  });
  return element;
}

/** Opens the menu of a row like a right click. */
async function openMenu(element: TuikitContact | TuikitConversation, name: string): Promise<void> {
  row(element, name).dispatchEvent(
    new MouseEvent("contextmenu", { bubbles: true, composed: true, cancelable: true, clientX: 50, clientY: 100 }),
  );
  await drawn(element);
}

/** Opens the menu of a row, and clicks an item. */
async function choose(element: TuikitContact | TuikitConversation, name: string, item: string): Promise<void> {
  await openMenu(element, name);
  await until(() => {
    expect(items(element)).toContain(item);
  });
  all(element, "[role=menuitem]")
    .find((found) => found.textContent.trim() === item)
    ?.click();
  await until(() => {
    expect(all(element, "[role=alertdialog]")).toHaveLength(1);
  });
}

describe.each(["tuikit-contact", "tuikit-conversation"] as const)("in the menu of %s", (tag) => {
  test("a user is blocked and unblocked, each after a question", async () => {
    const stage = open();
    const element = await list(tag);
    await choose(element, "Maya Lindqvist", "Block");
    expect(one(element, "[role=alertdialog]").textContent).toContain("Block Maya Lindqvist?");
    expect(users(stage, "addToBlacklist")).toEqual([]);
    await userEvent.keyboard("{Tab}{Enter}");
    await until(() => {
      expect(users(stage, "addToBlacklist")).toEqual(["maya"]);
      expect(announced(element)).toBe("Maya Lindqvist is blocked.");
      expect(element.shadowRoot?.activeElement).toBe(one(element, ".list"));
    });
    await choose(element, "Maya Lindqvist", "Unblock");
    await userEvent.keyboard("{Tab}{Enter}");
    await until(() => {
      expect(users(stage, "removeFromBlacklist")).toEqual(["maya"]);
      expect(announced(element)).toBe("Maya Lindqvist is not blocked any longer.");
    });
  });

  test("the question can be cancelled, and a failure is shown", async () => {
    const stage = open();
    const element = await list(tag);
    await choose(element, "Maya Lindqvist", "Block");
    await userEvent.keyboard("{Escape}");
    await drawn(element);
    expect([all(element, "[role=alertdialog]"), users(stage, "addToBlacklist")]).toEqual([[], []]);
    stage.isRefusing = true;
    await choose(element, "Maya Lindqvist", "Block");
    one(element, ".choices .dangerous").click();
    await until(() => {
      expect(one(element, "[role=alert]").textContent).toBe("That did not work: no connection to the server");
    });
    expect(announced(element)).toBe("");
  });

  test("the block list is read when the first menu opens, and the item follows other devices", async () => {
    const stage = open({ blocked: ["bruno"] });
    const element = await list(tag);
    expect(users(stage, "getBlacklist")).toEqual([]);
    one(element, ".list").focus();
    await openMenu(element, "Maya Lindqvist");
    await until(() => {
      expect(items(element)).toContain("Block");
    });
    stage.blocks(["maya"]);
    await until(() => {
      expect(items(element)).toContain("Unblock");
    });
    await userEvent.keyboard("{Escape}");
    await openMenu(element, "Bruno Okafor");
    await until(() => {
      expect(items(element)).toContain("Unblock");
    });
    expect(users(stage, "getBlacklist")).toEqual([""]);
  });

  test("a client without a block list offers none", async () => {
    const stage = open();
    Object.assign(stage, { addToBlacklist: undefined });
    const element = await list(tag);
    await openMenu(element, "Maya Lindqvist");
    await drawn(element);
    expect(items(element)).not.toContain("Block");
  });
});

test("the menu of a contact opens with the keyboard and gives the focus back", async () => {
  open();
  const element = await list("tuikit-contact");
  one(element, ".list").focus();
  await userEvent.keyboard("{Home}");
  press("F10", { shiftKey: true });
  await until(() => {
    expect(element.shadowRoot?.activeElement?.textContent.trim()).toBe("Block");
  });
  await userEvent.keyboard("{Enter}");
  await until(() => {
    expect(element.shadowRoot?.activeElement?.textContent.trim()).toBe("Cancel");
  });
  await userEvent.keyboard("{Enter}");
  await until(() => {
    expect(element.shadowRoot?.activeElement).toBe(one(element, ".list"));
  });
});

describe("the block list", () => {
  test("shows the blocked users by their names, and those in no list with their profiles", async () => {
    const stage = open({ blocked: ["zed", "maya", "linyue"] });
    const element = await mount("tuikit-block-list", { language: "en" });
    await until(() => {
      expect(blocked(element)).toEqual(["Maya Lindqvist", "Nick of zed", "林月（设计）"]);
    });
    expect(users(stage, "getUserProfile")).toEqual(["zed"]);
    stage.blocks(["amir"]);
    await until(() => {
      expect(blocked(element)[0]).toBe("Amir Haddad");
    });
  });

  test("unblocks after a question, and moves the focus to the next user", async () => {
    const stage = open({ blocked: ["amir", "maya"] });
    const element = await mount("tuikit-block-list", { language: "en" });
    await until(() => {
      expect(blocked(element)).toEqual(["Amir Haddad", "Maya Lindqvist"]);
    });
    element.focus();
    expect(element.shadowRoot?.activeElement?.getAttribute("aria-label")).toBe("Unblock Amir Haddad");
    await userEvent.keyboard("{Enter}");
    await until(() => {
      expect(one(element, "[role=alertdialog]").textContent).toContain("Unblock Amir Haddad?");
    });
    await userEvent.keyboard("{Tab}{Enter}");
    await until(() => {
      expect(blocked(element)).toEqual(["Maya Lindqvist"]);
      expect(announced(element)).toBe("Amir Haddad is not blocked any longer.");
      expect(element.shadowRoot?.activeElement?.getAttribute("aria-label")).toBe("Unblock Maya Lindqvist");
    });
    expect(users(stage, "removeFromBlacklist")).toEqual(["amir"]);
    await userEvent.keyboard("{Enter}");
    await drawn(element);
    await userEvent.keyboard("{Tab}{Enter}");
    await until(() => {
      expect(one(element, ".placeholder").textContent).toContain("Nobody is blocked");
    });
  });

  test("shows a failure, and keeps the user", async () => {
    const stage = open({ blocked: ["maya"] });
    stage.isRefusing = true;
    const element = await mount("tuikit-block-list", { language: "zh" });
    await until(() => {
      expect(blocked(element)).toEqual(["Maya Lindqvist"]);
    });
    one(element, ".unblock").click();
    await drawn(element);
    await userEvent.keyboard("{Tab}{Enter}");
    await until(() => {
      expect(one(element, ".error").textContent).toBe("操作失败：no connection to the server");
    });
    expect(blocked(element)).toEqual(["Maya Lindqvist"]);
  });
});

describe("the visibility", () => {
  const chosen = (element: Element) =>
    all(element, "input:checked").map((input) => (input as HTMLInputElement).value);

  async function visibility() {
    const element = await mount("tuikit-visibility", { language: "en" });
    await until(() => {
      expect(one(element, "fieldset").matches(":enabled")).toBe(true);
    });
    return element;
  }

  test("is chosen with the keyboard, is announced, and follows other devices", async () => {
    const stage = open();
    const element = await visibility();
    const told: VisibilityEventDetail[] = [];
    element.addEventListener("tuikit-visibility-set", ({ detail }) => told.push(detail));
    expect([chosen(element), one(element, "legend").textContent]).toEqual([["everyone"], "Who sees your status"]);
    element.focus();
    await userEvent.keyboard("{ArrowDown}");
    await until(() => {
      expect(users(stage, "setVisibility")).toEqual(["friends"]);
      expect(announced(element)).toBe("Only your friends see your status now.");
    });
    expect([chosen(element), told]).toEqual([["friends"], [{ visibility: "friends" }]]);
    stage.showsTo("nobody");
    await until(() => {
      expect(chosen(element)).toEqual(["nobody"]);
    });
    expect(told).toHaveLength(1);
  });

  test("stays as it was if the call fails", async () => {
    const stage = open();
    const element = await visibility();
    stage.isRefusing = true;
    one(element, 'input[value="nobody"]').click();
    await until(() => {
      expect(one(element, ".problem").textContent).toBe("That did not work: no connection to the server");
      expect(chosen(element)).toEqual(["everyone"]);
    });
    expect(announced(element)).toBe("");
  });

  test.each([
    ["the client has no setVisibility", (stage: Stage) => Object.assign(stage, { setVisibility: undefined })],
    ["call TUIKit.init first", () => void TUIKit.destroy()],
  ] as const)("is not announced as set if it cannot be: %s", async (why, end) => {
    const stage = open();
    const element = await visibility();
    let told = 0;
    element.addEventListener("tuikit-visibility-set", () => (told += 1));
    end(stage);
    one(element, 'input[value="nobody"]').dispatchEvent(new Event("change"));
    await until(() => {
      expect(one(element, ".problem").textContent).toBe(`That did not work: ${why}`);
    });
    expect([announced(element), told]).toEqual(["", 0]);
  });

  test("cannot be chosen before a login, after a logout, or without the method", async () => {
    const stage = open();
    const element = await visibility();
    stage.logOut();
    await until(() => {
      expect(one(element, "fieldset").matches(":disabled")).toBe(true);
    });
    stage.logIn("me");
    await until(() => {
      expect(one(element, "fieldset").matches(":enabled")).toBe(true);
    });
    Object.assign(stage, { setVisibility: undefined });
    TUIKit.setConfig({});
    await until(() => {
      expect(one(element, "fieldset").matches(":disabled")).toBe(true);
    });
  });
});

test("a message that the recipient refuses says why at the message", async () => {
  open();
  const element = await mount("tuikit-chat", { language: "en", conversationID: "C2Cmaya" });
  await until(() => {
    expect(all(element, "textarea")).toHaveLength(1);
  });
  for (const [count, text] of ["[blocked] hello", "[fail] hello"].entries()) {
    await userEvent.fill(one(element, "textarea"), text);
    await userEvent.keyboard("{Enter}");
    await until(() => {
      expect(all(element, ".note.failed")).toHaveLength(count + 1);
    });
  }
  const notes = all(element, ".note.failed").map(({ textContent }) => textContent.replace(/\s+/g, " ").trim());
  expect(notes).toEqual(["Not sent: the recipient has blocked you Send again", "Not sent Send again"]);
});
