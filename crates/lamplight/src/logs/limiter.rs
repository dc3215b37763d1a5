//! The layer that suppresses repeated log lines. It passes the lines of `tracing` and the time to [`LineLimit`].

use super::limit::{Fate, Kind, LineLimit};
use lamplight_server::LogMetrics;
use parking_lot::{Mutex, MutexGuard};
use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Instant;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// The target of the lines that report suppressed lines. Lines with this target are never suppressed.
const TARGET: &str = "lamplight::log";
/// The fields that distinguish lines from the same place in the source.
const IDS: [&str; 3] = ["app", "webhook", "worker"];
/// The maximum number of bytes of a suppressed line that a report quotes.
const MAX_TEXT_BYTES: usize = 200;

/// A `tracing` layer that suppresses repeated lines, but not those of the levels debug and trace.
#[derive(Clone, Debug)]
pub struct Limiter {
    limit: Arc<Mutex<LineLimit>>,
    origin: Instant,
    metrics: LogMetrics,
}

impl Limiter {
    /// Makes a limiter that counts the suppressed lines in `metrics`.
    pub fn new(metrics: LogMetrics) -> Self {
        Self { limit: Arc::default(), origin: Instant::now(), metrics }
    }

    /// Returns a function that reports the numbers of suppressed lines. Call the function about once per second.
    pub fn chore(&self) -> impl FnMut() + Send + 'static {
        let (limit, origin) = (Arc::clone(&self.limit), self.origin);
        move || {
            let left_out = lock(&limit).end_periods(origin.elapsed());
            for kind in left_out {
                tracing::warn!(target: TARGET, lines = kind.lines, like = kind.text, "lines were left out that repeat earlier ones");
            }
        }
    }
}

impl<S: Subscriber> Layer<S> for Limiter {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let about = event.metadata();
        if *about.level() > Level::INFO || about.target() == TARGET {
            return true;
        }
        // No value is formatted while the lock is held: formatting may panic, and the log line about the panic takes
        // the same lock.
        let mut ids = Ids::default();
        event.record(&mut ids);
        let kind = Kind { place: hash(&about.callsite()), about: ids.hash };
        let fate = lock(&self.limit).admit(kind, self.origin.elapsed());
        match fate {
            Fate::Written => return true,
            Fate::LeftOut => {}
            Fate::FirstLeftOut(kind) => {
                let mut text = Text::default();
                event.record(&mut text);
                lock(&self.limit).describe(kind, text.0);
            }
        }
        self.metrics.line_suppressed();
        false
    }
}

fn hash(value: &impl Hash) -> usize {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish() as usize
}

/// A hash of the fields that identify the subject of a line.
#[derive(Default)]
struct Ids {
    hash: u64,
}

impl Visit for Ids {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if IDS.contains(&field.name()) {
            let mut hasher = DefaultHasher::new();
            (self.hash, field.name(), format!("{value:?}")).hash(&mut hasher);
            self.hash = hasher.finish();
        }
    }
}

/// The message of a line.
#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
            let end = self.0.floor_char_boundary(MAX_TEXT_BYTES);
            self.0.truncate(end);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::registry;

    /// A layer that collects the texts of all lines.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Kept {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            let mut text = Text::default();
            event.record(&mut text);
            lock(&self.0).push(text.0);
        }
    }

    #[test]
    fn what_repeats_is_left_out_and_counted_and_what_is_about_another_app_is_not() {
        let (metrics, kept) = (LogMetrics::default(), Kept::default());
        let limiter = Limiter::new(metrics.clone());
        let all = registry().with(limiter).with(kept.clone());
        tracing::subscriber::with_default(all, || {
            for app in [1, 2] {
                for _ in 0..100 {
                    tracing::warn!(app, dropped = 7, "an outbox is full");
                }
            }
            for _ in 0..100 {
                tracing::debug!("a detail");
            }
        });
        let kept = lock(&kept.0);
        assert_eq!(kept.iter().filter(|text| *text == "an outbox is full").count(), 20);
        assert_eq!(kept.iter().filter(|text| *text == "a detail").count(), 100);
        assert_eq!(metrics.suppressed(), 180);
    }
}
