//! The requests of each connection in the current window, weighted by cost, and the paused connections.
//!
//! The rule for the rate is in `lamplight-core`.

use lamplight_core::{RequestPace, RequestRate};
use lamplight_model::Moment;
use std::cell::{Cell, RefCell};

/// The weighted request counts of a worker's connections, and the connections that are paused.
#[derive(Default)]
pub struct RequestWindows {
    /// The request counts by slot. They are not fields of `Connection`, because an assertion limits the size of a
    /// connection.
    paces: RefCell<Vec<RequestPace>>,
    /// The connections whose requests came too fast.
    paused: RefCell<Vec<u32>>,
    /// The number of the current window, the period in which requests are counted.
    window: Cell<u16>,
}

impl RequestWindows {
    /// Returns the number of the current window, the period in which requests are counted.
    pub fn window(&self) -> u16 {
        self.window.get()
    }

    /// Returns the request count of the connection in a slot.
    pub fn pace(&self, slot: usize) -> RequestPace {
        let mut paces = self.paces.borrow_mut();
        if paces.len() <= slot {
            paces.resize(slot + 1, RequestPace::default());
        }
        paces[slot]
    }

    /// Stores the request count of the connection in a slot. The caller must have called [`Self::pace`] for the slot.
    pub fn set_pace(&self, slot: usize, pace: RequestPace) {
        self.paces.borrow_mut()[slot] = pace;
    }

    /// Pauses the connection in a slot until the next window, because its requests came too fast.
    pub fn pause(&self, slot: usize) {
        self.paused.borrow_mut().push(slot as u32);
    }

    /// Returns the time when [`Self::open`] must be called next; `None` if no connection is paused.
    pub fn next(&self, now: Moment) -> Option<Moment> {
        (!self.paused.borrow().is_empty()).then(|| RequestRate::next_window(now))
    }

    /// Starts the window that contains `now`, unless it is already the current window. Returns the slots of the
    /// connections that were paused.
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
        assert_eq!(windows.next(first), None);
        windows.pause(3);
        windows.pause(1);
        assert_eq!(windows.open(first), [0_u32; 0]);
        assert_eq!(windows.next(first), Some(next));
        assert_eq!(windows.open(next), [3, 1]);
        assert_eq!(windows.next(next), None);
        assert_eq!(windows.open(next + RequestRate::WINDOW), [0_u32; 0]);
    }
}
