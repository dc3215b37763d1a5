//! Checks the database file without changing it, so that faults are found before a server opens it.

use crate::fault;
use crate::schema::{self, opening, version};
use crate::statements;
use lamplight_facts::FactsError;
use rusqlite::{Connection, OpenFlags};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Returns an error if [`SqliteFacts::open`](crate::SqliteFacts::open) would refuse the file, or if its apps cannot be
/// read. No other process may have the file open.
///
/// Creates no file. Writes only to the index of SQLite's log, which SQLite may update after a process was killed. If
/// the log has no index, the file is not checked, because reading the file would create the index.
pub fn examine(path: &Path) -> Result<(), FactsError> {
    let [log, index] = ["-wal", "-shm"].map(|suffix| beside(path, suffix));
    let has_log = log.metadata().is_ok_and(|about| about.len() > 0);
    let connection = match has_log {
        // If the log has no index, reading would create the index, owned by the calling user.
        true if !index.exists() => return Ok(()),
        true => schema::open_for_reading(path)?,
        false => open_unchanging(path)?,
    };
    if version(&connection)? == 0 {
        return Ok(());
    }
    let apps = statements::apps(&connection);
    apps.map(drop).map_err(|error| fault::of_sqlite("listing apps", Arc::new(error)))
}

/// Opens a complete file that no process writes to. SQLite then creates no files beside it.
fn open_unchanging(path: &Path) -> Result<Connection, FactsError> {
    let text =
        path.to_str().ok_or(io::Error::new(io::ErrorKind::InvalidInput, "the path is not valid UTF-8"));
    let text = text.map_err(|error| fault::unavailable("opening the database file", error))?;
    let escaped = text.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags).map_err(opening)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SqliteFacts;
    use std::collections::BTreeMap;
    use std::fs;

    /// Returns the contents of a folder: the path and the bytes of each file.
    fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
    }

    #[test]
    fn the_examination_refuses_what_a_start_refuses_and_changes_nothing() {
        type Spoil = fn(&Path);
        let sql = |path: &Path, sql: &str| Connection::open(path).unwrap().execute_batch(sql).unwrap();
        let table: [(&str, Spoil, bool); 8] = [
            ("as it is", |_| {}, true),
            ("empty", |path| fs::write(path, "").unwrap(), true),
            ("a text", |path| fs::write(path, "a text").unwrap(), false),
            ("noise", |path| fs::write(path, [7; 100_000]).unwrap(), false),
            ("cut off", |path| fs::write(path, &fs::read(path).unwrap()[..5_000]).unwrap(), false),
            (
                "of another program",
                |path| {
                    fs::remove_file(path).unwrap();
                    Connection::open(path).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
                },
                false,
            ),
            (
                "newer",
                |path| Connection::open(path).unwrap().execute_batch("PRAGMA user_version = 999").unwrap(),
                false,
            ),
            (
                "apps that cannot be read",
                |path| {
                    let app = "INSERT INTO apps VALUES (1, 'no JSON', '[]', '{}')";
                    Connection::open(path).unwrap().execute_batch(app).unwrap();
                },
                false,
            ),
        ];
        for (name, spoil, is_good) in table {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("facts #1?50%.db");
            drop(SqliteFacts::open(&path).unwrap());
            spoil(&path);
            let before = contents(folder.path());
            let examined = examine(&path);
            assert_eq!(examined.is_ok(), is_good, "{name}: {examined:?}");
            assert!(contents(folder.path()) == before, "{name}: something was changed");
        }
        // After `kill -9` there is a log, and the main file may lack the changes that are in the log.
        let (folder, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let open = SqliteFacts::open(&folder.path().join("facts.db")).unwrap();
        for name in ["facts.db", "facts.db-wal", "facts.db-shm"] {
            fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
        }
        drop(open);
        let path = copy.path().join("facts.db");
        let names = |folder: &Path| contents(folder).into_keys().collect::<Vec<_>>();
        let before = names(copy.path());
        examine(&path).unwrap();
        assert_eq!(names(copy.path()), before);
        sql(&path, "PRAGMA user_version = 999");
        examine(&path).unwrap_err();
    }
}
