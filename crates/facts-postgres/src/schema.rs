//! Creates and migrates the schema. Several nodes may do this at the same time. This module does not know what the
//! migrations do.

use crate::fault::{Fault, NewerSchema, NotFacts, OlderSchema};
use crate::store::Store;
use deadpool_postgres::GenericClient;
use lamplight_facts::{FactsError, FactsErrorKind};

/// The version of the schema that this program uses: the number of migrations.
pub const SCHEMA_VERSION: u32 = MIGRATIONS.len() as u32;

/// The migrations. The migration at index `n` changes schema version `n` to `n + 1`. A released migration is never
/// changed.
///
/// Nodes of the previous release use the new schema until they are replaced. A migration therefore keeps what those
/// nodes need. For example, a function whose arguments or result change gets a new name.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_tables.sql"),
    include_str!("../migrations/0002_accounts.sql"),
    include_str!("../migrations/0003_lists.sql"),
    include_str!("../migrations/0004_outbox.sql"),
    include_str!("../migrations/0005_lane_leases.sql"),
    include_str!("../migrations/0006_console.sql"),
    include_str!("../migrations/0007_recorder_terms.sql"),
    include_str!("../migrations/0008_history_of_a_cluster.sql"),
    include_str!("../migrations/0009_figures_of_nodes.sql"),
    include_str!("../migrations/0010_visibility.sql"),
    include_str!("../migrations/0011_hidden_recipients.sql"),
    include_str!("../migrations/0012_away_logins.sql"),
];

/// The number of the advisory lock for migrations: the letters "Lamp". Other locks of this crate have other numbers.
const LOCK: i64 = 0x4c61_6d70;

pub(crate) const OPENING: &str = "opening the database in PostgreSQL";

/// Creates or migrates the tables. If several nodes call this at once, one migrates and the others wait.
pub(crate) async fn migrate(store: &Store) -> Result<(), FactsError> {
    let mut connection = store.connection(OPENING).await?;
    if version(&connection).await? == SCHEMA_VERSION {
        return Ok(());
    }
    let failed = |error: tokio_postgres::Error| Fault::from(error).of(OPENING);
    let transaction = connection.transaction().await.map_err(failed)?;
    // A migration may rewrite much data, or wait for another node that migrates. The time limits therefore do not apply
    // to this transaction.
    transaction
        .batch_execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
        .await
        .map_err(failed)?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await.map_err(failed)?;
    // Another node may have been faster.
    let found = version(&transaction).await?;
    for migration in MIGRATIONS.iter().skip(found as usize) {
        transaction.batch_execute(migration).await.map_err(failed)?;
    }
    let sql = "CREATE TABLE IF NOT EXISTS lamplight_schema (version bigint NOT NULL);
               DELETE FROM lamplight_schema";
    transaction.batch_execute(sql).await.map_err(failed)?;
    let sql = "INSERT INTO lamplight_schema (version) VALUES ($1)";
    transaction.execute(sql, &[&i64::from(SCHEMA_VERSION)]).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    tracing::info!(from = found, to = SCHEMA_VERSION, "the schema of the database was migrated");
    Ok(())
}

/// Fails if the schema of the database is not exactly that of this program.
pub(crate) async fn check(store: &Store) -> Result<(), FactsError> {
    let connection = store.connection(OPENING).await?;
    match version(&connection).await? {
        SCHEMA_VERSION => Ok(()),
        found => Err(crate::fault::unavailable(OPENING, OlderSchema { found, known: SCHEMA_VERSION })),
    }
}

/// Fails if the database is not for this program, or if the user lacks a right that a node needs. Changes nothing.
/// Returns whether there are apps.
pub(crate) async fn examine(store: &Store) -> Result<bool, FactsError> {
    let mut connection = store.connection(OPENING).await?;
    let has_tables = version(&connection).await? > 0;
    let tried = async {
        let transaction = connection.transaction().await?;
        for (doing, sql) in TRIALS {
            let done = transaction.batch_execute(sql).await;
            done.map_err(|error| Fault::from(error).of(doing)).map_err(Tried::Failed)?;
        }
        transaction.rollback().await?;
        let apps = match has_tables {
            true => connection.query_opt("SELECT FROM apps LIMIT 1", &[]).await?,
            false => None,
        };
        Ok(apps.is_some())
    };
    match tried.await {
        Ok(has_apps) => Ok(has_apps),
        Err(Tried::Failed(error)) => Err(error),
        Err(Tried::Lost(error)) => Err(Fault::from(error).of(OPENING)),
    }
}

/// The error of a failed test of rights: `Failed` if a trial statement has failed, `Lost` if another statement has
/// failed.
enum Tried {
    Failed(FactsError),
    Lost(tokio_postgres::Error),
}

impl From<tokio_postgres::Error> for Tried {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Lost(error)
    }
}

/// Statements that try the rights of a node, each with a description. They run in a transaction that is rolled back,
/// and wait for no lock of a node.
const TRIALS: [(&str, &str); 4] = [
    (
        "trying to create a table",
        "CREATE TABLE lamplight_trial (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY); CREATE SEQUENCE lamplight_trials",
    ),
    (
        "trying to create a function",
        "CREATE FUNCTION lamplight_trial() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
         SELECT lamplight_trial()",
    ),
    (
        "trying to take advisory locks",
        "SELECT pg_advisory_xact_lock(76114, pg_backend_pid()), pg_advisory_lock_shared(76114, pg_backend_pid()),
                pg_advisory_unlock_shared(76114, pg_backend_pid()), (SELECT count(*) FROM pg_locks)",
    ),
    (
        "trying to use the tables",
        "DO $$
         DECLARE _table regclass;
         BEGIN
             FOR _table IN SELECT oid FROM pg_class
                 WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname <> 'lamplight_trial'
             LOOP
                 EXECUTE format('SELECT FROM %s LIMIT 0', _table);
                 IF NOT (has_table_privilege(_table, 'INSERT') AND has_table_privilege(_table, 'UPDATE')
                         AND has_table_privilege(_table, 'DELETE')) THEN
                     RAISE EXCEPTION 'permission denied for table %', _table USING ERRCODE = '42501';
                 END IF;
             END LOOP;
         END $$",
    ),
];

/// The schema version of the database; 0 for an empty database. Fails if the database does not belong to this program.
async fn version(client: &impl GenericClient) -> Result<u32, FactsError> {
    let failed = |error: tokio_postgres::Error| Fault::from(error).of(OPENING);
    let sql = "SELECT to_regclass('lamplight_schema') IS NOT NULL,
                      EXISTS (SELECT FROM pg_class WHERE relnamespace = current_schema()::regnamespace
                              AND relkind IN ('r', 'p', 'v', 'm'))";
    let header = client.query_one(sql, &[]).await.map_err(failed)?;
    let (is_ours, is_used): (bool, bool) = (header.get(0), header.get(1));
    if !is_ours && is_used {
        return Err(FactsError {
            kind: FactsErrorKind::Corrupt,
            doing: OPENING,
            source: Some(NotFacts.into()),
        });
    }
    if !is_ours {
        return Ok(0);
    }
    let found = client.query_opt("SELECT version FROM lamplight_schema", &[]).await.map_err(failed)?;
    let found = found.and_then(|row| u32::try_from(row.get::<_, i64>(0)).ok()).unwrap_or(0);
    if found > SCHEMA_VERSION {
        let newer = NewerSchema { found, known: SCHEMA_VERSION };
        return Err(crate::fault::unavailable(OPENING, newer));
    }
    Ok(found)
}
