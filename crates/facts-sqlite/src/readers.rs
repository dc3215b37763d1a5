//! The reader threads: one bounded queue and a few threads, each with its own read-only connection.
//!
//! A reader sees only committed data, and never waits for the writer.

use crate::fault::{self, Stopped};
use lamplight_facts::{Answer, FactsError};
use parking_lot::Mutex;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// The number of reader threads.
pub const READERS: usize = 4;

/// The maximum number of waiting reads. A further read fails with `Overloaded`.
pub const READ_QUEUE: usize = 4_096;

type Read = Box<dyn FnOnce(&Connection) + Send>;

/// The handle of the reader threads. Dropping it waits for the queue and the threads to end.
pub(crate) struct Readers {
    /// The queue; `None` only while the handle is being dropped. Closing the queue ends the threads.
    queue: Option<SyncSender<Read>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts a thread for each connection.
    pub(crate) fn start(connections: Vec<Connection>) -> Result<Self, FactsError> {
        let (queue, reads) = sync_channel(READ_QUEUE);
        let reads = Arc::new(Mutex::new(reads));
        let mut readers = Self { queue: Some(queue), threads: Vec::new() };
        for connection in connections {
            let reads = Arc::clone(&reads);
            let thread = std::thread::Builder::new()
                .name("facts-reader".into())
                .spawn(move || read_all(&connection, &reads))
                .map_err(|error| {
                    fault::unavailable("starting the threads that read from the database", error)
                })?;
            readers.threads.push(thread);
        }
        Ok(readers)
    }

    /// Runs a query on one of the threads. If the future is dropped before the query starts, the query is skipped.
    pub(crate) fn read<T: Send + 'static>(
        &self,
        doing: &'static str,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Answer<'_, T> {
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            let read: Read = Box::new(move |connection| {
                if !answer.is_closed() {
                    // A panic in one query must not end the thread.
                    let found = catch_unwind(AssertUnwindSafe(|| question(connection)))
                        .unwrap_or_else(|_| Err(fault::bug()))
                        .map_err(|error| fault::of_sqlite(doing, Arc::new(error)));
                    drop(answer.send(found));
                }
            });
            let queue = self.queue.as_ref().ok_or_else(|| fault::unavailable(doing, Stopped))?;
            queue.try_send(read).map_err(|error| match error {
                TrySendError::Full(_) => fault::overloaded(doing),
                TrySendError::Disconnected(_) => fault::unavailable(doing, Stopped),
            })?;
            answered.await.unwrap_or_else(|_| Err(fault::unavailable(doing, Stopped)))
        })
    }

    /// Returns `true` if all reader threads are running.
    pub(crate) fn are_alive(&self) -> bool {
        self.threads.iter().all(|thread| !thread.is_finished())
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread that reads from the database had panicked");
            }
        }
    }
}

/// The loop of a reader thread. It ends when the handle is dropped and the queue is empty.
fn read_all(connection: &Connection, reads: &Mutex<Receiver<Read>>) {
    loop {
        // One idle thread holds the lock while it waits for the queue; the others wait for the lock.
        let read = reads.lock().recv();
        match read {
            Ok(read) => read(connection),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use futures_util::future::join_all;
    use lamplight_facts::FactsErrorKind;
    use std::sync::mpsc::channel;

    #[tokio::test]
    async fn beyond_the_queue_a_read_is_refused_and_one_without_a_caller_is_passed_over() {
        let readers = Readers::start(vec![Connection::open_in_memory().unwrap()]).unwrap();
        let (started, starts) = channel();
        let (end, ends) = channel::<()>();
        let mut slow = readers.read("reading slowly", move |_| {
            started.send(()).unwrap();
            ends.recv().unwrap();
            Ok(())
        });
        assert!((&mut slow).now_or_never().is_none());
        starts.recv().unwrap();

        let abandoned = readers.read("reading for nobody", |_| -> rusqlite::Result<()> { panic!("was run") });
        assert!(abandoned.now_or_never().is_none());
        let mut waiting = join_all((1..READ_QUEUE).map(|n| readers.read("reading", move |_| Ok(n))));
        assert!((&mut waiting).now_or_never().is_none());
        let refused = readers.read("reading too much", |_| Ok(())).now_or_never().unwrap().unwrap_err();
        assert_eq!(refused.kind, FactsErrorKind::Overloaded);

        end.send(()).unwrap();
        slow.await.unwrap();
        assert!(waiting.await.into_iter().all(|answer| answer.is_ok()));
    }

    #[tokio::test]
    async fn a_question_that_panics_fails_alone() {
        let readers = Readers::start(vec![Connection::open_in_memory().unwrap()]).unwrap();
        let buggy = readers.read("reading with a bug", |_| -> rusqlite::Result<()> { panic!("as planned") });
        assert_eq!(buggy.await.unwrap_err().kind, FactsErrorKind::Unavailable);
        assert_eq!(readers.read("reading", |_| Ok(7)).await.unwrap(), 7);
        assert!(readers.are_alive());
    }
}
