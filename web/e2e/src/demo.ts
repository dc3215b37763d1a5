/** The demo, a browser, and windows that each test has for itself: the set-up of the tests about visitors. */

import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { launch, Windows } from "./browser.js";
import { Server } from "./server.js";

/** The server and the pages of a test, from its `beforeAll` on. */
export interface Demo {
  readonly server: Server;
  readonly browser: Browser;
  /** New for every test. An error of one of its pages fails the test. */
  readonly windows: Windows;
  /** Opens further windows of this test, with options of their own; as with `windows`, an error fails the test. */
  readonly open: (...how: WindowOptions) => Promise<Windows>;
}

type WindowOptions = Parameters<typeof Windows.open> extends [Browser, ...infer Options] ? Options : never;

/** Sets up the tests of the `describe` around. `prepare` runs once, when the server is there. */
export function setUpDemo(prepare: (server: Server) => Promise<void> = () => Promise.resolve()): Demo {
  const demo = {} as { -readonly [Part in keyof Demo]: Demo[Part] };
  let opened: Windows[] = [];
  demo.open = async (...how) => {
    const windows = await Windows.open(demo.browser, ...how);
    opened.push(windows);
    return windows;
  };
  beforeAll(async () => {
    [demo.server, demo.browser] = await Promise.all([Server.start({ kind: "demo" }), launch()]);
    await prepare(demo.server);
  });
  beforeEach(async () => {
    demo.windows = await demo.open();
  });
  afterEach(async () => {
    const ended = opened;
    opened = [];
    await Promise.all(ended.map((windows) => windows.close()));
    expect(ended.flatMap(({ errors }) => errors)).toEqual([]);
  });
  afterAll(async () => {
    await demo.browser.close();
    await demo.server.stop();
  });
  return demo;
}
