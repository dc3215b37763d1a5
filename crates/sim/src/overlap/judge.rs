//! The invariants by name, and the places where they were broken.

use super::executor::Clock;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A broken invariant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Name {
    /// A login has kicked a later one.
    OlderWins,
    /// Two logins exist of which one should have kicked the other.
    RivalsStand,
    /// A login failed and was refused, but left a connected device behind.
    GhostOfFailedLogin,
    /// The end of a connection was lost: its device stays connected.
    GhostOfLostEnd,
    /// A connection met a bug while it logged in, and left a connected device behind.
    GhostOfBug,
    /// A device counts as connected without a connection, for another reason.
    Ghost,
    /// A connection was closed as superseded although it is the current one in the directory.
    ClosedWhileCurrent,
    /// An open connection belongs to no device of the record.
    NoSuchLogin,
    /// A refused or revoked login is in the facts or in the record.
    OrphanLogin,
    /// A UserSig that was issued after the answer to the last kick is refused as revoked.
    FreshSigRefused,
    /// A device that was kicked by a login or has logged out resumed on its own.
    EndedResumes,
    /// A deleted account exists again although it was not created again.
    DeletedReturns,
    /// A user is logged in after a kick, a logout or a deletion that came after every login.
    LoggedInAfterEnd,
    /// A device is logged in in the record, and logged out in the facts.
    HalfLoggedOut,
    /// A device changed its platform, and facts and record have different platforms.
    Platform,
    /// Facts and record differ for another reason.
    FactsDiffer,
    /// The account exists in one store and is deleted in the other.
    AccountDiffers,
    /// A due event did not happen in time.
    Overdue,
    /// A connection is not notified of a user that it watches.
    Blind,
    /// A connection is notified of a user that it may not watch.
    Leak,
    /// A connection got the answer to a request of another connection.
    OthersAnswer,
    /// A version went backwards.
    GoesBack,
    /// Two statuses of a user have the same version.
    TwoTruths,
    /// The log has an entry without a change.
    NoDifference,
    /// A client's subscription list differs from the directory's.
    ListDiffers,
    /// Session events never reached the outbox.
    EventsLeft,
    /// The backend gets logins and disconnects that do not alternate, or that differ from the record.
    Unpaired,
    /// An event has a status that the user did not have.
    EventStatus,
    /// An operation did not end.
    Stuck,
    /// A restart changed a status.
    RestartChanges,
    /// The code panicked.
    Panic,
}

impl Name {
    /// Every name.
    pub const ALL: [Self; 31] = [
        Self::OlderWins,
        Self::RivalsStand,
        Self::GhostOfFailedLogin,
        Self::GhostOfLostEnd,
        Self::GhostOfBug,
        Self::Ghost,
        Self::ClosedWhileCurrent,
        Self::NoSuchLogin,
        Self::OrphanLogin,
        Self::FreshSigRefused,
        Self::EndedResumes,
        Self::DeletedReturns,
        Self::LoggedInAfterEnd,
        Self::HalfLoggedOut,
        Self::Platform,
        Self::FactsDiffer,
        Self::AccountDiffers,
        Self::Overdue,
        Self::Blind,
        Self::Leak,
        Self::OthersAnswer,
        Self::GoesBack,
        Self::TwoTruths,
        Self::NoDifference,
        Self::ListDiffers,
        Self::EventsLeft,
        Self::Unpaired,
        Self::EventStatus,
        Self::Stuck,
        Self::RestartChanges,
        Self::Panic,
    ];

    /// The name as used on the command line.
    pub fn text(self) -> &'static str {
        match self {
            Self::OlderWins => "older-wins",
            Self::RivalsStand => "rivals-stand",
            Self::GhostOfFailedLogin => "ghost-of-failed-login",
            Self::GhostOfLostEnd => "ghost-of-lost-end",
            Self::GhostOfBug => "ghost-of-bug",
            Self::Ghost => "ghost",
            Self::ClosedWhileCurrent => "closed-while-current",
            Self::NoSuchLogin => "connection-without-login",
            Self::OrphanLogin => "orphan-login",
            Self::FreshSigRefused => "fresh-sig-refused",
            Self::EndedResumes => "ended-resumes",
            Self::DeletedReturns => "deleted-returns",
            Self::LoggedInAfterEnd => "logged-in-after-end",
            Self::HalfLoggedOut => "half-logged-out",
            Self::Platform => "platform",
            Self::FactsDiffer => "facts-differ",
            Self::AccountDiffers => "account-differs",
            Self::Overdue => "overdue",
            Self::Blind => "blind",
            Self::Leak => "leak",
            Self::OthersAnswer => "others-answer",
            Self::GoesBack => "goes-back",
            Self::TwoTruths => "two-truths",
            Self::NoDifference => "no-difference",
            Self::ListDiffers => "list-differs",
            Self::EventsLeft => "events-left",
            Self::Unpaired => "unpaired",
            Self::EventStatus => "event-status",
            Self::Stuck => "stuck",
            Self::RestartChanges => "restart-changes",
            Self::Panic => "panic",
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// A broken invariant with its details.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// The invariant.
    pub name: Name,
    /// The user or connection concerned, and how the invariant was broken.
    pub what: String,
}

/// Collects broken invariants and, if requested, the story of the run.
pub(crate) struct Judge {
    found: RefCell<Vec<Found>>,
    clock: Arc<Clock>,
    wants_story: bool,
    story: RefCell<Vec<String>>,
    tally: RefCell<BTreeMap<String, usize>>,
}

impl Judge {
    /// Creates a judge; with `wants_story`, it records events.
    pub fn new(clock: Arc<Clock>, wants_story: bool) -> Self {
        let (found, story, tally) = Default::default();
        Self { found, clock, wants_story, story, tally }
    }

    /// Records an event in the story.
    pub fn note(&self, what: impl FnOnce() -> String) {
        if self.wants_story {
            self.story.borrow_mut().push(format!("{:>8} {}", self.clock.now(), what()));
        }
    }

    /// Counts an event.
    pub fn count(&self, what: impl Into<String>) {
        *self.tally.borrow_mut().entry(what.into()).or_default() += 1;
    }

    /// The counted events.
    pub fn tally(&self) -> BTreeMap<String, usize> {
        self.tally.take()
    }

    /// Records a broken invariant.
    pub fn found(&self, name: Name, what: String) {
        self.note(|| format!("BROKEN {name}: {what}"));
        self.found.borrow_mut().push(Found { name, what });
    }

    /// Whether an invariant is broken.
    pub fn is_broken(&self) -> bool {
        !self.found.borrow().is_empty()
    }

    /// Removes and returns the broken invariants.
    pub fn take(&self) -> Vec<Found> {
        self.found.take()
    }

    /// The recorded story.
    pub fn story(&self) -> Vec<String> {
        self.story.take()
    }
}
