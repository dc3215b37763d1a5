//! The pace at which pushed log batches are read. Reading costs more than a batch that concerns nobody, so batches that
//! come fast are read several at once.

use std::time::Duration;

/// The pause before the next read, while batches come fast and concern nobody on this node. A batch that concerns
/// somebody may wait as long.
pub(crate) const PAUSE: Duration = Duration::from_millis(1);

/// Decides about the pause. The time is an argument, counted from any fixed moment.
#[derive(Debug, Default)]
pub(crate) struct ReadPace {
    /// The time of the last turn with batches.
    last: Option<Duration>,
}

impl ReadPace {
    /// Returns the pause after a turn, in which all connections were read that had batches. `heard` is the number of
    /// batches of the turn, and `wanted` the number of those that concern somebody on this node.
    pub(crate) fn after(&mut self, now: Duration, heard: u64, wanted: u64) -> Duration {
        if heard == 0 {
            return Duration::ZERO;
        }
        let gap = self.last.replace(now).map(|last| now.saturating_sub(last));
        // On average, another batch comes within the pause.
        let come_fast = gap.is_some_and(|gap| PAUSE * u32::try_from(heard).unwrap_or(u32::MAX) >= gap);
        if come_fast && wanted == 0 { PAUSE } else { Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs turns, each with its time in microseconds, its batches and the batches that are wanted. Returns the turns
    /// that were followed by a pause.
    fn paused(turns: &[(u64, u64, u64)]) -> Vec<u64> {
        let mut pace = ReadPace::default();
        let mut after = |(at, heard, wanted): &(u64, u64, u64)| {
            pace.after(Duration::from_micros(*at), *heard, *wanted) > Duration::ZERO
        };
        turns.iter().filter(|turn| after(turn)).map(|(at, ..)| *at).collect()
    }

    #[test]
    fn batches_that_come_alone_are_read_at_once() {
        assert_eq!(paused(&[(0, 1, 0), (2_000, 1, 0), (4_000, 1, 0), (9_000, 4, 0)]), Vec::<u64>::new());
        assert_eq!(paused(&[(0, 100, 0)]), Vec::<u64>::new(), "of a first turn nothing is known");
    }

    #[test]
    fn batches_that_come_fast_are_read_together() {
        assert_eq!(paused(&[(0, 1, 0), (200, 1, 0), (1_400, 6, 0), (2_600, 6, 0)]), [200, 1_400, 2_600]);
        assert_eq!(paused(&[(0, 1, 0), (200, 1, 0), (5_000, 1, 0), (9_000, 4, 0)]), [200, 9_000]);
    }

    #[test]
    fn a_turn_with_a_batch_that_concerns_somebody_has_no_pause() {
        assert_eq!(paused(&[(0, 1, 0), (200, 1, 1), (300, 9, 1), (400, 9, 0)]), [400]);
    }

    #[test]
    fn a_turn_without_batches_changes_nothing() {
        assert_eq!(paused(&[(0, 1, 0), (200, 0, 0), (900, 1, 0), (950, 0, 0)]), [900]);
    }
}
