//! The state machine of one lane: the notices of one webhook of one app. It decides which notice is sent next, and when
//! a notice is retried. Pure: the time and random numbers are arguments.
//!
//! The circuit breaker of a lane opens after [`BREAKER_FAILURES`] consecutive failures. While the circuit breaker is
//! open, one request at a time probes whether the receiver works again. A failed probe does not count as an attempt of
//! its notice.

use lamplight_facts::{Notice, Settled, SettledAs};
use lamplight_model::{Timestamp, User};
use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

/// The maximum number of concurrent requests of one lane, which is one webhook of one app.
pub const MAX_LANE_IN_FLIGHT: usize = 32;
/// The number of notices to read in advance, besides the notices that are being sent.
const READ_AHEAD: usize = 64;
/// The delay of the first retry of a notice. Each further failure doubles the delay.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The maximum delay between two attempts of a notice.
pub const MAX_PAUSE: Duration = Duration::from_secs(3_600);
/// The maximum delay between two probes of a failing receiver.
pub const MAX_BREAKER_PAUSE: Duration = Duration::from_secs(60);
/// The number of consecutive failures that opens the circuit breaker.
pub const BREAKER_FAILURES: u32 = 3;
/// The number of failed attempts after which a notice becomes a dead letter. Failures while the circuit breaker is open
/// are not counted.
pub const MAX_ATTEMPTS: u32 = 16;
/// The age after which the next failure of a notice makes it a dead letter.
pub const MAX_AGE: Duration = Duration::from_secs(3 * 24 * 3_600);

/// The plan of one lane: the circuit breaker, and the known notices that wait or are being sent.
#[derive(Default)]
pub struct LanePlan {
    breaker: Breaker,
    /// The due notices that were read but not sent yet.
    ready: VecDeque<Notice>,
    /// The user of each notice that is being sent or whose outcome is not stored yet, by the id of the notice. Other
    /// notices of these users wait.
    busy: HashMap<u64, User>,
    in_flight: usize,
    /// `true` if the outbox may have notices that this plan does not know, and must be read again.
    stale: bool,
    /// `true` while the outbox is being read.
    reading: bool,
    /// The notices that were settled during the current read of the outbox. The result of this read may still contain
    /// them.
    settled_meanwhile: HashSet<u64>,
    /// The earliest due time of the notices that were read but are not due yet; `None` if there are none.
    next_due: Option<Timestamp>,
}

/// The circuit breaker of a lane. After `BREAKER_FAILURES` consecutive failed requests it opens, and the receiver is
/// only probed until a request succeeds.
///
/// ```text
///         BREAKER_FAILURES consecutive
///   Closed ──────────────────────────▶ Open ──┐ a probe failed
///     ▲                                 │ ▲───┘
///     └──────────── a success ──────────┘
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Breaker {
    /// Notices are sent when they become due.
    Closed {
        /// The number of consecutive failed requests.
        failures: u32,
    },
    /// The receiver is probed with one request at a time. No other request is sent.
    Open {
        /// The number of probes that have failed since the circuit breaker opened.
        probes: u32,
        /// The earliest time of the next probe.
        until: Timestamp,
        /// `true` while a probe is running.
        probing: bool,
    },
}

impl Default for Breaker {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

/// The outcome of an attempt to send a notice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sent {
    /// The receiver has accepted the notice.
    Delivered,
    /// No request was sent, because the app no longer has this webhook.
    Unwanted,
    /// No request was sent: the disconnect notice was withdrawn when the device reconnected, or the notice was
    /// undecided and another one is sent if the message has to be pushed.
    TakenBack,
    /// No request was sent, because of this error of the outbox.
    NotHandedOut(String),
    /// The request failed with this error.
    Failed(String),
}

impl LanePlan {
    /// Records that the outbox may have new notices. The plan then reads the oldest unsettled notice of each user
    /// again.
    pub fn ring(&mut self) {
        self.stale = true;
    }

    /// Closes the circuit breaker. Call this when another node may send the notices of the lane.
    pub fn forget_breaker(&mut self) {
        self.breaker = Breaker::default();
    }

    /// Closes the circuit breaker. Call this when the URL of the webhook has changed.
    pub fn forget_receiver(&mut self) {
        self.breaker = Breaker::default();
        self.stale = true;
    }

    /// Returns `true` if the plan has no request, no read and no waiting notice. Such a plan can be dropped and made
    /// again later.
    pub fn is_idle(&self) -> bool {
        self.busy.is_empty()
            && self.ready.is_empty()
            && !self.reading
            && !self.stale
            && self.next_due.is_none()
    }

    /// Returns `true` if no notice is being sent, no outcome waits to be stored, and the outbox is not being read.
    pub fn is_quiet(&self) -> bool {
        self.busy.is_empty() && !self.reading
    }

    /// Returns `true` if the lane now has notices to send or to read from the outbox.
    pub fn has_work(&self, now: Timestamp) -> bool {
        let has_news = self.stale || self.next_due.is_some_and(|due| due <= now);
        (has_news || !self.ready.is_empty()) && self.room(now) > 0
    }

    /// Drops the notices that were read but are not being sent, and requests another read. Another node may have sent
    /// these notices.
    pub fn read_again(&mut self) {
        self.ready.clear();
        self.next_due = None;
        self.stale = true;
    }

    /// Drops all notices except those that are being sent. Call this when the app was deleted.
    pub fn forget_unsent(&mut self) {
        self.read_again();
        self.stale = false;
    }

    /// Takes back a notice that was not sent because this node's lease had ended. The outbox is not changed.
    pub fn not_sent(&mut self, notice: &Notice, now: Timestamp) {
        self.in_flight -= 1;
        self.busy.remove(&notice.id);
        self.stop_probing(now);
        self.stale = true;
    }

    /// Returns the state of the circuit breaker.
    pub fn breaker(&self) -> Breaker {
        self.breaker
    }

    /// Starts a read of the outbox if one is necessary. Returns the maximum number of notices to read; `None` if no
    /// read is necessary. The caller must read the oldest unsettled notice of each user, and then call
    /// [`LanePlan::offer`] or [`LanePlan::reading_failed`].
    pub fn start_reading(&mut self, now: Timestamp) -> Option<usize> {
        let has_news = self.stale || self.next_due.is_some_and(|due| due <= now);
        if self.reading || !has_news || !self.ready.is_empty() || self.room(now) == 0 {
            return None;
        }
        self.reading = true;
        self.stale = false;
        self.next_due = None;
        // The notices that are being sent are heads too, and are read first.
        Some(self.busy.len() + READ_AHEAD)
    }

    /// Processes the result of a read of the outbox: the oldest unsettled notice of each user, by due time. `limit` is
    /// the maximum that was requested.
    pub fn offer(&mut self, heads: Vec<Notice>, limit: usize, now: Timestamp) {
        self.reading = false;
        let settled = std::mem::take(&mut self.settled_meanwhile);
        // If `limit` heads were read, there may be more heads. They are due only if the last head that was read is due,
        // because heads are sorted by due time.
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

    /// Records that a read of the outbox has failed. The plan reads the outbox again later.
    pub fn reading_failed(&mut self) {
        self.reading = false;
        self.settled_meanwhile.clear();
        self.stale = true;
    }

    /// Returns the next notice to send now, and counts it as being sent.
    pub fn next(&mut self, now: Timestamp) -> Option<Notice> {
        if self.room(now) == 0 {
            return None;
        }
        let notice = self.ready.pop_front()?;
        if let Breaker::Open { probing, .. } = &mut self.breaker {
            *probing = true;
        }
        self.in_flight += 1;
        self.busy.insert(notice.id, notice.user.clone());
        Some(notice)
    }

    /// Returns the number of requests that may be started now.
    fn room(&self, now: Timestamp) -> usize {
        match self.breaker {
            Breaker::Closed { .. } => MAX_LANE_IN_FLIGHT.saturating_sub(self.in_flight),
            Breaker::Open { until, probing, .. } => usize::from(!probing && until <= now),
        }
    }

    /// Processes the end of a request, and returns the outcome to store for the notice. After the outcome is stored,
    /// the caller must call [`LanePlan::settled`]. `chance` is a random number from 0 to 1, for the retry delay.
    pub fn done(&mut self, notice: &Notice, sent: Sent, now: Timestamp, chance: f64) -> Settled {
        self.in_flight -= 1;
        let error = match sent {
            Sent::Delivered => {
                self.breaker = Breaker::Closed { failures: 0 };
                return Settled { id: notice.id, term: None, settled: SettledAs::Gone };
            }
            Sent::Unwanted => {
                // The outcome says nothing about the receiver. The circuit breaker need not be changed, because it was
                // reset when the URL was changed.
                return Settled { id: notice.id, term: None, settled: SettledAs::Gone };
            }
            Sent::TakenBack => {
                self.stop_probing(now);
                return Settled { id: notice.id, term: None, settled: SettledAs::Gone };
            }
            Sent::NotHandedOut(error) => {
                self.stop_probing(now);
                let due = now.after(pause(0, MAX_PAUSE, chance));
                let settled = SettledAs::Again { attempts: notice.attempts, due, error };
                return Settled { id: notice.id, term: None, settled };
            }
            Sent::Failed(error) => error,
        };
        let attempts = match self.breaker {
            Breaker::Closed { failures } => {
                self.breaker = Breaker::Closed { failures: failures + 1 };
                if failures + 1 >= BREAKER_FAILURES {
                    let until = now.after(pause(0, MAX_BREAKER_PAUSE, chance));
                    self.breaker = Breaker::Open { probes: 0, until, probing: false };
                    self.ready.clear();
                    self.stale = true;
                }
                notice.attempts + 1
            }
            Breaker::Open { probes, until, probing } => {
                // The failed request may have started before the circuit breaker opened. During a probe, the first
                // failure of any request counts as the failure of the probe.
                self.breaker = if probing {
                    let probes = probes.saturating_add(1);
                    let until = now.after(pause(probes, MAX_BREAKER_PAUSE, chance));
                    Breaker::Open { probes, until, probing: false }
                } else {
                    Breaker::Open { probes, until, probing }
                };
                notice.attempts
            }
        };
        let is_old = now.since(notice.queued) >= MAX_AGE;
        let settled = if attempts >= MAX_ATTEMPTS || is_old {
            SettledAs::Dead { attempts, error }
        } else {
            // The notice becomes due after the waiting notices, so that the next probe sends a different notice.
            let due = now.after(pause(attempts.saturating_sub(1), MAX_PAUSE, chance));
            SettledAs::Again { attempts, due, error }
        };
        Settled { id: notice.id, term: None, settled }
    }

    /// Ends a probe whose notice was not sent. The receiver was not tested, so the next probe may begin at once.
    fn stop_probing(&mut self, now: Timestamp) {
        if let Breaker::Open { probing: probing @ true, until, .. } = &mut self.breaker {
            *probing = false;
            *until = now;
            self.stale = true;
        }
    }

    /// Records that the outcomes of these notices are stored. The next notices of their users can then be sent.
    pub fn settled(&mut self, ids: impl IntoIterator<Item = u64>) {
        for id in ids {
            self.busy.remove(&id);
            if self.reading {
                self.settled_meanwhile.insert(id);
            }
        }
        self.stale = true;
    }

    /// Returns the time at which the plan has to run again; `None` if the plan waits only for events.
    pub fn wakes_at(&self) -> Option<Timestamp> {
        let is_full = !self.ready.is_empty() || self.in_flight >= MAX_LANE_IN_FLIGHT;
        match self.breaker {
            // The plan waits until the read or a request ends.
            _ if self.reading => None,
            Breaker::Closed { .. } if is_full => None,
            Breaker::Closed { .. } => self.next_due,
            Breaker::Open { until, probing: false, .. } if self.stale => Some(until),
            Breaker::Open { until, probing: false, .. } => self.next_due.map(|due| due.max(until)),
            Breaker::Open { probing: true, .. } => None,
        }
    }
}

/// Returns `true` if a notice may be sent now. This is also the case if its due time is further away than the longest
/// delay: the clock was then set back after the due time was computed.
fn is_due(head: &Notice, now: Timestamp) -> bool {
    head.due <= now || head.due.since(now) > MAX_PAUSE
}

/// Returns the delay after this number of failures. The delay doubles with each failure, up to `longest`. Then a random
/// part of at most half is subtracted.
fn pause(failures: u32, longest: Duration, chance: f64) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1_u32.checked_shl(failures.min(30)).unwrap_or(u32::MAX));
    doubled.min(longest).mul_f64(1.0 - 0.5 * chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod hand_over;
#[cfg(test)]
mod tests;
