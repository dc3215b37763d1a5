//! Load for a Lamplight server, and what it costs the server: what `lamplight load` does.
//!
//! The load comes from outside, over the client port, as a client's does, and the server is another process. What
//! was told is held against what is true; a notification that is missing, double or out of order is a
//! failure. `docs/performance.md` says what the figures mean and what they should be.

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

/// Measures what is asked for, and prints it. Fails when something was told wrongly; a figure that is not what it
/// should be is no failure.
pub fn run(args: LoadArgs) -> anyhow::Result<()> {
    parts::run(args.what)
}
