//! The simulated users of the demo: their profiles, their actions, and their clients, which use real sockets.

pub mod actor;
pub mod balancer;
pub mod cast;
pub mod door;
pub mod life;
pub mod portrait;
pub mod stage;
