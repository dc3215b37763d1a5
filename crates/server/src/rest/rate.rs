//! The rate limits of commands: an exact sliding window for each app and command. Calls above the limit are refused
//! with 60007.

use hashbrown::HashMap;
use lamplight_core::SlidingWindow;
use lamplight_model::{AppId, Moment, RateLimit};
use parking_lot::Mutex;

/// The sliding window of each app and command, by the app's id and the command's index in the table of commands.
#[derive(Default)]
pub struct Rates {
    windows: Mutex<HashMap<(AppId, usize), SlidingWindow>>,
}

impl Rates {
    /// Counts a call within the limit. Above the limit, returns `false` and does not count.
    pub fn take(&self, app: AppId, command: usize, limit: RateLimit, now: Moment) -> bool {
        let mut windows = self.windows.lock();
        windows.entry((app, command)).or_default().take(limit, now)
    }
}
