//! The work that each connection has caused in the current window, and the connections that wait for the next window.
//!
//! The rule for the rate is in `lamplight-core`.

use lamplight_core::{RequestPace, RequestRate};
use lamplight_model::Moment;
use std::cell::{Cell, RefCell};

/// The work counted for the connections of a worker, by their slots, and the connections that are not read from in this
/// window.
#[derive(Default)]
pub struct RequestWindows {
    /// The counts by slot, kept apart from the connections, whose size has an asserted limit.
    paces: RefCell<Vec<RequestPace>>,
    /// Connections whose requests came too fast.
    paused: RefCell<Vec<u32>>,
    /// The window that this round belongs to.
    window: Cell<u16>,
}

impl RequestWindows {
    /// The window that this round belongs to.
    pub fn window(&self) -> u16 {
        self.window.get()
    }

    /// The count of the connection in a slot.
    pub fn pace(&self, slot: usize) -> RequestPace {
        let mut paces = self.paces.borrow_mut();
        if paces.len() <= slot {
            paces.resize(slot + 1, RequestPace::default());
        }
        paces[slot]
    }

    /// Stores the count of the connection in a slot, after [`Self::pace`] has returned it.
    pub fn set_pace(&self, slot: usize, pace: RequestPace) {
        self.paces.borrow_mut()[slot] = pace;
    }

    /// Adds the connection in a slot to those that wait for the next window, because it was too fast.
    pub fn pause(&self, slot: usize) {
        self.paused.borrow_mut().push(slot as u32);
    }

    /// Begins the window of this moment. Returns the connections that waited for it.
    pub fn open(&self, now: Moment) -> Vec<u32> {
        let window = RequestRate::window(now);
        if self.window.replace(window) == window { Vec::new() } else { self.paused.take() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_that_came_too_fast_wait_for_the_next_window() {
        let windows = RequestWindows::default();
        let (first, next) = (Moment(10_000), Moment(10_000) + RequestRate::WINDOW);
        assert_eq!(windows.open(first), [0_u32; 0]);
        windows.pause(3);
        windows.pause(1);
        assert_eq!(windows.open(first), [0_u32; 0]);
        assert_eq!(windows.open(next), [3, 1]);
        assert_eq!(windows.open(next + RequestRate::WINDOW), [0_u32; 0]);
    }
}
