//! Faults of PostgreSQL, of the pool and of rows, and their conversion to errors of the port.

use crate::claim::{InUse, is_exchanged};
use deadpool_postgres::{HookError, PoolError, TimeoutType};
use lamplight_facts::{FactsError, FactsErrorKind};
use std::time::Duration;
use tokio_postgres::error::SqlState;

/// The error of a database whose schema was written by a newer program. This program could damage its data.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "the database has schema {found}, and this program knows schemas up to {known}: use a newer Lamplight"
)]
pub struct NewerSchema {
    /// The schema version of the database.
    pub found: u32,
    /// [`SCHEMA_VERSION`](crate::SCHEMA_VERSION) of this program.
    pub known: u32,
}

/// The error of a database whose schema is older than this program's. The program only reads facts, and must not
/// migrate the schema.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "the database has schema {found}, and this program reads schema {known}: use the Lamplight of its nodes, or start a node \
     of this version first"
)]
pub struct OlderSchema {
    /// The schema of the database; 0 for an empty database.
    pub found: u32,
    /// [`SCHEMA_VERSION`](crate::SCHEMA_VERSION) of this program.
    pub known: u32,
}

/// The error of a database that has tables of another program.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the database has tables of a program other than Lamplight: give Lamplight a database of its own")]
pub struct NotFacts;

/// The error of a call that PostgreSQL did not answer in time. A write may or may not be committed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("PostgreSQL did not answer within {0:?}")]
pub struct NoAnswer(pub Duration);

/// The fault of a call, without the name of the call.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{}", told(.0, Cause::of_database(.0)))]
    Database(tokio_postgres::Error),
    #[error("{}", told_of_pool(.0))]
    Pool(PoolError),
    #[error("column {column} cannot be read: {source}")]
    Unreadable { column: usize, source: Box<dyn std::error::Error + Send + Sync> },
    #[error(transparent)]
    Late(#[from] NoAnswer),
    /// This program may not use the database at the moment.
    #[error("{0}")]
    NotAdmitted(Cause),
    #[error("{0}")]
    Refused(&'static str),
}

// The texts of the errors `Database` and `Late` contain the texts of their causes, so the causes are not sources.
impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

impl From<PoolError> for Fault {
    fn from(error: PoolError) -> Self {
        Self::Pool(error)
    }
}

/// The cause of a fault in PostgreSQL, for an operator. Its text contains no host, user or file name, so it may be
/// shown to anybody.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Cause {
    /// No connection can be opened.
    #[error("PostgreSQL cannot be reached")]
    Unreachable,
    /// A connection was lost.
    #[error("the connection to PostgreSQL was lost")]
    Lost,
    /// The server does not answer in time.
    #[error("PostgreSQL does not answer in time")]
    Late,
    /// The TLS handshake failed.
    #[error(
        "TLS with PostgreSQL failed: its certificate must be signed by one of `facts_ca`, or of the system, for the host \
         of the URL; on a network that nobody else can read, sslmode=disable turns TLS off"
    )]
    Tls,
    /// The user, the password or the address was refused.
    #[error("PostgreSQL refuses the user, the password or the address of this machine")]
    Login,
    /// The database does not exist.
    #[error("PostgreSQL has no such database; create it, with the user of the URL as its owner")]
    NoDatabase,
    /// The user lacks a right.
    #[error("the user of the URL may not do this in the database; make it the owner of the database")]
    Rights,
    /// The server accepts no further connection.
    #[error(
        "PostgreSQL accepts no further connection: raise its max_connections, or lower `facts_connections`"
    )]
    TooManyConnections,
    /// Other programs use the database.
    #[error(transparent)]
    InUse(InUse),
    /// The database is not the one that this program has used before.
    #[error(
        "the database is not the one that this server has used: it was exchanged, or restored from an older back-up, or a replica took over without the last commits; to continue with this database, stop every server that uses it, empty Redis if they are a cluster, and start them"
    )]
    Exchanged,
    /// The server is starting or stopping.
    #[error("PostgreSQL is starting or stopping")]
    StartingOrStopping,
    /// The server accepts no writes.
    #[error("this PostgreSQL accepts no writes: it is a standby, or set to read-only")]
    ReadOnly,
    /// The disk of the server is full.
    #[error("the disk of PostgreSQL is full")]
    DiskFull,
    /// Another fault, whose details are in the log.
    #[error("PostgreSQL reports a fault")]
    Other,
}

impl Cause {
    fn of_database(error: &tokio_postgres::Error) -> Self {
        let Some(state) = error.code() else {
            // The kinds of the library's own errors differ only in their texts.
            return match error.to_string().as_str() {
                "error performing TLS handshake" => Self::Tls,
                "error connecting to server" | "timeout waiting for server" => Self::Unreachable,
                "authentication error" => Self::Login,
                "connection closed" | "error communicating with the server" => Self::Lost,
                _ => Self::Other,
            };
        };
        if let Some(in_use) = InUse::of_state(state.code()) {
            return Self::InUse(in_use);
        }
        if is_exchanged(state.code()) {
            return Self::Exchanged;
        }
        match (state.code(), &state.code()[..2]) {
            (_, "28") => Self::Login,
            ("3D000", _) => Self::NoDatabase,
            ("42501", _) => Self::Rights,
            ("53300", _) => Self::TooManyConnections,
            ("53100", _) => Self::DiskFull,
            ("57P01" | "57P02" | "57P03", _) => Self::StartingOrStopping,
            ("57014" | "55P03", _) => Self::Late,
            ("25006", _) => Self::ReadOnly,
            _ => Self::Other,
        }
    }

    /// Whether PostgreSQL works, but this program may not use the database at the moment.
    pub(crate) fn is_refusal(self) -> bool {
        matches!(self, Self::InUse(_) | Self::Exchanged)
    }

    fn of_pool(error: &PoolError) -> Self {
        match error {
            PoolError::Backend(error) => Self::of_database(error),
            PoolError::Timeout(TimeoutType::Create | TimeoutType::Recycle) => Self::Unreachable,
            PoolError::Timeout(TimeoutType::Wait) => Self::Late,
            PoolError::PostCreateHook(HookError::Backend(error)) => Self::of_database(error),
            PoolError::PostCreateHook(_) | PoolError::Closed | PoolError::NoRuntimeSpecified => Self::Other,
        }
    }
}

/// The cause of an error of this adapter; `None` if PostgreSQL is not the cause.
pub fn cause(error: &FactsError) -> Option<Cause> {
    error.source.as_ref()?.downcast_ref::<Fault>()?.cause()
}

/// Returns the text of an error for the log and for an operator: the cause, and the text of PostgreSQL or of the
/// library.
fn told(error: &tokio_postgres::Error, cause: Cause) -> String {
    if let Cause::InUse(_) = cause {
        return cause.to_string();
    }
    let mut details = match error.as_db_error() {
        Some(error) => format!("{}: {}", error.code().code(), error.message()),
        None => error.to_string(),
    };
    let mut source = std::error::Error::source(error).filter(|_| error.as_db_error().is_none());
    while let Some(error) = source {
        details.push_str(": ");
        details.push_str(&error.to_string());
        source = error.source();
    }
    format!("{cause} ({details})")
}

fn told_of_pool(error: &PoolError) -> String {
    let cause = Cause::of_pool(error);
    match error {
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
            told(error, cause)
        }
        PoolError::Timeout(_)
        | PoolError::PostCreateHook(_)
        | PoolError::Closed
        | PoolError::NoRuntimeSpecified => format!("{cause} ({})", error.to_string().trim()),
    }
}

impl Fault {
    pub(crate) fn unreadable(
        column: usize,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Unreadable { column, source: source.into() }
    }

    /// Whether PostgreSQL has ended the transaction because of a concurrent one. The transaction can be repeated at
    /// once.
    pub(crate) fn is_conflict(&self) -> bool {
        self.state().is_some_and(|state| {
            [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(state)
        })
    }

    /// Whether the connection was lost. PostgreSQL may nevertheless have executed the call.
    pub(crate) fn is_lost(&self) -> bool {
        match self {
            Self::Database(error) => {
                error.is_closed()
                    || error.as_db_error().is_none()
                        && std::error::Error::source(error)
                            .is_some_and(|source| source.is::<std::io::Error>())
                    || self.state().is_some_and(|state| {
                        [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN].contains(state)
                    })
            }
            Self::Pool(_)
            | Self::Unreadable { .. }
            | Self::Late(_)
            | Self::NotAdmitted(_)
            | Self::Refused(_) => false,
        }
    }

    /// Whether the fault concerns only this connection, so that another connection may succeed. This is so if the
    /// connection was lost, if its server has become read-only, or if its prepared statements are older than a
    /// migration.
    pub(crate) fn spoils_the_connection(&self) -> bool {
        self.is_lost()
            || self.state().is_some_and(|state| {
                [SqlState::READ_ONLY_SQL_TRANSACTION, SqlState::FEATURE_NOT_SUPPORTED].contains(state)
            })
    }

    /// The cause; `None` if PostgreSQL is not the cause.
    pub(crate) fn cause(&self) -> Option<Cause> {
        match self {
            Self::Database(error) => Some(Cause::of_database(error)),
            Self::Pool(error) => Some(Cause::of_pool(error)),
            Self::Late(_) => Some(Cause::Late),
            Self::NotAdmitted(cause) => Some(*cause),
            Self::Unreadable { .. } | Self::Refused(_) => None,
        }
    }

    /// Whether PostgreSQL could not be used. `false` if PostgreSQL or this crate refused this single call.
    pub(crate) fn is_outage(&self) -> bool {
        match self {
            Self::Refused(_) => false,
            Self::Database(_)
            | Self::Pool(_)
            | Self::Unreadable { .. }
            | Self::Late(_)
            | Self::NotAdmitted(_) => self.kind() == FactsErrorKind::Unavailable,
        }
    }

    /// Converts the fault of the call `doing` to an error of the port.
    pub(crate) fn of(self, doing: &'static str) -> FactsError {
        FactsError { kind: self.kind(), doing, source: Some(Box::new(self)) }
    }

    fn kind(&self) -> FactsErrorKind {
        match self {
            Self::Unreadable { .. } => FactsErrorKind::Corrupt,
            Self::Pool(PoolError::Timeout(TimeoutType::Wait)) => FactsErrorKind::Overloaded,
            Self::Database(_) | Self::Pool(_) | Self::Late(_) | Self::NotAdmitted(_) | Self::Refused(_) => {
                self.state().map_or(FactsErrorKind::Unavailable, kind_of)
            }
        }
    }

    fn state(&self) -> Option<&SqlState> {
        match self {
            Self::Database(error)
            | Self::Pool(PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error))) => {
                error.code()
            }
            Self::Pool(_)
            | Self::Unreadable { .. }
            | Self::Late(_)
            | Self::NotAdmitted(_)
            | Self::Refused(_) => None,
        }
    }
}

fn kind_of(state: &SqlState) -> FactsErrorKind {
    // Nothing was changed, and the same call can succeed later.
    let busy = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::TOO_MANY_CONNECTIONS,
    ];
    let damaged = [SqlState::DATA_CORRUPTED, SqlState::INDEX_CORRUPTED];
    if busy.contains(state) {
        FactsErrorKind::Overloaded
    } else if damaged.contains(state) {
        FactsErrorKind::Corrupt
    } else {
        FactsErrorKind::Unavailable
    }
}

/// The error of a call that exceeds the limit of waiting calls.
pub(crate) fn overloaded(doing: &'static str) -> FactsError {
    FactsError { kind: FactsErrorKind::Overloaded, doing, source: None }
}

/// The error of a call while the store cannot be used.
pub(crate) fn unavailable(
    doing: &'static str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> FactsError {
    FactsError { kind: FactsErrorKind::Unavailable, doing, source: Some(source.into()) }
}
