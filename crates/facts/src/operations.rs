//! The part of the port for operators: the audit log, and the figures of the past.
//!
//! The store does not know the meaning of a figure: here it is a text with a level and a time.

use crate::Answer;
use lamplight_model::{AppId, AuditEntry, NewAuditEntry, Timestamp};
use std::time::Duration;

/// The store of the audit log, and of the past that the charts of the console show.
pub trait Operations: Send + Sync {
    /// Enters what an operator is about to do, as begun; answers with the id of the entry. Removes the oldest entries
    /// that are older than [`AUDIT_KEPT`] then, at most [`AUDIT_FORGOTTEN_AT_ONCE`]; and of more than
    /// [`MAX_AUDIT_ENTRIES`] the oldest, at the latest when there are [`AUDIT_SLACK`] too many.
    fn begin_audit(&self, entry: NewAuditEntry) -> Answer<'_, u64>;

    /// Says how it came out. An entry that is there no longer is passed over.
    fn settle_audit(&self, id: u64, settled: AuditSettled) -> Answer<'_, ()>;

    /// Up to `limit` entries, of an app or of all, newest first; those before the entry `before`.
    fn audit_entries(
        &self,
        app: Option<AppId>,
        before: Option<u64>,
        limit: usize,
    ) -> Answer<'_, Vec<AuditEntry>>;

    /// Writes figures, each in the place of the one of the same level and time; and forgets, of each level named, those
    /// before a time. In one transaction.
    fn put_figures(&self, figures: Vec<Figure>, forgotten: Vec<(u8, Timestamp)>) -> Answer<'_, ()>;

    /// Up to `limit` figures of a level from a time on, by rising time.
    fn figures(&self, level: u8, from: Timestamp, limit: usize) -> Answer<'_, Vec<Figure>>;
}

/// How long an entry of the audit log is kept.
pub const AUDIT_KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The most entries that a new entry removes because of their age: a clock that is far ahead must not empty the audit
/// log. It is more than one, so that the log becomes shorter after a pause.
pub const AUDIT_FORGOTTEN_AT_ONCE: u64 = 4;

/// The most entries of the audit log that are kept.
pub const MAX_AUDIT_ENTRIES: u64 = 50_000;

/// How many more there may be before the oldest go.
pub const AUDIT_SLACK: u64 = 64;

/// How an entry of the audit log is settled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AuditSettled {
    /// It was done.
    Done {
        /// More about it; empty where there is no more to say.
        note: String,
    },
    /// It failed, and may have been done in part.
    Failed {
        /// The failure, in words.
        note: String,
    },
    /// It was refused, or there was nothing to do: nothing has changed, and the entry goes.
    Nothing,
}

/// A figure that was counted over some time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Figure {
    /// How fine it is: the time that one figure covers.
    pub level: u8,
    /// Where that time begins.
    pub at: Timestamp,
    /// The counted values, encoded by the caller.
    pub content: String,
}
