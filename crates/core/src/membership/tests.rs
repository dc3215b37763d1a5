//! Tests of the register of nodes. The rows of a table are reads of the register, with their times.

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
fn the_time_since_a_lost_node_was_heard_includes_the_time_without_reads() {
    let mut membership = Membership::new(OWN, TIMES);
    // Node 3 is in the register until second 900, and only a record names node 4.
    membership.observe([sighting(2, 5), sighting(3, 5)], at(0));
    membership.suspect(nodes(&[4]));
    (900..=936).step_by(3).for_each(|second| membership.observe([sighting(2, 5)], at(second)));
    let lost = membership.lost(at(937));
    let unheard: Vec<(u64, u64)> = lost.iter().map(|it| (it.node.0, it.unheard.as_secs())).collect();
    assert_eq!(unheard, [(2, 937), (3, 937), (4, 937)]);
    membership.observe([sighting(2, 6)], at(939));
    assert_eq!(membership.lost(at(939)).iter().map(|it| it.node.0).collect::<Vec<_>>(), [3, 4]);
}

#[test]
fn a_node_that_is_absent_has_left_unless_the_register_may_have_lost_it() {
    // The beats of this node at two reads, and whether node 2, which the second read lacks, has left in between.
    for (own, has_left) in [
        ([Some(7), Some(8)], true),
        // The register lacks the last writes, or was emptied.
        ([Some(7), Some(7)], false),
        ([Some(7), Some(1)], false),
        ([Some(1), Some(1)], false),
        ([Some(7), None], false),
        ([None, Some(1)], false),
    ] {
        let mut membership = Membership::new(OWN, TIMES);
        let own = own.map(|beat| beat.map(|beat| sighting(OWN.0, beat)));
        membership.observe(own[0].into_iter().chain([sighting(2, 5)]), at(0));
        membership.suspect(nodes(&[3]));
        membership.observe(own[1], at(3));
        (2..=13).for_each(|read| membership.observe([sighting(OWN.0, 10 + read)], at(3 * read)));
        let lost = membership.lost(at(39));
        let told: Vec<(u64, bool)> = lost.iter().map(|it| (it.node.0, it.has_left)).collect();
        assert_eq!(told, [(2, has_left), (3, false)], "{own:?}");
        // It is in the register again, which then loses it.
        membership.observe([sighting(OWN.0, 30), sighting(2, 1)], at(42));
        (1..=13).for_each(|read| membership.observe([sighting(OWN.0, read)], at(42 + 3 * read)));
        assert!(membership.lost(at(81)).iter().all(|it| !it.has_left), "{own:?}");
    }
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
    let owners: Vec<u64> = (0..12).map(|partition| membership.owner(Duty::Partition(partition)).0).collect();
    assert_eq!(owners, [1, 1, 3, 2, 1, 3, 2, 2, 1, 1, 1, 1]);
}
