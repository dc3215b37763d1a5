//! The mark of the facts. The live records contain the mark of the facts to which they belong.

use crate::PostgresFacts;
use crate::claim::MEMBER;
use crate::rows::{Result, get, only};
use crate::store::Values;
use lamplight_facts::FactsError;
use lamplight_model::FactsMark;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_postgres::Row;

/// The value of the store's count of changes when this node last advanced the mark.
#[derive(Default)]
pub(crate) struct Marked(AtomicU64);

impl PostgresFacts {
    /// The current mark of the facts.
    pub async fn mark(&self) -> std::result::Result<FactsMark, FactsError> {
        const DOING: &str = "reading the mark of the facts";
        let rows = self.store.read(DOING, "SELECT history, count FROM mark", &[]).await?;
        only(&rows).and_then(mark_of).map_err(|fault| fault.of(DOING))
    }

    /// Advances the mark, and returns it after the commit. With `history`, a new history with this number begins,
    /// unless other nodes of a cluster use the database.
    ///
    /// From then on, this store accepts only a database whose facts include the mark. With any other database, every
    /// call fails with [`Cause::Exchanged`](crate::Cause::Exchanged).
    pub async fn advance_mark(&self, history: Option<u64>) -> std::result::Result<FactsMark, FactsError> {
        const DOING: &str = "advancing the mark of the facts";
        let changes = self.store.changes();
        let sql = "UPDATE mark SET count = count + 1, history = CASE
                WHEN $1::bigint IS NULL THEN history
                WHEN EXISTS (SELECT FROM pg_locks
                             WHERE locktype = 'advisory' AND objsubid = 2 AND granted
                                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                                   AND classid = $2::int4::oid AND objid <> $3::int4::oid) THEN history
                ELSE $1 END
            RETURNING history, count";
        let admission = self.store.admission();
        if history.is_some() {
            admission.forget_mark();
        }
        let values: Values<'_> = &[&history.map(u64::cast_signed), &MEMBER, &admission.claim().number()];
        let rows = self.store.write_beside(DOING, sql, values).await?;
        let mark = only(&rows).and_then(mark_of).map_err(|fault| fault.of(DOING))?;
        admission.note_mark(mark);
        self.marked.0.store(changes, Ordering::Relaxed);
        Ok(mark)
    }

    /// Advances the mark if this node may have changed facts since the last advance. Otherwise returns `None`.
    pub async fn mark_changes(&self) -> std::result::Result<Option<FactsMark>, FactsError> {
        match self.store.changes() == self.marked.0.load(Ordering::Relaxed) {
            true => Ok(None),
            false => self.advance_mark(None).await.map(Some),
        }
    }
}

fn mark_of(row: &Row) -> Result<FactsMark> {
    let (history, count): (i64, i64) = (get(row, 0)?, get(row, 1)?);
    Ok(FactsMark { history: history.cast_unsigned(), count: count.cast_unsigned() })
}
