//! Watching people: a pure roster, two ways to show it, and the session that feeds it.

pub mod keys;
pub mod plain;
pub mod roster;
pub mod screen;
pub mod session;
pub mod view;
