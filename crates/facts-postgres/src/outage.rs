//! The rule for when an outage of PostgreSQL begins and ends. It is pure: the time is an argument.

use crate::fault::Cause;
use std::time::{Duration, Instant};

/// The kind of call that has failed or succeeded.
///
/// If only reads have failed, a successful read or write ends the outage. After a failed write, only a successful write
/// ends it. After a full disk or a refused admission, only a success of the same kind ends it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    /// A read, or another call that writes nothing.
    Read,
    /// A write.
    Write,
    /// A write that needs room on the disk for new pages of a table.
    Room,
    /// The check that decides whether this program may use the database. It runs when a connection is opened.
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
    /// Records a failure. Returns `true` if the failure begins an outage, or if it is the first refused admission of
    /// the outage.
    pub(crate) fn failed(&mut self, kind: Kind, cause: Cause, now: Instant) -> bool {
        let Some(outage) = &mut self.0 else {
            self.0 = Some(Outage { cause, since: now, ended_by: kind });
            return true;
        };
        match (outage.ended_by, kind) {
            // Failed calls during a refusal are its consequences.
            (Kind::Admission, Kind::Read | Kind::Write | Kind::Room) => false,
            (former, _) => {
                outage.cause = cause;
                outage.ended_by = former.max(kind);
                kind == Kind::Admission && former != Kind::Admission
            }
        }
    }

    /// Records a success. If the success ends an outage, returns the length of the outage.
    pub(crate) fn succeeded(&mut self, kind: Kind, now: Instant) -> Option<Duration> {
        let ends = |outage: &mut Outage| match outage.ended_by {
            Kind::Read | Kind::Write => kind >= outage.ended_by && kind != Kind::Admission,
            Kind::Room | Kind::Admission => kind == outage.ended_by,
        };
        let ended = self.0.take_if(ends)?;
        Some(now.saturating_duration_since(ended.since))
    }

    /// The cause of the current outage.
    pub(crate) fn cause(&self) -> Option<Cause> {
        self.0.map(|outage| outage.cause)
    }

    /// Whether only a write to new pages can end the current outage.
    pub(crate) fn needs_room(&self) -> bool {
        self.0.is_some_and(|outage| outage.ended_by == Kind::Room)
    }

    /// The reason why this program may not use the database; `None` if it may.
    pub(crate) fn refused(&self) -> Option<Cause> {
        self.0.filter(|outage| outage.ended_by == Kind::Admission).map(|outage| outage.cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a script of one letter per second. `r`, `w`, `f` and `a` are the failures of a read, a write, a write to a
    /// full disk and an admission. Capitals are successes. Returns the log: `!` for the beginning of an outage, and its
    /// length in seconds for the end.
    fn told(script: &str) -> String {
        let (mut outages, mut now, mut told) = (Outages::default(), Instant::now(), String::new());
        for step in script.chars() {
            now += Duration::from_secs(1);
            let kind = match step.to_ascii_lowercase() {
                'r' => Kind::Read,
                'w' => Kind::Write,
                'f' => Kind::Room,
                _ => Kind::Admission,
            };
            if step.is_ascii_lowercase() {
                told.push_str(if outages.failed(kind, Cause::Lost, now) { "!" } else { "." });
            } else if let Some(length) = outages.succeeded(kind, now) {
                told.push_str(&length.as_secs().to_string());
            } else {
                told.push('.');
            }
        }
        told
    }

    #[test]
    fn an_outage_begins_and_ends_once() {
        for (script, expected) in [
            ("RWA", "..."),
            ("rR", "!1"),
            ("rrW", "!.2"),
            // Reads may succeed while writes fail.
            ("wRrRW", "!...4"),
            ("rwRW", "!..3"),
            // A refusal ends only with a successful admission. It is logged even within an outage.
            ("aRWA", "!..3"),
            ("waRWA", "!!..4"),
            ("aawrA", "!...4"),
            ("wA", "!."),
            ("rRwW", "!1!1"),
            // Writes that need no new page succeed on a full disk.
            ("fWRWfwWF", "!......7"),
            ("wfWF", "!..3"),
            ("faFA", "!!.3"),
        ] {
            assert_eq!(told(script), expected, "{script}");
        }
    }
}
