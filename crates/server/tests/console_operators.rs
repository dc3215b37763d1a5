//! Tests of the console's operators over real HTTP: their rights, the end of their sessions, and logins during password
//! guessing.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::TestNode;
use common::browser::{Answer, Browser};
use lamplight_server::{
    ConsoleOperation, ConsoleOutcome, ControlClient, Operation, OperatorName, Outcome, Role, console_routes,
};
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

const PASSWORD: &str = "open sesame, please";
/// The number of connections that try wrong passwords at the same time. Each comes from a different network.
const FLOOD: u8 = 40;

async fn admin(node: &TestNode) -> Browser {
    let mut browser = Browser::new(node.node.http_address());
    assert_eq!(browser.log_in(node.node.console_password().unwrap()).await.status, 200);
    browser
}

/// Adds an operator, and logs in as this operator.
async fn operator(node: &TestNode, admin: &Browser, name: &str, role: Role) -> Browser {
    let new = json!({ "name": name, "role": role, "password": PASSWORD });
    let added = admin.post("/operators", &new).await;
    assert_eq!((added.status, &added.body), (201, &json!({ "password": null })));
    let mut browser = Browser::new(node.node.http_address());
    let session = browser.log_in_as(name, PASSWORD).await;
    assert_eq!(session.status, 200, "{session:?}");
    assert_eq!((&session.body["operator"], &session.body["role"]), (&json!(name), &json!(role)));
    browser
}

/// The minimum role for each route. A new route needs a line here.
const LEAST: &str = "\
POST /v1/account/password viewer
GET /v1/apps viewer
POST /v1/apps admin
GET /v1/apps/{app} viewer
DELETE /v1/apps/{app} admin
PUT /v1/apps/{app}/settings admin
POST /v1/apps/{app}/keys admin
DELETE /v1/apps/{app}/keys/{key} admin
POST /v1/apps/{app}/keys/{key}/reveal admin
PUT /v1/apps/{app}/admins/{user} admin
DELETE /v1/apps/{app}/admins/{user} admin
GET /v1/apps/{app}/users viewer
GET /v1/apps/{app}/online viewer
GET /v1/apps/{app}/users/{user} viewer
GET /v1/apps/{app}/users/{user}/watchers viewer
POST /v1/apps/{app}/users/{user}/kick operator
PUT /v1/apps/{app}/users/{user}/visibility operator
POST /v1/apps/{app}/users/{user}/blocks operator
DELETE /v1/apps/{app}/users/{user}/blocks/{blocked} operator
GET /v1/apps/{app}/webhooks viewer
POST /v1/apps/{app}/webhooks/{webhook}/test operator
GET /v1/apps/{app}/dead-letters viewer
POST /v1/apps/{app}/dead-letters/resend operator
POST /v1/apps/{app}/dead-letters/drop operator
GET /v1/audit viewer
GET /v1/bounds viewer
GET /v1/figures viewer
GET /v1/figures/history viewer
GET /v1/operators admin
POST /v1/operators admin
DELETE /v1/operators/{name} admin
PUT /v1/operators/{name}/role admin
PUT /v1/operators/{name}/password admin";

#[tokio::test]
async fn every_route_is_open_to_its_least_role_and_closed_below_it() {
    let shown: Vec<_> =
        console_routes().iter().map(|(method, path, least)| format!("{method} {path} {least}")).collect();
    assert_eq!(shown.join("\n"), LEAST);

    let node = TestNode::start().await;
    let admin = admin(&node).await;
    let viewer = operator(&node, &admin, "vera", Role::Viewer).await;
    let second = operator(&node, &admin, "otto", Role::Operator).await;
    let third = operator(&node, &admin, "ada", Role::Admin).await;
    for (method, path, least) in console_routes() {
        let filled = [
            ("{app}", "1400000001"),
            ("{key}", "99"),
            ("{user}", "nobody"),
            ("{name}", "nobody"),
            ("{webhook}", "push"),
        ];
        let path = filled.iter().fold(path.replacen("/v1", "", 1), |path, (what, by)| path.replace(what, by));
        for (browser, role) in
            [(&viewer, Role::Viewer), (&second, Role::Operator), (&third, Role::Admin), (&admin, Role::Admin)]
        {
            let body = (method != "GET").then(|| "{}".to_owned());
            let answer = browser.ask(&method, &path, &[("If-Match", "\"x\"")], body).await;
            if role >= least {
                assert_ne!(answer.status, 403, "{method} {path} as {role}: {answer:?}");
            } else {
                assert_eq!(answer.refusal(), (403, 403), "{method} {path} as {role}");
                assert_eq!(answer.body["needs"], json!(least));
            }
        }
    }
    assert_eq!(
        *node.node.service().apps().get(node.app.id).unwrap(),
        node.app,
        "nobody below has changed it"
    );
}

#[tokio::test]
async fn a_viewer_is_shown_no_secret() {
    let mut node = TestNode::start().await;
    let secret = "https://example.org:8443/hook?key=hush";
    node.set(|settings| {
        settings.webhooks.token = "the webhook token".into();
        settings.webhooks.push_url = secret.into();
    })
    .await;
    let admin = admin(&node).await;
    let viewer = operator(&node, &admin, "vera", Role::Viewer).await;
    for path in ["/apps", "/apps/1400000001", "/bounds", "/figures", "/apps/1400000001/webhooks"] {
        let answer = viewer.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        let text = answer.body.to_string();
        assert!(!text.contains(&node.app.keys[0].text) && !text.contains("the webhook token"), "{path}");
        assert!(!text.contains("hush"), "{path}: {text}");
    }
    // Operators who may change webhooks get the complete URLs.
    let shown = |answer: &Answer| answer.body["settings"]["webhooks"]["push_url"].clone();
    assert_eq!(shown(&admin.get("/apps/1400000001").await), json!(secret));
    assert_eq!(shown(&viewer.get("/apps/1400000001").await), json!("https://example.org:8443/hook?…"));
}

#[tokio::test]
async fn a_session_ends_with_the_role_the_password_and_the_operator() {
    let node = TestNode::start().await;
    let admin = admin(&node).await;
    let mut ann = operator(&node, &admin, "ann", Role::Viewer).await;
    let kick = "/apps/1400000001/users/nobody/kick";
    assert_eq!(ann.post(kick, &json!({})).await.refusal(), (403, 403));

    let role =
        admin.ask("PUT", "/operators/ann/role", &[], Some(json!({ "role": "operator" }).to_string())).await;
    assert_eq!(role.status, 204);
    assert_eq!(ann.get("/apps").await.refusal(), (401, 6014));
    assert_eq!(ann.log_in_as("ann", PASSWORD).await.status, 200);
    assert_eq!(ann.post(kick, &json!({})).await.refusal(), (404, 70107), "and may do more");

    let changed = admin.ask("PUT", "/operators/ann/password", &[], Some("{}".into())).await;
    let made = changed.body["password"].as_str().unwrap();
    assert_eq!(ann.get("/apps").await.refusal(), (401, 6014));
    assert_eq!(ann.log_in_as("ann", PASSWORD).await.refusal(), (401, 401));
    assert_eq!(ann.log_in_as("ann", made).await.status, 200);

    assert_eq!(admin.ask("DELETE", "/operators/ann", &[], None).await.status, 204);
    assert_eq!(ann.get("/apps").await.refusal(), (401, 6014));
    assert_eq!(ann.log_in_as("ann", made).await.refusal(), (401, 401));
    assert_eq!(admin.get("/apps").await.status, 200, "the sessions of others go on");
}

#[tokio::test]
async fn operators_change_their_own_password_with_the_old_one_and_go_on_in_a_new_session() {
    const NEW: &str = "another password";
    let node = TestNode::start().await;
    let admin = admin(&node).await;
    let mut ann = operator(&node, &admin, "ann", Role::Viewer).await;
    let mut elsewhere = Browser::new(node.node.http_address());
    assert_eq!(elsewhere.log_in_as("ann", PASSWORD).await.status, 200);

    let change = |old: &str, new: &str| json!({ "old": old, "new": new });
    let wrong = ann.post("/account/password", &change("a wrong password", NEW)).await;
    assert_eq!(wrong.refusal(), (403, 403), "{wrong:?}");
    assert!(wrong.body["needs"].is_null(), "it is no matter of the role");
    assert_eq!(wrong.body["reason"], json!("old_password"));
    let short = ann.post("/account/password", &change(PASSWORD, "short")).await;
    assert_eq!(short.refusal(), (400, 6017), "{short:?}");
    for browser in [&ann, &elsewhere] {
        assert_eq!(browser.get("/apps").await.status, 200, "a refusal changes nothing");
    }

    let old = ann.cookie.clone();
    let changed = ann.post_for_session("/account/password", &change(PASSWORD, NEW)).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(changed.body["operator"], json!("ann"));
    assert_ne!(ann.cookie, old);
    let refused = ann.post("/apps/1400000001/users/nobody/kick", &json!({})).await;
    assert_eq!(refused.refusal(), (403, 403));
    assert!(refused.body["reason"].is_null(), "the role is told by `needs`: {refused:?}");
    assert_eq!(ann.get("/apps").await.status, 200, "the new session is a whole one");
    assert_eq!(elsewhere.get("/apps").await.refusal(), (401, 6014), "the others have ended");
    ann.cookie = old;
    assert_eq!(ann.get("/apps").await.refusal(), (401, 6014), "the former one too");
    assert_eq!(elsewhere.log_in_as("ann", PASSWORD).await.refusal(), (401, 401));
    assert_eq!(elsewhere.log_in_as("ann", NEW).await.status, 200);
    assert_eq!(admin.get("/apps").await.status, 200, "the sessions of others go on");

    // `admin` changes the password in the same way.
    let (mut admin, password) = (admin, node.node.console_password().unwrap().to_owned());
    assert_eq!(admin.post_for_session("/account/password", &change(&password, NEW)).await.status, 200);
    assert_eq!(admin.get("/operators").await.status, 200);
    let entries = admin.get("/audit").await.body["entries"].clone();
    let entered: Vec<_> = entries
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["action"] == json!("operator.password"))
        .map(|entry| format!("{} {}", entry["by"].as_str().unwrap(), entry["target"].as_str().unwrap()))
        .collect();
    assert_eq!(entered, ["admin admin", "ann ann"], "refused ones are not entered");
}

#[tokio::test]
async fn a_session_gives_no_more_guesses_at_the_old_password_than_a_login() {
    let node = TestNode::start().await;
    let admin = admin(&node).await;
    let ann = operator(&node, &admin, "ann", Role::Viewer).await;
    let change = |old: &str| json!({ "old": old, "new": "another password" });
    for _ in 0..5 {
        assert_eq!(ann.post("/account/password", &change("a wrong password")).await.status, 403);
    }
    assert_eq!(ann.post("/account/password", &change(PASSWORD)).await.status, 429);
    assert_eq!(ann.get("/apps").await.status, 200);
    node.clock.advance(Duration::from_secs(60));
    assert_eq!(ann.post("/account/password", &change(PASSWORD)).await.status, 200);
}

#[tokio::test]
async fn what_cannot_be_done_with_operators_is_refused_with_its_reason() {
    let node = TestNode::start().await;
    let admin = admin(&node).await;
    operator(&node, &admin, "ann", Role::Viewer).await;
    let new = |name: &str, password: &str| json!({ "name": name, "role": "viewer", "password": password });
    for (body, refusal, named) in [
        (new("ann", PASSWORD), (409, 409), "the operator ann exists already"),
        (new("admin", PASSWORD), (409, 409), "the operator admin exists already"),
        (new("bob", "short"), (400, 6017), "10 to 200 bytes"),
        (new("Bob!", PASSWORD), (422, 6017), "lower-case letters"),
        (json!({ "name": "bob", "role": "king" }), (422, 6017), "unknown variant"),
    ] {
        let answer = admin.post("/operators", &body).await;
        assert_eq!(answer.refusal(), refusal, "{answer:?}");
        assert!(answer.body["message"].as_str().unwrap().contains(named), "{answer:?}");
    }
    assert_eq!(admin.ask("DELETE", "/operators/bob", &[], None).await.refusal(), (404, 404));
    assert_eq!(admin.ask("DELETE", "/operators/admin", &[], None).await.refusal(), (409, 409));
    let names = admin.get("/operators").await.body["operators"].clone();
    let names: Vec<_> = names.as_array().unwrap().iter().map(|shown| shown["name"].clone()).collect();
    assert_eq!(names, ["admin", "ann"]);
}

#[tokio::test]
async fn a_name_that_nobody_has_is_a_wrong_password_and_counts_as_one() {
    let node = TestNode::start().await;
    let mut browser = Browser::new(node.node.http_address());
    for name in ["nobody", "No Name!", "", "nobody", "root"] {
        assert_eq!(browser.log_in_as(name, PASSWORD).await.refusal(), (401, 401), "{name:?}");
    }
    assert_eq!(browser.log_in(node.node.console_password().unwrap()).await.status, 429);
}

#[tokio::test]
async fn the_command_line_and_the_console_have_the_same_operators() {
    let node = TestNode::start().await;
    let admin = admin(&node).await;
    let mut line = ControlClient::connect(node.folder.path()).await.unwrap();
    let name = OperatorName::new("ann").unwrap();
    let add = ConsoleOperation::AddOperator { name: name.clone(), role: Role::Viewer, password: None };
    let Outcome::Console(ConsoleOutcome::Done { password: Some(made) }) =
        line.ask(&Operation::Console(add.clone())).await.unwrap()
    else {
        panic!("no password was made")
    };
    let mut ann = Browser::new(node.node.http_address());
    assert_eq!(ann.log_in_as("ann", &made).await.status, 200);
    assert_eq!(admin.get("/operators").await.body["operators"][1]["name"], json!("ann"));
    let Outcome::Refused { code: 6017, message } = line.ask(&Operation::Console(add)).await.unwrap() else {
        panic!("added twice")
    };
    assert!(message.contains("the operator ann exists already"), "{message}");
    let remove = ConsoleOperation::RemoveOperator { name };
    line.ask(&Operation::Console(remove)).await.unwrap();
    assert_eq!(ann.get("/apps").await.refusal(), (401, 6014));
}

/// Tries wrong passwords from many networks, until the caller drops the first returned value. Each address stays below
/// its limit. The second returned value counts the passwords that were checked.
fn flood(server: SocketAddr) -> (JoinSet<()>, Arc<AtomicUsize>) {
    let (mut attackers, checked) = (JoinSet::new(), Arc::new(AtomicUsize::new(0)));
    for number in 0..FLOOD {
        let checked = Arc::clone(&checked);
        attackers.spawn(async move {
            let (mut browser, mut looked_at) = (Browser::new(server), 0);
            loop {
                // Makes only four attempts from each address, so that no address is blocked for a minute.
                browser.source = Some(Ipv4Addr::new(127, 1 + number, (looked_at / 4) as u8, 1));
                match browser.log_in("a wrong password").await.status {
                    503 => tokio::time::sleep(Duration::from_millis(2)).await,
                    _ => {
                        checked.fetch_add(1, Ordering::Relaxed);
                        looked_at += 1;
                    }
                }
            }
        });
    }
    (attackers, checked)
}

#[tokio::test]
async fn operators_get_in_while_others_try_passwords_from_many_networks() {
    let node = TestNode::start().await;
    let password = node.node.console_password().unwrap().to_owned();
    let mut known = Browser::new(node.node.http_address());
    assert_eq!(known.log_in(&password).await.status, 200);
    let cookie = known.cookie.clone().unwrap();
    assert!(cookie.contains("; lamplight_console_device=admin:"), "{cookie}");
    assert_eq!(known.ask("DELETE", "/session", &[], None).await.status, 204);

    let (_attackers, checked) = flood(node.node.http_address());
    let under_way = async {
        while checked.load(Ordering::Relaxed) < usize::from(FLOOD) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(2 * common::PATIENCE, under_way).await.expect("the flood is under way");
    for _ in 0..5 {
        let before = checked.load(Ordering::Relaxed);
        assert_eq!(known.log_in(&password).await.status, 200);
        // Uses a new browser each time, because a browser that has logged in is known.
        assert_eq!(Browser::new(node.node.http_address()).log_in(&password).await.status, 200);
        let checked = checked.load(Ordering::Relaxed) - before;
        // The login of the new browser waits for the running check, and not for the other logins that wait.
        assert!(checked < usize::from(FLOOD) / 2, "{checked} others were checked before");
    }
}

#[tokio::test]
async fn wrong_passwords_of_others_at_ones_address_keep_out_no_known_browser_and_its_own_do() {
    let node = TestNode::start().await;
    let password = node.node.console_password().unwrap().to_owned();
    let mut known = Browser::new(node.node.http_address());
    assert_eq!(known.log_in(&password).await.status, 200);
    let mut stranger = Browser::new(node.node.http_address());
    for _ in 0..5 {
        assert_eq!(stranger.log_in("wrong").await.status, 401);
    }
    assert_eq!(stranger.log_in(&password).await.status, 429);
    assert_eq!(known.log_in(&password).await.status, 200, "as behind a proxy, where all have one address");
    for _ in 0..5 {
        assert_eq!(known.log_in("wrong").await.status, 401);
    }
    assert_eq!(known.log_in(&password).await.status, 429);

    // A browser is known only for its operator. Knowing one operator's password therefore gives no further attempts at
    // the password of another.
    let mut elsewhere = Browser::new(node.node.http_address());
    elsewhere.source = Some(Ipv4Addr::new(127, 0, 0, 9));
    assert_eq!(elsewhere.log_in(&password).await.status, 200);
    elsewhere.source = None;
    assert_eq!(elsewhere.log_in_as("ann", "wrong").await.status, 429);
}
