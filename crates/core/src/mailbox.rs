//! Conflation: the statuses that a worker has not sent to its connections yet.
//!
//! The worker stores the newest state of a user once. The mailbox of a connection contains only marks, one for each
//! watched user whose newest state was not sent to the connection. A connection that stops reading therefore costs two
//! bytes for each watched user, and is never closed for being slow. When it reads again, it gets the newest states. The
//! caller encodes the states.

use crate::crowd_pace::CrowdPace;
use crate::interest::SubjectObserver;
use crate::touched::{CROWD, Told};
use crate::versioned::Versioned;
use crate::views::Views;
use crate::visibility::Restrictions;
use crate::watch_graph::{SubjectKey, WatchGraph, WatcherKey};
use crate::watch_reasons::{Reasons, Why};
use lamplight_model::{User, UserId, UserStatus, Version};
use std::sync::Arc;

/// The watch graph of one worker, the newest state of each watched user, and the mailboxes of the connections. If a
/// connection may not see the state of a user, it is shown another state, which has its own version.
pub struct Hub<S> {
    graph: WatchGraph<Views<S>>,
}

impl<S> Default for Hub<S> {
    fn default() -> Self {
        Self { graph: WatchGraph::default() }
    }
}

impl<S: Versioned> Hub<S> {
    /// Creates a hub without connections, whose watched users are reported to `observer`.
    pub fn observed_by(observer: Box<dyn SubjectObserver>) -> Self {
        Self { graph: WatchGraph::observed_by(observer) }
    }

    /// Adds a connection. `expected` is the approximate number of users that it will watch.
    pub fn attach(&mut self, expected: usize) -> WatcherKey {
        self.graph.attach(expected)
    }

    /// Removes a connection.
    pub fn detach(&mut self, watcher: WatcherKey) {
        self.graph.detach(watcher);
    }

    /// Makes a connection watch a user for a reason. If the connection did not watch the user before and the hub has a
    /// state that is not [unconfirmed](Self::unconfirm), marks the user.
    ///
    /// Returns `false` if the hub has no such state of the user. The caller then reads the state and passes it to
    /// [`Hub::tell`].
    pub fn watch(&mut self, watcher: WatcherKey, user: &User, why: Why) -> bool {
        let Some((subject, _)) = self.graph.watch(watcher, user, why) else { return false };
        self.graph.state(subject).is_some() && !self.graph.is_unconfirmed(watcher, subject)
    }

    /// Removes a reason to watch a user. Returns `true` if it was the last one; the connection then no longer watches
    /// the user.
    pub fn unwatch(&mut self, watcher: WatcherKey, user: &User, why: Why) -> bool {
        self.graph.unwatch(watcher, user, why)
    }

    /// Makes a connection watch users for a reason. Calls `added` with each user that it did not watch for this reason
    /// before; the caller reads the states of these users. The time is linear in the number of given and of watched
    /// users.
    pub fn watch_all(
        &mut self,
        watcher: WatcherKey,
        users: impl ExactSizeIterator<Item = User>,
        why: Why,
        added: impl FnMut(User),
    ) {
        self.graph.watch_all(watcher, users, why, added);
    }

    /// Removes a reason for watching from all users, except users for whom `wanted` returns `true`.
    pub fn unwatch_others(&mut self, watcher: WatcherKey, why: Why, wanted: impl FnMut(&User) -> bool) {
        self.graph.unwatch_others(watcher, why, wanted);
    }

    /// Keeps a user's state out of the notifications of a connection, because an answer in progress will contain it.
    /// [`Hub::take`] or [`Hub::release`] ends the hold.
    pub fn hold(&mut self, watcher: WatcherKey, user: &User) {
        self.graph.hold(watcher, user);
    }

    /// Ends all [holds](Self::hold) of a connection, because the answers failed. Returns the users that were held. The
    /// caller reads their states, because the hub may have none.
    pub fn release(&mut self, watcher: WatcherKey) -> Vec<User> {
        self.graph.release(watcher)
    }

    /// Mutes or unmutes a connection. A muted connection is notified only of its own user. After unmuting, the
    /// connection receives every state that has changed meanwhile.
    pub fn set_muted(&mut self, watcher: WatcherKey, muted: bool) {
        self.graph.set_muted(watcher, muted);
    }

    /// Frees unused memory of a connection's edges. Call it after the connection's watch list has changed.
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

    /// The watchers of a user with their reasons, in no particular order; `None` if the user has no watcher.
    pub fn watchers(&self, user: &User) -> Option<impl ExactSizeIterator<Item = (WatcherKey, Reasons)>> {
        self.graph.subject(user).map(|subject| self.graph.watchers(subject))
    }

    /// The key of a user; `None` if nobody watches the user. It stays valid as long as somebody does.
    pub fn subject(&self, user: &User) -> Option<SubjectKey> {
        self.graph.subject(user)
    }

    /// The user of a connection: the first user that the connection has watched. `None` if the connection was removed.
    pub fn own_user(&self, watcher: WatcherKey) -> Option<&User> {
        self.graph.own_user(watcher)
    }

    /// The newest state of a user, for watchers who may see it. `None` if nobody watches the user, or if the hub has no
    /// state of the user.
    pub fn newest(&self, user: &User) -> Option<&S> {
        self.views(user).map(Views::state)
    }

    /// Whether the hub needs a state of this user, with this version and these restrictions. It does if the user is
    /// watched, and the hub's state is missing or older.
    pub fn wants(&self, user: &User, version: Version, restrictions: Option<&Arc<Restrictions>>) -> bool {
        self.graph.subject(user).is_some_and(|subject| self.is_news(subject, version, restrictions))
    }

    /// Whether viewers who may not see the stored state of this user are shown another status with `restrictions`.
    pub fn shows_another(&self, user: &User, restrictions: Option<&Arc<Restrictions>>) -> bool {
        self.views(user).is_some_and(|views| views.shows_another_in(restrictions))
    }

    /// Whether viewers are shown a status with `restrictions` that none is shown now.
    pub fn shows_more(&self, user: &User, restrictions: Option<&Arc<Restrictions>>) -> bool {
        self.views(user).is_some_and(|views| views.shows_more_in(restrictions))
    }

    fn views(&self, user: &User) -> Option<&Views<S>> {
        self.graph.subject(user).and_then(|subject| self.graph.state(subject))
    }

    /// Stores a new status of a user, and marks the user in the mailboxes of all watchers who see a difference. Returns
    /// `true` if the status was stored. A status is dropped if nobody watches the user, or if the stored one is at
    /// least as new.
    pub fn tell(
        &mut self,
        user: &User,
        status: &UserStatus,
        restrictions: Option<&Arc<Restrictions>>,
    ) -> bool {
        self.store(user, status, restrictions, false)
    }

    /// Like [`Hub::tell`], but makes no marks if `status` is the stored state after it [was put
    /// back](Versioned::is_put_back_as).
    ///
    /// A record also gets a new version when another viewer may see the status again. If the restrictions have changed,
    /// no mark is therefore made for a watcher for whom only the version differs.
    pub fn tell_if_new(
        &mut self,
        user: &User,
        status: &UserStatus,
        restrictions: Option<&Arc<Restrictions>>,
    ) -> bool {
        self.store(user, status, restrictions, true)
    }

    fn store(
        &mut self,
        user: &User,
        status: &UserStatus,
        restrictions: Option<&Arc<Restrictions>>,
        only_if_new: bool,
    ) -> bool {
        let Some(subject) = self.graph.subject(user) else { return false };
        if !self.is_news(subject, status.version, restrictions) {
            return false;
        }
        let views = Views::new(status, restrictions);
        let stored = self.graph.state(subject);
        // Only a new subject without restrictions has no hidden edges.
        let is_as_restricted = match stored {
            Some(stored) => stored.has_restrictions_of(restrictions),
            None => restrictions.is_none(),
        };
        if is_as_restricted {
            let quiet = only_if_new && stored.is_some_and(|it| it.state().is_put_back_as(views.state()));
            self.graph.set_state(subject, views, quiet);
            return true;
        }
        self.graph.set_restricted_state(subject, views, |before, (after, hidden_from)| {
            let Some((before, was_hidden_from)) = before else { return true };
            let looks_same = match (was_hidden_from, hidden_from) {
                (None, None) if only_if_new => {
                    let (before, after) = (before.state(), after.state());
                    before.is_put_back_as(after) || before.is_renumbered_as(after)
                }
                (Some(viewer), Some(_)) if only_if_new => {
                    let shown = [before, after].map(|views| views.shown_to(viewer));
                    matches!(shown, [Some(before), Some(after)] if before.is_put_back_as(after))
                }
                // This worker has not heard yet that the status is hidden.
                (None, Some(viewer)) if only_if_new => {
                    after.rebuilt_for(viewer).is_some_and(|after| before.state().is_put_back_as(&after))
                }
                (None, None) | (Some(_), Some(_)) | (None, Some(_)) | (Some(_), None) => false,
            };
            before.version_for(was_hidden_from) < after.version_for(hidden_from) && !looks_same
        });
        true
    }

    /// Marks the state of a user in the mailbox of a connection that watches the user.
    pub fn mark(&mut self, watcher: WatcherKey, user: &User) {
        if let Some(subject) = self.graph.subject(user) {
            self.graph.mark_for(watcher, subject);
        }
    }

    /// Records that changes may have been missed. Until a state of a user is [confirmed](Self::confirm), the hub behaves
    /// for new watchers of the user as if it had no state.
    pub fn unconfirm(&mut self) {
        self.graph.unconfirm();
    }

    /// Records that the state of a user was read. The caller then calls [`Hub::tell_if_new`] with it.
    pub fn confirm(&mut self, user: &User) {
        if let Some(subject) = self.graph.subject(user) {
            self.graph.confirm(subject);
        }
    }

    /// Returns the state of a user for an answer to this connection, and removes the user's mark. `None` if the hub has
    /// no state of the user.
    pub fn take(&mut self, watcher: WatcherKey, user: &User) -> Option<&S> {
        let subject = self.graph.subject(user)?;
        self.graph.unmark(watcher, subject);
        self.view(watcher, subject)
    }

    /// The version of a user's state that a connection is shown; `None` if the hub has no state of the user.
    pub fn version_for(&self, watcher: WatcherKey, user: &User) -> Option<Version> {
        self.stored_version(watcher, self.graph.subject(user)?)
    }

    fn stored_version(&self, watcher: WatcherKey, subject: SubjectKey) -> Option<Version> {
        let state = self.graph.state(subject)?;
        Some(state.version_for(self.graph.hidden_from(watcher, subject)))
    }

    /// Like [`Hub::version_for`], but `None` if the state is unconfirmed for the connection.
    fn shown_version(&self, watcher: WatcherKey, subject: SubjectKey) -> Option<Version> {
        match self.graph.is_unconfirmed(watcher, subject) {
            true => None,
            false => self.stored_version(watcher, subject),
        }
    }

    fn view(&mut self, watcher: WatcherKey, subject: SubjectKey) -> Option<&S> {
        if self.graph.is_unconfirmed(watcher, subject) {
            return None;
        }
        let hidden_from: Option<UserId> = self.graph.hidden_from(watcher, subject).cloned();
        Some(self.graph.state_mut(subject)?.view_for(hidden_from.as_ref()))
    }

    /// Records that the connection has this version of a user's state. Removes the mark, unless the hub has a newer
    /// state. Returns whether the connection watches the user.
    pub fn seen(&mut self, watcher: WatcherKey, user: &User, version: Version) -> bool {
        let Some(subject) = self.graph.subject(user) else { return false };
        if self.shown_version(watcher, subject).is_some_and(|shown| shown <= version) {
            self.graph.unmark(watcher, subject);
        }
        self.graph.is_watching(watcher, user)
    }

    /// Like [`Hub::known`], for many users. Returns, for each user, whether the connection watches the user. The time
    /// is linear in the number of given and of watched users.
    pub fn known_all(&mut self, watcher: WatcherKey, seen: &[(User, Version)]) -> Vec<bool> {
        let users = seen.iter().map(|(user, _)| user);
        self.graph.unmark_all(watcher, users, |index, state, hidden_from| {
            state.version_for(hidden_from) == seen[index].1
        })
    }

    /// Records that an answer to a query contains this version of a user's state. If a newer state was already sent to
    /// the connection, returns that state, which must replace the older one in the answer.
    ///
    /// If no state of the user was sent to the connection yet, the mark is kept. The client ignores the state in the
    /// answer, and still needs the notification.
    pub fn answer(&mut self, watcher: WatcherKey, user: &User, version: Version) -> Option<&S> {
        let subject = self.graph.subject(user)?;
        if self.shown_version(watcher, subject)? <= version {
            if self.graph.was_told(watcher, subject) {
                self.graph.unmark(watcher, subject);
            }
            return None;
        }
        if self.graph.is_told(watcher, subject) { self.view(watcher, subject) } else { None }
    }

    /// Whether a connection watches a user whose stored state is older than `version`.
    pub fn is_behind(&self, watcher: WatcherKey, user: &User, version: Version) -> bool {
        let shown = self.graph.subject(user).and_then(|subject| self.shown_version(watcher, subject));
        shown.is_some_and(|shown| shown < version) && self.graph.is_watching(watcher, user)
    }

    /// Removes the mark of a user from a connection's mailbox without recording that the hub's state was sent. Called
    /// if an answer to the connection contains a newer state than the hub has.
    pub fn pass_over(&mut self, watcher: WatcherKey, user: &User) {
        if let Some(subject) = self.graph.subject(user) {
            self.graph.pass_over(watcher, subject);
        }
    }

    /// Records that a returning connection last saw this version of a user's state. Removes the mark if the hub has the
    /// same version. If the hub has an older or a newer version, the mark stays: the server may have lost versions that
    /// it had sent. Returns whether the connection watches the user.
    pub fn known(&mut self, watcher: WatcherKey, user: &User, version: Version) -> bool {
        let Some(subject) = self.graph.subject(user) else { return false };
        if self.shown_version(watcher, subject) == Some(version) {
            self.graph.unmark(watcher, subject);
        }
        self.graph.is_watching(watcher, user)
    }

    /// Passes the states marked in a connection's mailbox to `tell`, and removes the marks. Stops when `tell` returns
    /// [`Told::Full`].
    ///
    /// First come the users whose state the connection has not received yet, in the order in which it began to watch
    /// them. The other users follow, in the order in which they were marked. A muted connection gets only the state of
    /// its own user.
    ///
    /// Returns `true` if `tell` stopped the drain and marked states remain; `false` if none remain or the connection is
    /// muted.
    pub fn drain(&mut self, watcher: WatcherKey, mut tell: impl FnMut(&mut S) -> Told) -> bool {
        self.graph.drain_pending(watcher, |state, hidden_from| tell(state.view_for(hidden_from)))
    }

    /// Loads the memory that [`Hub::drain`] needs for these connections into the cache of the processor, for up to eight
    /// marked states of each connection. Calls `load` with each of these states; it must read the memory that the state
    /// points to. For a connection that may not see a state, this loads memory that is not needed.
    pub fn preload(&self, watchers: &[WatcherKey], mut load: impl FnMut(&S)) {
        self.graph.preload(watchers, |views| load(views.state()));
    }

    /// Whether the mailbox of a connection contains a mark.
    pub fn has_pending(&self, watcher: WatcherKey) -> bool {
        self.graph.pending(watcher) > 0
    }

    /// The number of marks in the mailbox of a connection.
    pub fn pending(&self, watcher: WatcherKey) -> usize {
        self.graph.pending(watcher)
    }

    /// Appends to `round` the connections that are served next. First come all connections outside of crowds that have
    /// got a mark since the last call. A limited number of connections in crowds follow. If more connections in crowds
    /// wait, [`Hub::has_crowd`] returns `true` afterwards.
    pub fn take_touched(&mut self, round: &mut Vec<WatcherKey>) {
        self.take_touched_up_to(CrowdPace::SHARE, round);
    }

    /// Like [`Hub::take_touched`], with at most `share` connections from crowds.
    pub fn take_touched_up_to(&mut self, share: usize, round: &mut Vec<WatcherKey>) {
        self.graph.take_touched(share, round);
    }

    /// The number of connections that watch a user.
    pub fn audience(&self, user: &User) -> usize {
        self.watchers(user).map_or(0, |watchers| watchers.len())
    }

    /// Whether the watchers of a user are a crowd: more than 256 on this worker.
    pub fn is_crowded(&self, user: &User) -> bool {
        self.audience(user) > CROWD
    }

    /// Whether connections in crowds wait for the next call of [`Hub::take_touched`]. Other connections are not
    /// counted.
    pub fn has_crowd(&self) -> bool {
        self.waiting_crowd() > 0
    }

    /// The number of connections in crowds that wait for the next call of [`Hub::take_touched`].
    pub fn waiting_crowd(&self) -> usize {
        self.graph.waiting_crowd()
    }

    /// All watched users. After entries of the change log were missed, the caller reads their states again.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.graph.users()
    }

    /// The number of watched users, and the number of edges.
    pub fn size(&self) -> (usize, usize) {
        self.graph.size()
    }

    fn is_news(
        &self,
        subject: SubjectKey,
        version: Version,
        restrictions: Option<&Arc<Restrictions>>,
    ) -> bool {
        self.graph.state(subject).is_none_or(|state| state.is_older_than(version, restrictions))
    }
}
