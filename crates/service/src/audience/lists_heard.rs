//! Records whether the log has reported a change of a user's lists during a login of that user.
//!
//! The facts return the lists version when they record a login. If the worker receives no change of the lists until the
//! connection joins the audience, this version is still current. Otherwise the version is read again. Later changes are
//! sent to the connection.
//!
//! The module has no I/O. Its memory is bounded by the number of logins in progress.

use hashbrown::HashMap;
use lamplight_directory::{LogEntry, News};
use lamplight_model::User;

/// The users who are logging in over connections of this worker.
#[derive(Debug, Default)]
pub struct ListsHeard {
    users: HashMap<User, Heard, foldhash::fast::RandomState>,
}

#[derive(Debug, Default)]
struct Heard {
    /// The number of logins in progress.
    logins: usize,
    /// The number of changes of the lists during these logins.
    changes: u64,
}

impl ListsHeard {
    /// Records that a login begins, before the login is recorded in the facts. The result is the argument of
    /// [`none_since`](Self::none_since).
    pub fn begin(&mut self, user: &User) -> u64 {
        let heard = self.users.entry_ref(user).or_default();
        heard.logins += 1;
        heard.changes
    }

    /// Counts an entry that changes the lists of a user who is logging in.
    pub fn hear(&mut self, entry: &LogEntry) {
        match entry.news {
            News::Lists(_) | News::ListsUnknown => {
                if let Some(heard) = self.users.get_mut(&entry.user) {
                    heard.changes += 1;
                }
            }
            News::Status(_)
            | News::Ended(_)
            | News::Subscriptions { .. }
            | News::Friend { .. }
            | News::FriendProfile(_)
            | News::Events
            | News::Notices(_)
            | News::App(_) => {}
        }
    }

    /// Records that a part of the log was missed. It counts as a change of every user's lists.
    pub fn miss(&mut self) {
        self.users.values_mut().for_each(|heard| heard.changes += 1);
    }

    /// Whether no change was reported since a login began. `begun` is the result of [`begin`](Self::begin).
    pub fn none_since(&self, user: &User, begun: u64) -> bool {
        self.users.get(user).is_some_and(|heard| heard.changes == begun)
    }

    /// Records that a login has ended, with any result.
    pub fn end(&mut self, user: &User) {
        if let Some(heard) = self.users.get_mut(user) {
            heard.logins -= 1;
            if heard.logins == 0 {
                self.users.remove(user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_directory::{ListsChange, ListsNews};
    use lamplight_model::{AppId, Profile, UserId};
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
