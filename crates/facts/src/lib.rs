//! The port for durable data: apps, accounts and logins. `lists` adds the profiles, friends and messages of users.
//! `outbox` adds the notices for the apps' backends. `operations` adds the audit log and the stored metrics.
//!
//! A call that changes data returns after the commit, so acknowledged changes survive `kill -9`. An adapter implements
//! [`Facts`] and passes [`conformance`]. Adapters contain no rules about statuses, and no rules about logins that kick
//! others.

pub mod conformance;
mod lists;
mod operations;
mod outbox;
pub mod transfer;

pub use lists::{
    Befriended, Befriending, BlockList, BlockOutcome, Blocking, ConversationSet, Lists, ListsState,
    MissedMessages, NewFriendship, NewMessage, NickCursor, NickFound, ProfileSet, RETRY_TIME, RemarkSet,
    Sent, StoredMessage, Unblocking, Unfriended, VisibilitySet,
};
pub use operations::{
    AUDIT_FORGOTTEN_AT_ONCE, AUDIT_KEPT, AUDIT_SLACK, AuditSettled, ConsoleDocument, Figure, FiguresRead,
    MAX_AUDIT_ENTRIES, Operations,
};
pub use outbox::{
    DeadLetter, Enqueued, LaneState, MAX_DEAD_LETTERS, MAX_WAITING_NOTICES, NewNotice, Notice, Outbox,
    RecorderTerm, Settled, SettledAs,
};

use futures_util::future::BoxFuture;
use lamplight_model::{App, AppId, DeviceId, Platform, Timestamp, User, UserId};
pub use lamplight_model::{EndMark, EndWhy, EndedLogin, Revoked};
use std::ops::Range;

/// The future result of a call to [`Facts`].
pub type Answer<'a, T> = BoxFuture<'a, Result<T, FactsError>>;

/// The port for all durable data. Each call that returns a list states the order of the list.
///
/// Concurrent calls have no order. A call whose future is dropped is executed completely or not at all. Its caller
/// cannot find out which. After [`Overloaded`](FactsErrorKind::Overloaded), nothing has changed. After any other error,
/// a write may nevertheless have been executed. A read sees every write that was acknowledged before the read began.
pub trait Facts: Lists + Outbox + Operations + Send + Sync {
    // Apps

    /// Returns all apps, in ascending order of their ids.
    fn apps(&self) -> Answer<'_, Vec<App>>;

    /// Creates an app, or replaces it completely. Fails while the app is being deleted.
    fn put_app(&self, app: App) -> Answer<'_, ()>;

    /// Replaces an app like [`Facts::put_app`], but only if the stored app still equals `was`. If `was` is `None`,
    /// creates the app, but only if no app with its id is stored. Runs in one transaction. Returns `false` and changes
    /// nothing if the condition is not met, or if the app is being deleted.
    fn replace_app(&self, was: Option<App>, app: App) -> Answer<'_, bool>;

    /// Begins the deletion of an app, in one transaction. Deletes the app and its keys. Until the app is created again,
    /// no account, login, revocation or notice of the app is stored. The last app cannot be deleted.
    fn begin_app_deletion(&self, app: AppId) -> Answer<'_, AppDeletion>;

    /// Returns the apps whose deletion has begun but is not complete, in ascending order of their ids.
    fn deleted_apps(&self) -> Answer<'_, Vec<AppId>>;

    /// Deletes up to `limit` rows of an app whose deletion has begun, in one transaction. Returns the number of deleted
    /// rows. If the number is below `limit`, the deletion is complete, and the app may be created again.
    fn delete_app_rows(&self, app: AppId, limit: usize) -> Answer<'_, usize>;

    // Accounts

    /// Returns the accounts of these users, in the order of `users`; `None` for a user without an account.
    fn accounts(&self, users: Vec<User>) -> Answer<'_, Vec<Option<Account>>>;

    /// Returns the accounts of these users with their durable logins, read from one snapshot. The logins are in
    /// ascending order of their numbers.
    fn accounts_with_logins(&self, users: Vec<User>) -> Answer<'_, Vec<Option<AccountWithLogins>>>;

    /// Returns up to `limit` accounts of an app in ascending order of their ids, beginning after the id `after`.
    fn list_accounts(&self, app: AppId, after: Option<UserId>, limit: usize) -> Answer<'_, Vec<Account>>;

    /// Creates an account if it does not exist. Returns its creation number; 0 if the app was deleted.
    fn create_account(&self, user: User, at: Timestamp) -> Answer<'_, AccountMade>;

    /// Deletes an account with its profile, logins, marks, friend list, block list and conversation list. Removes the
    /// user from the friend lists of others, and increments their lists versions. Peers keep their conversations, and
    /// others keep the user on their block lists.
    ///
    /// Also revokes UserSigs as [`Facts::kick`] does; the revocation is kept after the deletion. Returns `None` and
    /// changes nothing if there was no account.
    fn delete_account(&self, user: User, revoked: Revoked) -> Answer<'_, Option<AccountDeleted>>;

    /// Ends all logins of a user, in one transaction. Adds an end mark for the device of each login, and revokes
    /// further UserSigs. Returns the highest login number or account creation number that the store has assigned so
    /// far; the user's logins up to this number have ended. Returns `None` and changes nothing if there is no account.
    fn kick(&self, user: User, revoked: Revoked) -> Answer<'_, Option<u64>>;

    /// Returns the revocation that kicks and deletions of a user have left; `None` if there is none. A revocation can
    /// exist without an account.
    fn revocation(&self, user: User) -> Answer<'_, Option<Revocation>>;

    /// Reads one page of the revocations of all users, and returns the users whose last revocation is from the time
    /// `since` or later. A page examines `limit` revocations, so the cost of a call depends only on `limit`.
    fn users_revoked(&self, since: Timestamp, after: Option<User>, limit: usize) -> Answer<'_, UsersRevoked>;

    /// Revokes these UserSigs in addition to those already revoked. Ends no login.
    fn revoke_sigs(&self, user: User, revoked: Revoked) -> Answer<'_, ()>;

    // Logins. Each has a number that is higher than the numbers of all earlier logins and accounts of this store. The
    // login of a Web device has a number too, but ends with its connection and is in no list.

    /// Records a login, in one transaction. [`LoginRecorded`] lists the reasons for refusing, in the order of the
    /// checks.
    ///
    /// A login that is not refused creates a missing account, and removes the device's end mark. It is stored under a
    /// new number in place of the device's previous login.
    fn record_login(&self, login: NewLogin) -> Answer<'_, LoginRecorded>;

    /// Ends logins of a user. An end applies to the device's login with the given number, and to every earlier login of
    /// the device. A given end mark is stored, unless the device has a later login. The newest [`MAX_MARKS`] marks of a
    /// user are kept.
    fn end_logins(&self, user: User, ended: Vec<EndedLogin>) -> Answer<'_, ()>;

    /// Returns the durable logins of a user, in ascending order of their numbers.
    fn logins(&self, user: User) -> Answer<'_, Vec<Login>>;

    /// Returns up to `limit` users with a durable login, in ascending order, each of them once. If `after` is given,
    /// only users after this one are returned.
    fn users_logged_in(&self, after: Option<User>, limit: usize) -> Answer<'_, Vec<User>>;

    /// Reads one page of the last logins of all devices, and returns the durable ones whose time is in `times`. A page
    /// examines `limit` logins, so the cost of a call depends only on `limit`.
    fn logins_recorded(
        &self,
        times: Range<Timestamp>,
        after: Option<LoginCursor>,
        limit: usize,
    ) -> Answer<'_, LoginsRecorded>;
}

/// The maximum number of end marks that are stored for one user.
pub const MAX_MARKS: usize = 32;

/// The maximum number of Web logins whose numbers are stored for one user. The newest are kept.
pub const MAX_WEB_LOGINS: usize = 32;

/// An account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// The owner of the account.
    pub user: User,
    /// The time at which the account was created.
    pub created: Timestamp,
    /// The creation number. An account that is deleted and created again gets a higher number.
    pub born: u64,
    /// The revocation that kicks and deletions of the user have left; `None` if there is none.
    pub revocation: Option<Revocation>,
    /// Whether the user has a visibility other than [`Visibility::Everyone`](lamplight_model::Visibility), or a block
    /// list that is not empty. The caller then also reads [`Lists::restrictions`].
    pub restricted: bool,
}

/// An account, and its durable logins in ascending order of their numbers. All are read from one snapshot.
pub type AccountWithLogins = (Account, Vec<Login>);

/// The revocation that kicks and deletions of a user have left.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Revocation {
    /// The UserSigs that are revoked.
    pub revoked: Revoked,
    /// The number up to which all logins of the user have ended.
    pub through: u64,
}

/// A page of [`Facts::users_revoked`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UsersRevoked {
    /// The users, in ascending order.
    pub users: Vec<User>,
    /// The last user that was examined; `None` if this page was empty, so there is no further revocation.
    pub next: Option<User>,
}

/// The outcome of [`Facts::begin_app_deletion`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AppDeletion {
    /// The app was deleted. Its rows still have to be deleted.
    Begun,
    /// There is no such app.
    NoSuchApp,
    /// The app is the last app, so it was not deleted.
    LastApp,
}

/// The outcome of [`Facts::create_account`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccountMade {
    /// Whether this call has created the account.
    pub made: bool,
    /// The creation number of the account; 0 if no account was created because the app was deleted.
    pub born: u64,
}

/// The outcome of [`Facts::delete_account`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AccountDeleted {
    /// The highest login number or account creation number that the store had assigned before the deletion. Logins of
    /// the user up to this number have ended.
    pub through: u64,
    /// The time at which the account was created.
    pub created: Timestamp,
    /// The users in whose friend lists the user was, in ascending order, and whether each friendship was mutual.
    pub owners: Vec<(UserId, bool)>,
}

/// The login of a native device that has not logged out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Login {
    /// The id of the device.
    pub device: DeviceId,
    /// The platform that the device runs on.
    pub platform: Platform,
    /// The time of the login.
    pub at: Timestamp,
    /// The number of the login.
    pub number: u64,
}

/// The position of the next page of [`Facts::logins_recorded`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoginCursor {
    /// The user of the last login that was examined.
    pub user: User,
    /// The device of that login.
    pub device: DeviceId,
}

/// A page of [`Facts::logins_recorded`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LoginsRecorded {
    /// The logins, in ascending order of users and devices.
    pub logins: Vec<(User, Login)>,
    /// The position of the next page; `None` if this page was empty, so there is no further login.
    pub next: Option<LoginCursor>,
}

/// The arguments of [`Facts::record_login`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewLogin {
    /// The user who logs in.
    pub user: User,
    /// The id of the device.
    pub device: DeviceId,
    /// The platform that the device runs on.
    pub platform: Platform,
    /// The time of the login.
    pub at: Timestamp,
    /// The time at which the UserSig was issued, in seconds since 1970-01-01 UTC.
    pub issued: u64,
    /// Whether the login outlives its connection: `true` for a native device, `false` for a Web device.
    pub durable: bool,
    /// `true` if the device resumes a login by itself, `false` if its application has logged in.
    pub resume: bool,
}

/// The outcome of [`Facts::record_login`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoginRecorded {
    /// The login was refused, because its UserSig was revoked.
    Revoked,
    /// The login was refused, because the device's last login ended for this reason. A resume is always refused. A
    /// login by the application is refused only once, and only if another login has kicked the device and the device
    /// was not notified.
    Ended(EndWhy),
    /// The login was refused, because the account does not exist. Only a login that is not a resume creates an account,
    /// and only if its app was not deleted.
    NoAccount,
    /// The login is recorded.
    Recorded {
        /// Whether the account was created for this login.
        registered: bool,
        /// The number of the login.
        number: u64,
        /// The creation number of the account.
        born: u64,
        /// The version of the user's lists when the login was recorded.
        lists_version: u64,
    },
}

/// The error of a failed call to [`Facts`]: a fault of the adapter or the store, not a refusal.
#[derive(Debug, thiserror::Error)]
#[error("{kind} while {doing}")]
pub struct FactsError {
    /// The kind of the fault.
    pub kind: FactsErrorKind,
    /// The operation that failed, as in "recording a login".
    pub doing: &'static str,
    /// The error of the adapter or the store that caused this error; `None` if unknown.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The kinds of faults.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FactsErrorKind {
    /// Too many calls of the adapter are waiting. A later call may succeed.
    #[error("too many calls wait")]
    Overloaded,
    /// The store cannot be reached, is full or is shutting down.
    #[error("the store is unavailable")]
    Unavailable,
    /// The store contains invalid data.
    #[error("the store is corrupt")]
    Corrupt,
}
