//! The port for the register of the nodes of a cluster, and its adapter for one process.
//!
//! The register stores one entry for each node and counts the renewals of its lease, which are its beat. It does not
//! decide who is there: every node reads the whole register when it renews, and judges the others by their beats
//! ([`Membership`](lamplight_core::Membership)).

use crate::{Answer, DirectoryError};
use futures_util::FutureExt;
use lamplight_core::Sighting;
use lamplight_model::{NodeId, Now, Timestamp};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::future::ready;

/// The register of the nodes of a cluster.
pub trait Nodes: Send + Sync {
    /// Enters a node with the first beat, in place of an entry of the same id, and returns the register with it.
    fn join<'a>(&'a self, node: &'a NodeEntry, now: Now) -> Answer<'a, Register>;

    /// Replaces the entry of a node and counts its next beat. Returns the register after that, or `None` if the register
    /// does not have the node: others have taken it out because it was lost, or the register was lost itself. The node
    /// must then join again, and put its connections back into the records.
    ///
    /// A request to drain the node stays, whatever the entry says.
    fn renew<'a>(&'a self, node: &'a NodeEntry, now: Now) -> Answer<'a, Option<Register>>;

    /// Takes a node out that has ended all its connections in the records. Nothing changes if it is not there.
    fn leave(&self, node: NodeId) -> Answer<'_, ()>;

    /// Takes a lost node out whose connections were cleared, unless its beat is another one than `beat`: then it has come
    /// back. Returns whether the node is not in the register now.
    fn remove_lost(&self, node: NodeId, beat: u64) -> Answer<'_, bool>;

    /// Asks a node to drain: its next renewal returns the request. Returns whether the register has the node.
    fn request_drain(&self, node: NodeId) -> Answer<'_, bool>;

    /// Returns the register, without being in it.
    fn read(&self, now: Now) -> Answer<'_, Register>;
}

/// A node, as it describes itself to the others.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct NodeEntry {
    /// The id of this run of the node.
    pub id: NodeId,
    /// The name that its operator knows it by.
    pub name: String,
    /// The version of the program.
    pub version: String,
    /// The address of the client port.
    pub client_address: String,
    /// The address of the HTTP port.
    pub http_address: String,
    /// The time at which the node started, by the directory's clock.
    pub started: Timestamp,
    /// The number of its open connections.
    pub connections: u64,
    /// Whether the node takes no more clients, because it is about to stop.
    pub is_draining: bool,
}

/// A node in the register.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegisteredNode {
    /// The node, as it described itself when it renewed last.
    pub entry: NodeEntry,
    /// The number of renewals, the joining included.
    pub beat: u64,
    /// Whether somebody has asked the node to drain.
    pub is_drain_requested: bool,
}

/// The register as it was at one time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Register {
    /// The time at which it was read, by the clocks of the store. A store without a clock has the caller's.
    pub at: Now,
    /// The nodes, by rising id.
    pub nodes: Vec<RegisteredNode>,
}

impl Register {
    /// The node of this id.
    pub fn get(&self, node: NodeId) -> Option<&RegisteredNode> {
        self.nodes.iter().find(|it| it.entry.id == node)
    }

    /// The nodes as [`Membership`](lamplight_core::Membership) takes them in.
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
