//! The invariants, by name, and the places where one was broken.

use super::executor::Clock;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The invariant that was broken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Name {
    /// A login has kicked a newer one.
    OlderWins,
    /// Logins that are in each other's way stand side by side.
    RivalsStand,
    /// A login failed and was refused, and left a connected device behind.
    GhostOfFailedLogin,
    /// The end of a connection was lost: its device stays connected.
    GhostOfLostEnd,
    /// A connection met a bug of ours while it logged in, and left a connected device behind.
    GhostOfBug,
    /// A connected device without a connection, for another reason.
    Ghost,
    /// A connection is closed as superseded although the directory has it as the current one.
    ClosedWhileCurrent,
    /// An open connection is no device of the record.
    NoSuchLogin,
    /// A refused or revoked login stands in the facts or the record.
    OrphanLogin,
    /// A UserSig that was made after the last kick was answered is refused as revoked.
    FreshSigRefused,
    /// A device that was kicked by a login or logged out came back by itself.
    EndedResumes,
    /// A deleted account is there again, although nobody made it.
    DeletedReturns,
    /// Somebody is logged in after a kick, a logout or a deletion that came after every login.
    LoggedInAfterEnd,
    /// A device is logged in live, and logged out in the facts.
    HalfLoggedOut,
    /// A device changed its platform, and facts and record do not agree on it.
    Platform,
    /// Facts and record do not agree, for another reason.
    FactsDiffer,
    /// The account is there in one store, and deleted in the other.
    AccountDiffers,
    /// An event that was due did not happen in time.
    Overdue,
    /// A connection is not told of whom it watches.
    Blind,
    /// A connection is told of whom it may not watch.
    Leak,
    /// A connection got the answer to somebody else's request.
    OthersAnswer,
    /// A version went back.
    GoesBack,
    /// One version says two things.
    TwoTruths,
    /// The log tells what did not change.
    NoDifference,
    /// A list is not what the directory has.
    ListDiffers,
    /// Session events never came to the outbox.
    EventsLeft,
    /// The backend hears logins and disconnects that do not pair, or that are not what there is.
    Unpaired,
    /// An event says a status that the user did not have.
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

    /// The name as it is written on a command line.
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

/// Something that should not be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// Which rule is broken.
    pub name: Name,
    /// Where and how.
    pub what: String,
}

/// Collects what was found, and tells the story if it is wanted.
pub(crate) struct Judge {
    found: RefCell<Vec<Found>>,
    clock: Arc<Clock>,
    wants_story: bool,
    story: RefCell<Vec<String>>,
    tally: RefCell<BTreeMap<String, usize>>,
}

impl Judge {
    /// A judge; with `wants_story` it keeps what happened.
    pub fn new(clock: Arc<Clock>, wants_story: bool) -> Self {
        let (found, story, tally) = Default::default();
        Self { found, clock, wants_story, story, tally }
    }

    /// Something happened.
    pub fn note(&self, what: impl FnOnce() -> String) {
        if self.wants_story {
            self.story.borrow_mut().push(format!("{:>8} {}", self.clock.now(), what()));
        }
    }

    /// Something happened that is worth counting.
    pub fn count(&self, what: impl Into<String>) {
        *self.tally.borrow_mut().entry(what.into()).or_default() += 1;
    }

    /// The events of the run, and how often each came.
    pub fn tally(&self) -> BTreeMap<String, usize> {
        self.tally.take()
    }

    /// Something is wrong.
    pub fn found(&self, name: Name, what: String) {
        self.note(|| format!("BROKEN {name}: {what}"));
        self.found.borrow_mut().push(Found { name, what });
    }

    /// Whether something is wrong.
    pub fn is_broken(&self) -> bool {
        !self.found.borrow().is_empty()
    }

    /// All that is wrong.
    pub fn take(&self) -> Vec<Found> {
        self.found.take()
    }

    /// The story, as far as it was wanted.
    pub fn story(&self) -> Vec<String> {
        self.story.take()
    }
}
