//! The marks of edges: states that are still to be sent, and states that an answer in progress will contain.

use super::{
    HELD, PENDING, Restricted, SUBJECT, SubjectKey, UNTOLD, WatchGraph, Watcher, WatcherKey, change_marks,
};
use crate::touched::Touched;
use crate::watch_reasons::Why;
use lamplight_model::User;
use slab::Slab;
use smallvec::SmallVec;

/// The number of pending states that [`WatchGraph::preload`] loads for each watcher. A client that reads in time seldom
/// has more.
const PRELOADED: usize = 8;

impl<S: Restricted> WatchGraph<S> {
    /// Records that the state of a subject was sent to `watcher`. Removes the pending mark and the [hold](Self::hold)
    /// from the edge. Returns whether there was a pending mark. If the state is [unconfirmed](Self::is_unconfirmed) for
    /// the watcher, it was not sent, and is marked when it is confirmed.
    pub fn unmark(&mut self, watcher: WatcherKey, subject: SubjectKey) -> bool {
        let Some(place) = self.find_edge(watcher, subject.0) else { return false };
        let untold = if self.unconfirmed.has(subject.0) { 0 } else { UNTOLD };
        let watcher = &mut self.watchers[watcher.slot()];
        let edge = &mut watcher.outgoing[place];
        edge.subject &= !(HELD | untold);
        if edge.subject & PENDING == 0 {
            return false;
        }
        edge.subject &= !PENDING;
        watcher.pending.retain(|pending| usize::from(*pending) != place);
        true
    }

    /// Marks the edge of one watcher to a subject as pending. The subject must have a state.
    pub fn mark_for(&mut self, watcher: WatcherKey, subject: SubjectKey) {
        let Some(place) = self.find_edge(watcher, subject.0) else { return };
        let Self { subjects, watchers, touched, .. } = self;
        mark(watchers, touched, watcher.slot, place as u16, subjects[subject.0 as usize].incoming.len());
    }

    /// Removes the pending mark from the edge to a subject, without recording that the state was sent.
    pub fn pass_over(&mut self, key: WatcherKey, subject: SubjectKey) {
        let Some(place) = self.find_edge(key, subject.0) else { return };
        let watcher = &mut self.watchers[key.slot()];
        watcher.outgoing[place].subject &= !PENDING;
        watcher.pending.retain(|pending| usize::from(*pending) != place);
    }

    /// Keeps the edge to a user out of [`WatchGraph::drain_pending`] until the edge is [unmarked](Self::unmark) or
    /// [released](Self::release).
    pub fn hold(&mut self, watcher: WatcherKey, user: &User) {
        let Some(place) = self.find(user).and_then(|subject| self.find_edge(watcher, subject)) else {
            return;
        };
        let Watcher { outgoing, pending, .. } = &mut self.watchers[watcher.slot()];
        outgoing[place].subject |= HELD;
        pending.retain(|pending| usize::from(*pending) != place);
    }

    /// Releases all held edges of a watcher, so that their pending states are sent. If no state of a subject was sent to
    /// the watcher, the state becomes [unconfirmed](Self::unconfirm), because the read of a present one has failed. Returns
    /// the users of these edges.
    pub fn release(&mut self, key: WatcherKey) -> Vec<User> {
        let Some(it) = self.watcher_mut(key) else { return Vec::new() };
        let held = it.outgoing.iter_mut().zip(0..).filter(|(edge, _)| edge.subject & HELD != 0);
        let held: Vec<(u32, u16)> = held
            .map(|(edge, place)| {
                let marks = edge.subject;
                edge.subject &= !(HELD | PENDING);
                (marks, place)
            })
            .collect();
        for (marks, place) in &held {
            let subject = marks & SUBJECT;
            if marks & UNTOLD != 0 {
                self.unconfirm_one(SubjectKey(subject));
            } else if marks & PENDING != 0 {
                mark(&mut self.watchers, &mut self.touched, key.slot, *place, 0);
            }
        }
        held.iter().map(|(marks, _)| self.subjects[(marks & SUBJECT) as usize].user.clone()).collect()
    }

    /// Mutes or unmutes a watcher. A muted watcher is notified only of its own user. After unmuting, the watcher
    /// receives the states that were marked meanwhile.
    pub fn set_muted(&mut self, key: WatcherKey, muted: bool) {
        let Some(watcher) = self.watchers.get_mut(key.slot()).filter(|it| it.generation == key.generation)
        else {
            return;
        };
        watcher.muted = muted;
        if !muted && !watcher.pending.is_empty() {
            self.touched.push(key, &mut watcher.marks, 0);
        }
    }

    /// The number of pending edges of a watcher.
    pub fn pending(&self, watcher: WatcherKey) -> usize {
        self.watcher(watcher).map_or(0, |watcher| watcher.pending.len())
    }

    /// Appends to `round` the watchers that are served next. First come all watchers outside of crowds that got a
    /// pending mark since the last call, and then at most `share` watchers in crowds.
    pub fn take_touched(&mut self, share: usize, round: &mut Vec<WatcherKey>) {
        let Self { touched, watchers, .. } = self;
        touched.take_first(|key, change| change_marks(watchers, key, change), round);
        touched.take_share(share, |key, change| change_marks(watchers, key, change), round);
    }

    /// Loads the memory that [`WatchGraph::drain_pending`] needs for these watchers into the cache of the processor, for up
    /// to eight pending states of each watcher. Calls `load` with each of these states; it must read the memory that the
    /// state points to.
    ///
    /// A drain goes from the watcher to its edges, from there to the subjects, and then to their states. It waits for the
    /// memory four times, because each step needs the one before. Each of the two passes here makes two steps for all
    /// watchers. Its reads for one watcher do not depend on those for another, so the processor waits for many of them at
    /// the same time.
    pub fn preload(&self, keys: &[WatcherKey], load: impl FnMut(&S)) {
        let mut subjects = SmallVec::<[u32; 128]>::new();
        for watcher in keys.iter().filter_map(|key| self.watcher(*key)) {
            let places = watcher.pending.iter().take(PRELOADED);
            let edges = places.filter_map(|place| watcher.outgoing.get(usize::from(*place)));
            edges.for_each(|edge| subjects.push(edge.subject & SUBJECT));
        }
        let states =
            subjects.iter().filter_map(|subject| self.subjects.get(*subject as usize)?.state.as_ref());
        states.for_each(load);
    }

    /// The number of watchers in crowds that wait for the next call of [`WatchGraph::take_touched`]. Other watchers are
    /// not counted.
    pub fn waiting_crowd(&self) -> usize {
        self.touched.waiting_crowd()
    }

    /// Whether a state of the subject was sent to `watcher` since the edge was added.
    pub fn was_told(&self, watcher: WatcherKey, subject: SubjectKey) -> bool {
        let place = self.find_edge(watcher, subject.0);
        place.is_some_and(|place| self.watchers[watcher.slot()].outgoing[place].subject & UNTOLD == 0)
    }

    /// `true` if `watcher` watches the subject and was sent the newest state of the subject.
    pub fn is_told(&self, watcher: WatcherKey, subject: SubjectKey) -> bool {
        let place = self.find_edge(watcher, subject.0);
        place.is_some_and(|place| self.watchers[watcher.slot()].outgoing[place].subject & PENDING == 0)
    }
}

/// Marks an edge as pending, because the state of its subject has changed. `crowd` is the number of the subject's
/// watchers.
pub(super) fn mark(
    watchers: &mut Slab<Watcher>,
    touched: &mut Touched<WatcherKey>,
    slot: u32,
    place: u16,
    crowd: usize,
) {
    let watcher = &mut watchers[slot as usize];
    let edge = &mut watcher.outgoing[usize::from(place)].subject;
    if *edge & PENDING == 0 {
        *edge |= PENDING;
        if *edge & HELD == 0 {
            watcher.pending.push(place);
        }
    }
    if *edge & HELD == 0 && (!watcher.muted || *edge & Why::Own as u32 != 0) {
        let key = WatcherKey { slot, generation: watcher.generation };
        touched.push(key, &mut watcher.marks, crowd);
    }
}
