//! Tests of malformed and oversized frames: each gets its code, changes nothing and harms no other connection.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::pair::Pair;
use common::websocket::{Socket, UPGRADE, converse};
use common::{Wire, custom, length_prefix};
use futures_util::SinkExt;
use lamplight_model::{Platform, StatusType};
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::connection_ended::Cause;
use lamplight_wire::v1::server_message::Body;
use lamplight_wire::{NATIVE_PREAMBLE, SUBPROTOCOL_JSON, SUBPROTOCOL_PROTOBUF, v1};
use prost::Message as _;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

const BEFORE_LOGIN: usize = 64 * 1024;
const AFTER_LOGIN: usize = 512 * 1024;

/// Makes bytes that are not a message.
fn nonsense(length: usize) -> Vec<u8> {
    vec![0xff; length]
}

impl Wire {
    /// Checks that the next message is the refusal of an unreadable frame.
    async fn unreadable(&mut self) {
        match self.next().await.unwrap() {
            v1::ServerMessage { id: 0, body: Some(Body::Refusal(refusal)) } => assert_eq!(refusal.code, 6017),
            other => panic!("{other:?}"),
        }
    }

    /// Checks that the server ends the connection because of a protocol violation.
    async fn ends_broken_off(mut self) {
        assert_eq!(self.last_words().await.cause, Cause::ProtocolError as i32);
        self.closed().await;
    }
}

#[tokio::test]
async fn a_frame_before_the_login_has_at_most_64_kib() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    let mut eve = node.connect().await;
    eve.send_framed(&nonsense(BEFORE_LOGIN)).await;
    eve.unreadable().await;
    // The frame is refused as soon as its length is known.
    eve.stream.write_all(&length_prefix(BEFORE_LOGIN + 1)).await.unwrap();
    eve.ends_broken_off().await;
    let mut eve = node.connect().await;
    eve.stream.write_all(&length_prefix(65 * 1024)).await.unwrap();
    eve.stream.write_all(&nonsense(65 * 1024)).await.unwrap();
    eve.ends_broken_off().await;
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn a_frame_after_the_login_has_at_most_512_kib() {
    let (node, mut pair) = Pair::on_a_node(|_| {}).await;
    let mut eve = node.log_in("eve", "phone", Platform::IPhone).await;
    pair.alice.subscribe(&["eve"]).await;
    eve.send_framed(&nonsense(AFTER_LOGIN)).await;
    while eve.next().await.unwrap().body.is_some_and(|body| !matches!(body, Body::Refusal(_))) {}
    let Body::SetSelfStatus(_) = eve.ask(custom("still here")).await else { panic!() };
    eve.stream.write_all(&length_prefix(AFTER_LOGIN + 1)).await.unwrap();
    eve.ends_broken_off().await;
    let told = pair.alice.told("eve", StatusType::Offline).await;
    assert_eq!((told.reason, told.custom_status.as_str()), (v1::Reason::LinkClosed as i32, ""));
    pair.alice.ask(common::unsubscribe(&["eve"])).await;
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn a_message_over_a_websocket_has_the_same_bounds() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    let ended = |message: Option<Message>| {
        let Some(Message::Text(text)) = message else { panic!("{message:?}") };
        assert!(text.contains("CAUSE_PROTOCOL_ERROR"), "{text}");
    };
    let (mut eve, _) = Socket::connect(node.address(), &[SUBPROTOCOL_JSON]).await.unwrap();
    eve.send(Message::text("x".repeat(BEFORE_LOGIN))).await;
    assert_eq!(eve.next_json().await["refusal"]["code"], 6017);
    eve.send(Message::text("x".repeat(BEFORE_LOGIN + 1))).await;
    ended(eve.next().await);
    assert!(matches!(eve.next().await, Some(Message::Close(_)) | None));

    // One message in many small fragments.
    let (mut eve, _) = Socket::connect(node.address(), &[SUBPROTOCOL_JSON]).await.unwrap();
    for piece in 0..=64 {
        let kind = if piece == 0 { Data::Text } else { Data::Continue };
        let frame = Frame::message(vec![b'x'; 1024], OpCode::Data(kind), false);
        eve.0.feed(Message::Frame(frame)).await.unwrap();
    }
    eve.0.flush().await.unwrap();
    ended(eve.next().await);

    let (mut eve, _) = Socket::connect(node.address(), &[SUBPROTOCOL_PROTOBUF]).await.unwrap();
    let login = v1::ClientMessage { id: 1, body: Some(node.login("eve", "tab", Platform::Web)) };
    eve.send(Message::binary(login.encode_to_vec())).await;
    eve.next().await.unwrap();
    eve.send(Message::binary(nonsense(AFTER_LOGIN))).await;
    eve.send(Message::binary(nonsense(AFTER_LOGIN + 1))).await;
    let mut bodies = Vec::new();
    while let Some(Message::Binary(bytes)) = eve.next().await {
        bodies.push(v1::ServerMessage::decode(bytes).unwrap().body.unwrap());
    }
    assert!(matches!(&bodies[..], [.., Body::Refusal(_), Body::ConnectionEnded(_)]), "{bodies:?}");
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn a_length_that_does_not_end_is_no_frame() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    for length in [&[0xff; 4][..], &[0xff; 10], &[0x80; 5]] {
        let mut eve = node.connect().await;
        eve.stream.write_all(length).await.unwrap();
        eve.ends_broken_off().await;
    }
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn who_has_not_logged_in_in_time_is_closed_however_busy_it_looks() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    let mut login = Vec::new();
    let body = Some(node.login("eve", "phone", Platform::IPhone));
    lamplight_wire::put_frame(&mut login, &v1::ClientMessage { id: 1, body });

    let mut slow = node.connect().await;
    let mut refused = node.connect().await;
    let mut silent = TcpStream::connect(node.address()).await.unwrap();
    let mut half_upgrade = TcpStream::connect(node.address()).await.unwrap();
    half_upgrade.write_all(b"GET / HTTP/1.1\r\nHost:").await.unwrap();
    node.has_connections(6).await;
    for byte in &login[..9] {
        slow.stream.write_all(&[*byte]).await.unwrap();
        node.clock.advance(Duration::from_secs(1));
    }
    // Answers do not extend the time limit.
    assert_eq!(refused.refused(custom("x")).await, 6014);
    node.clock.advance(Duration::from_secs(2));
    for mut late in [slow, refused] {
        assert_eq!(late.last_words().await.cause, Cause::LoginTimeout as i32);
        late.closed().await;
    }
    for late in [&mut silent, &mut half_upgrade] {
        assert_eq!(common::websocket::rest_of(late).await, b"", "nobody knows how to speak to it");
    }
    drop((silent, half_upgrade));
    node.has_connections(2).await;
    assert!(!node.has_account("eve").await);

    // Within the time limit, a login may arrive byte by byte.
    let mut slow = node.connect().await;
    for byte in &login {
        slow.stream.write_all(&[*byte]).await.unwrap();
    }
    assert!(matches!(slow.next().await.unwrap().body, Some(Body::Login(_))));
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn a_frame_that_was_cut_changes_nothing() {
    let (node, mut pair) = Pair::on_a_node(|_| {}).await;
    let mut eve = node.log_in("eve", "phone", Platform::IPhone).await;
    let version = pair.alice.status_of("eve").await.version;
    let mut frame = Vec::new();
    lamplight_wire::put_frame(&mut frame, &v1::ClientMessage { id: 9, body: Some(custom("cut off")) });
    let _keeps_eve_online = node.log_in("eve", "mac", Platform::Mac).await;
    for cut in [1, frame.len() / 2, frame.len() - 1] {
        eve.stream.write_all(&frame[..cut]).await.unwrap();
        drop(eve);
        node.has_connections(3).await;
        eve = node.log_in("eve", "phone", Platform::IPhone).await;
    }
    let status = pair.alice.status_of("eve").await;
    assert_eq!((status.version, status.custom_status.as_str()), (version, ""));
    // A frame is read even if it arrives in many pieces.
    for part in frame.chunks(3) {
        eve.stream.write_all(part).await.unwrap();
    }
    assert_eq!(eve.told_of("eve").await.custom_status, "cut off");
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn a_whole_frame_that_is_no_message_is_refused_and_the_next_one_is_read() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    let mut eve = node.connect().await;
    eve.send_framed(&nonsense(3)).await;
    eve.unreadable().await;
    // The messages are: a field that announces more bytes than follow, a message without a body, and a body of an
    // unknown type.
    eve.send_framed(&[0x22, 0x7f, b'x']).await;
    eve.unreadable().await;
    eve.send_framed(&[]).await;
    eve.unreadable().await;
    eve.send_framed(&[0x08, 0x05, 0xfa, 0x07, 0x01, b'x']).await;
    let refusal = eve.next().await.unwrap();
    assert_eq!(refusal.id, 5);
    assert!(matches!(refusal.body, Some(Body::Refusal(refusal)) if refusal.code == 6017));
    let Body::Login(_) = eve.ask(node.login("eve", "phone", Platform::IPhone)).await else { panic!() };

    // The message contains a string that is not UTF-8.
    let mut message = v1::ClientMessage { id: 7, body: Some(custom("0123")) }.encode_to_vec();
    let place = message.windows(4).position(|part| part == b"0123").unwrap();
    message[place + 1] = 0xc3;
    eve.send_framed(&message).await;
    let refusal = loop {
        let message = eve.next().await.unwrap();
        if let Some(Body::Refusal(refusal)) = message.body {
            break (message.id, refusal.code);
        }
    };
    assert_eq!(refusal, (7, 6017));
    assert_eq!(eve.status_of("eve").await.custom_status, "");
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn what_breaks_the_rules_of_a_websocket_ends_it() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    let upgrade = format!("{UPGRADE}\r\n");
    let cases: [(&str, &[u8]); 6] = [
        ("not masked", &[0x81, 0x02, b'{', b'}']),
        ("a reserved bit", &[0xc1, 0x82, 0, 0, 0, 0, b'{', b'}']),
        ("a reserved opcode", &[0x83, 0x80, 0, 0, 0, 0]),
        ("a ping in pieces", &[0x09, 0x80, 0, 0, 0, 0]),
        ("a continuation of nothing", &[0x80, 0x80, 0, 0, 0, 0]),
        ("text that is not UTF-8", &[0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]),
    ];
    for (name, frame) in cases {
        let answer = converse(node.address(), &[upgrade.as_bytes(), frame].concat()).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 101 "), "{name}: {answer}");
        assert!(answer.contains("CAUSE_PROTOCOL_ERROR"), "{name}: {answer}");
    }
    // A message of the wrong type (text or binary) is a complete message that cannot be read.
    let (mut eve, _) = Socket::connect(node.address(), &[SUBPROTOCOL_JSON]).await.unwrap();
    for message in [Message::binary(vec![8, 1]), Message::text("{"), Message::text(r#"{"id":-1}"#)] {
        eve.send(message).await;
        assert_eq!(eve.next_json().await["refusal"]["code"], 6017);
    }
    assert_eq!(eve.ask(1, "logout", serde_json::json!({})).await["refusal"]["code"], 6014);
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn an_upgrade_request_has_at_most_8_kib() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    let padded = |length: usize| {
        let end = "\r\n\r\n";
        let padding = length - UPGRADE.len() - "X-Padding: ".len() - end.len();
        format!("{UPGRADE}X-Padding: {}{end}", "x".repeat(padding))
    };
    let mut eve = TcpStream::connect(node.address()).await.unwrap();
    eve.write_all(padded(8 * 1024).as_bytes()).await.unwrap();
    // The client sends a close frame at once, so that the server closes the connection.
    eve.write_all(&[0x88, 0x80, 0, 0, 0, 0]).await.unwrap();
    let answer = common::websocket::rest_of(&mut eve).await;
    assert!(answer.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&answer));

    let unfinished = &padded(9 * 1024)[..9 * 1024 - 2];
    for request in [&padded(8 * 1024 + 1), &padded(9 * 1024), unfinished] {
        let answer = converse(node.address(), request.as_bytes()).await;
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("8192"), "{answer}");
    }
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn an_opening_that_is_none_is_closed_without_a_word() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    let openings: [&[u8]; 5] = [
        // A TLS handshake, on a node without TLS.
        &[0x16, 0x03, 0x01, 0x00, 0x05, 1, 0, 0, 1, 0],
        b"POST / HTTP/1.1\r\n\r\n",
        b"LAMP\x02",
        b"LAMB",
        &[0],
    ];
    for opening in openings {
        assert_eq!(converse(node.address(), opening).await, b"", "{opening:?}");
    }
    // The preamble may arrive in pieces.
    let mut eve = node.connect_silently().await;
    for byte in NATIVE_PREAMBLE {
        eve.stream.write_all(&[*byte]).await.unwrap();
    }
    assert_eq!(eve.refused(Request::Logout(v1::LogoutRequest {})).await, 6014);
    pair.proves_unharmed().await;
}
