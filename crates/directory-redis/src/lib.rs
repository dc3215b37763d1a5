//! The directory of a cluster: live records and their change log in Redis or Valkey, which several nodes share. Redis
//! must be 7.0 or later.
//!
//! A node computes each change. A script writes the change if the record's revision is still the same. The record, its
//! indexes, the log and the feed therefore change in one atomic step.
//!
//! `docs/decisions/0087` describes the keys and the scripts (`scripts/*.lua`). It also describes how nodes learn of
//! changes, and how they detect that the store has lost data.
//!
//! This crate contains no rules of presence and no facts. The clock of the store gives the times of epochs and of the
//! register of nodes. The times in records come from the callers.

mod address;
mod batch;
mod cache;
mod calls;
mod change_log;
mod changes;
mod connecting;
mod directory;
mod errors;
mod examine;
mod facts_mark;
mod feed_page;
mod figures;
mod frames;
mod keys;
mod layout;
mod limits;
mod link;
mod lists;
mod log_thread;
mod nodes;
mod push_stream;
mod read_pace;
mod reading;
mod record;
mod record_format;
mod rests;
mod routes;
mod sequence;
mod settings;
mod shared;
mod upkeep;

pub use errors::RedisOpenError;
pub use examine::{RedisFound, RedisServerFound, RedisUnfit, examine};
pub use figures::{CallFigures, RedisCall, RedisFigures};
pub use settings::{RedisSettings, RedisTls};

use calls::MOVING_PAUSE;
use shared::Shared;
use std::sync::Arc;
use tokio::task::AbortHandle;

/// A directory in Redis. Dropping the value ends its connections.
pub struct RedisDirectory {
    shared: Arc<Shared>,
    upkeep: AbortHandle,
}

impl RedisDirectory {
    /// Connects to the servers, takes over the existing data, and then follows the log of all partitions. Must be
    /// called in a Tokio runtime. A task maintains the connections until the directory is dropped.
    pub async fn open(settings: RedisSettings) -> Result<Self, RedisOpenError> {
        let shared = Arc::new(Shared::new(settings)?);
        // Any of the servers in the address may be the one that is up, or knows the others.
        let mut left = shared.address.seeds.len();
        let moving_until = tokio::time::Instant::now() + shared.settings.timeout;
        while let Err(error) = shared.connect().await {
            // A slot that is being moved to another server is usually there soon.
            let is_moving = error.is_moving() && tokio::time::Instant::now() < moving_until;
            left -= usize::from(!is_moving);
            if left == 0 {
                return Err(error);
            }
            if is_moving {
                tokio::time::sleep(MOVING_PAUSE).await;
            }
        }
        let upkeep = tokio::spawn(upkeep::run(Arc::clone(&shared))).abort_handle();
        Ok(Self { shared, upkeep })
    }

    /// The figures of this directory, for metrics.
    pub fn figures(&self) -> RedisFigures {
        self.shared.figures()
    }
}

impl Drop for RedisDirectory {
    fn drop(&mut self) {
        self.upkeep.abort();
    }
}
