//! Tests of refused requests: each gets its code, changes nothing and harms no other connection.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::pair::Pair;
use common::websocket::Socket;
use common::{TestNode, Wire, custom, get, list, subscribe, unsubscribe};
use lamplight_model::{Edition, Platform};
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::server_message::Body;
use lamplight_wire::{SUBPROTOCOL_JSON, v1};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;

/// Logs in Eve, and sets a custom status and a subscription, which refused calls must not change.
async fn log_in_eve(node: &TestNode) -> Wire {
    let mut eve = node.log_in("eve", "phone", Platform::IPhone).await;
    eve.ask(custom("mine")).await;
    eve.subscribe(&["bob"]).await;
    eve
}

/// Checks that the custom status and the subscription list of Eve have not changed.
async fn has_what_it_had(eve: &mut Wire) {
    assert_eq!(eve.status_of("eve").await.custom_status, "mine");
    let Body::GetSubscriptions(kept) = eve.ask(list()).await else { panic!() };
    assert_eq!(kept.user_ids, ["bob"]);
}

fn many(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("u{n}")).collect()
}

fn as_texts(users: &[String]) -> Vec<&str> {
    users.iter().map(String::as_str).collect()
}

#[tokio::test]
async fn before_the_login_every_call_is_6014() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    let mut eve = node.connect().await;
    let calls = [
        Request::Logout(v1::LogoutRequest {}),
        custom("x"),
        custom(&"x".repeat(1_000)),
        get(&["eve"]),
        get(&[]),
        subscribe(&["bob"]),
        subscribe(&[]),
        unsubscribe(&[]),
        list(),
    ];
    for call in calls {
        assert_eq!(eve.refused(call.clone()).await, 6014, "{call:?}");
    }
    // A heartbeat needs no login, and does not replace one.
    let Body::Heartbeat(_) = eve.ask(Request::Heartbeat(v1::Heartbeat::default())).await else { panic!() };
    assert!(!node.has_account("eve").await);
    let Body::Login(_) = eve.ask(node.login("eve", "phone", Platform::IPhone)).await else { panic!() };
    // After the logout, the server closes the connection.
    let Body::Logout(_) = eve.ask(Request::Logout(v1::LogoutRequest {})).await else { panic!() };
    eve.closed().await;
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn a_custom_status_has_at_most_100_bytes() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    let mut eve = log_in_eve(&node).await;
    for text in ["x".repeat(101), "听".repeat(34), "x".repeat(100_000)] {
        assert_eq!(eve.refused(custom(&text)).await, 6017);
    }
    has_what_it_had(&mut eve).await;
    for text in ["x".repeat(100), format!("{}x", "听".repeat(33)), "\0\u{7f}\u{202e}".to_owned()] {
        let Body::SetSelfStatus(set) = eve.ask(custom(&text)).await else { panic!() };
        assert_eq!(set.status.unwrap().custom_status, text);
    }
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn a_batch_one_past_its_limit_is_70206() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    let mut eve = log_in_eve(&node).await;
    let users = many(501);
    let users = as_texts(&users);
    assert_eq!(eve.refused(get(&users)).await, 70206);
    assert_eq!(eve.refused(subscribe(&users[..101])).await, 70206);
    assert_eq!(eve.refused(unsubscribe(&users[..101])).await, 70206);
    has_what_it_had(&mut eve).await;

    // Duplicates count once.
    let Body::GetUserStatus(answer) = eve.ask(get(&["bob"; 501])).await else { panic!() };
    assert_eq!((answer.statuses.len(), answer.failures.len()), (1, 0));
    let mut at_the_limit = users[..499].to_vec();
    at_the_limit.push("bob");
    let Body::GetUserStatus(answer) = eve.ask(get(&at_the_limit)).await else { panic!() };
    assert_eq!((answer.statuses.len(), answer.failures.len()), (1, 499));
    let answer = eve.subscribe(&users[..100]).await;
    assert_eq!((answer.statuses.len(), answer.failures.len()), (0, 100));
    let Body::UnsubscribeUserStatus(answer) = eve.ask(unsubscribe(&users[..100])).await else { panic!() };
    assert_eq!((answer.not_watched.len(), answer.failures.len()), (0, 100));
    has_what_it_had(&mut eve).await;
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn an_empty_list_is_6017_and_means_all_only_where_it_says_so() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    let mut eve = log_in_eve(&node).await;
    assert_eq!(eve.refused(get(&[])).await, 6017);
    assert_eq!(eve.refused(subscribe(&[])).await, 6017);
    has_what_it_had(&mut eve).await;
    let Body::UnsubscribeUserStatus(answer) = eve.ask(unsubscribe(&[])).await else { panic!() };
    assert_eq!(answer.not_watched, ["bob"]);
    let Body::GetSubscriptions(kept) = eve.ask(list()).await else { panic!() };
    assert!(kept.user_ids.is_empty());
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn what_is_no_user_id_is_6017_and_nothing_of_the_list_is_done() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    let mut eve = log_in_eve(&node).await;
    for wrong in ["", &"x".repeat(33), "tab\t", "naïve", "听歌中", "\u{7f}", "nul\0"] {
        for call in [get(&["bob", wrong]), subscribe(&["alice", wrong]), unsubscribe(&["bob", wrong])] {
            assert_eq!(eve.refused(call).await, 6017, "{wrong:?}");
        }
    }
    has_what_it_had(&mut eve).await;
    // The longest userID, and userIDs of unusual characters.
    let Body::GetUserStatus(answer) = eve.ask(get(&["bob", &"~".repeat(32), " "])).await else { panic!() };
    assert_eq!(answer.failures.len(), 2);
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn unknown_users_are_70107_each_and_the_query_only_when_all_are() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    let mut eve = log_in_eve(&node).await;
    let code = |failures: &[v1::Failure]| {
        failures.iter().map(|failure| (failure.user_id.clone(), failure.code)).collect::<Vec<_>>()
    };
    let nobody = vec![("nobody".to_owned(), 70107)];
    let Body::GetUserStatus(answer) = eve.ask(get(&["nobody", "bob", "nobody"])).await else { panic!() };
    assert_eq!((answer.statuses.len(), code(&answer.failures)), (1, nobody.clone()));
    assert_eq!(eve.refused(get(&["nobody", "noone"])).await, 70107);
    let answer = eve.subscribe(&["nobody", "bob"]).await;
    assert_eq!((answer.statuses.len(), code(&answer.failures)), (1, nobody.clone()));
    let answer = eve.subscribe(&["nobody"]).await;
    assert_eq!((answer.statuses.len(), code(&answer.failures)), (0, nobody.clone()));
    let Body::UnsubscribeUserStatus(answer) = eve.ask(unsubscribe(&["nobody"])).await else { panic!() };
    assert_eq!(code(&answer.failures), nobody);
    has_what_it_had(&mut eve).await;
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn nobody_subscribes_to_themselves() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    let mut eve = log_in_eve(&node).await;
    assert_eq!(eve.refused(subscribe(&["eve"])).await, 6017);
    assert_eq!(eve.refused(subscribe(&["alice", "eve"])).await, 6017);
    has_what_it_had(&mut eve).await;
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn the_gates_answer_in_their_order() {
    let (mut node, pair) = Pair::on_a_node(|_| {}).await;
    let mut eve = log_in_eve(&node).await;
    let users = many(501);
    let users = as_texts(&users);
    let mut bad_and_many = users.clone();
    bad_and_many[500] = "";
    let mut myself_and_many = users[..100].to_vec();
    myself_and_many.push("eve");
    // Calls that later gates would also refuse.
    let calls = [
        get(&["bob"]),
        get(&["eve", "bob"]),
        get(&[]),
        get(&bad_and_many),
        get(&users),
        subscribe(&["bob"]),
        subscribe(&["eve"]),
        subscribe(&[]),
        subscribe(&users),
        unsubscribe(&[]),
        unsubscribe(&["bob"]),
        unsubscribe(&users),
        list(),
    ];
    for edition in [Edition::Trial, Edition::Standard] {
        for switch in [false, true] {
            node.set(|settings| {
                settings.edition = edition;
                settings.switches.user_status = switch;
            })
            .await;
            for call in &calls {
                assert_eq!(eve.refused(call.clone()).await, 7013, "{edition:?} {switch} {call:?}");
            }
        }
    }
    node.set(|settings| {
        settings.edition = Edition::Flagship;
        settings.switches.user_status = false;
    })
    .await;
    for call in &calls {
        assert_eq!(eve.refused(call.clone()).await, 72001, "{call:?}");
    }
    // The gates for statuses of other users do not apply to the caller's own status.
    let Body::SetSelfStatus(_) = eve.ask(custom("mine")).await else { panic!() };
    assert_eq!(eve.status_of("eve").await.custom_status, "mine");

    node.set(|settings| settings.switches.user_status = true).await;
    assert_eq!(eve.refused(get(&bad_and_many)).await, 6017, "parameters come before the batch");
    assert_eq!(eve.refused(subscribe(&myself_and_many)).await, 6017);
    // Refused calls do not count in the window, so twenty further calls are allowed.
    for _ in 0..20 {
        let Body::GetUserStatus(_) = eve.ask(get(&["bob"])).await else { panic!() };
    }
    assert_eq!(eve.refused(get(&[])).await, 6017, "parameters come before the rate");
    assert_eq!(eve.refused(get(&users)).await, 70206, "the batch comes before the rate");
    assert_eq!(eve.refused(get(&["bob"])).await, 7008);
    has_what_it_had(&mut eve).await;
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn the_21st_call_in_five_seconds_is_7008_and_the_first_after_them_is_not() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    let mut eve = log_in_eve(&node).await;
    let mut tab = node.log_in("eve", "tab", Platform::Web).await;
    let window = Duration::from_secs(5);
    let first = node.clock.now().moment;
    for n in 0..20 {
        // The devices of an account share the rate window.
        let device = if n % 2 == 0 { &mut eve } else { &mut tab };
        let Body::GetSubscriptions(_) = device.ask(list()).await else { panic!("call {n}") };
    }
    let last = node.clock.now().moment;
    for device in [&mut eve, &mut tab] {
        assert_eq!(device.refused(list()).await, 7008);
    }
    // Each operation has its own window, and so has each user.
    let Body::GetUserStatus(_) = eve.ask(get(&["bob"])).await else { panic!() };
    let Body::UnsubscribeUserStatus(_) = eve.ask(unsubscribe(&["alice"])).await else { panic!() };
    for _ in 0..100 {
        let Body::GetUserStatus(_) = eve.ask(get(&["eve"])).await else { panic!() };
        let Body::SetSelfStatus(_) = eve.ask(custom("mine")).await else { panic!() };
    }
    // Moves the clock to shortly before the oldest call leaves the window. If this time has already passed, for example
    // because the machine was suspended, does not move the clock.
    let second = Duration::from_secs(1);
    node.clock.advance((first + window).since(node.clock.now().moment).saturating_sub(second));
    let answer = eve.ask(list()).await;
    let now = node.clock.now().moment;
    let last = if now < first + window {
        assert!(matches!(answer, Body::Refusal(refusal) if refusal.code == 7008));
        last
    } else {
        now
    };
    // Refused calls do not count in the window: when the last accepted call is old enough, the window is empty.
    node.clock.advance((last + window).since(node.clock.now().moment));
    for n in 0..20 {
        let Body::GetSubscriptions(_) = eve.ask(list()).await else { panic!("call {n}") };
    }
    assert_eq!(eve.refused(list()).await, 7008);
    node.clock.advance(window);
    has_what_it_had(&mut eve).await;
    pair.proves_unharmed().await;
}

/// Watchers get fast changes at the conflation rate, and always the last one.
#[tokio::test]
async fn a_user_who_changes_all_the_time_is_told_of_at_the_rate() {
    const CHANGES: usize = 2_000;
    let node = TestNode::start_with(|config| config.workers = 1).await;
    let mut busy = node.log_in("busy", "phone", Platform::IPhone).await;
    let mut watcher = node.log_in("watcher", "phone", Platform::IPhone).await;
    watcher.subscribe(&["busy"]).await;
    let began = Instant::now();
    for n in 1..=CHANGES {
        let Body::SetSelfStatus(_) = busy.ask(custom(&n.to_string())).await else { panic!("change {n}") };
    }
    let mut told = 1;
    while watcher.told_of("busy").await.custom_status != CHANGES.to_string() {
        told += 1;
    }
    let most = 20 + began.elapsed().as_millis() / 50 + 1;
    assert!(told <= most, "{told} changes are told, where {most} may be");
    let replaced = node.metric("lamplight_changes_replaced_total{worker=\"0\"}").await;
    let replaced = u128::from(replaced);
    assert!(replaced + most >= CHANGES as u128, "{replaced} changes were replaced");
    // Changes that are ready at the same time are sent as one, and not counted as replaced.
    assert!(replaced + told <= CHANGES as u128, "{replaced} changes were replaced, and {told} told");
    assert_eq!(busy.status_of("busy").await.custom_status, CHANGES.to_string());
}

/// No request is refused or lost: requests beyond the rate wait in the socket.
#[tokio::test]
async fn who_asks_faster_than_the_rate_is_answered_at_the_rate() {
    const CALLS: usize = 350;
    let node = TestNode::start_with(|config| {
        config.workers = 1;
        // This allows 100 requests in each quarter of a second.
        config.limits.requests_per_second = 400;
    });
    let node = node.await;
    let mut eve = node.log_in("eve", "phone", Platform::IPhone).await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    let began = Instant::now();
    let mut asked = Vec::new();
    for n in 1..=CALLS {
        asked.push(eve.send(custom(&n.to_string())).await);
    }
    // Other users do not have to wait.
    assert_eq!(bob.status_of("eve").await.user_id, "eve");
    for (n, id) in asked.into_iter().enumerate() {
        let answer = loop {
            // Notifications of Eve's own changes arrive in between.
            let message = eve.next().await.unwrap();
            if message.id != 0 {
                break message;
            }
        };
        assert_eq!(answer.id, id);
        let Some(Body::SetSelfStatus(set)) = answer.body else { panic!("{answer:?}") };
        assert_eq!(set.status.unwrap().custom_status, (n + 1).to_string());
    }
    let took = began.elapsed();
    assert!(
        took >= Duration::from_millis(500),
        "350 calls end in the fourth window at the soonest: {took:?}"
    );
    assert!(node.metric("lamplight_connections_paused_total{worker=\"0\"}").await >= 3);
}

/// Pings and empty fragments need no login. Without the limit, each would be handled at once.
#[tokio::test]
async fn who_sends_pings_or_empty_fragments_faster_than_the_rate_is_read_at_the_rate() {
    // The frame is masked with zeros, because a client has to mask its frames.
    let ping: &[u8] = &[0x89, 0x80, 0, 0, 0, 0];
    let pong: &[u8] = &[0x8a, 0x80, 0, 0, 0, 0];
    let (first, empty) = ([0x01, 0x80, 0, 0, 0, 0], [0x00, 0x80, 0, 0, 0, 0]);
    let last: &[u8] = &[0x80, 0x82, 0, 0, 0, 0, b'{', b'}'];
    let fragments = [&first[..], &empty.repeat(120_000), last].concat();
    for (kind, sent) in [
        ("pings", ping.repeat(350)),
        ("pongs", [pong.repeat(349), ping.to_vec()].concat()),
        // A read has 21 fragments, and 16 reads count as one request.
        ("fragments", [fragments, ping.to_vec()].concat()),
    ] {
        let node = TestNode::start_with(|config| {
            config.workers = 1;
            // This allows 100 requests in each quarter of a second.
            config.limits.requests_per_second = 400;
        });
        let node = node.await;
        let (mut eve, _) = Socket::connect(node.address(), &[SUBPROTOCOL_JSON]).await.unwrap();
        let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
        let began = Instant::now();
        eve.0.get_mut().write_all(&sent).await.unwrap();
        assert_eq!(bob.status_of("bob").await.user_id, "bob", "other users do not have to wait");
        let wanted = if kind == "pings" { 350 } else { 1 };
        for _ in 0..wanted {
            while !matches!(eve.next().await, Some(Message::Pong(_))) {}
        }
        let took = began.elapsed();
        assert!(took >= Duration::from_millis(500), "{kind}: in the fourth window at the soonest: {took:?}");
        let paused = node.metric("lamplight_connections_paused_total{worker=\"0\"}").await;
        assert!(paused >= 3, "{kind}: {paused}");
    }
}
