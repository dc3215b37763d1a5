//! Admits the connections of a worker. A connection beyond the limits stays open until a refusal has been sent to its
//! client.

use super::Shared;
use super::connection::{Admission, Connection, Session};
use super::deadlines::Deadlines;
use crate::metrics::WorkerMetrics;
use lamplight_protocol::Protocol;
use std::cell::Cell;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// The maximum number of connections that one worker keeps open only to send a refusal. Further connections are closed
/// at once.
const MAX_REFUSING: usize = 32;
/// The time after which a refused connection is closed even if its protocol is not known yet.
const REFUSING_TIME: Duration = Duration::from_secs(2);
/// The time in which a trusted proxy must send its client's address.
const NAMING_TIME: Duration = Duration::from_secs(5);

/// Decides on the admission of a worker's connections, and counts them.
pub struct AdmissionControl {
    shared: Arc<Shared>,
    metrics: WorkerMetrics,
    /// The number of connections beyond the limits that have not received their refusal yet.
    refusing: Cell<usize>,
}

impl AdmissionControl {
    /// Makes the admission control of a worker, with the limits of the node.
    pub fn new(shared: Arc<Shared>, metrics: WorkerMetrics) -> Self {
        Self { shared, metrics, refusing: Cell::new(0) }
    }

    /// Decides whether a connection from this address is admitted. The caller must pass the result to
    /// [`count`](Self::count) or [`give_up`](Self::give_up). If the connection is beyond the limits, and too many other
    /// connections already wait for a refusal, returns `None`. The caller must then close the connection at once.
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

    /// Counts a connection that is now open.
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

    /// Undoes the admission of a connection that was not counted.
    pub fn give_up(&self, admission: Admission, address: IpAddr) {
        match admission {
            Admission::Counted => self.shared.connection_limits.leave(address),
            Admission::Unnamed => self.shared.connection_limits.leave_unnamed(),
            Admission::Refused => {}
        }
    }

    /// Undoes the admission and the count of a connection that has ended.
    pub fn release(&self, connection: &Connection) {
        match connection.admission {
            Admission::Refused => self.refusing.set(self.refusing.get() - 1),
            Admission::Counted | Admission::Unnamed => _ = self.metrics.connections.dec(),
        }
        self.give_up(connection.admission, connection.address);
    }

    /// Returns the time that a connection may take to log in, to send its client's address, or to receive its refusal.
    pub fn patience(&self, admission: Admission) -> Duration {
        match admission {
            Admission::Counted => self.shared.config.login_timeout(),
            Admission::Unnamed => self.naming_time(),
            Admission::Refused => REFUSING_TIME,
        }
    }

    /// Returns the time in which a trusted proxy must send its client's address. This time is a part of the login
    /// timeout.
    fn naming_time(&self) -> Duration {
        NAMING_TIME.min(self.shared.config.login_timeout())
    }

    /// Counts a trusted proxy's connection for its client's address, once that address can no longer change.
    /// `has_opened` is `true` once the preamble or the WebSocket upgrade has arrived.
    ///
    /// Returns `false` if the connection must be closed at once. Otherwise it stays open, at least until a refusal is
    /// sent.
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

    /// Returns `true` if a connection is beyond the limits and its protocol is known. A refusal can then be sent.
    pub fn is_to_refuse(connection: &Connection) -> bool {
        connection.admission == Admission::Refused && !matches!(connection.protocol, Protocol::Undecided)
    }
}
