//! Opens the connection of the guard.

use crate::hosts::Hosts;
use crate::rows::Result;
use crate::settings::PostgresSettings;
use crate::tls::{self, TlsError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_postgres::Client;

/// The hosts, with settings for a connection that is mostly idle.
pub(crate) struct Connecting {
    hosts: Hosts,
    timeout: Duration,
}

impl Connecting {
    pub(crate) fn new(settings: &PostgresSettings) -> std::result::Result<Self, TlsError> {
        let mut config = settings.config();
        config.keepalives_idle(Duration::from_secs(4));
        config.keepalives_interval(Duration::from_secs(2));
        let tls = tls::connector(&config, settings.ca.as_deref())?;
        Ok(Self { hosts: Hosts::new(&config, tls), timeout: settings.connect_timeout })
    }

    /// The longest wait for a connection, and for the answer to a check of the connection.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Opens a connection. The task that serves the connection ends when the connection is lost or the client is
    /// dropped.
    pub(crate) async fn connect(&self) -> Result<(Client, JoinHandle<()>)> {
        Ok(self.hosts.connect().await?)
    }
}
