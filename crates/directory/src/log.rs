//! The change log inside one process: each reader has a bounded queue of its own.

use crate::{FriendProfile, ListsNews};
use lamplight_core::Ended;
use lamplight_model::{AppId, User, UserId, UserStatus};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;
use tokio::sync::Notify;

/// Something that others must hear of.
#[derive(Clone, PartialEq, Debug)]
pub struct LogEntry {
    /// Whom it is about.
    pub user: User,
    /// What it is.
    pub news: News,
    /// When it was logged, on this machine. For measuring, not for deciding.
    pub at: Instant,
}

/// What others must hear of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum News {
    /// The user's status changed visibly.
    Status(UserStatus),
    /// A connection of the user must be closed by whoever has it.
    Ended(Ended),
    /// The user's subscription list changed.
    Subscriptions {
        /// Who is new on it.
        subscribed: Vec<UserId>,
        /// Who left it.
        unsubscribed: Vec<UserId>,
    },
    /// The user and another one became, or ceased to be, mutual friends.
    Friend {
        /// The other one.
        friend: UserId,
        /// Whether each has the other in the friend list now.
        mutual: bool,
    },
    /// The user's lists changed.
    Lists(Arc<ListsNews>),
    /// The user's lists may have changed, and nobody can say how: they must be read again.
    ListsUnknown,
    /// The user shows something else than before.
    FriendProfile(Arc<FriendProfile>),
    /// The settings of an app changed (the user of the entry has no meaning).
    App(AppId),
    /// The user's record has session events for the outbox. Told to readers of [`ChangeLog::event_reader`] alone.
    Events,
}

/// The writing end: hands every entry to every reader.
#[derive(Default)]
pub struct ChangeLog {
    readers: RwLock<Vec<Arc<Queue>>>,
}

struct Queue {
    /// Whether this is a reader of session events, who hears of them and of nothing else.
    of_events: bool,
    state: Mutex<QueueState>,
    arrived: Notify,
}

#[derive(Default)]
struct QueueState {
    entries: VecDeque<Arc<LogEntry>>,
    /// What the entries take besides themselves.
    bytes: usize,
    missed: bool,
    closed: bool,
}

/// The reading end. Dropping it ends the reading.
pub struct LogReader {
    queue: Arc<Queue>,
}

/// What a reader got.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Heard {
    /// Everything since the last time, in order.
    All,
    /// Some entries were dropped: whatever the reader watches must be read again.
    Missed,
}

/// The most entries that wait for one reader. A worker takes them all whenever it wakes; one that is so far
/// behind is quicker to read again what it watches than to catch up.
pub const MAX_WAITING_ENTRIES: usize = 64 * 1024;

/// The most bytes that the lists news among them take. Texts of messages are the only news of some size.
pub const MAX_WAITING_BYTES: usize = 32 * 1024 * 1024;

impl News {
    /// The bytes that it takes on the heap, roughly, where they may be many.
    fn bytes(&self) -> usize {
        match self {
            Self::Lists(news) => news.bytes(),
            Self::FriendProfile(news) => news.bytes(),
            Self::Status(_)
            | Self::Ended(_)
            | Self::Subscriptions { .. }
            | Self::Friend { .. }
            | Self::ListsUnknown
            | Self::App(_)
            | Self::Events => 0,
        }
    }
}

impl ChangeLog {
    /// Adds a reader, who hears everything but [`News::Events`] from here on.
    pub fn reader(&self) -> LogReader {
        self.add_reader(false)
    }

    /// Adds a reader, who hears [`News::Events`] from here on, and nothing else.
    pub fn event_reader(&self) -> LogReader {
        self.add_reader(true)
    }

    fn add_reader(&self, of_events: bool) -> LogReader {
        let (state, arrived) = Default::default();
        let queue = Arc::new(Queue { of_events, state, arrived });
        self.readers.write().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&queue));
        LogReader { queue }
    }

    /// Hands an entry to every reader. A reader that has [`MAX_WAITING_ENTRIES`] or [`MAX_WAITING_BYTES`] waiting
    /// loses them all and is told so.
    pub fn append(&self, user: &User, news: News) {
        let bytes = news.bytes();
        let of_events = matches!(news, News::Events);
        let entry = Arc::new(LogEntry { user: user.clone(), news, at: Instant::now() });
        let mut any_closed = false;
        let readers = self.readers.read().unwrap_or_else(PoisonError::into_inner);
        for queue in readers.iter().filter(|queue| queue.of_events == of_events) {
            let mut state = queue.lock();
            if state.closed {
                any_closed = true;
                continue;
            }
            let was_empty = state.entries.is_empty() && !state.missed;
            if state.entries.len() >= MAX_WAITING_ENTRIES || state.bytes + bytes > MAX_WAITING_BYTES {
                state.entries.clear();
                state.bytes = 0;
                state.missed = true;
            } else {
                state.entries.push_back(Arc::clone(&entry));
                state.bytes += bytes;
            }
            drop(state);
            if was_empty {
                queue.arrived.notify_one();
            }
        }
        drop(readers);
        if any_closed {
            let mut readers = self.readers.write().unwrap_or_else(PoisonError::into_inner);
            readers.retain(|queue| !queue.lock().closed);
        }
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, QueueState> {
        // Each critical section leaves the queue whole, so a panic elsewhere does not taint it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogReader {
    /// Waits until something can be taken.
    pub async fn ready(&self) {
        loop {
            let arrived = self.queue.arrived.notified();
            {
                let state = self.queue.lock();
                if !state.entries.is_empty() || state.missed {
                    return;
                }
            }
            arrived.await;
        }
    }

    /// Takes everything that waits.
    pub fn take(&mut self, entries: &mut Vec<Arc<LogEntry>>) -> Heard {
        let mut state = self.queue.lock();
        entries.extend(state.entries.drain(..));
        state.bytes = 0;
        if std::mem::take(&mut state.missed) { Heard::Missed } else { Heard::All }
    }
}

impl Drop for LogReader {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.closed = true;
        state.entries.clear();
        state.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ListsChange;
    use lamplight_model::Profile;

    fn user() -> User {
        User::new(AppId(1), UserId::new("a").unwrap())
    }

    #[test]
    fn a_reader_that_does_not_take_is_told_that_it_missed_something() {
        let log = ChangeLog::default();
        let (mut slow, mut quick) = (log.reader(), log.reader());
        let mut entries = Vec::new();
        for n in 0..=MAX_WAITING_ENTRIES as u32 {
            log.append(&user(), News::App(AppId(n)));
            assert_eq!(quick.take(&mut entries), Heard::All);
        }
        assert_eq!(entries.len(), MAX_WAITING_ENTRIES + 1);
        entries.clear();
        assert_eq!(slow.take(&mut entries), Heard::Missed);
        assert!(entries.is_empty());

        log.append(&user(), News::App(AppId(7)));
        assert_eq!(slow.take(&mut entries), Heard::All);
        assert_eq!(entries.len(), 1);
    }

    #[test]
    fn a_reader_that_lets_many_bytes_wait_loses_them_too() {
        let log = ChangeLog::default();
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
                log.append(&user(), News::Lists(Arc::new(news(version))));
            }
            assert_eq!(slow.take(&mut entries), Heard::All, "round {round}");
            assert_eq!(entries.len(), fit);
            entries.clear();
        }
        for version in 0..=fit as u64 {
            log.append(&user(), News::Lists(Arc::new(news(version))));
        }
        assert_eq!(slow.take(&mut entries), Heard::Missed);
        assert!(entries.is_empty());
    }

    #[test]
    fn session_events_wake_their_readers_and_nobody_else() {
        let log = ChangeLog::default();
        let (mut worker, mut recorder) = (log.reader(), log.event_reader());
        log.append(&user(), News::Events);
        log.append(&user(), News::App(AppId(1)));
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
    fn a_reader_that_is_gone_costs_nothing() {
        let log = ChangeLog::default();
        drop(log.reader());
        log.append(&user(), News::App(AppId(1)));
        assert!(log.readers.read().unwrap().is_empty());
    }
}
