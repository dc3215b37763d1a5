//! Starts the servers of a cluster on loopback ports: Redis, PostgreSQL, and nodes of Lamplight. Measurements, the demo
//! and tests use these servers.
//!
//! Redis and PostgreSQL are from Debian's packages. Every server is a process that ends with the thread that started
//! it. The files of a server are in a temporary folder. Every wait has a limit.

mod node;
mod postgres;
mod process;
mod redis;
mod testbed;

pub use node::{NodeProcess, NodeSettings};
pub use postgres::Postgres;
pub use process::bound;
pub use redis::{Redis, RedisServer};
pub use testbed::{CreatedApp, Testbed, TestbedSettings};
