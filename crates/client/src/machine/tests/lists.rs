//! Tests of the session with messages, friends and conversations.

use super::{check_after, check_live};
use expect_test::expect;

/// A script that creates a live session with the lists version 10.
const WITH_LISTS: &str = "login\nup\nanswer @ login lists=10";

#[test]
fn a_message_and_a_mark_of_reading_that_were_on_their_way_when_the_link_broke_are_sent_again() {
    check_live(
        "say hi\nread bob\ndown\nnext\nup\nanswer @ login lists=0\nanswer @2 said 1\nanswer @ marked 2",
        expect![[r#"
            > say hi
              send say hi
            > read bob
              send read bob
            > down
              close
              ! disconnected: closed by the server; retry 1s
            > next, after 1000 ms
              ! Connecting
              open
            > up
              send login me sig resume known=[ann:5 me:1]
            > answer @ login lists=0
              ! Connected { resumed: true }
              send say hi
              send read bob
            > answer @2 said 1
              call 2: done, lists are at 1
            > answer @ marked 2
              call 3: done, lists are at 2
        "#]],
    );
}

#[test]
fn who_missed_nothing_is_not_told_to_read_again() {
    check_after(
        WITH_LISTS,
        "told 11\nsay hi\nanswer @ said 12\ndown\nnext\nup\nanswer @ login lists=12",
        expect![[r#"
            > told 11
              ! message: news
            > say hi
              send say hi
            > answer @ said 12
              call 2: done, lists are at 12
            > down
              close
              ! disconnected: closed by the server; retry 1s
            > next, after 1000 ms
              ! Connecting
              open
            > up
              send login me sig resume known=[]
            > answer @ login lists=12
              ! Connected { resumed: true }
        "#]],
    );
}

#[test]
fn who_missed_something_is_told_to_read_again_once() {
    check_after(
        WITH_LISTS,
        "say hi\nanswer @ said 11\ndown\nnext\nup\nanswer @ login lists=12\ndown\nnext\nup\nanswer @ login lists=12",
        expect![[r#"
            > say hi
              send say hi
            > answer @ said 11
              call 2: done, lists are at 11
            > down
              close
              ! disconnected: closed by the server; retry 1s
            > next, after 1000 ms
              ! Connecting
              open
            > up
              send login me sig resume known=[]
            > answer @ login lists=12
              ! Connected { resumed: true }
              ! lists outdated
            > down
              close
              ! disconnected: closed by the server; retry 2.25s
            > next, after 2250 ms
              ! Connecting
              open
            > up
              send login me sig resume known=[]
            > answer @ login lists=12
              ! Connected { resumed: true }
        "#]],
    );
}

#[test]
fn a_server_that_could_not_tell_everything_has_the_lists_read_again() {
    check_after(
        WITH_LISTS,
        "reload 17\ndown\nnext\nup\nanswer @ login lists=17",
        expect![[r#"
            > reload 17
              ! lists outdated
            > down
              close
              ! disconnected: closed by the server; retry 1s
            > next, after 1000 ms
              ! Connecting
              open
            > up
              send login me sig resume known=[]
            > answer @ login lists=17
              ! Connected { resumed: true }
        "#]],
    );
}

#[test]
fn another_device_of_the_user_changes_the_block_list_and_the_visibility() {
    check_live(
        "blocks +bob +cid -dan\nblocks friends\nblocks -bob nobody",
        expect![[r#"
        > blocks +bob +cid -dan
          ! block list: + bob@7 cid@7 - dan
        > blocks friends
          ! VisibilityChanged(Friends)
        > blocks -bob nobody
          ! block list: +  - bob
          ! VisibilityChanged(Nobody)
    "#]],
    );
}
