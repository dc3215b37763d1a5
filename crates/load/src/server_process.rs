//! A server for one measurement, with a new data folder. The server ends with the measurement.
//!
//! The server is the program `lamplight`. It is used through the commands `app create` and `serve`.

use crate::process_meter::ProcessMeter;
use crate::target::Target;
use crate::transport::Transport;
use anyhow::{Context, Result, bail, ensure};
use lamplight_model::{AppId, AppKey};
use serde::Deserialize;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The longest wait for a server to start. A server with a million records needs seconds, and more on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The names of the files in the data folder with the certificate and with its key.
const CERTIFICATE: &str = "load-certificate.pem";
const CERTIFICATE_KEY: &str = "load-certificate-key.pem";

/// The settings that differ from the defaults of the server.
#[derive(Clone, Copy, Default, Debug)]
pub struct ServerSettings {
    /// The app's heartbeat timeout of native clients in seconds; `None` for the default.
    pub heartbeat_timeout_s: Option<u32>,
    /// The time in milliseconds for which clients still count as connected after the server was killed; `None` for the
    /// default.
    pub grace_ms: Option<u32>,
    /// The number of worker threads; `None` for one per core.
    pub workers: Option<usize>,
    /// The rate limit of each command of the server API, in calls per second; `None` for the default.
    pub api_rate: Option<u16>,
    /// `true` to send every change without conflation and to accept requests at any rate. A measurement that waits for
    /// each notification sets this. It would otherwise measure the conflation rate.
    pub every_change: bool,
    /// The address to which the app's webhook is sent; `None` if the app has no webhook.
    pub webhook: Option<SocketAddr>,
    /// The app's limit of subscriptions for each user; `None` for the default. If it is given, a request may subscribe to
    /// that many users, and a client may make 1,000 requests of each kind in a millisecond.
    pub subscriptions: Option<u16>,
    /// The transport of the connections. With TLS, the server gets a self-signed certificate.
    pub transport: Transport,
}

/// A running server.
pub struct ServerProcess {
    program: PathBuf,
    settings: ServerSettings,
    folder: TempDir,
    child: Child,
    target: Target,
}

/// The output of `app create --json`.
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

/// The content of the node file. A running server has this file in its data folder.
#[derive(Deserialize)]
struct NodeFile {
    pid: u32,
    client: SocketAddr,
    http: SocketAddr,
}

impl ServerProcess {
    /// Starts `program` with a new app, and waits until clients can connect.
    pub fn start(program: &Path, settings: ServerSettings) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("lamplight-load-").tempdir()?;
        let mut create = Command::new(program);
        create.args(["app", "create", "--json", "--data-dir"]).arg(folder.path());
        if let Some(seconds) = settings.heartbeat_timeout_s {
            create.args(["--heartbeat-timeout-native", &format!("{seconds}s")]);
        }
        if let Some(calls) = settings.api_rate {
            create.args(["--api-rate-calls", &calls.to_string()]);
        }
        if let Some(subscriptions) = settings.subscriptions {
            let subscriptions = subscriptions.to_string();
            create.args(["--subscriptions", &subscriptions, "--subscribe-batch", &subscriptions]);
            create.args(["--rate-calls", "1000", "--rate-window", "1ms"]);
        }
        if let Some(receiver) = settings.webhook {
            create.args(["--state-change-url", &format!("http://{receiver}/")]);
        }
        let output = create
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("cannot start {}", program.display()))?;
        ensure!(output.status.success(), "`app create` failed: {}", output.status);
        let created: Created =
            serde_json::from_slice(&output.stdout).context("cannot read the output of `app create`")?;
        if settings.transport.is_tls() {
            make_certificate(folder.path())?;
        }
        let mut child = serve(program, folder.path(), settings)?;
        let NodeFile { client, http, .. } = match await_node_file(&mut child, folder.path()) {
            Ok(file) => file,
            Err(error) => {
                end(&mut child);
                return Err(error);
            }
        };
        let target = Target {
            address: client,
            http: Some(http),
            app: created.app.id,
            key: AppKey { id: 1, text: created.key },
            meter: Some(ProcessMeter::new(child.id())),
            transport: settings.transport,
        };
        Ok(Self { program: program.to_owned(), settings, folder, child, target })
    }

    /// Returns the address of the server, with the data that a login needs.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Kills the server, without an orderly stop.
    pub fn kill(&mut self) {
        end(&mut self.child);
    }

    /// Starts the server again after [`kill`](Self::kill), with the same data folder. The server then has another
    /// address.
    pub fn start_again(&mut self) -> Result<()> {
        self.child = serve(&self.program, self.folder.path(), self.settings)?;
        let file = await_node_file(&mut self.child, self.folder.path())?;
        (self.target.address, self.target.http) = (file.client, Some(file.http));
        self.target.meter = Some(ProcessMeter::new(self.child.id()));
        Ok(())
    }
}

/// Starts a server on an existing data folder, and ends it when clients can connect. Returns the time until then, and the
/// resident memory in bytes.
pub fn measure_start(program: &Path, folder: &Path, settings: ServerSettings) -> Result<(Duration, u64)> {
    let began = Instant::now();
    let mut child = serve(program, folder, settings)?;
    let ready = await_node_file(&mut child, folder).map(|_| began.elapsed());
    let memory = ProcessMeter::new(child.id()).memory();
    end(&mut child);
    Ok((ready?, memory?.resident))
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn serve(program: &Path, folder: &Path, settings: ServerSettings) -> Result<Child> {
    let log = File::options().create(true).append(true).open(log_path(folder))?;
    let mut serve = Command::new(program);
    serve.arg("serve").arg("--data-dir").arg(folder);
    serve.args(["--client-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"]);
    serve.env("LAMPLIGHT_LOG", "warn");
    // All connections of the load come from a few addresses, so the limit per address is raised.
    serve.env("LAMPLIGHT_LIMITS__CONNECTIONS_PER_ADDRESS", "1000000");
    if let Some(grace) = settings.grace_ms {
        serve.env("LAMPLIGHT_NODE_LOSS_GRACE_MS", grace.to_string());
    }
    if settings.webhook.is_some() {
        serve.env("LAMPLIGHT_WEBHOOKS__ALLOW_PRIVATE", "true");
    }
    if settings.every_change {
        serve.env("LAMPLIGHT_LIMITS__CHANGES_TOLD_PER_SECOND", "0");
        serve.env("LAMPLIGHT_LIMITS__REQUESTS_PER_SECOND", "0");
    }
    if settings.transport.is_tls() {
        serve.env("LAMPLIGHT_TLS__CERTIFICATE", folder.join(CERTIFICATE));
        serve.env("LAMPLIGHT_TLS__KEY", folder.join(CERTIFICATE_KEY));
    }
    if let Some(workers) = settings.workers {
        serve.env("LAMPLIGHT_WORKERS", workers.to_string());
    }
    serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    serve.spawn().with_context(|| format!("cannot start {}", program.display()))
}

/// Writes a self-signed certificate for `localhost`.
fn make_certificate(folder: &Path) -> Result<()> {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    fs::write(folder.join(CERTIFICATE), signed.cert.pem())?;
    fs::write(folder.join(CERTIFICATE_KEY), signed.signing_key.serialize_pem())?;
    Ok(())
}

/// Waits for the node file, which the server writes when clients can connect.
fn await_node_file(child: &mut Child, folder: &Path) -> Result<NodeFile> {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if let Some(status) = child.try_wait()? {
            bail!("the server ended at its start: {status}\n{}", log_of(folder));
        }
        // The node file of a killed server has another process id.
        let file = fs::read(folder.join("node.json")).ok();
        let file = file.and_then(|bytes| serde_json::from_slice::<NodeFile>(&bytes).ok());
        if let Some(file) = file.filter(|file| file.pid == child.id()) {
            return Ok(file);
        }
        thread::sleep(Duration::from_millis(10));
    }
    bail!("the server did not start within {PATIENCE:?}\n{}", log_of(folder))
}

fn log_path(folder: &Path) -> PathBuf {
    folder.join("server.log")
}

fn log_of(folder: &Path) -> String {
    fs::read_to_string(log_path(folder)).unwrap_or_default()
}

fn end(child: &mut Child) {
    // The errors are ignored, because the process may already have ended.
    let _ = child.kill();
    let _ = child.wait();
}
