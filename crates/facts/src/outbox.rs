//! The part of the port for webhooks: the notices that are still to be sent to the apps' backends.
//!
//! A notice is in the outbox until it is settled. The notices of one user and webhook are sent in the order of their
//! ordinals: only the first of them, the *head*, is offered. The times of sending and retrying are decided elsewhere.

use crate::Answer;
use lamplight_model::{AppId, Lane, NoticeContent, Timestamp, User};

/// The notices that are still to be sent to the apps' backends.
pub trait Outbox: Send + Sync {
    /// Stores notices in their order, in one transaction. Above [`MAX_WAITING_NOTICES`] of an app, notices are dropped.
    ///
    /// The session events of a user have rising ordinals. An event that was stored before is ignored, even if it was
    /// settled meanwhile, until the caller confirms by [`Outbox::forget_taken_in`] that it will not repeat the event.
    ///
    /// A login withdraws the notice that its device was disconnected, and is then not stored itself, unless that notice
    /// was handed out ([`Outbox::hand_out`]) or the events between the two forbid it
    /// ([`SessionEvent::takes_back`](lamplight_model::SessionEvent::takes_back)). The events between the two then
    /// report the status after the login, because the user counts as ONLINE the whole time.
    fn enqueue(&self, notices: Vec<NewNotice>) -> Answer<'_, Enqueued>;

    /// Records that the caller will not repeat the session events of these users up to these ordinals.
    fn forget_taken_in(&self, users: Vec<(User, u64)>) -> Answer<'_, ()>;

    /// Up to `limit` heads of a lane, in the order in which they are due, including those that are not due yet.
    fn heads(&self, lane: Lane, limit: usize) -> Answer<'_, Vec<Notice>>;

    /// Records that a notice is about to be sent: from now on no login withdraws it. Returns whether it still exists.
    fn hand_out(&self, id: u64) -> Answer<'_, bool>;

    /// Stores the outcomes of notices, in one transaction; `at` is the time of the call. A notice that no longer exists
    /// is ignored. Above [`MAX_DEAD_LETTERS`] of an app, the oldest are deleted; returns how many.
    fn settle(&self, settled: Vec<Settled>, at: Timestamp) -> Answer<'_, usize>;

    /// Every lane that has, or had, a notice.
    fn lanes(&self) -> Answer<'_, Vec<LaneState>>;

    /// Up to `limit` dead letters of an app after `after`, by rising id, which is the order in which the notices were
    /// given up.
    fn dead_letters(&self, app: AppId, after: Option<u64>, limit: usize) -> Answer<'_, Vec<DeadLetter>>;

    /// Returns dead letters to the waiting notices, as if they were queued at `at`. Returns how many existed.
    fn resend(&self, app: AppId, ids: Vec<u64>, at: Timestamp) -> Answer<'_, usize>;

    /// Deletes dead letters. Returns how many existed.
    fn drop_dead_letters(&self, app: AppId, ids: Vec<u64>) -> Answer<'_, usize>;
}

/// The most waiting notices of one app. Further notices are dropped; a backend's mirror is repaired from the status
/// feed.
pub const MAX_WAITING_NOTICES: usize = 100_000;

/// The most dead letters of one app that are kept.
pub const MAX_DEAD_LETTERS: usize = 10_000;

/// A notice to put into the outbox. The notice of a session event has the ordinal of the event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewNotice {
    /// The user that the notice is about.
    pub user: User,
    /// The content of the notice.
    pub content: NoticeContent,
    /// The time of the call.
    pub at: Timestamp,
}

/// The outcome of [`Outbox::enqueue`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Enqueued {
    /// The number of notices stored.
    pub added: usize,
    /// The number of notices that were stored before.
    pub repeated: usize,
    /// The number of waiting disconnects that were withdrawn by a login, which was not stored either.
    pub suppressed: usize,
    /// The number of notices dropped because the outbox was full.
    pub dropped: usize,
}

/// A waiting notice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// The id of the notice, which is never used again.
    pub id: u64,
    /// The lane of the notice.
    pub lane: Lane,
    /// The user that the notice is about.
    pub user: User,
    /// The position among the notices of the user and lane.
    pub ordinal: u64,
    /// The content of the notice.
    pub content: NoticeContent,
    /// The time at which the notice was stored.
    pub queued: Timestamp,
    /// The number of failed attempts.
    pub attempts: u32,
    /// The time from which on the notice may be sent.
    pub due: Timestamp,
    /// The reason of the last failure; empty if there was none.
    pub error: String,
}

impl Notice {
    /// Whether the notice reports that a connection ended by itself.
    pub fn is_disconnect(&self) -> bool {
        match &self.content {
            NoticeContent::Session(event) => event.kind.is_disconnect(),
            NoticeContent::Push(_) => false,
        }
    }
}

/// The outcome of one attempt to send a notice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settled {
    /// The id of the notice.
    pub id: u64,
    /// The outcome.
    pub settled: SettledAs,
}

/// The kind of an outcome.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SettledAs {
    /// The receiver has accepted the notice, or it is no longer wanted; it is deleted.
    Gone,
    /// The attempt failed, and the notice is retried.
    Again {
        /// The number of failed attempts.
        attempts: u32,
        /// The time from which on the notice may be sent again.
        due: Timestamp,
        /// The reason of the failure.
        error: String,
    },
    /// The notice failed for good: it becomes a dead letter, and the next notice of its user becomes the head.
    Dead {
        /// The number of failed attempts.
        attempts: u32,
        /// The reason of the failure.
        error: String,
    },
}

/// The state of a lane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LaneState {
    /// The lane.
    pub lane: Lane,
    /// The number of waiting notices.
    pub waiting: u64,
    /// The time at which the oldest head was stored.
    pub oldest: Option<Timestamp>,
    /// The number of dead letters.
    pub dead: u64,
}

/// A notice that is no longer retried.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeadLetter {
    /// The id among the dead letters.
    pub id: u64,
    /// The lane of the notice.
    pub lane: Lane,
    /// The user that the notice is about.
    pub user: User,
    /// The position among the notices of the user and lane.
    pub ordinal: u64,
    /// The content of the notice.
    pub content: NoticeContent,
    /// The time at which the notice was stored.
    pub queued: Timestamp,
    /// The number of failed attempts.
    pub attempts: u32,
    /// The time at which the notice became a dead letter.
    pub died: Timestamp,
    /// The reason of the last failure.
    pub error: String,
}
