/** Tests broken links and reconnects. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { delay } from "../../src/machine/backoff.js";
import { heartbeatInterval } from "../../src/machine/link.js";
import { nextDeadline } from "../../src/machine/machine.js";
import { cut, UNKNOWN_PATH } from "../../src/machine/path.js";
import { LIVE, liveTranscript, transcript, World } from "./script.js";

/** Reads the cases of a table that all SDKs share. */
function shared(name: string): string[] {
  const table = readFileSync(new URL(`../../../../../crates/client/tests/sdk/${name}.csv`, import.meta.url), "utf8");
  const cases = table.split("\n").filter((line) => /^\d/.test(line));
  expect(cases.length).toBeGreaterThan(20);
  return cases;
}

test("the waits are those of the table that the SDKs share", () => {
  for (const line of shared("reconnect")) {
    const [spread = NaN, failures = NaN, jitter = NaN, wait] = line.split(",").map(Number);
    expect(delay(spread, failures, jitter), line).toBe(wait);
  }
});

test("the heartbeats on a path that cuts links are those of the table that the SDKs share", () => {
  for (const line of shared("heartbeat")) {
    const [usual = "", silences = "", heartbeat] = line.split(",");
    const cuts = silences.split(" ").filter((text) => text !== "");
    const path = cuts.reduce((path, silence) => cut(path, Number(usual), Number(silence)), UNKNOWN_PATH);
    expect(Math.min(Number(usual), path.longest), line).toBe(Number(heartbeat));
  }
});

/**
 * Returns the lines of a script in which the client reconnects after a broken link, and `wait` milliseconds then
 * pass.
 */
const backAnd = (wait: number) => `next\nup\nanswer @ login\nwait ${wait}\n`;

/** Runs `script` and a reconnect. Returns the time from the login to its first heartbeat, in milliseconds. */
function heartbeatAfter(script: string): number {
  const world = new World();
  world.run(LIVE + script + backAnd(0));
  return (nextDeadline(world.state) ?? NaN) - world.now;
}

test("links that are cut after the same silence shorten the heartbeat, and it keeps the next one", () => {
  // The path reports the cut, or a heartbeat has no answer, or a call has no answer.
  expect(heartbeatAfter(`wait 12000\ndown\n${backAnd(12_000)}down\n`)).toBe(6_000);
  expect(heartbeatAfter("next\nnext\nnext\nup\nanswer @ login\nnext\nnext\n")).toBe(9_000);
  expect(heartbeatAfter(`wait 12000\nset hi\nnext\n${backAnd(12_000)}down\n`)).toBe(6_000);
  // The same with traffic before the silence.
  expect(heartbeatAfter(`wait 5000\npush me:2\nwait 12000\ndown\n${backAnd(12_000)}down\n`)).toBe(6_000);
  // A new login on the link keeps the interval.
  const world = new World();
  world.run(`${LIVE}wait 12000\ndown\n${backAnd(12_000)}down\n${backAnd(0)}login\nanswer @ login`);
  expect((nextDeadline(world.state) ?? NaN) - world.now).toBe(6_000);
});

test("links that break otherwise leave the heartbeat as it is", () => {
  for (const script of [
    `wait 12000\ndown\n${backAnd(10_000)}down\n`,
    // The link was in use, or bytes came after the call.
    "down\nnext\nup\nanswer @ login\ndown\n",
    `wait 12000\nset hi\npush me:2\ndown\n${backAnd(12_000)}set hi\npush me:3\ndown\n`,
    // The link ends after a sleep, because the page is left, or with a message of the server.
    `wait 60000\ndown\n${backAnd(60_000)}down\n`,
    `wait 12000\nleft\n${backAnd(12_000)}left\n`,
    `wait 12000\nended TIMEOUT\n${backAnd(12_000)}ended TIMEOUT\n`,
    // The two cuts belong to different sessions.
    `wait 12000\ndown\n${backAnd(12_000)}down\n${backAnd(0)}logout\nanswer @ logout\nlogin\nup\nanswer @ login\ndown\n`,
  ]) {
    expect(heartbeatAfter(script), script).toBe(18_000);
  }
});

test("a call wakes the back-off, and while it waits no wait is long", () => {
  expect(
    liveTranscript(
      `retry
       retry
       retry
       down
       wait 3000
       timeout 10000
       get ann
       down
       wait 1500
       get bob
       next
       retry
       up
       answer @ login`,
    ),
  ).toMatchInlineSnapshot(`
    "> retry, after 1000 ms
    > retry, after 2250 ms
    > retry, after 4500 ms
    > down
      close
      ! connectFailed 9508 no connection to the server: closed; again in 9000
    > wait 3000
    > get ann
      ! connecting
      open
    > down
      close
      ! connectFailed 9508 no connection to the server: closed; again in 2250
    > wait 1500
    > get bob
    > next, after 750 ms
      ! connecting
      open
    > retry, after 2250 ms
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
  expect(liveTranscript("retry\nretry\ndown\ntimeout 3000\nget ann\nnext\ndown\nnext\nretry\nretry"))
    .toMatchInlineSnapshot(`
      "> retry, after 1000 ms
      > retry, after 2250 ms
      > down
        close
        ! connectFailed 9508 no connection to the server: closed; again in 4500
      > get ann
      > next, after 2250 ms
        ! connecting
        open
      > down
        close
        ! connectFailed 9508 no connection to the server: closed; again in 2250
      > next, after 750 ms
        call 2: 9508 no connection to the server: it was not sent in time
      > retry, after 18000 ms
      > retry, after 30000 ms
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
        ! connectFailed 9508 no connection to the server: closed; again in 2250
      > next, after 2250 ms
        ! connecting
        open
      > next, after 10000 ms
        close
        ! connectFailed 9508 no connection to the server: no connection in time; again in 4500
      > next, after 4500 ms
        ! connecting
        open
      > up
        send resume me sig known=[me:1]
      > next, after 10000 ms
        close
        ! connectFailed 9508 no connection to the server: no answer to the login in time; again in 9000
      > next, after 9000 ms
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
        ! disconnected 9508 no connection to the server: closed; again in 2250
      > next, after 2250 ms
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
    > next, after 8000 ms
      close
      ! disconnected 9508 no connection to the server: nothing was heard from the server; again in 1000
    > next, after 1000 ms
      ! connecting
      open
    > next, after 10000 ms
      close
      ! connectFailed 9508 no connection to the server: no connection in time; again in 750
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
  expect(
    liveTranscript(
      "network gone\nwait 1000\nanswer @ heartbeat\nnetwork\nanswer @ heartbeat\nget ann\nwait 7999\nnext",
    ),
  ).toMatchInlineSnapshot(`
    "> network gone
      send heartbeat {}
    > wait 1000
    > answer @ heartbeat
    > network
      send heartbeat {}
    > answer @ heartbeat
    > get ann
      send getUserStatus {"userIds":["ann"]}
    > wait 7999
    > next, after 1 ms
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
        ! disconnected 9508 no connection to the server: words; again in 4000
      > next, after 4000 ms
        ! connecting
        open
      > up
        send resume me sig known=[me:1]
      > answer @ login
        ! connected again
      > ended RECONNECT 100
        close
        ! disconnected 9508 no connection to the server: words; again in 1500
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

test("a link on which nothing is heard after a call is given up within ten seconds, and the call is made again", () => {
  expect(liveTranscript("get ann\nnext\nnext\nup\nanswer @ login")).toMatchInlineSnapshot(`
    "> get ann
      send getUserStatus {"userIds":["ann"]}
    > next, after 8000 ms
      close
      ! disconnected 9508 no connection to the server: nothing was heard from the server; again in 1000
    > next, after 1000 ms
      ! connecting
      open
    > up
      send resume me sig known=[me:1]
    > answer @ login
      ! connected again
      send getUserStatus {"userIds":["ann"]}
    "
  `);
});

test("after a sleep the link is tested for a moment, and made again without a wait", () => {
  // The heartbeat was due during the sleep. The page reports the sleep a moment later.
  expect(liveTranscript("wait 60000\nwait 100\nwoken\nnext\nnext\nup\nanswer @ login")).toMatchInlineSnapshot(`
    "> wait 60000
      send heartbeat {}
    > wait 100
    > woken
      send heartbeat unasking {}
    > next, after 700 ms
      close
      ! disconnected 9508 no connection to the server: nothing was heard from the server; again in 100
    > next, after 100 ms
      ! connecting
      open
    > up
      send resume me sig known=[me:1]
    > answer @ login
      ! connected again
    "
  `);
  // The clock did not advance during the sleep.
  expect(liveTranscript("woken\nnetwork\nnext\nnext")).toMatchInlineSnapshot(`
    "> woken
      send heartbeat {}
    > network
      send heartbeat unasking {}
    > next, after 800 ms
      close
      ! disconnected 9508 no connection to the server: nothing was heard from the server; again in 100
    > next, after 100 ms
      ! connecting
      open
    "
  `);
  // The link turns out to be broken.
  expect(liveTranscript("wait 60000\ndown\nnext")).toMatchInlineSnapshot(`
    "> wait 60000
      send heartbeat {}
    > down
      close
      ! disconnected 9508 no connection to the server: closed; again in 100
    > next, after 100 ms
      ! connecting
      open
    "
  `);
  // The answer was due during the sleep, so its absence means nothing.
  expect(liveTranscript("get ann\nwait 60000\nanswer @ heartbeat\nanswer @2 get ann:2\nnext")).toMatchInlineSnapshot(`
    "> get ann
      send getUserStatus {"userIds":["ann"]}
    > wait 60000
      send heartbeat {}
    > answer @ heartbeat
    > answer @2 get ann:2
      call 2: ok
    > next, after 18000 ms
      send heartbeat {}
    "
  `);
});

test("what is late by less than a sleep is no sleep", () => {
  expect(liveTranscript("wait 22999\nwait 8000")).toMatchInlineSnapshot(`
    "> wait 22999
      send heartbeat {}
    > wait 8000
      close
      ! disconnected 9508 no connection to the server: nothing was heard from the server; again in 1000
    "
  `);
});

test("an attempt that slept is begun anew, and a wait is over", () => {
  expect(liveTranscript("down\nwoken\nwait 60000\nup\nwoken\nup\nanswer @ login")).toMatchInlineSnapshot(`
    "> down
      close
      ! disconnected 9508 no connection to the server: closed; again in 1000
    > woken
      ! connecting
      open
    > wait 60000
      close
      ! connecting
      open
    > up
      send resume me sig known=[me:1]
    > woken
      close
      ! connecting
      open
    > up
      send resume me sig known=[me:1]
    > answer @ login
      ! connected again
    "
  `);
});

test("the server tells over how long its clients spread their return", () => {
  const first = "login\nup\nanswer @ login me:1 spread=8000\ndown\nnext\ndown\nnext\ndown\nset hi\nnext\nup\n";
  // A heartbeat's answer changes the spread. An older server does not send a spread.
  const then =
    "answer @ login spread=8000\nanswer @ set me:2\nnext\nanswer @ heartbeat spread=4000\nnext\nanswer @ heartbeat\n";
  const last = "down\nnext\nup\nanswer @ login\nwait 10000\ndown";
  expect(transcript(first + then + last)).toMatchInlineSnapshot(`
    "> login
      ! connecting
      open
    > up
      send login me sig known=[]
    > answer @ login me:1 spread=8000
      ! connected
      call 1: ok
      ! me:1
    > down
      close
      ! disconnected 9508 no connection to the server: closed; again in 8000
    > next, after 8000 ms
      ! connecting
      open
    > down
      close
      ! connectFailed 9508 no connection to the server: closed; again in 12000
    > next, after 12000 ms
      ! connecting
      open
    > down
      close
      ! connectFailed 9508 no connection to the server: closed; again in 12000
    > set hi
    > next, after 12000 ms
      ! connecting
      open
    > up
      send resume me sig known=[me:1]
    > answer @ login spread=8000
      ! connected again
      send setSelfStatus {"customStatus":"hi"}
    > answer @ set me:2
      ! me:2
      call 2: ok
    > next, after 18000 ms
      send heartbeat {}
    > answer @ heartbeat spread=4000
    > next, after 18000 ms
      send heartbeat {}
    > answer @ heartbeat
    > down
      close
      ! disconnected 9508 no connection to the server: closed; again in 4000
    > next, after 4000 ms
      ! connecting
      open
    > up
      send resume me sig known=[me:2]
    > answer @ login
      ! connected again
    > wait 10000
    > down
      close
      ! disconnected 9508 no connection to the server: closed; again in 1000
    "
  `);
});

test("a restore for which the full link has no room is not due", () => {
  const world = new World();
  world.run(`${LIVE}sub ann\nanswer @ sub ann:1\ndown\nnext\nup`);
  world.run("get bob\n".repeat(64) + "answer @ login lost !ann\nwait 7000");
  expect(nextDeadline(world.state)).toBeGreaterThan(world.now);
});
