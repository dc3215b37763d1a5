//! The database file: its creation, opening and migration.

use crate::fault::{self, NotFacts};
use lamplight_facts::{FactsError, FactsErrorKind};
use lamplight_model::fold_nick;
use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The schema version that this program writes, which is the number of migrations.
pub const SCHEMA_VERSION: u32 = MIGRATIONS.len() as u32;

/// The error of a file that was written by a newer program. This program could damage data that the newer program has
/// stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the file has schema {found}, and this program knows schemas up to {known}: use a newer Lamplight")]
pub struct NewerSchema {
    /// The schema version of the file.
    pub found: u32,
    /// [`SCHEMA_VERSION`] of this program.
    pub known: u32,
}

/// The migrations: the one at index `n` changes schema `n` to `n + 1`. A released migration is never changed.
///
/// Texts are compared by their bytes, like `UserId`. Times are milliseconds since 1970. `seq` orders rows of one user
/// with the same time.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE apps (
        id       INTEGER PRIMARY KEY,
        keys     TEXT NOT NULL,          -- JSON: [AppKey]
        admins   TEXT NOT NULL,          -- JSON: [UserId]
        settings TEXT NOT NULL           -- JSON: AppSettings
    ) STRICT;

    CREATE TABLE accounts (
        app          INTEGER NOT NULL,
        id           TEXT NOT NULL,
        created      INTEGER NOT NULL,
        sigs_revoked INTEGER,
        PRIMARY KEY (app, id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE logins (
        app      INTEGER NOT NULL,
        user     TEXT NOT NULL,
        device   TEXT NOT NULL,
        platform INTEGER NOT NULL,
        at       INTEGER NOT NULL,
        seq      INTEGER NOT NULL,
        PRIMARY KEY (app, user, device),
        FOREIGN KEY (app, user) REFERENCES accounts ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE kick_marks (
        app       INTEGER NOT NULL,
        user      TEXT NOT NULL,
        device    TEXT NOT NULL,
        kicked_by INTEGER NOT NULL,      -- a platform
        told      INTEGER NOT NULL,      -- 0 or 1
        at        INTEGER NOT NULL,
        seq       INTEGER NOT NULL,
        PRIMARY KEY (app, user, device),
        FOREIGN KEY (app, user) REFERENCES accounts ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE friends (
        app    INTEGER NOT NULL,
        owner  TEXT NOT NULL,
        friend TEXT NOT NULL,
        remark TEXT NOT NULL,
        PRIMARY KEY (app, owner, friend),
        FOREIGN KEY (app, owner) REFERENCES accounts ON DELETE CASCADE,
        FOREIGN KEY (app, friend) REFERENCES accounts ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX friends_by_friend ON friends (app, friend);
",
    "
    ALTER TABLE accounts ADD COLUMN nick TEXT NOT NULL DEFAULT '';
    ALTER TABLE accounts ADD COLUMN avatar_url TEXT NOT NULL DEFAULT '';
    ALTER TABLE accounts ADD COLUMN allow INTEGER NOT NULL DEFAULT 0;    -- 0: anybody may add the user; 1: nobody may
    ALTER TABLE accounts ADD COLUMN lists_version INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE accounts ADD COLUMN unread INTEGER NOT NULL DEFAULT 0;   -- the sum over all conversations
    UPDATE accounts SET lists_version = created;

    ALTER TABLE friends ADD COLUMN added INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE friends ADD COLUMN source TEXT NOT NULL DEFAULT '';
    ALTER TABLE friends ADD COLUMN wording TEXT NOT NULL DEFAULT '';
    -- The creation times of older entries are unknown. The best estimate is the later creation time of the two
    -- accounts.
    UPDATE friends SET added = max(
        (SELECT created FROM accounts WHERE app = friends.app AND id = friends.owner),
        (SELECT created FROM accounts WHERE app = friends.app AND id = friends.friend));

    -- Two users who have ever sent messages to each other, or one who has sent some to themselves. A pair is kept after
    -- its accounts, conversations and messages were deleted, so that no sequence is reused.
    CREATE TABLE pairs (
        id     INTEGER PRIMARY KEY,
        app    INTEGER NOT NULL,
        low    TEXT NOT NULL,            -- low and high are the two user ids; low sorts first by bytes
        high   TEXT NOT NULL,
        last   INTEGER NOT NULL,         -- the highest sequence that was ever assigned
        of_low INTEGER NOT NULL,         -- the number of messages that low has ever sent
        UNIQUE (app, low, high)
    ) STRICT;

    CREATE TABLE messages (
        app       INTEGER NOT NULL,
        pair      INTEGER NOT NULL,
        sequence  INTEGER NOT NULL,
        sender    TEXT NOT NULL,
        born      INTEGER NOT NULL,      -- the creation time of the sender's account
        nth       INTEGER NOT NULL,      -- the number among the sender's messages in the pair, from 1
        at        INTEGER NOT NULL,
        client_id TEXT NOT NULL,
        text      TEXT NOT NULL,
        PRIMARY KEY (pair, sequence)
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX messages_by_client_id ON messages (app, sender, born, client_id);
    CREATE INDEX messages_by_time ON messages (app, at);

    CREATE TABLE conversations (
        app     INTEGER NOT NULL,
        owner   TEXT NOT NULL,
        peer    TEXT NOT NULL,
        pair    INTEGER NOT NULL,
        pinned  INTEGER NOT NULL,        -- 0 or 1
        active  INTEGER NOT NULL,
        cleared INTEGER NOT NULL,        -- messages up to this sequence are hidden from the owner
        read    INTEGER NOT NULL,        -- the owner has read messages up to this sequence
        unread  INTEGER NOT NULL,
        PRIMARY KEY (app, owner, peer),
        FOREIGN KEY (app, owner) REFERENCES accounts ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX conversations_in_order ON conversations (app, owner, pinned DESC, active DESC, peer);
",
    "
    -- Notices that were not delivered yet. Ids are never reused, so that a late outcome cannot affect another notice.
    CREATE TABLE notices (
        id       INTEGER PRIMARY KEY AUTOINCREMENT,
        app      INTEGER NOT NULL,
        hook     INTEGER NOT NULL,
        user     TEXT NOT NULL,
        ordinal  INTEGER NOT NULL,
        device   TEXT,                   -- only of a disconnect: a login of this device removes the notice
        queued   INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        due      INTEGER,                -- NULL unless this is the first notice of its app, hook and user
        error    TEXT NOT NULL,
        content  TEXT NOT NULL           -- JSON: NoticeContent
    ) STRICT;
    CREATE UNIQUE INDEX notices_by_user ON notices (app, hook, user, ordinal);
    CREATE INDEX notices_due ON notices (app, hook, due, id, queued) WHERE due IS NOT NULL;

    CREATE TABLE dead_letters (
        id       INTEGER PRIMARY KEY AUTOINCREMENT,
        app      INTEGER NOT NULL,
        hook     INTEGER NOT NULL,
        user     TEXT NOT NULL,
        ordinal  INTEGER NOT NULL,
        queued   INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        died     INTEGER NOT NULL,
        error    TEXT NOT NULL,
        content  TEXT NOT NULL           -- JSON: NoticeContent
    ) STRICT;
    CREATE INDEX dead_letters_by_app ON dead_letters (app, id);

    -- The numbers of rows in the two tables, because counting them each time would take too long.
    CREATE TABLE lanes (
        app     INTEGER NOT NULL,
        hook    INTEGER NOT NULL,
        waiting INTEGER NOT NULL,
        dead    INTEGER NOT NULL,
        PRIMARY KEY (app, hook)
    ) STRICT, WITHOUT ROWID;
",
    "
    -- The highest number of a login or account. The next one gets the next number.
    CREATE TABLE numbers (last INTEGER NOT NULL) STRICT;
    INSERT INTO numbers SELECT count(*) FROM logins;

    -- The last login of each device. A Web login is not durable, but its number shows whether a late end belongs to it.
    CREATE TABLE numbered_logins (
        app      INTEGER NOT NULL,
        user     TEXT NOT NULL,
        device   TEXT NOT NULL,
        platform INTEGER NOT NULL,
        at       INTEGER NOT NULL,
        number   INTEGER NOT NULL,
        durable  INTEGER NOT NULL,       -- 0 or 1
        PRIMARY KEY (app, user, device),
        FOREIGN KEY (app, user) REFERENCES accounts ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    INSERT INTO numbered_logins
        SELECT app, user, device, platform, at, row_number() OVER (ORDER BY at, app, user, seq), 1 FROM logins;
    DROP TABLE logins;
    ALTER TABLE numbered_logins RENAME TO logins;

    ALTER TABLE kick_marks RENAME TO marks;
    ALTER TABLE marks RENAME COLUMN kicked_by TO why;   -- the platform of the kicking login; 0: logout

    -- Kept after the account was deleted. UserSigs issued before the second of `at` are revoked, and those issued in
    -- the seconds `also`. All logins up to the number `through` have ended.
    CREATE TABLE revocations (
        app     INTEGER NOT NULL,
        user    TEXT NOT NULL,
        at      INTEGER NOT NULL,
        also    TEXT NOT NULL,           -- JSON: [second]
        through INTEGER NOT NULL,
        PRIMARY KEY (app, user)
    ) STRICT, WITHOUT ROWID;
    -- In earlier schemas, a revocation covered the whole of its second.
    INSERT INTO revocations
        SELECT app, id, (sigs_revoked / 1000 + 1) * 1000, '[]', 0 FROM accounts WHERE sigs_revoked IS NOT NULL;
    ALTER TABLE accounts DROP COLUMN sigs_revoked;
    ALTER TABLE accounts ADD COLUMN born INTEGER NOT NULL DEFAULT 0;     -- a number from `numbers`, unique per account
",
    "
    -- Several messages of a sender may have the same client id. A retry also has the same recipient and text, and comes
    -- soon after.
    DROP INDEX messages_by_client_id;
    CREATE INDEX messages_by_client_id ON messages (app, sender, born, client_id, pair, at);
    ALTER TABLE messages ADD COLUMN pushed INTEGER NOT NULL DEFAULT 0;   -- 1: a notice about the message was enqueued
",
    "
    -- Apps that were deleted and not created again since. No data of these apps is stored.
    CREATE TABLE deleted_apps (
        id      INTEGER PRIMARY KEY,
        emptied INTEGER NOT NULL         -- 1: all rows of the app are deleted
    ) STRICT;
",
    "
    -- The folded nick, which searches compare. SQLite folds only ASCII, so this program fills the column.
    ALTER TABLE accounts ADD COLUMN nick_folded TEXT NOT NULL DEFAULT '';
    CREATE INDEX accounts_by_nick ON accounts (app, nick_folded, id) WHERE nick_folded <> '';
",
    "
    -- The audit log: changes that operators have made.
    CREATE TABLE audit (
        id       INTEGER PRIMARY KEY AUTOINCREMENT,
        at       INTEGER NOT NULL,
        operator TEXT NOT NULL,          -- a name, or 'command line'
        address  TEXT,
        app      INTEGER,
        action   TEXT NOT NULL,          -- JSON: AuditAction
        target   TEXT NOT NULL,
        changes  TEXT NOT NULL,          -- JSON: [AuditChange]
        outcome  TEXT NOT NULL,          -- JSON: AuditOutcome
        note     TEXT NOT NULL
    ) STRICT;
    CREATE INDEX audit_by_app ON audit (app, id);
    CREATE INDEX audit_by_time ON audit (at);

    -- Past metrics, for the charts of the console.
    CREATE TABLE figures (
        level   INTEGER NOT NULL,
        at      INTEGER NOT NULL,
        content TEXT NOT NULL,
        PRIMARY KEY (level, at)
    ) STRICT, WITHOUT ROWID;
",
    "
    -- Further fields of a profile, which are stored without being interpreted.
    ALTER TABLE accounts ADD COLUMN fields TEXT NOT NULL DEFAULT '{}';   -- JSON: ProfileFields
",
    FOLD_NICKS_AGAIN,
    "
    -- Messages with custom content. The column `text` contains the description, which is what people see.
    ALTER TABLE messages ADD COLUMN custom TEXT;   -- JSON: [data, extension]; NULL: a text message
",
    "
    -- The ordinal up to which a user's session events were stored in the outbox. The live record may not know that yet.
    CREATE TABLE taken_in (
        app     INTEGER NOT NULL,
        user    TEXT NOT NULL,
        ordinal INTEGER NOT NULL,
        PRIMARY KEY (app, user)
    ) STRICT, WITHOUT ROWID;
    -- The former version may have been sending these notices when it stopped, so a login must not cancel them.
    UPDATE notices SET device = NULL WHERE due IS NOT NULL;
",
    "
    -- One row, by which live records detect that these are not the facts that they were written beside.
    CREATE TABLE mark (
        one     INTEGER PRIMARY KEY CHECK (one = 1),
        history INTEGER NOT NULL,        -- the bits of a u64
        count   INTEGER NOT NULL
    ) STRICT;
    INSERT INTO mark VALUES (1, random(), 0);
",
    "
    -- The leases of lanes, for nodes that share the facts. No beat is used twice.
    CREATE TABLE lane_leases (
        beat   INTEGER PRIMARY KEY AUTOINCREMENT,
        app    INTEGER NOT NULL,
        hook   INTEGER NOT NULL,
        holder INTEGER,                  -- the bits of the id of a node; NULL: released
        term   INTEGER,                  -- NULL: the term began with this beat
        UNIQUE (app, hook)
    ) STRICT;
    CREATE TABLE console_documents (
        name TEXT PRIMARY KEY, revision INTEGER NOT NULL, content TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
",
    "
    -- The last term in which a recorder moves session events of a partition to the outbox.
    CREATE TABLE recorder_terms (
        partition INTEGER PRIMARY KEY,
        term      INTEGER NOT NULL
    ) STRICT;
",
    "
    -- Past metrics of each node, for the charts of the console.
    CREATE TABLE node_figures (
        level   INTEGER NOT NULL,
        at      INTEGER NOT NULL,
        node    TEXT NOT NULL,           -- the name of the node in its cluster; '' without a cluster
        content TEXT NOT NULL,
        PRIMARY KEY (level, at, node)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO node_figures (level, at, node, content) SELECT level, at, '', content FROM figures;
    DROP TABLE figures;
",
    "
    -- Who may see the status of a user.
    ALTER TABLE accounts ADD COLUMN visibility INTEGER NOT NULL DEFAULT 0;    -- 0: everyone; 1: friends; 2: nobody
    ALTER TABLE accounts ADD COLUMN block_count INTEGER NOT NULL DEFAULT 0;   -- the number of rows in `blocks`
    CREATE INDEX accounts_restricted ON accounts (app, id) WHERE visibility <> 0 OR block_count <> 0;

    -- The block lists. A row stays when the account of the blocked user is deleted.
    CREATE TABLE blocks (
        app     INTEGER NOT NULL,
        owner   TEXT NOT NULL,
        blocked TEXT NOT NULL,
        since   INTEGER NOT NULL,
        PRIMARY KEY (app, owner, blocked),
        FOREIGN KEY (app, owner) REFERENCES accounts ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
",
    "
    -- What viewers from whom the status is hidden are shown after a loss of the live records.
    ALTER TABLE accounts ADD COLUMN away_version INTEGER NOT NULL DEFAULT 0;  -- the lists version of the restrictions
    ALTER TABLE accounts ADD COLUMN away TEXT;                                -- JSON: AwayLogins
",
];

/// The migration after which the column `nick_folded` of all accounts is filled for the second time.
const FOLD_NICKS_AGAIN: &str = "
    -- In earlier schemas, nicks were folded only by converting them to lower case.
";

/// After the migration with this index, the column `nick_folded` is filled for the first time.
const NICKS_FOLDED: usize = 6;

/// The maximum number of nicks that a migration converts in one step. It bounds the memory for any number of accounts.
const NICKS_AT_ONCE: usize = 10_000;

/// The SQLite application id of the file: "Lamp".
pub(crate) const APPLICATION_ID: u32 = 0x4c61_6d70;

/// The time for which a connection waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The pause between two attempts to switch to write-ahead logging.
const WAL_PAUSE: Duration = Duration::from_millis(5);

/// The capacity of the prepared-statement cache. It is larger than the number of distinct statements, so no statement
/// is evicted.
const PREPARED_STATEMENTS: usize = 128;

/// Opens the file for writing, after creating or migrating it if necessary.
pub(crate) fn open_for_writing(path: &Path) -> Result<Connection, FactsError> {
    // POSIX releases all locks of a process on a file when the process closes any handle of the file. `create` closes a
    // handle, so no other part of this process may be opening the file meanwhile.
    static OPENING: Mutex<()> = Mutex::new(());
    let _opening = OPENING.lock();

    create(path).map_err(|error| fault::unavailable("creating the database file", error))?;
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(opening)?;
    version(&connection)?;
    use_wal(&connection).map_err(opening)?;
    // An acknowledged write must be on disk.
    connection.pragma_update(None, "synchronous", "FULL").map_err(opening)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(opening)?;
    // The size in bytes to which the log is truncated after a checkpoint, and the size of the page cache in KiB.
    connection.pragma_update(None, "journal_size_limit", 64 << 20).map_err(opening)?;
    connection.pragma_update(None, "cache_size", -(16 << 10)).map_err(opening)?;
    // The number of pages in the log that triggers a checkpoint. A checkpoint copies a page only once, even if many
    // commits have written it.
    connection.pragma_update(None, "wal_autocheckpoint", 4_000).map_err(opening)?;
    // Temporary pages, such as those of savepoints, stay in memory.
    connection.pragma_update(None, "temp_store", "MEMORY").map_err(opening)?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Opens an existing file with the current schema for reading.
pub(crate) fn open_for_reading(path: &Path) -> Result<Connection, FactsError> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(opening)
}

/// Creates an empty file that only its owner can open, because it will contain the keys of apps.
fn create(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

fn connect(path: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    // Query plans must not depend on bound values. Otherwise SQLite would plan some statements again for each call,
    // which takes longer than the call itself.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// Switches a new file to write-ahead logging.
///
/// If two processes switch the file at once, SQLite immediately returns "busy" to one process. This function then waits
/// and tries again.
fn use_wal(connection: &Connection) -> rusqlite::Result<()> {
    let started = Instant::now();
    loop {
        let mode =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        match mode {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => {
                let message = format!("write-ahead logging is not possible here, only {mode:?}");
                return Err(Error::SqliteFailure(rusqlite::ffi::Error::new(1), Some(message)));
            }
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && started.elapsed() < BUSY_TIMEOUT =>
            {
                std::thread::sleep(WAL_PAUSE);
            }
            Err(error) => return Err(error),
        }
    }
}

/// Returns the schema version of the file; 0 if it is empty. Fails if the file belongs to another program, or was
/// written by a newer version of this program.
pub(crate) fn version(connection: &Connection) -> Result<u32, FactsError> {
    // A single statement reads from one snapshot. Another process may be creating the tables.
    let sql = "SELECT (SELECT user_version FROM pragma_user_version),
                      (SELECT application_id FROM pragma_application_id),
                      (SELECT count(*) FROM sqlite_schema)";
    let header = connection.query_row(sql, (), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let (found, application, objects): (u32, u32, u32) = header.map_err(opening)?;
    if application != APPLICATION_ID && (application, found, objects) != (0, 0, 0) {
        let source = Some(NotFacts.into());
        return Err(FactsError { kind: FactsErrorKind::Corrupt, doing: OPENING, source });
    }
    if found > SCHEMA_VERSION {
        return Err(fault::unavailable(OPENING, NewerSchema { found, known: SCHEMA_VERSION }));
    }
    Ok(found)
}

fn migrate(connection: &mut Connection) -> Result<(), FactsError> {
    if version(connection)? == SCHEMA_VERSION {
        return Ok(());
    }
    let transaction = Transaction::new(connection, TransactionBehavior::Immediate).map_err(opening)?;
    // Another process may have migrated the file meanwhile.
    let found = version(&transaction)?;
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(found as usize) {
        transaction.execute_batch(migration).map_err(opening)?;
        if index == NICKS_FOLDED || *migration == FOLD_NICKS_AGAIN {
            fold_nicks(&transaction).map_err(opening)?;
        }
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(opening)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION).map_err(opening)?;
    transaction.commit().map_err(opening)?;
    tracing::info!(from = found, to = SCHEMA_VERSION, "the schema of the database was migrated");
    Ok(())
}

/// Fills the column `nick_folded`, by which accounts are found: the nick with its case folded.
fn fold_nicks(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let mut read = transaction.prepare(
        "SELECT app, id, nick FROM accounts WHERE (app, id) > (?1, ?2) AND nick <> '' ORDER BY app, id LIMIT ?3",
    )?;
    let mut write = transaction.prepare("UPDATE accounts SET nick_folded = ?3 WHERE app = ?1 AND id = ?2")?;
    // No `userID` is empty, so this position is before all accounts.
    let mut last = (0_u32, String::new());
    loop {
        // The whole page is read before the first write, because rows must not change while they are read.
        let page = read.query_map((last.0, &last.1, NICKS_AT_ONCE as i64), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
        let page: Vec<(u32, String, String)> = page.collect::<rusqlite::Result<_>>()?;
        for (app, id, nick) in &page {
            write.execute((app, id, fold_nick(nick)))?;
        }
        match page.into_iter().nth(NICKS_AT_ONCE - 1) {
            Some((app, id, _)) => last = (app, id),
            None => return Ok(()),
        }
    }
}

const OPENING: &str = "opening the database file";

pub(crate) fn opening(error: Error) -> FactsError {
    fault::of_sqlite(OPENING, Arc::new(error))
}

#[cfg(test)]
mod tests;
