//! The command that watches statuses: a pure roster, two kinds of output, and the session that feeds them.

pub mod keys;
pub mod plain;
pub mod roster;
pub mod screen;
pub mod session;
pub mod view;
