//! Tests, over real sockets, of custom statuses with a duration: the notifications of their end, and their state after
//! a restart.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::TestNode;
use common::api::Api;
use common::receiver::{Manner, Receiver};
use lamplight_model::{Platform, StatusType};
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::server_message::Body;
use serde_json::json;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

fn set_for(text: &str, expires_in: u32) -> Request {
    Request::SetSelfStatus(v1::SetSelfStatusRequest { custom_status: text.to_owned(), expires_in })
}

#[tokio::test]
async fn watchers_own_devices_the_backend_and_webhooks_are_told_once_of_the_end() {
    let receiver = Receiver::start(Manner::Answer(200)).await;
    let mut node = TestNode::start_with(|config| config.webhooks.allow_private = true).await;
    let url = receiver.url();
    node.set(|settings| settings.webhooks.state_change_url = url).await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    let mut mac = node.log_in("bob", "mac", Platform::Mac).await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let began = alice.subscribe(&["bob"]).await.statuses.remove(0);

    let Body::SetSelfStatus(set) = bob.ask(set_for("busy", 60)).await else { panic!() };
    let set = set.status.unwrap();
    let due = node.clock.now().wall.0 + 60_000;
    assert!(set.custom_expires.is_some_and(|at| at.abs_diff(due) < 30_000), "{set:?}");
    for wire in [&mut alice, &mut mac, &mut bob] {
        let told = wire.told_of("bob").await;
        assert_eq!((told.version, &told.custom_status[..]), (set.version, "busy"));
        assert_eq!(told.custom_expires, set.custom_expires);
    }
    let mut api = Api::connect(&node).await;
    let query = json!({"To_Account": ["bob"], "IsReturnCustomStatus": 1});
    let found = api.done("openim/query_online_status", &query).await;
    let expected = (&json!("busy"), &json!(set.custom_expires));
    let state = &found["QueryResult"][0];
    assert_eq!((&state["CustomStatus"], &state["CustomExpires"]), expected);
    let feed = api.done("openim/status_feed", &json!({})).await;
    let change = feed["Changes"].as_array().unwrap().iter().find(|it| it["To_Account"] == "bob").unwrap();
    assert_eq!((&change["CustomStatus"], &change["CustomExpires"]), expected);

    node.clock.advance(MINUTE);
    for wire in [&mut alice, &mut mac, &mut bob] {
        let told = wire.told_of("bob").await;
        assert_eq!((&told.custom_status[..], told.custom_expires), ("", None));
        assert_eq!((told.reason, told.since), (v1::Reason::CustomExpired as i32, began.since));
        assert!(told.version > set.version);
    }
    let found = api.done("openim/query_online_status", &query).await;
    let state = &found["QueryResult"][0];
    assert_eq!((&state["CustomStatus"], state.get("CustomExpires")), (&json!(""), None));
    // The keeper reports the number of expired custom statuses at its next tick.
    let counted = async {
        while node.metric("lamplight_custom_expired_total").await != 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(common::PATIENCE, counted).await.expect("it is counted once");

    let received = receiver.has(5).await;
    let said: Vec<String> = received.iter().map(common::receiver::Received::said).collect();
    let of_bob: Vec<&String> = said.iter().filter(|said| said.contains("Custom")).collect();
    assert_eq!(
        of_bob,
        ["bob CustomStatusChange/SetCustomStatus", "bob CustomStatusChange/CustomStatusExpired"]
    );
}

#[tokio::test]
async fn setting_again_replaces_the_duration_and_invalid_ones_change_nothing() {
    let node = TestNode::start().await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    let mut api = Api::connect(&node).await;
    for (text, seconds) in [("", 60), ("busy", 2_592_001), ("busy", u32::MAX)] {
        assert_eq!(bob.refused(set_for(text, seconds)).await, 6017, "{text:?} {seconds}");
        let body = json!({"UserID": "bob", "CustomStatus": text, "ExpiresIn": seconds}).to_string();
        assert_eq!(api.code("openim/set_custom_status", body.as_bytes()).await, 6017);
    }
    assert_eq!(bob.status_of("bob").await.custom_status, "");

    bob.ask(set_for("busy", 60)).await;
    node.clock.advance(MINUTE / 2);
    let body = json!({"UserID": "bob", "CustomStatus": "busy", "ExpiresIn": 2_592_000});
    api.done("openim/set_custom_status", &body).await;
    node.clock.advance(MINUTE);
    let status = bob.status_of("bob").await;
    assert_eq!((&status.custom_status[..], status.reason), ("busy", v1::Reason::Custom as i32));
    let Body::SetSelfStatus(set) = bob.ask(set_for("busy", 0)).await else { panic!() };
    let set = set.status.unwrap();
    assert!(set.version > status.version && set.custom_expires.is_none());
    node.clock.advance(MINUTE * 60 * 24 * 31);
    assert_eq!(node.log_in("alice", "mac", Platform::Mac).await.status_of("alice").await.custom_status, "");
}

#[tokio::test]
async fn a_restart_keeps_the_duration_and_nobody_is_shown_a_text_that_fell_due_meanwhile() {
    for (down, is_over) in [(MINUTE / 2, false), (MINUTE, true)] {
        let mut node = TestNode::start().await;
        node.set(|settings| settings.timing.linger_native_ms = 60_000).await;
        let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
        let Body::SetSelfStatus(set) = bob.ask(set_for("busy", 60)).await else { panic!() };
        let set = set.status.unwrap();
        let stopped = node.stop().await;
        stopped.clock.advance(down);
        let node = stopped.start().await;
        let mut alice = node.log_in("alice", "mac", Platform::Mac).await;
        let told = alice.subscribe(&["bob"]).await.statuses.remove(0);
        assert_eq!(told.status_type, StatusType::Online as i32, "within the grace");
        let expected = if is_over { ("", None) } else { ("busy", set.custom_expires) };
        assert_eq!((&told.custom_status[..], told.custom_expires), expected);
        assert_eq!(told.reason == v1::Reason::CustomExpired as i32, is_over);
    }
}
