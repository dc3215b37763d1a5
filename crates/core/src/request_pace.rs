//! Limits the rate at which the requests of one connection are handled.
//!
//! Some calls have no rate limit (SPEC section 3), and even a refusal costs work. If a client sends requests faster
//! than the limit, they wait unread in the socket. No request is refused or lost, and one client cannot use up the
//! processor.
//!
//! Frames that are not requests cost work as well. A WebSocket control frame counts like a request, because it may need
//! an answer. A part of a message counts as a fraction of a request.
//!
//! The requests are counted in fixed windows of time, so a connection needs eight bytes and no timer.

use lamplight_model::Moment;
use std::time::Duration;

/// The rate at which requests of one connection are handled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestRate {
    /// The limit in requests per second, up to 200,000. 0 means no limit.
    pub per_second: u32,
}

impl Default for RequestRate {
    /// 2,000 per second, which is far more than a person or a client library sends. Handling them takes a few
    /// hundredths of one core.
    fn default() -> Self {
        Self { per_second: 2_000 }
    }
}

impl RequestRate {
    /// The length of a window. A connection that was too fast waits at most this long.
    pub const WINDOW: Duration = Duration::from_millis(250);

    /// The number of the window that contains a moment.
    pub fn window(now: Moment) -> u16 {
        // The number may wrap around, because it is only compared for equality.
        (now.0 / Self::WINDOW.as_millis() as u64) as u16
    }

    fn per_window(self) -> u32 {
        self.per_second.div_ceil((1_000 / Self::WINDOW.as_millis()) as u32)
    }
}

/// The cost of received data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Received {
    /// A request, or a control frame.
    Whole,
    /// At most 128 bytes of an incomplete message. A message may have many fragments, even empty ones.
    Part,
}

impl Received {
    /// The number of parts that count like one request. A message of 512 KiB has 4,096 parts, which cost half a window
    /// at the default rate.
    const PARTS: u32 = 16;

    fn cost(self) -> u32 {
        match self {
            Self::Whole => Self::PARTS,
            Self::Part => 1,
        }
    }
}

/// The work that one connection has caused in the current window.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct RequestPace {
    window: u16,
    /// The cost so far, in units of one part.
    handled: u32,
}

impl RequestPace {
    /// Whether the limit of the current window is reached, so that the next request has to wait for the next window.
    pub fn is_spent(&self, rate: RequestRate, window: u16) -> bool {
        rate.per_second > 0 && self.window == window && self.handled >= rate.per_window() * Received::PARTS
    }

    /// Adds the cost of data that was handled.
    pub fn note(&mut self, received: Received, window: u16) {
        if self.window != window {
            *self = Self { window, handled: 0 };
        }
        self.handled = self.handled.saturating_add(received.cost());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of requests or parts handled in each of five seconds, on a connection that always has more of them.
    fn handled(per_second: u32, received: Received) -> [u32; 5] {
        let (rate, mut pace) = (RequestRate { per_second }, RequestPace::default());
        std::array::from_fn(|second| {
            let mut handled = 0;
            for at in 0..10_000 {
                let now = Moment(10_000 + second as u64 * 1_000 + at / 10);
                if !pace.is_spent(rate, RequestRate::window(now)) {
                    pace.note(received, RequestRate::window(now));
                    handled += 1;
                }
            }
            handled
        })
    }

    #[test]
    fn the_rate_is_kept_in_every_second() {
        let requests = |per_second| handled(per_second, Received::Whole);
        assert_eq!(requests(2_000), [2_000; 5]);
        // The rate is rounded up to a whole number of requests in each window.
        assert_eq!(requests(1), [4; 5]);
        assert_eq!(requests(0), [10_000; 5]);
        assert_eq!(requests(40_000), [10_000; 5], "a client below the limit never waits");
    }

    #[test]
    fn parts_of_messages_count_for_a_sixteenth() {
        assert_eq!(handled(100, Received::Part), [1_600; 5]);
        assert_eq!(handled(2_000, Received::Part), [10_000; 5]);
    }

    #[test]
    fn the_highest_rate_does_not_overflow() {
        let (rate, mut pace) = (RequestRate { per_second: 200_000 }, RequestPace::default());
        (0..49_999).for_each(|_| pace.note(Received::Whole, 1));
        assert!(!pace.is_spent(rate, 1));
        pace.note(Received::Whole, 1);
        assert!(pace.is_spent(rate, 1) && !pace.is_spent(rate, 2));
    }
}
