/** Tests the statuses of other users. */

import { expect, test } from "vitest";
import { liveTranscript, World } from "./script.js";

test("stale and equal versions are dropped", () => {
  expect(liveTranscript("push ann:5\npush ann:4 bob:1\npush ann:5\npush ann:6 ann:7\ncache")).toMatchInlineSnapshot(`
    "> push ann:5
      ! ann:5
    > push ann:4 bob:1
      ! bob:1
    > push ann:5
    > push ann:6 ann:7
      ! ann:7
    > cache
      ann:7 bob:1 me:1
    "
  `);
});

test("a client that comes back says what it knows, and is told what differs", () => {
  expect(
    liveTranscript(
      "sub ann bob\nanswer @ sub ann:5 bob:9\ndown\nnext\nup\npush cid:1\nanswer @ login ann:6 !bob\ncache",
    ),
  ).toMatchInlineSnapshot(`
    "> sub ann bob
      send subscribeUserStatus {"userIds":["ann","bob"]}
    > answer @ sub ann:5 bob:9
      ! ann:5 bob:9
      call 2: ok
    > down
      close
      ! disconnected 9508 no connection to the server: closed; again in 1000
    > next, after 1000 ms
      ! connecting
      open
    > up
      send resume me sig known=[bob:9 ann:5 me:1]
    > push cid:1
    > answer @ login ann:6 !bob
      ! connected again
      ! ann:6 cid:1
      ! subscriptions {"unsubscribed":["bob"]}
    > cache
      ann:6 cid:1 me:1
    "
  `);
});

test("a query refreshes the watched, and keeps nothing of others", () => {
  expect(liveTranscript("push ann:5\nget ann zoe\nanswer @ get ann:6 zoe:3 -yan\ncache")).toMatchInlineSnapshot(`
    "> push ann:5
      ! ann:5
    > get ann zoe
      send getUserStatus {"userIds":["ann","zoe"]}
    > answer @ get ann:6 zoe:3 -yan
      ! ann:6
      call 2: ok
    > cache
      ann:6 me:1
    "
  `);
});

test("who is unsubscribed, evicted or unwatched leaves; oneself stays", () => {
  expect(
    liveTranscript(
      `sub ann bob cid
       answer @ sub ann:1 bob:1 cid:1
       sub dan ann
       answer @ sub dan:1 ann:2 <bob !bob
       subscriptions
       unsub cid
       answer @ unsub !cid !me
       cache
       unsub
       answer @ unsub !dan
       subscriptions
       cache`,
    ),
  ).toMatchInlineSnapshot(`
    "> sub ann bob cid
      send subscribeUserStatus {"userIds":["ann","bob","cid"]}
    > answer @ sub ann:1 bob:1 cid:1
      ! ann:1 bob:1 cid:1
      call 2: ok
    > sub dan ann
      send subscribeUserStatus {"userIds":["dan","ann"]}
    > answer @ sub dan:1 ann:2 <bob !bob
      ! ann:2 dan:1
      call 3: ok
    > subscriptions
      cid dan ann
    > unsub cid
      send unsubscribeUserStatus {"userIds":["cid"]}
    > answer @ unsub !cid !me
      call 4: ok
    > cache
      ann:2 dan:1 me:1
    > unsub
      send unsubscribeUserStatus {"userIds":[]}
    > answer @ unsub !dan
      call 5: ok
    > subscriptions
    > cache
      ann:2 me:1
    "
  `);
});

test("another device changes the list", () => {
  expect(liveTranscript("changed +ann +bob\npush ann:1 bob:1\nchanged -ann !bob +cid\nsubscriptions\ncache"))
    .toMatchInlineSnapshot(`
    "> changed +ann +bob
      ! subscriptions {"subscribed":["ann","bob"],"unsubscribed":[],"notWatched":[]}
    > push ann:1 bob:1
      ! ann:1 bob:1
    > changed -ann !bob +cid
      ! subscriptions {"subscribed":["cid"],"unsubscribed":["ann","bob"],"notWatched":["bob"]}
    > subscriptions
      cid
    > cache
      ann:1 me:1
    "
  `);
});

test("a list that an earlier page has left is older than all that is subscribed now", () => {
  const world = new World();
  world.run("login\nup\nanswer @ login me:1 ann:1 +ann +bob\nsub ann cid\nanswer @ sub\nlist\nanswer @ list x y");
  world.transcript = "";
  world.run("subscriptions");
  expect(world.transcript).toBe("> subscriptions\n  x y\n");
});

test("a list that the server gave up is subscribed to again, and nobody is seen to leave", () => {
  expect(
    liveTranscript(
      `sub ann bob cid
       answer @ sub ann:1 bob:1 cid:1
       back me:2 lost !ann !bob !cid
       cache
       answer @ sub ann:4 -bob cid:1
       cache
       subscriptions`,
    ),
  ).toMatchInlineSnapshot(`
    "> sub ann bob cid
      send subscribeUserStatus {"userIds":["ann","bob","cid"]}
    > answer @ sub ann:1 bob:1 cid:1
      ! ann:1 bob:1 cid:1
      call 2: ok
    > back me:2 lost !ann !bob !cid
      ! connected again
      ! me:2
      send subscribeUserStatus {"userIds":["ann","bob","cid"]}
    > cache
      ann:1 bob:1 cid:1 me:2
    > answer @ sub ann:4 -bob cid:1
      ! ann:4
    > cache
      ann:4 cid:1 me:2
    > subscriptions
      ann cid
    "
  `);
});

test("a restore waits when it is refused for now, and gives up at a closed gate", () => {
  expect(
    liveTranscript(
      `sub ann bob cid
       answer @ sub ann:1 bob:1 cid:1
       back me:2 lost !ann !bob !cid
       answer @ no 7008
       next
       answer @ no 72001
       cache
       subscriptions`,
    ),
  ).toMatchInlineSnapshot(`
    "> sub ann bob cid
      send subscribeUserStatus {"userIds":["ann","bob","cid"]}
    > answer @ sub ann:1 bob:1 cid:1
      ! ann:1 bob:1 cid:1
      call 2: ok
    > back me:2 lost !ann !bob !cid
      ! connected again
      ! me:2
      send subscribeUserStatus {"userIds":["ann","bob","cid"]}
    > answer @ no 7008
    > next, after 5000 ms
      send subscribeUserStatus {"userIds":["ann","bob","cid"]}
    > answer @ no 72001
    > cache
      me:2
    > subscriptions
    "
  `);
});

test("a restore finds out that this app allows fewer users in one call", () => {
  const users = Array.from({ length: 60 }, (_, n) => `u${n}`);
  const world = new World();
  world.run(`login\nup\nanswer @ login me:1\nsub ${users.join(" ")}\nanswer @ sub`);
  world.run("back lost\nanswer @ no 70206\nnext\nanswer @ no 70206\nnext\nanswer @ sub\nnext");
  const batches = world.sent.flatMap((message) => message.subscribeUserStatus?.userIds?.length ?? []);
  expect(batches).toEqual([60, 60, 50, 25, 25]);
});

test("who is unsubscribed while the list is restored is not subscribed again", () => {
  const users = Array.from({ length: 150 }, (_, n) => `u${n}`);
  const world = new World();
  world.run(`login\nup\nanswer @ login me:1\nsub ${users.join(" ")}\nanswer @ sub`);
  world.run(`back lost\nunsub u149\nanswer @2 sub\nnext\nnext`);
  const batches = world.sent.flatMap((message) => message.subscribeUserStatus?.userIds?.length ?? []);
  expect(batches).toEqual([150, 100, 49]);
});

test("what the app lets a client do is told when it has changed, and only then", () => {
  expect(liveTranscript("app off\napp on\napp on\napp off\nback off\nback on")).toMatchInlineSnapshot(`
    "> app off
    > app on
      ! abilities {"statusesOfOthers":true,"refusalCode":0,"friendNotification":false,"subscriptionsLimit":0,"queryBatch":500,"subscribeBatch":0,"unsubscribeBatch":0,"customStatusBytes":0,"messageBytes":0,"friendsLimit":0}
    > app on
    > app off
      ! abilities {"statusesOfOthers":false,"refusalCode":72001,"friendNotification":false,"subscriptionsLimit":0,"queryBatch":500,"subscribeBatch":0,"unsubscribeBatch":0,"customStatusBytes":0,"messageBytes":0,"friendsLimit":0}
    > back off
      ! connected again
    > back on
      ! connected again
      ! abilities {"statusesOfOthers":true,"refusalCode":0,"friendNotification":false,"subscriptionsLimit":0,"queryBatch":500,"subscribeBatch":0,"unsubscribeBatch":0,"customStatusBytes":0,"messageBytes":0,"friendsLimit":0}
    "
  `);
});

test("while nobody is told of others the list stays, and a restore waits until they are told again", () => {
  expect(
    liveTranscript(
      `sub ann bob
       answer @ sub ann:1 bob:1
       back me:2 off complete !ann !bob
       subscriptions
       back off lost
       wait 10000
       app on
       answer @ no 72001
       app off
       wait 10000
       app on
       answer @ sub ann:2 bob:2
       subscriptions`,
    ),
  ).toMatchInlineSnapshot(`
    "> sub ann bob
      send subscribeUserStatus {"userIds":["ann","bob"]}
    > answer @ sub ann:1 bob:1
      ! ann:1 bob:1
      call 2: ok
    > back me:2 off complete !ann !bob
      ! connected again
      ! me:2
    > subscriptions
      ann bob
    > back off lost
      ! connected again
    > wait 10000
    > app on
      ! abilities {"statusesOfOthers":true,"refusalCode":0,"friendNotification":false,"subscriptionsLimit":0,"queryBatch":500,"subscribeBatch":0,"unsubscribeBatch":0,"customStatusBytes":0,"messageBytes":0,"friendsLimit":0}
      send subscribeUserStatus {"userIds":["ann","bob"]}
    > answer @ no 72001
    > app off
      ! abilities {"statusesOfOthers":false,"refusalCode":72001,"friendNotification":false,"subscriptionsLimit":0,"queryBatch":500,"subscribeBatch":0,"unsubscribeBatch":0,"customStatusBytes":0,"messageBytes":0,"friendsLimit":0}
    > wait 10000
    > app on
      ! abilities {"statusesOfOthers":true,"refusalCode":0,"friendNotification":false,"subscriptionsLimit":0,"queryBatch":500,"subscribeBatch":0,"unsubscribeBatch":0,"customStatusBytes":0,"messageBytes":0,"friendsLimit":0}
      send subscribeUserStatus {"userIds":["ann","bob"]}
    > answer @ sub ann:2 bob:2
      ! ann:2 bob:2
    > subscriptions
      ann bob
    "
  `);
});

/** A world after a reconnect, with more statuses than fit into a login request. */
function crowded(): World {
  const world = new World();
  const crowd = Array.from({ length: 3_000 }, (_, n) => `user${n}:${7_000_000_000_000_000 + n}`);
  world.run(`login\nup\nanswer @ login me:1\nsub user0 user1\nanswer @ sub`);
  world.run(`push ${crowd.join(" ")}\ndown\nnext\nup`);
  world.transcript = "";
  return world;
}

test("whom a login could not name, and the server is silent of, is let go when the snapshot is complete", () => {
  const world = crowded();
  const named = world.sent.at(-1)?.login?.known?.length ?? 0;
  world.run("answer @ login user0:7000000000000000 user2:7000000000009999");
  // Until then no user leaves the cache, because the full statuses take several messages.
  expect(world.state.cache.size).toBe(3_001);
  world.run("push user3:7000000000000003\npush complete");
  // The user of the session, the named users, and the three users whose statuses came.
  expect(world.state.cache.size).toBe(1 + named + 3);
  expect(world.transcript).toContain('! subscriptions {"unsubscribed":["user1"]}');
  expect(world.state.session?.subscriptions).toEqual(["user0"]);
});

test("a snapshot that fits into the answer lets go at once, and one that is never complete lets go of nobody", () => {
  const world = crowded();
  const named = world.sent.at(-1)?.login?.known?.length ?? 0;
  world.run("answer @ login complete");
  expect([world.state.cache.size, world.state.session?.snapshot]).toEqual([1 + named, null]);
  const other = crowded();
  other.run("answer @ login\npush user0:7000000000000000\nback");
  expect(other.state.cache.size).toBe(3_001);
});

test("what a link says first of a user holds even if it is older, and then only what is newer", () => {
  expect(
    liveTranscript(
      `sub ann bob
       answer @ sub ann:50 bob:60
       push ann:40
       back me:1 ann:30 ann:20
       push bob:55
       push ann:29 bob:54
       push complete
       push ann:31
       cache`,
    ),
  ).toMatchInlineSnapshot(`
    "> sub ann bob
      send subscribeUserStatus {"userIds":["ann","bob"]}
    > answer @ sub ann:50 bob:60
      ! ann:50 bob:60
      call 2: ok
    > push ann:40
    > back me:1 ann:30 ann:20
      ! connected again
      ! ann:30
    > push bob:55
      ! bob:55
    > push ann:29 bob:54
    > push complete
    > push ann:31
      ! ann:31
    > cache
      ann:31 bob:55 me:1
    "
  `);
  expect(liveTranscript("push ann:50\nback complete\npush ann:40\ncache")).toMatchInlineSnapshot(`
      "> push ann:50
        ! ann:50
      > back complete
        ! connected again
      > push ann:40
      > cache
        ann:50 me:1
      "
    `);
});

test("who is subscribed to while the snapshot comes is not let go at its end", () => {
  const world = crowded();
  world.run("answer @ login\nsub user7\nanswer @ sub user7:7000000000000007\npush complete");
  expect(world.state.cache.has("user7")).toBe(true);
  expect(world.state.cache.has("user8")).toBe(false);
  expect(world.state.session?.subscriptions).toEqual(["user7"]);
});

test("who is about to be subscribed again is not let go before", () => {
  const world = crowded();
  world.run("answer @ login lost complete\ncache");
  expect([world.state.cache.has("user0"), world.state.cache.has("user7")]).toEqual([true, false]);
  world.run("answer @ sub user0:7000000000000001 -user1");
  expect([world.state.cache.has("user0"), world.state.cache.has("user1")]).toEqual([true, false]);
});

test("a server that takes no login as long as this one gets a shorter one", () => {
  const world = crowded();
  const named = () => world.sent.at(-1)?.login?.known?.length ?? 0;
  const first = named();
  world.run("ended PROTOCOL_ERROR\nnext\nup");
  expect(named()).toBeLessThan(first * 0.55);
  expect(named()).toBeGreaterThan(first * 0.45);
  world.run("ended PROTOCOL_ERROR\nnext\nup\n".repeat(12));
  expect(named()).toBe(0);
});

test("of a large cache the newest versions are said, as far as the message goes", () => {
  const world = new World();
  const crowd = Array.from({ length: 3_000 }, (_, n) => `user${n}:${7_000_000_000_000_000 + n}`);
  world.run(`login\nup\nanswer @ login me:1\npush ${crowd.join(" ")}\ndown\nnext\nup`);
  const known = world.sent.at(-1)?.login?.known ?? [];
  expect(known[0]?.userId).toBe("user2999");
  expect(known.length).toBeGreaterThan(1_000);
  const bytes = new TextEncoder().encode(JSON.stringify(world.sent.at(-1))).length;
  expect(bytes).toBeLessThanOrEqual(64 * 1024);
  expect(bytes).toBeGreaterThan(63 * 1024);
});
