//! The costs of a cluster: CPU time of every process, round trips to Redis and PostgreSQL, and Redis's memory.

use crate::process_meter::ProcessMeter;
use anyhow::{Context, Result};
use lamplight_testbed::Testbed;
use std::time::{Duration, Instant};

/// A query for the number of statements that clients have sent to PostgreSQL, without the statements of this
/// measurement.
const STATEMENTS: &str =
    "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%'";

/// The counters of all processes at one time.
#[derive(Clone, Debug)]
pub struct Costs {
    at: Instant,
    /// The CPU time of each node, in seconds.
    nodes: Vec<f64>,
    /// The CPU time of all Redis servers, in seconds.
    redis: f64,
    /// The number of times that Redis servers have read data from a connection.
    redis_reads: f64,
    /// The number of commands that Redis servers have executed, including those of scripts.
    redis_commands: f64,
    /// The number of statements that were sent to PostgreSQL; `None` if PostgreSQL does not count them.
    statements: Option<f64>,
    /// The CPU time of this process, in seconds.
    load: f64,
}

/// The differences between two [`Costs`].
#[derive(Clone, Debug)]
pub struct Spent {
    /// The time between the two readings, in seconds.
    pub seconds: f64,
    /// The CPU time of each node, in seconds.
    pub nodes: Vec<f64>,
    /// The CPU time of all Redis servers, in seconds.
    pub redis: f64,
    /// The number of times that Redis has read data from a connection. Commands that a node sends together take one
    /// read.
    pub redis_reads: f64,
    /// The number of commands that Redis has executed, including those of scripts.
    pub redis_commands: f64,
    /// The number of statements that PostgreSQL has executed; `None` if PostgreSQL does not count them.
    pub statements: Option<f64>,
    /// The CPU time of this process, in seconds.
    pub load: f64,
}

impl Costs {
    /// Reads all counters. A node that does not run counts as 0.
    pub fn read(testbed: &Testbed) -> Result<Self> {
        let cpu = |pid: Option<u32>| match pid {
            Some(pid) => Ok(ProcessMeter::new(pid).threads_cpu()?.as_secs_f64()),
            None => Ok(0.0),
        };
        let nodes: Result<Vec<f64>> = testbed.nodes.iter().map(|node| cpu(node.pid())).collect();
        let redis = &testbed.redis;
        Ok(Self {
            nodes: nodes?,
            load: cpu(Some(std::process::id()))?,
            redis: redis.total("cpu", "used_cpu_user")? + redis.total("cpu", "used_cpu_sys")?,
            redis_reads: redis.total("stats", "total_reads_processed")?,
            redis_commands: redis.total("stats", "total_commands_processed")?,
            statements: testbed.postgres.ask(STATEMENTS).ok().and_then(|count| count.parse().ok()),
            at: Instant::now(),
        })
    }

    /// Returns the costs from this reading until a later reading.
    pub fn until(&self, later: &Self) -> Spent {
        let nodes = self.nodes.iter().zip(&later.nodes).map(|(before, after)| after - before);
        Spent {
            seconds: later.at.duration_since(self.at).as_secs_f64(),
            nodes: nodes.collect(),
            redis: later.redis - self.redis,
            redis_reads: later.redis_reads - self.redis_reads,
            redis_commands: later.redis_commands - self.redis_commands,
            statements: later.statements.zip(self.statements).map(|(after, before)| after - before),
            load: later.load - self.load,
        }
    }
}

impl Spent {
    /// Returns these costs minus those of an idle cluster in the same time. Both contain the cost of one reading of the
    /// counters, which is therefore removed as well.
    pub fn without(&self, idle: &Self) -> Self {
        let longer = self.seconds / idle.seconds;
        let nodes = self.nodes.iter().zip(&idle.nodes).map(|(spent, idle)| spent - idle * longer);
        Self {
            seconds: self.seconds,
            nodes: nodes.collect(),
            redis: self.redis - idle.redis * longer,
            redis_reads: self.redis_reads - idle.redis_reads * longer,
            redis_commands: self.redis_commands - idle.redis_commands * longer,
            statements: self.statements.zip(idle.statements).map(|(spent, idle)| spent - idle * longer),
            load: self.load,
        }
    }
}

/// The memory of Redis, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct RedisMemory {
    /// The memory of all servers.
    pub used: f64,
    /// The memory of the keys `…:head`, one for each partition. They contain the last batches of the change log.
    pub batches: f64,
}

impl RedisMemory {
    /// Reads the memory of all servers.
    pub fn read(testbed: &Testbed) -> Result<Self> {
        let used = testbed.redis.total("memory", "used_memory")?;
        let mut batches = 0.0;
        // A script sees the keys of its own server only.
        const HEADS: &str = "local sum = 0 for _, key in ipairs(redis.call('KEYS', '*:head')) do \
            sum = sum + redis.call('MEMORY', 'USAGE', key, 'SAMPLES', 0) end return sum";
        for server in testbed.redis.servers() {
            // Without a shebang, a script of a Redis Cluster may use keys that it does not name.
            let answer = server.ask(&["EVAL", HEADS, "0"])?;
            batches += answer.trim().parse::<f64>().context("Redis does not tell the memory of a key")?;
        }
        Ok(Self { used, batches })
    }
}

/// Deletes the times of recent calls, which Redis stores for the rate limits. They would otherwise stay in memory for a
/// minute after the window of their limit.
pub fn forget_recent_calls(testbed: &Testbed) -> Result<()> {
    const FORGET: &str = "for _, pattern in ipairs({'*:calls:*', '*:api:*'}) do \
        for _, key in ipairs(redis.call('KEYS', pattern)) do redis.call('DEL', key) end end return 1";
    for server in testbed.redis.servers() {
        server.ask(&["EVAL", FORGET, "0"])?;
    }
    Ok(())
}

/// Returns the raw counters of all servers as text.
pub fn raw(testbed: &Testbed) -> String {
    let mut text = String::new();
    for server in testbed.redis.servers() {
        for section in ["memory", "stats", "cpu", "commandstats", "keyspace"] {
            let answer = server.ask(&["INFO", section]).unwrap_or_else(|error| format!("{error:#}\n"));
            text.push_str(&format!("redis at port {}: {answer}\n", server.port()));
        }
    }
    const TOP: &str = "SELECT calls, round(total_exec_time), left(query, 120) FROM pg_stat_statements ORDER BY calls DESC LIMIT 30";
    const DATABASE: &str = "SELECT xact_commit, xact_rollback, blks_hit, tup_returned FROM pg_stat_database WHERE datname = 'lamplight'";
    for sql in [TOP, DATABASE] {
        let answer = testbed.postgres.ask(sql).unwrap_or_else(|error| format!("{error:#}"));
        text.push_str(&format!("{sql}\n{answer}\n\n"));
    }
    for (index, node) in testbed.nodes.iter().enumerate() {
        if let Some(pid) = node.pid() {
            let memory = ProcessMeter::new(pid).memory().map(|memory| memory.resident).unwrap_or_default();
            text.push_str(&format!("node {}: {memory} bytes resident\n", index + 1));
        }
    }
    text
}

/// Converts a duration to milliseconds.
pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
