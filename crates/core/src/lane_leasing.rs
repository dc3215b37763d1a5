//! Decides when a node takes, renews and releases the lease of a lane, and when the node may send the notices of the
//! lane. Several nodes share the outbox; the lease lets one of them send at a time.
//!
//! The outbox stores no times: a renewal only changes the lease's *beat*. Each node measures with its own monotonic
//! clock. The holder's lease runs from the start of its last successful call. Another node waits [`LANE_TAKE_OVER`]
//! from its first read of the current beat. The holder's call began before any node could read the beat that the call
//! has written. The holder therefore stops sending before another node takes the lease over.

use lamplight_model::{LaneLease, Moment, NodeId};
use std::time::Duration;

/// The time for which the holder may send. It is measured from the start of its last successful call.
pub const LANE_LEASE: Duration = Duration::from_secs(10);
/// The maximum duration of a request. The holder starts no request when less than this time of its lease is left.
pub const LANE_REQUEST: Duration = Duration::from_secs(5);
/// The time after which the holder renews the lease, if the lane has work.
const RENEW_AFTER: Duration = Duration::from_millis(2_500);
/// The time without a changed beat after which another node takes the lease over. It is 3 s longer than [`LANE_LEASE`],
/// because the rates of two clocks may differ by up to 10 percent.
pub const LANE_TAKE_OVER: Duration = Duration::from_secs(13);
/// The pause after a failed call. It is also the pause after a call that has found the lease of another node.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The knowledge of one node about the lease of one lane.
#[derive(Clone, Debug)]
pub struct LaneLeasing {
    /// The id of this node; `None` if no other node uses the outbox, so that no lease is needed.
    node: Option<NodeId>,
    held: Option<Held>,
    /// The lease of another node, as last read.
    other: Option<Other>,
    is_calling: bool,
    not_before: Option<Moment>,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    term: u64,
    beat: u64,
    /// The start of the last successful call; `None` after the node has decided to release the lease.
    since: Option<Moment>,
}

#[derive(Clone, Copy, Debug)]
struct Other {
    beat: u64,
    /// The time at which this node first read the beat `beat`.
    since: Moment,
}

/// The permission to send notices of a lane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LanePermit {
    /// The term under which the results of sending are stored; `None` if no other node uses the outbox.
    pub term: Option<u64>,
    /// The time from which no request may be started; `None` if there is no limit.
    pub until: Option<Moment>,
}

impl Held {
    fn renews_at(self) -> Moment {
        self.since.map_or(Moment::default(), |since| since + RENEW_AFTER)
    }
}

impl LanePermit {
    /// Whether a request may be started at `now`.
    pub fn allows(self, now: Moment) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// A call that the node has to make to the outbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LeaseCall {
    /// Take or renew the lease. If another node's lease has the beat `over`, take the lease from that node.
    Take {
        /// The beat of another node's lease. This node considers that lease expired.
        over: Option<u64>,
    },
    /// Release the lease, provided that it still has this beat.
    Release {
        /// The beat of this node's lease.
        beat: u64,
    },
}

impl LaneLeasing {
    /// Creates the state of a node that has not read the lease yet. `node` is `None` if no other node uses the
    /// outbox.
    pub fn new(node: Option<NodeId>) -> Self {
        Self { node, held: None, other: None, is_calling: false, not_before: None }
    }

    /// Whether no other node uses the outbox.
    pub fn is_alone(&self) -> bool {
        self.node.is_none()
    }

    /// The permission to send and to read notices at `now`; `None` if this node has no valid lease.
    pub fn permit(&self, now: Moment) -> Option<LanePermit> {
        if self.is_alone() {
            return Some(LanePermit { term: None, until: None });
        }
        let held = self.held?;
        let until = held.since? + (LANE_LEASE - LANE_REQUEST);
        let permit = LanePermit { term: Some(held.term), until: Some(until) };
        permit.allows(now).then_some(permit)
    }

    /// The term of this node's lease, which may have expired. `None` if the node has taken no lease, has released it,
    /// or has found that another node has it.
    pub fn term(&self) -> Option<u64> {
        self.held.map(|held| held.term)
    }

    /// The call that is needed now. The caller must make it, and report the outcome with [`LaneLeasing::answered`],
    /// [`LaneLeasing::released`] or [`LaneLeasing::failed`].
    ///
    /// `has_duty`: this node should send the notices of the lane. `has_work`: the lane has notices to send or to read.
    /// `is_quiet`: no notice of the lane is being sent, read or stored.
    pub fn next_call(
        &mut self,
        has_duty: bool,
        has_work: bool,
        is_quiet: bool,
        now: Moment,
    ) -> Option<LeaseCall> {
        if self.is_alone() || self.is_calling || self.not_before.is_some_and(|at| now < at) {
            return None;
        }
        let call = match &mut self.held {
            Some(held) if !has_duty && is_quiet => {
                // The release may take effect although its answer does not arrive.
                held.since = None;
                LeaseCall::Release { beat: held.beat }
            }
            Some(held) if has_duty && has_work && held.renews_at() <= now => LeaseCall::Take { over: None },
            None if has_duty && has_work => {
                let given_up = self.other.filter(|other| other.since + LANE_TAKE_OVER <= now);
                LeaseCall::Take { over: given_up.map(|other| other.beat) }
            }
            Some(_) | None => return None,
        };
        self.is_calling = true;
        Some(call)
    }

    /// Records the answer to [`LeaseCall::Take`]. The call began at `begun` and ended at `now`. Returns `true` if this
    /// node has begun a term. The caller must then read the lane again, because other nodes may have changed it.
    pub fn answered(&mut self, lease: LaneLease, begun: Moment, now: Moment) -> bool {
        self.is_calling = false;
        if lease.holder.is_some() && lease.holder == self.node {
            let is_new = self.held.is_none_or(|held| held.term != lease.term);
            self.held = Some(Held { term: lease.term, beat: lease.beat, since: Some(begun) });
            self.other = None;
            self.not_before = None;
            return is_new;
        }
        self.held = None;
        self.other = match self.other {
            Some(other) if other.beat == lease.beat => Some(other),
            Some(_) | None => Some(Other { beat: lease.beat, since: now }),
        };
        self.not_before = Some(now + RETRY_AFTER);
        false
    }

    /// Records that [`LeaseCall::Release`] has succeeded.
    pub fn released(&mut self) {
        self.is_calling = false;
        self.held = None;
        self.other = None;
    }

    /// Records that a call has failed. The outbox may nevertheless have executed the call.
    pub fn failed(&mut self, now: Moment) {
        self.is_calling = false;
        self.not_before = Some(now + RETRY_AFTER);
    }

    /// Whether this node has or had the lease, or a call is in progress. If `true`, this value must not be dropped.
    pub fn is_in_use(&self) -> bool {
        self.held.is_some() || self.is_calling
    }

    /// The time at which [`LaneLeasing::next_call`] has to be called again. `None` if only an event can change the
    /// result of that call.
    pub fn wakes_at(&self, has_duty: bool, has_work: bool) -> Option<Moment> {
        if self.is_alone() || self.is_calling {
            return None;
        }
        match self.held {
            Some(held) if has_duty && has_work => {
                Some(held.renews_at().max(self.not_before.unwrap_or_default()))
            }
            None if has_duty && has_work => self.not_before,
            Some(_) if !has_duty => self.not_before,
            Some(_) | None => None,
        }
    }
}

#[cfg(test)]
mod tests;
