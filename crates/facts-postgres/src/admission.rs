//! The permission of a program to use a database, and the current outage of the database.

use crate::claim::{Claim, mark_statement};
use crate::fault::{Cause, Fault};
use crate::outage::{Kind, Outages};
use lamplight_model::FactsMark;
use parking_lot::Mutex;
use std::time::Instant;
use tokio::sync::Notify;

/// The permission of a program to use a database. The connections and the guard share it.
pub(crate) struct Admission {
    claim: Claim,
    /// The last mark that this program has committed. A database whose facts do not include this mark must not be used.
    known: Mutex<Option<FactsMark>>,
    outages: Mutex<Outages>,
    /// The time at which the guard last lost its connection. Older connections may lead to a server that no longer
    /// runs.
    suspected: Mutex<Option<Instant>>,
    /// Wakes the guard when a connection was refused, so that the guard checks the permission at once.
    doubt: Notify,
}

impl Admission {
    pub(crate) fn new(claim: Claim) -> Self {
        let (known, outages, suspected) = Default::default();
        Self { claim, known, outages, suspected, doubt: Notify::new() }
    }

    /// The claim of the program.
    pub(crate) fn claim(&self) -> Claim {
        self.claim
    }

    /// The statements that are run first on every new connection. They fail if the connection must not be used.
    pub(crate) fn statements(&self) -> String {
        // The mark is checked first: a connection that fails this check has not taken a lock yet.
        self.mark_statement() + &self.claim.statement()
    }

    /// The statement that fails if the database is not the one that this program has used before.
    pub(crate) fn mark_statement(&self) -> String {
        let known = *self.known.lock();
        known.map(mark_statement).unwrap_or_default()
    }

    /// Records a committed mark. A mark that was recorded before is kept, unless the new mark includes it.
    pub(crate) fn note_mark(&self, mark: FactsMark) {
        let mut known = self.known.lock();
        if known.is_none_or(|known| mark.includes(known)) {
            *known = Some(mark);
        }
    }

    /// Forgets the recorded mark, because another history is about to begin.
    pub(crate) fn forget_mark(&self) {
        *self.known.lock() = None;
    }

    /// Fails if the program may not use the database at the moment.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        match self.outages.lock().refused() {
            Some(cause) => Err(Fault::NotAdmitted(cause)),
            None => Ok(()),
        }
    }

    /// Records the failure of a call or of a connection.
    pub(crate) fn failed(&self, kind: Kind, fault: &Fault) {
        let cause = fault.cause().unwrap_or(Cause::Other);
        let kind = if cause == Cause::DiskFull {
            Kind::Room
        } else if cause.is_refusal() {
            Kind::Admission
        } else {
            kind
        };
        if self.outages.lock().failed(kind, cause, Instant::now()) {
            tracing::error!(cause = %fault, "PostgreSQL cannot be used; calls that need it are refused until it can be");
        }
        if cause.is_refusal() {
            self.doubt.notify_one();
        }
    }

    /// Records that a call of this kind has succeeded. [`Kind::Admission`] means that the program may use the database.
    pub(crate) fn succeeded(&self, kind: Kind) {
        if let Some(length) = self.outages.lock().succeeded(kind, Instant::now()) {
            tracing::warn!(seconds = length.as_secs_f64(), "PostgreSQL can be used again");
        }
    }

    /// The cause of the current outage; `None` if there is none.
    pub(crate) fn failing(&self) -> Option<Cause> {
        self.outages.lock().cause()
    }

    /// `true` if the disk was full and no write to new pages has succeeded since.
    pub(crate) fn needs_room(&self) -> bool {
        self.outages.lock().needs_room()
    }

    /// Records that the guard lost its connection at `now`, or received no answer on it.
    pub(crate) fn suspect_connections(&self, now: Instant) {
        *self.suspected.lock() = Some(now);
    }

    /// Whether a connection that was opened at this time must not be used again.
    pub(crate) fn is_suspected(&self, opened: Instant) -> bool {
        self.suspected.lock().is_some_and(|suspected| opened <= suspected)
    }

    /// Waits until a connection was refused.
    pub(crate) async fn doubted(&self) {
        self.doubt.notified().await;
    }
}
