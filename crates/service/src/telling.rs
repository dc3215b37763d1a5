//! Appends entries about committed changes of the facts to the change log, even if the log does not accept them at
//! once.
//!
//! Callers never wait for the log. An entry that the log does not accept waits in a bounded queue, in its order, until
//! [`Telling::append_waiting`] appends it. If the queue is full and cannot be condensed, a new entry is dropped. The
//! facts still have the change, and readers will read the facts again.

use futures_util::FutureExt;
use lamplight_directory::{ChangeLog, DirectoryError, LogEntry, News};
use lamplight_model::User;
use parking_lot::{Mutex, MutexGuard};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use tokio::sync::Notify;

/// The maximum number of entries in the queue.
const MAX_WAITING: usize = 10_000;
/// The maximum number of entries that are appended in one call of the log.
const BATCH: usize = 256;

/// The queue of entries for the change log.
pub struct Telling {
    log: Arc<dyn ChangeLog>,
    /// Whether the log is in another process. Appending to such a log always waits.
    is_remote: bool,
    state: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Default)]
struct Waiting {
    entries: VecDeque<LogEntry>,
    /// Whether a task is appending entries of the queue. New entries must then wait in the queue to keep their order.
    appending: bool,
    dropped: u64,
    /// The number of entries that were added since the queue was last condensed.
    fresh: usize,
}

impl Telling {
    /// Creates an empty queue for this log.
    pub(crate) fn new(log: Arc<dyn ChangeLog>) -> Self {
        Self { log, is_remote: false, state: Mutex::default(), arrived: Notify::default() }
    }

    /// Makes every entry wait in the queue. Without this setting, an entry is first appended at once. If this attempt
    /// is not complete at the first poll, the attempt is dropped, and the entry waits in the queue.
    ///
    /// A log in another process may already have received the entry of a dropped attempt, and would get it twice.
    pub(crate) fn with_remote_log(self) -> Self {
        Self { is_remote: true, ..self }
    }

    pub(crate) fn log(&self) -> &dyn ChangeLog {
        &*self.log
    }

    /// Appends an entry about a committed change of the facts, not of a live record.
    pub(crate) fn tell(&self, user: &User, news: News) {
        self.append(LogEntry::news(user.clone(), news));
    }

    fn append(&self, entry: LogEntry) {
        let is_first = {
            let state = self.lock();
            !self.is_remote && state.entries.is_empty() && !state.appending
        };
        // The embedded log accepts the entry here. If the log fails or does not accept the entry at once, the entry may
        // still have been appended. Readers tolerate the same entry twice.
        if is_first && matches!(self.log.append(vec![entry.clone()]).now_or_never(), Some(Ok(()))) {
            return;
        }
        self.lock().push(entry);
        self.arrived.notify_one();
    }

    /// Resolves when an entry waits in the queue.
    pub async fn waits(&self) {
        loop {
            let arrived = self.arrived.notified();
            if !self.lock().entries.is_empty() {
                return;
            }
            arrived.await;
        }
    }

    /// Appends the waiting entries to the log. After an error, the entries keep waiting, and the caller tries again
    /// later. Only one task of a node may call this, because the entries must stay in order.
    pub async fn append_waiting(&self) -> Result<(), DirectoryError> {
        loop {
            let mut batch = Batch { telling: self, entries: self.lock().take() };
            if batch.entries.is_empty() {
                return Ok(());
            }
            self.log.append(batch.entries.clone()).await?;
            batch.entries.clear();
        }
    }

    /// The number of entries that were dropped because the queue was full.
    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // A panic in another thread does not matter, because every critical section leaves the queue consistent.
        self.state.lock()
    }
}

/// The entries that are being appended. When this value is dropped, entries that were not appended return to the front
/// of the queue.
struct Batch<'a> {
    telling: &'a Telling,
    entries: Vec<LogEntry>,
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        let mut state = self.telling.lock();
        state.appending = false;
        for entry in self.entries.drain(..).rev() {
            state.entries.push_front(entry);
        }
    }
}

impl Waiting {
    fn take(&mut self) -> Vec<LogEntry> {
        let some = self.entries.len().min(BATCH);
        self.appending = some > 0;
        self.entries.drain(..some).collect()
    }

    fn push(&mut self, entry: LogEntry) {
        // The queue is not condensed for every entry, because that may save nothing.
        if self.entries.len() >= MAX_WAITING && self.fresh >= MAX_WAITING / 4 {
            self.condense();
            self.fresh = 0;
        }
        if self.entries.len() >= MAX_WAITING {
            self.dropped += 1;
        } else {
            self.fresh += 1;
            self.entries.push_back(entry);
        }
    }

    /// Reduces the number of entries, if possible. Several changes of one user's lists become one entry, which makes
    /// the clients read the lists again. If there are more profile changes than friends to be notified of them, each of
    /// these friends gets such an entry instead. Other entries stay.
    fn condense(&mut self) {
        let is_lists = |news: &News| matches!(news, News::Lists(_) | News::ListsUnknown);
        let lists = self.entries.iter().filter(|entry| is_lists(&entry.news));
        let mut unknown: BTreeSet<User> = lists.map(|entry| entry.user.clone()).collect();
        let profiles = self.entries.iter().filter_map(|entry| match &entry.news {
            News::FriendProfile(shown) => Some((entry.user.app, shown)),
            News::Lists(_)
            | News::ListsUnknown
            | News::Friend { .. }
            | News::App(_)
            | News::Status(_)
            | News::Restricted(_)
            | News::Ended(_)
            | News::Subscriptions { .. }
            | News::Events
            | News::Notices(_) => None,
        });
        let most = profiles.clone().count();
        let friends = profiles.flat_map(|(app, shown)| shown.friends.iter().map(move |id| (app, id)));
        let mut others = BTreeSet::new();
        for (app, id) in friends {
            let friend = User::new(app, id.clone());
            if !unknown.contains(&friend) {
                others.insert(friend);
            }
            // A profile may have hundreds of friends; more of them need not be counted.
            if others.len() >= most {
                break;
            }
        }
        let replaces_profiles = others.len() < most;
        if replaces_profiles {
            unknown.extend(others);
        }
        self.entries.retain(|entry| match entry.news {
            News::Lists(_) | News::ListsUnknown => false,
            News::FriendProfile(_) => !replaces_profiles,
            News::Friend { .. }
            | News::App(_)
            | News::Status(_)
            | News::Restricted(_)
            | News::Ended(_)
            | News::Subscriptions { .. }
            | News::Events
            | News::Notices(_) => true,
        });
        self.entries.extend(unknown.into_iter().map(|user| LogEntry::news(user, News::ListsUnknown)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::{pending, ready};
    use lamplight_directory::{
        Answer, DirectoryErrorKind, FriendProfile, Heard, InProcessDirectory, ListsChange, ListsNews,
        LogReader,
    };
    use lamplight_model::{AppId, Profile, UserId};

    /// A log that the test can make fail.
    struct Frail {
        log: InProcessDirectory,
        state: Mutex<State>,
    }

    #[derive(Clone, Copy, PartialEq)]
    enum State {
        Well,
        Failing,
        Silent,
    }

    impl ChangeLog for Frail {
        fn append(&self, entries: Vec<LogEntry>) -> Answer<'_, ()> {
            match *self.state.lock() {
                State::Well => self.log.append(entries),
                State::Silent => pending().boxed(),
                State::Failing => ready(Err(DirectoryError {
                    kind: DirectoryErrorKind::Unavailable,
                    doing: "appending",
                    source: None,
                }))
                .boxed(),
            }
        }

        fn follow(&self) -> LogReader {
            self.log.follow()
        }

        fn follow_events(&self) -> LogReader {
            self.log.follow_events()
        }
    }

    fn frail() -> (Arc<Frail>, Telling) {
        let log = Frail { log: InProcessDirectory::in_memory(), state: Mutex::new(State::Well) };
        let log = Arc::new(log);
        (Arc::clone(&log), Telling::new(log))
    }

    fn user(n: usize) -> User {
        User::new(AppId(1), UserId::new(&n.to_string()).unwrap())
    }

    fn entry(n: usize) -> LogEntry {
        LogEntry::news(user(n), News::App(AppId(n as u32)))
    }

    fn heard(log: &mut LogReader) -> Vec<usize> {
        let mut entries = Vec::new();
        assert_eq!(log.take(&mut entries), Heard::All);
        entries.iter().map(|entry| entry.user.id.as_str().parse().unwrap()).collect()
    }

    #[test]
    fn what_the_log_takes_at_once_does_not_wait() {
        let (log, telling) = frail();
        let mut reader = log.follow();
        telling.append(entry(1));
        assert_eq!(heard(&mut reader), [1]);
    }

    #[test]
    fn what_the_log_does_not_take_is_appended_later_in_its_order() {
        for out_of_order in [State::Failing, State::Silent] {
            let (log, telling) = frail();
            let mut reader = log.follow();
            *log.state.lock() = out_of_order;
            telling.append(entry(1));
            telling.append(entry(2));
            // No entry is lost when an attempt fails or is cancelled.
            assert!(!matches!(telling.append_waiting().now_or_never(), Some(Ok(()))));
            *log.state.lock() = State::Well;
            telling.append(entry(3));
            assert!(heard(&mut reader).is_empty(), "behind what waits");
            assert!(matches!(telling.append_waiting().now_or_never(), Some(Ok(()))));
            telling.append(entry(4));
            assert_eq!(heard(&mut reader), [1, 2, 3, 4]);
        }
    }

    #[test]
    fn what_waits_has_a_bound_and_lists_are_condensed_before_anything_is_dropped() {
        let (log, telling) = frail();
        let mut reader = log.follow();
        *log.state.lock() = State::Failing;
        let lists = |n: usize| {
            let change = ListsChange::FriendGone(UserId::new("x").unwrap());
            let news = ListsNews { version: n as u64, by: None, total_unread: 0, change };
            LogEntry::news(user(n % 3), News::Lists(Arc::new(news)))
        };
        telling.append(entry(77));
        (0..2 * MAX_WAITING).for_each(|n| telling.append(lists(n)));
        assert!(telling.lock().entries.len() <= MAX_WAITING);
        assert_eq!(telling.lock().dropped, 0);
        (0..2 * MAX_WAITING).for_each(|n| telling.append(entry(n)));
        assert!(telling.lock().entries.len() <= MAX_WAITING);
        assert!(telling.lock().dropped >= MAX_WAITING as u64);
        *log.state.lock() = State::Well;
        assert!(matches!(telling.append_waiting().now_or_never(), Some(Ok(()))));
        let heard = heard(&mut reader);
        assert_eq!(heard[..4], [77, 0, 1, 2]);
        assert_eq!(heard.len(), MAX_WAITING);
    }

    #[test]
    fn profiles_of_many_friends_do_not_enlarge_what_waits() {
        let profile_of = |number: usize, friends: std::ops::Range<usize>| {
            let friends = friends.map(|friend| user(friend).id).collect();
            let shown = FriendProfile { friends, profile: Arc::new(Profile::default()) };
            LogEntry::news(user(number), News::FriendProfile(Arc::new(shown)))
        };
        for (entries, condensed) in [
            // Profiles with more friends than there are entries stay.
            ((0..100).map(|n| profile_of(n, 500 * n..500 * (n + 1))).collect::<Vec<_>>(), 100),
            // Profiles that few friends receive again and again become one entry for each friend.
            ((0..100).map(|n| profile_of(n % 2, 0..3)).collect(), 3),
            // A friend who reads all lists again needs no other entry.
            (
                vec![
                    LogEntry::news(user(1), News::ListsUnknown),
                    LogEntry::news(user(2), News::ListsUnknown),
                    profile_of(9, 1..3),
                ],
                2,
            ),
        ] {
            let mut waiting = Waiting { entries: entries.into(), ..Waiting::default() };
            waiting.condense();
            assert_eq!(waiting.entries.len(), condensed);
            let bounded = waiting.entries.len();
            waiting.condense();
            assert_eq!(waiting.entries.len(), bounded);
        }
    }
}
