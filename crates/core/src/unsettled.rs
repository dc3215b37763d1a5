//! Logins that have ended in the live record, and whose end the facts do not have yet.
//!
//! They are a part of the live record, so that neither a crash nor a store that fails can lose an end: it stays here
//! until the facts have it, and is tried again meanwhile.

use lamplight_model::{EndedLogin, Moment};
use std::time::Duration;

/// The most ends that wait in one record; of more, the latest stay. Each is the end of another device.
pub const MAX_UNSETTLED_ENDS: usize = 256;

/// The pause before the first retry: the operation that ended a login makes the first try itself.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// The longest pause between two retries.
const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// The ends that wait for the facts, the earliest first.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct UnsettledEnds {
    ends: Vec<EndedLogin>,
    /// When they are tried again.
    retry: Moment,
    pause: Duration,
}

impl UnsettledEnds {
    pub(crate) fn new(now: Moment) -> Self {
        Self { ends: Vec::new(), retry: now + FIRST_RETRY, pause: FIRST_RETRY }
    }

    /// The ends that a former process has left, which are tried at once.
    pub(crate) fn restored(ends: Vec<EndedLogin>, now: Moment) -> Option<Self> {
        (!ends.is_empty()).then(|| Self { ends, retry: now, pause: FIRST_RETRY })
    }

    /// The ends.
    pub fn ends(&self) -> &[EndedLogin] {
        &self.ends
    }

    /// When they are tried again.
    pub fn retry(&self) -> Moment {
        self.retry
    }

    /// Whether the end of this login, or of a later one of its device, waits here.
    pub fn has_ended(&self, device: &lamplight_model::DeviceId, login: u64) -> bool {
        self.ends.iter().any(|end| end.device == *device && end.login >= login)
    }

    /// An end that has just happened. The end of an earlier login of the same device is part of that of a later one.
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

    /// Removes ends that the facts have stored. Returns whether any of them was here.
    pub(crate) fn settled(&mut self, settled: &[EndedLogin]) -> bool {
        let before = self.ends.len();
        self.ends.retain(|end| {
            !settled.iter().any(|other| other.device == end.device && other.login >= end.login)
        });
        self.pause = FIRST_RETRY;
        self.ends.len() < before
    }

    /// Notes that a retry begins: the next one comes later, with a longer pause each time.
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
        assert_eq!(waiting.ends(), [end("b", 2), end("a", 3)], "an earlier end takes no later one's place");
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
