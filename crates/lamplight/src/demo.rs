//! The people of the demo: who they are, what they do next, and how they do it over real sockets.

pub mod actor;
pub mod cast;
pub mod door;
pub mod life;
pub mod portrait;
pub mod stage;
