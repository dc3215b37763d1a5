//! The rule for the beginning and the end of an outage of PostgreSQL. Pure: the time is an argument.

use crate::fault::Cause;
use std::time::{Duration, Instant};

/// What was tried when a call failed. Only a success of the same or of a stronger kind ends the outage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// An answer.
    Read,
    /// A commit.
    Write,
    /// The permission to use the database beside other programs, which is found out by opening a connection.
    Admission,
}

/// The current outage, if there is one.
#[derive(Default, Debug)]
pub(crate) struct Outages(Option<Outage>);

#[derive(Clone, Copy, Debug)]
struct Outage {
    cause: Cause,
    since: Instant,
    ended_by: Kind,
}

impl Outages {
    /// Notes a failure. Returns `true` if it begins an outage, or if it is the first refusal of an admission in one.
    pub(crate) fn failed(&mut self, kind: Kind, cause: Cause, now: Instant) -> bool {
        let Some(outage) = &mut self.0 else {
            self.0 = Some(Outage { cause, since: now, ended_by: kind });
            return true;
        };
        match (outage.ended_by, kind) {
            // Failed calls during a refusal are its consequences.
            (Kind::Admission, Kind::Read | Kind::Write) => false,
            (former, _) => {
                outage.cause = cause;
                outage.ended_by = if former == Kind::Write && kind == Kind::Read { former } else { kind };
                kind == Kind::Admission && former != Kind::Admission
            }
        }
    }

    /// Notes a success. Returns the length of the outage that it ends, if it ends one.
    pub(crate) fn succeeded(&mut self, kind: Kind, now: Instant) -> Option<Duration> {
        let ends = |outage: &mut Outage| match outage.ended_by {
            Kind::Read => kind != Kind::Admission,
            Kind::Write => kind == Kind::Write,
            Kind::Admission => kind == Kind::Admission,
        };
        let ended = self.0.take_if(ends)?;
        Some(now.saturating_duration_since(ended.since))
    }

    /// The cause of the current outage.
    pub(crate) fn cause(&self) -> Option<Cause> {
        self.0.map(|outage| outage.cause)
    }

    /// The cause for which the use of the database is refused; `None` if it is not.
    pub(crate) fn refused(&self) -> Option<Cause> {
        self.0.filter(|outage| outage.ended_by == Kind::Admission).map(|outage| outage.cause)
    }
}
