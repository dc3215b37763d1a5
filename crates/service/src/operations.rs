//! The calls of clients and of an app's backend, and those of operators: one file for each noun.
//!
//! Each passes the gates in their order, asks the stores in their order, and says what has changed. They know no
//! audience: what a worker tells its connections is in the change log.

pub mod admin;
pub mod backend;
pub mod conversations;
pub mod feed;
pub mod find;
pub mod friends;
mod gates;
pub mod inspect;
pub mod lists;
pub mod login;
pub mod messages;
pub mod outbox;
pub mod profiles;
pub mod reading;
pub mod status;
