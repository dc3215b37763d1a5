//! A limit on repeated log lines. The first lines of a kind are written; further lines are only counted. Pure; the time
//! is an argument.

use std::collections::HashMap;
use std::time::Duration;

/// The maximum number of written lines of one kind in a period. Further lines are suppressed until the period ends.
pub const LINES: u32 = 10;
/// The length of a period.
pub const PERIOD: Duration = Duration::from_secs(10);
/// The maximum number of kinds of lines that are counted separately. Beyond this number, all lines from one place in
/// the source count as one kind.
pub const MAX_KINDS: usize = 512;

/// The kind of a line: its place in the source, and the app, webhook or worker that it is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Kind {
    /// The place in the source, as a number.
    pub place: usize,
    /// The hash of the line's subject; 0 for a line without a subject.
    pub about: u64,
}

/// The decision on a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// The line is written.
    Written,
    /// The line is the first of its kind that is suppressed in this period. The caller must pass the line's message to
    /// [`LineLimit::describe`].
    FirstLeftOut(Kind),
    /// The line is suppressed.
    LeftOut,
}

/// The suppressed lines of one kind in a period that has ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeftOut {
    /// The number of lines.
    pub lines: u64,
    /// The message of the first line.
    pub text: String,
}

/// The counts of the lines of each kind.
#[derive(Debug, Default)]
pub struct LineLimit {
    periods: HashMap<Kind, Period>,
}

#[derive(Debug)]
struct Period {
    began: Duration,
    written: u32,
    left_out: u64,
    text: String,
}

impl LineLimit {
    /// Decides whether a line is written at the time `now`. The origin of the time does not matter.
    pub fn admit(&mut self, kind: Kind, now: Duration) -> Fate {
        let is_known = self.periods.contains_key(&kind);
        let kind = if is_known || self.periods.len() < MAX_KINDS { kind } else { Kind { about: 0, ..kind } };
        let fresh = Period { began: now, written: 0, left_out: 0, text: String::new() };
        let period = self.periods.entry(kind).or_insert(fresh);
        if period.written < LINES {
            period.written += 1;
            return Fate::Written;
        }
        period.left_out += 1;
        if period.left_out == 1 { Fate::FirstLeftOut(kind) } else { Fate::LeftOut }
    }

    /// Records the message of the first suppressed line of a kind.
    pub fn describe(&mut self, kind: Kind, text: String) {
        if let Some(period) = self.periods.get_mut(&kind) {
            period.text = text;
        }
    }

    /// Ends the periods that are over, and returns their suppressed lines. Call this about once per second.
    pub fn end_periods(&mut self, now: Duration) -> Vec<LeftOut> {
        let over = self.periods.extract_if(|_, period| now.saturating_sub(period.began) >= PERIOD);
        let left_out = over.filter(|(_, period)| period.left_out > 0);
        left_out.map(|(_, period)| LeftOut { lines: period.left_out, text: period.text }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Kind = Kind { place: 1, about: 0 };

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Passes this many lines of a kind at one time. Returns the number of written lines.
    fn written(limit: &mut LineLimit, kind: Kind, lines: u32, now: Duration) -> usize {
        (0..lines).filter(|_| limit.admit(kind, now) == Fate::Written).count()
    }

    #[test]
    fn the_first_lines_of_a_period_are_written_and_the_rest_is_counted() {
        let mut limit = LineLimit::default();
        assert_eq!(written(&mut limit, HERE, 4_666, at(0)), 10);
        assert_eq!(written(&mut limit, HERE, 5, at(9)), 0);
        assert_eq!(limit.end_periods(at(9)), []);
        limit.describe(HERE, "an outbox is full".to_owned());
        let left_out = LeftOut { lines: 4_661, text: "an outbox is full".to_owned() };
        assert_eq!(limit.end_periods(at(10)), [left_out]);
        assert_eq!(limit.end_periods(at(10)), []);
        assert_eq!(written(&mut limit, HERE, 3, at(10)), 3);
        assert_eq!(limit.end_periods(at(30)), [], "nothing was left out");
    }

    #[test]
    fn the_first_line_that_is_left_out_is_told() {
        let mut limit = LineLimit::default();
        written(&mut limit, HERE, LINES, at(0));
        assert_eq!(limit.admit(HERE, at(1)), Fate::FirstLeftOut(HERE));
        assert_eq!(limit.admit(HERE, at(1)), Fate::LeftOut);
    }

    #[test]
    fn what_is_about_something_else_has_lines_of_its_own() {
        let mut limit = LineLimit::default();
        assert_eq!(written(&mut limit, HERE, 100, at(0)), 10);
        assert_eq!(written(&mut limit, Kind { about: 7, ..HERE }, 100, at(0)), 10);
        assert_eq!(written(&mut limit, Kind { place: 2, about: 0 }, 100, at(0)), 10);
    }

    #[test]
    fn kinds_without_end_share_the_lines_of_their_place() {
        let mut limit = LineLimit::default();
        let about = |about| Kind { place: 1, about };
        let all: usize = (1..=100_000).map(|n| written(&mut limit, about(n), 1, at(0))).sum();
        assert_eq!(all, MAX_KINDS + LINES as usize);
        assert_eq!(limit.periods.len(), MAX_KINDS + 1);
        limit.end_periods(at(10));
        assert!(limit.periods.is_empty());
    }
}
