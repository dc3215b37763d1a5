//! Tests with requests and answers of client libraries for the cloud's server API, over real HTTP. They cover friends,
//! messages to several users, past messages, conversation lists, and options.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::TestNode;
use common::api::{ADMIN, Api, code};
use lamplight_model::{Platform, UserId};
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Request;
use serde_json::{Value, json};
use std::time::Duration;

const SEND: &str = "openim/sendmsg";
const BATCH: &str = "openim/batchsendmsg";
const PAST: &str = "openim/admin_getroammsg";
const READ: &str = "openim/admin_set_msg_read";
const UNREAD: &str = "openim/get_c2c_unread_msg_num";
const RECENT: &str = "recentcontact/get_list";
const FORGET: &str = "recentcontact/delete";
const FRIENDS: &str = "sns/friend_get";

async fn with_users(node: &TestNode, users: &[&str]) -> Api {
    let mut api = Api::connect(node).await;
    api.done("im_open_login_svc/multiaccount_import", &json!({"Accounts": users})).await;
    api
}

fn text(text: &str) -> Value {
    json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}])
}

fn message(from: &str, to: &str, random: u32, said: &str) -> Value {
    json!({"From_Account": from, "To_Account": to, "MsgRandom": random, "MsgBody": text(said)})
}

/// Returns the value of a tag of a user's only friend.
async fn tag(api: &mut Api, owner: &str, tag: &str) -> Value {
    let answer = api.done(FRIENDS, &json!({"From_Account": owner, "StartIndex": 0})).await;
    let items = answer["UserDataItem"][0]["ValueItem"].as_array().unwrap();
    items.iter().find(|item| item["Tag"] == tag).unwrap()["Value"].clone()
}

#[tokio::test]
async fn a_friend_who_is_added_again_keeps_the_words_that_are_not_given() {
    let node = TestNode::start().await;
    let mut api = with_users(&node, &["alice", "bob"]).await;
    let add = |words: Value| {
        let mut item = json!({"To_Account": "bob", "AddSource": "AddSource_Type_test"});
        item.as_object_mut().unwrap().extend(words.as_object().unwrap().clone());
        json!({"From_Account": "alice", "AddFriendItem": [item]})
    };
    api.done("sns/friend_add", &add(json!({"Remark": "Bobby", "AddWording": "hello"}))).await;
    for words in [json!({}), json!({"Remark": "", "AddWording": ""})] {
        api.done("sns/friend_add", &add(words)).await;
        assert_eq!(tag(&mut api, "alice", "Tag_SNS_IM_Remark").await, "Bobby");
        assert_eq!(tag(&mut api, "alice", "Tag_SNS_IM_AddWording").await, "hello");
    }
    api.done("sns/friend_add", &add(json!({"Remark": "Rob"}))).await;
    assert_eq!(tag(&mut api, "alice", "Tag_SNS_IM_Remark").await, "Rob");
    assert_eq!(tag(&mut api, "alice", "Tag_SNS_IM_AddWording").await, "hello");
    // `sns/friend_import` follows the same rule.
    let again = json!({"To_Account": "bob", "AddSource": "AddSource_Type_test", "Remark": ""});
    api.done("sns/friend_import", &json!({"From_Account": "alice", "AddFriendItem": [again]})).await;
    assert_eq!(tag(&mut api, "alice", "Tag_SNS_IM_Remark").await, "Rob");
    let none = json!([{"To_Account": "bob", "SnsItem": [{"Tag": "Tag_SNS_IM_Remark", "Value": ""}]}]);
    api.done("sns/friend_update", &json!({"From_Account": "alice", "UpdateItem": none})).await;
    assert_eq!(tag(&mut api, "alice", "Tag_SNS_IM_Remark").await, "");
}

#[tokio::test]
async fn the_sequence_of_a_friend_list_has_31_bits_and_changes_with_the_list() {
    let node = TestNode::start().await;
    let mut api = with_users(&node, &["alice", "bob"]).await;
    let list = json!({"From_Account": "alice", "StartIndex": 0, "StandardSequence": 0, "CustomSequence": 0});
    let before = api.done(FRIENDS, &list).await["StandardSequence"].as_u64().unwrap();
    let bob = json!([{"To_Account": "bob", "AddSource": "AddSource_Type_test"}]);
    api.done("sns/friend_add", &json!({"From_Account": "alice", "AddFriendItem": bob})).await;
    let after = api.done(FRIENDS, &list).await["StandardSequence"].as_u64().unwrap();
    assert_ne!(before, after);
    for sequence in [before, after] {
        assert!(i32::try_from(sequence).is_ok(), "{sequence}");
    }
}

#[tokio::test]
async fn computers_but_the_mac_are_called_pc() {
    let node = TestNode::start().await;
    let mut api = Api::connect(&node).await;
    let mut there = Vec::new();
    for (name, platform) in [
        ("windows", Platform::Windows),
        ("linux", Platform::Linux),
        ("mac", Platform::Mac),
        ("tablet", Platform::IPad),
    ] {
        there.push(node.log_in(name, "device", platform).await);
    }
    let asked = json!({"To_Account": ["windows", "linux", "mac", "tablet"], "IsNeedDetail": 1});
    let answer = api.done("openim/query_online_status", &asked).await;
    let platforms: Vec<&str> = answer["QueryResult"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["Detail"][0]["Platform"].as_str().unwrap())
        .collect();
    assert_eq!(platforms, ["PC", "PC", "Mac", "iPad"]);
}

#[tokio::test]
async fn options_of_a_message_are_obeyed_or_refused_and_never_ignored() {
    let node = TestNode::start().await;
    let mut api = with_users(&node, &["alice", "bob"]).await;
    let with = |command: &str, option: &str, value: Value| {
        let to = if command == BATCH { json!(["bob"]) } else { json!("bob") };
        let mut body =
            json!({"From_Account": "alice", "To_Account": to, "MsgRandom": 1, "MsgBody": text("x")});
        body[option] = value;
        body
    };
    for command in [SEND, BATCH] {
        for (option, value) in [
            ("SyncOtherMachine", json!(2)),
            ("SyncOtherMachine", json!(0)),
            ("SyncOtherMachine", json!("1")),
            ("SendMsgControl", json!(["NoUnread"])),
            ("SendMsgControl", json!(["NoLastMsg"])),
            ("SendMsgControl", json!("NoLastMsg")),
            ("ForbidCallbackControl", json!(["ForbidEverything"])),
            ("MsgLifeTime", json!(0)),
            ("MsgLifeTime", json!(604_799)),
            ("OfflinePushInfo", json!({"PushFlag": 1})),
        ] {
            let answer = api.call(command, &with(command, option, value.clone())).await;
            assert_eq!(code(&answer), 90010, "{command} {option} {value}: {answer}");
        }
    }
    let past = node.facts().history(node.user("bob"), UserId::new("alice").unwrap(), None, 10).await.unwrap();
    assert_eq!(past, []);
    for (option, value) in [
        ("SyncOtherMachine", json!(1)),
        ("SendMsgControl", json!([])),
        ("ForbidCallbackControl", json!(["ForbidBeforeSendMsgCallback", "ForbidAfterSendMsgCallback"])),
        ("MsgLifeTime", json!(604_800)),
        ("OfflinePushInfo", json!({"PushFlag": 0, "Title": "t"})),
    ] {
        api.done(SEND, &with(SEND, option, value)).await;
    }
}

#[tokio::test]
async fn the_code_of_a_message_that_is_none_names_the_field() {
    let node = TestNode::start().await;
    let mut api = with_users(&node, &["alice", "bob"]).await;
    for (field, value, expected) in [
        ("To_Account", json!(1), 90003),
        ("To_Account", json!("é"), 90003),
        ("From_Account", json!(1), 90008),
        ("From_Account", json!("é"), 90008),
        ("MsgRandom", json!("1"), 90005),
        ("MsgRandom", json!(-1), 90005),
        ("MsgRandom", Value::Null, 90005),
        ("MsgTimeStamp", json!("now"), 90006),
        ("MsgBody", json!("x"), 90007),
        ("MsgBody", json!([]), 90007),
        ("MsgBody", json!(["x"]), 90010),
        ("MsgBody", text(""), 90010),
        ("MsgSeq", json!("1"), 90010),
    ] {
        let mut body = message("alice", "bob", 1, "x");
        body[field] = value.clone();
        let answer = api.call(SEND, &body).await;
        assert_eq!(code(&answer), expected, "{field} {value}: {answer}");
    }
}

#[tokio::test]
async fn friends_are_taken_over_with_their_time_read_by_name_and_all_deleted() {
    let node = TestNode::start().await;
    let mut api = with_users(&node, &["alice", "bob", "carol"]).await;
    let item = |name: &str, at: u64| {
        json!({"To_Account": name, "AddSource": "AddSource_Type_old", "Remark": "R", "AddTime": at,
               "RemarkTime": at, "GroupName": ["colleagues"], "CustomItem": []})
    };
    let items = [item("bob", 1_600_000_000), item("nobody", 0), item("carol", 4_294_967_295), item("é", 1)];
    let answer =
        api.done("sns/friend_import", &json!({"From_Account": "alice", "AddFriendItem": items})).await;
    let codes: Vec<u64> = answer["ResultItem"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["ResultCode"].as_u64().unwrap())
        .collect();
    assert_eq!(codes, [0, 30003, 30001, 30001]);
    assert_eq!(answer["Fail_Account"], json!(["nobody", "carol", "é"]));
    assert_eq!(tag(&mut api, "alice", "Tag_SNS_IM_AddTime").await, 1_600_000_000);
    // Only the list of the owner has changed.
    assert_eq!(api.done(FRIENDS, &json!({"From_Account": "bob", "StartIndex": 0})).await["FriendNum"], 0);

    let tags = ["Tag_SNS_IM_Remark", "Tag_SNS_IM_Group", "Tag_Profile_IM_Nick"];
    let asked = json!({"From_Account": "alice", "To_Account": ["carol", "bob", "é"], "TagList": tags});
    let answer = api.done("sns/friend_get_list", &asked).await;
    assert_eq!(
        answer["InfoItem"],
        json!([
            {"To_Account": "carol", "SnsProfileItem": [], "ResultCode": 31704, "ResultInfo": "not a friend"},
            {"To_Account": "bob", "ResultCode": 0, "ResultInfo": "", "SnsProfileItem":
                [{"Tag": "Tag_Profile_IM_Nick", "Value": ""}, {"Tag": "Tag_SNS_IM_Remark", "Value": "R"}]},
            {"To_Account": "é", "SnsProfileItem": [], "ResultCode": 30001,
             "ResultInfo": "invalid parameter in a call about friends"},
        ])
    );
    assert_eq!(answer["Fail_Account"], json!(["carol", "é"]));

    for (how, left) in [(None, 1), (Some("Delete_Type_Both"), 0)] {
        let both = json!([{"To_Account": "bob", "AddSource": "AddSource_Type_x"}]);
        api.done("sns/friend_add", &json!({"From_Account": "alice", "AddFriendItem": both})).await;
        let mut body = json!({"From_Account": "alice"});
        if let Some(how) = how {
            body["DeleteType"] = json!(how);
        }
        // The second call finds no friends to delete.
        for _ in 0..2 {
            api.done("sns/friend_delete_all", &body).await;
        }
        for (owner, expected) in [("alice", 0), ("bob", left)] {
            let list = api.done(FRIENDS, &json!({"From_Account": owner, "StartIndex": 0})).await;
            assert_eq!(list["FriendNum"], expected, "{how:?} {owner}");
        }
    }
    let nobody = json!({"From_Account": "nobody"});
    assert_eq!(code(&api.call("sns/friend_delete_all", &nobody).await), 30003);
}

#[tokio::test]
async fn a_message_to_several_reaches_each_once_and_says_whom_it_did_not() {
    let node = TestNode::start().await;
    let mut api = with_users(&node, &["alice", "bob", "carol"]).await;
    let to = ["bob", "nobody", "carol", "é", "bob"];
    let body = json!({"From_Account": "alice", "To_Account": to, "MsgRandom": 5, "MsgSeq": 3, "MsgBody": text("hi")});
    let first = api.done(BATCH, &body).await;
    let failures =
        json!([{"To_Account": "nobody", "ErrorCode": 70107}, {"To_Account": "é", "ErrorCode": 7003}]);
    assert_eq!(first["ErrorList"], failures);
    assert!(first["MsgKey"].as_str().unwrap().starts_with("3_5_"), "{first}");
    assert_eq!(api.done(BATCH, &body).await, first);
    for user in ["bob", "carol"] {
        let past =
            node.facts().history(node.user(user), UserId::new("alice").unwrap(), None, 10).await.unwrap();
        assert_eq!(past.iter().map(|message| message.body.shown()).collect::<Vec<_>>(), ["hi"], "{user}");
    }
    let mut lost = body.clone();
    lost["To_Account"] = json!(["nobody"]);
    let answer = api.call(BATCH, &lost).await;
    assert_eq!((code(&answer), &answer["MsgKey"]), (70107, &json!("")));
    for (field, value, expected) in [
        ("To_Account", json!("bob"), 90003),
        ("To_Account", json!([]), 90010),
        ("To_Account", json!(vec!["bob"; 501]), 90011),
        ("From_Account", json!("nobody"), 20003),
        ("MsgBody", text(&"x".repeat(12_289)), 80002),
        ("MsgBody", text(""), 90010),
    ] {
        let mut wrong = body.clone();
        wrong[field] = value;
        assert_eq!(code(&api.call(BATCH, &wrong).await), expected, "{field}");
    }
}

/// Reads all pages of a conversation from the newest. Returns the texts of each page, oldest first.
async fn pages(api: &mut Api, from: u64, to: u64, most: u32) -> Vec<Vec<String>> {
    let mut body = json!({"Operator_Account": "alice", "Peer_Account": "bob", "MaxCnt": most,
                          "MinTime": from, "MaxTime": to});
    let mut pages = Vec::new();
    loop {
        let answer = api.done(PAST, &body).await;
        let messages = answer["MsgList"].as_array().unwrap();
        assert_eq!(answer["MsgCnt"], messages.len());
        let said = |message: &Value| message["MsgBody"][0]["MsgContent"]["Text"].as_str().unwrap().to_owned();
        pages.push(messages.iter().map(said).collect());
        if answer["Complete"] == 1 {
            return pages;
        }
        body["LastMsgKey"] = answer["LastMsgKey"].clone();
        body["MaxTime"] = answer["LastMsgTime"].clone();
    }
}

#[tokio::test]
async fn messages_of_the_past_are_read_by_time_page_by_page() {
    let node = TestNode::start().await;
    let mut api = with_users(&node, &["alice", "bob"]).await;
    let mut times = Vec::new();
    for n in 0..10 {
        let (from, to) = if n % 2 == 0 { ("alice", "bob") } else { ("bob", "alice") };
        let sent = api.done(SEND, &message(from, to, n, &n.to_string())).await;
        times.push(sent["MsgTime"].as_u64().unwrap());
        node.clock.advance(Duration::from_secs(10));
    }
    let began = times[0];
    for ((from, to, most), expected) in [
        ((began, began + 1_000, 100), vec![vec!["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]]),
        ((began, began + 1_000, 1_000), vec![vec!["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]]),
        ((began, began + 1_000, 4), vec![vec!["6", "7", "8", "9"], vec!["2", "3", "4", "5"], vec!["0", "1"]]),
        ((times[1] + 1, times[6] - 1, 100), vec![vec!["2", "3", "4", "5"]]),
        ((times[2], times[5], 3), vec![vec!["3", "4", "5"], vec!["2"]]),
        ((began, began, 5), vec![vec!["0"]]),
        ((times[8] + 1, times[9] - 1, 5), vec![vec![]]),
    ] {
        assert_eq!(pages(&mut api, from, to, most).await, expected, "{from} {to} {most}");
    }
    assert_eq!(pages(&mut api, 0, began - 1, 5).await, [[""; 0]]);

    // Tests the names that older clients use for the two fields, and a message that was sent by a client.
    let mut bob = node.log_in("bob", "phone", Platform::Android).await;
    let said = v1::SendMessageRequest {
        to: "alice".into(),
        text: "from bob".into(),
        client_message_id: "c1".into(),
        custom: None,
    };
    bob.ask(Request::SendMessage(said)).await;
    let last = json!({"From_Account": "bob", "To_Account": "alice", "MaxCnt": 2, "MinTime": 0, "MaxTime": began + 999});
    let answer = api.done(PAST, &last).await;
    let (ninth, eleventh) = (&answer["MsgList"][0], &answer["MsgList"][1]);
    assert_eq!((&ninth["MsgRandom"], &ninth["MsgKey"]), (&json!(9), &json!(format!("0_9_{}", times[9]))));
    assert_eq!((&eleventh["From_Account"], &eleventh["MsgSeq"]), (&json!("bob"), &json!(11)));

    let ask = |change: Value| {
        let mut body = last.clone();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        body
    };
    for (change, expected) in [
        (json!({"From_Account": "nobody"}), 20003),
        (json!({"From_Account": 1}), 90008),
        (json!({"From_Account": "é"}), 90008),
        (json!({"To_Account": 1}), 90003),
        (json!({"MaxCnt": 0}), 90010),
        (json!({"MinTime": began + 1_000}), 90010),
        (json!({"LastMsgKey": "1_2_3"}), 90010),
    ] {
        assert_eq!(code(&api.call(PAST, &ask(change.clone())).await), expected, "{change}");
    }
}

#[tokio::test]
async fn unread_messages_are_counted_and_marked_as_read() {
    let node = TestNode::start().await;
    let mut api = with_users(&node, &["alice", "bob", "carol", "dave"]).await;
    let mut began = 0;
    for n in 0..3 {
        let sent = api.done(SEND, &message("bob", "alice", n, "x")).await;
        began = if n == 0 { sent["MsgTime"].as_u64().unwrap() } else { began };
        node.clock.advance(Duration::from_secs(10));
    }
    api.done(SEND, &message("carol", "alice", 1, "x")).await;
    let all = json!({"To_Account": "alice"});
    let answer = api.done(UNREAD, &all).await;
    assert_eq!((&answer["AllC2CUnreadMsgNum"], answer.get("C2CUnreadMsgNumList")), (&json!(4), None));
    let asked = json!({"To_Account": "alice", "Peer_Account": ["bob", "nobody", "carol", "dave", "é"]});
    let answer = api.done(UNREAD, &asked).await;
    let of = |name: &str, unread: u32| json!({"Peer_Account": name, "C2CUnreadMsgNum": unread});
    assert_eq!(answer["C2CUnreadMsgNumList"], json!([of("bob", 3), of("carol", 1), of("dave", 0)]));
    let failures =
        json!([{"Peer_Account": "nobody", "ErrorCode": 70107}, {"Peer_Account": "é", "ErrorCode": 7003}]);
    assert_eq!(answer["ErrorList"], failures);

    let read = |peer: &str, until: Option<u64>| {
        let mut body = json!({"Report_Account": "alice", "Peer_Account": peer});
        if let Some(until) = until {
            body["MsgReadedTime"] = json!(until);
        }
        body
    };
    for (peer, until, left) in [
        ("bob", Some(began - 1), 4),
        ("bob", Some(began + 15), 2),
        ("carol", None, 1),
        ("dave", None, 1),
        ("bob", None, 0),
    ] {
        api.done(READ, &read(peer, until)).await;
        assert_eq!(api.done(UNREAD, &all).await["AllC2CUnreadMsgNum"], left, "{peer} {until:?}");
    }
    let nobody = json!({"Report_Account": "nobody", "Peer_Account": "bob"});
    assert_eq!(code(&api.call(READ, &nobody).await), 20003);
    assert_eq!(code(&api.call(UNREAD, &json!({"To_Account": "nobody"})).await), 20003);
    let many = json!({"To_Account": "alice", "Peer_Account": vec!["bob"; 101]});
    assert_eq!(code(&api.call(UNREAD, &many).await), 90011);
}

#[tokio::test]
async fn a_conversation_list_is_read_page_by_page_and_a_conversation_is_deleted() {
    let node = TestNode::start().await;
    let mut api = with_users(&node, &["alice"]).await;
    let names: Vec<String> = (0..230).map(|n| format!("c{n:03}")).collect();
    for some in names.chunks(100) {
        api.done("im_open_login_svc/multiaccount_import", &json!({"Accounts": some})).await;
        // More conversations than fit on a page become active in one second.
        let body = json!({"From_Account": "alice", "To_Account": some, "MsgRandom": 1, "MsgBody": text("x")});
        api.done(BATCH, &body).await;
    }
    node.clock.advance(Duration::from_secs(5));
    api.done(SEND, &message("alice", "c007", 2, "newest")).await;
    let facts = node.facts();
    for pinned in ["c100", "c003"] {
        facts.pin_conversation(node.user("alice"), UserId::new(pinned).unwrap(), true).await.unwrap();
    }

    let mut body = json!({"From_Account": "alice", "TimeStamp": 0, "StartIndex": 0, "TopTimeStamp": 0,
                          "TopStartIndex": 0, "AssistFlags": 7});
    let mut read = Vec::new();
    for (length, complete) in [(100, 0), (100, 0), (30, 1)] {
        let answer = api.done(RECENT, &body).await;
        let items = answer["SessionItem"].as_array().unwrap();
        assert_eq!((items.len(), &answer["CompleteFlag"]), (length, &json!(complete)));
        read.extend(items.iter().cloned());
        for field in ["TimeStamp", "StartIndex", "TopTimeStamp", "TopStartIndex"] {
            body[field] = answer[field].clone();
        }
    }
    let end = api.done(RECENT, &body).await;
    assert_eq!((&end["SessionItem"], &end["CompleteFlag"]), (&json!([]), &json!(1)));
    let rows = facts.conversations(node.user("alice"), None, 1_000).await.unwrap();
    let expected: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({"Type": 1, "To_Account": row.peer.as_str(), "MsgTime": row.active.as_secs(),
                   "TopFlag": u8::from(row.pinned)})
        })
        .collect();
    assert_eq!(read, expected);
    assert_eq!((read[1]["TopFlag"].clone(), read[2]["To_Account"].clone()), (json!(1), json!("c007")));

    let delete =
        |kind: u32| json!({"From_Account": "alice", "type": kind, "To_Account": "c007", "ClearRamble": 1});
    assert_eq!(code(&api.call(FORGET, &delete(2)).await), 50002);
    // The second call finds no conversation.
    for _ in 0..2 {
        api.done(FORGET, &delete(1)).await;
    }
    assert_eq!(facts.conversation(node.user("alice"), UserId::new("c007").unwrap()).await.unwrap(), None);
    assert!(facts.conversation(node.user("c007"), UserId::new("alice").unwrap()).await.unwrap().is_some());
    for (command, wrong, expected) in [
        (FORGET, json!({"From_Account": "nobody", "Type": 1, "To_Account": "c007"}), 50001),
        (FORGET, json!({"From_Account": "alice", "To_Account": "c007"}), 50002),
        (RECENT, json!({"From_Account": "alice"}), 50002),
    ] {
        assert_eq!(code(&api.call(command, &wrong).await), expected, "{wrong}");
    }
    body["From_Account"] = json!("nobody");
    assert_eq!(code(&api.call(RECENT, &body).await), 50001);
    body["From_Account"] = json!("alice");
    body["StartIndex"] = json!(10_001);
    assert_eq!(code(&api.call(RECENT, &body).await), 50002);
    assert_eq!(code(&api.call(RECENT, &json!({"From_Account": ADMIN, "TimeStamp": 0})).await), 50002);
}

#[tokio::test]
async fn a_body_of_the_wrong_shape_gets_the_code_of_its_family() {
    let node = TestNode::start().await;
    let mut api = with_users(&node, &["alice", "bob"]).await;
    for (command, body, expected) in [
        ("sns/friend_get_list", r#"{"From_Account":"alice","To_Account":[],"TagList":["x"]}"#, 30001),
        ("sns/friend_get_list", r#"{"From_Account":"alice","To_Account":["bob"]}"#, 30001),
        ("sns/friend_import", r#"{"From_Account":"alice","AddFriendItem":[]}"#, 30001),
        ("sns/friend_import", r#"{"From_Account":"alice","AddFriendItem":[{"To_Account":"bob"}]}"#, 30001),
        // The body is JSON, but has a number in place of a word.
        ("sns/friend_delete_all", r#"{"From_Account":"alice","DeleteType":1}"#, 30001),
        ("sns/friend_check", r#"{"From_Account":"alice","To_Account":["bob"],"CheckType":1}"#, 30001),
        ("sns/friend_check", r#"{"From_Account":"alice","To_Account":["bob"],"CheckType":1"#, 60003),
        (BATCH, "{", 90001),
        (BATCH, "[]", 90001),
        (PAST, "{}", 90003),
        (READ, r#"{"Peer_Account":"bob"}"#, 90008),
        (UNREAD, r#"{"To_Account":"alice","Peer_Account":"bob"}"#, 90010),
        (RECENT, "{", 60003),
        (FORGET, "{}", 50002),
    ] {
        assert_eq!(api.code(command, body.as_bytes()).await, expected, "{command} {body}");
    }
}

#[tokio::test]
async fn further_fields_of_a_profile_are_kept_as_they_come_within_bounds() {
    const SET: &str = "profile/portrait_set";
    let node = TestNode::start().await;
    let mut api = with_users(&node, &["alice", "bob"]).await;
    let item = |tag: &str, value: Value| json!({"Tag": tag, "Value": value});
    let set = |items: &[Value]| json!({"From_Account": "alice", "ProfileItem": items});
    let all = [
        item("Tag_Profile_IM_Gender", json!("Gender_Type_Female")),
        item("Tag_Profile_IM_BirthDay", json!(20_000_101)),
        item("Tag_Profile_IM_Nick", json!("Alice")),
        item("Tag_Profile_IM_SelfSignature", json!("two\nlines")),
        item("Tag_Profile_IM_Level", json!(4_294_967_295_u64)),
        item("Tag_Profile_Custom_Team", json!("爱")),
        item("Tag_Profile_Custom_Points", json!(u64::MAX)),
    ];
    api.done(SET, &set(&all)).await;
    let mut tags: Vec<&str> = all.iter().map(|item| item["Tag"].as_str().unwrap()).collect();
    tags.push("Tag_Profile_IM_Role");
    let asked = json!({"To_Account": ["é", "bob", "nobody", "alice"], "TagList": tags});
    let before = api.done("profile/portrait_get", &asked).await;
    assert_eq!(before["UserProfileItem"][3]["ProfileItem"], json!(all));
    let nick = json!([item("Tag_Profile_IM_Nick", json!(""))]);
    assert_eq!(before["UserProfileItem"][1]["ProfileItem"], nick);

    for (tag, value, expected) in [
        ("Tag_Profile_IM_Gender", json!(1), 40001),
        ("Tag_Profile_IM_Level", json!("1"), 40001),
        ("Tag_Profile_IM_Level", json!(4_294_967_296_u64), 40001),
        ("Tag_Profile_IM_Level", json!(-1), 40001),
        ("Tag_Profile_IM_Height", json!("1"), 40001),
        ("Tag_Profile_Custom_", json!("1"), 40001),
        ("Tag_Profile_Custom_é", json!("1"), 40001),
        ("Tag_Profile_Custom_Team", json!(1.5), 40001),
        ("Tag_Profile_Custom_Team", json!(["x"]), 40001),
        ("Tag_Profile_Custom_Team", json!("x".repeat(501)), 40601),
    ] {
        // The nick in the same call is not changed either.
        let body = set(&[item("Tag_Profile_IM_Nick", json!("new")), item(tag, value.clone())]);
        assert_eq!(code(&api.call(SET, &body).await), expected, "{tag} {value}");
    }
    assert_eq!(api.done("profile/portrait_get", &asked).await, before);
    let many = |count: usize| -> Vec<Value> {
        (0..count).map(|n| item(&format!("Tag_Profile_Custom_{n}"), json!(n))).collect()
    };
    // The account has six fields already.
    api.done(SET, &set(&many(44))).await;
    assert_eq!(code(&api.call(SET, &set(&many(45))).await), 40001);
}
