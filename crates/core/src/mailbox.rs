//! Conflation: what each connection of one worker has still to be told.
//!
//! Between a connection and a user that it watches there is one slot, which holds the newest state. A slot
//! is a mark on an edge; the state itself is kept once for the worker. So a connection that stops reading
//! costs four bytes for each user it watches, is never given up for being slow, and always ends with the
//! newest state. Which bytes a state becomes is the shell's affair.

use crate::touched::CROWD;
use crate::watch_graph::{SubjectKey, Told, WatchGraph, WatcherKey};
use crate::watch_reasons::{Reasons, Why};
use lamplight_model::{User, Version};

/// A state that knows how new it is.
pub trait Versioned {
    /// The version of the state.
    fn version(&self) -> Version;
}

impl Versioned for lamplight_model::UserStatus {
    fn version(&self) -> Version {
        self.version
    }
}

/// One worker's picture: the watch graph, the newest state of everyone watched, and the mailboxes.
pub struct Hub<S> {
    graph: WatchGraph<S>,
}

impl<S> Default for Hub<S> {
    fn default() -> Self {
        Self { graph: WatchGraph::default() }
    }
}

impl<S: Versioned> Hub<S> {
    /// Takes a connection in that will watch about `expected` users.
    pub fn attach(&mut self, expected: usize) -> WatcherKey {
        self.graph.attach(expected)
    }

    /// Lets a connection go.
    pub fn detach(&mut self, watcher: WatcherKey) {
        self.graph.detach(watcher);
    }

    /// Lets a connection watch a user for a reason. When it did not before, the user's state goes into its
    /// mailbox. Says whether a state is known: if not, the caller reads it and [tells](Self::tell) it.
    pub fn watch(&mut self, watcher: WatcherKey, user: &User, why: Why) -> bool {
        let watched = self.graph.watch(watcher, user, why);
        watched.is_some_and(|(subject, _)| self.graph.state(subject).is_some())
    }

    /// Takes away a reason to watch a user. Says whether the connection watches the user no longer.
    pub fn unwatch(&mut self, watcher: WatcherKey, user: &User, why: Why) -> bool {
        self.graph.unwatch(watcher, user, why)
    }

    /// Lets a connection watch users for a reason, in time linear in their number and that of those it watches. Hands
    /// those that it did not watch for this reason before to `added`: the caller reads their state.
    pub fn watch_all(
        &mut self,
        watcher: WatcherKey,
        users: impl ExactSizeIterator<Item = User>,
        why: Why,
        added: impl FnMut(User),
    ) {
        self.graph.watch_all(watcher, users, why, added);
    }

    /// Takes away a reason to watch everyone whom it holds for, but for those that `wanted` names.
    pub fn unwatch_others(&mut self, watcher: WatcherKey, why: Why, wanted: impl FnMut(&User) -> bool) {
        self.graph.unwatch_others(watcher, why, wanted);
    }

    /// Tells nothing of a user until an answer [takes](Self::take) the state, or [`Hub::release`].
    pub fn hold(&mut self, watcher: WatcherKey, user: &User) {
        self.graph.hold(watcher, user);
    }

    /// There will be no answer that tells of the users who are [held](Self::hold). Answers with them: the state of one
    /// that nobody else watches is not known.
    pub fn release(&mut self, watcher: WatcherKey) -> Vec<User> {
        self.graph.release(watcher)
    }

    /// Lets a connection be told of its own user alone, or of everyone again: of what differs.
    pub fn set_muted(&mut self, watcher: WatcherKey, muted: bool) {
        self.graph.set_muted(watcher, muted);
    }

    /// Gives back the memory that a connection's edges do not need. To be called when its lists have changed.
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

    /// The watchers of a user with their reasons, in no particular order. Counting them costs nothing.
    pub fn watchers(&self, user: &User) -> Option<impl ExactSizeIterator<Item = (WatcherKey, Reasons)>> {
        self.graph.subject(user).map(|subject| self.graph.watchers(subject))
    }

    /// Whether anybody watches a user whose state is older than `version`: whether telling it makes a difference.
    pub fn wants(&self, user: &User, version: Version) -> bool {
        self.graph.subject(user).is_some_and(|subject| self.is_news(subject, version))
    }

    /// A state was heard of: it goes into the mailboxes of all who watch the user, unless it is not newer than
    /// what is there. Stale news is dropped here, whatever way it came.
    pub fn tell(&mut self, user: &User, state: S) -> bool {
        match self.graph.subject(user) {
            Some(subject) if self.is_news(subject, state.version()) => {
                self.graph.set_state(subject, state);
                true
            }
            Some(_) | None => false,
        }
    }

    /// The state of a user for an answer to this connection, which is thereby told of it.
    pub fn take(&mut self, watcher: WatcherKey, user: &User) -> Option<&S> {
        let subject = self.graph.subject(user)?;
        self.graph.unmark(watcher, subject);
        self.graph.state(subject)
    }

    /// The connection says that it has seen this version of a user. If nothing newer is known, there is nothing
    /// to tell. Says whether the connection watches the user.
    pub fn seen(&mut self, watcher: WatcherKey, user: &User, version: Version) -> bool {
        let Some(subject) = self.graph.subject(user) else { return false };
        if self.graph.state(subject).is_some_and(|state| state.version() <= version) {
            self.graph.unmark(watcher, subject);
        }
        self.graph.is_watching(watcher, user)
    }

    /// The same as [`Hub::known`] for many, in time linear in their number and that of those the connection watches: which of them it
    /// watches.
    pub fn known_all(&mut self, watcher: WatcherKey, seen: &[(User, Version)]) -> Vec<bool> {
        let users = seen.iter().map(|(user, _)| user);
        self.graph.unmark_all(watcher, users, |index, state| state.version() == seen[index].1)
    }

    /// An answer to a question tells this connection of this version of a user. Hands over the state to tell instead, if
    /// the connection was told of a newer one meanwhile.
    ///
    /// A client keeps such an answer only of those it holds. One that was told nothing of the user since it watches the
    /// user may not know yet that it does, so there it stays pending.
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

    /// Whether a connection watches a user of whom only what is older than this version is known.
    pub fn is_behind(&self, watcher: WatcherKey, user: &User, version: Version) -> bool {
        let state = self.graph.subject(user).and_then(|subject| self.graph.state(subject));
        state.is_some_and(|state| state.version() < version) && self.graph.is_watching(watcher, user)
    }

    /// Tells a connection nothing of the state of a user as it is known now: it knows a newer one.
    pub fn pass_over(&mut self, watcher: WatcherKey, user: &User) {
        if let Some(subject) = self.graph.subject(user) {
            self.graph.pass_over(watcher, subject);
        }
    }

    /// The connection has come back and says that it last saw this version of a user. Any other version differs, a
    /// newer one too: what the server said before may have been lost with it. Says whether the connection watches
    /// the user.
    pub fn known(&mut self, watcher: WatcherKey, user: &User, version: Version) -> bool {
        let Some(subject) = self.graph.subject(user) else { return false };
        if self.graph.state(subject).is_some_and(|state| state.version() == version) {
            self.graph.unmark(watcher, subject);
        }
        self.graph.is_watching(watcher, user)
    }

    /// Empties the mailbox of a connection into `tell`, longest waiting first, until it is empty or `tell` says
    /// that the frame is full. Says whether anything is left.
    pub fn drain(&mut self, watcher: WatcherKey, tell: impl FnMut(&mut S) -> Told) -> bool {
        self.graph.drain_pending(watcher, tell)
    }

    /// Whether a connection has still to be told something.
    pub fn has_pending(&self, watcher: WatcherKey) -> bool {
        self.graph.pending(watcher) > 0
    }

    /// How many users a connection has still to be told of.
    pub fn pending(&self, watcher: WatcherKey) -> usize {
        self.graph.pending(watcher)
    }

    /// Moves the connections whose mailbox got something since the last call into `round`. Of the crowd that waits for a
    /// user with very many watchers it takes a share, after all others; [`Hub::has_crowd`] says whether more wait.
    pub fn take_touched(&mut self, round: &mut Vec<WatcherKey>) {
        self.graph.take_touched(round);
    }

    /// Whether the connections that watch a user are a crowd.
    pub fn is_crowded(&self, user: &User) -> bool {
        self.watchers(user).is_some_and(|watchers| watchers.len() > CROWD)
    }

    /// Whether connections were left to the next call of [`Hub::take_touched`].
    pub fn has_crowd(&self) -> bool {
        self.graph.has_crowd()
    }

    /// Every user that somebody watches: what has to be read again after the change log was missed.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.graph.users()
    }

    /// How many users are watched, and along how many edges.
    pub fn size(&self) -> (usize, usize) {
        self.graph.size()
    }

    fn is_news(&self, subject: SubjectKey, version: Version) -> bool {
        self.graph.state(subject).is_none_or(|state| state.version() < version)
    }
}
