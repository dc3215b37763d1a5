//! Tests of visibility and block lists in the console, over real HTTP.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::TestNode;
use common::browser::Browser;
use lamplight_model::StatusType::{Offline, Online};
use lamplight_model::{Code, Platform};
use serde_json::{Value, json};

const ALICE: &str = "/apps/1400000001/users/alice";

async fn put(browser: &Browser, path: &str, body: &Value) -> common::browser::Answer {
    browser.ask("PUT", path, &[], Some(body.to_string())).await
}

#[tokio::test]
async fn an_operator_sets_the_visibility_and_the_block_list_of_a_user() {
    let node = TestNode::start().await;
    let mut browser = Browser::new(node.node.http_address());
    browser.log_in(node.node.console_password().unwrap()).await;
    let _alice = node.log_in("alice", "a", Platform::IPhone).await;
    let mut bob = node.log_in("bob", "b", Platform::IPhone).await;
    let mut cid = node.log_in("cid", "c", Platform::IPhone).await;
    for watcher in [&mut bob, &mut cid] {
        watcher.subscribe(&["alice"]).await;
    }
    let shown = browser.get(ALICE).await.body;
    assert_eq!((&shown["visibility"], &shown["blocked"]), (&json!("everyone"), &json!([])));

    let visibility = format!("{ALICE}/visibility");
    assert_eq!(put(&browser, &visibility, &json!({ "visibility": "friends" })).await.status, 204);
    bob.told("alice", Offline).await;
    let shown = browser.get(ALICE).await.body;
    assert_eq!(
        (&shown["visibility"], &shown["status"]["status_type"]),
        (&json!("friends"), &json!("ONLINE"))
    );
    assert_eq!(put(&browser, &visibility, &json!({ "visibility": "everyone" })).await.status, 204);
    bob.told("alice", Online).await;
    cid.told("alice", Offline).await;
    cid.told("alice", Online).await;

    let blocks = format!("{ALICE}/blocks");
    assert_eq!(browser.post(&blocks, &json!({ "users": ["bob"] })).await.status, 204);
    bob.told("alice", Offline).await;
    assert_eq!(browser.post(&blocks, &json!({ "users": ["bob"] })).await.status, 204, "again is no error");
    let some = browser.post(&blocks, &json!({ "users": ["nobody", "cid"] })).await;
    assert_eq!(some.refusal(), (404, 70107));
    cid.told("alice", Offline).await;
    let blocked = browser.get(ALICE).await.body["blocked"].clone();
    let names: Vec<&str> =
        blocked.as_array().unwrap().iter().map(|it| it["user"].as_str().unwrap()).collect();
    assert_eq!(names, ["bob", "cid"]);
    assert!(blocked[0]["since"].is_u64());

    let gone = format!("{blocks}/bob");
    assert_eq!(browser.ask("DELETE", &gone, &[], None).await.status, 204);
    bob.told("alice", Online).await;
    let absent = browser.ask("DELETE", &gone, &[], None).await;
    assert_eq!(absent.refusal(), (400, Code::NOT_BLOCKED.number().into()));

    let ours = |line: &Value| {
        let changes = line["changes"].as_array().unwrap().iter();
        let change =
            |it: &Value| format!(" {}>{}", it["before"].as_str().unwrap(), it["after"].as_str().unwrap());
        let (action, target) = (line["action"].as_str().unwrap(), line["target"].as_str().unwrap());
        format!(
            "{action} {target}{} {}",
            changes.map(change).collect::<String>(),
            line["note"].as_str().unwrap()
        )
    };
    let audit = browser.get("/audit").await.body;
    let lines: Vec<String> = audit["entries"].as_array().unwrap().iter().map(ours).collect();
    assert_eq!(
        lines[..5],
        [
            "block.delete alice → bob ",
            "block.add alice → nobody, cid 1",
            "block.add alice → bob 1",
            "visibility.set alice friends>everyone ",
            "visibility.set alice everyone>friends ",
        ],
        "refused and repeated requests are not there"
    );
    node.node.stop().await;
}

#[tokio::test]
async fn invalid_requests_and_unknown_users_are_refused() {
    let node = TestNode::start().await;
    let mut browser = Browser::new(node.node.http_address());
    for (method, path) in [("PUT", "visibility"), ("POST", "blocks"), ("DELETE", "blocks/bob")] {
        let answer = browser.ask(method, &format!("{ALICE}/{path}"), &[], Some("{}".to_owned())).await;
        assert_eq!(answer.refusal(), (401, 6014), "{method} {path} needs a session");
    }
    browser.log_in(node.node.console_password().unwrap()).await;
    drop(node.log_in("alice", "a", Platform::IPhone).await);
    let ghost = "/apps/1400000001/users/ghost";
    for (user, body, expected) in [
        (ghost, json!({ "visibility": "nobody" }), (404, 70107)),
        (ALICE, json!({ "visibility": "me" }), (422, 6017)),
        (ALICE, json!({}), (422, 6017)),
    ] {
        assert_eq!(put(&browser, &format!("{user}/visibility"), &body).await.refusal(), expected, "{body}");
    }
    let many: Vec<String> = (0..101).map(|n| format!("u{n}")).collect();
    for (user, body, expected) in [
        (ghost, json!({ "users": ["alice"] }), (404, 70107)),
        (ALICE, json!({ "users": ["alice"] }), (400, 6017)),
        (ALICE, json!({ "users": [] }), (400, 6017)),
        (ALICE, json!({ "users": many }), (400, 6017)),
        (ALICE, json!({ "users": ["é"] }), (422, 6017)),
    ] {
        assert_eq!(browser.post(&format!("{user}/blocks"), &body).await.refusal(), expected, "{body}");
    }
    let audit = browser.get("/audit").await.body;
    assert!(
        audit["entries"].as_array().unwrap().iter().all(|it| it["action"] == "operator.login"),
        "{audit}"
    );
    node.node.stop().await;
}
