//! The users in whom readers of the change log are interested. Entries about other users can be passed over.
//!
//! A user is stored as a hash of 64 bits. Two users with the same hash share an entry. A reader may therefore get
//! entries about other users, but it gets every entry that concerns it.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry as TableEntry;
use lamplight_model::User;

/// An observer that is told when a user of a watch graph gets a first watcher or loses the last one. The call that
/// changes the graph tells the observer before it returns.
pub trait SubjectObserver: Send {
    /// Called when a user gets a first watcher.
    fn added(&mut self, user: &User);

    /// Called when a user has lost the last watcher.
    fn removed(&mut self, user: &User);
}

/// Counts the interests of readers in users.
///
/// An entry has 12 bytes. With its share of the free places of the table, it needs 14 to 30 bytes.
#[derive(Debug, Default)]
pub struct InterestTable {
    entries: HashTable<Entry>,
}

/// The interests of one reader in the users with one hash. The hash is in two halves, so that the entry has no padding.
#[derive(Clone, Copy, Debug)]
struct Entry {
    high: u32,
    low: u32,
    reader: u16,
    /// The number of interests. Once it has reached the highest value, it no longer changes.
    count: u16,
}

/// The table shrinks when it has more than this many places for each entry.
const TOO_MANY_PLACES: usize = 8;
/// A table with at most this many places does not shrink.
const FEW_PLACES: usize = 64;

impl InterestTable {
    /// Adds an interest of a reader in the users with this hash. Each call needs its own [`remove`](Self::remove).
    pub fn add(&mut self, hash: u64, reader: u16) {
        match self.entries.entry(hash, |entry| entry.is(hash, reader), Entry::hash) {
            TableEntry::Occupied(mut entry) => {
                let count = &mut entry.get_mut().count;
                *count = count.saturating_add(1);
            }
            TableEntry::Vacant(place) => {
                let (high, low) = ((hash >> 32) as u32, hash as u32);
                place.insert(Entry { high, low, reader, count: 1 });
            }
        }
    }

    /// Removes one interest of a reader. Does nothing if there is none.
    pub fn remove(&mut self, hash: u64, reader: u16) {
        let Ok(mut entry) = self.entries.find_entry(hash, |entry| entry.is(hash, reader)) else { return };
        match entry.get().count {
            // A count that was too high to be kept is removed with its reader.
            u16::MAX => {}
            1 => {
                entry.remove();
                self.shrink();
            }
            more => entry.get_mut().count = more - 1,
        }
    }

    /// Removes all interests of a reader.
    pub fn remove_all(&mut self, reader: u16) {
        self.entries.retain(|entry| entry.reader != reader);
        self.shrink();
    }

    /// Whether a reader is interested in the users with this hash.
    pub fn has(&self, hash: u64) -> bool {
        self.entries.find(hash, |entry| entry.hash() == hash).is_some()
    }

    /// The readers that are interested in the users with this hash, each once and in no particular order.
    pub fn readers(&self, hash: u64) -> impl Iterator<Item = u16> {
        self.entries.iter_hash(hash).filter(move |entry| entry.hash() == hash).map(|entry| entry.reader)
    }

    /// The number of (user, reader) pairs in which the reader is interested in the user.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no reader is interested in any user.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The memory of the table, in bytes.
    pub fn bytes(&self) -> usize {
        self.entries.allocation_size()
    }

    fn shrink(&mut self) {
        let places = self.entries.capacity();
        if places > FEW_PLACES && places / TOO_MANY_PLACES > self.entries.len() {
            self.entries.shrink_to(self.entries.len() * 2, Entry::hash);
        }
    }
}

impl Entry {
    fn hash(&self) -> u64 {
        u64::from(self.high) << 32 | u64::from(self.low)
    }

    fn is(&self, hash: u64, reader: u16) -> bool {
        self.hash() == hash && self.reader == reader
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Restricted, WatchGraph, Why};
    use lamplight_model::{AppId, UserId};
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};

    impl Restricted for () {
        fn is_restricted(&self) -> bool {
            false
        }

        fn is_hidden_from(&self, _viewer: &UserId) -> bool {
            false
        }
    }

    fn readers(table: &InterestTable, hash: u64) -> Vec<u16> {
        let mut readers: Vec<u16> = table.readers(hash).collect();
        readers.sort_unstable();
        assert_eq!(table.has(hash), !readers.is_empty());
        readers
    }

    /// Runs a script of `+hash@reader`, `-hash@reader` and `xreader`, and compares the readers of hash 7.
    #[track_caller]
    fn check(script: &str, expected: &[u16]) {
        let mut table = InterestTable::default();
        for step in script.split_whitespace() {
            let (verb, of) = step.split_at(1);
            match (verb, of.split_once('@')) {
                ("+", Some((hash, reader))) => table.add(hash.parse().unwrap(), reader.parse().unwrap()),
                ("-", Some((hash, reader))) => table.remove(hash.parse().unwrap(), reader.parse().unwrap()),
                _ => table.remove_all(of.parse().unwrap()),
            }
        }
        assert_eq!(readers(&table, 7), expected, "{script}");
    }

    #[test]
    fn a_reader_is_interested_until_each_of_its_interests_has_ended() {
        check("", &[]);
        check("+7@0", &[0]);
        check("+7@0 -7@0", &[]);
        check("+7@0 +7@0 -7@0", &[0]);
        check("+7@0 +7@0 -7@0 -7@0", &[]);
    }

    #[test]
    fn readers_and_users_do_not_disturb_each_other() {
        check("+7@0 +7@1", &[0, 1]);
        check("+7@0 +7@1 -7@0", &[1]);
        check("+7@0 +8@0 -8@0", &[0]);
        check("+7@0 +8@1 -7@1", &[0]);
        check("+7@0 +7@1 +8@0 x0", &[1]);
    }

    #[test]
    fn an_interest_that_ends_twice_ends_no_later_one() {
        check("-7@0 +7@0", &[0]);
        check("+7@0 -7@0 -7@0 +7@0", &[0]);
    }

    #[test]
    fn the_table_agrees_with_a_naive_one_and_gives_up_its_memory() {
        let (mut table, mut naive) = (InterestTable::default(), BTreeMap::<(u64, u16), u32>::new());
        let mut seed = 1u64;
        let mut random = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        for _ in 0..20_000 {
            // Some hashes differ only in their upper half.
            let (hash, reader) = (random(50) << 32 | random(4), random(3) as u16);
            match random(2) {
                0 => {
                    table.add(hash, reader);
                    *naive.entry((hash, reader)).or_default() += 1;
                }
                _ => {
                    table.remove(hash, reader);
                    if let Some(count) = naive.get_mut(&(hash, reader)) {
                        *count -= 1;
                        if *count == 0 {
                            naive.remove(&(hash, reader));
                        }
                    }
                }
            }
            let expected: Vec<u16> =
                naive.range((hash, 0)..=(hash, u16::MAX)).map(|((_, reader), _)| *reader).collect();
            assert_eq!(readers(&table, hash), expected);
        }
        assert_eq!(table.len(), naive.len());
        (0..100_000u64).for_each(|hash| table.add(hash.wrapping_mul(0x9e37_79b9_7f4a_7c15), 9));
        let full = table.bytes();
        assert!((14 * 100_000..=30 * 100_000).contains(&full), "{full}");
        table.remove_all(9);
        assert!(table.bytes() < full / 20, "{}", table.bytes());
    }

    #[test]
    fn a_watch_graph_tells_of_each_first_and_each_last_watcher() {
        struct Told(Arc<Mutex<Vec<String>>>);
        impl SubjectObserver for Told {
            fn added(&mut self, user: &User) {
                self.0.lock().unwrap().push(format!("+{}", user.id));
            }
            fn removed(&mut self, user: &User) {
                self.0.lock().unwrap().push(format!("-{}", user.id));
            }
        }
        let told: Arc<Mutex<Vec<String>>> = Arc::default();
        let take = || std::mem::take(&mut *told.lock().unwrap());
        let user = |name: &str| User::new(AppId(1), UserId::new(name).unwrap());
        let mut graph = WatchGraph::<()>::observed_by(Box::new(Told(Arc::clone(&told))));
        let (first, second) = (graph.attach(0), graph.attach(0));
        graph.watch(first, &user("a"), Why::Own);
        graph.watch_all(second, [user("a"), user("b")].into_iter(), Why::Subscribed, |_| {});
        assert_eq!(take(), ["+a", "+b"]);
        graph.watch(first, &user("b"), Why::Friend);
        graph.unwatch(second, &user("b"), Why::Subscribed);
        graph.detach(first);
        assert_eq!(take(), ["-b"]);
        graph.unwatch_others(second, Why::Subscribed, |_| false);
        assert_eq!(take(), ["-a"]);
    }

    #[test]
    fn a_count_that_is_too_high_stays_until_its_reader_is_removed() {
        let mut table = InterestTable::default();
        (0..=u32::from(u16::MAX)).for_each(|_| table.add(7, 0));
        (0..=u32::from(u16::MAX)).for_each(|_| table.remove(7, 0));
        assert_eq!(readers(&table, 7), [0]);
        table.remove_all(0);
        assert!(table.is_empty());
    }
}
