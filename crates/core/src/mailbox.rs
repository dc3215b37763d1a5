//! Conflation: the statuses that each connection of one worker is still to be sent.
//!
//! For each edge between a connection and a user that it watches there is one slot, which holds the newest state. A
//! slot is only a mark on the edge; the state itself is stored once for the worker. A connection that stops reading
//! therefore costs four bytes for each watched user, is never closed for being slow, and always receives the newest
//! state in the end. The caller encodes the states.

use crate::touched::CROWD;
use crate::watch_graph::{SubjectKey, Told, WatchGraph, WatcherKey};
use crate::watch_reasons::{Reasons, Why};
use lamplight_model::{User, Version};

/// A state with a version that orders it.
pub trait Versioned {
    /// The version of the state.
    fn version(&self) -> Version;
}

impl Versioned for lamplight_model::UserStatus {
    fn version(&self) -> Version {
        self.version
    }
}

/// The watch graph of one worker, the newest state of every watched user, and the mailboxes.
pub struct Hub<S> {
    graph: WatchGraph<S>,
}

impl<S> Default for Hub<S> {
    fn default() -> Self {
        Self { graph: WatchGraph::default() }
    }
}

impl<S: Versioned> Hub<S> {
    /// Adds a connection that will watch about `expected` users.
    pub fn attach(&mut self, expected: usize) -> WatcherKey {
        self.graph.attach(expected)
    }

    /// Removes a connection.
    pub fn detach(&mut self, watcher: WatcherKey) {
        self.graph.detach(watcher);
    }

    /// Makes a connection watch a user for a reason. If it did not watch the user before, the user's state goes into
    /// its mailbox. Returns whether a state is known: if not, the caller reads it and [delivers](Self::tell) it.
    pub fn watch(&mut self, watcher: WatcherKey, user: &User, why: Why) -> bool {
        let watched = self.graph.watch(watcher, user, why);
        watched.is_some_and(|(subject, _)| self.graph.state(subject).is_some())
    }

    /// Removes a reason to watch a user. Returns whether the connection no longer watches the user.
    pub fn unwatch(&mut self, watcher: WatcherKey, user: &User, why: Why) -> bool {
        self.graph.unwatch(watcher, user, why)
    }

    /// Makes a connection watch users for a reason, in time linear in the number of these users and of the users it
    /// watches. Passes the users that it did not watch for this reason before to `added`; the caller reads their
    /// states.
    pub fn watch_all(
        &mut self,
        watcher: WatcherKey,
        users: impl ExactSizeIterator<Item = User>,
        why: Why,
        added: impl FnMut(User),
    ) {
        self.graph.watch_all(watcher, users, why, added);
    }

    /// Removes a reason from every watched user that has it, except those for which `wanted` is true.
    pub fn unwatch_others(&mut self, watcher: WatcherKey, why: Why, wanted: impl FnMut(&User) -> bool) {
        self.graph.unwatch_others(watcher, why, wanted);
    }

    /// Holds a user's state back from a connection until an answer [takes](Self::take) it, or until [`Hub::release`].
    pub fn hold(&mut self, watcher: WatcherKey, user: &User) {
        self.graph.hold(watcher, user);
    }

    /// Ends all [holds](Self::hold) of a connection, because no answer will carry the states. Returns the users that
    /// were held; the state of such a user is known only if the user has another watcher.
    pub fn release(&mut self, watcher: WatcherKey) -> Vec<User> {
        self.graph.release(watcher)
    }

    /// Mutes a connection, so that it is notified only of its own user, or unmutes it, so that it is sent every state
    /// that has changed meanwhile.
    pub fn set_muted(&mut self, watcher: WatcherKey, muted: bool) {
        self.graph.set_muted(watcher, muted);
    }

    /// Frees the memory that a connection's edges do not need. Call it after the connection's watch list has changed.
    pub fn shrink(&mut self, watcher: WatcherKey) {
        self.graph.shrink(watcher);
    }

    /// Whether a connection watches a user.
    pub fn is_watching(&self, watcher: WatcherKey, user: &User) -> bool {
        self.graph.is_watching(watcher, user)
    }

    /// Whether a connection watches a user for this reason.
    pub fn is_watching_for(&self, watcher: WatcherKey, user: &User, why: Why) -> bool {
        self.graph.is_watching_for(watcher, user, why)
    }

    /// The users that a connection watches for a reason.
    pub fn watched(&self, watcher: WatcherKey, why: Why) -> impl Iterator<Item = &User> {
        self.graph.watched(watcher, why)
    }

    /// The watchers of a user with their reasons, in no particular order. Their number is known without iterating.
    pub fn watchers(&self, user: &User) -> Option<impl ExactSizeIterator<Item = (WatcherKey, Reasons)>> {
        self.graph.subject(user).map(|subject| self.graph.watchers(subject))
    }

    /// Whether a watched user's state is older than `version`, so that delivering it makes a difference.
    pub fn wants(&self, user: &User, version: Version) -> bool {
        self.graph.subject(user).is_some_and(|subject| self.is_news(subject, version))
    }

    /// Puts a new state of a user into the mailboxes of all watchers. Drops the state if it is not newer than the
    /// known one, whatever its source. Returns whether it was newer.
    pub fn tell(&mut self, user: &User, state: S) -> bool {
        match self.graph.subject(user) {
            Some(subject) if self.is_news(subject, state.version()) => {
                self.graph.set_state(subject, state);
                true
            }
            Some(_) | None => false,
        }
    }

    /// The state of a user for an answer to this connection; the state then counts as sent.
    pub fn take(&mut self, watcher: WatcherKey, user: &User) -> Option<&S> {
        let subject = self.graph.subject(user)?;
        self.graph.unmark(watcher, subject);
        self.graph.state(subject)
    }

    /// Notes that the connection has seen this version of a user. Unless a newer one is known, the mark is removed.
    /// Returns whether the connection watches the user.
    pub fn seen(&mut self, watcher: WatcherKey, user: &User, version: Version) -> bool {
        let Some(subject) = self.graph.subject(user) else { return false };
        if self.graph.state(subject).is_some_and(|state| state.version() <= version) {
            self.graph.unmark(watcher, subject);
        }
        self.graph.is_watching(watcher, user)
    }

    /// Does the same as [`Hub::known`] for many users, in time linear in their number and in the number of users that
    /// the connection watches. Returns for each whether the connection watches it.
    pub fn known_all(&mut self, watcher: WatcherKey, seen: &[(User, Version)]) -> Vec<bool> {
        let users = seen.iter().map(|(user, _)| user);
        self.graph.unmark_all(watcher, users, |index, state| state.version() == seen[index].1)
    }

    /// Notes that an answer to a query carries this version of a user. If the connection was already sent a newer
    /// state, returns that state to be used in the answer.
    ///
    /// A client keeps the state from such an answer only for users whose state it already holds. A client that has
    /// been sent no state since it began to watch the user may not know yet that it watches the user, so the state
    /// stays pending.
    pub fn answer(&mut self, watcher: WatcherKey, user: &User, version: Version) -> Option<&S> {
        let subject = self.graph.subject(user)?;
        if self.graph.state(subject).is_some_and(|state| state.version() <= version) {
            if self.graph.was_told(watcher, subject) {
                self.graph.unmark(watcher, subject);
            }
            return None;
        }
        self.graph.told(watcher, user)
    }

    /// Whether a connection watches a user whose known state is older than this version.
    pub fn is_behind(&self, watcher: WatcherKey, user: &User, version: Version) -> bool {
        let state = self.graph.subject(user).and_then(|subject| self.graph.state(subject));
        state.is_some_and(|state| state.version() < version) && self.graph.is_watching(watcher, user)
    }

    /// Removes the mark of a user's known state, because the client has a newer one.
    pub fn pass_over(&mut self, watcher: WatcherKey, user: &User) {
        if let Some(subject) = self.graph.subject(user) {
            self.graph.pass_over(watcher, subject);
        }
    }

    /// Notes that a returning connection last saw this version of a user. Any other version counts as different, even
    /// a newer one: the last messages of the server may have been lost with the old link. Returns whether the
    /// connection watches the user.
    pub fn known(&mut self, watcher: WatcherKey, user: &User, version: Version) -> bool {
        let Some(subject) = self.graph.subject(user) else { return false };
        if self.graph.state(subject).is_some_and(|state| state.version() == version) {
            self.graph.unmark(watcher, subject);
        }
        self.graph.is_watching(watcher, user)
    }

    /// Passes the states in a connection's mailbox to `tell`, longest waiting first, until the mailbox is empty or
    /// `tell` reports that the frame is full. Returns whether any state is left.
    pub fn drain(&mut self, watcher: WatcherKey, tell: impl FnMut(&mut S) -> Told) -> bool {
        self.graph.drain_pending(watcher, tell)
    }

    /// Whether the mailbox of a connection holds a mark.
    pub fn has_pending(&self, watcher: WatcherKey) -> bool {
        self.graph.pending(watcher) > 0
    }

    /// The number of marks in the mailbox of a connection.
    pub fn pending(&self, watcher: WatcherKey) -> usize {
        self.graph.pending(watcher)
    }

    /// Moves the connections whose mailbox got a mark since the last call into `round`: all that are in no crowd,
    /// then a share of the crowd. [`Hub::has_crowd`] returns whether more of the crowd wait.
    pub fn take_touched(&mut self, round: &mut Vec<WatcherKey>) {
        self.graph.take_touched(round);
    }

    /// The number of connections that watch a user.
    pub fn audience(&self, user: &User) -> usize {
        self.watchers(user).map_or(0, |watchers| watchers.len())
    }

    /// Whether the watchers of a user are a crowd.
    pub fn is_crowded(&self, user: &User) -> bool {
        self.audience(user) > CROWD
    }

    /// Whether connections were left for the next call of [`Hub::take_touched`].
    pub fn has_crowd(&self) -> bool {
        self.graph.has_crowd()
    }

    /// Every watched user. Their states must be read again after entries of the change log were missed.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.graph.users()
    }

    /// The number of watched users, and the number of edges.
    pub fn size(&self) -> (usize, usize) {
        self.graph.size()
    }

    fn is_news(&self, subject: SubjectKey, version: Version) -> bool {
        self.graph.state(subject).is_none_or(|state| state.version() < version)
    }
}
