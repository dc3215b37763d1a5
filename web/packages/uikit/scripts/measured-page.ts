/** Scrolls a list of ten thousand rows, and measures each frame. It runs in the page that `measure.js` opens. */

import { EVENT } from "@lamplight/chat";
import { TUIKit } from "../src/index.js";
import { crowd } from "../stage/crowd.js";
import { Stage } from "../stage/stage.js";

export interface Measured {
  /** The times between frames, in milliseconds. */
  readonly frames: readonly number[];
  /** The maximum number of elements in the component during scrolling. */
  readonly elements: number;
  /** The time between the insertion of the element and its first rows, in milliseconds. */
  readonly first: number;
}

declare global {
  interface Window {
    measure(tag: "tuikit-conversation" | "tuikit-contact", step: number): Promise<Measured>;
  }
}

const ROWS = 10_000;
/** The number of frames: five seconds at 60 frames a second. */
const FRAMES = 300;

window.measure = async (tag, step) => {
  const people = crowd(ROWS);
  const talks = people.map((person, index) => ({
    with: person,
    text: `Message ${index}`,
    ago: index,
    unread: index % 7,
  }));
  const stage = new Stage({ self: "me", friends: people, talks, now: Date.now() });
  TUIKit.init({ chat: stage });
  const begun = performance.now();
  const list = document.body.appendChild(document.createElement(tag));
  const rows = () => list.shadowRoot?.querySelectorAll(".row").length ?? 0;
  while (rows() === 0) {
    await frame();
  }
  const first = performance.now() - begun;
  for (let settle = 0; settle < 60; settle += 1) {
    await frame();
  }
  const scroller = list.shadowRoot?.querySelector(".scroller");
  const frames: number[] = [];
  let elements = 0;
  let before = await frame();
  for (let index = 0; index < FRAMES; index += 1) {
    scroller?.scrollBy(0, step);
    // The statuses of users change during the scrolling.
    if (index % 10 === 0) {
      const changed = stage.subscriptions.slice(0, 20);
      stage.emit(
        EVENT.USER_STATUS_UPDATED,
        changed.map((userID) => ({
          userID,
          statusType: 1 + (index % 3),
          customStatus: "",
          version: `${index + 10}`,
        })),
      );
    }
    const now = await frame();
    frames.push(now - before);
    before = now;
    elements = Math.max(elements, list.shadowRoot?.querySelectorAll("*").length ?? 0);
  }
  list.remove();
  await TUIKit.destroy();
  return { frames, elements, first };
};

function frame(): Promise<number> {
  return new Promise((done) => requestAnimationFrame(done));
}
