//! The watch graph of one worker: edges from watchers to subjects. Each user is stored once. An edge uses ten bytes:
//! four at the watcher's end, and six at the subject's end. The subject's end contains the index of the watcher's end.
//!
//! The graph stores the reasons of each edge, and whether the watcher may see the states of the subject. It does not
//! interpret these states otherwise.

mod crowds;
mod hiding;
mod marks;
mod unconfirmed;

pub use crate::restricted::Restricted;

use crate::interest::SubjectObserver;
use crate::touched::{Marks, Told, Touched};
use crate::watch_reasons::{Reasons, Why};
use crowds::CrowdPlaces;
use hashbrown::{HashMap, HashTable};
use lamplight_model::{Limits, User, UserId};
use marks::mark;
use slab::Slab;
use smallvec::SmallVec;
use std::hash::BuildHasher;
use unconfirmed::Unconfirmed;

/// The key of a watched user.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct SubjectKey(pub u32);

/// The key of a watching connection. It becomes invalid when the watcher is removed, even if a new watcher uses the
/// same slot. Calls with an invalid key do nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct WatcherKey {
    slot: u32,
    generation: u32,
}

impl WatcherKey {
    /// The slot of the watcher: a small number that is used again after the watcher was removed.
    pub fn slot(self) -> usize {
        self.slot as usize
    }
}

const SUBJECT: u32 = (1 << 26) - 1;
/// No state of the user has been sent to the watcher since the edge was added.
const UNTOLD: u32 = 1 << 26;
/// The user's state is not sent as a notification, because an answer in progress will contain it.
const HELD: u32 = 1 << 27;
const REASONS: u32 = Why::Own as u32 | Why::Subscribed as u32 | Why::Friend as u32;
const PENDING: u32 = 1 << 31;

/// The watcher's end of an edge. The upper bits of `subject` are the reasons and the marks.
#[derive(Clone, Copy)]
struct Outgoing {
    subject: u32,
}

/// The watcher may not see the states of the subject. A bit of [`Incoming::watcher`].
const HIDDEN: u32 = 1 << 31;

/// The subject's end of an edge.
#[derive(Clone, Copy)]
#[repr(C, packed(2))]
struct Incoming {
    /// The slot of the watcher, and [`HIDDEN`].
    watcher: u32,
    /// The index of the other end in the watcher's `outgoing`.
    place: u16,
}

/// The maximum number of edges of a watcher.
const MAX_EDGES: usize = 1 << 16;
const _: () = {
    let listed = Limits::MAX_SUBSCRIPTIONS as usize + Limits::MAX_FRIENDS as usize;
    assert!(2 * listed < MAX_EDGES, "two lists while one replaces the other, and the own user");
};

struct Subject<S> {
    user: User,
    state: Option<S>,
    incoming: Vec<Incoming>,
}

struct Watcher {
    /// Distinguishes the watcher from earlier watchers in its slot.
    generation: u32,
    outgoing: Vec<Outgoing>,
    /// The indices of the pending edges in `outgoing`, in the order in which they were marked. Eight indices fit without
    /// heap memory. This is enough for a client that reads in time.
    pending: SmallVec<[u16; 8]>,
    /// The queues of `touched` that the watcher is in.
    marks: Marks,
    /// Whether the connection is notified only of its own user, so that other pending edges wait.
    muted: bool,
}

impl Incoming {
    fn slot(self) -> u32 {
        self.watcher & !HIDDEN
    }

    fn is_hidden(self) -> bool {
        self.watcher & HIDDEN != 0
    }
}

const _: () = assert!(size_of::<Incoming>() == 6 && size_of::<Watcher>() <= 56);

/// For each subject, the index of the watcher's edge to it. With this map, many edges can be changed without searches.
type Places = HashMap<u32, u16, foldhash::fast::FixedState>;

/// Up to this many changes, searching the edges is quicker than building a map.
const FEW: usize = 4;

/// The graph: watchers, subjects with their newest state `S`, and the edges between them with their pending marks.
///
/// A subject exists as long as it has a watcher.
pub struct WatchGraph<S> {
    index: HashTable<u32>,
    subjects: Slab<Subject<S>>,
    watchers: Slab<Watcher>,
    /// The number of watchers that were ever added. It is the generation of the watcher that was added last.
    attached: u32,
    crowds: CrowdPlaces,
    unconfirmed: Unconfirmed,
    touched: Touched<WatcherKey>,
    hasher: foldhash::fast::RandomState,
    observer: Option<Box<dyn SubjectObserver>>,
}

impl<S> Default for WatchGraph<S> {
    fn default() -> Self {
        Self {
            index: HashTable::new(),
            subjects: Slab::new(),
            watchers: Slab::new(),
            attached: 0,
            crowds: CrowdPlaces::default(),
            unconfirmed: Unconfirmed::default(),
            touched: Touched::default(),
            hasher: foldhash::fast::RandomState::default(),
            observer: None,
        }
    }
}

impl<S: Restricted> WatchGraph<S> {
    /// Creates a graph without watchers, whose subjects are reported to `observer`.
    pub fn observed_by(observer: Box<dyn SubjectObserver>) -> Self {
        Self { observer: Some(observer), ..Self::default() }
    }

    /// Adds a watcher. The first user that it watches must be its own user. Reserves memory for the `expected` number
    /// of users that it will watch.
    pub fn attach(&mut self, expected: usize) -> WatcherKey {
        self.attached = self.attached.wrapping_add(1);
        let generation = self.attached;
        let outgoing = Vec::with_capacity(expected);
        let (pending, marks) = (SmallVec::new(), Marks::default());
        let watcher = Watcher { generation, outgoing, pending, marks, muted: false };
        let slot = u32::try_from(self.watchers.insert(watcher)).expect("fewer connections than 2^32");
        assert!(slot < HIDDEN, "fewer connections than 2^31");
        WatcherKey { slot, generation }
    }

    /// Removes a watcher with all its edges.
    pub fn detach(&mut self, key: WatcherKey) {
        while let Some(last) = self.watcher_mut(key).and_then(|watcher| watcher.outgoing.pop()) {
            self.remove_incoming(last.subject & SUBJECT, key.slot);
        }
        if self.watcher(key).is_some() {
            // `touched` may still contain the key; [`WatchGraph::take_touched`] skips it.
            self.watchers.remove(key.slot());
        }
    }

    /// Adds a reason for `watcher` to watch `user`, and an edge if there is none. A new edge is pending if the subject
    /// has a state that is not [unconfirmed](Self::unconfirm). Returns the subject, and whether the edge is new; `None`
    /// if the watcher was removed.
    pub fn watch(&mut self, watcher: WatcherKey, user: &User, why: Why) -> Option<(SubjectKey, bool)> {
        self.watcher(watcher)?;
        let subject = self.intern(user);
        if let Some(place) = self.find_edge(watcher, subject) {
            self.watchers[watcher.slot()].outgoing[place].subject |= why as u32;
            return Some((SubjectKey(subject), false));
        }
        self.add_edge(watcher, subject, why);
        Some((SubjectKey(subject), true))
    }

    /// Adds a reason for `watcher` to watch each of these users. Calls `added` with each user who was not yet watched
    /// for this reason. The time is linear in the number of given users and of the watcher's edges.
    pub fn watch_all(
        &mut self,
        watcher: WatcherKey,
        users: impl ExactSizeIterator<Item = User>,
        why: Why,
        mut added: impl FnMut(User),
    ) {
        let Some(mut places) = self.places(watcher, users.len()) else { return };
        for user in users {
            let subject = self.intern(&user);
            let place = match &places {
                Some(places) => places.get(&subject).copied(),
                None => self.find_edge(watcher, subject).map(|place| place as u16),
            };
            if let Some(place) = place {
                let edge = &mut self.watchers[watcher.slot()].outgoing[usize::from(place)].subject;
                if *edge & why as u32 != 0 {
                    continue;
                }
                *edge |= why as u32;
            } else {
                let place = self.add_edge(watcher, subject, why);
                if let Some(places) = &mut places {
                    places.insert(subject, place);
                }
            }
            added(user);
        }
    }

    /// Removes a reason from the edges of `watcher`. Keeps it on edges to users for whom `wanted` returns `true`. The
    /// time is linear in the number of the watcher's edges.
    pub fn unwatch_others(&mut self, watcher: WatcherKey, why: Why, mut wanted: impl FnMut(&User) -> bool) {
        let Some(it) = self.watcher(watcher) else { return };
        let subject_at = |place: u16| it.outgoing[usize::from(place)].subject & SUBJECT;
        let waiting: Vec<u32> = it.pending.iter().map(|place| subject_at(*place)).collect();
        let mut moved = false;
        // In reverse order, because the edge that is moved into a gap comes from the end and has already been visited.
        for place in (0..it.outgoing.len()).rev() {
            let edge = &mut self.watchers[watcher.slot()].outgoing[place].subject;
            if *edge & why as u32 == 0 || wanted(&self.subjects[(*edge & SUBJECT) as usize].user) {
                continue;
            }
            *edge &= !(why as u32);
            if *edge & REASONS == 0 {
                self.remove_edge(watcher.slot, place);
                moved = true;
            }
        }
        if !moved || waiting.is_empty() {
            return;
        }
        let Some(Some(places)) = self.places(watcher, usize::MAX) else { return };
        let it = &mut self.watchers[watcher.slot()];
        let place = waiting.iter().filter_map(|subject| places.get(subject).copied());
        it.pending = place.filter(|place| it.outgoing[usize::from(*place)].subject & PENDING != 0).collect();
    }

    /// Removes the pending marks of users whose states the client has, according to `is_known`. Returns for each user
    /// whether the watcher watches the user. The time is linear in the number of given users and of edges.
    pub fn unmark_all<'a>(
        &mut self,
        watcher: WatcherKey,
        users: impl ExactSizeIterator<Item = &'a User>,
        mut is_known: impl FnMut(usize, &S, Option<&UserId>) -> bool,
    ) -> Vec<bool> {
        let count = users.len();
        let Some(places) = self.places(watcher, count) else { return vec![false; count] };
        let mut unmarked = false;
        let watched = users.enumerate().map(|(index, user)| {
            let Some(subject) = self.find(user) else { return false };
            let place = match &places {
                Some(places) => places.get(&subject).map(|place| usize::from(*place)),
                None => self.find_edge(watcher, subject),
            };
            let Some(place) = place else { return false };
            if self.is_unconfirmed(watcher, SubjectKey(subject)) {
                return true;
            }
            let hidden_from = self.hidden_from(watcher, SubjectKey(subject));
            let state = self.subjects[subject as usize].state.as_ref();
            if state.is_some_and(|state| is_known(index, state, hidden_from)) {
                self.watchers[watcher.slot()].outgoing[place].subject &= !(PENDING | UNTOLD);
                unmarked = true;
            }
            true
        });
        let watched = watched.collect();
        if unmarked {
            let Watcher { outgoing, pending, .. } = &mut self.watchers[watcher.slot()];
            pending.retain(|place| outgoing[usize::from(*place)].subject & PENDING != 0);
        }
        watched
    }

    /// For each subject, the index of the watcher's edge to it; `None` if the watcher was removed. `Some(None)` if
    /// there are few changes, because searching the edges is then quicker.
    #[expect(clippy::option_option, reason = "the two answers have nothing in common")]
    fn places(&self, watcher: WatcherKey, changes: usize) -> Option<Option<Places>> {
        let outgoing = &self.watcher(watcher)?.outgoing;
        if changes <= FEW {
            return Some(None);
        }
        let mut places =
            Places::with_capacity_and_hasher(outgoing.len(), foldhash::fast::FixedState::default());
        places.extend(outgoing.iter().zip(0..).map(|(edge, place)| (edge.subject & SUBJECT, place)));
        Some(Some(places))
    }

    /// Adds an edge and returns its index in `outgoing`.
    fn add_edge(&mut self, watcher: WatcherKey, subject: u32, why: Why) -> u16 {
        let outgoing = &mut self.watchers[watcher.slot()].outgoing;
        let incoming = &mut self.subjects[subject as usize].incoming;
        let in_place = incoming.len();
        let out_place = u16::try_from(outgoing.len()).expect("the limits of an app allow fewer edges");
        if incoming.len() == incoming.capacity() {
            incoming.reserve_exact(more_edges(incoming.len()));
        }
        outgoing.push(Outgoing { subject: subject | UNTOLD | why as u32 });
        incoming.push(Incoming { watcher: watcher.slot, place: out_place });
        self.crowds.appended(subject, incoming);
        if let Some(state) = &self.subjects[subject as usize].state {
            let is_hidden = state.is_restricted()
                && self.own_user(watcher).is_some_and(|viewer| state.is_hidden_from(&viewer.id));
            if is_hidden {
                self.subjects[subject as usize].incoming[in_place].watcher |= HIDDEN;
            }
            if !self.unconfirmed.has(subject) {
                mark(&mut self.watchers, &mut self.touched, watcher.slot, out_place, 0);
            }
        }
        out_place
    }

    /// Removes a reason, and the edge if that was its last reason. Returns whether the edge was removed.
    pub fn unwatch(&mut self, watcher: WatcherKey, user: &User, why: Why) -> bool {
        let Some(subject) = self.find(user) else { return false };
        let Some(place) = self.find_edge(watcher, subject) else { return false };
        let edge = &mut self.watchers[watcher.slot()].outgoing[place];
        edge.subject &= !(why as u32);
        if edge.subject & REASONS != 0 {
            return false;
        }
        self.keep_waiting_without(watcher.slot, place);
        self.remove_edge(watcher.slot, place);
        true
    }

    /// Frees unused memory of a watcher's edges, because they seldom change later.
    pub fn shrink(&mut self, watcher: WatcherKey) {
        if let Some(watcher) = self.watcher_mut(watcher) {
            watcher.outgoing.shrink_to_fit();
        }
    }

    /// Whether a watcher watches a user.
    pub fn is_watching(&self, watcher: WatcherKey, user: &User) -> bool {
        self.find(user).is_some_and(|subject| self.find_edge(watcher, subject).is_some())
    }

    /// Whether a watcher watches a user for this reason.
    pub fn is_watching_for(&self, watcher: WatcherKey, user: &User, why: Why) -> bool {
        self.find(user)
            .and_then(|subject| self.find_edge(watcher, subject))
            .is_some_and(|place| self.watchers[watcher.slot()].outgoing[place].subject & why as u32 != 0)
    }

    /// The subject of a user; `None` if nobody watches the user.
    pub fn subject(&self, user: &User) -> Option<SubjectKey> {
        self.find(user).map(SubjectKey)
    }

    /// The newest state of a subject; `None` if no state was set.
    pub fn state(&self, subject: SubjectKey) -> Option<&S> {
        self.subjects[subject.0 as usize].state.as_ref()
    }

    /// Replaces the state of a subject by a state that the same watchers may see. Marks the edges of these watchers as
    /// pending, unless the state is `quiet`.
    pub fn set_state(&mut self, subject: SubjectKey, state: S, quiet: bool) {
        let Self { subjects, watchers, touched, .. } = self;
        let is_restricted = state.is_restricted();
        let Subject { state: newest, incoming, .. } = &mut subjects[subject.0 as usize];
        *newest = Some(state);
        let told: &[Incoming] = if quiet { &[] } else { incoming };
        for edge in told.iter().filter(|edge| !is_restricted || !edge.is_hidden()) {
            mark(watchers, touched, edge.slot(), edge.place, incoming.len());
        }
    }

    /// The newest state of a subject; `None` if no state was set.
    pub fn state_mut(&mut self, subject: SubjectKey) -> Option<&mut S> {
        self.subjects[subject.0 as usize].state.as_mut()
    }

    /// Passes the pending states of a watcher to `tell`, and removes their marks. Stops when `tell` returns
    /// [`Told::Full`]. The second argument of `tell` is the user of the watcher if the watcher may not see the state.
    ///
    /// First come the subjects whose state the watcher has not received yet, in the order of the edges. The other
    /// subjects follow, in the order in which they were marked. A muted watcher gets only the state of its own user.
    ///
    /// Returns `true` if `tell` stopped the drain and pending states remain; `false` if none remain or the watcher is
    /// muted.
    pub fn drain_pending(
        &mut self,
        key: WatcherKey,
        mut tell: impl FnMut(&mut S, Option<&UserId>) -> Told,
    ) -> bool {
        let Some(watcher) = self.watchers.get_mut(key.slot()).filter(|it| it.generation == key.generation)
        else {
            return false;
        };
        if watcher.muted {
            let own = |place: &u16| watcher.outgoing[usize::from(*place)].subject & Why::Own as u32 != 0;
            let Some(index) = watcher.pending.iter().position(own) else { return false };
            let edge = &mut watcher.outgoing[usize::from(watcher.pending.remove(index))];
            edge.subject &= !(PENDING | UNTOLD);
            let subject = &mut self.subjects[(edge.subject & SUBJECT) as usize];
            // The result does not matter, because a muted watcher receives no other state.
            let _ = tell(subject.state.as_mut().expect("an edge is marked only when there is a state"), None);
            return false;
        }
        // Whether there was a state when an edge was added depends on the other watchers, who may be hidden.
        let Watcher { outgoing, pending, .. } = &mut *watcher;
        let is_untold = |place: &u16| outgoing[usize::from(*place)].subject & UNTOLD != 0;
        if pending.len() > 1 && pending.iter().any(is_untold) {
            pending.sort_by_key(|place| if is_untold(place) { u32::from(*place) } else { u32::MAX });
        }
        let mut done = 0;
        for place in &watcher.pending {
            let edge = &mut watcher.outgoing[usize::from(*place)];
            let subject = edge.subject & SUBJECT;
            edge.subject &= !(PENDING | UNTOLD);
            done += 1;
            let Subject { state, incoming, .. } = &mut self.subjects[subject as usize];
            let state = state.as_mut().expect("an edge is marked only when there is a state");
            let place = || self.crowds.place(subject, incoming, key.slot);
            let told = if state.is_restricted() && place().is_some_and(|place| incoming[place].is_hidden()) {
                let own = (watcher.outgoing[0].subject & SUBJECT) as usize;
                let viewer = self.subjects[own].user.id.clone();
                let state = self.subjects[subject as usize].state.as_mut();
                tell(state.expect("an edge is marked only when there is a state"), Some(&viewer))
            } else {
                tell(state, None)
            };
            match told {
                Told::More => {}
                Told::Full => break,
            }
        }
        if done == watcher.pending.len() {
            watcher.pending = SmallVec::new();
            return false;
        }
        watcher.pending.drain(..done);
        true
    }

    /// All watched users.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.subjects.iter().map(|(_, subject)| &subject.user)
    }

    /// The users that a connection watches for a reason.
    pub fn watched(&self, watcher: WatcherKey, why: Why) -> impl Iterator<Item = &User> {
        let edges = self.watcher(watcher).into_iter().flat_map(|watcher| &watcher.outgoing);
        edges
            .filter(move |edge| edge.subject & why as u32 != 0)
            .map(|edge| &self.subjects[(edge.subject & SUBJECT) as usize].user)
    }

    /// The watchers of a subject with their reasons, in no particular order.
    pub fn watchers(&self, subject: SubjectKey) -> impl ExactSizeIterator<Item = (WatcherKey, Reasons)> {
        self.subjects[subject.0 as usize].incoming.iter().map(|edge| {
            let watcher = &self.watchers[edge.slot() as usize];
            let reasons = watcher.outgoing[usize::from(edge.place)].subject & REASONS;
            (WatcherKey { slot: edge.slot(), generation: watcher.generation }, Reasons(reasons))
        })
    }

    /// The number of watched users, and the number of edges.
    pub fn size(&self) -> (usize, usize) {
        (self.subjects.len(), self.watchers.iter().map(|(_, watcher)| watcher.outgoing.len()).sum())
    }

    fn watcher(&self, key: WatcherKey) -> Option<&Watcher> {
        self.watchers.get(key.slot()).filter(|watcher| watcher.generation == key.generation)
    }

    fn watcher_mut(&mut self, key: WatcherKey) -> Option<&mut Watcher> {
        self.watchers.get_mut(key.slot()).filter(|watcher| watcher.generation == key.generation)
    }

    fn find(&self, user: &User) -> Option<u32> {
        let hash = self.hasher.hash_one(user);
        self.index.find(hash, |slot| self.subjects[*slot as usize].user == *user).copied()
    }

    fn intern(&mut self, user: &User) -> u32 {
        if let Some(slot) = self.find(user) {
            return slot;
        }
        self.observer.iter_mut().for_each(|observer| observer.added(user));
        let subject = Subject { user: user.clone(), state: None, incoming: Vec::new() };
        let slot = self.subjects.insert(subject) as u32;
        assert!(slot <= SUBJECT, "a worker watches at most 2^26 users");
        let hash = self.hasher.hash_one(user);
        let (subjects, hasher) = (&self.subjects, &self.hasher);
        self.index.insert_unique(hash, slot, |slot| hasher.hash_one(&subjects[*slot as usize].user));
        slot
    }

    fn find_edge(&self, watcher: WatcherKey, subject: u32) -> Option<usize> {
        let outgoing = &self.watcher(watcher)?.outgoing;
        // The shorter of the two lists is searched, so that both a watcher of 10,000 users and a user with a million
        // watchers are quick.
        let incoming = &self.subjects[subject as usize].incoming;
        if incoming.len() < outgoing.len() {
            let found = incoming.iter().find(|edge| edge.slot() == watcher.slot);
            return found.map(|edge| usize::from(edge.place));
        }
        outgoing.iter().position(|edge| edge.subject & SUBJECT == subject)
    }

    /// Updates the list of pending indices before an edge is removed. Drops the index of this edge. The watcher's last
    /// edge will move to this index, so the list gets this index in place of the index of the last edge.
    fn keep_waiting_without(&mut self, watcher: u32, place: usize) {
        let Watcher { outgoing, pending, .. } = &mut self.watchers[watcher as usize];
        if outgoing[place].subject & PENDING != 0 {
            pending.retain(|pending| usize::from(*pending) != place);
        }
        let last = outgoing.len() - 1;
        for pending in pending {
            if usize::from(*pending) == last {
                *pending = place as u16;
            }
        }
    }

    /// Removes an edge. The caller updates the list of pending indices.
    fn remove_edge(&mut self, slot: u32, place: usize) {
        let watcher = &mut self.watchers[slot as usize];
        let removed = watcher.outgoing.swap_remove(place);
        if let Some(moved) = watcher.outgoing.get(place) {
            let subject = moved.subject & SUBJECT;
            if let Some(in_place) = self.incoming_place(subject, slot) {
                self.subjects[subject as usize].incoming[in_place].place = place as u16;
            }
        }
        self.remove_incoming(removed.subject & SUBJECT, slot);
    }

    /// The index of an edge in the `incoming` of its subject.
    fn incoming_place(&self, subject: u32, watcher: u32) -> Option<usize> {
        self.crowds.place(subject, &self.subjects[subject as usize].incoming, watcher)
    }

    /// Removes the subject's end of an edge, and the subject if that was its last edge.
    fn remove_incoming(&mut self, subject: u32, watcher: u32) {
        let Some(place) = self.incoming_place(subject, watcher) else { return };
        let incoming = &mut self.subjects[subject as usize].incoming;
        self.crowds.swap_remove(subject, incoming, place);
        if incoming.is_empty() {
            let hash = self.hasher.hash_one(&self.subjects[subject as usize].user);
            if let Ok(entry) = self.index.find_entry(hash, |slot| *slot == subject) {
                entry.remove();
            }
            self.unconfirmed.remove(subject);
            let removed = self.subjects.remove(subject as usize);
            self.observer.iter_mut().for_each(|observer| observer.removed(&removed.user));
        }
    }
}

/// The number of places to add to a full list of incoming edges: a quarter, and the places for which the allocator
/// reserves memory anyway. An allocator adds 8 bytes and rounds up to a multiple of 16. If the lists were doubled, a
/// third of the memory of all lists would be unused.
fn more_edges(edges: usize) -> usize {
    let wanted = edges + (edges / 4).max(2);
    let allocated = (wanted * size_of::<Incoming>() + 8).next_multiple_of(16) - 8;
    allocated / size_of::<Incoming>() - edges
}

/// Changes the marks of a watcher. Returns whether the watcher still exists.
fn change_marks(watchers: &mut Slab<Watcher>, key: WatcherKey, change: fn(&mut Marks)) -> bool {
    let watcher = watchers.get_mut(key.slot()).filter(|watcher| watcher.generation == key.generation);
    watcher.map(|watcher| change(&mut watcher.marks)).is_some()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_list_of_edges_grows_by_a_quarter_into_all_that_is_allocated() {
        for edges in 0..2_000 {
            let more = super::more_edges(edges);
            let left = (16 - ((edges + more) * size_of::<super::Incoming>() + 8) % 16) % 16;
            assert!(left < size_of::<super::Incoming>() && (2..=edges / 4 + 4).contains(&more), "{edges}");
        }
    }
}
