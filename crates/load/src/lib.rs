//! A load generator for a Lamplight server: `lamplight load`. It measures the cost of the server.
//!
//! The load uses the ports of the server like clients and backends. The server is another process. The notifications
//! are compared with the true statuses, and a missing, repeated or reordered notification is a failure.
//! `docs/performance.md` explains the figures and their targets.

mod args;
mod bare_loop;
mod cluster;
mod course;
mod ear;
mod fleet;
mod framing;
mod link;
mod news;
mod notice;
mod parts;
mod picture;
mod plot;
mod process_meter;
mod report;
mod ring;
mod server_process;
mod target;
mod transport;

pub use args::{
    BenchArgs, ClosedArgs, ClusterArgs, GrowthArgs, LoadArgs, LoginArgs, MessagesArgs, OpenArgs, PartArgs,
    QueryArgs, Row, Series, ServerArgs, SlowArgs, StartArgs, WebhooksArgs, What,
};
pub use process_meter::{Memory, ProcessMeter};
pub use transport::Transport;

/// Runs the requested measurement, and prints its figures. Fails if a notification was wrong. A figure that misses its
/// target is not a failure.
pub fn run(args: LoadArgs) -> anyhow::Result<()> {
    parts::run(args.what)
}
