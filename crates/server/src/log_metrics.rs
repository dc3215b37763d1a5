//! Counters of log lines that were not written. The log writer increments them; the node exports them as metrics.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

/// The counters of log lines that were not written. Clones share the same counters.
#[derive(Clone, Debug, Default)]
pub struct LogMetrics {
    dropped: Counter,
    suppressed: Counter,
}

impl LogMetrics {
    /// Counts a line that could not be written.
    pub fn line_dropped(&self) {
        self.dropped.inc();
    }

    /// Counts a line that was suppressed because there were too many similar lines.
    pub fn line_suppressed(&self) {
        self.suppressed.inc();
    }

    /// Returns the number of lines that could not be written.
    pub fn dropped(&self) -> u64 {
        self.dropped.get()
    }

    /// Returns the number of suppressed lines.
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
