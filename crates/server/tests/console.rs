//! Tests of access to the console over real HTTP: sessions, refusals, and the effect of changes.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::TestNode;
use common::browser::{Answer, Browser};
use lamplight_facts::{NewNotice, Settled, SettledAs};
use lamplight_model::{App, Code, Hook, Lane, NoticeContent, Platform, PushContent, UserId};
use lamplight_server::{ControlClient, Operation, Outcome, PasswordFile};
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Request;
use serde_json::{Value, json};
use std::time::Duration;

const APP: &str = "/apps/1400000001";

async fn logged_in() -> (TestNode, Browser) {
    let node = TestNode::start().await;
    let mut browser = Browser::new(node.node.http_address());
    let answer = browser.log_in(node.node.console_password().unwrap()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    (node, browser)
}

/// Reads the first app. Returns its settings, as a form sends them back, and its entity tag.
async fn form(browser: &Browser) -> (Value, String) {
    let answer = browser.get(APP).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut settings = answer.body["settings"].clone();
    settings["webhooks"].as_object_mut().unwrap().remove("token_set");
    settings["jwt"].as_object_mut().unwrap().remove("secret_set");
    let tag = answer.etag();
    (settings, tag)
}

#[tokio::test]
async fn the_right_password_opens_a_session_and_logging_out_ends_it() {
    let node = TestNode::start().await;
    let mut browser = Browser::new(node.node.http_address());
    let wrong = browser.log_in("0000-wrong-0000").await;
    assert_eq!(wrong.refusal(), (401, 401));
    assert_eq!(wrong.header("set-cookie"), None);

    let answer = browser.log_in(node.node.console_password().unwrap()).await;
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.starts_with("lamplight_console="), "{cookie}");
    assert!(cookie.ends_with("; Path=/console; Max-Age=43200; HttpOnly; SameSite=Strict"), "{cookie}");
    assert_eq!(browser.get("/apps").await.status, 200);
    // A page that is loaded again gets the same CSRF token.
    let again = browser.get("/session").await;
    assert_eq!(again.body["csrf_token"].as_str(), browser.csrf_token.as_deref());

    let out = browser.ask("DELETE", "/session", &[], None).await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(browser.get("/apps").await.refusal(), (401, 6014));
}

#[tokio::test]
async fn behind_a_proxy_with_https_the_cookie_is_for_https_alone() {
    let node = TestNode::start().await;
    let mut browser = Browser::new(node.node.http_address());
    browser.headers.push(("X-Forwarded-Proto", "https".into()));
    let answer = browser.log_in(node.node.console_password().unwrap()).await;
    assert!(answer.header("set-cookie").unwrap().ends_with("; Secure"));
}

#[tokio::test]
async fn nothing_is_answered_without_a_session() {
    let node = TestNode::start().await;
    let stranger = Browser::new(node.node.http_address());
    let mut forger = Browser::new(node.node.http_address());
    forger.cookie = Some(format!("lamplight_console={}", "0".repeat(64)));
    forger.csrf_token = Some("0".repeat(64));
    for (method, path) in [
        ("DELETE", "/session"),
        ("GET", "/apps"),
        ("POST", "/apps"),
        ("GET", APP),
        ("PUT", "/apps/1400000001/settings"),
        ("POST", "/apps/1400000001/keys"),
        ("DELETE", "/apps/1400000001/keys/1"),
        ("POST", "/apps/1400000001/keys/1/reveal"),
        ("PUT", "/apps/1400000001/admins/bob"),
        ("DELETE", "/apps/1400000001/admins/administrator"),
        ("GET", "/apps/1400000001/users"),
        ("GET", "/apps/1400000001/users/alice"),
        ("GET", "/apps/1400000001/users/alice/watchers"),
        ("POST", "/apps/1400000001/users/alice/kick"),
        ("GET", "/apps/1400000001/webhooks"),
        ("GET", "/apps/1400000001/dead-letters"),
        ("POST", "/apps/1400000001/dead-letters/resend"),
        ("POST", "/apps/1400000001/dead-letters/drop"),
        ("GET", "/audit"),
        ("GET", "/bounds"),
        ("GET", "/figures"),
        ("GET", "/figures/history?range=day"),
        ("GET", "/operators"),
        ("POST", "/operators"),
        ("DELETE", "/operators/ann"),
        ("PUT", "/operators/ann/role"),
        ("PUT", "/operators/ann/password"),
        ("GET", "/nothing/of/the/kind"),
    ] {
        for browser in [&stranger, &forger] {
            let body = (method != "GET").then(|| "{}".to_owned());
            let answer = browser.ask(method, path, &[("If-Match", "\"x\"")], body).await;
            assert_eq!(answer.refusal(), (401, 6014), "{method} {path}");
        }
    }
    let none = forger.get("/session").await;
    assert_eq!((none.status, none.body), (204, Value::Null), "having no session is not an error");
    let app = node.node.service().apps().get(node.app.id).unwrap();
    assert_eq!(*app, node.app, "and nothing was changed");
}

#[tokio::test]
async fn a_change_needs_the_token_of_its_session_and_a_page_of_this_site() {
    let (node, mut browser) = logged_in().await;
    let new = json!({ "name": "second" });
    let token = browser.csrf_token.take();
    assert_eq!(browser.post("/apps", &new).await.refusal(), (403, 403));
    browser.csrf_token = Some("0".repeat(64));
    let stale = browser.post("/apps", &new).await;
    assert_eq!((stale.refusal(), &stale.body["reason"]), ((403, 403), &json!("csrf_token")));
    assert_eq!(browser.ask("DELETE", "/session", &[], None).await.refusal(), (403, 403));
    browser.csrf_token = token;
    for (name, value) in [("Sec-Fetch-Site", "cross-site"), ("Origin", "http://evil.example")] {
        let answer = browser.ask("POST", "/apps", &[(name, value)], Some(new.to_string())).await;
        assert_eq!(answer.refusal(), (403, 403), "{name}");
        let mut other = Browser::new(node.node.http_address());
        other.headers.push((name, value.into()));
        let answer = other.log_in(node.node.console_password().unwrap()).await;
        assert_eq!(answer.refusal(), (403, 403), "{name}: nobody is logged in from elsewhere");
    }
    assert_eq!(node.node.service().apps().all().len(), 1);
    let own = [("Sec-Fetch-Site", "same-origin")];
    assert_eq!(browser.ask("POST", "/apps", &own, Some(new.to_string())).await.status, 201);
}

#[tokio::test]
async fn wrong_passwords_cost_a_minute() {
    let node = TestNode::start().await;
    let mut browser = Browser::new(node.node.http_address());
    let right = node.node.console_password().unwrap().to_owned();
    for _ in 0..5 {
        assert_eq!(browser.log_in("wrong").await.refusal(), (401, 401));
    }
    let answer = browser.log_in(&right).await;
    assert_eq!(answer.refusal(), (429, Code::TOO_MANY_FAILURES.number().into()));
    assert_eq!(answer.header("retry-after"), Some("60"));
    node.clock.advance(Duration::from_secs(59));
    assert_eq!(browser.log_in(&right).await.status, 429);
    node.clock.advance(Duration::from_secs(1));
    assert_eq!(browser.log_in(&right).await.status, 200);
}

#[tokio::test]
async fn a_session_is_over_when_its_time_is_up_or_the_password_is_another_one() {
    let (node, mut browser) = logged_in().await;
    node.clock.advance(Duration::from_secs(3_599));
    assert_eq!(browser.get("/apps").await.status, 200);
    node.clock.advance(Duration::from_secs(3_599));
    let background = browser.ask("GET", "/figures", &[("X-Background", "1")], None).await;
    assert_eq!(background.status, 200);
    node.clock.advance(Duration::from_secs(1));
    assert_eq!(browser.get("/apps").await.refusal(), (401, 6014));

    browser.log_in(node.node.console_password().unwrap()).await;
    assert_eq!(browser.get("/apps").await.status, 200);
    PasswordFile::of(node.folder.path()).set("another password").unwrap();
    assert_eq!(browser.get("/apps").await.refusal(), (401, 6014));
    assert_eq!(browser.log_in(node.node.console_password().unwrap()).await.status, 401);
    assert_eq!(browser.log_in("another password").await.status, 200);
}

#[tokio::test]
async fn every_answer_forbids_what_the_console_does_not_need() {
    let (_node, browser) = logged_in().await;
    for answer in [browser.get("/apps").await, browser.get("/nothing").await] {
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    assert_eq!(browser.get("/nothing").await.refusal(), (404, 404));
    assert_eq!(browser.ask("PATCH", "/apps", &[], None).await.refusal(), (405, 405));
}

#[tokio::test]
async fn a_switch_that_is_turned_off_is_felt_by_the_next_call() {
    let (node, browser) = logged_in().await;
    let _bob = node.log_in("bob", "b", Platform::Android).await;
    let mut alice = node.log_in("alice", "a", Platform::Android).await;
    assert_eq!(alice.status_of("bob").await.user_id, "bob");

    let (mut settings, tag) = form(&browser).await;
    settings["switches"]["user_status"] = json!(false);
    let saved = browser.change("PUT", "/apps/1400000001/settings", &tag, Some(&settings)).await;
    assert_eq!(saved.status, 200, "{saved:?}");
    assert_eq!(saved.body["settings"]["switches"]["user_status"], json!(false));
    let query = v1::GetUserStatusRequest { user_ids: vec!["bob".into()] };
    assert_eq!(alice.refused(Request::GetUserStatus(query)).await, 72001);
}

#[tokio::test]
async fn of_two_operators_with_the_same_form_the_second_is_told() {
    let (node, browser) = logged_in().await;
    let path = "/apps/1400000001/settings";
    let (mut settings, tag) = form(&browser).await;
    settings["name"] = json!("first come");
    let first = browser.change("PUT", path, &tag, Some(&settings)).await;
    assert_eq!(first.status, 200);
    settings["name"] = json!("too late");
    assert_eq!(browser.change("PUT", path, &tag, Some(&settings)).await.refusal(), (412, 412));
    for (method, path) in [
        ("POST", "/apps/1400000001/keys"),
        ("DELETE", "/apps/1400000001/keys/1"),
        ("PUT", "/apps/1400000001/admins/bob"),
        ("DELETE", "/apps/1400000001/admins/administrator"),
    ] {
        let empty = json!({});
        let body = path.ends_with("keys").then_some(&empty);
        assert_eq!(browser.change(method, path, &tag, body).await.refusal(), (412, 412), "{method} {path}");
        let unconditional = browser.ask(method, path, &[], body.map(ToString::to_string)).await;
        assert_eq!(unconditional.refusal(), (428, 428), "{method} {path}");
    }
    // The command line has changed the app in the meantime.
    let tag = first.etag();
    node.node.service().put_app(node.app.clone()).await.unwrap();
    assert_eq!(browser.change("PUT", path, &tag, Some(&settings)).await.refusal(), (412, 412));
    assert_eq!(*node.node.service().apps().get(node.app.id).unwrap(), node.app);
}

#[tokio::test]
async fn the_command_line_too_changes_only_what_it_has_seen() {
    let (node, browser) = logged_in().await;
    let mut operator = ControlClient::connect(node.folder.path()).await.unwrap();
    let seen = node.app.clone();
    let (mut settings, tag) = form(&browser).await;
    settings["name"] = json!("from the console");
    assert_eq!(browser.change("PUT", "/apps/1400000001/settings", &tag, Some(&settings)).await.status, 200);

    let mut wanted = seen.clone();
    wanted.settings.limits.subscriptions = 7;
    let put = |app: &App, was: Option<&App>| Operation::PutApp {
        app: Box::new(app.clone()),
        was: was.cloned().map(Box::new),
    };
    let done = |changed| Outcome::Done { changed };
    assert_eq!(operator.ask(&put(&wanted, Some(&seen))).await.unwrap(), done(false));
    assert_eq!(operator.ask(&put(&wanted, None)).await.unwrap(), done(false), "it is there already");
    let now = (*node.node.service().apps().get(node.app.id).unwrap()).clone();
    assert_eq!((now.settings.name.as_str(), now.settings.limits.subscriptions), ("from the console", 200));
    wanted.settings.name = "from the console".into();
    assert_eq!(operator.ask(&put(&wanted, Some(&now))).await.unwrap(), done(true));
}

#[tokio::test]
async fn of_many_changes_at_once_exactly_one_is_done() {
    let (node, browser) = logged_in().await;
    let (settings, tag) = form(&browser).await;
    let changes = (0..8).map(|n| {
        let mut settings = settings.clone();
        settings["name"] = json!(format!("number {n}"));
        let (browser, tag) = (&browser, &tag);
        async move { browser.change("PUT", "/apps/1400000001/settings", tag, Some(&settings)).await.status }
    });
    let mut statuses = futures_util::future::join_all(changes).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412]);
    drop(node);
}

#[tokio::test]
async fn settings_outside_their_bounds_are_refused_by_name_and_change_nothing() {
    let (node, browser) = logged_in().await;
    let bounds = browser.get("/bounds").await.body["settings"].clone();
    assert_eq!(bounds["limits.subscriptions"], json!([1, 10_000]));
    let (settings, tag) = form(&browser).await;
    let put = async |settings: &Value, tag: &str| -> Answer {
        browser.change("PUT", "/apps/1400000001/settings", tag, Some(settings)).await
    };
    let mut at_the_limit = settings.clone();
    at_the_limit["limits"]["subscriptions"] = json!(10_000);
    let saved = put(&at_the_limit, &tag).await;
    assert_eq!(saved.status, 200);
    let tag = saved.etag();
    for (section, field, value, named) in [
        ("limits", "subscriptions", json!(10_001), "limits.subscriptions must be from 1 to 10000, not 10001"),
        ("limits", "subscriptions", json!(70_000), "limits.subscriptions: invalid value"),
        ("limits", "subscriptions", json!(-1), "limits.subscriptions: invalid value"),
        ("limits", "unheard_of", json!(1), "unknown field `unheard_of`"),
        ("timing", "linger_web_ms", json!(600_001), "timing.linger_web_ms must be from 0 to 600000"),
        ("webhooks", "push_url", json!("ftp://x"), "webhooks.push_url must be an address"),
        ("webhooks", "token", json!("t".repeat(201)), "webhooks.token (bytes) must be from 0 to 200"),
        ("multi_device", "mode", json!("quadruple"), "multi_device.mode: unknown variant"),
    ] {
        let mut settings = at_the_limit.clone();
        settings[section][field] = value;
        let answer = put(&settings, &tag).await;
        assert!(matches!(answer.refusal(), (400 | 422, 6017)), "{answer:?}");
        assert!(answer.body["message"].as_str().unwrap().contains(named), "{named}: {answer:?}");
    }
    let mut without = at_the_limit.clone();
    without.as_object_mut().unwrap().remove("timing");
    assert_eq!(put(&without, &tag).await.refusal().1, 6017, "a setting that is left out is no default");
    let long = json!({ "name": "n".repeat(64 * 1024) });
    assert_eq!(browser.post("/apps", &long).await.refusal(), (413, 6017));
    let kept = node.node.service().apps().get(node.app.id).unwrap();
    assert_eq!(kept.settings.limits.subscriptions, 10_000);
    assert_eq!(form(&browser).await.1, tag);
}

#[tokio::test]
async fn the_token_of_webhooks_is_written_and_never_read() {
    let (node, browser) = logged_in().await;
    let path = "/apps/1400000001/settings";
    let token = |node: &TestNode| {
        node.node.service().apps().get(node.app.id).unwrap().settings.webhooks.token.clone()
    };
    let (mut settings, tag) = form(&browser).await;
    settings["webhooks"]["token"] = json!("xxxxyyyy");
    let saved = browser.change("PUT", path, &tag, Some(&settings)).await;
    assert_eq!(saved.body["settings"]["webhooks"]["token_set"], json!(true));
    assert!(!saved.body.to_string().contains("xxxxyyyy"));
    assert_eq!(token(&node), "xxxxyyyy");

    // An absent token keeps its value; an empty one deletes the token.
    let (mut settings, tag) = form(&browser).await;
    settings["name"] = json!("renamed");
    let saved = browser.change("PUT", path, &tag, Some(&settings)).await;
    assert_eq!((saved.status, token(&node).as_str()), (200, "xxxxyyyy"));
    settings["webhooks"]["token"] = json!("");
    let saved = browser.change("PUT", path, &saved.etag(), Some(&settings)).await;
    assert_eq!(saved.body["settings"]["webhooks"]["token_set"], json!(false));
    assert_eq!(token(&node), "");
}

#[tokio::test]
async fn keys_are_rotated_and_their_text_is_shown_on_request_only() {
    let (node, browser) = logged_in().await;
    let secret = node.app.keys[0].text.clone();
    let shown = browser.get(APP).await;
    assert!(!shown.body.to_string().contains(&secret));
    assert_eq!(shown.body["keys"], json!([{ "id": 1, "signs": true }]));
    let last = browser.change("DELETE", "/apps/1400000001/keys/1", &shown.etag(), None).await;
    assert_eq!(last.refusal(), (409, 409));

    let added = browser.change("POST", "/apps/1400000001/keys", &shown.etag(), Some(&json!({}))).await;
    assert_eq!(added.status, 201, "{added:?}");
    assert_eq!(added.body["app"]["keys"], json!([{ "id": 1, "signs": false }, { "id": 2, "signs": true }]));
    let text = added.body["key"]["text"].as_str().unwrap().to_owned();
    let revealed = browser.post("/apps/1400000001/keys/2/reveal", &json!({})).await;
    assert_eq!(revealed.body["text"], json!(text));
    assert_eq!(browser.post("/apps/1400000001/keys/3/reveal", &json!({})).await.refusal(), (404, 404));

    let mut tag = added.etag();
    let again = browser.change("POST", "/apps/1400000001/keys", &tag, Some(&json!({ "key": text }))).await;
    assert_eq!(again.refusal(), (409, 6017), "the app has it already");
    for bad in ["", "short", "a key with blanks in it", "ключключключключ"] {
        let body = json!({ "key": bad });
        let refused = browser.change("POST", "/apps/1400000001/keys", &tag, Some(&body)).await;
        assert_eq!(refused.refusal(), (400, 6017), "{bad:?}");
    }
    let own = json!({ "key": "0123456789abcdef".repeat(4) });
    let added = browser.change("POST", "/apps/1400000001/keys", &tag, Some(&own)).await;
    assert_eq!((added.status, &added.body["key"]["text"]), (201, &own["key"]));
    tag = added.etag();
    for _ in 4..=8 {
        let added = browser.change("POST", "/apps/1400000001/keys", &tag, Some(&json!({}))).await;
        assert_eq!(added.status, 201);
        tag = added.etag();
    }
    assert_eq!(
        browser.change("POST", "/apps/1400000001/keys", &tag, Some(&json!({}))).await.refusal(),
        (409, 6017)
    );
    let retired = browser.change("DELETE", "/apps/1400000001/keys/1", &tag, None).await;
    assert_eq!(retired.status, 200);
    let again = browser.change("DELETE", "/apps/1400000001/keys/1", &retired.etag(), None).await;
    assert_eq!(again.refusal(), (404, 404));
    // A UserSig signed with the retired key is no longer valid.
    let login = node.login("alice", "a", Platform::Android);
    assert_eq!(node.connect().await.refused(login).await, 70009);
}

#[tokio::test]
async fn apps_are_made_and_admins_come_and_go() {
    let (node, browser) = logged_in().await;
    let made = browser.post("/apps", &json!({ "name": "second", "edition": "standard" })).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.body["app"]["id"], json!(1_400_000_002));
    assert!(!made.body["key"]["text"].as_str().unwrap().is_empty());
    assert_eq!(made.body["app"]["settings"]["timing"]["linger_web_ms"], json!(5_000));
    let taken = browser.post("/apps", &json!({ "id": 1_400_000_001 })).await;
    assert_eq!(taken.refusal(), (409, 409));
    assert_eq!(*node.node.service().apps().get(node.app.id).unwrap(), node.app);
    let list = browser.get("/apps").await;
    assert_eq!(list.body["apps"][1]["edition"], json!("standard"));
    assert_eq!(browser.get("/apps/7").await.refusal(), (404, 70020));
    assert_eq!(browser.get("/apps/seven").await.refusal(), (400, 6017));

    let tag = browser.get(APP).await.etag();
    let added = browser.change("PUT", "/apps/1400000001/admins/back%20end", &tag, None).await;
    assert_eq!(added.body["admins"], json!(["administrator", "back end"]));
    let bad = browser.change("PUT", "/apps/1400000001/admins/%E4%BD%A0", &added.etag(), None).await;
    assert_eq!(bad.refusal(), (400, 6017));
    let removed =
        browser.change("DELETE", "/apps/1400000001/admins/administrator", &added.etag(), None).await;
    assert_eq!(removed.body["admins"], json!(["back end"]));
    let unknown = browser.change("DELETE", "/apps/1400000001/admins/eve", &removed.etag(), None).await;
    assert_eq!(unknown.refusal(), (404, 404));
    let mut tag = removed.etag();
    for n in 1..100 {
        tag = browser.change("PUT", &format!("/apps/1400000001/admins/a{n}"), &tag, None).await.etag();
    }
    let full = browser.change("PUT", "/apps/1400000001/admins/a100", &tag, None).await;
    assert_eq!(full.refusal(), (409, 409));
}

#[tokio::test]
async fn a_user_is_shown_with_all_evidence_and_kicked() {
    let (node, browser) = logged_in().await;
    let mut bob = node.log_in("bob", "bobs phone", Platform::IPhone).await;
    let mut alice = node.log_in("alice", "a", Platform::Web).await;
    alice.subscribe(&["bob"]).await;

    let page = browser.get("/apps/1400000001/users/bob").await.body;
    assert_eq!(page["status"]["status_type"], json!("ONLINE"));
    assert_eq!(page["status"]["number"], json!(1));
    assert_eq!(page["status"]["reason"], json!("login"));
    assert_eq!(page["status"]["online_devices"], json!(["iPhone"]));
    assert!(page["status"]["version"].as_str().unwrap().parse::<u64>().unwrap() > 0);
    let device = json!({ "device_id": "bobs phone", "platform": "iPhone", "link": { "state": "connected" } });
    assert_eq!(page["devices"], json!([device]));
    let subscriber = browser.get("/apps/1400000001/users/alice").await.body;
    assert_eq!(subscriber["subscriptions"], json!({ "count": 1, "users": ["bob"] }));
    let watchers = browser.get("/apps/1400000001/users/bob/watchers").await.body;
    let watcher = json!({ "user_id": "alice", "subscribed": true, "friend": false });
    assert_eq!(watchers, json!({ "connections": 1, "users": [watcher], "complete": true }));
    let unwatched = browser.get("/apps/1400000001/users/alice/watchers").await.body;
    assert_eq!(unwatched, json!({ "connections": 0, "users": [], "complete": true }));

    assert_eq!(browser.post("/apps/1400000001/users/bob/kick", &json!({})).await.status, 204);
    bob.last_words().await;
    let page = browser.get("/apps/1400000001/users/bob").await.body;
    assert_eq!(page["status"]["status_type"], json!("UNLOGINED"));
    assert_eq!(page["status"]["reason"], json!("kicked"));
    assert_eq!(page["devices"], json!([]));
    assert!(page["sigs_revoked"].is_u64());

    assert_eq!(browser.get("/apps/1400000001/users/nobody").await.refusal(), (404, 70107));
    assert_eq!(browser.post("/apps/1400000001/users/nobody/kick", &json!({})).await.refusal(), (404, 70107));
    assert_eq!(browser.get("/apps/7/users/bob").await.refusal(), (404, 70020));
}

#[tokio::test]
async fn users_are_found_by_what_their_id_begins_with() {
    let (node, browser) = logged_in().await;
    for id in ["ann", "anna", "annb", "bob", "an"] {
        let user = node.user(id);
        node.node.service().create_account(&user, node.clock.now()).await.unwrap();
    }
    let find = async |query: &str| -> String {
        let answer = browser.get(&format!("/apps/1400000001/users?{query}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let users = answer.body["users"].as_array().unwrap();
        let ids: Vec<&str> = users.iter().map(|user| user["user_id"].as_str().unwrap()).collect();
        format!("{}{}", ids.join(" "), if answer.body["more"] == json!(true) { " …" } else { "" })
    };
    for (query, found) in [
        ("", "an ann anna annb bob"),
        ("prefix=ann", "ann anna annb"),
        ("prefix=anna", "anna"),
        ("prefix=annc", ""),
        ("prefix=c", ""),
        ("prefix=ann&limit=2", "ann anna …"),
        ("prefix=ann&limit=3", "ann anna annb"),
        ("prefix=ann&after=anna&limit=2", "annb"),
        ("limit=1&after=annb", "bob"),
    ] {
        assert_eq!(find(query).await, found, "{query}");
    }
    for query in ["limit=0", "limit=201", "limit=x", "prefix=%E4%BD%A0", "unheard=of"] {
        let answer = browser.get(&format!("/apps/1400000001/users?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
    }
}

#[tokio::test]
async fn the_figures_tell_what_happens() {
    let (node, browser) = logged_in().await;
    let _alice = node.log_in("alice", "a", Platform::IPhone).await;
    let samples = async |after: &str| -> Vec<Value> {
        browser.get(&format!("/figures{after}")).await.body["samples"].as_array().unwrap().clone()
    };
    let heard = async {
        loop {
            let samples = samples("").await;
            if samples.last().is_some_and(|last| last["online"] == json!(1)) {
                return samples;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let all = tokio::time::timeout(common::PATIENCE, heard).await.unwrap();
    let last = all.last().unwrap();
    let shown = browser.get("/figures").await.body;
    let iphone = shown["platforms"].as_array().unwrap().iter().position(|name| name == "iPhone").unwrap();
    assert_eq!(last["devices"][iphone], json!(1));
    assert_eq!(last["connections"], json!(1));
    assert!(all.iter().any(|sample| sample["changes"].as_f64().unwrap() > 0.0), "the login was a change");
    assert!(last["delivery"]["p99"].as_f64().unwrap() > 0.0);
    let number = last["number"].as_u64().unwrap();
    let later = samples(&format!("?after={number}")).await;
    assert!(later.iter().all(|sample| sample["number"].as_u64().unwrap() > number));
    // A sample number from before a restart is ignored.
    assert!(samples("?after=1000000").await.len() >= all.len());
}

#[tokio::test]
async fn a_link_that_falls_silent_is_measured() {
    let (node, _browser) = logged_in().await;
    let _alice = node.log_in("alice", "a", Platform::IPhone).await;
    node.clock.advance(Duration::from_secs(400));
    node.has_connections(0).await;
    let worker =
        async |n: u32| node.metric(&format!("lamplight_detection_seconds_count{{worker=\"{n}\"}}")).await;
    assert_eq!(worker(0).await + worker(1).await, 1);
}

#[tokio::test]
async fn dead_letters_are_shown_sent_again_and_dropped() {
    let (mut node, browser) = logged_in().await;
    // No receiver listens here. The notices are too young to die; without a device, they would be taken back.
    node.set(|settings| settings.webhooks.push_url = "http://127.0.0.1:9/".into()).await;
    let (facts, at) = (node.facts(), node.clock.now().wall);
    let lane = Lane { app: node.app.id, hook: Hook::Push };
    for number in 1..=3 {
        let content = PushContent {
            from: UserId::new("bob").unwrap(),
            sequence: number,
            at,
            text: "hello".into(),
            unread: 1,
            devices: vec![Platform::IPhone],
        };
        let (user, content) = (node.user(&format!("u{number}")), NoticeContent::Push(content));
        let notice = NewNotice { user, content, at };
        facts.enqueue(vec![notice], vec![]).await.unwrap();
    }
    let backlog = browser.get("/apps/1400000001/webhooks").await.body;
    assert_eq!(backlog["webhooks"][0]["webhook"], json!("push"));
    assert_eq!((&backlog["webhooks"][0]["waiting"], &backlog["webhooks"][0]["dead"]), (&json!(3), &json!(0)));
    // The store returns the notices in the order in which they are due.
    let mut ids: Vec<_> = facts.heads(lane, 10).await.unwrap().iter().map(|head| head.id).collect();
    ids.sort_unstable();
    let settled = SettledAs::Dead { attempts: 16, error: "503 Service Unavailable".into() };
    let dead = |id| Settled { id, term: None, settled: settled.clone() };
    facts.settle(ids.into_iter().map(dead).collect(), at).await.unwrap();
    let page = async |query: &str| -> (Vec<u64>, bool) {
        let answer = browser.get(&format!("/apps/1400000001/dead-letters{query}")).await;
        let letters = answer.body["letters"].as_array().unwrap().iter();
        let ids = letters.map(|letter| letter["id"].as_u64().unwrap()).collect();
        (ids, answer.body["more"].as_bool().unwrap())
    };
    let (ids, more) = page("").await;
    assert_eq!((ids.len(), more), (3, false));
    assert_eq!(page("?limit=2").await, (ids[..2].to_vec(), true));
    assert_eq!(page(&format!("?after={}", ids[1])).await, (ids[2..].to_vec(), false));
    let first = browser.get("/apps/1400000001/dead-letters?limit=1").await.body["letters"][0].clone();
    assert_eq!(first["error"], json!("503 Service Unavailable"));
    assert_eq!(first["event"], json!("message 1 from bob"));

    let resent = browser.post("/apps/1400000001/dead-letters/resend", &json!({ "ids": [ids[0]] })).await;
    assert_eq!(resent.body, json!({ "done": 1 }));
    let again = browser.post("/apps/1400000001/dead-letters/resend", &json!({ "ids": [ids[0]] })).await;
    assert_eq!(again.body, json!({ "done": 0 }), "it is not a dead letter any more");
    assert_eq!(page("").await.0, ids[1..]);
    let dropped = browser.post("/apps/1400000001/dead-letters/drop", &json!({})).await;
    assert_eq!(dropped.body, json!({ "done": 2 }));
    assert_eq!(page("").await.0, [] as [u64; 0]);

    for path in ["?limit=0", "?limit=201", "?after=x"] {
        let answer = browser.get(&format!("/apps/1400000001/dead-letters{path}")).await;
        assert_eq!(answer.refusal(), (400, 6017), "{path}");
    }
    let many: Vec<u64> = (0..=200).collect();
    let answer = browser.post("/apps/1400000001/dead-letters/drop", &json!({ "ids": many })).await;
    assert_eq!(answer.refusal(), (400, 6017));
    assert_eq!(browser.get("/apps/7/dead-letters").await.refusal(), (404, 70020));
}
