//! Tests of overlapping operations: many or slow reads, slow answers, and settings that change while they are used.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::chat::{add_friend, delete_friends, send};
use common::{PATIENCE, TestNode, Wire, custom, get, ids, list, unsubscribe};
use futures_util::future::join_all;
use lamplight_facts_sqlite::READ_QUEUE;
use lamplight_model::{Platform, RateLimit, StatusType};
use lamplight_service::{By, NewFriend};
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::server_message::Body;
use std::time::{Duration, Instant};

use StatusType::Online;

async fn befriend(node: &TestNode, one: &str, other: &str) {
    let id = node.user(other).id;
    let friend = NewFriend::mutual(id);
    node.node.service().add_friend(&node.user(one), friend, By::App, node.clock.now()).await.unwrap();
}

/// Each read fails at first, as it does when too many reads wait.
#[tokio::test]
async fn friend_notification_reaches_every_connection_though_the_store_fails_at_first() {
    const FANS: usize = READ_QUEUE + 104;
    /// The number of concurrent logins. It is below the listener's backlog, and below the length of the queue of the
    /// facts.
    const AT_ONCE: usize = 200;
    const ENOUGH_TIME: Duration = Duration::from_secs(60);
    assert!(
        most_open_files() >= 2 * FANS as u64 + 600,
        "two sockets for each connection: raise `ulimit -Hn`"
    );
    let mut node = TestNode::start_with(|config| {
        config.workers = 1;
        config.limits.connections_per_address = FANS as u32 + 1;
    })
    .await;
    node.set(|settings| settings.limits.friends = FANS as u16).await;
    let mut star = node.log_in("star", "phone", Platform::IPhone).await;
    let names: Vec<String> = (0..FANS).map(|fan| format!("fan{fan}")).collect();
    let mut fans = Vec::new();
    for some in names.chunks(AT_ONCE) {
        fans.extend(join_all(some.iter().map(|name| node.log_in(name, "phone", Platform::IPhone))).await);
        join_all(some.iter().map(|name| befriend(&node, "star", name))).await;
    }

    let database = database(&node);
    database.execute_batch("ALTER TABLE friends RENAME TO hidden").unwrap();
    node.set(|settings| settings.switches.friend_notification = true).await;
    // These requests are handled in order. When the second one is refused, the worker has therefore applied the new
    // setting and begun its reads.
    star.ask(custom("soon")).await;
    let friends = Request::GetFriendList(v1::GetFriendListRequest::default());
    assert_eq!(star.refused(friends).await, 70_500);
    database.execute_batch("ALTER TABLE hidden RENAME TO friends").unwrap();

    star.ask(custom("on the air")).await;
    let all_see = async {
        for fan in &mut fans {
            while fan.told_of("star").await.custom_status != "on the air" {}
        }
    };
    tokio::time::timeout(ENOUGH_TIME, all_see).await.expect("every connection is told");
}

/// Returns this process's limit of open files, which a node raises at its start.
fn most_open_files() -> u64 {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap_or(u64::MAX)
}

/// Waits for the next notification of a changed subscription list, and returns the change.
async fn list_change(mac: &mut Wire) -> v1::SubscriptionsChanged {
    loop {
        if let Body::SubscriptionsChanged(changed) = mac.push().await.unwrap() {
            return changed;
        }
    }
}

#[tokio::test]
async fn nobody_is_named_as_not_watched_and_then_told_of_as_a_friend() {
    let mut node = TestNode::start().await;
    node.set(|settings| {
        settings.switches.friend_notification = true;
        settings.limits.rate = RateLimit { calls: 1_000, window_ms: 100 };
    })
    .await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let mut mac = node.log_in("alice", "mac", Platform::Mac).await;
    for round in 0..60 {
        alice.subscribe(&["bob"]).await;
        // If a subscription is undone before the notification is sent, the notification contains no change.
        while list_change(&mut mac).await.subscribed.is_empty() {}
        // In half of the rounds, the two users become friends, by a request of either user or of the app's backend.
        let made = round % 2 == 0;
        match round % 3 {
            _ if !made => drop(alice.ask(delete_friends(&["bob"])).await),
            0 => drop(alice.ask(add_friend("bob", "")).await),
            1 => drop(bob.ask(add_friend("alice", "")).await),
            _ => befriend(&node, "alice", "bob").await,
        }
        let Body::UnsubscribeUserStatus(answer) = alice.ask(unsubscribe(&["bob"])).await else { panic!() };
        assert_eq!(answer.not_watched.is_empty(), made, "round {round}");
        let changed = list_change(&mut mac).await;
        assert_eq!(changed.unsubscribed, ["bob"]);
        assert_eq!(changed.not_watched.is_empty(), made, "the other device in round {round}");

        let text = format!("round {round}");
        bob.ask(custom(&text)).await;
        alice.pushed.clear();
        if made {
            while alice.told_of("bob").await.custom_status != text {}
        } else {
            // Pending notifications come before the next answer.
            alice.ask(custom(&text)).await;
            alice.told("alice", Online).await;
            let of_bob = |body: &Body| match body {
                Body::StatusChanged(changed) => changed.statuses.iter().any(|told| told.user_id == "bob"),
                _ => false,
            };
            assert!(!alice.pushed.iter().any(of_bob), "round {round}: {:?}", alice.pushed);
        }
    }
}

#[tokio::test]
async fn a_device_that_does_not_read_is_told_of_the_list_as_it_is_in_the_end() {
    let mut node = TestNode::start_with(|config| config.workers = 1).await;
    node.set(|settings| settings.limits.rate = RateLimit { calls: 1_000, window_ms: 100 }).await;
    let names: Vec<String> = (0..100).map(|n| format!("somebody-with-a-long-name-{n:05}")).collect();
    for user in &names {
        node.node.service().create_account(&node.user(user), node.clock.now()).await.unwrap();
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut phone = node.log_in("alice", "phone", Platform::IPhone).await;
    let mut idle = Wire::connect_small(node.address()).await;
    let Body::Login(_) = idle.ask(node.login("alice", "mac", Platform::Mac)).await else { panic!() };

    let mut sent = 0;
    while node.metric("lamplight_stalls_total{worker=\"0\"}").await == 0 {
        for _ in 0..20 {
            phone.subscribe(&names).await;
            phone.ask(unsubscribe(&[])).await;
            sent += 2;
        }
        assert!(sent < 40_000, "the socket must fill");
    }
    for _ in 0..500 {
        phone.subscribe(&names).await;
        phone.ask(unsubscribe(&[])).await;
    }
    phone.subscribe(&names[..7]).await;

    let mut told = std::collections::BTreeSet::new();
    let mut changes = 0;
    while told.len() != 7 || !names[..7].iter().all(|name| told.contains(*name)) {
        if let Body::SubscriptionsChanged(changed) = idle.push().await.unwrap() {
            changes += 1;
            changed.unsubscribed.iter().for_each(|user| _ = told.remove(user));
            told.extend(changed.subscribed);
        }
    }
    assert!(changes <= sent + 10, "{changes} changes were told, {sent} of them before the socket was full");
}

#[tokio::test]
async fn lists_are_kept_while_the_switch_is_off_and_what_differs_is_told_when_it_is_on_again() {
    let mut node = TestNode::start().await;
    node.set(|settings| settings.switches.friend_notification = true).await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    let _cat = node.log_in("cat", "phone", Platform::IPhone).await;
    let mut eve = node.log_in("eve", "phone", Platform::IPhone).await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    befriend(&node, "alice", "eve").await;
    alice.told("eve", Online).await;
    let answer = alice.subscribe(&["bob", "cat"]).await;
    let mut known: Vec<v1::Known> = answer
        .statuses
        .iter()
        .map(|status| v1::Known { user_id: status.user_id.clone(), version: status.version })
        .collect();
    known.push(v1::Known { user_id: "eve".into(), version: eve.status_of("eve").await.version });
    known.push(v1::Known { user_id: "stranger".into(), version: 1 });

    node.set(|settings| settings.switches.user_status = false).await;
    bob.ask(custom("one")).await;
    eve.ask(custom("two")).await;

    // A login and a resume get the same data about other users: no statuses, but also no report that they are not
    // watched.
    let mut resumed = node.connect().await;
    let Request::Login(mut login) = node.login("alice", "mac", Platform::Mac) else { panic!() };
    (login.resume, login.known) = (true, known);
    let Body::Login(answer) = resumed.ask(Request::Login(login)).await else { panic!() };
    assert_eq!(answer.not_watched, ["stranger"]);
    let of = |answer: &v1::LoginResponse| {
        answer.statuses.iter().map(|status| status.user_id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of(&answer), ["alice"]);
    let mut fresh = node.connect().await;
    let Body::Login(answer) = fresh.ask(node.login("alice", "pc", Platform::Windows)).await else { panic!() };
    assert_eq!(answer.subscriptions, ["bob", "cat"]);
    assert_eq!(of(&answer), ["alice"]);
    assert_eq!(alice.refused(get(&["bob"])).await, 72_001);

    // Notifications of the user's own changes still arrive. No notification about other users has arrived before them.
    for wire in [&mut alice, &mut resumed, &mut fresh] {
        wire.ask(custom("here")).await;
        wire.pushed.clear();
    }
    for wire in [&mut alice, &mut resumed] {
        wire.ask(Request::Heartbeat(v1::Heartbeat::default())).await;
        let told: Vec<_> = wire.pushed.drain(..).filter_map(others).flatten().collect();
        assert_eq!(told, [] as [String; 0]);
    }

    node.set(|settings| settings.switches.user_status = true).await;
    for (wire, expected) in [
        (&mut alice, ["bob", "eve"].as_slice()),
        (&mut resumed, &["bob", "eve"]),
        (&mut fresh, &["bob", "cat", "eve"]),
    ] {
        let mut told = std::collections::BTreeMap::new();
        while told.len() < expected.len() {
            if let Body::StatusChanged(changed) = wire.push().await.unwrap() {
                for status in changed.statuses.into_iter().filter(|status| status.user_id != "alice") {
                    assert!(told.insert(status.user_id.clone(), status).is_none(), "each once");
                }
            }
        }
        assert!(told.keys().eq(expected.iter()), "{:?}", told.keys());
        assert_eq!((told["bob"].custom_status.as_str(), told["eve"].custom_status.as_str()), ("one", "two"));
    }
    // Cat did not change, so no notification of her follows.
    bob.ask(custom("three")).await;
    let told = alice.told("bob", Online).await;
    assert_eq!(told.custom_status, "three");
    let Body::GetSubscriptions(answer) = alice.ask(list()).await else { panic!() };
    assert_eq!(answer.user_ids, ids(&["bob", "cat"]));
}

/// Returns the users other than Alice in a notification of statuses; `None` for any other message.
fn others(body: Body) -> Option<Vec<String>> {
    match body {
        Body::StatusChanged(changed) => {
            let users = changed.statuses.into_iter().map(|status| status.user_id);
            Some(users.filter(|user| user != "alice").collect())
        }
        _ => None,
    }
}

/// Opens the database of a node's facts, which the node also has open.
fn database(node: &TestNode) -> rusqlite::Connection {
    rusqlite::Connection::open(node.folder.path().join("facts.db")).unwrap()
}

#[tokio::test]
async fn a_connection_whose_call_waits_for_the_store_is_told_of_statuses_and_answered_in_five_seconds() {
    let node = TestNode::start().await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    alice.subscribe(&["bob"]).await;
    let database = database(&node);
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = Instant::now();
    let first = alice.send(send("bob", "hello", "1")).await;
    let second = alice.send(get(&["bob"])).await;

    bob.ask(custom("while you wait")).await;
    let told = alice.told("bob", Online).await;
    assert_eq!(told.custom_status, "while you wait");
    assert!(began.elapsed() < Duration::from_secs(4), "told after {:?}", began.elapsed());

    // A login that waits for the facts is refused too, and its connection is closed.
    let mut cat = node.connect().await;
    assert_eq!(cat.refused(node.login("cat", "phone", Platform::IPhone)).await, 70_500);
    cat.last_words().await;
    cat.closed().await;
    let message = alice.next().await.unwrap();
    assert_eq!(message.id, first);
    let Some(Body::Refusal(refusal)) = message.body else { panic!("{message:?}") };
    assert_eq!(refusal.code, 70_500);
    assert!(began.elapsed() < PATIENCE);
    // The next call is answered in time, and its answer is not older than the notifications before it.
    let message = alice.next().await.unwrap();
    assert_eq!(message.id, second);
    let Some(Body::GetUserStatus(answer)) = message.body else { panic!("{message:?}") };
    assert!(answer.statuses[0].version >= told.version);
    drop(database);
    let mut cat = node.connect().await;
    let Body::Login(_) = cat.ask(node.login("cat", "mac", Platform::Mac)).await else { panic!() };
    assert_eq!(cat.status_of("cat").await.status_type, Online as i32);
}
