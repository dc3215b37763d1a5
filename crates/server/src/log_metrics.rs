//! The counters of log lines by outcome: counted by the writer of the log, shown by the node.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

/// Counts the lines of the log that nobody can read. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct LogMetrics {
    dropped: Counter,
    suppressed: Counter,
}

impl LogMetrics {
    /// A line could not be written.
    pub fn line_dropped(&self) {
        self.dropped.inc();
    }

    /// A line was left out, because too many like it had come before.
    pub fn line_suppressed(&self) {
        self.suppressed.inc();
    }

    /// How many lines could not be written.
    pub fn dropped(&self) -> u64 {
        self.dropped.get()
    }

    /// How many lines were left out.
    pub fn suppressed(&self) -> u64 {
        self.suppressed.get()
    }

    pub(crate) fn register(&self, registry: &mut Registry) {
        let help = "Lines of the log that could not be written";
        registry.register("log_lines_dropped", help, self.dropped.clone());
        let help = "Lines of the log that were left out because too many like them had come before";
        registry.register("log_lines_suppressed", help, self.suppressed.clone());
    }
}
