//! Downsampling of metrics. Past values are stored in steps of several lengths. The values of short steps are added up
//! to the values of long steps.
//!
//! Other modules define the counters and the place where the values are stored.

use lamplight_model::Timestamp;
use std::time::Duration;

/// One resolution, and the time for which its values are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Level {
    /// The number of the level in the store.
    pub number: u8,
    /// The period that one value covers.
    pub step: Duration,
    /// The time for which a value is stored.
    pub kept: Duration,
}

/// The levels, the finest first.
pub const LEVELS: [Level; 3] = [
    Level { number: 1, step: Duration::from_secs(10), kept: Duration::from_secs(60 * 60) },
    Level { number: 2, step: Duration::from_secs(60), kept: Duration::from_secs(24 * 60 * 60) },
    Level { number: 3, step: Duration::from_secs(15 * 60), kept: Duration::from_secs(30 * 24 * 60 * 60) },
];

impl Level {
    /// The beginning of the step that contains the time `at`.
    pub fn step_of(&self, at: Timestamp) -> Timestamp {
        let step = self.step.as_millis() as u64;
        Timestamp(at.0 - at.0 % step)
    }

    /// The earliest time whose values are still stored.
    pub fn oldest(&self, now: Timestamp) -> Timestamp {
        Timestamp(now.0.saturating_sub(self.kept.as_millis() as u64))
    }

    /// The largest number of values that are stored at this level.
    pub fn most(&self) -> usize {
        (self.kept.as_millis() / self.step.as_millis()) as usize + 1
    }
}

/// A value that can be summed up over time.
pub trait Sum: Clone {
    /// Adds the value of a later period.
    fn add(&mut self, later: &Self);
}

/// The sum over one step of a level.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step<S> {
    /// The number of the level.
    pub level: u8,
    /// The time at which the step began.
    pub at: Timestamp,
    /// The sum since `at`.
    pub sum: S,
}

/// The current step of each level.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Thinning<S> {
    current: [Option<Step<S>>; LEVELS.len()],
}

impl<S> Default for Thinning<S> {
    fn default() -> Self {
        Self { current: [const { None }; LEVELS.len()] }
    }
}

impl<S: Sum> Thinning<S> {
    /// Continues the sums of an earlier process from its stored steps `kept`. Ignores steps that have already ended.
    pub fn resume(kept: impl IntoIterator<Item = Step<S>>, now: Timestamp) -> Self {
        let mut thinning = Self::default();
        for step in kept {
            let at = LEVELS.iter().position(|level| level.number == step.level);
            if let Some(at) = at.filter(|at| LEVELS[*at].step_of(now) == step.at) {
                thinning.current[at] = Some(step);
            }
        }
        thinning
    }

    /// Adds `counted`, which was counted up to the time `at`. If a step of the finest level has ended before `at`,
    /// returns the steps to store: that step, and the current step of each other level. They do not include `counted`.
    ///
    /// A returned step replaces the stored step of the same level and time. A process that exits loses at most one step
    /// of the finest level.
    pub fn take(&mut self, at: Timestamp, counted: &S) -> Vec<Step<S>> {
        let [finest, ..] = &LEVELS;
        let is_over = self.current[0].as_ref().is_some_and(|step| step.at != finest.step_of(at));
        let due = if is_over { self.current.iter().flatten().cloned().collect() } else { Vec::new() };
        for (level, current) in LEVELS.iter().zip(&mut self.current) {
            let began = level.step_of(at);
            match current {
                Some(step) if step.at == began => step.sum.add(counted),
                // A new step, or an earlier one if the clock was set back. The sum of an earlier step begins again from
                // zero.
                Some(_) | None => {
                    *current = Some(Step { level: level.number, at: began, sum: counted.clone() });
                }
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Sum for u64 {
        fn add(&mut self, later: &Self) {
            *self += later;
        }
    }

    /// Counts 1 at each of these seconds. Compares the steps to store with `expected`, which is written as `second:
    /// level@begin=sum …`.
    fn check(thinning: &mut Thinning<u64>, seconds: impl IntoIterator<Item = u64>, expected: &str) {
        let mut told = Vec::new();
        for second in seconds {
            let due = thinning.take(Timestamp(second * 1_000), &1);
            if !due.is_empty() {
                let steps: Vec<_> =
                    due.iter().map(|it| format!("{}@{}={}", it.level, it.at.0 / 1_000, it.sum)).collect();
                told.push(format!("{second}: {}", steps.join(" ")));
            }
        }
        assert_eq!(told.join("\n"), expected);
    }

    #[test]
    fn a_step_is_written_when_it_is_over_and_coarser_ones_as_far_as_they_have_come() {
        check(
            &mut Thinning::default(),
            895..=921,
            "\
900: 1@890=5 2@840=5 3@0=5
910: 1@900=10 2@900=10 3@900=10
920: 1@910=10 2@900=20 3@900=20",
        );
    }

    #[test]
    fn time_without_a_count_leaves_a_gap() {
        check(
            &mut Thinning::default(),
            [0, 1, 2, 1_000, 1_001, 1_010],
            "\
1000: 1@0=3 2@0=3 3@0=3
1010: 1@1000=2 2@960=2 3@900=2",
        );
    }

    #[test]
    fn a_clock_that_is_set_back_begins_the_step_anew() {
        check(
            &mut Thinning::default(),
            [100, 101, 50, 51, 60],
            "\
50: 1@100=2 2@60=2 3@0=2
60: 1@50=2 2@0=2 3@0=4",
        );
    }

    #[test]
    fn a_process_goes_on_with_the_steps_that_time_is_still_in() {
        let step = |level, at: u64, sum| Step { level, at: Timestamp(at * 1_000), sum };
        let kept = [step(1, 900, 7), step(2, 900, 7), step(3, 900, 7), step(9, 900, 7)];
        for (second, expected) in [
            (905, "910: 1@900=8 2@900=8 3@900=8"),
            (925, "930: 1@920=1 2@900=8 3@900=8"),
            (985, "990: 1@980=1 2@960=1 3@900=8"),
            (1_805, "1810: 1@1800=1 2@1800=1 3@1800=1"),
        ] {
            let mut thinning = Thinning::resume(kept.clone(), Timestamp(second * 1_000));
            check(&mut thinning, [second, second + 5], expected);
        }
    }

    #[test]
    fn each_level_has_a_bound() {
        let most: Vec<_> = LEVELS.iter().map(Level::most).collect();
        assert_eq!(most, [361, 1_441, 2_881]);
        let steps: Vec<_> = LEVELS.iter().map(|level| level.step.as_secs()).collect();
        // A coarser step consists of a whole number of finer steps.
        assert!(steps.windows(2).all(|pair| pair[1] % pair[0] == 0));
        let day = LEVELS[1];
        assert_eq!(day.oldest(Timestamp(90_000_000)), Timestamp(3_600_000));
        assert_eq!(day.oldest(Timestamp(5)), Timestamp(0));
    }
}
