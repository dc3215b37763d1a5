//! The server that is attacked: `lamplight serve` with its default settings, in its own folder.

use crate::line::Way;
use anyhow::{Context, Result, bail, ensure};
use lamplight_model::{AppId, AppKey};
use serde::Deserialize;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The longest time in which a server must start or end.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// The password of the console.
pub const PASSWORD: &str = "correct horse battery";

/// The settings of an attack's server, as far as they differ from the defaults.
#[derive(Clone, Copy, Default)]
pub struct Settings {
    /// Additional arguments of `app create`.
    pub app: &'static [&'static str],
    /// The environment variables of `serve`.
    pub env: &'static [(&'static str, &'static str)],
}

/// A data folder with an app and the password of its console.
pub struct Folder {
    /// The program.
    pub program: PathBuf,
    /// The parent of the data folder; the log is beside the data.
    pub folder: TempDir,
    /// The app.
    pub app: AppId,
    /// The key of the app.
    pub key: AppKey,
}

/// A running server.
pub struct Server {
    /// The data folder of the server.
    pub data: Folder,
    /// The client port.
    pub client: SocketAddr,
    /// The HTTP port.
    pub http: SocketAddr,
    /// The address of health and metrics. They may have a separate port.
    pub health: SocketAddr,
    child: Running,
}

/// A process that is killed when this value is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The answer of `app create --json`.
#[derive(Deserialize)]
struct Created {
    app: CreatedApp,
    key: String,
}

#[derive(Deserialize)]
struct CreatedApp {
    #[serde(rename = "SDKAppID")]
    id: AppId,
}

/// The file that a running server leaves in its data folder.
#[derive(Deserialize)]
struct NodeFile {
    pid: u32,
    client: SocketAddr,
    http: SocketAddr,
    #[serde(default)]
    health: Option<SocketAddr>,
}

impl Folder {
    /// Creates a data folder, an app with these additional arguments, and the password of the console.
    pub fn make<A: AsRef<OsStr>>(program: &Path, app_arguments: &[A]) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("lamplight-attack-").tempdir()?;
        let data = folder.path().join("data");
        let mut create = command(program);
        create.args(["app", "create", "--json", "--data-dir"]).arg(&data).args(app_arguments);
        let output = create.stderr(Stdio::inherit()).output();
        let output = output.with_context(|| format!("cannot start {}", program.display()))?;
        ensure!(output.status.success(), "`app create` failed: {}", output.status);
        let created: Created =
            serde_json::from_slice(&output.stdout).context("the output of `app create` cannot be read")?;

        let mut password = command(program);
        password.args(["console", "password", "--set", "--data-dir"]).arg(&data).stdin(Stdio::piped());
        let mut password = password.stdout(Stdio::null()).spawn()?;
        let mut stdin = password.stdin.take().context("`console password` has no stdin")?;
        stdin.write_all(format!("{PASSWORD}\n").as_bytes())?;
        drop(stdin);
        ensure!(password.wait()?.success(), "`console password` failed");
        let key = AppKey { id: 1, text: created.key };
        Ok(Self { program: program.to_owned(), folder, app: created.app.id, key })
    }

    /// Returns the path of the data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Returns the whole log of the servers of this folder.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.log_path()).unwrap_or_default()).into_owned()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// Makes the command `serve` with free ports and this log.
    pub fn serve(&self, env: &[(&str, &str)], log: Stdio) -> Command {
        let mut serve = command(&self.program);
        serve.args(["serve", "--client-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--data-dir"]);
        serve.arg(self.data()).envs(env.iter().copied());
        serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        serve
    }

    /// Starts a server whose log is the file beside the data.
    pub fn start(self, env: &[(&str, &str)]) -> Result<Server> {
        let log = File::options().create(true).append(true).open(self.log_path())?;
        self.start_logging_to(env, log.into())
    }

    /// Starts a server, and waits until clients can connect.
    pub fn start_logging_to(self, env: &[(&str, &str)], log: Stdio) -> Result<Server> {
        let mut child = Running(self.serve(env, log).spawn()?);
        let NodeFile { client, http, health, .. } = await_node_file(&mut child.0, &self)?;
        Ok(Server { data: self, client, http, health: health.unwrap_or(http), child })
    }
}

impl Server {
    /// Returns the client port with the credentials to log in.
    pub fn way(&self) -> Way {
        Way { client: self.client, app: self.data.app, key: self.data.key.clone() }
    }

    /// Returns the id of the server's process.
    pub fn pid(&self) -> u32 {
        self.child.0.id()
    }

    /// Returns `true` if the process still runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.0.try_wait(), Ok(None))
    }

    /// Kills the server and returns its folder.
    pub fn kill(self) -> Folder {
        let Self { data, child, .. } = self;
        drop(child);
        data
    }
}

impl Folder {
    /// Runs a second `serve` on this folder until it ends. Returns `None` if it still runs after 5 s.
    pub fn try_to_serve(&self) -> Result<Option<ExitStatus>> {
        let mut child = Running(self.serve(&[], Stdio::null()).spawn()?);
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until {
            if let Some(status) = child.0.try_wait()? {
                return Ok(Some(status));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(None)
    }
}

/// Makes the command of the program, without the environment variables of the caller.
fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null());
    command
}

fn await_node_file(child: &mut Child, folder: &Folder) -> Result<NodeFile> {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if let Some(status) = child.try_wait()? {
            bail!("the server ended at its start: {status}\n{}", folder.log());
        }
        // A file that an earlier server left behind has another process id.
        let file = fs::read(folder.data().join("node.json")).ok();
        let file = file.and_then(|bytes| serde_json::from_slice::<NodeFile>(&bytes).ok());
        if let Some(file) = file.filter(|file| file.pid == child.id()) {
            return Ok(file);
        }
        thread::sleep(Duration::from_millis(10));
    }
    bail!("the server did not start within {PATIENCE:?}\n{}", folder.log())
}
