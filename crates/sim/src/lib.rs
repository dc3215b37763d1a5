//! Random histories of users, devices, drops, time-outs, restarts and slow readers: the real operations beside
//! a naive model of the SPEC, compared after every step.
//!
//! [`Step`] is what may happen, with a text form. [`Reference`] says what should come of it, [`World`] does it
//! with the real crates, and [`Trial`] runs both and judges. [`run_seed`] makes a history of a seed, [`replay`]
//! repeats one that was written down. Nothing here opens a socket, sleeps or reads a clock.

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
