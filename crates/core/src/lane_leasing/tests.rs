//! Tests of lane leasing. Each script is the life of one node and gives the answers of the outbox.

use super::*;

const OWN: NodeId = NodeId(1);
const OTHER: NodeId = NodeId(2);

fn at(millis: u64) -> Moment {
    Moment(millis)
}

/// A step of a script.
enum Step {
    /// The expected call. The three values tell whether the node has the duty, has work, and is quiet.
    Needs((bool, bool, bool), Option<LeaseCall>),
    /// The answer to a call that began at this time, and whether the answer begins a term of this node.
    Answer {
        lease: (Option<NodeId>, u64, u64),
        begun: u64,
        is_new: bool,
    },
    Released,
    Failed,
    /// The expected permit: its term, and the time from which no request may be started.
    May(Option<(u64, u64)>),
    /// The expected time of the next call, for a node that has the duty and work.
    Wakes(Option<u64>),
}

use Step::{Answer, Failed, May, Needs, Released, Wakes};

const BUSY: (bool, bool, bool) = (true, true, false);
const IDLE: (bool, bool, bool) = (true, false, true);
const TAKE: Option<LeaseCall> = Some(LeaseCall::Take { over: None });

fn check(name: &str, steps: &[(u64, Step)]) {
    let mut leasing = LaneLeasing::new(Some(OWN));
    for (number, (time, step)) in steps.iter().enumerate() {
        let (now, name) = (at(*time), format!("{name}: step {number} at {time}"));
        match step {
            Needs((has_duty, has_work, is_quiet), call) => {
                assert_eq!(leasing.next_call(*has_duty, *has_work, *is_quiet, now), *call, "{name}");
            }
            Answer { lease: (holder, term, beat), begun, is_new } => {
                let lease = LaneLease { holder: *holder, term: *term, beat: *beat };
                assert_eq!(leasing.answered(lease, at(*begun), now), *is_new, "{name}");
            }
            Released => leasing.released(),
            Failed => leasing.failed(now),
            May(expected) => {
                let expected =
                    expected.map(|(term, until)| LanePermit { term: Some(term), until: Some(at(until)) });
                assert_eq!(leasing.permit(now), expected, "{name}");
            }
            Wakes(expected) => assert_eq!(leasing.wakes_at(true, true), expected.map(at), "{name}"),
        }
    }
}

fn own(term: u64, beat: u64, begun: u64, is_new: bool) -> Step {
    Answer { lease: (Some(OWN), term, beat), begun, is_new }
}

fn others(term: u64, beat: u64, begun: u64) -> Step {
    Answer { lease: (Some(OTHER), term, beat), begun, is_new: false }
}

#[test]
fn without_other_nodes_no_lease_is_needed() {
    let mut leasing = LaneLeasing::new(None);
    assert_eq!(leasing.permit(at(7)), Some(LanePermit { term: None, until: None }));
    assert_eq!(leasing.next_call(true, true, true, at(7)), None);
    assert_eq!(leasing.next_call(false, true, true, at(7)), None);
    assert_eq!(leasing.wakes_at(true, true), None);
}

#[test]
fn a_lease_is_taken_for_work_and_renewed_while_there_is_work() {
    check(
        "renewals",
        &[
            (0, Needs(IDLE, None)),
            (0, Needs((false, true, false), None)),
            (0, May(None)),
            (0, Needs(BUSY, TAKE)),
            (5, Needs(BUSY, None)), // a call is under way
            (5, Wakes(None)),
            (10, own(3, 3, 0, true)),
            (10, May(Some((3, 5_000)))),
            (2_499, Needs(BUSY, None)),
            (2_499, Wakes(Some(2_500))),
            (2_500, Needs(IDLE, None)),
            (2_500, Needs(BUSY, TAKE)),
            (2_510, own(3, 4, 2_500, false)),
            (2_510, May(Some((3, 7_500)))),
            // Nothing was sent for a minute. The lease is still this node's, and the term goes on.
            (60_000, May(None)),
            (60_000, Needs(BUSY, TAKE)),
            (60_010, own(3, 5, 60_000, false)),
            (60_010, May(Some((3, 65_000)))),
        ],
    );
}

#[test]
fn a_slow_answer_counts_from_the_start_of_its_call() {
    check(
        "slow",
        &[
            (0, Needs(BUSY, TAKE)),
            (4_999, own(3, 3, 0, true)),
            (4_999, May(Some((3, 5_000)))),
            (5_000, May(None)),
            (5_000, Needs(BUSY, TAKE)),
            (12_000, own(3, 4, 5_000, false)),
            (12_000, May(None)),
        ],
    );
}

#[test]
fn a_lease_whose_beat_stands_still_is_taken_over_and_one_that_is_renewed_is_not() {
    let over = |beat| Some(LeaseCall::Take { over: Some(beat) });
    check(
        "another holder",
        &[
            (0, Needs(BUSY, TAKE)),
            (10, others(3, 8, 0)),
            (10, May(None)),
            (10, Wakes(Some(1_010))),
            (1_009, Needs(BUSY, None)),
            (1_010, Needs(BUSY, TAKE)),
            (1_020, others(3, 9, 1_010)), // it was renewed
            (14_019, Needs(BUSY, TAKE)),
            (14_020, others(3, 9, 14_019)),
            (15_020, Needs(BUSY, over(9))),
            (15_030, others(3, 10, 15_020)), // it was renewed meanwhile
            (16_030, Needs(BUSY, TAKE)),
            (16_040, others(3, 10, 16_030)),
            (28_029, Needs(BUSY, TAKE)),
            (28_029, Failed),
            (29_029, Needs(BUSY, over(10))),
            (29_040, own(11, 11, 29_029, true)),
            (29_040, May(Some((11, 34_029)))),
        ],
    );
}

#[test]
fn a_node_that_hung_learns_that_it_has_lost_the_lease() {
    check(
        "hung",
        &[
            (0, Needs(BUSY, TAKE)),
            (10, own(3, 3, 0, true)),
            (90_000, May(None)),
            (90_000, Needs(BUSY, TAKE)),
            (90_010, others(4, 7, 90_000)),
            (90_010, May(None)),
            (91_010, Needs(BUSY, TAKE)),
            (91_020, own(9, 9, 91_010, true)), // the other node has released it
        ],
    );
}

#[test]
fn a_node_that_was_overtaken_without_noticing_begins_a_new_term() {
    check(
        "overtaken",
        &[
            (0, Needs(BUSY, TAKE)),
            (10, own(3, 3, 0, true)),
            (90_000, Needs(BUSY, TAKE)),
            // Another node had the lease meanwhile, and has released it.
            (90_010, own(8, 8, 90_000, true)),
        ],
    );
}

#[test]
fn without_the_duty_the_lease_is_released_when_nothing_is_under_way() {
    let release = |beat| Some(LeaseCall::Release { beat });
    check(
        "release",
        &[
            (0, Needs(BUSY, TAKE)),
            (10, own(3, 3, 0, true)),
            (20, Needs((false, true, false), None)),
            (3_000, Needs((false, true, false), None)), // and it is not renewed
            (3_000, Needs((false, true, true), release(3))),
            (3_010, Failed),
            (3_011, Needs((false, true, true), None)),
            (4_010, Needs((false, false, true), release(3))),
            (4_020, Released),
            (4_020, May(None)),
            (4_020, Needs((false, true, true), None)),
            (4_030, Needs(BUSY, TAKE)),
            (4_040, own(6, 6, 4_030, true)),
        ],
    );
}

#[test]
fn a_lease_whose_release_was_begun_permits_nothing_until_it_is_taken_again() {
    check(
        "duty is back",
        &[
            (0, Needs(BUSY, TAKE)),
            (10, own(3, 3, 0, true)),
            (20, Needs((false, true, true), Some(LeaseCall::Release { beat: 3 }))),
            (30, May(None)), // the release may have taken effect
            (30, Needs(BUSY, None)),
            (40, Failed),
            (40, May(None)),
            (40, Wakes(Some(1_040))),
            (1_040, Needs(BUSY, TAKE)),
            (1_050, own(3, 5, 1_040, false)), // it had none
            (1_050, May(Some((3, 6_040)))),
        ],
    );
}

#[test]
fn after_a_failed_call_the_lease_is_kept_until_its_end() {
    check(
        "failed",
        &[
            (0, Needs(BUSY, TAKE)),
            (10, own(3, 3, 0, true)),
            (2_500, Needs(BUSY, TAKE)),
            (2_600, Failed),
            (2_600, May(Some((3, 5_000)))),
            (2_600, Wakes(Some(3_600))),
            (3_600, Needs(BUSY, TAKE)),
            (4_900, Failed),
            (5_000, May(None)),
            (5_900, Needs(BUSY, TAKE)),
            (5_910, own(3, 5, 5_900, false)),
        ],
    );
}

/// The holder's clock is slow by one part in 20, and the other node's clock is fast by one part in 20.
#[test]
fn the_lease_ends_for_its_holder_before_another_node_takes_it_over() {
    assert!(LANE_LEASE.mul_f64(1.0 / 0.95) < LANE_TAKE_OVER.mul_f64(1.0 / 1.05));
    assert!(LANE_REQUEST * 2 <= LANE_LEASE);
}
