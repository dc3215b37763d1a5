//! The pace at which a crowd is notified of a change.
//!
//! If a user has thousands of watchers, they are served in shares. The shares of an occasional change follow each other
//! without pauses. A change that conflation has delayed belongs to a user who changes often. Its shares have pauses
//! between them, in which the processor can do other work. The shares are spread over most of the time until the next
//! change of that user may be sent. They are therefore as small as possible.

use crate::touched::SHARE;
use lamplight_model::Moment;
use std::time::Duration;

/// How the shares of the waiting crowds follow each other.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum CrowdPace {
    /// Without pauses.
    #[default]
    AtOnce,
    /// With pauses.
    Spread {
        /// The number of watchers that are served for each millisecond since the last share.
        per_millisecond: usize,
        /// The time of the last share; at first, the time of the change.
        last: Moment,
        /// The time of the next share.
        next: Moment,
    },
}

impl CrowdPace {
    /// The pause between two shares. With a timer, the pause may be up to a millisecond longer.
    pub const PAUSE: Duration = Duration::from_millis(1);

    /// The lowest pace, in watchers per millisecond. Smaller shares would cost more for waking than for writing.
    const LEAST: usize = 8;

    /// A share has at most the watchers that the pace allows in this number of milliseconds. After a longer pause, the
    /// crowd is therefore served later.
    const MOST_AT_ONCE: u64 = 4;

    /// The time in which a crowd is served: three quarters of the interval at which the user's changes are sent.
    pub fn spread(interval: Duration) -> Duration {
        interval / 4 * 3
    }

    /// Notes that a change is sent to a crowd without having waited. There are no pauses until the whole crowd is
    /// served.
    pub fn tell_at_once(&mut self) {
        *self = Self::AtOnce;
    }

    /// Notes that a delayed change is sent to a crowd. `interval` is the interval at which the user's changes are sent.
    /// `had_crowd` is `true` if a part of a crowd still waited for an earlier change. If the earlier change is sent
    /// without pauses, the delayed change is too. `waiting` is the number of watchers in crowds that wait now.
    pub fn tell_late(&mut self, had_crowd: bool, waiting: usize, interval: Duration, now: Moment) {
        let milliseconds = (Self::spread(interval).as_millis() as usize).max(1);
        let needed = waiting.div_ceil(milliseconds).max(Self::LEAST);
        match self {
            Self::AtOnce if had_crowd || waiting == 0 => {}
            Self::AtOnce => *self = Self::Spread { per_millisecond: needed, last: now, next: now },
            Self::Spread { per_millisecond, .. } => *per_millisecond = needed.max(*per_millisecond),
        }
    }

    /// The maximum number of watchers to serve now; 0 during a pause.
    pub fn share(&self, now: Moment) -> usize {
        match *self {
            Self::AtOnce => SHARE,
            Self::Spread { next, .. } if now < next => 0,
            Self::Spread { per_millisecond, last, .. } => {
                let milliseconds = (now.since(last).as_millis() as u64).clamp(1, Self::MOST_AT_ONCE);
                per_millisecond * milliseconds as usize
            }
        }
    }

    /// Records that a share was served. `has_crowd` is `true` if a part of the crowd still waits.
    pub fn served(&mut self, has_crowd: bool, now: Moment) {
        match self {
            Self::AtOnce => {}
            Self::Spread { .. } if !has_crowd => *self = Self::AtOnce,
            Self::Spread { last, next, .. } => {
                *last = now;
                *next = now + Self::PAUSE;
            }
        }
    }

    /// The time of the next share; `None` if the next share may be served at once.
    pub fn next_share(&self) -> Option<Moment> {
        match *self {
            Self::AtOnce => None,
            Self::Spread { next, .. } => Some(next),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ConflationRate;

    /// How a crowd is told of a change.
    #[derive(Clone, Copy, Debug)]
    enum Told {
        /// The change is sent at once.
        AtOnce,
        /// The change is sent after a wait. The value is the interval of the user's changes, in milliseconds.
        Late(u64),
    }
    use Told::{AtOnce, Late};

    /// Serves crowds, and returns the number of watchers served in each millisecond. A crowd is given as the time of
    /// its change, how the change is told, and its number of watchers. The worker makes at most ten rounds each time
    /// that its timer wakes it.
    fn served(crowds: &[(u64, Told, usize)], until: u64, timer: u64) -> Vec<usize> {
        let (mut pace, mut waiting) = (CrowdPace::default(), 0);
        let mut served = vec![0; until as usize];
        for at in (0..until).step_by(timer as usize) {
            let now = Moment(at);
            for (_, how, watchers) in crowds.iter().filter(|(comes, ..)| (at..at + timer).contains(comes)) {
                let had_crowd = waiting > 0;
                waiting = waiting.max(*watchers);
                match how {
                    AtOnce => pace.tell_at_once(),
                    Late(ms) => pace.tell_late(had_crowd, waiting, Duration::from_millis(*ms), now),
                }
            }
            for _round in 0..10 {
                let share = pace.share(now).min(waiting);
                if share > 0 {
                    waiting -= share;
                    served[at as usize] += share;
                    pace.served(waiting > 0, now);
                }
            }
        }
        assert_eq!(waiting, 0, "a part of a crowd waits for ever");
        assert_eq!(pace.next_share(), None, "a crowd that is gone leaves a pace behind");
        served
    }

    #[test]
    fn only_what_has_waited_is_told_with_pauses() {
        for (crowds, expected) in [
            (vec![(0, AtOnce, 100)], vec![100, 0, 0, 0, 0, 0]),
            // At the interval of 4 ms, 90 watchers are served in 3 ms; at 8 ms, in 6 ms. A share has at least 8
            // watchers.
            (vec![(0, Late(4), 90)], vec![30, 30, 30, 0, 0, 0]),
            (vec![(0, Late(8), 90)], vec![15, 15, 15, 15, 15, 15]),
            (vec![(0, Late(1_000), 30)], vec![8, 8, 8, 6, 0, 0]),
            (vec![(0, Late(1), 90)], vec![90, 0, 0, 0, 0, 0]),
            (vec![(1, Late(4), 0), (3, Late(4), 60)], vec![0, 0, 0, 20, 20, 20]),
            // While a crowd waits, the pace stays at the highest value that was needed.
            (vec![(0, Late(8), 90), (2, Late(4), 90)], vec![15, 15, 30, 30, 30, 0]),
            (vec![(0, Late(4), 90), (1, Late(400), 90)], vec![30, 30, 30, 30, 0, 0]),
            // Another user has a crowd too, but seldom changes. This user's change is sent without pauses.
            (vec![(0, Late(8), 90), (2, AtOnce, 90)], vec![15, 15, 90, 0, 0, 0]),
            (vec![(0, AtOnce, 400), (1, Late(8), 90)], vec![320, 90, 0, 0, 0, 0]),
            // After the crowd of that change is served, there are pauses again.
            (vec![(0, AtOnce, 60), (1, Late(8), 60)], vec![60, 10, 10, 10, 10, 10, 10]),
        ] {
            let until = expected.len() as u64;
            assert_eq!(served(&crowds, until, 1), expected, "{crowds:?}");
        }
    }

    #[test]
    fn every_watcher_has_the_newest_state_within_a_second() {
        // A change waits for an interval at most. Then its crowd is served, before the next change of the user is sent.
        for watchers in [257, 300, 1_500, 3_000, 7_500, 15_000] {
            let interval = ConflationRate::default().interval(watchers);
            for timer in [1, 2, 3, 4] {
                let interval_ms = interval.as_millis() as u64;
                let each = served(&[(0, Late(interval_ms), watchers)], interval_ms + timer, timer);
                let last = each.iter().rposition(|served| *served > 0).unwrap() as u64;
                assert!(
                    last <= interval_ms,
                    "{watchers} watchers, timer {timer}: {last} of {interval_ms} ms"
                );
                assert!(interval_ms + last <= 1_000, "{watchers} watchers: {} ms", interval_ms + last);
                // A share is some tenths of a millisecond, at 8 µs for each watcher.
                let largest = each.iter().max().unwrap();
                assert!(*largest <= 40 * timer as usize, "{watchers} watchers, timer {timer}: {largest}");
            }
        }
    }

    #[test]
    fn a_late_timer_makes_larger_shares_up_to_a_bound() {
        let mut pace = CrowdPace::default();
        pace.tell_late(false, 1_000, Duration::from_millis(134), Moment(0));
        for (now, share, next) in
            [(0, 10, 1), (1, 10, 2), (3, 20, 4), (7, 40, 8), (100, 40, 101), (101, 10, 102)]
        {
            assert_eq!(pace.share(Moment(now)), share, "{now}");
            pace.served(true, Moment(now));
            assert_eq!((pace.share(Moment(now)), pace.next_share()), (0, Some(Moment(next))), "{now}");
        }
    }
}
