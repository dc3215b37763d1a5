/**
 * The plan of queries and subscriptions, as scripts: what happens, the call that must follow (`->`), its answer
 * (`<-`), and the dots that are shown.
 */

import { describe, test } from "vitest";
import {
  CALLS_PER_WINDOW,
  GRACE,
  QUERY_BATCH,
  STALE_AFTER,
  SUBSCRIBE_BATCH,
  WINDOW,
} from "../../src/status/ledger.js";
import { check } from "./ledger-script.js";

describe("asks for whom it shows", () => {
  test("reads the list, then asks for everybody, then subscribes", () => {
    check(`
      login me
      show chats: a b c | a b
      -> read
      <- 200
      -> query a b c
      <- a=1 b=2 c=3
      dots a=1 b=2 c=3
      -> subscribe a b c
      <-
      own a b c
      -> nothing ${STALE_AFTER}
    `);
  });
  test("nothing before a login, and nothing for lists that show nobody", () => {
    check(`
      show chats: a
      -> nothing
      login me
      hide chats
      -> nothing
    `);
  });
  test("one subscription for two lists that show the same user", () => {
    check(`
      login me
      show chats: a b
      show contacts: b c
      -> read
      <- 200
      -> query a b c
      <- a=1 b=1 c=1
      -> subscribe a b c
      <-
      hide chats
      wait ${GRACE}
      -> unsubscribe a
      <-
      own b c
    `);
  });
  test("oneself is asked for, but not subscribed to", () => {
    check(`
      login me
      show chats: me a
      -> read
      <- 200
      -> query me a
      <- me=1 a=1
      -> subscribe a
    `);
  });
  test("a call names as many users as it may, and one more is in the next", () => {
    check(`
      login me
      show contacts: u1..u${QUERY_BATCH + 1}
      -> read
      <- 1000
      -> query u1..u${QUERY_BATCH}
      <-
      -> query u${QUERY_BATCH + 1}
      <-
      -> subscribe u1..u${SUBSCRIBE_BATCH}
      <-
      -> subscribe u${SUBSCRIBE_BATCH + 1}..u${SUBSCRIBE_BATCH * 2}
    `);
  });
  test("a server that takes smaller batches gets them", () => {
    check(`
      login me
      show contacts: u1..u90
      -> read
      <- 200
      -> query u1..u90
      <-
      -> subscribe u1..u90
      <- refused 70206
      -> subscribe u1..u50
    `);
  });
});

describe("what is told", () => {
  test("a change shows, an older one does not undo it, and versions are compared as numbers", () => {
    check(`
      login me
      show chats: a
      -> read
      <- 200
      -> query a
      <- a=1@9
      told a=2@10
      dots a=2
      told a=1@9
      dots a=2
    `);
  });
  test("somebody whom no list shows is not kept", () => {
    check(`
      login me
      show chats: a
      told b=1
      dots b=none
    `);
  });
  test("a friend who is told without a subscription shows", () => {
    check(`
      login me
      show chats: a
      told a=1
      dots a=1
    `);
  });
  test("who has no account has no dot and is not asked for again", () => {
    check(`
      login me
      show chats: a ghost
      -> read
      <- 200
      -> query a ghost
      <- a=1 ghost!
      -> subscribe a
      <-
      dots a=1 ghost=none
      wait ${STALE_AFTER}
      -> read
      <- 200 a
      -> nothing
    `);
  });
});

describe("the room of the account", () => {
  test("those on the screen come first, and nobody has to leave for them", () => {
    check(`
      login me
      show contacts: u1..u20 | u7..u9
      -> read
      <- 5 x1 x2
      -> query u7..u9 u1..u6 u10..u20
      <-
      -> subscribe u7..u9
      <-
      -> nothing
    `);
  });
  test("when all find room, all are subscribed to", () => {
    check(`
      login me
      show contacts: u1..u5 | u4
      -> read
      <- 5
      -> query u4 u1..u3 u5
      <-
      -> subscribe u4 u1..u3 u5
    `);
  });
  test("scrolling takes the places of those who were on the screen longest ago", () => {
    check(`
      login me
      show contacts: u1..u500 | u1..u60
      -> read
      <- 100
      -> query u1..u500
      <-
      -> subscribe u1..u60
      <-
      wait 1000
      show contacts: u1..u500 | u61..u100
      -> subscribe u61..u100
      <-
      wait 1000
      show contacts: u1..u500 | u101
      -> unsubscribe u1..u50      # more than one place: scrolling on costs no call each time
      <-
      -> subscribe u101
      <-
      wait 1000
      show contacts: u1..u500 | u102..u110
      -> subscribe u102..u110
    `);
  });
  test("those who find no room are asked for again when they are old news", () => {
    check(`
      login me
      show contacts: a b c | a b
      -> read
      <- 2 x y
      -> query a b c
      <- a=1 b=2 c=1
      -> nothing ${STALE_AFTER}
      wait ${STALE_AFTER}
      -> read
      <- 2 x y
      -> query a b
    `);
  });
  test("a list that was fuller than known is read again", () => {
    check(`
      login me
      show contacts: a b c | a
      -> read
      <- 2 x
      -> query a b c
      <- a=1 b=1 c=1
      -> subscribe a
      <- -x
      -> read
    `);
  });
});

describe("what is the application's own", () => {
  test("whom the application had subscribed to is left alone", () => {
    check(`
      login me
      show chats: a b
      -> read
      <- 200 a
      -> query a b
      <- a=1 b=1
      -> subscribe b
      <-
      hide chats
      wait ${GRACE}
      -> unsubscribe b
      <-
      -> nothing
    `);
  });
  test("whom the application subscribes to later becomes its own", () => {
    check(`
      login me
      show chats: a b
      -> read
      <- 200
      -> query a b
      <- a=1 b=1
      -> subscribe a b
      <-
      app+ a
      own b
      hide chats
      wait ${GRACE}
      -> unsubscribe b
    `);
  });
  test("who is still shown when the application lets go of all is subscribed to again", () => {
    check(`
      login me
      show chats: a b
      -> read
      <- 200 a
      -> query a b
      <-
      -> subscribe b
      <-
      app-
      -> subscribe a b
    `);
  });
  test("what this page held before it was loaded again is the kit's", () => {
    check(`
      login me a b
      show chats: b
      -> read
      <- 200 a b x
      own a b
      -> query b
      <- b=1
      -> nothing ${GRACE}
      wait ${GRACE}
      -> unsubscribe a
    `);
  });
  test("whom another device takes off the list is subscribed to again while shown", () => {
    check(`
      login me
      show chats: a
      -> read
      <- 200
      -> query a
      <- a=1
      -> subscribe a
      <-
      device- a
      -> subscribe a
    `);
  });
  test("a change of pages costs nothing", () => {
    check(`
      login me
      show chats: a
      -> read
      <- 200
      -> query a
      <- a=1
      -> subscribe a
      <-
      hide chats
      wait ${GRACE - 1}
      -> nothing 1
      show contacts: a
      -> nothing
      dots a=1
    `);
  });
});

describe("off", () => {
  test("asks for nothing and gives back what it had", () => {
    check(`
      login me
      show chats: a
      -> read
      <- 200 x
      -> query a
      <- a=1
      -> subscribe a
      <-
      turn off
      dots a=none
      -> unsubscribe a
      <-
      -> nothing
      told a=2
      dots a=none
      turn on
      -> read
    `);
  });
  test("off from the beginning never asks", () => {
    check(`
      turn off
      login me
      show chats: a
      -> nothing
    `);
  });
  test("a logout forgets everything; the next user begins anew", () => {
    check(`
      login me
      show chats: a
      -> read
      <- 200
      -> query a
      <- a=1
      logout
      dots a=none
      -> nothing
      login you
      -> read
    `);
  });
});

describe("refusals", () => {
  test("what was known before the connection came back does not hold against what the server says then", () => {
    check(`
      login me
      show chats: a b
      -> read
      <- 200
      -> query a b
      <- a=1@50 b=1@60
      told a=2@40
      dots a=1 b=1
      refresh
      told a=2@30
      dots a=2 b=1
      told a=1@20
      dots a=2 b=1
    `);
  });
  test("an SDK that says so is taken at its word: nothing is asked while it is closed, all of it once it is open", () => {
    check(`
      login me
      allowed on
      show chats: a b
      -> read
      <- 200
      -> query a b
      <- a=1 b=2
      -> subscribe a b
      <-
      dots a=1 b=2
      allowed off
      gate closed
      dots a=none b=none
      -> nothing Infinity
      wait ${10 * STALE_AFTER}
      refresh
      show contacts: c
      -> nothing Infinity
      allowed on
      gate open
      -> read
      <- 200 a
      -> query a b c
      <- a=1 b=1 c=1
      dots a=1 b=1 c=1
      -> subscribe b c
    `);
  });
  test("closed at the login, it costs no call; whoever logs in next begins anew", () => {
    check(`
      login me
      allowed off
      show chats: a
      -> nothing Infinity
      logout
      login you
      allowed
      -> read
      <- 200
      gate open
    `);
  });
  test("an answer to what was asked before it was closed does not open it", () => {
    check(`
      login me
      show chats: a
      -> read
      allowed off
      <- 200
      gate closed
      -> nothing Infinity
    `);
  });
  test("a call names as many users as the SDK says", () => {
    check(`
      login me
      allowed on 2
      show chats: a b c
      -> read
      <- 200
      -> query a b
      <- a=1 b=1
      -> query c
      <- c=1
      -> subscribe a b
    `);
  });
  test.each([72001, 7013, 3122])("%i: no dots, and asked again ever more rarely", (code) => {
    check(`
      login me
      show chats: a
      told a=1
      -> read
      <- refused ${code}
      dots a=none
      -> nothing 5000
      wait 5000
      -> read
      <- refused ${code}
      -> nothing 10000
      wait 10000
      -> read
      <- 200
      -> query a
      <- a=1
      dots a=1
    `);
  });
  test("an SDK that cannot tell the list is probed with a query", () => {
    check(`
      login me
      show chats: a
      -> read
      <- none
      -> query a
      <- refused 7013
      -> nothing 5000
      wait 5000
      -> read
      <- none
      -> query a
      <- refused 7013
      -> nothing 10000
    `);
  });
  test("a page that wakes asks at once", () => {
    check(`
      login me
      show chats: a
      -> read
      <- refused 72001
      refresh
      -> read
    `);
  });
  test("called too often: waits, and keeps the dots", () => {
    check(`
      login me
      show chats: a
      -> read
      <- 200
      -> query a
      <- a=1
      -> subscribe a
      <- refused 7008
      dots a=1
      -> nothing 5000
      wait 5000
      -> subscribe a
    `);
  });
  test("the kit makes half of the calls that a user may make", () => {
    const once = (index: number) => `
      show chats: u${index}
      -> query u${index}
      <- u${index}=1
      -> subscribe u${index}
      <-`;
    check(`
      login me
      show chats: u0
      -> read
      <- 200
      ${Array.from({ length: CALLS_PER_WINDOW }, (_, index) => once(index)).join("\n")}
      show chats: z
      -> nothing ${WINDOW}
      wait ${WINDOW}
      -> query z
    `);
  });
});
