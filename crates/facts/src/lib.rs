//! The port for durable data: apps, accounts and logins; in `lists`, the profiles, friends and messages of users; in
//! `outbox`, the notices for the apps' backends; in `operations`, the audit log and the figures of the past.
//!
//! A call that changes data returns once the change is committed: acknowledged changes survive `kill -9`. An adapter
//! implements [`Facts`] and passes [`conformance`]. Rules live elsewhere: this crate does not know statuses, or which
//! login may kick which.

pub mod conformance;
mod lists;
mod operations;
mod outbox;

pub use lists::{
    Befriended, Befriending, ConversationSet, Lists, ListsState, MissedMessages, NewFriendship, NewMessage,
    NickCursor, NickFound, ProfileSet, RETRY_TIME, RemarkSet, Sent, StoredMessage, Unfriended,
};
pub use operations::{
    AUDIT_FORGOTTEN_AT_ONCE, AUDIT_KEPT, AUDIT_SLACK, AuditSettled, Figure, MAX_AUDIT_ENTRIES, Operations,
};
pub use outbox::{
    DeadLetter, Enqueued, LaneState, MAX_DEAD_LETTERS, MAX_WAITING_NOTICES, NewNotice, Notice, Outbox,
    Settled, SettledAs,
};

use futures_util::future::BoxFuture;
use lamplight_model::{App, AppId, DeviceId, Platform, Timestamp, User, UserId};
pub use lamplight_model::{EndMark, EndWhy, EndedLogin, Revoked};

/// The future result of a call to [`Facts`].
pub type Answer<'a, T> = BoxFuture<'a, Result<T, FactsError>>;

/// The port for everything durable. Every list that a call returns is in a stable order, stated at the call.
pub trait Facts: Lists + Outbox + Operations + Send + Sync {
    // Apps

    /// Every app, by rising id.
    fn apps(&self) -> Answer<'_, Vec<App>>;

    /// Creates the app, or replaces it as a whole. Fails while a deletion of the app has not ended.
    fn put_app(&self, app: App) -> Answer<'_, ()>;

    /// Does the same as [`Facts::put_app`] in one transaction, if the app still equals `was`; `None` means that there
    /// was no app. Returns whether the app was stored; if not, nothing was changed. The app is not stored while its
    /// deletion has not ended.
    fn replace_app(&self, was: Option<App>, app: App) -> Answer<'_, bool>;

    /// Begins the deletion of an app, in one transaction: the app is gone with its keys, and no account, login,
    /// revocation or notice of it is stored until it is created again. The last app is not deleted, and nothing
    /// changes.
    fn begin_app_deletion(&self, app: AppId) -> Answer<'_, AppDeletion>;

    /// The apps whose deletion has begun and not ended, by rising id.
    fn deleted_apps(&self) -> Answer<'_, Vec<AppId>>;

    /// Deletes up to `limit` rows of an app whose deletion has begun, in one transaction, and returns how many. Fewer
    /// than `limit` means that the deletion has ended and the app may be created again.
    fn delete_app_rows(&self, app: AppId, limit: usize) -> Answer<'_, usize>;

    // Accounts

    /// The accounts of these users, in the order asked; `None` for a user without an account.
    fn accounts(&self, users: Vec<User>) -> Answer<'_, Vec<Option<Account>>>;

    /// The accounts of these users, each with its durable logins by rising number, all as of one moment.
    fn accounts_with_logins(&self, users: Vec<User>) -> Answer<'_, Vec<Option<AccountWithLogins>>>;

    /// Up to `limit` accounts of an app whose id is after `after`, by rising id.
    fn list_accounts(&self, app: AppId, after: Option<UserId>, limit: usize) -> Answer<'_, Vec<Account>>;

    /// Creates the account if it is missing. Returns whether it was created by this call, and the creation number of
    /// the account: 0 if it was not created because the app was deleted.
    fn create_account(&self, user: User, at: Timestamp) -> Answer<'_, AccountMade>;

    /// Deletes the account with its profile, logins, marks, friendships and conversation list, and revokes UserSigs as
    /// [`Facts::kick`] does; the revocation outlives the account. Also removes the user from the friend lists of
    /// others; the user's peers keep their conversations. Returns `None` if there was no account.
    fn delete_account(&self, user: User, revoked: Revoked) -> Answer<'_, Option<AccountDeleted>>;

    /// Ends every login of the user, leaves each known device an end mark, and revokes further UserSigs, in one
    /// transaction. Returns the number of the last login before: every login up to that number has ended. Returns
    /// `None` if there is no such account.
    fn kick(&self, user: User, revoked: Revoked) -> Answer<'_, Option<u64>>;

    /// The revocation left by kicks and deletions of a user, whether there is an account or not.
    fn revocation(&self, user: User) -> Answer<'_, Option<Revocation>>;

    /// Revokes UserSigs in addition to those that are revoked already. Ends no login.
    fn revoke_sigs(&self, user: User, revoked: Revoked) -> Answer<'_, ()>;

    // Logins. Each has a number that is higher than that of every earlier login and account of this store. The login of
    // a Web device ends with its connection and appears in no list, but has a number too.

    /// Records a login, in one transaction: either refuses it, or creates the account if it is missing, removes the
    /// device's end mark (the reason why its last login ended), and records the login under a new number, replacing the
    /// device's previous login. The reasons to refuse, in their order, are the variants of [`LoginRecorded`].
    fn record_login(&self, login: NewLogin) -> Answer<'_, LoginRecorded>;

    /// Ends logins of a user, each by its number, so that a device that has logged in again is not affected. An unknown
    /// login number is ignored. If a mark is given, it is reported to the device when the device returns. The newest
    /// [`MAX_MARKS`] marks of a user are kept.
    fn end_logins(&self, user: User, ended: Vec<EndedLogin>) -> Answer<'_, ()>;

    /// The durable logins of a user, by rising number.
    fn logins(&self, user: User) -> Answer<'_, Vec<Login>>;

    /// Every durable login of every user, in no particular order.
    fn all_logins(&self) -> Answer<'_, Vec<(User, Login)>>;
}

/// The most end marks that are kept for one user.
pub const MAX_MARKS: usize = 32;

/// The most logins of Web devices of one user whose numbers are kept; above it, the newest are kept.
pub const MAX_WEB_LOGINS: usize = 32;

/// An account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// The user.
    pub user: User,
    /// The time at which the account was created.
    pub created: Timestamp,
    /// The creation number: an account that is created again has a higher one.
    pub born: u64,
    /// The revoked UserSigs, and the number up to which every login has ended. The revocation outlives the account.
    pub revocation: Option<Revocation>,
}

/// An account and its durable logins, by rising number, as of one moment.
pub type AccountWithLogins = (Account, Vec<Login>);

/// The revocation that a kick or a deletion leaves for a user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Revocation {
    /// The UserSigs that are no longer accepted.
    pub revoked: Revoked,
    /// Every login up to this number has ended.
    pub through: u64,
}

/// The outcome of [`Facts::begin_app_deletion`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AppDeletion {
    /// The app no longer exists; its data is to be deleted.
    Begun,
    /// There is no such app.
    NoSuchApp,
    /// The app is the last one.
    LastApp,
}

/// The outcome of [`Facts::create_account`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccountMade {
    /// Whether the account was created by this call.
    pub made: bool,
    /// The creation number of the account.
    pub born: u64,
}

/// The outcome of [`Facts::delete_account`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AccountDeleted {
    /// The number of the last login or account before the deletion: every login of the user up to that number has
    /// ended.
    pub through: u64,
    /// The time at which the account was created.
    pub created: Timestamp,
    /// The users whose friend list held the user, by rising id, and whether the friendship was mutual.
    pub owners: Vec<(UserId, bool)>,
}

/// A durable login: the device has logged in and has not logged out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Login {
    /// The device.
    pub device: DeviceId,
    /// The platform that the device runs on.
    pub platform: Platform,
    /// The time of the login.
    pub at: Timestamp,
    /// The number of the login.
    pub number: u64,
}

/// The arguments of [`Facts::record_login`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewLogin {
    /// The user that logs in.
    pub user: User,
    /// The device.
    pub device: DeviceId,
    /// The platform that the device runs on.
    pub platform: Platform,
    /// The time of the login.
    pub at: Timestamp,
    /// The second in which the UserSig was issued.
    pub issued: u64,
    /// Whether the login outlives its connection (native) or not (Web).
    pub durable: bool,
    /// Whether the device resumes on its own instead of being logged in by its user.
    pub resume: bool,
}

/// The outcome of [`Facts::record_login`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoginRecorded {
    /// The UserSig was revoked.
    Revoked,
    /// The last login of the device ended for this reason, of which the device has not been notified. Nothing was
    /// recorded. The next login by the application succeeds; a resume is refused until then.
    Ended(EndWhy),
    /// There is no account. A resume creates none, and neither does a login to a deleted app.
    NoAccount,
    /// The login is recorded.
    Recorded {
        /// Whether the account was created for it.
        registered: bool,
        /// The number of the login.
        number: u64,
        /// The creation number of the account.
        born: u64,
        /// The version of the user's lists at that time.
        lists_version: u64,
    },
}

/// A failed call to [`Facts`]: a fault of the adapter or the store, not a refusal.
#[derive(Debug, thiserror::Error)]
#[error("{kind} while {doing}")]
pub struct FactsError {
    /// The kind of the fault.
    pub kind: FactsErrorKind,
    /// The operation that failed, as in "recording a login".
    pub doing: &'static str,
    /// The cause.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Kinds of faults.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FactsErrorKind {
    /// The adapter has too many waiting calls; try again.
    #[error("too many calls wait")]
    Overloaded,
    /// The store cannot be reached, is full or is being shut down.
    #[error("the store is unavailable")]
    Unavailable,
    /// The store holds invalid data.
    #[error("the store is corrupt")]
    Corrupt,
}
