//! The clock of a node. It gives the times that users and operators see, and the times that rules use. Short waits and
//! durations for metrics use other clocks.

use lamplight_core::SharedClock;
use lamplight_model::{Moment, Now, Timestamp};
use lamplight_service::Revoking;
use parking_lot::RwLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The clock of a node: monotonic time and wall-clock time. All clones return the same time.
///
/// In a cluster, both times come from the directory, which all nodes share ([`SharedClock`]). The node then ignores the
/// wall clock of its machine.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Clocks>);

#[derive(Debug)]
struct Clocks {
    origin: Instant,
    ahead_ms: AtomicU64,
    /// The time of the directory; unset if the node uses the time of this machine.
    shared: OnceLock<RwLock<SharedClock>>,
}

impl Default for Clock {
    fn default() -> Self {
        let (ahead_ms, shared) = Default::default();
        Self(Arc::new(Clocks { origin: Instant::now(), ahead_ms, shared }))
    }
}

impl Clock {
    /// Returns the current time.
    pub fn now(&self) -> Now {
        let moment = self.unmoved();
        let now = match self.0.shared.get() {
            None => Now { moment, wall: wall_of_machine() },
            // The shared clock ignores the wall-clock time of the machine.
            Some(shared) => shared.read().at(Now { moment, wall: Timestamp(0) }),
        };
        let ahead = self.ahead();
        Now { moment: now.moment + ahead, wall: now.wall.after(ahead) }
    }

    /// Returns the monotonic time of this machine. Its rate never changes. In a cluster, the time of the directory may
    /// run slightly faster or slower while it is corrected.
    pub fn local(&self) -> Moment {
        self.unmoved() + self.ahead()
    }

    /// Sets or corrects the clock by the time of a directory. The time was requested at `sent` and received at
    /// `answered`; both are times of [`Clock::local`]. The first call sets the clock; later calls correct it slowly.
    pub fn measure(&self, sent: Moment, answered: Moment, directory: Now) {
        // The time by which tests have moved this clock must not count as a difference from the directory's clock.
        let unmoved = |at: Moment| Moment(at.0.saturating_sub(self.ahead().as_millis() as u64));
        let (sent, answered) = (unmoved(sent), unmoved(answered));
        let mut first = SharedClock::default();
        first.measure(sent, answered, directory);
        let is_first = self.0.shared.set(RwLock::new(first)).is_ok();
        if let Some(shared) = self.0.shared.get().filter(|_| !is_first) {
            shared.write().measure(sent, answered, directory);
        }
    }

    /// Returns the number of milliseconds by which this clock is ahead of the directory's clock. This clock follows the
    /// directory's clock slowly; see [`SharedClock::ahead_of_directory`].
    pub fn ahead_of_directory(&self) -> i64 {
        let local = self.unmoved();
        self.0.shared.get().map_or(0, |shared| shared.read().ahead_of_directory(local))
    }

    /// Returns the time of the directory's clock, as it was last measured.
    pub fn of_directory(&self) -> Timestamp {
        Timestamp(self.now().wall.0.saturating_add_signed(self.ahead_of_directory().saturating_neg()))
    }

    /// Sets the clock to the time of the other nodes. This time is `ahead` milliseconds ahead of the directory's clock.
    /// The caller must call this right after the first measurement; see [`SharedClock::begin_ahead`].
    pub fn begin_ahead(&self, ahead: i64) {
        if let Some(shared) = self.0.shared.get() {
            shared.write().begin_ahead(ahead, self.unmoved());
        }
    }

    /// Returns the time in milliseconds by which this machine's wall clock is ahead of the directory's wall clock. A
    /// negative value means behind. Without a shared directory, returns 0.
    pub fn machine_ahead_ms(&self) -> i64 {
        let local = Now { moment: self.unmoved(), wall: wall_of_machine() };
        self.0.shared.get().map_or(0, |shared| shared.read().local_wall_ahead(local))
    }

    fn unmoved(&self) -> Moment {
        Moment(self.0.origin.elapsed().as_millis() as u64)
    }

    fn ahead(&self) -> Duration {
        Duration::from_millis(self.0.ahead_ms.load(Ordering::Relaxed))
    }

    /// Waits until the next second in which no revoked UserSig was issued. UserSigs that are issued after the wait are
    /// valid.
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
        self.0.ahead_ms.fetch_add(duration.as_millis() as u64, Ordering::Relaxed);
    }
}

fn wall_of_machine() -> Timestamp {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(wall.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the time of a directory, `millis` milliseconds after the first measurement. The directory is an hour
    /// behind.
    fn directory(millis: u64) -> Now {
        Now { moment: Moment(5_000_000 + millis), wall: Timestamp(wall_of_machine().0 - 3_600_000) }
    }

    #[test]
    fn all_clones_tell_the_time_of_the_directory_once_it_is_measured() {
        let clock = Clock::default();
        let clone = clock.clone();
        assert!(clone.now().moment < Moment(60_000) && clone.machine_ahead_ms() == 0);
        let measured = directory(0);
        clock.measure(clock.local(), clock.local(), measured);
        let now = clone.now();
        assert!((0..60_000).contains(&(now.moment.0 - measured.moment.0)), "{now:?}");
        assert!(now.wall.since(measured.wall) < Duration::from_secs(60), "{now:?}");
        assert!((3_600_000 - 60_000..=3_600_000 + 60_000).contains(&clone.machine_ahead_ms()));
    }

    #[test]
    fn time_that_a_test_has_let_pass_is_not_taken_back() {
        let clock = Clock::default();
        clock.measure(clock.local(), clock.local(), directory(0));
        let before = clock.now();
        clock.advance(Duration::from_secs(3_600));
        // The time of the directory does not include the time by which the test has moved this clock.
        let local = clock.local();
        clock.measure(local, local, directory(local.0 - 3_600_000));
        let after = clock.now();
        assert!(after.moment.since(before.moment) >= Duration::from_secs(3_600), "{before:?} {after:?}");
        assert!(after.wall.since(before.wall) >= Duration::from_secs(3_600), "{before:?} {after:?}");
    }
}
