//! The time of the directory, which all nodes of a cluster share.
//!
//! Deadlines, versions and times in shared records are times of the directory's clocks. When a node renews its lease,
//! it measures the difference between these clocks and its own monotonic clock. The wall clock of the node is not used,
//! because it may be wrong or be set.
//!
//! The first measurement is applied at once. Later measurements correct the time slowly. The time therefore never runs
//! backwards. If the directory moves to a machine whose clock is ahead, deadlines do not pass all at once.
//!
//! While the other nodes adapt to such a clock, a starting node takes over their time, and then adapts as they do.
//! Otherwise, its time would differ from theirs by minutes, and it would end their connections too early or too late.

use lamplight_model::{Moment, Now, Timestamp};
use std::time::Duration;

/// The maximum difference of the speeds of this time and the local clock is 1/`SLEW`.
const SLEW: u64 = 20;

/// The longest time that the request of a measurement may take. A measurement that takes longer is ignored, unless it
/// is the first.
const MOST_TRAVEL: Duration = Duration::from_secs(1);

/// A starting node takes over the time of the other nodes if that time differs from the directory's clock by at least
/// this many milliseconds. Smaller differences are errors of measurement.
const LEAST_COMMON: i64 = 1_000;

/// Returns the milliseconds by which the nodes of a cluster are ahead of the directory's clock. `all` has this number
/// for each node. The result is the median, because some numbers may be of nodes that have stopped.
pub fn common_ahead(all: impl IntoIterator<Item = i64>) -> i64 {
    let mut all: Vec<i64> = all.into_iter().collect();
    all.sort_unstable();
    let median = all.get(all.len() / 2).copied().unwrap_or(0);
    if median.abs() < LEAST_COMMON { 0 } else { median }
}

/// The directory's time, computed from this node's monotonic clock.
#[derive(Clone, Debug, Default)]
pub struct SharedClock(Option<Offsets>);

#[derive(Clone, Debug)]
struct Offsets {
    moment: Offset,
    wall: Offset,
}

/// The time in milliseconds by which a clock of the directory is ahead of the local monotonic clock.
#[derive(Clone, Copy, Debug)]
struct Offset {
    measured: i64,
    /// The difference that is applied at the local time `as_of`. From then on, it moves towards `measured`.
    applied: i64,
    as_of: Moment,
}

impl SharedClock {
    /// Adds a measurement. The directory's clocks were requested at `sent`, and the answer arrived at `answered`, both
    /// in local monotonic time.
    pub fn measure(&mut self, sent: Moment, answered: Moment, directory: Now) {
        let travel = answered.since(sent);
        // The directory has read its clocks at some time between the request and the answer. The middle differs from
        // that time by at most half of the travel.
        let middle = sent + travel / 2;
        let ahead = |clock: u64| signed(clock) - signed(middle.0);
        match &mut self.0 {
            None => {
                let offset =
                    |clock| Offset { measured: ahead(clock), applied: ahead(clock), as_of: answered };
                self.0 = Some(Offsets { moment: offset(directory.moment.0), wall: offset(directory.wall.0) });
            }
            Some(_) if travel > MOST_TRAVEL => {}
            Some(offsets) => {
                offsets.moment.correct(ahead(directory.moment.0), travel, answered);
                offsets.wall.correct(ahead(directory.wall.0), travel, answered);
            }
        }
    }

    /// The directory's time at this local time. Before the first measurement, returns the local time itself.
    pub fn at(&self, local: Now) -> Now {
        let Some(Offsets { moment, wall }) = &self.0 else { return local };
        Now { moment: Moment(moment.at(local.moment)), wall: Timestamp(wall.at(local.moment)) }
    }

    /// The number of milliseconds by which this time is ahead of the measured clock of the directory. This time follows
    /// that clock slowly. Negative if this time is behind; 0 before the first measurement.
    pub fn ahead_of_directory(&self, local: Moment) -> i64 {
        self.0.as_ref().map_or(0, |offsets| offsets.wall.applied_at(local) - offsets.wall.measured)
    }

    /// Sets this time to `ahead` milliseconds ahead of the measured clock of the directory. Afterwards, it follows that
    /// clock slowly. Called by a node that has just begun; see [`common_ahead`].
    pub fn begin_ahead(&mut self, ahead: i64, local: Moment) {
        if let Some(offsets) = &mut self.0 {
            for offset in [&mut offsets.moment, &mut offsets.wall] {
                offset.applied = offset.measured.saturating_add(ahead);
                offset.as_of = local;
            }
        }
    }

    /// How many milliseconds the local wall clock is ahead of the directory's wall clock; negative if the local clock
    /// is behind.
    pub fn local_wall_ahead(&self, local: Now) -> i64 {
        signed(local.wall.0) - signed(self.at(local).wall.0)
    }
}

impl Offset {
    fn correct(&mut self, measured: i64, travel: Duration, now: Moment) {
        let uncertain = i64::try_from((travel / 2).as_millis()).unwrap_or(i64::MAX);
        if (measured - self.measured).abs() <= uncertain {
            return;
        }
        self.applied = self.applied_at(now);
        self.as_of = self.as_of.max(now);
        self.measured = measured;
    }

    fn applied_at(&self, local: Moment) -> i64 {
        let most = signed(local.0.saturating_sub(self.as_of.0) / SLEW);
        self.applied + (self.measured - self.applied).clamp(-most, most)
    }

    fn at(&self, local: Moment) -> u64 {
        u64::try_from(signed(local.0).saturating_add(self.applied_at(local))).unwrap_or(0)
    }
}

fn signed(millis: u64) -> i64 {
    i64::try_from(millis).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: u64 = 1_700_000_000_000;

    fn directory(millis: u64) -> Now {
        Now { moment: Moment(millis), wall: Timestamp(ORIGIN + millis) }
    }

    /// A local time whose wall clock is wrong by an hour.
    fn local(millis: u64) -> Now {
        Now { moment: Moment(millis), wall: Timestamp(ORIGIN - 3_600_000 + millis) }
    }

    #[test]
    fn the_time_is_that_of_the_directory_whatever_the_local_clocks_say() {
        let mut clock = SharedClock::default();
        assert_eq!(clock.at(local(5)), local(5));
        clock.measure(Moment(1_000), Moment(1_010), directory(500_005));
        assert_eq!(clock.at(local(1_010)), directory(500_010));
        assert_eq!(clock.at(local(9_010)), directory(508_010));
        let set_back = Now { wall: Timestamp(3), ..local(9_010) };
        assert_eq!(clock.at(set_back), directory(508_010));
        let right = Now { moment: Moment(9_010), wall: directory(508_010 + 250).wall };
        assert_eq!(clock.local_wall_ahead(right), 250);
    }

    #[test]
    fn a_first_measurement_counts_however_long_it_took() {
        let mut clock = SharedClock::default();
        clock.measure(Moment(0), Moment(8_000), directory(100_000));
        assert_eq!(clock.at(local(8_000)), directory(104_000));
        // A better one corrects it, slowly.
        clock.measure(Moment(10_000), Moment(10_000), directory(102_000));
        assert_eq!(clock.at(local(10_000)), directory(106_000));
        assert_eq!(clock.at(local(10_000 + 80_000)), directory(102_000 + 80_000));
    }

    #[test]
    fn later_measurements_move_the_time_slowly_and_never_backwards() {
        for jump in [-600_000_i64, -40, 40, 600_000] {
            let mut clock = SharedClock::default();
            clock.measure(Moment(0), Moment(0), directory(1_000_000));
            let moved = |millis: u64| directory((1_000_000 + millis).checked_add_signed(jump).unwrap());
            let mut before = clock.at(local(0));
            for step in 1..=3_000_u64 {
                let millis = step * 5_000;
                clock.measure(Moment(millis), Moment(millis), moved(millis));
                let now = clock.at(local(millis));
                let passed = now.moment.since(before.moment).as_millis();
                assert!((4_750..=5_250).contains(&passed), "{passed} ms in a step of 5,000 after {jump}");
                assert_eq!(now.wall.since(before.wall), now.moment.since(before.moment));
                before = now;
            }
            assert_eq!(before, moved(15_000_000), "in the end it is the directory's time, after {jump}");
        }
    }

    #[test]
    fn a_node_that_begins_after_a_change_of_the_clock_has_the_time_of_the_others() {
        for jump in [-600_000_i64, 600_000] {
            let moved = |millis: u64| directory((1_000_000 + millis).checked_add_signed(jump).unwrap());
            let mut old = SharedClock::default();
            old.measure(Moment(0), Moment(0), directory(1_000_000));
            assert_eq!(old.ahead_of_directory(Moment(0)), 0);
            old.measure(Moment(1_000), Moment(1_000), moved(1_000));
            let at = 101_000;
            old.measure(Moment(at), Moment(at), moved(at));
            let ahead = old.ahead_of_directory(Moment(at));
            assert_eq!(ahead, if jump < 0 { 595_000 } else { -595_000 });

            // The clock of the new node begins with the node.
            let mut new = SharedClock::default();
            new.begin_ahead(ahead, Moment(0));
            assert_eq!(new.at(local(0)), local(0), "nothing is measured");
            new.measure(Moment(0), Moment(0), moved(at));
            new.begin_ahead(common_ahead([ahead, 0, ahead]), Moment(0));
            for passed in [0, 10_000, 20_000_000] {
                assert_eq!(new.at(local(passed)), old.at(local(at + passed)), "{jump} after {passed}");
            }
        }
    }

    #[test]
    fn the_time_of_most_nodes_counts() {
        for (all, expected) in [
            (&[][..], 0),
            (&[999, -999], 0),
            (&[60_000], 60_000),
            (&[0, 60_000, 60_001], 60_000),
            (&[-60_000, -59_990, 300_000], -59_990),
        ] {
            assert_eq!(common_ahead(all.iter().copied()), expected, "{all:?}");
        }
    }

    #[test]
    fn what_the_journey_explains_and_slow_answers_change_nothing() {
        let mut clock = SharedClock::default();
        clock.measure(Moment(0), Moment(0), directory(1_000));
        let table = [
            // sent, answered, what the directory said
            (10_000, 10_100, 11_100),
            (10_000, 10_100, 11_000),
            (20_000, 21_001, 90_000),
        ];
        for (sent, answered, said) in table {
            clock.measure(Moment(sent), Moment(answered), directory(said));
            assert_eq!(clock.at(local(1_000_000)), directory(1_001_000), "{sent} {answered} {said}");
        }
    }
}
