//! Detects whether other programs use the database, by their advisory locks.

use crate::fault::{Fault, unavailable};
use crate::rows::get;
use crate::schema::OPENING;
use crate::store::Store;
use crate::users::{DatabaseUser, LOCKS};
use lamplight_facts::FactsError;
use std::time::Duration;

/// The time between two checks of the locks of other programs.
const PAUSE: Duration = Duration::from_millis(200);

/// Another program uses the database.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "another server or command of Lamplight uses the database: stop it first, because two servers would not see each \
     other's connections; if its machine was lost, PostgreSQL notices within a minute"
)]
pub struct InUse;

/// Fails with [`InUse`] if other programs use the database for longer than `patience`. A connection of this program
/// must be open. If two programs begin at the same time, at least one of them is then refused.
pub(crate) async fn check_alone(
    user: DatabaseUser,
    store: &Store,
    patience: Duration,
) -> Result<(), FactsError> {
    let mut waited = Duration::ZERO;
    while has_others(user, store).await? {
        if waited >= patience {
            return Err(unavailable(OPENING, InUse));
        }
        tokio::time::sleep(PAUSE).await;
        waited += PAUSE;
    }
    Ok(())
}

async fn has_others(user: DatabaseUser, store: &Store) -> Result<bool, FactsError> {
    let connection = store.connection(OPENING).await?;
    let sql = "SELECT EXISTS (
                   SELECT FROM pg_locks
                   WHERE locktype = 'advisory' AND classid = $1::int4::oid AND objsubid = 2
                         AND objid <> $2::int4::oid AND granted
                         AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))";
    let read = async { get(&connection.query_one(sql, &[&LOCKS, &user.0]).await?, 0) };
    read.await.map_err(|fault: Fault| fault.of(OPENING))
}
