/** Tests the answers to calls, with broken links and deadlines. */

import { expect, test } from "vitest";
import { MAX_IN_FLIGHT } from "../../src/machine/link.js";
import { MAX_QUEUE } from "../../src/machine/machine.js";
import { LIVE, liveTranscript, transcript, World } from "./script.js";

test("calls are answered, with a refusal if need be", () => {
  expect(liveTranscript("get ann\nset hi\nanswer @2 no 72001\nanswer @ set me:2")).toMatchInlineSnapshot(`
    "> get ann
      send getUserStatus {"userIds":["ann"]}
    > set hi
      send setSelfStatus {"customStatus":"hi"}
    > answer @2 no 72001
      call 2: 72001 words
    > answer @ set me:2
      ! me:2
      call 3: ok
    "
  `);
});

test("without a session a call is refused at once", () => {
  expect(transcript("get ann")).toMatchInlineSnapshot(`
    "> get ann
      call 1: 6014 not logged in
    "
  `);
});

test("a broken link fails what must not be done twice, and asks the rest again, in order", () => {
  expect(
    liveTranscript("write one\nset hi\nget ann\nsub bob\ndown\nget cid\nnext\nup\nanswer @ login\nanswer @3 write"),
  ).toMatchInlineSnapshot(`
    "> write one
      send sendMessage {"to":"ann","text":"one","clientMessageId":"m"}
    > set hi
      send setSelfStatus {"customStatus":"hi"}
    > get ann
      send getUserStatus {"userIds":["ann"]}
    > sub bob
      send subscribeUserStatus {"userIds":["bob"]}
    > down
      close
      call 3: 9520 no answer in time; whether the server has done it is not known: the connection broke before it
      call 5: 9520 no answer in time; whether the server has done it is not known: the connection broke before it
      ! disconnected 9508 no connection to the server: closed; again in 1000
    > get cid
    > next, after 1000 ms
      ! connecting
      open
    > up
      send resume me sig known=[me:1]
    > answer @ login
      ! connected again
      send sendMessage {"to":"ann","text":"one","clientMessageId":"m"}
      send getUserStatus {"userIds":["ann"]}
      send getUserStatus {"userIds":["cid"]}
    > answer @3 write
      call 2: ok
    "
  `);
});

test("a call that is late is answered, and what its answer says is learnt all the same", () => {
  expect(
    liveTranscript("timeout 5000\nsub ann\nwait 5000\nanswer @ sub ann:7\ncache\ndown\nget ann\nnext\nnext\nnext"),
  ).toMatchInlineSnapshot(`
    "> sub ann
      send subscribeUserStatus {"userIds":["ann"]}
    > wait 5000
      call 2: 9520 no answer in time; whether the server has done it is not known
    > answer @ sub ann:7
      ! ann:7
      call 2: done, late
    > cache
      ann:7 me:1
    > down
      close
      ! disconnected 9508 no connection to the server: closed; again in 1000
    > get ann
    > next, after 1000 ms
      ! connecting
      open
    > next, after 4000 ms
      call 3: 9508 no connection to the server: it was not sent in time
    > next, after 6000 ms
      close
      ! connectFailed 9508 no connection to the server: no connection in time; again in 2250
    "
  `);
});

test("what was never sent is said to be so, and what was sent may have been done", () => {
  expect(
    liveTranscript(
      `timeout 5000
       write one
       down
       get ann
       set hi
       wait 5000`,
    ),
  ).toMatchInlineSnapshot(`
    "> write one
      send sendMessage {"to":"ann","text":"one","clientMessageId":"m"}
    > down
      close
      ! disconnected 9508 no connection to the server: closed; again in 1000
    > get ann
    > set hi
    > wait 5000
      call 2: 9520 no answer in time; whether the server has done it is not known
      call 3: 9508 no connection to the server: it was not sent in time
      call 4: 9508 no connection to the server: it was not sent in time
      ! connecting
      open
    "
  `);
});

test("an answer of another kind than its request breaks the link", () => {
  expect(liveTranscript("get ann\nanswer @ write")).toMatchInlineSnapshot(`
    "> get ann
      send getUserStatus {"userIds":["ann"]}
    > answer @ write
      call 2: 9520 no answer in time; whether the server has done it is not known: the answer belongs to another request
      close
      ! disconnected 9508 no connection to the server: an answer of another kind than its request; again in 1000
    "
  `);
  expect(liveTranscript("get ann\nanswer @ no 7008\nanswer @ get ann:1")).toMatchInlineSnapshot(`
    "> get ann
      send getUserStatus {"userIds":["ann"]}
    > answer @ no 7008
      call 2: 7008 words
    > answer @ get ann:1
    "
  `);
});

test("so many calls are under way and no more; the others wait for their turn", () => {
  const world = new World();
  world.run(LIVE);
  world.run("get ann\n".repeat(MAX_IN_FLIGHT + 1));
  const sent = () => world.sent.filter((message) => message.getUserStatus !== undefined).length;
  expect(sent()).toBe(MAX_IN_FLIGHT);
  world.run(`answer @${MAX_IN_FLIGHT} get`);
  expect(sent()).toBe(MAX_IN_FLIGHT + 1);
});

test("so many calls wait and no more", () => {
  const world = new World();
  world.run(`${LIVE}down\n`);
  world.transcript = "";
  world.run("get ann\n".repeat(MAX_QUEUE));
  expect(world.transcript).not.toContain("call");
  world.run("get ann");
  expect(world.transcript).toContain("7008 called too often; wait and try again: too many calls wait");
});

test("a call that no message can carry is refused, and the link stays", () => {
  const fits = liveTranscript(`write ${"x".repeat(512 * 1024 - 200)}`);
  expect(fits).toContain("send sendMessage");
  const tooLong = liveTranscript(`write ${"x".repeat(512 * 1024)}`);
  expect(tooLong).toContain("6017 invalid parameter: it does not fit into a message");
  expect(tooLong).not.toContain("send");
  const tooMany = liveTranscript(`get ${"user ".repeat(100_000).trim()}`);
  expect(tooMany).toContain("70206 too many users in one call: it does not fit");
  expect(tooMany).not.toContain("send");
});

test("what a newer server says, and this client has no name for, is passed over", () => {
  const world = new World();
  world.run(LIVE);
  world.transcript = "";
  world.step({ type: "received", message: { id: "99", somethingNew: {} } as never });
  world.step({ type: "received", message: {} });
  world.run("lists 7");
  expect(world.transcript).toMatchInlineSnapshot(`
    "> lists 7
      ! lists 7
    "
  `);
});
