//! The connections to PostgreSQL: a bounded pool, a limit on waiting calls, timeouts, and repeated attempts.
//!
//! This module does not know what the statements and transactions do.

use crate::admission::Admission;
use crate::fault::{Cause, Fault, NoAnswer, overloaded, unavailable};
use crate::hosts::Hosts;
use crate::outage::Kind;
use crate::rows::Result;
use crate::settings::PostgresSettings;
use crate::slots::Slots;
use crate::tls;
use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use lamplight_facts::FactsError;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

/// The maximum number of attempts of a call that conflicts with concurrent calls. PostgreSQL ends one of two
/// transactions that wait for each other.
const ATTEMPTS: u32 = 8;

/// The pause after PostgreSQL has refused a connection, if there is no other connection to wait for.
const REFUSED_PAUSE: Duration = Duration::from_millis(200);

/// The parameter values of a statement.
pub(crate) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// The work of a call on a connection. A repeated attempt does the work from its beginning.
pub(crate) trait Work: Sync {
    type Answer: Send;

    fn run(&self, connection: &mut Object) -> impl Future<Output = Result<Self::Answer>> + Send;
}

/// The numbers of calls that a node has made since it started.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stats {
    /// The number of reads that succeeded.
    pub reads: u64,
    /// The number of reads that failed.
    pub failed_reads: u64,
    /// The number of writes that were committed.
    pub writes: u64,
    /// The number of writes that failed.
    pub failed_writes: u64,
    /// The number of attempts that were repeated because of a conflict with another call or the loss of a connection.
    pub repeated: u64,
    /// The number of connections that PostgreSQL did not accept because it had too many connections.
    pub refused_connections: u64,
}

#[derive(Default)]
struct Counters {
    reads: AtomicU64,
    failed_reads: AtomicU64,
    writes: AtomicU64,
    failed_writes: AtomicU64,
    repeated: AtomicU64,
    refused_connections: AtomicU64,
    /// Counts each change twice: when it begins, and when it ends.
    changes: AtomicU64,
}

/// A change in progress, which is counted when it begins and when it ends. A dropped call counts as ended, although
/// PostgreSQL may still commit it.
struct Changing<'a>(&'a AtomicU64);

impl<'a> Changing<'a> {
    fn begin(changes: &'a AtomicU64) -> Self {
        changes.fetch_add(1, Ordering::Relaxed);
        Self(changes)
    }
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// The effect of a call on the facts. It decides whether the call may be repeated.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// The call changes nothing. It is repeated if its connection is lost.
    None,
    /// The call may change facts.
    Change,
    /// The call writes something that is not a fact: the mark, or a probe.
    Beside,
    /// The call fills new pages of a table, and rolls the transaction back.
    Room,
}

/// The pool and its limits.
pub(crate) struct Store {
    pool: Pool,
    /// The permits to have a connection. A call takes one.
    slots: Slots,
    /// The permits to have or to wait for a connection. A call takes one first, so they bound the waiting calls.
    room: Arc<Semaphore>,
    call_timeout: Duration,
    counters: Counters,
    admission: Arc<Admission>,
}

impl Store {
    /// Creates the pool, without opening a connection. Each new connection is checked and claims the database.
    pub(crate) fn new(
        settings: &PostgresSettings,
        admission: Arc<Admission>,
    ) -> std::result::Result<Self, FactsError> {
        const DOING: &str = "preparing the connections to PostgreSQL";
        let config = settings.config();
        let tls =
            tls::connector(&config, settings.ca.as_deref()).map_err(|error| unavailable(DOING, error))?;
        let recycling_method = RecyclingMethod::Fast;
        let (shared, checked) = (Arc::clone(&admission), Arc::clone(&admission));
        let hosts = Hosts::new(&config, tls);
        let manager = Manager::from_connect(config, hosts, ManagerConfig { recycling_method });
        let pool = Pool::builder(manager)
            .max_size(settings.connections)
            .wait_timeout(Some(settings.call_timeout))
            .create_timeout(Some(settings.connect_timeout))
            .recycle_timeout(Some(settings.connect_timeout))
            .post_create(Hook::async_fn(move |client, _| {
                // An acknowledged write must be on disk, whatever the settings of the database are.
                let mut sql = "SELECT set_config('synchronous_commit', 'on', false)
                                   WHERE current_setting('synchronous_commit') = 'off';"
                    .to_owned();
                sql += &shared.statements();
                Box::pin(async move { client.batch_execute(&sql).await.map_err(HookError::Backend) })
            }))
            .pre_recycle(Hook::sync_fn(move |_, metrics| match checked.is_suspected(metrics.created) {
                true => Err(HookError::message("the server of this connection may be gone")),
                false => Ok(()),
            }))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| unavailable(DOING, error))?;
        let room = Arc::new(Semaphore::new(settings.connections + settings.waiting));
        let slots = Slots::new(settings.connections);
        Ok(Self {
            pool,
            slots,
            room,
            call_timeout: settings.call_timeout,
            counters: Counters::default(),
            admission,
        })
    }

    /// Runs one statement that may change facts, in one round trip and one transaction.
    pub(crate) async fn write(
        &self,
        doing: &'static str,
        sql: &'static str,
        values: Values<'_>,
    ) -> std::result::Result<Vec<Row>, FactsError> {
        self.run(doing, &Statement { sql, values }, Effect::Change).await
    }

    /// Runs one statement that writes something that is not a fact.
    pub(crate) async fn write_beside(
        &self,
        doing: &'static str,
        sql: &'static str,
        values: Values<'_>,
    ) -> std::result::Result<Vec<Row>, FactsError> {
        self.run(doing, &Statement { sql, values }, Effect::Beside).await
    }

    /// Runs one statement that changes nothing. Repeats the statement if the connection is lost.
    pub(crate) async fn read(
        &self,
        doing: &'static str,
        sql: &'static str,
        values: Values<'_>,
    ) -> std::result::Result<Vec<Row>, FactsError> {
        self.run(doing, &Statement { sql, values }, Effect::None).await
    }

    /// Runs work with several statements. The work begins its own transaction.
    pub(crate) async fn work<W: Work>(
        &self,
        doing: &'static str,
        work: &W,
    ) -> std::result::Result<W::Answer, FactsError> {
        self.run(doing, work, Effect::Change).await
    }

    /// Commits a transaction, to find out whether writes succeed. If a write has found the disk full, fills a table
    /// instead.
    pub(crate) async fn probe(&self, doing: &'static str) -> std::result::Result<(), FactsError> {
        match self.admission.needs_room() {
            true => self.run(doing, &Filling, Effect::Room).await,
            false => self.write_beside(doing, "SELECT pg_current_xact_id()", &[]).await.map(drop),
        }
    }

    async fn run<W: Work>(
        &self,
        doing: &'static str,
        work: &W,
        effect: Effect,
    ) -> std::result::Result<W::Answer, FactsError> {
        if let Err(fault) = self.admission.check() {
            self.count(effect, Some(&fault));
            return Err(fault.of(doing));
        }
        let _place = self.room.try_acquire().map_err(|_| overloaded(doing))?;
        let _changing = (effect == Effect::Change).then(|| Changing::begin(&self.counters.changes));
        let (mut held, mut refused) = (None, None);
        let attempts = self.attempts(work, effect == Effect::None, &mut held, &mut refused);
        let done = tokio::time::timeout(self.call_timeout, attempts).await;
        let spoilt = match &done {
            Ok(Ok(_)) => false,
            Ok(Err(fault)) => fault.spoils_the_connection(),
            // The answer may still come, or never.
            Err(_) => true,
        };
        // Without a connection, nothing was done.
        let refused = refused.filter(|_| held.is_none());
        if let Some((connection, _)) = held.take_if(|_| spoilt) {
            drop(Object::take(connection));
        }
        let late = || refused.unwrap_or_else(|| NoAnswer(self.call_timeout).into());
        let done = done.unwrap_or_else(|_| Err(late()));
        self.count(effect, done.as_ref().err());
        done.map_err(|fault| fault.of(doing))
    }

    fn count(&self, effect: Effect, fault: Option<&Fault>) {
        let Counters { reads, failed_reads, writes, failed_writes, .. } = &self.counters;
        let counter = match (effect, fault) {
            (Effect::None, None) => reads,
            (Effect::None, Some(_)) => failed_reads,
            (Effect::Change | Effect::Beside | Effect::Room, None) => writes,
            (Effect::Change | Effect::Beside | Effect::Room, Some(_)) => failed_writes,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let kind = match effect {
            Effect::None => Kind::Read,
            Effect::Change | Effect::Beside => Kind::Write,
            Effect::Room => Kind::Room,
        };
        match fault {
            None => self.admission.succeeded(kind),
            Some(fault) if fault.is_outage() => self.admission.failed(kind, fault),
            Some(_) => {}
        }
    }

    /// Runs `work` until an attempt succeeds or must not be repeated. Afterwards, `held` is the connection of the last
    /// attempt, and `refused` is the last refusal of a connection by PostgreSQL.
    async fn attempts<'a, W: Work>(
        &'a self,
        work: &W,
        harmless: bool,
        held: &mut Option<Held<'a>>,
        refused: &mut Option<Fault>,
    ) -> Result<W::Answer> {
        let mut attempt = 1;
        loop {
            let connection = match held.take() {
                Some(connection) => connection,
                None => self.take(refused).await?,
            };
            let fault = match work.run(&mut held.insert(connection).0).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            let again = fault.is_conflict() || harmless && fault.spoils_the_connection();
            if !again || attempt == ATTEMPTS {
                return Err(fault);
            }
            if let Some((connection, _)) = held.take_if(|_| fault.spoils_the_connection()) {
                drop(Object::take(connection));
            }
            self.counters.repeated.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(%fault, attempt, "a call of facts is tried again");
            attempt += 1;
        }
    }

    /// Waits for a connection. While PostgreSQL accepts no further connection, waits for an existing one.
    async fn take(&self, refused: &mut Option<Fault>) -> Result<Held<'_>> {
        loop {
            let permit = self.slots.acquire().await;
            let fault = match self.pool.get().await {
                Ok(connection) => return Ok((connection, permit)),
                Err(error) => Fault::from(error),
            };
            if fault.cause() != Some(Cause::TooManyConnections) {
                return Err(fault);
            }
            self.counters.refused_connections.fetch_add(1, Ordering::Relaxed);
            let refusal = self.slots.refused(permit, self.pool.status().size, Instant::now());
            if refusal.is_first {
                tracing::warn!(
                    cause = %fault, connections = self.pool.status().size,
                    "PostgreSQL accepts fewer connections than `facts_connections`; calls wait for those that there are"
                );
            }
            *refused = Some(fault);
            if !refusal.is_withdrawn {
                tokio::time::sleep(REFUSED_PAUSE).await;
            }
        }
    }

    /// Opens a connection for work without a time limit, such as a migration.
    pub(crate) async fn connection(&self, doing: &'static str) -> std::result::Result<Object, FactsError> {
        self.pool.get().await.map_err(|error| Fault::from(error).of(doing))
    }

    /// Returns three numbers: all connections, the free connections, and the calls that wait for a connection.
    pub(crate) fn state(&self) -> (usize, usize, usize) {
        let status = self.pool.status();
        (status.size, status.available, status.waiting + self.slots.waiting())
    }

    /// A number that changes whenever facts may have changed.
    pub(crate) fn changes(&self) -> u64 {
        self.counters.changes.load(Ordering::Relaxed)
    }

    /// The program's permission to use the database.
    pub(crate) fn admission(&self) -> &Admission {
        &self.admission
    }

    /// The cause of the current outage; `None` without an outage.
    pub(crate) fn failing(&self) -> Option<Cause> {
        self.admission.failing()
    }

    pub(crate) fn stats(&self) -> Stats {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Counters { reads, failed_reads, writes, failed_writes, repeated, refused_connections, .. } =
            &self.counters;
        Stats {
            reads: count(reads),
            failed_reads: count(failed_reads),
            writes: count(writes),
            failed_writes: count(failed_writes),
            repeated: count(repeated),
            refused_connections: count(refused_connections),
        }
    }

    /// Closes each connection when its call has ended. Later calls fail.
    pub(crate) fn close(&self) {
        self.pool.close();
    }
}

/// A connection, and the permit to use it.
type Held<'a> = (Object, SemaphorePermit<'a>);

struct Statement<'a> {
    sql: &'static str,
    values: Values<'a>,
}

impl Work for Statement<'_> {
    type Answer = Vec<Row>;

    async fn run(&self, connection: &mut Object) -> Result<Vec<Row>> {
        let statement = connection.prepare_cached(self.sql).await?;
        Ok(connection.query(&statement, self.values).await?)
    }
}

/// Fills 1 MiB of a table in a transaction that is rolled back. A commit alone needs no new page, so it would not show
/// that the disk is full.
struct Filling;

impl Work for Filling {
    type Answer = ();

    async fn run(&self, connection: &mut Object) -> Result<()> {
        let transaction = connection.transaction().await?;
        // Texts of less than 2,000 bytes are not compressed: four rows fill a page.
        let sql = "CREATE TABLE lamplight_room (filling text);
            INSERT INTO lamplight_room SELECT repeat('x', 1900) FROM generate_series(1, 512)";
        transaction.batch_execute(sql).await?;
        Ok(transaction.rollback().await?)
    }
}
