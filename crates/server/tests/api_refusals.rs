//! Tests of invalid calls to the server API: each gets its documented code with HTTP 200, and changes nothing.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::TestNode;
use common::api::{ADMIN, Api, code, query};
use lamplight_model::{AppId, Platform, RateLimit, UserId};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;
use std::time::Duration;

const IMPORT: &str = "im_open_login_svc/account_import";
const MULTI: &str = "im_open_login_svc/multiaccount_import";
const CHECK: &str = "im_open_login_svc/account_check";
const DELETE: &str = "im_open_login_svc/account_delete";
const KICK: &str = "im_open_login_svc/kick";
const QUERY: &str = "openim/query_online_status";
const SEND: &str = "openim/sendmsg";
const SET: &str = "openim/set_custom_status";
const SUBSCRIBE: &str = "openim/subscribe_status";
const UNSUBSCRIBE: &str = "openim/unsubscribe_status";
const LIST: &str = "openim/get_subscriptions";
const FEED: &str = "openim/status_feed";
const ADD: &str = "sns/friend_add";
const GET: &str = "sns/friend_get";
const UPDATE: &str = "sns/friend_update";
const UNFRIEND: &str = "sns/friend_delete";
const RELATION: &str = "sns/friend_check";
const PORTRAIT_SET: &str = "profile/portrait_set";
const PORTRAIT_GET: &str = "profile/portrait_get";

const COMMANDS: [&str; 28] = [
    IMPORT,
    MULTI,
    CHECK,
    DELETE,
    KICK,
    QUERY,
    SEND,
    SET,
    SUBSCRIBE,
    UNSUBSCRIBE,
    LIST,
    FEED,
    ADD,
    GET,
    UPDATE,
    UNFRIEND,
    RELATION,
    PORTRAIT_SET,
    PORTRAIT_GET,
    "openim/batchsendmsg",
    "openim/admin_getroammsg",
    "openim/admin_set_msg_read",
    "openim/get_c2c_unread_msg_num",
    "recentcontact/get_list",
    "recentcontact/delete",
    "sns/friend_get_list",
    "sns/friend_import",
    "sns/friend_delete_all",
];

/// Some invalid calls: the command, the body, and the code of the answer.
const BODIES: &[(&str, &str, u64)] = &[
    // Bodies that are not a JSON object.
    (IMPORT, "", 60003),
    (IMPORT, "{", 60003),
    (IMPORT, "{\"UserID\":\"x\"", 60003),
    (IMPORT, "{\"UserID\":\"x\"} and more", 60003),
    (IMPORT, "{'UserID':'x'}", 60003),
    (IMPORT, "[]", 70402),
    (IMPORT, "[\"x\"]", 70402),
    (IMPORT, "null", 70402),
    (IMPORT, "\"UserID\"", 70402),
    (QUERY, "", 90001),
    (QUERY, "{\"To_Account\":[\"alice\"]", 90001),
    (SEND, "To_Account=alice", 90001),
    (SET, "{]", 90001),
    (ADD, "{", 60003),
    (PORTRAIT_GET, "{", 60003),
    // Accounts.
    (IMPORT, "{}", 70402),
    (IMPORT, "{\"userid\":\"x\"}", 70402),
    (IMPORT, "{\"UserID\":1}", 70402),
    (IMPORT, "{\"UserID\":null}", 70402),
    (IMPORT, "{\"UserID\":\"x\",\"UserID\":\"y\"}", 70402),
    (IMPORT, "{\"UserID\":\"x\",\"Identifier\":\"y\"}", 70402),
    (IMPORT, "{\"UserID\":\"\"}", 7003),
    (IMPORT, "{\"UserID\":\"123456789012345678901234567890123\"}", 7003),
    (IMPORT, "{\"UserID\":\"爱丽丝\"}", 7003),
    (IMPORT, "{\"UserID\":\"a\\u0000b\"}", 7003),
    (IMPORT, "{\"UserID\":\"new\",\"Nick\":5}", 70402),
    (IMPORT, "{\"UserID\":\"new\",\"Nick\":\"two\\nlines\"}", 70402),
    (IMPORT, "{\"UserID\":\"new\",\"FaceUrl\":\"javascript:alert(1)\"}", 70402),
    (MULTI, "{}", 70402),
    (MULTI, "{\"Accounts\":[]}", 70402),
    (MULTI, "{\"AccountList\":[]}", 70402),
    (MULTI, "{\"Accounts\":\"x\"}", 70402),
    (MULTI, "{\"Accounts\":[\"new\",1]}", 70402),
    (MULTI, "{\"AccountList\":[[\"new\"]]}", 70402),
    (MULTI, "{\"AccountList\":[{\"UserID\":\"new\"},{}]}", 70402),
    (MULTI, "{\"AccountList\":[{\"UserID\":\"new\"}],\"Accounts\":[\"new\"]}", 70402),
    (CHECK, "{\"CheckItem\":[]}", 70402),
    (CHECK, "{\"CheckItem\":[\"alice\"]}", 70402),
    (CHECK, "{\"CheckItem\":{\"UserID\":\"alice\"}}", 70402),
    (DELETE, "{}", 70402),
    (DELETE, "{\"DeleteItem\":[]}", 70402),
    (DELETE, "{\"DeleteItem\":[{\"UserID\":\"alice\"},{\"Identifier\":\"bob\"}]}", 70402),
    (KICK, "{}", 70402),
    (KICK, "{\"UserID\":[\"alice\"]}", 70402),
    (KICK, "{\"UserID\":\"nobody\"}", 70107),
    (KICK, "{\"UserID\":\"\"}", 7003),
    // States.
    (QUERY, "{}", 90003),
    (QUERY, "{\"To_Account\":\"alice\"}", 90003),
    (QUERY, "{\"To_Account\":null}", 90003),
    (QUERY, "{\"To_Account\":[\"alice\",1]}", 90003),
    (QUERY, "{\"To_Account\":[]}", 90001),
    (QUERY, "{\"To_Account\":[\"alice\"],\"IsNeedDetail\":true}", 90001),
    (QUERY, "{\"To_Account\":[\"alice\"],\"IsNeedDetail\":2}", 90001),
    (QUERY, "{\"To_Account\":[\"alice\"],\"IsReturnCustomStatus\":\"1\"}", 90001),
    (QUERY, "{\"To_Account\":[\"nobody\"]}", 70107),
    // Messages.
    (SEND, "{}", 90003),
    (SEND, "{\"To_Account\":1,\"MsgRandom\":1,\"MsgBody\":[]}", 90003),
    (SEND, "{\"To_Account\":\"alice\",\"MsgBody\":[]}", 90005),
    (SEND, "{\"To_Account\":\"alice\",\"MsgRandom\":1,\"MsgBody\":[]}", 90007),
    (SEND, "{\"To_Account\":\"alice\",\"MsgRandom\":-1,\"MsgBody\":[]}", 90005),
    (SEND, "{\"To_Account\":\"alice\",\"MsgRandom\":4294967296,\"MsgBody\":[]}", 90005),
    (SEND, "{\"To_Account\":\"alice\",\"MsgRandom\":1,\"MsgBody\":[{\"MsgType\":\"TIMTextElem\"}]}", 90010),
    (
        SEND,
        "{\"To_Account\":\"alice\",\"MsgRandom\":1,\"MsgBody\":[{\"MsgType\":\"TIMTextElem\",\"MsgContent\":{}}]}",
        90010,
    ),
    (
        SEND,
        "{\"To_Account\":\"alice\",\"MsgRandom\":1,\"MsgBody\":[{\"MsgType\":\"TIMTextElem\",\
         \"MsgContent\":{\"Text\":\"\"}}]}",
        90010,
    ),
    (
        SEND,
        "{\"To_Account\":\"alice\",\"MsgRandom\":1,\"MsgBody\":[{\"MsgType\":\"TIMImageElem\",\
         \"MsgContent\":{\"Text\":\"x\"}}]}",
        90010,
    ),
    (
        SEND,
        "{\"To_Account\":\"é\",\"MsgRandom\":1,\"MsgBody\":[{\"MsgType\":\"TIMTextElem\",\
         \"MsgContent\":{\"Text\":\"x\"}}]}",
        90003,
    ),
    (
        SEND,
        "{\"To_Account\":\"nobody\",\"MsgRandom\":1,\"MsgBody\":[{\"MsgType\":\"TIMTextElem\",\
         \"MsgContent\":{\"Text\":\"x\"}}]}",
        20003,
    ),
    (
        SEND,
        "{\"From_Account\":\"nobody\",\"To_Account\":\"alice\",\"MsgRandom\":1,\
         \"MsgBody\":[{\"MsgType\":\"TIMTextElem\",\"MsgContent\":{\"Text\":\"x\"}}]}",
        20003,
    ),
    // On behalf of a user.
    (SET, "{}", 6017),
    (SET, "{\"UserID\":\"alice\"}", 6017),
    (SET, "{\"CustomStatus\":\"x\"}", 6017),
    (SET, "{\"UserID\":\"alice\",\"To_Account\":\"bob\",\"CustomStatus\":\"x\"}", 6017),
    (SET, "{\"UserID\":\"\",\"CustomStatus\":\"x\"}", 7003),
    (SET, "{\"UserID\":\"bob\",\"CustomStatus\":\"x\"}", 6014),
    (SUBSCRIBE, "{}", 6017),
    (SUBSCRIBE, "{\"From_Account\":\"alice\"}", 6017),
    (SUBSCRIBE, "{\"From_Account\":\"alice\",\"To_Account\":[]}", 6017),
    (SUBSCRIBE, "{\"From_Account\":\"alice\",\"To_Account\":[\"alice\"]}", 6017),
    (SUBSCRIBE, "{\"From_Account\":\"alice\",\"To_Account\":[\"é\"]}", 6017),
    (SUBSCRIBE, "{\"From_Account\":\"\",\"To_Account\":[\"bob\"]}", 7003),
    (SUBSCRIBE, "{\"From_Account\":\"nobody\",\"To_Account\":[\"bob\"]}", 70107),
    (SUBSCRIBE, "{\"From_Account\":\"alice\",\"To_Account\":[\"nobody\"]}", 70107),
    (UNSUBSCRIBE, "{\"From_Account\":\"alice\"}", 6017),
    (UNSUBSCRIBE, "{\"From_Account\":\"nobody\",\"To_Account\":[]}", 70107),
    (LIST, "{}", 6017),
    (LIST, "{\"From_Account\":\"nobody\"}", 70107),
    (FEED, "{\"Cursor\":1}", 6017),
    (FEED, "{\"Cursor\":\"nonsense\"}", 6017),
    (FEED, "{\"Limit\":0}", 6017),
    (FEED, "{\"Limit\":1001}", 6017),
    // Friends.
    (ADD, "{}", 30001),
    (ADD, "{\"From_Account\":\"alice\",\"AddFriendItem\":[]}", 30001),
    (ADD, "{\"From_Account\":\"alice\",\"AddFriendItem\":[{\"To_Account\":\"bob\"}]}", 30001),
    (ADD, "{\"From_Account\":\"alice\",\"AddFriendItem\":[[\"bob\",null,\"AddSource_Type_x\",null]]}", 30001),
    (
        ADD,
        "{\"From_Account\":\"alice\",\"AddType\":\"both\",\
         \"AddFriendItem\":[{\"To_Account\":\"bob\",\"AddSource\":\"x\"}]}",
        30001,
    ),
    (
        ADD,
        "{\"From_Account\":\"nobody\",\"AddFriendItem\":[{\"To_Account\":\"bob\",\"AddSource\":\"x\"}]}",
        30003,
    ),
    (GET, "{\"From_Account\":\"alice\"}", 30001),
    (GET, "{\"From_Account\":\"alice\",\"StartIndex\":-1}", 30001),
    (GET, "{\"From_Account\":\"alice\",\"StartIndex\":\"0\"}", 30001),
    (GET, "{\"From_Account\":\"nobody\",\"StartIndex\":0}", 30003),
    (UPDATE, "{\"From_Account\":\"alice\",\"UpdateItem\":[]}", 30001),
    (UPDATE, "{\"From_Account\":\"alice\",\"UpdateItem\":[{\"To_Account\":\"bob\"}]}", 30001),
    (UNFRIEND, "{\"From_Account\":\"alice\",\"To_Account\":[]}", 30001),
    (UNFRIEND, "{\"From_Account\":\"alice\",\"To_Account\":[\"bob\"],\"DeleteType\":\"x\"}", 30001),
    (UNFRIEND, "{\"From_Account\":\"nobody\",\"To_Account\":[\"bob\"]}", 30003),
    (RELATION, "{\"From_Account\":\"alice\",\"To_Account\":[\"bob\"]}", 30001),
    (
        RELATION,
        "{\"From_Account\":\"nobody\",\"To_Account\":[\"bob\"],\"CheckType\":\"CheckResult_Type_Both\"}",
        30003,
    ),
    // Profiles.
    (PORTRAIT_SET, "{}", 40001),
    (PORTRAIT_SET, "{\"From_Account\":\"alice\",\"ProfileItem\":[]}", 40001),
    (PORTRAIT_SET, "{\"From_Account\":\"alice\",\"ProfileItem\":[{\"Tag\":\"x\",\"Value\":\"y\"}]}", 40001),
    (
        PORTRAIT_SET,
        "{\"From_Account\":\"alice\",\"ProfileItem\":[{\"Tag\":\"Tag_Profile_IM_Nick\",\"Value\":5}]}",
        40001,
    ),
    (
        PORTRAIT_SET,
        "{\"From_Account\":\"alice\",\"ProfileItem\":[{\"Tag\":\"Tag_Profile_IM_Nick\",\"Value\":\"new\"},\
         {\"Tag\":\"Tag_Profile_IM_AllowType\",\"Value\":\"AllowType_Type_NeedConfirm\"}]}",
        40001,
    ),
    (
        PORTRAIT_SET,
        "{\"From_Account\":\"nobody\",\"ProfileItem\":[{\"Tag\":\"Tag_Profile_IM_Nick\",\"Value\":\"x\"}]}",
        40003,
    ),
    (PORTRAIT_GET, "{\"To_Account\":[],\"TagList\":[\"Tag_Profile_IM_Nick\"]}", 40001),
    (PORTRAIT_GET, "{\"To_Account\":[\"alice\"],\"TagList\":[]}", 40001),
    (PORTRAIT_GET, "{\"To_Account\":[\"nobody\"],\"TagList\":[\"Tag_Profile_IM_Nick\"]}", 40003),
];

/// Starts a node on which alice is online and bob is not logged in.
async fn node() -> (TestNode, common::Wire) {
    let node = TestNode::start().await;
    let mut api = Api::connect(&node).await;
    let alice = node.log_in("alice", "phone", Platform::IPhone).await;
    api.done(IMPORT, &json!({"UserID": "bob"})).await;
    (node, alice)
}

/// Returns, as text, all data that a refused call could have changed.
async fn picture(node: &TestNode) -> String {
    let mut api = Api::connect(node).await;
    let facts = node.facts();
    let accounts = facts.list_accounts(node.app.id, None, 1_000).await.unwrap();
    let users = accounts.iter().map(|account| account.user.clone()).collect();
    let profiles = facts.profiles(users).await.unwrap();
    let friends = facts.friend_page(node.user("alice"), None, 100).await.unwrap();
    let messages = facts.history(node.user("alice"), UserId::new(ADMIN).unwrap(), None, 100).await.unwrap();
    let states = json!({"To_Account": ["alice", "bob"], "IsNeedDetail": 1, "IsReturnCustomStatus": 1});
    let states = api.done(QUERY, &states).await;
    let list = api.done(LIST, &json!({"From_Account": "alice"})).await;
    format!("{accounts:?} {profiles:?} {friends:?} {messages:?} {states} {list}")
}

#[tokio::test]
async fn a_body_that_is_wrong_gets_the_code_of_its_family_and_changes_nothing() {
    let (node, _alice) = node().await;
    let mut api = Api::connect(&node).await;
    let before = picture(&node).await;
    for (command, body, expected) in BODIES {
        assert_eq!(api.code(command, body.as_bytes()).await, *expected, "{command} {body}");
    }
    assert_eq!(api.code(IMPORT, b"{\"UserID\":\"\xff\"}").await, 60003);
    let deep = [vec![b'['; 10_000], vec![b']'; 10_000]].concat();
    assert_eq!(api.code(QUERY, &deep).await, 90001);
    assert_eq!(api.code(ADD, &deep).await, 30001);
    assert_eq!(picture(&node).await, before);
    assert_eq!(node.metric("lamplight_api_refusals_total{code=\"40003\"}").await, 2);
    assert!(node.metric("lamplight_api_requests_total{command=\"sns/friend_get\"}").await >= 4);
}

#[tokio::test]
async fn lists_may_be_as_long_as_allowed_and_no_longer() {
    let (node, _alice) = node().await;
    let mut api = Api::connect(&node).await;
    let names = |count: usize| (0..count).map(|n| format!("u{n}")).collect::<Vec<_>>();
    let items =
        |count: usize| names(count).into_iter().map(|name| json!({"UserID": name})).collect::<Vec<_>>();
    let friends = |count: usize| {
        let item = |name| json!({"To_Account": name, "AddSource": "AddSource_Type_x"});
        names(count).into_iter().map(item).collect::<Vec<_>>()
    };
    let tags = ["Tag_Profile_IM_Nick"];
    for (command, most, body, beyond) in [
        (
            MULTI,
            100,
            (|n: &dyn Fn(usize) -> Vec<String>, count| json!({"Accounts": n(count)})) as Body,
            70206,
        ),
        (QUERY, 500, |n, count| json!({"To_Account": n(count)}), 90011),
        (SUBSCRIBE, 100, |n, count| json!({"From_Account": "alice", "To_Account": n(count)}), 70206),
        (UNSUBSCRIBE, 100, |n, count| json!({"From_Account": "alice", "To_Account": n(count)}), 70206),
        (UNFRIEND, 1_000, |n, count| json!({"From_Account": "alice", "To_Account": n(count)}), 30001),
    ] {
        assert_eq!(code(&api.call(command, &body(&names, most)).await), 0, "{command}");
        assert_eq!(code(&api.call(command, &body(&names, most + 1)).await), beyond, "{command}");
    }
    for (command, field) in [(CHECK, "CheckItem"), (DELETE, "DeleteItem")] {
        assert_eq!(code(&api.call(command, &json!({field: items(100)})).await), 0, "{command}");
        assert_eq!(code(&api.call(command, &json!({field: items(101)})).await), 70206, "{command}");
    }
    for (count, expected) in [(100, 0), (101, 40001)] {
        api.call(MULTI, &json!({"Accounts": names(100)})).await;
        let body = json!({"To_Account": names(count), "TagList": tags});
        assert_eq!(code(&api.call(PORTRAIT_GET, &body).await), expected);
    }
    for (count, expected) in [(1_000, 0), (1_001, 30001)] {
        let body = json!({"From_Account": "alice", "AddFriendItem": friends(count)});
        assert_eq!(code(&api.call(ADD, &body).await), expected);
    }
    let nick = |length: usize| json!({"UserID": "bob", "Nick": "x".repeat(length)});
    assert_eq!(code(&api.call(IMPORT, &nick(500)).await), 0);
    assert_eq!(code(&api.call(IMPORT, &nick(501)).await), 40601);
    let text = |length: usize| {
        json!({"To_Account": "alice", "MsgRandom": length,
               "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "x".repeat(length)}}]})
    };
    assert_eq!(code(&api.call(SEND, &text(12_288)).await), 0);
    assert_eq!(code(&api.call(SEND, &text(12_289)).await), 80002);
}

type Body = fn(&dyn Fn(usize) -> Vec<String>, usize) -> serde_json::Value;

#[tokio::test]
async fn a_call_has_to_say_who_calls_and_prove_it() {
    let (mut node, _alice) = node().await;
    let mut api = Api::connect(&node).await;
    let before = picture(&node).await;
    let app = node.app.id;
    let good = node.sig(ADMIN);
    let (other_app, other_user) = (node.sig(ADMIN), node.sig("alice"));
    let expired = node.sig_for(ADMIN, 0);
    let forged = {
        let key = lamplight_model::AppKey { id: 1, text: "0123456789abcdef".repeat(4) };
        let user_id = UserId::new(ADMIN).unwrap();
        let issued = node.clock.now().wall.as_secs();
        let claims = lamplight_auth::Claims { user_id, app, issued, expire: 60, userbuf: None };
        lamplight_auth::sign(&key, &claims)
    };
    let table = [
        (String::new(), 60012),
        (format!("identifier={ADMIN}&usersig={good}"), 60012),
        (format!("sdkappid=&identifier={ADMIN}&usersig={good}"), 60012),
        (format!("SdkAppid={app}&identifier={ADMIN}&usersig={good}"), 60012),
        (format!("sdkappid=x&identifier={ADMIN}&usersig={good}"), 60006),
        (format!("sdkappid=-1&identifier={ADMIN}&usersig={good}"), 60006),
        (format!("sdkappid=4294967296&identifier={ADMIN}&usersig={good}"), 60006),
        (format!("sdkappid=1&identifier={ADMIN}&usersig={good}"), 70020),
        (format!("sdkappid={app}&usersig={good}"), 60004),
        (format!("sdkappid={app}&identifier=&usersig={good}"), 60004),
        (format!("sdkappid={app}&identifier=%C3%A9&usersig={good}"), 60004),
        (format!("sdkappid={app}&identifier={ADMIN}"), 70002),
        (format!("sdkappid={app}&identifier={ADMIN}&usersig="), 70002),
        (format!("sdkappid={app}&identifier={ADMIN}&usersig=nonsense"), 70003),
        (format!("sdkappid={app}&identifier={ADMIN}&usersig={other_user}"), 70013),
        (format!("sdkappid={app}&identifier={ADMIN}&usersig={forged}"), 70009),
        (format!("sdkappid={app}&identifier={ADMIN}&usersig={expired}"), 70001),
    ];
    for (query, expected) in table {
        assert_eq!(api.code_at(&format!("/v4/{IMPORT}?{query}"), b"{}").await, expected, "{query}");
    }
    let by_alice = query(&node, "alice", &other_user);
    for command in COMMANDS {
        let expected = if command.starts_with("openim") { 90009 } else { 60010 };
        assert_eq!(api.code_at(&format!("/v4/{command}?{by_alice}"), b"{}").await, expected, "{command}");
    }
    // A call by a user who is not an admin does not create an account.
    let by_stranger = query(&node, "stranger", &node.sig("stranger"));
    assert_eq!(api.code_at(&format!("/v4/{IMPORT}?{by_stranger}"), b"{\"UserID\":\"x\"}").await, 60010);
    // A UserSig signed with the key of another app.
    let mut second = node.app.clone();
    second.id = AppId(2);
    node.node.service().put_app(second).await.unwrap();
    let other = format!("sdkappid=2&identifier={ADMIN}&usersig={other_app}");
    assert_eq!(api.code_at(&format!("/v4/{IMPORT}?{other}"), b"{}").await, 70014);
    assert_eq!(picture(&node).await, before);

    // Alice becomes an admin without a restart.
    node.app.admins.push(UserId::new("alice").unwrap());
    node.set(|_| {}).await;
    assert_eq!(
        api.code_at(&format!("/v4/{CHECK}?{by_alice}"), b"{\"CheckItem\":[{\"UserID\":\"x\"}]}").await,
        0
    );
}

#[tokio::test]
async fn whoever_guesses_signatures_loses_the_connection_and_the_admin_gets_in() {
    let node = TestNode::start_with(|config| config.limits.login_failures_per_address = 10).await;
    node.log_in("alice", "phone", Platform::IPhone).await;
    let asked = b"{\"To_Account\":[\"alice\"]}";
    let mut guesser = Api::connect(&node).await;
    let wrong = format!("/v4/{QUERY}?{}", query(&node, ADMIN, "nonsense"));
    for _ in 0..10 {
        assert_eq!(guesser.code_at(&wrong, b"{}").await, 70003);
    }
    // A valid UserSig is accepted both on the connection with the wrong UserSigs and on a new one from the same
    // address.
    assert_eq!(guesser.code(QUERY, asked).await, 0);
    let reply = guesser.send("POST", &wrong, b"{}").await;
    assert_eq!(code(&reply.json()), 70050);
    assert!(reply.head.contains("\r\nconnection: close\r\n"), "{}", reply.head);
    guesser.closed().await;
    assert_eq!(Api::connect(&node).await.code(QUERY, asked).await, 0);
    node.clock.advance(Duration::from_secs(60));
    assert_eq!(Api::connect(&node).await.code_at(&wrong, b"{}").await, 70003);
}

#[tokio::test]
async fn each_command_has_a_rate_of_its_own_exact_at_the_edge() {
    let (mut node, _alice) = node().await;
    let window_ms = 60_000;
    node.set(|settings| settings.limits.api_rate = RateLimit { calls: 3, window_ms }).await;
    let mut api = Api::connect(&node).await;
    let asked = b"{\"To_Account\":[\"alice\"]}";
    for _ in 0..3 {
        assert_eq!(api.code(QUERY, asked).await, 0);
    }
    assert_eq!(api.code(QUERY, asked).await, 60007);
    // The older name belongs to the same command and counts in the same window; another command has its own window.
    assert_eq!(api.code("openim/querystate", asked).await, 60007);
    assert_eq!(api.code(CHECK, b"{\"CheckItem\":[{\"UserID\":\"alice\"}]}").await, 0);
    node.clock.advance(Duration::from_millis(window_ms.into()));
    assert_eq!(api.code(QUERY, asked).await, 0);
}

#[tokio::test]
async fn what_is_no_call_gets_a_code_too() {
    let (node, _alice) = node().await;
    let mut api = Api::connect(&node).await;
    for path in [
        "/v4",
        "/v4/",
        "/v4/openim",
        "/v4/openim/",
        "/v4/openim/QUERYSTATE",
        "/v4/a/b/c",
        "/v4/sns/friend_add/",
    ] {
        let target = format!("{path}?{}", api.query);
        assert_eq!(api.code_at(&target, b"{}").await, 60009, "{path}");
    }
    let query = format!("/v4/{QUERY}?{}", api.query);
    let import = format!("/v4/{IMPORT}?{}", api.query);
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "WHATEVER"] {
        let reply = api.send(method, &query, b"{\"To_Account\":[\"alice\"]}").await;
        assert_eq!((reply.status, code(&reply.json())), (200, 60002), "{method}");
    }
    // A read-only call may be made with GET and a body; a call that changes something may not.
    let reply = api.send("GET", &query, b"{\"To_Account\":[\"alice\"]}").await;
    assert_eq!(code(&reply.json()), 0);
    let reply = api.send("GET", &import, b"{\"UserID\":\"new\"}").await;
    assert_eq!(code(&reply.json()), 60002);
    assert!(!node.has_account("new").await);
    assert_eq!(api.send("HEAD", &query, b"").await.status, 200);
}

#[tokio::test]
async fn a_body_of_one_mebibyte_is_read_and_a_larger_one_is_not() {
    let (node, _alice) = node().await;
    let mut api = Api::connect(&node).await;
    const MOST: usize = 1 << 20;
    let padded = |length: usize| {
        let mut body = b"{\"UserID\":\"bob\"}".to_vec();
        body.resize(length, b' ');
        body
    };
    assert_eq!(api.code(IMPORT, &padded(MOST)).await, 0);
    assert_eq!(api.code(IMPORT, &padded(MOST + 1)).await, 60002);
    // The connection can still be used.
    assert_eq!(api.code(IMPORT, &padded(100)).await, 0);
    // A chunked body, without a `Content-Length`.
    let target = format!("/v4/{IMPORT}?{}", api.query);
    let head = format!("POST {target} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    api.write(format!("{head}5\r\n{{\"Use\r\n").as_bytes()).await;
    api.write(b"b\r\nrID\":\"bob\"}\r\n0\r\n\r\n").await;
    assert_eq!(code(&api.read(false).await.json()), 0);
    api.write(head.as_bytes()).await;
    for _ in 0..(MOST / 65_536) + 1 {
        api.write(b"10000\r\n").await;
        api.write(&[b' '; 65_536]).await;
        api.write(b"\r\n").await;
    }
    api.write(b"0\r\n\r\n").await;
    assert_eq!(code(&api.read(false).await.json()), 60002);
}

/// Generates JSON with the names of a command's fields and values of all types.
fn body() -> impl Strategy<Value = serde_json::Value> {
    let names = [
        "UserID",
        "Identifier",
        "Nick",
        "FaceUrl",
        "Accounts",
        "AccountList",
        "CheckItem",
        "DeleteItem",
        "To_Account",
        "From_Account",
        "AddFriendItem",
        "AddSource",
        "AddType",
        "TagList",
        "ProfileItem",
        "Tag",
        "Value",
        "MsgRandom",
        "MsgBody",
        "MsgType",
        "MsgContent",
        "Text",
        "CustomStatus",
        "Cursor",
        "Limit",
        "StartIndex",
        "IsNeedDetail",
        "UpdateItem",
        "SnsItem",
        "CheckType",
        "DeleteType",
    ];
    let words: Vec<&str> = vec![
        "alice",
        "bob",
        "",
        "é",
        "TIMTextElem",
        "Tag_Profile_IM_Nick",
        "Add_Type_Both",
        "CheckResult_Type_Both",
        "\u{0}",
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        (0u32..3).prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        proptest::sample::select(words).prop_map(Into::into),
        "\\PC{0,40}".prop_map(Into::into),
    ];
    let value = leaf.prop_recursive(3, 24, 6, move |inner| {
        let name = proptest::sample::select(names.to_vec());
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            proptest::collection::hash_map(name.prop_map(str::to_owned), inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    });
    let name = proptest::sample::select(names.to_vec()).prop_map(str::to_owned);
    proptest::collection::hash_map(name, value, 0..8)
        .prop_map(|map| serde_json::Value::Object(map.into_iter().collect()))
}

#[tokio::test]
async fn whatever_is_sent_the_answer_is_http_200_and_a_code_of_the_table() {
    let (mut node, _alice) = node().await;
    node.set(|settings| settings.limits.api_rate.calls = 60_000).await;
    let mut api = Api::connect(&node).await;
    let document: serde_json::Value = serde_json::from_str(&lamplight_server::openapi_document()).unwrap();
    let mut runner = TestRunner::deterministic();
    for _ in 0..40 {
        for command in COMMANDS {
            let tree = if command == KICK { Just(json!({"UserID": 1})).boxed() } else { body().boxed() };
            let body = tree.new_tree(&mut runner).unwrap().current();
            let answer = api.call(command, &body).await;
            let code = code(&answer);
            assert_ne!(code, 70500, "{command} {body}: {answer}");
            let documented = &document["paths"][format!("/v4/{command}")]["post"]["x-error-codes"];
            assert!(
                code == 0 || documented.as_array().unwrap().contains(&code.into()),
                "not documented: {command} {body}: {answer}"
            );
        }
        let bytes = proptest::collection::vec(any::<u8>(), 0..200).new_tree(&mut runner).unwrap().current();
        assert_ne!(api.code(QUERY, &bytes).await, 0);
    }
}
