//! The nodes of a cluster that are running, and the assignment of duties to them.
//!
//! Each node increases its *beat* in the register of nodes when it renews its lease. The silence of node A is the time
//! for which node B reads the same beat of A. B measures this time with its own monotonic clock. Clocks of different
//! machines are not compared, so a wrong clock makes no node silent.
//!
//! A node that has not read the register for a long time may itself have been stopped or cut off. The time between two
//! reads therefore counts as silence of other nodes for at most half a lease.
//!
//! The register may lose nodes, for example when its store loses all data. A node that was in the register and is
//! absent now has no duties. It may have stopped before its connections were cleared, and the register does not show
//! this. It therefore counts as silent until it is in the register again, or until no record has a connection of it.
//!
//! Duties are assigned by rendezvous hashing over the nodes that are not silent. The views of two nodes may differ for
//! a moment. Two nodes may then do the same duty, so a duty must be harmless if it is done twice.

use lamplight_model::{AppId, Lane, Moment, NodeId};
use std::collections::BTreeMap;
use std::time::Duration;

/// The length of leases, and how long the users of a lost node still count as connected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LeaseTimes {
    /// The silence after which a node loses its duties.
    pub lease: Duration,
    /// The additional silence after which a node is lost, and other nodes end its connections.
    pub grace: Duration,
}

impl LeaseTimes {
    /// The interval at which a node renews its lease and reads the register.
    pub fn renew_every(self) -> Duration {
        self.lease / 3
    }

    /// The pause after a failed renewal. It is short enough for several retries before the lease expires.
    pub fn retry_after(self) -> Duration {
        self.lease / 12
    }
}

/// An entry of the register of nodes, as it was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sighting {
    /// The node.
    pub node: NodeId,
    /// The beat of the node, which increases with each renewal of its lease.
    pub beat: u64,
    /// Whether the node is about to stop. Such a node accepts no new clients.
    pub is_draining: bool,
}

/// A node that has been silent for the lease and the grace.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct LostNode {
    /// The node.
    pub node: NodeId,
    /// The last beat that this node has read of the lost node. If the register now has another beat, the lost node has
    /// come back.
    pub beat: u64,
    /// The time since this node last read a new beat of the lost node. It includes times in which this node could not
    /// read the register. These do not count as silence of the lost node.
    pub unheard: Duration,
    /// Whether the node was in the register at the last read.
    pub is_registered: bool,
    /// Whether somebody has removed the node from a register that has lost nothing: the node itself when it stopped
    /// with all its operations carried out, or another node after it had compared the records with the facts.
    pub has_left: bool,
    /// Whether this node clears the lost node's connections in all partitions, not only in those of its duties. It does
    /// if the register has lost the entry of the lost node, and a further lease has passed. Other nodes may then not
    /// know of the lost node.
    pub is_everywhere: bool,
}

/// The maximum number of nodes that are remembered although they are not in the register.
const MOST_ABSENT: usize = 1_024;

/// The maximum number of connections that a node ends per second. They are connections of lost nodes, or the node's own
/// connections when it stops. The limit leaves capacity of the directory and the workers for clients.
const ENDED_PER_SECOND: u64 = 5_000;

/// The pause after a page in which `connections` connections were ended; zero if none was ended.
pub fn pause_after_ended(connections: usize) -> Duration {
    let connections = u64::try_from(connections).unwrap_or(u64::MAX);
    Duration::from_micros(connections.saturating_mul(1_000_000 / ENDED_PER_SECOND))
}

/// Work of the cluster that one node should do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Duty {
    /// The deadlines, session events and lost connections of a partition of the directory.
    Partition(u16),
    /// Sending the notices of a webhook.
    Lane(Lane),
    /// The work that is not divided: rebuilding records that the directory has lost, removing lost nodes from the
    /// register, and deleting old messages.
    Whole,
}

/// The nodes of a cluster as one node has read them from the register.
#[derive(Clone, Debug)]
pub struct Membership {
    own: NodeId,
    times: LeaseTimes,
    others: BTreeMap<NodeId, Seen>,
    is_draining: bool,
    /// The time of the last read of the register.
    read: Option<Moment>,
    /// The beat of this node itself at the last read; `None` if this node was not in the register.
    own_beat: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    beat: u64,
    is_draining: bool,
    /// How long this node has read the same beat, or has not found the node in the register.
    silent: Duration,
    /// The time of the read with the last new beat.
    heard: Moment,
    /// Whether the node was in the register at the last read.
    is_registered: bool,
    /// See [`LostNode::has_left`].
    has_left: bool,
}

impl Membership {
    /// Creates the membership of a node that has not read the register yet. The node therefore has all duties.
    pub fn new(own: NodeId, times: LeaseTimes) -> Self {
        Self { own, times, others: BTreeMap::new(), is_draining: false, read: None, own_beat: None }
    }

    /// The id of the node that reads the register.
    pub fn own(&self) -> NodeId {
        self.own
    }

    /// Updates the view with the register, which was read at `now`. A known node that is not in the register counts as
    /// silent from now on, until [`Membership::forget`].
    ///
    /// Before each read, this node renews its lease. If the beat of this node has not increased, the register may have
    /// lost data: it was emptied, and this node has joined it again, or it lacks the last writes. The register then
    /// does not tell whether an absent node was removed.
    pub fn observe(&mut self, register: impl IntoIterator<Item = Sighting>, now: Moment) {
        // One long gap between two reads is this node's own absence, not the silence of others.
        let most = self.times.lease / 2;
        let passed = self.read.map_or(Duration::ZERO, |read| now.since(read).min(most));
        self.read = Some(now);
        let own_beat_was = self.own_beat.take();
        let mut others = BTreeMap::new();
        for Sighting { node, beat, is_draining } in register {
            if node == self.own {
                self.is_draining = is_draining;
                self.own_beat = Some(beat);
                continue;
            }
            let (silent, heard) = match self.others.get(&node) {
                Some(seen) if seen.beat == beat && seen.is_registered => (seen.silent + passed, seen.heard),
                Some(_) | None => (Duration::ZERO, now),
            };
            let seen = Seen { beat, is_draining, silent, heard, is_registered: true, has_left: false };
            others.insert(node, seen);
        }
        // `None` is less than any beat.
        let is_continued = own_beat_was.is_some() && self.own_beat > own_beat_was;
        let absent = self.others.iter().rev().filter(|(node, _)| !others.contains_key(node));
        let absent = absent.map(|(node, seen)| {
            let has_left = seen.has_left || seen.is_registered && is_continued;
            (*node, Seen { silent: seen.silent + passed, is_registered: false, has_left, ..*seen })
        });
        // Ids rise with the time, so these are the nodes that have begun last.
        let absent: Vec<(NodeId, Seen)> = absent.take(MOST_ABSENT).collect();
        others.extend(absent);
        self.others = others;
    }

    /// Notes nodes that have connections in a record. A node that this node does not know counts as silent from now on.
    /// Such a node may have stopped before all running nodes began, and the register may have lost it.
    pub fn suspect(&mut self, nodes: impl IntoIterator<Item = NodeId>) {
        let unknown = Seen {
            beat: 0,
            is_draining: false,
            silent: Duration::ZERO,
            heard: self.read.unwrap_or_default(),
            is_registered: false,
            has_left: false,
        };
        for node in nodes.into_iter().filter(|node| *node != self.own) {
            self.others.entry(node).or_insert(unknown);
        }
    }

    /// Forgets a node that is not in the register, because no record has a connection of it.
    pub fn forget(&mut self, node: NodeId) {
        if self.others.get(&node).is_some_and(|seen| !seen.is_registered) {
            self.others.remove(&node);
        }
    }

    /// Whether this node has not read the register for the length of a lease. This node then does not know the present
    /// state of other nodes. Other nodes count this node as silent.
    pub fn is_cut_off(&self, now: Moment) -> bool {
        self.read.is_some_and(|read| now.since(read) >= self.times.lease)
    }

    /// Whether a node is in the register and not silent. Always `true` for this node.
    pub fn is_live(&self, node: NodeId) -> bool {
        node == self.own || self.others.get(&node).is_some_and(|seen| self.counts(seen))
    }

    /// Whether a node may have duties.
    fn counts(&self, seen: &Seen) -> bool {
        seen.is_registered && seen.silent < self.times.lease
    }

    /// This node and all nodes of the register that are not silent, in ascending order of their ids.
    pub fn live(&self) -> Vec<NodeId> {
        let others = self.others.keys().copied().filter(|node| self.is_live(*node));
        let mut live: Vec<NodeId> = others.chain([self.own]).collect();
        live.sort_unstable();
        live
    }

    /// The nodes that have been silent for the lease and the grace at the local time `now`, in ascending order of their
    /// ids. Empty while this node is cut off, because the nodes may have come back meanwhile.
    pub fn lost(&self, now: Moment) -> Vec<LostNode> {
        if self.is_cut_off(now) {
            return Vec::new();
        }
        let long = self.times.lease + self.times.grace;
        let lost = self.others.iter().filter(|(_, seen)| seen.silent >= long);
        lost.map(|(node, Seen { beat, silent, heard, is_registered, has_left, .. })| LostNode {
            node: *node,
            beat: *beat,
            unheard: now.since(*heard),
            is_registered: *is_registered,
            has_left: *has_left,
            // Within a further lease, each node that knows of it has cleared its own partitions.
            is_everywhere: !is_registered && *silent >= long + self.times.lease,
        })
        .collect()
    }

    /// A number that changes when duties may have moved: a node has joined, left, become silent or begun to drain.
    pub fn generation(&self) -> u64 {
        let others = self.others.iter().filter(|(node, _)| self.is_live(**node));
        let all = others.map(|(node, seen)| (*node, seen.is_draining)).chain([(self.own, self.is_draining)]);
        // Two different sets have the same sum of mixed numbers only with a very low probability. An equal sum does no
        // harm.
        all.fold(0, |sum, (node, is_draining)| sum.wrapping_add(mix(mix(node.0) ^ u64::from(is_draining))))
    }

    /// Whether this node has a duty now.
    pub fn has_duty(&self, duty: Duty) -> bool {
        self.owner(duty) == self.own
    }

    /// The node that has a duty, as far as this node knows. A draining node is chosen only if all nodes are draining.
    pub fn owner(&self, duty: Duty) -> NodeId {
        let others = self.others.iter().filter(|(_, seen)| self.counts(seen));
        let all = others.map(|(node, seen)| (*node, seen.is_draining)).chain([(self.own, self.is_draining)]);
        let best = all.max_by_key(|(node, is_draining)| (!is_draining, rendezvous(*node, duty), *node));
        best.map_or(self.own, |(node, _)| node)
    }
}

/// The weight of a node for a duty. All versions of Lamplight must compute equal weights.
fn rendezvous(node: NodeId, duty: Duty) -> u64 {
    let duty = match duty {
        Duty::Whole => 0,
        Duty::Partition(partition) => 1 << 56 | u64::from(partition),
        Duty::Lane(Lane { app: AppId(app), hook }) => 2 << 56 | (hook as u64) << 32 | u64::from(app),
    };
    mix(mix(node.0) ^ duty)
}

/// The finalizer of splitmix64: each input bit changes about half of the output bits.
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests;
