//! Opens the connection of the guard.

use crate::rows::Result;
use crate::settings::PostgresSettings;
use crate::tls::{self, TlsError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The settings and the TLS for opening a connection, and settings for a connection that is mostly idle.
pub(crate) struct Connecting {
    config: Config,
    tls: MakeRustlsConnect,
    timeout: Duration,
}

impl Connecting {
    pub(crate) fn new(settings: &PostgresSettings) -> std::result::Result<Self, TlsError> {
        let mut config = settings.config();
        config.keepalives_idle(Duration::from_secs(4));
        config.keepalives_interval(Duration::from_secs(2));
        let tls = tls::connector(&config, settings.ca.as_deref())?;
        Ok(Self { config, tls, timeout: settings.connect_timeout })
    }

    /// The longest wait for a connection, and for the answer to a check of the connection.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Opens a connection. The task that serves it ends when the connection is lost or the client is dropped.
    pub(crate) async fn connect(&self) -> Result<(Client, JoinHandle<()>)> {
        let (client, connection) = self.config.connect(self.tls.clone()).await?;
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "the connection that claims the database was lost");
            }
        });
        Ok((client, driver))
    }
}
