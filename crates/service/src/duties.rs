//! The duties of this node, as it has last read the register of nodes.

use lamplight_core::{Duty, LostNode, Membership};
use lamplight_directory::{NodeEntry, Register};
use lamplight_model::{Moment, NodeId, Timestamp};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The duties of this node. A node that is not in a cluster has every duty.
#[derive(Default)]
pub struct Duties {
    membership: Option<Mutex<Membership>>,
    oldest: Arc<OldestNode>,
}

/// The earliest start of any other node in the register.
pub(crate) struct OldestNode {
    /// The lowest epoch of the directory in which one of the other nodes began.
    epoch: AtomicU64,
    /// The earliest start among the other nodes whose entries have no epoch. These nodes run an earlier version of
    /// Lamplight.
    started: AtomicU64,
}

impl Default for OldestNode {
    fn default() -> Self {
        Self { epoch: AtomicU64::new(u64::MAX), started: AtomicU64::new(u64::MAX) }
    }
}

impl OldestNode {
    /// Whether any other node in the register began before this epoch of the directory.
    pub fn is_before(&self, epoch: Timestamp) -> bool {
        [&self.epoch, &self.started].iter().any(|oldest| oldest.load(Ordering::Relaxed) < epoch.0)
    }

    fn observe<'a>(&self, others: impl Iterator<Item = &'a NodeEntry>) {
        let (mut epoch, mut started) = (u64::MAX, u64::MAX);
        for entry in others {
            match entry.epoch {
                Some(began) => epoch = epoch.min(began.0),
                None => started = started.min(entry.started.0),
            }
        }
        self.epoch.store(epoch, Ordering::Relaxed);
        self.started.store(started, Ordering::Relaxed);
    }
}

impl Duties {
    /// Creates the duties of a node in a cluster.
    pub fn among(membership: Membership) -> Self {
        Self { membership: Some(Mutex::new(membership)), oldest: Arc::default() }
    }

    /// Updates the duties with the register. `now` is the time of the read by this node's own clock.
    pub fn observe(&self, register: &Register, now: Moment) {
        if let Some(membership) = &self.membership {
            let own = {
                let mut membership = membership.lock();
                membership.observe(register.sightings(), now);
                membership.own()
            };
            let others = register.nodes.iter().map(|node| &node.entry).filter(|entry| entry.id != own);
            self.oldest.observe(others);
        }
    }

    pub(crate) fn oldest_node(&self) -> Arc<OldestNode> {
        Arc::clone(&self.oldest)
    }

    /// Whether this node has a duty now.
    pub fn has(&self, duty: Duty) -> bool {
        self.membership.as_ref().is_none_or(|membership| membership.lock().has_duty(duty))
    }

    /// A number that changes when duties may have moved; see [`Membership::generation`].
    pub fn generation(&self) -> u64 {
        self.membership.as_ref().map_or(0, |membership| membership.lock().generation())
    }

    /// Whether a node is in the register and not silent.
    pub fn is_live(&self, node: NodeId) -> bool {
        self.membership.as_ref().is_some_and(|membership| membership.lock().is_live(node))
    }

    /// The lost nodes, whose connections have to be cleared. `now` is the time by this node's own clock.
    pub fn lost_nodes(&self, now: Moment) -> Vec<LostNode> {
        self.membership.as_ref().map(|membership| membership.lock().lost(now)).unwrap_or_default()
    }

    /// Notes nodes that have connections in a live record. A node that the register does not contain is cleared after
    /// the lease and the grace.
    pub fn suspect(&self, nodes: impl IntoIterator<Item = NodeId>) {
        if let Some(membership) = &self.membership {
            membership.lock().suspect(nodes);
        }
    }

    /// Forgets a node that is not in the register, because no record has a connection of it.
    pub fn forget(&self, node: NodeId) {
        if let Some(membership) = &self.membership {
            membership.lock().forget(node);
        }
    }

    /// Whether this node has not read the register for the length of a lease. If so, its knowledge of other nodes is
    /// out of date, and other nodes count it as silent.
    pub fn is_cut_off(&self, now: Moment) -> bool {
        self.membership.as_ref().is_some_and(|membership| membership.lock().is_cut_off(now))
    }

    /// The number of nodes that are not silent, including this node.
    pub fn live_nodes(&self) -> usize {
        self.membership.as_ref().map_or(1, |membership| membership.lock().live().len())
    }
}
