//! [`Facts`](lamplight_facts::Facts) in PostgreSQL, which several nodes can share.
//!
//! Most writes are one call of a database function (`migrations/`), in one round trip and one transaction. The call is
//! completed even if its future is dropped. Calls that need a rule of Lamplight between two statements are transactions
//! of several round trips: replacing an app, storing notices, pushing missed messages.
//!
//! This crate contains no rules, and does not check that an app exists.

mod accounts;
mod alone;
mod conversations;
mod fault;
mod friends;
mod lists;
mod lists_state;
mod mark;
mod messages;
mod operations;
mod outbox;
mod profiles;
mod rows;
mod schema;
mod server;
mod settings;
mod store;
mod target;
mod tls;
mod users;

pub use alone::InUse;
pub use fault::{Cause, NewerSchema, NoAnswer, NotFacts, cause};
pub use schema::SCHEMA_VERSION;
pub use server::{MIN_VERSION, Server, UnfitServer};
pub use settings::{InvalidUrl, PostgresSettings, PostgresUrl};
pub use store::Stats;
pub use target::{NotEmpty, Target};

use lamplight_facts::FactsError;
use mark::Marked;
use std::time::Duration;
use store::Store;
use users::DatabaseUser;

/// The name of this crate in the module `common`. Tests outside of this crate use that module too, so it needs a name
/// that is valid in both places.
#[cfg(test)]
extern crate self as lamplight_facts_postgres;

#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod common;

#[cfg(test)]
mod plans;

/// The facts in a PostgreSQL database.
///
/// A call does nothing until its future is polled. If the future is dropped after that, a write is executed completely
/// or not at all. Concurrent calls have no order. A read sees every write that was acknowledged before it, by any node.
///
/// A write that fails with `Unavailable` may still be stored, because its commit may have failed after the data was on
/// disk. A write that fails with `Overloaded` is not stored.
///
/// If two transactions wait for each other, PostgreSQL ends one of them, and it is repeated here.
pub struct PostgresFacts {
    store: Store,
    user: DatabaseUser,
    marked: Marked,
}

/// The state of the pool of connections.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PoolState {
    /// The number of connections.
    pub connections: usize,
    /// The number of connections that no call uses.
    pub free: usize,
    /// The number of calls that wait for a connection.
    pub waiting: usize,
}

impl PostgresFacts {
    /// Connects to the database. Creates the tables if it is empty, and migrates older tables.
    ///
    /// If the database is not for this program, it is not changed, and the source of the error is [`NewerSchema`] or
    /// [`NotFacts`].
    pub async fn open(settings: &PostgresSettings) -> Result<Self, FactsError> {
        let user = DatabaseUser::new();
        let store = Store::new(settings, Some(user))?;
        let server = server::examine(&store).await?;
        server.check()?;
        schema::migrate(&store).await?;
        tracing::info!(schema = SCHEMA_VERSION, version = server.version_text(), "the database is open");
        Ok(Self { store, user, marked: Marked::default() })
    }

    /// Fails, with [`InUse`] as the source of the error, if another program uses the database and does not end within
    /// `patience`. If two programs call this at the same time, both may be refused.
    pub async fn check_alone(&self, patience: Duration) -> Result<(), FactsError> {
        alone::check_alone(self.user, &self.store, patience).await
    }

    /// Examines a server and its database, and changes nothing. Fails if [`PostgresFacts::open`] would refuse them.
    pub async fn examine(settings: &PostgresSettings) -> Result<Server, FactsError> {
        let store = Store::new(settings, None)?;
        let server = server::examine(&store).await?;
        server.check()?;
        schema::examine(&store).await?;
        store.close();
        Ok(server)
    }

    /// The counts of the calls since the start.
    pub fn stats(&self) -> Stats {
        self.store.stats()
    }

    /// The cause of the failure of the last call that ended. `None` if that call did not fail because of PostgreSQL.
    pub fn failing(&self) -> Option<Cause> {
        self.store.failing()
    }

    /// The current state of the pool.
    pub fn pool_state(&self) -> PoolState {
        let (connections, free, waiting) = self.store.state();
        PoolState { connections, free, waiting }
    }

    /// Requests a transaction number, which changes no data. It succeeds if other writes would succeed.
    pub async fn probe(&self) -> Result<(), FactsError> {
        self.store.write_beside("probing the store", "SELECT pg_current_xact_id()", &[]).await.map(drop)
    }

    /// Refuses calls from now on, and closes each connection when its call has ended.
    pub fn close(&self) {
        self.store.close();
    }
}
