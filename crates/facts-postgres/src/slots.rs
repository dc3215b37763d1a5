//! The number of calls that may have a connection at the same time. While PostgreSQL accepts no further connection, the
//! number is lower, and calls wait for the existing connections.

use parking_lot::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, SemaphorePermit};

/// The time after the last refused connection until the number of permits is raised again.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// The time without a refused connection after which the next refusal is logged again.
const QUIET: Duration = Duration::from_secs(60);

pub(crate) struct Slots {
    slots: Semaphore,
    most: usize,
    state: Mutex<State>,
    waiting: AtomicUsize,
}

struct State {
    /// The number of permits that exist, used or not.
    granted: usize,
    last_refusal: Option<Instant>,
}

/// The state after PostgreSQL has refused a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Refusal {
    /// Whether this is the first refusal after the time [`QUIET`] without refusals.
    pub(crate) is_first: bool,
    /// Whether the permit was withdrawn, so that the call waits for an existing connection. If not, the call should
    /// pause and try again.
    pub(crate) is_withdrawn: bool,
}

impl Slots {
    pub(crate) fn new(most: usize) -> Self {
        let state = Mutex::new(State { granted: most, last_refusal: None });
        Self { slots: Semaphore::new(most), most, state, waiting: AtomicUsize::new(0) }
    }

    /// Waits for a permit to use a connection.
    pub(crate) async fn acquire(&self) -> SemaphorePermit<'_> {
        let _waiting = Waiting::begin(&self.waiting);
        self.restore(Instant::now());
        self.slots.acquire().await.expect("the semaphore is never closed")
    }

    /// Takes back the permit of a call whose connection PostgreSQL has refused. `existing` is the number of open
    /// connections.
    pub(crate) fn refused(&self, permit: SemaphorePermit<'_>, existing: usize, now: Instant) -> Refusal {
        let mut state = self.state.lock();
        let is_first = state.last_refusal.is_none_or(|last| now.saturating_duration_since(last) > QUIET);
        state.last_refusal = Some(now);
        let is_withdrawn = state.granted > existing.max(1);
        if is_withdrawn {
            state.granted -= 1;
            permit.forget();
        }
        Refusal { is_first, is_withdrawn }
    }

    /// Sets the number of permits to the number in the settings again, if the last refusal was more than
    /// [`RETRY_AFTER`] ago.
    fn restore(&self, now: Instant) {
        let mut state = self.state.lock();
        let is_over = |last| now.saturating_duration_since(last) > RETRY_AFTER;
        if state.granted < self.most && state.last_refusal.is_none_or(is_over) {
            self.slots.add_permits(self.most - state.granted);
            state.granted = self.most;
        }
    }

    /// The number of calls that wait for a permit.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// Counts a call as waiting until the value is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn permits_are_taken_back_down_to_the_open_connections_and_given_again() {
        let (slots, start) = (Slots::new(4), Instant::now());
        let acquire = || slots.acquire().now_or_never();
        let all: Vec<_> = std::iter::from_fn(acquire).collect();
        assert_eq!(all.len(), 4);
        for (n, permit) in all.into_iter().enumerate() {
            let refusal = slots.refused(permit, 2, start);
            assert_eq!(refusal, Refusal { is_first: n == 0, is_withdrawn: n < 2 });
        }
        // As many as there are connections.
        let left: Vec<_> = std::iter::from_fn(acquire).collect();
        assert_eq!(left.len(), 2);
        drop(left);
        let permit = acquire().unwrap();
        assert!(slots.refused(permit, 0, start + QUIET).is_withdrawn);
        let permit = acquire().unwrap();
        assert!(!slots.refused(permit, 0, start + QUIET).is_withdrawn);
        let last = acquire().unwrap();
        assert!(acquire().is_none(), "one call goes on trying");
        drop(last);
        slots.restore(start + QUIET + RETRY_AFTER);
        assert_eq!(slots.state.lock().granted, 1);
        slots.restore(start + QUIET + RETRY_AFTER + Duration::from_millis(1));
        assert_eq!(slots.state.lock().granted, 4);
        let permit = acquire().unwrap();
        assert!(slots.refused(permit, 0, start + QUIET * 2 + Duration::from_millis(1)).is_first);
    }
}
