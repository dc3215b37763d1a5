//! The part of the port for operators: the audit log, past metrics, and documents of the console.
//!
//! Metrics and documents are opaque to the store. A record of metrics is a text with a level and a time.

use crate::Answer;
use lamplight_model::{AppId, AuditChange, AuditEntry, NewAuditEntry, Timestamp};
use std::time::Duration;

/// The store of the audit log, of past metrics, and of documents of the console. The charts of the console show the
/// metrics. The documents contain operators and sessions that several nodes share.
pub trait Operations: Send + Sync {
    /// Records that an operation begins, and returns the id of its entry.
    ///
    /// Removes up to [`AUDIT_FORGOTTEN_AT_ONCE`] entries that are older than [`AUDIT_KEPT`], the oldest first. Also
    /// removes the oldest entries above [`MAX_AUDIT_ENTRIES`]. The adapter may delay this until the log has
    /// [`AUDIT_SLACK`] entries more than the maximum.
    fn begin_audit(&self, entry: NewAuditEntry) -> Answer<'_, u64>;

    /// Records the outcome of an operation. Does nothing if the entry no longer exists.
    fn settle_audit(&self, id: u64, settled: AuditSettled) -> Answer<'_, ()>;

    /// Returns up to `limit` entries of an app, or of all apps if `app` is `None`, in descending order of their ids.
    /// The newest entry therefore comes first. If `before` is given, returns only entries with lower ids.
    fn audit_entries(
        &self,
        app: Option<AppId>,
        before: Option<u64>,
        limit: usize,
    ) -> Answer<'_, Vec<AuditEntry>>;

    /// Stores records of metrics, in one transaction. A record replaces the record with the same level, time and node.
    /// For each level in `forgotten`, also deletes the records of all nodes before the given time.
    fn put_figures(&self, figures: Vec<Figure>, forgotten: Vec<(u8, Timestamp)>) -> Answer<'_, ()>;

    /// Returns up to `limit` of the records that `which` selects. They are in ascending order of their times, and of
    /// their nodes at the same time.
    fn figures(&self, which: FiguresRead, limit: usize) -> Answer<'_, Vec<Figure>>;

    /// Returns all documents of the console, in ascending order of their names, as of one moment.
    fn console_documents(&self) -> Answer<'_, Vec<ConsoleDocument>>;

    /// Stores the content of a document if its revision is `was`. The revision increases by one. If `was` is `None`, no
    /// document with this name may exist. The first revision of the new document is 1. Returns whether the content was
    /// stored.
    fn put_console_document(&self, name: String, was: Option<u64>, content: String) -> Answer<'_, bool>;
}

/// The time for which an entry of the audit log is kept.
pub const AUDIT_KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The maximum number of old entries that a new entry removes. It is low, so that a wrong clock cannot empty the audit
/// log. It is above one, so that the log shrinks again after a time without entries.
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
        /// The changed fields, if the operation found other former values than the entry has. `None` keeps those of the
        /// entry.
        changes: Option<Vec<AuditChange>>,
    },
    /// The operation failed. A part of the operation may have been executed.
    Failed {
        /// The text of the error.
        note: String,
    },
    /// The operation was refused or had nothing to do. Nothing was changed, so its entry is removed.
    Nothing,
}

/// A stored record of metrics over a period.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Figure {
    /// The level, which determines the length of the period.
    pub level: u8,
    /// The start of the period.
    pub at: Timestamp,
    /// The name of the node in its cluster; empty for a node without a cluster.
    pub node: String,
    /// The values, encoded by the caller.
    pub content: String,
}

/// The records of metrics to read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FiguresRead {
    /// The level of the records.
    pub level: u8,
    /// The name of the node; `None` for the records of all nodes.
    pub node: Option<String>,
    /// The start of the earliest period.
    pub from: Timestamp,
    /// The start and the node of the record that was read last. Only records after this one are read.
    pub after: Option<(Timestamp, String)>,
}

/// A document of the console. All nodes that share the facts read and change the document.
#[derive(Clone, PartialEq, Eq)]
pub struct ConsoleDocument {
    /// The name of the document.
    pub name: String,
    /// The number of times that the content was stored.
    pub revision: u64,
    /// The content, encoded by the caller. The content may be secret.
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
