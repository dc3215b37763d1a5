//! The audience: the connections of one worker and the users that they watch. It applies the change log and marks users
//! in the mailboxes.
//!
//! The audience has no I/O and never waits. It returns an [`Effect`] to its caller for each read or other action that
//! is needed.

mod answers;
mod crowds;
mod effect;
mod list_difference;
mod lists_heard;
mod member;
mod members;
mod missed;
mod reads;
mod watch_list;
mod watchers;

pub use effect::Effect;
pub use list_difference::ListDifference;
pub use lists_heard::ListsHeard;
pub use member::Member;
pub use reads::{MAX_BACKGROUND_CALLS, MAX_CALLS, MAX_USERS, ReadCall, ReadOutcome, Reads, Urgency};
pub use watch_list::{OwnListChange, WatchList};
pub use watchers::{WatchedFor, Watchers};

use answers::Answers;
use hashbrown::HashMap;
use hashbrown::hash_map::EntryRef;
use lamplight_core::{
    ConflationRate, Conflator, CrowdPace, EndCause, Hub, Notifications, Restrictions, Told, Versioned,
    WatcherKey, Why,
};
use lamplight_directory::{Interest, LogEntry, News};
use lamplight_model::{AppId, ConnectionId, Moment, User, UserId, UserStatus, Version};
use member::MemberState;
use members::Members;
use std::sync::Arc;

/// The connections of one worker, the users that they watch, and their mailboxes.
pub struct Audience<S> {
    hub: Hub<S>,
    members: Members,
    /// Delays the changes of users that change faster than the rate.
    conflator: Conflator<User, Arc<LogEntry>>,
    /// Delays the changes of the statuses that are shown to viewers who may not see a user. The user's own changes do
    /// not count: they must not delay these statuses, which look like those of a user who is away.
    shown_conflator: Conflator<User, Arc<LogEntry>>,
    crowd_pace: CrowdPace,
    answers: Answers,
    /// The newest status that each user of this worker has set by a call, as the answer contained it. The status is
    /// removed when the log or a read has reached it.
    own_changes: HashMap<User, UserStatus, foldhash::fast::RandomState>,
}

impl<S: Versioned> Default for Audience<S> {
    /// Creates an audience without a limit on the rate of changes, for a reader of the log that gets all entries.
    fn default() -> Self {
        Self::new(ConflationRate::NONE, None)
    }
}

impl<S: Versioned> Audience<S> {
    /// Creates an audience that sends the changes of one user at most at this rate.
    ///
    /// `interest` is the interest of the worker's reader of the log; `None` if the reader gets all entries. The
    /// audience adds a user to this interest before it requests a read of the user's status.
    pub fn new(rate: ConflationRate, interest: Option<Interest>) -> Self {
        Self {
            hub: interest.map_or_else(Hub::default, |interest| Hub::observed_by(Box::new(interest))),
            members: Members::default(),
            conflator: Conflator::new(rate),
            shown_conflator: Conflator::new(rate),
            crowd_pace: CrowdPace::default(),
            answers: Answers::default(),
            own_changes: HashMap::default(),
        }
    }

    /// Adds a logged-in connection, which is then notified about its own user.
    ///
    /// The connection has missed earlier entries of the log. The caller must therefore check that the connection is
    /// still the current one of its device, and then call [`Audience::set_watch_list`].
    pub fn join(&mut self, member: Member, expected: usize, effects: &mut Vec<Effect>) -> WatcherKey {
        let watcher = self.hub.attach(expected + 1);
        let Member { user, connection, entered } = member;
        self.hub.watch(watcher, &user, Why::Own);
        let own = self.hub.subject(&user).expect("a watched user is a subject");
        self.members.insert(watcher, MemberState::new(own, connection, entered));
        effects.push(Effect::Read(user));
        watcher
    }

    /// Removes a connection.
    pub fn leave(&mut self, watcher: WatcherKey) {
        let Some(member) = self.members.remove(watcher) else { return };
        if !self.members.has(member.own)
            && let Some(user) = self.hub.own_user(watcher)
        {
            self.own_changes.remove(user);
        }
        self.answers.forget_all(watcher, &self.hub);
        self.hub.detach(watcher);
    }

    /// A counter of the changes of this connection's watch list; `None` if the connection was removed. The caller must
    /// get the counter before it reads a watch list, and pass it to [`Audience::set_watch_list`].
    pub fn lists_heard(&self, watcher: WatcherKey) -> Option<u32> {
        self.state(watcher).map(|member| member.lists)
    }

    /// Sets the users that a connection watches besides its own user. `heard` is the value of [`Audience::lists_heard`]
    /// from before the list was read. If that value has changed, returns `false` and does nothing; the caller must read
    /// the list again.
    pub fn set_watch_list(
        &mut self,
        watcher: WatcherKey,
        list: &WatchList,
        heard: u32,
        effects: &mut Vec<Effect>,
    ) -> bool {
        // The connection was removed, so the list is not needed.
        let Some(app) = self.app_of(watcher) else { return true };
        if self.lists_heard(watcher) != Some(heard) {
            return false;
        }
        let mut had_list = false;
        if let Some(member) = self.state_mut(watcher) {
            member.friends = list.notified.friends;
            had_list = std::mem::replace(&mut member.has_list, true);
            member.has_read(list.rev);
        }
        self.hub.set_muted(watcher, !list.notified.others);
        let first_new = effects.len();
        self.watch_all(watcher, app, &list.subscriptions, Why::Subscribed, effects);
        let mut subscribed = Vec::new();
        if had_list {
            subscribed.extend(effects[first_new..].iter().filter_map(|effect| match effect {
                Effect::Read(user) => Some(user.id.clone()),
                Effect::Close { .. }
                | Effect::ListChanged { .. }
                | Effect::AppChanged(_)
                | Effect::Lists { .. }
                | Effect::RereadLists(_)
                | Effect::FriendProfile { .. }
                | Effect::Reload(_) => None,
            }));
        }
        self.watch_all(watcher, app, &list.friends, Why::Friend, effects);
        // Old reasons are removed only after the new ones were added. A user who is also watched for another reason
        // then stays watched, and is not reported as new.
        let unsubscribed = self.unwatch_others(watcher, &list.subscriptions, Why::Subscribed);
        self.unwatch_others(watcher, &list.friends, Why::Friend);
        if !subscribed.is_empty() || !unsubscribed.is_empty() {
            // The log has not reported these changes yet, or its entries were missed.
            effects.push(Effect::ListChanged { watcher, subscribed, unsubscribed });
        }
        self.hub.shrink(watcher);
        true
    }

    /// Applies a change of the subscription list, which the connection itself has requested. The answer to the request
    /// contains the statuses of the added users. The connection is not notified about these users until the answer
    /// [takes](Audience::take) their statuses, or until [`Audience::release`].
    ///
    /// [`Audience::hear`] later applies the same change to the user's other connections. For this connection, `hear`
    /// ignores log entries about these users up to this change. If the log has already reported the change, this
    /// function does nothing.
    pub fn change_own_list(
        &mut self,
        watcher: WatcherKey,
        change: &OwnListChange,
        effects: &mut Vec<Effect>,
    ) {
        let Some(member) = self.state_mut(watcher) else { return };
        if change.subscribed.is_empty() && change.unsubscribed.is_empty() {
            return;
        }
        match member.heard() {
            Some(heard) if change.rev <= heard => return,
            Some(_) => {}
            // The missed entries may include later changes, so the list has to be read after this.
            None => effects.push(Effect::Reload(watcher)),
        }
        // A list that is being read now may not contain this change.
        member.lists = member.lists.wrapping_add(1);
        if change.in_log {
            let users = change.subscribed.iter().chain(&change.unsubscribed).cloned();
            member.ahead.get_or_insert_default().extend(users.map(|id| (id, change.rev)));
        }
        let Some(app) = self.app_of(watcher) else { return };
        let is_new = |id: &&UserId| !self.hub.is_watching(watcher, &User::new(app, (*id).clone()));
        let new: Vec<UserId> = change.subscribed.iter().filter(is_new).cloned().collect();
        self.change_list(watcher, &change.subscribed, &change.unsubscribed, effects);
        new.into_iter().for_each(|id| self.hub.hold(watcher, &User::new(app, id)));
        self.hub.shrink(watcher);
    }

    /// Compares a change that the connection itself has requested with the current subscription list. Another device
    /// may have undone parts of the change before the answer was sent. Returns the added users who are no longer on the
    /// subscription list, and the removed users who are on it again.
    pub fn undone(&self, watcher: WatcherKey, change: &OwnListChange) -> (Vec<UserId>, Vec<UserId>) {
        let Some(app) = self.app_of(watcher) else { return Default::default() };
        let is_on =
            |id: &UserId| self.hub.is_watching_for(watcher, &User::new(app, id.clone()), Why::Subscribed);
        let gone = change.subscribed.iter().filter(|id| !is_on(id)).cloned();
        let back = change.unsubscribed.iter().filter(|id| is_on(id)).cloned();
        (gone.collect(), back.collect())
    }

    /// Ends the hold on the users that were added by a failed call of the connection. The connection is notified about
    /// these users again. Requests a read of their statuses.
    pub fn release(&mut self, watcher: WatcherKey, effects: &mut Vec<Effect>) {
        effects.extend(self.hub.release(watcher).into_iter().map(Effect::Read));
    }

    /// Returns the users in `left` whom the connection no longer watches.
    pub fn not_watched(&self, watcher: WatcherKey, left: &[UserId]) -> Vec<UserId> {
        let Some(app) = self.app_of(watcher) else { return Vec::new() };
        let watched = |id: &&UserId| self.hub.is_watching(watcher, &User::new(app, (*id).clone()));
        left.iter().filter(|id| !watched(id)).cloned().collect()
    }

    /// Applies new settings of an app about notifications. Requests the watch lists of connections that now have to
    /// watch their friends.
    pub fn set_notifications(&mut self, app: AppId, notified: Notifications, effects: &mut Vec<Effect>) {
        for (watcher, member) in self.members.iter_mut() {
            if self.hub.own_user(watcher).is_none_or(|user| user.app != app) {
                continue;
            }
            // A list that is being read now may be based on the former settings.
            member.lists = member.lists.wrapping_add(1);
            self.hub.set_muted(watcher, !notified.others);
            if member.friends == notified.friends {
                continue;
            }
            if notified.friends {
                effects.push(Effect::Reload(watcher));
            } else {
                let friends: Vec<User> = self.hub.watched(watcher, Why::Friend).cloned().collect();
                self.hub.unwatch_others(watcher, Why::Friend, |_| false);
                self.answers.forget_unwatched(watcher, &friends, &self.hub);
                member.friends = false;
            }
        }
    }

    /// The users that a connection watches because of subscriptions.
    pub fn subscriptions(&self, watcher: WatcherKey) -> impl Iterator<Item = &UserId> {
        self.hub.watched(watcher, Why::Subscribed).map(|user| &user.id)
    }

    /// The newest status of a user that this worker has. `None` if nobody watches the user, or if no status is known.
    pub fn newest(&self, user: &User) -> Option<&S> {
        self.hub.newest(user)
    }

    /// Applies an entry of the change log. Returns `true` if the entry is a status that the rate limit delays;
    /// [`Audience::tell_due`] sends it later.
    pub fn hear(&mut self, entry: &Arc<LogEntry>, now: Moment, effects: &mut Vec<Effect>) -> bool {
        match &entry.news {
            News::Status(status) => return self.hear_status(entry, status, None, now),
            News::Restricted(of) => {
                return self.hear_status(entry, &of.status, Some(&of.restrictions), now);
            }
            News::Ended(ended) => {
                let watcher = self.watchers_of(&entry.user).find(|watcher| {
                    self.state(*watcher).is_some_and(|member| {
                        let is_earlier = entry.rev != 0 && entry.rev <= member.entered;
                        member.connection == ended.connection && !is_earlier
                    })
                });
                if let Some(watcher) = watcher.filter(|_| ended.cause == EndCause::NodeLost) {
                    // A watch list that was read before this end must not hide that the record lacks the connection.
                    self.count_list_news(watcher);
                }
                effects.extend(watcher.map(|watcher| Effect::Close { watcher, cause: ended.cause }));
            }
            News::Subscriptions { subscribed, unsubscribed } => {
                for watcher in self.watchers_of(&entry.user).collect::<Vec<_>>() {
                    let Some(member) = self.state_mut(watcher) else { continue };
                    if member.has_heard(entry.rev) {
                        continue;
                    }
                    let subscribed = member.not_ahead(subscribed, entry.rev);
                    let unsubscribed = member.not_ahead(unsubscribed, entry.rev);
                    member.caught_up(entry.rev);
                    if subscribed.is_empty() && unsubscribed.is_empty() {
                        // This entry reports the connection's own change, which was counted when it was applied.
                        continue;
                    }
                    self.count_list_news(watcher);
                    let (added, left) = self.change_list(watcher, &subscribed, &unsubscribed, effects);
                    if !added.is_empty() || !left.is_empty() {
                        let (subscribed, unsubscribed) = (added, left);
                        effects.push(Effect::ListChanged { watcher, subscribed, unsubscribed });
                    }
                }
            }
            News::Friend { friend, mutual } => {
                let friend = User::new(entry.user.app, friend.clone());
                for watcher in self.watchers_of(&entry.user).collect::<Vec<_>>() {
                    self.count_list_news(watcher);
                    if !*mutual {
                        self.hub.unwatch(watcher, &friend, Why::Friend);
                        self.answers.forget_unwatched(watcher, std::slice::from_ref(&friend), &self.hub);
                    }
                    // The watch list has to be read again: the app's settings determine whether friends are watched.
                    // The log may also contain two such entries in a different order than their commits.
                    effects.push(Effect::Reload(watcher));
                }
            }
            News::Lists(news) => {
                let tell = |watcher| Effect::Lists { watcher, news: Arc::clone(news) };
                effects.extend(self.watchers_of(&entry.user).map(tell));
            }
            // Only the recorder of webhooks needs this kind of entry, and this log does not contain it.
            News::Events | News::Notices(_) => {}
            News::ListsUnknown => {
                // The friendships may have changed too, because of a deletion.
                for watcher in self.watchers_of(&entry.user).collect::<Vec<_>>() {
                    self.count_list_news(watcher);
                    effects.extend([Effect::RereadLists(watcher), Effect::Reload(watcher)]);
                }
            }
            News::FriendProfile(news) => {
                for friend in &news.friends {
                    let friend = User::new(entry.user.app, friend.clone());
                    effects.extend(self.watchers_of(&friend).map(|watcher| Effect::FriendProfile {
                        watcher,
                        friend: entry.user.id.clone(),
                        profile: Arc::clone(&news.profile),
                    }));
                }
            }
            News::App(app) => effects.push(Effect::AppChanged(*app)),
        }
        false
    }

    /// Applies a status from the change log. Returns `true` if the rate limit delays it.
    fn hear_status(
        &mut self,
        entry: &Arc<LogEntry>,
        status: &UserStatus,
        restrictions: Option<&Arc<Restrictions>>,
        now: Moment,
    ) -> bool {
        let user = &entry.user;
        let is_shown = restrictions.is_some() && self.hub.shows_another(user, restrictions);
        let conflator = if is_shown { &mut self.shown_conflator } else { &mut self.conflator };
        let is_delayed = self.hub.wants(user, status.version, restrictions)
            && !conflator.may_tell(user, self.hub.audience(user), now, || Arc::clone(entry));
        if is_delayed {
            return true;
        }
        if !is_shown {
            self.fill_shown_conflator(user, restrictions);
        }
        self.store(user, status, restrictions);
        if self.hub.is_crowded(user) {
            let interval = self.conflator.interval(self.hub.audience(user));
            self.crowd_pace.tell_at_once(self.hub.waiting_crowd(), interval);
        }
        false
    }

    /// If the user hides with this change, copies the rate of the user's changes to `shown_conflator`. The change
    /// counts for the hidden user as for a user who is away, so the statuses shown from now on begin with the same
    /// rate.
    fn fill_shown_conflator(&mut self, user: &User, restrictions: Option<&Arc<Restrictions>>) {
        if restrictions.is_some() && self.hub.shows_more(user, restrictions) {
            self.shown_conflator.fill_as(&self.conflator, user);
        }
    }

    /// The number of users with a delayed change.
    pub fn held_back(&self) -> usize {
        self.conflator.waiting() + self.shown_conflator.waiting()
    }

    /// The number of delayed changes that were replaced by a newer change of the same user.
    pub fn replaced(&self) -> u64 {
        self.conflator.replaced() + self.shown_conflator.replaced()
    }

    /// Stores a status that was read from the directory, unless the stored status is at least as new. Marks the user in the
    /// mailboxes of the watchers who see a difference. `restrictions` decides who may see the status; `None` if everybody
    /// may.
    ///
    /// If the status was put back after a loss of records and looks like the stored one, only its version is stored.
    /// Watchers then see no difference.
    pub fn tell(&mut self, user: &User, status: &UserStatus, restrictions: Option<&Arc<Restrictions>>) {
        self.hub.confirm(user);
        self.store(user, status, restrictions);
    }

    /// Stores a status as [`Audience::tell`] does. It comes from the change log.
    fn store(&mut self, user: &User, status: &UserStatus, restrictions: Option<&Arc<Restrictions>>) {
        if self.hub.tell_if_new(user, status, restrictions) {
            // The status may look like the one before it, and an answer may have contained another one in between. Only
            // the connection that got the answer is told. The queries and the rights of others must not matter to a
            // viewer.
            for (watcher, version) in self.answers.of(user) {
                if self.hub.version_for(watcher, user).is_some_and(|newest| version < newest) {
                    self.hub.mark(watcher, user);
                }
            }
        }
        if let EntryRef::Occupied(entry) = self.own_changes.entry_ref(user)
            && entry.get().version <= status.version
        {
            entry.remove();
        }
        self.answers.retain_of(user, |watcher, version| {
            let shown = self.hub.version_for(watcher, user).unwrap_or(status.version);
            let is_behind = shown < version;
            if is_behind {
                self.hub.pass_over(watcher, user);
            }
            is_behind
        });
    }

    /// Returns the status of a user for an answer to this connection. The status then counts as sent. `None` if the
    /// audience has no status of the user.
    pub fn take(&mut self, watcher: WatcherKey, user: &User) -> Option<&S> {
        self.hub.take(watcher, user)
    }

    /// Records that the connection has this version of a user's status. Returns whether the connection watches the
    /// user.
    pub fn seen(&mut self, watcher: WatcherKey, user: &User, version: Version) -> bool {
        self.hub.seen(watcher, user, version)
    }

    /// Like [`Audience::known`], for many users. Returns, for each user, whether the connection watches the user.
    pub fn known_all(&mut self, watcher: WatcherKey, seen: &[(User, Version)]) -> Vec<bool> {
        self.hub.known_all(watcher, seen)
    }

    /// Records that an answer contains this version of a user's status, which was just read. If a newer status was
    /// already sent to the connection, returns that status for the answer; otherwise `None`.
    ///
    /// The log may be behind the answer. Older entries that the log reports later are not sent to this connection. An
    /// entry with the same version is sent, because an answer does not replace a notification.
    pub fn answer(&mut self, watcher: WatcherKey, user: &User, version: Version) -> Option<&S> {
        if self.hub.is_behind(watcher, user, version) {
            self.answers.add(watcher, user, version);
            self.hub.pass_over(watcher, user);
        }
        self.hub.answer(watcher, user, version)
    }

    /// Records the version of a user's status that a returning connection already has. If the audience has another
    /// version, older or newer, that version will be sent. Returns whether the connection watches the user.
    pub fn known(&mut self, watcher: WatcherKey, user: &User, version: Version) -> bool {
        self.hub.known(watcher, user, version)
    }

    /// The number of users whose newest status was not sent to this connection yet.
    pub fn pending(&self, watcher: WatcherKey) -> usize {
        self.hub.pending(watcher)
    }

    /// Passes the statuses that are marked in the mailbox of a connection to `tell`, until `tell` returns
    /// [`Told::Full`]. A muted connection gets only the status of its own user. Returns `true` if `tell` stopped the
    /// drain and marked statuses remain; `false` if none remain or the connection is muted.
    pub fn drain(&mut self, watcher: WatcherKey, tell: impl FnMut(&mut S) -> Told) -> bool {
        self.hub.drain(watcher, tell)
    }

    /// Loads the memory that [`Audience::drain`] needs for these connections into the cache of the processor, as
    /// [`Hub::preload`].
    pub fn preload(&self, watchers: &[WatcherKey], load: impl FnMut(&S)) {
        self.hub.preload(watchers, load);
    }

    /// All watched users. The caller reads their statuses again after it has missed a part of the log.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.hub.users()
    }

    /// All connections.
    pub fn members(&self) -> impl Iterator<Item = (WatcherKey, Member)> {
        self.members.iter().filter_map(|(watcher, _)| Some((watcher, self.member(watcher)?)))
    }

    /// The connections of a user.
    pub fn connections_of(&self, user: &User) -> impl Iterator<Item = ConnectionId> {
        self.watchers_of(user).filter_map(|watcher| Some(self.state(watcher)?.connection))
    }

    /// The connection of a watcher; `None` if it was removed.
    pub fn member(&self, watcher: WatcherKey) -> Option<Member> {
        let MemberState { connection, entered, .. } = *self.state(watcher)?;
        Some(Member { user: self.user_of(watcher)?.clone(), connection, entered })
    }

    /// The user of a connection; `None` if the connection was removed.
    pub fn user_of(&self, watcher: WatcherKey) -> Option<&User> {
        self.hub.own_user(watcher)
    }

    /// The number of watched users, and the number of edges of the watch graph.
    pub fn size(&self) -> (usize, usize) {
        self.hub.size()
    }

    fn app_of(&self, watcher: WatcherKey) -> Option<AppId> {
        self.user_of(watcher).map(|user| user.app)
    }

    fn state(&self, watcher: WatcherKey) -> Option<&MemberState> {
        self.members.get(watcher)
    }

    fn state_mut(&mut self, watcher: WatcherKey) -> Option<&mut MemberState> {
        self.members.get_mut(watcher)
    }

    fn count_list_news(&mut self, watcher: WatcherKey) {
        if let Some(member) = self.state_mut(watcher) {
            member.lists = member.lists.wrapping_add(1);
        }
    }

    fn watchers_of(&self, user: &User) -> impl Iterator<Item = WatcherKey> {
        self.hub.subject(user).map(|own| self.members.of(own)).into_iter().flatten()
    }

    /// Adds and removes subscription edges of a watcher. Returns the added and the removed users.
    fn change_list(
        &mut self,
        watcher: WatcherKey,
        added: &[UserId],
        left: &[UserId],
        effects: &mut Vec<Effect>,
    ) -> (Vec<UserId>, Vec<UserId>) {
        let Some(app) = self.app_of(watcher) else { return (Vec::new(), Vec::new()) };
        let mut changed = (Vec::new(), Vec::new());
        for id in left {
            let user = User::new(app, id.clone());
            if self.hub.is_watching_for(watcher, &user, Why::Subscribed) {
                self.hub.unwatch(watcher, &user, Why::Subscribed);
                self.answers.forget_unwatched(watcher, &[user], &self.hub);
                changed.1.push(id.clone());
            }
        }
        for id in added {
            let user = User::new(app, id.clone());
            if !self.hub.is_watching_for(watcher, &user, Why::Subscribed) {
                self.watch(watcher, user, Why::Subscribed, effects);
                changed.0.push(id.clone());
            }
        }
        changed
    }

    fn watch_all(
        &mut self,
        watcher: WatcherKey,
        app: AppId,
        list: &[UserId],
        why: Why,
        effects: &mut Vec<Effect>,
    ) {
        let users = list.iter().map(|id| User::new(app, id.clone()));
        self.hub.watch_all(watcher, users, why, |user| effects.push(Effect::Read(user)));
    }

    /// Removes the reason `why` from all watched users who are not on the list. Returns the users from whom the reason
    /// was removed.
    fn unwatch_others(&mut self, watcher: WatcherKey, list: &[UserId], why: Why) -> Vec<UserId> {
        let wanted: hashbrown::HashSet<&str, foldhash::fast::FixedState> =
            list.iter().map(UserId::as_str).collect();
        let mut gone = Vec::new();
        self.hub.unwatch_others(watcher, why, |user| {
            let stays = wanted.contains(user.id.as_str());
            if !stays {
                gone.push(user.id.clone());
            }
            stays
        });
        let Some(app) = self.app_of(watcher) else { return gone };
        let left: Vec<User> = gone.iter().map(|id| User::new(app, id.clone())).collect();
        self.answers.forget_unwatched(watcher, &left, &self.hub);
        gone
    }

    /// Makes a connection watch a user. Requests a read of the user's status, because this worker may not have read the
    /// whole change log yet.
    fn watch(&mut self, watcher: WatcherKey, user: User, why: Why, effects: &mut Vec<Effect>) {
        self.hub.watch(watcher, &user, why);
        effects.push(Effect::Read(user));
    }
}
