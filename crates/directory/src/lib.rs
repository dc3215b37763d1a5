//! The port for what is live: one [`Presence`] a user, and the log of what became visible.
//!
//! A directory keeps records and tells of changes. It does not know what a change means: the transition is a
//! closure over the rules of `core`, run in one atomic step with the log entry that it causes, so state and
//! log cannot disagree. A record that is absent is rebuilt from the facts by the caller, who
//! [seeds](Directory::seed) it.

pub mod conformance;
mod feed;
mod in_process;
mod journal;
mod lists_news;
mod log;

pub use feed::{FeedPage, FeedPlace, InvalidFeedPlace};
pub use in_process::{InProcessDirectory, Recovered};
pub use journal::JournalError;
pub use lists_news::{FriendProfile, ListsChange, ListsNews, MessageNews};
pub use log::{ChangeLog, Heard, LogEntry, LogReader, MAX_WAITING_BYTES, MAX_WAITING_ENTRIES, News};

use futures_util::future::BoxFuture;
use lamplight_core::{Presence, Transition};
use lamplight_model::{AppId, Moment, Now, Platform, User};

/// The answer of a call to a [`Directory`].
pub type Answer<'a, T> = BoxFuture<'a, Result<T, DirectoryError>>;

/// A change of one record. May be run more than once; only the last run counts.
pub type Change<'a> = &'a mut (dyn FnMut(&mut Presence) -> Transition<()> + Send);

/// Looks at one record: the place of the user in the list, and the record if there is one.
pub type View<'a> = &'a mut (dyn FnMut(usize, Option<&Presence>) + Send);

/// Live records and their change log.
pub trait Directory: Send + Sync {
    /// Rewrites one user's record atomically and logs what became visible. Says whether there was a record.
    /// When it returns, the change survives the death of this process (not of the machine).
    ///
    /// Callers use [`update`](trait.Directory.html#method.update), which hands the outcome back.
    fn update_with<'a>(&'a self, user: &'a User, now: Now, change: Change<'a>) -> Answer<'a, bool>;

    /// Looks at the records of these users, in the order asked.
    fn read_with<'a>(&'a self, users: &'a [User], view: View<'a>) -> Answer<'a, ()>;

    /// Puts a record where there is none. Nobody is told.
    fn seed<'a>(&'a self, user: &'a User, presence: Presence, now: Now) -> Answer<'a, ()>;

    /// Forgets a record. Nobody is told.
    fn remove<'a>(&'a self, user: &'a User, now: Now) -> Answer<'a, ()>;

    /// Up to `limit` users whose record is due by [`Presence::next_deadline`], the longest overdue first.
    fn due(&self, now: Moment, limit: usize) -> Answer<'_, Vec<User>>;

    /// Everybody who has one of these users on the subscription list, in no particular order. Looks at every record.
    fn subscribed_to<'a>(&'a self, users: &'a [User]) -> Answer<'a, Vec<User>>;

    /// Tells every reader of the log something that is not a change of a record.
    fn publish(&self, user: &User, news: News);

    /// Follows the log from here on.
    fn log(&self) -> LogReader;

    /// Follows from here on which records have [session events](Presence::pending_events) for the outbox. An entry
    /// names a user, and comes after the change.
    fn event_log(&self) -> LogReader;

    /// Every user whose record has session events for the outbox.
    fn with_events(&self) -> Answer<'_, Vec<User>>;

    /// Up to `limit` users of an app whose status changed visibly after this place, or whose account was deleted or
    /// made again, in the order of their last change; from the beginning where there is no place, or one that is of no use any longer.
    fn feed(&self, app: AppId, after: Option<FeedPlace>, limit: usize) -> Answer<'_, FeedPage>;

    /// Resolves when a status changes visibly after the first poll. Who waits for a page polls this first, then reads.
    fn feed_moved(&self) -> BoxFuture<'_, ()>;

    /// What there is, for metrics.
    fn stats(&self) -> DirectoryStats;
}

impl dyn Directory + '_ {
    /// Rewrites one user's record atomically, logs what became visible, and hands back the outcome of the
    /// transition; `None` when there is no record.
    pub async fn update<T: Send>(
        &self,
        user: &User,
        now: Now,
        mut change: impl FnMut(&mut Presence) -> Transition<T> + Send,
    ) -> Result<Option<T>, DirectoryError> {
        let mut outcome = None;
        self.update_with(user, now, &mut |presence| change(presence).map(|value| outcome = Some(value)))
            .await?;
        Ok(outcome)
    }

    /// Looks at the records of these users and collects what `view` says of each, in the order asked.
    pub async fn read<T: Send>(
        &self,
        users: &[User],
        mut view: impl FnMut(&User, Option<&Presence>) -> T + Send,
    ) -> Result<Vec<T>, DirectoryError> {
        let mut seen = Vec::with_capacity(users.len());
        self.read_with(users, &mut |index, presence| seen.push(view(&users[index], presence))).await?;
        Ok(seen)
    }
}

/// What a directory holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DirectoryStats {
    /// Records.
    pub records: u64,
    /// Users that are ONLINE.
    pub online: u64,
    /// Devices that count as connected, by platform in the order of [`Platform::ALL`].
    pub devices: [u64; Platform::ALL.len()],
    /// Records written to disk that failed to be written: live state that a `kill -9` would lose.
    pub journal_errors: u64,
}

/// A call to a [`Directory`] that failed: not a "no", but a fault of the adapter or of what is below it.
#[derive(Debug, thiserror::Error)]
#[error("the directory failed while {doing}")]
pub struct DirectoryError {
    /// What was being done, as in "updating a record".
    pub doing: &'static str,
    /// The cause.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}
