//! Detects whether other programs use the database. Each program marks the database as used with an advisory lock of
//! PostgreSQL.

use crate::fault::{Fault, unavailable};
use crate::rows::get;
use crate::schema::OPENING;
use crate::store::Store;
use lamplight_facts::FactsError;
use std::time::Duration;

/// The first number of the advisory locks by which programs mark a database as used.
const LOCKS: i32 = 76_110;
/// The time between two checks of the locks of other programs.
const PAUSE: Duration = Duration::from_millis(200);

/// A program that uses a database: a server, or a command that changes facts while no server runs. Each of its
/// connections has a shared advisory lock with this number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct DatabaseUser(i32);

/// Another program uses the database.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "another server or command of Lamplight uses the database: stop it first, because two servers would not see each \
     other's connections; if its machine was lost, PostgreSQL notices within a minute"
)]
pub struct InUse;

impl DatabaseUser {
    /// Creates the value for this program, with a random number.
    pub(crate) fn new() -> Self {
        Self(rand::random::<i32>() & i32::MAX)
    }

    /// The two arguments of the lock.
    pub(crate) fn lock(self) -> String {
        format!("{LOCKS}, {}", self.0)
    }

    /// Fails with [`InUse`] if other programs use the database for longer than `patience`. A connection of this program
    /// must be open. If two programs begin at the same time, at least one of them is then refused.
    pub(crate) async fn check_alone(self, store: &Store, patience: Duration) -> Result<(), FactsError> {
        let mut waited = Duration::ZERO;
        while self.has_others(store).await? {
            if waited >= patience {
                return Err(unavailable(OPENING, InUse));
            }
            tokio::time::sleep(PAUSE).await;
            waited += PAUSE;
        }
        Ok(())
    }

    async fn has_others(self, store: &Store) -> Result<bool, FactsError> {
        let connection = store.connection(OPENING).await?;
        let sql = "SELECT EXISTS (
                       SELECT FROM pg_locks
                       WHERE locktype = 'advisory' AND classid = $1::int4::oid AND objsubid = 2
                             AND objid <> $2::int4::oid AND granted
                             AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))";
        let read = async { get(&connection.query_one(sql, &[&LOCKS, &self.0]).await?, 0) };
        read.await.map_err(|fault: Fault| fault.of(OPENING))
    }
}
