//! Tests of visibility and block lists with a real node: over the wire protocol, with the Rust SDK and through the
//! server API.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::api::{Api, code};
use common::chat::{add_friend, block, block_list, send, set_visibility, unblock};
use common::receiver::{Manner, Receiver};
use common::{PATIENCE, TestNode, custom};
use lamplight_client::{Client, Code, Error, Event, Events};
use lamplight_model::StatusType::{Offline, Online};
use lamplight_model::{Platform, Visibility};
use lamplight_service::By;
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::server_message::Body;
use serde_json::{Value, json};
use std::time::Duration;

fn failures(failures: &[v1::ItemFailure]) -> Vec<(&str, u32)> {
    failures.iter().map(|failure| (&*failure.user_id, failure.code)).collect()
}

fn names(blocked: &[v1::BlockedUser]) -> Vec<&str> {
    blocked.iter().map(|entry| &*entry.user_id).collect()
}

async fn listed(wire: &mut common::Wire) -> v1::GetBlockListResponse {
    match wire.ask(block_list()).await {
        Body::GetBlockList(list) => list,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_block_list_changes_on_every_device_and_refuses_messages_of_the_blocked() {
    let node = TestNode::start().await;
    let mut phone = node.log_in("alice", "phone", Platform::IPhone).await;
    let mut mac = node.log_in("alice", "mac", Platform::Mac).await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    drop(node.log_in("cid", "phone", Platform::IPhone).await);

    let empty = listed(&mut phone).await;
    assert_eq!((empty.visibility(), empty.blocked.len()), (v1::Visibility::Everyone, 0));
    let Body::BlockUsers(done) = phone.ask(block(&["cid", "bob", "nobody", "bob"])).await else { panic!() };
    assert_eq!(
        (names(&done.blocked), failures(&done.failures)),
        (vec!["cid", "bob"], vec![("nobody", 70107)])
    );
    let told = mac.lists_changed().await;
    assert_eq!((told.blocked, told.lists_version), (done.blocked.clone(), done.lists_version));
    let Body::BlockUsers(again) = phone.ask(block(&["bob"])).await else { panic!() };
    assert_eq!((again.blocked.len(), failures(&again.failures)), (0, vec![("bob", 31307)]));
    assert_eq!(again.lists_version, done.lists_version, "nothing has changed");
    let list = listed(&mut mac).await;
    assert_eq!((names(&list.blocked), list.lists_version), (vec!["bob", "cid"], done.lists_version));

    assert_eq!(bob.refused(send("alice", "hi", "m1")).await, 20007);
    assert_eq!(bob.refused(add_friend("alice", "")).await, 30516);
    let Body::SendMessage(sent) = phone.ask(send("bob", "only you cannot answer", "m1")).await else {
        panic!()
    };
    assert!(!sent.repeated_send);

    mac.lists_changed().await;
    let Body::UnblockUsers(done) = mac.ask(unblock(&["bob", "dan"])).await else { panic!() };
    assert_eq!(failures(&done.failures), [("dan", 31503)]);
    assert_eq!(phone.lists_changed().await.unblocked, ["bob"]);
    let Body::SendMessage(_) = bob.ask(send("alice", "hi", "m1")).await else { panic!() };
    assert_eq!(phone.lists_changed().await.messages[0].text, "hi");
    assert_eq!(node.metric("lamplight_users_restricted").await, 1);
    for (call, count) in
        [("block_users", 2), ("get_block_list", 2), ("unblock_users", 1), ("set_visibility", 0)]
    {
        let line = format!("lamplight_restriction_calls_total{{call=\"{call}\"}}");
        assert_eq!(node.metric(&line).await, count, "{call}");
    }
    mac.ask(unblock(&["cid"])).await;
    assert_eq!(node.metric("lamplight_users_restricted").await, 0);
    node.node.stop().await;
}

#[tokio::test]
async fn calls_with_nobody_oneself_too_many_or_no_visibility_are_refused() {
    let node = TestNode::start().await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let many: Vec<String> = (0..1_001).map(|n| format!("u{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for call in [block, unblock] {
        assert_eq!(alice.refused(call(&[])).await, 6017);
        assert_eq!(alice.refused(call(&["bob", "alice"])).await, 6017);
        assert_eq!(alice.refused(call(&["é"])).await, 6017);
        assert_eq!(alice.refused(call(&many)).await, 70206);
    }
    assert_eq!(alice.refused(set_visibility(v1::Visibility::Unspecified)).await, 6017);
    let unknown = Request::SetVisibility(v1::SetVisibilityRequest { visibility: 9 });
    assert_eq!(alice.refused(unknown).await, 6017);
    let list = listed(&mut alice).await;
    assert_eq!((list.visibility(), list.blocked.len()), (v1::Visibility::Everyone, 0));
    node.node.stop().await;
}

#[tokio::test]
async fn a_user_is_hidden_from_some_and_seen_by_others_while_all_are_connected() {
    let node = TestNode::start().await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    let mut cid = node.log_in("cid", "phone", Platform::IPhone).await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let mut mac = node.log_in("alice", "mac", Platform::Mac).await;
    alice.ask(add_friend("bob", "")).await;
    for watcher in [&mut bob, &mut cid] {
        assert_eq!(watcher.subscribe(&["alice"]).await.statuses[0].status_type(), v1::StatusType::Online);
    }
    let Body::SetVisibility(set) = alice.ask(set_visibility(v1::Visibility::Friends)).await else { panic!() };
    let hidden = cid.told("alice", Offline).await;
    assert_eq!((hidden.reason(), hidden.online_devices.len()), (v1::Reason::LinkClosed, 0));
    loop {
        let told = mac.lists_changed().await;
        if told.visibility() != v1::Visibility::Unspecified {
            assert_eq!((told.visibility(), told.lists_version), (v1::Visibility::Friends, set.lists_version));
            break;
        }
    }
    alice.ask(custom("busy")).await;
    assert_eq!(bob.told("alice", Online).await.custom_status, "busy");
    let seen = cid.status_of("alice").await;
    assert_eq!((seen.status_type(), seen.version), (v1::StatusType::Offline, hidden.version));
    // A query by the user itself is answered with the real status.
    assert_eq!(mac.status_of("alice").await.status_type(), v1::StatusType::Online);

    alice.ask(set_visibility(v1::Visibility::Everyone)).await;
    let back = cid.told("alice", Online).await;
    assert!(back.version > hidden.version && back.custom_status == "busy", "{back:?}");
    alice.ask(block(&["cid"])).await;
    cid.told("alice", Offline).await;
    assert_eq!(bob.status_of("alice").await.status_type(), v1::StatusType::Online);
    node.node.stop().await;
}

async fn client(node: &TestNode, user: &str, platform: Platform) -> (Client, Events) {
    let client = Client::builder(format!("tcp://127.0.0.1:{}", node.address().port()))
        .app(node.app.id)
        .platform(platform)
        .device_id(format!("{user}-{platform}"))
        .call_timeout(PATIENCE)
        .build()
        .unwrap();
    let events = client.events();
    client.login(user, &node.sig(user)).await.unwrap();
    (client, events)
}

async fn until<T>(events: &mut Events, wanted: impl Fn(&Event) -> Option<T>) -> T {
    loop {
        let event = tokio::time::timeout(PATIENCE, events.next()).await.expect("it comes").unwrap();
        if let Some(found) = wanted(&event) {
            return found;
        }
    }
}

#[tokio::test]
async fn the_rust_sdk_sets_and_reads_the_lists_and_hears_of_changes_elsewhere() {
    let node = TestNode::start().await;
    let (bob, mut bobs) = client(&node, "bob", Platform::Android).await;
    let (alice, _) = client(&node, "alice", Platform::Android).await;
    let (_mac, mut macs) = client(&node, "alice", Platform::Mac).await;
    bob.subscribe_user_status(["alice"]).await.unwrap();

    alice.set_visibility(Visibility::Nobody).await.unwrap();
    let is_away = |event: &Event| match event {
        Event::StatusChanged(changed) => changed.iter().find(|it| it.user_id.as_str() == "alice").cloned(),
        _ => None,
    };
    let away = until(&mut bobs, |event| is_away(event).filter(|it| it.status_type == Offline)).await;
    let visibility = |event: &Event| match event {
        Event::VisibilityChanged(visibility) => Some(*visibility),
        _ => None,
    };
    assert_eq!(until(&mut macs, visibility).await, Visibility::Nobody);
    let cached = bob.cached().into_iter().find(|it| it.user_id.as_str() == "alice");
    assert_eq!(cached.map(|it| it.version), Some(away.version));

    let done = alice.block_users(["bob", "nobody"]).await.unwrap();
    assert_eq!((done.blocked[0].id.as_str(), done.failures[0].code), ("bob", 70107));
    let change = |event: &Event| match event {
        Event::BlockListChanged { blocked, unblocked } => Some((blocked.clone(), unblocked.clone())),
        _ => None,
    };
    assert_eq!(until(&mut macs, change).await, (done.blocked.clone(), Vec::new()));
    let list = alice.get_block_list().await.unwrap();
    assert_eq!((list.visibility, list.blocked), (Visibility::Nobody, done.blocked));
    match bob.send_c2c_text_message("alice", "hi").await {
        Err(Error::Refused(refused)) => assert!(refused.is(Code::BLOCKED), "{refused}"),
        other => panic!("{other:?}"),
    }
    let failures = alice.unblock_users(["bob", "cid"]).await.unwrap();
    assert_eq!((&*failures[0].user_id, failures[0].code), ("cid", 31503));
    assert_eq!(until(&mut macs, change).await.1[0].as_str(), "bob");
    bob.send_c2c_text_message("alice", "hi").await.unwrap();
}

fn results(answer: &Value) -> Vec<(&str, u64)> {
    let items = answer["ResultItem"].as_array().unwrap().iter();
    items.map(|item| (item["To_Account"].as_str().unwrap(), item["ResultCode"].as_u64().unwrap())).collect()
}

async fn with_users(node: &TestNode, users: &[&str]) -> Api {
    let mut api = Api::connect(node).await;
    api.done("im_open_login_svc/multiaccount_import", &json!({"Accounts": users})).await;
    api
}

fn named(from: &str, to: Value) -> Value {
    json!({"From_Account": from, "To_Account": to})
}

#[tokio::test]
async fn a_backend_adds_reads_checks_and_deletes_entries_of_a_block_list() {
    let node = TestNode::start().await;
    let mut api = with_users(&node, &["alice", "bob", "cid", "dan"]).await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;

    let add = named("alice", json!(["cid", "bob", "alice", "nobody", "é", "bob"]));
    let answer = api.done("sns/black_list_add", &add).await;
    let expected = [("cid", 0), ("bob", 0), ("alice", 30001), ("nobody", 30003), ("é", 30001), ("bob", 0)];
    assert_eq!(results(&answer), expected);
    assert_eq!(answer["Fail_Account"], json!(["alice", "nobody", "é"]));
    assert_eq!(names(&alice.lists_changed().await.blocked), ["cid", "bob"]);
    let again = api.done("sns/black_list_add", &named("alice", json!(["bob"]))).await;
    assert_eq!((results(&again), &again["Fail_Account"]), (vec![("bob", 31307)], &json!(["bob"])));

    let get = |start: u32, most: u32| json!({"From_Account": "alice", "StartIndex": start, "MaxLimited": most, "LastSequence": 0});
    let first = api.done("sns/black_list_get", &get(0, 1)).await;
    assert_eq!((&first["BlackListItem"][0]["To_Account"], &first["StartIndex"]), (&json!("bob"), &json!(1)));
    let since = first["BlackListItem"][0]["AddBlackTimeStamp"].as_u64().unwrap();
    assert!(since.abs_diff(node.clock.now().wall.as_secs()) < 60, "{since}");
    let last = api.done("sns/black_list_get", &get(1, 30)).await;
    assert_eq!((&last["BlackListItem"][0]["To_Account"], &last["StartIndex"]), (&json!("cid"), &json!(0)));
    assert_eq!(last["CurruentSequence"], first["CurruentSequence"]);
    let beyond = api.done("sns/black_list_get", &get(u32::MAX, u32::MAX)).await;
    assert_eq!((beyond.get("BlackListItem"), &beyond["StartIndex"]), (None, &json!(0)));

    api.done("sns/black_list_add", &named("bob", json!(["alice"]))).await;
    api.done("sns/black_list_add", &named("dan", json!(["alice"]))).await;
    for (how, expected) in [
        ("Both", ["BothWay", "AWithB", "BWithA", "NO", "NO"]),
        ("Single", ["AWithB", "AWithB", "NO", "NO", "NO"]),
    ] {
        let body = json!({"From_Account": "alice", "To_Account": ["bob", "cid", "dan", "nobody", "é"],
                          "CheckType": format!("BlackCheckResult_Type_{how}")});
        let answer = api.done("sns/black_list_check", &body).await;
        let items = answer["BlackListCheckItem"].as_array().unwrap();
        let found: Vec<&str> = items.iter().map(|item| item["Relation"].as_str().unwrap()).collect();
        assert_eq!(found, expected.map(|relation| format!("BlackCheckResult_Type_{relation}")), "{how}");
        assert_eq!((&items[3]["ResultCode"], &items[4]["ResultCode"]), (&json!(30003), &json!(30001)));
        assert_eq!(answer["Fail_Account"], json!(["nobody", "é"]));
    }

    let gone = api.done("sns/black_list_delete", &named("alice", json!(["bob", "dan", "é", "alice"]))).await;
    assert_eq!(results(&gone), [("bob", 0), ("dan", 31503), ("é", 30001), ("alice", 30001)]);
    assert_eq!(alice.lists_changed().await.unblocked, ["bob"]);
    for (command, body, expected) in [
        ("sns/black_list_add", named("nobody", json!(["bob"])), 30003),
        ("sns/black_list_add", named("alice", json!([])), 30001),
        ("sns/black_list_get", get(0, 0), 30001),
        ("sns/black_list_get", json!({"From_Account": "nobody", "StartIndex": 0, "MaxLimited": 1}), 30003),
        ("sns/black_list_check", named("alice", json!(["bob"])), 30001),
        (
            "sns/black_list_check",
            json!({"From_Account": "alice", "To_Account": ["bob"], "CheckType": "x"}),
            30001,
        ),
    ] {
        assert_eq!(code(&api.call(command, &body).await), expected, "{command} {body}");
    }
    node.node.stop().await;
}

#[tokio::test]
async fn a_block_list_has_at_most_a_thousand_users_and_keeps_deleted_ones() {
    let node = TestNode::start().await;
    let mut api = with_users(&node, &["alice", "bob"]).await;
    let users: Vec<String> = (0..1_000).map(|n| format!("u{n:03}")).collect();
    for some in users.chunks(100) {
        api.done("im_open_login_svc/multiaccount_import", &json!({"Accounts": some})).await;
    }
    let answer = api.done("sns/black_list_add", &named("alice", json!(users))).await;
    assert!(answer.get("Fail_Account").is_none(), "{answer}");
    let full = api.done("sns/black_list_add", &named("alice", json!(["bob"]))).await;
    assert_eq!(results(&full), [("bob", 31306)]);
    let too_many = [&users[..], &["bob".to_owned()]].concat();
    assert_eq!(code(&api.call("sns/black_list_add", &named("alice", json!(too_many))).await), 30001);

    api.done("im_open_login_svc/account_delete", &json!({"DeleteItem": [{"UserID": "u007"}]})).await;
    let check =
        json!({"From_Account": "alice", "To_Account": ["u007"], "CheckType": "BlackCheckResult_Type_Single"});
    let answer = api.done("sns/black_list_check", &check).await;
    assert_eq!(answer["BlackListCheckItem"][0]["Relation"], "BlackCheckResult_Type_AWithB");
    let list = json!({"From_Account": "alice", "StartIndex": 0, "MaxLimited": 1000});
    let list = api.done("sns/black_list_get", &list).await;
    assert_eq!(list["BlackListItem"].as_array().unwrap().len(), 1_000);
    node.node.stop().await;
}

#[tokio::test]
async fn a_backend_sees_the_truth_and_the_visibility_of_a_hidden_user() {
    let node = TestNode::start().await;
    let mut api = with_users(&node, &["alice", "bob"]).await;
    let alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    bob.subscribe(&["alice"]).await;

    let query = json!({"To_Account": ["alice", "bob"], "IsNeedDetail": 1});
    let before = api.done("openim/query_online_status", &query).await;
    assert!(before["QueryResult"][0].get("Visibility").is_none(), "{before}");
    let feed = async |api: &mut Api, cursor: &Value| {
        let page = api.done("openim/status_feed", &json!({"Cursor": cursor})).await;
        let of = |name: &str| {
            let mut changes = page["Changes"].as_array().unwrap().iter();
            changes.find(|change| change["To_Account"] == name).cloned()
        };
        (page["Cursor"].clone(), of("alice"))
    };
    let (cursor, entry) = feed(&mut api, &json!("")).await;
    assert!(entry.unwrap().get("Visibility").is_none());

    api.done("openim/set_visibility", &json!({"UserID": "alice", "Visibility": "nobody"})).await;
    bob.told("alice", Offline).await;
    for command in ["openim/query_online_status", "openim/querystate"] {
        let answer = api.done(command, &query).await;
        let [alice, bob] = [&answer["QueryResult"][0], &answer["QueryResult"][1]];
        assert_eq!((&alice["Status"], &alice["Visibility"]), (&json!("Online"), &json!("nobody")));
        assert!(bob.get("Visibility").is_none(), "{bob}");
    }
    let plain = api.done("openim/query_online_status", &json!({"To_Account": ["alice"]})).await;
    assert!(plain["QueryResult"][0].get("Visibility").is_none(), "{plain}");
    let (_, entry) = feed(&mut api, &cursor).await;
    let entry = entry.expect("a change of the visibility is in the feed");
    assert_eq!((&entry["StatusType"], &entry["Visibility"]), (&json!(1), &json!("nobody")));

    for (body, expected) in [
        (json!({"UserID": "nobody", "Visibility": "friends"}), 70107),
        (json!({"UserID": "alice", "Visibility": "Friends"}), 6017),
        (json!({"UserID": "alice"}), 6017),
        (json!({"Visibility": "friends"}), 6017),
        (json!({"UserID": "é", "Visibility": "friends"}), 7003),
    ] {
        assert_eq!(code(&api.call("openim/set_visibility", &body).await), expected, "{body}");
    }
    api.done("openim/set_visibility", &json!({"From_Account": "alice", "Visibility": "everyone"})).await;
    bob.told("alice", Online).await;
    drop(alice);
    node.node.stop().await;
}

#[tokio::test]
async fn a_backend_cannot_send_for_a_blocked_user() {
    let node = TestNode::start().await;
    let mut api = with_users(&node, &["alice", "bob", "cid"]).await;
    api.done("sns/black_list_add", &named("alice", json!(["bob"]))).await;
    let text = json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hi"}}]);
    let message =
        |to: Value| json!({"From_Account": "bob", "To_Account": to, "MsgRandom": 1, "MsgBody": text});
    assert_eq!(code(&api.call("openim/sendmsg", &message(json!("alice"))).await), 20007);
    let answer = api.done("openim/batchsendmsg", &message(json!(["alice", "cid"]))).await;
    assert_eq!(answer["ErrorList"], json!([{"To_Account": "alice", "ErrorCode": 20007}]));
    let answer = api.call("openim/batchsendmsg", &message(json!(["alice"]))).await;
    assert_eq!(code(&answer), 20007);
    // The app's backend may still make the two users friends.
    let item = json!([{"To_Account": "alice", "AddSource": "AddSource_Type_test"}]);
    let answer = api.done("sns/friend_add", &json!({"From_Account": "bob", "AddFriendItem": item})).await;
    assert_eq!(results(&answer), [("alice", 0)]);
    node.node.stop().await;
}

#[tokio::test]
async fn what_was_sent_to_who_hides_is_pushed_after_that_user_has_gone() {
    let receiver = Receiver::start(Manner::Answer(200)).await;
    let mut node = TestNode::start_with(|config| config.webhooks.allow_private = true).await;
    let url = receiver.url();
    node.set(|settings| {
        settings.webhooks.push_url = url;
        settings.timing.linger_native_ms = 20_000;
    })
    .await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let bob = node.log_in("bob", "phone", Platform::IPhone).await;
    let (service, hider) = (node.node.service(), node.user("bob"));
    service.set_visibility(&hider, Visibility::Nobody, By::App, node.clock.now()).await.unwrap();
    node.clock.advance(Duration::from_secs(60));
    alice.ask(send("bob", "hello", "1")).await;
    // Bob is connected: the undecided notice is dropped.
    let dropped = async {
        while service.outbox().backlog(node.app.id).await.unwrap().iter().any(|lane| lane.waiting > 0) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, dropped).await.unwrap();
    assert_eq!(receiver.said(), [""; 0]);
    drop(bob);
    node.has_connections(1).await;
    node.clock.advance(Duration::from_secs(21));
    receiver.has(1).await;
    alice.ask(send("bob", "again", "2")).await;
    receiver.has(2).await;
    assert_eq!(receiver.said(), ["bob hello", "bob again"]);
}
