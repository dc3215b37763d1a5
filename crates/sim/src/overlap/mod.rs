//! Overlapping operations in virtual time, with several workers, the keeper, the recorder and the server API at the
//! same time. The stores are slow, may run a change more than once, and fail.
//!
//! `overlap` runs a seed; a broken invariant has a `Name`. Random choices decide which ready task runs next, how long
//! every call to a store waits before and after its effect, and which calls fail. Time is virtual, so a seed always
//! takes the same course. The plan of a run leaves out most kinds of operations; the world starts the others; the
//! worker has the same awaits in the same order as that of the server. When nothing is under way any longer, the
//! invariants are checked.

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
