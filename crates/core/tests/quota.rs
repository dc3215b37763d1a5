//! Compares the sliding window with a recount of all calls.

// clippy.toml allows `unwrap` in `#[test]` functions, but not in functions that they call.
#![allow(clippy::unwrap_used)]

mod quick;

use lamplight_core::{FailureWindow, SlidingWindow};
use lamplight_model::{Moment, RateLimit};
use proptest::prelude::*;
use std::time::Duration;

/// Times between calls: many calls at once, and some gaps close to the length of the window.
fn gaps(window_ms: u64) -> impl Strategy<Value = Vec<u64>> {
    let gap = prop_oneof![
        4 => Just(0),
        4 => 0..=window_ms / 4,
        1 => window_ms.saturating_sub(1)..=window_ms + 1,
    ];
    prop::collection::vec(gap, 1..80)
}

proptest! {
    #![proptest_config(quick::cases(500))]

    #[test]
    fn a_call_is_refused_exactly_when_the_window_is_full(
        calls in 1..6_u16,
        (window_ms, gaps) in (1..50_u64).prop_flat_map(|window| (Just(window), gaps(window))),
    ) {
        let limit = RateLimit { calls, window_ms: window_ms as u32 };
        let window = Duration::from_millis(window_ms);
        let mut subject = SlidingWindow::default();
        let mut allowed: Vec<u64> = Vec::new();
        let mut now = 1_000;
        for gap in gaps {
            now += gap;
            let recent = allowed.iter().filter(|call| now - **call < window_ms).count();
            let is_idle = subject.is_idle(window, Moment(now));
            prop_assert_eq!(is_idle, recent == 0);

            let takes = subject.take(limit, Moment(now));
            prop_assert_eq!(takes, recent < usize::from(calls), "{} in the window at {}", recent, now);
            if takes {
                allowed.push(now);
            }
        }
        // Only windows that begin with an allowed call have to be checked.
        for first in &allowed {
            let inside = allowed.iter().filter(|call| (*first..first + window_ms).contains(call)).count();
            prop_assert!(inside <= usize::from(calls));
        }
    }

    #[test]
    fn a_source_is_blocked_for_a_minute_by_so_many_failures_in_one(
        limit in 1..5_u32,
        gaps in prop::collection::vec(prop_oneof![0..20_u64, 58..62_u64], 1..60),
    ) {
        let mut source = FailureWindow::default();
        let mut failures: Vec<u64> = Vec::new();
        let mut now = 100;
        for gap in gaps {
            now += gap;
            let at = Moment(now * 1_000);
            if source.is_blocked(at) {
                // A source is blocked only because of failures, and for at most a minute after the last one.
                let last = *failures.last().unwrap();
                prop_assert!(now - last < 60);
                let in_a_minute = failures.iter().filter(|failure| last - **failure < 60).count();
                prop_assert!(in_a_minute >= limit as usize);
                continue;
            }
            source.fail(limit, at);
            failures.push(now);
            prop_assert!(!source.is_idle(at));
            prop_assert!(limit > 1 || source.is_blocked(at));
        }
        prop_assert!(source.is_idle(Moment((now + 60) * 1_000)));
    }
}

#[test]
fn a_burst_of_failures_blocks() {
    for limit in 1..10 {
        let mut source = FailureWindow::default();
        for failure in 1..=limit {
            assert!(!source.is_blocked(Moment(failure.into())), "{failure} of {limit}");
            source.fail(limit, Moment(failure.into()));
        }
        assert!(source.is_blocked(Moment(limit.into())));
    }
}
