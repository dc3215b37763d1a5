//! The states that may be out of date, because changes were missed. They are not sent over new edges.

use super::marks::mark;
use super::{Restricted, SubjectKey, UNTOLD, WatchGraph, WatcherKey};
use hashbrown::HashSet;

/// The subjects with an unconfirmed state.
#[derive(Default)]
pub(super) struct Unconfirmed(HashSet<u32, foldhash::fast::FixedState>);

impl Unconfirmed {
    pub fn has(&self, subject: u32) -> bool {
        self.0.contains(&subject)
    }

    /// Returns whether the subject had an unconfirmed state.
    pub fn remove(&mut self, subject: u32) -> bool {
        let was_unconfirmed = self.0.remove(&subject);
        if was_unconfirmed && self.0.is_empty() {
            self.0 = HashSet::default();
        }
        was_unconfirmed
    }
}

impl<S: Restricted> WatchGraph<S> {
    /// Makes all present states unconfirmed, because changes were missed. An unconfirmed state is not sent to a watcher
    /// to whom no state of the subject was sent since the edge was added. It is as if there was no state. Whether there is
    /// one depends on the other watchers, of whom the watcher must learn nothing.
    ///
    /// An edge that is pending stays so.
    pub fn unconfirm(&mut self) {
        let with_state = self.subjects.iter().filter(|(_, subject)| subject.state.is_some());
        self.unconfirmed.0.extend(with_state.map(|(slot, _)| slot as u32));
    }

    /// Makes the state of one subject unconfirmed, as [`WatchGraph::unconfirm`] does.
    pub(super) fn unconfirm_one(&mut self, subject: SubjectKey) {
        if self.state(subject).is_some() {
            self.unconfirmed.0.insert(subject.0);
        }
    }

    /// Confirms the state of a subject, because a present state was read. The caller then sets that state, if it is newer.
    /// Marks the edges over which no state was sent. Does nothing if the state is not unconfirmed.
    pub fn confirm(&mut self, subject: SubjectKey) {
        if !self.unconfirmed.remove(subject.0) {
            return;
        }
        let Self { subjects, watchers, touched, .. } = self;
        let incoming = &subjects[subject.0 as usize].incoming;
        for edge in incoming {
            if watchers[edge.slot() as usize].outgoing[usize::from(edge.place)].subject & UNTOLD != 0 {
                mark(watchers, touched, edge.slot(), edge.place, incoming.len());
            }
        }
    }

    /// Whether the state of a subject is unconfirmed, and no state of the subject was sent to `watcher` since the edge was
    /// added.
    pub fn is_unconfirmed(&self, watcher: WatcherKey, subject: SubjectKey) -> bool {
        self.unconfirmed.has(subject.0) && !self.was_told(watcher, subject)
    }
}
