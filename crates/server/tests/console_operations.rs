//! Tests of operations in the console over real HTTP: webhooks, the deletion of an app, the search for users, and the
//! list of users online.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::browser::Browser;
use common::receiver::{Manner, Receiver};
use common::{TestNode, get};
use lamplight_model::{App, AppId, AppKey, AppSettings, Platform, ProfileChange, User, UserId};
use lamplight_server::{ControlClient, Operation, Outcome};
use lamplight_service::By;
use lamplight_wire::v1::connection_ended::Cause;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const APP: &str = "/apps/1400000001";

/// Starts a node that may send webhooks to this machine, and logs a browser in.
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
    // A refused test must not make room for another test while the first one runs.
    for _ in 0..3 {
        let (status, told) = test(&browser, "push").await;
        assert_eq!((status, &told["code"]), (429, &json!(7008)), "{told}");
    }
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
    let _alice = node.log_in("alice", "phone", Platform::Android).await;
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

    // A test is refused for addresses that webhooks may not reach.
    node.set(|settings| settings.webhooks.state_change_url = "http://10.0.0.1/hook".into()).await;
    let (_, told) = test(&browser, "state_change").await;
    assert!(
        told["error"]
            .as_str()
            .unwrap()
            .contains("10.0.0.1, a private address, which webhooks.allow_networks does not allow"),
        "{told}"
    );
}

const DOOMED: AppId = AppId(1_400_000_002);

/// Adds a second app to the node, and makes it the app of the test.
async fn with_second_app(mut node: TestNode) -> TestNode {
    let app = App {
        id: DOOMED,
        keys: vec![AppKey { id: 1, text: "fedcba9876543210".repeat(4) }],
        admins: Vec::new(),
        settings: AppSettings::default(),
    };
    node.node.service().put_app(app.clone()).await.unwrap();
    node.app = app;
    node
}

async fn delete_app(browser: &Browser, app: AppId) -> (u16, Value) {
    let path = format!("/apps/{app}");
    let tag = browser.get(&path).await.etag();
    let answer = browser.change("DELETE", &path, &tag, None).await;
    (answer.status, answer.body)
}

/// Waits until all data of deleted apps has been deleted.
async fn nothing_is_left(browser: &Browser) {
    let wait = async {
        while browser.get("/apps").await.body["being_deleted"] != json!([]) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(common::PATIENCE, wait).await.unwrap();
}

#[tokio::test]
async fn a_deleted_app_leaves_nothing_and_disturbs_no_other() {
    let (mut node, browser) = logged_in().await;
    let mut stays = node.log_in("alice", "phone", Platform::Android).await;
    let first = node.app.clone();
    node = with_second_app(node).await;
    let mut wires = Vec::new();
    // More accounts than one step of the deletion takes.
    for n in 0..150 {
        wires.push(node.log_in(&format!("u{n}"), "phone", Platform::Android).await);
    }
    node.node.service().create_account(&node.user("nobody"), node.clock.now()).await.unwrap();

    let path = format!("/apps/{DOOMED}");
    assert_eq!(browser.ask("DELETE", &path, &[], None).await.refusal(), (428, 428));
    assert_eq!(browser.change("DELETE", &path, "\"x\"", None).await.refusal(), (412, 412));
    assert_eq!(delete_app(&browser, DOOMED).await, (204, Value::Null));
    assert_eq!(browser.get(&path).await.refusal(), (404, 70020));
    for wire in &mut wires {
        assert_eq!(wire.last_words().await.cause, Cause::AccountDeleted as i32);
        wire.closed().await;
    }
    let login = node.login("u0", "phone", Platform::Android);
    assert_eq!(node.connect().await.refused(login).await, 70020);
    nothing_is_left(&browser).await;
    let facts = node.facts();
    assert_eq!(facts.list_accounts(DOOMED, None, 10).await.unwrap(), []);
    assert!(facts.users_logged_in(None, 100).await.unwrap().iter().all(|user| user.app == first.id));
    assert_eq!(node.metric("lamplight_apps_being_deleted").await, 0);

    stays.ask(get(&["alice"])).await;
    node.has_connections(1).await;
    let answer = delete_app(&browser, first.id).await;
    assert_eq!((answer.0, &answer.1["code"]), (409, &json!(409)), "it is the last one now: {answer:?}");

    // A new app with the same SDKAppID is empty, and has another key.
    let made = browser.post("/apps", &json!({ "id": DOOMED.0, "name": "again" })).await;
    assert_eq!(made.status, 201, "{made:?}");
    let login = node.login("u0", "phone", Platform::Android);
    assert_eq!(node.connect().await.refused(login).await, 70009);
}

#[tokio::test]
async fn an_app_that_is_made_again_knows_nothing_of_the_receivers_of_the_former_one() {
    let (node, browser) = logged_in().await;
    let mut node = with_second_app(node).await;
    let receiver = Receiver::start(Manner::Answer(503)).await;
    let url = format!("http://{}/hook", receiver.address);
    node.set(|settings| settings.webhooks.state_change_url = url).await;
    let path = format!("/apps/{DOOMED}/webhooks");
    let shown = async || browser.get(&path).await.body["webhooks"][0]["last_error"].clone();
    let _alice = node.log_in("alice", "phone", Platform::Android).await;
    let failing = async {
        while shown().await != json!("status 503 Service Unavailable") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(common::PATIENCE, failing).await.unwrap();
    assert_eq!(delete_app(&browser, DOOMED).await.0, 204);
    nothing_is_left(&browser).await;
    node.node.service().put_app(node.app.clone()).await.unwrap();
    assert_eq!(shown().await, json!(""));
}

/// The node stops at the worst moment: the app has been deleted, but all its data still exists.
#[tokio::test]
async fn a_deletion_goes_on_after_a_crash() {
    let (node, _) = logged_in().await;
    let password = node.node.console_password().unwrap().to_owned();
    let node = with_second_app(node).await;
    let wire = node.log_in("bob", "phone", Platform::Android).await;
    let bob = User::new(DOOMED, UserId::new("bob").unwrap());
    let stopped = node.stop().await;
    drop(wire);
    let facts = stopped.facts();
    let begun = facts.begin_app_deletion(DOOMED).await.unwrap();
    assert_eq!(begun, lamplight_facts::AppDeletion::Begun);
    assert!(facts.accounts(vec![bob.clone()]).await.unwrap()[0].is_some());
    drop(facts);

    let node = stopped.start().await;
    let mut browser = Browser::new(node.node.http_address());
    assert_eq!(browser.log_in(&password).await.status, 200);
    assert_eq!(browser.get(&format!("/apps/{DOOMED}")).await.refusal(), (404, 70020));
    nothing_is_left(&browser).await;
    assert!(node.facts().accounts(vec![bob]).await.unwrap()[0].is_none());
    assert_eq!(node.metric("lamplight_records").await, 0);
}

#[tokio::test]
async fn users_are_found_by_nick_in_pages_whatever_the_case() {
    let (node, browser) = logged_in().await;
    let service = node.node.service();
    for (user, nick) in [("u1", "Anna"), ("u2", "anna"), ("u3", "ANNABEL"), ("u4", "Bob"), ("anna", "")] {
        service.create_account(&node.user(user), node.clock.now()).await.unwrap();
        let change = ProfileChange { nick: Some(nick.into()), ..ProfileChange::default() };
        service.set_profile(&node.user(user), change, By::App, node.clock.now()).await.unwrap();
    }
    let _phone = node.log_in("u2", "phone", Platform::Android).await;
    let find = async |query: &str| -> (Vec<String>, bool) {
        let answer = browser.get(&format!("{APP}/users?{query}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let found = answer.body["users"].as_array().unwrap().iter();
        let found = found.map(|user| format!("{} {}", text(&user["user_id"]), text(&user["nick"])));
        (found.collect(), answer.body["more"].as_bool().unwrap())
    };
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    assert_eq!(find("by=nick&prefix=ANN").await, (words(&["u1 Anna", "u2 anna", "u3 ANNABEL"]), false));
    assert_eq!(find("by=nick&prefix=ann&limit=2").await, (words(&["u1 Anna", "u2 anna"]), true));
    let rest = find("by=nick&prefix=ann&limit=2&after=u2&after_nick=anna").await;
    assert_eq!(rest, (words(&["u3 ANNABEL"]), false));
    assert_eq!(find("by=nick&prefix=z").await, (Vec::new(), false));
    assert_eq!(find("prefix=ann").await, (words(&["anna "]), false), "by userID, as before");
    let shown = browser.get(&format!("{APP}/users?by=nick&prefix=anna")).await.body;
    assert_eq!(shown["users"][1]["status_type"], json!("ONLINE"));
    for (query, refusal) in [
        ("by=nick&limit=201", (400, 6017)),
        ("by=name", (400, 6017)),
        (&format!("by=nick&prefix={}", "x".repeat(501)), (400, 6017)),
        ("by=nick&prefix=a%0Ab", (400, 6017)),
    ] {
        assert_eq!(browser.get(&format!("{APP}/users?{query}")).await.refusal(), refusal, "{query}");
    }
    assert_eq!(browser.get("/apps/7/users?by=nick").await.refusal(), (404, 70020));
}

#[tokio::test]
async fn who_is_online_is_listed_in_pages_by_platform() {
    let (node, browser) = logged_in().await;
    let mut wires = Vec::new();
    for n in 0..25 {
        let platform = if n % 5 == 0 { Platform::Web } else { Platform::Android };
        wires.push(node.log_in(&format!("u{n:02}"), "device", platform).await);
    }
    // Users who are not listed: one who is offline, and one of another app.
    let gone = node.log_in("gone", "phone", Platform::Android).await;
    drop(gone);
    node.has_connections(25).await;
    let all = async |query: &str| -> Vec<String> {
        let (mut users, mut after) = (Vec::new(), String::new());
        loop {
            let answer = browser.get(&format!("{APP}/online?{query}{after}")).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            for user in answer.body["users"].as_array().unwrap() {
                assert_eq!(user["devices"][0]["link"], json!({ "state": "connected" }), "{user}");
                users.push(user["user_id"].as_str().unwrap().to_owned());
            }
            let Some(next) = answer.body["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        users.sort();
        users
    };
    let names = |step: usize| (0..25).step_by(step).map(|n| format!("u{n:02}")).collect::<Vec<_>>();
    for limit in [1, 7, 100] {
        assert_eq!(all(&format!("limit={limit}")).await, names(1), "{limit}");
        assert_eq!(all(&format!("limit={limit}&on=Web")).await, names(5), "{limit}");
    }
    assert_eq!(all("on=Mac").await, [] as [String; 0]);
    let second = with_second_app(node).await;
    assert_eq!(browser.get(&format!("/apps/{DOOMED}/online")).await.body["users"], json!([]));
    for query in ["limit=0", "limit=101", "on=Phone", "after=x", "after=", "from=1"] {
        assert_eq!(browser.get(&format!("{APP}/online?{query}")).await.refusal(), (400, 6017), "{query}");
    }
    assert_eq!(browser.get("/apps/7/online").await.refusal(), (404, 70020));

    let mut control = ControlClient::connect(second.folder.path()).await.unwrap();
    let app = AppId(1_400_000_001);
    let list = |after| Operation::ListOnline { app, on: Some(Platform::Web), after, limit: 1_000 };
    let outcome = control.ask(&list(None)).await.unwrap();
    let Outcome::Online { mut users, next: None } = outcome else { panic!("{outcome:?}") };
    users.sort_by(|one, other| one.user_id.cmp(&other.user_id));
    let listed: Vec<String> = users.iter().map(|status| status.user_id.to_string()).collect();
    assert_eq!(listed, names(5), "the command line says the same");
    let outcome = control.ask(&list(Some("x".into()))).await.unwrap();
    assert!(matches!(outcome, Outcome::Refused { code: 6017, .. }), "{outcome:?}");
}
