//! The store of the live records. It is the embedded directory with its journal in the data folder, or Redis, which the
//! nodes of a cluster share. A node opens and uses the store through this module.

use crate::clock::Clock;
use crate::data_folder;
use crate::facts_store::FactsStore;
use crate::shared_facts::{self, SharedFactsError};
use lamplight_directory::{
    ChangeLog, Directory, InProcessDirectory, JournalError, Limits, Nodes, Recovered, SavedRecords,
};
use lamplight_directory_redis::{RedisDirectory, RedisFigures, RedisOpenError, RedisSettings};
use lamplight_facts::FactsError;
use lamplight_model::{FactsMark, Now};
use lamplight_service::{Service, ServiceError};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The store of the live records of a node.
#[derive(Clone)]
pub enum LiveStore {
    /// A directory in this process.
    Embedded(Arc<InProcessDirectory>),
    /// A directory in Redis, which other nodes also use.
    Redis(Arc<RedisDirectory>),
}

/// An open store. Its records were not yet compared with the facts.
pub struct Opened {
    /// The store.
    pub store: LiveStore,
    /// The damage that the embedded directory has found on disk; `None` for Redis.
    recovered: Option<Recovered>,
    /// The [`FactsMark`] that is stored in Redis; `None` for the embedded directory.
    pub noted: Option<FactsMark>,
}

/// The reason why the live records cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum LiveStoreError {
    /// The records on disk cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The mark of the facts cannot be read or written.
    #[error("cannot open the database: {0}")]
    Facts(#[from] FactsError),
    /// Redis cannot be used.
    #[error("cannot open the directory: {0}")]
    Redis(#[from] RedisOpenError),
    /// The facts cannot be used with the live records in Redis.
    #[error(transparent)]
    SharedFacts(#[from] SharedFactsError),
}

impl LiveStore {
    /// Opens the store in Redis if `redis` has settings, and otherwise the embedded store. In the embedded store, the
    /// users who were connected when the former process ended count as connected for `grace`.
    pub async fn open(
        redis: Option<RedisSettings>,
        data_dir: &Path,
        facts: &FactsStore,
        grace: Duration,
        clock: &Clock,
    ) -> Result<Opened, LiveStoreError> {
        let Some(redis) = redis else {
            let now = clock.now();
            let (saved, mark) = embedded(data_dir, facts).await?;
            let (directory, recovered) = saved.open(Some(mark), now, grace)?;
            return Ok(Opened {
                store: Self::Embedded(Arc::new(directory)),
                recovered: Some(recovered),
                noted: None,
            });
        };
        let directory = RedisDirectory::open(redis).await?;
        let noted = Some(shared_facts::begin(&directory, facts).await?);
        Ok(Opened { store: Self::Redis(Arc::new(directory)), recovered: None, noted })
    }

    /// Returns the store as an implementation of the port for live records.
    pub fn directory(&self) -> Arc<dyn Directory> {
        match self {
            Self::Embedded(directory) => Arc::<InProcessDirectory>::clone(directory),
            Self::Redis(directory) => Arc::<RedisDirectory>::clone(directory),
        }
    }

    /// Returns the store as an implementation of the port for the change log.
    pub fn log(&self) -> Arc<dyn ChangeLog> {
        match self {
            Self::Embedded(directory) => Arc::<InProcessDirectory>::clone(directory),
            Self::Redis(directory) => Arc::<RedisDirectory>::clone(directory),
        }
    }

    /// Returns the register of the nodes that share the store; `None` for a store of one node.
    pub fn nodes(&self) -> Option<Arc<dyn Nodes>> {
        match self {
            Self::Embedded(_) => None,
            Self::Redis(directory) => Some(Arc::<RedisDirectory>::clone(directory)),
        }
    }

    /// Returns the port that counts the calls of users on all nodes; `None` if the node counts calls in its memory.
    pub fn limits(&self) -> Option<Box<dyn Limits>> {
        match self {
            Self::Embedded(_) => None,
            Self::Redis(directory) => Some(Box::new(Arc::clone(directory))),
        }
    }

    /// Returns the embedded directory; `None` for Redis.
    pub fn embedded(&self) -> Option<&Arc<InProcessDirectory>> {
        match self {
            Self::Embedded(directory) => Some(directory),
            Self::Redis(_) => None,
        }
    }

    /// Returns the directory in Redis; `None` for an embedded directory.
    pub fn redis(&self) -> Option<&Arc<RedisDirectory>> {
        match self {
            Self::Embedded(_) => None,
            Self::Redis(directory) => Some(directory),
        }
    }

    /// Returns the figures of the directory in Redis; all are 0 for an embedded directory.
    pub fn redis_figures(&self) -> RedisFigures {
        match self {
            Self::Embedded(_) => RedisFigures::default(),
            Self::Redis(directory) => directory.figures(),
        }
    }

    /// Compacts the embedded journal if it is due. Blocks on the disk. Does nothing for Redis.
    pub fn maintain(&self, now: Now) -> Result<(), JournalError> {
        self.embedded().map_or(Ok(()), |directory| directory.maintain(now))
    }

    /// Writes and syncs the embedded journal when the node stops. Blocks on the disk. Does nothing for Redis, which
    /// already has all records.
    pub fn close(&self, now: Now) -> Result<(), JournalError> {
        self.embedded().map_or(Ok(()), |directory| directory.close(now))
    }
}

impl Opened {
    /// Reads the apps, and returns their number. Makes the live records of an embedded directory consistent with the
    /// facts. Live records in Redis are not changed, because other nodes may use them.
    pub async fn begin(self, service: &Service, now: Now) -> Result<usize, ServiceError> {
        let (Some(directory), Some(recovered)) = (self.store.embedded(), self.recovered) else {
            let apps = service.begin_in_cluster().await?;
            tracing::info!(apps, "the live records are shared with other nodes");
            return Ok(apps);
        };
        let recovery = service.recover(directory.users(), recovered.complete_since, now).await?;
        tracing::info!(
            apps = recovery.apps,
            users_logged_in = recovery.users,
            live_records = recovered.records,
            in_doubt = recovered.in_doubt,
            "the live records were read"
        );
        if recovered.in_doubt && directory.stats().journal_set_aside {
            tracing::info!("no live records are left: returning clients get complete statuses");
        } else if recovered.in_doubt {
            tracing::warn!(
                damaged_files = recovered.damage.files,
                missing_files = recovered.damage.missing_files,
                "the live records may be older than the statuses that clients have; clients that reconnect get all statuses again"
            );
        }
        Ok(recovery.apps)
    }
}

/// Reads the live records. Also returns the mark of the database, which the journal must record. If the records were
/// written with another database, moves them aside, because they may contain users that this database does not have.
async fn embedded(data_dir: &Path, facts: &FactsStore) -> Result<(SavedRecords, FactsMark), LiveStoreError> {
    let saved = SavedRecords::read(&data_dir.join(data_folder::LIVE))?;
    let found = facts.mark().await?;
    // A crash cannot leave a database that is older than the recorded mark; `FactsMark` says why.
    let noted = saved.facts().filter(|noted| !found.includes(*noted));
    let are_others = noted.is_some();
    let saved = if let Some(noted) = noted {
        let aside = data_dir.join(data_folder::LIVE_SET_ASIDE);
        tracing::warn!(
            kept_as = %aside.display(), %noted, %found,
            "the database is not the one that the live records were written with, as after restoring a back-up; the \
             live records are set aside, and readers of the status feed have to begin with a new snapshot"
        );
        saved.set_aside(&aside)?
    } else {
        saved
    };
    // If no former live records are used, the facts begin a new history. Otherwise, two databases that continue from
    // the same back-up could have the same history.
    let history = (are_others || saved.is_empty()).then(rand::random);
    let mark = facts.advance_mark(history).await?;
    Ok((saved, mark))
}
