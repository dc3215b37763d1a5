//! A cluster with its clients, for the rows of the table.

use crate::cluster::costs::{self, Costs, Spent};
use crate::cluster::crowd::Crowd;
use crate::fleet::Fleet;
use crate::report::Report;
use crate::ring::Ring;
use crate::target::Target;
use crate::transport::Transport;
use anyhow::{Context, Result};
use lamplight_model::{AppId, AppKey};
use lamplight_testbed::{Testbed, TestbedSettings};
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// The time in which the cost of the idle cluster is measured.
const IDLE: Duration = Duration::from_secs(6);

/// The sizes of a run of the measurements.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// The number of users.
    pub users: u32,
    /// The number of changes in a course with a fixed rate.
    pub slow_changes: u64,
    /// The number of changes in a course without a fixed rate.
    pub fast_changes: u64,
    /// The number of rounds of logins.
    pub login_rounds: u32,
    /// The time for which the users of a stopped or lost node count as connected.
    pub grace: Duration,
}

/// A running cluster with its clients.
pub struct Stage {
    /// The servers.
    pub testbed: Testbed,
    /// The clients.
    pub crowd: Crowd,
    /// The figures of all rows.
    pub report: Report,
    /// The sizes of the run.
    pub sizes: Sizes,
    /// The folder for raw output; `None` to write none.
    raw: Option<PathBuf>,
}

impl Stage {
    /// Starts a cluster whose clients are all away.
    pub fn start(
        settings: &TestbedSettings,
        sizes: Sizes,
        raw: Option<PathBuf>,
        report: Report,
    ) -> Result<Self> {
        let testbed = Testbed::start(settings)?;
        // Without the extension, statements are not counted.
        let _ = testbed.postgres.ask("CREATE EXTENSION IF NOT EXISTS pg_stat_statements");
        let nodes: Vec<_> = testbed.nodes.iter().map(lamplight_testbed::NodeProcess::client).collect();
        let target = Target {
            address: *nodes.first().context("a cluster has a node")?,
            http: None,
            app: AppId(testbed.app.id),
            key: AppKey { id: 1, text: testbed.app.key.clone() },
            meter: None,
            transport: Transport::Tcp,
        };
        let count = nodes.len();
        let mut fleet = Fleet::new(target, Ring::new(sizes.users)?)?;
        fleet.set_nodes(nodes);
        Ok(Self { testbed, crowd: Crowd::new(fleet, count), report, sizes, raw })
    }

    /// Measures the costs of the cluster while its clients only send heartbeats.
    pub fn idle(&mut self) -> Result<Spent> {
        self.crowd.settle(Duration::from_secs(60))?;
        let before = Costs::read(&self.testbed)?;
        self.crowd.run_for(IDLE)?;
        Ok(before.until(&Costs::read(&self.testbed)?))
    }

    /// Writes the counters of all servers and the descriptions of wrong events to a file in the folder for raw output.
    pub fn keep(&self, row: &str) -> Result<()> {
        let Some(folder) = &self.raw else { return Ok(()) };
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let mut text = String::new();
        for line in &self.crowd.witness.descriptions {
            // Writing to a `String` never fails.
            let _ = writeln!(text, "{line}");
        }
        text.push_str(&costs::raw(&self.testbed));
        let file = folder.join(format!("{row}.txt"));
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
    }

    /// Copies the logs of all servers to the folder for raw output.
    pub fn keep_logs(&self) -> Result<()> {
        self.raw.as_ref().map_or(Ok(()), |folder| self.testbed.copy_logs(&folder.join("logs")))
    }
}
