//! The part of the port for operators: the audit log, and the figures of the past.
//!
//! The store does not interpret a figure: it is a text with a level and a time.

use crate::Answer;
use lamplight_model::{AppId, AuditEntry, NewAuditEntry, Timestamp};
use std::time::Duration;

/// The store of the audit log, and of the past figures that the charts of the console show.
pub trait Operations: Send + Sync {
    /// Records an operation as begun, and returns the id of the entry. Removes at most [`AUDIT_FORGOTTEN_AT_ONCE`] of
    /// the entries that are older than [`AUDIT_KEPT`], the oldest first. Also removes the oldest entries above
    /// [`MAX_AUDIT_ENTRIES`], at the latest when there are [`AUDIT_SLACK`] too many.
    fn begin_audit(&self, entry: NewAuditEntry) -> Answer<'_, u64>;

    /// Records the outcome of an operation. An entry that no longer exists is ignored.
    fn settle_audit(&self, id: u64, settled: AuditSettled) -> Answer<'_, ()>;

    /// Up to `limit` entries of an app or of all apps, newest first. With `before`, only older entries.
    fn audit_entries(
        &self,
        app: Option<AppId>,
        before: Option<u64>,
        limit: usize,
    ) -> Answer<'_, Vec<AuditEntry>>;

    /// Writes figures, each replacing the one of the same level and time, and deletes the figures of each named level
    /// before a time, all in one transaction.
    fn put_figures(&self, figures: Vec<Figure>, forgotten: Vec<(u8, Timestamp)>) -> Answer<'_, ()>;

    /// Up to `limit` figures of a level, starting at a time, by rising time.
    fn figures(&self, level: u8, from: Timestamp, limit: usize) -> Answer<'_, Vec<Figure>>;
}

/// The time for which an entry of the audit log is kept.
pub const AUDIT_KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The most entries that a new entry removes because of their age, so that a clock that is far ahead does not empty the
/// audit log. It is more than one, so that the log becomes shorter after a pause.
pub const AUDIT_FORGOTTEN_AT_ONCE: u64 = 4;

/// The most entries of the audit log that are kept.
pub const MAX_AUDIT_ENTRIES: u64 = 50_000;

/// The number of entries above the maximum that may exist before the oldest are removed.
pub const AUDIT_SLACK: u64 = 64;

/// The outcome of an operation in the audit log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AuditSettled {
    /// The operation was done.
    Done {
        /// Details of the outcome; may be empty.
        note: String,
    },
    /// The operation failed, and may have been done in part.
    Failed {
        /// The failure, in words.
        note: String,
    },
    /// The operation was refused, or there was nothing to do: nothing has changed, and the entry is removed.
    Nothing,
}

/// A figure that was counted over a span of time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Figure {
    /// The resolution: the time that one figure covers.
    pub level: u8,
    /// The start of that time.
    pub at: Timestamp,
    /// The counted values, encoded by the caller.
    pub content: String,
}
