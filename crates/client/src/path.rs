//! The heartbeat interval that the network path requires, derived from the times without traffic before links were cut.
//!
//! A proxy, load balancer or NAT cuts an idle link after a fixed time. Links that break for other reasons break after
//! varying times.

use std::time::Duration;

/// The usual heartbeat interval divided by this number is the shortest interval. Some paths cut links for another
/// reason, such as their age. On such a path, this limit keeps the number of heartbeats low.
const SHORTEST: u32 = 8;

/// The divisor for comparing times. Two times count as equal if they differ by at most a twentieth of the later one.
const TOLERANCE: u32 = 20;

/// The properties of a session's network path.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct NetworkPath {
    /// The time without traffic before the last cut; zero if no link was cut yet.
    silence: Duration,
    /// The longest time between two heartbeats on this path; `None` if it is not known.
    longest: Option<Duration>,
}

impl NetworkPath {
    /// Records that a link with the heartbeat interval `usual` was cut after the time `silence` without traffic. After
    /// two consecutive cuts with equal times, the interval is at most half of that time. A time below the shortest
    /// interval is ignored, because the link was in use.
    pub(crate) fn cut(&mut self, usual: Duration, silence: Duration) {
        let shortest = usual / SHORTEST;
        if silence < shortest {
            return;
        }
        if silence.abs_diff(self.silence) * TOLERANCE <= silence {
            let half = (silence / 2).max(shortest);
            self.longest = Some(self.longest.map_or(half, |longest| longest.min(half)));
        }
        self.silence = silence;
    }

    /// Returns the time between two heartbeats on this path.
    pub(crate) fn heartbeat(self, usual: Duration) -> Duration {
        self.longest.map_or(usual, |longest| longest.min(usual))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test cases that all SDKs share. The columns, all in ms: the usual interval, the times without traffic before
    /// the cuts, and the expected interval.
    const CASES: &str = include_str!("../tests/sdk/heartbeat.csv");

    #[test]
    fn heartbeats_are_those_of_the_table_that_the_sdks_share() {
        let mut checked = 0;
        for line in CASES.lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<&str> = line.split(',').collect();
            let [usual, silences, heartbeat] = fields[..] else { panic!("{line}") };
            let millis = |text: &str| Duration::from_millis(text.parse().unwrap());
            let mut path = NetworkPath::default();
            silences.split_whitespace().for_each(|silence| path.cut(millis(usual), millis(silence)));
            assert_eq!(path.heartbeat(millis(usual)), millis(heartbeat), "{line}");
            checked += 1;
        }
        assert!(checked > 20, "{checked}");
    }
}
