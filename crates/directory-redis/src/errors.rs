//! The errors of Redis, and their conversion to errors of the port.

use crate::record::BadRecord;
use lamplight_directory::{DirectoryError, DirectoryErrorKind};
use redis::{ErrorKind, RedisError, ServerErrorKind};

/// The error of [`RedisDirectory::open`](crate::RedisDirectory::open). Its text contains no password.
#[derive(Debug, thiserror::Error)]
pub enum RedisOpenError {
    /// The settings cannot be used.
    #[error("the settings of Redis cannot be used: {0}")]
    BadSettings(&'static str),
    /// Redis did not answer, or refused a command.
    #[error("Redis cannot be used: {doing} failed")]
    Redis {
        /// The step that failed.
        doing: &'static str,
        /// The cause.
        #[source]
        source: RedisError,
    },
    /// The server does not know the user or the password, or the address has no password.
    #[error("Redis refused the user and password of its address ({code})")]
    WrongPassword {
        /// The error code of the server.
        code: String,
    },
    /// The user of the address may not use a command, a key or a channel.
    #[error("{doing} needs a permission that the user of Redis lacks: {detail}")]
    NoPermission {
        /// The step that failed.
        doing: &'static str,
        /// The error text of the server.
        detail: String,
    },
    /// The server is older than 7.0.
    #[error("the server is Redis {found}, and 7.0 or later, or Valkey, is needed")]
    TooOld {
        /// The version that the server reported.
        found: String,
    },
    /// The settings of the server allow it to evict keys. An eviction would silently delete records.
    #[error(
        "the server evicts keys when it is full (maxmemory-policy {found}): set maxmemory-policy noeviction"
    )]
    Evicts {
        /// The eviction policy that the server reported.
        found: String,
    },
    /// The server is a replica.
    #[error("the server is a replica, which accepts no writes")]
    Replica,
    /// The server is a Sentinel, but the form of the address is not that for Sentinels.
    #[error("the server is a Sentinel: the address must be redis+sentinel://host:port/name")]
    IsSentinel,
    /// No Sentinel knows a server of this name.
    #[error("the Sentinels know no server named {service}")]
    UnknownService {
        /// The name of the service in the address.
        service: String,
    },
    /// The Redis Cluster has no server for a partition: the slot of the partition is not assigned.
    #[error("the Redis Cluster has no server for slot {slot}")]
    NoServerForSlot {
        /// The slot of the partition.
        slot: u16,
    },
    /// The data was written with another number of partitions, or in another format.
    #[error("the data in Redis has {what} {found}, but this node has {own}")]
    OtherData {
        /// The property that differs.
        what: &'static str,
        /// The value that the data has.
        found: String,
        /// The value that this node has.
        own: String,
    },
    /// The two connections of a link reached different servers.
    #[error("two connections to Redis reached different servers")]
    OtherServer,
    /// Redis did not answer in time.
    #[error("Redis did not answer in time")]
    Late,
    /// The operating system could not start another thread.
    #[error("the thread that reads the change log could not be started")]
    NoThread(#[source] std::io::Error),
}

impl RedisOpenError {
    /// Whether a partition is being moved to another server.
    pub(crate) fn is_moving(&self) -> bool {
        matches!(self, Self::Redis { source, .. } if is_moving(source))
    }

    pub(crate) fn while_doing(doing: &'static str) -> impl Fn(RedisError) -> Self {
        move |source| match source.code() {
            Some(code @ ("WRONGPASS" | "NOAUTH")) => Self::WrongPassword { code: code.to_owned() },
            Some("NOPERM") => {
                Self::NoPermission { doing, detail: source.detail().unwrap_or("no detail").to_owned() }
            }
            _ if source.kind() == ErrorKind::AuthenticationFailed => {
                Self::WrongPassword { code: "authentication failed".to_owned() }
            }
            _ => Self::Redis { doing, source },
        }
    }
}

/// Whether the keys of a command have moved to another server, or are being moved.
pub(crate) fn is_moving(error: &RedisError) -> bool {
    use ServerErrorKind::{Ask, Moved, TryAgain};
    matches!(error.kind(), ErrorKind::Server(Ask | Moved | TryAgain))
}

/// Creates the error of a call that Redis has refused, or whose outcome is unknown.
pub(crate) fn unavailable(
    doing: &'static str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> DirectoryError {
    DirectoryError { kind: DirectoryErrorKind::Unavailable, doing, source: Some(source.into()) }
}

/// Creates the error of a call that has failed because another change came first at every attempt.
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
