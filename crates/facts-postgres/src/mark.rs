//! The mark of the facts. The live records contain the mark of the facts to which they belong.

use crate::PostgresFacts;
use crate::claim::{ClusterIdentity, MEMBER};
use crate::rows::{Result, get, only};
use crate::store::{Store, Values};
use lamplight_facts::FactsError;
use lamplight_model::FactsMark;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_postgres::Row;

/// The store's count of changes, as it was when this node last advanced the mark.
#[derive(Default)]
pub(crate) struct Marked(AtomicU64);

impl PostgresFacts {
    /// The current mark of the facts.
    pub async fn mark(&self) -> std::result::Result<FactsMark, FactsError> {
        const DOING: &str = "reading the mark of the facts";
        let rows = self.store.read(DOING, "SELECT history, count FROM mark", &[]).await?;
        only(&rows).and_then(mark_of).map_err(|fault| fault.of(DOING))
    }

    /// Advances the mark, and returns it after the commit. If `history` is given, a new history with this number
    /// begins.
    ///
    /// From then on, this store accepts only a database whose facts include the mark. With any other database, every
    /// call fails with [`Cause::Exchanged`](crate::Cause::Exchanged).
    pub async fn advance_mark(&self, history: Option<u64>) -> std::result::Result<FactsMark, FactsError> {
        let sql = "UPDATE mark SET count = count + 1, history = coalesce($1, history),
                cluster = CASE WHEN $1::bigint IS NULL THEN cluster END
            RETURNING history, count";
        self.advance(sql, &[&history.map(u64::cast_signed)], history.is_some()).await
    }

    /// Advances the mark at the start of a node of a cluster, like [`advance_mark`](Self::advance_mark).
    ///
    /// To the other nodes, a new history would look like an exchange of the database. The present history therefore
    /// continues in each of the cases below. In any other case, the history `new` begins.
    ///
    /// - `is_known` says that the directory of the cluster belongs to the present history.
    /// - A node with the same [`ClusterIdentity`] has begun the present history. Other nodes may run without their
    ///   claim, because PostgreSQL was restarted.
    /// - Other nodes claim the database at present.
    pub async fn begin_in_cluster(
        &self,
        new: u64,
        is_known: bool,
    ) -> std::result::Result<FactsMark, FactsError> {
        let sql = "UPDATE mark SET count = count + 1, cluster = $4, history = CASE
                WHEN $5 OR cluster = $4
                    OR EXISTS (SELECT FROM pg_locks
                               WHERE locktype = 'advisory' AND objsubid = 2 AND granted
                                     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                                     AND classid = $2::int4::oid AND objid <> $3::int4::oid) THEN history
                ELSE $1 END
            RETURNING history, count";
        let claim = self.store.admission().claim();
        let cluster = claim.cluster().map(|ClusterIdentity(identity)| identity.cast_signed());
        self.advance(sql, &[&new.cast_signed(), &MEMBER, &claim.number(), &cluster, &is_known], true).await
    }

    /// Runs a statement that advances the mark. `may_begin` says whether the statement may begin a history.
    async fn advance(
        &self,
        sql: &'static str,
        values: Values<'_>,
        may_begin: bool,
    ) -> std::result::Result<FactsMark, FactsError> {
        const DOING: &str = "advancing the mark of the facts";
        let changes = self.store.changes();
        let admission = self.store.admission();
        if may_begin {
            admission.forget_mark();
        }
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

/// Reads the mark of a database that may be empty.
pub(crate) async fn found(store: &Store) -> std::result::Result<Option<FactsMark>, FactsError> {
    const DOING: &str = "reading the mark of the facts";
    let rows = store.read(DOING, "SELECT to_regclass('mark') IS NOT NULL", &[]).await?;
    let is_there: bool = only(&rows).and_then(|row| get(row, 0)).map_err(|fault| fault.of(DOING))?;
    if !is_there {
        return Ok(None);
    }
    let rows = store.read(DOING, "SELECT history, count FROM mark", &[]).await?;
    only(&rows).and_then(mark_of).map(Some).map_err(|fault| fault.of(DOING))
}

fn mark_of(row: &Row) -> Result<FactsMark> {
    let (history, count): (i64, i64) = (get(row, 0)?, get(row, 1)?);
    Ok(FactsMark { history: history.cast_unsigned(), count: count.cast_unsigned() })
}
