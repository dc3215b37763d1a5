//! Time limits of an HTTP connection: how long the peer may take to send a request and to receive an answer.
//!
//! The module counts times and bytes. It does not use sockets or timers.

use lamplight_model::Moment;
use std::time::Duration;

/// The minimum rate of a transfer: a grace, and then a number of bytes per second. A transfer may also have a longest
/// time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MinimumRate {
    /// The time that every transfer has, in addition to the time for its bytes.
    pub grace: Duration,
    /// The rate in bytes per second. Each time this many bytes are transferred, the transfer gets one more second.
    pub bytes_per_second: u64,
    /// The longest time of a transfer, even if it is fast enough; `None` if there is none.
    pub longest: Option<Duration>,
}

impl MinimumRate {
    /// Returns the deadline of a transfer that began at `began` and has transferred `bytes`. If no more bytes are
    /// transferred before the deadline, the transfer is too slow or takes too long.
    pub fn deadline(&self, began: Moment, bytes: u64) -> Moment {
        let earned = bytes.saturating_mul(1_000) / self.bytes_per_second.max(1);
        let allowed = self.grace.saturating_add(Duration::from_millis(earned));
        began + self.longest.map_or(allowed, |longest| allowed.min(longest))
    }
}

/// The time limits of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PaceLimits {
    /// The longest wait for the first byte of a request, after the last answer or the start of the connection.
    pub idle: Duration,
    /// The longest time from the first to the last byte of a request's head.
    pub head: Duration,
    /// The minimum rate at which the peer receives an answer. It applies from the moment when the peer stops receiving.
    pub answer: MinimumRate,
}

/// The phase that a connection is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PacePhase {
    /// No byte of the next request has arrived.
    Idle,
    /// A part of the next request's head has arrived.
    Head,
    /// A request is being answered. The limit for reading its body is checked elsewhere.
    Call,
}

/// The time limit that a peer has exceeded.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PaceFault {
    /// No request arrived.
    Idle,
    /// The head of a request took too long.
    Head,
    /// The peer received an answer too slowly.
    Answer,
}

/// The timing of one connection.
///
/// ```text
/// Idle ──received──▶ Head ──called──▶ Call ──answered──▶ Idle
///   └──────────────called (pipelined)──▲
/// ```
///
/// While the connection is idle, or receives the next request, bytes of the last answer may still be unsent.
#[derive(Debug)]
pub struct Pace {
    limits: PaceLimits,
    phase: Phase,
    /// The answer that the peer has not received completely; `None` if no bytes of an answer wait.
    stall: Option<Stall>,
}

#[derive(Debug)]
enum Phase {
    Idle { since: Moment },
    Head { since: Moment },
    Call,
}

#[derive(Debug)]
struct Stall {
    since: Moment,
    sent: u64,
}

impl Pace {
    /// Creates the timing of a new connection.
    pub fn new(limits: PaceLimits, now: Moment) -> Self {
        Self { limits, phase: Phase::Idle { since: now }, stall: None }
    }

    /// Records that bytes were received.
    pub fn received(&mut self, now: Moment) {
        if let Phase::Idle { .. } = self.phase {
            self.phase = Phase::Head { since: now };
        }
    }

    /// Records that the head of a request is complete.
    pub fn called(&mut self) {
        self.phase = Phase::Call;
    }

    /// Records that an answer is complete. The answer may still be unsent.
    pub fn answered(&mut self, now: Moment) {
        self.phase = Phase::Idle { since: now };
    }

    /// Records that the peer receives nothing at the moment, so that bytes of an answer wait.
    pub fn blocked(&mut self, now: Moment) {
        self.stall.get_or_insert(Stall { since: now, sent: 0 });
    }

    /// Records that the peer received bytes.
    pub fn sent(&mut self, bytes: usize, now: Moment) {
        if let Some(stall) = &mut self.stall {
            stall.sent = stall.sent.saturating_add(bytes as u64);
        }
        // The time for the next request begins when the peer has the answer.
        if let Phase::Idle { since } = &mut self.phase {
            *since = now;
        }
    }

    /// Records that all bytes of the answer were sent.
    pub fn flushed(&mut self) {
        self.stall = None;
    }

    /// The current phase.
    pub fn phase(&self) -> PacePhase {
        match self.phase {
            Phase::Idle { .. } => PacePhase::Idle,
            Phase::Head { .. } => PacePhase::Head,
            Phase::Call => PacePhase::Call,
        }
    }

    /// The next time limit, and the fault that occurs if nothing happens before it; `None` if no limit applies.
    pub fn deadline(&self) -> Option<(Moment, PaceFault)> {
        let stall = self.stall.as_ref();
        let answer =
            stall.map(|stall| (self.limits.answer.deadline(stall.since, stall.sent), PaceFault::Answer));
        let request = match self.phase {
            // The peer is still receiving the previous answer.
            Phase::Idle { .. } if stall.is_some() => None,
            Phase::Idle { since } => Some((since + self.limits.idle, PaceFault::Idle)),
            Phase::Head { since } => Some((since + self.limits.head, PaceFault::Head)),
            Phase::Call => None,
        };
        [answer, request].into_iter().flatten().min_by_key(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: PaceLimits = PaceLimits {
        idle: Duration::from_secs(60),
        head: Duration::from_secs(10),
        answer: MinimumRate { grace: Duration::from_secs(30), bytes_per_second: 1_000, longest: None },
    };

    /// Runs a script of `second event`, and compares the phase and the deadline at its end with `expected`.
    fn check(script: &str, expected: &str) {
        let mut pace = Pace::new(LIMITS, Moment(0));
        for step in script.split(", ").filter(|step| !step.is_empty()) {
            let mut words = step.split(' ');
            let now = Moment(words.next().unwrap().parse::<u64>().unwrap() * 1_000);
            match words.next().unwrap() {
                "received" => pace.received(now),
                "called" => pace.called(),
                "answered" => pace.answered(now),
                "blocked" => pace.blocked(now),
                "flushed" => pace.flushed(),
                bytes => pace.sent(bytes.parse().unwrap(), now),
            }
        }
        let deadline = pace.deadline().map(|(at, fault)| format!("{fault:?} at {}", at.0 / 1_000));
        let told = format!("{:?}, {}", pace.phase(), deadline.unwrap_or_else(|| "no deadline".to_owned()));
        assert_eq!(told, expected, "{script}");
    }

    #[test]
    fn a_head_has_its_time_from_its_first_byte_however_many_follow() {
        check("", "Idle, Idle at 60");
        check("59 received", "Head, Head at 69");
        check("5 received, 9 received, 14 received", "Head, Head at 15");
        check("5 received, 6 called", "Call, no deadline");
        check("5 received, 6 called, 7 received", "Call, no deadline");
        check("5 received, 6 called, 8 answered", "Idle, Idle at 68");
        check("5 received, 6 called, 8 answered, 9 received", "Head, Head at 19");
        check("5 received, 6 called, 8 answered, 8 called", "Call, no deadline");
    }

    #[test]
    fn an_answer_that_is_not_taken_has_its_time_and_buys_more_by_being_taken() {
        check("1 received, 1 called, 2 blocked", "Call, Answer at 32");
        check("1 received, 1 called, 2 blocked, 20 blocked", "Call, Answer at 32");
        check("1 received, 1 called, 2 blocked, 20 5000, 20 blocked", "Call, Answer at 37");
        check("1 received, 1 called, 2 blocked, 20 5000, 21 flushed", "Call, no deadline");
        check("1 received, 1 called, 2 blocked, 20 5000, 21 flushed, 40 blocked", "Call, Answer at 70");
    }

    #[test]
    fn a_peer_that_takes_an_answer_slowly_is_not_idle() {
        check("1 received, 1 called, 2 blocked, 3 answered", "Idle, Answer at 32");
        check("1 received, 1 called, 2 blocked, 3 answered, 30 90000", "Idle, Answer at 122");
        check("1 received, 1 called, 2 blocked, 3 answered, 70 90000, 70 flushed", "Idle, Idle at 130");
        // The time limit of a head applies even while an answer is being received.
        check("1 received, 1 called, 2 blocked, 3 answered, 4 received", "Head, Head at 14");
    }

    #[test]
    fn a_minimum_rate_has_a_grace_and_an_end() {
        let rate = MinimumRate {
            grace: Duration::from_secs(3),
            bytes_per_second: 1_024,
            longest: Some(Duration::from_secs(10)),
        };
        for (bytes, deadline) in
            [(0, 4_000), (1, 4_000), (512, 4_500), (1_024, 5_000), (7_168, 11_000), (1 << 40, 11_000)]
        {
            assert_eq!(rate.deadline(Moment(1_000), bytes), Moment(deadline), "{bytes} bytes");
        }
        let endless = MinimumRate { longest: None, ..rate };
        assert_eq!(endless.deadline(Moment(0), 1_024 * 1_000), Moment(1_003_000));
        assert_eq!(endless.deadline(Moment(0), u64::MAX), Moment(3_000 + u64::MAX / 1_024));
    }
}
