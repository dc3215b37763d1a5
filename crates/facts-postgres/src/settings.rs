//! Where PostgreSQL is, and the bounds of its use.

use std::path::PathBuf;
use std::time::Duration;
use tokio_postgres::Config;

/// Where PostgreSQL is, and the bounds of its use by one node.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresSettings {
    /// `postgres://user:password@host:port/database?sslmode=require`, or the same as `host=… dbname=…`. Several hosts with
    /// `target_session_attrs=read-write` find the one that takes writes after a failover.
    pub url: String,
    /// A file of certificates (PEM) that PostgreSQL's must be signed by; `None`: those that the system trusts.
    pub ca: Option<PathBuf>,
    /// The most connections.
    pub connections: usize,
    /// The most calls that wait for a connection; one more is told `Overloaded`.
    pub waiting: usize,
    /// How long a connection may take to open.
    pub connect_timeout: Duration,
    /// How long a statement may run; PostgreSQL ends it.
    pub statement_timeout: Duration,
    /// How long a call may take, with the wait for a connection and what is tried again.
    pub call_timeout: Duration,
}

/// Hides the URL, which has a password.
impl std::fmt::Debug for PostgresSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { url: _, ca, connections, waiting, connect_timeout, statement_timeout, call_timeout } =
            self;
        f.debug_struct("PostgresSettings")
            .field("ca", ca)
            .field("connections", connections)
            .field("waiting", waiting)
            .field("connect_timeout", connect_timeout)
            .field("statement_timeout", statement_timeout)
            .field("call_timeout", call_timeout)
            .finish_non_exhaustive()
    }
}

impl PostgresSettings {
    /// The default bounds.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ca: None,
            connections: 16,
            waiting: 4_096,
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
            call_timeout: Duration::from_secs(12),
        }
    }

    /// The configuration of a connection.
    pub(crate) fn config(&self) -> Result<Config, tokio_postgres::Error> {
        let mut config: Config = self.url.parse()?;
        config.connect_timeout(self.connect_timeout);
        // A server that is cut off is noticed also by a connection on which nothing is said.
        config.keepalives_idle(Duration::from_secs(30));
        config.keepalives_interval(Duration::from_secs(5));
        config.keepalives_retries(3);
        config.tcp_user_timeout(self.call_timeout);
        if config.get_application_name().is_none() {
            config.application_name("lamplight");
        }
        let millis = self.statement_timeout.as_millis();
        // A statement that waits for a lock has changed nothing; it ends first, so that this can be told apart.
        let lock_millis = millis * 3 / 4;
        let bounds = format!(
            "-c statement_timeout={millis} -c lock_timeout={lock_millis} \
             -c idle_in_transaction_session_timeout={millis} \
             -c default_transaction_isolation=read\\ committed -c default_transaction_read_only=off",
        );
        let options = match config.get_options() {
            // What is said later wins: the operator may know better.
            Some(own) => format!("{bounds} {own}"),
            None => bounds,
        };
        config.options(options);
        Ok(config)
    }
}
