//! Tests of the watched users, and of subscribing again after a reconnect.

use super::super::*;
use super::script::{World, subscribed_to};
use super::{LIVE, check_live};
use expect_test::expect;

#[test]
fn who_is_not_watched_any_longer_leaves() {
    check_live(
        "sub bob\nanswer @ sub bob:1\ndown\nnext\nup\nanswer @ login not_watched=bob\nchanged +cid !ann\npush cid:3\ncached",
        expect![[r#"
            > sub bob
              send sub bob
            > answer @ sub bob:1
              ! bob:1
              call 2: bob:1 evicted=[]
            > down
              close
              ! disconnected: closed by the server; retry 1s
            > next, after 1000 ms
              ! Connecting
              open
            > up
              send login me sig resume known=[ann:5 bob:1 me:1]
            > answer @ login not_watched=bob
              ! Connected { resumed: true }
              ! not watched: bob
              ! list changed: +  - bob
            > changed +cid !ann
              ! list changed: + cid - ann
              ! not watched: ann
            > push cid:3
              ! cid:3
            > cached
              cid:3 me:1
        "#]],
    );
}

#[test]
fn a_lost_list_is_subscribed_again_and_only_what_differs_surfaces() {
    check_live(
        "sub bob cid dan\nanswer @ sub bob:1 cid:1 dan:1\ndown\nnext\nup\nanswer @ login lost not_watched=cid,dan,ann\nanswer @ sub bob:2 cid:1 failed=dan\ncached\nnext",
        expect![[r#"
            > sub bob cid dan
              send sub bob cid dan
            > answer @ sub bob:1 cid:1 dan:1
              ! bob:1 cid:1 dan:1
              call 2: bob:1 cid:1 dan:1 evicted=[]
            > down
              close
              ! disconnected: closed by the server; retry 1s
            > next, after 1000 ms
              ! Connecting
              open
            > up
              send login me sig resume known=[ann:5 bob:1 cid:1 dan:1 me:1]
            > answer @ login lost not_watched=cid,dan,ann
              ! Connected { resumed: true }
              ! not watched: ann
              send sub bob cid dan
            > answer @ sub bob:2 cid:1 failed=dan
              ! bob:2
              ! not watched: dan
            > cached
              bob:2 cid:1 me:1
            > next, after 120000 ms
              send heartbeat
        "#]],
    );
}

#[test]
fn who_left_the_list_and_is_watched_as_a_friend_stays() {
    check_live(
        "sub bob\nanswer @ sub bob:1 evicted=ann\nchanged -bob\nunsub ann\nanswer @ unsub\ncached\nchanged !bob\ncached",
        expect![[r#"
            > sub bob
              send sub bob
            > answer @ sub bob:1 evicted=ann
              ! bob:1
              call 2: bob:1 evicted=[ann]
            > changed -bob
              ! list changed: +  - bob
            > unsub ann
              send unsub ann
            > answer @ unsub
              call 3: unsubscribed
            > cached
              ann:5 bob:1 me:1
            > changed !bob
              ! list changed: +  - bob
              ! not watched: bob
            > cached
              ann:5 me:1
        "#]],
    );
}

#[test]
fn what_an_earlier_process_subscribed_to_is_restored_too() {
    let mut world = World::new(Platform::Linux);
    world.run("login\nup\nanswer @ login me:1 ann:5 zoe:1 subscriptions=ann,zoe\nsub bob zoe");
    world.run("answer @ sub bob:1 zoe:1\ndown\nnext\nup");
    world.transcript.clear();
    world.run("answer @ login lost not_watched=ann,bob,zoe\nanswer @ sub ann:5 bob:1 zoe:2\ncached");
    expect![[r#"
        > answer @ login lost not_watched=ann,bob,zoe
          ! Connected { resumed: true }
          send sub ann bob zoe
        > answer @ sub ann:5 bob:1 zoe:2
          ! zoe:2
        > cached
          ann:5 bob:1 me:1 zoe:2
    "#]]
    .assert_eq(&world.transcript);
}

#[test]
fn a_restore_is_paced_and_survives_refusals_and_broken_links() {
    let mut world = World::new(Platform::Linux);
    let (ask, answer) = subscribed_to(150);
    world.run(&format!("{LIVE}\n{ask}\n{answer}\ndown\nnext\nup"));
    world.transcript.clear();
    // All users except three are still watched as friends.
    world.run("answer @ login lost not_watched=u100,u120,u149\ndown\nnext\nup\nanswer @ login");
    world.run("answer @ no 7008\nnext");
    world.run("answer @ no 70206\nnext\nanswer @ sub\nunsub u149\nanswer @ unsub\nnext\nanswer @ sub");
    world.run("next\nanswer @ no 6017\nnext");
    expect![[r#"
        > answer @ login lost not_watched=u100,u120,u149
          ! Connected { resumed: true }
          send sub u000 … u099 (100)
        > down
          close
          ! disconnected: closed by the server; retry 2.25s
        > next, after 2250 ms
          ! Connecting
          open
        > up
          send login me sig resume known=[ann:5 … u149:1 (152)]
        > answer @ login
          ! Connected { resumed: true }
          send sub u000 … u099 (100)
        > answer @ no 7008
        > next, after 5000 ms
          send sub u000 … u099 (100)
        > answer @ no 70206
        > next, after 500 ms
          send sub u000 … u049 (50)
        > answer @ sub
        > unsub u149
          ! not watched: u149
          send unsub u149
        > answer @ unsub
          call 3: unsubscribed
        > next, after 500 ms
          send sub u050 … u099 (50)
        > answer @ sub
        > next, after 500 ms
          send sub u100 … u148 (49)
        > answer @ no 6017
          ! not watched: u100 u120
        > next, after 120000 ms
          send heartbeat
    "#]]
    .assert_eq(&world.transcript);
}

#[test]
fn the_snapshot_of_a_login_holds_even_where_it_is_older() {
    check_live(
        "down\nnext\nup\nanswer @ login ann:3 more\npush ann:2\npush me:1 bob:4\nget ann bob\nanswer @ get ann:2 bob:5\nlast\npush ann:1 bob:4 me:2\ncached",
        expect![[r#"
            > down
              close
              ! disconnected: closed by the server; retry 1s
            > next, after 1000 ms
              ! Connecting
              open
            > up
              send login me sig resume known=[ann:5 me:1]
            > answer @ login ann:3 more
              ! Connected { resumed: true }
              ! ann:3
            > push ann:2
            > push me:1 bob:4
              ! bob:4
            > get ann bob
              send get ann bob
            > answer @ get ann:2 bob:5
              ! bob:5
              call 2: ann:2 bob:5
            > last
            > push ann:1 bob:4 me:2
              ! me:2
            > cached
              ann:3 bob:5 me:2
        "#]],
    );
}

#[test]
fn who_was_neither_named_nor_told_of_leaves_once_the_snapshot_is_complete() {
    // The login request has no room for all watched users. It contains the users with the newest versions.
    let name = |number: u64| format!("{number:032}");
    let statuses: Vec<_> = (1..=2_000).map(|n| format!("{}:{n}", name(n))).collect();
    let mut world = World::new(Platform::Linux);
    world.run(&format!("login\nup\nanswer @ login me:9999 {}\ndown\nnext\nup", statuses.join(" ")));
    let Some(Ask::Login(login)) = &world.sent.last().unwrap().body else { panic!() };
    let named = login.known.len() as u64;
    assert!((1_000..2_000).contains(&named), "{named}");
    // Of the users who did not fit into the login request, the server sends the statuses of only two, in two messages.
    world.transcript.clear();
    world.run(&format!("answer @ login {}:1 more\nlast {}:3", name(1), name(2)));
    let left: Vec<String> = (3..=2_000 - (named - 1)).map(name).collect();
    let event = format!("! not watched: {} … {} ({})", left[0], left[left.len() - 1], left.len());
    assert!(world.transcript.ends_with(&format!("{event}\n")), "{}", world.transcript);
    assert_eq!(world.machine.cache().iter().count() as u64, named + 2);
    // A snapshot is completed only once. An answer to a query does not end the watching of its user, and the user of
    // the session is never removed.
    world.transcript.clear();
    world.run("last\nlast");
    assert_eq!(world.transcript, "> last\n> last\n");
}

#[test]
fn without_the_end_of_the_snapshot_nobody_is_let_go() {
    let mut world = World::new(Platform::Linux);
    let statuses: Vec<_> = (1..=2_000).map(|n| format!("{n:032}:{n}")).collect();
    world.run(&format!("login\nup\nanswer @ login me:9999 {}\ndown\nnext\nup", statuses.join(" ")));
    world.run("answer @ login more\ndown\nnext\nup\nanswer @ login more\nlast");
    // The link broke in between, so the users in the earlier login request do not count.
    let Some(Ask::Login(login)) = &world.sent.last().unwrap().body else { panic!() };
    assert_eq!(world.machine.cache().iter().count(), login.known.len());
}

#[test]
fn a_server_that_takes_less_is_told_of_fewer_known_users() {
    let mut world = World::new(Platform::Linux);
    let statuses: Vec<_> = (1..=1_200).map(|n| format!("{n:032}:{n}")).collect();
    world.run(&format!("login\nup\nanswer @ login me:9999 {}\ndown", statuses.join(" ")));
    let mut sizes = Vec::new();
    for _ in 0..4 {
        world.run("next\nup\nended PROTOCOL_ERROR");
        sizes.push(world.sent.last().unwrap().encoded_len());
    }
    assert!(sizes.windows(2).all(|two| two[1] <= two[0] / 2 && two[1] > two[0] / 3), "{sizes:?}");
}

#[test]
fn what_the_app_lets_a_client_do_is_told_when_it_changes() {
    check_live(
        "app on\napp off\napp off\ndown\nnext\nup\nanswer @ login off\ndown\nnext\nup\nanswer @ login",
        expect![[r#"
            > app on
            > app off
              ! abilities: refusal Some(72001)
            > app off
            > down
              close
              ! disconnected: closed by the server; retry 1s
            > next, after 1000 ms
              ! Connecting
              open
            > up
              send login me sig resume known=[ann:5 me:1]
            > answer @ login off
              ! Connected { resumed: true }
            > down
              close
              ! disconnected: closed by the server; retry 2.25s
            > next, after 2250 ms
              ! Connecting
              open
            > up
              send login me sig resume known=[ann:5 me:1]
            > answer @ login
              ! Connected { resumed: true }
              ! abilities: refusal None
        "#]],
    );
}
