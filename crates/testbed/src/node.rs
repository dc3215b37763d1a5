//! A node of Lamplight as a process.

use crate::process::{await_start, bound, kill};
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};

/// The settings of a node.
#[derive(Clone, Debug)]
pub struct NodeSettings {
    /// The program `lamplight`.
    pub program: PathBuf,
    /// The arguments, without addresses and the data folder.
    pub arguments: Vec<String>,
    /// The environment variables, as names and values.
    pub environment: Vec<(String, String)>,
    /// The data folder, which need not exist yet.
    pub data_dir: PathBuf,
    /// The file that receives the output of the node.
    pub log: PathBuf,
}

/// A node, running or ended. Dropping the value kills the node.
pub struct NodeProcess {
    settings: NodeSettings,
    child: Option<Child>,
    file: NodeFile,
}

/// The content of the node file. A running node has this file in its data folder.
#[derive(Deserialize, Clone, Copy)]
struct NodeFile {
    pid: u32,
    client: SocketAddr,
    http: SocketAddr,
}

impl NodeProcess {
    /// Starts a node on free ports, and waits until clients can connect.
    pub fn start(settings: NodeSettings) -> Result<Self> {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut child = spawn(&settings, any, any)?;
        match await_start("a node", &mut child, || Ok(node_file(&settings.data_dir))) {
            Ok(file) => Ok(Self { settings, child: Some(child), file }),
            Err(error) => {
                kill(&mut child);
                Err(error.context(format!("the log:\n{}", log_end(&settings.log))))
            }
        }
    }

    /// Returns the address of the client port, which is the same after each start.
    pub fn client(&self) -> SocketAddr {
        self.file.client
    }

    /// Returns the address of the HTTP port, which is the same after each start.
    pub fn http(&self) -> SocketAddr {
        self.file.http
    }

    /// Returns the process id; `None` if the node does not run.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Returns the data folder.
    pub fn data_dir(&self) -> &Path {
        &self.settings.data_dir
    }

    /// Kills the node, without an orderly stop.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            kill(&mut child);
        }
    }

    /// Asks the node to stop in an orderly way. [`poll_end`](Self::poll_end) reports its end.
    pub fn terminate(&self) {
        if let Some(child) = &self.child {
            // An error means that the process has ended already.
            let _ = kill_process(Pid::from_child(child), Signal::TERM);
        }
    }

    /// Returns the exit status of the node; `None` while the node runs. Returns success if the node was killed, or if
    /// its exit status was already returned.
    pub fn poll_end(&mut self) -> Result<Option<ExitStatus>> {
        let Some(child) = &mut self.child else { return Ok(Some(ExitStatus::default())) };
        let ended = child.try_wait()?;
        if ended.is_some() {
            self.child = None;
        }
        Ok(ended)
    }

    /// Starts the node again with the same ports and data folder. [`poll_ready`](Self::poll_ready) reports when it is
    /// ready.
    pub fn start_again(&mut self) -> Result<()> {
        if self.child.is_some() {
            bail!("the node runs already");
        }
        self.child = Some(spawn(&self.settings, self.file.client, self.file.http)?);
        Ok(())
    }

    /// Returns `true` if clients can connect. Fails if the node has ended.
    pub fn poll_ready(&mut self) -> Result<bool> {
        let child = self.child.as_mut().context("the node does not run")?;
        if let Some(status) = child.try_wait()? {
            self.child = None;
            bail!("the node ended at its start: {status}\n{}", log_end(&self.settings.log));
        }
        // The node file of a killed node has another process id.
        Ok(node_file(&self.settings.data_dir).is_some_and(|file| file.pid == child.id()))
    }

    /// Waits until clients can connect.
    pub fn await_ready(&mut self) -> Result<()> {
        let child = self.child.as_mut().context("the node does not run")?;
        let pid = child.id();
        let data_dir = &self.settings.data_dir;
        await_start("the node", child, || Ok(node_file(data_dir).filter(|file| file.pid == pid).map(drop)))
            .with_context(|| log_end(&self.settings.log))
    }
}

impl Drop for NodeProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(settings: &NodeSettings, client: SocketAddr, http: SocketAddr) -> Result<Child> {
    let log = File::options().create(true).append(true).open(&settings.log)?;
    let mut command = bound(&settings.program);
    command.args(&settings.arguments).arg("--data-dir").arg(&settings.data_dir);
    command.args(["--client-listen", &client.to_string(), "--http-listen", &http.to_string()]);
    command.envs(settings.environment.iter().cloned()).stdout(log.try_clone()?).stderr(log);
    command.spawn().context("cannot start setpriv, of Debian's package util-linux")
}

fn node_file(data_dir: &Path) -> Option<NodeFile> {
    serde_json::from_slice(&fs::read(data_dir.join("node.json")).ok()?).ok()
}

/// Returns the last lines of a log.
fn log_end(log: &Path) -> String {
    const LINES: usize = 30;
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}
