//! The writer thread: a queue, and commits that many writes share.

use crate::fault::{self, Stopped};
use lamplight_facts::{Answer, FactsError};
use rusqlite::{Connection, Error};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// The maximum number of waiting writes. The writer needs about half a second for them. A further write fails with
/// `Overloaded`.
pub const WRITE_QUEUE: usize = 16_384;

/// The maximum number of writes in one commit. A higher number would gain little, and would delay the first write.
pub const WRITE_BATCH: usize = 512;

/// The time without a write after which the writer frees the pages in its cache. These pages take up to 16 MiB. The
/// kernel usually has them in its own cache too.
const IDLE: Duration = Duration::from_secs(1);

/// The counters of the writer since its start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stats {
    /// The number of commits.
    pub commits: u64,
    /// The number of committed writes.
    pub writes: u64,
    /// The number of failed commits.
    pub failed_commits: u64,
    /// The number of failed writes, including all writes of failed commits.
    pub failed_writes: u64,
}

/// The current state of the writer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WriterState {
    /// The last commit succeeded, or there was none yet.
    Well,
    /// The last commit failed.
    Failing,
    /// The writer thread has ended, so no write is possible any more.
    Ended,
}

/// The handle of the writer thread. Dropping it waits for the queue and the thread to end.
pub(crate) struct Writer {
    /// The queue; `None` only while the handle is being dropped. Closing the queue ends the thread.
    queue: Option<SyncSender<Box<dyn Write>>>,
    thread: Option<JoinHandle<()>>,
    counters: Arc<Counters>,
}

impl Writer {
    pub(crate) fn start(connection: Connection) -> Result<Self, FactsError> {
        let (queue, writes) = sync_channel(WRITE_QUEUE);
        let counters = Arc::new(Counters::default());
        let counting = Arc::clone(&counters);
        let thread = std::thread::Builder::new()
            .name("facts-writer".into())
            .spawn(move || write_all(&connection, &writes, &counting))
            .map_err(|error| fault::unavailable("starting the thread that writes to the database", error))?;
        Ok(Self { queue: Some(queue), thread: Some(thread), counters })
    }

    /// Queues statements, which the thread runs in a savepoint. Returns their result after the commit.
    pub(crate) fn write<T: Send + 'static>(
        &self,
        doing: &'static str,
        statements: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Answer<'_, T> {
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            let write = PendingWrite { doing, progress: Progress::Waits(statements), answer };
            let queue = self.queue.as_ref().ok_or_else(|| fault::unavailable(doing, Stopped))?;
            queue.try_send(Box::new(write)).map_err(|error| match error {
                TrySendError::Full(_) => fault::overloaded(doing),
                TrySendError::Disconnected(_) => fault::unavailable(doing, Stopped),
            })?;
            answered.await.unwrap_or_else(|_| Err(fault::unavailable(doing, Stopped)))
        })
    }

    /// Returns a handle with which another thread can read the number of attempted commits.
    pub(crate) fn attempts(&self) -> Attempts {
        Attempts(Arc::clone(&self.counters))
    }

    pub(crate) fn state(&self) -> WriterState {
        if self.thread.as_ref().is_none_or(JoinHandle::is_finished) {
            WriterState::Ended
        } else if self.counters.is_failing.load(Ordering::Relaxed) {
            WriterState::Failing
        } else {
            WriterState::Well
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats {
            commits: self.counters.commits.load(Ordering::Relaxed),
            failed_commits: self.counters.failed_commits.load(Ordering::Relaxed),
            writes: self.counters.writes.load(Ordering::Relaxed),
            failed_writes: self.counters.failed_writes.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            tracing::error!("the thread that writes to the database had panicked");
        }
    }
}

/// The number of commits that were attempted since the start, including failed commits.
pub(crate) struct Attempts(Arc<Counters>);

impl Attempts {
    pub(crate) fn get(&self) -> u64 {
        self.0.commits.load(Ordering::Relaxed) + self.0.failed_commits.load(Ordering::Relaxed)
    }
}

#[derive(Default)]
struct Counters {
    commits: AtomicU64,
    failed_commits: AtomicU64,
    /// `true` if the last commit failed.
    is_failing: AtomicBool,
    writes: AtomicU64,
    failed_writes: AtomicU64,
}

/// A write, without the type of its result.
trait Write: Send {
    /// Runs the statements and stores their result.
    fn run(&mut self, connection: &Connection) -> Result<(), Arc<Error>>;

    /// Counts the write and sends the result to the caller. The caller may have dropped its future.
    fn answer(self: Box<Self>, committed: &Result<(), Arc<Error>>, counters: &Counters);
}

struct PendingWrite<T, F> {
    doing: &'static str,
    progress: Progress<T, F>,
    answer: oneshot::Sender<Result<T, FactsError>>,
}

enum Progress<T, F> {
    /// The statements were not run yet.
    Waits(F),
    /// The statements are running.
    Runs,
    /// The statements succeeded, and their changes have to be committed.
    Ran(T),
    /// The statements failed, and their changes were rolled back.
    Failed(Arc<Error>),
}

impl<T, F> Write for PendingWrite<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> rusqlite::Result<T> + Send,
{
    fn run(&mut self, connection: &Connection) -> Result<(), Arc<Error>> {
        let Progress::Waits(statements) = std::mem::replace(&mut self.progress, Progress::Runs) else {
            unreachable!("a write is run once");
        };
        // A panic in one write must not end the thread. The statements have no effects outside of the savepoint, which
        // the caller rolls back as after any other error.
        match catch_unwind(AssertUnwindSafe(|| statements(connection))).unwrap_or_else(|_| Err(fault::bug()))
        {
            Ok(value) => {
                self.progress = Progress::Ran(value);
                Ok(())
            }
            Err(error) => {
                let error = Arc::new(error);
                self.progress = Progress::Failed(Arc::clone(&error));
                Err(error)
            }
        }
    }

    fn answer(self: Box<Self>, committed: &Result<(), Arc<Error>>, counters: &Counters) {
        let answer = match (self.progress, committed) {
            (Progress::Ran(value), Ok(())) => Ok(value),
            (Progress::Failed(error), _) => Err(fault::of_sqlite(self.doing, error)),
            (Progress::Waits(_) | Progress::Runs | Progress::Ran(_), Err(error)) => {
                Err(fault::of_sqlite(self.doing, Arc::clone(error)))
            }
            (Progress::Waits(_) | Progress::Runs, Ok(())) => {
                unreachable!("every write of a batch is run before the commit")
            }
        };
        let count = if answer.is_ok() { &counters.writes } else { &counters.failed_writes };
        count.fetch_add(1, Ordering::Relaxed);
        // The caller may have dropped its future.
        drop(self.answer.send(answer));
    }
}

/// The loop of the writer thread. It ends when the handle is dropped and the queue is empty.
fn write_all(connection: &Connection, writes: &Receiver<Box<dyn Write>>, counters: &Counters) {
    while let Some(first) = next_write(writes, IDLE, || free_cache(connection)) {
        let mut batch = vec![first];
        let committed = commit_batch(connection, writes, &mut batch);
        match &committed {
            Ok(()) => {
                counters.commits.fetch_add(1, Ordering::Relaxed);
                if counters.is_failing.swap(false, Ordering::Relaxed) {
                    tracing::info!("facts are committed again");
                }
            }
            Err(error) => {
                counters.failed_commits.fetch_add(1, Ordering::Relaxed);
                counters.is_failing.store(true, Ordering::Relaxed);
                tracing::error!(error = %error, writes = batch.len(), "a commit of facts failed");
            }
        }
        for write in batch {
            write.answer(&committed, counters);
        }
    }
}

/// Waits for the next write. If none comes within `idle`, calls `free` once, and waits on. Returns `None` if the queue is
/// closed and empty.
fn next_write<W>(writes: &Receiver<W>, idle: Duration, free: impl FnOnce()) -> Option<W> {
    match writes.recv_timeout(idle) {
        Ok(write) => Some(write),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => {
            free();
            writes.recv().ok()
        }
    }
}

/// Frees the pages in the cache of the connection. They are read again from the file when they are needed.
fn free_cache(connection: &Connection) {
    if let Err(error) = connection.execute_batch("PRAGMA shrink_memory") {
        tracing::debug!(%error, "the cache of the database could not be freed");
    }
}

/// Runs and commits a batch: the first write, and further writes that arrive while the batch runs. After an error, no
/// write of the batch is stored.
fn commit_batch(
    connection: &Connection,
    writes: &Receiver<Box<dyn Write>>,
    batch: &mut Vec<Box<dyn Write>>,
) -> Result<(), Arc<Error>> {
    if let Err(error) = execute(connection, "BEGIN IMMEDIATE") {
        // The file may be locked by another process. The waiting writes fail together with this one: if each of them
        // waited for the lock, that would take hours.
        batch.extend(writes.try_iter().take(WRITE_BATCH - batch.len()));
        return Err(error);
    }
    let committed = run_batch(connection, writes, batch).and_then(|()| execute(connection, "COMMIT"));
    if committed.is_err() && !connection.is_autocommit() {
        // The error of the rollback is ignored. If the rollback fails, the next BEGIN fails too, and that error is
        // returned.
        drop(execute(connection, "ROLLBACK"));
    }
    committed
}

/// Runs each write in its own savepoint. If this function returns an error, the whole transaction has failed.
fn run_batch(
    connection: &Connection,
    writes: &Receiver<Box<dyn Write>>,
    batch: &mut Vec<Box<dyn Write>>,
) -> Result<(), Arc<Error>> {
    let mut next = 0;
    while let Some(write) = batch.get_mut(next) {
        execute(connection, "SAVEPOINT one_write")?;
        if let Err(error) = write.run(connection) {
            // Some errors, such as a full disk, roll back the whole transaction instead of one statement.
            if connection.is_autocommit() {
                return Err(error);
            }
            tracing::debug!(%error, "a write of facts failed alone");
            execute(connection, "ROLLBACK TO one_write")?;
        }
        execute(connection, "RELEASE one_write")?;
        next += 1;
        if batch.len() < WRITE_BATCH {
            batch.extend(writes.try_recv());
        }
    }
    Ok(())
}

fn execute(connection: &Connection, sql: &str) -> Result<(), Arc<Error>> {
    let executed = connection.prepare_cached(sql).and_then(|mut statement| statement.execute(()));
    executed.map(drop).map_err(Arc::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use std::sync::mpsc::channel;

    #[test]
    fn the_cache_is_freed_once_when_no_write_comes_in_time() {
        let (queue, writes) = channel();
        queue.send(1).unwrap();
        let freed = std::cell::Cell::new(0);
        let next = |idle| {
            next_write(&writes, idle, || {
                freed.set(freed.get() + 1);
                queue.send(2).unwrap();
            })
        };
        assert_eq!((next(Duration::ZERO), freed.get()), (Some(1), 0), "a write waits");
        assert_eq!((next(Duration::ZERO), freed.get()), (Some(2), 1), "the write comes later");
        queue.send(3).unwrap();
        assert_eq!((next(IDLE), freed.get()), (Some(3), 1));
        drop(queue);
        assert_eq!(next_write(&writes, IDLE, || panic!("there is no wait for a closed queue")), None);
    }

    /// The first write waits until all writes are queued, so that they share a transaction.
    #[tokio::test]
    async fn a_write_that_panics_fails_alone_and_the_writer_goes_on() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE names (name TEXT)").unwrap();
        let writer = Writer::start(connection).unwrap();
        let (end, ends) = channel::<()>();
        let insert =
            |name: &'static str| move |db: &Connection| db.execute("INSERT INTO names VALUES (?1)", [name]);
        let mut before = writer.write("writing slowly", move |db| {
            ends.recv().unwrap();
            insert("before")(db)
        });
        let mut buggy = writer.write("writing with a bug", move |db| -> rusqlite::Result<()> {
            insert("half of it")(db)?;
            panic!("as planned");
        });
        let mut after = writer.write("writing", insert("after"));
        assert!((&mut before).now_or_never().is_none());
        assert!((&mut buggy).now_or_never().is_none());
        assert!((&mut after).now_or_never().is_none());
        end.send(()).unwrap();
        before.await.unwrap();
        buggy.await.unwrap_err();
        after.await.unwrap();
        assert_eq!(writer.state(), WriterState::Well);
        let names = writer.write("reading", |db| {
            db.query_row("SELECT group_concat(name) FROM (SELECT name FROM names ORDER BY name)", (), |row| {
                row.get::<_, String>(0)
            })
        });
        assert_eq!(names.await.unwrap(), "after,before");
    }

    #[test]
    fn a_writer_whose_thread_has_ended_says_so_and_refuses() {
        let mut writer = Writer::start(Connection::open_in_memory().unwrap()).unwrap();
        assert_eq!(writer.state(), WriterState::Well);
        // The thread ends, as after a bug outside of a write.
        writer.queue = None;
        while !writer.thread.as_ref().is_some_and(JoinHandle::is_finished) {
            std::thread::yield_now();
        }
        assert_eq!(writer.state(), WriterState::Ended);
        let refused = writer.write("writing", |_| Ok(())).now_or_never();
        assert!(matches!(refused, Some(Err(_))));
    }
}
