//! Deleted accounts that may still be on the subscription lists of other users.

use lamplight_model::{Moment, User};
use parking_lot::Mutex;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Deleted accounts, each with the number of times that it was deleted.
pub(crate) type Deleted = BTreeMap<User, u64>;

/// The time for which an account is kept after it was taken off all lists. If records are lost within this time, a node
/// may put back a list that still contains the account.
const KEPT_FOR: Duration = Duration::from_secs(30);

/// The maximum number of accounts that are kept after they were taken off all lists.
const MOST_KEPT: usize = 10_000;

/// The deleted accounts that may still be on the subscription lists of other users.
#[derive(Default)]
pub(crate) struct DeletedAccounts(Mutex<Accounts>);

#[derive(Default)]
struct Accounts {
    waiting: Deleted,
    /// The accounts that were taken off all lists, each with the time at which this was done, earliest first.
    taken_off: VecDeque<(User, Moment)>,
}

impl DeletedAccounts {
    /// Adds a deleted account, or counts another deletion of it.
    pub fn add(&self, user: &User) {
        *self.0.lock().waiting.entry(user.clone()).or_default() += 1;
    }

    /// Adds a deleted account, unless it is already there. The node that has deleted the account may have ended before
    /// it took the account off the lists.
    pub fn add_again(&self, user: &User) {
        self.0.lock().waiting.entry(user.clone()).or_insert(1);
    }

    /// Adds again every account that was recently taken off all lists, because records were lost.
    pub fn add_taken_off(&self) {
        let mut accounts = self.0.lock();
        for (user, _) in std::mem::take(&mut accounts.taken_off) {
            accounts.waiting.entry(user).or_insert(1);
        }
    }

    /// All accounts that are to be taken off the lists.
    pub fn all(&self) -> Deleted {
        self.0.lock().waiting.clone()
    }

    /// This account with its number of deletions; empty if it need not be taken off the lists.
    pub fn only(&self, user: &User) -> Deleted {
        let accounts = self.0.lock();
        accounts.waiting.get_key_value(user).map(|(user, times)| (user.clone(), *times)).into_iter().collect()
    }

    /// Removes accounts that were taken off all subscription lists. An account that was deleted again meanwhile stays.
    pub fn remove(&self, taken_off: &Deleted, now: Moment) {
        let accounts = &mut *self.0.lock();
        accounts.waiting.retain(|user, times| taken_off.get(user) != Some(times));
        accounts.taken_off.extend(taken_off.keys().map(|user| (user.clone(), now)));
        let excess = accounts.taken_off.len().saturating_sub(MOST_KEPT);
        accounts.taken_off.drain(..excess);
    }

    /// Forgets the accounts that were taken off long ago.
    pub fn forget(&self, now: Moment) {
        let is_old = |(_, at): &mut (User, Moment)| *at + KEPT_FOR <= now;
        let taken_off = &mut self.0.lock().taken_off;
        while taken_off.pop_front_if(is_old).is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_model::{AppId, UserId};

    #[test]
    fn an_account_that_is_deleted_once_more_meanwhile_stays() {
        let user = |name: &str| User::new(AppId(1), UserId::new(name).unwrap());
        let accounts = DeletedAccounts::default();
        accounts.add(&user("a"));
        accounts.add(&user("b"));
        let taken_off = accounts.all();
        assert_eq!(accounts.only(&user("b")), Deleted::from([(user("b"), 1)]));
        assert_eq!(accounts.only(&user("c")), Deleted::new());
        accounts.add(&user("b"));
        accounts.remove(&taken_off, Moment(0));
        assert_eq!(accounts.all(), Deleted::from([(user("b"), 2)]));
        accounts.remove(&accounts.all(), Moment(0));
        assert_eq!(accounts.all(), Deleted::new());
    }

    #[test]
    fn what_was_taken_off_less_than_half_a_minute_before_a_loss_is_taken_off_again() {
        let user = User::new(AppId(1), UserId::new("a").unwrap());
        for (millis, expected) in [(29_999, 1), (30_000, 0)] {
            let accounts = DeletedAccounts::default();
            accounts.add(&user);
            accounts.remove(&accounts.all(), Moment(0));
            accounts.forget(Moment(millis));
            accounts.add_taken_off();
            assert_eq!(accounts.all().len(), expected, "after {millis} ms");
        }
    }

    #[test]
    fn the_accounts_that_are_kept_are_bounded() {
        let accounts = DeletedAccounts::default();
        for n in 0..MOST_KEPT + 1 {
            let user = User::new(AppId(1), UserId::new(&n.to_string()).unwrap());
            accounts.remove(&Deleted::from([(user, 1)]), Moment(0));
        }
        accounts.add_taken_off();
        assert_eq!(accounts.all().len(), MOST_KEPT);
    }
}
