//! The counters of a directory, for metrics. This module uses no other module of the crate.

use lamplight_directory::{DirectoryError, DirectoryErrorKind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The kinds of calls to Redis.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RedisCall {
    /// Records were read.
    Read,
    /// A record was changed.
    Update,
    /// A record was created.
    Seed,
    /// A record was removed.
    Remove,
    /// News was appended to the log.
    Append,
    /// A page of the status feed was read.
    Feed,
    /// Users, connections or records were listed.
    List,
    /// The register of nodes was read or changed.
    Nodes,
    /// A call was counted for its rate limit.
    Limit,
    /// The upkeep compared the numbers of log batches, or read missing batches.
    Upkeep,
}

/// The figures of a directory in Redis. The counts begin at 0 when the directory is opened.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct RedisFigures {
    /// The calls of each kind, in the order of [`RedisCall::ALL`].
    pub calls: [CallFigures; RedisCall::ALL.len()],
    /// The number of calls by duration. Element `i` counts the calls that took longer than bound `i - 1` and at most
    /// bound `i` of [`RedisFigures::BOUNDS`]. The last element counts the calls that took longer than all bounds.
    pub durations: [u64; RedisFigures::BOUNDS.len() + 1],
    /// The number of failed attempts to change a record. They failed because another change came first, and were
    /// repeated.
    pub conflicts: u64,
    /// The number of commands that were refused because their slot had moved, or was being moved, to another server.
    /// Most of these commands were repeated.
    pub moved: u64,
    /// The number of log batches that arrived in their order, from this node and others.
    pub batches: u64,
    /// The number of `batches` that were passed over, because they concern no user of this node.
    pub passed_over: u64,
    /// The number of (user, worker) pairs on this node in which the worker is interested in the user.
    pub interests: u64,
    /// The number of gaps in the log that were filled with batches that Redis keeps.
    pub gaps: u64,
    /// The number of log batches that were read because their push did not arrive.
    pub repaired: u64,
    /// The number of times that a reader was notified that it has missed log batches of a partition.
    pub missed: u64,
    /// The number of times that a partition has begun another epoch. Records of the partition may then be lost.
    pub epochs: u64,
    /// The number of connections that were opened to servers, including the first ones.
    pub connects: u64,
    /// The number of failed attempts to look up the servers or to connect to them.
    pub failed_connects: u64,
    /// The number of servers that are connected.
    pub servers: u64,
    /// The number of partitions without a connected server.
    pub unserved: u64,
    /// The number of received log batches that wait for an earlier batch.
    pub waiting_batches: u64,
    /// The number of log entries that the readers of this node have not read yet, summed over the readers.
    pub waiting_entries: u64,
    /// The approximate size in bytes, on the heap, of the entries in `waiting_entries`. An entry counts once for each
    /// reader that has not read it yet.
    pub waiting_bytes: u64,
}

/// The figures of one kind of call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CallFigures {
    /// The number of calls that have ended, whether they succeeded or failed.
    pub calls: u64,
    /// The sum of the durations of the calls in `calls`.
    pub spent: Duration,
    /// The number of calls that failed because Redis did not answer in time, could not be reached, or refused the call.
    pub unavailable: u64,
    /// The number of calls that failed because other changes came first at every attempt.
    pub contended: u64,
    /// The number of calls that failed because they found invalid data. Also counts each record that a call has passed
    /// over because it cannot be decoded.
    pub corrupt: u64,
}

impl RedisCall {
    /// All kinds of calls.
    pub const ALL: [Self; 10] = [
        Self::Read,
        Self::Update,
        Self::Seed,
        Self::Remove,
        Self::Append,
        Self::Feed,
        Self::List,
        Self::Nodes,
        Self::Limit,
        Self::Upkeep,
    ];

    /// The value of the label in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Update => "update",
            Self::Seed => "seed",
            Self::Remove => "remove",
            Self::Append => "append",
            Self::Feed => "feed",
            Self::List => "list",
            Self::Nodes => "nodes",
            Self::Limit => "limit",
            Self::Upkeep => "upkeep",
        }
    }
}

impl RedisFigures {
    /// The upper bounds of the durations, in seconds. Each bound is twice the previous bound.
    pub const BOUNDS: [f64; 15] = [
        0.000_1, 0.000_2, 0.000_4, 0.000_8, 0.001_6, 0.003_2, 0.006_4, 0.012_8, 0.025_6, 0.051_2, 0.102_4,
        0.204_8, 0.409_6, 0.819_2, 1.638_4,
    ];
}

/// A count that several threads increment.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, by: u64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counters that [`RedisFigures`] contains, under the same names.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    calls: [CallCounts; RedisCall::ALL.len()],
    durations: [Count; RedisFigures::BOUNDS.len() + 1],
    pub(crate) conflicts: Count,
    pub(crate) moved: Count,
    pub(crate) batches: Count,
    pub(crate) passed_over: Count,
    pub(crate) gaps: Count,
    pub(crate) repaired: Count,
    pub(crate) missed: Count,
    pub(crate) epochs: Count,
    pub(crate) connects: Count,
    pub(crate) failed_connects: Count,
}

#[derive(Debug, Default)]
struct CallCounts {
    calls: Count,
    nanoseconds: Count,
    unavailable: Count,
    contended: Count,
    corrupt: Count,
}

impl Counts {
    /// Counts a call that has ended.
    pub(crate) fn called<T>(&self, call: RedisCall, spent: Duration, done: &Result<T, DirectoryError>) {
        let seconds = spent.as_secs_f64();
        self.durations[RedisFigures::BOUNDS.partition_point(|bound| *bound < seconds)].add(1);
        let counts = &self.calls[call as usize];
        counts.calls.add(1);
        counts.nanoseconds.add(u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX));
        if let Err(error) = done {
            match error.kind {
                DirectoryErrorKind::Unavailable => counts.unavailable.add(1),
                DirectoryErrorKind::Contended => counts.contended.add(1),
                DirectoryErrorKind::Corrupt => counts.corrupt.add(1),
            }
        }
    }

    /// Counts a record that a call has passed over because it cannot be decoded.
    pub(crate) fn bad_record(&self, call: RedisCall) {
        self.calls[call as usize].corrupt.add(1);
    }

    /// Reads the counters. Figures of [`RedisFigures`] without a counter are 0.
    pub(crate) fn read(&self) -> RedisFigures {
        let call = |counts: &CallCounts| CallFigures {
            calls: counts.calls.get(),
            spent: Duration::from_nanos(counts.nanoseconds.get()),
            unavailable: counts.unavailable.get(),
            contended: counts.contended.get(),
            corrupt: counts.corrupt.get(),
        };
        RedisFigures {
            calls: self.calls.each_ref().map(call),
            durations: self.durations.each_ref().map(Count::get),
            conflicts: self.conflicts.get(),
            moved: self.moved.get(),
            batches: self.batches.get(),
            passed_over: self.passed_over.get(),
            gaps: self.gaps.get(),
            repaired: self.repaired.get(),
            missed: self.missed.get(),
            epochs: self.epochs.get(),
            connects: self.connects.get(),
            failed_connects: self.failed_connects.get(),
            ..RedisFigures::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errors::{contended, corrupt, unavailable};

    #[test]
    fn a_call_counts_for_its_kind_its_duration_and_its_error() {
        let counts = Counts::default();
        let micros = Duration::from_micros;
        counts.called(RedisCall::Read, micros(100), &Ok(()));
        counts.called(RedisCall::Read, micros(101), &Err::<(), _>(unavailable("", "")));
        counts.called(RedisCall::Update, micros(2_000_000), &Err::<(), _>(contended("")));
        counts.called(RedisCall::Update, micros(1), &Err::<(), _>(corrupt("", "")));
        let figures = counts.read();
        let read = CallFigures { calls: 2, spent: micros(201), unavailable: 1, ..CallFigures::default() };
        assert_eq!(figures.calls[RedisCall::Read as usize], read);
        let update =
            CallFigures { calls: 2, spent: micros(2_000_001), contended: 1, corrupt: 1, unavailable: 0 };
        assert_eq!(figures.calls[RedisCall::Update as usize], update);
        assert_eq!((figures.durations[0], figures.durations[1], figures.durations[15]), (2, 1, 1));
        for (index, call) in RedisCall::ALL.into_iter().enumerate() {
            assert_eq!(call as usize, index, "{call:?}");
        }
    }
}
