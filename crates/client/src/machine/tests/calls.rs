//! Tests of how calls are sent and answered.

use super::super::*;
use super::script::World;
use super::{LIVE, check_live};
use expect_test::expect;

#[test]
fn calls_are_matched_by_id_and_change_the_cache() {
    check_live(
        "set hi\nget ann bob\nsub bob cid\nlist\nanswer @4 set me:2\nanswer @3 get ann:6 bob:3\nanswer @2 sub bob:3 failed=cid evicted=ann not_watched=ann\nanswer @ list bob\npush me:2\nunsub bob\nanswer @ unsub not_watched=bob\ncached",
        expect![[r#"
            > set hi
              send set hi
            > get ann bob
              send get ann bob
            > sub bob cid
              send sub bob cid
            > list
              send list
            > answer @4 set me:2
              ! me:2
              call 2: me:2
            > answer @3 get ann:6 bob:3
              ! ann:6
              call 3: ann:6 bob:3
            > answer @2 sub bob:3 failed=cid evicted=ann not_watched=ann
              ! bob:3
              ! not watched: ann
              call 4: bob:3 failed=cid evicted=[ann]
            > answer @ list bob
              call 5: list bob
            > push me:2
            > unsub bob
              send unsub bob
            > answer @ unsub not_watched=bob
              ! not watched: bob
              call 6: unsubscribed
            > cached
              me:2
        "#]],
    );
    check_live(
        "get ann\nanswer @ no 72001\nget ann\nanswer @ no 6014\ncached",
        expect![[r#"
        > get ann
          send get ann
        > answer @ no 72001
          call 2: error 72001: words
        > get ann
          send get ann
        > answer @ no 6014
          call 3: error 6014: not logged in
        > cached
          ann:5 me:1
    "#]],
    );
}

#[test]
fn who_is_unsubscribed_from_and_watched_as_a_friend_stays() {
    check_live(
        "sub bob\nanswer @ sub bob:1\nunsub\nanswer @ unsub not_watched=bob\ncached",
        expect![[r#"
        > sub bob
          send sub bob
        > answer @ sub bob:1
          ! bob:1
          call 2: bob:1 evicted=[]
        > unsub
          send unsub
        > answer @ unsub not_watched=bob
          ! not watched: bob
          call 3: unsubscribed
        > cached
          ann:5 me:1
    "#]],
    );
}

#[test]
fn an_answer_of_another_kind_breaks_the_link() {
    check_live(
        "get ann\nanswer @ unsub",
        expect![[r#"
        > get ann
          send get ann
        > answer @ unsub
          call 2: error the connection broke before the answer
          close
          ! disconnected: protocol error: the kind of an answer does not match its request; retry 1s
    "#]],
    );
}

#[test]
fn calls_under_way_fail_with_the_link_and_calls_that_wait_do_not() {
    check_live(
        "set hi\ndown\nset ho\nnext\nup\nanswer @ login\nanswer @ set me:2",
        expect![[r#"
        > set hi
          send set hi
        > down
          close
          call 2: error the connection broke before the answer
          ! disconnected: closed by the server; retry 1s
        > set ho
        > next, after 1000 ms
          ! Connecting
          open
        > up
          send login me sig resume known=[ann:5 me:1]
        > answer @ login
          ! Connected { resumed: true }
          send set ho
        > answer @ set me:2
          ! me:2
          call 3: me:2
    "#]],
    );
}

#[test]
fn a_call_times_out_and_its_late_answer_still_counts() {
    check_live(
        "timeout 2000\nsub bob\npush ann:6\nnext\nanswer @ sub bob:1\ncached\ndown\nset ho\nwait 2000",
        expect![[r#"
            > sub bob
              send sub bob
            > push ann:6
              ! ann:6
            > next, after 2000 ms
              call 2: error no answer in time
            > answer @ sub bob:1
              ! bob:1
            > cached
              ann:6 bob:1 me:1
            > down
              close
              ! disconnected: closed by the server; retry 1s
            > set ho
            > wait 2000
              call 3: error not sent in time; the server has not been asked
              ! Connecting
              open
        "#]],
    );
}

#[test]
fn at_most_so_many_requests_are_in_flight() {
    let mut world = World::new(Platform::Linux);
    world.run(LIVE);
    let before = world.sent.len();
    world.run(&"set hi\n".repeat(crate::link::MAX_IN_FLIGHT + 1));
    assert_eq!(world.sent.len() - before, crate::link::MAX_IN_FLIGHT);
    world.run("answer @ set me:2");
    assert_eq!(world.sent.len() - before, crate::link::MAX_IN_FLIGHT + 1);
}

#[test]
fn what_no_frame_can_carry_is_refused_here() {
    let mut world = World::new(Platform::Linux);
    world.run(&format!("login me {}", "x".repeat(70_000)));
    assert!(world.transcript.contains("call 1: error 70003"));
    let many = "x".repeat(32) + " ";
    world.run(&format!("{LIVE}get {}\nset {}", many.repeat(20_000), "x".repeat(600_000)));
    assert!(world.transcript.contains("call 3: error 70206"));
    assert!(world.transcript.contains("call 4: error 6017"));
    assert_eq!(world.sent.len(), 1);
}

#[test]
fn a_call_ends_the_wait_but_not_more_often_than_once_a_second() {
    // The link was live for some time. Then the server is down, and later back.
    check_live(
        "wait 20000\nanswer @ heartbeat\ndown\nnext\nfailed\nnext\nfailed\nnext\nfailed\nwait 3000\nset hi\nfailed\nnext\nfailed\nnext\nup\nanswer @ login\nanswer @ set me:2",
        expect![[r#"
            > wait 20000
            > answer @ heartbeat
            > down
              close
              ! disconnected: closed by the server; retry 1s
            > next, after 1000 ms
              ! Connecting
              open
            > failed
              close
              ! connect failed: connecting: no route; retry Some(2.25s)
            > next, after 2250 ms
              ! Connecting
              open
            > failed
              close
              ! connect failed: connecting: no route; retry Some(4.5s)
            > next, after 4500 ms
              ! Connecting
              open
            > failed
              close
              ! connect failed: connecting: no route; retry Some(9s)
            > wait 3000
            > set hi
              ! Connecting
              open
            > failed
              close
              ! connect failed: connecting: no route; retry Some(2.25s)
            > next, after 2250 ms
              ! Connecting
              open
            > failed
              close
              ! connect failed: connecting: no route; retry Some(2.25s)
            > next, after 2250 ms
              ! Connecting
              open
            > up
              send login me sig resume known=[ann:5 me:1]
            > answer @ login
              ! Connected { resumed: true }
              send set hi
            > answer @ set me:2
              ! me:2
              call 2: me:2
        "#]],
    );
}

#[test]
fn a_call_does_not_end_a_wait_that_the_server_asked_for() {
    check_live(
        "ended TOO_MANY_CONNECTIONS 5000\nset hi\nnext",
        expect![[r#"
            > ended TOO_MANY_CONNECTIONS 5000
              close
              ! disconnected: too many connections; retry 6s
            > set hi
            > next, after 6000 ms
              ! Connecting
              open
        "#]],
    );
    // A wait that the server has chosen applies to calls too, because many clients may have calls.
    check_live(
        "wait 5000\nended RECONNECT 20000\nset hi",
        expect![[r#"
            > wait 5000
            > ended RECONNECT 20000
              close
              ! disconnected: the server asked to reconnect; retry 20s
            > set hi
        "#]],
    );
}

#[test]
fn a_call_that_was_sent_once_is_not_known_and_one_that_was_not_is() {
    check_live(
        "timeout 3000\nsay hi\ndown\nset ho\nwait 3000",
        expect![[r#"
        > say hi
          send say hi
        > down
          close
          ! disconnected: closed by the server; retry 1s
        > set ho
        > wait 3000
          call 2: error no answer in time
          call 3: error not sent in time; the server has not been asked
          ! Connecting
          open
    "#]],
    );
}

#[test]
fn what_was_done_after_its_caller_was_told_that_it_is_not_known_is_told() {
    check_live(
        "timeout 2000\nsay hi\nread bob\npush ann:6\nnext\nanswer @2 said 7\nanswer @ marked 8",
        expect![[r#"
            > say hi
              send say hi
            > read bob
              send read bob
            > push ann:6
              ! ann:6
            > next, after 2000 ms
              call 2: error no answer in time
              call 3: error no answer in time
            > answer @2 said 7
              ! message: hi
            > answer @ marked 8
              ! lists outdated
        "#]],
    );
}

#[test]
fn what_the_contract_rules_out_is_refused_here() {
    let mut world = World::new(Platform::Linux);
    world.run(LIVE);
    let before = world.sent.len();
    let long = "x".repeat(33);
    world.run(&format!("get ann 爱\nsub {long}\nunsub \u{7f}\nread {long}\nsay {}", "x".repeat(65)));
    assert_eq!(world.sent.len(), before);
    for call in 2..=6 {
        let refused = world.transcript.lines().find(|line| line.contains(&format!("call {call}: ")));
        assert!(refused.is_some_and(|line| line.contains("error 6017: ")), "{call}: {refused:?}");
    }
    assert!(world.transcript.contains(r#""爱" is not a userID"#));
}
