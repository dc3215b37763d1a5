//! The settings of the directory in Redis.

use std::fmt;
use std::time::Duration;

/// The settings of the directory in Redis.
#[derive(Clone)]
pub struct RedisSettings {
    /// The address: `redis://user:password@host:port/0` or `redis+unix:///path`.
    pub url: String,
    /// The beginning of all keys and channels.
    pub prefix: String,
    /// The number of partitions, at most [`MAX_PARTITIONS`](Self::MAX_PARTITIONS). It is fixed when the data is first
    /// written.
    pub partitions: u16,
    /// The time after which a call without an answer fails.
    pub timeout: Duration,
    /// The interval at which the numbers of the partitions are compared with those received, and the figures are read.
    pub compare_every: Duration,
}

impl RedisSettings {
    /// The most partitions. A cursor of the feed has two numbers for each.
    pub const MAX_PARTITIONS: u16 = 2048;

    /// The default settings with this address.
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            prefix: "lm".to_owned(),
            partitions: 256,
            timeout: Duration::from_secs(2),
            compare_every: Duration::from_secs(3),
        }
    }
}

impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url: _, prefix, partitions, timeout, compare_every } = self;
        f.debug_struct("RedisSettings")
            .field("url", &"(may have a password)")
            .field("prefix", prefix)
            .field("partitions", partitions)
            .field("timeout", timeout)
            .field("compare_every", compare_every)
            .finish()
    }
}
