//! Users without a live record: the status shown for them, and the creation of their records.
//!
//! [`Service::recover`] creates a record for every login of the facts, and a login creates one. After that, a user
//! without a record has no login except one that is just being recorded or taken back, so the facts need not be asked
//! for logins. This no longer holds when the directory loses records while the node runs, which it reports by a new
//! [epoch](lamplight_directory::Directory::epoch): then the logins of the facts are checked, and each user with a login
//! from before the epoch gets a record again.

use crate::{Service, ServiceError};
use lamplight_core::Presence;
use lamplight_facts::AccountWithLogins;
use lamplight_model::{App, Now, Timestamp, User};
use std::sync::atomic::Ordering;

impl Service {
    /// Reads the records of users of an app by `view`, in the order asked. Users without a record, and those for whom
    /// `view` returns nothing, are read from the facts: `None` for a user without an account.
    pub(crate) async fn see<T: Send>(
        &self,
        app: &App,
        users: &[User],
        now: Now,
        mut view: impl FnMut(&User, &Presence) -> Option<T> + Send,
    ) -> Result<Vec<Option<T>>, ServiceError> {
        let mut look =
            |user: &User, presence: Option<&Presence>| presence.and_then(|presence| view(user, presence));
        let mut seen = self.directory.read(users, &mut look).await?;
        let absent: Vec<usize> = (0..users.len()).filter(|index| seen[*index].is_none()).collect();
        if absent.is_empty() {
            return Ok(seen);
        }
        let asked = absent.iter().map(|index| users[*index].clone()).collect();
        let mut lost = Vec::new();
        for (index, found) in absent.into_iter().zip(self.facts_of_absent(asked).await?) {
            let (user, Some((account, logins))) = (&users[index], found) else { continue };
            let has_logins = !logins.is_empty();
            let record = self.rebuild(&account, logins, false, app, now);
            seen[index] = look(user, Some(&record));
            if has_logins {
                self.put_record(user, record, app, now).await?;
                lost.push(index);
            }
        }
        if !lost.is_empty() {
            // A login may have created the record meanwhile.
            let asked: Vec<User> = lost.iter().map(|index| users[*index].clone()).collect();
            let again = self.directory.read(&asked, &mut look).await?;
            for (index, again) in lost.into_iter().zip(again).filter(|(_, again)| again.is_some()) {
                seen[index] = again;
            }
        }
        Ok(seen)
    }

    /// Whether each of these users has an account, in the order asked. The facts are asked for those without a record.
    pub(crate) async fn have_accounts(&self, users: &[User]) -> Result<Vec<bool>, ServiceError> {
        let is_there = |_: &User, presence: Option<&Presence>| presence.is_some_and(|it| !it.is_deleted());
        let mut have = self.directory.read(users, is_there).await?;
        let absent: Vec<usize> = (0..users.len()).filter(|index| !have[*index]).collect();
        if !absent.is_empty() {
            let asked = absent.iter().map(|index| users[*index].clone()).collect();
            for (index, account) in absent.into_iter().zip(self.facts.accounts(asked).await?) {
                have[index] = account.is_some();
            }
        }
        Ok(have)
    }

    /// The accounts of users without a record, each with the logins that the lost record had.
    async fn facts_of_absent(
        &self,
        users: Vec<User>,
    ) -> Result<Vec<Option<AccountWithLogins>>, ServiceError> {
        let epoch = self.directory.epoch();
        if epoch <= self.recovered_from() {
            let accounts = self.facts.accounts(users).await?;
            return Ok(accounts.into_iter().map(|account| Some((account?, Vec::new()))).collect());
        }
        let mut found = self.facts.accounts_with_logins(users).await?;
        for (_, logins) in found.iter_mut().flatten() {
            // A later login is being recorded or taken back, and that operation updates the record.
            logins.retain(|login| login.at < epoch);
        }
        Ok(found)
    }

    /// The epoch of the directory at which every login of the facts got a record.
    fn recovered_from(&self) -> Timestamp {
        Timestamp(self.recovered_from.load(Ordering::Relaxed))
    }

    /// Live records from before this moment may have been lost: rebuilt records get higher versions.
    pub(crate) fn lost_before(&self) -> Timestamp {
        self.directory.epoch().max(self.recovered_from())
    }
}
