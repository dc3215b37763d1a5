//! Who watches whom, inside one worker. Users are interned; an edge costs 16 bytes, eight at each end.
//!
//! The graph knows why an edge is there, and nothing of what is told along it.

use hashbrown::HashTable;
use lamplight_model::User;
use slab::Slab;
use smallvec::SmallVec;
use std::hash::BuildHasher;

/// A user that somebody watches.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct SubjectKey(pub u32);

/// A connection that watches.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct WatcherKey(pub u32);

/// Why a connection is told of a user (SPEC section 4). An edge may have several reasons; it is one edge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Why {
    /// It is the connection's own user.
    Own = 1 << 28,
    /// The user is subscribed to.
    Subscribed = 1 << 29,
    /// The users are mutual friends, and the app notifies friends.
    Friend = 1 << 30,
}

/// The reasons of one edge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reasons(u32);

impl Reasons {
    /// Whether this is among them.
    pub fn has(self, why: Why) -> bool {
        self.0 & why as u32 != 0
    }
}

const SUBJECT: u32 = (1 << 28) - 1;
const REASONS: u32 = Why::Own as u32 | Why::Subscribed as u32 | Why::Friend as u32;
const PENDING: u32 = 1 << 31;

/// The watcher's end of an edge: the subject, with the reasons and the pending mark in the bits above it.
#[derive(Clone, Copy)]
struct Outgoing {
    subject: u32,
    /// Where the other end is, in the subject's `incoming`.
    place: u32,
}

/// The subject's end of an edge.
#[derive(Clone, Copy)]
struct Incoming {
    watcher: u32,
    /// Where the other end is, in the watcher's `outgoing`.
    place: u32,
}

struct Subject<S> {
    user: User,
    state: Option<S>,
    incoming: Vec<Incoming>,
}

#[derive(Default)]
struct Watcher {
    outgoing: Vec<Outgoing>,
    /// Places in `outgoing` with the pending mark, in the order in which they were marked. One or two need no
    /// memory of their own: that is what a connection that keeps up has.
    pending: SmallVec<[u32; 2]>,
    /// The watcher is in `touched`.
    touched: bool,
}

/// Watchers, subjects with their newest state `S`, and the edges between them with their pending marks.
///
/// A subject lives as long as somebody watches it.
pub struct WatchGraph<S> {
    index: HashTable<u32>,
    subjects: Slab<Subject<S>>,
    watchers: Slab<Watcher>,
    touched: Vec<WatcherKey>,
    hasher: foldhash::fast::RandomState,
}

impl<S> Default for WatchGraph<S> {
    fn default() -> Self {
        Self {
            index: HashTable::new(),
            subjects: Slab::new(),
            watchers: Slab::new(),
            touched: Vec::new(),
            hasher: foldhash::fast::RandomState::default(),
        }
    }
}

impl<S> WatchGraph<S> {
    /// Takes a watcher in. `expected` is how many it will watch, to size its memory.
    pub fn attach(&mut self, expected: usize) -> WatcherKey {
        let watcher = Watcher { outgoing: Vec::with_capacity(expected), ..Watcher::default() };
        WatcherKey(u32::try_from(self.watchers.insert(watcher)).expect("fewer connections than 2^32"))
    }

    /// Lets a watcher go, with all its edges.
    pub fn detach(&mut self, key: WatcherKey) {
        while let Some(last) = self.watchers[key.0 as usize].outgoing.pop() {
            self.remove_incoming(last.subject & SUBJECT, last.place);
        }
        let watcher = self.watchers.remove(key.0 as usize);
        if watcher.touched {
            self.touched.retain(|touched| *touched != key);
        }
    }

    /// Adds a reason for `watcher` to watch `user`, and an edge when it is the first. Answers with the subject,
    /// and whether the edge is new. A new edge is pending when the state is known.
    pub fn watch(&mut self, watcher: WatcherKey, user: &User, why: Why) -> (SubjectKey, bool) {
        let subject = self.intern(user);
        if let Some(place) = self.find_edge(watcher, subject) {
            self.watchers[watcher.0 as usize].outgoing[place].subject |= why as u32;
            return (SubjectKey(subject), false);
        }
        let outgoing = &mut self.watchers[watcher.0 as usize].outgoing;
        let incoming = &mut self.subjects[subject as usize].incoming;
        let (out_place, in_place) = (outgoing.len() as u32, incoming.len() as u32);
        outgoing.push(Outgoing { subject: subject | why as u32, place: in_place });
        incoming.push(Incoming { watcher: watcher.0, place: out_place });
        if self.subjects[subject as usize].state.is_some() {
            self.mark(watcher.0, out_place);
        }
        (SubjectKey(subject), true)
    }

    /// Takes a reason away, and the edge with the last one. Says whether the edge is gone.
    pub fn unwatch(&mut self, watcher: WatcherKey, user: &User, why: Why) -> bool {
        let Some(subject) = self.find(user) else { return false };
        let Some(place) = self.find_edge(watcher, subject) else { return false };
        let edge = &mut self.watchers[watcher.0 as usize].outgoing[place];
        edge.subject &= !(why as u32);
        if edge.subject & REASONS != 0 {
            return false;
        }
        self.remove_edge(watcher.0, place as u32);
        true
    }

    /// Gives back the memory that a watcher's edges do not need: they seldom change once they are there.
    pub fn shrink(&mut self, watcher: WatcherKey) {
        self.watchers[watcher.0 as usize].outgoing.shrink_to_fit();
    }

    /// Whether a watcher watches a user.
    pub fn is_watching(&self, watcher: WatcherKey, user: &User) -> bool {
        self.find(user).is_some_and(|subject| self.find_edge(watcher, subject).is_some())
    }

    /// Whether a watcher watches a user for this reason.
    pub fn is_watching_for(&self, watcher: WatcherKey, user: &User, why: Why) -> bool {
        self.find(user)
            .and_then(|subject| self.find_edge(watcher, subject))
            .is_some_and(|place| self.watchers[watcher.0 as usize].outgoing[place].subject & why as u32 != 0)
    }

    /// The subject of a user, if anybody watches it.
    pub fn subject(&self, user: &User) -> Option<SubjectKey> {
        self.find(user).map(SubjectKey)
    }

    /// The newest state of a subject.
    pub fn state(&self, subject: SubjectKey) -> Option<&S> {
        self.subjects[subject.0 as usize].state.as_ref()
    }

    /// Replaces the state of a subject, and marks all its edges as pending.
    pub fn set_state(&mut self, subject: SubjectKey, state: S) {
        self.subjects[subject.0 as usize].state = Some(state);
        for index in 0..self.subjects[subject.0 as usize].incoming.len() {
            let Incoming { watcher, place } = self.subjects[subject.0 as usize].incoming[index];
            self.mark(watcher, place);
        }
    }

    /// Takes the pending mark off the edge to a subject. Says whether it was there.
    pub fn unmark(&mut self, watcher: WatcherKey, subject: SubjectKey) -> bool {
        let Some(place) = self.find_edge(watcher, subject.0) else { return false };
        let watcher = &mut self.watchers[watcher.0 as usize];
        let edge = &mut watcher.outgoing[place];
        if edge.subject & PENDING == 0 {
            return false;
        }
        edge.subject &= !PENDING;
        watcher.pending.retain(|pending| *pending != place as u32);
        true
    }

    /// Hands the pending states of a watcher to `tell`, oldest mark first, and takes their marks away, until
    /// none is left or `tell` says stop. Answers whether any is left.
    pub fn drain_pending(&mut self, key: WatcherKey, mut tell: impl FnMut(&mut S) -> Told) -> bool {
        let watcher = &mut self.watchers[key.0 as usize];
        let mut done = 0;
        for place in &watcher.pending {
            let edge = &mut watcher.outgoing[*place as usize];
            let subject = &mut self.subjects[(edge.subject & SUBJECT) as usize];
            let state = subject.state.as_mut().expect("an edge is marked only when there is a state");
            edge.subject &= !PENDING;
            done += 1;
            match tell(state) {
                Told::More => {}
                Told::Full => break,
            }
        }
        watcher.pending.drain(..done);
        if watcher.pending.is_empty() {
            watcher.pending = SmallVec::new();
        }
        !watcher.pending.is_empty()
    }

    /// Whether anything is pending for a watcher.
    pub fn has_pending(&self, watcher: WatcherKey) -> bool {
        !self.watchers[watcher.0 as usize].pending.is_empty()
    }

    /// How many subjects are pending for a watcher.
    pub fn pending(&self, watcher: WatcherKey) -> usize {
        self.watchers[watcher.0 as usize].pending.len()
    }

    /// Moves the watchers that got a pending mark since the last call into `touched`, each once.
    pub fn take_touched(&mut self, touched: &mut Vec<WatcherKey>) {
        for key in &self.touched {
            self.watchers[key.0 as usize].touched = false;
        }
        touched.append(&mut self.touched);
    }

    /// Every user that somebody watches.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.subjects.iter().map(|(_, subject)| &subject.user)
    }

    /// Whom a connection watches for a reason.
    pub fn watched(&self, watcher: WatcherKey, why: Why) -> impl Iterator<Item = &User> {
        let edges = self.watchers[watcher.0 as usize].outgoing.iter();
        edges
            .filter(move |edge| edge.subject & why as u32 != 0)
            .map(|edge| &self.subjects[(edge.subject & SUBJECT) as usize].user)
    }

    /// Who watches a subject, in no particular order, and which of the reasons they have.
    pub fn watchers(&self, subject: SubjectKey) -> impl ExactSizeIterator<Item = (WatcherKey, Reasons)> {
        self.subjects[subject.0 as usize].incoming.iter().map(|edge| {
            let reasons =
                self.watchers[edge.watcher as usize].outgoing[edge.place as usize].subject & REASONS;
            (WatcherKey(edge.watcher), Reasons(reasons))
        })
    }

    /// How many users are watched, and along how many edges.
    pub fn size(&self) -> (usize, usize) {
        (self.subjects.len(), self.watchers.iter().map(|(_, watcher)| watcher.outgoing.len()).sum())
    }

    fn find(&self, user: &User) -> Option<u32> {
        let hash = self.hasher.hash_one(user);
        self.index.find(hash, |slot| self.subjects[*slot as usize].user == *user).copied()
    }

    fn intern(&mut self, user: &User) -> u32 {
        if let Some(slot) = self.find(user) {
            return slot;
        }
        let subject = Subject { user: user.clone(), state: None, incoming: Vec::new() };
        let slot = self.subjects.insert(subject) as u32;
        assert!(slot <= SUBJECT, "a worker watches at most 2^28 users");
        let hash = self.hasher.hash_one(user);
        let (subjects, hasher) = (&self.subjects, &self.hasher);
        self.index.insert_unique(hash, slot, |slot| hasher.hash_one(&subjects[*slot as usize].user));
        slot
    }

    fn find_edge(&self, watcher: WatcherKey, subject: u32) -> Option<usize> {
        let outgoing = &self.watchers[watcher.0 as usize].outgoing;
        // The shorter end is searched: a list of 10,000 and a user with a million watchers both stay quick.
        let incoming = &self.subjects[subject as usize].incoming;
        if incoming.len() < outgoing.len() {
            let found = incoming.iter().find(|edge| edge.watcher == watcher.0);
            return found.map(|edge| edge.place as usize);
        }
        outgoing.iter().position(|edge| edge.subject & SUBJECT == subject)
    }

    fn mark(&mut self, watcher: u32, place: u32) {
        let key = WatcherKey(watcher);
        let watcher = &mut self.watchers[watcher as usize];
        let edge = &mut watcher.outgoing[place as usize];
        if edge.subject & PENDING == 0 {
            edge.subject |= PENDING;
            watcher.pending.push(place);
        }
        if !watcher.touched {
            watcher.touched = true;
            self.touched.push(key);
        }
    }

    fn remove_edge(&mut self, watcher_key: u32, place: u32) {
        let watcher = &mut self.watchers[watcher_key as usize];
        let removed = watcher.outgoing.swap_remove(place as usize);
        if removed.subject & PENDING != 0 {
            watcher.pending.retain(|pending| *pending != place);
        }
        if let Some(moved) = watcher.outgoing.get(place as usize) {
            let old_place = watcher.outgoing.len() as u32;
            for pending in &mut watcher.pending {
                if *pending == old_place {
                    *pending = place;
                }
            }
            self.subjects[(moved.subject & SUBJECT) as usize].incoming[moved.place as usize].place = place;
        }
        self.remove_incoming(removed.subject & SUBJECT, removed.place);
    }

    /// Removes the subject's end of an edge, and the subject with its last edge.
    fn remove_incoming(&mut self, subject: u32, place: u32) {
        let incoming = &mut self.subjects[subject as usize].incoming;
        incoming.swap_remove(place as usize);
        if let Some(moved) = incoming.get(place as usize) {
            self.watchers[moved.watcher as usize].outgoing[moved.place as usize].place = place;
        }
        if incoming.is_empty() {
            let hash = self.hasher.hash_one(&self.subjects[subject as usize].user);
            if let Ok(entry) = self.index.find_entry(hash, |slot| *slot == subject) {
                entry.remove();
            }
            self.subjects.remove(subject as usize);
        }
    }
}

/// Whether a frame has room for more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// It has.
    More,
    /// It is full; the rest stays pending.
    Full,
}
