//! [`Facts`] in a SQLite file: the default adapter for one node.
//!
//! A single writer thread takes all waiting writes, runs each in a savepoint of one transaction, commits, and then
//! answers. Many writes therefore share one commit, and an answer means that the data is on disk. A few reader threads
//! answer reads over connections of their own. The queues are bounded; if one is full, a call fails at once with
//! [`FactsErrorKind::Overloaded`](lamplight_facts::FactsErrorKind).
//!
//! This crate contains no rules, and does not check that an app exists.

mod deletion;
mod examine;
mod fault;
mod identity;
mod lists;
mod mark;
mod operations;
mod outbox;
mod readers;
mod rows;
mod schema;
mod source;
mod statements;
mod writer;

pub use examine::examine;
pub use fault::{NotFacts, Stopped};
pub use schema::{NewerSchema, SCHEMA_VERSION};
pub use source::{OlderSchema, Source};
pub use writer::{Stats, WRITE_BATCH, WRITE_QUEUE, WriterState};

pub use readers::{READ_QUEUE, READERS};

use identity::Identity;
use lamplight_facts::{
    Account, AccountDeleted, AccountMade, AccountWithLogins, Answer, AppDeletion, EndedLogin, Facts,
    FactsError, Login, LoginCursor, LoginRecorded, LoginsRecorded, NewLogin, Revocation, Revoked,
    UsersRevoked,
};
use lamplight_model::{App, AppId, Timestamp, User, UserId};
use mark::Marked;
use readers::Readers;
use std::ops::Range;
use std::path::Path;
use writer::Writer;

/// The facts in a SQLite file.
///
/// A call does nothing until its future is polled. After the first poll, a write is executed even if the future is
/// dropped. Writes are executed in the order of their first polls. A read sees every write that was acknowledged before
/// the read. A write that fails with `Unavailable` may still be stored: its commit may have failed after the data was
/// on disk.
///
/// Another process may also have the file open. A write waits up to 5 s for the other process's lock.
///
/// Dropping the store blocks until all queued calls are complete, the threads have ended and the file is closed.
pub struct SqliteFacts {
    // Fields are dropped in this order. SQLite deletes its log when the last connection is closed. That must be the
    // writer's connection, because the readers cannot write.
    readers: Readers,
    writer: Writer,
    marked: Marked,
    identity: Identity,
}

impl SqliteFacts {
    /// Opens the file, and migrates an older schema. Creates a missing file, which only its owner can read. Blocks on
    /// the disk.
    ///
    /// A file that belongs to another program, or was written by a newer version of this program, is not changed. The
    /// source of the error is then [`NewerSchema`] or [`NotFacts`].
    pub fn open(path: &Path) -> Result<Self, FactsError> {
        let writing = schema::open_for_writing(path)?;
        let reading = (0..READERS).map(|_| schema::open_for_reading(path)).collect::<Result<_, _>>()?;
        let readers = Readers::start(reading)?;
        let writer = Writer::start(writing)?;
        let looking = |error| fault::unavailable("examining the database file", error);
        let identity = Identity::of(path).map_err(looking)?;
        tracing::info!(path = %path.display(), schema = SCHEMA_VERSION, "the database is open");
        Ok(Self { readers, writer, marked: Marked::default(), identity })
    }

    /// Returns the counters of the writer since its start.
    pub fn stats(&self) -> Stats {
        self.writer.stats()
    }

    /// Returns the current state of the writer.
    pub fn writer_state(&self) -> WriterState {
        self.writer.state()
    }

    /// Returns `true` if all reader threads are running.
    pub fn readers_are_alive(&self) -> bool {
        self.readers.are_alive()
    }

    /// Returns the first file that was replaced or deleted since the store was opened. Returns `None` if all files are
    /// in place. Writes to a replaced file are lost when the store is closed. Blocks on the disk.
    pub fn replaced(&self) -> Option<&Path> {
        self.identity.replaced()
    }

    /// Commits a write that changes no data but writes a page to the disk. It shows whether other writes would succeed.
    pub async fn probe(&self) -> Result<(), FactsError> {
        self.writer.write("probing the store", statements::probe).await
    }
}

impl Facts for SqliteFacts {
    fn apps(&self) -> Answer<'_, Vec<App>> {
        self.readers.read("listing apps", statements::apps)
    }

    fn put_app(&self, app: App) -> Answer<'_, ()> {
        self.writer.write("storing an app", move |db| statements::put_app(db, &app))
    }

    fn replace_app(&self, was: Option<App>, app: App) -> Answer<'_, bool> {
        self.writer.write("replacing an app", move |db| statements::replace_app(db, was.as_ref(), &app))
    }

    fn begin_app_deletion(&self, app: AppId) -> Answer<'_, AppDeletion> {
        self.writer.write("beginning the deletion of an app", move |db| deletion::begin(db, app))
    }

    fn deleted_apps(&self) -> Answer<'_, Vec<AppId>> {
        self.readers.read("listing deleted apps", deletion::unfinished)
    }

    fn delete_app_rows(&self, app: AppId, limit: usize) -> Answer<'_, usize> {
        self.writer.write("deleting rows of an app", move |db| deletion::delete_rows(db, app, limit))
    }

    fn accounts(&self, users: Vec<User>) -> Answer<'_, Vec<Option<Account>>> {
        self.readers.read("reading accounts", move |db| statements::accounts(db, &users))
    }

    fn accounts_with_logins(&self, users: Vec<User>) -> Answer<'_, Vec<Option<AccountWithLogins>>> {
        self.readers
            .read("reading accounts and logins", move |db| statements::accounts_with_logins(db, &users))
    }

    fn list_accounts(&self, app: AppId, after: Option<UserId>, limit: usize) -> Answer<'_, Vec<Account>> {
        self.readers
            .read("listing accounts", move |db| statements::list_accounts(db, app, after.as_ref(), limit))
    }

    fn create_account(&self, user: User, at: Timestamp) -> Answer<'_, AccountMade> {
        self.writer.write("creating an account", move |db| statements::create_account(db, &user, at))
    }

    fn delete_account(&self, user: User, revoked: Revoked) -> Answer<'_, Option<AccountDeleted>> {
        self.writer.write("deleting an account", move |db| statements::delete_account(db, &user, &revoked))
    }

    fn kick(&self, user: User, revoked: Revoked) -> Answer<'_, Option<u64>> {
        self.writer.write("ending every login of a user", move |db| statements::kick(db, &user, &revoked))
    }

    fn users_revoked(&self, since: Timestamp, after: Option<User>, limit: usize) -> Answer<'_, UsersRevoked> {
        self.readers.read("reading the revocations since a time", move |db| {
            statements::users_revoked(db, since, after.as_ref(), limit)
        })
    }

    fn revocation(&self, user: User) -> Answer<'_, Option<Revocation>> {
        self.readers.read("reading a revocation", move |db| statements::revocation(db, &user))
    }

    fn revoke_sigs(&self, user: User, revoked: Revoked) -> Answer<'_, ()> {
        self.writer.write("revoking UserSigs", move |db| statements::revoke_sigs(db, &user, &revoked))
    }

    fn record_login(&self, login: NewLogin) -> Answer<'_, LoginRecorded> {
        self.writer.write("recording a login", move |db| statements::record_login(db, &login))
    }

    fn end_logins(&self, user: User, ended: Vec<EndedLogin>) -> Answer<'_, ()> {
        self.writer.write("ending logins", move |db| statements::end_logins(db, &user, &ended))
    }

    fn logins(&self, user: User) -> Answer<'_, Vec<Login>> {
        self.readers.read("reading logins", move |db| statements::logins(db, &user))
    }

    fn users_logged_in(&self, after: Option<User>, limit: usize) -> Answer<'_, Vec<User>> {
        self.readers.read("reading the users who are logged in", move |db| {
            statements::users_logged_in(db, after.as_ref(), limit)
        })
    }

    fn logins_recorded(
        &self,
        times: Range<Timestamp>,
        after: Option<LoginCursor>,
        limit: usize,
    ) -> Answer<'_, LoginsRecorded> {
        self.readers.read("reading the logins of a time", move |db| {
            statements::logins_recorded(db, &times, after.as_ref(), limit)
        })
    }
}
