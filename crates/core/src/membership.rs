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
    /// The time for which the node has been silent.
    pub silent: Duration,
    /// Whether the node was in the register at the last read.
    pub is_registered: bool,
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
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    beat: u64,
    is_draining: bool,
    /// How long this node has read the same beat, or has not found the node in the register.
    silent: Duration,
    /// Whether the node was in the register at the last read.
    is_registered: bool,
}

impl Membership {
    /// Creates the membership of a node that has not read the register yet. The node therefore has all duties.
    pub fn new(own: NodeId, times: LeaseTimes) -> Self {
        Self { own, times, others: BTreeMap::new(), is_draining: false, read: None }
    }

    /// The id of the node that reads the register.
    pub fn own(&self) -> NodeId {
        self.own
    }

    /// Updates the view with the register, which was read at `now`. A known node that is not in the register counts as
    /// silent from now on, until [`Membership::forget`].
    pub fn observe(&mut self, register: impl IntoIterator<Item = Sighting>, now: Moment) {
        // One long gap between two reads is this node's own absence, not the silence of others.
        let most = self.times.lease / 2;
        let passed = self.read.map_or(Duration::ZERO, |read| now.since(read).min(most));
        self.read = Some(now);
        let mut others = BTreeMap::new();
        for Sighting { node, beat, is_draining } in register {
            if node == self.own {
                self.is_draining = is_draining;
                continue;
            }
            let silent = match self.others.get(&node) {
                Some(seen) if seen.beat == beat && seen.is_registered => seen.silent + passed,
                Some(_) | None => Duration::ZERO,
            };
            others.insert(node, Seen { beat, is_draining, silent, is_registered: true });
        }
        let absent = self.others.iter().rev().filter(|(node, _)| !others.contains_key(node));
        let absent = absent.map(|(node, seen)| {
            (*node, Seen { silent: seen.silent + passed, is_registered: false, ..*seen })
        });
        // Ids rise with the time, so these are the nodes that have begun last.
        let absent: Vec<(NodeId, Seen)> = absent.take(MOST_ABSENT).collect();
        others.extend(absent);
        self.others = others;
    }

    /// Notes nodes that have connections in a record. A node that this node does not know counts as silent from now on.
    /// Such a node may have stopped before all running nodes began, and the register may have lost it.
    pub fn suspect(&mut self, nodes: impl IntoIterator<Item = NodeId>) {
        for node in nodes.into_iter().filter(|node| *node != self.own) {
            let unknown = Seen { beat: 0, is_draining: false, silent: Duration::ZERO, is_registered: false };
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
        lost.map(|(node, Seen { beat, silent, is_registered, .. })| LostNode {
            node: *node,
            beat: *beat,
            silent: *silent,
            is_registered: *is_registered,
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
mod tests {
    use super::*;
    use lamplight_model::Hook;
    use std::collections::BTreeSet;

    const TIMES: LeaseTimes = LeaseTimes { lease: Duration::from_secs(9), grace: Duration::from_secs(30) };
    const OWN: NodeId = NodeId(1);

    fn at(secs: u64) -> Moment {
        Moment(secs * 1_000)
    }

    fn sighting(node: u64, beat: u64) -> Sighting {
        Sighting { node: NodeId(node), beat, is_draining: false }
    }

    fn nodes(ids: &[u64]) -> Vec<NodeId> {
        ids.iter().copied().map(NodeId).collect()
    }

    /// One read of the register, and the expected result: the time in seconds, the beats of the other nodes by their
    /// ids, the live nodes, the lost nodes.
    type Row<'a> = (u64, &'a [(u64, u64)], &'a [u64], &'a [u64]);

    fn check(name: &str, rows: &[Row<'_>]) {
        let mut membership = Membership::new(OWN, TIMES);
        for (second, beats, live, lost) in rows {
            let register = beats.iter().map(|(node, beat)| sighting(*node, *beat));
            membership.observe(register.chain([sighting(OWN.0, 0)]), at(*second));
            assert_eq!(membership.live(), nodes(live), "{name}: live at {second}");
            let found = membership.lost(at(*second));
            let ids: Vec<NodeId> = found.iter().map(|lost| lost.node).collect();
            assert_eq!(ids, nodes(lost), "{name}: lost at {second}");
        }
    }

    #[test]
    fn a_node_whose_beat_stands_still_is_silent_after_the_lease_and_lost_after_the_grace() {
        let beats: Vec<[(u64, u64); 2]> = (0..15).map(|read| [(2, read), (3, 7)]).collect();
        let row = |(read, beats): (u64, _)| -> Row<'_> {
            let second = 3 * read;
            let live: &[u64] = if second < 9 { &[1, 2, 3] } else { &[1, 2] };
            let lost: &[u64] = if second < 39 { &[] } else { &[3] };
            (second, beats, live, lost)
        };
        let rows: Vec<Row<'_>> = (0_u64..).zip(&beats).map(|(read, beats)| row((read, &beats[..]))).collect();
        check("one of three stops", &rows);
    }

    #[test]
    fn reads_that_did_not_take_place_are_nobodys_silence() {
        let back_after_an_hour: &[Row<'_>] = &[
            (0, &[(2, 5)], &[1, 2], &[]),
            // This node was stopped for an hour. The other node was cut off as well, and has not renewed its lease in
            // this time.
            (3_600, &[(2, 5)], &[1, 2], &[]),
            (3_603, &[(2, 5)], &[1, 2], &[]),
            (3_606, &[(2, 6)], &[1, 2], &[]),
            (3_609, &[(2, 6)], &[1, 2], &[]),
        ];
        check("a gap", back_after_an_hour);
    }

    #[test]
    fn a_node_that_beats_again_is_back_and_one_that_was_taken_out_is_not_live() {
        check(
            "back",
            &[
                (0, &[(2, 1)], &[1, 2], &[]),
                (4, &[(2, 1)], &[1, 2], &[]),
                (8, &[(2, 1)], &[1, 2], &[]),
                (12, &[(2, 1)], &[1], &[]),
                (16, &[(2, 2)], &[1, 2], &[]),
                (20, &[], &[1], &[]),
                (24, &[(2, 2)], &[1, 2], &[]),
            ],
        );
    }

    #[test]
    fn a_node_that_the_register_has_lost_has_no_duties_and_is_lost_after_lease_and_grace() {
        // The register is lost at second 9, and nodes 2 and 3 are in it. Node 2 joins again at second 12.
        let beats: Vec<Vec<(u64, u64)>> = (0..20)
            .map(|read| match read {
                0..3 => vec![(2, read), (3, read)],
                3 => vec![],
                _ => vec![(2, read)],
            })
            .collect();
        let row = |(read, beats): (u64, _)| -> Row<'_> {
            let live: &[u64] = match read {
                0..3 => &[1, 2, 3],
                3 => &[1],
                _ => &[1, 2],
            };
            // Last seen at second 6.
            let lost: &[u64] = if read < 2 + 13 { &[] } else { &[3] };
            (3 * read, beats, live, lost)
        };
        let rows: Vec<Row<'_>> = (0_u64..).zip(&beats).map(|(read, beats)| row((read, &beats[..]))).collect();
        check("lost with the register", &rows);
    }

    /// The register is lost while a dead node waits to be cleared. The silence from before the loss still counts.
    #[test]
    fn the_silence_of_a_dead_node_goes_on_when_the_register_is_lost() {
        let dead: Vec<(u64, u64)> = vec![(3, 7)];
        let rows: Vec<Row<'_>> = (0..=13)
            .map(|read: u64| -> Row<'_> {
                let beats: &[(u64, u64)] = if read < 10 { &dead } else { &[] };
                let live: &[u64] = if read < 3 { &[1, 3] } else { &[1] };
                (3 * read, beats, live, if read < 13 { &[] } else { &[3] })
            })
            .collect();
        check("dead before", &rows);
    }

    #[test]
    fn a_node_that_is_in_the_register_again_was_not_silent() {
        // The beat of a node that joins again may be the beat that was read last.
        check(
            "back",
            &[
                (0, &[(2, 1)], &[1, 2], &[]),
                (3, &[], &[1], &[]),
                (6, &[], &[1], &[]),
                (9, &[], &[1], &[]),
                (12, &[(2, 1)], &[1, 2], &[]),
                (15, &[(2, 1)], &[1, 2], &[]),
            ],
        );
    }

    #[test]
    fn a_lost_node_that_only_a_record_names_is_cleared_in_all_partitions_and_forgotten() {
        let mut membership = Membership::new(OWN, TIMES);
        membership.observe([sighting(2, 0)], at(0));
        membership.suspect(nodes(&[1, 2, 9]));
        assert_eq!(membership.live(), nodes(&[1, 2]));
        let mut found = Vec::new();
        for read in 1..=18 {
            membership.observe([sighting(2, read)], at(3 * read));
            for lost in membership.lost(at(3 * read)) {
                assert_eq!((lost.node, lost.is_registered), (NodeId(9), false));
                found.push((3 * read, lost.is_everywhere));
            }
        }
        assert_eq!(found, [(39, false), (42, false), (45, false), (48, true), (51, true), (54, true)]);
        membership.forget(NodeId(2));
        membership.forget(NodeId(9));
        assert_eq!(membership.lost(at(54)), []);
        assert_eq!(membership.live(), nodes(&[1, 2]), "a node of the register is not forgotten");
    }

    #[test]
    fn a_bounded_number_of_absent_nodes_is_remembered_and_the_latest_are() {
        let mut membership = Membership::new(OWN, TIMES);
        let most = MOST_ABSENT as u64;
        membership.observe((2..most + 12).map(|node| sighting(node, 1)), at(0));
        (1..20).for_each(|read| membership.observe([], at(3 * read)));
        let lost: Vec<u64> = membership.lost(at(57)).iter().map(|lost| lost.node.0).collect();
        assert_eq!(lost, (12..most + 12).collect::<Vec<_>>());
    }

    #[test]
    fn a_node_that_is_cut_off_holds_nobody_for_lost() {
        let mut membership = Membership::new(OWN, TIMES);
        (0..14).for_each(|read| membership.observe([sighting(2, 1)], at(3 * read)));
        for (second, expected) in [(39, 1), (47, 1), (48, 0), (500, 0)] {
            assert_eq!(membership.lost(at(second)).len(), expected, "at {second}");
        }
        membership.observe([sighting(2, 2)], at(501));
        assert_eq!(membership.lost(at(501)), []);
    }

    /// A beat may also decrease, for example if the store is restored from an older snapshot.
    #[test]
    fn any_other_beat_is_a_sign_of_life() {
        check(
            "backwards",
            &[
                (0, &[(2, 100)], &[1, 2], &[]),
                (4, &[(2, 100)], &[1, 2], &[]),
                (8, &[(2, 100)], &[1, 2], &[]),
                (12, &[(2, 90)], &[1, 2], &[]),
                (16, &[(2, 91)], &[1, 2], &[]),
            ],
        );
    }

    #[test]
    fn a_node_is_cut_off_when_it_has_read_nothing_for_a_lease() {
        let mut membership = Membership::new(OWN, TIMES);
        assert!(!membership.is_cut_off(at(1_000)), "before the first read it has not begun");
        membership.observe([sighting(1, 1)], at(10));
        for (second, expected) in [(10, false), (18, false), (19, true), (500, true)] {
            assert_eq!(membership.is_cut_off(at(second)), expected, "at {second}");
        }
        membership.observe([sighting(1, 2)], at(501));
        assert!(!membership.is_cut_off(at(502)));
    }

    fn duties() -> impl Iterator<Item = Duty> {
        let lanes = (0..200).map(|app| {
            let hook = if app % 2 == 0 { Hook::StateChange } else { Hook::Push };
            Duty::Lane(Lane { app: AppId(1_400_000_000 + app / 2), hook })
        });
        (0..256).map(Duty::Partition).chain(lanes).chain([Duty::Whole])
    }

    fn view(own: u64, all: &[u64]) -> Membership {
        let mut membership = Membership::new(NodeId(own), TIMES);
        membership.observe(all.iter().map(|node| sighting(*node, 1)), at(0));
        membership
    }

    #[test]
    fn each_duty_has_one_owner_and_every_node_knows_it() {
        // Ids of runs that began shortly after one another, as `NodeId::of_run` makes them.
        let ids = [0x0193_7a00_0000_1234, 0x0193_7a00_0001_0042, 0x0193_7a00_0001_0043];
        let views = ids.map(|own| view(own, &ids));
        let mut counts = BTreeMap::new();
        for duty in duties() {
            let owners: Vec<NodeId> = views.iter().map(|view| view.owner(duty)).collect();
            assert!(owners.iter().all(|owner| *owner == owners[0]), "{duty:?}");
            assert_eq!(views.iter().filter(|view| view.has_duty(duty)).count(), 1, "{duty:?}");
            if let Duty::Partition(_) = duty {
                *counts.entry(owners[0]).or_insert(0) += 1;
            }
        }
        assert!(counts.len() == 3 && counts.values().all(|count| (60..=110).contains(count)), "{counts:?}");
    }

    #[test]
    fn the_generation_changes_with_every_move_of_duties() {
        let mut seen = BTreeSet::new();
        let mut membership = Membership::new(OWN, TIMES);
        let mut read = |second: u64, draining: [bool; 2], beats: &[(u64, u64)]| {
            let of = |(node, beat): &(u64, u64)| {
                let is_draining = draining[usize::from(*node != OWN.0)];
                Sighting { node: NodeId(*node), beat: *beat, is_draining }
            };
            membership.observe(beats.iter().map(of), at(second));
            membership.generation()
        };
        for (second, draining, beats) in [
            (0, [false, false], &[(1, 0)][..]),
            (3, [false, false], &[(1, 1), (2, 1)]),
            (6, [false, true], &[(1, 2), (2, 2)]),
            (9, [true, true], &[(1, 3), (2, 3)]),
            (12, [true, false], &[(1, 4), (2, 4)]),
        ] {
            assert!(seen.insert(read(second, draining, beats)), "second {second}");
        }
        // Nothing has moved.
        assert!(!seen.insert(read(15, [true, false], &[(1, 5), (2, 5)])));
    }

    #[test]
    fn a_lease_outlives_failed_renewals_and_the_end_of_many_connections_is_spread() {
        assert!(TIMES.renew_every() + 4 * TIMES.retry_after() < TIMES.lease);
        let pauses = [0, 1, 500, 10_000].map(|ended| pause_after_ended(ended).as_millis());
        assert_eq!(pauses, [0, 0, 100, 2_000]);
    }

    #[test]
    fn a_node_that_goes_hands_on_its_own_duties_and_no_others() {
        let (before, after) = (view(1, &[1, 2, 3, 4]), view(1, &[1, 2, 4]));
        for duty in duties() {
            let owner = before.owner(duty);
            if owner == NodeId(3) {
                assert_ne!(after.owner(duty), owner, "{duty:?}");
            } else {
                assert_eq!(after.owner(duty), owner, "{duty:?}");
            }
        }
    }

    #[test]
    fn a_draining_node_has_duties_only_where_there_is_no_other() {
        let draining = |node| Sighting { is_draining: true, ..sighting(node, 1) };
        let mut membership = Membership::new(OWN, TIMES);
        membership.observe([draining(1), sighting(2, 1)], at(0));
        assert!(duties().all(|duty| membership.owner(duty) == NodeId(2)));
        membership.observe([draining(1), draining(2)], at(1));
        assert!(duties().any(|duty| membership.has_duty(duty)), "somebody has to do them");
        assert!(duties().any(|duty| !membership.has_duty(duty)));
    }

    /// Nodes of different versions must compute these values.
    #[test]
    fn the_owner_does_not_change_with_the_version_of_the_program() {
        let membership = view(1, &[1, 2, 3]);
        let owners: Vec<u64> =
            (0..12).map(|partition| membership.owner(Duty::Partition(partition)).0).collect();
        assert_eq!(owners, [1, 1, 3, 2, 1, 3, 2, 2, 1, 1, 1, 1]);
    }
}
