//! The pace at which crowds are notified of changes.
//!
//! If a user has thousands of watchers, they are served in shares. Between two shares, a worker does its other work. A
//! share is a few watchers, so other work waits for less than a tenth of a millisecond. The number of shares in each
//! millisecond is limited, so a crowd takes a part of the processor and leaves the rest to other work.
//!
//! A change that conflation has delayed belongs to a user who changes often. The crowd of this user is served as slowly
//! as the user's next change allows. The crowd of an occasional change is served faster.

use lamplight_model::Moment;
use std::time::Duration;

/// The number of watchers that may be served now, and the number that is added in each millisecond.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CrowdPace {
    /// The number of watchers that may be served for each millisecond that passes.
    per_millisecond: usize,
    /// The number of watchers that could be served at `last`.
    credit: usize,
    /// The time at which `credit` was computed.
    last: Moment,
}

impl Default for CrowdPace {
    fn default() -> Self {
        Self { per_millisecond: Self::LEAST_AT_ONCE, credit: Self::AT_ONCE, last: Moment::default() }
    }
}

impl CrowdPace {
    /// The number of watchers in one share. At 8 µs for each, a request waits for 64 µs at most.
    pub const SHARE: usize = 8;

    /// The number of watchers who are notified of an occasional change without pauses. They take about 2 ms.
    const AT_ONCE: usize = 256;

    /// The lowest pace for the other watchers of an occasional change, in watchers per millisecond. It takes a quarter
    /// of a core.
    const LEAST_AT_ONCE: usize = 32;

    /// The lowest pace for a delayed change, in watchers per millisecond. A slower pace would cost more for waking than
    /// for writing.
    const LEAST: usize = 8;

    /// The longest time for which credit accrues, in milliseconds. After a longer pause, the crowd is served later.
    const MOST_AT_ONCE: u64 = 4;

    /// The time in which a crowd is served: three quarters of the interval at which the user's changes are sent.
    pub fn spread(interval: Duration) -> Duration {
        interval / 4 * 3
    }

    /// Notes that a change is sent to a crowd without having waited. `waiting` is the number of watchers in crowds that
    /// wait now. `interval` is the interval at which the user's changes would be sent if there were many changes.
    pub fn tell_at_once(&mut self, waiting: usize, interval: Duration) {
        self.per_millisecond = self.per_millisecond.max(needed(waiting, interval)).max(Self::LEAST_AT_ONCE);
        self.credit = self.credit.max(Self::AT_ONCE);
    }

    /// Notes that a delayed change is sent to a crowd; the arguments are as in [`CrowdPace::tell_at_once`]. `had_crowd`
    /// is `true` if some watchers still waited for an earlier change. If the pace for the earlier change is higher, it
    /// is kept.
    pub fn tell_late(&mut self, had_crowd: bool, waiting: usize, interval: Duration, now: Moment) {
        let needed = needed(waiting, interval).max(Self::LEAST);
        if had_crowd {
            self.per_millisecond = self.per_millisecond.max(needed);
        } else if waiting > 0 {
            *self = Self { per_millisecond: needed, credit: needed, last: now };
        }
    }

    /// The maximum number of watchers to serve now; 0 during a pause.
    pub fn share(&self, now: Moment) -> usize {
        self.credit_at(now).min(Self::SHARE)
    }

    /// Records that `served` watchers were served. `has_crowd` is `true` if a part of the crowd still waits.
    pub fn served(&mut self, served: usize, has_crowd: bool, now: Moment) {
        match has_crowd {
            true => (self.credit, self.last) = (self.credit_at(now).saturating_sub(served), now),
            false => *self = Self::default(),
        }
    }

    /// The time of the next share, if a crowd waits. It may be in the past.
    pub fn next_share(&self) -> Moment {
        if self.credit > 0 { self.last } else { self.last + Duration::from_millis(1) }
    }

    fn credit_at(&self, now: Moment) -> usize {
        let milliseconds = (now.since(self.last).as_millis() as u64).min(Self::MOST_AT_ONCE);
        let most = self.per_millisecond * Self::MOST_AT_ONCE as usize;
        (self.credit + self.per_millisecond * milliseconds as usize).min(most.max(self.credit))
    }
}

/// The pace in watchers per millisecond at which `waiting` watchers are served within [`CrowdPace::spread`].
fn needed(waiting: usize, interval: Duration) -> usize {
    let milliseconds = (CrowdPace::spread(interval).as_millis() as usize).max(1);
    waiting.div_ceil(milliseconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ConflationRate;

    /// How a crowd is told of a change of the user it watches. The number in a variant is the interval at which the
    /// user's changes are sent, in milliseconds.
    #[derive(Clone, Copy, Debug)]
    enum Told {
        AtOnce(u64),
        /// The change has waited.
        Late(u64),
    }
    use Told::{AtOnce, Late};

    /// Returns the number of watchers that are served in each millisecond. A crowd is (millisecond of its change, how
    /// it is told of the change, number of watchers). Every `timer` milliseconds, shares are served until none is due.
    fn served(crowds: &[(u64, Told, usize)], until: u64, timer: u64) -> Vec<usize> {
        let (mut pace, mut waiting) = (CrowdPace::default(), 0_usize);
        let mut served = vec![0; until as usize];
        for at in (0..until).step_by(timer as usize) {
            let now = Moment(at);
            for (_, how, watchers) in crowds.iter().filter(|(comes, ..)| (at..at + timer).contains(comes)) {
                let had_crowd = waiting > 0;
                waiting = waiting.max(*watchers);
                match how {
                    AtOnce(ms) => pace.tell_at_once(waiting, Duration::from_millis(*ms)),
                    Late(ms) => pace.tell_late(had_crowd, waiting, Duration::from_millis(*ms), now),
                }
            }
            loop {
                let share = pace.share(now).min(waiting);
                if share == 0 {
                    break;
                }
                assert!(share <= CrowdPace::SHARE, "others wait for {share} writes");
                waiting -= share;
                served[at as usize] += share;
                pace.served(share, waiting > 0, now);
            }
        }
        assert_eq!(waiting, 0, "a part of a crowd waits for ever");
        assert_eq!(pace, CrowdPace::default(), "a crowd that is gone leaves a pace behind");
        served
    }

    #[test]
    fn a_crowd_is_told_at_the_pace_of_its_user() {
        for (crowds, expected) in [
            // An occasional change: 256 watchers at once, then 32 in each millisecond, or more if there is less time.
            (vec![(0, AtOnce(50), 256)], vec![256, 0, 0]),
            (vec![(0, AtOnce(400), 340)], vec![256, 32, 32, 20, 0]),
            (vec![(0, AtOnce(8), 480)], vec![256, 80, 80, 64, 0]),
            // A change that has waited. At the interval of 4 ms, 90 watchers are served in 3 ms; at 8 ms, in 6 ms. A
            // millisecond has at least 8 watchers.
            (vec![(0, Late(4), 90)], vec![30, 30, 30, 0, 0, 0]),
            (vec![(0, Late(8), 90)], vec![15, 15, 15, 15, 15, 15]),
            (vec![(0, Late(1_000), 30)], vec![8, 8, 8, 6, 0, 0]),
            (vec![(0, Late(1), 90)], vec![90, 0, 0, 0, 0, 0]),
            (vec![(1, Late(4), 0), (3, Late(4), 60)], vec![0, 0, 0, 20, 20, 20]),
            // While a crowd waits, the pace stays at the highest value that was needed.
            (vec![(0, Late(8), 90), (2, Late(4), 90)], vec![15, 15, 30, 30, 30, 0]),
            (vec![(0, Late(4), 90), (1, Late(400), 90)], vec![30, 30, 30, 30, 0, 0]),
            (vec![(0, AtOnce(400), 300), (1, Late(8), 90)], vec![256, 32, 32, 26, 0]),
            // Another user has a crowd too, but seldom changes.
            (vec![(0, Late(8), 90), (2, AtOnce(8), 300)], vec![15, 15, 256, 44, 0]),
            // After a crowd is served, the next one has a pace of its own.
            (vec![(0, AtOnce(8), 60), (1, Late(8), 60)], vec![60, 10, 10, 10, 10, 10, 10]),
        ] {
            let until = expected.len() as u64;
            assert_eq!(served(&crowds, until, 1), expected, "{crowds:?}");
        }
    }

    #[test]
    fn every_watcher_has_the_newest_state_within_a_second() {
        // A change waits for an interval at most. Its crowd is then served before the next change of the user is sent.
        for watchers in [257, 300, 1_500, 3_000, 7_500, 15_000] {
            let interval = ConflationRate::default().interval(watchers);
            let interval_ms = interval.as_millis() as u64;
            for timer in [1, 2, 3, 4] {
                for told in [Late(interval_ms), AtOnce(interval_ms)] {
                    let each = served(&[(0, told, watchers)], interval_ms + timer, timer);
                    let last = each.iter().rposition(|served| *served > 0).unwrap() as u64;
                    assert!(last <= interval_ms, "{watchers} watchers {told:?}, timer {timer}: {last} ms");
                    assert!(interval_ms + last <= 1_000, "{watchers} watchers: {} ms", interval_ms + last);
                    // At 8 µs for each watcher, a third of the time is the most for a change that has waited.
                    let largest = each.iter().skip(1).max().unwrap();
                    assert!(*largest <= 40 * timer as usize, "{watchers} watchers, timer {timer}: {largest}");
                }
            }
        }
    }

    #[test]
    fn a_late_timer_makes_more_shares_up_to_a_bound() {
        let mut pace = CrowdPace::default();
        pace.tell_late(false, 1_000, Duration::from_millis(134), Moment(0));
        for (now, at_once) in [(0, 10), (1, 10), (3, 20), (7, 40), (100, 40), (101, 10)] {
            let mut served = 0;
            while pace.share(Moment(now)) > 0 {
                assert!(pace.next_share() <= Moment(now));
                served += pace.share(Moment(now));
                pace.served(pace.share(Moment(now)), true, Moment(now));
            }
            assert_eq!((served, pace.next_share()), (at_once, Moment(now + 1)), "{now}");
        }
    }
}
