/** A record of what a page shows for a user, so that a test also sees what is shown for a moment only. */

import type { Page } from "playwright-core";

/** Makes the page record every dot and custom status that it shows for a user. */
export async function keepPictures(page: Page, name: string): Promise<void> {
  await page.evaluate((name) => {
    const desk = document.querySelector("lamplight-demo")?.shadowRoot?.querySelector("lamplight-desk");
    const list = desk?.shadowRoot?.querySelector("tuikit-conversation")?.shadowRoot;
    if (list === null || list === undefined) {
      throw new Error("the page has no list of conversations");
    }
    const pictures: string[] = [];
    const look = () => {
      const rows = [...list.querySelectorAll("[role=option]:not([hidden])")];
      const row = rows.find((row) => row.querySelector(".name")?.textContent === name);
      const dot = row?.querySelector(".dot")?.getAttribute("aria-label") ?? "no dot";
      const picture = `${dot}: ${row?.querySelector(".status")?.textContent ?? ""}`;
      if (picture !== pictures.at(-1)) {
        pictures.push(picture);
      }
    };
    look();
    new MutationObserver(look).observe(list, {
      subtree: true,
      childList: true,
      attributes: true,
      characterData: true,
    });
    Object.assign(window, { pictures });
  }, name);
}

/** Returns what {@link keepPictures} has recorded, each as `dot: custom status`. Equal ones in a row are one. */
export function picturesOf(page: Page): Promise<string[]> {
  return page.evaluate(() => (window as unknown as { pictures: string[] }).pictures);
}
