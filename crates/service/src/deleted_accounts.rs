//! Deleted accounts that may still be on the subscription lists of other users.

use lamplight_model::User;
use parking_lot::Mutex;
use std::collections::BTreeMap;

/// Deleted accounts, each with the number of times that it was deleted.
pub(crate) type Deleted = BTreeMap<User, u64>;

/// The deleted accounts that may still be on the subscription lists of other users.
#[derive(Default)]
pub(crate) struct DeletedAccounts(Mutex<Deleted>);

impl DeletedAccounts {
    /// Adds a deleted account, or counts another deletion of it.
    pub fn add(&self, user: &User) {
        *self.0.lock().entry(user.clone()).or_default() += 1;
    }

    /// Adds a deleted account, unless it is in the list. The node that has deleted it may have ended.
    pub fn add_again(&self, user: &User) {
        self.0.lock().entry(user.clone()).or_insert(1);
    }

    /// All accounts.
    pub fn all(&self) -> Deleted {
        self.0.lock().clone()
    }

    /// This account with its number of deletions; empty if the account is not in the list.
    pub fn only(&self, user: &User) -> Deleted {
        self.0.lock().get_key_value(user).map(|(user, times)| (user.clone(), *times)).into_iter().collect()
    }

    /// Removes accounts that were removed from all subscription lists. An account that was deleted again meanwhile
    /// stays.
    pub fn remove(&self, taken_off: &Deleted) {
        self.0.lock().retain(|user, times| taken_off.get(user) != Some(times));
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
        accounts.remove(&taken_off);
        assert_eq!(accounts.all(), Deleted::from([(user("b"), 2)]));
        accounts.remove(&accounts.all());
        assert_eq!(accounts.all(), Deleted::new());
    }
}
