//! The change log inside one process: each reader has a bounded queue of its own.

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
    /// The settings of an app changed (the user of the entry has no meaning).
    App(AppId),
}

/// The writing end: hands every entry to every reader.
#[derive(Default)]
pub struct ChangeLog {
    readers: RwLock<Vec<Arc<Queue>>>,
}

#[derive(Default)]
struct Queue {
    state: Mutex<QueueState>,
    arrived: Notify,
}

#[derive(Default)]
struct QueueState {
    entries: VecDeque<Arc<LogEntry>>,
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

impl ChangeLog {
    /// Adds a reader, who hears everything from here on.
    pub fn reader(&self) -> LogReader {
        let queue = Arc::new(Queue::default());
        self.readers.write().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&queue));
        LogReader { queue }
    }

    /// Hands an entry to every reader. A reader that has [`MAX_WAITING_ENTRIES`] waiting loses them all and is
    /// told so.
    pub fn append(&self, user: &User, news: News) {
        let entry = Arc::new(LogEntry { user: user.clone(), news, at: Instant::now() });
        let mut any_closed = false;
        for queue in self.readers.read().unwrap_or_else(PoisonError::into_inner).iter() {
            let mut state = queue.lock();
            if state.closed {
                any_closed = true;
                continue;
            }
            let was_empty = state.entries.is_empty() && !state.missed;
            if state.entries.len() >= MAX_WAITING_ENTRIES {
                state.entries.clear();
                state.missed = true;
            } else {
                state.entries.push_back(Arc::clone(&entry));
            }
            drop(state);
            if was_empty {
                queue.arrived.notify_one();
            }
        }
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
        if std::mem::take(&mut state.missed) { Heard::Missed } else { Heard::All }
    }
}

impl Drop for LogReader {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.closed = true;
        state.entries.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_reader_that_is_gone_costs_nothing() {
        let log = ChangeLog::default();
        drop(log.reader());
        log.append(&user(), News::App(AppId(1)));
        assert!(log.readers.read().unwrap().is_empty());
    }
}
