//! The mark of the facts, by which live records recognise the facts that they belong to.

use crate::PostgresFacts;
use crate::rows::{Result, get, only};
use lamplight_facts::FactsError;
use lamplight_model::FactsMark;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_postgres::Row;

/// The number of changes that this node had begun and ended when it last advanced the mark.
#[derive(Default)]
pub(crate) struct Marked(AtomicU64);

impl PostgresFacts {
    /// The current mark of the facts.
    pub async fn mark(&self) -> std::result::Result<FactsMark, FactsError> {
        const DOING: &str = "reading the mark of the facts";
        let rows = self.store.read(DOING, "SELECT history, count FROM mark", &[]).await?;
        only(&rows).and_then(mark_of).map_err(|fault| fault.of(DOING))
    }

    /// Advances the mark, and returns it after the commit. If `history` is given, begins a new history with that
    /// number.
    pub async fn advance_mark(&self, history: Option<u64>) -> std::result::Result<FactsMark, FactsError> {
        const DOING: &str = "advancing the mark of the facts";
        let changes = self.store.changes();
        let sql =
            "UPDATE mark SET history = coalesce($1, history), count = count + 1 RETURNING history, count";
        let rows = self.store.write_beside(DOING, sql, &[&history.map(u64::cast_signed)]).await?;
        let mark = only(&rows).and_then(mark_of).map_err(|fault| fault.of(DOING))?;
        self.marked.0.store(changes, Ordering::Relaxed);
        Ok(mark)
    }

    /// Advances the mark if this node may have changed the facts since it last advanced the mark. Otherwise returns
    /// `None`.
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
