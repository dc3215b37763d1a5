//! Clients that never cease to send.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::TestNode;
use lamplight_model::Platform;
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::{NATIVE_PREAMBLE, put_frame, v1};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

const FLOODS: usize = 16;
/// The bytes that are sent at once: more than the kernel holds for a connection.
const BYTES: usize = 16 << 20;

fn frame(body: Request) -> Vec<u8> {
    let mut frame = Vec::new();
    put_frame(&mut frame, &v1::ClientMessage { id: 0, body: Some(body) });
    frame
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_flooded_stops_in_order() {
    let node = TestNode::start_with(|config| config.workers = 1).await;
    // Few bytes, much work, no answer.
    let heartbeats = frame(Request::Heartbeat(v1::Heartbeat::default()));
    let heartbeats = heartbeats.repeat(BYTES / heartbeats.len());
    let mut floods = Vec::new();
    for number in 0..FLOODS {
        let login = node.login(&format!("user {number}"), "phone", Platform::IPhone);
        let mut stream = TcpStream::connect(node.address()).await.unwrap();
        stream.write_all(&[NATIVE_PREAMBLE.as_slice(), &frame(login)].concat()).await.unwrap();
        // Until the kernel takes no more: what it has is work for many seconds.
        let full = timeout(Duration::from_millis(200), stream.write_all(&heartbeats)).await;
        assert!(full.is_err(), "the server is quicker than this test");
        floods.push(stream);
    }
    timeout(Duration::from_secs(10), node.stop()).await.expect("it stops");
    drop(floods);
}
