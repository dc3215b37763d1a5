//! The heartbeat interval that the network path needs, learned from the silences after which links were cut.
//!
//! A proxy, a load balancer or a NAT between client and server cuts a link without traffic after some time, with or
//! without a notification to the client. It does so after the same silence each time; links that break for other
//! reasons do not.

use std::time::Duration;

/// The heartbeat interval is reduced at most to this part of the usual one, so that a path that cuts links for
/// another reason, such as their age, causes no more heartbeats than that.
const SHORTEST: u32 = 8;

/// Two silences count as equal if they differ by at most this part of the later one.
const TOLERANCE: u32 = 20;

/// The knowledge of a session about its network path.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct NetworkPath {
    /// The silence after which a link was cut last; zero before the first cut.
    silence: Duration,
    /// The longest time between two heartbeats that the path allows, if it is known.
    longest: Option<Duration>,
}

impl NetworkPath {
    /// Records that a link with this usual interval was cut after this silence. Two successive cuts after the same
    /// silence reduce the interval to half of it. A silence below the shortest interval belongs to a link in use and
    /// is ignored.
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

    /// A table of cases, with which all SDKs are tested. The columns are the usual interval, the silences before
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
