/** How links break, and how the client comes back. */

import { expect, test } from "vitest";
import { delay } from "../../src/backoff.js";
import { heartbeatInterval } from "../../src/link.js";
import { liveTranscript } from "./script.js";

test("the wait doubles up to half a minute, and all of it is random", () => {
  for (const [failures, longest] of [
    [0, 1_000],
    [1, 2_000],
    [4, 16_000],
    [5, 30_000],
    [31, 30_000],
    [5_000, 30_000],
  ] as const) {
    expect([delay(failures, 1), delay(failures, 0.5), delay(failures, 0)]).toEqual([longest, longest / 2, 0]);
  }
});

test("a call wakes the back-off, and while it waits no wait is long", () => {
  expect(
    liveTranscript(
      `down
       next
       down
       next
       down
       next
       down
       wait 3000
       timeout 10000
       get ann
       down
       wait 1500
       get bob
       next
       down
       next
       up
       answer @ login`,
    ),
  ).toMatchInlineSnapshot(`
    "> down
      close
      ! disconnected 9508 no connection to the server: closed; again in 1000
    > next, after 1000 ms
      ! connecting
      open
    > down
      close
      ! connectFailed 9508 no connection to the server: closed; again in 2000
    > next, after 2000 ms
      ! connecting
      open
    > down
      close
      ! connectFailed 9508 no connection to the server: closed; again in 4000
    > next, after 4000 ms
      ! connecting
      open
    > down
      close
      ! connectFailed 9508 no connection to the server: closed; again in 8000
    > wait 3000
    > get ann
      ! connecting
      open
    > down
      close
      ! connectFailed 9508 no connection to the server: closed; again in 2000
    > wait 1500
    > get bob
    > next, after 500 ms
      ! connecting
      open
    > down
      close
      ! connectFailed 9508 no connection to the server: closed; again in 2000
    > next, after 2000 ms
      ! connecting
      open
    > up
      send resume me sig known=[me:1]
    > answer @ login
      ! connected again
      send getUserStatus {"userIds":["ann"]}
      send getUserStatus {"userIds":["bob"]}
    "
  `);
});

test("calls that wait time out, and then the waits are long again", () => {
  expect(
    liveTranscript("down\nnext\ndown\nnext\ndown\ntimeout 3000\nget ann\nnext\ndown\nnext\ndown\nnext\ndown\nnext"),
  ).toMatchInlineSnapshot(`
    "> down
      close
      ! disconnected 9508 no connection to the server: closed; again in 1000
    > next, after 1000 ms
      ! connecting
      open
    > down
      close
      ! connectFailed 9508 no connection to the server: closed; again in 2000
    > next, after 2000 ms
      ! connecting
      open
    > down
      close
      ! connectFailed 9508 no connection to the server: closed; again in 4000
    > get ann
    > next, after 2000 ms
      ! connecting
      open
    > down
      close
      ! connectFailed 9508 no connection to the server: closed; again in 2000
    > next, after 1000 ms
      call 2: 9508 no connection to the server: it was not sent in time
    > down
      close
      ! connectFailed 9508 no connection to the server: closed; again in 16000
    > next, after 16000 ms
      ! connecting
      open
    > down
      close
      ! connectFailed 9508 no connection to the server: closed; again in 30000
    > next, after 30000 ms
      ! connecting
      open
    "
  `);
});

test("a call does not come before the moment that the server has asked for", () => {
  expect(liveTranscript("ended RECONNECT 4000\nget ann\nnext")).toMatchInlineSnapshot(`
    "> ended RECONNECT 4000
      close
      ! disconnected 9508 no connection to the server: words; again in 4000
    > get ann
    > next, after 4000 ms
      ! connecting
      open
    "
  `);
  expect(liveTranscript("ended TOO_MANY_CONNECTIONS 5000\nget ann\nnext")).toMatchInlineSnapshot(`
    "> ended TOO_MANY_CONNECTIONS 5000
      close
      ! disconnected 9508 no connection to the server: words; again in 6000
    > get ann
    > next, after 6000 ms
      ! connecting
      open
    "
  `);
});

test("a heartbeat comes within a third of the timeout, and at least every 20 s", () => {
  for (const [timeout, interval] of [
    [60_000, 18_000],
    [3_600_000, 20_000],
    [1_000, 300],
    [10, 100],
    [0, 20_000],
  ] as const) {
    expect(heartbeatInterval(timeout)).toBe(interval);
  }
});

test("a link that breaks is made again, later after each failure", () => {
  expect(liveTranscript("down\nnext\ndown\nnext\nnext\nnext\nup\nnext\nnext\nup\nanswer @ login"))
    .toMatchInlineSnapshot(`
    "> down
      close
      ! disconnected 9508 no connection to the server: closed; again in 1000
    > next, after 1000 ms
      ! connecting
      open
    > down
      close
      ! connectFailed 9508 no connection to the server: closed; again in 2000
    > next, after 2000 ms
      ! connecting
      open
    > next, after 10000 ms
      close
      ! connectFailed 9508 no connection to the server: no connection in time; again in 4000
    > next, after 4000 ms
      ! connecting
      open
    > up
      send resume me sig known=[me:1]
    > next, after 10000 ms
      close
      ! connectFailed 9508 no connection to the server: no answer to the login in time; again in 8000
    > next, after 8000 ms
      ! connecting
      open
    > up
      send resume me sig known=[me:1]
    > answer @ login
      ! connected again
    "
  `);
});

test("only a link that lived for a while makes the next wait a short one", () => {
  expect(liveTranscript("down\nnext\nup\nanswer @ login\ndown\nnext\nup\nanswer @ login\nwait 10000\ndown"))
    .toMatchInlineSnapshot(`
    "> down
      close
      ! disconnected 9508 no connection to the server: closed; again in 1000
    > next, after 1000 ms
      ! connecting
      open
    > up
      send resume me sig known=[me:1]
    > answer @ login
      ! connected again
    > down
      close
      ! disconnected 9508 no connection to the server: closed; again in 2000
    > next, after 2000 ms
      ! connecting
      open
    > up
      send resume me sig known=[me:1]
    > answer @ login
      ! connected again
    > wait 10000
    > down
      close
      ! disconnected 9508 no connection to the server: closed; again in 1000
    "
  `);
});

test("a link on which nothing is heard is given up after an unanswered heartbeat", () => {
  expect(liveTranscript("next\nnext\njitter 0\nnext\nnext")).toMatchInlineSnapshot(`
    "> next, after 18000 ms
      send heartbeat {}
    > next, after 15000 ms
      close
      ! disconnected 9508 no connection to the server: nothing was heard from the server; again in 1000
    > next, after 1000 ms
      ! connecting
      open
    > next, after 10000 ms
      close
      ! connectFailed 9508 no connection to the server: no connection in time; again in 0
    "
  `);
});

test("an answered heartbeat keeps the link", () => {
  expect(liveTranscript("next\nanswer @ heartbeat\nnext\npush me:1\nanswer @ heartbeat\nnext"))
    .toMatchInlineSnapshot(`
    "> next, after 18000 ms
      send heartbeat {}
    > answer @ heartbeat
    > next, after 18000 ms
      send heartbeat {}
    > push me:1
    > answer @ heartbeat
    > next, after 18000 ms
      send heartbeat {}
    "
  `);
});

test("a change of the network asks for a sign of life, or connects at once", () => {
  expect(liveTranscript("network\nnetwork\nanswer @2 heartbeat\ndown\nnetwork\nnetwork\nup\nnetwork"))
    .toMatchInlineSnapshot(`
    "> network
      send heartbeat {}
    > network
      send heartbeat unasking {}
    > answer @2 heartbeat
    > down
      close
      ! disconnected 9508 no connection to the server: closed; again in 1000
    > network
      ! connecting
      open
    > network
    > up
      send resume me sig known=[me:1]
    > network
    "
  `);
});

test("when the browser says that the network is gone, a silent link is given up sooner", () => {
  expect(liveTranscript("network gone\nnext\nnetwork gone")).toMatchInlineSnapshot(`
    "> network gone
      send heartbeat {}
    > next, after 3000 ms
      close
      ! disconnected 9508 no connection to the server: nothing was heard from the server; again in 1000
    > network gone
    "
  `);
  expect(liveTranscript("network gone\nwait 1000\nanswer @ heartbeat\nnetwork\nwait 3000\nnext"))
    .toMatchInlineSnapshot(`
    "> network gone
      send heartbeat {}
    > wait 1000
    > answer @ heartbeat
    > network
      send heartbeat {}
    > wait 3000
    > next, after 12000 ms
      close
      ! disconnected 9508 no connection to the server: nothing was heard from the server; again in 1000
    "
  `);
});

test("a server that sends its clients away says how soon to return", () => {
  expect(liveTranscript("jitter 0.5\nended RECONNECT 4000\nnext\nup\nanswer @ login\nended RECONNECT 100"))
    .toMatchInlineSnapshot(`
    "> ended RECONNECT 4000
      close
      ! disconnected 9508 no connection to the server: words; again in 2000
    > next, after 2000 ms
      ! connecting
      open
    > up
      send resume me sig known=[me:1]
    > answer @ login
      ! connected again
    > ended RECONNECT 100
      close
      ! disconnected 9508 no connection to the server: words; again in 1000
    "
  `);
  expect(liveTranscript("ended TOO_MANY_CONNECTIONS 5000")).toMatchInlineSnapshot(`
    "> ended TOO_MANY_CONNECTIONS 5000
      close
      ! disconnected 9508 no connection to the server: words; again in 6000
    "
  `);
  expect(liveTranscript("ended PROTOCOL_ERROR 0")).toMatchInlineSnapshot(`
    "> ended PROTOCOL_ERROR 0
      close
      ! disconnected 9508 no connection to the server: words; again in 1000
    "
  `);
});
