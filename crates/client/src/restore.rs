//! Subscribing again after the server has given the list up: which users, how many at once, and when.
//!
//! Knows no messages and no clock. Survives a broken link: what was not answered is asked again.

use lamplight_model::{Moment, UserId};
use std::collections::{BTreeSet, VecDeque};
use std::mem;
use std::time::Duration;

/// The most users in one call; the default limit of an app (SPEC section 3).
const BATCH: usize = 100;

/// The least time between two calls. Half of what the default limit of 20 calls in 5 s allows: the
/// application's own calls, and the account's other devices, share it.
const PACE: Duration = Duration::from_millis(500);

/// The wait after a refusal that passes with time: the window of the default rate limit.
const AFTER_REFUSAL: Duration = Duration::from_secs(5);

/// The result of a call.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Restored {
    /// The users that are subscribed to again.
    pub(crate) kept: Vec<UserId>,
    /// The users that are not.
    pub(crate) lost: Lost,
}

/// Users who will not be subscribed to again.
#[derive(PartialEq, Eq, Debug, Default)]
pub(crate) struct Lost {
    /// All of them.
    pub(crate) users: Vec<UserId>,
    /// Of these, who is not watched: not as a friend either.
    pub(crate) not_watched: Vec<UserId>,
}

/// The users that are to be subscribed again.
#[derive(Debug)]
pub(crate) struct Restore {
    waiting: VecDeque<UserId>,
    /// The batch that was sent and not answered.
    sent: Option<Vec<UserId>>,
    /// Of these users, those of whom the server has said that they are not watched. They leave the cache only
    /// if they are not subscribed to again.
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
    /// Begins with these users, earliest subscribed first. Replaces what was left of an earlier restore, which
    /// had the same list as its source.
    pub(crate) fn begin(&mut self, users: &[UserId]) {
        self.waiting = users.iter().cloned().collect();
        self.sent = None;
        self.unwatched.clear();
    }

    /// The server has said that this user is not watched. Whether it is still to be subscribed again.
    pub(crate) fn not_watched(&mut self, user: &UserId) -> bool {
        let covered =
            self.waiting.contains(user) || self.sent.as_ref().is_some_and(|sent| sent.contains(user));
        if covered {
            self.unwatched.insert(user.clone());
        }
        covered
    }

    /// Whether nothing is left to do.
    pub(crate) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.sent.is_none()
    }

    /// When [`next_batch`](Self::next_batch) has something.
    pub(crate) fn due(&self) -> Option<Moment> {
        (self.sent.is_none() && !self.waiting.is_empty()).then_some(self.not_before)
    }

    /// The next users to subscribe to; one call is under way at a time.
    pub(crate) fn next_batch(&mut self, now: Moment) -> Option<Vec<UserId>> {
        if self.due().is_none_or(|due| now < due) {
            return None;
        }
        self.not_before = now + PACE;
        let batch: Vec<_> = self.waiting.drain(..self.waiting.len().min(self.batch)).collect();
        self.sent = Some(batch.clone());
        Some(batch)
    }

    /// The call was answered; it failed for these users.
    pub(crate) fn answered(&mut self, failed: &BTreeSet<&str>) -> Restored {
        let sent = self.sent.take().unwrap_or_default();
        let (lost, kept): (Vec<_>, Vec<_>) =
            sent.into_iter().partition(|user| failed.contains(user.as_str()));
        kept.iter().for_each(|user| _ = self.unwatched.remove(user));
        Restored { kept, lost: self.lose(lost) }
    }

    /// The call was refused for now.
    pub(crate) fn refused_for_now(&mut self, now: Moment) {
        self.put_back();
        self.not_before = now + AFTER_REFUSAL;
    }

    /// The call was refused because this app allows fewer users in one. Whether there is a smaller one to try.
    pub(crate) fn batch_too_large(&mut self) -> bool {
        self.put_back();
        let smaller = self.batch / 2;
        self.batch = smaller.max(1);
        smaller > 0
    }

    /// The link broke: the call that was under way is asked again on the next one.
    pub(crate) fn put_back(&mut self) {
        for user in self.sent.take().unwrap_or_default().into_iter().rev() {
            self.waiting.push_front(user);
        }
    }

    /// The application does not want these users any longer.
    pub(crate) fn forget(&mut self, users: &BTreeSet<UserId>) -> Lost {
        let (lost, waiting): (Vec<_>, Vec<_>) =
            mem::take(&mut self.waiting).into_iter().partition(|user| users.contains(user));
        self.waiting = waiting.into();
        self.lose(lost)
    }

    /// Gives all up.
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
        // The first is subscribed again; the second is not; and the last was watched all the time.
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
