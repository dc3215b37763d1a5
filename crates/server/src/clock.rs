//! The clock of a node. Times that users and operators see, and times in rules, come from it. Short waits and the
//! durations for metrics do not.

use lamplight_model::{Moment, Now, Timestamp};
use lamplight_service::Revoking;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The clock of a node: monotonic time and wall-clock time. All clones return the same time.
#[derive(Clone, Debug)]
pub struct Clock {
    origin: Instant,
    ahead_ms: Arc<AtomicU64>,
}

impl Default for Clock {
    fn default() -> Self {
        Self { origin: Instant::now(), ahead_ms: Arc::default() }
    }
}

impl Clock {
    /// Returns the current time.
    pub fn now(&self) -> Now {
        let ahead = self.ahead_ms.load(Ordering::Relaxed);
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now {
            moment: Moment(self.origin.elapsed().as_millis() as u64 + ahead),
            wall: Timestamp(wall.as_millis() as u64 + ahead),
        }
    }

    /// Waits until the current second is one in which no revoked UserSig was issued. UserSigs that are made after the
    /// answer are then valid.
    pub async fn wait_until_answer(&self, revoking: &Revoking) {
        let Some(wall) = revoking.answer_from(self.now().wall) else { return };
        loop {
            let left = wall.since(self.now().wall);
            if left.is_zero() {
                return;
            }
            // Sleeps in small steps, because the wall clock may be set during a sleep.
            tokio::time::sleep(left.min(Duration::from_millis(50))).await;
        }
    }

    /// Moves both clocks forward, so that tests need not wait for a timeout.
    pub fn advance(&self, duration: Duration) {
        self.ahead_ms.fetch_add(duration.as_millis() as u64, Ordering::Relaxed);
    }
}
