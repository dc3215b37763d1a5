//! The permission of a program to use a database, and the state of the database for it: its outage, if there is one.

use crate::claim::Claim;
use crate::fault::{Cause, Fault};
use crate::outage::{Kind, Outages};
use parking_lot::Mutex;
use std::time::Instant;
use tokio::sync::Notify;

/// The permission of a program, which the connections and the guard share.
pub(crate) struct Admission {
    claim: Claim,
    outages: Mutex<Outages>,
    /// Rings when a connection was refused, so that the guard checks its permission at once.
    doubt: Notify,
}

impl Admission {
    pub(crate) fn new(claim: Claim) -> Self {
        Self { claim, outages: Mutex::default(), doubt: Notify::new() }
    }

    /// The statements that every new connection begins with. They fail if the connection must not be used.
    pub(crate) fn statements(&self) -> String {
        self.claim.statement()
    }

    /// Fails if the use of the database is refused.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        match self.outages.lock().refused() {
            Some(cause) => Err(Fault::NotAdmitted(cause)),
            None => Ok(()),
        }
    }

    /// Notes the failure of a call or of a connection.
    pub(crate) fn failed(&self, kind: Kind, fault: &Fault) {
        let cause = fault.cause().unwrap_or(Cause::Other);
        let kind = if cause.is_refusal() { Kind::Admission } else { kind };
        if self.outages.lock().failed(kind, cause, Instant::now()) {
            tracing::error!(cause = %fault, "PostgreSQL cannot be used; calls that need it are refused until it can be");
        }
        if cause.is_refusal() {
            self.doubt.notify_one();
        }
    }

    /// Notes the success of a call, or the guard's permission.
    pub(crate) fn succeeded(&self, kind: Kind) {
        if let Some(length) = self.outages.lock().succeeded(kind, Instant::now()) {
            tracing::warn!(seconds = length.as_secs_f64(), "PostgreSQL can be used again");
        }
    }

    /// The cause of the current outage; `None` if there is none.
    pub(crate) fn failing(&self) -> Option<Cause> {
        self.outages.lock().cause()
    }

    /// Waits until a connection was refused.
    pub(crate) async fn doubted(&self) {
        self.doubt.notified().await;
    }
}
