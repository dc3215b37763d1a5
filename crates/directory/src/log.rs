//! The delivery of a change log to the readers in one process, each with a bounded queue.

use crate::{Interest, Interests, LogEntry, News};
use lamplight_model::AppId;
use parking_lot::{Mutex, MutexGuard, RwLock};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// Delivers entries to the readers in this process. An adapter of [`ChangeLog`](crate::ChangeLog) calls
/// [`LocalLog::append`] with each entry that it receives.
#[derive(Default)]
pub struct LocalLog {
    readers: RwLock<Vec<Arc<Queue>>>,
    interests: Arc<Interests>,
    /// The number of readers that get the entries about all users.
    of_all: Arc<AtomicUsize>,
}

/// The entries that a reader gets.
enum Gets {
    /// All entries, except the entries for webhooks.
    All,
    /// The entries about apps, and about users in whom this reader is interested.
    Interest(u16),
    /// The entries for webhooks.
    Events,
}

struct Queue {
    gets: Gets,
    state: Mutex<QueueState>,
    arrived: Notify,
    /// Whether the reader was dropped.
    closed: AtomicBool,
}

#[derive(Default)]
struct QueueState {
    entries: VecDeque<Arc<LogEntry>>,
    /// The sum of [`News::bytes`] of the entries.
    bytes: usize,
    missed: Option<Partitions>,
}

/// A reader of the log. Dropping it removes its queue.
pub struct LogReader {
    queue: Arc<Queue>,
    interest: Option<Interest>,
    /// The count in [`LocalLog`] of readers that get the entries about all users. `None` if this reader is not one of
    /// them.
    of_all: Option<Arc<AtomicUsize>>,
}

/// The outcome of reading a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    /// All entries since the last read, in order.
    All,
    /// Some entries were dropped. The reader must read the records of all users in these partitions again.
    Missed(Partitions),
}

/// A set of partitions of a directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Partitions {
    /// All partitions.
    Every,
    /// Some partitions.
    Some(BTreeSet<u16>),
}

/// The maximum number of entries in the queue of one reader. To process a longer queue, a worker would need more time
/// than to read the statuses of all watched users again.
pub const MAX_WAITING_ENTRIES: usize = 64 * 1024;

/// The maximum number of bytes in the queue of one reader. Only entries about lists can be large, because of message
/// texts.
pub const MAX_WAITING_BYTES: usize = 32 * 1024 * 1024;

impl LocalLog {
    /// Creates a log for readers with these interests.
    pub fn with_interests(interests: Arc<Interests>) -> Self {
        Self { interests, ..Self::default() }
    }

    /// Adds a reader that, from now on, gets all entries except [`News::Events`] and [`News::Notices`].
    pub fn reader(&self) -> LogReader {
        self.of_all.fetch_add(1, Ordering::SeqCst);
        self.add_reader(Gets::All, None, Some(Arc::clone(&self.of_all)))
    }

    /// Adds a reader that, from now on, gets [`News::App`], and the entries about the users in its
    /// [`LogReader::interest`].
    pub fn reader_with_interest(&self) -> LogReader {
        self.reader_of(self.interests.reader())
    }

    /// Adds a reader that, from now on, gets [`News::App`], and the entries about the users in `interest`. `interest`
    /// is one of this log's [interests](Self::with_interests).
    pub fn reader_of(&self, interest: Interest) -> LogReader {
        self.add_reader(Gets::Interest(interest.reader()), Some(interest), None)
    }

    /// Adds a reader that, from now on, gets only [`News::Events`] and [`News::Notices`].
    pub fn event_reader(&self) -> LogReader {
        self.add_reader(Gets::Events, None, None)
    }

    fn add_reader(
        &self,
        gets: Gets,
        interest: Option<Interest>,
        of_all: Option<Arc<AtomicUsize>>,
    ) -> LogReader {
        let (state, arrived, closed) = Default::default();
        let queue = Arc::new(Queue { gets, state, arrived, closed });
        self.readers.write().push(Arc::clone(&queue));
        LogReader { queue, interest, of_all }
    }

    /// Whether a reader gets the entries about a user. An adapter calls this before it decodes a received entry. Must
    /// not be called for [`News::App`], [`News::Events`] and [`News::Notices`].
    pub fn is_wanted(&self, app: AppId, id: &str) -> bool {
        self.of_all.load(Ordering::SeqCst) > 0 || self.interests.has(app, id)
    }

    /// The interests of the readers.
    pub fn interests(&self) -> &Interests {
        &self.interests
    }

    /// Appends an entry to the queue of each reader that gets it.
    ///
    /// A queue that would exceed [`MAX_WAITING_ENTRIES`] or [`MAX_WAITING_BYTES`] is emptied. The reader's next
    /// [`LogReader::take`] then returns [`Heard::Missed`].
    pub fn append(&self, entry: &Arc<LogEntry>) {
        let bytes = entry.news.bytes();
        let of_events = matches!(entry.news, News::Events | News::Notices(_));
        let of_app = matches!(entry.news, News::App(_));
        let mut concerned = None;
        self.for_each(|queue| {
            let is_for_it = match queue.gets {
                Gets::Events => of_events,
                Gets::All => !of_events,
                Gets::Interest(_) if of_events || of_app => of_app,
                Gets::Interest(reader) => {
                    concerned.get_or_insert_with(|| self.interests.concerned(entry)).contains(&reader)
                }
            };
            if !is_for_it {
                return;
            }
            let mut state = queue.lock();
            let was_empty = state.entries.is_empty() && state.missed.is_none();
            if state.entries.len() >= MAX_WAITING_ENTRIES || state.bytes + bytes > MAX_WAITING_BYTES {
                state.entries.clear();
                state.bytes = 0;
                state.missed = Some(Partitions::Every);
            } else {
                state.entries.push_back(Arc::clone(entry));
                state.bytes += bytes;
            }
            drop(state);
            if was_empty {
                queue.arrived.notify_one();
            }
        });
    }

    /// Records for each reader that it has missed entries of these partitions.
    pub fn miss(&self, partitions: &Partitions) {
        self.for_each(|queue| {
            let mut state = queue.lock();
            state.missed = Some(match state.missed.take() {
                Some(missed) => missed.and(partitions),
                None => partitions.clone(),
            });
            drop(state);
            queue.arrived.notify_one();
        });
    }

    /// Returns the number of entries in the queues of all readers, and the approximate size in bytes of these entries
    /// on the heap ([`News::bytes`]). An entry counts once for each queue that it is in.
    pub fn waiting(&self) -> (usize, usize) {
        let (mut entries, mut bytes) = (0, 0);
        self.for_each(|queue| {
            let state = queue.lock();
            entries += state.entries.len();
            bytes += state.bytes;
        });
        (entries, bytes)
    }

    /// Calls `act` with the queue of each reader that was not dropped.
    fn for_each(&self, mut act: impl FnMut(&Queue)) {
        let mut any_closed = false;
        let readers = self.readers.read();
        for queue in readers.iter() {
            if queue.closed.load(Ordering::Relaxed) {
                any_closed = true;
            } else {
                act(queue);
            }
        }
        drop(readers);
        if any_closed {
            let mut readers = self.readers.write();
            readers.retain(|queue| !queue.closed.load(Ordering::Relaxed));
        }
    }
}

impl Partitions {
    /// Returns `true` if the set contains this partition.
    pub fn contains(&self, partition: u16) -> bool {
        match self {
            Self::Every => true,
            Self::Some(some) => some.contains(&partition),
        }
    }

    fn and(self, others: &Self) -> Self {
        match (self, others) {
            (Self::Some(mut some), Self::Some(others)) => {
                some.extend(others);
                Self::Some(some)
            }
            (Self::Every, _) | (_, Self::Every) => Self::Every,
        }
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock()
    }
}

impl LogReader {
    /// The users about whom the reader gets entries; `None` if it gets the entries about all users.
    pub fn interest(&self) -> Option<&Interest> {
        self.interest.as_ref()
    }

    /// Waits until there are entries to take, or until entries were missed.
    pub async fn ready(&self) {
        loop {
            let arrived = self.queue.arrived.notified();
            {
                let state = self.queue.lock();
                if !state.entries.is_empty() || state.missed.is_some() {
                    return;
                }
            }
            arrived.await;
        }
    }

    /// Moves all waiting entries into `entries`.
    pub fn take(&mut self, entries: &mut Vec<Arc<LogEntry>>) -> Heard {
        let mut state = self.queue.lock();
        entries.extend(state.entries.drain(..));
        state.bytes = 0;
        state.missed.take().map_or(Heard::All, Heard::Missed)
    }
}

impl Drop for LogReader {
    fn drop(&mut self) {
        if let Some(of_all) = &self.of_all {
            of_all.fetch_sub(1, Ordering::SeqCst);
        }
        self.queue.closed.store(true, Ordering::Relaxed);
        let mut state = self.queue.lock();
        state.entries.clear();
        state.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ListsChange, ListsNews};
    use futures_util::future::FutureExt;
    use lamplight_model::{AppId, Profile, User, UserId};

    fn append(log: &LocalLog, news: News) {
        let user = User::new(AppId(1), UserId::new("a").unwrap());
        log.append(&Arc::new(LogEntry::news(user, news)));
    }

    #[test]
    fn a_reader_that_does_not_take_is_told_that_it_missed_something() {
        let log = LocalLog::default();
        let (mut slow, mut quick) = (log.reader(), log.reader());
        let mut entries = Vec::new();
        for n in 0..=MAX_WAITING_ENTRIES as u32 {
            append(&log, News::App(AppId(n)));
            assert_eq!(quick.take(&mut entries), Heard::All);
        }
        assert_eq!(entries.len(), MAX_WAITING_ENTRIES + 1);
        assert_eq!(log.waiting(), (0, 0));
        entries.clear();
        assert_eq!(slow.take(&mut entries), Heard::Missed(Partitions::Every));
        assert!(entries.is_empty());

        append(&log, News::App(AppId(7)));
        assert_eq!(log.waiting().0, 2);
        assert_eq!(slow.take(&mut entries), Heard::All);
        assert_eq!(entries.len(), 1);
    }

    #[test]
    fn a_reader_that_lets_many_bytes_wait_loses_them_too() {
        let log = LocalLog::default();
        let mut slow = log.reader();
        let profile = Profile { nick: "x".repeat(1_000_000), ..Profile::default() };
        let news = |version| ListsNews {
            version,
            by: None,
            total_unread: 0,
            change: ListsChange::Profile(profile.clone()),
        };
        let fit = MAX_WAITING_BYTES / news(0).bytes();
        let mut entries = Vec::new();
        for round in 0..2 {
            for version in 0..fit as u64 {
                append(&log, News::Lists(Arc::new(news(version))));
            }
            assert_eq!(slow.take(&mut entries), Heard::All, "round {round}");
            assert_eq!(entries.len(), fit);
            entries.clear();
        }
        for version in 0..=fit as u64 {
            append(&log, News::Lists(Arc::new(news(version))));
        }
        assert_eq!(slow.take(&mut entries), Heard::Missed(Partitions::Every));
        assert!(entries.is_empty());
    }

    #[test]
    fn a_reader_that_lets_long_lists_wait_loses_them_too() {
        let log = LocalLog::default();
        let mut slow = log.reader();
        let many: Vec<UserId> = (0..10_000).map(|n| UserId::new(&n.to_string()).unwrap()).collect();
        let news = News::Subscriptions { subscribed: many, unsubscribed: Vec::new() };
        let mut entries = Vec::new();
        for _ in 0..=MAX_WAITING_BYTES / news.bytes() {
            append(&log, news.clone());
        }
        assert_eq!(slow.take(&mut entries), Heard::Missed(Partitions::Every));
        assert!(entries.is_empty());
    }

    #[test]
    fn what_an_adapter_missed_is_told_by_partition() {
        let log = LocalLog::default();
        let mut reader = log.reader();
        let some = |of: &[u16]| Partitions::Some(of.iter().copied().collect());
        append(&log, News::ListsUnknown);
        log.miss(&some(&[1, 2]));
        log.miss(&some(&[2, 9]));
        let mut entries = Vec::new();
        assert_eq!(reader.take(&mut entries), Heard::Missed(some(&[1, 2, 9])));
        assert_eq!(entries.len(), 1, "the entries of other partitions are still worth hearing");
        assert_eq!(reader.take(&mut entries), Heard::All);
        log.miss(&some(&[1]));
        log.miss(&Partitions::Every);
        assert_eq!(reader.take(&mut entries), Heard::Missed(Partitions::Every));
    }

    #[test]
    fn session_events_wake_their_readers_and_nobody_else() {
        let log = LocalLog::default();
        let (mut worker, mut recorder) = (log.reader(), log.event_reader());
        append(&log, News::Events);
        append(&log, News::App(AppId(1)));
        let mut entries = Vec::new();
        assert_eq!(worker.take(&mut entries), Heard::All);
        assert_eq!(
            entries.drain(..).map(|entry| entry.news.clone()).collect::<Vec<_>>(),
            [News::App(AppId(1))]
        );
        assert_eq!(recorder.take(&mut entries), Heard::All);
        assert_eq!(entries.drain(..).map(|entry| entry.news.clone()).collect::<Vec<_>>(), [News::Events]);
    }

    #[test]
    fn a_reader_with_an_interest_gets_what_concerns_it_and_is_not_woken_by_the_rest() {
        let log = LocalLog::default();
        let (mut first, mut second) = (log.reader_with_interest(), log.reader_with_interest());
        let user = User::new(AppId(1), UserId::new("a").unwrap());
        assert!(!log.is_wanted(user.app, "a"));
        append(&log, News::ListsUnknown);
        first.interest().unwrap().add(&user);
        assert!(log.is_wanted(user.app, "a") && !log.is_wanted(user.app, "b"));
        append(&log, News::ListsUnknown);
        assert!(first.ready().now_or_never().is_some() && second.ready().now_or_never().is_none());
        append(&log, News::App(AppId(3)));
        append(&log, News::Events);
        let news = |reader: &mut LogReader| {
            let mut entries = Vec::new();
            assert_eq!(reader.take(&mut entries), Heard::All);
            entries.iter().map(|entry| entry.news.clone()).collect::<Vec<_>>()
        };
        assert_eq!(news(&mut first), [News::ListsUnknown, News::App(AppId(3))]);
        assert_eq!(news(&mut second), [News::App(AppId(3))]);
        first.interest().unwrap().remove(&user);
        append(&log, News::ListsUnknown);
        assert!(news(&mut first).is_empty());
        log.miss(&Partitions::Every);
        assert_eq!(second.take(&mut Vec::new()), Heard::Missed(Partitions::Every));
    }

    #[test]
    fn a_reader_without_an_interest_wants_everybody_until_it_is_dropped() {
        let log = LocalLog::default();
        let _events = log.event_reader();
        let reader = log.reader();
        assert!(reader.interest().is_none() && log.is_wanted(AppId(1), "a"));
        drop(reader);
        assert!(!log.is_wanted(AppId(1), "a"));
        let reader = log.reader_with_interest();
        reader.interest().unwrap().add(&User::new(AppId(1), UserId::new("a").unwrap()));
        drop(reader);
        assert!(!log.is_wanted(AppId(1), "a"));
    }

    #[test]
    fn a_reader_that_is_gone_costs_nothing() {
        let log = LocalLog::default();
        drop(log.reader());
        append(&log, News::App(AppId(1)));
        assert!(log.readers.read().is_empty());
    }
}
