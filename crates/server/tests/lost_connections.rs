//! Tests of lost connections: a live record has the connection, but no worker has it. The users of lost connections
//! must not stay ONLINE for ever.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::TestNode;
use lamplight_model::{ConnectionId, Platform, StatusType};
use lamplight_service::LoginCall;
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::server_message::Body;
use std::time::Duration;

/// The interval at which the server compares live records with its workers. The clients' heartbeat timeout is longer
/// than two intervals.
const BETWEEN_COMPARISONS: Duration = Duration::from_secs(180);

/// Logs a device in over a connection that no worker has, as if the end of the connection had not been reported.
async fn log_in_without_socket(node: &TestNode, user: &str, local: u64) {
    let call = LoginCall {
        app: node.app.id,
        user_id: user,
        user_sig: &node.sig(user),
        device_id: "phone",
        platform: Platform::IPhone,
        resume: false,
        connection: ConnectionId::new(node.node.id(), local),
        address: "127.0.0.1".parse().unwrap(),
    };
    node.node.service().login(&call, node.clock.now()).await.unwrap();
}

#[tokio::test]
async fn a_connection_that_no_worker_has_is_ended_and_no_other() {
    let node = TestNode::start().await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    // The lost connections: one with a slot that is in use, one with an unused slot, and one of a worker that does not
    // exist.
    let workers = [0, 1, 77];
    let ghosts = workers.map(|worker| format!("ghost {worker}"));
    for (ghost, worker) in ghosts.iter().zip(workers) {
        log_in_without_socket(&node, ghost, worker << 56 | 0xffff << 24).await;
    }
    let names: Vec<&str> = ghosts.iter().map(String::as_str).collect();
    let answer = alice.subscribe(&names).await;
    assert!(answer.statuses.iter().all(|status| status.status_type == StatusType::Online as i32));
    alice.subscribe(&["bob"]).await;

    let ended = "lamplight_lost_connections_total";
    let mut leaps = 0;
    while node.metric(ended).await == 0 {
        assert!(leaps < 10, "the connections are ended");
        leaps += 1;
        node.clock.advance(BETWEEN_COMPARISONS);
        for wire in [&mut alice, &mut bob] {
            wire.ask(Request::Heartbeat(v1::Heartbeat::default())).await;
        }
        // The comparison starts within a short time.
        for _ in 0..100 {
            if node.metric(ended).await == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
    assert!(leaps > 1, "a connection that was missing once may still report its end");
    let mut left = names;
    while !left.is_empty() {
        let Some(Body::StatusChanged(changed)) = alice.push().await else { continue };
        for status in changed.statuses.iter().filter(|it| it.status_type == StatusType::Offline as i32) {
            assert!(left.contains(&status.user_id.as_str()), "{status:?}");
            assert!(
                status.last_seen < Some(status.since),
                "the connection was not heard from since its login: {status:?}"
            );
            left.retain(|name| *name != status.user_id);
        }
    }
    assert_eq!(node.metric(ended).await, 3);
    assert_eq!(alice.status_of("bob").await.status_type, StatusType::Online as i32);
    bob.ask(common::custom("still here")).await;
    assert_eq!(alice.told("bob", StatusType::Online).await.custom_status, "still here");
}
