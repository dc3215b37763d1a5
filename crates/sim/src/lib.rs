//! Tests of the server's operations with random histories of users, devices, broken links, timeouts, restarts and slow
//! readers. After every step, the result of the real crates is compared with that of a simple model of the SPEC.
//!
//! A [`Step`] is one event of a history. [`Reference`] computes the expected outcome of a step, [`World`] executes the
//! step with the real crates, and [`Trial`] compares the two. [`run_seed`] generates a history from a seed, and
//! [`replay`] runs a written history. The crate opens no socket, does not sleep and reads no clock.

mod answer;
mod bell;
mod client;
mod history;
pub mod overlap;
mod random;
mod reference;
mod step;
mod trial;
mod worker;
mod world;

pub use answer::{Answer, Cause, Shown};
pub use client::Client;
pub use history::{
    Report, Verdict, replay, replay_on_nodes, run_seed, run_seed_on_nodes, shrink, shrink_on_nodes,
};
pub use random::Random;
pub use reference::Reference;
pub use step::{DEVICES, Device, End, Friends, Knob, Sig, Step, UNREADABLE, USERS, UnknownStep, Who};
pub use trial::{Fault, Told, Trial};
pub use world::World;
