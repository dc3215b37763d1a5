//! The port for what is durable: apps, accounts, logins; in `lists`, what users keep of each other; in `outbox`, what
//! the apps' backends have still to be told.
//!
//! A call that changes something returns when the change is committed: what was acknowledged survives
//! `kill -9`. An adapter implements [`Facts`] and passes [`conformance`]. Rules live elsewhere: this crate
//! does not know what a status is, nor which login may kick which.

pub mod conformance;
mod lists;
mod outbox;

pub use lists::{
    Befriended, Befriending, ConversationSet, Lists, ListsState, NewFriendship, NewMessage, ProfileSet,
    RemarkSet, Sent, StoredMessage, Unfriended,
};
pub use outbox::{
    DeadLetter, Enqueued, LaneState, MAX_DEAD_LETTERS, MAX_WAITING_NOTICES, NewNotice, Notice, Outbox,
    Settled, SettledAs,
};

use futures_util::future::BoxFuture;
use lamplight_model::{App, AppId, DeviceId, Platform, Timestamp, User, UserId};

/// The answer of a call to [`Facts`].
pub type Answer<'a, T> = BoxFuture<'a, Result<T, FactsError>>;

/// What is durable. Every list that a call returns is in a stable order, stated at the call.
pub trait Facts: Lists + Outbox + Send + Sync {
    // Apps

    /// Every app, by rising id.
    fn apps(&self) -> Answer<'_, Vec<App>>;

    /// Makes the app, or replaces all of it.
    fn put_app(&self, app: App) -> Answer<'_, ()>;

    // Accounts

    /// The accounts of these users, in the order asked; `None` where there is none.
    fn accounts(&self, users: Vec<User>) -> Answer<'_, Vec<Option<Account>>>;

    /// Up to `limit` accounts of an app whose id is after `after`, by rising id.
    fn list_accounts(&self, app: AppId, after: Option<UserId>, limit: usize) -> Answer<'_, Vec<Account>>;

    /// Makes the account if there is none. Says whether it made one.
    fn create_account(&self, user: User, at: Timestamp) -> Answer<'_, bool>;

    /// Deletes the account with its profile, logins, kick marks, friendships and conversation list. Says whether
    /// there was one. Who had it in the friend list has a list that changed; its peers keep their conversations.
    fn delete_account(&self, user: User) -> Answer<'_, bool>;

    /// From now on UserSigs of this user issued at or before `at` do not count. Says whether there is such
    /// an account. A later revocation that is there already stands.
    fn revoke_sigs(&self, user: User, at: Timestamp) -> Answer<'_, bool>;

    // Logins (native ones: the login of a Web device ends with its connection and is no fact)

    /// In one transaction: makes the account if there is none; takes the device's kick mark away; and
    /// unless [`LoginRecorded::Kicked`] is the answer, records the login (`durable` only).
    fn record_login(&self, login: NewLogin) -> Answer<'_, LoginRecorded>;

    /// Ends logins of a user; that a device has none is no fault, since a Web login is no fact. With a mark, the
    /// device is told of the kick at its next login. At most [`MAX_KICK_MARKS`] marks a user are kept, the newest.
    fn end_logins(&self, user: User, ended: Vec<EndedLogin>) -> Answer<'_, ()>;

    /// The logins of a user, earliest first.
    fn logins(&self, user: User) -> Answer<'_, Vec<Login>>;

    /// Every login of every user, in no particular order.
    fn all_logins(&self) -> Answer<'_, Vec<(User, Login)>>;
}

/// The most kick marks that are kept of one user.
pub const MAX_KICK_MARKS: usize = 32;

/// An account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// Whose account.
    pub user: User,
    /// When it was made.
    pub created: Timestamp,
    /// UserSigs issued at or before this moment do not count.
    pub sigs_revoked: Option<Timestamp>,
}

/// The durable fact that a device has logged in and not logged out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Login {
    /// Which device.
    pub device: DeviceId,
    /// What it runs on.
    pub platform: Platform,
    /// When it logged in.
    pub at: Timestamp,
}

/// What [`Facts::record_login`] takes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewLogin {
    /// Who logs in.
    pub user: User,
    /// Where.
    pub login: Login,
    /// Whether the login outlives its connection (native) or not (Web).
    pub durable: bool,
    /// Whether the device comes back on its own rather than being logged in by its user.
    pub resume: bool,
}

/// What came of [`Facts::record_login`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoginRecorded {
    /// The login is recorded.
    Recorded {
        /// The account was made for it.
        registered: bool,
    },
    /// The device had a kick mark that it had not been told of: nothing was recorded, and the mark is gone,
    /// so that the next login succeeds.
    Kicked {
        /// The platform of the login that kicked it.
        by: Platform,
    },
}

/// One login to end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EndedLogin {
    /// Whose login ends.
    pub device: DeviceId,
    /// What the device shall be told later, if anything.
    pub mark: Option<KickMark>,
}

/// Remembers that a device was kicked by another login.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KickMark {
    /// The platform of the login that kicked it.
    pub by: Platform,
    /// Whether the device had a connection and so was told at once. Such a mark refuses a `resume` only:
    /// the notice may have been lost on the way.
    pub told: bool,
    /// When.
    pub at: Timestamp,
}

/// A call to [`Facts`] that failed: not a "no", but a fault of the adapter or of what is below it.
#[derive(Debug, thiserror::Error)]
#[error("{kind} while {doing}")]
pub struct FactsError {
    /// What kind of fault.
    pub kind: FactsErrorKind,
    /// What was being done, as in "recording a login".
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
