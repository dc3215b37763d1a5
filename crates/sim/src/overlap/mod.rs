//! Overlapping operations: in virtual time, over stores that are slow, run changes more than once and fail, with
//! several workers, the keeper, the recorder and the server API at once.
//!
//! `overlap` runs a seed; a broken invariant has a `Name`. Random choices decide which ready task runs next, how long
//! every call to a store waits before and after its effect, and which calls fail. Time is virtual, so a seed always
//! takes the same course. The plan of a run leaves out most kinds of operations; the world starts the others; the
//! worker does what the server's does, await by await. When nothing is under way any longer, the invariants are
//! checked.

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
