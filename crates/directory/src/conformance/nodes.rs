//! The rules that every adapter of [`Nodes`] must keep.

use super::now;
use crate::{NodeEntry, Nodes, Register};
use lamplight_model::{NodeId, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Defines a `#[tokio::test]` for each rule of a register. `make` is an `async fn() -> (Arc<dyn Nodes>, Keep)`. The
/// `Keep` value is dropped when the test ends.
#[macro_export]
macro_rules! nodes_conformance_tests {
    ($make:path) => {
        $crate::nodes_conformance_tests! { @each $make:
            who_joins_is_in_the_register_until_it_leaves
            each_renewal_is_another_beat
            who_is_not_in_the_register_cannot_renew
            a_lost_node_is_taken_out_only_with_the_beat_that_it_was_lost_with
            a_request_to_drain_stays_until_the_node_is_gone
            nodes_that_renew_at_once_lose_no_beat
            ids_and_texts_come_back_as_they_were
        }
    };
    (@each $make:path: $($rule:ident)*) => {
        $(#[tokio::test]
        async fn $rule() {
            let (nodes, _keep) = $make().await;
            $crate::conformance::$rule(nodes).await;
        })*
    };
}

fn entry(id: u64) -> NodeEntry {
    NodeEntry {
        id: NodeId(id),
        name: format!("node {id}"),
        version: "1.2.3".into(),
        client_address: "10.0.0.1:7700".into(),
        http_address: "10.0.0.1:7780".into(),
        started: Timestamp(7),
        epoch: Some(Timestamp(6)),
        clock_ahead: -7,
        clock: Timestamp(8),
        connections: 0,
        is_draining: false,
    }
}

fn ids(register: &Register) -> Vec<u64> {
    register.nodes.iter().map(|node| node.entry.id.0).collect()
}

fn beat(register: &Register, id: u64) -> u64 {
    register.get(NodeId(id)).unwrap().beat
}

/// Checks that the register lists the joined nodes in ascending order of their ids, until they leave.
pub async fn who_joins_is_in_the_register_until_it_leaves(nodes: Arc<dyn Nodes>) {
    assert_eq!(ids(&nodes.read(now(0)).await.unwrap()), []);
    for (id, expected) in [(7, vec![7]), (10, vec![7, 10]), (9, vec![7, 9, 10])] {
        let register = nodes.join(&entry(id), now(1)).await.unwrap();
        assert_eq!(ids(&register), expected);
        assert_eq!(register.get(NodeId(id)).unwrap().entry, entry(id));
    }
    nodes.leave(NodeId(9)).await.unwrap();
    nodes.leave(NodeId(9)).await.unwrap();
    let register = nodes.read(now(2)).await.unwrap();
    assert_eq!(ids(&register), [7, 10]);
    assert_eq!(nodes.renew(&entry(7), now(3)).await.unwrap().map(|it| ids(&it)), Some(vec![7, 10]));
}

/// Checks that a renewal replaces the entry and increases the beat by one, and that a read does not change the beat.
pub async fn each_renewal_is_another_beat(nodes: Arc<dyn Nodes>) {
    let first = beat(&nodes.join(&entry(1), now(0)).await.unwrap(), 1);
    nodes.join(&entry(2), now(0)).await.unwrap();
    for n in 1..=3 {
        let busy = NodeEntry { connections: n, is_draining: n == 3, ..entry(1) };
        let register = nodes.renew(&busy, now(n)).await.unwrap().unwrap();
        assert_eq!(beat(&register, 1), first + n);
        assert_eq!(register.get(NodeId(1)).unwrap().entry, busy);
        assert_eq!(beat(&register, 2), first, "the other node has not renewed");
    }
    assert_eq!(beat(&nodes.read(now(9)).await.unwrap(), 1), first + 3, "a read is no beat");
}

/// Checks that a node that has not joined, or has left, must join before it can renew.
pub async fn who_is_not_in_the_register_cannot_renew(nodes: Arc<dyn Nodes>) {
    assert_eq!(nodes.renew(&entry(1), now(0)).await.unwrap(), None);
    assert_eq!(ids(&nodes.read(now(0)).await.unwrap()), []);
    nodes.join(&entry(1), now(1)).await.unwrap();
    nodes.leave(NodeId(1)).await.unwrap();
    assert_eq!(nodes.renew(&entry(1), now(2)).await.unwrap(), None);
    assert_eq!(ids(&nodes.join(&entry(1), now(3)).await.unwrap()), [1]);
}

/// Checks that a node that has renewed its lease since the given beat is not removed as lost.
pub async fn a_lost_node_is_taken_out_only_with_the_beat_that_it_was_lost_with(nodes: Arc<dyn Nodes>) {
    let lost = beat(&nodes.join(&entry(1), now(0)).await.unwrap(), 1);
    let back = beat(&nodes.renew(&entry(1), now(1)).await.unwrap().unwrap(), 1);
    assert!(!nodes.remove_lost(NodeId(1), lost).await.unwrap());
    assert_eq!(ids(&nodes.read(now(2)).await.unwrap()), [1]);
    assert!(nodes.remove_lost(NodeId(1), back).await.unwrap());
    assert_eq!(ids(&nodes.read(now(3)).await.unwrap()), []);
    assert!(nodes.remove_lost(NodeId(1), back).await.unwrap(), "another survivor was first");
}

/// Checks that a request to drain a node survives the renewals of all nodes. It also survives a request to drain
/// another node.
pub async fn a_request_to_drain_stays_until_the_node_is_gone(nodes: Arc<dyn Nodes>) {
    nodes.join(&entry(1), now(0)).await.unwrap();
    nodes.join(&entry(2), now(0)).await.unwrap();
    let requested = async |now| {
        let register = nodes.renew(&entry(2), now).await.unwrap().unwrap();
        register.nodes.iter().map(|node| node.is_drain_requested).collect::<Vec<_>>()
    };
    assert_eq!(requested(now(1)).await, [false, false]);
    assert!(nodes.request_drain(NodeId(1)).await.unwrap());
    assert!(!nodes.request_drain(NodeId(3)).await.unwrap());
    assert_eq!(requested(now(2)).await, [true, false]);
    let draining = NodeEntry { is_draining: true, ..entry(1) };
    let register = nodes.renew(&draining, now(3)).await.unwrap().unwrap();
    assert!(register.get(NodeId(1)).unwrap().is_drain_requested);
    nodes.leave(NodeId(1)).await.unwrap();
    nodes.join(&entry(1), now(4)).await.unwrap();
    assert_eq!(requested(now(5)).await, [false, false]);
}

/// Checks that concurrent renewals of several nodes are all kept. Each renewal returns a register that contains it.
pub async fn nodes_that_renew_at_once_lose_no_beat(nodes: Arc<dyn Nodes>) {
    const NODES: u64 = 8;
    const RENEWALS: u64 = 20;
    let mut first = BTreeSet::new();
    for id in 0..NODES {
        first.insert(beat(&nodes.join(&entry(id), now(0)).await.unwrap(), id));
    }
    let first = first.pop_first().unwrap();
    let tasks: Vec<_> = (0..NODES)
        .map(|id| {
            let nodes = Arc::clone(&nodes);
            tokio::spawn(async move {
                for n in 1..=RENEWALS {
                    let register = nodes.renew(&entry(id), now(n)).await.unwrap().unwrap();
                    assert_eq!(beat(&register, id), first + n);
                    assert_eq!(register.nodes.len() as u64, NODES);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let register = nodes.read(now(99)).await.unwrap();
    assert!(register.nodes.iter().all(|node| node.beat == first + RENEWALS), "{register:?}");
}

/// Checks that a node id may be any number of 64 bits, and that a name may be any text.
pub async fn ids_and_texts_come_back_as_they_were(nodes: Arc<dyn Nodes>) {
    let odd = [
        NodeEntry { name: "室 1 \"quoted\" {tag}".into(), ..entry(u64::MAX) },
        NodeEntry { name: String::new(), connections: u64::MAX, ..entry(0) },
        NodeEntry { started: Timestamp(u64::MAX), is_draining: true, ..entry(1 << 63) },
        // A double cannot distinguish this id from the id below it.
        entry((1 << 53) + 1),
        entry(1 << 53),
    ];
    for entry in &odd {
        nodes.join(entry, now(0)).await.unwrap();
    }
    let register = nodes.read(now(1)).await.unwrap();
    assert_eq!(ids(&register), [0, 1 << 53, (1 << 53) + 1, 1 << 63, u64::MAX]);
    for entry in &odd {
        assert_eq!(register.get(entry.id).unwrap().entry, *entry);
    }
}
