//! The calls of clients, of an app's backend and of operators, and the work that a node does without a call. Each file
//! has the operations on one kind of data.
//!
//! Each call passes the gates in their order, uses the stores in their order, and returns the changes. Workers learn
//! from the change log what they have to send to their connections.

pub mod admin;
pub mod backend;
pub mod cluster;
pub mod conversations;
pub mod feed;
pub mod find;
pub mod friends;
mod gates;
pub mod inspect;
pub mod lists;
pub mod login;
pub mod lost_connections;
pub mod messages;
pub mod profiles;
pub mod reading;
pub mod recovery;
mod retrying;
pub mod session_events;
pub mod status;
mod unapplied;
pub mod uncarried;
pub mod unentered;
pub mod upkeep;
pub mod visibility;
