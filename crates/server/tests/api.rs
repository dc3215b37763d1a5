//! Tests of the server API over real HTTP, from the view of a backend (SPEC section 8).

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::TestNode;
use common::api::{Api, query};
use lamplight_model::{Edition, Platform, StatusType};
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Request;
use serde_json::json;

#[tokio::test]
async fn accounts_are_imported_checked_and_deleted() {
    let node = TestNode::start().await;
    let mut api = Api::connect(&node).await;
    api.done("im_open_login_svc/account_import", &json!({"UserID": "alice"})).await;
    api.done("im_open_login_svc/account_import", &json!({"UserID": "alice"})).await;
    api.done("im_open_login_svc/account_import", &json!({"Identifier": "bob"})).await;
    let both = json!({"UserID": "bob", "Identifier": "bob"});
    api.done("im_open_login_svc/account_import", &both).await;
    assert!(node.has_account("alice").await && node.has_account("bob").await);

    let answer = api
        .call(
            "im_open_login_svc/multiaccount_import",
            &json!({"Accounts": ["carol", "alice", "not ascii: é"]}),
        )
        .await;
    assert_eq!(answer["FailAccounts"], json!(["not ascii: é"]));
    let info = answer["ErrorInfo"].as_str().unwrap();
    assert!(info.starts_with("1 of 3 accounts were not imported, the first because of 7003: "), "{info}");
    let picture = json!({"AccountList": [{"UserID": "carol", "FaceUrl": "a.png"}, {"UserID": "dave"}]});
    let answer = api.call("im_open_login_svc/multiaccount_import", &picture).await;
    assert_eq!(answer["ErrorCode"], 0, "{answer}");
    assert_eq!(answer["FailAccounts"], json!(["carol"]));
    let info = answer["ErrorInfo"].as_str().unwrap();
    assert!(info.starts_with("1 of 2 ") && info.contains("http"), "{info}");
    let list = json!({"AccountList": [{"UserID": "dave"}, {"UserID": "erin"}]});
    let answer = api.done("im_open_login_svc/multiaccount_import", &list).await;
    assert_eq!(answer["FailAccounts"], json!([]));
    let answer = api.call("im_open_login_svc/multiaccount_import", &json!({"Accounts": ["é"]})).await;
    assert_eq!((&answer["ErrorCode"], &answer["FailAccounts"]), (&json!(7003), &json!(["é"])));

    let items =
        json!({"CheckItem": [{"UserID": "carol"}, {"UserID": ""}, {"UserID": "erin"}, {"UserID": "x"}]});
    let answer = api.done("im_open_login_svc/account_check", &items).await;
    assert_eq!(
        answer["ResultItem"],
        json!([
            {"UserID": "carol", "ResultCode": 0, "ResultInfo": "", "AccountStatus": "Imported"},
            {"UserID": "", "ResultCode": 7003, "AccountStatus": "NotImported",
             "ResultInfo": "bad userID: 1 to 32 bytes of printable ASCII"},
            {"UserID": "erin", "ResultCode": 0, "ResultInfo": "", "AccountStatus": "Imported"},
            {"UserID": "x", "ResultCode": 0, "ResultInfo": "", "AccountStatus": "NotImported"},
        ])
    );

    let items = json!({"DeleteItem": [{"UserID": "carol"}, {"UserID": "x"}]});
    let answer = api.done("im_open_login_svc/account_delete", &items).await;
    assert_eq!(
        answer["ResultItem"],
        json!([
            {"UserID": "carol", "ResultCode": 0, "ResultInfo": ""},
            {"UserID": "x", "ResultCode": 70107, "ResultInfo": "no such account"},
        ])
    );
    assert!(!node.has_account("carol").await);

    // The account of the caller is not deleted, and its UserSig stays valid.
    let items = json!({"DeleteItem": [{"UserID": "administrator"}, {"UserID": "dave"}]});
    let answer = api.done("im_open_login_svc/account_delete", &items).await;
    let [own, dave] = &answer["ResultItem"].as_array().unwrap()[..] else { panic!("{answer}") };
    assert_eq!((&own["ResultCode"], &dave["ResultCode"]), (&json!(70402), &json!(0)), "{answer}");
    assert!(own["ResultInfo"].as_str().unwrap().contains("another admin"), "{answer}");
    api.done("im_open_login_svc/account_check", &json!({"CheckItem": [{"UserID": "erin"}]})).await;
}

#[tokio::test]
async fn a_query_shows_states_devices_and_custom_statuses() {
    let node = TestNode::start().await;
    let mut api = Api::connect(&node).await;
    let phone = node.log_in("alice", "phone", Platform::IPhone).await;
    let mut page = node.log_in("alice", "page", Platform::Web).await;
    let set = v1::SetSelfStatusRequest { custom_status: "\"busy\" 忙".to_owned(), ..Default::default() };
    page.ask(Request::SetSelfStatus(set)).await;
    page.told("alice", StatusType::Online).await;
    drop(node.log_in("bob", "tablet", Platform::Android).await);
    api.done("im_open_login_svc/account_import", &json!({"UserID": "carol"})).await;
    node.has_connections(2).await;

    for command in ["openim/query_online_status", "openim/querystate"] {
        let answer =
            api.done(command, &json!({"To_Account": ["carol", "alice", "bob", "nobody", "é"]})).await;
        assert_eq!(
            answer["QueryResult"],
            json!([
                {"To_Account": "carol", "Status": "Offline"},
                {"To_Account": "alice", "Status": "Online"},
                {"To_Account": "bob", "Status": "PushOnline"},
            ])
        );
        assert_eq!(
            answer["ErrorList"],
            json!([{"To_Account": "nobody", "ErrorCode": 70107}, {"To_Account": "é", "ErrorCode": 7003}])
        );
    }

    let asked =
        json!({"To_Account": ["alice", "bob", "carol"], "IsNeedDetail": 1, "IsReturnCustomStatus": 1});
    let answer = api.done("openim/query_online_status", &asked).await;
    let online = |platform: &str| json!({"Platform": platform, "Status": "Online"});
    assert_eq!(
        answer["QueryResult"],
        json!([
            {"To_Account": "alice", "Status": "Online", "CustomStatus": "\"busy\" 忙",
             "Detail": [online("iPhone"), online("Web")]},
            {"To_Account": "bob", "Status": "PushOnline", "CustomStatus": "",
             "Detail": [{"Platform": "Android", "Status": "PushOnline"}]},
            {"To_Account": "carol", "Status": "Offline", "CustomStatus": "", "Detail": []},
        ])
    );
    assert!(answer.get("ErrorList").is_none());

    let answer = api.call("openim/query_online_status", &json!({"To_Account": ["nobody", "é"]})).await;
    assert_eq!((&answer["ErrorCode"], &answer["ActionStatus"]), (&json!(70107), &json!("FAIL")));
    assert_eq!(answer["ErrorList"].as_array().unwrap().len(), 2);
    drop((phone, page));
}

#[tokio::test]
async fn a_kick_ends_logins_and_refuses_what_was_used_and_nothing_made_after_it() {
    let node = TestNode::start().await;
    let mut api = Api::connect(&node).await;
    let used = node.login("alice", "phone", Platform::IPhone);
    let mut alice = node.connect().await;
    alice.ask(used.clone()).await;
    api.done("im_open_login_svc/kick", &json!({"UserID": "alice"})).await;
    assert_eq!(alice.last_words().await.cause, v1::connection_ended::Cause::KickedByOperator as i32);
    assert_eq!(node.connect().await.refused(used).await, 70052);
    // A UserSig made after the answer is valid at once.
    node.log_in("alice", "phone", Platform::IPhone).await;

    // Kicking an admin also revokes the UserSig that the backend uses.
    let old = api.query.clone();
    api.done("im_open_login_svc/kick", &json!({"Identifier": "administrator"})).await;
    assert_eq!(api.code("openim/querystate", br#"{"To_Account":["alice"]}"#).await, 70052);
    api.query = query(&node, "administrator", &node.sig("administrator"));
    assert_ne!(old, api.query);
    api.done("openim/querystate", &json!({"To_Account": ["alice"]})).await;
}

#[tokio::test]
async fn a_revocation_outlives_the_live_record_of_the_admin() {
    let node = TestNode::start().await;
    let mut api = Api::connect(&node).await;
    let kick = json!({"UserID": "administrator"});
    api.done("im_open_login_svc/kick", &kick).await;
    let query = api.query.clone();
    let node = node.stop().await.start().await;
    let mut api = Api::connect(&node).await;
    api.query = query;
    assert_eq!(api.code("openim/querystate", b"{}").await, 70052);
}

#[tokio::test]
async fn the_backend_sets_a_status_and_subscribes_on_behalf_of_a_user() {
    let mut node = TestNode::start().await;
    let mut api = Api::connect(&node).await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    api.done("im_open_login_svc/account_import", &json!({"UserID": "carol"})).await;

    let both = json!({"From_Account": "alice", "To_Account": ["bob", "nobody", "carol", "bob"]});
    let answer = api.done("openim/subscribe_status", &both).await;
    assert_eq!(answer["Subscribed"], json!(["bob", "carol"]));
    assert_eq!(answer["Evicted"], json!([]));
    assert_eq!(answer["ErrorList"], json!([{"To_Account": "nobody", "ErrorCode": 70107}]));
    api.done("openim/set_custom_status", &json!({"UserID": "bob", "CustomStatus": "at lunch"})).await;
    loop {
        let told = alice.told("bob", StatusType::Online).await;
        if told.custom_status == "at lunch" {
            break;
        }
    }
    bob.told("bob", StatusType::Online).await;

    let answer = api.done("openim/get_subscriptions", &json!({"From_Account": "alice"})).await;
    assert_eq!((&answer["To_Account"], &answer["Limit"]), (&json!(["bob", "carol"]), &json!(200)));
    let one = json!({"From_Account": "alice", "To_Account": ["bob", "nobody"]});
    let answer = api.done("openim/unsubscribe_status", &one).await;
    assert_eq!(answer["Unsubscribed"], json!(["bob"]));
    let all = json!({"From_Account": "alice", "To_Account": []});
    assert_eq!(api.done("openim/unsubscribe_status", &all).await["Unsubscribed"], json!(["carol"]));

    // A list with an invalid userID is refused, and the answer names the userID.
    for command in ["openim/subscribe_status", "openim/unsubscribe_status"] {
        let list = json!({"From_Account": "alice", "To_Account": ["bob", "爱\tb"]});
        let answer = api.call(command, &list).await;
        assert_eq!(answer["ErrorCode"], 6017, "{answer}");
        assert!(answer["ErrorInfo"].as_str().unwrap().contains(r#""爱\tb" is not a userID"#), "{answer}");
    }
    let answer = api.call("openim/get_subscriptions", &json!({"From_Account": "爱"})).await;
    assert_eq!(answer["ErrorCode"], 7003, "{answer}");
    assert!(answer["ErrorInfo"].as_str().unwrap().ends_with(r#": "爱""#), "{answer}");

    // A user who has never logged in also has a subscription list.
    let list = json!({"From_Account": "carol", "To_Account": ["bob"]});
    assert_eq!(api.done("openim/subscribe_status", &list).await["Subscribed"], json!(["bob"]));
    let answer = api.done("openim/get_subscriptions", &json!({"From_Account": "carol"})).await;
    assert_eq!(answer["To_Account"], json!(["bob"]));

    // Only the rate limit of the app applies, and not that of a user.
    for _ in 0..25 {
        api.done("openim/get_subscriptions", &json!({"From_Account": "alice"})).await;
    }
    let refused = |user: &str, custom: &str| json!({"To_Account": user, "CustomStatus": custom}).to_string();
    assert_eq!(api.code("openim/set_custom_status", refused("carol", "x").as_bytes()).await, 6014);
    assert_eq!(api.code("openim/set_custom_status", refused("nobody", "x").as_bytes()).await, 70107);
    let long = refused("bob", &"x".repeat(101));
    assert_eq!(api.code("openim/set_custom_status", long.as_bytes()).await, 6017);

    let calls = [
        ("openim/subscribe_status", r#"{"From_Account":"alice","To_Account":["bob"]}"#),
        ("openim/unsubscribe_status", r#"{"From_Account":"alice","To_Account":[]}"#),
        ("openim/get_subscriptions", r#"{"From_Account":"alice"}"#),
    ];
    node.set(|settings| settings.switches.user_status = false).await;
    for (command, body) in calls {
        assert_eq!(api.code(command, body.as_bytes()).await, 72001, "{command}");
    }
    node.set(|settings| settings.edition = Edition::Standard).await;
    for (command, body) in calls {
        assert_eq!(api.code(command, body.as_bytes()).await, 7013, "{command}");
    }
    // The edition of the app does not restrict this query.
    api.done("openim/querystate", &json!({"To_Account": ["alice"]})).await;
}

#[tokio::test]
async fn the_feed_is_a_snapshot_and_then_what_changes() {
    let node = TestNode::start().await;
    let mut api = Api::connect(&node).await;
    node.log_in("alice", "phone", Platform::IPhone).await;
    let alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let first = api.done("openim/status_feed", &json!({})).await;
    assert_eq!((&first["Reset"], &first["Finished"]), (&json!(true), &json!(true)));
    let names = |answer: &serde_json::Value| -> Vec<(String, u64)> {
        let changes = answer["Changes"].as_array().unwrap().iter();
        changes
            .map(|change| {
                (change["To_Account"].as_str().unwrap().to_owned(), change["StatusType"].as_u64().unwrap())
            })
            .collect()
    };
    assert!(names(&first).contains(&("alice".to_owned(), 1)), "{first}");

    drop(alice);
    node.has_connections(0).await;
    let target =
        format!("/v4/openim/status_feed?{}&cursor={}&limit=10", api.query, first["Cursor"].as_str().unwrap());
    let next = api.send("GET", &target, b"").await.json();
    assert_eq!((&next["ErrorCode"], &next["Reset"]), (&json!(0), &json!(false)), "{next}");
    assert_eq!(names(&next), [("alice".to_owned(), 2)], "{next}");
    assert_eq!(next["Changes"][0]["Reason"], "link_closed");
    let version = |answer: &serde_json::Value| -> u64 {
        let changes = answer["Changes"].as_array().unwrap().iter();
        let alice = changes.rev().find(|change| change["To_Account"] == "alice").unwrap();
        // The version is a string, because many JSON readers change numbers beyond 2^53.
        alice["Version"].as_str().unwrap().parse().unwrap()
    };
    assert!(version(&next) > version(&first), "{first} {next}");
    for (parameters, code) in
        [("cursor=nonsense", 6017), ("limit=0", 6017), ("limit=1001", 6017), ("limit=x", 6017)]
    {
        let target = format!("/v4/openim/status_feed?{}&{parameters}", api.query);
        assert_eq!(api.send("GET", &target, b"").await.json()["ErrorCode"], code, "{parameters}");
    }
}

#[tokio::test]
async fn the_reference_is_served_and_loads_nothing_from_outside() {
    let node = TestNode::start().await;
    let mut api = Api::connect(&node).await;
    let document = api.send("GET", "/v4/openapi.json", b"").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let page = api.send("GET", "/v4/docs/", b"").await;
    assert_eq!(page.status, 200);
    let page = String::from_utf8(page.body).unwrap();
    let mut assets = 0;
    for piece in page.split(['"', '\'']) {
        assert!(!piece.starts_with("http") && !piece.starts_with("//"), "{piece}");
        if piece.ends_with(".js") || piece.ends_with(".css") {
            let target = format!("/v4/docs/{}", piece.trim_start_matches("./"));
            assert_eq!(api.send("GET", &target, b"").await.status, 200, "{target}");
            assets += 1;
        }
    }
    assert!(assets >= 5, "{page}");
    // The page is Lamplight's own, and not that of Swagger UI: it has a `main` element, and a viewport for phones.
    assert!(page.contains("<main") && page.contains("width=device-width"), "{page}");
    assert_eq!(api.send("POST", "/v4/docs/", b"").await.status, 405);
    let set_up = api.send("GET", "/v4/docs/swagger-initializer.js", b"").await;
    let set_up = String::from_utf8(set_up.body).unwrap();
    assert!(set_up.contains("/v4/openapi.json") && set_up.contains("\"validatorUrl\": \"none\""), "{set_up}");
}

#[tokio::test]
async fn an_error_about_a_value_names_the_field_in_the_terms_of_json() {
    let node = TestNode::start().await;
    let mut api = Api::connect(&node).await;
    for (command, body, code, told) in [
        (
            "openim/query_online_status",
            json!({"To_Account": "alice"}),
            90003,
            r#"To_Account must be an array, not the text "alice""#,
        ),
        (
            "openim/query_online_status",
            json!({"To_Account": ["alice", 1]}),
            90003,
            "To_Account[1] must be a text, not the number 1",
        ),
        ("openim/query_online_status", json!([]), 90001, "the body must be an object, not an array"),
        ("openim/set_custom_status", json!({"UserID": "alice"}), 6017, "CustomStatus is missing"),
        (
            "openim/set_custom_status",
            json!({"UserID": "alice", "CustomStatus": {}}),
            6017,
            "CustomStatus must be a text, not an object",
        ),
        (
            "openim/set_custom_status",
            json!({"UserID": "alice", "CustomStatus": "x", "ExpiresIn": -1}),
            6017,
            "ExpiresIn must be a whole number from 0 to 4294967295, not the number -1",
        ),
        (
            "openim/set_visibility",
            json!({"UserID": "alice", "Visibility": 1}),
            6017,
            "Visibility must be one of everyone, friends, nobody, not the number 1",
        ),
        (
            "sns/friend_add",
            json!({"From_Account": "alice", "AddFriendItem": [{"AddSource": "x"}]}),
            30001,
            "AddFriendItem[0].To_Account is missing",
        ),
        (
            "im_open_login_svc/account_check",
            json!({"CheckItem": [{"UserID": ["alice"]}]}),
            70402,
            "CheckItem[0].UserID must be a text, not an array",
        ),
    ] {
        let answer = api.call(command, &body).await;
        let info = answer["ErrorInfo"].as_str().unwrap();
        assert!(answer["ErrorCode"] == code && info.contains(told), "{command} {body}: {answer}");
    }
}

#[tokio::test]
async fn a_user_is_named_by_any_of_three_fields() {
    let node = TestNode::start().await;
    let mut api = Api::connect(&node).await;
    let _alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let calls = [
        ("openim/set_custom_status", "CustomStatus", "x"),
        ("openim/set_visibility", "Visibility", "nobody"),
    ];
    for (command, field, value) in calls {
        for names in
            [&["UserID"][..], &["To_Account"], &["From_Account"], &["UserID", "To_Account", "From_Account"]]
        {
            let mut body = json!({ field: value });
            names.iter().for_each(|name| body[*name] = json!("alice"));
            api.done(command, &body).await;
        }
        let differ = json!({ "UserID": "alice", "From_Account": "bob", field: value });
        assert_eq!(api.call(command, &differ).await["ErrorCode"], 6017);
        assert_eq!(api.call(command, &json!({ field: value })).await["ErrorCode"], 6017);
    }
}
