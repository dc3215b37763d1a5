/** Creates the four pictures of the README: each list with and without online statuses. */

import "@fontsource-variable/inter";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { page } from "vitest/browser";
import { TUIKit } from "../../src/index.js";
import { NOON, SCENE } from "../../stage/people.js";
import { Stage } from "../../stage/stage.js";

/** Fonts that every machine for tests has. They come with the tests or with the packages of the browser. */
const FONT = '"Inter Variable", "Noto Sans CJK SC"';

beforeEach(() => {
  vi.useFakeTimers({ now: NOON, toFake: ["Date"] });
  document.body.style.cssText = `margin: 0; --tuikit-font: ${FONT}`;
});

afterEach(async () => {
  document.body.replaceChildren();
  await TUIKit.destroy();
  vi.useRealTimers();
});

test.each([
  ["tuikit-conversation", "uikit-conversation-on", true],
  ["tuikit-conversation", "uikit-conversation-off", false],
  ["tuikit-contact", "uikit-contact-on", true],
  ["tuikit-contact", "uikit-contact-off", false],
] as const)("%s looks like %s", async (name, picture, isOn) => {
  TUIKit.init({ chat: new Stage(SCENE) });
  const list = document.createElement(name);
  list.isShowOnlineStatus = isOn;
  list.theme = "light";
  list.style.cssText = "inline-size: 360px; block-size: 640px";
  document.body.append(list);
  await vi.waitFor(() => {
    const dots = list.shadowRoot?.querySelectorAll(".dot").length ?? 0;
    expect(list.shadowRoot?.querySelectorAll(".row").length).toBeGreaterThan(6);
    expect(dots > 0).toBe(isOn);
  });
  await document.fonts.ready;
  expect(document.fonts.check('16px "Inter Variable"')).toBe(true);
  await expect.element(page.elementLocator(list)).toMatchScreenshot(picture);
});
