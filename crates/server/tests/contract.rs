//! Tests, without an SDK, of the parts of the contract that authors of SDKs may get wrong: connections, snapshots and
//! abilities.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::cable::Cable;
use common::websocket::{Socket, UPGRADE, converse};
use common::{PATIENCE, TestNode, Wire, custom, get, subscribe, unsubscribe, with_tls};
use lamplight_client::{Client, Event, LinkEnd};
use lamplight_model::{AppKey, Edition, Limits, Platform, StatusType};
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::connection_ended::Cause;
use lamplight_wire::v1::server_message::Body;
use lamplight_wire::{SUBPROTOCOL_JSON, v1};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

fn login_of(request: Request) -> v1::LoginRequest {
    match request {
        Request::Login(login) => login,
        other => panic!("{other:?}"),
    }
}

async fn logged_in(wire: &mut Wire, login: v1::LoginRequest) -> v1::LoginResponse {
    match wire.ask(Request::Login(login)).await {
        Body::Login(answer) => answer,
        answer => panic!("{answer:?}"),
    }
}

#[tokio::test]
async fn a_second_login_renews_and_names_the_same_device_or_is_refused() {
    let node = TestNode::start().await;
    let mut alice = node.log_in("alice", "phone", Platform::Android).await;
    for (user, device, platform) in [
        ("alice", "other phone", Platform::Android),
        ("alice", "phone", Platform::Web),
        ("bob", "phone", Platform::Android),
    ] {
        assert_eq!(
            alice.refused(node.login(user, device, platform)).await,
            6017,
            "{user} {device} {platform}"
        );
    }
    let mut other_app = login_of(node.login("alice", "phone", Platform::Android));
    other_app.sdk_app_id += 1;
    assert_eq!(alice.refused(Request::Login(other_app)).await, 6017);
    let answer = logged_in(&mut alice, login_of(node.login("alice", "phone", Platform::Android))).await;
    assert!(answer.statuses.is_empty() && !answer.snapshot_complete);
    assert!(answer.abilities.unwrap().statuses_of_others);
    // None of these attempts has logged in.
    assert_eq!(alice.status_of("alice").await.online_devices, [Platform::Android as i32]);
}

#[tokio::test]
async fn who_logged_in_with_a_key_that_is_removed_is_logged_out() {
    let mut node = TestNode::start().await;
    let mut old = node.log_in("alice", "phone", Platform::Android).await;
    // Adds a second key, with which other users log in.
    let first = node.app.keys[0].clone();
    node.app.keys.push(AppKey { id: first.id + 1, text: "a new key of the app".into() });
    node.set(|_| ()).await;
    let mut new = node.log_in("bob", "phone", Platform::Android).await;
    node.app.keys.remove(0);
    node.set(|_| ()).await;
    assert_eq!(old.last_words().await.cause, Cause::UserSigExpired as i32);
    let status = new.status_of("alice").await;
    assert_eq!((status.status_type, status.reason), (3, v1::Reason::SigExpired as i32));
    assert_eq!(new.status_of("bob").await.status_type, 1);
}

#[tokio::test]
async fn a_key_that_takes_the_number_of_one_that_was_removed_keeps_nobody_in() {
    let mut node = TestNode::start().await;
    let mut old = node.log_in("alice", "phone", Platform::Android).await;
    // The key gets a new text, but keeps its number. A worker sees such a change if a key is removed, and another key
    // with the same number is added, before the worker reads the keys.
    node.app.keys[0].text = "a new key of the app".into();
    node.set(|_| ()).await;
    assert_eq!(old.last_words().await.cause, Cause::UserSigExpired as i32);
}

/// Starts a node and opens as many connections from one address as are allowed.
async fn full(change: impl FnOnce(&mut lamplight_server::Config)) -> (TestNode, Vec<Wire>) {
    let node = TestNode::start_with(|config| {
        config.limits.connections_per_address = 2;
        config.workers = 1;
        change(config);
    });
    let node = node.await;
    let inside = vec![
        node.log_in("alice", "phone", Platform::Android).await,
        node.log_in("bob", "phone", Platform::Android).await,
    ];
    (node, inside)
}

fn is_to_come_back_later(words: &v1::ConnectionEnded) -> bool {
    words.cause == Cause::TooManyConnections as i32 && (5_000..=10_000).contains(&words.retry_after_ms)
}

#[tokio::test]
async fn one_connection_too_many_is_told_so_in_its_own_protocol() {
    let (node, _inside) = full(|_| {}).await;
    let mut native = node.connect().await;
    native.send(node.login("eve", "phone", Platform::Android)).await;
    let words = native.last_words().await;
    assert!(is_to_come_back_later(&words), "{words:?}");
    native.closed().await;

    let (mut tab, _) = Socket::connect(node.address(), &[SUBPROTOCOL_JSON]).await.unwrap();
    let words = tab.told("connectionEnded").await;
    assert_eq!(words["cause"], "CAUSE_TOO_MANY_CONNECTIONS");
    assert!((5_000..=10_000).contains(&words["retryAfterMs"].as_u64().unwrap()), "{words}");
    assert!(matches!(tab.next().await, Some(Message::Close(_))));
    assert_eq!(tab.next().await, None);

    // A request without an upgrade gets 400, as it does below the limit, and does not count as a connection.
    let answer = converse(node.address(), b"GET / HTTP/1.1\r\n\r\n").await;
    assert!(answer.starts_with(b"HTTP/1.1 400 "));
    assert_eq!(node.node.connections(), 2);
}

#[tokio::test]
async fn one_connection_too_many_is_told_so_over_tls() {
    let mut certificate = String::new();
    let (node, _inside) = full(|config| certificate = with_tls(config)).await;
    let address = format!("tls://localhost:{}", node.address().port());
    let client = Client::builder(address)
        .app(node.app.id)
        .platform(Platform::Linux)
        .add_root_certificate_pem(certificate)
        .build()
        .unwrap();
    let error = client.login("eve", &node.sig("eve")).await.unwrap_err();
    assert!(error.to_string().contains("too many connections"), "{error}");
}

#[tokio::test]
async fn those_who_are_to_be_refused_and_do_not_speak_are_few_and_soon_gone() {
    let (node, _inside) = full(|_| {}).await;
    let mut waiting = Vec::new();
    for _ in 0..32 {
        waiting.push(node.connect_silently().await);
    }
    // No further connection is allowed even for a refusal, so the connection is closed without a message.
    let mut late = node.connect().await;
    assert_eq!(late.next().await, None);
    node.clock.advance(Duration::from_secs(3));
    for mut wire in waiting {
        assert_eq!(wire.next().await, None);
    }
    let mut next = node.connect().await;
    assert!(is_to_come_back_later(&next.last_words().await));
}

#[tokio::test]
async fn a_silent_link_and_a_logout_end_with_last_words() {
    let node = TestNode::start().await;
    let mut phone = node.log_in("alice", "phone", Platform::Android).await;
    let (mut tab, _) = Socket::connect(node.address(), &[SUBPROTOCOL_JSON]).await.unwrap();
    let login = serde_json::json!({
        "sdkAppId": node.app.id.0, "userId": "bob", "userSig": node.sig("bob"),
        "deviceId": "tab", "platform": "PLATFORM_WEB",
    });
    assert!(!tab.ask(1, "login", login.clone()).await["login"].is_null());
    node.clock.advance(Duration::from_secs(401));
    assert_eq!(phone.last_words().await.cause, Cause::Timeout as i32);
    phone.closed().await;
    assert_eq!(tab.told("connectionEnded").await["cause"], "CAUSE_TIMEOUT");
    assert!(matches!(tab.next().await, Some(Message::Close(_))));
    assert_eq!(tab.next().await, None);

    let mut phone = node.log_in("alice", "phone", Platform::Android).await;
    assert_eq!(phone.status_of("bob").await.reason, v1::Reason::Timeout as i32);
    let Body::Logout(_) = phone.ask(Request::Logout(v1::LogoutRequest {})).await else { panic!() };
    assert_eq!(phone.last_words().await.cause, Cause::LoggedOut as i32);
    phone.closed().await;
    let (mut tab, _) = Socket::connect(node.address(), &[SUBPROTOCOL_JSON]).await.unwrap();
    assert!(!tab.ask(1, "login", login).await["login"].is_null());
    assert!(!tab.ask(2, "logout", serde_json::json!({})).await["logout"].is_null());
    assert_eq!(tab.told("connectionEnded").await["cause"], "CAUSE_LOGGED_OUT");
    assert!(matches!(tab.next().await, Some(Message::Close(_))));
}

#[tokio::test]
async fn a_snapshot_says_that_it_is_complete_and_tells_whoever_was_not_named() {
    let node = TestNode::start().await;
    let mut alice = node.log_in("alice", "phone", Platform::Android).await;
    for user in ["bob", "cat", "dan"] {
        node.log_in(user, "phone", Platform::Android).await;
    }
    node.has_connections(1).await;
    let told = alice.subscribe(&["bob", "cat", "dan"]).await.statuses;
    drop(alice);
    node.has_connections(0).await;

    let known = |index: usize, lift: u64| v1::Known {
        user_id: told[index].user_id.clone(),
        version: told[index].version + lift,
    };
    let mut login = login_of(node.login("alice", "phone", Platform::Android));
    login.resume = true;
    // The client sends the current version of Bob, and a version of Cat that is newer than the server's version. The
    // client does not name Dan.
    login.known = vec![known(0, 0), known(1, 7), v1::Known { user_id: "eve".to_owned(), version: 1 }];
    let mut alice = node.connect().await;
    let answer = logged_in(&mut alice, login).await;
    let mut users: Vec<&str> = answer.statuses.iter().map(|status| &status.user_id[..]).collect();
    users.sort_unstable();
    assert_eq!(users, ["alice", "cat", "dan"]);
    assert_eq!(answer.not_watched, ["eve"]);
    assert!(answer.snapshot_complete);
}

#[tokio::test]
async fn a_snapshot_that_does_not_fit_into_the_answer_ends_with_a_message_that_says_so() {
    const USERS: usize = 3_200;
    let mut node = TestNode::start().await;
    node.set(|settings| {
        settings.limits.subscriptions = 10_000;
        settings.limits.subscribe_batch = 10_000;
    })
    .await;
    let names: Vec<String> = (0..USERS).map(|number| format!("u{number:031}")).collect();
    for name in &names {
        let user = node.user(name);
        node.node.service().create_account(&user, node.clock.now()).await.unwrap();
    }
    let mut alice = node.log_in("alice", "phone", Platform::Android).await;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(alice.subscribe(&names).await.statuses.len(), USERS);
    drop(alice);
    node.has_connections(0).await;

    let (mut tab, _) = Socket::connect(node.address(), &[SUBPROTOCOL_JSON]).await.unwrap();
    let login = serde_json::json!({
        "sdkAppId": node.app.id.0, "userId": "alice", "userSig": node.sig("alice"),
        "deviceId": "tab", "platform": "PLATFORM_WEB",
    });
    for native in [true, false] {
        let (mut told, mut complete) = (0, false);
        if native {
            let mut alice = node.connect().await;
            let login = login_of(node.login("alice", "phone", Platform::Android));
            let answer = logged_in(&mut alice, login).await;
            told += answer.statuses.len();
            assert!(!answer.snapshot_complete && told < USERS);
            while !complete {
                let Some(Body::StatusChanged(changed)) = alice.push().await else { panic!() };
                told += changed.statuses.len();
                complete = changed.snapshot_complete;
            }
            // Later changes are not part of the snapshot.
            alice.ask(custom("here")).await;
            let Some(Body::StatusChanged(changed)) = alice.push().await else { panic!() };
            assert!(!changed.snapshot_complete);
        } else {
            let answer = tab.ask(1, "login", login.clone()).await;
            told += answer["login"]["statuses"].as_array().unwrap().len();
            assert!(answer["login"]["snapshotComplete"].is_null());
            while !complete {
                let changed = tab.told("statusChanged").await;
                told += changed["statuses"].as_array().unwrap().len();
                complete = changed["snapshotComplete"] == true;
            }
        }
        assert_eq!(told, USERS + 1, "native: {native}");
    }
}

#[tokio::test]
async fn a_malformed_user_in_a_batch_is_named() {
    let node = TestNode::start().await;
    let mut alice = node.log_in("alice", "phone", Platform::Android).await;
    let _bob = node.log_in("bob", "phone", Platform::Android).await;
    let users = ["bob", "爱\tb", "carol"];
    for request in [get(&users), subscribe(&users), unsubscribe(&users)] {
        let Body::Refusal(refusal) = alice.ask(request).await else { panic!() };
        assert_eq!(refusal.code, 6017);
        assert!(refusal.message.contains(r#""爱\tb" is not a userID"#), "{}", refusal.message);
    }
    let Body::Refusal(refusal) = alice.ask(subscribe(&[&"x".repeat(10_000)])).await else { panic!() };
    assert!(refusal.message.len() < 300, "{}", refusal.message);
}

/// Returns the next notification of changed abilities.
async fn app_changed(wire: &mut Wire) -> v1::Abilities {
    loop {
        if let Body::AppChanged(changed) = wire.push().await.expect("still connected") {
            return changed.abilities.unwrap();
        }
    }
}

#[tokio::test]
async fn clients_are_told_what_they_may_do_and_when_that_changes() {
    let mut node = TestNode::start().await;
    let mut alice = node.connect().await;
    let answer = logged_in(&mut alice, login_of(node.login("alice", "phone", Platform::Android))).await;
    let able = answer.abilities.unwrap();
    let usual = v1::Abilities {
        statuses_of_others: true,
        refusal_code: 0,
        friend_notification: false,
        subscriptions_limit: 200,
        query_batch: 500,
        subscribe_batch: 100,
        unsubscribe_batch: 100,
        custom_status_bytes: 100,
        message_bytes: 12_288,
        friends_limit: 3_000,
    };
    assert_eq!(able, usual);
    let mut bob = node.log_in("bob", "phone", Platform::Android).await;
    alice.subscribe(&["bob"]).await;

    node.set(|settings| settings.switches.user_status = false).await;
    let off = v1::Abilities { statuses_of_others: false, refusal_code: 72001, ..usual };
    assert_eq!(app_changed(&mut alice).await, off);
    assert_eq!(alice.refused(get(&["bob"])).await, off.refusal_code);
    node.set(|settings| settings.edition = Edition::Standard).await;
    assert_eq!(app_changed(&mut alice).await.refusal_code, 7013);
    assert_eq!(alice.refused(get(&["bob"])).await, 7013);
    bob.ask(custom("unheard")).await;

    // A change that makes no difference to clients is not sent.
    node.set(|settings| settings.name = "Lamplight".to_owned()).await;
    node.set(|settings| {
        settings.edition = Edition::Flagship;
        settings.switches.user_status = true;
        settings.switches.friend_notification = true;
        settings.limits.subscribe_batch = 7;
    })
    .await;
    let able = app_changed(&mut alice).await;
    assert_eq!(able, v1::Abilities { friend_notification: true, subscribe_batch: 7, ..usual });
    assert_eq!(alice.told("bob", StatusType::Online).await.custom_status, "unheard");

    // A limit of a single call is an ability too.
    let changes: [fn(&mut Limits); 3] = [
        |limits| limits.custom_status_bytes = 20,
        |limits| limits.message_bytes = 1_000,
        |limits| limits.friends = 50,
    ];
    for change in changes {
        node.set(|settings| change(&mut settings.limits)).await;
        app_changed(&mut alice).await;
    }
    let able = v1::Abilities { custom_status_bytes: 20, message_bytes: 1_000, friends_limit: 50, ..able };

    // A login and a renewal after the change report the same abilities.
    let mut cat = node.connect().await;
    let answer = logged_in(&mut cat, login_of(node.login("cat", "phone", Platform::Android))).await;
    assert_eq!(answer.abilities, Some(able));
    let answer = logged_in(&mut cat, login_of(node.login("cat", "phone", Platform::Android))).await;
    assert_eq!(answer.abilities, Some(able));
    assert!(cat.pushed.iter().all(|body| !matches!(body, Body::AppChanged(_))));
}

#[tokio::test]
async fn an_upgrade_that_is_refused_for_want_of_room_is_still_an_upgrade() {
    let (node, _inside) = full(|_| {}).await;
    let answer = converse(node.address(), format!("{UPGRADE}\r\n").as_bytes()).await;
    let text = String::from_utf8_lossy(&answer);
    assert!(text.starts_with("HTTP/1.1 101 ") && text.contains("CAUSE_TOO_MANY_CONNECTIONS"), "{text}");
}

#[tokio::test]
async fn an_sdk_that_knows_more_than_fits_into_its_login_comes_back_to_the_right_picture() {
    const USERS: usize = 3_200;
    let mut node = TestNode::start().await;
    node.set(|settings| {
        settings.limits.subscriptions = 10_000;
        settings.limits.subscribe_batch = 10_000;
        settings.limits.unsubscribe_batch = 10_000;
    })
    .await;
    let names: Vec<String> = (0..USERS).map(|number| format!("u{number:031}")).collect();
    for name in &names {
        node.node.service().create_account(&node.user(name), node.clock.now()).await.unwrap();
    }
    let cable = Cable::new(node.address()).await;
    let client = Client::builder(format!("tcp://127.0.0.1:{}", cable.port()))
        .app(node.app.id)
        .platform(Platform::Linux)
        .build()
        .unwrap();
    client.login("alice", &node.sig("alice")).await.unwrap();
    assert_eq!(client.subscribe_user_status(&names).await.unwrap().statuses.len(), USERS);
    let mut events = client.events();

    cable.unplug();
    node.has_connections(0).await;
    // Some of the removed users are among those that the client names at its login; others are not.
    let gone: Vec<&String> = names.iter().step_by(10).collect();
    node.node.service().unsubscribe_for(&node.user("alice"), &gone, node.clock.now()).await.unwrap();
    cable.plug_in(node.address());
    let mut left = 0;
    while left < gone.len() {
        match tokio::time::timeout(PATIENCE, events.next()).await.unwrap().unwrap() {
            Event::NotWatched(users) => left += users.len(),
            Event::Disconnected { why, .. } | Event::ConnectFailed { why, .. } => {
                assert!(matches!(why, LinkEnd::Closed | LinkEnd::Failed(_)), "{why}");
            }
            _ => {}
        }
    }
    // The client's cache also has the status of the client's own user.
    assert_eq!((left, client.cached().len()), (gone.len(), USERS - gone.len() + 1));
}
