//! A Redis server for one test, from the Debian package `redis-server`. The server has its own folder, which contains
//! its Unix socket. If the environment variable `LAMPLIGHT_TEST_VALKEY` is set, the server is a Valkey server from the
//! package `valkey-server`.

#![allow(dead_code, reason = "each test program uses a part")]

use lamplight_directory_redis::RedisSettings;
use redis::aio::MultiplexedConnection;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// A running server. Dropping the value ends it.
pub struct RedisServer {
    folder: TempDir,
    process: Child,
    options: Vec<String>,
}

impl RedisServer {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts a server with further options, and waits until it answers.
    pub async fn start_with(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        let process = spawn(&folder, &options);
        let server = Self { folder, process, options };
        server.wait().await;
        server
    }

    pub fn settings(&self, partitions: u16) -> RedisSettings {
        RedisSettings {
            partitions,
            timeout: Duration::from_secs(10),
            compare_every: Duration::from_millis(100),
            record_wait: Duration::ZERO,
            ..RedisSettings::at(self.url())
        }
    }

    /// Kills the server, and starts it again with its files.
    pub async fn restart(&mut self) {
        self.kill();
        self.process = spawn(&self.folder, &self.options);
        self.wait().await;
    }

    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        std::fs::remove_file(self.socket()).unwrap();
    }

    pub async fn revive(&mut self) {
        self.process = spawn(&self.folder, &self.options);
        self.wait().await;
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    pub async fn connection(&self) -> MultiplexedConnection {
        redis::Client::open(self.url()).unwrap().get_multiplexed_async_connection().await.unwrap()
    }

    /// Sends a command; `words` are its parts, separated by spaces.
    pub async fn command<T: redis::FromRedisValue>(&self, words: &str) -> T {
        let mut words = words.split_whitespace();
        let mut command = redis::cmd(words.next().unwrap());
        words.for_each(|word| _ = command.arg(word));
        command.query_async(&mut self.connection().await).await.unwrap()
    }

    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    async fn wait(&self) {
        let answers = async {
            loop {
                let client = redis::Client::open(self.url()).unwrap();
                if let Ok(mut connection) = client.get_multiplexed_async_connection().await
                    && redis::cmd("PING").query_async::<String>(&mut connection).await.is_ok()
                {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), answers)
            .await
            .expect("redis-server, of the Debian package of this name, answers");
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn spawn(folder: &TempDir, options: &[String]) -> Child {
    // The server ends with the thread of the test, even if the test is killed.
    let program =
        if std::env::var_os("LAMPLIGHT_TEST_VALKEY").is_some() { "valkey-server" } else { "redis-server" };
    Command::new("setpriv")
        .current_dir(folder.path())
        .args(["--pdeathsig", "KILL", program])
        .args(["--port", "0", "--unixsocket", "redis.sock", "--save", "", "--daemonize", "no"])
        .args(options)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("setpriv, of the Debian package util-linux, is installed")
}
