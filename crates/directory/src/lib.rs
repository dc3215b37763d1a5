//! The ports for live state. The [`Directory`] has one [`Presence`] for each user, and the [`ChangeLog`] reports
//! visible changes. [`Nodes`] is the register of the nodes that share a directory. [`Limits`] counts calls for the rate
//! limits of users and apps.
//!
//! A directory stores records and does not interpret changes. A change is a closure over the rules of `core`. It runs
//! in one atomic step with the log entries that it causes, so the records and the log cannot disagree. If a record is
//! missing, the caller creates it from the facts and [stores](Directory::seed) it.
//!
//! The log also contains entries about changes that are not in a record. The caller appends such an entry after the
//! change was committed elsewhere. If the caller crashes in between, the entry is lost. Readers must therefore be able
//! to read the changed data again.

pub mod conformance;
mod feed;
mod in_process;
mod interests;
mod journal;
mod limits;
mod lists_news;
mod log;
mod news;
mod nodes;
mod records;

pub use feed::{FeedCursor, FeedPage, InvalidFeedCursor};
pub use in_process::{InProcessDirectory, Recovered, SavedRecords};
pub use interests::{Interest, Interests};
pub use journal::{JournalDamage, JournalError};
pub use limits::{Limited, Limits, LimitsAnswer, LimitsError, Taken};
pub use lists_news::{FriendProfile, ListsChange, ListsNews, MAX_FRIENDS_IN_ENTRY, MessageNews};
pub use log::{Heard, LocalLog, LogReader, MAX_WAITING_BYTES, MAX_WAITING_ENTRIES, Partitions};
pub use news::{LogEntry, Logged, News, RestrictedStatus};
pub use nodes::{LocalNodes, NodeEntry, Nodes, Register, RegisteredNode};
pub use records::{InvalidRecordCursor, RecordCursor, RecordFilter, RecordPage};

use futures_util::future::BoxFuture;
use lamplight_core::{Presence, Transition};
use lamplight_model::{AppId, ConnectionId, Moment, NodeId, Now, Platform, Timestamp, User};

/// The future result of a call to a [`Directory`] or a [`ChangeLog`].
pub type Answer<'a, T> = BoxFuture<'a, Result<T, DirectoryError>>;

/// A change of one record. It may be called several times; only the effect of the last call is stored.
pub type Change<'a> = &'a mut (dyn FnMut(&mut Presence) -> Transition<()> + Send);

/// A function that reads one record. Its arguments are the index of the user in the list, and the record with its
/// revision. `None` means that there is no record.
pub type View<'a> = &'a mut (dyn FnMut(usize, Option<(&Presence, u64)>) + Send);

/// The store of live records. Each stored change of a record also appends its visible changes to the change log, in the
/// same step.
pub trait Directory: Send + Sync {
    /// Changes one user's record atomically, and appends the visible changes to the log. Returns the log entries;
    /// `None` if there is no record. After the call, the change survives a crash of this process, but not of the
    /// machine.
    ///
    /// Every stored change raises the record's revision. The revisions of a user increase, even if the record is
    /// removed and stored again. After a loss of records, changes have higher revisions than all earlier changes, even
    /// those that were lost. A log entry may be late. Its revision shows a reader whether it is from before a loss.
    ///
    /// Callers use [`update`](trait.Directory.html#method.update) or
    /// [`update_logged`](trait.Directory.html#method.update_logged), which return the outcome of the transition.
    fn update_with<'a>(&'a self, user: &'a User, now: Now, change: Change<'a>) -> Answer<'a, Option<Logged>>;

    /// Reads the records of `users`, in the order of `users`. A record with a revision contains exactly the changes
    /// that the log reports for the user up to that revision.
    ///
    /// If a record cannot be decoded, a read of its user alone fails. A read of several users treats the record as
    /// absent, so that the others are read. Every change of such a record fails, and leaves it as it is.
    fn read_with<'a>(&'a self, users: &'a [User], view: View<'a>) -> Answer<'a, ()>;

    /// Stores a user's record, unless the user already has one. Appends nothing to the log.
    ///
    /// `read_in` is the [epoch](Self::epoch) at which the caller began to read the facts from which the record is made.
    /// If another epoch has begun since, the call fails with [`DirectoryErrorKind::Contended`] and stores nothing. A
    /// lost record may have had a later login that was not in the facts yet when the caller read them.
    fn seed_read_in<'a>(
        &'a self,
        user: &'a User,
        presence: Presence,
        read_in: Timestamp,
        now: Now,
    ) -> Answer<'a, ()>;

    /// Stores a record that is not made of earlier facts, unless the user already has a record. Appends nothing to the
    /// log.
    fn seed<'a>(&'a self, user: &'a User, presence: Presence, now: Now) -> Answer<'a, ()> {
        self.seed_read_in(user, presence, self.epoch(), now)
    }

    /// Removes a record. Appends nothing to the log.
    fn remove<'a>(&'a self, user: &'a User, now: Now) -> Answer<'a, ()> {
        self.remove_if(user, |_| true, now)
    }

    /// Removes a record if `condition` returns `true` for it, in one atomic step. Appends nothing to the log.
    fn remove_if<'a>(&'a self, user: &'a User, condition: fn(&Presence) -> bool, now: Now) -> Answer<'a, ()>;

    /// Returns the number of partitions, which never changes. Each user belongs to one partition. Each partition has
    /// its own order of changes. Periodic work is assigned by partition.
    fn partitions(&self) -> u16;

    /// Returns the users whose subscription list contains one of `users`, in no particular order. The call reads all
    /// records.
    fn subscribed_to<'a>(&'a self, users: &'a [User]) -> Answer<'a, Vec<User>>;

    /// Returns `true` if the store of a user's record is connected, as far as this node knows. If it is not connected,
    /// calls about the user fail at once. This function does not call the store.
    fn is_connected_to(&self, _user: &User) -> bool {
        true
    }

    /// Whether a custom status may have a duration. It may if every node that shares the directory can read records
    /// with a duration. This function does not call the store.
    fn allows_durations(&self) -> bool {
        true
    }

    /// Whether a record may have restrictions. It may if every node that shares the directory can read records with
    /// restrictions. This function does not call the store.
    fn allows_restrictions(&self) -> bool {
        true
    }

    /// Returns the partition of a user, below [`Directory::partitions`].
    fn partition_of(&self, user: &User) -> u16;

    /// Returns up to `limit` users of a partition whose records are due ([`Presence::next_deadline`]). Records that
    /// have been due for the longest time come first.
    fn due(&self, partition: u16, now: Moment, limit: usize) -> Answer<'_, Vec<User>>;

    /// Returns up to `limit` users of a partition with session events that are not in the outbox yet. They are in
    /// ascending order, and begin after `after`.
    fn with_events<'a>(
        &'a self,
        partition: u16,
        after: Option<&'a User>,
        limit: usize,
    ) -> Answer<'a, Vec<User>>;

    /// Returns a page of the current connections of a node, according to the records of a partition. `after` is `None`
    /// for the first page. For other pages, it is the `next` of the previous page.
    ///
    /// A connection that exists during the whole iteration is on one of the pages. A connection that begins or ends
    /// meanwhile may be on none or on several.
    fn connections_of(&self, node: NodeId, partition: u16, after: Option<u64>) -> Answer<'_, ConnectionPage>;

    /// Returns a page of up to `limit` users of an app whose records match the filter. `after` is `None` for the first
    /// page. For other pages, it is the `next` of the previous page. A page examines a bounded number of records, so it
    /// may have fewer users.
    ///
    /// A record that exists and matches during the whole iteration is on one of the pages. A record that changes
    /// meanwhile is on one page or on none.
    fn records_of<'a>(
        &'a self,
        app: AppId,
        filter: RecordFilter,
        after: Option<&'a RecordCursor>,
        limit: usize,
    ) -> Answer<'a, RecordPage>;

    /// Returns a page of the status feed of an app. It has up to `limit` users who have changed visibly since the
    /// cursor, or whose account was deleted or created again since. Within a partition, they are in the order of their
    /// last change. Without a cursor, or with an obsolete one, the feed begins with a snapshot.
    fn feed(&self, app: AppId, after: Option<FeedCursor>, limit: usize) -> Answer<'_, FeedPage>;

    /// Returns the time before which records may be missing. If an adapter loses records while it runs, it moves its
    /// epoch to a later time.
    fn epoch(&self) -> Timestamp;

    /// Returns the time before which versions of missing records may have been sent. If a record is created again from
    /// the facts, its version must be at least [`Version::at`](lamplight_model::Version::at) of this time. It is then
    /// above all versions of the missing record that were sent. The time is later than the epoch if the clock is behind
    /// the clock with which these versions were made.
    fn told_before(&self) -> Timestamp {
        self.epoch()
    }

    /// Returns the epoch of the record of a user. If the adapter loses this record, it moves this epoch. A loss of other
    /// records need not move it. If a change reads it and is stored, the record was stored in this epoch.
    fn epoch_of(&self, _user: &User) -> Timestamp {
        self.epoch()
    }

    /// Resolves when a status has changed visibly since the first poll of this future. A reader polls the future once
    /// before it reads a page, and then waits for it. Otherwise, it could miss a change between the read and the poll.
    fn feed_moved(&self) -> BoxFuture<'_, ()>;

    /// Returns the counters of the directory, for metrics.
    fn stats(&self) -> DirectoryStats;
}

/// The log of changes for other parts of the system. It has the visible changes of records, and changes of other data.
pub trait ChangeLog: Send + Sync {
    /// Appends entries about changes that are not in a record, in this order. If the adapter need not wait, it appends
    /// them at the first poll.
    ///
    /// If the call fails or the future is dropped, the entries may or may not have been appended. If readers tolerate
    /// duplicates, the caller may repeat the call.
    fn append(&self, entries: Vec<LogEntry>) -> Answer<'_, ()>;

    /// Creates a reader that gets all entries from now on. The entries about one user come in the order of their
    /// revisions.
    fn follow(&self) -> LogReader;

    /// Creates a reader that, from now on, gets the entries about apps and about the users in its
    /// [`LogReader::interest`]. An adapter may give it all other entries too; the reader then has no `interest`.
    ///
    /// A reader adds its interest in a user before it reads the user's record or lists. It then misses no change,
    /// because an entry is checked against the interests after its change was made.
    fn follow_interest(&self) -> LogReader {
        self.follow()
    }

    /// Creates a reader of events for the outbox. It gets the users with new [session
    /// events](Presence::pending_events), and the lanes with new notices. An entry is appended after its change.
    fn follow_events(&self) -> LogReader;
}

impl DirectoryError {
    /// Creates the error of [`Directory::seed_read_in`] for a record from another epoch.
    pub fn read_in_other_epoch() -> Self {
        let doing = "making a record from facts that were read before records were lost";
        Self { kind: DirectoryErrorKind::Contended, doing, source: None }
    }
}

impl dyn Directory + '_ {
    /// Changes one user's record atomically, and appends the visible changes to the log. Returns the outcome of the
    /// transition; `None` if there is no record.
    pub async fn update<T: Send>(
        &self,
        user: &User,
        now: Now,
        change: impl FnMut(&mut Presence) -> Transition<T> + Send,
    ) -> Result<Option<T>, DirectoryError> {
        Ok(self.update_logged(user, now, change).await?.map(|(outcome, _)| outcome))
    }

    /// Like [`update`](trait.Directory.html#method.update), but also returns the log entries.
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

    /// Reads the records of users, and returns the results of `view` in the order of `users`.
    pub async fn read<T: Send>(
        &self,
        users: &[User],
        mut view: impl FnMut(&User, Option<&Presence>) -> T + Send,
    ) -> Result<Vec<T>, DirectoryError> {
        self.read_revisions(users, |user, record| view(user, record.map(|(presence, _)| presence))).await
    }

    /// Like [`read`](trait.Directory.html#method.read), but also passes the revisions of the records to `view`.
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

/// A page of the connections of a node, returned by [`Directory::connections_of`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ConnectionPage {
    /// The connections, in no particular order, with their users.
    pub connections: Vec<(User, ConnectionId)>,
    /// The `after` of the next page; `None` if this is the last page.
    pub next: Option<u64>,
}

/// The counters of a directory.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DirectoryStats {
    /// The number of records.
    pub records: u64,
    /// The number of users who are ONLINE.
    pub online: u64,
    /// The number of users who have a visibility other than *everyone*, or a block list that is not empty.
    pub restricted: u64,
    /// The number of devices that count as connected, for each platform in the order of [`Platform::ALL`].
    pub devices: [u64; Platform::ALL.len()],
    /// The number of failed writes to the journal, including writes of snapshots.
    pub journal_errors: u64,
    /// Whether a write has failed, so that the journal lacks changes. A `kill -9` would then lose these changes.
    pub journal_in_doubt: bool,
    /// The damage that was found on disk when the directory was opened.
    pub journal_damage: JournalDamage,
    /// Whether the records on disk belonged to other facts when the directory was opened. Their folder was then
    /// renamed.
    pub journal_set_aside: bool,
}

/// The error of a failed call to a [`Directory`] or a [`ChangeLog`]. It is a fault of the adapter or the store, not a
/// refusal. Any call may be repeated.
#[derive(Debug, thiserror::Error)]
#[error("the directory failed while {doing}: {kind}")]
pub struct DirectoryError {
    /// The kind of the fault, which determines how the caller can react.
    pub kind: DirectoryErrorKind,
    /// The operation that failed, as in "updating a record".
    pub doing: &'static str,
    /// The error of the adapter or the store that caused this error; `None` if there is none.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The kinds of faults.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DirectoryErrorKind {
    /// The directory could not be reached, or did not answer in time. The change may have been made.
    #[error("the directory is unavailable")]
    Unavailable,
    /// At every attempt, another change of the record came first, or records were lost after the caller had read the
    /// facts. The change was not made.
    #[error("other changes of the record came first")]
    Contended,
    /// The directory contains invalid data. The change was not made.
    #[error("a record is corrupt")]
    Corrupt,
}
