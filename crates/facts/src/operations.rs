//! The part of the port for operators: the audit log, past metrics, and documents of the console.
//!
//! The metrics are opaque to the store: a record is a text with a level and a time. So are the documents.

use crate::Answer;
use lamplight_model::{AppId, AuditEntry, NewAuditEntry, Timestamp};
use std::time::Duration;

/// The store of the audit log, of the past metrics that the charts of the console show, and of the console's operators and
/// sessions, if several nodes share them.
pub trait Operations: Send + Sync {
    /// Records that an operation begins, and returns the id of its entry.
    ///
    /// Removes up to [`AUDIT_FORGOTTEN_AT_ONCE`] entries that are older than [`AUDIT_KEPT`], the oldest first. Also
    /// removes the oldest entries above [`MAX_AUDIT_ENTRIES`], at the latest when there are [`AUDIT_SLACK`] more.
    fn begin_audit(&self, entry: NewAuditEntry) -> Answer<'_, u64>;

    /// Records the outcome of an operation. If the entry no longer exists, does nothing.
    fn settle_audit(&self, id: u64, settled: AuditSettled) -> Answer<'_, ()>;

    /// Up to `limit` entries of an app, newest first; `None` means all apps. If `before` is given, only older entries
    /// are returned.
    fn audit_entries(
        &self,
        app: Option<AppId>,
        before: Option<u64>,
        limit: usize,
    ) -> Answer<'_, Vec<AuditEntry>>;

    /// Stores records of metrics, each in place of the record with the same level and time. Also deletes, for each
    /// level in `forgotten`, the records before the given time. Runs in one transaction.
    fn put_figures(&self, figures: Vec<Figure>, forgotten: Vec<(u8, Timestamp)>) -> Answer<'_, ()>;

    /// Up to `limit` records of a level, in ascending order of their times, beginning at the time `from`.
    fn figures(&self, level: u8, from: Timestamp, limit: usize) -> Answer<'_, Vec<Figure>>;

    /// All documents of the console, in ascending order of their names, as of one moment.
    fn console_documents(&self) -> Answer<'_, Vec<ConsoleDocument>>;

    /// Stores the content of a document if its revision is `was`. The revision increases by one. `None` means that there
    /// must be no document with this name; its first revision is 1. Returns whether the content was stored.
    fn put_console_document(&self, name: String, was: Option<u64>, content: String) -> Answer<'_, bool>;
}

/// The time for which an entry of the audit log is kept.
pub const AUDIT_KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The maximum number of old entries that a new entry removes, so that a wrong clock cannot empty the audit log. The
/// number is above one, so that the log shrinks again after a time without entries.
pub const AUDIT_FORGOTTEN_AT_ONCE: u64 = 4;

/// The maximum number of entries that the audit log keeps.
pub const MAX_AUDIT_ENTRIES: u64 = 50_000;

/// The number of entries above the maximum that may exist before the oldest are removed.
pub const AUDIT_SLACK: u64 = 64;

/// The outcome of an operation in the audit log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AuditSettled {
    /// The operation succeeded.
    Done {
        /// Details of the outcome; may be empty.
        note: String,
    },
    /// The operation failed, and a part of it may have been executed.
    Failed {
        /// The error in words.
        note: String,
    },
    /// The operation was refused or had nothing to do. It has changed nothing, and its entry is removed.
    Nothing,
}

/// A stored record of metrics over a period.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Figure {
    /// The number of the resolution, which determines the length of the period.
    pub level: u8,
    /// The start of the period.
    pub at: Timestamp,
    /// The values, encoded by the caller.
    pub content: String,
}

/// A document of the console, which all nodes that share the facts read and change.
#[derive(Clone, PartialEq, Eq)]
pub struct ConsoleDocument {
    /// The name of the document.
    pub name: String,
    /// The number of times that the content was stored.
    pub revision: u64,
    /// The content, encoded by the caller. It may be secret.
    pub content: String,
}

impl std::fmt::Debug for ConsoleDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, revision, content: _ } = self;
        f.debug_struct("ConsoleDocument")
            .field("name", name)
            .field("revision", revision)
            .finish_non_exhaustive()
    }
}
