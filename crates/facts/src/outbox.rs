//! The part of the port for webhooks: the notices that the apps' backends have not received yet.
//!
//! A notice is in the outbox until it is settled. The notices of one user and webhook are sent in the order of their
//! ordinals. Only the first of them, the *head*, can be sent. The dispatcher decides when notices are sent and retried.
//!
//! If several nodes share the outbox, a node needs the lease of a lane to send its notices. The outbox stores no
//! durations: the nodes decide when a lease has ended.
//!
//! The recorder of a node moves session events from live records to the outbox. It begins a term of each partition of
//! the directory before it reads the records of the partition. Of the recorders that move events of one partition, only
//! the one with the last term can store events.

use crate::Answer;
use lamplight_model::{AppId, Lane, LaneLease, NodeId, NoticeContent, Timestamp, User};

/// The store of the notices that the apps' backends have not received yet.
pub trait Outbox: Send + Sync {
    /// Stores notices in their order, in one transaction. If an app has [`MAX_WAITING_NOTICES`] waiting notices,
    /// further notices are dropped. All notices of a deleted app are dropped.
    ///
    /// Stores nothing and returns `None` if one of `terms` is not the last term of its partition. `terms` contains each
    /// partition at most once. It is empty if the notices contain no session event that may be repeated.
    ///
    /// The session events of a user have increasing ordinals. An event that was stored before is ignored, even if its
    /// notice was settled meanwhile. With [`Outbox::forget_taken_in`], the caller confirms that it will not repeat
    /// events. The store need not recognise these events any longer.
    ///
    /// A login may cancel a waiting disconnect of its device. The disconnect is then deleted, and the login is not
    /// stored. [`SessionEvent::takes_back`](lamplight_model::SessionEvent::takes_back) defines when that is possible. A
    /// disconnect that was handed out ([`Outbox::hand_out`]) cannot be cancelled.
    ///
    /// After a cancellation, the user counts as ONLINE the whole time. Events between the disconnect and the login
    /// therefore get the status after the login.
    fn enqueue(&self, notices: Vec<NewNotice>, terms: Vec<RecorderTerm>) -> Answer<'_, Option<Enqueued>>;

    /// Records that the live records of these users no longer have the session events up to these ordinals. The store
    /// need not recognise these events any longer. If one of `terms` is not the last term of its partition, changes
    /// nothing: the recorder with the last term may have read these events before.
    fn forget_taken_in(&self, users: Vec<(User, u64)>, terms: Vec<RecorderTerm>) -> Answer<'_, ()>;

    /// Begins a new term of each of these partitions. Returns the number of the new terms. No number is used twice.
    /// After the call has returned, calls of former terms can no longer change the outbox.
    fn begin_recording(&self, partitions: Vec<u16>) -> Answer<'_, u64>;

    /// Returns up to `limit` heads of a lane, in the order in which they are due. Also returns heads that are not due
    /// yet. A head is the oldest unsettled notice of a user.
    fn heads(&self, lane: Lane, limit: usize) -> Answer<'_, Vec<Notice>>;

    /// Records that a notice is about to be sent, so that no login can cancel it. Returns whether the notice exists.
    fn hand_out(&self, id: u64) -> Answer<'_, bool>;

    /// Takes or renews the lease of a lane for `node`. Returns the state of the lease after the call.
    ///
    /// If another node has the lease, the call changes nothing, with one exception. If `over` is the beat of that
    /// lease, `node` takes the lease over, and the other node loses it.
    ///
    /// A lane of a deleted app has no lease, and no node gets one.
    ///
    /// If `node` already has the lease, the term is kept. Otherwise the new term is higher than all former terms of the
    /// lane.
    fn take_lease(&self, lane: Lane, node: NodeId, over: Option<u64>) -> Answer<'_, LaneLease>;

    /// Releases the lease of a lane if the lease has the beat `beat`. Otherwise changes nothing.
    fn release_lease(&self, lane: Lane, beat: u64) -> Answer<'_, ()>;

    /// Stores the outcomes of notices, in one transaction. `at` is the time of the call. Ignores notices that no longer
    /// exist. Also ignores outcomes from a term that is not the lane's last term. Deletes the oldest dead letters of an
    /// app above [`MAX_DEAD_LETTERS`], and returns their number.
    fn settle(&self, settled: Vec<Settled>, at: Timestamp) -> Answer<'_, usize>;

    /// Returns all lanes that have or have had notices, in ascending order of the app and then of the webhook.
    fn lanes(&self) -> Answer<'_, Vec<LaneState>>;

    /// Returns up to `limit` dead letters of an app after the id `after`, in ascending order of their ids. This is the
    /// order in which the notices became dead letters.
    fn dead_letters(&self, app: AppId, after: Option<u64>, limit: usize) -> Answer<'_, Vec<DeadLetter>>;

    /// Turns dead letters into waiting notices again, queued at the time `at` and without failed attempts. They keep
    /// their ordinals, so they come before later notices of their users. [`MAX_WAITING_NOTICES`] does not apply.
    /// Returns how many of the dead letters existed.
    fn resend(&self, app: AppId, ids: Vec<u64>, at: Timestamp) -> Answer<'_, usize>;

    /// Deletes dead letters. Returns how many of them existed.
    fn drop_dead_letters(&self, app: AppId, ids: Vec<u64>) -> Answer<'_, usize>;
}

/// The maximum number of waiting notices of one app. Further notices are dropped. A backend that mirrors statuses can
/// then repair its copy with the status feed.
pub const MAX_WAITING_NOTICES: usize = 100_000;

/// The maximum number of dead letters that are kept for one app.
pub const MAX_DEAD_LETTERS: usize = 10_000;

/// A notice to be added to the outbox. The notice of a session event has the ordinal of the event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewNotice {
    /// The user that the notice is about.
    pub user: User,
    /// The content of the notice.
    pub content: NoticeContent,
    /// The time at which the notice is added.
    pub at: Timestamp,
}

/// The permission of a recorder to store the session events of one partition of the directory. It ends when a recorder
/// begins another term of the partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecorderTerm {
    /// The partition.
    pub partition: u16,
    /// The number that [`Outbox::begin_recording`] has returned.
    pub term: u64,
}

/// The outcome of [`Outbox::enqueue`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Enqueued {
    /// The number of notices that were stored.
    pub added: usize,
    /// The number of notices that were ignored because they were stored before.
    pub repeated: usize,
    /// The number of waiting disconnects that a login has cancelled.
    pub suppressed: usize,
    /// The number of notices that were dropped because the outbox was full or the app was deleted.
    pub dropped: usize,
}

/// A notice that has not been delivered yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// The id of the notice, which is unique for all time.
    pub id: u64,
    /// The lane of the notice.
    pub lane: Lane,
    /// The user that the notice is about.
    pub user: User,
    /// The position among the notices of the same user and lane.
    pub ordinal: u64,
    /// The content of the notice.
    pub content: NoticeContent,
    /// The time at which the notice was stored.
    pub queued: Timestamp,
    /// The number of failed attempts.
    pub attempts: u32,
    /// The earliest time at which the notice may be sent.
    pub due: Timestamp,
    /// The error of the last attempt; empty if no attempt has failed.
    pub error: String,
}

impl Notice {
    /// Returns `true` if the notice reports a disconnect without a logout.
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
    /// The term of the lane's lease in which the notice was sent; `None` if no other node uses the outbox. Without a
    /// term, the outcome is stored in any state of the lease.
    pub term: Option<u64>,
    /// The outcome.
    pub settled: SettledAs,
}

/// The kinds of outcomes of an attempt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SettledAs {
    /// The notice is deleted, because the receiver has accepted it or the notice is no longer needed.
    Gone,
    /// The attempt failed, and the notice is retried.
    Again {
        /// The number of failed attempts.
        attempts: u32,
        /// The earliest time at which the notice may be sent again.
        due: Timestamp,
        /// The reason of the failure.
        error: String,
    },
    /// The notice has failed permanently, and becomes a dead letter. The user's next notice can then be sent.
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
    /// The time when the oldest head was stored; `None` if no notice waits. A head is the oldest waiting notice of a
    /// user.
    pub oldest: Option<Timestamp>,
    /// The number of dead letters.
    pub dead: u64,
}

/// A notice that is no longer retried.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeadLetter {
    /// The id of the dead letter, which is unique for all time.
    pub id: u64,
    /// The lane of the notice.
    pub lane: Lane,
    /// The user that the notice is about.
    pub user: User,
    /// The position among the notices of the same user and lane.
    pub ordinal: u64,
    /// The content of the notice.
    pub content: NoticeContent,
    /// The time at which the notice was stored.
    pub queued: Timestamp,
    /// The number of failed attempts.
    pub attempts: u32,
    /// The time at which the notice became a dead letter.
    pub died: Timestamp,
    /// The error of the last attempt.
    pub error: String,
}
