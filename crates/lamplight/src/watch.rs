//! The command `watch`: a pure roster, two kinds of output, and the session that updates the roster.

pub mod keys;
pub mod plain;
pub mod roster;
pub mod screen;
mod server_clock;
pub mod session;
pub mod view;
