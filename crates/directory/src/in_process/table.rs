//! The records of one shard, by user.

use super::Record;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use lamplight_model::User;
use std::hash::BuildHasher;

/// A table of pointers to records. A third of its places or more are free, so a place is kept small. The memory of a
/// record also contains its user.
#[derive(Default)]
pub(super) struct RecordTable {
    records: HashTable<Box<(User, Record)>>,
    hasher: foldhash::fast::RandomState,
}

impl RecordTable {
    pub fn get(&self, user: &User) -> Option<&Record> {
        let found = self.records.find(self.hasher.hash_one(user), |record| record.0 == *user);
        found.map(|record| &record.1)
    }

    pub fn get_mut(&mut self, user: &User) -> Option<&mut Record> {
        let found = self.records.find_mut(self.hasher.hash_one(user), |record| record.0 == *user);
        found.map(|record| &mut record.1)
    }

    /// Allocates the places of this many further records.
    pub fn reserve(&mut self, count: usize) {
        let Self { records, hasher } = self;
        records.reserve(count, |record| hasher.hash_one(&record.0));
    }

    /// Adds a record, or replaces the record of the user.
    pub fn insert(&mut self, user: &User, record: Record) -> &mut Record {
        let Self { records, hasher } = self;
        let record = Box::new((user.clone(), record));
        match records.entry(hasher.hash_one(user), |it| it.0 == *user, |it| hasher.hash_one(&it.0)) {
            Entry::Occupied(mut place) => {
                *place.get_mut() = record;
                &mut place.into_mut().1
            }
            Entry::Vacant(place) => &mut place.insert(record).into_mut().1,
        }
    }

    pub fn remove(&mut self, user: &User) -> Option<Record> {
        let hash = self.hasher.hash_one(user);
        let place = self.records.find_entry(hash, |record| record.0 == *user).ok()?;
        let (record, _) = place.remove();
        Some(record.1)
    }

    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// All records, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (&User, &Record)> {
        self.records.iter().map(|record| (&record.0, &record.1))
    }

    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.iter().map(|(user, _)| user)
    }
}
