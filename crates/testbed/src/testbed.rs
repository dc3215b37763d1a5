//! A whole cluster: Redis, PostgreSQL, an app, and the nodes.

use crate::node::{NodeProcess, NodeSettings};
use crate::postgres::Postgres;
use crate::redis::Redis;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The settings of a cluster.
#[derive(Clone, Debug)]
pub struct TestbedSettings {
    /// The program `lamplight`.
    pub program: PathBuf,
    /// The number of nodes.
    pub nodes: usize,
    /// The number of Redis servers: 1 for a single server, 3 or more for a Redis Cluster.
    pub shards: usize,
    /// The command that runs a node, such as `serve`.
    pub command: Vec<String>,
    /// The environment variables of the nodes, as names and values.
    pub environment: Vec<(String, String)>,
    /// The options for `lamplight app create`.
    pub app: Vec<String>,
    /// The options of PostgreSQL, as `name=value`.
    pub postgres: Vec<String>,
}

/// A running cluster. Dropping the value ends all servers, and removes their files.
pub struct Testbed {
    // Fields are dropped in this order: the nodes end before their stores.
    /// The nodes.
    pub nodes: Vec<NodeProcess>,
    /// The servers with the live records.
    pub redis: Redis,
    /// The server with the facts.
    pub postgres: Postgres,
    /// The app of the cluster.
    pub app: CreatedApp,
    folder: TempDir,
}

/// An app, with its key.
#[derive(Clone, Debug)]
pub struct CreatedApp {
    /// The `SDKAppID`.
    pub id: u32,
    /// The secret key.
    pub key: String,
}

/// The output of `app create --json`.
#[derive(Deserialize)]
struct Created {
    app: CreatedId,
    key: String,
}

#[derive(Deserialize)]
struct CreatedId {
    #[serde(rename = "SDKAppID")]
    id: u32,
}

impl Testbed {
    /// Starts the servers one after another, and waits until each is ready. If a server fails, the error contains the
    /// end of its log.
    pub fn start(settings: &TestbedSettings) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("lamplight-cluster-").tempdir()?;
        let path = folder.path();
        let redis = Redis::start(path, settings.shards)?;
        let options: Vec<&str> = settings.postgres.iter().map(String::as_str).collect();
        let postgres = Postgres::start(&path.join("postgres.log"), &options)?;
        let app = create_app(settings, &postgres.url(), &path.join("node-1"))?;
        let mut nodes = Vec::new();
        for number in 1..=settings.nodes {
            let name = format!("node-{number}");
            let mut environment = settings.environment.clone();
            let stores = [
                ("LAMPLIGHT_FACTS", postgres.url()),
                ("LAMPLIGHT_DIRECTORY", redis.url()),
                ("LAMPLIGHT_NODE_NAME", name.clone()),
            ];
            environment.extend(stores.map(|(name, value)| (name.to_owned(), value)));
            let node = NodeProcess::start(NodeSettings {
                program: settings.program.clone(),
                arguments: settings.command.clone(),
                environment,
                data_dir: path.join(&name),
                log: path.join(format!("{name}.log")),
            });
            nodes.push(node.with_context(|| format!("cannot start {name}"))?);
        }
        Ok(Self { nodes, redis, postgres, app, folder })
    }

    /// Copies the logs of all servers into a folder. Creates the folder if it is missing.
    pub fn copy_logs(&self, to: &Path) -> Result<()> {
        fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
        for entry in fs::read_dir(self.folder.path())?.flatten() {
            if entry.path().extension().is_some_and(|extension| extension == "log") {
                fs::copy(entry.path(), to.join(entry.file_name()))
                    .with_context(|| format!("cannot copy {}", entry.path().display()))?;
            }
        }
        Ok(())
    }
}

fn create_app(settings: &TestbedSettings, facts: &str, data_dir: &Path) -> Result<CreatedApp> {
    let mut create = Command::new(&settings.program);
    create.args(["app", "create", "--json", "--data-dir"]).arg(data_dir).args(&settings.app);
    let output = create
        .env("LAMPLIGHT_FACTS", facts)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {}", settings.program.display()))?;
    ensure!(output.status.success(), "`app create` failed: {}", output.status);
    let created: Created =
        serde_json::from_slice(&output.stdout).context("cannot read the output of `app create`")?;
    Ok(CreatedApp { id: created.app.id, key: created.key })
}
