//! The recovery of a node at its start: makes the live records consistent with the facts.
//!
//! After most starts, almost all records agree with the facts. Recovery therefore reads all accounts and all logins in
//! one pass each, in ascending order of the users, and changes only the records that differ. Both reads continue while
//! the records of the users read before are compared.

use crate::records::user_facts;
use crate::{Service, ServiceError};
use futures_util::future::join3;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use lamplight_core::{Presence, Transition};
use lamplight_facts::{Account, AccountWithLogins, FactsError, Login, LoginCursor, Revocation};
use lamplight_model::{AppId, Now, Revoked, Timestamp, User, UserId};
use std::collections::{BTreeSet, VecDeque};
use std::hash::BuildHasher;

/// The number of accounts, or of logins, that are read in one call.
const READ_AT_ONCE: usize = 2_000;

/// The number of users without an account whose facts are read in one call.
const USERS_AT_ONCE: usize = 500;

/// The result of [`Service::recover`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Recovery {
    /// The number of apps.
    pub apps: usize,
    /// The number of users with a login of a native device.
    pub users: usize,
}

/// The progress of a recovery.
struct Progress<'a> {
    /// The users with a live record whose account has not been read.
    left: Unseen<'a, foldhash::fast::RandomState>,
    /// The users whose live record may have restrictions that differ from the facts.
    restricted: BTreeSet<User>,
    /// The number of users with a login of a native device.
    logged_in: usize,
}

impl Service {
    /// Reads the apps, and makes the live records consistent with the facts after a restart. `live` has the users with
    /// a live record. Records from before `complete_since` may be missing.
    pub async fn recover(
        &self,
        live: Vec<User>,
        complete_since: Timestamp,
        now: Now,
    ) -> Result<Recovery, ServiceError> {
        self.read_apps().await?;
        self.records.recovered(complete_since);
        let left = Unseen::of(&live, foldhash::fast::RandomState::default());
        let mut progress = Progress { left, restricted: BTreeSet::new(), logged_in: 0 };
        let apps = self.apps.all();
        let mut users = UsersInOrder::of(apps.iter().map(|app| app.id).collect());
        loop {
            let some = users.take_complete();
            if some.is_empty() && users.is_at_end() {
                break;
            }
            let Reads { accounts, logins } = users.next_reads(some.is_empty());
            let read_accounts = async {
                match accounts {
                    Some((app, after)) => {
                        Some(self.facts.list_accounts(app, after, READ_AT_ONCE).await).transpose()
                    }
                    None => Ok(None),
                }
            };
            let read_logins = async {
                let whenever = Timestamp(0)..Timestamp(u64::MAX);
                match logins {
                    Some(after) => {
                        Some(self.facts.logins_recorded(whenever, after, READ_AT_ONCE).await).transpose()
                    }
                    None => Ok::<_, FactsError>(None),
                }
            };
            // The reads are polled first, so the stores work on them during the comparison.
            let compared = self.compare_with_facts(some, &mut progress, now);
            let (accounts, logins, compared) = join3(read_accounts, read_logins, compared).await;
            compared?;
            if let Some(accounts) = accounts? {
                users.add_accounts(accounts);
            }
            if let Some(page) = logins? {
                users.add_logins(page.logins, page.next);
            }
        }
        let Progress { left, mut restricted, logged_in } = progress;
        let left = left.users();
        for some in left.chunks(USERS_AT_ONCE) {
            self.recover_without_account(some, now).await?;
            restricted.extend(self.restricted_among(some).await?);
        }
        self.forget_deleted(now).await?;
        self.recover_restrictions(restricted, now).await?;
        Ok(Recovery { apps: apps.len(), users: logged_in })
    }

    /// Compares the live records of users with their facts, and changes those that differ. Creates a record for a user
    /// who has a login and no record.
    async fn compare_with_facts(
        &self,
        users: Vec<AccountWithLogins>,
        progress: &mut Progress<'_>,
        now: Now,
    ) -> Result<(), ServiceError> {
        let names: Vec<User> = users.iter().map(|(account, _)| account.user.clone()).collect();
        let mut index = 0;
        let facts: Vec<_> = users.iter().map(|(account, logins)| user_facts(account, logins)).collect();
        let compare = |_: &User, presence: Option<&Presence>| {
            index += 1;
            let presence = presence?;
            Some((presence.differs_from(&facts[index - 1]), is_restricted(presence)))
        };
        let found = self.directory.read(&names, compare).await?;
        let mut changed = Vec::new();
        for (((account, logins), facts), found) in users.into_iter().zip(facts).zip(found) {
            let user = &account.user;
            progress.logged_in += usize::from(!logins.is_empty());
            let Some(app) = self.apps.get(user.app) else { continue };
            match found {
                Some((differs, is_restricted)) => {
                    progress.left.see(user);
                    if differs {
                        let adopt = |it: &mut Presence| it.adopt_facts(&facts, &app.settings, now);
                        self.directory.update(user, now, adopt).await?;
                        changed.push(account.user);
                    } else if is_restricted {
                        progress.restricted.insert(account.user);
                    }
                }
                None if logins.is_empty() => {}
                None => {
                    let restrictions = self.records.restrictions_of_account(&account).await?;
                    let record =
                        self.records.rebuild(&account, logins, restrictions.as_ref(), false, &app, now);
                    self.directory.seed(user, record, now).await?;
                }
            }
        }
        progress.restricted.extend(self.restricted_among(&changed).await?);
        Ok(())
    }

    /// Returns those of these users whose live records have restrictions.
    async fn restricted_among(&self, users: &[User]) -> Result<Vec<User>, ServiceError> {
        let is_restricted = |_: &User, presence: Option<&Presence>| presence.is_some_and(is_restricted);
        let found = self.directory.read(users, is_restricted).await?;
        Ok(users.iter().zip(found).filter(|(_, found)| *found).map(|(user, _)| user.clone()).collect())
    }

    /// Makes the live records of users consistent with the facts. No account of these users was found.
    async fn recover_without_account(&self, users: &[User], now: Now) -> Result<(), ServiceError> {
        let found = self.facts.accounts_with_logins(users.to_vec()).await?;
        for (user, found) in users.iter().zip(found) {
            let Some(app) = self.apps.get(user.app) else {
                self.directory.remove(user, now).await?;
                continue;
            };
            if let Some((account, logins)) = found {
                let facts = user_facts(&account, &logins);
                self.directory.update(user, now, |it| it.adopt_facts(&facts, &app.settings, now)).await?;
                continue;
            }
            // The account was deleted, just now or while no node ran.
            let Revocation { revoked, through } = self
                .facts
                .revocation(user.clone())
                .await?
                .unwrap_or(Revocation { revoked: Revoked::new(now.wall, []), through: u64::MAX });
            let delete = |presence: &mut Presence| match presence.is_deleted() {
                true => Transition::quiet(()),
                false => presence.delete(through, &revoked, &app.settings, now).map(drop),
            };
            self.directory.update(user, now, delete).await?;
            self.forget_later(user);
        }
        Ok(())
    }
}

/// Whether a record has a visibility other than *everyone*, or a block list that is not empty.
fn is_restricted(presence: &Presence) -> bool {
    presence.restrictions().is_some_and(|restrictions| !restrictions.is_open())
}

/// The users that have not been seen yet. Finding one reads only the memory of the table, and not the users themselves,
/// which are spread over much more memory.
struct Unseen<'a, H> {
    users: HashTable<(u64, &'a User)>,
    /// Users with equal hashes, who are never removed.
    alike: Vec<&'a User>,
    hasher: H,
}

impl<'a, H: BuildHasher> Unseen<'a, H> {
    /// Creates the set of these users, none of whom occurs twice.
    fn of(users: &'a [User], hasher: H) -> Self {
        let mut table = HashTable::with_capacity(users.len());
        let mut alike = Vec::new();
        for user in users {
            let hash = hasher.hash_one(user);
            match table.entry(hash, |(other, _)| *other == hash, |(hash, _)| *hash) {
                Entry::Vacant(place) => _ = place.insert((hash, user)),
                Entry::Occupied(other) => alike.extend([other.get().1, user]),
            }
        }
        Self { users: table, alike, hasher }
    }

    /// Removes a user, who may be missing.
    fn see(&mut self, user: &User) {
        let hash = self.hasher.hash_one(user);
        if let Ok(place) = self.users.find_entry(hash, |(other, _)| *other == hash) {
            place.remove();
        }
    }

    /// Returns the users that were not seen. If two users have equal hashes, both are among them.
    fn users(self) -> Vec<User> {
        let unseen: BTreeSet<&User> =
            self.users.into_iter().map(|(_, user)| user).chain(self.alike).collect();
        unseen.into_iter().cloned().collect()
    }
}

/// Joins the accounts and the logins of all users. Both are read in pages, in ascending order of the users.
struct UsersInOrder {
    /// The apps whose accounts are read next, in ascending order.
    apps: VecDeque<AppId>,
    /// The last account of the first app that was read; `None` before the first page.
    after: Option<UserId>,
    accounts: VecDeque<Account>,
    logins: VecDeque<(User, Login)>,
    /// The last login that was read; `None` before the first page.
    last_login: Option<LoginCursor>,
    has_all_logins: bool,
}

/// The pages that are read next; `None` if no page has to be read.
struct Reads {
    accounts: Option<(AppId, Option<UserId>)>,
    logins: Option<Option<LoginCursor>>,
}

impl UsersInOrder {
    fn of(apps: VecDeque<AppId>) -> Self {
        let (after, accounts, logins, last_login, has_all_logins) = Default::default();
        Self { apps, after, accounts, logins, last_login, has_all_logins }
    }

    fn is_at_end(&self) -> bool {
        self.apps.is_empty() && self.accounts.is_empty()
    }

    /// Returns the pages to read. `is_short` is `true` if the logins read so far have completed no account.
    fn next_reads(&self, is_short: bool) -> Reads {
        let accounts = self.apps.front().filter(|_| self.accounts.len() < READ_AT_ONCE);
        let reads_logins = !self.has_all_logins && (is_short || self.logins.len() < READ_AT_ONCE);
        Reads {
            accounts: accounts.map(|app| (*app, self.after.clone())),
            logins: reads_logins.then(|| self.last_login.clone()),
        }
    }

    fn add_accounts(&mut self, page: Vec<Account>) {
        self.after = page.last().map(|account| account.user.id.clone());
        if page.len() < READ_AT_ONCE {
            self.apps.pop_front();
            self.after = None;
        }
        self.accounts.extend(page);
    }

    fn add_logins(&mut self, page: Vec<(User, Login)>, next: Option<LoginCursor>) {
        self.has_all_logins = next.is_none();
        self.last_login = next;
        self.logins.extend(page);
    }

    /// Removes and returns the accounts all of whose logins were read, with these logins in ascending order of their
    /// numbers. Drops the logins of apps that were deleted.
    fn take_complete(&mut self) -> Vec<AccountWithLogins> {
        let mut complete = Vec::new();
        let read_to = self.last_login.as_ref().map(|last| &last.user);
        let (all, accounts) = (self.has_all_logins, &mut self.accounts);
        let is_complete = |account: &mut Account| all || read_to.is_some_and(|last| account.user < *last);
        while let Some(account) = accounts.pop_front_if(is_complete) {
            while self.logins.pop_front_if(|(user, _)| *user < account.user).is_some() {}
            let mut logins = Vec::new();
            while let Some((_, login)) = self.logins.pop_front_if(|(user, _)| *user == account.user) {
                logins.push(login);
            }
            logins.sort_by_key(|login| login.number);
            complete.push((account, logins));
        }
        complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_model::{DeviceId, Platform};
    use std::hash::{BuildHasherDefault, Hasher};

    fn user(app: u32, name: &str) -> User {
        User::new(AppId(app), UserId::new(name).expect("it is printable and short"))
    }

    fn login(name: &str, number: u64) -> Login {
        let device = DeviceId::new(name).expect("it is printable and short");
        Login { device, platform: Platform::IPhone, at: Timestamp(1), number }
    }

    fn account(of: User) -> Account {
        Account { user: of, created: Timestamp(1), born: 1, revocation: None, restricted: false }
    }

    /// Joins these accounts of the apps 2 and 5 with logins, in pages of at most `at_once` logins. Returns each user
    /// with the numbers of the logins.
    fn joined(accounts: &[(u32, &str)], logins: &[(u32, &str, &str, u64)], at_once: usize) -> String {
        let mut users = UsersInOrder::of([AppId(2), AppId(5)].into());
        let (mut complete, mut pages, mut reads) = (Vec::new(), logins.chunks(at_once), 0);
        loop {
            let some = users.take_complete();
            if some.is_empty() && users.is_at_end() {
                return complete.join(", ");
            }
            let Reads { accounts: next, logins: after } = users.next_reads(some.is_empty());
            for (Account { user, .. }, logins) in some {
                let numbers: String = logins.iter().map(|login| format!(" {}", login.number)).collect();
                complete.push(format!("{}/{}{numbers}", user.app, user.id));
            }
            assert!(next.is_some() || after.is_some() || users.is_at_end() || !users.accounts.is_empty());
            if let Some((app, after)) = next {
                assert_eq!(after, None, "one page has all accounts of an app");
                let of_app = accounts.iter().filter(|(of, _)| *of == app.0);
                users.add_accounts(of_app.map(|(app, name)| account(user(*app, name))).collect());
            }
            if after.is_some() {
                let page = pages.next().unwrap_or_default();
                let found =
                    page.iter().map(|(app, name, device, number)| (user(*app, name), login(device, *number)));
                let found: Vec<_> = found.collect();
                let next = found
                    .last()
                    .map(|(user, login)| LoginCursor { user: user.clone(), device: login.device.clone() });
                users.add_logins(found, next);
            }
            reads += 1;
            assert!(reads < 100, "the join comes to an end");
        }
    }

    /// A hasher whose hash is the last byte of the user.
    #[derive(Default)]
    struct LastByte(u64);

    impl Hasher for LastByte {
        fn write(&mut self, bytes: &[u8]) {
            // A text ends with the byte 0xff.
            let last = bytes.iter().rfind(|byte| **byte != 0xff);
            self.0 = last.map_or(self.0, |byte| u64::from(*byte));
        }

        fn finish(&self) -> u64 {
            self.0
        }
    }

    #[test]
    fn whoever_was_not_seen_is_found_also_if_another_user_has_the_same_hash() {
        let live = ["a1", "b1", "c2", "d3"].map(|name| user(2, name));
        let unseen = |seen: &[&str]| {
            let mut left = Unseen::of(&live, BuildHasherDefault::<LastByte>::default());
            seen.iter().for_each(|name| left.see(&user(2, name)));
            left.users().iter().map(|user| user.id.to_string()).collect::<Vec<_>>().join(" ")
        };
        for (seen, left) in [
            (&[][..], "a1 b1 c2 d3"),
            (&["c2"], "a1 b1 d3"),
            (&["a1", "c2"], "a1 b1 d3"),
            (&["b1", "d3", "c2"], "a1 b1"),
            (&["d3", "e4", "d3"], "a1 b1 c2"),
        ] {
            assert_eq!(unseen(seen), left, "{seen:?}");
        }
    }

    #[test]
    fn each_account_is_joined_with_all_of_its_logins_and_with_no_others() {
        let accounts = [(2, "a"), (2, "b"), (2, "d"), (5, "a"), (5, "b")];
        let logins = [
            (1, "a", "x", 1),
            (2, "a", "x", 9),
            (2, "a", "y", 3),
            (2, "c", "x", 4),
            (2, "d", "x", 5),
            (3, "d", "x", 6),
            (5, "b", "x", 7),
            (7, "b", "x", 8),
        ];
        let expected = "2/a 3 9, 2/b, 2/d 5, 5/a, 5/b 7";
        for at_once in 1..=logins.len() {
            assert_eq!(joined(&accounts, &logins, at_once), expected, "{at_once}");
        }
        assert_eq!(joined(&accounts, &[], 1), "2/a, 2/b, 2/d, 5/a, 5/b");
        assert_eq!(joined(&[], &logins, 2), "");
    }
}
