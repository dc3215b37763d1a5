//! [`Facts`](lamplight_facts::Facts) in PostgreSQL: what the nodes of a cluster share.
//!
//! A call that writes is one call of a function of the database (`migrations/`): one round trip and one transaction, which
//! ends whole even when nobody waits for it any longer. The three that need a rule of Lamplight's in their middle
//! (replacing an app, taking notices in, pushing what was missed) are transactions of some round trips.
//!
//! Nothing here decides anything: no rule, no status, no check of an app is known.

mod accounts;
mod conversations;
mod fault;
mod friends;
mod lists;
mod messages;
mod operations;
mod outbox;
mod profiles;
mod rows;
mod schema;
mod settings;
mod store;
mod tls;

pub use fault::{NewerSchema, NoAnswer, NotFacts};
pub use schema::SCHEMA_VERSION;
pub use settings::PostgresSettings;

use lamplight_facts::FactsError;
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
}

/// The state of the pool of connections.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PoolState {
    /// Connections.
    pub connections: usize,
    /// Connections that no call uses.
    pub free: usize,
    /// Calls that wait for a connection.
    pub waiting: usize,
}

impl PostgresFacts {
    /// Connects, and makes the tables in an empty database or brings older ones up to date.
    ///
    /// The source of the error is [`NewerSchema`] or [`NotFacts`] when the database is not for this program; such a
    /// database is left as it was.
    pub async fn open(settings: &PostgresSettings) -> Result<Self, FactsError> {
        let store = Store::new(settings)?;
        schema::migrate(&store).await?;
        tracing::info!(schema = SCHEMA_VERSION, "facts are open");
        Ok(Self { store })
    }

    /// How the pool does at the moment.
    pub fn pool_state(&self) -> PoolState {
        let (connections, free, waiting) = self.store.state();
        PoolState { connections, free, waiting }
    }

    /// Asks PostgreSQL for a transaction number: succeeds where a write would, and changes nothing.
    pub async fn probe(&self) -> Result<(), FactsError> {
        self.store.write("probing the store", "SELECT pg_current_xact_id()", &[]).await.map(drop)
    }

    /// Refuses calls from now on, and closes each connection when its call has ended.
    pub fn close(&self) {
        self.store.close();
    }
}
