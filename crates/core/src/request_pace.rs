//! The pace at which the requests of one connection are handled.
//!
//! Some calls are not limited (SPEC section 3), and a refusal costs work too. So a connection that asks for more than a
//! rate is answered at that rate: what it sends beyond waits unread in its socket. Nothing is refused and nothing is
//! lost, and one client cannot have the processor to itself.
//!
//! Counted in fixed windows, so that a connection costs four bytes and no timer.

use lamplight_model::Moment;
use std::time::Duration;

/// How many requests of one connection are handled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestRate {
    /// Requests a second, up to 200,000. 0: no limit.
    pub per_second: u32,
}

impl Default for RequestRate {
    /// 2,000 a second: far more than a person or a client library asks for, and a few hundredths of one core.
    fn default() -> Self {
        Self { per_second: 2_000 }
    }
}

impl RequestRate {
    /// The length of a window. A connection that was too fast waits for at most so long.
    pub const WINDOW: Duration = Duration::from_millis(250);

    /// The window of a moment.
    pub fn window(now: Moment) -> u16 {
        // Only whether two windows are the same counts.
        (now.0 / Self::WINDOW.as_millis() as u64) as u16
    }

    fn per_window(self) -> u32 {
        self.per_second.div_ceil((1_000 / Self::WINDOW.as_millis()) as u32)
    }
}

/// The requests of one connection in a window.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct RequestPace {
    window: u16,
    handled: u16,
}

impl RequestPace {
    /// Whether another request has to wait for the next window.
    pub fn is_spent(&self, rate: RequestRate, window: u16) -> bool {
        rate.per_second > 0 && self.window == window && u32::from(self.handled) >= rate.per_window()
    }

    /// Takes in that a request was handled.
    pub fn note(&mut self, window: u16) {
        if self.window != window {
            *self = Self { window, handled: 0 };
        }
        self.handled = self.handled.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The requests handled in each of five seconds, of a connection that always has one more.
    fn handled(per_second: u32) -> [u32; 5] {
        let (rate, mut pace) = (RequestRate { per_second }, RequestPace::default());
        std::array::from_fn(|second| {
            let mut handled = 0;
            for at in 0..10_000 {
                let now = Moment(10_000 + second as u64 * 1_000 + at / 10);
                if !pace.is_spent(rate, RequestRate::window(now)) {
                    pace.note(RequestRate::window(now));
                    handled += 1;
                }
            }
            handled
        })
    }

    #[test]
    fn the_rate_is_kept_in_every_second() {
        assert_eq!(handled(2_000), [2_000; 5]);
        // Rounded up to a whole number in each window.
        assert_eq!(handled(1), [4; 5]);
        assert_eq!(handled(0), [10_000; 5]);
        assert_eq!(handled(40_000), [10_000; 5], "nobody waits who asks for less");
    }
}
