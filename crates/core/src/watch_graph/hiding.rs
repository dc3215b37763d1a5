//! The edges whose watchers may not see the states of their subjects.

use super::marks::mark;
use super::{HIDDEN, Restricted, SUBJECT, SubjectKey, WatchGraph, WatcherKey};
use lamplight_model::{User, UserId};

impl<S: Restricted> WatchGraph<S> {
    /// The user of a watcher; `None` if the watcher was removed, or watches nobody yet.
    pub fn own_user(&self, watcher: WatcherKey) -> Option<&User> {
        // The edge to the watcher's own user is the first, and an edge that is moved into a gap comes from the end.
        let own = self.watcher(watcher)?.outgoing.first()?;
        Some(&self.subjects[(own.subject & SUBJECT) as usize].user)
    }

    /// If the watcher may not see the state of the subject, returns the user of the watcher; otherwise `None`. An
    /// answer may also contain the state of a subject that the watcher no longer watches.
    pub fn hidden_from(&self, watcher: WatcherKey, subject: SubjectKey) -> Option<&UserId> {
        let state = self.state(subject).filter(|state| state.is_restricted())?;
        let viewer = &self.own_user(watcher)?.id;
        let is_hidden = match self.incoming_place(subject.0, watcher.slot) {
            Some(place) => self.subjects[subject.0 as usize].incoming[place].is_hidden(),
            None => state.is_hidden_from(viewer),
        };
        is_hidden.then_some(viewer)
    }

    /// Replaces the state of a subject by a state that other watchers may see.
    ///
    /// For each edge, `differs` gets the former state and the new one. If the watcher may not see one of them,
    /// `differs` gets the user of the watcher with that state. If `differs` returns `true`, the edge is marked as
    /// pending.
    pub fn set_restricted_state(
        &mut self,
        subject: SubjectKey,
        state: S,
        differs: impl Fn(Option<(&S, Option<&UserId>)>, (&S, Option<&UserId>)) -> bool,
    ) {
        let before = self.subjects[subject.0 as usize].state.take();
        let count = self.subjects[subject.0 as usize].incoming.len();
        for index in 0..count {
            let edge = self.subjects[subject.0 as usize].incoming[index];
            let own = self.watchers[edge.slot() as usize].outgoing[0].subject & SUBJECT;
            let viewer = &self.subjects[own as usize].user.id;
            let before = before.as_ref().map(|before| (before, edge.is_hidden().then_some(viewer)));
            let is_hidden = state.is_hidden_from(viewer);
            let is_news = differs(before, (&state, is_hidden.then_some(viewer)));
            let hidden = if is_hidden { HIDDEN } else { 0 };
            self.subjects[subject.0 as usize].incoming[index].watcher = edge.slot() | hidden;
            if is_news {
                mark(&mut self.watchers, &mut self.touched, edge.slot(), edge.place, count);
            }
        }
        self.subjects[subject.0 as usize].state = Some(state);
    }
}
