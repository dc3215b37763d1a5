//! The restore of the subscription list. After the server has dropped the list, the client subscribes to the users
//! again, in batches.
//!
//! The restore continues after a broken link. A batch without an answer is sent again.

use lamplight_model::{Moment, UserId};
use std::collections::{BTreeSet, VecDeque};
use std::mem;
use std::time::Duration;

/// The maximum number of users in one batch, which is an app's default limit (SPEC section 3).
const BATCH: usize = 100;

/// The shortest time between two batches. At this pace, a restore uses half of the default rate limit of 20 calls in 5
/// s. The other half is left to the application and other devices.
const PACE: Duration = Duration::from_millis(500);

/// The wait after a temporary refusal. It equals the window of the default rate limit.
pub(crate) const AFTER_REFUSAL: Duration = Duration::from_secs(5);

/// The result of a batch.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Restored {
    /// The users to whom the account is now subscribed again.
    pub(crate) kept: Vec<UserId>,
    /// The users for whom the subscription failed.
    pub(crate) lost: Lost,
}

/// Users to whom the client will not subscribe again.
#[derive(PartialEq, Eq, Debug, Default)]
pub(crate) struct Lost {
    /// All of these users.
    pub(crate) users: Vec<UserId>,
    /// The users in `users` who are no longer watched, because they are not mutual friends either.
    pub(crate) not_watched: Vec<UserId>,
}

/// The users to whom the client will subscribe again.
#[derive(Debug)]
pub(crate) struct Restore {
    waiting: VecDeque<UserId>,
    /// The batch that was sent and has no answer yet; `None` if no batch is being sent.
    sent: Option<Vec<UserId>>,
    /// The users of the restore who are not watched now. They stay in the cache until subscribing to them fails.
    unwatched: BTreeSet<UserId>,
    batch: usize,
    not_before: Moment,
}

impl Default for Restore {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            sent: None,
            unwatched: BTreeSet::new(),
            batch: BATCH,
            not_before: Moment::default(),
        }
    }
}

impl Restore {
    /// Begins a restore of these users, earliest first. They include all users of an earlier restore.
    pub(crate) fn begin(&mut self, users: &[UserId]) {
        self.waiting = users.iter().cloned().collect();
        self.sent = None;
        self.unwatched.clear();
    }

    /// Records the server's report that a user is not watched. Returns whether the user is in the restore.
    pub(crate) fn not_watched(&mut self, user: &UserId) -> bool {
        let covered =
            self.waiting.contains(user) || self.sent.as_ref().is_some_and(|sent| sent.contains(user));
        if covered {
            self.unwatched.insert(user.clone());
        }
        covered
    }

    /// Returns `true` if the restore is complete.
    pub(crate) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.sent.is_none()
    }

    /// Returns the time when [`next_batch`](Self::next_batch) has a batch. Returns `None` while a batch is being sent,
    /// or when the restore is complete.
    pub(crate) fn due(&self) -> Option<Moment> {
        (self.sent.is_none() && !self.waiting.is_empty()).then_some(self.not_before)
    }

    /// Returns the users of the next batch, if it is due. Only one batch is sent at a time.
    pub(crate) fn next_batch(&mut self, now: Moment) -> Option<Vec<UserId>> {
        if self.due().is_none_or(|due| now < due) {
            return None;
        }
        self.not_before = now + PACE;
        let batch: Vec<_> = self.waiting.drain(..self.waiting.len().min(self.batch)).collect();
        self.sent = Some(batch.clone());
        Some(batch)
    }

    /// Processes the answer to the batch. Subscribing has failed for the users `failed`.
    pub(crate) fn answered(&mut self, failed: &BTreeSet<&str>) -> Restored {
        let sent = self.sent.take().unwrap_or_default();
        let (lost, kept): (Vec<_>, Vec<_>) =
            sent.into_iter().partition(|user| failed.contains(user.as_str()));
        kept.iter().for_each(|user| _ = self.unwatched.remove(user));
        Restored { kept, lost: self.lose(lost) }
    }

    /// Processes a temporary refusal of the batch.
    pub(crate) fn refused_for_now(&mut self, now: Moment) {
        self.put_back();
        self.not_before = now + AFTER_REFUSAL;
    }

    /// Processes a refusal because the batch was too large. Returns whether a smaller batch can be tried.
    pub(crate) fn batch_too_large(&mut self) -> bool {
        self.put_back();
        let smaller = self.batch / 2;
        self.batch = smaller.max(1);
        smaller > 0
    }

    /// Puts the users of the sent batch back in front of the waiting users. The batch was refused, or its link broke.
    pub(crate) fn put_back(&mut self) {
        for user in self.sent.take().unwrap_or_default().into_iter().rev() {
            self.waiting.push_front(user);
        }
    }

    /// Removes waiting users from whom the application has unsubscribed, and returns them.
    pub(crate) fn forget(&mut self, users: &BTreeSet<UserId>) -> Lost {
        let (lost, waiting): (Vec<_>, Vec<_>) =
            mem::take(&mut self.waiting).into_iter().partition(|user| users.contains(user));
        self.waiting = waiting.into();
        self.lose(lost)
    }

    /// Ends the restore and returns its users.
    pub(crate) fn give_up(&mut self) -> Lost {
        self.put_back();
        let lost = self.waiting.drain(..).collect();
        self.lose(lost)
    }

    fn lose(&mut self, users: Vec<UserId>) -> Lost {
        let not_watched = users.iter().filter(|user| self.unwatched.remove(*user)).cloned().collect();
        Lost { users, not_watched }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(count: usize) -> Vec<UserId> {
        (0..count).map(|n| UserId::new(&format!("u{n}")).unwrap()).collect()
    }

    #[test]
    fn batches_are_bounded_and_paced_and_sent_one_at_a_time() {
        let mut restore = Restore::default();
        restore.begin(&users(250));
        let start = Moment(1_000);
        assert_eq!(restore.next_batch(start).unwrap().len(), 100);
        assert_eq!((restore.due(), restore.next_batch(Moment(9_000))), (None, None), "one at a time");
        assert_eq!(restore.answered(&BTreeSet::new()).kept, users(100));
        assert_eq!(restore.due(), Some(start + PACE));
        assert_eq!(restore.next_batch(start), None);
        assert_eq!(restore.next_batch(start + PACE).unwrap().len(), 100);
        restore.answered(&BTreeSet::new());
        assert_eq!(restore.next_batch(start + PACE * 2).unwrap().len(), 50);
        restore.answered(&BTreeSet::new());
        assert_eq!(restore.due(), None);
    }

    #[test]
    fn what_was_not_answered_is_asked_again_in_the_same_order() {
        let mut restore = Restore::default();
        restore.begin(&users(150));
        restore.next_batch(Moment(0));
        restore.put_back();
        assert_eq!(restore.next_batch(Moment(0) + PACE).unwrap(), users(100));
        restore.refused_for_now(Moment(700));
        assert_eq!(restore.due(), Some(Moment(700) + AFTER_REFUSAL));
        assert_eq!(restore.give_up().users, users(150));
    }

    #[test]
    fn a_smaller_limit_of_the_app_is_found() {
        let mut restore = Restore::default();
        restore.begin(&users(3));
        restore.batch = 2;
        let mut now = Moment(0);
        for (expected, smaller) in [(2, true), (1, false), (1, false)] {
            now = now + PACE;
            assert_eq!(restore.next_batch(now).unwrap().len(), expected);
            assert_eq!(restore.batch_too_large(), smaller);
        }
    }

    #[test]
    fn who_is_unsubscribed_meanwhile_is_not_subscribed_again() {
        let mut restore = Restore::default();
        restore.begin(&users(3));
        let lost = restore.forget(&users(2).into_iter().collect());
        assert_eq!(lost, Lost { users: users(2), not_watched: Vec::new() });
        assert!(!restore.not_watched(&users(1)[0]));
        assert_eq!(restore.next_batch(Moment(0)).unwrap(), users(3)[2..]);
    }

    #[test]
    fn who_was_not_watched_and_is_lost_is_named() {
        let mut restore = Restore::default();
        restore.begin(&users(4));
        assert!(users(3).iter().all(|user| restore.not_watched(user)));
        restore.next_batch(Moment(0));
        // The server has accepted the first user again, but not the second. It has never reported that the fourth is
        // not watched.
        let failed = BTreeSet::from(["u1", "u3"]);
        let restored = restore.answered(&failed);
        let all = users(4);
        assert_eq!(restored.kept, [all[0].clone(), all[2].clone()]);
        assert_eq!(restored.lost.users, [all[1].clone(), all[3].clone()]);
        assert_eq!(restored.lost.not_watched, [all[1].clone()]);
        restore.begin(&users(2));
        assert_eq!(restore.give_up(), Lost { users: users(2), not_watched: Vec::new() });
    }
}
