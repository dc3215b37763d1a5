//! How calls are sent and answered.

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
          ! disconnected: not understood: an answer of another kind than its request; retry 1s
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
              call 3: error no answer in time
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
