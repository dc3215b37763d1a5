//! Writes log lines to stderr, through a bounded queue and one thread. Logging never blocks and never fails. This holds
//! for a full disk, a closed pipe, and a pipe without a reader.

use lamplight_server::LogMetrics;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, channel, sync_channel};
use std::time::{Duration, Instant};
use tracing_subscriber::fmt::MakeWriter;

/// The maximum number of lines in the queue. Further lines are dropped.
const MAX_LINES: usize = 4_096;
/// The maximum number of bytes of all lines in the queue.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// The interval at which the thread calls `chore`.
const TICK: Duration = Duration::from_secs(1);
/// The longest time that the program waits at its end until queued lines are written.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The writer of log lines. Clones share the queue.
#[derive(Clone, Debug)]
pub struct Lines {
    queue: SyncSender<Message>,
    bytes: Arc<AtomicUsize>,
    metrics: LogMetrics,
}

/// The guard of the log, kept while the program logs. Dropping it waits up to a second until queued lines are written.
#[derive(Debug)]
pub struct LogGuard {
    queue: SyncSender<Message>,
}

#[derive(Debug)]
enum Message {
    Line(Vec<u8>),
    /// A request to send `()` when all earlier lines have been written.
    Flush(std::sync::mpsc::Sender<()>),
}

impl Lines {
    /// Starts the thread that writes to `out` and calls `chore` every second.
    pub fn start(
        out: impl Write + Send + 'static,
        metrics: LogMetrics,
        chore: impl FnMut() + Send + 'static,
    ) -> io::Result<(Self, LogGuard)> {
        let (queue, messages) = sync_channel(MAX_LINES);
        let lines = Self { queue: queue.clone(), bytes: Arc::default(), metrics };
        let (bytes, metrics) = (Arc::clone(&lines.bytes), lines.metrics.clone());
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_all(&messages, out, &bytes, &metrics, chore))?;
        Ok((lines, LogGuard { queue }))
    }

    fn put(&self, line: &[u8]) {
        if self.bytes.fetch_add(line.len(), Ordering::Relaxed) + line.len() > MAX_BYTES {
            self.bytes.fetch_sub(line.len(), Ordering::Relaxed);
            return self.metrics.line_dropped();
        }
        match self.queue.try_send(Message::Line(line.to_vec())) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.bytes.fetch_sub(line.len(), Ordering::Relaxed);
                self.metrics.line_dropped();
            }
        }
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

/// Queues one line at each call of `write`. Returns no error, because `tracing` would report the error on stderr.
impl Write for &Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.put(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        let until = Instant::now() + LAST_LINES;
        let (done, is_done) = channel();
        let mut flush = Message::Flush(done);
        // If the queue is full, the request is tried again.
        while let Err(TrySendError::Full(back)) = self.queue.try_send(flush) {
            if Instant::now() >= until {
                return;
            }
            flush = back;
            std::thread::sleep(Duration::from_millis(5));
        }
        // A timeout is ignored, because the program ends anyway.
        let _ = is_done.recv_timeout(until.saturating_duration_since(Instant::now()));
    }
}

/// Runs the loop of the writing thread.
fn write_all(
    messages: &Receiver<Message>,
    mut out: impl Write,
    bytes: &AtomicUsize,
    metrics: &LogMetrics,
    mut chore: impl FnMut(),
) {
    let mut next = Instant::now() + TICK;
    loop {
        match messages.recv_timeout(next.saturating_duration_since(Instant::now())) {
            Ok(Message::Line(line)) => {
                bytes.fetch_sub(line.len(), Ordering::Relaxed);
                if out.write_all(&line).is_err() {
                    metrics.line_dropped();
                }
            }
            Ok(Message::Flush(done)) => drop(done.send(())),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if Instant::now() >= next {
            next = Instant::now() + TICK;
            chore();
        }
    }
}

/// The stderr of short commands. Each line is written at once; a line that cannot be written is lost.
#[derive(Clone, Copy, Debug)]
pub struct Unfailing;

impl MakeWriter<'_> for Unfailing {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        *self
    }
}

impl Write for Unfailing {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // A failure is ignored, because it could be reported only on stderr.
        let _ = io::stderr().lock().write_all(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::sync::mpsc::Sender;

    /// The output in a test. Each write first sends a signal, and then waits until the test lets it continue.
    struct Out {
        begun: Sender<()>,
        go_on: Option<Receiver<()>>,
        written: Arc<Mutex<Vec<u8>>>,
        error: Option<io::ErrorKind>,
    }

    impl Write for Out {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            let _ = self.begun.send(());
            if let Some(go_on) = &self.go_on {
                let _ = go_on.recv();
            }
            if let Some(error) = self.error {
                return Err(error.into());
            }
            self.written.lock().unwrap().extend_from_slice(line);
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn log(mut lines: &Lines, line: &str) {
        lines.write_all(line.as_bytes()).unwrap();
    }

    #[test]
    fn what_was_logged_is_written_before_the_program_ends() {
        let (begun, _) = channel();
        let written = Arc::new(Mutex::new(Vec::new()));
        let out = Out { begun, go_on: None, written: Arc::clone(&written), error: None };
        let metrics = LogMetrics::default();
        let (lines, guard) = Lines::start(out, metrics.clone(), || {}).unwrap();
        for n in 0..1_000 {
            log(&lines, &format!("{n}\n"));
        }
        drop(guard);
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1_000);
        assert!(text.starts_with("0\n1\n") && text.ends_with("999\n"));
        assert_eq!(metrics.dropped(), 0);
    }

    #[test]
    fn what_cannot_be_written_is_counted() {
        let (begun, _) = channel();
        let error = Some(io::ErrorKind::StorageFull);
        let out = Out { begun, go_on: None, written: Arc::default(), error };
        let metrics = LogMetrics::default();
        let (lines, guard) = Lines::start(out, metrics.clone(), || {}).unwrap();
        (0..7).for_each(|_| log(&lines, "line\n"));
        drop(guard);
        assert_eq!(metrics.dropped(), 7);
    }

    /// Checks that a pipe without a reader does not block logging.
    #[test]
    fn beyond_the_queue_a_line_is_dropped_and_counted() {
        for (line, most) in [("x".to_owned(), MAX_LINES), ("x".repeat(MAX_BYTES / 8), 8)] {
            let (begun, begins) = channel();
            let (let_go, go_on) = channel::<()>();
            let written = Arc::new(Mutex::new(Vec::new()));
            let out = Out { begun, go_on: Some(go_on), written: Arc::clone(&written), error: None };
            let metrics = LogMetrics::default();
            let (lines, guard) = Lines::start(out, metrics.clone(), || {}).unwrap();
            // Waits until the thread writes the first line.
            log(&lines, &line);
            begins.recv().unwrap();
            (0..most + 5).for_each(|_| log(&lines, &line));
            assert_eq!(metrics.dropped(), 5);
            drop(let_go);
            drop(guard);
            assert_eq!(written.lock().unwrap().len(), (most + 1) * line.len());
        }
    }
}
