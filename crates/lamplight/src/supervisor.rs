//! The notification protocol of systemd for services of `Type=notify`: ready, stopping, watchdog.
//!
//! Every supervisor that sets `NOTIFY_SOCKET` gets the notifications.

use sd_notify::NotifyState;
use std::convert::Infallible;
use std::time::Duration;

/// Notifies the supervisor of a new state. An error is logged and does not stop the server.
pub fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "cannot notify the supervisor");
    }
}

/// Notifies the watchdog three times per timeout while `is_alive` returns `true`. Runs until the future is dropped.
pub async fn feed_watchdog(is_alive: impl Fn() -> bool) -> Infallible {
    let Some(patience) = sd_notify::watchdog_enabled() else {
        return std::future::pending().await;
    };
    let mut tick = tokio::time::interval((patience / 3).max(Duration::from_millis(1)));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if is_alive() {
            tell(NotifyState::Watchdog);
        } else {
            tracing::error!("a worker makes no progress; the watchdog is not notified");
        }
    }
}
