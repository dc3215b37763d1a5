//! Tests of the beginning and the end of a session.

use super::super::*;
use super::script::{World, check};
use super::{LIVE, check_live};
use expect_test::expect;

#[test]
fn a_login_connects_and_the_first_snapshot_surfaces() {
    check(
        "login\nup\nanswer @ login me:1 ann:5\ncached",
        expect![[r#"
        > login
          ! Connecting
          open
        > up
          send login me sig known=[]
        > answer @ login me:1 ann:5
          ! Connected { resumed: false }
          call 1: logged in
          ! ann:5 me:1
        > cached
          ann:5 me:1
    "#]],
    );
}

#[test]
fn a_first_login_is_one_attempt() {
    check(
        "login\nset hi\nfailed\nlogin\nup\ndown\nlogin\nup\nanswer @ no 70009\nset hi",
        expect![[r#"
            > login
              ! Connecting
              open
            > set hi
            > failed
              call 1: error connecting: no route
              close
              call 2: error 6014: not logged in
              ! connect failed: connecting: no route; retry None
            > login
              ! Connecting
              open
            > up
              send login me sig known=[]
            > down
              call 3: error logging in: closed by the server
              close
              ! connect failed: closed by the server; retry None
            > login
              ! Connecting
              open
            > up
              send login me sig known=[]
            > answer @ no 70009
              call 4: error 70009: words
              close
              ! connect failed: login refused: 70009: words; retry None
            > set hi
              call 5: error 6014: not logged in
        "#]],
    );
}

#[test]
fn a_first_login_ends_with_its_call() {
    check(
        "timeout 3000\nlogin\nnext\ntimeout 30000\nlogin\nnext\nlogin\nup\nnext",
        expect![[r#"
            > login
              ! Connecting
              open
            > next, after 3000 ms
              call 1: error not sent in time; the server has not been asked
              close
              ! connect failed: no connection in time; retry None
            > login
              ! Connecting
              open
            > next, after 10000 ms
              call 2: error connecting: no connection in time
              close
              ! connect failed: no connection in time; retry None
            > login
              ! Connecting
              open
            > up
              send login me sig known=[]
            > next, after 10000 ms
              call 3: error logging in: no answer to the login in time
              close
              ! connect failed: no answer to the login in time; retry None
        "#]],
    );
}

#[test]
fn what_ends_the_session_is_told_and_nothing_comes_after_it() {
    for cause in [
        "KICKED_BY_OTHER_LOGIN",
        "KICKED_BY_OPERATOR",
        "USER_SIG_EXPIRED",
        "ACCOUNT_DELETED",
        "SUPERSEDED",
        "LOGGED_OUT",
    ] {
        let mut world = World::new(Platform::Linux);
        world.run(&format!("{LIVE}\nset hi\nended {cause}\ndown\nset ho\ncached"));
        let end = world.transcript.split_once(&format!("> ended {cause}\n")).unwrap().1;
        let event = match cause {
            "KICKED_BY_OTHER_LOGIN" => "kicked by Some(Mac)",
            "KICKED_BY_OPERATOR" => "KickedOffline { by: Operator }",
            "USER_SIG_EXPIRED" => "UserSigExpired",
            "ACCOUNT_DELETED" => "AccountDeleted",
            "LOGGED_OUT" => "LoggedOut",
            _ => "Superseded",
        };
        let expected = format!(
            "  close\n  call 2: error 6014: not logged in\n  ! {event}\n> down\n> set ho\n  call 3: error 6014: not logged in\n> cached\n  \n"
        );
        assert_eq!(end, expected);
        assert_eq!(world.machine.next_deadline(), None);
    }
}

#[test]
fn a_refused_resume_ends_the_session_or_is_tried_again() {
    let ends = [
        (6208, "kicked by None"),
        (70001, "UserSigExpired"),
        (6206, "UserSigExpired"),
        (70052, "KickedOffline { by: Operator }"),
        (70020, "LoginRefused(Refused { code: 70020, message: \"words\" })"),
        (99999, "LoginRefused(Refused { code: 99999, message: \"words\" })"),
    ];
    for (code, event) in ends {
        let mut world = World::new(Platform::Linux);
        world.run(&format!("{LIVE}\ndown\nnext\nup\nset hi"));
        world.transcript.clear();
        world.run(&format!("answer @ no {code}"));
        let expected =
            format!("> answer @ no {code}\n  close\n  call 2: error 6014: not logged in\n  ! {event}\n");
        assert_eq!(world.transcript, expected);
    }
    check_live(
        "down\nnext\nup\nanswer @ no 7008\nnext\nup\nanswer @ no 70500\nnext\nup\nanswer @ no 70050\nnext",
        expect![[r#"
            > down
              close
              ! disconnected: closed by the server; retry 1s
            > next, after 1000 ms
              ! Connecting
              open
            > up
              send login me sig resume known=[ann:5 me:1]
            > answer @ no 7008
              close
              ! connect failed: login refused: 7008: words; retry Some(2.25s)
            > next, after 2250 ms
              ! Connecting
              open
            > up
              send login me sig resume known=[ann:5 me:1]
            > answer @ no 70500
              close
              ! connect failed: login refused: 70500: words; retry Some(4.5s)
            > next, after 4500 ms
              ! Connecting
              open
            > up
              send login me sig resume known=[ann:5 me:1]
            > answer @ no 70050
              close
              ! connect failed: login refused: 70050: words; retry Some(69s)
            > next, after 69000 ms
              ! Connecting
              open
        "#]],
    );
}

#[test]
fn a_logout_ends_the_session_whether_or_not_the_server_hears_it() {
    check_live(
        "logout\nset hi\nanswer @2 logout",
        expect![[r#"
        > logout
          send logout
        > set hi
          send set hi
        > answer @2 logout
          call 2: logged out
          close
          call 3: error 6014: not logged in
          ! LoggedOut
    "#]],
    );
    check_live(
        "logout\ndown",
        expect![[r#"
        > logout
          send logout
        > down
          close
          call 2: error the connection broke before the answer
          close
          ! LoggedOut
    "#]],
    );
    check_live(
        "down\ntimeout 500\nlogout\nnext",
        expect![[r#"
            > down
              close
              ! disconnected: closed by the server; retry 1s
            > logout
            > next, after 500 ms
              call 2: error not sent in time; the server has not been asked
              close
              ! LoggedOut
        "#]],
    );
    check_live(
        "down\nlogout\nnext\nup\nanswer @ login\nanswer @ logout",
        expect![[r#"
        > down
          close
          ! disconnected: closed by the server; retry 1s
        > logout
        > next, after 1000 ms
          ! Connecting
          open
        > up
          send login me sig resume known=[ann:5 me:1]
        > answer @ login
          ! Connected { resumed: true }
          send logout
        > answer @ logout
          call 2: logged out
          close
          ! LoggedOut
    "#]],
    );
}

#[test]
fn a_fresh_user_sig_is_sent_at_once_and_used_from_then_on() {
    check_live(
        "renew new\nanswer @ login\ndown\nnext\nup",
        expect![[r#"
        > renew new
          send login me new resume known=[ann:5 me:1]
        > answer @ login
          call 2: logged in
        > down
          close
          ! disconnected: closed by the server; retry 1s
        > next, after 1000 ms
          ! Connecting
          open
        > up
          send login me new resume known=[ann:5 me:1]
    "#]],
    );
    check_live(
        "renew bad\nanswer @ no 70009\ndown\nnext\nup",
        expect![[r#"
        > renew bad
          send login me bad resume known=[ann:5 me:1]
        > answer @ no 70009
          call 2: error 70009: words
        > down
          close
          ! disconnected: closed by the server; retry 1s
        > next, after 1000 ms
          ! Connecting
          open
        > up
          send login me sig resume known=[ann:5 me:1]
    "#]],
    );
    check_live(
        "down\nrenew new\nnext\nup\nanswer @ login\nanswer @ login",
        expect![[r#"
        > down
          close
          ! disconnected: closed by the server; retry 1s
        > renew new
        > next, after 1000 ms
          ! Connecting
          open
        > up
          send login me new resume known=[ann:5 me:1]
        > answer @ login
          ! Connected { resumed: true }
          send login me new resume known=[ann:5 me:1]
        > answer @ login
          call 2: logged in
    "#]],
    );
}

#[test]
fn a_login_of_the_same_user_renews_and_of_another_one_is_refused() {
    check_live(
        "login me sig2\nanswer @ login ann:6\nlogin you sig\ndown\nlogin me sig3\nup\nanswer @ login",
        expect![[r#"
            > login me sig2
              send login me sig2 known=[ann:5 me:1]
            > answer @ login ann:6
              ! ann:6
              call 2: logged in
            > login you sig
              call 3: error 6017: invalid parameter: another user is logged in; log out first
            > down
              close
              ! disconnected: closed by the server; retry 1s
            > login me sig3
              ! Connecting
              open
            > up
              send login me sig3 known=[ann:6 me:1]
            > answer @ login
              ! Connected { resumed: false }
              call 4: logged in
        "#]],
    );
    check_live(
        "down\nlogin me sig3\nfailed\nnext",
        expect![[r#"
            > down
              close
              ! disconnected: closed by the server; retry 1s
            > login me sig3
              ! Connecting
              open
            > failed
              call 2: error connecting: no route
              close
              ! connect failed: connecting: no route; retry Some(2.25s)
            > next, after 2250 ms
              ! Connecting
              open
        "#]],
    );
}
