//! The custom status of a live record, with the time at which the server clears it.

use lamplight_model::{CustomDuration, CustomStatus, Moment, Now, Timestamp};
use std::time::Duration;

/// The custom status of a user. A text without a duration needs no more memory than the text.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Custom {
    /// A text that stays until it is cleared; empty if there is none.
    Lasting(CustomStatus),
    /// A text with a duration.
    Ending(Box<Ending>),
}

/// A custom status that the server clears.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Ending {
    text: CustomStatus,
    end: CustomEnd,
}

/// The end of a custom status: its deadline, and the time of the end that is shown to others.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct CustomEnd {
    /// The deadline.
    pub due: Moment,
    /// The wall-clock time of the end, which others are shown. If the wall clock is set meanwhile, the text ends at
    /// another wall-clock time.
    pub shown: Timestamp,
}

impl CustomEnd {
    fn after(lasts: Duration, now: Now) -> Self {
        let Now { moment: due, wall: shown } = now.after(lasts);
        Self { due, shown }
    }

    /// The end of a custom status that was read from a disk or another node. It is at `expires`. If the wall clock was
    /// set back, the text stays for at most the longest duration.
    pub fn at(expires: Timestamp, now: Now) -> Self {
        let longest = Duration::from_secs(CustomDuration::MAX_SECONDS.into());
        Self { due: now.moment + expires.since(now.wall).min(longest), shown: expires }
    }
}

impl Custom {
    pub const NONE: Self = Self::Lasting(CustomStatus::NONE);

    pub fn new(text: CustomStatus, end: Option<CustomEnd>) -> Self {
        match end {
            Some(end) => Self::Ending(Box::new(Ending { text, end })),
            None => Self::Lasting(text),
        }
    }

    /// Creates the custom status for a text that is set now.
    pub fn set(text: CustomStatus, lasts: Option<CustomDuration>, now: Now) -> Self {
        Self::new(text, lasts.map(|lasts| CustomEnd::after(lasts.into(), now)))
    }

    pub fn text(&self) -> &CustomStatus {
        match self {
            Self::Lasting(text) => text,
            Self::Ending(ending) => &ending.text,
        }
    }

    pub fn end(&self) -> Option<CustomEnd> {
        match self {
            Self::Lasting(_) => None,
            Self::Ending(ending) => Some(ending.end),
        }
    }

    /// The time at which the text is cleared, as it is shown to others.
    pub fn expires(&self) -> Option<Timestamp> {
        self.end().map(|end| end.shown)
    }

    /// Whether the duration of the text has passed.
    pub fn is_over(&self, now: Moment) -> bool {
        self.end().is_some_and(|end| end.due <= now)
    }

    /// Whether others see no difference between the two custom statuses.
    pub fn looks_like(&self, other: &Self) -> bool {
        self.text() == other.text() && self.expires() == other.expires()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> CustomStatus {
        CustomStatus::new("busy", 100).unwrap()
    }

    fn now(moment: u64, wall: u64) -> Now {
        Now { moment: Moment(moment), wall: Timestamp(wall) }
    }

    #[test]
    fn a_text_without_a_duration_takes_no_memory_for_one() {
        assert_eq!(size_of::<Custom>(), size_of::<CustomStatus>());
    }

    #[test]
    fn a_text_is_over_when_its_duration_has_passed_whatever_the_wall_clock_says() {
        let lasts = CustomDuration::of(&text(), 60).unwrap();
        let custom = Custom::set(text(), lasts, now(1_000, 900_000));
        assert_eq!(custom.expires(), Some(Timestamp(960_000)));
        for (moment, is_over) in [(1_000, false), (60_999, false), (61_000, true), (u64::MAX, true)] {
            assert_eq!(custom.is_over(Moment(moment)), is_over, "{moment}");
        }
        assert!(!Custom::set(text(), None, now(0, 0)).is_over(Moment(u64::MAX)));
        assert!(!Custom::NONE.is_over(Moment(u64::MAX)));
    }

    #[test]
    fn an_end_that_is_read_is_at_the_told_time_and_not_beyond_the_longest_duration() {
        let longest = u64::from(CustomDuration::MAX_SECONDS) * 1_000;
        for (expires, due) in [(500_000, 7), (500_001, 8), (400_000, 7), (u64::MAX, 7 + longest)] {
            let end = CustomEnd::at(Timestamp(expires), now(7, 500_000));
            assert_eq!(end, CustomEnd { due: Moment(due), shown: Timestamp(expires) }, "{expires}");
        }
    }
}
