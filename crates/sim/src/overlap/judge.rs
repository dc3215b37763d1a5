//! The names of the checked invariants, and the recorded violations.

use super::executor::Clock;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// The name of an invariant that can be broken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Name {
    /// An earlier login has kicked a later login.
    OlderWins,
    /// Two logins exist, although one should have kicked the other.
    RivalsStand,
    /// A device counts as connected, although its login failed with an internal error.
    GhostOfFailedLogin,
    /// A device counts as connected, because the end of its connection was lost.
    GhostOfLostEnd,
    /// A device counts as connected, although its worker panicked while it served the connection.
    GhostOfBug,
    /// A device counts as connected without a connection, for any other reason.
    Ghost,
    /// A connection was closed as superseded, although the directory has it as the device's current connection.
    ClosedWhileCurrent,
    /// A connection is open, although the user's record does not have its device.
    NoSuchLogin,
    /// After a kick or a deletion, the facts have a login that the record does not have.
    OrphanLogin,
    /// A UserSig was refused as revoked, although it was issued after the answer to the last kick.
    FreshSigRefused,
    /// A device has resumed automatically, although another login had kicked it or it had logged out.
    EndedResumes,
    /// A deleted account exists again, although nobody created it.
    DeletedReturns,
    /// A user is logged in, although the last event of the user was a kick or a deletion.
    LoggedInAfterEnd,
    /// A device is logged in according to the record, and logged out according to the facts.
    HalfLoggedOut,
    /// The facts and the record differ about a login whose device has changed its platform.
    Platform,
    /// The facts and the record differ for any other reason.
    FactsDiffer,
    /// An account exists in one store, and is deleted in the other.
    AccountDiffers,
    /// A due event has not happened in time.
    Overdue,
    /// A connection was not notified about a user whom it watches.
    Blind,
    /// A connection was notified about a user whom it may not watch.
    Leak,
    /// A client got an answer to a request that it had not sent, or to a request that was already answered.
    OthersAnswer,
    /// A client, or the change log, got an older version after a newer one.
    GoesBack,
    /// Two different statuses of a user have the same version.
    TwoTruths,
    /// The change log has an entry whose status does not differ from the previous one.
    NoDifference,
    /// A client has another subscription list than the directory.
    ListDiffers,
    /// Session events were never written to the outbox.
    EventsLeft,
    /// The backend was notified of two consecutive logins, or two consecutive disconnects, of a device. The invariant
    /// is also broken if the record differs from the state that the backend has derived from its notifications.
    Unpaired,
    /// An event was delivered again after a later event, or was put into the outbox again after its delivery.
    PutBack,
    /// An event for the backend has a wrong status. The status is missing or outdated, was never a status of the user,
    /// or is in the last event and differs from the record.
    EventStatus,
    /// An operation or a retry has not ended.
    Stuck,
    /// A user with an open connection was not shown as ONLINE after the directory had lost its records.
    ShownToLeave,
    /// An open connection was closed, or lost acknowledged state, after the directory had lost its records.
    LostByFlush,
    /// A client was notified of a connected user after the directory had lost its records. The user's status looks the
    /// same as before the loss.
    NothingNew,
    /// The users of a lost node were not shown as OFFLINE exactly once, or other users were shown as OFFLINE.
    LostNode,
    /// A subscription list has a deleted account.
    ListsDeleted,
    /// A custom status was shown after its duration had passed, was cleared too early, or was not cleared by exactly
    /// one change.
    CustomExpiry,
    /// A viewer was shown a status that the viewer may not see. The call that restricts the status had already been
    /// answered, or the worker had already received the restriction. The invariant is also broken if a user's own
    /// device was not shown the true status.
    HiddenShown,
    /// In a quiet world, a record has other restrictions than the facts.
    RestrictionsDiffer,
    /// A client got a wrong number of notifications: two of one change, one without a change, or none when a status
    /// became hidden from the client or visible again.
    ToldTwice,
    /// A message of a blocked sender was stored, or a message of another sender was refused.
    BlockedSender,
    /// A restart has changed a status.
    RestartChanges,
    /// The code panicked, or the process failed to start.
    Panic,
}

impl Name {
    /// All names.
    pub const ALL: [Self; 42] = [
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
        Self::PutBack,
        Self::EventStatus,
        Self::Stuck,
        Self::ShownToLeave,
        Self::LostByFlush,
        Self::NothingNew,
        Self::LostNode,
        Self::ListsDeleted,
        Self::CustomExpiry,
        Self::HiddenShown,
        Self::RestrictionsDiffer,
        Self::ToldTwice,
        Self::BlockedSender,
        Self::RestartChanges,
        Self::Panic,
    ];

    /// The name on the command line.
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
            Self::PutBack => "put-back",
            Self::EventStatus => "event-status",
            Self::Stuck => "stuck",
            Self::ShownToLeave => "shown-to-leave",
            Self::LostByFlush => "lost-by-flush",
            Self::NothingNew => "nothing-new",
            Self::LostNode => "lost-node",
            Self::ListsDeleted => "lists-deleted",
            Self::CustomExpiry => "custom-expiry",
            Self::HiddenShown => "hidden-shown",
            Self::RestrictionsDiffer => "restrictions-differ",
            Self::ToldTwice => "told-twice",
            Self::BlockedSender => "blocked-sender",
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
    /// The user or the connection that is concerned, and the details.
    pub what: String,
}

/// Collects broken invariants, and counts events. On request, it also records the story of the run, which is the list
/// of its events in order.
pub(crate) struct Judge {
    found: RefCell<Vec<Found>>,
    clock: Arc<Clock>,
    wants_story: bool,
    story: RefCell<Vec<String>>,
    /// The hash of the whole story.
    digest: RefCell<DefaultHasher>,
    tally: RefCell<BTreeMap<String, usize>>,
}

impl Judge {
    /// Creates a judge. If `wants_story` is `false`, [`note`](Self::note) does nothing.
    pub fn new(clock: Arc<Clock>, wants_story: bool) -> Self {
        let (found, story, digest, tally) = Default::default();
        Self { found, clock, wants_story, story, digest, tally }
    }

    /// Records an event in the story, if there is a story.
    pub fn note(&self, what: impl FnOnce() -> String) {
        if self.wants_story {
            let line = format!("{:>8} {}", self.clock.now(), what());
            line.hash(&mut *self.digest.borrow_mut());
            self.story.borrow_mut().push(line);
        }
    }

    /// Counts an event.
    pub fn count(&self, what: impl Into<String>) {
        *self.tally.borrow_mut().entry(what.into()).or_default() += 1;
    }

    /// The hash of all events so far, in their order. Without a story, it is the same in all runs.
    pub fn digest(&self) -> u64 {
        self.digest.borrow().finish()
    }

    /// Removes and returns the counts of events.
    pub fn tally(&self) -> BTreeMap<String, usize> {
        self.tally.take()
    }

    /// Records a broken invariant.
    pub fn found(&self, name: Name, what: String) {
        self.note(|| format!("BROKEN {name}: {what}"));
        self.found.borrow_mut().push(Found { name, what });
    }

    /// Whether a broken invariant was recorded since the last call of [`take`](Self::take).
    pub fn is_broken(&self) -> bool {
        !self.found.borrow().is_empty()
    }

    /// Removes and returns the recorded broken invariants.
    pub fn take(&self) -> Vec<Found> {
        self.found.take()
    }

    /// Removes and returns the recorded story.
    pub fn story(&self) -> Vec<String> {
        self.story.take()
    }
}
