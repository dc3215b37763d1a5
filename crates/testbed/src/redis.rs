//! Redis servers: a single server, or the masters of a Redis Cluster.

use crate::process::{PATIENCE, await_start, bound, kill};
use anyhow::{Context, Result, bail, ensure};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The difference between the port of a server and the port of its cluster bus.
const BUS: u16 = 10_000;

/// The number of attempts to find a port. Another process may take a port before the server does.
const ATTEMPTS: usize = 5;

/// A running Redis server, which writes nothing to disk. Dropping the value ends the server.
pub struct RedisServer {
    port: u16,
    process: Child,
}

/// The Redis of a cluster of nodes: one server, or a Redis Cluster of masters without replicas.
pub struct Redis {
    servers: Vec<RedisServer>,
}

impl RedisServer {
    /// Starts a server with these options, and waits until it accepts connections. The server writes its log to the
    /// folder.
    pub fn start(folder: &Path, name: &str, options: &[&str]) -> Result<Self> {
        for _ in 0..ATTEMPTS {
            let port = free_port()?;
            let mut command = bound("redis-server");
            command.current_dir(folder);
            command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
            command.args(["--daemonize", "no", "--logfile", &format!("{name}.log")]);
            command.args(options);
            let mut process =
                command.spawn().context("cannot start setpriv, of Debian's package util-linux")?;
            let is_up = || Ok(TcpStream::connect(("127.0.0.1", port)).is_ok().then_some(()));
            match await_start("redis-server", &mut process, is_up) {
                Ok(()) => return Ok(Self { port, process }),
                Err(_) => kill(&mut process),
            }
        }
        bail!("redis-server does not start; it is in Debian's package of this name")
    }

    /// Returns the port of the server.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Sends a command, and returns the answer as `redis-cli` prints it.
    pub fn ask(&self, words: &[&str]) -> Result<String> {
        let mut cli = Command::new("redis-cli");
        cli.args(["-e", "-p", &self.port.to_string()]).args(words);
        let output = cli.stdin(Stdio::null()).output().context("cannot start redis-cli")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(
            output.status.success(),
            "redis-cli {}: {text}{}",
            words.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(text)
    }

    /// Returns a field of `INFO` that is a number.
    pub fn info(&self, section: &str, field: &str) -> Result<f64> {
        let text = self.ask(&["INFO", section])?;
        let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        let value = line.and_then(|value| value.trim().parse().ok());
        value.with_context(|| format!("INFO {section} of Redis does not have the number {field}"))
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        kill(&mut self.process);
    }
}

impl Redis {
    /// Starts a single server if `shards` is 1, and a Redis Cluster if it is 3 or more. The servers write their files
    /// to the folder.
    pub fn start(folder: &Path, shards: usize) -> Result<Self> {
        if shards == 1 {
            return Ok(Self { servers: vec![RedisServer::start(folder, "redis-1", &[])?] });
        }
        ensure!(shards >= 3, "a Redis Cluster has at least 3 masters, not {shards}");
        let mut servers = Vec::new();
        for number in 1..=shards {
            let (name, file) = (format!("redis-{number}"), format!("redis-{number}.conf"));
            let mut options = vec!["--cluster-enabled", "yes", "--cluster-config-file", &file];
            options.extend(["--cluster-node-timeout", "3000"]);
            servers.push(RedisServer::start(folder, &name, &options)?);
        }
        let mut create = Command::new("redis-cli");
        create.args(["--cluster", "create", "--cluster-yes", "--cluster-replicas", "0"]);
        create.args(servers.iter().map(|server| format!("127.0.0.1:{}", server.port)));
        let output = create.stdin(Stdio::null()).output().context("cannot start redis-cli")?;
        ensure!(
            output.status.success(),
            "the Redis Cluster cannot be created: {}",
            String::from_utf8_lossy(&output.stdout)
        );
        let until = Instant::now() + PATIENCE;
        for server in &servers {
            while !server.ask(&["CLUSTER", "INFO"])?.contains("cluster_state:ok") {
                ensure!(Instant::now() < until, "the Redis Cluster is not ready within {PATIENCE:?}");
                thread::sleep(Duration::from_millis(50));
            }
        }
        Ok(Self { servers })
    }

    /// Returns the servers.
    pub fn servers(&self) -> &[RedisServer] {
        &self.servers
    }

    /// Returns the URL for a node's settings. The URL names at most two of the servers.
    pub fn url(&self) -> String {
        let named = self.servers.iter().take(2).map(|server| format!("127.0.0.1:{}", server.port));
        format!("redis://{}", named.collect::<Vec<_>>().join(","))
    }

    /// Returns the sum of a numeric field of `INFO` over all servers.
    pub fn total(&self, section: &str, field: &str) -> Result<f64> {
        self.servers.iter().map(|server| server.info(section, field)).sum()
    }

    /// Sends a command to all servers.
    pub fn ask_all(&self, words: &[&str]) -> Result<Vec<String>> {
        self.servers.iter().map(|server| server.ask(words)).collect()
    }
}

/// Finds a free port whose cluster bus port is also free.
fn free_port() -> Result<u16> {
    loop {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        if port <= u16::MAX - BUS && TcpListener::bind(("127.0.0.1", port + BUS)).is_ok() {
            return Ok(port);
        }
    }
}
