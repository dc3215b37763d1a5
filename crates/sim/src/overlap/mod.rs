//! A test of overlapping operations in virtual time. Workers, the keeper, the recorder and the server API run
//! concurrently. The stores are slow, may run a change more than once, and sometimes fail.
//!
//! `overlap` runs a seed and returns the broken invariants, each with a `Name`. The seed determines the order of the
//! tasks, the delays before and after the effect of each store call, and the calls that fail. Two runs of one seed are
//! therefore equal.
//!
//! The plan of a run has a few kinds of operations. The simulated worker awaits the same calls in the same order as the
//! server's worker. The invariants are checked when no operation is in progress.

mod cluster;
mod directory_clock;
mod executor;
mod judge;
mod lease;
mod node;
mod people;
mod plan;
mod quiet;
mod quiet_sight;
mod receiver;
mod run;
mod sight;
mod stores;
mod weather;
mod worker;
mod world;

pub use judge::{Found, Name};
pub use plan::{
    cluster_seed, held_up_seed, racing_seed, returns_seed, told_cluster_seed, with_clock_jumps,
    with_restrictions,
};
pub use run::{Broken, Overlapped, Story, overlap};
