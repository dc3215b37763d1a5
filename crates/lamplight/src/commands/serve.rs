//! `lamplight serve`: runs a node until a signal stops it.

use crate::args::Common;
use crate::logs::{self, LogArgs};
use crate::node_file::NodeFile;
use crate::operator::Operator;
use crate::output::{json_line, line};
use crate::supervisor;
use anyhow::bail;
use clap::Args;
use figment::value::Value;
use lamplight_model::{App, AppId};
use lamplight_server::{
    Clock, Config, FactsSettings, LogMetrics, Node, Surroundings, parse_address, web_is_built,
};
use rustix::process::Signal as Number;
use sd_notify::NotifyState;
use serde_json::json;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Arguments of `lamplight serve`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  lamplight serve
  lamplight serve --data-dir /var/lib/lamplight --client-listen 0.0.0.0:7400 --log-format json
  lamplight serve --tls-certificate chat.pem --tls-key chat.key
  lamplight serve --facts postgres://chat@db.example/chat --directory redis://redis.example
  LAMPLIGHT_LIMITS__CONNECTIONS=50000 lamplight serve --config lamplight.toml

Flags override LAMPLIGHT_* variables, which override the file, which overrides the defaults. \
All settings: docs/configuration.md.

SIGTERM, SIGINT and SIGHUP (unless it is ignored, as under nohup) stop the server in order: clients are \
asked to reconnect, and those that return within the grace are never shown as gone. A second signal \
ends it at once. If a part of the server ends unexpectedly, the server stops too, with exit code 1.")]
pub struct ServeArgs {
    /// The settings that have a flag.
    #[command(flatten)]
    pub settings: ListenArgs,

    /// The options of a node of a cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,

    /// The certificate of the client port.
    #[command(flatten)]
    pub tls: TlsArgs,

    /// The options of the log.
    #[command(flatten)]
    log: LogArgs,
}

/// The addresses to listen on, and the number of threads.
#[derive(Args, Debug)]
pub struct ListenArgs {
    /// The address of the client port: native protocol, WebSocket, TLS [default: 0.0.0.0:7400]
    #[arg(long, value_name = "ADDRESS", value_parser = parse_address)]
    client_listen: Option<SocketAddr>,

    /// The address of the HTTP port: web pages, metrics, health checks, server API [default: 127.0.0.1:7401]
    #[arg(long, value_name = "ADDRESS", value_parser = parse_address)]
    http_listen: Option<SocketAddr>,

    /// A further address for metrics and health checks, which answers even if the HTTP port is full [default:
    /// none]
    #[arg(long, value_name = "ADDRESS", value_parser = parse_address)]
    health_listen: Option<SocketAddr>,

    /// The number of worker threads; 0 means one for each core [default: 0]
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
}

impl ListenArgs {
    /// Returns the settings for which a flag is given.
    pub fn settings(&self) -> Vec<(&'static str, Value)> {
        let address = |address: SocketAddr| Value::from(address.to_string());
        let all = [
            ("client_listen", self.client_listen.map(address)),
            ("http_listen", self.http_listen.map(address)),
            ("health_listen", self.health_listen.map(address)),
            ("workers", self.workers.map(Value::from)),
        ];
        all.into_iter().filter_map(|(path, value)| value.map(|value| (path, value))).collect()
    }
}

/// The options of a node of a cluster.
#[derive(Args, Debug)]
pub struct ClusterArgs {
    /// The URL of Redis or Valkey, which then keeps the live records: the node is one of a cluster. Needs `--facts`
    ///
    /// The list of processes shows it with its password; LAMPLIGHT_DIRECTORY and the setting `directory` of a file do
    /// not.
    #[arg(long, value_name = "URL")]
    directory: Option<String>,

    /// The name of this node in its cluster [default: the name of the machine]
    #[arg(long, value_name = "NAME")]
    node_name: Option<String>,
}

impl ClusterArgs {
    /// Returns the settings for which a flag is given.
    pub fn settings(&self) -> Vec<(&'static str, Value)> {
        let all = [("directory", &self.directory), ("node_name", &self.node_name)];
        let given = |(path, value): (_, &Option<String>)| Some((path, Value::from(value.as_deref()?)));
        all.into_iter().filter_map(given).collect()
    }
}

/// The certificate of the client port.
#[derive(Args, Debug)]
pub struct TlsArgs {
    /// TLS on the client port: the certificate chain, PEM; it is read again when it changes
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,

    /// The private key of the certificate, PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
}

impl TlsArgs {
    /// Returns the settings for which a flag is given.
    pub fn settings(&self) -> Vec<(&'static str, Value)> {
        let files = [("tls.certificate", &self.tls_certificate), ("tls.key", &self.tls_key)];
        let given = |(path, file): (_, &Option<PathBuf>)| {
            file.as_ref().map(|file| (path, Value::from(file.to_string_lossy().into_owned())))
        };
        files.into_iter().filter_map(given).collect()
    }
}

/// The time limit for an orderly stop after a part of the server has ended. After this time, the process ends at once.
const LAST_RESORT: Duration = Duration::from_secs(30);

/// Runs the command.
pub async fn run(args: ServeArgs, common: &Common) -> anyhow::Result<()> {
    let mut flags = args.settings.settings();
    flags.extend(args.cluster.settings());
    flags.extend(args.tls.settings());
    let config = common.settings(flags)?;
    let log = LogMetrics::default();
    let _guard = logs::start(&args.log, &log)?;

    // The signal handlers are registered before the node starts, so that no signal is lost during the start.
    let mut stop = StopSignals::listen()?;
    let served = Served::start(config, Surroundings { log, demo: None }).await?;
    // The server also runs if its addresses cannot be printed.
    let announced = if common.json { served.announce_as_json() } else { served.announce() };
    if let Err(error) = announced {
        tracing::warn!(%error, "cannot print the addresses of the server");
        if served.node.console_password().is_some() {
            tracing::warn!(
                "cannot show the new password of the console; `lamplight console password` sets another one"
            );
        }
    }
    supervisor::tell(NotifyState::Ready);
    let broken = tokio::select! {
        broken = served.runs_until(&mut stop) => broken,
        never = supervisor::feed_watchdog(|| served.workers_turn()) => match never {},
    };
    supervisor::tell(NotifyState::Stopping);
    served.stop(stop).await;
    match broken {
        None => Ok(()),
        Some(part) => {
            bail!("the server has stopped because a part of it has ended: {part}; the log says why")
        }
    }
}

/// A running node, with the contents of its node file.
pub struct Served {
    node: Node,
    data_dir: PathBuf,
    /// The contents of the node file: the addresses of the node.
    pub file: NodeFile,
    /// All apps, with their keys.
    pub apps: Vec<App>,
}

impl Served {
    /// Starts a node, and writes the node file to the data folder.
    pub async fn start(config: Config, surroundings: Surroundings) -> anyhow::Result<Self> {
        let (data_dir, tls) = (config.data_dir.clone(), config.tls.certificate.is_some());
        let store = config.facts_settings();
        let node = Node::start_with(config, Clock::default(), surroundings).await?;
        let file = NodeFile {
            pid: std::process::id(),
            client: node.client_address(),
            http: node.http_address(),
            health: node.health_address(),
            tls,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        match Self::introduce(&file, &store).await {
            Ok(apps) => Ok(Self { node, data_dir, file, apps }),
            // The start fails. The error contains the generated password, because only its hash is stored.
            Err(error) => Err(match node.console_password() {
                Some(password) => error.context(format!(
                    "the server cannot continue; the password of the console, created just now, is {password}"
                )),
                None => error,
            }),
        }
    }

    /// Writes the node file to the data folder, and reads the apps from the node.
    async fn introduce(file: &NodeFile, store: &FactsSettings) -> anyhow::Result<Vec<App>> {
        file.write(&store.data_dir)?;
        Operator::open(store).await?.apps().await
    }

    /// Waits until a part of the node ends, and returns its name. Returns `None` at a signal to stop.
    pub async fn runs_until(&self, signals: &mut StopSignals) -> Option<String> {
        let part = tokio::select! {
            _ = signals.next() => return None,
            part = self.node.part_ended() => part,
        };
        tracing::error!(part, "a part of the server has ended; the server stops");
        // The part that has ended can make the orderly stop hang, so the time of the stop is limited.
        std::thread::spawn(|| {
            std::thread::sleep(LAST_RESORT);
            std::process::exit(1);
        });
        Some(part)
    }

    /// Returns `true` if the event loop of every worker makes progress.
    fn workers_turn(&self) -> bool {
        self.node.workers_turn()
    }

    /// Stops the node in an orderly way. A second signal ends the process at once.
    pub async fn stop(self, mut signals: StopSignals) {
        tracing::info!("stopping; a second signal ends the process at once");
        NodeFile::remove(&self.data_dir);
        tokio::select! {
            () = self.node.stop() => {}
            number = signals.next() => std::process::exit(128 + number),
        }
    }

    /// Prints the addresses and the next steps as text.
    fn announce(&self) -> anyhow::Result<()> {
        let file = &self.file;
        let made = self.node.created().map(|app| app.id);
        let apps: Vec<_> = self.apps.iter().map(|app| app_text(app.id, made)).collect();
        let tls = if file.tls { ", with TLS or without" } else { "" };
        line(format!("Lamplight {} is listening.\n", file.version))?;
        line(format!("  clients    {} (native and WebSocket{tls})", file.client))?;
        line(format!("  web        {}", web_text(file)))?;
        line(format!("  metrics    {}/metrics", file.http_url()))?;
        if let Some(health) = file.health_url() {
            line(format!("  health     {health}/readyz, and {health}/metrics"))?;
        }
        line(format!("  console    {}", self.console_text()))?;
        line(format!("  server API {}/v4/docs/", file.http_url()))?;
        line(format!("  data       {}", self.data_dir.display()))?;
        line(format!("  SDKAppID   {}\n", apps.join(", ")))?;
        let app = match &self.apps[..] {
            [_] => String::new(),
            apps => apps.first().map(|app| format!(" --app {}", app.id)).unwrap_or_default(),
        };
        let program = program(&self.data_dir);
        line("Next:")?;
        line(format!("  {program} sig alice{app}              a UserSig, with which alice can log in"))?;
        line(format!("  {program} watch bob --as alice{app}   in a second terminal"))?;
        line(format!("  {program} watch alice --as bob{app}   in a third: each sees the other come and go"))?;
        line("")
    }

    /// Returns the console's address as text, with the password if this start generated it.
    pub fn console_text(&self) -> String {
        let address = self.file.console_url().unwrap_or_else(|| NOT_BUILT.to_owned());
        match self.node.console_password() {
            Some(password) => format!("{address} (password {password}, shown only once)"),
            None => {
                format!("{address} (`{} console password` sets a new password)", program(&self.data_dir))
            }
        }
    }

    fn announce_as_json(&self) -> anyhow::Result<()> {
        json_line(&json!({
            "pid": self.file.pid,
            "client": self.file.client_url(),
            "http": self.file.http_url(),
            "health": self.file.health_url(),
            "tls": self.file.tls,
            "console": self.file.console_url(),
            "consolePassword": self.node.console_password(),
            "dataDir": self.data_dir,
            "SDKAppIDs": self.apps.iter().map(|app| app.id).collect::<Vec<_>>(),
            "SDKAppIDCreated": self.node.created().map(|app| app.id),
            "version": self.file.version,
        }))
    }
}

/// The text that is printed in place of the address of pages that are not built into this program.
const NOT_BUILT: &str = "not built into this binary";

/// Returns the address of the web pages as text. If this program has no pages, says how to build them.
pub fn web_text(file: &NodeFile) -> String {
    match web_is_built() {
        true => format!("{}/", file.http_url()),
        false => format!("{NOT_BUILT}; {}/ says how to build them", file.http_url()),
    }
}

fn app_text(app: AppId, made: Option<AppId>) -> String {
    if made == Some(app) { format!("{app} (created just now, with a key)") } else { app.to_string() }
}

/// Returns the beginning of a command line for this program and its data folder, for printed commands that users can
/// copy.
pub fn program(data_dir: &Path) -> String {
    let name = std::env::args().next().unwrap_or_else(|| "lamplight".to_owned());
    let mut words = shell_word(&name);
    if data_dir != Path::new("lamplight-data") {
        words.push_str(" --data-dir ");
        words.push_str(&shell_word(&data_dir.to_string_lossy()));
    }
    words
}

/// Quotes a word for a shell if it needs quotes.
fn shell_word(text: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "/._-+:@".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The signals that stop a server.
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
    /// The signal SIGHUP; `None` if the process ignores it, as under `nohup`.
    hang_up: Option<Signal>,
    /// The handler of SIGXFSZ. With it, a write beyond the file size limit fails instead of ending the process.
    _file_too_large: Signal,
}

impl StopSignals {
    /// Registers the signal handlers.
    pub fn listen() -> anyhow::Result<Self> {
        let hang_up = SignalKind::hangup();
        let is_ignored = ignores(&process_status(), hang_up.as_raw_value());
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: if is_ignored { None } else { Some(signal(hang_up)?) },
            _file_too_large: signal(SignalKind::from_raw(Number::XFSZ.as_raw()))?,
        })
    }

    /// Waits for the next signal, and returns its number.
    pub async fn next(&mut self) -> i32 {
        let hang_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = hang_up => SignalKind::hangup().as_raw_value(),
            _ = self.terminate.recv() => SignalKind::terminate().as_raw_value(),
            _ = self.interrupt.recv() => SignalKind::interrupt().as_raw_value(),
        }
    }
}

/// Returns the text of `/proc/self/status`; empty on a system without that file.
fn process_status() -> String {
    std::fs::read_to_string("/proc/self/status").unwrap_or_default()
}

/// Returns `true` if a process with this status ignores a signal. The field `SigIgn` has one bit for each signal, from
/// signal 1 on.
fn ignores(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_that_is_ignored_is_seen() {
        assert!(ignores("Name:\tx\nSigIgn:\t0000000000001001\n", 1));
        assert!(!ignores("SigIgn:\t0000000000001000\n", 1));
        assert!(ignores("SigIgn:\t0000000000001000\n", 13));
        assert!(!ignores("", 1));
    }

    #[test]
    fn a_shell_reads_a_word_back_as_it_was() {
        assert_eq!(shell_word("target/debug/lamplight"), "target/debug/lamplight");
        assert_eq!(shell_word("my data"), "'my data'");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
        assert_eq!(shell_word(""), "''");
    }
}
