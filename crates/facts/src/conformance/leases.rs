//! Rules about the leases of lanes.

use super::outbox::{PUSH, STATE, enqueue, heads, logout, push, shown};
use super::{APP, OTHER_APP, at, ok};
use crate::{Facts, Settled, SettledAs};
use lamplight_model::{Hook, Lane, LaneLease, NodeId};

const A: NodeId = NodeId(1 << 60 | 7);
/// A node id that is negative if a store reads its bits as a signed number.
const B: NodeId = NodeId(u64::MAX - 1);

/// While a node has a lease, other nodes cannot take the lease without naming the last beat of that node.
pub async fn a_lane_is_leased_to_one_node(facts: &dyn Facts) {
    let first = take(facts, A).await;
    assert_eq!(first.holder, Some(A));
    assert!(first.term > 0 && first.beat > 0, "{first:?}");
    assert_eq!(take(facts, B).await, first);
    let renewed = take(facts, A).await;
    assert_eq!((renewed.holder, renewed.term), (Some(A), first.term));
    assert_ne!(renewed.beat, first.beat);
    assert_eq!(ok(facts.take_lease(STATE, B, Some(first.beat))).await, renewed, "it was renewed since");
    let over = ok(facts.take_lease(STATE, B, Some(renewed.beat))).await;
    assert_eq!(over.holder, Some(B));
    assert!(over.term > renewed.term && over.beat != renewed.beat, "{over:?}");
    assert_eq!(take(facts, A).await, over);
    assert_eq!(ok(facts.take_lease(STATE, A, Some(renewed.beat))).await, over);
}

/// A node that takes a released lease begins a new term, even if the node had the lease before.
pub async fn a_released_lease_can_be_taken(facts: &dyn Facts) {
    let first = take(facts, A).await;
    let renewed = take(facts, A).await;
    ok(facts.release_lease(STATE, first.beat)).await;
    assert_eq!(take(facts, B).await, renewed, "a release that is late changes nothing");
    ok(facts.release_lease(STATE, renewed.beat)).await;
    ok(facts.release_lease(STATE, renewed.beat)).await;
    let again = take(facts, A).await;
    assert_eq!(again.holder, Some(A));
    assert!(again.term > first.term, "{again:?}");
    ok(facts.release_lease(STATE, again.beat)).await;
    let other = take(facts, B).await;
    assert_eq!(other.holder, Some(B));
    assert!(other.term > again.term, "{other:?}");
}

/// Each lane has its own lease, whether or not the lane has notices.
pub async fn lanes_are_leased_separately(facts: &dyn Facts) {
    ok(facts.release_lease(STATE, 1)).await;
    let other = Lane { app: OTHER_APP, hook: Hook::StateChange };
    let (a, b) = (take(facts, A).await, ok(facts.take_lease(PUSH, B, None)).await);
    let c = ok(facts.take_lease(other, B, None)).await;
    assert_eq!((a.holder, b.holder, c.holder), (Some(A), Some(B), Some(B)));
    ok(facts.release_lease(PUSH, b.beat)).await;
    assert_eq!(take(facts, B).await, a);
    assert_eq!(ok(facts.take_lease(other, A, None)).await, c);
}

/// A node that has lost the lease may store outcomes late. They have no effect, because another node may be sending the
/// notices.
pub async fn an_outcome_of_an_earlier_term_changes_nothing(facts: &dyn Facts) {
    for ordinal in [1, 2, 3] {
        enqueue(facts, "alice", logout(ordinal)).await;
    }
    let a = take(facts, A).await;
    settle(facts, a.term, SettledAs::Gone).await;
    assert_eq!(shown(facts, STATE).await, ["alice 2"]);
    // A renewal does not end the term.
    take(facts, A).await;
    settle(facts, a.term, SettledAs::Again { attempts: 1, due: at(5), error: "503".into() }).await;
    assert_eq!(heads(facts, STATE).await[0].attempts, 1);

    let held = take(facts, A).await;
    let b = ok(facts.take_lease(STATE, B, Some(held.beat))).await;
    let before = heads(facts, STATE).await;
    for late in [
        SettledAs::Gone,
        SettledAs::Again { attempts: 9, due: at(9), error: "late".into() },
        SettledAs::Dead { attempts: 16, error: "late".into() },
    ] {
        settle(facts, a.term, late).await;
        assert_eq!(heads(facts, STATE).await, before);
        assert_eq!(ok(facts.dead_letters(APP, None, 10)).await, []);
    }
    settle(facts, b.term, SettledAs::Gone).await;
    assert_eq!(shown(facts, STATE).await, ["alice 3"]);
    // A lease that was released keeps its term until it is taken.
    ok(facts.release_lease(STATE, b.beat)).await;
    settle(facts, b.term, SettledAs::Dead { attempts: 16, error: "500".into() }).await;
    assert_eq!(ok(facts.dead_letters(APP, None, 10)).await.len(), 1);
    assert_eq!(shown(facts, STATE).await, [""; 0]);
}

/// One call stores outcomes of several lanes. Outcomes of earlier terms are ignored. So are outcomes of terms that the
/// lane never had.
pub async fn of_several_lanes_the_outcomes_of_current_terms_are_stored(facts: &dyn Facts) {
    for name in ["alice", "bob"] {
        enqueue(facts, name, logout(1)).await;
        enqueue(facts, name, push(1)).await;
    }
    let state = take(facts, A).await;
    let all = async |terms: [Option<u64>; 2]| {
        let (state, push) = (heads(facts, STATE).await, heads(facts, PUSH).await);
        let heads = state.first().into_iter().chain(push.first());
        let settled =
            heads.zip(terms).map(|(head, term)| Settled { id: head.id, term, settled: SettledAs::Gone });
        assert_eq!(ok(facts.settle(settled.collect(), at(9))).await, 0);
        (heads_count(facts, STATE).await, heads_count(facts, PUSH).await)
    };
    assert_eq!(all([Some(state.term), Some(state.term)]).await, (1, 2), "nobody has leased the other lane");
    let push = ok(facts.take_lease(PUSH, B, None)).await;
    assert_eq!(all([Some(push.term), Some(push.term)]).await, (1, 1));
    assert_eq!(all([Some(state.term), None]).await, (0, 0), "without a term, no lease is looked at");
}

async fn heads_count(facts: &dyn Facts, lane: Lane) -> usize {
    heads(facts, lane).await.len()
}

async fn take(facts: &dyn Facts, node: NodeId) -> LaneLease {
    ok(facts.take_lease(STATE, node, None)).await
}

/// Stores an outcome of this term for the head of the only user.
async fn settle(facts: &dyn Facts, term: u64, settled: SettledAs) {
    let id = heads(facts, STATE).await[0].id;
    assert_eq!(ok(facts.settle(vec![Settled { id, term: Some(term), settled }], at(9))).await, 0);
}
