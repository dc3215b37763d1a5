//! The calls of clients, of an app's backend and of operators: one file for each noun.
//!
//! Each call passes the gates in their order, asks the stores in their order, and returns what has changed. They know
//! no audience: workers learn from the change log what to send to their connections.

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
