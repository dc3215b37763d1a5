//! The admission of connections to a worker: a connection is admitted within the limits, or kept only until it is sent
//! a refusal.

use super::Shared;
use super::connection::{Admission, Connection, Session};
use super::deadlines::Deadlines;
use crate::metrics::WorkerMetrics;
use lamplight_protocol::Protocol;
use std::cell::Cell;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// The number of connections over the limits that one worker keeps open until it can send them a refusal. Further
/// connections are closed without a message, so that the cost of refusing stays bounded.
const MAX_REFUSING: usize = 32;
/// The time that a refused connection may take to show which protocol it uses.
const REFUSING_TIME: Duration = Duration::from_secs(2);
/// The time that a connection of a trusted proxy may take to name its client's address.
const NAMING_TIME: Duration = Duration::from_secs(5);

/// Admits the connections of a worker, and counts them.
pub struct AdmissionControl {
    shared: Arc<Shared>,
    metrics: WorkerMetrics,
    /// The number of connections over the limits that wait for their refusal.
    refusing: Cell<usize>,
}

impl AdmissionControl {
    /// Creates the admission control of a worker, by the limits of its node.
    pub fn new(shared: Arc<Shared>, metrics: WorkerMetrics) -> Self {
        Self { shared, metrics, refusing: Cell::new(0) }
    }

    /// Decides about a connection from this address. The caller must pass the result to [`count`](Self::count) or
    /// [`give_up`](Self::give_up). `None` if the connection is over the limits and is closed without a refusal, because
    /// too many others wait for theirs.
    pub fn admit(&self, address: IpAddr, from_proxy: bool) -> Option<Admission> {
        match from_proxy {
            true if self.shared.connection_limits.admit_unnamed().is_ok() => return Some(Admission::Unnamed),
            false if self.shared.connection_limits.enter(address) => return Some(Admission::Counted),
            true | false => {}
        }
        tracing::debug!(%address, "too many connections");
        self.metrics.protocol_errors.inc();
        (self.refusing.get() < MAX_REFUSING).then_some(Admission::Refused)
    }

    /// Counts a connection that is open from here on.
    pub fn count(&self, admission: Admission) {
        match admission {
            Admission::Counted => {
                self.metrics.accepted.inc();
                self.metrics.connections.inc();
            }
            Admission::Unnamed => _ = self.metrics.connections.inc(),
            Admission::Refused => self.refusing.set(self.refusing.get() + 1),
        }
    }

    /// Takes back the admission of a connection that was not counted.
    pub fn give_up(&self, admission: Admission, address: IpAddr) {
        match admission {
            Admission::Counted => self.shared.connection_limits.leave(address),
            Admission::Unnamed => self.shared.connection_limits.leave_unnamed(),
            Admission::Refused => {}
        }
    }

    /// Takes back the admission of a connection that was counted and has ended.
    pub fn release(&self, connection: &Connection) {
        match connection.admission {
            Admission::Refused => self.refusing.set(self.refusing.get() - 1),
            Admission::Counted | Admission::Unnamed => _ = self.metrics.connections.dec(),
        }
        self.give_up(connection.admission, connection.address);
    }

    /// The time that a connection may take to log in, or to be refused.
    pub fn patience(&self, admission: Admission) -> Duration {
        match admission {
            Admission::Counted => self.shared.config.login_timeout(),
            Admission::Unnamed => self.naming_time(),
            Admission::Refused => REFUSING_TIME,
        }
    }

    /// The time that a connection of a trusted proxy may take to name its client's address. The login timeout begins
    /// after that.
    fn naming_time(&self) -> Duration {
        NAMING_TIME.min(self.shared.config.login_timeout())
    }

    /// Counts a connection of a trusted proxy by its client's address once that is known: when the address is no longer
    /// that of a trusted proxy, or at the latest when the peer `has_opened`. Returns whether the connection may stay,
    /// at least until it can be sent a refusal.
    #[must_use]
    pub fn settle_address(
        &self,
        connection: &mut Connection,
        has_opened: bool,
        deadlines: &Deadlines,
    ) -> bool {
        let may_change = !has_opened && self.shared.proxies.contains(connection.address);
        if connection.admission != Admission::Unnamed || may_change {
            return true;
        }
        if self.shared.connection_limits.name(connection.address).is_ok() {
            connection.admission = Admission::Counted;
            self.metrics.accepted.inc();
            if let Session::New { deadline, .. } = &mut connection.session {
                *deadline = *deadline + self.shared.config.login_timeout().saturating_sub(self.naming_time());
            }
            return true;
        }
        tracing::debug!(address = %connection.address, "too many connections");
        self.metrics.protocol_errors.inc();
        self.metrics.connections.dec();
        connection.admission = Admission::Refused;
        self.refusing.set(self.refusing.get() + 1);
        if let Session::New { deadline, .. } = &mut connection.session {
            *deadline = self.shared.clock.now().moment + REFUSING_TIME;
            let deadline = *deadline;
            deadlines.check_by(connection, deadline);
        }
        self.refusing.get() <= MAX_REFUSING
    }

    /// Whether a connection is over the limits and its protocol is known, so that it can be sent a refusal.
    pub fn is_to_refuse(connection: &Connection) -> bool {
        connection.admission == Admission::Refused && !matches!(connection.protocol, Protocol::Undecided)
    }
}
