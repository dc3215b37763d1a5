//! Points in time on two clocks, with a type for each clock.

use serde::{Deserialize, Serialize};
use std::ops::{Add, Sub};
use std::time::Duration;

/// A point in time on a monotonic clock, in milliseconds since the origin of that clock. Deadlines are moments. On a
/// single node, the clock is that of the process. In a cluster, it is the clock of the directory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Moment(pub u64);

impl Moment {
    /// The time from `earlier` until `self`; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(millis))
    }
}

impl Sub<Duration> for Moment {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(millis))
    }
}

/// A point in time of any clock.
pub trait Instant: Copy + Eq {
    /// The highest point in time, which is never reached.
    const NEVER: Self;
}

impl Instant for Moment {
    const NEVER: Self = Self(u64::MAX);
}

impl Instant for Timestamp {
    const NEVER: Self = Self(u64::MAX);
}

/// An optional point in time that needs eight bytes, where an `Option` needs sixteen. [`Instant::NEVER`] stands for
/// `None`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Optional<T>(T);

impl<T: Instant> Optional<T> {
    /// No point in time.
    pub const NONE: Self = Self(T::NEVER);

    /// The point in time; `None` if there is none.
    pub fn get(self) -> Option<T> {
        Some(self.0).filter(|it| *it != T::NEVER)
    }
}

impl<T: Instant> From<Option<T>> for Optional<T> {
    fn from(time: Option<T>) -> Self {
        Self(time.unwrap_or(T::NEVER))
    }
}

/// A point in time on the wall clock, in milliseconds since 1970-01-01 UTC. It is used for times that people see, for
/// stored data, and for signatures. The wall clock may jump, so it never decides whether a user is connected.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Debug, Default)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The number of whole seconds since 1970.
    pub fn as_secs(self) -> u64 {
        self.0 / 1000
    }

    /// The time from `earlier` until `self`; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// The time that is `duration` later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }

    /// The time that is `duration` earlier, but not before 1970.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// The current time on both clocks. Rules get it as an argument; only their callers read clocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Now {
    /// The monotonic clock, for deadlines.
    pub moment: Moment,
    /// The wall clock, for times that people see, for stored data, and for signatures.
    pub wall: Timestamp,
}

impl Now {
    /// This time plus `duration`, on both clocks.
    pub fn after(self, duration: Duration) -> Self {
        Self { moment: self.moment + duration, wall: self.wall.after(duration) }
    }

    /// The time that the wall clock will show at the moment `moment`, provided that nobody sets the clock. If `moment`
    /// is in the past, returns the current time.
    pub fn wall_at(self, moment: Moment) -> Timestamp {
        self.wall.after(moment.since(self.moment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_to_come_has_a_time_on_the_wall() {
        let now = Now { moment: Moment(1_000), wall: Timestamp(1_700_000_000_000) };
        for (moment, expected) in [
            (1_000, now.wall),
            (3_500, Timestamp(1_700_000_002_500)),
            (999, now.wall),
            (u64::MAX, Timestamp(u64::MAX)),
        ] {
            assert_eq!(now.wall_at(Moment(moment)), expected, "{moment}");
        }
        assert_eq!(now.wall_at(now.moment + Duration::from_secs(1)), now.after(Duration::from_secs(1)).wall);
    }

    #[test]
    fn an_optional_time_needs_no_more_memory_than_a_time() {
        assert_eq!(size_of::<Optional<Moment>>(), size_of::<Moment>());
        for time in [None, Some(Timestamp(0)), Some(Timestamp(u64::MAX - 1))] {
            assert_eq!(Optional::from(time).get(), time);
        }
        assert_eq!(
            (Optional::NONE, None),
            (Optional::from(Some(Moment::NEVER)), Optional::<Moment>::NONE.get())
        );
    }
}
