//! The operations of a node on its two stores: the facts and the live records.
//!
//! The facts are the durable data: apps, accounts, logins, friends and messages. The live records are the present
//! logins, connections and statuses.
//!
//! This crate contains the gates of each call, which are the checks that may refuse it, and the order in which a call
//! reads and writes the two stores. It has no sockets, no messages and no clock: every call gets the current time as an
//! argument.
//!
//! A login is first recorded in the facts, which assign its number, and then added to the live record. The end of a
//! login is first made in the live record, which keeps the end until the facts have stored it. Every step contains the
//! number of the login, so a late or repeated step does no harm. A change that a store has failed to make is
//! [retried](Service::retry). [`Service::recover`] repairs the stores after a crash.

mod app_deletions;
mod apps;
mod audience;
mod deleted_accounts;
mod duties;
mod keyrings;
mod limits;
mod open_connection;
mod operations;
mod outbox;
mod reader;
mod records;
mod retries;
mod settling;
mod shards;
mod telling;
mod tokens;
mod user_locks;

pub use app_deletions::AppDeletions;
pub use apps::AppTable;
pub use audience::{
    Audience, Effect, ListDifference, ListsHeard, MAX_BACKGROUND_CALLS, MAX_CALLS, MAX_USERS, Member,
    OwnListChange, ReadCall, ReadOutcome, Reads, Urgency, WatchList, WatchedFor, Watchers,
};
pub use duties::Duties;
pub use keyrings::{Keyrings, KeysToRead, SourceState};
pub use limits::{CallWindows, Failures, LoginThrottle, Port, ThrottleLimits, network};
pub use open_connection::{NotCurrent, OpenConnection};
pub use operations::admin::{MAX_ADMINS, Revoking};
pub use operations::backend::{Backend, StateParts, UserState};
pub use operations::cluster::{ClearedPage, PutBack};
pub use operations::conversations::{ConversationPage, MAX_CONVERSATION_PAGE};
pub use operations::feed::{FeedChange, MAX_FEED_PAGE, StatusFeed};
pub use operations::find::{
    FindBy, FoundAccount, FoundCursor, MAX_FOUND, MAX_ONLINE_PAGE, OnlinePage, OnlineUser,
};
pub use operations::friends::{FriendPage, FriendsDeleted, MAX_DELETED_FRIENDS, MAX_FRIEND_PAGE, NewFriend};
pub use operations::inspect::{InspectedDevice, Inspection, LinkState};
pub use operations::lists::{By, Listed};
pub use operations::login::{LoggedIn, LoginCall, Renewed};
pub use operations::lost_connections::{RecordedConnections, RecordedCursor};
pub use operations::messages::{
    HISTORY_PAGE, HistoryPage, MAX_HISTORY_PAGE, MAX_MISSED_MESSAGES, MessageSent,
};
pub use operations::profiles::{MAX_USERS_INFO, UsersInfo};
pub use operations::recovery::Recovery;
pub use operations::session_events::{EventsRecorded, RecorderTerms};
pub use operations::status::{Queried, SubscribeDone, UnsubscribeDone, Viewing};
pub use operations::uncarried::RevokedCursor;
pub use operations::unentered::{UnenteredCursor, UnenteredPage};
pub use operations::upkeep::Expiring;
pub use operations::visibility::{ComparedCursor, OwnBlockList, UsersBlocked, UsersUnblocked};
pub use outbox::{DeadLetters, MAX_DEAD_LETTER_PAGE, Outbox, OutboxBell};
pub use reader::Reader;
pub use retries::MAX_RETRIES;
pub use telling::Telling;
pub use tokens::{KeyMark, Tokens};

use lamplight_core::{Membership, RetentionClock};
use lamplight_directory::{ChangeLog, Directory, DirectoryError, DirectoryErrorKind, Limits};
use lamplight_facts::{Facts, FactsError};
use lamplight_model::{App, Code, Refusal, User};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;

/// The operations of a node.
pub struct Service {
    facts: Arc<dyn Facts>,
    directory: Arc<dyn Directory>,
    telling: Telling,
    apps: Arc<AppTable>,
    tokens: Tokens,
    outbox: Arc<Outbox>,
    deletions: Arc<AppDeletions>,
    records: records::Records,
    rates: limits::Rates,
    duties: Duties,
    profile_locks: user_locks::UserLocks,
    retries: retries::Retries,
    settling: settling::Settling,
    deleted: deleted_accounts::DeletedAccounts,
    entering: retries::Entering,
    retention: Mutex<RetentionClock>,
}

/// The error of a failed call.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The call was refused with this code, and changed nothing.
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
    /// The refusal for the caller. For an internal error, it has the code without details.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal.clone(),
            Self::Facts(_) => Code::INTERNAL.into(),
            Self::Directory(error) => match error.kind {
                // The text of the code asks the caller to try again. This does no harm even if the change was made:
                // most calls set a value, and a repeated message is recognised by its id.
                DirectoryErrorKind::Unavailable
                | DirectoryErrorKind::Contended
                | DirectoryErrorKind::Corrupt => Code::INTERNAL.into(),
            },
        }
    }
}

impl Service {
    /// Creates the service of a node on these stores. Call [`Service::recover`] before any other operation, or
    /// [`Service::begin_in_cluster`] in a cluster.
    pub fn new(
        facts: Arc<dyn Facts>,
        directory: Arc<dyn Directory>,
        log: Arc<dyn ChangeLog>,
        throttle: ThrottleLimits,
    ) -> Self {
        let apps = Arc::new(AppTable::default());
        let outbox = Arc::new(Outbox::new(Arc::clone(&facts), Arc::clone(&apps)));
        let deletions = Arc::new(AppDeletions::new(
            Arc::clone(&facts),
            Arc::clone(&directory),
            Arc::clone(&apps),
            Arc::clone(&outbox),
        ));
        let records =
            records::Records::new(Arc::clone(&facts), Arc::clone(&directory), Arc::clone(&deletions));
        Self {
            telling: Telling::new(log),
            tokens: Tokens::new(Arc::clone(&apps), LoginThrottle::new(throttle)),
            rates: limits::Rates::default(),
            duties: Duties::default(),
            profile_locks: user_locks::UserLocks::default(),
            retries: retries::Retries::default(),
            settling: settling::Settling::default(),
            deleted: deleted_accounts::DeletedAccounts::default(),
            entering: retries::Entering::default(),
            retention: Mutex::default(),
            facts,
            directory,
            apps,
            outbox,
            deletions,
            records,
        }
    }

    /// Makes `limits` count the calls of all nodes for the rate limits. While `limits` fails, each node limits its own
    /// calls.
    #[must_use]
    pub fn with_limits(self, limits: Box<dyn Limits>) -> Self {
        Self { rates: limits::Rates::shared(limits), ..self }
    }

    /// Makes [`Telling::append_waiting`] the only function that appends entries to the change log, because the log is
    /// in another process.
    #[must_use]
    pub fn with_remote_log(self) -> Self {
        Self { telling: self.telling.with_remote_log(), ..self }
    }

    /// Makes the node one of several that share their stores. The node then only has its own duties. If the directory
    /// loses records, the logins in the new records count as connected for the time `grace`.
    #[must_use]
    pub fn in_cluster(self, membership: Membership, grace: Duration) -> Self {
        let duties = Duties::among(membership);
        let records = self.records.in_cluster(grace, duties.oldest_node());
        Self { duties, records, ..self }
    }

    /// Sets `clock_ahead`: the milliseconds by which this node was ahead of the clock of the directory's store when the
    /// node began. The node needs it to compute how long ago the last loss of records was.
    #[must_use]
    pub fn with_clock_ahead(self, clock_ahead: i64) -> Self {
        let records = self.records.with_clock_ahead(clock_ahead);
        Self { records, ..self }
    }

    /// Whether other nodes share the stores of this node.
    pub fn is_in_cluster(&self) -> bool {
        self.records.is_shared()
    }

    /// The duties of this node among the nodes of its cluster.
    pub fn duties(&self) -> &Duties {
        &self.duties
    }

    /// Whether the store of a user's live record is connected, as far as this node knows. If it is not, reading the
    /// record fails.
    pub fn is_connected_to(&self, user: &User) -> bool {
        self.directory.is_connected_to(user)
    }

    /// The apps of this node.
    pub fn apps(&self) -> &AppTable {
        &self.apps
    }

    /// The verification of UserSigs and JWTs.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// The outbox of webhooks.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// The deletions of apps.
    pub fn deletions(&self) -> &AppDeletions {
        &self.deletions
    }

    /// The queue of entries for the change log.
    pub fn telling(&self) -> &Telling {
        &self.telling
    }

    /// The change log.
    pub fn log(&self) -> &dyn ChangeLog {
        self.telling.log()
    }

    fn app(&self, user: &User) -> Result<Arc<App>, ServiceError> {
        self.apps.of(user)
    }
}
