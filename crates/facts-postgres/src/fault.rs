//! Faults of PostgreSQL, of the pool and of rows, as errors of the port.

use deadpool_postgres::{PoolError, TimeoutType};
use lamplight_facts::{FactsError, FactsErrorKind};
use std::time::Duration;
use tokio_postgres::error::SqlState;

/// The schema was written by a newer program, and this one could harm what it does not know.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "the database has schema {found}, and this program knows schemas up to {known}: use a newer Lamplight"
)]
pub struct NewerSchema {
    /// The schema of the database.
    pub found: u32,
    /// [`SCHEMA_VERSION`](crate::SCHEMA_VERSION) of this program.
    pub known: u32,
}

/// The database holds tables of another program.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the database has tables of another program than Lamplight: give Lamplight a database of its own")]
pub struct NotFacts;

/// PostgreSQL did not answer in time. Whether a write was committed is not known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("PostgreSQL gave no answer within {0:?}")]
pub struct NoAnswer(pub Duration);

/// A fault of a call, before it is known which call it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error(transparent)]
    Database(#[from] tokio_postgres::Error),
    #[error(transparent)]
    Pool(#[from] PoolError),
    #[error("column {column} cannot be read: {source}")]
    Unreadable { column: usize, source: Box<dyn std::error::Error + Send + Sync> },
    #[error(transparent)]
    Late(#[from] NoAnswer),
    #[error("{0}")]
    Refused(&'static str),
}

impl Fault {
    pub(crate) fn unreadable(
        column: usize,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Unreadable { column, source: source.into() }
    }

    /// Whether PostgreSQL has undone the transaction because of another one, so that it can be run again at once.
    pub(crate) fn is_conflict(&self) -> bool {
        self.state().is_some_and(|state| {
            [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(state)
        })
    }

    /// Whether the connection was lost. What was sent over it may have been done.
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
            Self::Pool(_) | Self::Unreadable { .. } | Self::Late(_) | Self::Refused(_) => false,
        }
    }

    /// Whether another connection might do better: this one is lost, or leads to a server that only reads since a
    /// failover, or has statements that were prepared before a migration.
    pub(crate) fn spoils_the_connection(&self) -> bool {
        self.is_lost()
            || self.state().is_some_and(|state| {
                [SqlState::READ_ONLY_SQL_TRANSACTION, SqlState::FEATURE_NOT_SUPPORTED].contains(state)
            })
    }

    /// The error of the port.
    pub(crate) fn of(self, doing: &'static str) -> FactsError {
        FactsError { kind: self.kind(), doing, source: Some(Box::new(self)) }
    }

    fn kind(&self) -> FactsErrorKind {
        match self {
            Self::Unreadable { .. } => FactsErrorKind::Corrupt,
            Self::Pool(PoolError::Timeout(TimeoutType::Wait)) => FactsErrorKind::Overloaded,
            Self::Database(_) | Self::Pool(_) | Self::Late(_) | Self::Refused(_) => {
                self.state().map_or(FactsErrorKind::Unavailable, kind_of)
            }
        }
    }

    fn state(&self) -> Option<&SqlState> {
        match self {
            Self::Database(error) | Self::Pool(PoolError::Backend(error)) => error.code(),
            Self::Pool(_) | Self::Unreadable { .. } | Self::Late(_) | Self::Refused(_) => None,
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

/// More calls wait than there may.
pub(crate) fn overloaded(doing: &'static str) -> FactsError {
    FactsError { kind: FactsErrorKind::Overloaded, doing, source: None }
}

/// The store cannot be used.
pub(crate) fn unavailable(
    doing: &'static str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> FactsError {
    FactsError { kind: FactsErrorKind::Unavailable, doing, source: Some(source.into()) }
}
