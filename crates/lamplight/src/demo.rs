//! The simulated users of the demo: their profiles, the choice of their next action, and their clients over real
//! sockets.

pub mod actor;
pub mod cast;
pub mod door;
pub mod life;
pub mod portrait;
pub mod stage;
