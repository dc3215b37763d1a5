//! [`Facts`](lamplight_facts::Facts) in PostgreSQL, which several nodes can share.
//!
//! A call that writes is one call of a function of the database (`migrations/`): one round trip and one transaction, which
//! is completed even if its caller is gone. Calls that need a rule of Lamplight in their middle (replacing an app, storing
//! notices, pushing missed messages) are transactions of several round trips.
//!
//! This crate makes no decisions: it knows no rules, and does not check that an app exists.

mod accounts;
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

pub use fault::{Cause, NewerSchema, NoAnswer, NotFacts, cause};
pub use schema::SCHEMA_VERSION;
pub use server::{MIN_VERSION, Server, UnfitServer};
pub use settings::{InvalidUrl, PostgresSettings, PostgresUrl};
pub use store::Stats;
pub use target::{NotEmpty, Target};

use lamplight_facts::FactsError;
use mark::Marked;
use store::Store;

/// The tests' server names this crate as the tests outside of it do.
#[cfg(test)]
extern crate self as lamplight_facts_postgres;

#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod common;

#[cfg(test)]
mod plans;

/// Facts in PostgreSQL.
///
/// A call does nothing until its future is polled. When the future is dropped after that, it is not known whether a write
/// happened; it happened whole or not at all. Calls at the same time have no order. A read sees every write that was
/// acknowledged before it, whichever node made it. A write that fails with `Unavailable` may or may not be found later: its
/// commit may have failed after the disk took it. Of one that fails with `Overloaded`, nothing is found.
///
/// Two transactions that wait for each other are no fault: PostgreSQL ends one, and it is run again here.
pub struct PostgresFacts {
    store: Store,
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
    /// Connects, and makes the tables in an empty database or brings older ones up to date.
    ///
    /// The source of the error is [`NewerSchema`] or [`NotFacts`] when the database is not for this program; such a
    /// database is left as it was.
    pub async fn open(settings: &PostgresSettings) -> Result<Self, FactsError> {
        let store = Store::new(settings)?;
        let server = server::examine(&store).await?;
        server.check()?;
        schema::migrate(&store).await?;
        tracing::info!(schema = SCHEMA_VERSION, version = server.version_text(), "the database is open");
        Ok(Self { store, marked: Marked::default() })
    }

    /// Examines a server and its database, and changes nothing. Fails if [`PostgresFacts::open`] would refuse them.
    pub async fn examine(settings: &PostgresSettings) -> Result<Server, FactsError> {
        let store = Store::new(settings)?;
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

    /// The cause for which the last call that ended failed, if it did because PostgreSQL could not be used.
    pub fn failing(&self) -> Option<Cause> {
        self.store.failing()
    }

    /// The current state of the pool.
    pub fn pool_state(&self) -> PoolState {
        let (connections, free, waiting) = self.store.state();
        PoolState { connections, free, waiting }
    }

    /// Asks PostgreSQL for a transaction number: succeeds where a write would, and changes nothing.
    pub async fn probe(&self) -> Result<(), FactsError> {
        self.store.write_beside("probing the store", "SELECT pg_current_xact_id()", &[]).await.map(drop)
    }

    /// Refuses calls from now on, and closes each connection when its call has ended.
    pub fn close(&self) {
        self.store.close();
    }
}
