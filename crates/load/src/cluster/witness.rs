//! Judges the statuses that watchers receive while nodes and stores fail.
//!
//! This module is pure: the received statuses are arguments.

use crate::notice::Notice;
use crate::picture::Shown;
use std::collections::{HashMap, HashSet};
use std::time::Instant;

/// The maximum number of descriptions of wrong events.
const MOST_TEXTS: usize = 100;

/// A status that a watcher has received.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// The watcher's connection.
    pub watcher: u32,
    /// The status.
    pub notice: Notice,
    /// The last status of this user that the watcher's connection knew before this status arrived.
    pub before: Shown,
    /// The time when the status arrived.
    pub at: Instant,
    /// `true` if the status is from a notification, `false` if it is from an answer.
    pub live: bool,
}

/// The numbers of received statuses that no client has caused.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct WrongEvents {
    /// The number of statuses that show a user as OFFLINE, although the user was not away.
    pub offline: u64,
    /// The number of statuses that show a user as ONLINE again, although the user was not away.
    pub online: u64,
    /// The number of statuses with a wrong custom status: one that the user has not set yet, or one that is older than
    /// the custom status that the watcher knew before.
    pub text: u64,
    /// The number of statuses with a new version, but without a change.
    pub empty: u64,
}

impl WrongEvents {
    /// Returns the sum of all kinds.
    pub fn all(self) -> u64 {
        self.offline + self.online + self.text + self.empty
    }
}

/// The statuses, in notifications and in answers, that told one watcher that one user is OFFLINE.
#[derive(Clone, Copy, Debug)]
pub struct Absence {
    /// The number of these statuses.
    pub times: u32,
    /// The time at which the last of them arrived.
    pub last: Instant,
}

/// The judgement of all received statuses since the start of a measurement.
#[derive(Default)]
pub struct Witness {
    absent: HashSet<u32>,
    texts: HashMap<u32, u32>,
    /// The number of received statuses that clients have caused.
    pub right: u64,
    /// The numbers of wrong notifications.
    pub wrong: WrongEvents,
    /// The numbers of wrong statuses in answers.
    pub wrong_in_answers: WrongEvents,
    /// The statuses, in notifications and in answers, that told that a user is OFFLINE, by user and watcher.
    pub absences: HashMap<(u32, u32), Absence>,
    /// The descriptions of the first wrong events.
    pub descriptions: Vec<String>,
    /// The time of the first status, from which the times in descriptions are counted.
    began: Option<Instant>,
}

impl Witness {
    /// Expects that a user becomes OFFLINE, and perhaps ONLINE again.
    pub fn expect_absence(&mut self, user: u32) {
        self.absent.insert(user);
    }

    /// Expects that a user's custom status becomes the text with this number.
    pub fn expect_text(&mut self, user: u32, text: u32) {
        self.texts.insert(user, text);
    }

    /// Judges a received status. Ignores the status of the watcher's own user.
    pub fn see(&mut self, told: Told) {
        let Told { watcher, notice, before, at, live } = told;
        self.began.get_or_insert(at);
        if watcher == notice.user {
            return;
        }
        let is_absent = self.absent.contains(&notice.user);
        let wrong = if live { &mut self.wrong } else { &mut self.wrong_in_answers };
        let (what, count) = if !notice.online {
            if is_absent {
                let absence =
                    self.absences.entry((notice.user, watcher)).or_insert(Absence { times: 0, last: at });
                (absence.times, absence.last) = (absence.times + 1, at);
                return;
            }
            ("OFFLINE", &mut wrong.offline)
        } else if !before.online {
            if is_absent {
                return;
            }
            ("ONLINE", &mut wrong.online)
        } else if notice.text == before.text {
            ("empty", &mut wrong.empty)
        } else if notice.text > before.text && self.texts.get(&notice.user) >= Some(&notice.text) {
            self.right += 1;
            return;
        } else {
            ("text", &mut wrong.text)
        };
        *count += 1;
        if self.descriptions.len() < MOST_TEXTS {
            let way = if live { "notification" } else { "answer" };
            let after = at.saturating_duration_since(*self.began.get_or_insert(at)).as_millis();
            self.descriptions.push(format!(
                "after {after} ms: {what} in a {way} to {watcher}: {notice:?}, before {before:?}"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Shown = Shown { text: 3, online: true };
    const GONE: Shown = Shown { text: 0, online: false };

    fn see(witness: &mut Witness, user: u32, before: Shown, now: Shown) {
        let notice = Notice { user, version: 9, text: now.text, online: now.online };
        witness.see(Told { watcher: 1, notice, before, at: Instant::now(), live: true });
    }

    #[test]
    fn an_event_is_wrong_unless_a_client_has_caused_it() {
        let mut witness = Witness::default();
        witness.expect_text(2, 5);
        witness.expect_absence(3);
        for (user, before, now) in [
            (2, HERE, Shown { text: 4, online: true }),
            (2, HERE, Shown { text: 5, online: true }),
            (3, HERE, GONE),
            (3, GONE, Shown { text: 0, online: true }),
            (1, HERE, GONE),
        ] {
            see(&mut witness, user, before, now);
        }
        assert_eq!((witness.right, witness.wrong), (2, WrongEvents::default()));
        assert_eq!(witness.absences[&(3, 1)].times, 1);
        for (user, before, now) in [
            (2, HERE, GONE),
            (2, GONE, HERE),
            (2, HERE, HERE),
            (2, HERE, Shown { text: 6, online: true }),
            (2, HERE, Shown { text: 2, online: true }),
        ] {
            see(&mut witness, user, before, now);
        }
        assert_eq!(witness.wrong, WrongEvents { offline: 1, online: 1, empty: 1, text: 2 });
        assert_eq!(witness.descriptions.len(), 5);
    }
}
