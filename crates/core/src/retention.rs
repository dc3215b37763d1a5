//! The clock by which old data is deleted. It follows the wall clock. If the wall clock leaps ahead, this clock follows
//! only after some time.
//!
//! A wall clock may be wrong: a host may have no battery, the host of a virtual machine may have a wrong clock, or an
//! operator may have made a typing error. Everything else recovers when the clock is corrected, but deleted data is
//! lost.

use lamplight_model::{Now, Timestamp};
use std::time::Duration;

/// The time for which the wall clock must run steadily, after a start or a leap ahead, before deletions follow it.
pub const STEADY_FOR: Duration = Duration::from_secs(60 * 60);

/// If the wall clock advances by at most this time more than the monotonic clock, it has not leapt. The corrections of
/// a time service are smaller.
pub const TOLERATED: Duration = Duration::from_secs(60);

/// A clock that follows the wall clock. If the wall clock leaps ahead of the monotonic clock, this clock follows only
/// later.
#[derive(Clone, Debug, Default)]
pub struct RetentionClock {
    /// The last reading that was accepted; `None` if none was.
    believed: Option<Now>,
    /// The first reading after a leap ahead; `None` if the wall clock is accepted at the moment.
    leapt: Option<Now>,
}

impl RetentionClock {
    /// Takes a reading and returns the time to use for deletions, which is not later than the reading.
    ///
    /// After a leap ahead, the time continues from the last accepted reading, until the wall clock has run steadily for
    /// [`STEADY_FOR`]. After a start, returns `None` for that period.
    pub fn read(&mut self, now: Now) -> Option<Timestamp> {
        let led_to = self.believed.map(|believed| believed.wall_at(now.moment));
        if led_to.is_some_and(|led_to| now.wall <= led_to.after(TOLERATED)) {
            return self.believe(now);
        }
        match self.leapt {
            Some(leapt) if is_steady(leapt, now) => {
                if now.moment.since(leapt.moment) >= STEADY_FOR {
                    return self.believe(now);
                }
            }
            Some(_) | None => self.leapt = Some(now),
        }
        led_to
    }

    fn believe(&mut self, now: Now) -> Option<Timestamp> {
        (self.believed, self.leapt) = (Some(now), None);
        Some(now.wall)
    }
}

/// Whether the wall clock advanced as much as the monotonic clock.
fn is_steady(then: Now, now: Now) -> bool {
    let led_to = then.wall_at(now.moment);
    led_to.since(now.wall).max(now.wall.since(led_to)) <= TOLERATED
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_model::Moment;

    const HOUR: u64 = 3_600;

    /// Runs a script with lines of `second wall expected`, all in seconds. `expected` is the time for deletions, or `-`
    /// for `None`.
    fn check(script: &str) {
        let mut clock = RetentionClock::default();
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let words: Vec<_> = line.split_whitespace().collect();
            let [second, wall, expected] = words[..] else { panic!("{line}") };
            let number = |word: &str| word.parse::<u64>().expect("a number") * 1_000;
            let expected = (expected != "-").then(|| Timestamp(number(expected)));
            let now = Now { moment: Moment(number(second)), wall: Timestamp(number(wall)) };
            assert_eq!(clock.read(now), expected, "{line}");
        }
    }

    #[test]
    fn after_a_start_the_clock_has_to_go_on_for_an_hour() {
        check(
            "0    1000000 -
             60   1000060 -
             3599 1003599 -
             3600 1003600 1003600
             3660 1003660 1003660",
        );
        // The clock was corrected within the hour, so the hour begins again.
        check(
            "0    9000000 -
             600  1000000 -
             3600 1003000 -
             4199 1003599 -
             4200 1003600 1003600",
        );
    }

    #[test]
    fn a_leap_ahead_is_not_followed_until_it_has_stood_for_an_hour() {
        check(
            "0    1000000 -
             3600 1003600 1003600
             3660 9000000 1003660
             3720 9000060 1003720
             7259 9003599 1007259
             7260 9003600 9003600
             7261 9003601 9003601",
        );
    }

    #[test]
    fn a_reading_that_is_set_right_has_no_effect() {
        check(
            "0    1000000 -
             3600 1003600 1003600
             3660 9000000 1003660
             3720 1003720 1003720
             7300 9000000 1007300
             7360 8000000 1007360
             10900 9007240 1010900
             10960 8003600 1010960",
        );
    }

    #[test]
    fn a_clock_that_is_set_back_is_followed_and_a_small_correction_too() {
        check(
            "0    1000000 -
             3600 1003600 1003600
             3660 1003720 1003720
             3720 1003841 1003780
             3780 1003840 1003840
             3840  500000  500000
             3900 1003960  500060",
        );
    }

    #[test]
    fn no_reading_overflows() {
        let mut clock = RetentionClock::default();
        let far = Now { moment: Moment(u64::MAX), wall: Timestamp(u64::MAX) };
        assert_eq!(clock.read(Now { moment: Moment(0), wall: Timestamp(0) }), None);
        assert_eq!(clock.read(far), Some(far.wall));
        assert_eq!(clock.read(Now { moment: Moment(HOUR), wall: Timestamp(5) }), Some(Timestamp(5)));
    }
}
