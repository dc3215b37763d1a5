//! Tests of friends, profiles and messages through the server API: their effect, and the notifications of connected
//! clients.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::TestNode;
use common::api::{ADMIN, Api, code};
use lamplight_facts::RETRY_TIME;
use lamplight_model::{Platform, StatusType, UserId};
use serde_json::{Value, json};

const ADD: &str = "sns/friend_add";
const GET: &str = "sns/friend_get";
const CHECK: &str = "sns/friend_check";

async fn with_users(node: &TestNode, users: &[&str]) -> Api {
    let mut api = Api::connect(node).await;
    api.done("im_open_login_svc/multiaccount_import", &json!({"Accounts": users})).await;
    api
}

fn codes(answer: &Value) -> Vec<(String, u64)> {
    let items = answer["ResultItem"].as_array().unwrap().iter();
    items
        .map(|item| (item["To_Account"].as_str().unwrap().to_owned(), item["ResultCode"].as_u64().unwrap()))
        .collect()
}

fn friend(name: &str) -> Value {
    json!({"To_Account": name, "AddSource": "AddSource_Type_test"})
}

#[tokio::test]
async fn a_friend_list_is_read_page_by_page() {
    let node = TestNode::start().await;
    let names: Vec<String> = (0..560).map(|n| format!("f{n:03}")).collect();
    let mut api = with_users(&node, &["alice"]).await;
    for some in names.chunks(100) {
        api.done("im_open_login_svc/multiaccount_import", &json!({"Accounts": some})).await;
    }
    let items: Vec<Value> = names.iter().map(|name| friend(name)).collect();
    let answer = api.done(ADD, &json!({"From_Account": "alice", "AddFriendItem": items})).await;
    assert!(answer.get("Fail_Account").is_none());
    assert_eq!(answer["ErrorDisplay"], "");

    let mut read = Vec::new();
    let mut start = 0;
    for (complete, next) in [(0, 100), (0, 200), (0, 300), (0, 400), (0, 500), (1, 0)] {
        let answer = api.done(GET, &json!({"From_Account": "alice", "StartIndex": start})).await;
        assert_eq!(answer["FriendNum"], 560);
        assert_eq!((&answer["CompleteFlag"], &answer["NextStartIndex"]), (&json!(complete), &json!(next)));
        let items = answer["UserDataItem"].as_array().unwrap().iter();
        read.extend(items.map(|item| item["To_Account"].as_str().unwrap().to_owned()));
        start = next;
    }
    assert_eq!(read, names);
    let beyond = api.done(GET, &json!({"From_Account": "alice", "StartIndex": u32::MAX})).await;
    assert_eq!((&beyond["UserDataItem"], &beyond["CompleteFlag"]), (&json!([]), &json!(1)));
    api.done("sns/friend_delete_all", &json!({"From_Account": "alice"})).await;
    assert_eq!(api.done(GET, &json!({"From_Account": "alice", "StartIndex": 0})).await["FriendNum"], 0);
}

#[tokio::test]
async fn friends_are_added_one_way_or_both_checked_and_deleted() {
    let node = TestNode::start().await;
    let mut api = with_users(&node, &["alice", "bob", "carol", "dave"]).await;
    let add = |from: &str, items: Value, how: &str| json!({"From_Account": from, "AddFriendItem": items, "AddType": how, "ForceAddFlags": 1});
    let items = json!([friend("bob"), friend("alice"), friend("nobody"), friend("é"), friend("bob")]);
    let answer = api.done(ADD, &add("alice", items, "Add_Type_Both")).await;
    let named = |list: &[(&str, u64)]| -> Vec<(String, u64)> {
        list.iter().map(|(name, code)| ((*name).to_owned(), *code)).collect()
    };
    let expected = [("bob", 0), ("alice", 30001), ("nobody", 30003), ("é", 30001), ("bob", 0)];
    assert_eq!(codes(&answer), named(&expected));
    assert_eq!(answer["Fail_Account"], json!(["alice", "nobody", "é"]));
    api.done(ADD, &add("alice", json!([friend("carol")]), "Add_Type_Single")).await;
    api.done(ADD, &add("dave", json!([friend("alice")]), "Add_Type_Single")).await;

    let asked = ["bob", "carol", "dave", "alice", "nobody", "é"];
    for (how, expected) in [
        ("CheckResult_Type_Both", ["BothWay", "AWithB", "BWithA", "NoRelation", "NoRelation", "NoRelation"]),
        (
            "CheckResult_Type_Single",
            ["AWithB", "AWithB", "NoRelation", "NoRelation", "NoRelation", "NoRelation"],
        ),
    ] {
        let body = json!({"From_Account": "alice", "To_Account": asked, "CheckType": how});
        let answer = api.done(CHECK, &body).await;
        let found: Vec<&str> = answer["InfoItem"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["Relation"].as_str().unwrap())
            .collect();
        assert_eq!(found, expected.map(|relation| format!("CheckResult_Type_{relation}")), "{how}");
        assert_eq!(answer["InfoItem"][4]["ResultCode"], 30003);
    }

    let rename = |remark: Value| {
        let items = json!([{"Tag": "Tag_SNS_IM_Remark", "Value": remark}]);
        json!({"From_Account": "alice", "UpdateItem": [{"To_Account": "bob", "SnsItem": items},
                                                       {"To_Account": "dave", "SnsItem": items}]})
    };
    let answer = api.done("sns/friend_update", &rename(json!("Bobby"))).await;
    assert_eq!(codes(&answer), named(&[("bob", 0), ("dave", 31704)]));
    let long = api.done("sns/friend_update", &rename(json!("x".repeat(97)))).await;
    assert_eq!(codes(&long), named(&[("bob", 30001), ("dave", 30001)]));
    let number = api.done("sns/friend_update", &rename(json!(5))).await;
    assert_eq!(codes(&number), named(&[("bob", 30001), ("dave", 30001)]));
    let answer = api.done(GET, &json!({"From_Account": "alice", "StartIndex": 0})).await;
    let value = |tag: &str, value: Value| json!({"Tag": tag, "Value": value});
    let bob = answer["UserDataItem"][0]["ValueItem"].as_array().unwrap();
    assert!(bob.contains(&value("Tag_SNS_IM_Remark", json!("Bobby"))), "{answer}");
    assert!(bob.contains(&value("Tag_SNS_IM_AddSource", json!("AddSource_Type_test"))), "{answer}");
    assert!(bob.iter().any(|item| item["Tag"] == "Tag_SNS_IM_AddTime" && item["Value"].is_u64()), "{answer}");

    // By default, only the user's own entry is deleted.
    let delete = json!({"From_Account": "alice", "To_Account": ["bob", "dave", "é"]});
    let answer = api.done("sns/friend_delete", &delete).await;
    assert_eq!(codes(&answer), named(&[("bob", 0), ("dave", 31704), ("é", 30001)]));
    let answer = api.done(GET, &json!({"From_Account": "bob", "StartIndex": 0})).await;
    assert_eq!(answer["FriendNum"], 1);
    let both = json!({"From_Account": "bob", "To_Account": ["alice"], "DeleteType": "Delete_Type_Both"});
    assert_eq!(codes(&api.done("sns/friend_delete", &both).await), named(&[("alice", 0)]));
}

#[tokio::test]
async fn friends_made_by_the_backend_are_told_of_each_other_at_once() {
    let mut node = TestNode::start().await;
    node.set(|settings| settings.switches.friend_notification = true).await;
    let mut api = with_users(&node, &["bob"]).await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    api.done(ADD, &json!({"From_Account": "bob", "AddFriendItem": [friend("alice")]})).await;
    let _bob = node.log_in("bob", "phone", Platform::IPhone).await;
    alice.told("bob", StatusType::Online).await;
}

#[tokio::test]
async fn a_full_list_and_a_friend_who_lets_nobody_add_them() {
    let mut node = TestNode::start().await;
    let mut api = with_users(&node, &["alice", "bob", "carol", "dave"]).await;
    let deny = json!([{"Tag": "Tag_Profile_IM_AllowType", "Value": "AllowType_Type_DenyAny"}]);
    api.done("profile/portrait_set", &json!({"From_Account": "carol", "ProfileItem": deny})).await;
    node.set(|settings| settings.limits.friends = 1).await;
    // The app may add a user who denies friend requests.
    let carol =
        json!({"From_Account": "alice", "AddFriendItem": [friend("carol")], "AddType": "Add_Type_Single"});
    assert_eq!(codes(&api.done(ADD, &carol).await)[0].1, 0);
    let bob = json!({"From_Account": "alice", "AddFriendItem": [friend("bob")]});
    assert_eq!(codes(&api.done(ADD, &bob).await)[0].1, 30010);
    let alice = json!({"From_Account": "bob", "AddFriendItem": [friend("alice")]});
    assert_eq!(codes(&api.done(ADD, &alice).await)[0].1, 30014);
}

#[tokio::test]
async fn profiles_are_set_by_tags_and_read_by_tags() {
    let node = TestNode::start().await;
    let mut api = with_users(&node, &["alice"]).await;
    let item = |tag: &str, value: &str| json!({"Tag": tag, "Value": value});
    let nick = item("Tag_Profile_IM_Nick", "爱丽丝");
    let image = item("Tag_Profile_IM_Image", "https://example.com/a.png");
    let allow = item("Tag_Profile_IM_AllowType", "AllowType_Type_DenyAny");
    let set = json!({"From_Account": "alice", "ProfileItem": [nick, image, allow]});
    api.done("profile/portrait_set", &set).await;
    let tags =
        ["Tag_Profile_IM_AllowType", "Tag_Profile_IM_Nick", "Tag_Profile_IM_Gender", "Tag_Profile_IM_Image"];
    let asked = json!({"To_Account": ["alice", "nobody", "é"], "TagList": tags});
    let answer = api.done("profile/portrait_get", &asked).await;
    assert_eq!(answer["UserProfileItem"][0]["ProfileItem"], json!([allow, nick, image]));
    assert_eq!(answer["UserProfileItem"][1]["ResultCode"], 40003);
    assert_eq!(answer["UserProfileItem"][2]["ResultCode"], 40001);
    assert_eq!(answer["Fail_Account"], json!(["nobody", "é"]));
    // An import leaves the fields that it does not contain unchanged.
    api.done("im_open_login_svc/account_import", &json!({"UserID": "alice", "Nick": "Alice"})).await;
    let asked = json!({"To_Account": ["alice"], "TagList": tags});
    let answer = api.done("profile/portrait_get", &asked).await;
    assert_eq!(
        answer["UserProfileItem"][0]["ProfileItem"],
        json!([allow, item("Tag_Profile_IM_Nick", "Alice"), image])
    );
}

#[tokio::test]
async fn a_message_is_stored_once_however_often_it_is_sent() {
    let node = TestNode::start().await;
    let mut api = with_users(&node, &["alice", "bob"]).await;
    let message = |random: u32, sequence: u32, texts: &[&str]| {
        let element = |text: &&str| json!({"MsgType": "TIMTextElem", "MsgContent": {"Text": text}});
        let body: Vec<Value> = texts.iter().map(element).collect();
        json!({"From_Account": "alice", "To_Account": "bob", "MsgRandom": random, "MsgSeq": sequence,
               "MsgBody": body, "SyncOtherMachine": 1, "MsgTimeStamp": 5})
    };
    let first = api.done("openim/sendmsg", &message(7, 1, &["hello, ", "Bob"])).await;
    let again = api.done("openim/sendmsg", &message(7, 1, &["hello, ", "Bob"])).await;
    assert_eq!(first, again);
    api.done("openim/sendmsg", &message(7, 2, &["second"])).await;
    api.done("openim/sendmsg", &message(8, 1, &["third"])).await;
    // Without a sender, the message is from the admin.
    let text = json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": "from above"}}]);
    api.done("openim/sendmsg", &json!({"To_Account": "bob", "MsgRandom": 7, "MsgBody": text})).await;

    let facts = node.facts();
    let history = |peer: &str| facts.history(node.user("bob"), UserId::new(peer).unwrap(), None, 10);
    let texts = |messages: Vec<lamplight_model::Message>| -> Vec<String> {
        messages.into_iter().map(|message| message.body.shown().to_owned()).collect()
    };
    assert_eq!(texts(history("alice").await.unwrap()), ["third", "second", "hello, Bob"]);
    assert_eq!(texts(history(ADMIN).await.unwrap()), ["from above"]);
    let nobody = json!({"To_Account": "nobody", "MsgRandom": 9, "MsgBody": text});
    assert_eq!(code(&api.call("openim/sendmsg", &nobody).await), 20003);
}

/// Messages to different users, or with different texts, are no retries, even if they have the same `MsgRandom`. Many
/// backends use few values of `MsgRandom`.
#[tokio::test]
async fn one_random_names_a_message_to_each_user_of_each_text() {
    let node = TestNode::start().await;
    let mut api = Api::connect(&node).await;
    for user in ["alice", "bob", "carol"] {
        api.done("im_open_login_svc/account_import", &json!({"UserID": user})).await;
    }
    let message = |to: &str, text: &str| {
        let body = json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}]);
        json!({"From_Account": "alice", "To_Account": to, "MsgRandom": 7, "MsgSeq": 1, "MsgBody": body})
    };
    for (to, text) in [("bob", "one"), ("carol", "one"), ("bob", "two"), ("bob", "one")] {
        api.done("openim/sendmsg", &message(to, text)).await;
    }
    assert_eq!(code(&api.call("openim/sendmsg", &message("nobody", "one")).await), 20003);
    node.clock.advance(RETRY_TIME);
    api.done("openim/sendmsg", &message("bob", "one")).await;

    for (user, expected) in [("bob", &["one", "two", "one"][..]), ("carol", &["one"])] {
        let facts = node.facts();
        let history = facts.history(node.user(user), UserId::new("alice").unwrap(), None, 10).await.unwrap();
        let texts: Vec<_> = history.iter().map(|message| message.body.shown()).collect();
        assert_eq!(texts, expected, "{user}");
    }
}

#[tokio::test]
async fn custom_content_is_carried_as_it_is() {
    let node = TestNode::start().await;
    let mut api = with_users(&node, &["alice", "bob"]).await;
    let message = |elements: Value| json!({"From_Account": "alice", "To_Account": "bob", "MsgRandom": 7, "MsgBody": elements});
    let element = |content: Value| json!({"MsgType": "TIMCustomElem", "MsgContent": content});
    let text = json!({"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}});
    let order =
        json!({"Data": "{\"order\":7} \u{1f4e6}", "Desc": "An order", "Ext": "shop", "Sound": "ding"});

    let first = api.done("openim/sendmsg", &message(json!([element(order.clone())]))).await;
    assert_eq!(api.done("openim/sendmsg", &message(json!([element(order)]))).await, first, "a retry");
    // A message that differs in one field is another message.
    api.done("openim/sendmsg", &message(json!([element(json!({"Desc": "An order"}))]))).await;
    for (elements, refused) in [
        (json!([element(json!({}))]), 90010),
        (json!([element(json!({"Data": 1}))]), 90010),
        (json!([element(json!([]))]), 90010),
        (json!([element(json!({"Data": "x"})), text]), 90010),
        (json!([text, element(json!({"Data": "x"}))]), 90010),
        (json!([element(json!({"Data": "x".repeat(12_280), "Ext": "123456789"}))]), 80002),
    ] {
        assert_eq!(
            code(&api.call("openim/sendmsg", &message(elements.clone())).await),
            refused,
            "{elements}"
        );
    }

    let asked = json!({"Operator_Account": "bob", "Peer_Account": "alice", "MaxCnt": 10, "MinTime": 0,
                       "MaxTime": 4_000_000_000_u32});
    let history = api.done("openim/admin_getroammsg", &asked).await;
    let bodies: Vec<_> =
        history["MsgList"].as_array().unwrap().iter().map(|it| it["MsgBody"].clone()).collect();
    let order = json!({"Data": "{\"order\":7} \u{1f4e6}", "Desc": "An order", "Ext": "shop"});
    let only_shown = json!({"Data": "", "Desc": "An order", "Ext": ""});
    assert_eq!(bodies, [json!([element(order)]), json!([element(only_shown)])]);
}

#[tokio::test]
async fn a_friend_that_cannot_be_imported_is_told_with_the_reason_and_a_wrong_value_with_its_field() {
    const IMPORT: &str = "sns/friend_import";
    let node = TestNode::start().await;
    let mut api = with_users(&node, &["alice", "bob"]).await;
    let import = |owner: &str, friends: &[Value]| json!({"From_Account": owner, "AddFriendItem": friends});
    let answer = api.done(IMPORT, &import("alice", &[friend("alice"), friend("ghost"), friend("bob")])).await;
    let items = answer["ResultItem"].as_array().unwrap().iter();
    let infos: Vec<_> = items.map(|item| item["ResultInfo"].as_str().unwrap()).collect();
    assert_eq!(
        infos,
        [
            "invalid parameter in a call about friends: a user cannot add themselves as a friend",
            "no such account: ghost",
            ""
        ]
    );
    let mut bob = friend("bob");
    bob["AddTime"] = json!(1_500_000_000_000_u64);
    for (body, code, told) in [
        (
            import("alice", &[friend("bob"), bob]),
            30001,
            "AddFriendItem[1].AddTime must be a whole number from 0 to 4294967295, not the number 1500000000000",
        ),
        (import("ghost", &[friend("bob")]), 30003, "no such account: ghost"),
    ] {
        let answer = api.call(IMPORT, &body).await;
        let info = answer["ErrorInfo"].as_str().unwrap();
        assert!(answer["ErrorCode"] == code && info.contains(told), "{answer}");
    }
    // A field name that the caller has chosen is not repeated in the answer, however long it is.
    let long = json!({ "From_Account": {"x".repeat(100_000): 1}, "AddFriendItem": [] });
    let answer = api.call(IMPORT, &long).await;
    assert!(answer["ErrorInfo"].as_str().unwrap().len() < 300, "{answer}");
}
