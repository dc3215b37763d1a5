//! The pace of a peer on a connection of requests and answers: until when it has to send or to take more.
//!
//! It knows moments and numbers of bytes. It does not know HTTP, sockets or timers.

use lamplight_model::Moment;
use std::time::Duration;

/// A minimum rate for a transfer: time to begin, then so many bytes a second, and an end in any case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MinimumRate {
    /// Time that the transfer has whatever its size.
    pub grace: Duration,
    /// Bytes that buy one more second.
    pub bytes_per_second: u64,
    /// The longest that the transfer may take however fast it is, if there is such a bound.
    pub longest: Option<Duration>,
}

impl MinimumRate {
    /// Returns the moment at which a transfer that began at `began` and has come to `bytes` is too slow.
    pub fn deadline(&self, began: Moment, bytes: u64) -> Moment {
        let earned = bytes.saturating_mul(1_000) / self.bytes_per_second.max(1);
        let allowed = self.grace.saturating_add(Duration::from_millis(earned));
        began + self.longest.map_or(allowed, |longest| allowed.min(longest))
    }
}

/// The time limits of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PaceLimits {
    /// The longest silence between an answer, or the beginning, and the first byte of the next request.
    pub idle: Duration,
    /// The longest time from the first byte of a request's head to the last one.
    pub head: Duration,
    /// How fast the peer has to take its answers, from the moment at which it takes no more.
    pub answer: MinimumRate,
}

/// The part of the conversation that a connection is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PacePhase {
    /// Nothing of the next request is there.
    Idle,
    /// A part of the next head is there.
    Head,
    /// A request is being answered. Its body has a time limit of its own.
    Call,
}

/// The limit that a peer has passed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PaceFault {
    /// No request came.
    Idle,
    /// A head took too long.
    Head,
    /// An answer was not taken.
    Answer,
}

/// The pace of one connection.
///
/// ```text
/// Idle ──received──▶ Head ──called──▶ Call ──answered──▶ Idle
///   └──────────────called (pipelined)──▲
/// ```
///
/// An answer may still be on its way out when the connection is idle again, or has the next request already.
#[derive(Debug)]
pub struct Pace {
    limits: PaceLimits,
    phase: Phase,
    /// The answers that the peer does not take as fast as they come.
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
    /// Begins with a connection that has sent nothing.
    pub fn new(limits: PaceLimits, now: Moment) -> Self {
        Self { limits, phase: Phase::Idle { since: now }, stall: None }
    }

    /// Notes that bytes came.
    pub fn received(&mut self, now: Moment) {
        if let Phase::Idle { .. } = self.phase {
            self.phase = Phase::Head { since: now };
        }
    }

    /// Notes that a head is complete.
    pub fn called(&mut self) {
        self.phase = Phase::Call;
    }

    /// Notes that an answer is complete, though perhaps not sent.
    pub fn answered(&mut self, now: Moment) {
        self.phase = Phase::Idle { since: now };
    }

    /// Notes that the peer takes nothing at the moment.
    pub fn blocked(&mut self, now: Moment) {
        self.stall.get_or_insert(Stall { since: now, sent: 0 });
    }

    /// Notes that the peer took bytes.
    pub fn sent(&mut self, bytes: usize, now: Moment) {
        if let Some(stall) = &mut self.stall {
            stall.sent = stall.sent.saturating_add(bytes as u64);
        }
        // Nobody has to ask again before the answer is there.
        if let Phase::Idle { since } = &mut self.phase {
            *since = now;
        }
    }

    /// Notes that the peer has taken everything that there was.
    pub fn flushed(&mut self) {
        self.stall = None;
    }

    /// Returns the part of the conversation.
    pub fn phase(&self) -> PacePhase {
        match self.phase {
            Phase::Idle { .. } => PacePhase::Idle,
            Phase::Head { .. } => PacePhase::Head,
            Phase::Call => PacePhase::Call,
        }
    }

    /// Returns the moment at which the peer is too slow if nothing happens, and at what.
    pub fn deadline(&self) -> Option<(Moment, PaceFault)> {
        let stall = self.stall.as_ref();
        let answer =
            stall.map(|stall| (self.limits.answer.deadline(stall.since, stall.sent), PaceFault::Answer));
        let request = match self.phase {
            // The peer is busy with the answer before.
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

    /// Runs a script of `moment event`, moments in seconds; returns phase and deadline at its end.
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
        // A head that comes meanwhile has its own time all the same.
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
