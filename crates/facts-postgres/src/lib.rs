//! [`Facts`](lamplight_facts::Facts) in PostgreSQL, which several nodes can share.
//!
//! Most writes are one call of a database function (`migrations/`), in one round trip and one transaction. Such a call
//! is completed even if its future is dropped. The other writes are transactions of several round trips, because the
//! program computes something between two statements.
//!
//! This crate contains no rules of presence, and does not check that an app exists.

mod accounts;
mod admission;
mod claim;
mod connecting;
mod conversations;
mod fault;
mod friends;
mod guard;
mod hosts;
mod lists;
mod lists_state;
mod mark;
mod messages;
mod operations;
mod outage;
mod outbox;
mod profiles;
mod restrictions;
mod rows;
mod schema;
mod server;
mod settings;
mod slots;
mod store;
mod target;
mod tls;

pub use claim::{ClusterIdentity, InUse};
pub use fault::{Cause, NewerSchema, NoAnswer, NotFacts, OlderSchema, cause};
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

/// The name of this crate, as the module `common` uses it. The module is also part of test binaries outside this crate,
/// so the name must be valid in both places.
#[cfg(test)]
extern crate self as lamplight_facts_postgres;

#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod common;

#[cfg(test)]
mod plans;

/// The facts in a PostgreSQL database.
///
/// A call does nothing until its future is polled. If the future is dropped later, a write is executed completely or
/// not at all. Concurrent calls are executed in any order. A read sees every write of any node that was acknowledged
/// before the read.
///
/// A write that fails with `Unavailable` may still be stored, because the fault may have occurred after the commit. A
/// write that fails with `Overloaded` is not stored.
///
/// If PostgreSQL ends a transaction because of a deadlock or another conflict, the transaction is repeated.
pub struct PostgresFacts {
    store: Store,
    marked: Marked,
    /// The connection that claims the database; `None` without a claim, or after [`PostgresFacts::close`].
    guard: Mutex<Option<Guard>>,
}

/// The state of the pool of connections.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PoolState {
    /// The number of connections.
    pub connections: usize,
    /// The number of connections that no call uses at the moment.
    pub free: usize,
    /// The number of calls that wait for a connection.
    pub waiting: usize,
}

impl PostgresFacts {
    /// Connects to the database. Creates the tables in an empty database, and migrates older tables.
    ///
    /// The program claims the database until this value is closed or dropped. [`PostgresSettings::sharing`] decides
    /// whether this program uses the database alone, or shares it with the nodes of a cluster. Fails with
    /// [`Cause::InUse`] if a claim of other programs excludes this one. The claim can be lost during an outage of
    /// PostgreSQL. If other programs then claim the database, every call fails with that cause until those programs
    /// have ended.
    ///
    /// A database that does not belong to this program is not changed. The source of the error is then [`NewerSchema`]
    /// or [`NotFacts`].
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

    /// Connects to a database beside the programs that use it, and only reads. PostgreSQL refuses every write.
    ///
    /// The tables are neither created nor migrated. Tables of another schema are refused: the source of the error is
    /// then [`NewerSchema`] or [`OlderSchema`].
    pub async fn open_to_read(settings: &PostgresSettings) -> Result<Self, FactsError> {
        server::visit(settings).await?;
        let store = Store::new(settings, Arc::new(Admission::new(Claim::read())))?;
        schema::check(&store).await?;
        Ok(Self { store, marked: Marked::default(), guard: Mutex::new(None) })
    }

    /// Examines a server and its database, and changes nothing. Fails if [`PostgresFacts::open`] would refuse them.
    /// Also fails if the user of the URL lacks a right that a node needs. Other programs may use the database at the
    /// same time.
    pub async fn examine(settings: &PostgresSettings) -> Result<Server, FactsError> {
        let store = Store::new(settings, Arc::new(Admission::new(Claim::visit())))?;
        let server = server::examine(&store).await?;
        server.check()?;
        let has_apps = schema::examine(&store).await?;
        let mark = mark::found(&store).await?;
        store.close();
        Ok(Server { has_apps, mark, ..server })
    }

    /// The counts of the calls since the start.
    pub fn stats(&self) -> Stats {
        self.store.stats()
    }

    /// The cause of the current outage; `None` without an outage. A successful call ends an outage. After a failed
    /// write, only a successful write ends it. After a full disk, only a successful probe ends it. A refusal because of
    /// other programs ends when these programs have ended.
    pub fn failing(&self) -> Option<Cause> {
        self.store.failing()
    }

    /// The current state of the pool.
    pub fn pool_state(&self) -> PoolState {
        let (connections, free, waiting) = self.store.state();
        PoolState { connections, free, waiting }
    }

    /// Tests whether writes succeed. Changes no facts.
    pub async fn probe(&self) -> Result<(), FactsError> {
        self.store.probe("probing the store").await
    }

    /// Refuses calls from now on, and gives up the claim. Each connection is closed when its call has ended.
    pub fn close(&self) {
        self.store.close();
        drop(self.guard.lock().take());
    }
}
