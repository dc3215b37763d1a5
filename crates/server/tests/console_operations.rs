//! What an operator does in the console beside the settings, over real HTTP: tests of webhooks.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::TestNode;
use common::browser::Browser;
use common::receiver::{Manner, Receiver};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const APP: &str = "/apps/1400000001";

/// A node that may send webhooks to this machine, and a browser that is logged in.
async fn logged_in() -> (TestNode, Browser) {
    let node = TestNode::start_with(|config| {
        config.webhooks.allow_networks = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let mut browser = Browser::new(node.node.http_address());
    let answer = browser.log_in(node.node.console_password().unwrap()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    (node, browser)
}

async fn test(browser: &Browser, webhook: &str) -> (u16, Value) {
    let answer = browser.post(&format!("{APP}/webhooks/{webhook}/test"), &json!({})).await;
    (answer.status, answer.body)
}

#[tokio::test]
async fn a_webhook_is_tested_and_its_answer_shown() {
    let (mut node, browser) = logged_in().await;
    let receiver = Receiver::start(Manner::Answer(200)).await;
    let url = format!("http://{}/hook", receiver.address);
    node.set(|settings| settings.webhooks.push_url = url.clone()).await;

    let (status, told) = test(&browser, "push").await;
    assert_eq!((status, &told["status"], &told["error"]), (200, &json!(200), &Value::Null), "{told}");
    assert_eq!((&told["header"], &told["signature"]), (&json!("x-lamplight-delivery"), &json!([])));
    let received = receiver.has(1).await.remove(0);
    assert_eq!(received.header("x-lamplight-delivery"), told["delivery"].as_str());
    assert_eq!(received.query("Sign"), None);

    node.set(|settings| settings.webhooks.token = "secret".into()).await;
    let (_, told) = test(&browser, "push").await;
    assert_eq!(told["signature"], json!(["Sign", "RequestTime"]));
    let received = receiver.has(2).await.remove(1);
    for name in told["signature"].as_array().unwrap() {
        assert!(received.query(name.as_str().unwrap()).is_some(), "{name}: {received:?}");
    }

    receiver.behave(Manner::Answer(500));
    let (status, told) = test(&browser, "push").await;
    assert_eq!((status, &told["status"]), (200, &Value::Null));
    assert_eq!(told["error"], json!("status 500 Internal Server Error"), "{told}");

    for (webhook, refusal) in [("state_change", (400, 6017)), ("nothing", (400, 6017))] {
        let answer = browser.post(&format!("{APP}/webhooks/{webhook}/test"), &json!({})).await;
        assert_eq!(answer.refusal(), refusal, "{webhook}");
    }
    let nowhere = browser.post("/apps/7/webhooks/push/test", &json!({})).await;
    assert_eq!(nowhere.refusal(), (404, 70020));
}

#[tokio::test]
async fn one_test_of_an_app_at_a_time() {
    let (mut node, browser) = logged_in().await;
    let receiver = Receiver::start(Manner::Slow(Duration::from_secs(1))).await;
    let url = format!("http://{}/hook", receiver.address);
    node.set(|settings| settings.webhooks.push_url = url.clone()).await;
    let browser = Arc::new(browser);
    let first = tokio::spawn({
        let browser = Arc::clone(&browser);
        async move { test(&browser, "push").await }
    });
    receiver.has(1).await;
    let (status, told) = test(&browser, "push").await;
    assert_eq!((status, &told["code"]), (429, &json!(7008)), "{told}");
    assert_eq!(first.await.unwrap().1["status"], json!(200));
    receiver.behave(Manner::Answer(200));
    assert_eq!(test(&browser, "push").await.1["status"], json!(200), "the first one is over");
}

#[tokio::test]
async fn why_a_webhook_fails_is_shown_as_the_command_line_says_it() {
    let (mut node, browser) = logged_in().await;
    let receiver = Receiver::start(Manner::Answer(503)).await;
    let url = format!("http://{}/hook", receiver.address);
    node.set(|settings| settings.webhooks.state_change_url = url.clone()).await;
    let _alice = node.log_in("alice", "phone", lamplight_model::Platform::Android).await;
    let failing = async {
        loop {
            let list = browser.get(&format!("{APP}/webhooks")).await.body;
            if list["webhooks"][0]["last_error"] != json!("") {
                return list;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let list = tokio::time::timeout(common::PATIENCE, failing).await.unwrap();
    let shown = &list["webhooks"][0];
    assert_eq!(shown["last_error"], json!("status 503 Service Unavailable"));
    assert_eq!((&shown["url"], &shown["signed"], &shown["waiting"]), (&json!(url), &json!(false), &json!(1)));

    // An address that webhooks may not lead to is refused here as there.
    node.set(|settings| settings.webhooks.state_change_url = "http://10.0.0.1/hook".into()).await;
    let (_, told) = test(&browser, "state_change").await;
    assert!(told["error"].as_str().unwrap().contains("10.0.0.1, a private address, which webhooks.allow_networks does not allow"), "{told}");
}
