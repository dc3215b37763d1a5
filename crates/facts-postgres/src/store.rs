//! The connections to PostgreSQL: a bounded pool, a bound on the calls that wait for it, deadlines, and what is tried again.
//!
//! Knows statements and transactions; does not know what they say.

use crate::fault::{Fault, NoAnswer, overloaded, unavailable};
use crate::rows::Result;
use crate::settings::PostgresSettings;
use crate::tls;
use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use lamplight_facts::FactsError;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

/// How often a call is tried that meets others: PostgreSQL ends one of two transactions that wait for each other.
const ATTEMPTS: u32 = 8;

/// Values of the places of a statement.
pub(crate) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Work on a connection, which may be done again from its beginning.
pub(crate) trait Work: Sync {
    type Answer: Send;

    fn run(&self, connection: &mut Object) -> impl Future<Output = Result<Self::Answer>> + Send;
}

/// The pool and its bounds.
pub(crate) struct Store {
    pool: Pool,
    /// A place for each call that has, or waits for, a connection.
    room: Arc<Semaphore>,
    call_timeout: Duration,
}

impl Store {
    /// Makes the pool. Connects to nothing yet.
    pub(crate) fn new(settings: &PostgresSettings) -> std::result::Result<Self, FactsError> {
        const DOING: &str = "preparing the connections to PostgreSQL";
        let config = settings.config().map_err(|error| unavailable(DOING, error))?;
        let tls =
            tls::connector(&config, settings.ca.as_deref()).map_err(|error| unavailable(DOING, error))?;
        let recycling_method = RecyclingMethod::Fast;
        let manager = Manager::from_config(config, tls, ManagerConfig { recycling_method });
        let pool = Pool::builder(manager)
            .max_size(settings.connections)
            .wait_timeout(Some(settings.call_timeout))
            .create_timeout(Some(settings.connect_timeout))
            .recycle_timeout(Some(settings.connect_timeout))
            .post_create(Hook::async_fn(|client, _| {
                Box::pin(async move {
                    // An acknowledged write is on the disk, whatever the database says of others.
                    let sql = "SELECT set_config('synchronous_commit', 'on', false)
                               WHERE current_setting('synchronous_commit') = 'off'";
                    client.batch_execute(sql).await.map_err(HookError::Backend)
                })
            }))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| unavailable(DOING, error))?;
        let room = Arc::new(Semaphore::new(settings.connections + settings.waiting));
        Ok(Self { pool, room, call_timeout: settings.call_timeout })
    }

    /// Runs one statement that may change something: one round trip, one transaction.
    pub(crate) async fn write(
        &self,
        doing: &'static str,
        sql: &'static str,
        values: Values<'_>,
    ) -> std::result::Result<Vec<Row>, FactsError> {
        self.run(doing, &Statement { sql, values }, false).await
    }

    /// Runs one statement that changes nothing. It is tried again where the connection was lost.
    pub(crate) async fn read(
        &self,
        doing: &'static str,
        sql: &'static str,
        values: Values<'_>,
    ) -> std::result::Result<Vec<Row>, FactsError> {
        self.run(doing, &Statement { sql, values }, true).await
    }

    /// Does work of more than one statement, each time in a transaction that it begins itself.
    pub(crate) async fn work<W: Work>(
        &self,
        doing: &'static str,
        work: &W,
    ) -> std::result::Result<W::Answer, FactsError> {
        self.run(doing, work, false).await
    }

    async fn run<W: Work>(
        &self,
        doing: &'static str,
        work: &W,
        harmless: bool,
    ) -> std::result::Result<W::Answer, FactsError> {
        let _place = self.room.try_acquire().map_err(|_| overloaded(doing))?;
        let mut held = None;
        let done = tokio::time::timeout(self.call_timeout, self.attempts(work, harmless, &mut held)).await;
        let spoilt = match &done {
            Ok(Ok(_)) => false,
            Ok(Err(fault)) => fault.spoils_the_connection(),
            // The answer may still come, or never.
            Err(_) => true,
        };
        if let Some(connection) = held.take_if(|_| spoilt) {
            drop(Object::take(connection));
        }
        done.unwrap_or_else(|_| Err(NoAnswer(self.call_timeout).into())).map_err(|fault| fault.of(doing))
    }

    /// `held` is the connection of the last attempt.
    async fn attempts<W: Work>(
        &self,
        work: &W,
        harmless: bool,
        held: &mut Option<Object>,
    ) -> Result<W::Answer> {
        let mut attempt = 1;
        loop {
            let connection = match held.take() {
                Some(connection) => connection,
                None => self.pool.get().await?,
            };
            let fault = match work.run(held.insert(connection)).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            let again = fault.is_conflict() || harmless && fault.spoils_the_connection();
            if !again || attempt == ATTEMPTS {
                return Err(fault);
            }
            if let Some(connection) = held.take_if(|_| fault.spoils_the_connection()) {
                drop(Object::take(connection));
            }
            tracing::debug!(%fault, attempt, "a call of facts is tried again");
            attempt += 1;
        }
    }

    /// A connection for work of its own, as a migration, which has no deadline.
    pub(crate) async fn connection(&self, doing: &'static str) -> std::result::Result<Object, FactsError> {
        self.pool.get().await.map_err(|error| Fault::from(error).of(doing))
    }

    /// The connections there are, those that are free, and the calls that wait for one.
    pub(crate) fn state(&self) -> (usize, usize, usize) {
        let status = self.pool.status();
        (status.size, status.available, status.waiting)
    }

    /// Closes every connection once its call has ended; calls from then on fail.
    pub(crate) fn close(&self) {
        self.pool.close();
    }
}

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
