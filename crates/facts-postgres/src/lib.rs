//! [`Facts`](lamplight_facts::Facts) in PostgreSQL, which several nodes can share.
//!
//! Most writes are one call of a database function (`migrations/`), in one round trip and one transaction. The call is
//! completed even if its future is dropped. Calls that need a rule of Lamplight between two statements are transactions
//! of several round trips: replacing an app, storing notices, pushing missed messages.
//!
//! This crate contains no rules, and does not check that an app exists.

mod accounts;
mod admission;
mod claim;
mod connecting;
mod conversations;
mod fault;
mod friends;
mod guard;
mod lists;
mod lists_state;
mod mark;
mod messages;
mod operations;
mod outage;
mod outbox;
mod profiles;
mod rows;
mod schema;
mod server;
mod settings;
mod slots;
mod store;
mod target;
mod tls;

pub use claim::{ClusterIdentity, InUse};
pub use fault::{Cause, NewerSchema, NoAnswer, NotFacts, cause};
pub use schema::SCHEMA_VERSION;
pub use server::{MIN_VERSION, Server, UnfitServer};
pub use settings::{InvalidUrl, PostgresSettings, PostgresUrl};
pub use store::Stats;
pub use target::{NotEmpty, Target};

use admission::Admission;
use claim::Claim;
use connecting::Connecting;
use guard::Guard;
use lamplight_facts::FactsError;
use mark::Marked;
use parking_lot::Mutex;
use std::sync::Arc;
use store::Store;

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
    marked: Marked,
    /// The connection that claims the database; `None` after [`PostgresFacts::close`].
    guard: Mutex<Option<Guard>>,
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
    /// The database is claimed until this value is closed or dropped: by this program alone, or by the nodes of a
    /// cluster ([`PostgresSettings::sharing`]). While other programs have another claim, this fails with
    /// [`Cause::InUse`]. If the claim is lost while PostgreSQL is away and others have claimed the database meanwhile,
    /// every call fails with that cause, until they have ended.
    ///
    /// If the database is not for this program, it is not changed, and the source of the error is [`NewerSchema`] or
    /// [`NotFacts`].
    pub async fn open(settings: &PostgresSettings) -> Result<Self, FactsError> {
        let server = server::visit(settings).await?;
        let admission = Arc::new(Admission::new(Claim::new(settings.sharing)));
        let connecting =
            Connecting::new(settings).map_err(|error| fault::unavailable(schema::OPENING, error))?;
        let guard =
            Guard::start(connecting, Arc::clone(&admission), settings.patience, schema::OPENING).await?;
        let store = Store::new(settings, admission)?;
        schema::migrate(&store).await?;
        tracing::info!(schema = SCHEMA_VERSION, version = server.version_text(), "the database is open");
        Ok(Self { store, marked: Marked::default(), guard: Mutex::new(Some(guard)) })
    }

    /// Examines a server and its database, and changes nothing. Fails if [`PostgresFacts::open`] would refuse them, or if
    /// the user of the URL lacks a right that a node needs. Other programs may use the database at the same time.
    pub async fn examine(settings: &PostgresSettings) -> Result<Server, FactsError> {
        let store = Store::new(settings, Arc::new(Admission::new(Claim::visit())))?;
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

    /// The cause of the current outage; `None` if there is none. An outage ends with a call that succeeds; after a failed
    /// write, with a write; and after a full disk, with a probe. A refusal because of other programs ends with them.
    pub fn failing(&self) -> Option<Cause> {
        self.store.failing()
    }

    /// The current state of the pool.
    pub fn pool_state(&self) -> PoolState {
        let (connections, free, waiting) = self.store.state();
        PoolState { connections, free, waiting }
    }

    /// Tries to write, without changing facts. It succeeds if other writes would succeed.
    pub async fn probe(&self) -> Result<(), FactsError> {
        self.store.probe("probing the store").await
    }

    /// Refuses calls from now on, closes each connection when its call has ended, and gives up the claim.
    pub fn close(&self) {
        self.store.close();
        drop(self.guard.lock().take());
    }
}
