/** Tests the language of a component that has no language of its own: that of the kit, or else that of the page. */

import { afterEach, expect, test } from "vitest";
import { TUIKit } from "../../src/index.js";
import { drawn, mount, one, open } from "./support.js";

afterEach(() => {
  document.documentElement.removeAttribute("lang");
});

test("a picture has the language of the kit, and its own language comes first", async () => {
  open({}, { language: "zh" });
  const element = await mount("tuikit-avatar", { name: "Maya", status: 1 });
  const labels = () => [element, one(element, ".dot")].map((labelled) => labelled.getAttribute("aria-label"));
  expect(labels()).toEqual(["Maya, 在线", "在线"]);
  TUIKit.setConfig({ language: "en" });
  document.documentElement.lang = "zh";
  await drawn(element);
  expect(labels()).toEqual(["Maya, Online", "Online"]);
  element.language = "zh";
  await drawn(element);
  expect(labels()).toEqual(["Maya, 在线", "在线"]);
  element.language = "";
  TUIKit.setConfig({ language: "" });
  await drawn(element);
  expect(labels()).toEqual(["Maya, 在线", "在线"]);
});
