//! The port for the register of the nodes of a cluster, and its adapter for one process.
//!
//! The register stores an entry for each node, with the beat: a number that increases when the node renews its lease.
//! The register does not decide which nodes are running. Every node reads the whole register when it renews its lease,
//! and judges the other nodes by their beats ([`Membership`](lamplight_core::Membership)).

use crate::{Answer, DirectoryError};
use futures_util::FutureExt;
use lamplight_core::{Sighting, common_ahead};
use lamplight_model::{NodeId, Now, Timestamp};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::future::ready;
use std::time::Duration;

/// The largest expected error of [`NodeEntry::clock`].
const MEASURING_ERROR: Duration = Duration::from_secs(1);

/// The register of the nodes of a cluster.
pub trait Nodes: Send + Sync {
    /// Adds a node with the first beat. Replaces an entry with the same id. Returns the register.
    fn join<'a>(&'a self, node: &'a NodeEntry, now: Now) -> Answer<'a, Register>;

    /// Replaces the entry of a node, increases its beat by one, and returns the register. A request to drain the node
    /// is kept.
    ///
    /// Returns `None` if the register does not contain the node: other nodes have removed it as lost, or the register
    /// itself was lost. The node must then join again, and put its connections back into the records.
    fn renew<'a>(&'a self, node: &'a NodeEntry, now: Now) -> Answer<'a, Option<Register>>;

    /// Removes a node from the register, if the register contains it. Before this call, the node must have ended all
    /// its connections in the records.
    fn leave(&self, node: NodeId) -> Answer<'_, ()>;

    /// Removes a lost node whose connections were cleared. If its beat differs from `beat`, the node has come back and
    /// stays. Returns `true` if the register does not contain the node after the call.
    fn remove_lost(&self, node: NodeId, beat: u64) -> Answer<'_, bool>;

    /// Asks a node to drain. The node learns of this from the register that its next renewal returns. Returns `true` if
    /// the register contains the node.
    fn request_drain(&self, node: NodeId) -> Answer<'_, bool>;

    /// Returns the register. The caller need not be a node in it.
    fn read(&self, now: Now) -> Answer<'_, Register>;
}

/// The description of a node, which the node itself writes.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct NodeEntry {
    /// The id of this run of the node.
    pub id: NodeId,
    /// The name of the node, which an operator has chosen.
    pub name: String,
    /// The version of the program.
    pub version: String,
    /// The address of the client port.
    pub client_address: String,
    /// The address of the HTTP port.
    pub http_address: String,
    /// The time at which the node started, by the directory's clock.
    pub started: Timestamp,
    /// The epoch of the directory when the node began; `None` from a node of an earlier version. If this epoch is
    /// earlier than the present one, the node has been running since before the last loss of records.
    #[serde(default)]
    pub epoch: Option<Timestamp>,
    /// The milliseconds by which the node's time is ahead of the store's clock. It is negative if the time of the node
    /// is behind. The time of the node follows the clock of the store slowly.
    #[serde(default)]
    pub clock_ahead: i64,
    /// The time of the store's clock when the node wrote this entry, as the node had measured it before. If it differs
    /// much from the time at which the entry is read, the node is silent, or the store's clock has jumped since.
    #[serde(default)]
    pub clock: Timestamp,
    /// The number of the node's open connections.
    pub connections: u64,
    /// Whether the node is about to stop. Such a node accepts no new clients.
    pub is_draining: bool,
}

/// A node in the register.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegisteredNode {
    /// The description of the node at its last renewal.
    pub entry: NodeEntry,
    /// The beat of the node, which increases by one with each renewal.
    pub beat: u64,
    /// Whether an operator has requested that the node drains.
    pub is_drain_requested: bool,
}

/// The content of the register at one time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Register {
    /// The time of the read by the clock of the store. If the store has no clock, it is the time that the caller has
    /// passed.
    pub at: Now,
    /// The nodes, in ascending order of their ids.
    pub nodes: Vec<RegisteredNode>,
}

impl Register {
    /// Returns the node with this id; `None` if the register does not contain it.
    pub fn get(&self, node: NodeId) -> Option<&RegisteredNode> {
        self.nodes.iter().find(|it| it.entry.id == node)
    }

    /// Returns by how many milliseconds the nodes are ahead of the clock of the store. Uses only entries that were
    /// written less than `lease` ago and whose nodes have measured the present clock. `None` if there is none.
    pub fn common_ahead(&self, lease: Duration) -> Option<i64> {
        let is_present = |node: &&RegisteredNode| {
            let (clock, at) = (node.entry.clock, self.at.wall);
            at.since(clock) < lease && clock.since(at) < MEASURING_ERROR
        };
        let present: Vec<i64> =
            self.nodes.iter().filter(is_present).map(|node| node.entry.clock_ahead).collect();
        (!present.is_empty()).then(|| common_ahead(present))
    }

    /// Returns the states of the nodes, for [`Membership::observe`](lamplight_core::Membership::observe).
    pub fn sightings(&self) -> impl Iterator<Item = Sighting> {
        self.nodes.iter().map(|RegisteredNode { entry, beat, .. }| Sighting {
            node: entry.id,
            beat: *beat,
            is_draining: entry.is_draining,
        })
    }
}

/// The register of one process, for a node without a cluster and for simulations.
#[derive(Default)]
pub struct LocalNodes(Mutex<BTreeMap<NodeId, RegisteredNode>>);

impl LocalNodes {
    fn register(&self, at: Now) -> Register {
        Register { at, nodes: self.0.lock().values().cloned().collect() }
    }
}

impl Nodes for LocalNodes {
    fn join<'a>(&'a self, node: &'a NodeEntry, now: Now) -> Answer<'a, Register> {
        let entered = RegisteredNode { entry: node.clone(), beat: 1, is_drain_requested: false };
        self.0.lock().insert(node.id, entered);
        done(self.register(now))
    }

    fn renew<'a>(&'a self, node: &'a NodeEntry, now: Now) -> Answer<'a, Option<Register>> {
        {
            let mut nodes = self.0.lock();
            let Some(found) = nodes.get_mut(&node.id) else { return done(None) };
            found.entry.clone_from(node);
            found.beat += 1;
        }
        done(Some(self.register(now)))
    }

    fn leave(&self, node: NodeId) -> Answer<'_, ()> {
        self.0.lock().remove(&node);
        done(())
    }

    fn remove_lost(&self, node: NodeId, beat: u64) -> Answer<'_, bool> {
        let mut nodes = self.0.lock();
        if nodes.get(&node).is_some_and(|found| found.beat == beat) {
            nodes.remove(&node);
        }
        done(!nodes.contains_key(&node))
    }

    fn request_drain(&self, node: NodeId) -> Answer<'_, bool> {
        let mut nodes = self.0.lock();
        let found = nodes.get_mut(&node).map(|found| found.is_drain_requested = true);
        done(found.is_some())
    }

    fn read(&self, now: Now) -> Answer<'_, Register> {
        done(self.register(now))
    }
}

fn done<'a, T: Send + 'a>(value: T) -> Answer<'a, T> {
    ready(Ok::<T, DirectoryError>(value)).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_model::Moment;

    #[test]
    fn the_time_of_the_nodes_is_that_of_those_who_have_measured_the_present_clock() {
        const LEASE: Duration = Duration::from_secs(9);
        let (at, jump) = (Timestamp(1_000_000), 60_000_i64);
        // The age of each entry by the clock that its node had measured, and how far the node was ahead of that clock.
        for (name, nodes, expected) in [
            ("no node", &[][..], None),
            ("running nodes", &[(3_000, 0), (10, 5)][..], Some(0)),
            ("none has measured the jump", &[(jump + 3_000, 0), (jump, 0)][..], None),
            ("the clock has jumped back", &[(-jump, 0)][..], None),
            ("one has measured the jump", &[(jump + 3_000, 0), (10, -jump)][..], Some(-jump)),
            (
                "one is silent since before the jump",
                &[(jump + 20_000, 0), (10, -jump + 100)][..],
                Some(-jump + 100),
            ),
            ("a small error", &[(-999, 0)][..], Some(0)),
            ("an entry of a lease ago", &[(9_000, 0)][..], None),
        ] {
            let node = |(age, clock_ahead): &(i64, i64)| {
                let clock = Timestamp(at.0.saturating_add_signed(-age));
                let entry = NodeEntry { clock, clock_ahead: *clock_ahead, ..NodeEntry::default() };
                RegisteredNode { entry, beat: 1, is_drain_requested: false }
            };
            let now = Now { moment: Moment(0), wall: at };
            let register = Register { at: now, nodes: nodes.iter().map(node).collect() };
            assert_eq!(register.common_ahead(LEASE), expected, "{name}");
        }
    }
}
