//! Generates load for a Lamplight server, and measures its cost for the server: `lamplight load`.
//!
//! The load comes over the client port, as from clients, and the server is another process. Notifications are compared
//! with the true statuses; a missing, duplicate or reordered notification is a failure. `docs/performance.md` explains
//! the figures and their targets.

mod args;
mod bare_loop;
mod course;
mod fleet;
mod link;
mod notice;
mod parts;
mod picture;
mod process_meter;
mod report;
mod ring;
mod server_process;
mod target;

pub use args::{
    BenchArgs, ClosedArgs, LoadArgs, LoginArgs, MessagesArgs, OpenArgs, PartArgs, QueryArgs, ServerArgs,
    SlowArgs, WebhooksArgs, What,
};
pub use process_meter::{Memory, ProcessMeter};

/// Runs the requested measurement and prints it. Fails if a notification was wrong; a figure that misses its target
/// is not a failure.
pub fn run(args: LoadArgs) -> anyhow::Result<()> {
    parts::run(args.what)
}
