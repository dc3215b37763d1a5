//! Tests of JSON over a WebSocket, as a third party would write it from the contract alone.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::websocket::{Socket, UPGRADE, converse};
use common::{TestNode, custom};
use futures_util::SinkExt;
use lamplight_model::{Platform, StatusType};
use lamplight_wire::{SUBPROTOCOL_JSON, SUBPROTOCOL_PROTOBUF};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

fn login(node: &TestNode, user: &str) -> Value {
    json!({
        "sdkAppId": node.app.id.0,
        "userId": user,
        "userSig": node.sig(user),
        "deviceId": "tab",
        "platform": "PLATFORM_WEB",
    })
}

async fn log_in(node: &TestNode, user: &str) -> Socket {
    let (mut socket, _) = Socket::connect(node.address(), &[SUBPROTOCOL_JSON]).await.unwrap();
    let answer = socket.ask(1, "login", login(node, user)).await;
    assert_eq!(answer["login"]["heartbeatTimeoutMs"], 60_000, "{answer}");
    socket
}

#[tokio::test]
async fn a_client_that_knows_json_alone_can_do_everything() {
    let node = TestNode::start().await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    let (mut alice, response) = Socket::connect(node.address(), &[SUBPROTOCOL_JSON]).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], SUBPROTOCOL_JSON);
    assert_eq!(alice.ask(1, "getSubscriptions", json!({})).await["refusal"]["code"], 6014);
    let answer = alice.ask(2, "login", login(&node, "alice")).await;
    assert_eq!(answer["login"]["registered"], true);
    assert_eq!(answer["login"]["statuses"][0]["userId"], "alice");
    assert_eq!(answer["login"]["statuses"][0]["statusType"], "STATUS_TYPE_ONLINE");
    assert!(answer["login"]["serverTime"].is_string(), "64 bits are text in protobuf's JSON: {answer}");

    let answer = alice.ask(3, "getUserStatus", json!({ "userIds": ["bob", "nobody"] })).await;
    let status = &answer["getUserStatus"]["statuses"][0];
    assert_eq!((status["userId"].as_str(), status["reason"].as_str()), (Some("bob"), Some("REASON_LOGIN")));
    assert_eq!(status["onlineDevices"], json!(["PLATFORM_IPHONE"]));
    assert_eq!(answer["getUserStatus"]["failures"], json!([{ "userId": "nobody", "code": 70107 }]));
    let answer = alice.ask(4, "getUserStatus", json!({ "userIds": ["nobody"] })).await;
    assert_eq!(answer["refusal"]["code"], 70107);
    assert!(answer["refusal"]["message"].is_string());

    let answer = alice.ask(5, "subscribeUserStatus", json!({ "userIds": ["bob"] })).await;
    let before = answer["subscribeUserStatus"]["statuses"][0]["version"].as_str().unwrap().to_owned();
    bob.ask(custom("\"quoted\" \\ 听歌中 🎵\n")).await;
    let told = alice.told("statusChanged").await["statuses"][0].clone();
    assert_eq!(told["customStatus"], "\"quoted\" \\ 听歌中 🎵\n");
    assert!(told["version"].as_str().unwrap().parse::<u64>().unwrap() > before.parse().unwrap());

    let answer = alice.ask(6, "setSelfStatus", json!({ "customStatus": "hi" })).await;
    assert_eq!(answer["setSelfStatus"]["status"]["customStatus"], "hi");
    let answer = alice.ask(7, "getSubscriptions", json!({})).await;
    assert_eq!(answer["getSubscriptions"], json!({ "userIds": ["bob"], "limit": 200 }));
    let answer = alice.ask(8, "unsubscribeUserStatus", json!({})).await;
    assert_eq!(answer["unsubscribeUserStatus"], json!({ "notWatched": ["bob"] }));
    assert!(!alice.ask(9, "heartbeat", json!({})).await["heartbeat"].is_null());
    assert!(!alice.ask(10, "logout", json!({})).await["logout"].is_null());
    assert_eq!(alice.told("connectionEnded").await["cause"], "CAUSE_LOGGED_OUT");
    assert!(matches!(alice.next().await, Some(Message::Close(_))));
}

#[tokio::test]
async fn ids_and_enums_are_read_in_every_way_that_protobuf_json_has() {
    let node = TestNode::start().await;
    let mut alice = log_in(&node, "alice").await;
    // A request without an id gets no answer.
    alice.send_json(json!({ "setSelfStatus": { "customStatus": "quiet" } })).await;
    alice
        .send_json(json!({ "id": "18446744073709551615", "get_user_status": { "user_ids": ["alice"] } }))
        .await;
    loop {
        let answer = alice.next_json().await;
        if !answer["getUserStatus"].is_null() {
            assert_eq!(answer["id"], "18446744073709551615");
            assert_eq!(answer["getUserStatus"]["statuses"][0]["customStatus"], "quiet");
            break;
        }
        assert!(!answer["statusChanged"].is_null(), "{answer}");
    }
    let (mut bob, _) = Socket::connect(node.address(), &[SUBPROTOCOL_JSON]).await.unwrap();
    let mut request = login(&node, "bob");
    request["platform"] = json!(7);
    assert!(!bob.ask(1, "login", request).await["login"].is_null());
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_its_id() {
    let node = TestNode::start().await;
    let mut alice = log_in(&node, "alice").await;
    let table = [
        // Half of a surrogate pair, as `JSON.stringify` escapes it.
        (r#"{"id":2,"setSelfStatus":{"customStatus":"\ud83d"}}"#, json!("2")),
        (r#"{"setSelfStatus":{"customStatus":"\ud83d"},"id":"3"}"#, json!("3")),
        (r#"{"id":4,"getUserStatus":{"userIds":"alice"}}"#, json!("4")),
        (r#"{"id":5,"getUserStatus":{"userIds":[null]}}"#, json!("5")),
        (r#"{"id":6,"login":{"platform":"PLATFORM_FRIDGE"}}"#, json!("6")),
        (r#"{"id":7,"heartbeat":"#, json!("7")),
        (r#"{"id":"seven"}"#, Value::Null),
        ("nonsense", Value::Null),
    ];
    for (text, id) in table {
        alice.send(Message::text(text)).await;
        let answer = alice.next_json().await;
        assert_eq!((&answer["refusal"]["code"], &answer["id"]), (&json!(6017), &id), "{text}: {answer}");
        let words = answer["refusal"]["message"].as_str().unwrap();
        assert!(words.contains("the message cannot be read: "), "{words}");
    }
    alice.send(Message::binary(vec![8, 9, 74, 0])).await;
    let answer = alice.next_json().await;
    assert_eq!((&answer["refusal"]["code"], &answer["id"]), (&json!(6017), &json!("9")), "{answer}");
    // None of these messages has changed anything, and the connection stays open.
    let answer = alice.ask(10, "getUserStatus", json!({ "userIds": ["alice"] })).await;
    assert_eq!(answer["getUserStatus"]["statuses"][0]["customStatus"], Value::Null);
}

#[tokio::test]
async fn null_is_absence() {
    let node = TestNode::start().await;
    let (mut alice, _) = Socket::connect(node.address(), &[SUBPROTOCOL_JSON]).await.unwrap();
    let mut request = login(&node, "alice");
    request["resume"] = Value::Null;
    request["known"] = Value::Null;
    assert!(!alice.ask(1, "login", request).await["login"].is_null());
    assert!(!alice.ask(2, "setSelfStatus", json!({ "customStatus": "hi" })).await["setSelfStatus"].is_null());
    let answer = alice.ask(3, "setSelfStatus", json!({ "customStatus": null })).await;
    assert_eq!(answer["setSelfStatus"]["status"]["customStatus"], Value::Null, "{answer}");
    let answer = alice.ask(4, "getUserStatus", Value::Null).await;
    assert_eq!(answer["refusal"]["code"], 6017, "a message without a request: {answer}");
    let answer = alice.ask(5, "unsubscribeUserStatus", json!({ "userIds": null })).await;
    assert!(!answer["unsubscribeUserStatus"].is_null(), "{answer}");
}

#[tokio::test]
async fn json_is_spoken_where_no_subprotocol_is_offered() {
    let node = TestNode::start().await;
    let (mut alice, response) = Socket::connect(node.address(), &[]).await.unwrap();
    assert!(response.headers().get("sec-websocket-protocol").is_none());
    assert!(!alice.ask(1, "login", login(&node, "alice")).await["login"].is_null());
}

#[tokio::test]
async fn the_first_known_subprotocol_is_chosen_and_none_is_a_bad_request() {
    let node = TestNode::start().await;
    let offered = ["chat", SUBPROTOCOL_PROTOBUF, SUBPROTOCOL_JSON];
    let (_, response) = Socket::connect(node.address(), &offered).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], SUBPROTOCOL_PROTOBUF);
    match Socket::connect(node.address(), &["chat", "lamplight.v2.json"]).await {
        Err(Error::Http(response)) => {
            assert_eq!(response.status(), 400);
            let why = String::from_utf8(response.into_body().unwrap()).unwrap();
            assert!(why.contains(SUBPROTOCOL_JSON) && why.contains(SUBPROTOCOL_PROTOBUF), "{why}");
        }
        other => panic!("{:?}", other.map(|(_, response)| response)),
    }
}

#[tokio::test]
async fn plain_http_is_a_bad_request() {
    let node = TestNode::start().await;
    let requests = [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        "GET /metrics HTTP/1.0\r\n\r\n".to_owned(),
        "GET nonsense\r\n\r\n".to_owned(),
        format!("{}\r\n", UPGRADE.replace("Version: 13", "Version: 8")),
        format!("{}\r\n", UPGRADE.replace("websocket", "h2c")),
    ];
    for request in requests {
        let answer = String::from_utf8(converse(node.address(), request.as_bytes()).await).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{request}: {answer}");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}", body.len())) && !body.is_empty(), "{answer}");
    }
}

#[tokio::test]
async fn a_ping_is_answered_and_a_message_in_pieces_is_put_together() {
    let node = TestNode::start().await;
    let mut alice = log_in(&node, "alice").await;
    alice.send(Message::Ping(Bytes::from_static(b"are you there"))).await;
    while alice.next().await.unwrap() != Message::Pong(Bytes::from_static(b"are you there")) {}

    let text = json!({ "id": 2, "setSelfStatus": { "customStatus": "听歌中" } }).to_string();
    // A fragment may end inside a character, and a ping may come between fragments.
    let cut = text.find('听').unwrap() + 1;
    let (first, rest) = text.as_bytes().split_at(cut);
    let piece = |bytes: &[u8], code, last| Message::Frame(Frame::message(bytes.to_vec(), code, last));
    alice.0.feed(piece(first, OpCode::Data(Data::Text), false)).await.unwrap();
    alice.0.feed(Message::Ping(Bytes::from_static(b"between"))).await.unwrap();
    alice.0.feed(piece(rest, OpCode::Data(Data::Continue), true)).await.unwrap();
    alice.0.flush().await.unwrap();
    let (mut ponged, mut answered) = (false, false);
    while !ponged || !answered {
        match alice.next().await.unwrap() {
            Message::Pong(bytes) => ponged = bytes.as_ref() == b"between",
            Message::Text(text) => answered |= text.as_str().contains(r#""id":"2""#),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_goodbye_is_answered_and_ends_the_presence_at_once() {
    let node = TestNode::start().await;
    let mut alice = node.log_in("alice", "mac", Platform::Mac).await;
    let mut bob = log_in(&node, "bob").await;
    alice.subscribe(&["bob"]).await;
    let goodbye = CloseFrame { code: CloseCode::Away, reason: "navigating".into() };
    bob.send(Message::Close(Some(goodbye))).await;
    // The notification arrives while the socket of the user who left is still open.
    let told = alice.told("bob", StatusType::Unlogined).await;
    assert_eq!(told.reason, lamplight_wire::v1::Reason::LinkClosed as i32);
    loop {
        match bob.next().await.expect("a goodbye before the end") {
            Message::Close(answer) => {
                assert_eq!(answer.unwrap().code, CloseCode::Away);
                break;
            }
            Message::Text(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(bob.next().await, None);
    node.has_connections(1).await;
}

#[tokio::test]
async fn the_last_words_are_followed_by_a_goodbye() {
    let node = TestNode::start().await;
    let mut first = log_in(&node, "bob").await;
    let mut second = log_in(&node, "bob").await;
    let ended = first.told("connectionEnded").await;
    assert_eq!(ended["cause"], "CAUSE_SUPERSEDED");
    assert!(matches!(first.next().await, Some(Message::Close(_))));
    assert_eq!(first.next().await, None);
    let _at_once = node.node.service().kick(&node.user("bob"), node.clock.now()).await.unwrap();
    assert_eq!(second.told("connectionEnded").await["cause"], "CAUSE_KICKED_BY_OPERATOR");
}
