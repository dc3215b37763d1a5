//! The audience after it has missed a part of the change log, or after the directory has lost its records.

use super::Audience;
use lamplight_core::{Versioned, WatcherKey};
use lamplight_model::{Reason, User, UserStatus};

impl<S: Versioned> Audience<S> {
    /// Records that a part of the log was missed. Watch lists that are being read may then be out of date.
    pub fn count_missed(&mut self) {
        // The caller reads every watched user again. A read that is under way may be older than an answer.
        let hub = &self.hub;
        self.answered.retain(|user, _| hub.audience(user) > 0);
        for (_, member) in self.members.iter_mut().flatten() {
            member.lists = member.lists.wrapping_add(1);
            // The missed part may include entries about own changes. The list that is read next contains these changes.
            (member.heard, member.ahead) = (None, None);
            // A directory that has lost its records counts revisions from the beginning.
            member.entered = 0;
        }
    }

    /// Whether a status that was read is from a record as it was rebuilt after a loss, while a connection of the user is
    /// open here and not put back yet. This status must not replace the one from before the loss, which comes back with the
    /// connection. The status is then read again later.
    pub fn is_before_put_back(&self, user: &User, status: &UserStatus) -> bool {
        let waits = |watcher: &WatcherKey| {
            self.member(*watcher).is_some_and(|member| member.has_list && member.heard.is_none())
        };
        let watchers = || self.by_user.get(user).into_iter().flatten();
        status.reason == Reason::None && watchers().any(waits) && self.newest(user).is_some()
    }

    /// Records that a connection was put back into the record at this revision. Log entries about its end up to that
    /// revision are ignored.
    pub fn entered_again(&mut self, watcher: WatcherKey, rev: u64) {
        if let Some(member) = self.member_mut(watcher) {
            member.entered = rev;
        }
    }
}
