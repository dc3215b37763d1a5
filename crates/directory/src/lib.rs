//! The two ports for live state: the [`Directory`] has one [`Presence`] for each user, and the [`ChangeLog`] reports
//! visible changes.
//!
//! A directory stores records and does not know the meaning of a change. A change is a closure over the rules of
//! `core`; it runs in one atomic step with the log entries that it causes, so state and log cannot disagree. If a
//! record is absent, the caller builds it from the facts and [seeds](Directory::seed) it.
//!
//! The log also carries news that is not a change of a record. The caller appends such an entry after the change was
//! committed elsewhere, so the entry may be lost with the caller: a reader that needs it must be able to read the
//! change again.

pub mod conformance;
mod feed;
mod in_process;
mod journal;
mod lists_news;
mod log;
mod news;
mod records;

pub use feed::{FeedCursor, FeedPage, InvalidFeedCursor};
pub use in_process::{InProcessDirectory, Recovered, SavedRecords};
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

/// A change of one record. It may run more than once; only the effect of the last run is kept.
pub type Change<'a> = &'a mut (dyn FnMut(&mut Presence) -> Transition<()> + Send);

/// Reads one record. It is passed the index of the user in the list, and the record with its revision if there is one.
pub type View<'a> = &'a mut (dyn FnMut(usize, Option<(&Presence, u64)>) + Send);

/// The store of live records. Each kept change of a record appends its visible changes to the change log in the same
/// step.
pub trait Directory: Send + Sync {
    /// Changes one user's record atomically and logs the visible changes. Returns what was logged, or `None` if there
    /// is no record. Once it has returned, the change survives the death of this process, but not of the machine.
    ///
    /// Every kept change increments the record's revision. Revisions of a user never go back, not even if the record
    /// is removed and seeded again, as long as the directory loses nothing.
    ///
    /// Callers use [`update`](trait.Directory.html#method.update) or
    /// [`update_logged`](trait.Directory.html#method.update_logged), which return the outcome of the transition.
    fn update_with<'a>(&'a self, user: &'a User, now: Now, change: Change<'a>) -> Answer<'a, Option<Logged>>;

    /// Reads the records of these users in the given order. A record includes every change that the log reports for
    /// its user up to its revision, and no later one.
    fn read_with<'a>(&'a self, users: &'a [User], view: View<'a>) -> Answer<'a, ()>;

    /// Stores a record if there is none. The log reports nothing.
    fn seed<'a>(&'a self, user: &'a User, presence: Presence, now: Now) -> Answer<'a, ()>;

    /// Removes a record. The log reports nothing.
    fn remove<'a>(&'a self, user: &'a User, now: Now) -> Answer<'a, ()> {
        self.remove_if(user, |_| true, now)
    }

    /// Removes a record for which the condition is true, in one atomic step. The log reports nothing.
    fn remove_if<'a>(&'a self, user: &'a User, condition: fn(&Presence) -> bool, now: Now) -> Answer<'a, ()>;

    /// The number of partitions, which never changes. Users are spread over the partitions, each of which has its own
    /// order, and duties are assigned by partition.
    fn partitions(&self) -> u16;

    /// Returns all users who have one of these users on the subscription list, in no particular order. Reads every
    /// record.
    fn subscribed_to<'a>(&'a self, users: &'a [User]) -> Answer<'a, Vec<User>>;

    /// The partition of a user, below [`Directory::partitions`].
    fn partition_of(&self, user: &User) -> u16;

    /// Returns up to `limit` users of a partition whose record is due by [`Presence::next_deadline`], the longest
    /// overdue first.
    fn due(&self, partition: u16, now: Moment, limit: usize) -> Answer<'_, Vec<User>>;

    /// Up to `limit` users of a partition whose record has session events for the outbox, by rising user, after
    /// `after`.
    fn with_events<'a>(
        &'a self,
        partition: u16,
        after: Option<&'a User>,
        limit: usize,
    ) -> Answer<'a, Vec<User>>;

    /// The current connections of a node in the records of a partition, in pages: the first page is read with `None`,
    /// each further page with the `next` of the page before. A connection that exists from the first page to the last
    /// is on one of them; one that begins or ends in between may be on several, or on none.
    fn connections_of(&self, node: NodeId, partition: u16, after: Option<u64>) -> Answer<'_, ConnectionPage>;

    /// Up to `limit` users of an app whose records match the filter, in pages: the first page is read with `None`,
    /// each further page with the `next` of the page before. A record that exists and matches from the first page to
    /// the last is on one of them; one that comes, goes or changes in between is on one or none. A page reads a
    /// bounded number of records, so it may have fewer than `limit` users although more pages follow.
    fn records_of<'a>(
        &'a self,
        app: AppId,
        filter: RecordFilter,
        after: Option<&'a RecordCursor>,
        limit: usize,
    ) -> Answer<'a, RecordPage>;

    /// Up to `limit` users of an app whose status changed visibly after this cursor, or whose account was deleted or
    /// created again. The users of a partition are in the order of their last change. Without a cursor, or with an
    /// obsolete one, the feed begins with a snapshot.
    fn feed(&self, app: AppId, after: Option<FeedCursor>, limit: usize) -> Answer<'_, FeedPage>;

    /// The time before which records may be missing. A record rebuilt from the facts must have a version above this
    /// time, which is then above all versions that were sent before. A record that existed at this time, or was
    /// seeded since, stays until it is removed; an adapter that loses records while it runs has a later epoch from
    /// then on.
    fn epoch(&self) -> Timestamp;

    /// Resolves when a status changes visibly after the first poll. A reader that waits for a page polls it first and
    /// then reads, so that no change falls in between.
    fn feed_moved(&self) -> BoxFuture<'_, ()>;

    /// The figures of the directory, for metrics.
    fn stats(&self) -> DirectoryStats;
}

/// The log of changes for other parts of the system: the visible changes of records, and appended news.
pub trait ChangeLog: Send + Sync {
    /// Appends news that is not a change of a record, in this order. An adapter that need not wait has appended it
    /// after the first poll of the result. After an error, or if the result is dropped, the entries may or may not
    /// have been appended; a caller that repeats the call must know that readers tolerate duplicates.
    fn append(&self, entries: Vec<LogEntry>) -> Answer<'_, ()>;

    /// Follows the log from here on. Entries about one user come in the order of their revisions.
    fn follow(&self) -> LogReader;

    /// Follows the records that get [session events](Presence::pending_events) for the outbox, from here on. An entry
    /// names a user, and comes after the change.
    fn follow_events(&self) -> LogReader;
}

impl dyn Directory + '_ {
    /// Changes one user's record atomically, logs the visible changes, and returns the outcome of the transition;
    /// `None` if there is no record.
    pub async fn update<T: Send>(
        &self,
        user: &User,
        now: Now,
        change: impl FnMut(&mut Presence) -> Transition<T> + Send,
    ) -> Result<Option<T>, DirectoryError> {
        Ok(self.update_logged(user, now, change).await?.map(|(outcome, _)| outcome))
    }

    /// Does the same as [`update`](trait.Directory.html#method.update), and returns the log entries too.
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
    /// The number of failed writes to the journal. Each stands for live state that a `kill -9` would have lost.
    pub journal_errors: u64,
    /// Whether the last write to the journal failed. A `kill -9` would then lose the changes since.
    pub journal_in_doubt: bool,
    /// The damage that was found on disk at the start.
    pub journal_damage: JournalDamage,
    /// Whether the start found live records that belong to other facts, and set them aside.
    pub journal_set_aside: bool,
}

/// The failure of a call to a [`Directory`] or a [`ChangeLog`]: a fault of the adapter or of the store, not a refusal.
/// The call may be repeated, whatever its kind.
#[derive(Debug, thiserror::Error)]
#[error("the directory failed while {doing}: {kind}")]
pub struct DirectoryError {
    /// The kind of the fault, which decides what the caller can do.
    pub kind: DirectoryErrorKind,
    /// The operation that failed, as in "updating a record".
    pub doing: &'static str,
    /// The cause.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The kinds of failures.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DirectoryErrorKind {
    /// The directory cannot be reached, or did not respond in time. The change may have happened.
    #[error("the directory is unavailable")]
    Unavailable,
    /// Other changes of the record came first at every attempt. Nothing has changed.
    #[error("other changes of the record came first")]
    Contended,
    /// The directory holds invalid data. Nothing has changed.
    #[error("a record is corrupt")]
    Corrupt,
}
