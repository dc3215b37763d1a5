//! The audience after it has missed a part of the change log, or after the directory has lost records.

use super::Audience;
use lamplight_core::{Versioned, WatcherKey};
use lamplight_model::{Reason, User, UserStatus, Version};

impl<S: Versioned> Audience<S> {
    /// Records that a part of the log was missed. Watch lists that are being read may then be out of date.
    ///
    /// The present statuses may be out of date too. New watchers are not sent them: until [`Audience::tell`] is called
    /// with a user, the audience behaves for new watchers of the user as if it had no status of the user.
    pub fn count_missed(&mut self) {
        // Changes that wait are as old. They must not be the first status that a later watcher is sent.
        while let Some((user, entry)) =
            self.conflator.take_early().or_else(|| self.shown_conflator.take_early())
        {
            if let Some((status, restrictions)) = entry.news.status() {
                self.store(&user, status, restrictions);
            }
        }
        self.hub.unconfirm();
        // The caller reads every watched user again. A read that is under way may be older than an answer.
        let hub = &self.hub;
        self.answers.retain_users(|user| hub.audience(user) > 0);
        for (_, member) in self.members.iter_mut() {
            member.lists = member.lists.wrapping_add(1);
            member.has_missed();
            // After a loss, a node of the previous version may make a record whose revisions count from the beginning
            // again.
            member.entered = 0;
        }
    }

    /// Returns `true` if `status` must not replace the stored status of the user. The caller then reads the status
    /// again later.
    ///
    /// This is so if `status` comes from a record that was rebuilt after a loss, a connection of the user on this
    /// worker is not put back yet, and this worker has a status of the user. The status from before the loss comes back
    /// with the connection.
    pub fn is_before_put_back(&self, user: &User, status: &UserStatus) -> bool {
        let waits =
            |watcher| self.state(watcher).is_some_and(|member| member.has_list && member.heard().is_none());
        let is_known = || self.newest(user).is_some() || self.ahead_of_newest(user).is_some();
        status.reason == Reason::None && self.watchers_of(user).any(waits) && is_known()
    }

    /// Records that a call of a connection has changed its user's status to `status`. The caller must do this before
    /// anything else can happen on this worker. If the directory then loses the record and the log entry, the status
    /// comes back with the connection.
    pub fn answered_own_change(&mut self, user: &User, status: &UserStatus) {
        let is_older = |known: Version| known < status.version;
        let is_news = self.newest(user).is_none_or(|newest| is_older(newest.version()))
            && self.own_changes.get(user).is_none_or(|own| is_older(own.version));
        if is_news && self.hub.subject(user).is_some_and(|own| self.members.has(own)) {
            self.own_changes.insert(user.clone(), status.clone());
        }
    }

    /// Returns the newest status of a user, if it is newer than [`Audience::newest`]; otherwise `None`. Such a status
    /// comes from the answer to the user's own call, or from a log entry that waits because the status changes too
    /// fast.
    pub fn ahead_of_newest(&self, user: &User) -> Option<&UserStatus> {
        let held = [&self.conflator, &self.shown_conflator].map(|conflator| conflator.held(user));
        let held = held.into_iter().flatten().filter_map(|entry| Some(entry.news.status()?.0));
        let ahead = self.own_changes.get(user).into_iter().chain(held).max_by_key(|status| status.version)?;
        self.newest(user).is_none_or(|newest| newest.version() < ahead.version).then_some(ahead)
    }

    /// Records that a connection was put back into the record at this revision. Log entries about the connection's end
    /// up to that revision are ignored.
    pub fn entered_again(&mut self, watcher: WatcherKey, rev: u64) {
        if let Some(member) = self.state_mut(watcher) {
            member.entered = rev;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Audience, Member};
    use lamplight_core::{ConflationRate, Restrictions, ShownStatus, Told, WatcherKey};
    use lamplight_directory::{LogEntry, News};
    use lamplight_model::{
        AppId, AwayLogins, ConnectionId, CustomStatus, Moment, Platform, PlatformSet, Reason, StatusType,
        StoredRestrictions, Timestamp, User, UserId, UserStatus, Version, Visibility,
    };
    use std::sync::Arc;

    fn user(name: &str) -> User {
        User::new(AppId(1), UserId::new(name).unwrap())
    }

    fn bob(version: u64, custom: &str, since: u64, reason: Reason, platform: Platform) -> UserStatus {
        UserStatus {
            user_id: user("bob").id,
            status_type: StatusType::Online,
            custom_status: CustomStatus::new(custom, 100).unwrap(),
            custom_expires: None,
            version: Version(version),
            since: Timestamp(since),
            reason,
            last_seen: None,
            online_devices: PlatformSet::from_iter([platform]),
        }
    }

    fn told(audience: &mut Audience<UserStatus>, watcher: WatcherKey) -> Vec<u64> {
        let mut versions = Vec::new();
        audience.drain(watcher, |status| {
            versions.push(status.version.0);
            Told::More
        });
        versions
    }

    fn join(audience: &mut Audience<UserStatus>, name: &str, local: u64) -> WatcherKey {
        let mut effects = Vec::new();
        let watcher = audience.join(Member::new(user(name), ConnectionId::alone(local)), 0, &mut effects);
        let news = News::Subscriptions { subscribed: vec![user("bob").id], unsubscribed: vec![] };
        let entry = Arc::new(LogEntry::news(user(name), news));
        audience.hear(&entry, Moment(0), &mut effects);
        watcher
    }

    #[test]
    fn a_new_version_of_what_watchers_know_is_stored_and_not_sent() {
        let mut audience = Audience::<UserStatus>::default();
        let alice = join(&mut audience, "alice", 1);
        let mut tell = |version, custom, since, reason, platform| {
            audience.tell(&user("bob"), &bob(version, custom, since, reason, platform), None);
            told(&mut audience, alice)
        };
        assert_eq!(tell(5, "at lunch", 1, Reason::Custom, Platform::Web), [5]);
        // Simulates a status that is put back after a loss of records, one device after the other.
        assert_eq!(tell(90, "at lunch", 1, Reason::Login, Platform::IPhone), [0; 0]);
        assert_eq!(
            tell(5, "older", 1, Reason::Custom, Platform::Web),
            [0; 0],
            "versions do not go backwards"
        );
        assert_eq!(tell(91, "", 1, Reason::Login, Platform::IPhone), [91]);
        assert_eq!(tell(92, "", 2, Reason::Login, Platform::IPhone), [92], "Bob was away");
        assert_eq!(tell(93, "", 2, Reason::None, Platform::IPhone), [0; 0]);

        // A client that resumes with the former version gets the present one, and so does a client that logs in anew.
        let carol = join(&mut audience, "carol", 2);
        audience.known(carol, &user("bob"), Version(92));
        assert_eq!(told(&mut audience, carol), [93]);
        let dora = join(&mut audience, "dora", 3);
        audience.known(dora, &user("bob"), Version(93));
        assert_eq!(told(&mut audience, dora), [0; 0]);
    }

    /// The status that a worker has, or that waits because of the rate, is from before the loss.
    #[test]
    fn a_new_watcher_is_sent_no_status_from_before_a_loss_until_one_was_read() {
        let rate = ConflationRate { changes_per_second: 1, ..ConflationRate::default() };
        let mut audience = Audience::<UserStatus>::new(rate, None);
        let alice = join(&mut audience, "alice", 1);
        let status = |version| bob(version, "", 1, Reason::Login, Platform::Web);
        let mut effects = Vec::new();
        let waits = [5, 6].map(|version| {
            let entry = Arc::new(LogEntry::news(user("bob"), News::Status(status(version))));
            audience.hear(&entry, Moment(0), &mut effects)
        });
        assert_eq!(waits, [false, true]);
        audience.count_missed();
        assert_eq!(told(&mut audience, alice), [6]);
        let carol = join(&mut audience, "carol", 2);
        audience.known(carol, &user("bob"), Version(6));
        let mut entries = Vec::new();
        audience.tell_due(Moment(9_000), &mut entries);
        assert_eq!((told(&mut audience, carol), entries.len()), (vec![], 0));
        audience.tell(&user("bob"), &status(6), None);
        assert_eq!([alice, carol].map(|watcher| told(&mut audience, watcher)), [vec![], vec![6]]);
    }

    #[test]
    fn what_waits_in_a_mailbox_is_sent_in_its_newest_version() {
        let mut audience = Audience::<UserStatus>::default();
        let alice = join(&mut audience, "alice", 1);
        let status = |version| bob(version, "x", 1, Reason::Login, Platform::Web);
        audience.tell(&user("bob"), &status(5), None);
        audience.tell(&user("bob"), &status(6), None);
        assert_eq!(told(&mut audience, alice), [6]);
    }

    #[test]
    fn a_status_that_an_answer_has_contradicted_is_sent_again_to_whom_was_answered() {
        let mut audience = Audience::<UserStatus>::default();
        let [alice, carol] = [("alice", 1), ("carol", 2)].map(|(name, id)| join(&mut audience, name, id));
        let all_told = |audience: &mut Audience<UserStatus>| [alice, carol].map(|it| told(audience, it));
        let status = |version, custom| bob(version, custom, 1, Reason::Login, Platform::Web);
        audience.tell(&user("bob"), &status(5, "a"), None);
        assert_eq!(all_told(&mut audience), [[5], [5]]);
        // The answer to a query of Alice has version 6, "b". The log reports version 7 only, because of the rate.
        assert!(audience.answer(alice, &user("bob"), Version(6)).is_none());
        audience.tell(&user("bob"), &status(7, "a"), None);
        assert_eq!(all_told(&mut audience), [vec![7], vec![]]);
        // An answer with the same status as before contradicts nothing.
        assert!(audience.answer(alice, &user("bob"), Version(8)).is_none());
        audience.tell(&user("bob"), &status(8, "a"), None);
        assert_eq!(all_told(&mut audience), [[0; 0], [0; 0]]);
    }

    /// Bob's restrictions in a record that was created after a loss. The shown status is that of a user without a
    /// login.
    fn rebuilt(visibility: Visibility, friends: &[&str], version: u64) -> Restrictions {
        let friends = friends.iter().map(|name| user(name).id).collect();
        let (blocked, away) = (Vec::new(), AwayLogins { others: Some(false), ..AwayLogins::default() });
        let stored = StoredRestrictions { version, visibility, friends, blocked, away };
        let shown = ShownStatus {
            status_type: StatusType::Unlogined,
            version: Version(version),
            since: Timestamp(1),
            reason: Reason::None,
            last_seen: None,
            until: None,
        };
        Restrictions::rebuilt(&stored, false, 0, shown, shown)
    }

    /// Alice may see Bob, asks after a loss, and may not see him any more when the worker reads his status.
    #[test]
    fn the_answer_to_one_who_could_see_a_user_does_not_matter_to_those_who_could_not() {
        let mut audience = Audience::<UserStatus>::default();
        let [alice, carol] = [("alice", 1), ("carol", 2)].map(|(name, id)| join(&mut audience, name, id));
        let all_told = |audience: &mut Audience<UserStatus>| [alice, carol].map(|it| told(audience, it));
        let status = |version| bob(version, "", 1, Reason::Login, Platform::Web);
        let before = Arc::new(rebuilt(Visibility::Friends, &["alice"], 5));
        audience.tell(&user("bob"), &status(6), Some(&before));
        assert_eq!(all_told(&mut audience), [[6], [5]]);
        audience.count_missed();
        assert!(audience.answer(alice, &user("bob"), Version(90)).is_none());
        let after = Arc::new(rebuilt(Visibility::Nobody, &[], 91));
        audience.tell(&user("bob"), &status(92), Some(&after));
        assert_eq!(all_told(&mut audience), [vec![91], vec![]]);
    }
}
