//! The metrics of the HTTP port.

use lamplight_core::{PaceFault, PacePhase};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The metrics of the HTTP port. Clones share the same counters.
#[derive(Clone, Debug)]
pub struct HttpMetrics {
    idle: Gauge,
    head: Gauge,
    call: Gauge,
    spare: Gauge,
    refused_by_port: Counter,
    refused_by_address: Counter,
    idle_timeouts: Counter,
    head_timeouts: Counter,
    body_timeouts: Counter,
    answer_timeouts: Counter,
    body_bytes: Gauge,
    bodies_refused: Counter,
}

/// The limit that a refused connection would exceed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConnectionBound {
    /// The limit on the total number of connections.
    Port,
    /// The limit on connections from one address.
    Address,
}

/// A time limit that made a peer count as too slow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimeLimit {
    Idle,
    Head,
    Body,
    Answer,
}

impl From<PaceFault> for TimeLimit {
    fn from(fault: PaceFault) -> Self {
        match fault {
            PaceFault::Idle => Self::Idle,
            PaceFault::Head => Self::Head,
            PaceFault::Answer => Self::Answer,
        }
    }
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct BoundLabel {
    bound: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct LimitLabel {
    limit: &'static str,
}

impl HttpMetrics {
    /// Makes and registers the metrics. Every series exists from the start.
    pub fn register(registry: &mut Registry) -> Self {
        let connections = Family::<KindLabel, Gauge>::default();
        let help = "Connections of the HTTP port open now: idle, with a part of a head, in a call, or spare";
        registry.register("http_connections", help, connections.clone());
        let kind = |kind| connections.get_or_create_owned(&KindLabel { kind });
        let refused = Family::<BoundLabel, Counter>::default();
        let help = "Connections of the HTTP port over a limit: in total (port) or from one address";
        registry.register("http_connections_refused", help, refused.clone());
        let bound = |bound| refused.get_or_create_owned(&BoundLabel { bound });
        let timeouts = Family::<LimitLabel, Counter>::default();
        let help = "Time limits that peers of the HTTP port have passed";
        registry.register("http_timeouts", help, timeouts.clone());
        let limit = |limit| timeouts.get_or_create_owned(&LimitLabel { limit });
        let metrics = Self {
            idle: kind("idle"),
            head: kind("head"),
            call: kind("call"),
            spare: kind("spare"),
            refused_by_port: bound("port"),
            refused_by_address: bound("address"),
            idle_timeouts: limit("idle"),
            head_timeouts: limit("head"),
            body_timeouts: limit("body"),
            answer_timeouts: limit("answer"),
            body_bytes: Gauge::default(),
            bodies_refused: Counter::default(),
        };
        let help = "Bytes of bodies that the HTTP port holds, of limits.http_body_bytes";
        registry.register("http_body_bytes", help, metrics.body_bytes.clone());
        let help = "Requests that were refused because limits.http_body_bytes was in use";
        registry.register("http_bodies_refused", help, metrics.bodies_refused.clone());
        metrics
    }

    /// Returns the gauge of the bytes of bodies in memory.
    pub fn body_bytes(&self) -> Gauge {
        self.body_bytes.clone()
    }

    /// Returns the gauge of the connections in a phase.
    pub fn connections(&self, phase: PacePhase) -> &Gauge {
        match phase {
            PacePhase::Idle => &self.idle,
            PacePhase::Head => &self.head,
            PacePhase::Call => &self.call,
        }
    }

    /// Returns the gauge of the connections with a spare permit.
    pub fn spare(&self) -> &Gauge {
        &self.spare
    }

    /// Counts a connection beyond a limit.
    pub fn refused(&self, bound: ConnectionBound) {
        match bound {
            ConnectionBound::Port => self.refused_by_port.inc(),
            ConnectionBound::Address => self.refused_by_address.inc(),
        };
    }

    /// Counts a peer that exceeded a time limit.
    pub fn timed_out(&self, limit: TimeLimit) {
        match limit {
            TimeLimit::Idle => self.idle_timeouts.inc(),
            TimeLimit::Head => self.head_timeouts.inc(),
            TimeLimit::Body => self.body_timeouts.inc(),
            TimeLimit::Answer => self.answer_timeouts.inc(),
        };
    }

    /// Counts a body that was refused because it did not fit into the budget.
    pub fn body_refused(&self) {
        self.bodies_refused.inc();
    }
}
