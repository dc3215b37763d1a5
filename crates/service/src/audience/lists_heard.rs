//! Detects whether a user's lists may have changed while the user logs in.
//!
//! The facts return the lists version when they record a login. The directory returns the subscription list when it
//! connects the device. If the worker receives no change of either until the connection joins the audience, both are
//! still current. Otherwise, they are read again. Later changes are sent to the connection.
//!
//! The module has no I/O. Its memory is bounded by the number of logins in progress.

use hashbrown::HashMap;
use lamplight_directory::{Interest, LogEntry, News};
use lamplight_model::User;

/// The users who are logging in over connections of this worker.
#[derive(Debug, Default)]
pub struct ListsHeard {
    users: HashMap<User, Heard, foldhash::fast::RandomState>,
    /// The interest of the worker's reader of the log; `None` if the reader gets all entries.
    interest: Option<Interest>,
}

#[derive(Debug, Default)]
struct Heard {
    /// The number of logins in progress.
    logins: usize,
    /// The number of changes of the lists that the log has reported during the logins in progress.
    changes: u64,
    /// The highest revision at which a change of the user's record has changed the subscription list or ended a
    /// connection. `u64::MAX` if an entry had no revision, or if a part of the log was missed.
    newest: u64,
}

impl ListsHeard {
    /// Creates a value for a worker whose reader of the log has this interest; `None` if the reader gets all entries.
    pub fn with_interest(interest: Option<Interest>) -> Self {
        Self { interest, ..Self::default() }
    }

    /// Records that a login begins, before the login is recorded in the facts. The result is the argument of
    /// [`none_since`](Self::none_since).
    pub fn begin(&mut self, user: &User) -> u64 {
        let heard = self.users.entry_ref(user).or_default();
        heard.logins += 1;
        if let (1, Some(interest)) = (heard.logins, &self.interest) {
            interest.add(user);
        }
        heard.changes
    }

    /// Records an entry that changes the lists or the connections of a user who is logging in.
    pub fn hear(&mut self, entry: &LogEntry) {
        match entry.news {
            News::Lists(_) | News::ListsUnknown => {
                if let Some(heard) = self.users.get_mut(&entry.user) {
                    heard.changes += 1;
                }
            }
            News::Ended(_) | News::Subscriptions { .. } => {
                if let Some(heard) = self.users.get_mut(&entry.user) {
                    // Entries without a revision have no position in the order of the changes.
                    let rev = if entry.rev == 0 { u64::MAX } else { entry.rev };
                    heard.newest = heard.newest.max(rev);
                }
            }
            News::Status(_)
            | News::Restricted(_)
            | News::Friend { .. }
            | News::FriendProfile(_)
            | News::Events
            | News::Notices(_)
            | News::App(_) => {}
        }
    }

    /// Records that a part of the log was missed. Any user's lists may then have changed.
    pub fn miss(&mut self) {
        for heard in self.users.values_mut() {
            heard.changes += 1;
            heard.newest = u64::MAX;
        }
    }

    /// Returns `true` if the log has reported neither a change of the subscription list nor the end of a connection
    /// since the user's record had the revision `rev`. `rev` is the revision of a login that has [begun](Self::begin)
    /// and not [ended](Self::end).
    pub fn none_after(&self, user: &User, rev: u64) -> bool {
        rev != 0 && self.users.get(user).is_some_and(|heard| heard.newest <= rev)
    }

    /// Whether no change was reported since a login began. `begun` is the result of [`begin`](Self::begin).
    pub fn none_since(&self, user: &User, begun: u64) -> bool {
        self.users.get(user).is_some_and(|heard| heard.changes == begun)
    }

    /// Records that a login has ended, with any result. If it was successful, its connection has already joined the
    /// audience, which has its own interest in the user.
    pub fn end(&mut self, user: &User) {
        if let Some(heard) = self.users.get_mut(user) {
            heard.logins -= 1;
            if heard.logins == 0 {
                self.users.remove(user);
                if let Some(interest) = &self.interest {
                    interest.remove(user);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_core::{EndCause, Ended};
    use lamplight_directory::{Interests, ListsChange, ListsNews};
    use lamplight_model::{AppId, ConnectionId, Profile, UserId};
    use std::sync::Arc;

    fn user(name: &str) -> User {
        User::new(AppId(1), UserId::new(name).unwrap())
    }

    fn entry(of: &str, news: News) -> LogEntry {
        LogEntry::news(user(of), news)
    }

    fn lists() -> News {
        let change = ListsChange::Profile(Profile::default());
        News::Lists(Arc::new(ListsNews { version: 7, by: None, total_unread: 0, change }))
    }

    #[test]
    fn a_change_that_was_heard_during_a_login_counts_for_that_user_alone() {
        for (news, moves) in [(lists(), true), (News::ListsUnknown, true), (News::Events, false)] {
            let mut heard = ListsHeard::default();
            let (alice, bob) = (heard.begin(&user("alice")), heard.begin(&user("bob")));
            heard.hear(&entry("alice", news));
            assert_eq!(heard.none_since(&user("alice"), alice), !moves);
            assert!(heard.none_since(&user("bob"), bob));
        }
    }

    #[test]
    fn of_two_logins_of_a_user_the_later_one_begins_after_the_change() {
        let mut heard = ListsHeard::default();
        let one = heard.begin(&user("alice"));
        heard.hear(&entry("alice", lists()));
        let other = heard.begin(&user("alice"));
        assert!(!heard.none_since(&user("alice"), one) && heard.none_since(&user("alice"), other));
        heard.end(&user("alice"));
        assert!(heard.none_since(&user("alice"), other));
    }

    #[test]
    fn a_subscription_list_is_current_until_a_later_revision_changes_it() {
        let list =
            || News::Subscriptions { subscribed: vec![UserId::new("x").unwrap()], unsubscribed: vec![] };
        let connection = ConnectionId::alone(1);
        let ended = || News::Ended(Ended { connection, cause: EndCause::Superseded });
        for (news, rev, is_current) in [
            (list(), 6, true),
            (list(), 7, true),
            (list(), 8, false),
            (ended(), 7, true),
            (ended(), 8, false),
            (ended(), 0, false),
            (News::Events, 8, true),
        ] {
            let mut heard = ListsHeard::default();
            heard.begin(&user("alice"));
            heard.begin(&user("bob"));
            heard.hear(&LogEntry { rev, ..entry("alice", news.clone()) });
            assert_eq!(heard.none_after(&user("alice"), 7), is_current, "{news:?} of {rev}");
            assert!(heard.none_after(&user("bob"), 7));
            heard.miss();
            assert!(!heard.none_after(&user("bob"), 7));
        }
        assert!(!ListsHeard::default().none_after(&user("alice"), 7), "without a login, nothing is known");
    }

    #[test]
    fn a_user_who_logs_in_is_of_interest_until_the_last_login_has_ended() {
        let interests = Arc::new(Interests::default());
        let mut heard = ListsHeard::with_interest(Some(interests.reader()));
        let (alice, is_wanted) = (user("alice"), || interests.has(AppId(1), "alice"));
        heard.begin(&alice);
        heard.begin(&alice);
        heard.end(&alice);
        assert!(is_wanted());
        heard.end(&alice);
        assert!(!is_wanted());
    }

    #[test]
    fn a_part_that_was_missed_counts_for_everybody_and_nothing_is_left_of_logins_that_ended() {
        let mut heard = ListsHeard::default();
        let begun = heard.begin(&user("alice"));
        heard.miss();
        assert!(!heard.none_since(&user("alice"), begun));
        heard.end(&user("alice"));
        assert!(!heard.none_since(&user("alice"), begun));
        heard.end(&user("alice"));
        heard.hear(&entry("alice", lists()));
        assert!(heard.users.is_empty());
    }
}
