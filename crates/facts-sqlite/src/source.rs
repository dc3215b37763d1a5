//! Reads all facts from a database file, to copy them to another store. The file is not changed.

use crate::fault;
use crate::rows::json;
use crate::schema::{self, SCHEMA_VERSION, version};
use lamplight_facts::FactsError;
use lamplight_facts::transfer::{Cell, Kind, Record, Table};
use lamplight_model::FactsMark;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Result, Row, params_from_iter};
use std::path::Path;
use std::sync::Arc;

/// The error of a file whose schema is older than the schema that this program copies.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "the file has schema {found}, and this program copies schema {known}: start a server of this version on it once, which \
     migrates it, and stop that server"
)]
pub struct OlderSchema {
    /// The schema version of the file.
    pub found: u32,
    /// [`SCHEMA_VERSION`] of this program.
    pub known: u32,
}

/// The facts of a database file as of one moment. All calls block on the disk.
pub struct Source {
    connection: Connection,
}

const READING: &str = "reading the database file";

impl Source {
    /// Opens a file. Does not change it.
    pub fn open(path: &Path) -> std::result::Result<Self, FactsError> {
        let connection = schema::open_for_reading(path)?;
        let found = version(&connection)?;
        if found < SCHEMA_VERSION {
            return Err(fault::unavailable(READING, OlderSchema { found, known: SCHEMA_VERSION }));
        }
        // All reads see the file as it was at the first of them, even if another process writes to it meanwhile.
        connection.execute_batch("BEGIN; SELECT * FROM mark").map_err(failed)?;
        Ok(Self { connection })
    }

    /// Returns the number of rows of a table.
    pub fn count(&self, table: &Table) -> std::result::Result<u64, FactsError> {
        let sql = format!("SELECT count(*) FROM {}", table.name);
        let counted = self.connection.query_row(&sql, (), |row| row.get::<_, i64>(0));
        counted.map(i64::unsigned_abs).map_err(failed)
    }

    /// Returns up to `limit` rows of a table in ascending order of the key, beginning after the row `after`.
    pub fn page(
        &self,
        table: &Table,
        after: Option<&Record>,
        limit: usize,
    ) -> std::result::Result<Vec<Record>, FactsError> {
        let column = |name: &str| if name == "user_id" { "user".to_owned() } else { name.to_owned() };
        let columns: Vec<String> = table.columns.iter().map(|(name, _)| column(name)).collect();
        let key = columns[..table.key].join(", ");
        let values: Vec<&Cell> = after.map(|after| table.key_of(after).iter().collect()).unwrap_or_default();
        let after = match values.len() {
            0 => String::new(),
            count => format!("WHERE ({key}) > ({})", vec!["?"; count].join(", ")),
        };
        let (columns, name) = (columns.join(", "), table.name);
        let sql = format!("SELECT {columns} FROM {name} {after} ORDER BY {key} LIMIT {limit}");
        let read = || {
            let mut statement = self.connection.prepare_cached(&sql)?;
            let values = values.iter().map(|cell| Bound(cell));
            let rows = statement.query_map(params_from_iter(values), |row| record(row, table))?;
            rows.collect::<Result<Vec<_>>>()
        };
        read().map_err(failed)
    }

    /// Returns the highest `id` that a row of a [numbered](Table::is_numbered) table has ever had; 0 if the table has
    /// never had a row.
    pub fn last_id(&self, table: &Table) -> std::result::Result<i64, FactsError> {
        let sql = format!(
            "SELECT max(coalesce((SELECT max(id) FROM {0}), 0),
                        coalesce((SELECT seq FROM sqlite_sequence WHERE name = '{0}'), 0))",
            table.name
        );
        self.connection.query_row(&sql, (), |row| row.get(0)).map_err(failed)
    }

    /// Returns the highest number that was given to a login or an account. Both are numbered in one sequence.
    pub fn last_number(&self) -> std::result::Result<i64, FactsError> {
        self.connection.query_row("SELECT last FROM numbers", (), |row| row.get(0)).map_err(failed)
    }

    /// Returns the mark of the facts.
    pub fn mark(&self) -> std::result::Result<FactsMark, FactsError> {
        let mark = |row: &Row<'_>| {
            let (history, count): (i64, i64) = (row.get(0)?, row.get(1)?);
            Ok(FactsMark { history: history.cast_unsigned(), count: count.cast_unsigned() })
        };
        self.connection.query_row("SELECT history, count FROM mark", (), mark).map_err(failed)
    }
}

fn failed(error: rusqlite::Error) -> FactsError {
    fault::of_sqlite(READING, Arc::new(error))
}

fn record(row: &Row<'_>, table: &Table) -> Result<Record> {
    let kinds = table.columns.iter().map(|(_, kind)| kind).enumerate();
    kinds
        .map(|(column, kind)| match (row.get_ref(column)?, kind) {
            (ValueRef::Null, _) => Ok(Cell::Null),
            (_, Kind::Number | Kind::Flag) => row.get(column).map(Cell::Number),
            (_, Kind::Id | Kind::Text | Kind::Json) => row.get(column).map(Cell::Text),
            (_, Kind::Numbers) => {
                // The other store's numbers end there.
                let numbers: Vec<u64> = json(row, column)?;
                Ok(Cell::Numbers(numbers.into_iter().map(|n| i64::try_from(n).unwrap_or(i64::MAX)).collect()))
            }
        })
        .collect()
}

/// A cell of a key, as a parameter of a statement.
struct Bound<'a>(&'a Cell);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Cell::Null | Cell::Numbers(_) => ToSqlOutput::Borrowed(ValueRef::Null),
            Cell::Number(number) => ToSqlOutput::from(*number),
            Cell::Text(text) => ToSqlOutput::from(text.as_str()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SqliteFacts;
    use lamplight_facts::transfer::TABLES;
    use std::collections::BTreeSet;

    /// Checks that all tables of the schema are copied, with all of their columns.
    #[test]
    fn every_table_and_column_is_copied() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("facts.db");
        drop(SqliteFacts::open(&path).unwrap());
        let source = Source::open(&path).unwrap();
        let sql = "SELECT s.name || '.' || replace(c.name, 'user', 'user_id') FROM sqlite_schema AS s, pragma_table_info(s.name) AS c
                   WHERE s.type = 'table' AND s.name NOT LIKE 'sqlite_%' AND s.name NOT IN ('numbers', 'mark', 'lane_leases', 'recorder_terms', 'console_documents')";
        let mut statement = source.connection.prepare(sql).unwrap();
        let found = statement.query_map((), |row| row.get::<_, String>(0)).unwrap();
        let found: BTreeSet<String> = found.map(|name| name.unwrap()).collect();
        let columns =
            |table: &'static Table| table.columns.iter().map(|(name, _)| format!("{}.{name}", table.name));
        assert_eq!(TABLES.iter().flat_map(columns).collect::<BTreeSet<_>>(), found);
        for table in TABLES {
            let page = source.page(table, None, 10).unwrap();
            assert_eq!((source.count(table).unwrap(), page.len()), (0, 0));
            if table.is_numbered {
                assert_eq!(source.last_id(table).unwrap(), 0);
            }
        }
    }

    #[test]
    fn an_older_file_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("facts.db");
        drop(SqliteFacts::open(&path).unwrap());
        let older = SCHEMA_VERSION - 1;
        Connection::open(&path).unwrap().pragma_update(None, "user_version", older).unwrap();
        let before = std::fs::read(&path).unwrap();
        let error = Source::open(&path).err().unwrap();
        let expected = OlderSchema { found: older, known: SCHEMA_VERSION };
        assert_eq!(error.source.unwrap().downcast_ref(), Some(&expected));
        assert!(std::fs::read(&path).unwrap() == before);
        assert!(Source::open(&folder.path().join("missing")).is_err());
        assert!(!folder.path().join("missing").exists());
    }
}
