//! The thread that reads the pushed log batches from all servers. It has a runtime of its own. A batch that concerns no
//! user of this node therefore wakes no other thread.

use crate::read_pace::ReadPace;
use parking_lot::Mutex;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// The thread. It ends soon after this value is dropped, and closes all its connections.
pub(crate) struct LogThread {
    runtime: Handle,
    turn: Arc<Turn>,
    _stop: oneshot::Sender<()>,
}

/// Counts the batches that were read since the thread last had nothing to do.
#[derive(Default)]
pub(crate) struct Turn {
    heard: AtomicU64,
    wanted: AtomicU64,
}

impl Turn {
    /// Counts a batch, and whether it concerns a user of this node.
    pub(crate) fn count(&self, is_wanted: bool) {
        self.heard.fetch_add(1, Ordering::Relaxed);
        self.wanted.fetch_add(u64::from(is_wanted), Ordering::Relaxed);
    }
}

impl LogThread {
    pub(crate) fn start() -> io::Result<Self> {
        let turn: Arc<Turn> = Arc::default();
        let (began, pace, counted) = (Instant::now(), Mutex::new(ReadPace::default()), Arc::clone(&turn));
        let pause = move || {
            let (heard, wanted) =
                (counted.heard.swap(0, Ordering::Relaxed), counted.wanted.swap(0, Ordering::Relaxed));
            if heard > 0 {
                let pause = pace.lock().after(began.elapsed(), heard, wanted);
                if !pause.is_zero() {
                    // The thread has nothing else to do while it sleeps. With a timer of the runtime, each batch
                    // would wake the thread.
                    std::thread::sleep(pause);
                }
            }
        };
        let runtime = Builder::new_current_thread().enable_all().on_thread_park(pause).build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        std::thread::Builder::new().name("redis-log".to_owned()).spawn(move || {
            // The sender sends nothing; it is dropped.
            let _ = runtime.block_on(stopped);
        })?;
        Ok(Self { runtime: handle, turn, _stop: stop })
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// The counter of the batches that were read. Every task of the thread that reads batches must use it.
    pub(crate) fn turn(&self) -> Arc<Turn> {
        Arc::clone(&self.turn)
    }
}
