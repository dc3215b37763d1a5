//! Tests of refused logins: each gets its code, changes nothing and harms no other connection.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::api::{ADMIN, Api, query};
use common::pair::Pair;
use common::{TestNode, Wire, custom};
use lamplight_auth::{Claims, sign};
use lamplight_model::{AppId, AppKey, Platform, UserId};
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::connection_ended::Cause;
use lamplight_wire::v1::server_message::Body;
use std::time::Duration;

/// Makes a valid login of Eve, and changes it with `spoil`.
fn login(node: &TestNode, spoil: impl FnOnce(&mut v1::LoginRequest)) -> Request {
    let Request::Login(mut login) = node.login("eve", "phone", Platform::IPhone) else { unreachable!() };
    spoil(&mut login);
    Request::Login(login)
}

/// Makes a UserSig from valid claims and a valid key, after `spoil` has changed them.
fn sig(node: &TestNode, spoil: impl FnOnce(&mut Claims, &mut AppKey)) -> String {
    let mut claims = Claims {
        user_id: UserId::new("eve").unwrap(),
        app: node.app.id,
        issued: node.clock.now().wall.as_secs(),
        expire: 3_600,
        userbuf: None,
    };
    let mut key = node.app.keys[0].clone();
    spoil(&mut claims, &mut key);
    sign(&key, &claims)
}

fn forged(node: &TestNode, user: &str) -> Request {
    let user_sig = sig(node, |claims, key| {
        claims.user_id = UserId::new(user).unwrap();
        key.text = "0123456789abcdef".repeat(4);
    });
    login(node, |login| {
        login.user_id = user.to_owned();
        login.user_sig = user_sig;
    })
}

async fn logs_in(eve: &mut Wire, request: Request) {
    match eve.ask(request).await {
        Body::Login(_) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_wrong_login_has_its_code_and_leaves_nothing_behind() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    let n = &node;
    let with_sig = |user_sig: String| login(n, |login| login.user_sig = user_sig);
    let with_user = |user: &str| login(n, |login| user.clone_into(&mut login.user_id));
    let with_device = |device: &str| login(n, |login| device.clone_into(&mut login.device_id));
    let with_platform = |platform: i32| login(n, |login| login.platform = platform);
    let with_app = |app: u32| login(n, |login| login.sdk_app_id = app);
    let now = n.clock.now().wall.as_secs();
    let cases = [
        ("no platform", with_platform(0), 6017),
        ("an unknown platform", with_platform(8), 6017),
        ("a negative platform", with_platform(-1), 6017),
        ("no device", with_device(""), 6017),
        ("a device of 65 bytes", with_device(&"d".repeat(65)), 6017),
        ("a device that is not ASCII", with_device("téléphone"), 6017),
        ("no user", with_user(""), 7003),
        ("a user of 33 bytes", with_user(&"e".repeat(33)), 7003),
        ("a user that is not ASCII", with_user("ève"), 7003),
        ("a user with a line break", with_user("eve\n"), 7003),
        ("no app", with_app(0), 70020),
        ("an app that does not exist", with_app(1_400_000_002), 70020),
        ("no UserSig", with_sig(String::new()), 70002),
        ("a UserSig that is none", with_sig("nonsense".to_owned()), 70003),
        ("a UserSig that is too long", with_sig("A".repeat(60_000)), 70003),
        ("a UserSig that was cut", with_sig(n.sig("eve")[..50].to_owned()), 70003),
        ("of another app", with_sig(sig(n, |claims, _| claims.app = AppId(1_400_000_002))), 70014),
        ("of another user", with_sig(n.sig("bob")), 70013),
        ("of a user whose name is a beginning of it", with_sig(n.sig("eve2")), 70013),
        ("of another key", with_sig(sig(n, |_, key| key.text = "0123456789abcdef".repeat(4))), 70009),
        ("of the empty key", with_sig(sig(n, |_, key| key.text.clear())), 70009),
        ("expired", with_sig(sig(n, |claims, _| claims.issued = now - 3_600)), 70001),
        ("expired at once", with_sig(n.sig_for("eve", 0)), 70001),
        (
            "expired and of another key",
            {
                let user_sig = sig(n, |claims, key| {
                    claims.issued = now - 3_600;
                    key.text = "0123456789abcdef".repeat(4);
                });
                with_sig(user_sig)
            },
            70009,
        ),
    ];
    let mut eve = node.connect().await;
    for (name, request, code) in cases {
        assert_eq!(eve.refused(request).await, code, "{name}");
        assert_eq!(eve.refused(custom("x")).await, 6014, "{name}");
    }
    assert!(!node.has_account("eve").await && !node.has_account("eve2").await);
    // The connection can still be used.
    logs_in(&mut eve, login(&node, |_| {})).await;
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn a_revoked_user_sig_is_70052_and_a_newer_one_is_good() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    let old = login(&node, |_| {});
    let mut eve = node.connect().await;
    logs_in(&mut eve, old.clone()).await;
    let _at_once = node.node.service().kick(&node.user("eve"), node.clock.now()).await.unwrap();
    eve.closed().await;
    let mut eve = node.connect().await;
    assert_eq!(eve.refused(old).await, 70052);
    node.clock.advance(Duration::from_secs(1));
    logs_in(&mut eve, login(&node, |_| {})).await;
    pair.proves_unharmed().await;
}

/// Sends a login on a new connection; it must be refused after too many failed logins. Returns the last message.
async fn is_past_the_bound(node: &TestNode, request: Request) -> v1::ConnectionEnded {
    let mut guesser = node.connect().await;
    assert_eq!(guesser.refused(request).await, 70050);
    let words = guesser.last_words().await;
    guesser.closed().await;
    words
}

#[tokio::test]
async fn no_number_of_wrong_user_sigs_keeps_a_right_one_out() {
    let (node, pair) = Pair::on_a_node(|config| config.limits.login_failures_per_address = 20).await;
    let mut guesser = node.connect().await;
    for _ in 0..20 {
        assert_eq!(guesser.refused(forged(&node, "eve")).await, 70009);
    }
    for _ in 0..3 {
        let words = is_past_the_bound(&node, forged(&node, "eve")).await;
        assert_eq!(words.cause(), v1::connection_ended::Cause::ProtocolError);
        // A valid login from the address of the wrong UserSigs still succeeds.
        logs_in(&mut node.connect().await, login(&node, |_| {})).await;
    }
    // The connection of the wrong UserSigs can log in too, once the minute is over.
    logs_in(&mut guesser, login(&node, |_| {})).await;
    node.clock.advance(Duration::from_secs(60));
    assert_eq!(node.connect().await.refused(forged(&node, "eve")).await, 70009);
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn wrong_user_sigs_are_counted_by_address_whatever_the_account() {
    let (node, pair) = Pair::on_a_node(|config| config.limits.login_failures_per_address = 5).await;
    let mut eve = node.connect().await;
    for n in 0..5 {
        assert_eq!(eve.refused(forged(&node, &format!("u{n}"))).await, 70009);
    }
    is_past_the_bound(&node, forged(&node, "u5")).await;
    // An expired UserSig with a valid signature gets its own code, and the connection stays.
    let expired = node.sig_for("eve", 0);
    assert_eq!(eve.refused(login(&node, |login| login.user_sig = expired)).await, 70001);
    logs_in(&mut eve, login(&node, |_| {})).await;
    // A wrong UserSig in a renewal ends the connection as well.
    assert_eq!(eve.refused(login(&node, |login| login.user_sig = node.sig("bob"))).await, 70050);
    eve.last_words().await;
    eve.closed().await;
    logs_in(&mut node.connect().await, login(&node, |_| {})).await;
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn the_client_port_and_the_http_port_count_apart() {
    let (node, pair) = Pair::on_a_node(|config| config.limits.login_failures_per_address = 5).await;
    let mut api = Api::connect(&node).await;
    let wrong = format!("/v4/openim/querystate?{}", query(&node, ADMIN, "nonsense"));
    for _ in 0..5 {
        assert_eq!(api.code_at(&wrong, b"{}").await, 70003);
    }
    assert_eq!(api.code_at(&wrong, b"{}").await, 70050);
    assert_eq!(node.connect().await.refused(forged(&node, "eve")).await, 70009);
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn a_user_sig_that_has_merely_expired_is_no_guess() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    let mut eve = node.connect().await;
    let expired = node.sig_for("eve", 0);
    for _ in 0..200 {
        assert_eq!(eve.refused(login(&node, |login| login.user_sig = expired.clone())).await, 70001);
    }
    logs_in(&mut eve, login(&node, |_| {})).await;
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn nobody_else_logs_in_on_a_connection_that_has_somebody() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    let mut eve = node.connect().await;
    logs_in(&mut eve, login(&node, |_| {})).await;
    eve.ask(custom("mine")).await;
    assert_eq!(eve.refused(node.login("fay", "phone", Platform::IPhone)).await, 6017);
    assert_eq!(eve.refused(login(&node, |login| login.sdk_app_id = 1)).await, 6017);
    assert!(!node.has_account("fay").await);
    // A wrong UserSig in a renewal is refused, and the login continues.
    assert_eq!(eve.refused(login(&node, |login| login.user_sig = node.sig("bob"))).await, 70013);
    assert_eq!(eve.status_of("eve").await.custom_status, "mine");
    logs_in(&mut eve, login(&node, |_| {})).await;
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn what_a_client_says_that_it_knows_need_not_be_true() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    let mut eve = node.log_in("eve", "phone", Platform::IPhone).await;
    eve.subscribe(&["bob"]).await;
    drop(eve);
    node.has_connections(2).await;
    let known = |user: &str, version| v1::Known { user_id: user.to_owned(), version };
    let mut eve = node.connect().await;
    let resume = login(&node, |login| {
        login.resume = true;
        // The known versions contain a future version, a user who does not exist, an invalid userID, and one user
        // twice.
        login.known = vec![
            known("bob", u64::MAX),
            known("nobody", 1),
            known("", 1),
            known("\u{7f}", 1),
            known("eve", 0),
            known("eve", 0),
        ];
    });
    let Body::Login(answer) = eve.ask(resume).await else { panic!() };
    assert_eq!(answer.not_watched, ["nobody", "", "\u{7f}"]);
    let told: Vec<_> = answer.statuses.iter().map(|status| status.user_id.as_str()).collect();
    assert!(told.contains(&"eve"), "{told:?}");
    pair.proves_unharmed().await;
}

/// Returns `true` if the server refuses a new connection because there are too many connections.
async fn is_turned_away(node: &TestNode) -> bool {
    let mut wire = node.connect().await;
    let words = wire.last_words().await;
    wire.closed().await;
    words.cause == Cause::TooManyConnections as i32
}

#[tokio::test]
async fn one_connection_too_many_is_closed_and_the_others_stay() {
    for per_address in [true, false] {
        let limited = Pair::on_a_node(|config| {
            if per_address {
                config.limits.connections_per_address = 3;
            } else {
                config.limits.connections = 3;
            }
        });
        let (node, pair) = limited.await;
        let mut eve = node.log_in("eve", "phone", Platform::IPhone).await;
        for _ in 0..10 {
            assert!(is_turned_away(&node).await);
        }
        assert_eq!(eve.status_of("eve").await.user_id, "eve");
        // When one connection has ended, exactly one new connection is accepted.
        drop(eve);
        node.has_connections(2).await;
        let _eve = node.log_in("eve", "phone", Platform::IPhone).await;
        assert!(is_turned_away(&node).await);
        pair.proves_unharmed().await;
    }
}
