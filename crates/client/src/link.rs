//! A live, logged-in link, as the machine sees it: what was asked and not answered, and when it is given up.

use crate::Error;
use crate::path::NetworkPath;
use crate::request::Request;
use lamplight_model::{Moment, Platform};
use std::collections::BTreeMap;
use std::time::Duration;

/// The most requests that await their answers on the link. Further calls wait in the session.
pub(crate) const MAX_IN_FLIGHT: usize = 64;

/// How long an answer may be awaited while nothing at all is heard. Then the link is given up.
///
/// A server answers each call within 5 s, if only with a refusal, and answers in order: a heartbeat behind a call that is
/// late would be as late. So the call itself is the test of the link. A call waits for 10 s; one that may be repeated is
/// made again on the next link within them.
pub(crate) const ANSWER_PATIENCE: Duration = Duration::from_secs(8);

/// The same once there is reason to doubt the link: the device has changed its network.
pub(crate) const DOUBT_PATIENCE: Duration = Duration::from_secs(3);

/// The same after a sleep, in which most links die without a word.
pub(crate) const WAKE_PATIENCE: Duration = Duration::from_millis(800);

/// The longest time between two heartbeats of a native client.
const HEARTBEAT_NATIVE: Duration = Duration::from_secs(120);

/// The longest time between two heartbeats of a Web client.
const HEARTBEAT_WEB: Duration = Duration::from_secs(20);

/// The shortest time between two heartbeats, whatever the server says.
const HEARTBEAT_LEAST: Duration = Duration::from_millis(100);

/// Within which a link that has died in a sleep is made again, at random: machines may have slept together.
pub(crate) const WAKE_SPREAD: Duration = Duration::from_millis(100);

/// Names a call of the application; chosen by the shell, never used twice.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct CallId(pub u64);

/// The state of a live link.
#[derive(Debug)]
pub(crate) struct Link {
    since: Moment,
    /// The time between two heartbeats that the server's timeout asks for.
    usual_heartbeat: Duration,
    last_sent: Moment,
    last_heard: Moment,
    /// When the link is given up unless something is heard, as long as a request is in flight.
    give_up_at: Moment,
    /// The device has slept, and nothing was heard since.
    woken: bool,
    in_flight: BTreeMap<u64, InFlight>,
}

/// A request that was sent and not answered.
#[derive(Debug)]
pub(crate) enum InFlight {
    Heartbeat,
    Restore,
    Call(Call),
}

/// A call of the application.
#[derive(Debug)]
pub(crate) struct Call {
    /// Absent once the caller has been told of a timeout. The answer is still awaited, for what it changes.
    pub(crate) id: Option<CallId>,
    pub(crate) deadline: Moment,
    pub(crate) request: Request,
    /// The request has been sent at least once: whether the server has done it may be unknown.
    pub(crate) sent: bool,
}

impl Call {
    /// A call that was not sent yet.
    pub(crate) fn new(id: CallId, deadline: Moment, request: Request) -> Self {
        Self { id: Some(id), deadline, request, sent: false }
    }

    /// Why a call has no answer by its deadline.
    pub(crate) fn overdue(&self) -> Error {
        if self.sent { Error::Timeout } else { Error::NotSent }
    }
}

impl Link {
    /// A link that has logged in now.
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

    /// The server has told its heartbeat timeout again.
    pub(crate) fn set_heartbeat(&mut self, heartbeat_timeout: Duration, platform: Platform) {
        self.usual_heartbeat = heartbeat_interval(heartbeat_timeout, platform);
    }

    /// How long the link has lived.
    pub(crate) fn age(&self, now: Moment) -> Duration {
        now.since(self.since)
    }

    /// Whether one more call may be sent.
    pub(crate) fn has_room(&self) -> bool {
        self.in_flight.len() < MAX_IN_FLIGHT
    }

    /// A request is being sent.
    pub(crate) fn sent(&mut self, id: u64, request: InFlight, now: Moment) {
        if self.in_flight.is_empty() {
            self.give_up_at = now + ANSWER_PATIENCE;
        }
        self.last_sent = now;
        self.in_flight.insert(id, request);
    }

    /// Something is being sent that asks for no answer.
    pub(crate) fn sent_unasking(&mut self, now: Moment) {
        self.last_sent = now;
    }

    /// Something was heard.
    pub(crate) fn heard(&mut self, now: Moment) {
        self.give_up_at = now + ANSWER_PATIENCE;
        self.last_heard = now;
        self.woken = false;
    }

    /// There is reason to doubt the link, and a heartbeat was sent: its answer is due soon.
    pub(crate) fn doubt(&mut self, now: Moment) {
        self.give_up_at = self.give_up_at.min(now + DOUBT_PATIENCE);
    }

    /// The device has slept, and a heartbeat was sent. What was due during the sleep says nothing of the link.
    pub(crate) fn wake(&mut self, now: Moment) {
        if !self.woken {
            self.give_up_at = now + WAKE_PATIENCE;
            self.woken = true;
        }
    }

    /// Whether the device has slept, and nothing was heard since.
    pub(crate) fn is_woken(&self) -> bool {
        self.woken
    }

    /// Takes the request that an answer belongs to.
    pub(crate) fn take(&mut self, id: u64) -> Option<InFlight> {
        self.in_flight.remove(&id)
    }

    /// Whether a heartbeat awaits its answer.
    pub(crate) fn heartbeat_in_flight(&self) -> bool {
        self.in_flight.values().any(|request| matches!(request, InFlight::Heartbeat))
    }

    /// When the next heartbeat is due on this path.
    pub(crate) fn heartbeat_due(&self, path: NetworkPath) -> Moment {
        self.last_sent + path.heartbeat(self.usual_heartbeat)
    }

    /// The time between two heartbeats that the server's timeout asks for.
    pub(crate) fn usual_heartbeat(&self) -> Duration {
        self.usual_heartbeat
    }

    /// How long nothing had passed in either direction when the link ended now, or when the request was sent that nothing
    /// was heard after: a link that is cut without telling the client is silent until then.
    pub(crate) fn silence(&self, now: Moment) -> Duration {
        let until = if self.in_flight.is_empty() { now } else { self.last_sent };
        until.since(self.last_heard)
    }

    /// When the link is given up unless something is heard.
    pub(crate) fn given_up_at(&self) -> Option<Moment> {
        (!self.in_flight.is_empty()).then_some(self.give_up_at)
    }

    /// The calls whose callers still wait.
    pub(crate) fn calls(&mut self) -> impl Iterator<Item = &mut Call> {
        self.in_flight.values_mut().filter_map(|request| match request {
            InFlight::Call(call) => call.id.is_some().then_some(call),
            InFlight::Heartbeat | InFlight::Restore => None,
        })
    }

    /// Takes the calls that may be made once more after the link broke without an answer, in the order of sending.
    pub(crate) fn take_repeatable(&mut self) -> Vec<Call> {
        let is_repeatable = |request: &InFlight| match request {
            InFlight::Call(call) => call.id.is_some() && call.request.is_repeatable(),
            InFlight::Heartbeat | InFlight::Restore => false,
        };
        let taken = self.in_flight.extract_if(.., |_, request| is_repeatable(request));
        taken
            .filter_map(|(_, request)| match request {
                InFlight::Call(call) => Some(call),
                InFlight::Heartbeat | InFlight::Restore => None,
            })
            .collect()
    }

    /// The earliest deadline of a call.
    pub(crate) fn next_call_deadline(&self) -> Option<Moment> {
        let deadlines = self.in_flight.values().filter_map(|request| match request {
            InFlight::Call(call) => call.id.map(|_| call.deadline),
            InFlight::Heartbeat | InFlight::Restore => None,
        });
        deadlines.min()
    }
}

/// Less than a third of the server's timeout, so that two heartbeats may be lost, and never longer than the
/// SPEC says (section 2).
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
