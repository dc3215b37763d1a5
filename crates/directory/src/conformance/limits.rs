//! The rules that every adapter of [`Limits`] must keep.

use super::user;
use crate::{Limited, Limits, Taken};
use lamplight_core::Call;
use lamplight_model::{AppId, Moment, RateLimit, User};
use std::sync::Arc;

/// Defines a `#[tokio::test]` for each rule of rate limits. `make` is an `async fn() -> (Arc<dyn Limits>, Keep)`. The
/// `Keep` value is dropped when the test ends.
#[macro_export]
macro_rules! limits_conformance_tests {
    ($make:path) => {
        $crate::limits_conformance_tests! { @each $make:
            any_window_has_at_most_the_calls_of_the_limit
            each_user_and_call_is_counted_apart
            another_limit_counts_the_calls_that_were_made
            a_refusal_says_until_when
            calls_at_once_are_never_both_the_last
            what_was_swept_was_over
        }
    };
    (@each $make:path: $($rule:ident)*) => {
        $(#[tokio::test]
        async fn $rule() {
            let (limits, _keep) = $make().await;
            $crate::conformance::$rule(limits).await;
        })*
    };
}

const TWO: RateLimit = RateLimit { calls: 2, window_ms: 1_000 };

async fn take(limits: &Arc<dyn Limits>, name: &str, call: Call, limit: RateLimit, at: u64) -> bool {
    let taken = limits.take(Limited::User(&user(name), call), limit, Moment(at)).await.unwrap();
    if let Taken::Refused { until } = taken {
        let latest = at + u64::from(limit.window_ms);
        assert!((at + 1..=latest).contains(&until.0), "at {at}: until {until:?}");
    }
    taken == Taken::Allowed
}

/// Checks that the window of a limit slides: any period of its length has at most as many calls as the limit allows.
pub async fn any_window_has_at_most_the_calls_of_the_limit(limits: Arc<dyn Limits>) {
    let table = [
        (10_600, true),
        (11_500, true),
        (11_599, false),
        // The first call is over, the second is not.
        (11_600, true),
        (11_601, false),
        (12_499, false),
        (12_500, true),
        (30_000, true),
        (30_000, true),
        (30_000, false),
    ];
    for (at, allowed) in table {
        assert_eq!(take(&limits, "a", Call::SendMessage, TWO, at).await, allowed, "at {at}");
    }
}

/// Checks that users with the same `userID` in two apps are counted separately. Different calls are counted separately
/// too.
pub async fn each_user_and_call_is_counted_apart(limits: Arc<dyn Limits>) {
    let one = RateLimit { calls: 1, window_ms: 60_000 };
    for (name, call) in [
        ("a", Call::SendMessage),
        ("a", Call::GetHistory),
        ("b", Call::SendMessage),
        ("a:b", Call::SendMessage),
        ("a b", Call::SendMessage),
    ] {
        assert!(take(&limits, name, call, one, 10_000).await, "{name} {call:?}");
        assert!(!take(&limits, name, call, one, 10_001).await, "{name} {call:?}");
    }
    let other = User::new(AppId(2), user("a").id);
    for what in [
        Limited::User(&other, Call::SendMessage),
        Limited::App(AppId(1), "sns/friend_add"),
        Limited::App(AppId(1), "sns/friend_get"),
        Limited::App(AppId(2), "sns/friend_get"),
    ] {
        assert_eq!(limits.take(what, one, Moment(10_002)).await, Ok(Taken::Allowed), "{what:?}");
        let refused = Taken::Refused { until: Moment(70_002) };
        assert_eq!(limits.take(what, one, Moment(10_003)).await, Ok(refused), "{what:?}");
    }
}

/// Checks that a refusal contains the moment from which a call is allowed again, if no other call comes first.
pub async fn a_refusal_says_until_when(limits: Arc<dyn Limits>) {
    let (a, call) = (user("a"), Call::SendMessage);
    for at in [10_000, 10_400] {
        assert!(take(&limits, "a", call, TWO, at).await);
    }
    for (limit, until) in [
        (TWO, 11_000),
        (RateLimit { calls: 1, ..TWO }, 11_400),
        (RateLimit { window_ms: 700, ..TWO }, 10_700),
        (RateLimit { calls: 0, ..TWO }, 11_500),
    ] {
        let taken = limits.take(Limited::User(&a, call), limit, Moment(10_500)).await;
        assert_eq!(taken, Ok(Taken::Refused { until: Moment(until) }), "{limit:?}");
    }
    assert!(!take(&limits, "a", call, TWO, 10_999).await);
    assert!(take(&limits, "a", call, TWO, 11_000).await);
}

/// Checks that earlier calls still count after an operator has changed the limit. If the new window is longer, calls
/// from before the old window may or may not count.
pub async fn another_limit_counts_the_calls_that_were_made(limits: Arc<dyn Limits>) {
    let limit = |calls, window_ms| RateLimit { calls, window_ms };
    let table = [
        (limit(3, 1_000), 10_000, true),
        (limit(3, 1_000), 10_100, true),
        // A smaller number is in force at once.
        (limit(2, 1_000), 10_200, false),
        (limit(3, 1_000), 10_300, true),
        // A shorter window forgets at once.
        (limit(1, 100), 10_350, false),
        (limit(1, 100), 10_400, true),
        // No call is allowed at all.
        (limit(0, 1_000), 60_000, false),
        (limit(1, 1_000), 60_000, true),
    ];
    for (limit, at, allowed) in table {
        assert_eq!(take(&limits, "a", Call::SendMessage, limit, at).await, allowed, "{limit:?} at {at}");
    }
}

/// Checks that the number of allowed calls is exactly the limit, even if many calls come concurrently.
pub async fn calls_at_once_are_never_both_the_last(limits: Arc<dyn Limits>) {
    let limit = RateLimit { calls: 10, window_ms: 1_000 };
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let limits = Arc::clone(&limits);
            tokio::spawn(async move {
                let mut taken = 0;
                for _ in 0..10 {
                    taken += usize::from(take(&limits, "a", Call::SendMessage, limit, 10_000).await);
                }
                taken
            })
        })
        .collect();
    let mut taken = 0;
    for task in tasks {
        taken += task.await.unwrap();
    }
    assert_eq!(taken, 10);
}

/// Checks that a sweep does not remove a call that still counts.
pub async fn what_was_swept_was_over(limits: Arc<dyn Limits>) {
    for (at, allowed) in [(10_000, true), (10_500, true), (10_999, false), (11_000, true), (11_001, false)] {
        limits.sweep(Moment(at));
        assert_eq!(take(&limits, "a", Call::SendMessage, TWO, at).await, allowed, "at {at}");
    }
}
