//! The store of the facts: a SQLite file in the data folder, or a database in PostgreSQL. A node opens, uses and
//! examines the store through this module.

use crate::data_folder;
use lamplight_facts::{Facts, FactsError, FactsErrorKind};
use lamplight_facts_postgres::{
    Cause, ClusterIdentity, InUse, PoolState, PostgresFacts, PostgresSettings, PostgresUrl,
};
use lamplight_facts_sqlite::{SqliteFacts, WriterState};
use lamplight_model::FactsMark;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of the operation in errors of opening the store.
const OPENING: &str = "opening the database";

/// The settings by which the store of a node is found.
#[derive(Clone, PartialEq, Debug)]
pub struct FactsSettings {
    /// The data folder of the node.
    pub data_dir: PathBuf,
    /// The database in PostgreSQL; `None` means the SQLite file in the data folder.
    pub postgres: Option<PostgresSettings>,
}

impl FactsSettings {
    /// Returns the settings of a node that keeps its facts in its data folder.
    pub fn in_folder(data_dir: &Path) -> Self {
        Self { data_dir: data_dir.to_owned(), postgres: None }
    }

    /// Returns these settings for a node whose cluster shares a database in PostgreSQL. `cluster` is the identity of
    /// the cluster. Without this call, one server or command uses the database alone.
    #[must_use]
    pub fn shared_by(mut self, cluster: ClusterIdentity) -> Self {
        if let Some(postgres) = &mut self.postgres {
            postgres.sharing = Some(cluster);
        }
        self
    }
}

/// The store in which a node keeps the facts.
#[derive(Clone)]
pub enum FactsStore {
    /// A SQLite file.
    Sqlite(Arc<SqliteFacts>),
    /// A database in PostgreSQL.
    Postgres(Arc<PostgresFacts>),
}

/// The state of a store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StoreState {
    /// The last write or call succeeded, or there was no call yet.
    Well,
    /// The last write or call failed.
    Failing,
    /// A thread of the store has ended. Nothing is written any more.
    Ended,
}

/// The counts of a store since it was opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct StoreStats {
    /// The number of commits.
    pub commits: u64,
    /// The number of committed writes.
    pub writes: u64,
    /// The number of failed commits.
    pub failed_commits: u64,
    /// The number of writes that failed.
    pub failed_writes: u64,
    /// The number of reads that PostgreSQL answered; 0 with SQLite.
    pub postgres_reads: u64,
    /// The number of reads that PostgreSQL did not answer; 0 with SQLite.
    pub postgres_failed_reads: u64,
    /// The number of times that a call to PostgreSQL was repeated; 0 with SQLite.
    pub postgres_repeated: u64,
    /// The number of connections that PostgreSQL did not accept because it had too many; 0 with SQLite.
    pub postgres_refused_connections: u64,
    /// The connections to PostgreSQL; none with SQLite.
    pub pool: PoolState,
}

/// The error for a data folder whose facts are in PostgreSQL, if the settings name no PostgreSQL.
#[derive(Debug, thiserror::Error)]
#[error(
    "the facts of this data folder are in PostgreSQL ({address}), but the settings do not say so: set `facts` to its \
     URL; to use the file facts.db instead, delete {mark}"
)]
struct InPostgres {
    address: String,
    mark: PathBuf,
}

/// The errors for an empty database when the data folder states that its facts are in another place.
#[derive(Debug, thiserror::Error)]
enum Empty {
    #[error(
        "the database {address} is empty, and the facts of this data folder are in {}: stop here and copy them with \
         `lamplight facts copy`, or move that file away to begin without facts",
        file.display()
    )]
    NotCopied { address: String, file: PathBuf },
    #[error(
        "the database {address} is empty, and the facts of this data folder are in {former}: set `facts` to the URL of that \
         database, or delete {} to begin without facts",
        mark.display()
    )]
    Moved { address: String, former: String, mark: PathBuf },
}

impl FactsStore {
    /// Opens the store, and creates or migrates its tables. The caller holds the lock of the data folder.
    pub async fn open(settings: &FactsSettings) -> Result<Self, FactsError> {
        let FactsSettings { data_dir, postgres } = settings;
        let file = data_folder::facts_path(data_dir);
        match postgres {
            None => {
                check_mark(data_dir)?;
                Ok(Self::Sqlite(Arc::new(SqliteFacts::open(&file)?)))
            }
            Some(postgres) => {
                let facts = PostgresFacts::open(postgres).await?;
                if facts.apps().await?.is_empty() {
                    check_empty(data_dir, &postgres.url.to_string())?;
                }
                put_mark(data_dir, &postgres.url).map_err(unavailable)?;
                if file.exists() {
                    tracing::warn!(
                        unused = %file.display(),
                        "the facts are in PostgreSQL; the database file in the data folder is not used"
                    );
                }
                Ok(Self::Postgres(Arc::new(facts)))
            }
        }
    }

    /// Opens a database in PostgreSQL for reading only. Other programs may use it at the same time.
    pub async fn open_to_read(postgres: &PostgresSettings) -> Result<Self, FactsError> {
        Ok(Self::Postgres(Arc::new(PostgresFacts::open_to_read(postgres).await?)))
    }

    /// Returns the store as an implementation of the port [`Facts`]. The service reads and writes facts through this
    /// port.
    pub fn facts(&self) -> Arc<dyn Facts> {
        match self {
            Self::Sqlite(facts) => Arc::<SqliteFacts>::clone(facts),
            Self::Postgres(facts) => Arc::<PostgresFacts>::clone(facts),
        }
    }

    /// Returns the store if other nodes can use it at the same time; `None` for a SQLite file.
    pub fn shared(&self) -> Option<Arc<dyn Facts>> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(facts) => Some(Arc::<PostgresFacts>::clone(facts)),
        }
    }

    /// Returns the current mark of the facts; see [`FactsMark`].
    pub async fn mark(&self) -> Result<FactsMark, FactsError> {
        match self {
            Self::Sqlite(facts) => facts.mark().await,
            Self::Postgres(facts) => facts.mark().await,
        }
    }

    /// Advances the mark of the facts, and returns the new mark after the commit. If `history` is given, begins a new
    /// history with this number.
    pub async fn advance_mark(&self, history: Option<u64>) -> Result<FactsMark, FactsError> {
        match self {
            Self::Sqlite(facts) => facts.advance_mark(history).await,
            Self::Postgres(facts) => facts.advance_mark(history).await,
        }
    }

    /// Advances the mark of the facts when a node of a cluster starts, and returns the new mark after the commit.
    /// `is_known` is `true` if the directory of the cluster belongs to the present history. If it is `false`, begins a
    /// new history with the number `new`. Keeps the present history if this cluster has begun it, or if other nodes use
    /// the facts.
    pub async fn begin_in_cluster(&self, new: u64, is_known: bool) -> Result<FactsMark, FactsError> {
        match self {
            // The settings do not allow a cluster with a file.
            Self::Sqlite(facts) => facts.advance_mark((!is_known).then_some(new)).await,
            Self::Postgres(facts) => facts.begin_in_cluster(new, is_known).await,
        }
    }

    /// Advances the mark of the facts if facts may have changed since the last call. Otherwise returns `None`.
    pub async fn mark_changes(&self) -> Result<Option<FactsMark>, FactsError> {
        match self {
            Self::Sqlite(facts) => facts.mark_changes().await,
            Self::Postgres(facts) => facts.mark_changes().await,
        }
    }

    /// Commits a write that changes no facts. Fails if other writes would fail too.
    pub async fn probe(&self) -> Result<(), FactsError> {
        match self {
            Self::Sqlite(facts) => facts.probe().await,
            Self::Postgres(facts) => facts.probe().await,
        }
    }

    /// Returns the state of the store.
    pub fn state(&self) -> StoreState {
        match self {
            Self::Sqlite(facts) if !facts.readers_are_alive() => StoreState::Ended,
            Self::Sqlite(facts) => match facts.writer_state() {
                WriterState::Well => StoreState::Well,
                WriterState::Failing => StoreState::Failing,
                WriterState::Ended => StoreState::Ended,
            },
            Self::Postgres(facts) => match facts.failing() {
                Some(_) => StoreState::Failing,
                None => StoreState::Well,
            },
        }
    }

    /// Returns why the store fails, without secrets. Returns `None` if the store works or the reason is unknown.
    pub fn failing(&self) -> Option<String> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(facts) => facts.failing().map(|cause| cause.to_string()),
        }
    }

    /// Returns the counts since the store was opened.
    pub fn stats(&self) -> StoreStats {
        match self {
            Self::Sqlite(facts) => {
                let stats = facts.stats();
                StoreStats {
                    commits: stats.commits,
                    writes: stats.writes,
                    failed_commits: stats.failed_commits,
                    failed_writes: stats.failed_writes,
                    ..StoreStats::default()
                }
            }
            Self::Postgres(facts) => {
                let stats = facts.stats();
                // Each write is a transaction of its own.
                StoreStats {
                    commits: stats.writes,
                    writes: stats.writes,
                    failed_commits: stats.failed_writes,
                    failed_writes: stats.failed_writes,
                    postgres_reads: stats.reads,
                    postgres_failed_reads: stats.failed_reads,
                    postgres_repeated: stats.repeated,
                    postgres_refused_connections: stats.refused_connections,
                    pool: facts.pool_state(),
                }
            }
        }
    }

    /// Returns the path of the first file that was replaced or deleted since the store was opened. This call blocks on
    /// the disk.
    pub fn replaced(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(facts) => facts.replaced(),
            Self::Postgres(_) => None,
        }
    }
}

/// Returns the programs that use the database, if they are the reason why the store could not be opened.
pub(crate) fn in_use(error: &FactsError) -> Option<InUse> {
    match lamplight_facts_postgres::cause(error) {
        Some(Cause::InUse(in_use)) => Some(in_use),
        Some(_) | None => None,
    }
}

/// Returns the cause of an error as a text for the public, without host and user.
pub(crate) fn public_cause(error: &FactsError) -> String {
    match lamplight_facts_postgres::cause(error) {
        Some(cause) => cause.to_string(),
        None => std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string),
    }
}

/// The findings of an examination of a store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StoreFound {
    /// No database file exists yet.
    NoFile,
    /// The database file can be opened, and its apps can be read.
    File,
    /// The database in PostgreSQL can be opened.
    Postgres {
        /// The hosts and the name of the database.
        address: String,
        /// The version of PostgreSQL, such as `15.18`.
        version: String,
        /// Whether the connection is encrypted.
        is_encrypted: bool,
        /// The maximum number of connections that PostgreSQL accepts.
        max_connections: u32,
        /// The maximum number of connections that a node makes.
        connections: u32,
        /// The mark of the facts; `None` for an empty database.
        mark: Option<FactsMark>,
    },
}

impl StoreFound {
    /// Returns the mark of the facts in PostgreSQL; `None` for a file or an empty database.
    pub fn mark(&self) -> Option<FactsMark> {
        match self {
            Self::NoFile | Self::File => None,
            Self::Postgres { mark, .. } => *mark,
        }
    }
}

/// Examines a store without changing it. Fails if a node could not start with this store. If the store is a file, no
/// node may use the file during the examination.
pub async fn examine_store(settings: &FactsSettings) -> Result<StoreFound, FactsError> {
    let FactsSettings { data_dir, postgres } = settings;
    match postgres {
        None => {
            check_mark(data_dir)?;
            match data_folder::facts_path(data_dir) {
                path if path.is_file() => lamplight_facts_sqlite::examine(&path).map(|()| StoreFound::File),
                _ => Ok(StoreFound::NoFile),
            }
        }
        Some(postgres) => {
            let server = PostgresFacts::examine(postgres).await?;
            if !server.has_apps {
                check_empty(data_dir, &postgres.url.to_string())?;
            }
            Ok(StoreFound::Postgres {
                address: postgres.url.to_string(),
                version: server.version_text(),
                is_encrypted: server.is_encrypted,
                max_connections: u32::try_from(server.max_connections).unwrap_or(0),
                connections: u32::try_from(postgres.connections).unwrap_or(u32::MAX),
                mark: server.mark,
            })
        }
    }
}

/// Checks the data folder of a node. The node's database at `address` is empty. Fails if the facts of the data folder
/// are in another database, or in a SQLite file that was not copied yet.
fn check_empty(data_dir: &Path, address: &str) -> Result<(), FactsError> {
    let file = data_folder::facts_path(data_dir);
    match marked_address(data_dir).map_err(unavailable)? {
        Some(former) if former != address => {
            let mark = data_dir.join(data_folder::IN_POSTGRES);
            Err(unavailable(Empty::Moved { address: address.to_owned(), former, mark }))
        }
        None if file.exists() => Err(unavailable(Empty::NotCopied { address: address.to_owned(), file })),
        Some(_) | None => Ok(()),
    }
}

/// Fails if the data folder states that its facts are in PostgreSQL.
fn check_mark(data_dir: &Path) -> Result<(), FactsError> {
    match marked_address(data_dir).map_err(unavailable)? {
        Some(address) => {
            Err(unavailable(InPostgres { address, mark: data_dir.join(data_folder::IN_POSTGRES) }))
        }
        None => Ok(()),
    }
}

/// Records in the data folder that its facts are in PostgreSQL at this address.
pub(crate) fn put_mark(data_dir: &Path, address: &PostgresUrl) -> io::Result<()> {
    let (mark, address) = (data_dir.join(data_folder::IN_POSTGRES), format!("{address}\n"));
    if std::fs::read_to_string(&mark).is_ok_and(|found| found == address) {
        return Ok(());
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(&mark)?.write_all(address.as_bytes())?;
    data_folder::give_to_owner(&mark, data_dir)
}

/// Returns the address of the database that keeps the facts of a data folder; `None` if the folder names no database.
pub(crate) fn marked_address(data_dir: &Path) -> io::Result<Option<String>> {
    match std::fs::read_to_string(data_dir.join(data_folder::IN_POSTGRES)) {
        Ok(address) => Ok(Some(address.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> FactsError {
    FactsError { kind: FactsErrorKind::Unavailable, doing: OPENING, source: Some(source.into()) }
}
