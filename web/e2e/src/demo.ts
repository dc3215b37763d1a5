/** Prepares tests with visitors: a demo server, a browser, and new windows for each test. */

import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { launch, Windows } from "./browser.js";
import { Server } from "./server.js";

/** The server and the windows of the tests. They exist after `beforeAll`. */
export interface Demo {
  readonly server: Server;
  readonly browser: Browser;
  /** The windows of the current test. An error in one of their pages fails the test. */
  readonly windows: Windows;
  /**
   * Opens more windows in the current test, with their own options. An error in one of their pages fails the test as
   * well.
   */
  readonly open: (...how: WindowOptions) => Promise<Windows>;
}

type WindowOptions = Parameters<typeof Windows.open> extends [Browser, ...infer Options] ? Options : never;

/** Prepares the tests of the surrounding `describe`. `prepare` runs once, when the server is ready. */
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
