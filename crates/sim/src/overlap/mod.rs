//! Operations that overlap: in virtual time, over stores that are slow, run changes more than once and fail, with
//! several workers, the keeper, the recorder and the server API at once.
//!
//! `overlap` runs a seed; what is wrong has a `Name`. The dice choose which ready task goes on, how long every
//! call to a store waits before and after its effect, and which calls fail; time is a number. So a seed always goes the
//! same way. A plan leaves most kinds of operations out of each run; the world begins them; the
//! worker does what the server's does, await for await; and when everything has come to rest, what must hold
//! is judged.

mod executor;
mod judge;
mod node;
mod people;
mod plan;
mod quiet;
mod receiver;
mod run;
mod stores;
mod weather;
mod worker;
mod world;

pub use judge::{Found, Name};
pub use plan::{held_up_seed, racing_seed};
pub use run::{Broken, Overlapped, Story, overlap};
