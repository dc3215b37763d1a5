//! The users in whom the readers of a log on this node are interested. An adapter drops entries that concern no user of
//! this node, and wakes no reader for them.
//!
//! An entry about a user is checked after the change was made. A reader adds its interest before it reads the user's
//! record. Either the reader therefore gets the entry, or its read contains the change.

use crate::{LogEntry, News};
use lamplight_core::{InterestTable, SubjectObserver};
use lamplight_model::{AppId, User};
use parking_lot::{Mutex, MutexGuard};
use smallvec::SmallVec;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;

/// The number of tables. Each has its own lock, so that workers and the reader of pushed entries seldom wait.
const SHARDS: usize = 64;

/// The identifiers of some readers.
pub(crate) type ReaderIds = SmallVec<[u16; 4]>;

/// The interests of all readers of a log in this process.
pub struct Interests {
    shards: [Mutex<InterestTable>; SHARDS],
    hasher: foldhash::fast::RandomState,
    /// Whether a reader has each identifier.
    used: Mutex<Vec<bool>>,
}

/// The interests of one reader. All clones belong to the same reader. When the last clone is dropped, all its interests
/// end.
#[derive(Clone)]
pub struct Interest {
    own: Arc<Own>,
}

struct Own {
    all: Arc<Interests>,
    reader: u16,
}

impl Default for Interests {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            hasher: foldhash::fast::RandomState::default(),
            used: Mutex::default(),
        }
    }
}

impl Interests {
    /// Adds a reader that is not yet interested in any user.
    ///
    /// # Panics
    ///
    /// Panics if there are 65,536 readers already. A process has one reader for each worker.
    pub fn reader(self: &Arc<Self>) -> Interest {
        let mut used = self.used.lock();
        let free = used.iter().position(|is_used| !is_used).unwrap_or_else(|| {
            used.push(false);
            used.len() - 1
        });
        used[free] = true;
        let reader = u16::try_from(free).expect("a process has fewer than 65,536 workers");
        Interest { own: Arc::new(Own { all: Arc::clone(self), reader }) }
    }

    /// Whether any reader is interested in a user. Allocates no memory.
    pub fn has(&self, app: AppId, id: &str) -> bool {
        let hash = self.hash(app, id);
        self.shard(hash).has(hash)
    }

    /// The number of (user, reader) pairs in which the reader is interested in the user.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    /// Whether no reader is interested in any user.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The memory of the tables, in bytes.
    pub fn bytes(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().bytes()).sum()
    }

    /// The readers that are interested in a user whom the entry concerns. Must not be called for an entry about an app,
    /// which concerns every reader.
    pub(crate) fn concerned(&self, entry: &LogEntry) -> ReaderIds {
        let mut readers = ReaderIds::new();
        match &entry.news {
            News::FriendProfile(news) => {
                for friend in &news.friends {
                    self.add_readers(entry.user.app, friend.as_str(), &mut readers);
                }
            }
            News::Status(_)
            | News::Restricted(_)
            | News::Ended(_)
            | News::Subscriptions { .. }
            | News::Friend { .. }
            | News::Lists(_)
            | News::ListsUnknown
            | News::App(_)
            | News::Events
            | News::Notices(_) => self.add_readers(entry.user.app, entry.user.id.as_str(), &mut readers),
        }
        readers
    }

    fn add_readers(&self, app: AppId, id: &str, readers: &mut ReaderIds) {
        let hash = self.hash(app, id);
        for reader in self.shard(hash).readers(hash) {
            if !readers.contains(&reader) {
                readers.push(reader);
            }
        }
    }

    fn hash(&self, app: AppId, id: &str) -> u64 {
        self.hasher.hash_one((app.0, id))
    }

    fn shard(&self, hash: u64) -> MutexGuard<'_, InterestTable> {
        // The tables use the lowest and the highest bits.
        self.shards[(hash >> 40) as usize % SHARDS].lock()
    }
}

impl Interest {
    /// Declares an interest in the entries about a user. Each call needs its own [`remove`](Self::remove).
    pub fn add(&self, user: &User) {
        let Own { all, reader } = &*self.own;
        let hash = all.hash(user.app, user.id.as_str());
        all.shard(hash).add(hash, *reader);
    }

    /// Ends the interest in a user that one call of [`add`](Self::add) has declared.
    pub fn remove(&self, user: &User) {
        let Own { all, reader } = &*self.own;
        let hash = all.hash(user.app, user.id.as_str());
        all.shard(hash).remove(hash, *reader);
    }

    pub(crate) fn reader(&self) -> u16 {
        self.own.reader
    }
}

impl SubjectObserver for Interest {
    fn added(&mut self, user: &User) {
        self.add(user);
    }

    fn removed(&mut self, user: &User) {
        self.remove(user);
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        for shard in &self.all.shards {
            shard.lock().remove_all(self.reader);
        }
        // Only now may another reader get the identifier.
        self.all.used.lock()[usize::from(self.reader)] = false;
    }
}

impl fmt::Debug for Interests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interests").field("len", &self.len()).field("bytes", &self.bytes()).finish()
    }
}

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Interest").field(&self.own.reader).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FriendProfile;
    use lamplight_model::{Profile, UserId};

    fn user(name: &str) -> User {
        User::new(AppId(1), UserId::new(name).unwrap())
    }

    fn has(all: &Interests, name: &str) -> bool {
        all.has(AppId(1), name)
    }

    #[test]
    fn users_of_two_apps_with_one_name_are_two_users() {
        let all = Arc::new(Interests::default());
        let reader = all.reader();
        reader.add(&user("a"));
        assert!(has(&all, "a") && !has(&all, "b"));
        assert!(!all.has(AppId(2), "a"));
        reader.remove(&user("a"));
        assert!(all.is_empty());
    }

    #[test]
    fn the_interests_of_a_reader_end_with_its_last_clone() {
        let all = Arc::new(Interests::default());
        let (first, second) = (all.reader(), all.reader());
        let clone = first.clone();
        first.add(&user("a"));
        second.add(&user("a"));
        second.add(&user("b"));
        drop(second);
        assert!(has(&all, "a") && !has(&all, "b"));
        drop(first);
        assert!(has(&all, "a"));
        drop(clone);
        assert!(all.is_empty());
        for _ in 0..2 {
            assert_eq!(all.reader().reader(), 0, "the identifier of a dropped reader is used again");
        }
    }

    #[test]
    fn an_entry_concerns_the_readers_of_its_user_and_a_profile_those_of_friends() {
        let all = Arc::new(Interests::default());
        let readers = [all.reader(), all.reader(), all.reader()];
        for (reader, names) in readers.iter().zip([vec!["a", "b"], vec!["b", "c"], vec!["d"]]) {
            names.into_iter().for_each(|name| reader.add(&user(name)));
        }
        let concerned = |name: &str, news: News| {
            let mut readers = all.concerned(&LogEntry::news(user(name), news)).to_vec();
            readers.sort_unstable();
            readers
        };
        let profile = |friends: &[&str]| {
            let friends = friends.iter().map(|name| UserId::new(name).unwrap()).collect();
            News::FriendProfile(Arc::new(FriendProfile { friends, profile: Arc::new(Profile::default()) }))
        };
        assert_eq!(concerned("a", News::ListsUnknown), [0]);
        assert_eq!(concerned("b", News::ListsUnknown), [0, 1]);
        assert_eq!(concerned("x", News::ListsUnknown), []);
        assert_eq!(concerned("d", profile(&["a"])), [0]);
        assert_eq!(concerned("d", profile(&["a", "b", "c"])), [0, 1]);
        assert_eq!(concerned("d", profile(&["x"])), []);
    }

    #[test]
    fn threads_that_add_and_remove_leave_what_they_have_added() {
        let all = Arc::new(Interests::default());
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                let reader = all.reader();
                std::thread::spawn(move || {
                    for round in 0..200 {
                        for name in 0..20 {
                            reader.add(&user(&name.to_string()));
                        }
                        for name in (0..20).filter(|name| round < 199 || *name % 4 != thread) {
                            reader.remove(&user(&name.to_string()));
                        }
                    }
                    reader
                })
            })
            .collect();
        let readers: Vec<Interest> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        for name in 0..20 {
            let concerned = all.concerned(&LogEntry::news(user(&name.to_string()), News::ListsUnknown));
            assert_eq!(concerned.to_vec(), [readers[name % 4].reader()], "{name}");
        }
    }
}
