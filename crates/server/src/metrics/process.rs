//! The resources that the process uses, from the kernel's counters, under the standard names of Prometheus clients.
//!
//! Each value comes from `/proc`. A value that cannot be read is omitted.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use std::fmt;
use std::fs;

/// The number of clock ticks per second. Clock ticks are the unit of times in `/proc/*/stat`. The kernel's ABI fixes
/// the number at 100.
const TICKS_A_SECOND: f64 = 100.0;
/// The position of the user time in `/proc/*/stat`. Position 0 is the first field after the name.
const USER_TIME: usize = 11;
/// The position in `/proc/*/stat` of the process's system time.
const SYSTEM_TIME: usize = 12;
/// The position in `/proc/*/stat` of the process's start time.
const START_TIME: usize = 19;

/// The metrics of this process, which are read when they are requested.
#[derive(Debug)]
pub struct ProcessMetrics {
    /// The start of the process, in seconds since 1970; `None` if it cannot be read.
    started: Option<f64>,
}

impl ProcessMetrics {
    /// Makes the metrics of this process.
    pub fn new() -> Self {
        Self { started: started() }
    }
}

impl Collector for ProcessMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut gauge = |name: &str, help: &str, value: Option<f64>| match value {
            Some(value) => {
                let gauge = ConstGauge::new(value);
                gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
            }
            None => Ok(()),
        };
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let bytes = |name| kilobytes(&status, name).map(|kilobytes| kilobytes * 1024.0);
        gauge("process_resident_memory_bytes", "Memory that is resident", bytes("VmRSS:"))?;
        gauge("process_virtual_memory_bytes", "Memory that is mapped", bytes("VmSize:"))?;
        gauge("process_open_fds", "File descriptors that are open", open_descriptors())?;
        gauge("process_max_fds", "File descriptors that may be open", max_descriptors())?;
        gauge("process_start_time_seconds", "When the process began, in seconds since 1970", self.started)?;
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        if let (Some(user), Some(system)) = (field(&stat, USER_TIME), field(&stat, SYSTEM_TIME)) {
            let counter = ConstCounter::new((user + system) / TICKS_A_SECOND);
            let help = "User and system time";
            let encoder =
                encoder.encode_descriptor("process_cpu_seconds", help, None, counter.metric_type())?;
            counter.encode(encoder)?;
        }
        Ok(())
    }
}

/// Reads the number in a line of `/proc/*/status`, such as 1234 in `VmRSS:   1234 kB`.
fn kilobytes(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Reads a field of `/proc/*/stat`. The process's name before the fields ends with the last `)`.
fn field(stat: &str, index: usize) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split_whitespace().nth(index)?.parse().ok()
}

fn started() -> Option<f64> {
    let since_boot = field(&fs::read_to_string("/proc/self/stat").ok()?, START_TIME)? / TICKS_A_SECOND;
    let kernel = fs::read_to_string("/proc/stat").ok()?;
    let boot: f64 = kernel.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(boot + since_boot)
}

/// Returns the number of open file descriptors. Since Linux 6.2, the size of `/proc/self/fd` is this number. On older
/// kernels, the function counts the entries of this folder.
fn open_descriptors() -> Option<f64> {
    match fs::metadata("/proc/self/fd").ok()?.len() {
        0 => Some(fs::read_dir("/proc/self/fd").ok()?.count() as f64),
        count => Some(count as f64),
    }
}

fn max_descriptors() -> Option<f64> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    limit.map(|limit| limit as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_a_strange_name_is_understood() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4 8 0 1 0 250 50 0 0 20 0 3 0 1234 99 88";
        assert_eq!(field(stat, USER_TIME), Some(250.0));
        assert_eq!(field(stat, SYSTEM_TIME), Some(50.0));
        assert_eq!(field(stat, START_TIME), Some(1234.0));
        assert_eq!(field("nonsense", START_TIME), None);
    }

    #[test]
    fn what_opens_a_file_is_seen() {
        let before = open_descriptors().unwrap();
        let files: Vec<_> = (0..50).map(|_| fs::File::open("/dev/null").unwrap()).collect();
        // At least 20 is required instead of 50, because other tests open and close files at the same time.
        assert!(open_descriptors().unwrap() > before + 20.0);
        drop(files);
    }
}
