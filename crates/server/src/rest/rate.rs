//! The rate limits of commands (60007 beyond): an exact sliding window for each app and command.

use hashbrown::HashMap;
use lamplight_core::SlidingWindow;
use lamplight_model::{AppId, Moment, RateLimit};
use parking_lot::Mutex;

/// The windows, by app and by the command's place in the table: no more of them than apps times commands.
#[derive(Default)]
pub struct Rates {
    windows: Mutex<HashMap<(AppId, usize), SlidingWindow>>,
}

impl Rates {
    /// Takes a place for one call, if there is one.
    pub fn take(&self, app: AppId, command: usize, limit: RateLimit, now: Moment) -> bool {
        let mut windows = self.windows.lock();
        windows.entry((app, command)).or_default().take(limit, now)
    }
}
