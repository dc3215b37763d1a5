//! The errors of Redis in the terms of the port.

use crate::record::BadRecord;
use lamplight_directory::{DirectoryError, DirectoryErrorKind};
use redis::RedisError;

/// The error of [`RedisDirectory::open`](crate::RedisDirectory::open).
#[derive(Debug, thiserror::Error)]
pub enum RedisOpenError {
    /// The settings cannot be used.
    #[error("the settings of Redis cannot be used: {0}")]
    BadSettings(&'static str),
    /// The address is invalid, or Redis did not answer, or it refused.
    #[error("Redis cannot be used while {doing}")]
    Redis {
        /// The step that failed.
        doing: &'static str,
        /// The cause.
        #[source]
        source: RedisError,
    },
    /// The server is older than 7.0.
    #[error("the server is Redis {found}, and 7.0 or later, or Valkey, is needed")]
    TooOld {
        /// The reported version.
        found: String,
    },
    /// The server may evict keys, which would lose records unnoticed.
    #[error(
        "the server evicts keys when it is full (maxmemory-policy {found}): set maxmemory-policy noeviction"
    )]
    Evicts {
        /// The reported policy.
        found: String,
    },
    /// The server is a replica.
    #[error("the server is a replica, which accepts no writes")]
    Replica,
    /// The data was written with another number of partitions, or in another format.
    #[error("the data in Redis has {what} {found}, but this node has {own}")]
    OtherData {
        /// The property that differs.
        what: &'static str,
        /// The value in the data.
        found: String,
        /// The value of this node.
        own: String,
    },
    /// The two connections of the node reached different servers.
    #[error("two connections to Redis reached different servers")]
    OtherServer,
}

impl RedisOpenError {
    pub(crate) fn while_doing(doing: &'static str) -> impl Fn(RedisError) -> Self {
        move |source| Self::Redis { doing, source }
    }
}

/// Creates the error of a call whose outcome is unknown, or that Redis refused.
pub(crate) fn unavailable(
    doing: &'static str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> DirectoryError {
    DirectoryError { kind: DirectoryErrorKind::Unavailable, doing, source: Some(source.into()) }
}

/// Creates the error of a call whose attempts all came second to other changes.
pub(crate) fn contended(doing: &'static str) -> DirectoryError {
    DirectoryError { kind: DirectoryErrorKind::Contended, doing, source: None }
}

/// Creates the error for data that this adapter cannot have written.
pub(crate) fn corrupt(
    doing: &'static str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> DirectoryError {
    DirectoryError { kind: DirectoryErrorKind::Corrupt, doing, source: Some(source.into()) }
}

/// Converts the error of a record that cannot be decoded.
pub(crate) fn bad_record(doing: &'static str) -> impl Fn(BadRecord) -> DirectoryError {
    move |source| corrupt(doing, source)
}
