//! Checks whether a PostgreSQL server can store the facts.

use crate::admission::Admission;
use crate::claim::Claim;
use crate::fault::{Fault, unavailable};
use crate::rows::get;
use crate::schema::OPENING;
use crate::settings::PostgresSettings;
use crate::store::Store;
use lamplight_facts::FactsError;
use lamplight_model::FactsMark;
use std::sync::Arc;

/// The oldest supported version of PostgreSQL, in the numeric form of PostgreSQL.
pub const MIN_VERSION: i32 = 140_000;

/// The properties of a server, and of the database in the URL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server {
    /// The version in the numeric form of PostgreSQL: 150018 means 15.18.
    pub version: i32,
    /// The encoding of the database.
    pub encoding: String,
    /// Whether the server accepts no writes, because it is a standby.
    pub is_standby: bool,
    /// Whether the connection is encrypted.
    pub is_encrypted: bool,
    /// The maximum number of connections that the server accepts from all clients.
    pub max_connections: i32,
    /// Whether the database has apps. The first start of a server or cluster creates one.
    pub has_apps: bool,
    /// The mark of the facts; `None` for an empty database.
    pub mark: Option<FactsMark>,
}

/// The reason why a database that was reached cannot store facts.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum UnfitServer {
    /// The server is too old.
    #[error("PostgreSQL {found} is too old: Lamplight needs version {needed} or a newer one")]
    TooOld {
        /// The version of the server.
        found: String,
        /// The oldest supported version.
        needed: String,
    },
    /// The server is a standby.
    #[error(
        "this PostgreSQL is a standby, which accepts no writes: name the primary, or all servers as host=A,B with \
         target_session_attrs=read-write"
    )]
    Standby,
    /// The encoding of the database is not UTF-8.
    #[error("the database has the encoding {0}: create it with the encoding UTF8")]
    Encoding(String),
}

impl Server {
    /// Returns an error if facts cannot be stored on this server.
    pub(crate) fn check(&self) -> Result<(), FactsError> {
        match self.unfit() {
            Some(unfit) => Err(unavailable(OPENING, unfit)),
            None => Ok(()),
        }
    }

    fn unfit(&self) -> Option<UnfitServer> {
        if self.version < MIN_VERSION {
            let (found, needed) = (self.version_text(), version_text(MIN_VERSION));
            Some(UnfitServer::TooOld { found, needed })
        } else if self.encoding != "UTF8" {
            Some(UnfitServer::Encoding(self.encoding.clone()))
        } else if self.is_standby {
            Some(UnfitServer::Standby)
        } else {
            None
        }
    }

    /// The version in its usual form: `15.18`.
    pub fn version_text(&self) -> String {
        version_text(self.version)
    }
}

fn version_text(version: i32) -> String {
    match version {
        // Up to 9.6 the second number belonged to the name of the release.
        ..100_000 => format!("{}.{}", version / 10_000, version / 100 % 100),
        _ => format!("{}.{}", version / 10_000, version % 10_000),
    }
}

/// Opens a connection, and reads the properties of the server. Fails if the server cannot store facts.
pub(crate) async fn visit(settings: &PostgresSettings) -> Result<Server, FactsError> {
    let store = Store::new(settings, Arc::new(Admission::new(Claim::visit())))?;
    let server = examine(&store).await?;
    store.close();
    server.check()?;
    Ok(server)
}

/// Reads the properties of the server.
pub(crate) async fn examine(store: &Store) -> Result<Server, FactsError> {
    let connection = store.connection(OPENING).await?;
    // Every version since 9.5 understands this statement, so the error for an old server can say that it is too old.
    let sql = "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'),
                      pg_is_in_recovery(), current_setting('max_connections')::int,
                      coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)";
    let read = async {
        let row = connection.query_one(sql, &[]).await?;
        Ok(Server {
            version: get(&row, 0)?,
            encoding: get(&row, 1)?,
            is_standby: get(&row, 2)?,
            max_connections: get(&row, 3)?,
            is_encrypted: get(&row, 4)?,
            has_apps: false,
            mark: None,
        })
    };
    read.await.map_err(|fault: Fault| fault.of(OPENING))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_cannot_keep_facts_is_refused_with_the_reason() {
        let fit = Server {
            version: 150_018,
            encoding: "UTF8".to_owned(),
            is_standby: false,
            is_encrypted: false,
            max_connections: 100,
            has_apps: true,
            mark: None,
        };
        let table = [
            (fit.clone(), None),
            (Server { version: MIN_VERSION, ..fit.clone() }, None),
            (
                Server { version: 130_022, ..fit.clone() },
                Some("PostgreSQL 13.22 is too old: Lamplight needs version 14.0 or a newer one"),
            ),
            (Server { version: 90_624, ..fit.clone() }, Some("PostgreSQL 9.6 is too old")),
            (Server { encoding: "LATIN1".to_owned(), ..fit.clone() }, Some("the encoding LATIN1")),
            (Server { is_standby: true, ..fit }, Some("is a standby")),
        ];
        for (server, expected) in table {
            let told = server.unfit().map(|unfit| unfit.to_string());
            match (&told, expected) {
                (None, None) => {}
                (Some(told), Some(part)) => assert!(told.contains(part), "{told}"),
                (Some(_), None) | (None, Some(_)) => panic!("{server:?}: {told:?}"),
            }
        }
    }
}
