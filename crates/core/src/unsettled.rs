//! Logins that have ended in the live record but not yet in the facts.
//!
//! These ends are a part of the live record, so that no crash or failing store loses them. Storing an end is retried
//! until it succeeds.

use lamplight_model::{EndedLogin, Moment};
use std::time::Duration;

/// The maximum number of ends that one record stores. A device has at most one end. If there are more, the earliest are
/// dropped.
pub const MAX_UNSETTLED_ENDS: usize = 256;

/// The pause before the first retry. The operation that ended the login makes the first attempt itself.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// The longest pause between two retries.
const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// The ended logins that are not stored in the facts yet, earliest first.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct UnsettledEnds {
    ends: Vec<EndedLogin>,
    /// The time of the next retry.
    retry: Moment,
    pause: Duration,
}

impl UnsettledEnds {
    pub(crate) fn new(now: Moment) -> Self {
        Self { ends: Vec::new(), retry: now + FIRST_RETRY, pause: FIRST_RETRY }
    }

    /// Creates the list from the fields that a shared store has.
    pub(crate) fn of(ends: Vec<EndedLogin>, retry: Moment, pause: Duration) -> Self {
        Self { ends, retry, pause }
    }

    /// Creates the list from the ends that an earlier process has left. They are retried at once.
    pub(crate) fn restored(ends: Vec<EndedLogin>, now: Moment) -> Option<Self> {
        (!ends.is_empty()).then(|| Self { ends, retry: now, pause: FIRST_RETRY })
    }

    /// The ended logins, earliest first.
    pub fn ends(&self) -> &[EndedLogin] {
        &self.ends
    }

    /// The time of the next retry.
    pub fn retry(&self) -> Moment {
        self.retry
    }

    /// The pause after the next retry.
    pub(crate) fn pause(&self) -> Duration {
        self.pause
    }

    /// Whether the list contains the end of this login, or of a later login of the same device.
    pub fn has_ended(&self, device: &lamplight_model::DeviceId, login: u64) -> bool {
        self.ends.iter().any(|end| end.device == *device && end.login >= login)
    }

    /// Adds an end. It replaces the end of an earlier login of the same device.
    pub(crate) fn push(&mut self, end: EndedLogin, now: Moment) {
        if self.has_ended(&end.device, end.login) {
            return;
        }
        self.ends.retain(|other| other.device != end.device);
        if self.ends.len() == MAX_UNSETTLED_ENDS {
            self.ends.remove(0);
        }
        self.ends.push(end);
        self.retry = self.retry.max(now + FIRST_RETRY);
    }

    /// Removes the ends that the facts have stored. Returns whether the list had any of them.
    pub(crate) fn settled(&mut self, settled: &[EndedLogin]) -> bool {
        let before = self.ends.len();
        self.ends.retain(|end| {
            !settled.iter().any(|other| other.device == end.device && other.login >= end.login)
        });
        self.pause = FIRST_RETRY;
        self.ends.len() < before
    }

    /// Records that a retry begins, and schedules the next one after twice the pause.
    pub(crate) fn retrying(&mut self, now: Moment) {
        self.pause = (self.pause * 2).min(LONGEST_RETRY);
        self.retry = now + self.pause;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_model::DeviceId;

    fn end(device: &str, login: u64) -> EndedLogin {
        EndedLogin { device: DeviceId::new(device).unwrap(), login, mark: None }
    }

    #[test]
    fn an_end_waits_until_it_is_settled_and_no_longer() {
        let mut waiting = UnsettledEnds::new(Moment(0));
        waiting.push(end("a", 1), Moment(0));
        waiting.push(end("b", 2), Moment(0));
        waiting.push(end("a", 3), Moment(0));
        waiting.push(end("a", 2), Moment(0));
        assert_eq!(waiting.ends(), [end("b", 2), end("a", 3)], "an earlier end does not replace a later one");
        assert!(waiting.has_ended(&end("a", 1).device, 1) && !waiting.has_ended(&end("a", 4).device, 4));
        assert!(!waiting.settled(&[end("a", 1)]), "a later end of the device came meanwhile");
        assert!(waiting.settled(&[end("a", 3)]));
        assert_eq!(waiting.ends(), [end("b", 2)]);
    }

    #[test]
    fn retries_come_later_and_later() {
        let mut waiting = UnsettledEnds::new(Moment(0));
        waiting.push(end("a", 1), Moment(0));
        let mut pauses = Vec::new();
        for _ in 0..8 {
            let now = waiting.retry();
            waiting.retrying(now);
            pauses.push(waiting.retry().since(now).as_secs());
        }
        assert_eq!(pauses, [2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn the_bound_keeps_the_latest() {
        let mut waiting = UnsettledEnds::new(Moment(0));
        for n in 0..=MAX_UNSETTLED_ENDS {
            waiting.push(end(&format!("d{n}"), n as u64 + 1), Moment(0));
        }
        assert_eq!((waiting.ends().len(), &waiting.ends()[0]), (MAX_UNSETTLED_ENDS, &end("d1", 2)));
    }
}
