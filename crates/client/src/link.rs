//! The state of a live link: the requests without an answer, and the time at which the link is given up.

use crate::Error;
use crate::path::NetworkPath;
use crate::request::Request;
use lamplight_model::{Moment, Platform};
use std::collections::BTreeMap;
use std::time::Duration;

/// The maximum number of requests on the link that have no answer yet. Further calls wait in the session's queue.
pub(crate) const MAX_IN_FLIGHT: usize = 64;

/// If a request is unanswered and no bytes are received for this time, the link is given up.
///
/// A server answers each call within 5 s. Answers come in the order of the requests, so the answer to a heartbeat
/// cannot overtake a late answer. The default call timeout is 10 s, so a call that may be repeated can still be sent on
/// the next link.
pub(crate) const ANSWER_PATIENCE: Duration = Duration::from_secs(8);

/// The time that replaces [`ANSWER_PATIENCE`] after a change of the device's network. The change may have broken the
/// link.
pub(crate) const DOUBT_PATIENCE: Duration = Duration::from_secs(3);

/// The time that replaces [`ANSWER_PATIENCE`] after a sleep of the device. Most links break during a sleep.
pub(crate) const WAKE_PATIENCE: Duration = Duration::from_millis(800);

/// The longest time between two heartbeats of a native client.
const HEARTBEAT_NATIVE: Duration = Duration::from_secs(120);

/// The longest time between two heartbeats of a Web client.
const HEARTBEAT_WEB: Duration = Duration::from_secs(20);

/// The shortest time between two heartbeats, even if the server's timeout is shorter.
const HEARTBEAT_LEAST: Duration = Duration::from_millis(100);

/// The maximum wait before a link that broke during a sleep is replaced. The wait is random, because many devices may
/// wake at the same time.
pub(crate) const WAKE_SPREAD: Duration = Duration::from_millis(100);

/// The id of a call of the application. The driver chooses it, and uses each id only once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct CallId(pub u64);

/// The state of a live link.
#[derive(Debug)]
pub(crate) struct Link {
    since: Moment,
    /// The usual time between two heartbeats, computed from the server's heartbeat timeout.
    usual_heartbeat: Duration,
    last_sent: Moment,
    last_heard: Moment,
    /// The time when the link is given up, if a request is unanswered then. Received bytes postpone this time.
    give_up_at: Moment,
    /// `true` if the device has slept and no bytes were received since.
    woken: bool,
    in_flight: BTreeMap<u64, InFlight>,
}

/// A request that was sent and has no answer yet.
#[derive(Debug)]
pub(crate) enum InFlight {
    Heartbeat,
    Restore,
    ListCheck,
    Call(Call),
}

/// A call of the application.
#[derive(Debug)]
pub(crate) struct Call {
    /// The id of the call; `None` after its caller has got a timeout. The answer may still report changes.
    pub(crate) id: Option<CallId>,
    pub(crate) deadline: Moment,
    pub(crate) request: Request,
    /// `true` if the request was sent, so that the server may have executed it.
    pub(crate) sent: bool,
}

impl Call {
    /// Creates a call that was not sent yet.
    pub(crate) fn new(id: CallId, deadline: Moment, request: Request) -> Self {
        Self { id: Some(id), deadline, request, sent: false }
    }

    /// Returns the error of a call whose deadline has passed.
    pub(crate) fn overdue(&self) -> Error {
        if self.sent { Error::Timeout } else { Error::NotSent }
    }
}

impl Link {
    /// Creates a link that has just logged in.
    pub(crate) fn new(heartbeat_timeout: Duration, platform: Platform, now: Moment) -> Self {
        Self {
            since: now,
            usual_heartbeat: heartbeat_interval(heartbeat_timeout, platform),
            last_sent: now,
            last_heard: now,
            give_up_at: now + ANSWER_PATIENCE,
            woken: false,
            in_flight: BTreeMap::new(),
        }
    }

    /// Sets a new heartbeat timeout of the server.
    pub(crate) fn set_heartbeat(&mut self, heartbeat_timeout: Duration, platform: Platform) {
        self.usual_heartbeat = heartbeat_interval(heartbeat_timeout, platform);
    }

    /// Returns the age of the link.
    pub(crate) fn age(&self, now: Moment) -> Duration {
        now.since(self.since)
    }

    /// Returns `true` if another call may be sent.
    pub(crate) fn has_room(&self) -> bool {
        self.in_flight.len() < MAX_IN_FLIGHT
    }

    /// Records that a request was sent.
    pub(crate) fn sent(&mut self, id: u64, request: InFlight, now: Moment) {
        if self.in_flight.is_empty() {
            self.give_up_at = now + ANSWER_PATIENCE;
        }
        self.last_sent = now;
        self.in_flight.insert(id, request);
    }

    /// Records the sending of a message that gets no answer.
    pub(crate) fn sent_unasking(&mut self, now: Moment) {
        self.last_sent = now;
    }

    /// Records that bytes were received.
    pub(crate) fn heard(&mut self, now: Moment) {
        self.give_up_at = now + ANSWER_PATIENCE;
        self.last_heard = now;
        self.woken = false;
    }

    /// Records that the link may be broken, and that a heartbeat was sent as a test. If no bytes arrive within
    /// [`DOUBT_PATIENCE`], the link is given up.
    pub(crate) fn doubt(&mut self, now: Moment) {
        self.give_up_at = self.give_up_at.min(now + DOUBT_PATIENCE);
    }

    /// Records that the device has slept, and that a heartbeat was sent. The deadlines that passed during the sleep do
    /// not count.
    pub(crate) fn wake(&mut self, now: Moment) {
        if !self.woken {
            self.give_up_at = now + WAKE_PATIENCE;
            self.woken = true;
        }
    }

    /// Returns `true` if the device has slept and no bytes were received since.
    pub(crate) fn is_woken(&self) -> bool {
        self.woken
    }

    /// Removes and returns the request with this id; `None` if there is none.
    pub(crate) fn take(&mut self, id: u64) -> Option<InFlight> {
        self.in_flight.remove(&id)
    }

    /// Returns `true` if a heartbeat has no answer yet.
    pub(crate) fn heartbeat_in_flight(&self) -> bool {
        self.in_flight.values().any(|request| matches!(request, InFlight::Heartbeat))
    }

    /// Returns the time when the next heartbeat must be sent. The network path may require an earlier time than usual.
    pub(crate) fn heartbeat_due(&self, path: NetworkPath) -> Moment {
        self.last_sent + path.heartbeat(self.usual_heartbeat)
    }

    /// Returns the usual time between two heartbeats, without regard to the network path.
    pub(crate) fn usual_heartbeat(&self) -> Duration {
        self.usual_heartbeat
    }

    /// Returns the time without traffic of a link that ends now. If a request is unanswered, that is the time from the
    /// last received bytes to the last sent message. The network path may have been cut in that time, unnoticed by the
    /// client.
    pub(crate) fn silence(&self, now: Moment) -> Duration {
        let until = if self.in_flight.is_empty() { now } else { self.last_sent };
        until.since(self.last_heard)
    }

    /// Returns the time when the link is given up, unless bytes are received before. Returns `None` if all requests
    /// have answers.
    pub(crate) fn given_up_at(&self) -> Option<Moment> {
        (!self.in_flight.is_empty()).then_some(self.give_up_at)
    }

    /// Returns `true` if the application has made this request, and the request is not answered yet.
    pub(crate) fn has_in_flight(&self, request: &Request) -> bool {
        self.in_flight.values().any(|sent| matches!(sent, InFlight::Call(call) if call.request == *request))
    }

    /// Returns the calls whose callers still wait for an answer.
    pub(crate) fn calls(&mut self) -> impl Iterator<Item = &mut Call> {
        self.in_flight.values_mut().filter_map(|request| match request {
            InFlight::Call(call) => call.id.is_some().then_some(call),
            InFlight::Heartbeat | InFlight::Restore | InFlight::ListCheck => None,
        })
    }

    /// Removes and returns the calls that may be repeated after the link broke, in the order of sending.
    pub(crate) fn take_repeatable(&mut self) -> Vec<Call> {
        let is_repeatable = |request: &InFlight| match request {
            InFlight::Call(call) => call.id.is_some() && call.request.is_repeatable(),
            InFlight::Heartbeat | InFlight::Restore | InFlight::ListCheck => false,
        };
        let taken = self.in_flight.extract_if(.., |_, request| is_repeatable(request));
        taken
            .filter_map(|(_, request)| match request {
                InFlight::Call(call) => Some(call),
                InFlight::Heartbeat | InFlight::Restore | InFlight::ListCheck => None,
            })
            .collect()
    }

    /// Returns the earliest deadline of a call; `None` if there is no call.
    pub(crate) fn next_call_deadline(&self) -> Option<Moment> {
        let deadlines = self.in_flight.values().filter_map(|request| match request {
            InFlight::Call(call) => call.id.map(|_| call.deadline),
            InFlight::Heartbeat | InFlight::Restore | InFlight::ListCheck => None,
        });
        deadlines.min()
    }
}

/// Returns the interval between heartbeats. It is below a third of the server's timeout, so that two heartbeats may be
/// lost. It is at most the interval of SPEC section 2.
fn heartbeat_interval(timeout: Duration, platform: Platform) -> Duration {
    let longest = if platform.is_web() { HEARTBEAT_WEB } else { HEARTBEAT_NATIVE };
    if timeout.is_zero() {
        return longest;
    }
    (timeout * 3 / 10).clamp(HEARTBEAT_LEAST, longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_comes_within_a_third_of_the_timeout() {
        let cases = [
            (400_000, Platform::Android, 120_000),
            (60_000, Platform::Web, 18_000),
            (3_600_000, Platform::Mac, 120_000),
            (3_600_000, Platform::Web, 20_000),
            (1_000, Platform::Linux, 300),
            (10, Platform::Linux, 100),
            (0, Platform::Linux, 120_000),
            (0, Platform::Web, 20_000),
        ];
        for (timeout, platform, expected) in cases {
            let interval = heartbeat_interval(Duration::from_millis(timeout), platform);
            assert_eq!(interval, Duration::from_millis(expected), "{timeout} {platform}");
        }
    }
}
