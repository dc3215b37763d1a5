//! Random histories of users, devices, broken links, timeouts, restarts and slow readers: the real operations are
//! compared with a naive model of the SPEC after every step.
//!
//! [`Step`] is an event of a history, with a text form. [`Reference`] computes the expected outcome, [`World`]
//! executes the step with the real crates, and [`Trial`] runs and compares both. [`run_seed`] generates a history
//! from a seed, [`replay`] repeats a written one. Nothing here opens a socket, sleeps or reads a clock.

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
pub use history::{Report, Verdict, replay, run_seed, shrink};
pub use random::Random;
pub use reference::Reference;
pub use step::{DEVICES, Device, End, Friends, Knob, Sig, Step, UNREADABLE, USERS, UnknownStep, Who};
pub use trial::{Fault, Told, Trial};
pub use world::World;
