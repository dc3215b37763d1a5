//! Rules about the terms of recorders.

use super::outbox::{STATE, heads, login, logout, shown, state};
use super::{at, ok, user};
use crate::{Enqueued, Facts, NewNotice, RecorderTerm, Settled, SettledAs};
use lamplight_model::NoticeContent;

const ADDED: Enqueued = Enqueued { added: 1, repeated: 0, suppressed: 0, dropped: 0 };
const REPEATED: Enqueued = Enqueued { added: 0, repeated: 1, ..ADDED };

/// After a new term of a partition has begun, calls with the former term store nothing. This also applies if the events
/// contain a login that could cancel a disconnect. Terms of other partitions stay valid.
pub async fn events_of_an_earlier_term_are_not_stored(facts: &dyn Facts) {
    let first = ok(facts.begin_recording(vec![3, 2047])).await;
    assert_eq!(store(facts, "alice", logout(1), &[(3, first)]).await, Some(ADDED));
    let second = ok(facts.begin_recording(vec![3])).await;
    assert_ne!(second, first);
    assert_eq!(store(facts, "alice", logout(2), &[(3, first)]).await, None);
    assert_eq!(store(facts, "alice", login(2, "phone"), &[(3, first)]).await, None);
    assert_eq!(store(facts, "alice", logout(2), &[(4, first)]).await, None, "nobody has begun this term");
    assert_eq!(store(facts, "bob", logout(1), &[(2047, first)]).await, Some(ADDED));
    assert_eq!(store(facts, "alice", login(2, "phone"), &[(3, second)]).await, Some(ADDED));
    assert_eq!(state(facts, STATE).await.waiting, 3);
    // The same recorder may begin a term again, to end its own calls that got no answer.
    let third = ok(facts.begin_recording(vec![3, 2047])).await;
    assert!(third != second && third != first);
    assert_eq!(store(facts, "bob", logout(2), &[(2047, first)]).await, None);
    assert_eq!(store(facts, "bob", logout(2), &[(2047, third)]).await, Some(ADDED));
}

/// Two recorders have read the same event. The faster recorder stores the event, the event is delivered, and its
/// ordinal is forgotten. The slower recorder then tries to store the event. Nothing is stored.
pub async fn a_slow_recorder_puts_no_delivered_event_back(facts: &dyn Facts) {
    let slow = [(5, ok(facts.begin_recording(vec![5])).await)];
    let fast = [(5, ok(facts.begin_recording(vec![5])).await)];
    assert_eq!(store(facts, "alice", logout(1), &fast).await, Some(ADDED));
    let sent = heads(facts, STATE).await.remove(0);
    ok(facts.settle(vec![Settled { id: sent.id, term: None, settled: SettledAs::Gone }], at(2))).await;
    forget(facts, "alice", 1, &fast).await;
    assert_eq!(store(facts, "alice", logout(1), &slow).await, None);
    assert_eq!(shown(facts, STATE).await, [""; 0]);
}

/// A recorder has stored an event, but has not removed it from the live record yet. A recorder with a new term reads
/// the event. The outbox must still recognise the event, even if the former recorder confirms that it will not repeat
/// the event.
pub async fn a_slow_recorder_forgets_nothing_that_another_one_has_read(facts: &dyn Facts) {
    let former = [(5, ok(facts.begin_recording(vec![5])).await)];
    assert_eq!(store(facts, "alice", logout(1), &former).await, Some(ADDED));
    let last = [(5, ok(facts.begin_recording(vec![5])).await)];
    forget(facts, "alice", 1, &former).await;
    let sent = heads(facts, STATE).await.remove(0);
    ok(facts.settle(vec![Settled { id: sent.id, term: None, settled: SettledAs::Gone }], at(2))).await;
    assert_eq!(store(facts, "alice", logout(1), &last).await, Some(REPEATED));
    forget(facts, "alice", 1, &last).await;
    assert_eq!(store(facts, "alice", logout(1), &last).await, Some(ADDED), "the record was made anew");
}

/// A call stores all of its events or none.
pub async fn one_ended_term_refuses_all_events_of_a_call(facts: &dyn Facts) {
    let first = ok(facts.begin_recording((0..256).collect())).await;
    let second = ok(facts.begin_recording(vec![200])).await;
    let all = |last: u64| {
        (0..256).map(move |partition| match partition {
            200 => (partition, last),
            _ => (partition, first),
        })
    };
    let outdated: Vec<_> = all(first).collect();
    assert_eq!(store(facts, "alice", logout(1), &outdated).await, None);
    assert_eq!(shown(facts, STATE).await, [""; 0]);
    let current: Vec<_> = all(second).collect();
    assert_eq!(store(facts, "alice", logout(1), &current).await, Some(ADDED));
}

async fn store(
    facts: &dyn Facts,
    name: &str,
    content: NoticeContent,
    terms: &[(u16, u64)],
) -> Option<Enqueued> {
    let notice = NewNotice { user: user(name), content, at: at(1) };
    ok(facts.enqueue(vec![notice], terms_of(terms))).await
}

async fn forget(facts: &dyn Facts, name: &str, up_to: u64, terms: &[(u16, u64)]) {
    ok(facts.forget_taken_in(vec![(user(name), up_to)], terms_of(terms))).await;
}

fn terms_of(terms: &[(u16, u64)]) -> Vec<RecorderTerm> {
    terms.iter().map(|(partition, term)| RecorderTerm { partition: *partition, term: *term }).collect()
}
