//! The server of a peer: a process on a loopback port, which ends with this thread.

use anyhow::{Context, Result, bail};
use lamplight_load::ProcessMeter;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The longest wait for a server to start.
const PATIENCE: Duration = Duration::from_secs(120);
/// The interval between two checks of a starting server.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// A running server. Dropping the value kills the processes of the server.
pub struct Server {
    /// The address for clients.
    pub address: SocketAddr,
    /// The version, as printed by the program.
    pub version: String,
    child: Child,
    /// The process whose memory and CPU time are measured.
    pid: u32,
}

impl Server {
    /// Starts a server, and waits until it accepts connections at this port of the loopback address. If a descendant of
    /// the started process is the server, `inner` is the name of that descendant.
    pub fn start(mut command: Command, port: u16, version: String, inner: Option<&str>) -> Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let name = format!("{command:?}");
        let child = command.spawn().context("cannot start setpriv, of Debian's package util-linux")?;
        let pid = child.id();
        let mut server = Self { address, version, child, pid };
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            if let Some(status) = server.child.try_wait()? {
                bail!("{name} ended at its start: {status}");
            }
            if Instant::now() > until {
                bail!("{name} does not accept connections within {PATIENCE:?}");
            }
            thread::sleep(BETWEEN_LOOKS);
        }
        if let Some(inner) = inner {
            server.pid = below(pid, inner).with_context(|| format!("{name} has no process {inner}"))?;
        }
        Ok(server)
    }

    /// Whether the process of the server exists.
    pub fn is_running(&self) -> bool {
        ProcessMeter::new(self.pid).cpu().is_ok() && self.resident().is_ok_and(|bytes| bytes > 0)
    }

    /// Returns the CPU time of the server, in user and system mode.
    pub fn cpu(&self) -> Result<Duration> {
        ProcessMeter::new(self.pid).threads_cpu()
    }

    /// Returns the resident memory of the server in bytes.
    pub fn resident(&self) -> Result<u64> {
        Ok(ProcessMeter::new(self.pid).memory()?.resident)
    }

    /// Resets the highest resident memory, so that the highest value counts from now on.
    pub fn reset_peak(&self) -> Result<()> {
        ProcessMeter::new(self.pid).reset_peak()
    }

    /// Returns the highest resident memory since [`reset_peak`](Self::reset_peak), in bytes.
    pub fn peak(&self) -> Result<u64> {
        ProcessMeter::new(self.pid).peak_memory()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.pid != self.child.id()
            && let Some(pid) = rustix::process::Pid::from_raw(self.pid as i32)
        {
            // An error means that the process has ended already.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Finds a port of the loopback address that is free now.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Returns the first line that a program prints about its version; an empty text if it prints none.
pub fn version_line(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).stdin(Stdio::null()).output();
    let text = output.map(|output| [output.stdout, output.stderr].concat()).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

/// Returns the process with this name that `pid` or one of its descendants has started.
fn below(pid: u32, name: &str) -> Option<u32> {
    let mut families = vec![pid];
    let mut processes: Vec<(u32, u32, String)> = Vec::new();
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let Some(number) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // The name is in brackets and may contain any character.
        let (Some((_, rest)), Some((start, end))) =
            (stat.rsplit_once(") "), stat.find('(').zip(stat.rfind(')')))
        else {
            continue;
        };
        let parent = rest.split(' ').nth(1).and_then(|field| field.parse().ok()).unwrap_or_default();
        processes.push((number, parent, stat[start + 1..end].to_owned()));
    }
    while let Some(family) = families.pop() {
        for (number, _, its_name) in processes.iter().filter(|(_, parent, _)| *parent == family) {
            if its_name.starts_with(name) {
                return Some(*number);
            }
            families.push(*number);
        }
    }
    None
}
