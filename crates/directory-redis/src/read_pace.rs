//! The pace at which pushed log batches are read.
//!
//! A read costs more than the processing of a batch that concerns no user of this node. If several such batches come
//! fast, they are therefore read together.

use std::time::Duration;

/// The pause before the next read, if batches come fast and the last ones concern no user of this node. A batch that
/// concerns a user of this node may wait for this time.
const PAUSE: Duration = Duration::from_millis(1);
/// The pause before the next read, if no batch has concerned a user of this node for [`LONG_UNWANTED`].
const LONG_PAUSE: Duration = Duration::from_millis(4);
/// The pauses become long when no batch has concerned a user of this node for this time.
const LONG_UNWANTED: Duration = Duration::from_secs(1);

/// Decides on the pauses between reads. The time is an argument; it begins at 0 when the reading begins.
#[derive(Debug, Default)]
pub(crate) struct ReadPace {
    /// The time of the last turn with batches.
    last: Option<Duration>,
    /// The time of the last turn with a batch that concerned a user of this node. Before the first such turn, it is the
    /// time when the reading began.
    wanted: Duration,
}

impl ReadPace {
    /// Returns the pause after a turn. In a turn, every connection that has batches is read. `heard` is the number of
    /// batches that were read. `wanted` is the number of these batches that concern a user of this node.
    pub(crate) fn after(&mut self, now: Duration, heard: u64, wanted: u64) -> Duration {
        if heard == 0 {
            return Duration::ZERO;
        }
        let gap = self.last.replace(now).map(|last| now.saturating_sub(last));
        if wanted > 0 {
            self.wanted = now;
            return Duration::ZERO;
        }
        let is_long = now.saturating_sub(self.wanted) >= LONG_UNWANTED;
        let pause = if is_long { LONG_PAUSE } else { PAUSE };
        // On average, another batch comes within the pause.
        let come_fast = gap.is_some_and(|gap| pause * u32::try_from(heard).unwrap_or(u32::MAX) >= gap);
        if come_fast { pause } else { Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs turns: (time in microseconds, number of batches, number of wanted batches). Returns the turns that a pause
    /// followed: (time in microseconds, pause in milliseconds).
    fn paused(turns: &[(u64, u64, u64)]) -> Vec<(u64, u128)> {
        let mut pace = ReadPace::default();
        let mut after = |(at, heard, wanted): &(u64, u64, u64)| {
            (*at, pace.after(Duration::from_micros(*at), *heard, *wanted).as_millis())
        };
        turns.iter().map(&mut after).filter(|(_, pause)| *pause > 0).collect()
    }

    /// Asserts that these turns are followed by no pause.
    fn never_paused(turns: &[(u64, u64, u64)]) {
        assert!(paused(turns).is_empty(), "{:?}", paused(turns));
    }

    #[test]
    fn batches_that_come_alone_are_read_at_once() {
        never_paused(&[(0, 1, 0), (2_000, 1, 0), (4_000, 1, 0), (9_000, 4, 0)]);
        never_paused(&[(5_000_000, 1, 0), (5_005_000, 1, 0), (5_010_000, 1, 0)]);
        // Nothing is known about the time before the first turn.
        never_paused(&[(0, 100, 0)]);
    }

    #[test]
    fn batches_that_come_fast_are_read_together() {
        let steady = paused(&[(0, 1, 0), (200, 1, 0), (1_400, 6, 0), (2_600, 6, 0)]);
        assert_eq!(steady, [(200, 1), (1_400, 1), (2_600, 1)]);
        assert_eq!(paused(&[(0, 1, 0), (200, 1, 0), (5_000, 1, 0), (9_000, 4, 0)]), [(200, 1), (9_000, 1)]);
    }

    #[test]
    fn a_turn_with_a_batch_that_concerns_somebody_has_no_pause() {
        assert_eq!(paused(&[(0, 1, 0), (200, 1, 1), (300, 9, 1), (400, 9, 0)]), [(400, 1)]);
    }

    #[test]
    fn the_pause_is_long_where_nobody_has_been_concerned_for_a_second() {
        let turns = [(0, 1, 1), (999_000, 1, 0), (999_900, 1, 0), (1_002_000, 1, 0), (1_006_000, 9, 0)];
        assert_eq!(paused(&turns), [(999_900, 1), (1_002_000, 4), (1_006_000, 4)]);
        let turns = [(1_000_000, 1, 0), (1_002_000, 1, 0), (1_003_000, 1, 1), (1_003_100, 1, 0)];
        assert_eq!(paused(&turns), [(1_002_000, 4), (1_003_100, 1)]);
    }

    #[test]
    fn a_turn_without_batches_changes_nothing() {
        assert_eq!(paused(&[(0, 1, 0), (200, 0, 0), (900, 1, 0), (950, 0, 0)]), [(900, 1)]);
    }
}
