//! The part of the port for webhooks: what the apps' backends have still to be told.
//!
//! A notice is in the outbox until it is settled. The notices of one user and webhook go out in the order of their
//! ordinals: only the first of them, the *head*, is ever offered. Which of the heads goes when, and what becomes of
//! one that failed, is decided elsewhere.

use crate::Answer;
use lamplight_model::{AppId, Lane, NoticeContent, Timestamp, User};

/// The notices that the apps' backends have still to be told.
pub trait Outbox: Send + Sync {
    /// Takes notices in, in one transaction, in their order. Beyond [`MAX_WAITING_NOTICES`] of an app, notices are dropped.
    ///
    /// The session events of a user come with rising ordinals. One that was taken in before is passed over, also when it
    /// was settled meanwhile, until the outbox is told that the caller knows of it ([`Outbox::forget_taken_in`]).
    ///
    /// A login takes back the notice that its device was disconnected, and is not taken in itself, unless that notice was
    /// handed out ([`Outbox::hand_out`]) or the events between the two forbid it
    /// ([`SessionEvent::takes_back`](lamplight_model::SessionEvent::takes_back)). Those between the two then say the status
    /// of after the login: with the device connected the whole time, the user was ONLINE.
    fn enqueue(&self, notices: Vec<NewNotice>) -> Answer<'_, Enqueued>;

    /// Says that the caller will not repeat the session events of these users up to these ordinals.
    fn forget_taken_in(&self, users: Vec<(User, u64)>) -> Answer<'_, ()>;

    /// Up to `limit` heads of a lane, in the order in which they are due, whether their time has come or not.
    fn heads(&self, lane: Lane, limit: usize) -> Answer<'_, Vec<Notice>>;

    /// Says that a notice is about to be told: from now on no login takes it back. Answers with whether it is still there.
    fn hand_out(&self, id: u64) -> Answer<'_, bool>;

    /// Says what became of notices, in one transaction; `at` is when. A notice that is not there any longer is passed
    /// over. Beyond [`MAX_DEAD_LETTERS`] of an app, the oldest are forgotten; answers with how many.
    fn settle(&self, settled: Vec<Settled>, at: Timestamp) -> Answer<'_, usize>;

    /// Every lane that has, or had, something in it.
    fn lanes(&self) -> Answer<'_, Vec<LaneState>>;

    /// Up to `limit` dead letters of an app after `after`, by rising id, which is the order of their death.
    fn dead_letters(&self, app: AppId, after: Option<u64>, limit: usize) -> Answer<'_, Vec<DeadLetter>>;

    /// Puts dead letters back among the waiting, as if they were new at `at`. Says how many of them there were.
    fn resend(&self, app: AppId, ids: Vec<u64>, at: Timestamp) -> Answer<'_, usize>;

    /// Forgets dead letters. Says how many of them there were.
    fn drop_dead_letters(&self, app: AppId, ids: Vec<u64>) -> Answer<'_, usize>;
}

/// The most notices of one app that wait. Further ones are lost to the webhook; the status feed repairs a mirror.
pub const MAX_WAITING_NOTICES: usize = 100_000;

/// The most dead letters of one app that are kept.
pub const MAX_DEAD_LETTERS: usize = 10_000;

/// A notice to take in. That of a session event has the ordinal of the event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewNotice {
    /// The user that the notice is about.
    pub user: User,
    /// The content of the notice.
    pub content: NoticeContent,
    /// When it is taken in.
    pub at: Timestamp,
}

/// The outcome of [`Outbox::enqueue`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Enqueued {
    /// Notices taken in.
    pub added: usize,
    /// Notices that were there already.
    pub repeated: usize,
    /// Disconnects that were there and were taken back by a login, which was not taken in either.
    pub suppressed: usize,
    /// Notices that found no room.
    pub dropped: usize,
}

/// A notice that waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// Names it; no other notice ever has the same.
    pub id: u64,
    /// Where it goes.
    pub lane: Lane,
    /// The user that the notice is about.
    pub user: User,
    /// Its place among the notices of the user and lane.
    pub ordinal: u64,
    /// The content of the notice.
    pub content: NoticeContent,
    /// When it was taken in.
    pub queued: Timestamp,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// When it may be tried.
    pub due: Timestamp,
    /// Why it failed last; empty when it did not.
    pub error: String,
}

impl Notice {
    /// Whether the notice tells that a connection ended by itself.
    pub fn is_disconnect(&self) -> bool {
        match &self.content {
            NoticeContent::Session(event) => event.kind.is_disconnect(),
            NoticeContent::Push(_) => false,
        }
    }
}

/// The outcome of one try to tell a notice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settled {
    /// Which notice.
    pub id: u64,
    /// The outcome.
    pub settled: SettledAs,
}

/// The kind of an outcome.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SettledAs {
    /// The receiver has it, or nobody wants it any longer: it goes.
    Gone,
    /// It failed and will be tried again.
    Again {
        /// How often it was tried in vain.
        attempts: u32,
        /// When it may be tried.
        due: Timestamp,
        /// Why it failed.
        error: String,
    },
    /// It failed for good: it becomes a dead letter, and the next one of its user is the head.
    Dead {
        /// How often it was tried in vain.
        attempts: u32,
        /// Why it failed.
        error: String,
    },
}

/// How a lane stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LaneState {
    /// Which.
    pub lane: Lane,
    /// Notices that wait.
    pub waiting: u64,
    /// When the oldest head was taken in.
    pub oldest: Option<Timestamp>,
    /// Dead letters.
    pub dead: u64,
}

/// A notice that was given up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeadLetter {
    /// Names it among the dead letters.
    pub id: u64,
    /// Where it was to go.
    pub lane: Lane,
    /// The user that the notice is about.
    pub user: User,
    /// Its place among the notices of the user and lane.
    pub ordinal: u64,
    /// The content of the notice.
    pub content: NoticeContent,
    /// When it was taken in.
    pub queued: Timestamp,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// When it was given up.
    pub died: Timestamp,
    /// Why it failed last.
    pub error: String,
}
