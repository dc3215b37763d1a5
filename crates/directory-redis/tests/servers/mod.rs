//! Servers on loopback ports for tests: single servers, a Redis Cluster, and a master with a replica and a Sentinel.
//!
//! The servers are from the Debian package `redis-server`, and end with the thread that started them. If the
//! environment variable `LAMPLIGHT_TEST_VALKEY` is set, they are Valkey servers from the package `valkey-server`.

#![allow(dead_code, reason = "each test program uses a part")]

use lamplight_directory_redis::RedisSettings;
use redis::FromRedisValue;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// The difference between the port of a server and the port of its cluster bus.
const BUS: u16 = 10_000;

/// A running server. Dropping the value ends it.
pub struct Server {
    pub port: u16,
    kind: Kind,
    folder: TempDir,
    process: Child,
    options: Vec<String>,
}

#[derive(Clone, Copy)]
enum Kind {
    Plain,
    Tls,
    Sentinel,
}

/// A Redis Cluster of three masters. Servers after the first three are replicas.
pub struct Cluster {
    pub servers: Vec<Server>,
}

/// A slot that is being moved, and the indexes of the two servers.
pub struct Move {
    slot: u16,
    from: usize,
    to: usize,
}

/// The settings for a test with these servers.
pub fn settings(url: impl Into<String>, partitions: u16) -> RedisSettings {
    RedisSettings {
        partitions,
        timeout: Duration::from_secs(10),
        compare_every: Duration::from_millis(100),
        ..RedisSettings::at(url)
    }
}

impl Server {
    /// Starts a server with these options, and waits until it accepts connections.
    pub fn start(options: &[&str]) -> Self {
        Self::start_as(Kind::Plain, options)
    }

    /// Starts a server whose port accepts TLS only.
    pub fn start_with_tls(options: &[&str]) -> Self {
        Self::start_as(Kind::Tls, options)
    }

    pub fn start_sentinel() -> Self {
        Self::start_as(Kind::Sentinel, &[])
    }

    fn start_as(kind: Kind, options: &[&str]) -> Self {
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        // Another process may take the port before the server does; then another port is tried.
        for _ in 0..5 {
            let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
            let process = spawn(&folder, port, kind, &options);
            let mut server = Self { port, kind, folder, process, options: options.clone() };
            if server.is_up() {
                return server;
            }
        }
        panic!("redis-server, of the Debian package of this name, does not start");
    }

    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub fn revive(&mut self) {
        self.process = spawn(&self.folder, self.port, self.kind, &self.options);
        assert!(self.is_up());
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Sends a signal to the process.
    pub fn signal(&self, signal: &str) {
        let done = Command::new("kill").args([signal, &self.process.id().to_string()]).status();
        assert!(done.unwrap().success());
    }

    /// Sends a command; `words` are its parts, separated by spaces.
    pub async fn command<T: FromRedisValue>(&self, words: &str) -> T {
        self.try_command(words).await.unwrap()
    }

    pub async fn try_command<T: FromRedisValue>(&self, words: &str) -> redis::RedisResult<T> {
        let client = redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await?;
        let mut words = words.split_whitespace();
        let mut command = redis::cmd(words.next().unwrap());
        words.for_each(|word| _ = command.arg(word));
        command.query_async(&mut connection).await
    }

    /// Waits until this replica has all writes that its master has made until now. `WAIT` is not enough, because it
    /// only knows the writes of its own connection.
    pub async fn await_writes_of(&self, master: &Self) {
        let number = |offset: &str| offset.parse::<u64>().unwrap();
        let offset = number(&master.replication().await[1]);
        while number(&self.replication().await[1]) < offset {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The role of a server, and the offset in the replication stream up to which it has received writes.
    async fn replication(&self) -> [String; 2] {
        let info: String = self.command("INFO replication").await;
        let field = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        [field("role:"), field("master_repl_offset:")]
    }

    fn is_up(&mut self) -> bool {
        for _ in 0..3_000 {
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Cluster {
    /// Starts a cluster, and waits until each server is ready.
    pub async fn start(replicas_of_each: usize) -> Self {
        Self::start_with(replicas_of_each, &[]).await
    }

    /// Starts a cluster whose servers have further options.
    pub async fn start_with(replicas_of_each: usize, options: &[&str]) -> Self {
        let own = [
            "--cluster-enabled",
            "yes",
            "--cluster-config-file",
            "nodes.conf",
            "--cluster-node-timeout",
            "3000",
            "--repl-diskless-sync-delay",
            "0",
        ];
        let options = [&own, options].concat();
        let member = |_| Server::start(&options);
        let servers: Vec<Server> = (0..3 * (1 + replicas_of_each)).map(member).collect();
        let mut create = Command::new(program("cli"));
        create.args(["--cluster", "create", "--cluster-yes", "--cluster-replicas"]);
        create.arg(replicas_of_each.to_string());
        create.args(servers.iter().map(|server| format!("127.0.0.1:{}", server.port)));
        let output =
            create.stdin(Stdio::null()).output().expect("redis-cli, of the Debian package redis-tools");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        let cluster = Self { servers };
        for server in &cluster.servers {
            while !server.command::<String>("CLUSTER INFO").await.contains("cluster_state:ok") {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        cluster
    }

    /// The address of the cluster, with two of its servers. The second may be a replica.
    pub fn url(&self) -> String {
        let last = self.servers.last().unwrap();
        format!("redis://127.0.0.1:{},127.0.0.1:{}", self.servers[0].port, last.port)
    }

    /// The slot of a partition.
    pub async fn slot(&self, partition: u16) -> u16 {
        self.servers[0].command(&format!("CLUSTER KEYSLOT {{{partition}}}")).await
    }

    /// The index of the master of a slot, according to the server with the index `asked`.
    pub async fn master_of(&self, slot: u16, asked: usize) -> usize {
        let slots: Vec<redis::Value> = self.servers[asked].command("CLUSTER SLOTS").await;
        for range in slots {
            let redis::Value::Array(parts) = range else { panic!("{range:?}") };
            let number = |at: usize| u16::from_redis_value(parts[at].clone()).unwrap();
            let redis::Value::Array(master) = &parts[2] else { panic!("{parts:?}") };
            if (number(0)..=number(1)).contains(&slot) {
                let port = u16::from_redis_value(master[1].clone()).unwrap();
                return self.servers.iter().position(|server| server.port == port).unwrap();
            }
        }
        panic!("no server has slot {slot}");
    }

    pub async fn id(&self, of: usize) -> String {
        self.servers[of].command("CLUSTER MYID").await
    }

    /// Moves a slot with its keys to another master, as an operator does after adding a server.
    pub async fn move_slot(&self, slot: u16, from: usize, to: usize) {
        let moving = self.begin_move(slot, from, to, usize::MAX).await;
        self.end_move(moving).await;
    }

    /// Begins to move a slot. Moves the key of the partition's head and up to `most` other keys.
    pub async fn begin_move(&self, slot: u16, from: usize, to: usize, most: usize) -> Move {
        let (source, target) = (self.id(from).await, self.id(to).await);
        let (here, there) = (&self.servers[from], &self.servers[to]);
        let _: String = there.command(&format!("CLUSTER SETSLOT {slot} IMPORTING {source}")).await;
        let _: String = here.command(&format!("CLUSTER SETSLOT {slot} MIGRATING {target}")).await;
        let mut keys: Vec<String> = here.command(&format!("CLUSTER GETKEYSINSLOT {slot} 1000")).await;
        keys.sort_by_key(|key| !key.ends_with(":head"));
        for key in keys.into_iter().take(most.saturating_add(1)) {
            self.move_key(&key, from, to).await;
        }
        Move { slot, from, to }
    }

    /// Moves the remaining keys of a slot, and assigns the slot.
    pub async fn end_move(&self, Move { slot, from, to }: Move) {
        let (here, target) = (&self.servers[from], self.id(to).await);
        loop {
            let keys: Vec<String> = here.command(&format!("CLUSTER GETKEYSINSLOT {slot} 1")).await;
            let Some(key) = keys.first() else { break };
            self.move_key(key, from, to).await;
        }
        for index in [to, from] {
            let _: String =
                self.servers[index].command(&format!("CLUSTER SETSLOT {slot} NODE {target}")).await;
        }
    }

    async fn move_key(&self, key: &str, from: usize, to: usize) {
        let (here, port) = (&self.servers[from], self.servers[to].port);
        let _: String = here.command(&format!("MIGRATE 127.0.0.1 {port} {key} 0 5000")).await;
        // Calls come while some keys have moved, and others have not.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    /// Waits until the replica of each master has all writes until now.
    pub async fn await_replicas(&self) {
        for (index, master) in self.servers.iter().enumerate() {
            if master.replication().await[0] == "master" {
                self.servers[self.replica_of(index).await].await_writes_of(master).await;
            }
        }
    }

    /// The index of a replica of a master.
    pub async fn replica_of(&self, master: usize) -> usize {
        let id = self.id(master).await;
        for (index, server) in self.servers.iter().enumerate() {
            let nodes: String = server.command("CLUSTER NODES").await;
            let own = nodes.lines().find(|line| line.contains("myself")).unwrap();
            if own.contains("slave") && own.contains(&id) {
                return index;
            }
        }
        panic!("server {master} has no replica");
    }
}

/// Starts a Sentinel for the service `live`, which this master serves.
pub async fn sentinel_of(master: &Server, down_after: u32) -> Server {
    let sentinel = Server::start_sentinel();
    let _: String = sentinel.command(&format!("SENTINEL MONITOR live 127.0.0.1 {} 1", master.port)).await;
    let _: String =
        sentinel.command(&format!("SENTINEL SET live down-after-milliseconds {down_after}")).await;
    sentinel
}

fn program(kind: &str) -> String {
    let product = if std::env::var_os("LAMPLIGHT_TEST_VALKEY").is_some() { "valkey" } else { "redis" };
    format!("{product}-{kind}")
}

/// Finds a free port whose cluster bus port is also free.
fn free_port() -> u16 {
    loop {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if port <= u16::MAX - BUS && TcpListener::bind(("127.0.0.1", port + BUS)).is_ok() {
            return port;
        }
    }
}

fn spawn(folder: &TempDir, port: u16, kind: Kind, options: &[String]) -> Child {
    let file = folder.path().join("redis.conf");
    let port = match kind {
        Kind::Plain => format!("port {port}\nsave \"\"\n"),
        Kind::Tls => format!("port 0\ntls-port {port}\nsave \"\"\n"),
        Kind::Sentinel => format!("port {port}\n"),
    };
    std::fs::write(&file, format!("{port}bind 127.0.0.1\ndaemonize no\n")).unwrap();
    // A server ends with the thread that started it, even if the test is killed.
    Command::new("setpriv")
        .current_dir(folder.path())
        .args(["--pdeathsig", "KILL", &program("server")])
        .arg(file)
        .args(options)
        .args(matches!(kind, Kind::Sentinel).then_some("--sentinel"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("setpriv, of the Debian package util-linux, is installed")
}
