//! The arguments of `lamplight load`.

use crate::transport::Transport;
use clap::{Args, Subcommand, ValueEnum};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// `lamplight load`.
#[derive(Args, Debug, Clone)]
pub struct LoadArgs {
    /// The measurement
    #[command(subcommand)]
    pub what: What,
}

/// The measurements.
#[derive(Subcommand, Debug, Clone)]
pub enum What {
    /// Run all measurements in turn, each with its own server
    #[command(after_help = "\
Examples:
  lamplight load bench --quick
  lamplight load bench --out figures.json
  lamplight load bench --program target/release/lamplight

It takes about four minutes. docs/performance.md explains the figures and their targets.")]
    Bench(BenchArgs),
    /// Measure logins: of new accounts, of known devices, and while all other users are connected
    #[command(after_help = "\
Examples:
  lamplight load login
  lamplight load login --users 500 --server 127.0.0.1:7400 --app 1400000001 --key 5f1c…")]
    Login(LoginArgs),
    /// Measure the memory of idle connections
    #[command(after_help = "\
Examples:
  lamplight load idle --users 10000
  lamplight load idle --transport websocket-tls")]
    Idle(PartArgs),
    /// Measure the latency of changes at a fixed rate
    #[command(after_help = "\
Examples:
  lamplight load open --rate 500 --changes 10000")]
    Open(OpenArgs),
    /// Measure the cost of a delivery, with changes as fast as they are delivered
    #[command(after_help = "\
Examples:
  lamplight load closed
  lamplight load closed --outstanding 512 --users 5000")]
    Closed(ClosedArgs),
    /// Drop all connections at once, and measure the reconnects
    #[command(after_help = "\
Examples:
  lamplight load storm --users 5000")]
    Storm(PartArgs),
    /// Measure the cost of a client that stops reading while its watched users change
    #[command(after_help = "\
Examples:
  lamplight load slow --changes 100000")]
    Slow(SlowArgs),
    /// Measure text messages, from the sender to the committed answer and to the recipient
    #[command(after_help = "\
Examples:
  lamplight load messages
  lamplight load messages --outstanding 1024 --messages 100000")]
    Messages(MessagesArgs),
    /// Measure webhooks, from a change to a receiver that answers at once
    #[command(after_help = "\
Examples:
  lamplight load webhooks
  lamplight load webhooks --events 50000

With --server, its app must use the receiver: set its --state-change-url to http:// and the address of --listen.")]
    Webhooks(WebhooksArgs),
    /// Measure queries of the server API for the statuses of 500 users
    #[command(after_help = "\
Examples:
  lamplight load query
  lamplight load query --calls 20000 --detail")]
    Query(QueryArgs),
    /// Measure how soon watchers are notified of clients that die
    #[command(after_help = "\
Examples:
  lamplight load death")]
    Death(PartArgs),
    /// Measure the start of a server with many accounts and live records
    #[command(after_help = "\
Examples:
  lamplight load start
  lamplight load start --users 100000 --program target/release/lamplight
  lamplight load start --data-dir FOLDER

The users are made by logging each of them in, which takes some minutes for a million. docs/performance.md says how a \
folder with a million users is made faster.")]
    Start(StartArgs),
    /// Measure how the cost of a change grows with accounts, connections, lists and watchers
    #[command(after_help = "\
Examples:
  lamplight load growth
  lamplight load growth --series watchers --series accounts
  lamplight load growth --quick

Each point of a series has its own server. It needs 20,000 open files. A complete run takes about six minutes. \
docs/performance.md explains the series and their goals.")]
    Growth(GrowthArgs),
    /// Measure a cluster: start nodes over a Redis Cluster and PostgreSQL
    #[command(after_help = "\
Examples:
  lamplight load cluster
  lamplight load cluster --quick
  lamplight load cluster --only kill --only flush --users 2000 --raw figures

It needs redis-server, redis-cli, PostgreSQL and setpriv, and 20,000 open files for 10,000 users. A complete run takes \
about ten minutes. docs/performance.md explains the rows and their goals.")]
    Cluster(ClusterArgs),
}

/// The series of `lamplight load growth`.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Series {
    /// Accounts that exist and are offline.
    Accounts,
    /// Subscriptions of each connection.
    Subscriptions,
    /// Connections.
    Connections,
    /// Online watchers of the user who changes.
    Watchers,
}

impl Series {
    /// All series, in the order of measurement.
    pub const ALL: [Self; 4] = [Self::Accounts, Self::Subscriptions, Self::Connections, Self::Watchers];
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}

/// `lamplight load growth`.
#[derive(Args, Debug, Clone)]
pub struct GrowthArgs {
    /// Only this series; may be given several times
    #[arg(long, value_name = "SERIES")]
    pub series: Vec<Series>,
    /// Use small numbers, to see that it works: the figures mean little
    #[arg(long)]
    pub quick: bool,
    /// The program to start [default: this one]
    #[arg(long, value_name = "FILE")]
    pub program: Option<PathBuf>,
    /// Worker threads of the servers [default: one for each core]
    #[arg(long, value_name = "N")]
    pub workers: Option<usize>,
    /// Write the figures and the plots to this file too, as JSON
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// The rows of the table of `lamplight load cluster`.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Row {
    /// The memory that Redis uses for each ONLINE user.
    Memory,
    /// The cost of a change for a node whose clients do not watch the changing user.
    Unwatched,
    /// The latency of changes between nodes, and their cost for Redis.
    Crossing,
    /// The cost of a login for the node that handles it.
    Login,
    /// The round trips to Redis and PostgreSQL that a login causes.
    RoundTrips,
    /// The restart of one node after another.
    Rolling,
    /// The loss of a node.
    Kill,
    /// The loss of all data in Redis.
    Flush,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}

/// `lamplight load cluster`.
#[derive(Args, Debug, Clone)]
pub struct ClusterArgs {
    /// Only this row of the table; may be given several times
    #[arg(long, value_name = "ROW")]
    pub only: Vec<Row>,
    /// Use small numbers, to see that it works: the figures mean little
    #[arg(long)]
    pub quick: bool,
    /// Users, each watching twenty others, each with a connection [default: 10000]
    #[arg(long, value_name = "N")]
    pub users: Option<u32>,
    /// Number of nodes
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub nodes: usize,
    /// Number of Redis servers: 1 for a single one, 3 or more for a Redis Cluster
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub shards: usize,
    /// The program to start [default: this one]
    #[arg(long, value_name = "FILE")]
    pub program: Option<PathBuf>,
    /// Write the counters of all servers, the wrong events and the logs to this folder
    #[arg(long, value_name = "DIR")]
    pub raw: Option<PathBuf>,
    /// Write the figures to this file too, as JSON
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// The options that select or start the server.
#[derive(Args, Debug, Clone, Default)]
#[command(next_help_heading = "Server")]
pub struct ServerArgs {
    /// The client port of a running server; without this option, a server is started for the measurement
    #[arg(long, value_name = "ADDRESS", requires = "app", requires = "key")]
    pub server: Option<SocketAddr>,
    /// The SDKAppID of an app of that server; the load makes its accounts there
    #[arg(long, value_name = "ID", requires = "server")]
    pub app: Option<u32>,
    /// The HTTP port of that server; the part `query` needs it
    #[arg(long, value_name = "ADDRESS", requires = "server")]
    pub http: Option<SocketAddr>,
    /// The text of a key of that app; `-` reads it from stdin
    #[arg(
        long,
        value_name = "TEXT|-",
        allow_hyphen_values = true,
        env = "LAMPLIGHT_LOAD_KEY",
        hide_env_values = true
    )]
    pub key: Option<String>,
    /// The process id of that server, to measure its cost
    #[arg(long, value_name = "PID", requires = "server")]
    pub pid: Option<u32>,
    /// The program to start [default: this one]
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    pub program: Option<PathBuf>,
    /// Worker threads of the server that is started [default: one for each core]
    #[arg(long, value_name = "N", conflicts_with = "server")]
    pub workers: Option<usize>,
}

/// The options of every measurement of a single server.
#[derive(Args, Debug, Clone)]
pub struct PartArgs {
    /// The options for the server.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Users, each watching twenty others, each with a connection [default: as in docs/performance.md]
    #[arg(long, value_name = "N")]
    pub users: Option<u32>,
    /// Transport of the connections
    #[arg(long, value_name = "TRANSPORT", value_enum, default_value_t)]
    pub transport: Transport,
    /// Write the figures to this file too, as JSON
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `lamplight load bench`.
#[derive(Args, Debug, Clone)]
pub struct BenchArgs {
    /// Use small numbers, to see that it works: the figures mean little
    #[arg(long)]
    pub quick: bool,
    /// The program to start [default: this one]
    #[arg(long, value_name = "FILE")]
    pub program: Option<PathBuf>,
    /// Worker threads of the servers [default: one for each core]
    #[arg(long, value_name = "N")]
    pub workers: Option<usize>,
    /// Write the figures to this file too, as JSON
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `lamplight load login`.
#[derive(Args, Debug, Clone)]
pub struct LoginArgs {
    /// The options that every measurement has.
    #[command(flatten)]
    pub part: PartArgs,
    /// Number of rounds in which some users leave and return while all others are connected
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub rounds: u32,
}

/// `lamplight load open`.
#[derive(Args, Debug, Clone)]
pub struct OpenArgs {
    /// The options that every measurement has.
    #[command(flatten)]
    pub part: PartArgs,
    /// Changes a second
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub rate: u32,
    /// Total number of changes
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub changes: u64,
}

/// `lamplight load closed`.
#[derive(Args, Debug, Clone)]
pub struct ClosedArgs {
    /// The options that every measurement has.
    #[command(flatten)]
    pub part: PartArgs,
    /// Changes under way at a time
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub outstanding: usize,
    /// Total number of changes
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pub changes: u64,
    /// Number of runs; the median counts
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repeat: u32,
    /// Do not ask for an answer to a change
    #[arg(long)]
    pub unanswered: bool,
}

/// `lamplight load query`.
#[derive(Args, Debug, Clone)]
pub struct QueryArgs {
    /// The options that every measurement has.
    #[command(flatten)]
    pub part: PartArgs,
    /// Total number of calls
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub calls: u32,
    /// Connections, each with one call at a time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub connections: u32,
    /// Request devices and custom statuses too
    #[arg(long)]
    pub detail: bool,
}

/// `lamplight load messages`.
#[derive(Args, Debug, Clone)]
pub struct MessagesArgs {
    /// The options that every measurement has.
    #[command(flatten)]
    pub part: PartArgs,
    /// Messages under way at a time, each from a different sender
    #[arg(long, value_name = "N", default_value_t = 512)]
    pub outstanding: usize,
    /// Total number of messages
    #[arg(long, value_name = "N", default_value_t = 50_000)]
    pub messages: u64,
}

/// `lamplight load webhooks`.
#[derive(Args, Debug, Clone)]
pub struct WebhooksArgs {
    /// The options that every measurement has.
    #[command(flatten)]
    pub part: PartArgs,
    /// Total number of events
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub events: u64,
    /// Address of the receiver
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
}

/// `lamplight load start`.
#[derive(Args, Debug, Clone)]
pub struct StartArgs {
    /// Users, each with an account and a live record with twenty subscriptions
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    pub users: u32,
    /// Start a server on this data folder instead of making users. The server is killed afterwards
    #[arg(long, value_name = "FOLDER", conflicts_with = "users")]
    pub data_dir: Option<PathBuf>,
    /// The program to start [default: this one]
    #[arg(long, value_name = "FILE")]
    pub program: Option<PathBuf>,
    /// Write the figures to this file too, as JSON
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `lamplight load slow`.
#[derive(Args, Debug, Clone)]
pub struct SlowArgs {
    /// The options that every measurement has.
    #[command(flatten)]
    pub part: PartArgs,
    /// Changes of the twenty users that the client watches
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub changes: u64,
}
