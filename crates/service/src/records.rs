//! Reads live records, and creates missing records from the facts.
//!
//! [`Service::recover`](crate::Service::recover) creates a record for every login in the facts, and every new login
//! creates a record. A user without a record therefore has no login, except one that is being recorded or undone at the
//! moment. The logins of such a user need not be read from the facts.
//!
//! If the directory loses records while the node runs, it reports a new [epoch](lamplight_directory::Directory::epoch).
//! The logins in the facts must then be read again, and each user with a login from before the epoch gets a new record.

use crate::ServiceError;
use crate::app_deletions::AppDeletions;
use crate::duties::OldestNode;
use crate::reader::Reader;
use futures_util::future::try_join_all;
use lamplight_core::{Loss, Losses, Presence, Transition, UserFacts, first_version};
use lamplight_directory::{Directory, DirectoryError, DirectoryErrorKind, Logged};
use lamplight_facts::{Account, AccountWithLogins, Facts, Login};
use lamplight_model::{
    App, Code, DeviceId, NodeId, Now, Platform, Refusal, StoredRestrictions, Timestamp, User, Version,
};
use parking_lot::Mutex;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The maximum number of times that one call creates a missing record.
const MOST_SEEDS: usize = 16;

/// Counts the records that one call has created. The count bounds the call, even if each record is removed at once.
#[derive(Default)]
pub(crate) struct Seeds(usize);

impl Seeds {
    /// Counts a record that is about to be created. After [`MOST_SEEDS`] records, returns an error whose code means
    /// "try again".
    pub fn count(&mut self) -> Result<(), DirectoryError> {
        self.0 += 1;
        if self.0 <= MOST_SEEDS {
            return Ok(());
        }
        let doing = "creating a record that was removed each time";
        Err(DirectoryError { kind: DirectoryErrorKind::Contended, doing, source: None })
    }
}

/// Reads live records, and creates missing records from the facts.
pub(crate) struct Records {
    facts: Arc<dyn Facts>,
    directory: Arc<dyn Directory>,
    deletions: Arc<AppDeletions>,
    /// The latest [epoch](Directory::epoch) for which each login in the facts has a record.
    recovered_from: AtomicU64,
    /// The time for which the logins of a lost record count as connected; `None` if no other node shares the directory.
    grace: Option<Duration>,
    losses: Mutex<Losses>,
    /// See [`Service::with_clock_ahead`](crate::Service::with_clock_ahead).
    clock_ahead: i64,
    oldest_node: Arc<OldestNode>,
    /// The number of custom statuses that this node has cleared because their duration had passed.
    custom_expired: AtomicU64,
}

/// The time after a loss of records within which the nodes put their connections back. During this time, the record of
/// a user whose connections are not put back lacks the custom status and Web devices. The status of this user is
/// therefore unknown, and reading it fails.
const UNKNOWN_FOR: Duration = Duration::from_secs(5);

/// The maximum error of a time that a node has recorded. A login that is recorded up to this much after a loss of records
/// may have been before the loss, and so in a lost record.
const CLOCK_ERROR: Duration = Duration::from_secs(1);

/// For this time after a loss of records, each resumed login is looked up in the facts. A replica of the directory that
/// has taken over may lack the end of the login.
const ENDS_CHECKED_FOR: Duration = Duration::from_secs(600);

/// Decides whether a call about a user has to be repeated, because the user's record was lost and no connection of the
/// user is put back yet.
///
/// The records may be lost while the call waits for the directory. The decision is therefore made only after that wait.
#[derive(Clone, Copy)]
pub(crate) struct PutBackCheck<'a> {
    records: &'a Records,
    now: Now,
    is_of_client: bool,
}

impl PutBackCheck<'_> {
    fn is_recent(self) -> bool {
        match self.is_of_client {
            true => self.records.are_restored_at(self.now),
            false => self.records.is_unknown_at(self.now),
        }
    }

    /// Whether the record was lost, and lacks the connections that the user may have.
    pub fn is_lacking(self, presence: &Presence) -> bool {
        presence.is_as_rebuilt() && !presence.is_deleted() && self.is_recent()
    }

    /// The error for a call about a user whose record is missing or [is lacking](Self::is_lacking) connections.
    /// `otherwise` is the error if no record was lost.
    pub fn error(self, otherwise: Code) -> ServiceError {
        if self.is_recent() { unknown().into() } else { otherwise.into() }
    }
}

/// The facts with which a live record must be consistent.
pub(crate) fn user_facts(account: &Account, logins: &[Login]) -> UserFacts {
    let revocation = account.revocation.as_ref();
    UserFacts {
        logins: logins.iter().map(|login| (login.device.clone(), login.platform, login.number)).collect(),
        revoked: revocation.map(|it| it.revoked.clone()),
        ended_through: revocation.map_or(0, |it| it.through),
        born: account.born,
    }
}

impl Records {
    /// Creates a reader of the directory `directory`. The reader creates missing records from `facts`, but no records
    /// for deleted apps.
    pub(crate) fn new(
        facts: Arc<dyn Facts>,
        directory: Arc<dyn Directory>,
        deletions: Arc<AppDeletions>,
    ) -> Self {
        let (recovered_from, losses, clock_ahead, oldest_node, custom_expired) = Default::default();
        Self {
            facts,
            directory,
            deletions,
            recovered_from,
            grace: None,
            losses,
            clock_ahead,
            oldest_node,
            custom_expired,
        }
    }

    /// Sets the values for a directory that several nodes share.
    pub(crate) fn in_cluster(self, grace: Duration, oldest_node: Arc<OldestNode>) -> Self {
        Self { grace: Some(grace), oldest_node, ..self }
    }

    pub(crate) fn with_clock_ahead(self, clock_ahead: i64) -> Self {
        Self { clock_ahead, ..self }
    }

    /// Whether other nodes share the directory.
    pub(crate) fn is_shared(&self) -> bool {
        self.grace.is_some()
    }

    /// Stores the directory's epoch at the start of this node. A later epoch counts as a loss in [`Records::lost`].
    pub(crate) fn begin_in_cluster(&self) {
        *self.losses.lock() = Losses::begin(self.directory.epoch(), self.clock_ahead);
    }

    /// The directory's epoch at the start of this node.
    pub(crate) fn began(&self) -> Timestamp {
        self.losses.lock().began()
    }

    /// Records the present epoch of the directory, and `now` as the time at which this node has seen it.
    pub(crate) fn observe_epoch(&self, now: Now) -> Losses {
        let mut losses = self.losses.lock();
        losses.observe(self.directory.epoch(), now);
        *losses
    }

    /// The last loss of live records since the earliest start among this node and the other nodes in the register.
    /// `None` if there was none since, and always `None` outside a cluster.
    ///
    /// Records from before the loss may be missing. A loss before that earliest start does not matter, because no
    /// running node has sent statuses of the records that were lost then.
    pub(crate) fn lost(&self, now: Now) -> Option<Loss> {
        if !self.is_shared() {
            return None;
        }
        let losses = self.observe_epoch(now);
        losses.last(self.oldest_node.is_before(self.directory.epoch()), now)
    }

    /// Whether records that were lost are still being created again. The creation ends one grace after the loss.
    pub(crate) fn are_restored_at(&self, now: Now) -> bool {
        let lost = self.lost(now).zip(self.grace);
        lost.is_some_and(|(lost, grace)| lost.passed < grace)
    }

    /// The check for a call of a client. The client has an open connection, which is put back or closed before the
    /// grace ends.
    pub(crate) fn check_for_client(&self, now: Now) -> PutBackCheck<'_> {
        PutBackCheck { records: self, now, is_of_client: true }
    }

    /// The check for a call of the app. The user need not have a connection that is put back, so the call does not wait
    /// for the whole grace.
    pub(crate) fn check_for_app(&self, now: Now) -> PutBackCheck<'_> {
        PutBackCheck { records: self, now, is_of_client: false }
    }

    /// Changes the record of a user.
    ///
    /// Fails with the code for trying again if the directory has lost data since the call began. The record may then
    /// have been lost after the change, and put back without the change.
    pub(crate) async fn update_for_good<T: Send>(
        &self,
        user: &User,
        now: Now,
        change: impl FnMut(&mut Presence) -> Transition<T> + Send,
    ) -> Result<Option<(T, Logged)>, DirectoryError> {
        let epoch = self.directory.epoch();
        let done = self.directory.update_logged(user, now, change).await?;
        // Whoever puts a connection back has seen the new epoch before.
        if self.directory.epoch() == epoch { Ok(done) } else { Err(unknown()) }
    }

    /// Whether records were lost so recently that the nodes may not have put all connections back.
    pub(crate) fn is_unknown_at(&self, now: Now) -> bool {
        self.lost(now).is_some_and(|lost| lost.passed < UNKNOWN_FOR)
    }

    /// Whether the directory has lost writes so recently that a record may still have a login whose end was lost.
    pub(crate) fn may_lack_ends(&self, now: Now) -> bool {
        self.lost(now).is_some_and(|lost| lost.passed < ENDS_CHECKED_FOR)
    }

    /// Reads the records of users of an app as [`read`](trait.Directory.html#method.read) does. A custom status whose
    /// duration has passed is cleared first. `view` may therefore be called twice for a user; its last result counts.
    pub(crate) async fn read_current<T: Send>(
        &self,
        app: &App,
        users: &[User],
        now: Now,
        view: impl FnMut(&User, Option<&Presence>) -> T + Send,
    ) -> Result<Vec<T>, DirectoryError> {
        self.read_current_for(app, users, Reader::App, now, view).await
    }

    /// Reads records as [`Records::read_current`] does, for `reader`, who decides which custom statuses are cleared.
    async fn read_current_for<T: Send>(
        &self,
        app: &App,
        users: &[User],
        reader: Reader<'_>,
        now: Now,
        mut view: impl FnMut(&User, Option<&Presence>) -> T + Send,
    ) -> Result<Vec<T>, DirectoryError> {
        let (mut index, mut over) = (0, Vec::new());
        let look = |user: &User, presence: Option<&Presence>| {
            let may_clear = |it: &Presence| reader.may_clear(user, it.restrictions().map(Arc::as_ref));
            let is_over = |it: &Presence| it.is_custom_status_over(now.moment) && may_clear(it);
            if presence.is_some_and(is_over) {
                over.push(index);
            }
            index += 1;
            view(user, presence)
        };
        let mut seen = self.directory.read(users, look).await?;
        if over.is_empty() {
            return Ok(seen);
        }
        let ending: Vec<User> = over.iter().map(|index| users[*index].clone()).collect();
        let end = |user| {
            self.directory.update(user, now, |presence| {
                let is_over = presence.is_custom_status_over(now.moment);
                presence.end_custom_status(&app.settings, now).map(|()| is_over)
            })
        };
        let ended = try_join_all(ending.iter().map(end)).await?;
        self.count_custom_expired(ended.into_iter().filter(|ended| *ended == Some(true)).count());
        let again = self.directory.read(&ending, &mut view).await?;
        for (index, again) in over.into_iter().zip(again) {
            seen[index] = again;
        }
        Ok(seen)
    }

    /// Counts custom statuses that were cleared because their duration had passed.
    pub(crate) fn count_custom_expired(&self, count: usize) {
        self.custom_expired.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Returns the number of custom statuses that this node has cleared because their duration had passed.
    pub(crate) fn custom_expired(&self) -> u64 {
        self.custom_expired.load(Ordering::Relaxed)
    }

    /// Reads the records of users of an app with `view`, in the order of `users`. The result has `None` for a user
    /// without an account. A custom status whose duration has passed is cleared first.
    ///
    /// If a user has no record, or `view` returns `None`, `view` is called with a record made from the facts. This
    /// record is stored if the user has a login.
    ///
    /// In the five seconds after a loss of records, connections may still have to be put back. The call then fails if
    /// it asks for a user whose connections are missing.
    pub(crate) async fn see<T: Send>(
        &self,
        app: &App,
        users: &[User],
        now: Now,
        view: impl FnMut(&User, &Presence) -> Option<T> + Send,
    ) -> Result<Vec<Option<T>>, ServiceError> {
        self.see_for(app, users, Reader::App, Reader::App, now, view).await
    }

    /// Reads records as [`Records::see`] does, for `reader`. A custom status that the reader may not clear may be over,
    /// so `view` must hide it from viewers who may not see it. The call fails if the status of a user is unknown for
    /// `seen_by`.
    pub(crate) async fn see_for<T: Send>(
        &self,
        app: &App,
        users: &[User],
        reader: Reader<'_>,
        seen_by: Reader<'_>,
        now: Now,
        mut view: impl FnMut(&User, &Presence) -> Option<T> + Send,
    ) -> Result<Vec<Option<T>>, ServiceError> {
        let mut any_unknown = false;
        let mut look = |user: &User, presence: Option<&Presence>| {
            let presence = presence?;
            any_unknown |= seen_by.may_lack_connections(user, presence);
            view(user, presence)
        };
        let mut seen = self.read_current_for(app, users, reader, now, &mut look).await?;
        let absent: Vec<usize> = (0..users.len()).filter(|index| seen[*index].is_none()).collect();
        let read_in = self.directory.epoch();
        let asked: Vec<User> = absent.iter().map(|index| users[*index].clone()).collect();
        let found = if asked.is_empty() { Vec::new() } else { self.facts_of_absent(asked, now).await? };
        let restrictions = self.restrictions_of(&found).await?;
        let mut lost = Vec::new();
        for (index, found) in absent.into_iter().zip(found) {
            let (user, Some((account, logins))) = (&users[index], found) else { continue };
            let record = self.rebuild(&account, logins, restrictions.get(user), false, app, now);
            seen[index] = look(user, Some(&record));
            if record.next_deadline().is_some() {
                self.deletions.put_record(user, record, read_in, app, now).await?;
                lost.push(index);
            }
        }
        if !lost.is_empty() {
            // A concurrent login may have created the record.
            let asked: Vec<User> = lost.iter().map(|index| users[*index].clone()).collect();
            let again = self.read_current_for(app, &asked, reader, now, &mut look).await?;
            for (index, again) in lost.into_iter().zip(again).filter(|(_, again)| again.is_some()) {
                seen[index] = again;
            }
        }
        if any_unknown && self.is_unknown_at(now) {
            return Err(unknown().into());
        }
        Ok(seen)
    }

    /// Creates the missing live records of these users of an app from the facts, if the records have deadlines: those of
    /// users with a login, and those of users who are hidden from viewers who are shown a login. Returns the nodes that
    /// have connections in the existing records.
    pub(crate) async fn restore_absent(
        &self,
        app: &App,
        users: &[User],
        now: Now,
    ) -> Result<BTreeSet<NodeId>, ServiceError> {
        let mut nodes = BTreeSet::new();
        let is_there = |_: &User, presence: Option<&Presence>| {
            nodes.extend(presence.into_iter().flat_map(Presence::connections).map(|it| it.node));
            presence.is_some()
        };
        let there = self.directory.read(users, is_there).await?;
        let absent: Vec<User> =
            users.iter().zip(there).filter(|(_, there)| !there).map(|(user, _)| user.clone()).collect();
        let read_in = self.directory.epoch();
        let found = self.facts_of_absent(absent.clone(), now).await?;
        let restrictions = self.restrictions_of(&found).await?;
        for (user, found) in absent.iter().zip(found) {
            let Some((account, logins)) = found else { continue };
            let record = self.rebuild(&account, logins, restrictions.get(user), false, app, now);
            // Other records are created when they are needed. They show the same at any time.
            if record.next_deadline().is_some() {
                self.deletions.put_record(user, record, read_in, app, now).await?;
            }
        }
        Ok(nodes)
    }

    /// Returns whether each user has an account. Reads the facts only for users without a record.
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

    /// The accounts of users without a record, with the logins that were in a lost record.
    async fn facts_of_absent(
        &self,
        users: Vec<User>,
        now: Now,
    ) -> Result<Vec<Option<AccountWithLogins>>, ServiceError> {
        let epoch = self.directory.epoch();
        if epoch <= self.recovered_from() {
            let accounts = self.facts.accounts(users).await?;
            return Ok(accounts.into_iter().map(|account| Some((account?, Vec::new()))).collect());
        }
        let mut found = self.facts.accounts_with_logins(users).await?;
        for (_, logins) in found.iter_mut().flatten() {
            // A later login is being recorded or undone, and that operation updates the record itself.
            logins.retain(|login| self.was_lost(login, now));
        }
        Ok(found)
    }

    /// Whether a lost record may have had this login. Also `true` if the record was lost before all running nodes began.
    pub(crate) fn was_lost(&self, login: &Login, now: Now) -> bool {
        login.at < self.lost_by(now).after(CLOCK_ERROR)
    }

    /// Reads the restrictions of those accounts that have any.
    async fn restrictions_of(
        &self,
        accounts: &[Option<AccountWithLogins>],
    ) -> Result<HashMap<User, StoredRestrictions>, ServiceError> {
        let accounts = accounts.iter().flatten().map(|(account, _)| account);
        let users: Vec<User> = accounts.filter(|it| it.restricted).map(|it| it.user.clone()).collect();
        if users.is_empty() {
            return Ok(HashMap::new());
        }
        let stored = self.facts.restrictions(users.clone()).await?;
        Ok(users.into_iter().zip(stored).filter_map(|(user, stored)| Some((user, stored?))).collect())
    }

    /// Reads the restrictions of an account; `None` if it has none.
    pub(crate) async fn restrictions_of_account(
        &self,
        account: &Account,
    ) -> Result<Option<StoredRestrictions>, ServiceError> {
        match account.restricted {
            true => Ok(self.facts.restrictions(vec![account.user.clone()]).await?.pop().flatten()),
            false => Ok(None),
        }
    }

    /// Records that every login in the facts has a live record in this epoch of the directory.
    pub(crate) fn recovered(&self, epoch: Timestamp) {
        self.recovered_from.store(epoch.0, Ordering::Relaxed);
    }

    fn recovered_from(&self) -> Timestamp {
        Timestamp(self.recovered_from.load(Ordering::Relaxed))
    }

    /// Live records that were written before this time may have been lost. New records have versions from a later time.
    fn lost_before(&self, now: Now) -> Timestamp {
        match self.is_shared() {
            true => self.observe_epoch(now).lost_before(),
            false => self.directory.epoch().max(self.recovered_from()),
        }
    }

    /// The time at which records may have been lost, for comparisons with times that nodes have written. A directory that
    /// is not shared uses the clock of this node.
    fn lost_by(&self, now: Now) -> Timestamp {
        match self.is_shared() {
            true => self.observe_epoch(now).lost_by(),
            false => self.directory.epoch().max(self.recovered_from()),
        }
    }

    /// The version of a record that is created from the facts. `known_until` is the time of the last change of the user in
    /// the facts, for example a login. The version is above every version of a lost record of the user, and that of a
    /// record with a login is above that of a record without one.
    pub(crate) fn first_version(&self, known_until: Timestamp, has_login: bool, now: Now) -> Version {
        let lost_before = self.lost_before(now);
        // Nodes may have written records in the millisecond of the loss, and with clocks that are ahead.
        let written_before = match self.is_shared() {
            true => lost_before.after(CLOCK_ERROR),
            false => lost_before.max(self.directory.told_before()),
        };
        first_version(known_until, written_before, has_login)
    }

    /// Creates the record of a user from the facts. Viewers who may not see the status are shown the record that would
    /// be created for a user who has been away since the status was hidden from them.
    pub(crate) fn rebuild(
        &self,
        account: &Account,
        logins: Vec<Login>,
        restrictions: Option<&StoredRestrictions>,
        is_new: bool,
        app: &App,
        now: Now,
    ) -> Presence {
        let has_login = logins.iter().any(|login| self.was_lost(login, now));
        let presence = self.rebuild_open(account, logins, is_new, app, now);
        let Some(stored) = restrictions else { return presence };
        let away_with = |logins| self.rebuild_open(account, logins, false, app, now);
        let away = [away_with(vec![lost_login()]), away_with(Vec::new())];
        presence.restricted(stored, has_login, [&away[0], &away[1]])
    }

    /// Creates the record of a user from the facts, without restrictions.
    fn rebuild_open(
        &self,
        account: &Account,
        logins: Vec<Login>,
        is_new: bool,
        app: &App,
        now: Now,
    ) -> Presence {
        let floor = self.lost_before(now);
        let newest = logins.iter().max_by_key(|login| login.at);
        let since = match newest {
            // The time of the login would tell when a hidden user has logged in, and may be before the time that
            // viewers were told last.
            Some(login) if self.was_lost(login, now) => self.lost_by(now).max(account.created),
            Some(login) => login.at,
            None => account.created,
        };
        let has_login = newest.is_some();
        let known_until = newest.map_or(since, |login| since.max(login.at));
        let lost_logins: Vec<u64> =
            logins.iter().filter(|login| self.was_lost(login, now)).map(|login| login.number).collect();
        let presence = Presence::from_facts(
            user_facts(account, &logins),
            // This version is above the version of the same user without the logins. Watchers may have received that
            // lower version if a process ended before a login in the facts had entered a record. They may also have
            // received it if another login has created the account meanwhile.
            self.first_version(known_until.max(account.created), has_login, now),
            since,
            !is_new && account.created < floor,
            &app.settings,
            now.moment,
        );
        // No connected user may be shown as having left before the nodes have put their connections back.
        let lost = self.lost(now).filter(|_| !is_new);
        let held = lost.zip(self.grace).map(|(lost, grace)| (lost.at, grace.saturating_sub(lost.passed)));
        match held {
            Some((lost_at, left)) if !left.is_zero() => {
                presence.held_until(now.moment + left, lost_at, |login| lost_logins.contains(&login))
            }
            Some(_) | None => presence,
        }
    }

    /// Creates the record of a user from the facts, and stores it in the directory.
    pub(crate) async fn seed(&self, user: &User, app: &App, now: Now) -> Result<(), ServiceError> {
        self.seed_as(user, app, false, now).await
    }

    /// Like [`Records::seed`]. If the account is `new`, there is no earlier connection or subscription list to restore.
    pub(crate) async fn seed_as(
        &self,
        user: &User,
        app: &App,
        mut new: bool,
        now: Now,
    ) -> Result<(), ServiceError> {
        let mut seeds = Seeds::default();
        loop {
            seeds.count()?;
            let read_in = self.directory.epoch();
            let found = self.facts.accounts_with_logins(vec![user.clone()]).await?.pop().flatten();
            let (account, logins) = found.ok_or_else(|| Refusal::no_such_account(&user.id))?;
            let restrictions = self.restrictions_of_account(&account).await?;
            let presence = self.rebuild(&account, logins, restrictions.as_ref(), new, app, now);
            let stored = self.deletions.put_record(user, presence, read_in, app, now).await;
            if stored.is_ok() || self.directory.epoch() == read_in {
                return stored;
            }
            // The record that was lost may have had connections.
            new = false;
        }
    }
}

/// The login of a user who is away, for a record that viewers are shown. Only its existence matters.
fn lost_login() -> Login {
    let device = DeviceId::new("away").expect("it is printable and short");
    Login { device, platform: Platform::IPhone, number: 0, at: Timestamp(0) }
}

/// The error for a user whose status is unknown, because the user's connections are not put back yet.
fn unknown() -> DirectoryError {
    let doing = "using the record of a user whose connections were lost with the directory's data";
    DirectoryError { kind: DirectoryErrorKind::Unavailable, doing, source: None }
}
