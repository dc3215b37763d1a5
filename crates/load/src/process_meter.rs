//! Reads the cost of a process from the counters of the kernel.

use anyhow::{Context, Result};
use std::fs;
use std::time::Duration;

/// The unit of the times in `/proc/*/stat`: a hundredth of a second, which is fixed in the ABI of the kernel.
const TICK: Duration = Duration::from_millis(10);
/// The position of the user time in `/proc/*/stat`. Position 0 is the first field after the name of the process.
const USER_TIME: usize = 11;
/// The position of the system time in `/proc/*/stat`.
const SYSTEM_TIME: usize = 12;

/// Reads the kernel's counters of one process.
#[derive(Clone, Copy, Debug)]
pub struct ProcessMeter {
    pid: u32,
}

/// The memory of a process, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// The resident memory.
    pub resident: u64,
    /// The resident memory that is not backed by files.
    pub anonymous: u64,
}

impl ProcessMeter {
    /// Makes a meter for the process with this id.
    pub fn new(pid: u32) -> Self {
        Self { pid }
    }

    /// Returns the CPU time of all threads since the start of the process, in user and system mode.
    pub fn cpu(self) -> Result<Duration> {
        cpu_of(&format!("/proc/{}/stat", self.pid))
    }

    /// Returns the CPU time of the existing threads, exact to the nanosecond, in user and system mode. If the kernel
    /// does not count nanoseconds, returns [`cpu`](Self::cpu), which includes the threads that have ended.
    pub fn threads_cpu(self) -> Result<Duration> {
        let path = format!("/proc/{}/task", self.pid);
        let threads = fs::read_dir(&path).with_context(|| format!("cannot read {path}"))?.flatten();
        // A thread that ends meanwhile has no file any more.
        let times = threads.filter_map(|thread| fs::read_to_string(thread.path().join("schedstat")).ok());
        let nanoseconds: u64 =
            times.filter_map(|text| text.split_whitespace().next()?.parse::<u64>().ok()).sum();
        if nanoseconds > 0 { Ok(Duration::from_nanos(nanoseconds)) } else { self.cpu() }
    }

    /// Returns the current memory of the process.
    pub fn memory(self) -> Result<Memory> {
        let path = format!("/proc/{}/smaps_rollup", self.pid);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let kilobytes = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
            number.with_context(|| format!("{path} does not have {name}"))
        };
        Ok(Memory { resident: kilobytes("Rss:")? * 1024, anonymous: kilobytes("Anonymous:")? * 1024 })
    }

    /// Returns the highest resident memory in bytes, since the start of the process or since
    /// [`reset_peak`](Self::reset_peak).
    pub fn peak_memory(self) -> Result<u64> {
        let path = format!("/proc/{}/status", self.pid);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        Ok(number.with_context(|| format!("{path} does not have VmHWM"))? * 1024)
    }

    /// Resets the peak of the resident memory, so that the peak counts from now on.
    pub fn reset_peak(self) -> Result<()> {
        let path = format!("/proc/{}/clear_refs", self.pid);
        // The value 5 resets the peak; see proc(5).
        fs::write(&path, "5").with_context(|| format!("cannot write {path}"))
    }

    /// Returns the number of open file descriptors.
    pub fn descriptors(self) -> Result<u64> {
        let path = format!("/proc/{}/fd", self.pid);
        // Since Linux 6.2, the size of the folder is the number of descriptors (proc(5)). Before 6.2, the size is 0,
        // and the entries are counted. Counting thousands of entries takes milliseconds, in which the kernel runs
        // nothing else on this core.
        let size = fs::metadata(&path).with_context(|| format!("cannot read {path}"))?.len();
        if size > 0 {
            return Ok(size);
        }
        let entries = fs::read_dir(&path).with_context(|| format!("cannot read {path}"))?;
        Ok(entries.count() as u64)
    }

    /// Returns the number of bytes that wait in the kernel's send queue for the connection from the port `local` to the
    /// port `remote`.
    pub fn send_queue(self, local: u16, remote: u16) -> Result<u64> {
        let path = format!("/proc/{}/net/tcp", self.pid);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let ends = [format!(":{local:04X}"), format!(":{remote:04X}")];
        for line in text.lines() {
            let fields: Vec<&str> = line.split_whitespace().collect();
            if let [_, here, there, _, queues, ..] = fields[..]
                && here.ends_with(&ends[0])
                && there.ends_with(&ends[1])
            {
                let waiting = queues.split(':').next().unwrap_or_default();
                return Ok(u64::from_str_radix(waiting, 16)?);
            }
        }
        Ok(0)
    }
}

/// Returns the CPU time of the calling thread, in user and system mode.
pub fn cpu_of_this_thread() -> Result<Duration> {
    // This file has the time in nanoseconds, if the kernel supports it.
    if let Ok(text) = fs::read_to_string("/proc/thread-self/schedstat")
        && let Some(nanoseconds) = text.split_whitespace().next().and_then(|field| field.parse().ok())
        && nanoseconds > 0
    {
        return Ok(Duration::from_nanos(nanoseconds));
    }
    cpu_of("/proc/thread-self/stat")
}

fn cpu_of(path: &str) -> Result<Duration> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
    // The name of the process is in brackets and may contain any character, so the last bracket ends it.
    let (_, fields) = text.rsplit_once(") ").with_context(|| format!("cannot parse {path}"))?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = [USER_TIME, SYSTEM_TIME].iter().map(|index| fields.get(*index)?.parse::<u32>().ok());
    let ticks: Option<u32> = ticks.sum();
    Ok(TICK * ticks.with_context(|| format!("{path} has no times"))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn what_this_process_costs_is_seen() {
        let meter = ProcessMeter::new(std::process::id());
        let (before, thread) = (meter.cpu().unwrap(), cpu_of_this_thread().unwrap());
        let began = Instant::now();
        // Other tests use the time of this process too, in threads that may end.
        let is_seen = || {
            meter.cpu().unwrap() >= before + 3 * TICK && cpu_of_this_thread().unwrap() >= thread + 2 * TICK
        };
        while !is_seen() {
            assert!(began.elapsed() < Duration::from_secs(20), "no time passes");
        }
        assert!(meter.threads_cpu().unwrap() >= 2 * TICK);
        let memory = meter.memory().unwrap();
        assert!(memory.anonymous > 0 && memory.anonymous <= memory.resident);
        assert!(meter.descriptors().unwrap() >= 3);
    }

    #[test]
    fn the_peak_of_memory_is_that_since_it_was_reset() {
        const LARGE: usize = 64 << 20;
        let meter = ProcessMeter::new(std::process::id());
        let before = meter.memory().unwrap().resident;
        drop(std::hint::black_box(vec![1_u8; LARGE]));
        assert!(meter.peak_memory().unwrap() >= before + LARGE as u64 / 2);
        meter.reset_peak().unwrap();
        assert!(meter.peak_memory().unwrap() < before + LARGE as u64 / 2);
    }

    #[test]
    fn what_waits_on_a_socket_is_seen() {
        use std::io::Write;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (_server, _) = listener.accept().unwrap();
        client.set_nonblocking(true).unwrap();
        while client.write(&[0; 65_536]).is_ok() {}
        let (here, there) = (client.local_addr().unwrap().port(), client.peer_addr().unwrap().port());
        assert!(ProcessMeter::new(std::process::id()).send_queue(here, there).unwrap() > 0);
    }
}
