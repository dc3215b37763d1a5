//! Converts the errors of SQLite and of the queues into [`FactsError`]s.

use lamplight_facts::{FactsError, FactsErrorKind};
use rusqlite::{Error, ErrorCode};
use std::sync::Arc;

/// The error of a call after the threads of the store have ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the threads of the database have ended")]
pub struct Stopped;

/// The error of a file that is a SQLite database of another program.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the file belongs to a program other than Lamplight")]
pub struct NotFacts;

/// An error of SQLite. It has no `source`, because its text contains the texts of its causes.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct OfSqlite(Arc<Error>);

/// Returns the error of a failed statement or commit. All writes of a failed batch share `error`.
pub(crate) fn of_sqlite(doing: &'static str, error: Arc<Error>) -> FactsError {
    FactsError { kind: kind(&error), doing, source: Some(Box::new(OfSqlite(error))) }
}

/// Makes the error of a call during which a panic occurred.
pub(crate) fn bug() -> Error {
    let message = "a bug: the statements panicked".to_owned();
    Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_INTERNAL), Some(message))
}

/// Makes the error of a call that failed because the store cannot be used at the moment.
pub(crate) fn unavailable(
    doing: &'static str,
    source: impl std::error::Error + Send + Sync + 'static,
) -> FactsError {
    FactsError { kind: FactsErrorKind::Unavailable, doing, source: Some(Box::new(source)) }
}

/// Makes the error of a call that was refused because the queue is full.
pub(crate) fn overloaded(doing: &'static str) -> FactsError {
    FactsError { kind: FactsErrorKind::Overloaded, doing, source: None }
}

fn kind(error: &Error) -> FactsErrorKind {
    let damaged =
        matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase));
    let unreadable = matches!(
        error,
        Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::InvalidColumnType(..)
            | Error::Utf8Error(..)
    );
    if damaged || unreadable { FactsErrorKind::Corrupt } else { FactsErrorKind::Unavailable }
}
