//! The state machine of one lane: which notice is sent next, when it is tried again, and when a receiver is left alone.
//! Pure: time and chance are arguments; sending and storing are done elsewhere.
//!
//! A receiver that fails some times in a row is left alone: its *gate* closes, and one request at a time probes whether
//! it is back. What fails while the gate is closed is the receiver's fault, and costs no notice one of its attempts.

use lamplight_facts::{Notice, Settled, SettledAs};
use lamplight_model::{Timestamp, User};
use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

/// The most requests of one lane that are under way.
pub const MAX_LANE_IN_FLIGHT: usize = 32;
/// Notices that are read ahead.
const READ_AHEAD: usize = 64;
/// The pause after the first failure of a notice; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause of a notice.
pub const MAX_PAUSE: Duration = Duration::from_secs(3_600);
/// The longest pause between two probes of a receiver that fails.
pub const MAX_GATE_PAUSE: Duration = Duration::from_secs(60);
/// Failures in a row that close the gate.
pub const GATE_FAILURES: u32 = 3;
/// A notice that failed so often, while others came through, is dead.
pub const MAX_ATTEMPTS: u32 = 16;
/// A notice that is so old when it fails is dead.
pub const MAX_AGE: Duration = Duration::from_secs(3 * 24 * 3_600);

/// The plan of one lane.
#[derive(Default)]
pub struct LanePlan {
    gate: Gate,
    /// Read, due, and not under way.
    ready: VecDeque<Notice>,
    /// Under way, or done and not yet settled in the outbox: nobody else of these users goes meanwhile.
    busy: HashMap<u64, User>,
    in_flight: usize,
    /// The outbox may hold heads that were not read.
    stale: bool,
    /// Heads are being read.
    reading: bool,
    /// Settled while heads were being read: what is read may still show them.
    settled_meanwhile: HashSet<u64>,
    /// When the next head that was read is due.
    next_due: Option<Timestamp>,
}

/// ```text
///          GATE_FAILURES in a row
///   Open ──────────────────────────▶ Closed ──┐ a probe failed
///     ▲                                │  ▲───┘
///     └──────────── a success ─────────┘
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gate {
    /// The receiver takes what comes.
    Open {
        /// In a row.
        failures: u32,
    },
    /// The receiver is left alone.
    Closed {
        /// Looks that failed.
        probes: u32,
        /// When the next probe is.
        until: Timestamp,
        /// A probe is under way.
        probing: bool,
    },
}

impl Default for Gate {
    fn default() -> Self {
        Self::Open { failures: 0 }
    }
}

/// The outcome of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sent {
    /// The receiver has it.
    Delivered,
    /// Nobody wants it any longer: the app has no such webhook now.
    Unwanted,
    /// It was not sent: a device that is back has taken it back.
    TakenBack,
    /// It was not sent: the outbox could not hand it out.
    NotHandedOut(String),
    /// It failed.
    Failed(String),
}

impl LanePlan {
    /// There may be something new in the outbox.
    pub fn ring(&mut self) {
        self.stale = true;
    }

    /// The receiver is another one than before: what is known of the old one says nothing.
    pub fn forget_receiver(&mut self) {
        self.gate = Gate::default();
        self.stale = true;
    }

    /// Whether the plan has nothing under way and knows of nothing that waits, so that it can be made anew.
    pub fn is_idle(&self) -> bool {
        self.busy.is_empty()
            && self.ready.is_empty()
            && !self.reading
            && !self.stale
            && self.next_due.is_none()
    }

    /// How the receiver does.
    pub fn gate(&self) -> Gate {
        self.gate
    }

    /// How many heads to read now, if any. Follow with [`LanePlan::offer`] or [`LanePlan::reading_failed`].
    pub fn start_reading(&mut self, now: Timestamp) -> Option<usize> {
        let has_news = self.stale || self.next_due.is_some_and(|due| due <= now);
        if self.reading || !has_news || !self.ready.is_empty() || self.room(now) == 0 {
            return None;
        }
        self.reading = true;
        self.stale = false;
        self.next_due = None;
        // Those under way are heads too, and come first.
        Some(self.busy.len() + READ_AHEAD)
    }

    /// Takes in what was read: at most `limit` heads, in the order in which they are due.
    pub fn offer(&mut self, heads: Vec<Notice>, limit: usize, now: Timestamp) {
        self.reading = false;
        let settled = std::mem::take(&mut self.settled_meanwhile);
        // Behind a full page there may be more, but not of what is due now when the page ends with what is not.
        self.stale |= heads.len() >= limit && heads.last().is_some_and(|last| is_due(last, now));
        for head in heads {
            let is_busy =
                self.busy.contains_key(&head.id) || self.busy.values().any(|user| *user == head.user);
            if is_busy || settled.contains(&head.id) {
                continue;
            }
            if is_due(&head, now) {
                self.ready.push_back(head);
            } else {
                self.next_due = Some(self.next_due.map_or(head.due, |due| due.min(head.due)));
            }
        }
    }

    /// The heads could not be read.
    pub fn reading_failed(&mut self) {
        self.reading = false;
        self.settled_meanwhile.clear();
        self.stale = true;
    }

    /// The next notice to send now. It is under way from here on.
    pub fn next(&mut self, now: Timestamp) -> Option<Notice> {
        if self.room(now) == 0 {
            return None;
        }
        let notice = self.ready.pop_front()?;
        if let Gate::Closed { probing, .. } = &mut self.gate {
            *probing = true;
        }
        self.in_flight += 1;
        self.busy.insert(notice.id, notice.user.clone());
        Some(notice)
    }

    /// How many requests may be begun.
    fn room(&self, now: Timestamp) -> usize {
        match self.gate {
            Gate::Open { .. } => MAX_LANE_IN_FLIGHT.saturating_sub(self.in_flight),
            Gate::Closed { until, probing, .. } => usize::from(!probing && until <= now),
        }
    }

    /// A request has come to its end. Answers with what the outbox is to be told; follow with [`LanePlan::settled`].
    /// `chance` is from 0 to 1, and spreads what failed together.
    pub fn done(&mut self, notice: &Notice, sent: Sent, now: Timestamp, chance: f64) -> Settled {
        self.in_flight -= 1;
        let error = match sent {
            Sent::Delivered => {
                self.gate = Gate::Open { failures: 0 };
                return Settled { id: notice.id, settled: SettledAs::Gone };
            }
            Sent::Unwanted => {
                // It says nothing about the receiver. The gate is open: the URL is another one than before.
                return Settled { id: notice.id, settled: SettledAs::Gone };
            }
            Sent::TakenBack => {
                self.stop_probing(now);
                return Settled { id: notice.id, settled: SettledAs::Gone };
            }
            Sent::NotHandedOut(error) => {
                self.stop_probing(now);
                let due = now.after(pause(0, MAX_PAUSE, chance));
                let settled = SettledAs::Again { attempts: notice.attempts, due, error };
                return Settled { id: notice.id, settled };
            }
            Sent::Failed(error) => error,
        };
        let attempts = match self.gate {
            Gate::Open { failures } => {
                self.gate = Gate::Open { failures: failures + 1 };
                if failures + 1 >= GATE_FAILURES {
                    let until = now.after(pause(0, MAX_GATE_PAUSE, chance));
                    self.gate = Gate::Closed { probes: 0, until, probing: false };
                    self.ready.clear();
                    self.stale = true;
                }
                notice.attempts + 1
            }
            Gate::Closed { probes, until, probing } => {
                // Others may have been under way when the gate closed; while one probes, the first to fail says it.
                self.gate = if probing {
                    let probes = probes.saturating_add(1);
                    let until = now.after(pause(probes, MAX_GATE_PAUSE, chance));
                    Gate::Closed { probes, until, probing: false }
                } else {
                    Gate::Closed { probes, until, probing }
                };
                notice.attempts
            }
        };
        let is_old = now.since(notice.queued) >= MAX_AGE;
        let settled = if attempts >= MAX_ATTEMPTS || is_old {
            SettledAs::Dead { attempts, error }
        } else {
            // Later than the others that wait: the next probe is another notice.
            let due = now.after(pause(attempts.saturating_sub(1), MAX_PAUSE, chance));
            SettledAs::Again { attempts, due, error }
        };
        Settled { id: notice.id, settled }
    }

    /// Takes a probe back that was not sent: it says nothing about the receiver, and another notice may probe it.
    fn stop_probing(&mut self, now: Timestamp) {
        if let Gate::Closed { probing: probing @ true, until, .. } = &mut self.gate {
            *probing = false;
            *until = now;
            self.stale = true;
        }
    }

    /// The outbox knows what became of these.
    pub fn settled(&mut self, ids: impl IntoIterator<Item = u64>) {
        for id in ids {
            self.busy.remove(&id);
            if self.reading {
                self.settled_meanwhile.insert(id);
            }
        }
        self.stale = true;
    }

    /// When there is something to do again, if nothing happens before.
    pub fn wakes_at(&self) -> Option<Timestamp> {
        let is_full = !self.ready.is_empty() || self.in_flight >= MAX_LANE_IN_FLIGHT;
        match self.gate {
            // The end of what is under way says when to go on.
            _ if self.reading => None,
            Gate::Open { .. } if is_full => None,
            Gate::Open { .. } => self.next_due,
            Gate::Closed { until, probing: false, .. } if self.stale => Some(until),
            Gate::Closed { until, probing: false, .. } => self.next_due.map(|due| due.max(until)),
            Gate::Closed { probing: true, .. } => None,
        }
    }
}

/// Whether a head may be sent now. A clock that was set back must not hold anything up for longer than the longest
/// pause.
fn is_due(head: &Notice, now: Timestamp) -> bool {
    head.due <= now || head.due.since(now) > MAX_PAUSE
}

/// Doubles with each failure up to the longest, and is then shortened by up to a half.
fn pause(failures: u32, longest: Duration, chance: f64) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1_u32.checked_shl(failures.min(30)).unwrap_or(u32::MAX));
    doubled.min(longest).mul_f64(1.0 - 0.5 * chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests;
