//! Tests of the audit log over real HTTP and the control socket: the operator and the address of each change, and the
//! values before and after it.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::TestNode;
use common::browser::Browser;
use lamplight_model::{AppId, UserId};
use lamplight_server::{
    ConsoleOperation, ControlClient, ListsOperation, Operation, OperatorName, Role, ShownSecret,
};
use serde_json::{Value, json};
use std::time::Duration;

async fn admin(node: &TestNode) -> Browser {
    let mut browser = Browser::new(node.node.http_address());
    assert_eq!(browser.log_in(node.node.console_password().unwrap()).await.status, 200);
    browser
}

async fn entries(browser: &Browser, query: &str) -> (Vec<Value>, bool) {
    let answer = browser.get(&format!("/audit{query}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    (answer.body["entries"].as_array().unwrap().clone(), answer.body["more"].as_bool().unwrap())
}

/// Formats each entry as a line, newest first.
fn lines(entries: &[Value]) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    entries
        .iter()
        .map(|entry| {
            let changes = entry["changes"].as_array().unwrap().iter();
            let changes: String = changes
                .map(|it| format!(" {}:{}>{}", text(&it["what"]), text(&it["before"]), text(&it["after"])))
                .collect();
            let (by, address) = (text(&entry["by"]), text(&entry["address"]));
            let (action, target) = (text(&entry["action"]), text(&entry["target"]));
            format!("{by} {address} {action} {target}{changes} {}", text(&entry["outcome"]))
        })
        .collect()
}

#[tokio::test]
async fn every_change_of_the_console_is_entered_with_who_from_where_and_what() {
    let node = TestNode::start().await;
    let browser = admin(&node).await;
    let answer = browser.get("/apps/1400000001").await;
    let mut settings = answer.body["settings"].clone();
    settings["webhooks"].as_object_mut().unwrap().remove("token_set");
    settings["jwt"].as_object_mut().unwrap().remove("secret_set");
    settings["webhooks"]["token"] = json!("hush");
    settings["limits"]["subscriptions"] = json!(300);
    let tag = answer.etag();
    let saved = browser.change("PUT", "/apps/1400000001/settings", &tag, Some(&settings)).await;
    let tag = saved.etag();
    // A refused change is not recorded.
    let stale = browser.change("PUT", "/apps/1400000001/settings", "\"x\"", Some(&settings)).await;
    assert_eq!(stale.status, 412);
    // Settings without a difference are not recorded.
    assert_eq!(browser.change("PUT", "/apps/1400000001/settings", &tag, Some(&settings)).await.status, 200);
    let added = browser.change("POST", "/apps/1400000001/keys", &tag, Some(&json!({}))).await;
    let tag = added.etag();
    browser.post("/apps/1400000001/keys/2/reveal", &json!({})).await;
    let tag = browser.change("DELETE", "/apps/1400000001/keys/1", &tag, None).await.etag();
    browser.change("PUT", "/apps/1400000001/admins/bob", &tag, None).await;
    node.node.service().create_account(&node.user("alice"), node.clock.now()).await.unwrap();
    assert_eq!(browser.post("/apps/1400000001/users/alice/kick", &json!({})).await.status, 204);
    assert_eq!(browser.post("/apps/1400000001/users/nobody/kick", &json!({})).await.status, 404);
    let none = browser.post("/apps/1400000001/dead-letters/drop", &json!({})).await;
    assert_eq!(none.body, json!({ "done": 0 }), "a change of nothing is not recorded");
    browser.post("/apps", &json!({ "name": "second" })).await;
    let new = json!({ "name": "ann", "role": "viewer", "password": "open sesame" });
    browser.post("/operators", &new).await;
    browser.ask("PUT", "/operators/ann/role", &[], Some(json!({ "role": "operator" }).to_string())).await;
    browser.ask("PUT", "/operators/ann/password", &[], Some("{}".into())).await;
    browser.ask("DELETE", "/operators/ann", &[], None).await;

    let (all, more) = entries(&browser, "").await;
    assert!(!more);
    expect(
        &lines(&all),
        "\
admin 127.0.0.1 operator.remove ann done
admin 127.0.0.1 operator.password ann done
admin 127.0.0.1 operator.role ann role:viewer>operator done
admin 127.0.0.1 operator.add ann role:>viewer done
admin 127.0.0.1 app.create  name:>second done
admin 127.0.0.1 user.kick alice done
admin 127.0.0.1 admin.add bob admins:administrator>administrator, bob done
admin 127.0.0.1 key.retire 1 keys:1, 2>2 done
admin 127.0.0.1 key.show 2 done
admin 127.0.0.1 key.add 2 keys:1>1, 2 done
admin 127.0.0.1 app.change  limits.subscriptions:200>300 webhooks.token:>(set) done
admin 127.0.0.1 operator.login admin done",
    );
    let text = Value::from(all).to_string();
    let secret = added.body["key"]["text"].as_str().unwrap();
    for secret in [secret, "hush", "open sesame"] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}

fn expect(lines: &[String], expected: &str) {
    assert_eq!(lines.join("\n"), expected);
}

#[tokio::test]
async fn the_command_line_is_entered_too_and_all_survives_a_restart() {
    let node = TestNode::start().await;
    let mut line = ControlClient::connect(node.folder.path()).await.unwrap();
    let (alice, bob) = (node.user("alice"), node.user("bob"));
    let mut app = node.app.clone();
    app.settings.switches.friend_notification = true;
    let send = ListsOperation::Send {
        from: alice.clone(),
        to: bob.id.clone(),
        text: "for bob alone".into(),
        client_id: "1".into(),
    };
    let ann = OperatorName::new("ann").unwrap();
    for operation in [
        Operation::CreateAccount(alice.clone()),
        Operation::CreateAccount(bob),
        // The account exists already, so nothing changes.
        Operation::CreateAccount(alice.clone()),
        Operation::PutApp { app: Box::new(app), was: Some(Box::new(node.app.clone())) },
        Operation::Lists(send),
        Operation::Lists(ListsOperation::Profile(alice.clone())),
        Operation::Console(ConsoleOperation::AddOperator { name: ann, role: Role::Viewer, password: None }),
        Operation::Kick(node.user("nobody")),
        Operation::DeleteAccount(alice),
    ] {
        line.ask(&operation).await.unwrap();
    }
    drop(line);
    let password = node.node.console_password().unwrap().to_owned();
    let node = node.stop().await.start().await;
    let mut browser = Browser::new(node.node.http_address());
    assert_eq!(browser.log_in(&password).await.status, 200);
    let (all, _) = entries(&browser, "").await;
    expect(
        &lines(&all),
        "\
admin 127.0.0.1 operator.login admin done
command line - account.delete alice done
command line - operator.add ann role:>viewer done
command line - message.send alice → bob done
command line - app.change  switches.friend_notification:false>true done
command line - account.create bob done
command line - account.create alice done",
    );
    assert!(!Value::from(all).to_string().contains("for bob alone"));
}

#[tokio::test]
async fn the_log_comes_in_pages_of_an_app_or_of_all_and_is_kept_for_90_days() {
    let node = TestNode::start().await;
    let browser = admin(&node).await;
    browser.post("/apps", &json!({ "name": "second" })).await;
    for n in 0..3 {
        let user = node.user(&format!("u{n}"));
        node.node.service().create_account(&user, node.clock.now()).await.unwrap();
        browser.post(&format!("/apps/1400000001/users/{}/kick", user.id), &json!({})).await;
    }
    let targets = async |query: &str| {
        let (entries, more) = entries(&browser, query).await;
        let targets: Vec<_> = entries.iter().map(|it| it["target"].as_str().unwrap().to_owned()).collect();
        (targets.join(" "), more)
    };
    assert_eq!(targets("?app=1400000001").await, ("u2 u1 u0".into(), false));
    assert_eq!(targets("?limit=2").await, ("u2 u1".into(), true));
    let second = entries(&browser, "?limit=2").await.0[1]["id"].as_u64().unwrap();
    assert_eq!(targets(&format!("?limit=2&before={second}")).await, ("u0 ".into(), true));
    assert_eq!(targets("?app=7").await, (String::new(), false));
    for query in ["?limit=0", "?limit=501", "?app=x", "?since=1"] {
        assert_eq!(browser.get(&format!("/audit{query}")).await.refusal(), (400, 6017), "{query}");
    }

    node.clock.advance(Duration::from_secs(91 * 24 * 60 * 60));
    let mut browser = Browser::new(node.node.http_address());
    browser.log_in(node.node.console_password().unwrap()).await;
    browser.post("/apps", &json!({ "name": "third" })).await;
    let (left, _) = entries(&browser, "").await;
    expect(
        &lines(&left),
        "\
admin 127.0.0.1 app.create  name:>third done
admin 127.0.0.1 operator.login admin done",
    );
}

#[tokio::test]
async fn logins_and_logouts_are_entered_once_an_hour_and_wrong_ones_never() {
    let node = TestNode::start().await;
    let password = node.node.console_password().unwrap().to_owned();
    let mut browser = Browser::new(node.node.http_address());
    let log_out = async |browser: &Browser| {
        assert_eq!(browser.ask("DELETE", "/session", &[], None).await.status, 204);
    };
    assert_eq!(browser.log_in("a wrong password").await.status, 401);
    for _ in 0..3 {
        assert_eq!(browser.log_in(&password).await.status, 200);
        log_out(&browser).await;
    }
    node.clock.advance(Duration::from_secs(60 * 60));
    assert_eq!(browser.log_in(&password).await.status, 200);
    let (all, _) = entries(&browser, "").await;
    expect(
        &lines(&all),
        "\
admin 127.0.0.1 operator.login admin left_out:>4 done
admin 127.0.0.1 operator.logout admin done
admin 127.0.0.1 operator.login admin done",
    );
}

#[tokio::test]
async fn the_command_line_enters_secrets_that_it_shows_and_values_that_it_replaces() {
    let node = TestNode::start().await;
    let mut line = ControlClient::connect(node.folder.path()).await.unwrap();
    let ann = OperatorName::new("ann").unwrap();
    let alice = node.user("alice");
    let nick = |nick: &str| ListsOperation::SetProfile {
        user: alice.clone(),
        nick: Some(nick.to_owned()),
        avatar_url: None,
        allow: None,
    };
    for operation in [
        Operation::ShowSecret(ShownSecret::Keys { app: node.app.id, keys: vec![1] }),
        Operation::ShowSecret(ShownSecret::UserSig { user: alice.clone(), expire: 60 }),
        Operation::Console(ConsoleOperation::AddOperator {
            name: ann.clone(),
            role: Role::Viewer,
            password: None,
        }),
        Operation::Console(ConsoleOperation::SetRole { name: ann.clone(), role: Role::Admin, was: None }),
        Operation::CreateAccount(alice.clone()),
        Operation::Lists(nick("Al")),
        Operation::Lists(nick("Alice")),
        // Each of these operations is refused for another reason, and none of them is recorded.
        Operation::Console(ConsoleOperation::SetRole {
            name: OperatorName::new("bob").unwrap(),
            role: Role::Admin,
            was: None,
        }),
        Operation::Lists(ListsOperation::SetProfile {
            user: node.user("nobody"),
            nick: Some("x".into()),
            avatar_url: None,
            allow: None,
        }),
    ] {
        line.ask(&operation).await.unwrap();
    }
    let entries = node.facts().audit_entries(None, None, 100).await.unwrap();
    let entries: Vec<_> = entries.iter().map(|entry| serde_json::to_value(entry).unwrap()).collect();
    expect(
        &lines(&entries),
        "\
command line - profile.change alice nick:Al>Alice done
command line - profile.change alice nick:>Al done
command line - account.create alice done
command line - operator.role ann role:viewer>admin done
command line - operator.add ann role:>viewer done
command line - sig.make alice expire:>60 s done
command line - key.show 1 done",
    );
}

/// If a browser disconnects before the answer, its change is still completed, and the outcome is recorded.
#[tokio::test]
async fn what_a_browser_began_is_settled_when_it_goes_away() {
    let node = TestNode::start().await;
    let browser = admin(&node).await;
    let names: Vec<_> = (0..16).map(|n| UserId::new(&format!("u{n}")).unwrap()).collect();
    for id in &names {
        let user = lamplight_model::User::new(AppId(1_400_000_001), id.clone());
        node.node.service().create_account(&user, node.clock.now()).await.unwrap();
    }
    for (n, id) in names.iter().enumerate() {
        let (path, body) = (format!("/apps/1400000001/users/{id}/kick"), json!({}));
        let kick = browser.post(&path, &body);
        let _ = tokio::time::timeout(Duration::from_millis(n as u64), kick).await;
    }
    let settled = async {
        loop {
            let (all, _) = entries(&browser, "").await;
            if all.iter().all(|entry| entry["outcome"] == json!("done")) && !all.is_empty() {
                return all.len();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(common::PATIENCE, settled).await.expect("nothing stays as begun");
}
