//! A cache of the records that this node has recently read or written. A change of a cached record needs no read.
//!
//! An entry may be out of date. The script that writes a change compares the revision; if the revision differs, it
//! returns the current record. An entry is valid only in the epoch in which it was added, because another epoch may use
//! the same revision for other content.

use lamplight_model::User;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The maximum number of cached records. Each record takes about 300 bytes.
const MAX_RECORDS: usize = 16 * 1024;

/// The maximum length of a cached record in bytes. Longer records are rare, and are not cached.
const MAX_LENGTH: usize = 1024;

/// The time after a write for which the cache does not return the written record. Without this pause, a node that
/// changes a record continually would always be faster than other nodes that want to change it.
const FAIR_PAUSE: Duration = Duration::from_millis(10);

/// Cached records in two generations of equal size. When the young generation is full, it replaces the old one.
#[derive(Default)]
pub(crate) struct Cache {
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<User, Cached>,
    old: HashMap<User, Cached>,
}

struct Cached {
    epoch: u64,
    usable_from: Option<Instant>,
    record: Box<[u8]>,
}

impl Cache {
    /// Removes a user's record from the cache. Returns the record if it is of this epoch and was not written within the
    /// last 10 ms.
    pub(crate) fn take(&self, user: &User, epoch: u64, now: Instant) -> Option<Vec<u8>> {
        let mut generations = self.generations.lock();
        let Generations { young, old } = &mut *generations;
        let cached = young.remove(user).or_else(|| old.remove(user))?;
        let is_usable = cached.epoch == epoch && cached.usable_from.is_none_or(|from| from <= now);
        is_usable.then(|| cached.record.into_vec())
    }

    /// Adds a record that was read in this epoch.
    pub(crate) fn put_read(&self, user: &User, epoch: u64, record: &[u8]) {
        self.put(user, Cached { epoch, usable_from: None, record: record.into() });
    }

    /// Adds a record that was written in this epoch at the time `now`.
    pub(crate) fn put_written(&self, user: &User, epoch: u64, record: Vec<u8>, now: Instant) {
        let usable_from = Some(now + FAIR_PAUSE);
        self.put(user, Cached { epoch, usable_from, record: record.into() });
    }

    fn put(&self, user: &User, cached: Cached) {
        if cached.record.len() > MAX_LENGTH {
            return;
        }
        let mut generations = self.generations.lock();
        if generations.young.len() >= MAX_RECORDS / 2 {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(user.clone(), cached);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_model::{AppId, UserId};

    fn user(n: usize) -> User {
        User::new(AppId(1), UserId::new(&n.to_string()).unwrap())
    }

    #[test]
    fn a_record_is_found_in_its_epoch_and_once() {
        let (cache, now) = (Cache::default(), Instant::now());
        cache.put_read(&user(1), 7, &[1]);
        assert_eq!(cache.take(&user(2), 7, now), None);
        assert_eq!(cache.take(&user(1), 7, now), Some(vec![1]));
        assert_eq!(cache.take(&user(1), 7, now), None);
        cache.put_read(&user(1), 7, &[1]);
        assert_eq!(cache.take(&user(1), 8, now), None);
        cache.put_read(&user(1), 7, &[0; MAX_LENGTH + 1]);
        assert_eq!(cache.take(&user(1), 7, now), None);
    }

    #[test]
    fn a_record_that_was_just_written_is_read_again() {
        let (cache, now) = (Cache::default(), Instant::now());
        for (wait, found) in [(Duration::ZERO, false), (FAIR_PAUSE / 2, false), (FAIR_PAUSE, true)] {
            cache.put_written(&user(1), 7, vec![1], now);
            assert_eq!(cache.take(&user(1), 7, now + wait).is_some(), found, "{wait:?}");
        }
    }

    #[test]
    fn the_number_of_records_is_bounded_and_the_last_ones_are_kept() {
        let cache = Cache::default();
        for n in 0..3 * MAX_RECORDS {
            cache.put_read(&user(n), 1, &[1]);
        }
        let Generations { young, old } = &*cache.generations.lock();
        assert!(young.len() + old.len() <= MAX_RECORDS);
        let last = 3 * MAX_RECORDS - 1;
        assert!(young.contains_key(&user(last)) && old.contains_key(&user(last - MAX_RECORDS / 2)));
    }
}
