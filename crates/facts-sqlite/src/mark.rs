//! The mark of the facts: a position in their history. The live records contain the mark of the facts to which they
//! belong. A node therefore notices facts that were restored or replaced.

use crate::SqliteFacts;
use crate::rows::change;
use lamplight_facts::FactsError;
use lamplight_model::FactsMark;
use rusqlite::{Connection, Result, params};
use std::sync::atomic::{AtomicU64, Ordering};

/// The number of commits that had been attempted when the mark was last advanced.
#[derive(Default)]
pub(crate) struct Marked(AtomicU64);

impl SqliteFacts {
    /// Reads the current mark of the facts.
    pub async fn mark(&self) -> Result<FactsMark, FactsError> {
        self.readers.read("reading the mark of the facts", read).await
    }

    /// Advances the mark, and returns it after the commit. If `history` is given, begins a new history with that
    /// number.
    pub async fn advance_mark(&self, history: Option<u64>) -> Result<FactsMark, FactsError> {
        let attempts = self.writer.attempts();
        let advance = move |db: &Connection| {
            let sql = "UPDATE mark SET history = coalesce(?1, history), count = count + 1";
            change(db, sql, params![history.map(u64::cast_signed)])?;
            // The next commit that the writer attempts is the commit with this write.
            Ok((read(db)?, attempts.get() + 1))
        };
        let (mark, attempts) = self.writer.write("advancing the mark of the facts", advance).await?;
        self.marked.0.store(attempts, Ordering::Relaxed);
        Ok(mark)
    }

    /// Advances the mark if commits were attempted since the last call. Otherwise returns `None`.
    pub async fn mark_changes(&self) -> Result<Option<FactsMark>, FactsError> {
        // Failed commits count too, because their data may nevertheless be stored.
        match self.writer.attempts().get() == self.marked.0.load(Ordering::Relaxed) {
            true => Ok(None),
            false => self.advance_mark(None).await.map(Some),
        }
    }
}

fn read(db: &Connection) -> Result<FactsMark> {
    db.prepare_cached("SELECT history, count FROM mark")?.query_row((), |row| {
        let (history, count): (i64, i64) = (row.get(0)?, row.get(1)?);
        Ok(FactsMark { history: history.cast_unsigned(), count: count.cast_unsigned() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_facts::Facts;
    use lamplight_model::{App, AppId, AppSettings};

    fn app(id: u32) -> App {
        App { id: AppId(id), keys: Vec::new(), admins: Vec::new(), settings: AppSettings::default() }
    }

    #[tokio::test]
    async fn the_mark_advances_with_changes_alone_and_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("facts.db");
        let facts = SqliteFacts::open(&path).unwrap();
        let first = facts.mark().await.unwrap();
        let other = SqliteFacts::open(&folder.path().join("other.db")).unwrap();
        assert_ne!(other.mark().await.unwrap().history, first.history, "two files have two histories");

        facts.put_app(app(1)).await.unwrap();
        let second = facts.mark_changes().await.unwrap().unwrap();
        assert_eq!(second, FactsMark { count: first.count + 1, ..first });
        assert_eq!(facts.mark_changes().await.unwrap(), None, "nothing has changed");
        let writes = (2..50).map(|id| facts.put_app(app(id)));
        let (marked, written) = tokio::join!(facts.mark_changes(), futures_util::future::join_all(writes));
        assert!(written.iter().all(Result::is_ok) && marked.unwrap().is_none());
        assert_eq!(facts.mark_changes().await.unwrap().map(|mark| mark.count), Some(first.count + 2));

        drop(facts);
        let facts = SqliteFacts::open(&path).unwrap();
        assert_eq!(facts.mark().await.unwrap().count, first.count + 2);
        let begun = facts.advance_mark(Some(u64::MAX)).await.unwrap();
        assert_eq!(begun, FactsMark { history: u64::MAX, count: first.count + 3 });
        assert_eq!(facts.mark().await.unwrap(), begun);
    }
}
