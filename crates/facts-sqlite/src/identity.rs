//! Detects that a file of the store was replaced or deleted while the store has the file open.
//!
//! The store then continues to use the old file, and no operation fails. When the store closes the old file, everything
//! that was written to it is lost. The paths therefore have to be checked.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The device and inode that each file of a store had when the store was opened.
pub(crate) struct Identity(Vec<(PathBuf, (u64, u64))>);

impl Identity {
    /// Returns the identity of the file at this path, and of SQLite's log beside it. The log exists while the store is
    /// open.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let log = PathBuf::from(log);
        let mut files = vec![(path.to_owned(), identity(path)?)];
        if let Ok(at) = identity(&log) {
            files.push((log, at));
        }
        Ok(Self(files))
    }

    /// Returns the first path whose file was replaced or deleted. A path that cannot be read does not count.
    pub(crate) fn replaced(&self) -> Option<&Path> {
        let is_other = |path: &Path, was: (u64, u64)| match identity(path) {
            Ok(now) => now != was,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        self.0.iter().find(|(path, was)| is_other(path, *was)).map(|(path, _)| path.as_path())
    }
}

/// Returns the device and the inode of a file.
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let about = fs::metadata(path)?;
    Ok((about.dev(), about.ino()))
}

#[cfg(test)]
mod tests {
    use crate::SqliteFacts;
    use lamplight_facts::Facts;
    use lamplight_model::{App, AppId, AppSettings};
    use std::fs;

    #[tokio::test]
    async fn a_file_that_was_replaced_or_deleted_is_noticed_and_the_same_file_again_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (path, aside) = (folder.path().join("facts.db"), folder.path().join("aside"));
        for name in ["facts.db", "facts.db-wal"] {
            let facts = SqliteFacts::open(&path).unwrap();
            let file = folder.path().join(name);
            assert_eq!(facts.replaced(), None);
            fs::rename(&file, &aside).unwrap();
            assert_eq!(facts.replaced(), Some(file.as_path()), "deleted");
            fs::copy(&aside, &file).unwrap();
            assert_eq!(facts.replaced(), Some(file.as_path()), "replaced");
            fs::rename(&aside, &file).unwrap();
            assert_eq!(facts.replaced(), None);
        }
    }

    #[tokio::test]
    async fn writing_and_another_program_that_reads_or_backs_up_the_store_replace_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("facts.db");
        let facts = SqliteFacts::open(&path).unwrap();
        for id in 1..40 {
            let app =
                App { id: AppId(id), keys: Vec::new(), admins: Vec::new(), settings: AppSettings::default() };
            facts.put_app(app).await.unwrap();
            let other = rusqlite::Connection::open(&path).unwrap();
            let apps: u32 = other.query_row("SELECT count(*) FROM apps", (), |row| row.get(0)).unwrap();
            assert_eq!(apps, id);
            other.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
            drop(other);
            assert_eq!(facts.replaced(), None);
        }
    }
}
