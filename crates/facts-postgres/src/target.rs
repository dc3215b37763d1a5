//! Copies all facts of another store into an empty database, in one transaction. The database stays empty until the
//! copy is complete.

use crate::admission::Admission;
use crate::claim::Claim;
use crate::connecting::Connecting;
use crate::fault::{Fault, unavailable};
use crate::guard::Guard;
use crate::rows::{Result, count, get, number, only, utf8};
use crate::store::Store;
use crate::{PostgresSettings, schema, server};
use deadpool_postgres::{GenericClient, Object};
use lamplight_facts::FactsError;
use lamplight_facts::transfer::{Cell, Kind, Record, TABLES, Table};
use lamplight_model::FactsMark;
use std::pin::pin;
use std::sync::Arc;
use tokio_postgres::Row;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};

/// The error of a database that already has facts.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "the database already has facts (the table {table} is not empty); facts can only be copied into an empty database: \
     create another one"
)]
pub struct NotEmpty {
    /// A table that has rows.
    pub table: &'static str,
}

/// A database into which facts are copied. If the value is dropped before [`Target::commit`], the database stays empty.
pub struct Target {
    store: Store,
    /// The claim to the database.
    _guard: Guard,
    /// The connection; `None` only while the value is being dropped.
    connection: Option<Object>,
}

const COPYING: &str = "copying facts into PostgreSQL";

impl Target {
    /// Opens a database, claims it for this program alone, and creates its tables. Other programs cannot write to it
    /// until the copy has ended.
    pub async fn open(settings: &PostgresSettings) -> std::result::Result<Self, FactsError> {
        server::visit(settings).await?;
        let admission = Arc::new(Admission::new(Claim::new(None)));
        let connecting = Connecting::new(settings).map_err(|error| unavailable(COPYING, error))?;
        let guard = Guard::start(connecting, Arc::clone(&admission), settings.patience, COPYING).await?;
        let store = Store::new(settings, admission)?;
        schema::migrate(&store).await?;
        let connection = store.connection(COPYING).await?;
        let target = Self { store, _guard: guard, connection: Some(connection) };
        let tables: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
        let sql = format!(
            "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;
             LOCK TABLE {}, mark IN SHARE ROW EXCLUSIVE MODE",
            tables.join(", ")
        );
        target.client().batch_execute(&sql).await.map_err(failed)?;
        for table in TABLES {
            let sql = format!("SELECT EXISTS (SELECT FROM {})", table.name);
            let row = target.client().query_one(&sql, &[]).await.map_err(failed)?;
            if get(&row, 0).map_err(|fault| fault.of(COPYING))? {
                return Err(unavailable(COPYING, NotEmpty { table: table.name }));
            }
        }
        Ok(target)
    }

    fn client(&self) -> &Object {
        self.connection.as_ref().expect("only the drop takes it")
    }

    /// Inserts rows into a table.
    pub async fn insert(&self, table: &Table, records: &[Record]) -> std::result::Result<(), FactsError> {
        self.try_insert(table, records).await.map_err(|fault| fault.of(COPYING))
    }

    async fn try_insert(&self, table: &Table, records: &[Record]) -> Result<()> {
        let mut columns: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
        let mut types: Vec<Type> = table.columns.iter().map(|(_, kind)| type_of(*kind)).collect();
        if has_slots(table) {
            columns.push("slot");
            types.push(Type::INT8);
        }
        let sql = format!("COPY {} ({}) FROM STDIN BINARY", table.name, columns.join(", "));
        let sink = self.client().copy_in(&sql).await?;
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
        for record in records {
            let mut values: Vec<Value<'_>> = table
                .columns
                .iter()
                .zip(record)
                .enumerate()
                .map(|(column, ((_, kind), cell))| value_of(*kind, cell, column))
                .collect::<Result<_>>()?;
            if has_slots(table) {
                values.push(Box::new(0_i64));
            }
            let values: Vec<&(dyn ToSql + Sync)> =
                values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect();
            writer.as_mut().write(&values).await?;
        }
        writer.finish().await?;
        Ok(())
    }

    /// The number of rows of a table.
    pub async fn count(&self, table: &Table) -> std::result::Result<u64, FactsError> {
        let sql = format!("SELECT count(*) FROM {}", table.name);
        let rows = self.client().query(&sql, &[]).await.map_err(failed)?;
        only(&rows).and_then(|row| count(row, 0)).map_err(|fault| fault.of(COPYING))
    }

    /// Up to `limit` rows of a table in ascending order of the key, beginning after the row `after`.
    pub async fn page(
        &self,
        table: &Table,
        after: Option<&Record>,
        limit: usize,
    ) -> std::result::Result<Vec<Record>, FactsError> {
        self.try_page(table, after, limit).await.map_err(|fault| fault.of(COPYING))
    }

    async fn try_page(&self, table: &Table, after: Option<&Record>, limit: usize) -> Result<Vec<Record>> {
        let columns: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
        let key = columns[..table.key].join(", ");
        let limit = number(limit);
        let mut values: Vec<Value<'_>> = vec![Box::new(limit)];
        let mut condition = String::new();
        if let Some(after) = after {
            for (column, ((_, kind), cell)) in table.columns.iter().zip(table.key_of(after)).enumerate() {
                values.push(value_of(*kind, cell, column)?);
            }
            let places: Vec<String> = (2..=values.len()).map(|place| format!("${place}")).collect();
            condition = format!("WHERE ({key}) > ({})", places.join(", "));
        }
        let (columns, name) = (columns.join(", "), table.name);
        let sql = format!("SELECT {columns} FROM {name} {condition} ORDER BY {key} LIMIT $1");
        let statement = self.client().prepare_cached(&sql).await?;
        let values: Vec<&(dyn ToSql + Sync)> =
            values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect();
        let rows = self.client().query(&statement, &values).await?;
        rows.iter().map(|row| record(row, table)).collect()
    }

    /// Sets the last id of a table, so that new rows get higher ids than any earlier row.
    pub async fn set_last_id(&self, table: &Table, last: i64) -> std::result::Result<(), FactsError> {
        let sql = "SELECT setval(pg_get_serial_sequence($1, 'id'), greatest($2::bigint, 1), $2::bigint > 0)";
        self.client().query_one(sql, &[&table.name, &last]).await.map(drop).map_err(failed)
    }

    /// Sets the last number of logins and accounts, so that new logins and accounts get higher numbers.
    pub async fn set_last_number(&self, last: i64) -> std::result::Result<(), FactsError> {
        let sql = "SELECT setval('numbers', greatest($1::bigint, 1), $1::bigint > 0)";
        self.client().query_one(sql, &[&last]).await.map(drop).map_err(failed)
    }

    /// Sets the mark. The live records contain the mark of the facts to which they belong.
    pub async fn set_mark(&self, mark: FactsMark) -> std::result::Result<(), FactsError> {
        let sql = "UPDATE mark SET history = $1, count = $2, cluster = NULL";
        let (history, count) = (mark.history.cast_signed(), mark.count.cast_signed());
        self.client().execute(sql, &[&history, &count]).await.map(drop).map_err(failed)
    }

    /// Commits the copy. Until then, no other connection sees it.
    pub async fn commit(self) -> std::result::Result<(), FactsError> {
        self.client().batch_execute("COMMIT").await.map_err(failed)?;
        // Without `ANALYZE`, the first calls would be planned for empty tables. If `ANALYZE` fails, PostgreSQL runs it
        // later by itself.
        let _ = self.client().batch_execute("SET statement_timeout = 0; ANALYZE").await;
        Ok(())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // A connection with an open transaction must not be used again. When it is closed, PostgreSQL rolls the
        // transaction back.
        if let Some(connection) = self.connection.take() {
            drop(Object::take(connection));
        }
        self.store.close();
    }
}

fn failed(error: tokio_postgres::Error) -> FactsError {
    Fault::from(error).of(COPYING)
}

/// Whether the rows of the table have a column `slot`, over which the counts of a lane are spread. A copy uses one
/// slot.
fn has_slots(table: &Table) -> bool {
    table.name == "lanes"
}

fn type_of(kind: Kind) -> Type {
    match kind {
        Kind::Number => Type::INT8,
        Kind::Flag => Type::BOOL,
        Kind::Id | Kind::Json => Type::TEXT,
        Kind::Text => Type::BYTEA,
        Kind::Numbers => Type::INT8_ARRAY,
    }
}

type Value<'a> = Box<dyn ToSql + Sync + Send + 'a>;

fn value_of(kind: Kind, cell: &Cell, column: usize) -> Result<Value<'_>> {
    Ok(match (kind, cell) {
        (Kind::Number, Cell::Null) => Box::new(None::<i64>),
        (Kind::Id | Kind::Json, Cell::Null) => Box::new(None::<&str>),
        (Kind::Text, Cell::Null) => Box::new(None::<&[u8]>),
        (Kind::Number, Cell::Number(number)) => Box::new(*number),
        (Kind::Flag, Cell::Number(flag @ (0 | 1))) => Box::new(*flag == 1),
        (Kind::Id | Kind::Json, Cell::Text(text)) => Box::new(text.as_str()),
        (Kind::Text, Cell::Text(text)) => Box::new(text.as_bytes()),
        (Kind::Numbers, Cell::Numbers(numbers)) => Box::new(numbers.as_slice()),
        (Kind::Number | Kind::Flag | Kind::Id | Kind::Text | Kind::Json | Kind::Numbers, _) => {
            return Err(Fault::unreadable(column, format!("{cell:?} is not of the kind {kind:?}")));
        }
    })
}

fn record(row: &Row, table: &Table) -> Result<Record> {
    let kinds = table.columns.iter().map(|(_, kind)| *kind).enumerate();
    kinds
        .map(|(column, kind)| {
            Ok(match kind {
                Kind::Number => get::<Option<i64>>(row, column)?.map_or(Cell::Null, Cell::Number),
                Kind::Flag => Cell::Number(i64::from(get::<bool>(row, column)?)),
                Kind::Id | Kind::Json => get::<Option<String>>(row, column)?.map_or(Cell::Null, Cell::Text),
                Kind::Text => match get::<Option<&[u8]>>(row, column)? {
                    None => Cell::Null,
                    Some(bytes) => Cell::Text(utf8(bytes, column)?),
                },
                Kind::Numbers => Cell::Numbers(get(row, column)?),
            })
        })
        .collect()
}
