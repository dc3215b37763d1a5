//! The operations of a node over its two kinds of truth: facts and live records.
//!
//! This crate defines the order in which the two are read and written, and the gates of a call. It knows no socket, no
//! message and no clock: the current time is an argument of every call.
//!
//! The order keeps acknowledgements true. A login begins in the facts, which number it, and then in the live record. It
//! ends in the live record, which remembers the end until the facts have it. Both name the login by its number, so
//! order and repetition do no harm. A change that a store has failed to make is [retried](Service::retry);
//! [`Service::recover`] repairs the remains of a crash.

mod absent;
mod apps;
mod audience;
mod deleted_accounts;
mod deletion;
mod keyrings;
mod limits;
mod locks;
mod lost_connections;
mod operations;
mod recording;
mod retries;
mod shards;
mod telling;
mod tokens;
mod upkeep;
mod user_locks;

pub use apps::AppTable;
pub use audience::{
    Audience, Effect, ListDifference, ListsHeard, MAX_BACKGROUND_CALLS, MAX_CALLS, MAX_USERS, Member,
    OwnListChange, ReadCall, ReadOutcome, Reads, Urgency, WatchList, WatchedFor, Watchers,
};
pub use keyrings::{Keyrings, KeysToRead, SourceState};
pub use limits::{
    CallWindows, Failures, Limits, LimitsAnswer, LimitsError, LoginThrottle, Port, ThrottleLimits, network,
};
pub use lost_connections::{RecordedConnections, RecordedCursor};
pub use operations::admin::{MAX_ADMINS, Revoking};
pub use operations::backend::{Backend, StateParts, UserState};
pub use operations::conversations::{ConversationPage, MAX_CONVERSATION_PAGE};
pub use operations::feed::{FeedChange, MAX_FEED_PAGE, StatusFeed};
pub use operations::find::{
    FindBy, FoundAccount, FoundCursor, MAX_FOUND, MAX_ONLINE_PAGE, OnlinePage, OnlineUser,
};
pub use operations::friends::{FriendPage, FriendsDeleted, MAX_DELETED_FRIENDS, MAX_FRIEND_PAGE, NewFriend};
pub use operations::inspect::{InspectedDevice, Inspection, LinkState};
pub use operations::lists::{By, Listed};
pub use operations::login::{LoggedIn, LoginCall, Renewed};
pub use operations::messages::{
    HISTORY_PAGE, HistoryPage, MAX_HISTORY_PAGE, MAX_MISSED_MESSAGES, MessageSent,
};
pub use operations::outbox::{DeadLetters, MAX_DEAD_LETTER_PAGE, OutboxBell};
pub use operations::profiles::{MAX_USERS_INFO, UsersInfo};
pub use operations::status::{Queried, SubscribeDone, UnsubscribeDone, Viewing};
pub use recording::EventsRecorded;
pub use retries::MAX_RETRIES;
pub use tokens::KeyMark;
pub use upkeep::{Expiring, Recovery};

use lamplight_core::{Presence, RetentionClock};
use lamplight_directory::{ChangeLog, Directory, DirectoryError, DirectoryErrorKind};
use lamplight_facts::{Account, Facts, FactsError};
use lamplight_model::{App, Code, Now, Refusal, Timestamp, User, Version};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

/// The operations of a node.
pub struct Service {
    facts: Arc<dyn Facts>,
    directory: Arc<dyn Directory>,
    log: Arc<dyn ChangeLog>,
    telling: telling::Telling,
    apps: AppTable,
    keyrings: Keyrings,
    /// Held while an app changes in the facts and then in the table, so that the table ends with the last commit.
    app_changes: tokio::sync::Mutex<()>,
    outbox_bell: OutboxBell,
    throttle: LoginThrottle,
    limits: Box<dyn Limits>,
    profile_locks: user_locks::UserLocks,
    retries: retries::Retries,
    deleted: deleted_accounts::DeletedAccounts,
    entering: retries::Entering,
    deletions: deletion::Deletions,
    /// The epoch of the directory at which [`Service::recover`] made a record for every login of the facts.
    recovered_from: AtomicU64,
    retention: Mutex<RetentionClock>,
}

/// A failed call.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// A refusal with its code; nothing was changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store of facts failed.
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// The directory failed.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl From<Code> for ServiceError {
    fn from(code: Code) -> Self {
        Self::Refused(code.into())
    }
}

impl ServiceError {
    /// The refusal to send to the caller. A fault of the server is reported as such, without details.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal.clone(),
            Self::Facts(_) => Code::INTERNAL.into(),
            Self::Directory(error) => match error.kind {
                // The text of the code says to try again, which does no harm if the change has happened: a call sets a
                // value, and a message carries its sender's id.
                DirectoryErrorKind::Unavailable
                | DirectoryErrorKind::Contended
                | DirectoryErrorKind::Corrupt => Code::INTERNAL.into(),
            },
        }
    }
}

impl Service {
    /// A node over these stores. Call [`Service::recover`] before anything else.
    pub fn new(
        facts: Arc<dyn Facts>,
        directory: Arc<dyn Directory>,
        log: Arc<dyn ChangeLog>,
        throttle: ThrottleLimits,
    ) -> Self {
        Self {
            facts,
            directory,
            log,
            telling: telling::Telling::default(),
            apps: AppTable::default(),
            keyrings: Keyrings::default(),
            outbox_bell: OutboxBell::default(),
            app_changes: tokio::sync::Mutex::default(),
            throttle: LoginThrottle::new(throttle),
            limits: Box::new(CallWindows::default()),
            profile_locks: user_locks::UserLocks::default(),
            retries: retries::Retries::default(),
            deleted: deleted_accounts::DeletedAccounts::default(),
            entering: retries::Entering::default(),
            deletions: deletion::Deletions::default(),
            recovered_from: AtomicU64::new(0),
            retention: Mutex::default(),
        }
    }

    /// The same node, with rates that are counted outside this process.
    #[must_use]
    pub fn with_limits(self, limits: Box<dyn Limits>) -> Self {
        Self { limits, ..self }
    }

    /// The current apps.
    pub fn apps(&self) -> &AppTable {
        &self.apps
    }

    /// The keys for JWTs that are read from addresses and files.
    pub fn keyrings(&self) -> &Keyrings {
        &self.keyrings
    }

    /// The change log.
    pub fn log(&self) -> &dyn ChangeLog {
        &*self.log
    }

    fn app(&self, user: &User) -> Result<Arc<App>, ServiceError> {
        self.apps.get(user.app).ok_or_else(|| Code::NO_SUCH_APP.into())
    }

    /// The version of a user whose account was created, or whose last login was recorded, at this time, and about whom
    /// nothing else is known.
    fn first_version(&self, since: Timestamp) -> Version {
        Version::at(since.max(self.lost_before()))
    }

    /// The record of a user who is known only from the facts.
    fn rebuild(
        &self,
        account: &Account,
        logins: Vec<lamplight_facts::Login>,
        is_new: bool,
        app: &App,
        now: Now,
    ) -> Presence {
        let floor = self.lost_before();
        let since = logins.iter().map(|login| login.at).max().unwrap_or(account.created);
        Presence::from_facts(
            upkeep::user_facts(account, logins),
            // Above that of the user without these logins: a login that the facts have and no record had when a process ended.
            self.first_version(since),
            since,
            !is_new && account.created < floor,
            &app.settings,
            now.moment,
        )
    }
}
