//! Copies all facts from a SQLite file into an empty database in PostgreSQL. Compares the copy with the file, row for
//! row, before the copy is committed.

use crate::data_folder::{self, DataFolderError, IfMissing};
use crate::facts_store;
use lamplight_facts::FactsError;
use lamplight_facts::transfer::{RECORDS_AT_ONCE, Record, TABLES, Table};
use lamplight_facts_postgres::{PostgresSettings, Target};
use lamplight_facts_sqlite::Source;
use lamplight_model::FactsMark;
use parking_lot::Mutex;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The reason why facts were not copied. The source is unchanged, and the target is still empty.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The file does not exist.
    #[error("there is no file {0}")]
    NoFile(PathBuf),
    /// The data folder of the file cannot be used, for example because a server runs on it.
    #[error("the file must not be in use while it is copied: {0}")]
    Folder(#[from] DataFolderError),
    /// The file cannot be read.
    #[error("cannot read {file}")]
    Source {
        /// The file.
        file: PathBuf,
        /// The cause.
        source: FactsError,
    },
    /// The database cannot be written to.
    #[error("cannot write to the database at {address}{}", in_table(.table))]
    Target {
        /// The hosts and the name of the database.
        address: String,
        /// The table that was being copied.
        table: Option<&'static str>,
        /// The cause.
        source: FactsError,
    },
    /// The copy differs from its source.
    #[error("the copy of the table {table} differs from the file: {difference}; the copy was discarded")]
    Differs {
        /// The table.
        table: &'static str,
        /// The difference.
        difference: String,
    },
    /// The facts of the data folder are already in another database.
    #[error(
        "the facts of this data folder are in PostgreSQL ({former}), so the file may be outdated; to copy the file \
         anyway, delete {mark}"
    )]
    Moved {
        /// The hosts and the name of the database.
        former: String,
        /// The file that records where the facts of the data folder are.
        mark: PathBuf,
    },
    /// The copy is complete, but the file in the data folder that names the new store cannot be written.
    #[error(
        "all facts were copied and compared, but {mark} cannot be written: {source}; do not start the server without the \
         setting `facts`, because it would continue to use the file"
    )]
    Unmarked {
        /// The file that records where the facts of the data folder are.
        mark: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The thread that reads the file has ended.
    #[error("the thread that reads the file has ended")]
    Ended,
}

fn in_table(table: &Option<&'static str>) -> String {
    table.map(|table| format!(", at the table {table}")).unwrap_or_default()
}

/// A table that was copied, with the number of its rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Copied {
    /// The table.
    pub table: &'static str,
    /// The number of rows.
    pub rows: u64,
}

/// Copies all facts of a file into an empty database. Returns the tables with the numbers of their rows.
///
/// The copy is committed only after every row has been compared with its source. The data folder of the file then
/// records that its facts are in PostgreSQL, so that no server continues to use the file. `progress` is called after
/// each table.
pub async fn copy_facts(
    file: &Path,
    postgres: &PostgresSettings,
    mut progress: impl FnMut(Copied),
) -> Result<Vec<Copied>, CopyError> {
    if !file.is_file() {
        return Err(CopyError::NoFile(file.to_owned()));
    }
    let folder = data_folder_of(file);
    let _lock = folder.map(|folder| data_folder::lock(folder, IfMissing::Refuse)).transpose()?;
    if let Some(folder) = folder {
        check_unmoved(folder, &postgres.url.to_string())?;
    }
    let source = Reader::open(file).await?;
    let address = postgres.url.to_string();
    let failed = |table| {
        let address = address.clone();
        move |source| CopyError::Target { address, table, source }
    };
    let target = Target::open(postgres).await.map_err(failed(None))?;
    let mut copied = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        let mut page = source.page(table, None).await?;
        while let Some(last) = page.last().cloned() {
            target.insert(table, &page).await.map_err(failed(Some(table.name)))?;
            page = source.page(table, Some(last)).await?;
        }
        if table.is_numbered {
            let last = source.with(move |source| source.last_id(table)).await?;
            target.set_last_id(table, last).await.map_err(failed(Some(table.name)))?;
        }
        let rows = compare(&source, &target, table, failed(Some(table.name))).await?;
        copied.push(Copied { table: table.name, rows });
        progress(Copied { table: table.name, rows });
    }
    let last = source.with(Source::last_number).await?;
    target.set_last_number(last).await.map_err(failed(None))?;
    let mark: FactsMark = source.with(Source::mark).await?;
    target.set_mark(mark).await.map_err(failed(None))?;
    target.commit().await.map_err(failed(None))?;
    if let Some(folder) = folder {
        let mark = || folder.join(data_folder::IN_POSTGRES);
        facts_store::put_mark(folder, &postgres.url)
            .map_err(|source| CopyError::Unmarked { mark: mark(), source })?;
    }
    Ok(copied)
}

/// Returns the data folder of a database file. The copy locks this folder. Returns `None` if the file does not have the
/// name of a data folder's database.
fn data_folder_of(file: &Path) -> Option<&Path> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    file.file_name().is_some_and(|name| name == data_folder::FACTS).then_some(folder)
}

/// Fails if the facts of the data folder are in a database other than the one at `address`.
fn check_unmoved(folder: &Path, address: &str) -> Result<(), CopyError> {
    let mark = folder.join(data_folder::IN_POSTGRES);
    match facts_store::marked_address(folder) {
        Ok(Some(former)) if former != address => Err(CopyError::Moved { former, mark }),
        Ok(_) => Ok(()),
        Err(source) => Err(DataFolderError::Unusable { path: mark, source }.into()),
    }
}

/// Compares a table with its copy, row for row; returns the number of rows.
async fn compare(
    source: &Reader,
    target: &Target,
    table: &'static Table,
    failed: impl FnOnce(FactsError) -> CopyError + Clone,
) -> Result<u64, CopyError> {
    let counted = source.with(move |source| source.count(table)).await?;
    let found = target.count(table).await.map_err(failed.clone())?;
    if counted != found {
        let difference = format!("it has {found} rows instead of {counted}");
        return Err(CopyError::Differs { table: table.name, difference });
    }
    let mut after: Option<Record> = None;
    let mut compared = 0;
    loop {
        let expected = source.page(table, after.clone()).await?;
        let page = target.page(table, after.as_ref(), RECORDS_AT_ONCE).await.map_err(failed.clone())?;
        if let Some((row, _)) = expected.iter().zip(&page).find(|(row, copy)| row != copy) {
            let difference = format!("the row {:?} has other values", table.key_of(row));
            return Err(CopyError::Differs { table: table.name, difference });
        }
        if expected.len() != page.len() {
            let difference = format!("rows are missing after {compared} of {counted}");
            return Err(CopyError::Differs { table: table.name, difference });
        }
        compared += expected.len() as u64;
        match expected.into_iter().next_back() {
            Some(last) => after = Some(last),
            None if compared == counted => return Ok(counted),
            None => {
                let difference = format!("{compared} of {counted} rows were found");
                return Err(CopyError::Differs { table: table.name, difference });
            }
        }
    }
}

/// The file to copy from. Reading it blocks on the disk, so the reads run on other threads.
struct Reader {
    file: PathBuf,
    source: Arc<Mutex<Source>>,
}

impl Reader {
    async fn open(file: &Path) -> Result<Self, CopyError> {
        let path = file.to_owned();
        let opened = tokio::task::spawn_blocking(move || Source::open(&path)).await;
        let opened = opened.map_err(|_| CopyError::Ended)?;
        let source = opened.map_err(|source| CopyError::Source { file: file.to_owned(), source })?;
        Ok(Self { file: file.to_owned(), source: Arc::new(Mutex::new(source)) })
    }

    async fn with<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Source) -> Result<T, FactsError> + Send + 'static,
    ) -> Result<T, CopyError> {
        let source = Arc::clone(&self.source);
        let done = tokio::task::spawn_blocking(move || read(&source.lock())).await;
        done.map_err(|_| CopyError::Ended)?
            .map_err(|source| CopyError::Source { file: self.file.clone(), source })
    }

    async fn page(&self, table: &'static Table, after: Option<Record>) -> Result<Vec<Record>, CopyError> {
        self.with(move |source| source.page(table, after.as_ref(), RECORDS_AT_ONCE)).await
    }
}
