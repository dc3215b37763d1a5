//! The rate limits of commands: an exact sliding window for each app and command. A call beyond the limit gets 60007.

use hashbrown::HashMap;
use lamplight_core::SlidingWindow;
use lamplight_model::{AppId, Moment, RateLimit};
use parking_lot::Mutex;

/// The sliding windows, by app and by the command's index in the table; at most one for each app and command.
#[derive(Default)]
pub struct Rates {
    windows: Mutex<HashMap<(AppId, usize), SlidingWindow>>,
}

impl Rates {
    /// Counts one call and returns true, unless the limit is reached; then returns false.
    pub fn take(&self, app: AppId, command: usize, limit: RateLimit, now: Moment) -> bool {
        let mut windows = self.windows.lock();
        windows.entry((app, command)).or_default().take(limit, now)
    }
}
