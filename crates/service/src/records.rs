//! The live records and the facts behind them: the status of a user without a record, and the creation of records.
//!
//! [`Service::recover`](crate::Service::recover) creates a record for every login of the facts, and a login creates one.
//! After that, a user without a record has no login except one that is just being recorded or taken back, so the facts
//! need not be asked for logins. This no longer holds when the directory loses records while the node runs, which it
//! reports by a new [epoch](lamplight_directory::Directory::epoch): then the logins of the facts are checked, and each
//! user with a login from before the epoch gets a record again.

use crate::ServiceError;
use crate::app_deletions::AppDeletions;
use lamplight_core::{Presence, UserFacts};
use lamplight_directory::Directory;
use lamplight_facts::{Account, AccountWithLogins, Facts, Login};
use lamplight_model::{App, Now, Refusal, Timestamp, User, Version};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Reads live records, and creates those that are missing.
pub(crate) struct Records {
    facts: Arc<dyn Facts>,
    directory: Arc<dyn Directory>,
    deletions: Arc<AppDeletions>,
    /// The epoch of the directory for which every login of the facts has got a record.
    recovered_from: AtomicU64,
}

/// The part of the facts that the live record must agree with.
pub(crate) fn user_facts(account: &Account, logins: Vec<Login>) -> UserFacts {
    let revocation = account.revocation.as_ref();
    UserFacts {
        logins: logins.into_iter().map(|login| (login.device, login.platform, login.number)).collect(),
        revoked: revocation.map(|it| it.revoked.clone()),
        ended_through: revocation.map_or(0, |it| it.through),
        born: account.born,
    }
}

impl Records {
    /// Reads and creates the records of this directory. A record of a deleted app is not created.
    pub(crate) fn new(
        facts: Arc<dyn Facts>,
        directory: Arc<dyn Directory>,
        deletions: Arc<AppDeletions>,
    ) -> Self {
        Self { facts, directory, deletions, recovered_from: AtomicU64::new(0) }
    }

    /// Reads the records of users of an app by `view`, in the order of `users`. Users without a record, and those for
    /// whom `view` returns `None`, are read from the facts; the result is `None` for a user without an account.
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
                self.deletions.put_record(user, record, app, now).await?;
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

    /// Returns whether each of these users has an account, in their order. The facts are asked about users without a
    /// record.
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

    /// Notes that every login of the facts has a record, as of this epoch of the directory.
    pub(crate) fn recovered(&self, epoch: Timestamp) {
        self.recovered_from.store(epoch.0, Ordering::Relaxed);
    }

    fn recovered_from(&self) -> Timestamp {
        Timestamp(self.recovered_from.load(Ordering::Relaxed))
    }

    /// The time before which live records may have been lost. Records that are created again get higher versions.
    fn lost_before(&self) -> Timestamp {
        self.directory.epoch().max(self.recovered_from())
    }

    /// The first version for a user of whom nothing else is known than the time at which the account was created, or at
    /// which the last login was recorded.
    pub(crate) fn first_version(&self, since: Timestamp) -> Version {
        Version::at(since.max(self.lost_before()))
    }

    /// Builds the record of a user of whom only the facts are known.
    pub(crate) fn rebuild(
        &self,
        account: &Account,
        logins: Vec<Login>,
        is_new: bool,
        app: &App,
        now: Now,
    ) -> Presence {
        let floor = self.lost_before();
        let since = logins.iter().map(|login| login.at).max().unwrap_or(account.created);
        Presence::from_facts(
            user_facts(account, logins),
            // Higher than the version of the user without these logins, because the facts may have a login that no
            // record had when a process ended.
            self.first_version(since),
            since,
            !is_new && account.created < floor,
            &app.settings,
            now.moment,
        )
    }

    /// Creates the record of a user from the facts and puts it into the directory.
    pub(crate) async fn seed(&self, user: &User, app: &App, now: Now) -> Result<(), ServiceError> {
        self.seed_as(user, app, false, now).await
    }

    /// Does the same. For an account that is `new`, no subscription list can have been lost.
    pub(crate) async fn seed_as(
        &self,
        user: &User,
        app: &App,
        new: bool,
        now: Now,
    ) -> Result<(), ServiceError> {
        let found = self.facts.accounts_with_logins(vec![user.clone()]).await?.pop().flatten();
        let (account, logins) = found.ok_or_else(|| Refusal::no_such_account(&user.id))?;
        let presence = self.rebuild(&account, logins, new, app, now);
        self.deletions.put_record(user, presence, app, now).await
    }
}
