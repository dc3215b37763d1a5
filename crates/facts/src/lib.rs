//! The port for what is durable: apps, accounts, logins; in `lists`, what users keep of each other; in `outbox`, what
//! the apps' backends have still to be told; in `operations`, what operators have done, and the figures of the past.
//!
//! A call that changes something returns when the change is committed: what was acknowledged survives
//! `kill -9`. An adapter implements [`Facts`] and passes [`conformance`]. Rules live elsewhere: this crate
//! does not know what a status is, nor which login may kick which.

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

/// The answer of a call to [`Facts`].
pub type Answer<'a, T> = BoxFuture<'a, Result<T, FactsError>>;

/// The port for everything durable. Every list that a call returns is in a stable order, stated at the call.
pub trait Facts: Lists + Outbox + Operations + Send + Sync {
    // Apps

    /// Every app, by rising id.
    fn apps(&self) -> Answer<'_, Vec<App>>;

    /// Makes the app, or replaces all of it. Fails where a deletion of the app has not ended.
    fn put_app(&self, app: App) -> Answer<'_, ()>;

    /// As [`Facts::put_app`], if the app still is `was`; `None` where there was none. In one transaction. Says whether
    /// it did; if not, nothing was changed. Where a deletion of the app has not ended, it does not.
    fn replace_app(&self, was: Option<App>, app: App) -> Answer<'_, bool>;

    /// Begins the deletion of an app, in one transaction: the app is gone with its keys, and from then on no account,
    /// login, revocation or notice of it is taken in, until it is made again. Nothing changes where it is the last app.
    fn begin_app_deletion(&self, app: AppId) -> Answer<'_, AppDeletion>;

    /// The apps whose deletion has begun and not ended, by rising id.
    fn deleted_apps(&self) -> Answer<'_, Vec<AppId>>;

    /// Deletes up to `limit` rows of an app whose deletion has begun, in one transaction, and says how many. Fewer than
    /// `limit`: nothing is left, the deletion has ended, and the app may be made again.
    fn delete_app_rows(&self, app: AppId, limit: usize) -> Answer<'_, usize>;

    // Accounts

    /// The accounts of these users, in the order asked; `None` where there is none.
    fn accounts(&self, users: Vec<User>) -> Answer<'_, Vec<Option<Account>>>;

    /// The same, each with its durable logins by rising number: all as they were at one moment.
    fn accounts_with_logins(&self, users: Vec<User>) -> Answer<'_, Vec<Option<AccountWithLogins>>>;

    /// Up to `limit` accounts of an app whose id is after `after`, by rising id.
    fn list_accounts(&self, app: AppId, after: Option<UserId>, limit: usize) -> Answer<'_, Vec<Account>>;

    /// Makes the account if there is none. Says whether it made one, and the number of the account's making: 0 where it
    /// made none because the app was deleted.
    fn create_account(&self, user: User, at: Timestamp) -> Answer<'_, AccountMade>;

    /// Deletes the account with its profile, logins, marks, friendships and conversation list, and revokes UserSigs as
    /// [`Facts::kick`] does; that outlives the account. `None` when there was no account. Users who had it in the
    /// friend list have a list that changed; its peers keep their conversations.
    fn delete_account(&self, user: User, revoked: Revoked) -> Answer<'_, Option<AccountDeleted>>;

    /// In one transaction: ends every login of the user, leaves each device a mark that it knows of, and revokes
    /// UserSigs besides those that are revoked already. Answers with the number of the last login before it: every
    /// login up to that number has ended. `None` when there is no such account.
    fn kick(&self, user: User, revoked: Revoked) -> Answer<'_, Option<u64>>;

    /// The revocation that kicks and deletions have left of a user, whether there is an account or not.
    fn revocation(&self, user: User) -> Answer<'_, Option<Revocation>>;

    /// Revokes UserSigs besides those that are revoked already. Ends no login.
    fn revoke_sigs(&self, user: User, revoked: Revoked) -> Answer<'_, ()>;

    // Logins. Each has a number: higher than that of every login and every account of this store before it. The login
    // of a Web device ends with its connection and is listed nowhere, but it has a number too.

    /// In one transaction, either refuses, or creates the account if it is missing, removes the device's end mark (why
    /// its last login ended), and records the login under a new number, replacing the device's previous login. The
    /// reasons to refuse, in their order, are the variants of [`LoginRecorded`].
    fn record_login(&self, login: NewLogin) -> Answer<'_, LoginRecorded>;

    /// Ends logins of a user, each by its number, so that a device that has logged in again is not affected. An unknown
    /// login number is ignored. If a mark is given, the device is told the reason when it returns. The newest
    /// [`MAX_MARKS`] marks of a user are kept.
    fn end_logins(&self, user: User, ended: Vec<EndedLogin>) -> Answer<'_, ()>;

    /// The durable logins of a user, by rising number.
    fn logins(&self, user: User) -> Answer<'_, Vec<Login>>;

    /// Every durable login of every user, in no particular order.
    fn all_logins(&self) -> Answer<'_, Vec<(User, Login)>>;
}

/// The most marks that are kept of one user.
pub const MAX_MARKS: usize = 32;

/// The most logins of Web devices of one user whose numbers are kept; of more, the newest.
pub const MAX_WEB_LOGINS: usize = 32;

/// An account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// The account.
    pub user: User,
    /// When it was made.
    pub created: Timestamp,
    /// The number of its making: an account that is made again has a higher one.
    pub born: u64,
    /// The UserSigs that do not count, and up to which number every login has ended. That outlives the account.
    pub revocation: Option<Revocation>,
}

/// An account and its durable logins, by rising number, as they were at one moment.
pub type AccountWithLogins = (Account, Vec<Login>);

/// The revocation that a kick or a deletion has left of a user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Revocation {
    /// The UserSigs that do not count.
    pub revoked: Revoked,
    /// Every login up to this number has ended.
    pub through: u64,
}

/// The outcome of [`Facts::begin_app_deletion`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AppDeletion {
    /// The app is gone; what it had is to be deleted.
    Begun,
    /// There is no such app.
    NoSuchApp,
    /// There is no other app.
    LastApp,
}

/// The outcome of [`Facts::create_account`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccountMade {
    /// Whether the account was made by this call.
    pub made: bool,
    /// The number of its making.
    pub born: u64,
}

/// The outcome of [`Facts::delete_account`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AccountDeleted {
    /// The number of the last login or account before it: every login of the user up to that number has ended.
    pub through: u64,
    /// When the account was made.
    pub created: Timestamp,
    /// Users who had the user in the friend list, and whether the friendship was mutual; by rising id.
    pub owners: Vec<(UserId, bool)>,
}

/// The durable fact that a device has logged in and not logged out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Login {
    /// Which device.
    pub device: DeviceId,
    /// The platform that the device runs on.
    pub platform: Platform,
    /// When it logged in.
    pub at: Timestamp,
    /// The number of the login.
    pub number: u64,
}

/// The arguments of [`Facts::record_login`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewLogin {
    /// The user that logs in.
    pub user: User,
    /// On which device.
    pub device: DeviceId,
    /// The platform that the device runs on.
    pub platform: Platform,
    /// When it logs in.
    pub at: Timestamp,
    /// The second in which its UserSig is dated.
    pub issued: u64,
    /// Whether the login outlives its connection (native) or not (Web).
    pub durable: bool,
    /// Whether the device comes back on its own rather than being logged in by its user.
    pub resume: bool,
}

/// The outcome of [`Facts::record_login`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoginRecorded {
    /// The UserSig was revoked.
    Revoked,
    /// The last login of the device ended in this way, which it has still to be told: nothing was recorded. A login by
    /// the application succeeds from now on; a resume never does before that.
    Ended(EndWhy),
    /// A resume never makes an account, nor does a login to an app that was deleted, and there is none.
    NoAccount,
    /// The login is recorded.
    Recorded {
        /// The account was made for it.
        registered: bool,
        /// The number of the login.
        number: u64,
        /// The number of the account's making.
        born: u64,
        /// The version of the user's lists at that time.
        lists_version: u64,
    },
}

/// A call to [`Facts`] that failed: not a "no", but a fault of the adapter or of what is below it.
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
    /// More calls wait than the adapter holds; try again.
    #[error("too many calls wait")]
    Overloaded,
    /// The store cannot be reached, is full or is being shut down.
    #[error("the store is unavailable")]
    Unavailable,
    /// The store holds what it should not hold.
    #[error("the store is corrupt")]
    Corrupt,
}
