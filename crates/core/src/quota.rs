//! Rate limits: an exact sliding window for calls, and a fixed minute for failed logins.

use lamplight_model::{Moment, RateLimit};
use std::collections::VecDeque;
use std::time::Duration;

/// Counts the calls that share a limit, such as one user's calls of one kind. Allows at most `calls` in any period of
/// the window's length.
///
/// A refused call does not count. The times of the calls in the window are stored. One call needs no heap memory, and
/// most users have no more. Several calls need 8 bytes each.
#[derive(Clone, Debug, Default)]
pub struct SlidingWindow {
    taken: Taken,
}

/// The times of calls, in the order in which they were allowed.
#[expect(clippy::box_collection, reason = "a queue itself would make each window twice as large")]
#[derive(Clone, Debug, Default)]
enum Taken {
    #[default]
    None,
    One(Moment),
    Several(Box<VecDeque<Moment>>),
}

impl Taken {
    fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One(_) => 1,
            Self::Several(all) => all.len(),
        }
    }

    fn get(&self, index: usize) -> Option<Moment> {
        match self {
            Self::One(only) => Some(*only).filter(|_| index == 0),
            Self::None => None,
            Self::Several(all) => all.get(index).copied(),
        }
    }

    fn last(&self) -> Option<Moment> {
        self.get(self.len().checked_sub(1)?)
    }

    fn push(&mut self, at: Moment) {
        match self {
            Self::None => *self = Self::One(at),
            Self::One(first) => *self = Self::Several(Box::new([*first, at].into())),
            Self::Several(all) => all.push_back(at),
        }
    }

    fn remove_first(&mut self) {
        match self {
            Self::None | Self::One(_) => *self = Self::None,
            Self::Several(all) => _ = all.pop_front(),
        }
        if self.len() == 0 {
            *self = Self::None;
        }
    }
}

impl SlidingWindow {
    /// Counts a call and returns `true`, or returns `false` if the limit is reached.
    pub fn take(&mut self, limit: RateLimit, now: Moment) -> bool {
        if self.is_full(limit, now) {
            return false;
        }
        self.taken.push(now);
        true
    }

    /// Whether the limit is reached, so that [`take`](Self::take) would refuse a call.
    pub fn is_full(&mut self, limit: RateLimit, now: Moment) -> bool {
        self.forget(Duration::from_millis(limit.window_ms.into()), now);
        self.taken.len() >= usize::from(limit.calls)
    }

    /// Counts a call that was allowed elsewhere, even above the limit. At most `limit.calls` calls are kept.
    pub fn count(&mut self, limit: RateLimit, now: Moment) {
        self.forget(Duration::from_millis(limit.window_ms.into()), now);
        while self.taken.len() >= usize::from(limit.calls).max(1) {
            self.taken.remove_first();
        }
        self.taken.push(now);
    }

    /// The first moment at which a call may be allowed, after a call was refused at the time `now`.
    pub fn opens_at(&self, limit: RateLimit, now: Moment) -> Moment {
        let length = Duration::from_millis(limit.window_ms.into());
        // With a limit below the number of counted calls, several of them have to leave the window.
        let last_too_many = self.taken.len().checked_sub(usize::from(limit.calls));
        let leaves = last_too_many.and_then(|index| self.taken.get(index)).unwrap_or(now);
        leaves + length
    }

    /// Whether the window contains no call, so that the entry can be removed.
    pub fn is_idle(&self, window: Duration, now: Moment) -> bool {
        self.taken.last().is_none_or(|last| now.since(last) >= window)
    }

    fn forget(&mut self, window: Duration, now: Moment) {
        while self.taken.get(0).is_some_and(|first| now.since(first) >= window) {
            self.taken.remove_first();
        }
    }
}

/// Counts the failed attempts of one source. After `limit` failures within a minute, the source is blocked for a minute
/// (70050).
#[derive(Clone, Debug, Default)]
pub struct FailureWindow {
    failures: u32,
    started: Moment,
    blocked_until: Option<Moment>,
}

impl FailureWindow {
    /// The length of a period in which failures are counted, and the length of a block.
    pub const MINUTE: Duration = Duration::from_secs(60);

    /// Whether the source is blocked.
    pub fn is_blocked(&self, now: Moment) -> bool {
        self.blocked_until.is_some_and(|until| now < until)
    }

    /// Counts a failure. The `limit`-th failure within a minute blocks the source for a minute.
    pub fn fail(&mut self, limit: u32, now: Moment) {
        if self.failures == 0 || now.since(self.started) >= Self::MINUTE {
            self.failures = 0;
            self.started = now;
        }
        self.failures += 1;
        if self.failures >= limit {
            self.failures = 0;
            self.blocked_until = Some(now + Self::MINUTE);
        }
    }

    /// Whether no failure counts and the source is not blocked, so that the entry can be removed.
    pub fn is_idle(&self, now: Moment) -> bool {
        !self.is_blocked(now) && now.since(self.started) >= Self::MINUTE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: RateLimit = RateLimit { calls: 20, window_ms: 5_000 };

    #[test]
    fn the_21st_call_in_five_seconds_is_refused() {
        let mut window = SlidingWindow::default();
        for call in 0..20 {
            assert!(window.take(LIMIT, Moment(call * 100)), "call {call}");
        }
        assert!(!window.take(LIMIT, Moment(2_000)));
        assert!(!window.take(LIMIT, Moment(4_999)));
        // The first call is removed exactly five seconds after it was counted. The refused calls were not counted.
        assert!(window.take(LIMIT, Moment(5_000)));
        assert!(!window.take(LIMIT, Moment(5_099)));
        assert!(window.take(LIMIT, Moment(5_100)));
        assert!(!window.is_idle(Duration::from_secs(5), Moment(10_099)));
        assert!(window.is_idle(Duration::from_secs(5), Moment(10_100)));
    }

    #[test]
    fn one_call_needs_no_heap_memory_before_and_after_others() {
        assert_eq!(size_of::<SlidingWindow>(), 16);
        let mut window = SlidingWindow::default();
        for round in 1..4 {
            let at = |ms: u64| Moment(round * 100_000 + ms);
            assert!(window.take(LIMIT, at(0)) && matches!(window.taken, Taken::One(_)), "{round}");
            assert!(window.take(LIMIT, at(1)) && matches!(window.taken, Taken::Several(_)), "{round}");
            assert!(!window.is_full(LIMIT, at(50_000)) && matches!(window.taken, Taken::None), "{round}");
        }
    }

    #[test]
    fn a_full_window_says_when_it_opens() {
        let limit = |calls, window_ms| RateLimit { calls, window_ms };
        let mut window = SlidingWindow::default();
        for at in [1_000, 1_200, 1_500] {
            assert!(window.take(limit(3, 1_000), Moment(at)));
        }
        for (of, opens_at) in [
            (limit(3, 1_000), 2_000),
            // Two, then all calls have to leave the window.
            (limit(2, 1_000), 2_200),
            (limit(1, 1_000), 2_500),
            (limit(3, 600), 1_600),
            // No call is allowed at all.
            (limit(0, 1_000), 2_550),
        ] {
            assert_eq!(window.opens_at(of, Moment(1_550)), Moment(opens_at), "{of:?}");
        }
        assert!(window.is_full(limit(3, 1_000), Moment(1_999)));
        assert!(!window.is_full(limit(3, 1_000), Moment(2_000)));
    }

    #[test]
    fn calls_that_were_allowed_elsewhere_count_and_are_bounded() {
        let mut window = SlidingWindow::default();
        for call in 0..100 {
            window.count(LIMIT, Moment(call));
        }
        assert_eq!(window.taken.len(), 20);
        assert!(!window.take(LIMIT, Moment(5_079)));
        assert!(window.take(LIMIT, Moment(5_080)));
    }

    #[test]
    fn too_many_failures_cost_a_minute() {
        let mut source = FailureWindow::default();
        let at = |second: u64| Moment(second * 1_000);
        source.fail(3, at(1));
        source.fail(3, at(2));
        assert!(!source.is_blocked(at(2)));
        source.fail(3, at(3));
        assert!(source.is_blocked(at(3)) && source.is_blocked(at(62)));
        assert!(!source.is_blocked(at(63)));
        // Failures more than a minute apart are not added up.
        source.fail(3, at(100));
        source.fail(3, at(130));
        source.fail(3, at(170));
        assert!(!source.is_blocked(at(170)));
        assert!(!source.is_idle(at(200)) && source.is_idle(at(230)));
    }
}
