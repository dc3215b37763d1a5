//! Statuses that answers to queries have contained before the log reported them.

use hashbrown::HashMap;
use hashbrown::hash_map::EntryRef;
use lamplight_core::{Hub, Versioned, WatcherKey, Why};
use lamplight_model::{User, Version};
use smallvec::SmallVec;

/// For each user, the versions of statuses that were sent in answers before the log reported them, with the
/// connections that got the answers. Older log entries about the user are not sent to such a connection.
///
/// A version is removed when the log or a read has reached it, and when the connection leaves or no longer watches the
/// user. If nobody watches the user, a shared log reports nothing about the user.
#[derive(Default)]
pub(super) struct Answers(HashMap<User, SmallVec<[(WatcherKey, Version); 1]>, foldhash::fast::RandomState>);

impl Answers {
    /// Notes that an answer to a connection has contained this version of a user's status. Replaces the version of an
    /// earlier answer.
    pub fn add(&mut self, watcher: WatcherKey, user: &User, version: Version) {
        let told = self.0.entry_ref(user).or_default();
        told.retain(|(other, _)| *other != watcher);
        told.push((watcher, version));
    }

    /// The connections whose answers have contained a status of the user, with the versions.
    pub fn of(&self, user: &User) -> impl Iterator<Item = (WatcherKey, Version)> {
        self.0.get(user).into_iter().flatten().copied()
    }

    /// Keeps only those versions of a user's status for which `is_ahead` returns `true`.
    pub fn retain_of(&mut self, user: &User, mut is_ahead: impl FnMut(WatcherKey, Version) -> bool) {
        if let EntryRef::Occupied(mut entry) = self.0.entry_ref(user) {
            entry.get_mut().retain(|(watcher, version)| is_ahead(*watcher, *version));
            if entry.get().is_empty() {
                entry.remove();
            }
        }
    }

    /// Removes all versions of a connection that leaves.
    pub fn forget_all<S: Versioned>(&mut self, watcher: WatcherKey, hub: &Hub<S>) {
        if !self.0.is_empty() {
            for why in [Why::Own, Why::Subscribed, Why::Friend] {
                hub.watched(watcher, why).for_each(|user| self.forget(watcher, user));
            }
        }
    }

    /// Removes the versions that a connection has of some of these `users`: of those whom it no longer watches.
    pub fn forget_unwatched<S: Versioned>(&mut self, watcher: WatcherKey, users: &[User], hub: &Hub<S>) {
        if !self.0.is_empty() {
            let left = users.iter().filter(|user| !hub.is_watching(watcher, user));
            left.for_each(|user| self.forget(watcher, user));
        }
    }

    fn forget(&mut self, watcher: WatcherKey, user: &User) {
        self.retain_of(user, |other, _| other != watcher);
    }

    /// Keeps only the versions of those users for whom `is_watched` returns `true`.
    pub fn retain_users(&mut self, mut is_watched: impl FnMut(&User) -> bool) {
        self.0.retain(|user, _| is_watched(user));
    }
}

#[cfg(test)]
mod tests {
    use crate::{Audience, Member, OwnListChange, WatchList};
    use lamplight_core::{Notifications, WatcherKey};
    use lamplight_directory::{LogEntry, News};
    use lamplight_model::{
        AppId, ConnectionId, CustomStatus, Moment, PlatformSet, Reason, StatusType, Timestamp, User, UserId,
        UserStatus, Version,
    };
    use std::sync::Arc;

    fn id(name: &str) -> UserId {
        UserId::new(name).unwrap()
    }

    fn user(name: &str) -> User {
        User::new(AppId(1), id(name))
    }

    fn status(name: &str, version: u64) -> UserStatus {
        UserStatus {
            user_id: id(name),
            status_type: StatusType::Online,
            custom_status: CustomStatus::default(),
            custom_expires: None,
            version: Version(version),
            since: Timestamp(0),
            reason: Reason::Login,
            last_seen: None,
            online_devices: PlatformSet::default(),
        }
    }

    /// Sets the watch list of Alice: subscriptions and friends.
    fn watch(audience: &mut Audience<UserStatus>, alice: WatcherKey, list: [&[&str]; 2]) {
        let [subscriptions, friends] = list.map(|names| names.iter().map(|name| id(name)).collect());
        let notified = Notifications { friends: true, others: true };
        let list = WatchList { subscriptions, friends, notified, ..WatchList::default() };
        let heard = audience.lists_heard(alice).unwrap();
        assert!(audience.set_watch_list(alice, &list, heard, &mut Vec::new()));
    }

    /// The log of a cluster reports nothing about a user whom nobody watches.
    #[test]
    fn what_was_answered_is_forgotten_when_its_connection_leaves_or_no_longer_watches_the_user() {
        type Change = fn(&mut Audience<UserStatus>, WatcherKey);
        let changes: &[(&str, Change, &[&str])] = &[
            ("nothing", |_, _| {}, &["alice", "bob", "carol"]),
            ("leave", |audience, alice| audience.leave(alice), &[]),
            ("a new list", |audience, alice| watch(audience, alice, [&[], &["carol"]]), &["alice", "carol"]),
            (
                "an own change",
                |audience, alice| {
                    let unsubscribed = vec![id("bob"), id("carol")];
                    let change =
                        OwnListChange { rev: 9, in_log: false, subscribed: Vec::new(), unsubscribed };
                    audience.change_own_list(alice, &change, &mut Vec::new());
                },
                // Carol is also a friend.
                &["alice", "carol"],
            ),
            (
                "a friendship ends",
                |audience, alice| {
                    watch(audience, alice, [&["bob"], &["carol"]]);
                    let ended = News::Friend { friend: id("carol"), mutual: false };
                    let entry = Arc::new(LogEntry::news(user("alice"), ended));
                    audience.hear(&entry, Moment(0), &mut Vec::new());
                },
                &["alice", "bob"],
            ),
            (
                "friends are not watched",
                |audience, alice| {
                    watch(audience, alice, [&["bob"], &["bob", "carol"]]);
                    let notified = Notifications { friends: false, others: true };
                    audience.set_notifications(AppId(1), notified, &mut Vec::new());
                },
                &["alice", "bob"],
            ),
        ];
        for (name, change, left) in changes {
            let mut audience = Audience::<UserStatus>::default();
            let member = Member::new(user("alice"), ConnectionId::alone(1));
            let alice = audience.join(member, 0, &mut Vec::new());
            watch(&mut audience, alice, [&["bob", "carol"], &["carol"]]);
            for of in ["alice", "bob", "carol"] {
                audience.tell(&user(of), &status(of, 5), None);
                assert!(audience.answer(alice, &user(of), Version(6)).is_none());
            }
            change(&mut audience, alice);
            let mut answered: Vec<&str> = audience.answers.0.keys().map(|user| user.id.as_str()).collect();
            answered.sort_unstable();
            assert_eq!(answered, *left, "{name}");
        }
    }
}
