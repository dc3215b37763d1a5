/** Tests the beginning and the end of a session. */

import { expect, test } from "vitest";
import { LIVE, liveTranscript, transcript, World } from "./script.js";

test("a login connects, and the first snapshot surfaces", () => {
  expect(transcript("login\nup\nanswer @ login me:1 ann:5\ncache")).toMatchInlineSnapshot(`
    "> login
      ! connecting
      open
    > up
      send login me sig known=[]
    > answer @ login me:1 ann:5
      ! connected
      call 1: ok
      ! ann:5 me:1
    > cache
      ann:5 me:1
    "
  `);
});

test("a first login is one attempt", () => {
  expect(transcript("login\nset hi\ndown\nlogin\nup\ndown\nlogin\nup\nanswer @ no 70009\nset hi"))
    .toMatchInlineSnapshot(`
    "> login
      ! connecting
      open
    > set hi
    > down
      call 1: 9508 no connection to the server: closed
      close
      call 2: 6014 not logged in
      ! connectFailed 9508 no connection to the server: closed; again in null
    > login
      ! connecting
      open
    > up
      send login me sig known=[]
    > down
      call 3: 9508 no connection to the server: closed
      close
      ! connectFailed 9508 no connection to the server: closed; again in null
    > login
      ! connecting
      open
    > up
      send login me sig known=[]
    > answer @ no 70009
      call 4: 70009 words
      close
      ! connectFailed 70009 words; again in null
    > set hi
      call 5: 6014 not logged in
    "
  `);
});

test("a logout before the first login is answered ends that login, at once", () => {
  expect(transcript("login\nlogout\nlogin\nup\nlogout")).toMatchInlineSnapshot(`
    "> login
      ! connecting
      open
    > logout
      call 2: ok
      close
      call 1: 6014 not logged in
      ! connectFailed 6014 not logged in: logged out; again in null
    > login
      ! connecting
      open
    > up
      send login me sig known=[]
    > logout
      call 4: ok
      close
      call 3: 6014 not logged in
      ! connectFailed 6014 not logged in: logged out; again in null
    "
  `);
});

test("a native login that was sent is waited for, so that it can be undone", () => {
  const world = new World("PLATFORM_ANDROID");
  world.run("login\nlogout\nlogin\nup\nlogout\nanswer @ login me:1");
  expect(world.transcript).toMatchInlineSnapshot(`
    "> login
      ! connecting
      open
    > logout
      call 2: ok
      close
      call 1: 6014 not logged in
      ! connectFailed 6014 not logged in: logged out; again in null
    > login
      ! connecting
      open
    > up
      send login me sig known=[]
    > logout
    > answer @ login me:1
      ! connected
      call 3: ok
      ! me:1
      send logout {}
    "
  `);
});

test("a first login ends with its call", () => {
  expect(transcript("timeout 3000\nlogin\nnext\ntimeout 30000\nlogin\nnext\nlogin\nup\nnext")).toMatchInlineSnapshot(`
    "> login
      ! connecting
      open
    > next, after 3000 ms
      call 1: 9508 no connection to the server: it was not sent in time
      close
      ! connectFailed 9508 no connection to the server: it was not sent in time; again in null
    > login
      ! connecting
      open
    > next, after 10000 ms
      call 2: 9508 no connection to the server: no connection in time
      close
      ! connectFailed 9508 no connection to the server: no connection in time; again in null
    > login
      ! connecting
      open
    > up
      send login me sig known=[]
    > next, after 10000 ms
      call 3: 9508 no connection to the server: no answer to the login in time
      close
      ! connectFailed 9508 no connection to the server: no answer to the login in time; again in null
    "
  `);
});

test("logins that come together are answered together, with the newest UserSig", () => {
  expect(transcript("login me one\nlogin me two\nlogin you\nup\nlogin me two\nanswer @ login"))
    .toMatchInlineSnapshot(`
    "> login me one
      ! connecting
      open
    > login me two
    > login you
      call 3: 6017 invalid parameter: another user is logged in; log out first
    > up
      send login me two known=[]
    > login me two
    > answer @ login
      ! connected
      call 1: ok
      call 2: ok
      call 4: ok
    "
  `);
});

test("a login on a live link renews the UserSig, which the next link then uses", () => {
  expect(
    liveTranscript("login me fresh\nanswer @ login\ndown\nnext\nup\nanswer @ login\nlogin me late\ndown\nnext\nup"),
  ).toMatchInlineSnapshot(`
    "> login me fresh
      send login me fresh known=[me:1]
    > answer @ login
      ! renewed
      call 2: ok
    > down
      close
      ! disconnected 9508 no connection to the server: closed; again in 1000
    > next, after 1000 ms
      ! connecting
      open
    > up
      send resume me fresh known=[me:1]
    > answer @ login
      ! connected again
    > login me late
      send login me late known=[me:1]
    > down
      close
      call 3: 9520 no answer in time; whether the server has done it is not known: the connection broke before it
      ! disconnected 9508 no connection to the server: closed; again in 2250
    > next, after 2250 ms
      ! connecting
      open
    > up
      send resume me late known=[me:1]
    "
  `);
});

test("a logout ends the session when it is answered, when it is late, and when there is no link", () => {
  expect(liveTranscript("logout\nget ann\nanswer @2 logout")).toMatchInlineSnapshot(`
    "> logout
      send logout {}
    > get ann
      send getUserStatus {"userIds":["ann"]}
    > answer @2 logout
      call 2: ok
      close
      call 3: 6014 not logged in
      ! ended by {"by":"logout"}
    "
  `);
  expect(liveTranscript("timeout 2000\nlogout\nnext")).toMatchInlineSnapshot(`
    "> logout
      send logout {}
    > next, after 2000 ms
      call 2: 9520 no answer in time; whether the server has done it is not known
      close
      ! ended by {"by":"logout"}
    "
  `);
  expect(liveTranscript("logout\ndown")).toMatchInlineSnapshot(`
    "> logout
      send logout {}
    > down
      close
      call 2: ok
      close
      ! ended by {"by":"logout"}
    "
  `);
});

test("a logout without a link is done for a page, and not known to be done for an app", () => {
  expect(liveTranscript("down\nlogout\nlogout")).toMatchInlineSnapshot(`
    "> down
      close
      ! disconnected 9508 no connection to the server: closed; again in 1000
    > logout
      call 2: ok
      close
      ! ended by {"by":"logout"}
    > logout
      call 3: 6014 not logged in
    "
  `);
  const app = new World("PLATFORM_LINUX");
  app.run(`${LIVE}logout\ndown`);
  expect(app.transcript).toContain("call 2: 9520 no answer in time");
  expect(app.transcript).toContain('ended by {"by":"logout"}');
});

test("a client that is closed has no session, whatever its phase, and no deadline", () => {
  for (const [before, after] of [
    ["logout\nanswer @ no 70500", '  close\n  ! ended by {"by":"logout"}\n'],
    ["logout", '  close\n  call 2: 6014 not logged in\n  ! ended by {"by":"logout"}\n'],
    ["down", '  close\n  ! ended by {"by":"logout"}\n'],
    ["down\nnext", '  close\n  ! ended by {"by":"logout"}\n'],
    ["logout\nanswer @ logout", ""],
    [
      "logout\nlogin you",
      '  call 3: 6014 not logged in\n  close\n  call 2: 6014 not logged in\n  ! ended by {"by":"logout"}\n',
    ],
  ] as const) {
    const world = new World("PLATFORM_LINUX");
    world.run(`${LIVE}${before}`);
    world.transcript = "";
    world.run("closed");
    expect([before, world.transcript, world.state.session]).toEqual([before, `> closed\n${after}`, null]);
  }
  const world = new World("PLATFORM_LINUX");
  world.run("login\nup\nclosed");
  expect(world.transcript).toMatch(
    /closed\n {2}close\n {2}call 1: 6014 not logged in\n {2}! connectFailed 6014 .*null\n$/,
  );
});

test("what the server says last decides how the session ends", () => {
  for (const [cause, how] of [
    ["KICKED_BY_OTHER_LOGIN 0 PLATFORM_WEB", '{"by":"otherLogin","platform":"PLATFORM_WEB"}'],
    ["KICKED_BY_OTHER_LOGIN", '{"by":"otherLogin","platform":"PLATFORM_MAC"}'],
    ["KICKED_BY_OPERATOR", '{"by":"operator"}'],
    ["ACCOUNT_DELETED", '{"by":"deleted"}'],
    ["USER_SIG_EXPIRED", '{"by":"userSigExpired"}'],
    ["SUPERSEDED", '{"by":"superseded"}'],
  ] as const) {
    expect(liveTranscript(`ended ${cause}\ncache\ndown\nset hi`)).toBe(
      `> ended ${cause}\n  close\n  ! ended by ${how}\n> cache\n> down\n> set hi\n  call 2: 6014 not logged in\n`,
    );
  }
});

test("a link that was silent for too long is made again; one that a logout ended is not", () => {
  expect(liveTranscript("ended TIMEOUT")).toContain("disconnected 9508 no connection to the server: words; again in");
  expect(liveTranscript("ended LOGGED_OUT")).toContain('ended by {"by":"logout"}');
});

test("a refusal to have the client back ends the session, if it does not pass with time", () => {
  for (const [code, how] of [
    [6208, '{"by":"otherLogin","platform":"PLATFORM_UNSPECIFIED"}'],
    [70001, '{"by":"userSigExpired"}'],
    [6206, '{"by":"userSigExpired"}'],
    [70052, '{"by":"operator"}'],
    [70009, '{"by":"refused","refusal":{"code":70009,"message":"words"}}'],
  ] as const) {
    expect(liveTranscript(`down\nnext\nup\nanswer @ no ${code}`)).toContain(`\n  close\n  ! ended by ${how}\n`);
  }
  expect(liveTranscript("down\nnext\nup\nanswer @ no 70050\nnext\nup\nanswer @ no 7008")).toMatchInlineSnapshot(`
    "> down
      close
      ! disconnected 9508 no connection to the server: closed; again in 1000
    > next, after 1000 ms
      ! connecting
      open
    > up
      send resume me sig known=[me:1]
    > answer @ no 70050
      close
      ! connectFailed 70050 words; again in 62250
    > next, after 62250 ms
      ! connecting
      open
    > up
      send resume me sig known=[me:1]
    > answer @ no 7008
      close
      ! connectFailed 7008 words; again in 4500
    "
  `);
});

test("a UserSig that no message can carry is refused before anything is sent", () => {
  expect(transcript(`login me ${"x".repeat(64 * 1024)}`).replace(/x+/, "x…")).toMatchInlineSnapshot(`
    "> login me x…
      call 1: 70003 the UserSig cannot be read: it is too long
    "
  `);
});
