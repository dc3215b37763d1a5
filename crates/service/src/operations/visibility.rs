//! The visibility and the block list of a user (SPEC section 6).
//!
//! The facts have the data, and the live record has a copy. Workers and queries use the copy to decide which status a
//! viewer is shown. Every operation that changes the data first commits the change, and then makes the record agree
//! with the facts. The copy contains the version of its snapshot. If operations overlap, the records may therefore be
//! updated in any order.

use crate::operations::lists::{By, Listed};
use crate::operations::unapplied::Unapplied;
use crate::records::Seeds;
use crate::retries::Pending;
use crate::{Service, ServiceError};
use lamplight_core::{Call, Presence, Transition, check_batch};
use lamplight_directory::{
    DirectoryError, DirectoryErrorKind, ListsChange, LogEntry, News, RecordCursor, RecordFilter,
};
use lamplight_facts::{BlockOutcome, FactsError};
use lamplight_model::{
    AppId, AwayLogins, BlockedUser, Code, MAX_BLOCKED, Now, Refusal, StoredRestrictions, User, UserId,
    Visibility,
};
use std::collections::{BTreeSet, HashMap, HashSet};

/// The number of users with restrictions that are read in one call.
const USERS_AT_ONCE: usize = 500;

/// The number of users in a page of [`Service::compare_restrictions`]. The data of a user has up to 11,000 ids.
const COMPARED_AT_ONCE: usize = 100;

/// The visibility and the block list of a user.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OwnBlockList {
    /// The visibility that the user has set.
    pub visibility: Visibility,
    /// The blocked users, in ascending order of their ids.
    pub blocked: Vec<BlockedUser>,
}

/// The result of [`Service::block_users`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UsersBlocked {
    /// The new entries, in the order of the call.
    pub blocked: Vec<BlockedUser>,
    /// Users who were not added: with 70107 if the user has no account, with 31307 if the user was already blocked, and
    /// with 31306 if the list is full.
    pub failures: Vec<(UserId, Code)>,
}

/// The result of [`Service::unblock_users`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UsersUnblocked {
    /// The users who were removed from the list, in the order of the call.
    pub unblocked: Vec<UserId>,
    /// Users who were not on the list, each with 31503.
    pub failures: Vec<(UserId, Code)>,
}

impl Service {
    /// Sets the visibility of a user's status, and returns the visibility that it replaced. When the call returns, the
    /// change is in effect for every viewer.
    ///
    /// Refused with 6014 or 70107 if the user has no account. Fails if a node of an earlier version shares the
    /// directory, because that node could not read the restrictions.
    pub async fn set_visibility(
        &self,
        user: &User,
        visibility: Visibility,
        by: By,
        now: Now,
    ) -> Result<Listed<Visibility>, ServiceError> {
        let app = self.app(user)?;
        self.pass_rate(&app, user, Call::SetVisibility, by, now).await?;
        self.check_restrictions_allowed()?;
        let change = self.facts.set_visibility(user.clone(), visibility);
        let set = self.change_restrictions(user, change).await?.ok_or_else(|| by.no_such_caller(user))?;
        if set.was != visibility {
            self.tell_lists(user, set.state, by.connection(), ListsChange::Visibility(visibility));
        }
        let unanswered = self.unanswered(user, by);
        self.apply_or_retry(user, now).await?;
        unanswered.answered();
        Ok(Listed { value: set.was, version: set.state.version })
    }

    /// Reads the visibility and the block list of a user.
    pub async fn block_list(
        &self,
        owner: &User,
        by: By,
        now: Now,
    ) -> Result<Listed<OwnBlockList>, ServiceError> {
        let app = self.app(owner)?;
        self.pass_rate(&app, owner, Call::GetBlockList, by, now).await?;
        let list = self.facts.block_list(owner.clone()).await?.ok_or_else(|| by.no_such_caller(owner))?;
        let value = OwnBlockList { visibility: list.visibility, blocked: list.blocked };
        if !self.is_in_effect(owner, &value).await? {
            // A node has ended between the commit and the change of the record.
            self.apply_or_retry(owner, now).await?;
        }
        Ok(Listed { value, version: list.version })
    }

    /// Adds users to a block list. When the call returns, they no longer see the status of `owner`.
    ///
    /// Refused with 6017 if `users` is empty or contains the owner, and with 70206 if it contains more than
    /// [`MAX_BLOCKED`] users. The other refusals are those of [`Service::set_visibility`].
    pub async fn block_users(
        &self,
        owner: &User,
        users: &[UserId],
        by: By,
        now: Now,
    ) -> Result<Listed<UsersBlocked>, ServiceError> {
        let app = self.app(owner)?;
        let users = check_named_others(owner, users)?;
        self.pass_rate(&app, owner, Call::BlockUsers, by, now).await?;
        self.check_restrictions_allowed()?;
        let change = self.facts.block(owner.clone(), users.clone(), now.wall, MAX_BLOCKED);
        let done = self.change_restrictions(owner, change).await?.ok_or_else(|| by.no_such_caller(owner))?;
        if !done.added.is_empty() {
            let change = ListsChange::Blocked(done.added.clone());
            self.tell_lists(owner, done.state, by.connection(), change);
        }
        let unanswered = self.unanswered(owner, by);
        self.apply_or_retry(owner, now).await?;
        unanswered.answered();
        let failed = |outcome: BlockOutcome| match outcome {
            BlockOutcome::Done => None,
            BlockOutcome::AlreadyBlocked => Some(Code::ALREADY_BLOCKED),
            BlockOutcome::NoSuchUser => Some(Code::NO_SUCH_ACCOUNT),
            BlockOutcome::ListFull => Some(Code::BLOCK_LIST_FULL),
        };
        let failures = users.into_iter().zip(done.outcomes);
        let failures = failures.filter_map(|(user, outcome)| Some((user, failed(outcome)?))).collect();
        Ok(Listed { value: UsersBlocked { blocked: done.added, failures }, version: done.state.version })
    }

    /// Removes users from a block list. When the call returns, they see the status of `owner` again, if the visibility
    /// allows it. The refusals are those of [`Service::block_users`].
    pub async fn unblock_users(
        &self,
        owner: &User,
        users: &[UserId],
        by: By,
        now: Now,
    ) -> Result<Listed<UsersUnblocked>, ServiceError> {
        let app = self.app(owner)?;
        let users = check_named_others(owner, users)?;
        self.pass_rate(&app, owner, Call::UnblockUsers, by, now).await?;
        self.check_restrictions_allowed()?;
        let change = self.facts.unblock(owner.clone(), users.clone());
        let done = self.change_restrictions(owner, change).await?.ok_or_else(|| by.no_such_caller(owner))?;
        let (unblocked, others): (Vec<_>, Vec<_>) =
            users.into_iter().zip(done.removed).partition(|(_, removed)| *removed);
        let unblocked: Vec<UserId> = unblocked.into_iter().map(|(user, _)| user).collect();
        if !unblocked.is_empty() {
            let change = ListsChange::Unblocked(unblocked.clone());
            self.tell_lists(owner, done.state, by.connection(), change);
        }
        let unanswered = self.unanswered(owner, by);
        self.apply_or_retry(owner, now).await?;
        unanswered.answered();
        let failures = others.into_iter().map(|(user, _)| (user, Code::NOT_BLOCKED)).collect();
        Ok(Listed { value: UsersUnblocked { unblocked, failures }, version: done.state.version })
    }

    /// Returns, for each user, whether `owner` has blocked the user, and whether the user has blocked `owner`.
    pub async fn blocks_between(
        &self,
        owner: &User,
        users: &[UserId],
    ) -> Result<Vec<(UserId, bool, bool)>, ServiceError> {
        self.app(owner)?;
        check_batch(users.len(), MAX_BLOCKED)?;
        let blocks = self.facts.blocks_between(owner.clone(), users.to_vec()).await?;
        Ok(users.iter().cloned().zip(blocks).map(|(user, (forth, back))| (user, forth, back)).collect())
    }

    /// Makes the live record of a user agree with the visibility, the friends and the block list in the facts.
    pub(crate) async fn apply_restrictions(&self, user: &User, now: Now) -> Result<(), ServiceError> {
        let app = self.app(user)?;
        let (mut seeds, mut is_new, mut away) = (Seeds::default(), false, None);
        let Some(mut stored) = self.stored_restrictions(user).await? else { return Ok(()) };
        loop {
            let applied = self
                .directory
                .update(user, now, |presence| match presence.is_deleted() {
                    true => Transition::quiet(Applied::Deleted),
                    false => {
                        let mut restricted = presence.restrict(&stored, &app.settings, now);
                        // The log has not reported the restrictions with which the record was created.
                        let is_news = is_new && !presence.waits_for_connections();
                        restricted.changed |= is_news;
                        restricted.restricted |= is_news;
                        away = presence.away_logins();
                        restricted.map(|_| Applied::Done)
                    }
                })
                .await?;
            match applied {
                Some(Applied::Done) => {}
                // The account was created again, and its creation has not reached the record yet.
                Some(Applied::Deleted) => {
                    seeds.count()?;
                    self.agree_about_account(user, now).await?;
                }
                // A record that is being created from older facts must not be stored after this operation.
                None => match self.seed_again(&mut seeds, user, &app, now).await {
                    Ok(()) => is_new = true,
                    Err(ServiceError::Refused(_)) => return Ok(()),
                    Err(error) => return Err(error),
                },
            }
            // An operation that has committed meanwhile may have seen the record as it was before.
            let Some(again) = self.stored_restrictions(user).await? else { return Ok(()) };
            if applied == Some(Applied::Done) && is_same(&stored, &again) {
                return self.store_away_logins(user, away, &again).await;
            }
            if applied == Some(Applied::Done) {
                seeds.count()?;
            }
            stored = again;
        }
    }

    /// Stores in the facts the data about the statuses that are shown to viewers after a loss of the live records, if
    /// the facts have other data.
    async fn store_away_logins(
        &self,
        user: &User,
        away: Option<(u64, AwayLogins)>,
        stored: &StoredRestrictions,
    ) -> Result<(), ServiceError> {
        if let Some((version, away)) = away.filter(|(_, away)| *away != stored.away) {
            self.facts.set_away_logins(user.clone(), version, away).await?;
        }
        Ok(())
    }

    /// Changes a friendship in the facts. The caller must then call [`Service::apply_friendship`] for both users, and
    /// mark the returned guard as [applied](Unapplied::are_applied). If the guard is dropped before it was marked, and
    /// the change may have been made, the records are updated later.
    pub(crate) async fn change_friendship<T>(
        &self,
        users: [User; 2],
        change: impl Future<Output = Result<T, FactsError>>,
    ) -> Result<(T, Unapplied<'_>), ServiceError> {
        let unapplied = self.unapplied(users.iter().map(befriend));
        unapplied.unless_refused(self.change_lists(users, change).await)
    }

    /// Applies a committed change of a friendship to the records of these users, if their statuses are restricted to
    /// friends. Each record is updated as [`Service::apply_restrictions`] does. A failure is retried later, and does
    /// not keep other users from the change.
    pub(crate) async fn apply_friendship(&self, users: &[User], now: Now) -> Result<(), ServiceError> {
        let unapplied = self.unapplied(users.iter().map(befriend));
        self.try_apply_friendship(users, now).await?;
        unapplied.are_applied();
        Ok(())
    }

    /// Does the work of [`Service::apply_friendship`] without a retry.
    pub(crate) async fn try_apply_friendship(&self, users: &[User], now: Now) -> Result<(), ServiceError> {
        let is_for_friends = |_: &User, presence: Option<&Presence>| {
            let restrictions = presence?.restrictions();
            Some(restrictions.is_some_and(|it| it.visibility() == Visibility::Friends))
        };
        let found = self.directory.read(users, is_for_friends).await?;
        let mut restricted: Vec<User> = Vec::new();
        let mut absent: Vec<User> = Vec::new();
        for (user, found) in users.iter().zip(found) {
            match found {
                Some(true) => restricted.push(user.clone()),
                Some(false) => {}
                // A record that is being created from older facts must not be stored after this change.
                None => absent.push(user.clone()),
            }
        }
        if !absent.is_empty() {
            let stored = self.facts.restrictions(absent.clone()).await?;
            let is_for_friends = |it: &Option<StoredRestrictions>| {
                it.as_ref().is_some_and(|it| it.visibility == Visibility::Friends)
            };
            let found = absent.into_iter().zip(stored).filter(|(_, stored)| is_for_friends(stored));
            restricted.extend(found.map(|(user, _)| user));
        }
        let mut applied = Ok(());
        for user in &restricted {
            applied = applied.and(self.apply_restrictions(user, now).await);
        }
        applied
    }

    /// Lists up to `limit` users with restrictions, in ascending order. If `after` is given, the list begins after this
    /// user.
    pub async fn users_restricted(
        &self,
        after: Option<User>,
        limit: usize,
    ) -> Result<Vec<User>, ServiceError> {
        Ok(self.facts.restricted_users(after, limit).await?)
    }

    /// Returns whether a worker must not use this entry of the log yet, and must read the status of its user instead.
    ///
    /// After a loss of live records, the status of a user who is away is unknown for a time, and reading it fails. The
    /// connections of a hidden user may be put back earlier. Viewers who may not see the user must not be told of the
    /// user earlier.
    pub fn withholds(&self, entry: &LogEntry, now: Now) -> bool {
        let News::Restricted(of) = &entry.news else { return false };
        of.restrictions.show_as_rebuilt() && self.records.is_unknown_at(now)
    }

    /// Makes all live records agree with the restrictions in the facts, after a restart. `restricted` has all users
    /// whose live record has restrictions.
    pub(crate) async fn recover_restrictions(
        &self,
        mut restricted: BTreeSet<User>,
        now: Now,
    ) -> Result<(), ServiceError> {
        let mut after = None;
        loop {
            let page = self.facts.restricted_users(after, USERS_AT_ONCE).await?;
            let is_last = page.len() < USERS_AT_ONCE;
            after = page.last().cloned();
            restricted.extend(page);
            if is_last {
                break;
            }
        }
        let restricted: Vec<User> = restricted.into_iter().collect();
        for some in restricted.chunks(COMPARED_AT_ONCE) {
            self.restore_absent(some, now).await?;
        }
        for some in restricted.chunks(USERS_AT_ONCE) {
            self.apply_where_they_differ(some.to_vec(), now).await?;
        }
        Ok(())
    }

    /// Makes the records of users agree with the accounts and the restrictions in the facts, if they differ. A user
    /// without a record is skipped, because a new record is made from the facts.
    async fn apply_where_they_differ(&self, users: Vec<User>, now: Now) -> Result<(), ServiceError> {
        let users: Vec<User> = users.into_iter().filter(|user| self.apps.get(user.app).is_some()).collect();
        if users.is_empty() {
            return Ok(());
        }
        let stored = self.facts.restrictions(users.clone()).await?;
        let stored: HashMap<&User, _> = users.iter().zip(&stored).collect();
        let compare = |user: &User, presence: Option<&Presence>| match (presence, stored[user]) {
            // The account was deleted or created in the facts only.
            (Some(presence), stored) if presence.is_deleted() == stored.is_some() => Compared::OtherAccount,
            (Some(presence), Some(stored)) => {
                let away = presence.away_logins();
                let is_same =
                    presence.is_restricted_as(stored) && away.is_none_or(|(_, it)| it == stored.away);
                if is_same { Compared::Agrees } else { Compared::OtherRestrictions }
            }
            (Some(_) | None, _) => Compared::Agrees,
        };
        let compared = self.directory.read(&users, compare).await?;
        for (user, compared) in users.iter().zip(compared) {
            match compared {
                Compared::Agrees => {}
                Compared::OtherRestrictions => self.apply_restrictions(user, now).await?,
                Compared::OtherAccount => self.agree(user, now).await?,
            }
        }
        Ok(())
    }

    /// Compares one page of live records with the restrictions in the facts, and updates the records that differ. The
    /// pages also have the records of deleted accounts, which may exist again. Returns the next page; `None` after the
    /// last one.
    ///
    /// A node that has ended may have committed a change that has not reached the record: a change of the restrictions,
    /// or an account that a login has created again. After the end of a node, another node therefore compares all
    /// pages. If the call fails, the page must be repeated.
    pub async fn compare_restrictions(
        &self,
        place: ComparedCursor,
        now: Now,
    ) -> Result<Option<ComparedCursor>, ServiceError> {
        let (users, next) = match place {
            ComparedCursor::Facts(after) => {
                let users = self.facts.restricted_users(after, COMPARED_AT_ONCE).await?;
                let last = users.last().filter(|_| users.len() == COMPARED_AT_ONCE).cloned();
                let next = last.map(|last| ComparedCursor::Facts(Some(last)));
                (users, next.or_else(|| self.records_of_app_after(None)))
            }
            ComparedCursor::Records(app, after) => {
                let page = self
                    .directory
                    .records_of(app, RecordFilter::RestrictedOrDeleted, after.as_ref(), COMPARED_AT_ONCE)
                    .await?;
                let next = page.next.map(|next| ComparedCursor::Records(app, Some(next)));
                (page.users, next.or_else(|| self.records_of_app_after(Some(app))))
            }
        };
        self.apply_where_they_differ(users, now).await?;
        Ok(next)
    }

    fn records_of_app_after(&self, after: Option<AppId>) -> Option<ComparedCursor> {
        let ids = self.apps.all().into_iter().map(|app| app.id);
        let next = ids.filter(|id| after.is_none_or(|after| *id > after)).min();
        next.map(|app| ComparedCursor::Records(app, None))
    }

    /// Makes the record agree with the facts, which already have the change. If this fails or this future is dropped,
    /// it is retried later.
    pub(crate) async fn apply_or_retry(&self, user: &User, now: Now) -> Result<(), ServiceError> {
        let unapplied = self.unapplied([Pending::Restrict { user: user.clone() }]);
        self.apply_restrictions(user, now).await?;
        unapplied.are_applied();
        Ok(())
    }

    /// Changes the restrictions of a user in the facts. If the call fails or this future is dropped, it is uncertain
    /// whether the change was committed. The record is then compared with the facts later.
    async fn change_restrictions<T>(
        &self,
        user: &User,
        change: impl Future<Output = Result<T, FactsError>>,
    ) -> Result<T, ServiceError> {
        let unapplied = self.unapplied([Pending::Restrict { user: user.clone() }]);
        let (changed, unapplied) =
            unapplied.unless_refused(self.change_lists([user.clone()], change).await)?;
        unapplied.are_applied();
        Ok(changed)
    }

    async fn stored_restrictions(&self, user: &User) -> Result<Option<StoredRestrictions>, ServiceError> {
        Ok(self.facts.restrictions(vec![user.clone()]).await?.pop().flatten())
    }

    async fn is_in_effect(&self, owner: &User, list: &OwnBlockList) -> Result<bool, ServiceError> {
        let same = |_: &User, presence: Option<&Presence>| {
            let Some(presence) = presence else { return true };
            match presence.restrictions() {
                Some(it) => {
                    it.visibility() == list.visibility
                        && it.blocked().iter().eq(list.blocked.iter().map(|entry| &entry.id))
                }
                None => list.visibility == Visibility::Everyone && list.blocked.is_empty(),
            }
        };
        Ok(self.directory.read(std::slice::from_ref(owner), same).await? == [true])
    }

    fn check_restrictions_allowed(&self) -> Result<(), ServiceError> {
        if self.directory.allows_restrictions() {
            return Ok(());
        }
        let doing = "restricting a status beside a node of an earlier version";
        Err(DirectoryError { kind: DirectoryErrorKind::Unavailable, doing, source: None }.into())
    }
}

/// The outcome of adopting restrictions in a record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Applied {
    Done,
    /// The record is that of a deleted account.
    Deleted,
}

/// The comparison of a record with the facts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Compared {
    Agrees,
    OtherRestrictions,
    /// The account exists in one store, and is deleted in the other.
    OtherAccount,
}

/// The position of a page of [`Service::compare_restrictions`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ComparedCursor {
    /// A page of the users that have restrictions in the facts. The page begins after this user.
    Facts(Option<User>),
    /// A page of the restricted live records of an app. The apps follow in ascending order of their ids.
    Records(AppId, Option<RecordCursor>),
}

impl Default for ComparedCursor {
    fn default() -> Self {
        Self::Facts(None)
    }
}

fn befriend(user: &User) -> Pending {
    Pending::Befriend { user: user.clone() }
}

fn is_same(one: &StoredRestrictions, other: &StoredRestrictions) -> bool {
    let content = |it: &StoredRestrictions| (it.visibility, it.friends.clone(), it.blocked.clone());
    content(one) == content(other)
}

/// Returns each of `users` once. Refuses an empty list, a list that is too long, and a list that contains the owner.
fn check_named_others(owner: &User, users: &[UserId]) -> Result<Vec<UserId>, Refusal> {
    let mut seen = HashSet::new();
    let users: Vec<UserId> = users.iter().filter(|id| seen.insert(*id)).cloned().collect();
    check_batch(users.len(), MAX_BLOCKED)?;
    if users.contains(&owner.id) {
        return Err(Refusal::because(Code::INVALID_PARAMETER, "a user cannot be on their own block list"));
    }
    Ok(users)
}
