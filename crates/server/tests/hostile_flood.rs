//! Tests with clients that send without a pause.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::TestNode;
use futures_util::future::join_all;
use lamplight_model::Platform;
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::{NATIVE_PREAMBLE, put_frame, v1};
use std::io::ErrorKind;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

const FLOODS: usize = 16;
/// The number of bytes that are written at a time.
const BYTES: usize = 1 << 20;
/// The timeout for stopping the node. It is long because the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

fn frame(body: Request) -> Vec<u8> {
    let mut frame = Vec::new();
    put_frame(&mut frame, &v1::ClientMessage { id: 0, body: Some(body) });
    frame
}

/// Sends the bytes repeatedly until the kernel's buffer is full. Returns the unsent rest of the last repetition.
async fn fill<'a>(stream: &TcpStream, bytes: &'a [u8]) -> &'a [u8] {
    let mut rest = bytes;
    stream.writable().await.unwrap();
    loop {
        match stream.try_write(rest) {
            Ok(length) if length == rest.len() => rest = bytes,
            Ok(length) => rest = &rest[length..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => return rest,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_flooded_stops_in_order() {
    let node = TestNode::start_with(|config| {
        config.workers = 1;
        // No rate limit keeps the worker from reading without pause.
        config.limits.requests_per_second = 0;
    })
    .await;
    // Heartbeats without an id are few bytes, cause much work, and get no answer.
    let heartbeats = frame(Request::Heartbeat(v1::Heartbeat::default()));
    let heartbeats: &'static [u8] = heartbeats.repeat(BYTES / heartbeats.len()).leak();
    let mut floods = Vec::new();
    for number in 0..FLOODS {
        let login = node.login(&format!("user {number}"), "phone", Platform::IPhone);
        let mut stream = TcpStream::connect(node.address()).await.unwrap();
        stream.write_all(&[NATIVE_PREAMBLE.as_slice(), &frame(login)].concat()).await.unwrap();
        // The kernel's buffers are full when the node is stopped, and the clients keep them full.
        let rest = fill(&stream, heartbeats).await;
        floods.push(tokio::spawn(async move {
            let mut sent = stream.write_all(rest).await;
            while sent.is_ok() {
                sent = stream.write_all(heartbeats).await;
            }
        }));
    }
    timeout(PATIENCE, node.stop()).await.expect("it stops");
    timeout(PATIENCE, join_all(floods)).await.expect("every connection is closed");
}
