//! The simulated users of the demo: who they are, how their next action is chosen, and how they act over real
//! sockets.

pub mod actor;
pub mod cast;
pub mod door;
pub mod life;
pub mod portrait;
pub mod stage;
