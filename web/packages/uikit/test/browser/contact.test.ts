/** Tests the contact list: its letters, the bar beside it, and the keyboard. */

import { expect, test } from "vitest";
import { userEvent } from "vitest/browser";
import type { Friend, TuikitContact } from "../../src/index.js";
import { all, crowd, drawn, mount, one, open, press, row, until, rows, names } from "./support.js";

async function list(set: Partial<TuikitContact> = {}, inside = ""): Promise<TuikitContact> {
  const element = await mount("tuikit-contact", set, inside);
  await until(() => {
    expect(rows(element).length).toBeGreaterThan(0);
  });
  return element;
}

const sticky = (element: Element) => one(element, ".letter.sticky").textContent.trim();

test("friends stand under letters, Chinese names under their pinyin", async () => {
  open();
  const element = await list();
  await until(() => {
    const texts = all(element, ".letter, .row .name")
      .map((found) => ({ top: found.getBoundingClientRect().top, text: found.textContent.trim() }))
      .sort((a, b) => a.top - b.top)
      .map(({ text }) => text);
    expect(texts.slice(0, 9)).toEqual([
      "A",
      "Amir Haddad",
      "Anna Kowalska",
      "B",
      "Bea Schäfer",
      "Bruno Okafor",
      "C",
      "陈晓",
      "Chloe Tan",
    ]);
  });
  expect(all(element, ".letters span").map((letter) => letter.textContent)).toEqual(Array.from("ABCILMNPSWZ"));
});

test("the letter of those in sight stays on top", async () => {
  open({ friends: crowd(1_000) });
  const element = await list();
  const scroller = one(element, ".scroller");
  for (const top of [0, 2_000, 8_000, 30_000]) {
    scroller.scrollTop = top;
    await drawn(element);
    const box = one(element, ".letter.sticky").getBoundingClientRect();
    expect(box.top).toBe(0);
    const first = rows(element)
      .filter((found) => found.getBoundingClientRect().bottom > box.bottom)
      .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)[0];
    expect(first?.querySelector(".name")?.textContent.charAt(0)).toBe(sticky(element));
    expect(one(element, ".letters .here").textContent).toBe(sticky(element));
  }
});

test("the bar jumps, by finger and by key", async () => {
  open({ friends: crowd(1_000) });
  const element = await list();
  const bar = one(element, ".bar");
  const names = all(element, ".letters span").map((found) => found.textContent);
  await userEvent.click(one(element, ".letters span", names.indexOf("K")));
  await until(() => {
    expect(sticky(element)).toBe("K");
  });
  bar.focus();
  await userEvent.keyboard("{ArrowDown}");
  await until(() => {
    expect(sticky(element)).toBe("L");
    expect(bar.getAttribute("aria-valuetext")).toBe("L");
  });
  await userEvent.keyboard("{Home}");
  await until(() => {
    expect(sticky(element)).toBe("A");
  });
});

test("the keyboard: arrows, a letter, Enter; and no row hides under the letter", async () => {
  open({ friends: crowd(1_000) });
  const element = await list();
  const taps: string[] = [];
  element.addEventListener("tuikit-contact-tap", ({ detail }) => taps.push(detail.friend.userID));
  element.focus();
  await drawn(element);
  await userEvent.keyboard("{ArrowDown}{Enter}");
  press("k");
  await drawn(element);
  await userEvent.keyboard("{Enter}");
  expect(taps).toEqual(["u13", "u10"]);
  await userEvent.keyboard("{ArrowDown}{ArrowDown}{ArrowUp}{ArrowUp}");
  await drawn(element);
  const current = one(element, ".row.current");
  expect(current.querySelector(".name")?.textContent).toBe("Kira 00010");
  expect(current.getBoundingClientRect().top).toBeGreaterThanOrEqual(32);
  for (let up = 0; up < 14; up += 1) {
    await userEvent.keyboard("{ArrowUp}");
    await drawn(element);
    expect(one(element, ".row.current").getBoundingClientRect().top).toBeGreaterThanOrEqual(32);
  }
});

test("a click opens, a filter filters, the top slot scrolls along", async () => {
  open();
  const taps: Friend[] = [];
  const element = await list(
    { filter: ({ userID }) => userID !== "amir" },
    `<div slot="top" style="block-size: 50px">New contacts</div>`,
  );
  element.addEventListener("tuikit-contact-tap", ({ detail }) => taps.push(detail.friend));
  expect(names(element)).not.toContain("Amir Haddad");
  await until(() => {
    expect(row(element, "Anna Kowalska").getBoundingClientRect().top).toBe(82);
  });
  await userEvent.click(row(element, "Anna Kowalska"));
  expect(taps.map(({ userID }) => userID)).toEqual(["anna"]);
});

test("nobody: our words; ten thousand: a few dozen rows", async () => {
  open({ friends: [] });
  const empty = await mount("tuikit-contact");
  await until(() => {
    expect(one(empty, ".placeholder").textContent).toContain("No contacts yet");
  });
  empty.remove();
  open({ friends: crowd(10_000) });
  const element = await list();
  expect(rows(element).length).toBeLessThan(40);
});
