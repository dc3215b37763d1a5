//! Tests of the schema, with files from older versions, newer versions and other programs.

use super::*;
use std::os::unix::fs::PermissionsExt;

#[test]
fn the_writer_waits_for_the_disk_and_keeps_references_whole() {
    let directory = tempfile::tempdir().unwrap();
    let connection = open_for_writing(&directory.path().join("facts")).unwrap();
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(number("synchronous"), 2);
    assert_eq!(number("foreign_keys"), 1);
    assert_eq!(number("busy_timeout"), 5_000);
}

#[test]
fn all_files_are_for_their_owner_only() {
    let directory = tempfile::tempdir().unwrap();
    let connection = open_for_writing(&directory.path().join("facts")).unwrap();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["facts", "facts-shm", "facts-wal"]);
    drop(connection);
}

#[test]
fn the_nicks_of_an_older_file_can_be_searched_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("facts");
    let older = Connection::open(&path).unwrap();
    for migration in &MIGRATIONS[..NICKS_FOLDED] {
        older.execute_batch(migration).unwrap();
    }
    // There is more than one page, in two apps, and some accounts have no nick.
    let rows = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)
                INSERT INTO accounts (app, id, created, nick)
                SELECT 1 + n % 2, n, 1, iif(n % 5 = 0, '', 'ÄRGER ' || n) FROM n";
    let all = NICKS_AT_ONCE as i64 * 5 / 2;
    older.execute(rows, [all]).unwrap();
    older.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    older.pragma_update(None, "user_version", NICKS_FOLDED as u32).unwrap();
    drop(older);
    let db = open_for_writing(&path).unwrap();
    let sql = "SELECT count(*), sum(nick_folded = replace(nick, 'ÄRGER', 'ärger')) FROM accounts";
    let found: (i64, i64) = db.query_row(sql, (), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(found, (all, all));
}

#[test]
fn nicks_that_were_folded_by_their_lower_case_alone_are_folded_anew() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("facts");
    let older = Connection::open(&path).unwrap();
    let before = MIGRATIONS.iter().position(|migration| *migration == FOLD_NICKS_AGAIN).unwrap();
    for migration in &MIGRATIONS[..before] {
        older.execute_batch(migration).unwrap();
    }
    let row = "INSERT INTO accounts (app, id, created, nick, nick_folded)
        VALUES (1, 'a', 1, 'İSTANBUL', 'i\u{307}stanbul')";
    older.execute_batch(row).unwrap();
    older.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    older.pragma_update(None, "user_version", before as u32).unwrap();
    drop(older);
    let db = open_for_writing(&path).unwrap();
    let folded = db.query_row("SELECT nick_folded FROM accounts", (), |row| row.get::<_, String>(0));
    assert_eq!(folded.unwrap(), "istanbul");
}

/// An older program has stored records of metrics without the name of a node. After the migration, this name is empty.
#[test]
fn the_figures_of_an_older_file_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("facts");
    let older = Connection::open(&path).unwrap();
    let before =
        MIGRATIONS.iter().position(|migration| migration.contains("CREATE TABLE node_figures")).unwrap();
    for migration in &MIGRATIONS[..before] {
        older.execute_batch(migration).unwrap();
    }
    older.execute_batch("INSERT INTO figures VALUES (1, 20, 'b'), (1, 10, 'a')").unwrap();
    older.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    older.pragma_update(None, "user_version", before as u32).unwrap();
    drop(older);
    let db = open_for_writing(&path).unwrap();
    let sql = "SELECT group_concat(level || ' ' || at || ' ' || node || content, ', ') FROM node_figures";
    let found: String = db.query_row(sql, (), |row| row.get(0)).unwrap();
    assert_eq!(found, "1 10 a, 1 20 b");
}

#[test]
fn a_reader_cannot_write() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("facts");
    let _writing = open_for_writing(&path).unwrap();
    let reading = open_for_reading(&path).unwrap();
    let error = reading.execute("DELETE FROM apps", ()).unwrap_err();
    assert_eq!(error.sqlite_error_code(), Some(ErrorCode::ReadOnly));
}

#[test]
fn a_newer_file_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("facts");
    open_for_writing(&path).unwrap().pragma_update(None, "user_version", SCHEMA_VERSION + 1).unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = open_for_writing(&path).unwrap_err();
    assert_eq!(error.kind, FactsErrorKind::Unavailable);
    let newer = NewerSchema { found: SCHEMA_VERSION + 1, known: SCHEMA_VERSION };
    assert_eq!(error.source.unwrap().downcast_ref(), Some(&newer));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_file_of_another_program_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let foreign = directory.path().join("foreign");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let text = directory.path().join("text");
    std::fs::write(&text, "This is a letter to my aunt, and no database at all.".repeat(20)).unwrap();
    for path in [foreign, text] {
        let before = std::fs::read(&path).unwrap();
        let error = open_for_writing(&path).unwrap_err();
        assert_eq!(error.kind, FactsErrorKind::Corrupt, "{path:?}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}

#[test]
fn a_file_that_cannot_be_made_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let error = open_for_writing(&directory.path().join("nowhere/facts")).unwrap_err();
    assert_eq!(error.kind, FactsErrorKind::Unavailable);
    assert_eq!(error.doing, "creating the database file");
}
