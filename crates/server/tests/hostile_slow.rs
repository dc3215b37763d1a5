//! Tests with clients that send many requests and read few answers. Answers stay in order, memory is bounded, and other
//! clients do not wait.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::pair::Pair;
use common::{TestNode, Wire, custom, get, list};
use lamplight_model::Platform;
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::connection_ended::Cause;
use lamplight_wire::v1::server_message::Body;
use lamplight_wire::{Framed, next_frame, put_frame, v1};
use prost::Message as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::task::JoinHandle;

#[tokio::test]
async fn a_thousand_requests_in_one_write_are_answered_in_their_order() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    let mut eve = node.log_in("eve", "phone", Platform::IPhone).await;
    let mut bytes = Vec::new();
    for id in 1..=1_000 {
        let body = Some(match id % 5 {
            0 => Request::Heartbeat(v1::Heartbeat::default()),
            1 => custom(&format!("{id}")),
            2 => get(&["eve"]),
            // From the 21st on, these requests are refused by the rate limit, and the refusals must come in the right
            // order too.
            3 => list(),
            // This request waits for the facts, and no later request may overtake it.
            _ => get(&["nobody", "eve"]),
        });
        put_frame(&mut bytes, &v1::ClientMessage { id, body });
    }
    eve.stream.write_all(&bytes).await.unwrap();
    let mut next = 1;
    while next <= 1_000 {
        let message = eve.next().await.unwrap();
        if message.id == 0 {
            assert!(matches!(message.body, Some(Body::StatusChanged(_))), "{message:?}");
            continue;
        }
        assert_eq!(message.id, next);
        match (next % 5, message.body.unwrap()) {
            (0, Body::Heartbeat(_)) | (1, Body::SetSelfStatus(_)) | (2, Body::GetUserStatus(_)) => {}
            (3, Body::GetSubscriptions(_)) | (4, Body::GetUserStatus(_)) if next <= 100 => {}
            (3 | 4, Body::Refusal(refusal)) if next > 100 && refusal.code == 7008 => {}
            (_, other) => panic!("{next}: {other:?}"),
        }
        next += 1;
    }
    assert_eq!(eve.status_of("eve").await.custom_status, "996");
    pair.proves_unharmed().await;
}

/// A client that sends bytes without a pause, as fast as the server reads them.
struct Flood {
    sent: Arc<AtomicUsize>,
    enough: Arc<AtomicBool>,
    /// The task that sends. It returns the stream's writing half, because dropping that half would close the
    /// connection.
    task: JoinHandle<OwnedWriteHalf>,
    reader: OwnedReadHalf,
    received: Vec<u8>,
}

impl Flood {
    fn start(eve: Wire, mut next: impl FnMut() -> Vec<u8> + Send + 'static) -> Self {
        let (reader, mut writer) = eve.stream.into_split();
        let (sent, enough) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let task = tokio::spawn({
            let (sent, enough) = (Arc::clone(&sent), Arc::clone(&enough));
            async move {
                while !enough.load(Ordering::Relaxed) {
                    if writer.write_all(&next()).await.is_err() {
                        break;
                    }
                    sent.fetch_add(1, Ordering::Relaxed);
                }
                writer
            }
        });
        Self { sent, enough, task, reader, received: eve.received }
    }

    /// Waits until the server no longer reads, while other users are served.
    async fn is_stuck(&self, pair: &mut Pair) {
        let mut quiet = 0;
        while quiet < 10 {
            let before = self.sent.load(Ordering::Relaxed);
            for _ in 0..20 {
                let Body::Heartbeat(_) = pair.bob.ask(Request::Heartbeat(v1::Heartbeat::default())).await
                else {
                    panic!()
                };
                let Body::GetUserStatus(_) = pair.alice.ask(get(&["alice"])).await else { panic!() };
            }
            quiet = if self.sent.load(Ordering::Relaxed) == before { quiet + 1 } else { 0 };
        }
    }

    /// Returns the next message; `None` if the server has closed the connection.
    async fn next(&mut self) -> Option<v1::ServerMessage> {
        loop {
            if let Framed::Frame { message, taken } = next_frame(&self.received, usize::MAX).unwrap() {
                let message = v1::ServerMessage::decode(message).unwrap();
                self.received.drain(..taken);
                return Some(message);
            }
            match self.reader.read_buf(&mut self.received).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }
}

/// Logs in Eve, with small socket buffers in the kernel.
async fn small_client(node: &TestNode) -> Wire {
    let mut eve = Wire::connect_small(node.address()).await;
    let Body::Login(_) = eve.ask(node.login("eve", "phone", Platform::IPhone)).await else { panic!() };
    eve
}

#[tokio::test]
async fn who_does_not_take_its_answers_is_not_read_from() {
    let (node, mut pair) = Pair::on_a_node(|_| {}).await;
    let before = node.metric("lamplight_requests_total{worker=\"0\"}").await;
    let mut id = 0;
    let mut flood = Flood::start(small_client(&node).await, move || {
        let mut bytes = Vec::new();
        for _ in 0..100 {
            id += 1;
            let body = Some(custom(&format!("{id} {}", "x".repeat(80))));
            put_frame(&mut bytes, &v1::ClientMessage { id, body });
        }
        bytes
    });
    flood.is_stuck(&mut pair).await;
    // The waiting answers are bounded; each takes some 150 bytes.
    let answered = node.metric("lamplight_requests_total{worker=\"0\"}").await - before;
    assert!(answered < 8_000 + 500, "{answered} requests were answered to one who reads nothing");

    // In the end, the client has all its answers in order, and its state is right.
    flood.enough.store(true, Ordering::Relaxed);
    let (mut expected, mut newest) = (1, 0);
    loop {
        let message = flood.next().await.unwrap();
        match message.body.unwrap() {
            Body::SetSelfStatus(set) => {
                assert_eq!(message.id, expected);
                assert!(set.status.unwrap().custom_status.starts_with(&format!("{expected} ")));
                expected += 1;
            }
            Body::StatusChanged(changed) => {
                for status in changed.statuses {
                    assert!(status.version > newest, "versions rise");
                    newest = status.version;
                }
            }
            other => panic!("{other:?}"),
        }
        if flood.task.is_finished() && expected > flood.sent.load(Ordering::Relaxed) as u64 * 100 {
            break;
        }
    }
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn a_request_of_one_byte_does_not_buy_a_hundred() {
    let (node, mut pair) = Pair::on_a_node(|_| {}).await;
    // Empty frames: the refusal of each has many more bytes than the frame.
    let flood = Flood::start(small_client(&node).await, || vec![0; 64 * 1024]);
    flood.is_stuck(&mut pair).await;
    let refused = node.metric("lamplight_refusals_total{code=\"6017\"}").await;
    assert!((100..20_000).contains(&refused), "{refused} refusals wait for one who reads nothing");
    drop(flood);
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn who_goes_without_having_taken_its_answers_is_missed_at_once() {
    let (node, mut pair) = Pair::on_a_node(|_| {}).await;
    let flood = Flood::start(small_client(&node).await, || {
        let mut bytes = Vec::new();
        put_frame(&mut bytes, &v1::ClientMessage { id: 1, body: Some(get(&["eve"])) });
        bytes
    });
    flood.is_stuck(&mut pair).await;
    flood.task.abort();
    drop(flood);
    node.has_connections(2).await;
    assert_eq!(pair.alice.status_of("eve").await.status_type, lamplight_model::StatusType::Offline as i32);
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn who_did_not_read_finds_the_last_words_behind_its_answers() {
    let (node, mut pair) = Pair::on_a_node(|_| {}).await;
    let mut flood = Flood::start(small_client(&node).await, || {
        let mut bytes = Vec::new();
        put_frame(&mut bytes, &v1::ClientMessage { id: 1, body: Some(get(&["eve"])) });
        bytes
    });
    flood.is_stuck(&mut pair).await;
    flood.enough.store(true, Ordering::Relaxed);
    let _at_once = node.node.service().kick(&node.user("eve"), node.clock.now()).await.unwrap();
    pair.alice.ask(get(&["alice"])).await;
    let mut last = None;
    while let Some(message) = flood.next().await {
        last = message.body;
    }
    let Some(Body::ConnectionEnded(words)) = last else { panic!("{last:?}") };
    assert_eq!(words.cause, Cause::KickedByOperator as i32);
    assert!(flood.received.is_empty(), "and no half a message");
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn who_closes_its_side_while_a_request_waits_is_missed_too() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    for n in 0..20 {
        let mut eve = node.connect().await;
        // A first login waits for the facts.
        eve.send(node.login(&format!("eve{n}"), "phone", Platform::IPhone)).await;
        // With TCP_CORK, the last message and the end of the stream travel in one segment.
        socket2::SockRef::from(&eve.stream).set_tcp_cork(true).unwrap();
        let heartbeat = v1::ClientMessage { id: 0, body: Some(Request::Heartbeat(v1::Heartbeat::default())) };
        eve.send_framed(&heartbeat.encode_to_vec()).await;
        eve.stream.shutdown().await.unwrap();
        eve.closed().await;
    }
    node.has_connections(2).await;
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn who_does_not_go_after_the_last_words_is_cut_off() {
    let node = TestNode::start().await;
    // One client never logs in; the other is logged out when its UserSig expires. Neither closes its side.
    let _silent = node.connect().await;
    let mut eve = node.connect().await;
    let Request::Login(mut login) = node.login("eve", "phone", Platform::IPhone) else { panic!() };
    login.user_sig = node.sig_for("eve", 100);
    let Body::Login(_) = eve.ask(Request::Login(login)).await else { panic!() };
    node.has_connections(2).await;

    node.clock.advance(Duration::from_secs(101));
    assert_eq!(eve.last_words().await.cause, Cause::UserSigExpired as i32);
    node.clock.advance(Duration::from_secs(3));
    node.has_connections(0).await;
}
