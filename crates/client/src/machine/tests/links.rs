//! Tests of keeping a link alive, losing it and replacing it.

use super::super::*;
use super::script::World;
use super::{LIVE, check_live};
use expect_test::expect;

#[test]
fn after_a_broken_link_the_client_comes_back_and_tells_exactly_what_differs() {
    check_live(
        "down\nnext\nup\nanswer @ login ann:6 me:1\ndown\nnext\nup\nanswer @ login\ncached",
        expect![[r#"
            > down
              close
              ! disconnected: closed by the server; retry 1s
            > next, after 1000 ms
              ! Connecting
              open
            > up
              send login me sig resume known=[ann:5 me:1]
            > answer @ login ann:6 me:1
              ! Connected { resumed: true }
              ! ann:6
            > down
              close
              ! disconnected: closed by the server; retry 2.25s
            > next, after 2250 ms
              ! Connecting
              open
            > up
              send login me sig resume known=[ann:6 me:1]
            > answer @ login
              ! Connected { resumed: true }
            > cached
              ann:6 me:1
        "#]],
    );
}

#[test]
fn attempts_back_off_until_a_link_has_lasted() {
    check_live(
        "down\nnext\nfailed\nnext\nnext\nnext\nup\nnext\nnext\nup\nanswer @ login\ndown\nnext\nup\nanswer @ login\nwait 10000\ndown",
        expect![[r#"
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
            > next, after 10000 ms
              close
              ! connect failed: no connection in time; retry Some(4.5s)
            > next, after 4500 ms
              ! Connecting
              open
            > up
              send login me sig resume known=[ann:5 me:1]
            > next, after 10000 ms
              close
              ! connect failed: no answer to the login in time; retry Some(9s)
            > next, after 9000 ms
              ! Connecting
              open
            > up
              send login me sig resume known=[ann:5 me:1]
            > answer @ login
              ! Connected { resumed: true }
            > down
              close
              ! disconnected: closed by the server; retry 18s
            > next, after 18000 ms
              ! Connecting
              open
            > up
              send login me sig resume known=[ann:5 me:1]
            > answer @ login
              ! Connected { resumed: true }
            > wait 10000
            > down
              close
              ! disconnected: closed by the server; retry 1s
        "#]],
    );
}

#[test]
fn a_server_that_hands_over_is_returned_to_in_waves() {
    check_live(
        "jitter 0.25\nended RECONNECT 20000\nnext\nup\nanswer @ login\nended RECONNECT 0\nnext",
        expect![[r#"
            > ended RECONNECT 20000
              close
              ! disconnected: the server asked to reconnect; retry 20s
            > next, after 20000 ms
              ! Connecting
              open
            > up
              send login me sig resume known=[ann:5 me:1]
            > answer @ login
              ! Connected { resumed: true }
            > ended RECONNECT 0
              close
              ! disconnected: the server asked to reconnect; retry 1.125s
            > next, after 1125 ms
              ! Connecting
              open
        "#]],
    );
    check_live(
        "ended TOO_MANY_CONNECTIONS 20000\nnext",
        expect![[r#"
        > ended TOO_MANY_CONNECTIONS 20000
          close
          ! disconnected: too many connections; retry 21s
        > next, after 21000 ms
          ! Connecting
          open
    "#]],
    );
    check_live(
        "ended PROTOCOL_ERROR\nset hi",
        expect![[r#"
        > ended PROTOCOL_ERROR
          close
          ! disconnected: ended by the server: words; retry 1s
        > set hi
    "#]],
    );
}

#[test]
fn heartbeats_keep_the_link_and_silence_gives_it_up() {
    check_live(
        "next\nanswer @ heartbeat\nwait 60000\nset hi\nanswer @ set me:2\nnext\nwait 7999\npush ann:6\nwait 7999\nnext",
        expect![[r#"
            > next, after 120000 ms
              send heartbeat
            > answer @ heartbeat
            > wait 60000
            > set hi
              send set hi
            > answer @ set me:2
              ! me:2
              call 2: me:2
            > next, after 120000 ms
              send heartbeat
            > wait 7999
            > push ann:6
              ! ann:6
            > wait 7999
            > next, after 1 ms
              close
              ! disconnected: no bytes came from the server in time; retry 1s
        "#]],
    );
}

#[test]
fn a_web_client_sends_its_heartbeat_within_20_seconds() {
    let mut world = World::new(Platform::Web);
    world.run(LIVE);
    assert_eq!(world.machine.next_deadline(), Some(world.now + Duration::from_secs(20)));
}

#[test]
fn a_changed_network_tests_the_link_or_ends_the_waiting() {
    check_live(
        "network\nnetwork\nanswer @ heartbeat\ndown\nnetwork\nnetwork",
        expect![[r#"
        > network
          send heartbeat
        > network
          send heartbeat (no answer)
        > answer @ heartbeat
        > down
          close
          ! disconnected: closed by the server; retry 1s
        > network
          ! Connecting
          open
        > network
    "#]],
    );
}

#[test]
fn a_login_fits_its_frame_however_much_is_known() {
    let mut world = World::new(Platform::Linux);
    let statuses: Vec<_> = (0..3000).map(|n| format!("{n:032}:{}", u64::MAX - n)).collect();
    world.run(&format!("login\nup\nanswer @ login {}\ndown\nnext\nup", statuses.join(" ")));
    let limit = FrameLimits::default().before_login;
    let login = world.sent.last().unwrap();
    assert!(login.encoded_len() <= limit && login.encoded_len() > limit - 100, "{}", login.encoded_len());
}

#[test]
fn what_is_told_before_the_answer_to_a_login_surfaces_with_it() {
    check_live(
        "down\nnext\nup\npush ann:7 bob:1\nanswer @ login ann:6 me:2",
        expect![[r#"
        > down
          close
          ! disconnected: closed by the server; retry 1s
        > next, after 1000 ms
          ! Connecting
          open
        > up
          send login me sig resume known=[ann:5 me:1]
        > push ann:7 bob:1
        > answer @ login ann:6 me:2
          ! Connected { resumed: true }
          ! ann:7 bob:1 me:2
    "#]],
    );
}

#[test]
fn after_a_changed_network_a_silent_link_is_given_up_soon_and_an_answer_keeps_it() {
    check_live(
        "network\nwait 1000\nnetwork\nnext",
        expect![[r#"
        > network
          send heartbeat
        > wait 1000
        > network
          send heartbeat (no answer)
        > next, after 2000 ms
          close
          ! disconnected: no bytes came from the server in time; retry 1s
    "#]],
    );
    check_live(
        "network\nanswer @ heartbeat\nget ann\nwait 7999\nnext",
        expect![[r#"
            > network
              send heartbeat
            > answer @ heartbeat
            > get ann
              send get ann
            > wait 7999
            > next, after 1 ms
              close
              ! disconnected: no bytes came from the server in time; retry 1s
        "#]],
    );
}

#[test]
fn after_a_sleep_the_link_is_tested_for_a_moment_and_made_again_without_a_wait() {
    // The heartbeat was due during the sleep.
    check_live(
        "wait 200000\nnext\nnext\nup\nanswer @ login",
        expect![[r#"
        > wait 200000
          send heartbeat
        > next, after 800 ms
          close
          ! disconnected: no bytes came from the server in time; retry 100ms
        > next, after 100 ms
          ! Connecting
          open
        > up
          send login me sig resume known=[ann:5 me:1]
        > answer @ login
          ! Connected { resumed: true }
    "#]],
    );
    // If the link breaks during the test after a sleep, the client reconnects almost at once.
    check_live(
        "wait 200000\ndown\nnext",
        expect![[r#"
        > wait 200000
          send heartbeat
        > down
          close
          ! disconnected: closed by the server; retry 100ms
        > next, after 100 ms
          ! Connecting
          open
    "#]],
    );
    // The answer was due during the sleep, so its absence does not mean that the link is broken.
    check_live(
        "get ann\nwait 200000\nanswer @ heartbeat\nanswer @2 get ann:5\nnext",
        expect![[r#"
            > get ann
              send get ann
            > wait 200000
              send heartbeat
            > answer @ heartbeat
            > answer @2 get ann:5
              call 2: ann:5
            > next, after 120000 ms
              send heartbeat
        "#]],
    );
}

#[test]
fn what_is_late_by_less_than_a_sleep_is_no_sleep() {
    check_live(
        "wait 124999\nwait 8000",
        expect![[r#"
        > wait 124999
          send heartbeat
        > wait 8000
          close
          ! disconnected: no bytes came from the server in time; retry 1s
    "#]],
    );
}

#[test]
fn an_attempt_that_slept_is_begun_anew() {
    check_live(
        "down\nnext\nwait 60000\nup\nwait 60000\nup\nanswer @ login",
        expect![[r#"
        > down
          close
          ! disconnected: closed by the server; retry 1s
        > next, after 1000 ms
          ! Connecting
          open
        > wait 60000
          close
          ! Connecting
          open
        > up
          send login me sig resume known=[ann:5 me:1]
        > wait 60000
          close
          ! Connecting
          open
        > up
          send login me sig resume known=[ann:5 me:1]
        > answer @ login
          ! Connected { resumed: true }
    "#]],
    );
}

#[test]
fn the_server_tells_over_how_long_its_clients_spread_their_return() {
    let mut world = World::new(Platform::Linux);
    world.run("login\nup\nanswer @ login spread=8000");
    world.transcript.clear();
    world.run(
        "down\nnext\nfailed\nnext\nfailed\nset hi\nnext\nup\nanswer @ login spread=8000\nanswer @ set me:1",
    );
    // Answers to heartbeats and to logins contain the spread, but those of an older server do not.
    world.run("next\nanswer @ heartbeat spread=4000\nnext\nanswer @ heartbeat\ndown\nnext\nup\nanswer @ login\nwait 10000\ndown");
    expect![[r#"
        > down
          close
          ! disconnected: closed by the server; retry 8s
        > next, after 8000 ms
          ! Connecting
          open
        > failed
          close
          ! connect failed: connecting: no route; retry Some(12s)
        > next, after 12000 ms
          ! Connecting
          open
        > failed
          close
          ! connect failed: connecting: no route; retry Some(12s)
        > set hi
        > next, after 12000 ms
          ! Connecting
          open
        > up
          send login me sig resume known=[]
        > answer @ login spread=8000
          ! Connected { resumed: true }
          send set hi
        > answer @ set me:1
          ! me:1
          call 2: me:1
        > next, after 120000 ms
          send heartbeat
        > answer @ heartbeat spread=4000
        > next, after 120000 ms
          send heartbeat
        > answer @ heartbeat
        > down
          close
          ! disconnected: closed by the server; retry 4s
        > next, after 4000 ms
          ! Connecting
          open
        > up
          send login me sig resume known=[me:1]
        > answer @ login
          ! Connected { resumed: true }
        > wait 10000
        > down
          close
          ! disconnected: closed by the server; retry 1s
    "#]]
    .assert_eq(&world.transcript);
}

/// Returns a script of a reconnect after a broken link, followed by a wait of `wait` milliseconds.
fn back_and(wait: u64) -> String {
    format!("next\nup\nanswer @ login\nwait {wait}\n")
}

/// Runs `script` and a reconnect. Returns the time from the login to its first heartbeat, in seconds.
fn heartbeat_after(script: &str) -> u64 {
    let mut world = World::new(Platform::Linux);
    world.run(&format!("{LIVE}{script}{}", back_and(0)));
    world.machine.next_deadline().unwrap().since(world.now).as_secs()
}

#[test]
fn links_that_are_cut_after_the_same_silence_shorten_the_heartbeat_and_it_keeps_the_next_one() {
    let again = back_and(60_000);
    // The client detects a cut because the path notifies it, or because a heartbeat or a call has no answer.
    assert_eq!(heartbeat_after(&format!("wait 60000\ndown\n{again}down\n")), 30);
    assert_eq!(heartbeat_after("next\nnext\nnext\nup\nanswer @ login\nnext\nnext\n"), 60);
    assert_eq!(heartbeat_after(&format!("wait 60000\nset hi\nnext\n{again}down\n")), 30);
    // Traffic at the beginning of a link does not matter: only the time without traffic before the cut counts.
    assert_eq!(heartbeat_after(&format!("wait 5000\npush ann:6\nwait 60000\ndown\n{again}down\n")), 30);
    // A new login on the link does not reset the heartbeat interval.
    let mut world = World::new(Platform::Linux);
    world.run(&format!("{LIVE}wait 60000\ndown\n{again}down\n{}login\nanswer @ login", back_and(0)));
    assert_eq!(world.machine.next_deadline(), Some(world.now + Duration::from_secs(30)));
}

#[test]
fn links_that_break_otherwise_leave_the_heartbeat_as_it_is() {
    let again = back_and(60_000);
    for script in [
        format!("wait 60000\ndown\n{}down\n", back_and(50_000)),
        // The link was in use: bytes were received after the call.
        "down\nnext\nup\nanswer @ login\ndown\n".to_owned(),
        format!("wait 60000\nset hi\npush ann:6\ndown\n{again}set hi\npush ann:7\ndown\n"),
        // A link that ended after a sleep, or with a final message of the server, was not cut.
        format!("wait 200000\ndown\n{}down\n", back_and(200_000)),
        format!("wait 60000\nended TIMEOUT\n{again}ended TIMEOUT\n"),
    ] {
        assert_eq!(heartbeat_after(&script), 120, "{script}");
    }
}
