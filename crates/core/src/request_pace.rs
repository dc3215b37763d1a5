//! Limits the rate at which the requests of one connection are handled.
//!
//! Some calls have no rate limit (SPEC section 3), and even a refusal costs work. Requests above this rate wait unread
//! in the socket. No request is refused or lost, and one client cannot use up the processor.
//!
//! Frames that are not requests cost work as well. A WebSocket control frame counts like a request, because it may need
//! an answer. A part of an incomplete message counts as a fraction of a request.
//!
//! The limit is a leaky bucket. It holds as many requests as the rate allows in 250 ms. After each window of 10 ms, as
//! many requests as the rate allows in 10 ms flow out. A connection therefore needs eight bytes and no timer.

use lamplight_model::Moment;
use std::time::Duration;

/// The rate at which requests of one connection are handled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestRate {
    /// The limit in requests per second, up to 200,000. 0 means no limit.
    pub per_second: u32,
}

impl Default for RequestRate {
    /// The default rate: 2,000 requests per second. A person or a client library sends far fewer. Handling them takes a
    /// few hundredths of one core.
    fn default() -> Self {
        Self { per_second: 2_000 }
    }
}

impl RequestRate {
    /// The length of a window. After too many requests in one window, a connection is read again only in a later
    /// window.
    pub const WINDOW: Duration = Duration::from_millis(10);

    /// The size of the bucket, as a time: a connection may send the requests of this time at once.
    const BURST: Duration = Duration::from_millis(250);

    /// The number of the window that contains a moment.
    pub fn window(now: Moment) -> u16 {
        // The number may wrap around, because it is only compared for equality.
        (now.0 / Self::WINDOW.as_millis() as u64) as u16
    }

    /// The start of the window after the one that contains `now`.
    pub fn next_window(now: Moment) -> Moment {
        let window = Self::WINDOW.as_millis() as u64;
        Moment((now.0 / window + 1) * window)
    }

    /// Returns the number of parts that may come at once. It is at least 1.
    fn burst(self) -> u32 {
        self.thousandths_in(Self::BURST).div_ceil(1_000).try_into().unwrap_or(u32::MAX)
    }

    /// Returns how many parts flow out of the bucket in this number of windows, rounded down.
    fn flow(self, windows: u16) -> u32 {
        (self.thousandths_in(Self::WINDOW * u32::from(windows)) / 1_000).try_into().unwrap_or(u32::MAX)
    }

    /// Returns the number of parts that may be handled in a time, in thousandths of a part.
    fn thousandths_in(self, time: Duration) -> u64 {
        u64::from(self.per_second) * u64::from(Received::PARTS) * time.as_millis() as u64
    }
}

/// The cost of received data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Received {
    /// A request, or a control frame.
    Whole,
    /// At most 128 bytes of an incomplete message. These bytes may contain many fragments, even empty ones.
    Part,
}

impl Received {
    /// The number of parts that count like one request. A message of 512 KiB has 4,096 parts, which count like 256
    /// requests. This is half of a burst at the default rate.
    const PARTS: u32 = 16;

    fn cost(self) -> u32 {
        match self {
            Self::Whole => Self::PARTS,
            Self::Part => 1,
        }
    }
}

/// The recent work for one connection.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct RequestPace {
    window: u16,
    /// The content of the bucket at the end of `window`, in parts.
    used: u32,
}

impl RequestPace {
    /// Whether the next request has to wait for a later window.
    pub fn is_spent(&self, rate: RequestRate, window: u16) -> bool {
        rate.per_second > 0 && self.used_at(rate, window) >= rate.burst()
    }

    /// Adds the cost of data that was handled.
    pub fn note(&mut self, received: Received, rate: RequestRate, window: u16) {
        let used = self.used_at(rate, window).saturating_add(received.cost());
        *self = Self { window, used };
    }

    /// The content of the bucket in `window`. It is the content after the last work, less the outflow since then.
    fn used_at(&self, rate: RequestRate, window: u16) -> u32 {
        self.used.saturating_sub(rate.flow(window.wrapping_sub(self.window)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of requests or parts that are handled in each window, for a connection that always has more to send.
    fn handled(per_second: u32, received: Received, windows: u64) -> Vec<u32> {
        let (rate, mut pace) = (RequestRate { per_second }, RequestPace::default());
        let handled_in = |window: u64| {
            let window = RequestRate::window(Moment(10_000 + window * 10));
            let mut handled = 0;
            while handled < 10_000 && !pace.is_spent(rate, window) {
                pace.note(received, rate, window);
                handled += 1;
            }
            handled
        };
        (0..windows).map(handled_in).collect()
    }

    #[test]
    fn a_connection_that_always_has_more_is_served_in_small_portions() {
        for (per_second, received, expected) in [
            (2_000, Received::Whole, [500, 20, 20, 20, 20]),
            // Parts of a message count for a sixteenth.
            (2_000, Received::Part, [8_000, 320, 320, 320, 320]),
            (200, Received::Whole, [50, 2, 2, 2, 2]),
            (40, Received::Whole, [10, 1, 0, 1, 0]),
            (200_000, Received::Whole, [10_000, 10_000, 10_000, 10_000, 10_000]),
            (0, Received::Whole, [10_000, 10_000, 10_000, 10_000, 10_000]),
        ] {
            assert_eq!(handled(per_second, received, 5), expected, "{per_second}");
        }
    }

    #[test]
    fn in_the_long_run_the_rate_is_kept() {
        // Counts the requests or parts that are handled in ten seconds, beyond the burst. The outflow is rounded down
        // each time, so a little less than the rate may be handled.
        for (per_second, received, parts) in [
            (2_000, Received::Whole, 1),
            (1_990, Received::Whole, 1),
            (100, Received::Whole, 1),
            (10, Received::Whole, 1),
            (1, Received::Whole, 1),
            (100, Received::Part, 16),
            (1, Received::Part, 16),
        ] {
            let all: u32 = handled(per_second, received, 1_000).iter().sum();
            let (rate, burst) = (per_second * 10 * parts, per_second * parts / 4);
            assert!(all >= rate * 4 / 5 + burst, "{per_second}: {all}");
            assert!(all <= rate + burst + 1, "{per_second}: {all}");
        }
    }

    #[test]
    fn the_burst_comes_back_with_silence() {
        let rate = RequestRate::default();
        let mut pace = RequestPace::default();
        let burst = |pace: &mut RequestPace, window| {
            let mut handled = 0;
            while !pace.is_spent(rate, window) {
                pace.note(Received::Whole, rate, window);
                handled += 1;
            }
            handled
        };
        // Each pair: the number of idle windows, and the number of requests that may then be handled at once. The
        // number of the window wraps around meanwhile.
        let mut window = u16::MAX - 1_010;
        for (silence, at_once) in [(1_000, 500), (1, 20), (2, 40), (5, 100), (25, 500), (30_000, 500)] {
            window = window.wrapping_add(silence);
            assert_eq!(burst(&mut pace, window), at_once, "{silence}");
        }
    }

    #[test]
    fn the_highest_rate_does_not_overflow() {
        let rate = RequestRate { per_second: 200_000 };
        let mut pace = RequestPace::default();
        (0..49_999).for_each(|_| pace.note(Received::Whole, rate, 1));
        assert!(!pace.is_spent(rate, 1));
        pace.note(Received::Whole, rate, 1);
        assert!(pace.is_spent(rate, 1) && !pace.is_spent(rate, 2));
        assert_eq!(pace.used_at(rate, 0), 0, "after the longest silence");
    }

    #[test]
    fn the_next_window_is_another_one() {
        for (now, next) in [(0, 10), (9, 10), (10, 20), (10_001, 10_010)] {
            assert_eq!(RequestRate::next_window(Moment(now)), Moment(next));
            assert_ne!(RequestRate::window(Moment(now)), RequestRate::window(Moment(next)));
        }
    }
}
