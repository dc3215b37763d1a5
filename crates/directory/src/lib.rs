//! The two ports for live state: the [`Directory`] has one [`Presence`] for each user, the [`ChangeLog`] reports
//! visible changes.
//!
//! A directory keeps records. It does not know what a change means: the transition is a closure over the rules of
//! `core`, run in one atomic step with the log entries that it causes, so state and log cannot disagree. A record that
//! is absent is rebuilt from the facts by the caller, who [seeds](Directory::seed) it.
//!
//! The log also carries news that is not a change of a record. The caller appends such an entry after the reported
//! change was committed elsewhere, so it may be lost with the caller: a reader that needs it must be able to read
//! again.

pub mod conformance;
mod feed;
mod in_process;
mod journal;
mod lists_news;
mod locks;
mod log;
mod news;
mod records;

pub use feed::{FeedCursor, FeedPage, InvalidFeedCursor};
pub use in_process::{InProcessDirectory, Recovered};
pub use journal::{JournalDamage, JournalError};
pub use lists_news::{FriendProfile, ListsChange, ListsNews, MAX_FRIENDS_IN_ENTRY, MessageNews};
pub use log::{Heard, LocalLog, LogReader, MAX_WAITING_BYTES, MAX_WAITING_ENTRIES, Partitions};
pub use news::{LogEntry, Logged, News};
pub use records::{InvalidRecordCursor, RecordCursor, RecordFilter, RecordPage};

use futures_util::future::BoxFuture;
use lamplight_core::{Presence, Transition};
use lamplight_model::{AppId, ConnectionId, Moment, NodeId, Now, Platform, Timestamp, User};

/// The future result of a call to a [`Directory`] or a [`ChangeLog`].
pub type Answer<'a, T> = BoxFuture<'a, Result<T, DirectoryError>>;

/// A change of one record. May be run more than once; only the last run counts.
pub type Change<'a> = &'a mut (dyn FnMut(&mut Presence) -> Transition<()> + Send);

/// Reads one record: gets the position of the user in the list, and the record with its revision if there is one.
pub type View<'a> = &'a mut (dyn FnMut(usize, Option<(&Presence, u64)>) + Send);

/// The store of live records. Each kept change of one appends the visible changes to the change log, in the same step.
pub trait Directory: Send + Sync {
    /// Rewrites one user's record atomically and logs what became visible. Hands back what it logged; `None` when there
    /// is no record. When it returns, the change survives the death of this process (not of the machine).
    ///
    /// Every kept change counts the record's revision up by one. Revisions of a user never go back, not even when its
    /// record is removed and seeded again, as long as the directory loses nothing.
    ///
    /// Callers use [`update`](trait.Directory.html#method.update) or
    /// [`update_logged`](trait.Directory.html#method.update_logged), which hand the outcome back.
    fn update_with<'a>(&'a self, user: &'a User, now: Now, change: Change<'a>) -> Answer<'a, Option<Logged>>;

    /// Reads the records of these users, in the order asked. A record includes every change that the log reports for
    /// its user up to its revision, and none of a later one.
    fn read_with<'a>(&'a self, users: &'a [User], view: View<'a>) -> Answer<'a, ()>;

    /// Stores a record if there is none. The log reports nothing.
    fn seed<'a>(&'a self, user: &'a User, presence: Presence, now: Now) -> Answer<'a, ()>;

    /// Removes a record. The log reports nothing.
    fn remove<'a>(&'a self, user: &'a User, now: Now) -> Answer<'a, ()> {
        self.remove_if(user, |_| true, now)
    }

    /// Removes a record for which the condition is true, in one atomic step. The log reports nothing.
    fn remove_if<'a>(&'a self, user: &'a User, condition: fn(&Presence) -> bool, now: Now) -> Answer<'a, ()>;

    /// The number of partitions: users are spread over them, each partition has its own order, and duties are assigned
    /// by partition. Never changes.
    fn partitions(&self) -> u16;

    /// Every user who has one of these users on the subscription list, in no particular order. Reads every record.
    fn subscribed_to<'a>(&'a self, users: &'a [User]) -> Answer<'a, Vec<User>>;

    /// The partition of a user, below [`Directory::partitions`].
    fn partition_of(&self, user: &User) -> u16;

    /// Up to `limit` users of a partition whose record is due by [`Presence::next_deadline`], the longest overdue first.
    fn due(&self, partition: u16, now: Moment, limit: usize) -> Answer<'_, Vec<User>>;

    /// Up to `limit` users of a partition whose record has session events for the outbox, by rising user, after
    /// `after`.
    fn with_events<'a>(
        &'a self,
        partition: u16,
        after: Option<&'a User>,
        limit: usize,
    ) -> Answer<'a, Vec<User>>;

    /// The current connections of a node in the records of a partition, some at a time: the first page with `None`,
    /// each further one with the `next` of the page before. A connection that exists from the first page to the last is
    /// in one of them; one that begins or ends in between may be in several, or in none.
    fn connections_of(&self, node: NodeId, partition: u16, after: Option<u64>) -> Answer<'_, ConnectionPage>;

    /// Up to `limit` users of an app whose records the filter takes, some at a time: the first page with `None`, each
    /// further one with the `next` of the page before. A record that is there, and taken, from the first page to the
    /// last is in one of them; one that comes, goes or changes in between may be in one or in none. A page looks at a
    /// bounded number of records, so one that is not the last may have fewer than `limit` users.
    fn records_of<'a>(
        &'a self,
        app: AppId,
        filter: RecordFilter,
        after: Option<&'a RecordCursor>,
        limit: usize,
    ) -> Answer<'a, RecordPage>;

    /// Up to `limit` users of an app whose status changed visibly after this cursor, or whose account was deleted or
    /// made again, those of a partition in the order of their last change; from the beginning where there is no cursor,
    /// or one that is of no use any longer.
    fn feed(&self, app: AppId, after: Option<FeedCursor>, limit: usize) -> Answer<'_, FeedPage>;

    /// The time before which records may be missing: records rebuilt from the facts must have higher versions, above
    /// all that were sent before. A record that existed at this time, or was seeded since, stays until it is removed:
    /// an adapter that loses records while it runs has another, later epoch from then on.
    fn epoch(&self) -> Timestamp;

    /// Resolves when a status changes visibly after the first poll. A reader that waits for a page polls this first,
    /// then reads.
    fn feed_moved(&self) -> BoxFuture<'_, ()>;

    /// The figures of the directory, for metrics.
    fn stats(&self) -> DirectoryStats;
}

/// The log of changes for the readers of other parts: the entries of changed records, and appended news.
pub trait ChangeLog: Send + Sync {
    /// Appends news that is not a change of a record, in this order. An adapter that need not wait has appended it
    /// after the first poll of the result. After an error, and if the result is dropped, the entries may have been
    /// appended: a caller that appends them again must know that their readers can bear it.
    fn append(&self, entries: Vec<LogEntry>) -> Answer<'_, ()>;

    /// Follows the log from here on. Entries about one user come in the order of their revisions.
    fn follow(&self) -> LogReader;

    /// Follows from here on which records have [session events](Presence::pending_events) for the outbox. An entry
    /// names a user, and comes after the change.
    fn follow_events(&self) -> LogReader;
}

impl dyn Directory + '_ {
    /// Rewrites one user's record atomically, logs the visible changes, and returns the outcome of the transition;
    /// `None` if there is no record.
    pub async fn update<T: Send>(
        &self,
        user: &User,
        now: Now,
        change: impl FnMut(&mut Presence) -> Transition<T> + Send,
    ) -> Result<Option<T>, DirectoryError> {
        Ok(self.update_logged(user, now, change).await?.map(|(outcome, _)| outcome))
    }

    /// Does the same as [`update`](trait.Directory.html#method.update), and returns the log entry too.
    pub async fn update_logged<T: Send>(
        &self,
        user: &User,
        now: Now,
        mut change: impl FnMut(&mut Presence) -> Transition<T> + Send,
    ) -> Result<Option<(T, Logged)>, DirectoryError> {
        let mut outcome = None;
        let logged = self
            .update_with(user, now, &mut |presence| change(presence).map(|value| outcome = Some(value)))
            .await?;
        Ok(outcome.zip(logged))
    }

    /// Reads the records of these users and collects the results of `view`, in the order asked.
    pub async fn read<T: Send>(
        &self,
        users: &[User],
        mut view: impl FnMut(&User, Option<&Presence>) -> T + Send,
    ) -> Result<Vec<T>, DirectoryError> {
        self.read_revisions(users, |user, record| view(user, record.map(|(presence, _)| presence))).await
    }

    /// Does the same as [`read`](trait.Directory.html#method.read), with the revisions of the records.
    pub async fn read_revisions<T: Send>(
        &self,
        users: &[User],
        mut view: impl FnMut(&User, Option<(&Presence, u64)>) -> T + Send,
    ) -> Result<Vec<T>, DirectoryError> {
        let mut seen = Vec::with_capacity(users.len());
        self.read_with(users, &mut |index, record| seen.push(view(&users[index], record))).await?;
        Ok(seen)
    }
}

/// Some of the connections of a node; see [`Directory::connections_of`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ConnectionPage {
    /// The connections, in no particular order, with their users.
    pub connections: Vec<(User, ConnectionId)>,
    /// The `after` of the next page; `None` after the last.
    pub next: Option<u64>,
}

/// The figures of a directory.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DirectoryStats {
    /// The number of records.
    pub records: u64,
    /// The number of users that are ONLINE.
    pub online: u64,
    /// The number of devices that count as connected, by platform in the order of [`Platform::ALL`].
    pub devices: [u64; Platform::ALL.len()],
    /// The number of records that could not be written to disk: live state that a `kill -9` would lose.
    pub journal_errors: u64,
    /// Whether the last write to disk failed: the state that a `kill -9` would lose now is not known.
    pub journal_in_doubt: bool,
    /// The damage that was found on disk at the start.
    pub journal_damage: JournalDamage,
}

/// A failed call to a [`Directory`] or a [`ChangeLog`]: a fault of the adapter or of the store, not a refusal. Whatever
/// its kind, the call may be repeated.
#[derive(Debug, thiserror::Error)]
#[error("the directory failed while {doing}: {kind}")]
pub struct DirectoryError {
    /// The kind of the fault, as far as the caller can act on it.
    pub kind: DirectoryErrorKind,
    /// The operation that failed, as in "updating a record".
    pub doing: &'static str,
    /// The cause.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Kinds of faults.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DirectoryErrorKind {
    /// The directory cannot be reached, or did not respond in time. The change may have happened.
    #[error("the directory is unavailable")]
    Unavailable,
    /// Other changes of the record came first at each attempt. Nothing has changed.
    #[error("others changed the record at the same time")]
    Contended,
    /// The directory holds invalid data. Nothing has changed.
    #[error("a record is corrupt")]
    Corrupt,
}
