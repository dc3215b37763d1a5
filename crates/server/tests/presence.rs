//! Tests of SPEC sections 2 to 5 over real sockets, where sockets, threads and time matter. The tests in `core` cover
//! the rules.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::{TestNode, custom, get, subscribe, unsubscribe};
use lamplight_model::{Platform, StatusType, User, UserId};
use lamplight_service::{By, NewFriend};
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::connection_ended::Cause;
use lamplight_wire::v1::server_message::Body;
use prost::Message;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

use StatusType::{Offline, Online, Unlogined};

#[tokio::test]
async fn two_users_see_each_other_come_change_and_go() {
    let node = TestNode::start().await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let bob = node.log_in("bob", "mac", Platform::Mac).await;
    let answer = alice.subscribe(&["bob"]).await;
    assert_eq!(answer.statuses[0].status_type, Online as i32);
    assert_eq!(answer.statuses[0].online_devices, [Platform::Mac as i32]);

    drop(bob);
    let told = alice.told("bob", Offline).await;
    assert_eq!(told.reason, v1::Reason::LinkClosed as i32);
    assert!(told.version > answer.statuses[0].version && told.last_seen.is_some());

    let mut bob = node.log_in("bob", "mac", Platform::Mac).await;
    alice.told("bob", Online).await;
    let Body::SetSelfStatus(set) = bob.ask(custom("听歌中")).await else { panic!() };
    let told = alice.told("bob", Online).await;
    assert_eq!(told.custom_status, "听歌中");
    assert_eq!(told.version, set.status.unwrap().version);
    // Bob, who made the change, is notified too.
    assert_eq!(bob.told("bob", Online).await.custom_status, "听歌中");

    let Body::Logout(_) = bob.ask(Request::Logout(v1::LogoutRequest {})).await else { panic!() };
    bob.closed().await;
    let told = alice.told("bob", Unlogined).await;
    assert_eq!((told.reason, told.custom_status.as_str()), (v1::Reason::Logout as i32, ""));
}

#[tokio::test]
async fn a_silent_link_ends_after_the_heartbeat_timeout_and_a_heartbeat_keeps_it() {
    let node = TestNode::start().await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let _silent = node.log_in("bob", "android", Platform::Android).await;
    let _silent_tab = node.log_in("cat", "tab", Platform::Web).await;
    alice.subscribe(&["bob", "cat"]).await;

    node.clock.advance(Duration::from_secs(61));
    let told = alice.told("cat", Unlogined).await;
    assert_eq!(told.reason, v1::Reason::Timeout as i32);
    assert_eq!(alice.status_of("bob").await.status_type, Online as i32);

    // The clock moves in two steps, with a heartbeat in between.
    node.clock.advance(Duration::from_secs(200));
    let Body::Heartbeat(_) = alice.ask(Request::Heartbeat(v1::Heartbeat::default())).await else { panic!() };
    node.clock.advance(Duration::from_secs(200));
    let told = alice.told("bob", Offline).await;
    assert_eq!(told.reason, v1::Reason::Timeout as i32);
}

#[tokio::test]
async fn a_link_that_breaks_right_after_it_has_spoken_ends_at_once_too() {
    let node = TestNode::start().await;
    let mut alice = node.log_in("alice", "mac", Platform::Mac).await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    alice.subscribe(&["bob"]).await;
    // With TCP_CORK, the last message and the end of the stream travel in one segment. The heartbeat has no id, so the
    // server sends no answer. An answer would cause a reset by the closed socket.
    socket2::SockRef::from(&bob.stream).set_tcp_cork(true).unwrap();
    let heartbeat = v1::ClientMessage { id: 0, body: Some(Request::Heartbeat(v1::Heartbeat::default())) };
    bob.send_framed(&heartbeat.encode_to_vec()).await;
    drop(bob);
    alice.told("bob", Offline).await;
    node.node.stop().await;
}

#[tokio::test]
async fn a_web_user_is_not_logged_in_as_soon_as_the_tab_closes() {
    let node = TestNode::start().await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let tab = node.log_in("bob", "tab", Platform::Web).await;
    alice.subscribe(&["bob"]).await;
    drop(tab);
    alice.told("bob", Unlogined).await;
}

#[tokio::test]
async fn linger_hides_a_reload() {
    let mut node = TestNode::start().await;
    node.set(|settings| settings.timing.linger_web_ms = 60_000).await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let tab = node.log_in("bob", "tab", Platform::Web).await;
    let before = alice.subscribe(&["bob"]).await.statuses[0].version;
    drop(tab);
    node.has_connections(1).await;
    let mut tab = node.log_in("bob", "tab", Platform::Web).await;
    // Bob's next change is the first notification that Alice gets, with the next version.
    tab.ask(custom("back")).await;
    let told = alice.told("bob", Online).await;
    assert_eq!(told.custom_status, "back");
    assert!(told.version > before && alice.pushed.is_empty());
    drop(tab);
    node.has_connections(1).await;
    node.clock.advance(Duration::from_secs(61));
    assert_eq!(alice.told("bob", Unlogined).await.reason, v1::Reason::LinkClosed as i32);
}

#[tokio::test]
async fn the_app_that_a_node_makes_hides_a_reload() {
    let mut node = TestNode::start().await;
    let made = node.node.created().unwrap().settings.timing;
    node.set(|settings| settings.timing = made).await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let mut tab = node.log_in("bob", "tab", Platform::Web).await;
    tab.ask(custom("here")).await;
    let before = alice.subscribe(&["bob"]).await.statuses[0].clone();
    drop(tab);
    node.has_connections(1).await;
    node.clock.advance(Duration::from_secs(4));
    let _tab = node.log_in("bob", "tab", Platform::Web).await;
    assert_eq!(alice.status_of("bob").await, before);
    assert!(alice.pushed.is_empty());
}

#[tokio::test]
async fn another_login_of_the_platform_kicks_and_watchers_see_no_flicker() {
    let node = TestNode::start().await;
    let mut alice = node.log_in("alice", "mac", Platform::Mac).await;
    let mut old = node.log_in("bob", "old phone", Platform::Android).await;
    let before = alice.subscribe(&["bob"]).await.statuses[0].version;
    let mut new = node.log_in("bob", "new phone", Platform::Android).await;
    let words = old.last_words().await;
    assert_eq!(words.cause, Cause::KickedByOtherLogin as i32);
    assert_eq!(words.by_platform, Platform::Android as i32);
    old.closed().await;
    assert_eq!(alice.status_of("bob").await.version, before);

    // A device that was kicked while it was connected was notified, so its user may log in again at once.
    let old = node.log_in("bob", "old phone", Platform::Android).await;
    assert_eq!(new.last_words().await.cause, Cause::KickedByOtherLogin as i32);

    // A device that was kicked while it was away gets 6208 once; then the login succeeds.
    drop(old);
    alice.told("bob", Offline).await;
    let new = node.log_in("bob", "new phone", Platform::Android).await;
    let mut back = node.connect().await;
    assert_eq!(back.refused(node.login("bob", "old phone", Platform::Android)).await, 6208);
    let Body::Login(_) = back.ask(node.login("bob", "old phone", Platform::Android)).await else { panic!() };
    drop(new);
}

#[tokio::test]
async fn a_device_that_connects_again_supersedes_its_old_connection() {
    let node = TestNode::start().await;
    let mut first = node.log_in("bob", "phone", Platform::IPhone).await;
    let mut second = node.log_in("bob", "phone", Platform::IPhone).await;
    assert_eq!(first.last_words().await.cause, Cause::Superseded as i32);
    first.closed().await;
    let status = second.status_of("bob").await;
    assert_eq!(status.status_type, Online as i32);
}

#[tokio::test]
async fn friends_are_told_by_the_switch_and_the_graph_follows_at_once() {
    let mut node = TestNode::start().await;
    let user = |id: &str| User::new(node.app.id, UserId::new(id).unwrap());
    let (alice_user, bob_id) = (user("alice"), UserId::new("bob").unwrap());
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    let (friend, now) = (NewFriend::mutual(bob_id.clone()), node.clock.now());
    node.node.service().add_friend(&alice_user, friend, By::App, now).await.unwrap();

    bob.ask(custom("nobody hears this")).await;
    node.set(|settings| settings.switches.friend_notification = true).await;
    // When the switch is turned on, friends get the present status.
    assert_eq!(alice.told("bob", Online).await.custom_status, "nobody hears this");
    bob.ask(custom("heard")).await;
    assert_eq!(alice.told("bob", Online).await.custom_status, "heard");

    node.node.service().delete_friends(&alice_user, &[bob_id], false, By::App, now).await.unwrap();
    bob.ask(custom("one-way friends are not told")).await;
    alice.ask(custom("own")).await;
    loop {
        // Alice also gets notifications of her lists.
        let Body::StatusChanged(changed) = alice.push().await.unwrap() else { continue };
        assert!(changed.statuses.iter().all(|status| status.custom_status != "one-way friends are not told"));
        if changed.statuses.iter().any(|status| status.custom_status == "own") {
            break;
        }
    }
}

#[tokio::test]
async fn the_list_is_shared_by_the_devices_of_an_account() {
    let node = TestNode::start().await;
    let _bob = node.log_in("bob", "phone", Platform::IPhone).await;
    let mut phone = node.log_in("alice", "phone", Platform::IPhone).await;
    let mut mac = node.log_in("alice", "mac", Platform::Mac).await;
    phone.subscribe(&["bob"]).await;
    let Some(Body::SubscriptionsChanged(changed)) = mac.push().await else { panic!() };
    assert_eq!(changed.subscribed, ["bob"]);
    mac.told("bob", Online).await;
    let Body::GetSubscriptions(list) =
        mac.ask(Request::GetSubscriptions(v1::GetSubscriptionsRequest {})).await
    else {
        panic!()
    };
    assert_eq!((list.user_ids, list.limit), (vec!["bob".to_owned()], 200));
    let Body::UnsubscribeUserStatus(_) = mac.ask(unsubscribe(&[])).await else { panic!() };
    let changed = loop {
        if let Some(Body::SubscriptionsChanged(changed)) = phone.push().await {
            break changed;
        }
    };
    assert_eq!(changed.unsubscribed, ["bob"]);
}

#[tokio::test]
async fn a_client_that_comes_back_is_told_exactly_what_differs() {
    let node = TestNode::start().await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    let mut cat = node.log_in("cat", "phone", Platform::IPhone).await;
    let answer = alice.subscribe(&["bob", "cat"]).await;
    let known = answer
        .statuses
        .iter()
        .map(|status| v1::Known { user_id: status.user_id.clone(), version: status.version })
        .chain([v1::Known { user_id: "dog".to_owned(), version: 7 }])
        .collect();
    drop(alice);
    bob.ask(custom("one")).await;
    bob.ask(custom("two")).await;
    cat.ask(custom("x")).await;
    cat.ask(custom("")).await;

    let mut alice = node.connect().await;
    let Request::Login(mut login) = node.login("alice", "phone", Platform::IPhone) else { panic!() };
    login.resume = true;
    login.known = known;
    let Body::Login(answer) = alice.ask(Request::Login(login)).await else { panic!() };
    let mut told: Vec<_> = answer
        .statuses
        .iter()
        .map(|status| (status.user_id.as_str(), status.custom_status.as_str()))
        .collect();
    told.sort_unstable();
    assert_eq!(told, [("alice", ""), ("bob", "two"), ("cat", "")]);
    assert_eq!(answer.not_watched, ["dog"]);
    assert!(!answer.subscriptions_lost);
}

#[tokio::test]
async fn an_expired_sig_logs_the_device_out() {
    let node = TestNode::start().await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let mut bob = node.connect().await;
    let Request::Login(mut login) = node.login("bob", "phone", Platform::IPhone) else { panic!() };
    login.user_sig = node.sig_for("bob", 100);
    let Body::Login(_) = bob.ask(Request::Login(login.clone())).await else { panic!() };
    alice.subscribe(&["bob"]).await;

    // A new UserSig on the same connection postpones the expiry of the login.
    node.clock.advance(Duration::from_secs(60));
    login.user_sig = node.sig_for("bob", 100);
    let Body::Login(_) = bob.ask(Request::Login(login)).await else { panic!() };
    node.clock.advance(Duration::from_secs(60));
    assert_eq!(alice.status_of("bob").await.status_type, Online as i32);

    node.clock.advance(Duration::from_secs(60));
    assert_eq!(bob.last_words().await.cause, Cause::UserSigExpired as i32);
    assert_eq!(alice.told("bob", Unlogined).await.reason, v1::Reason::SigExpired as i32);
}

#[tokio::test]
async fn the_operator_kicks_and_every_earlier_sig_is_revoked() {
    let node = TestNode::start().await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    let old_sig = node.login("bob", "phone", Platform::IPhone);
    let user = User::new(node.app.id, UserId::new("bob").unwrap());
    let _at_once = node.node.service().kick(&user, node.clock.now()).await.unwrap();
    assert_eq!(bob.last_words().await.cause, Cause::KickedByOperator as i32);
    let mut back = node.connect().await;
    assert_eq!(back.refused(old_sig).await, 70052);
    node.clock.advance(Duration::from_secs(2));
    let Body::Login(_) = back.ask(node.login("bob", "phone", Platform::IPhone)).await else { panic!() };
}

#[tokio::test]
async fn a_restart_shows_nothing_of_those_who_come_back() {
    let node = TestNode::start().await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    let _cat = node.log_in("cat", "phone", Platform::IPhone).await;
    bob.ask(custom("reading")).await;
    alice.subscribe(&["bob", "cat"]).await;
    let before = alice.status_of("bob").await;
    let words = tokio::spawn(async move { bob.last_words().await });
    let stopped = node.stop().await;
    let words = words.await.unwrap();
    assert_eq!(words.cause, Cause::Reconnect as i32);
    assert!(words.retry_after_ms <= 1_000, "three clients need no longer");

    let node = stopped.start().await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let _bob = node.log_in("bob", "phone", Platform::IPhone).await;
    let after = alice.status_of("bob").await;
    assert_eq!((after.version, after.custom_status.as_str()), (before.version, "reading"));
    // The subscription list still exists. After the grace, Alice is notified of Cat, who does not return, and not of
    // Bob.
    node.clock.advance(Duration::from_secs(31));
    let told = alice.told("cat", Offline).await;
    assert_eq!(told.reason, v1::Reason::NodeLost as i32);
    assert_eq!(alice.status_of("bob").await.version, before.version);
}

#[tokio::test]
async fn clients_are_told_over_how_long_so_many_of_them_spread_their_return() {
    let node = TestNode::start_with(|config| {
        config.reconnects_per_second = 2;
        config.reconnect_spread_ms = 1_800;
    })
    .await;
    async fn told(node: &TestNode, wire: &mut common::Wire, user: &str) -> u32 {
        let Body::Login(login) = wire.ask(node.login(user, "phone", Platform::IPhone)).await else {
            panic!()
        };
        login.reconnect_spread_ms
    }
    let mut alice = node.connect().await;
    assert_eq!(told(&node, &mut alice, "alice").await, 1_000, "the least that is told");
    let mut bob = node.connect().await;
    assert_eq!(told(&node, &mut bob, "bob").await, 1_000);
    let mut cat = node.connect().await;
    assert_eq!(told(&node, &mut cat, "cat").await, 1_500);
    // A client that logged in earlier gets the new spread with the answers to its heartbeats, and when it renews its
    // UserSig.
    let Body::Heartbeat(beat) = alice.ask(Request::Heartbeat(v1::Heartbeat::default())).await else {
        panic!()
    };
    assert_eq!(beat.reconnect_spread_ms, 1_500);
    assert_eq!(told(&node, &mut bob, "bob").await, 1_500);
    let mut dan = node.connect().await;
    assert_eq!(told(&node, &mut dan, "dan").await, 1_800, "the most that the operator allows");
}

#[tokio::test]
async fn a_client_that_does_not_read_ends_with_the_right_picture() {
    let node = TestNode::start().await;
    let mut slow = common::Wire::connect_small(node.address()).await;
    let Body::Login(_) = slow.ask(node.login("slow", "phone", Platform::IPhone)).await else { panic!() };
    let mut users = Vec::new();
    for n in 0..5 {
        users.push(node.log_in(&format!("u{n}"), "phone", Platform::IPhone).await);
    }
    slow.subscribe(&["u0", "u1", "u2", "u3", "u4"]).await;
    let text = "x".repeat(80);
    for round in 0..800 {
        for user in &mut users {
            // The answers are read below, all together.
            user.send(custom(&format!("{round} {text}"))).await;
        }
        if round % 100 == 99 {
            for user in &mut users {
                let custom = format!("{round} {text}");
                while user.told_any().await != custom {}
            }
        }
    }
    let mut seen = std::collections::HashMap::new();
    let mut versions = std::collections::HashMap::new();
    let mut events = 0;
    while seen.values().filter(|custom: &&String| custom.starts_with("799 ")).count() < 5 {
        let Some(Body::StatusChanged(changed)) = slow.push().await else { panic!() };
        for status in changed.statuses {
            let before = versions.insert(status.user_id.clone(), status.version);
            assert!(before < Some(status.version), "versions rise");
            seen.insert(status.user_id, status.custom_status);
            events += 1;
        }
    }
    assert!(events < 4_000, "{events} of 4000 changes were told one by one: nothing was conflated");
}

impl common::Wire {
    async fn told_any(&mut self) -> String {
        loop {
            if let Some(Body::StatusChanged(mut changed)) = self.push().await {
                return changed.statuses.pop().unwrap().custom_status;
            }
        }
    }
}

#[tokio::test]
async fn queries_answer_for_others_too_and_failures_name_their_code() {
    let node = TestNode::start().await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let _bob = node.log_in("bob", "phone", Platform::IPhone).await;
    let Body::GetUserStatus(answer) = alice.ask(get(&["bob", "nobody", "bob", "alice"])).await else {
        panic!()
    };
    let statuses: Vec<_> = answer.statuses.iter().map(|status| status.user_id.as_str()).collect();
    assert_eq!(statuses, ["bob", "alice"]);
    assert_eq!(answer.failures, [v1::Failure { user_id: "nobody".to_owned(), code: 70107 }]);
    assert_eq!(alice.refused(get(&["nobody"])).await, 70107);
    let Body::SubscribeUserStatus(answer) = alice.ask(subscribe(&["nobody", "bob"])).await else { panic!() };
    assert_eq!(answer.failures.len(), 1);
    assert_eq!(answer.statuses.len(), 1);
    alice.stream.shutdown().await.unwrap();
    alice.closed().await;
}
