//! The only place of the server that reads clocks.

use lamplight_model::{Moment, Now, Timestamp};
use lamplight_service::Revoking;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Tells the present to everything in a node. Clones tell the same.
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
    /// The present.
    pub fn now(&self) -> Now {
        let ahead = self.ahead_ms.load(Ordering::Relaxed);
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now {
            moment: Moment(self.origin.elapsed().as_millis() as u64 + ahead),
            wall: Timestamp(wall.as_millis() as u64 + ahead),
        }
    }

    /// Waits until the caller of a revocation may be answered: a UserSig that is made after the answer counts.
    pub async fn wait_until_answer(&self, revoking: &Revoking) {
        let Some(wall) = revoking.answer_from(self.now().wall) else { return };
        loop {
            let left = wall.since(self.now().wall);
            if left.is_zero() {
                return;
            }
            // Not all at once: the wall clock may be set meanwhile.
            tokio::time::sleep(left.min(Duration::from_millis(50))).await;
        }
    }

    /// Lets both clocks leap ahead: how tests wait for a heartbeat timeout.
    pub fn advance(&self, duration: Duration) {
        self.ahead_ms.fetch_add(duration.as_millis() as u64, Ordering::Relaxed);
    }
}
