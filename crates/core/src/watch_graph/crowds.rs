//! For each watcher in a crowd, the place of its edge among the edges of the watched subject.
//!
//! The watcher's end of an edge does not contain the place of the subject's end. Most subjects have few watchers, which
//! are searched one by one. If a subject has many watchers, a hash table has their places.

use super::Incoming;
use hashbrown::{HashMap, HashTable};
use std::hash::BuildHasher;

type Hasher = foldhash::fast::FixedState;

/// A subject with more watchers than this gets a table.
const SEARCHED: usize = 256;
/// A subject with fewer watchers than this loses its table.
const FEW: usize = SEARCHED / 2;

/// The tables, by subject. A table has the places of all watchers of the subject.
#[derive(Default)]
pub(super) struct CrowdPlaces {
    tables: HashMap<u32, HashTable<u32>, Hasher>,
    hasher: Hasher,
}

impl CrowdPlaces {
    /// The place of a watcher among the edges of a subject; `None` if it is not there.
    pub fn place(&self, subject: u32, edges: &[Incoming], watcher: u32) -> Option<usize> {
        let table = if edges.len() < FEW { None } else { self.tables.get(&subject) };
        let Some(table) = table else { return edges.iter().position(|edge| edge.slot() == watcher) };
        let found =
            table.find(self.hasher.hash_one(watcher), |place| edges[*place as usize].slot() == watcher);
        found.map(|place| *place as usize)
    }

    /// Records that an edge was appended to the edges of a subject.
    pub fn appended(&mut self, subject: u32, edges: &[Incoming]) {
        if edges.len() < FEW {
            return;
        }
        let Self { tables, hasher } = self;
        let hash_of = |place: &u32| hasher.hash_one(edges[*place as usize].slot());
        let last = edges.len() as u32 - 1;
        if let Some(table) = tables.get_mut(&subject) {
            table.insert_unique(hash_of(&last), last, hash_of);
        } else if edges.len() > SEARCHED {
            let mut table = HashTable::with_capacity(edges.len());
            for place in 0..=last {
                table.insert_unique(hash_of(&place), place, hash_of);
            }
            tables.insert(subject, table);
        }
    }

    /// Removes an edge of a subject from `edges`, and moves the last edge to its place.
    pub fn swap_remove(&mut self, subject: u32, edges: &mut Vec<Incoming>, place: usize) {
        let Self { tables, hasher } = self;
        if edges.len() >= FEW
            && let Some(table) = tables.get_mut(&subject)
        {
            let last = edges.len() - 1;
            let hash_at = |place: usize| hasher.hash_one(edges[place].slot());
            if let Ok(entry) = table.find_entry(hash_at(place), |it| *it as usize == place) {
                entry.remove();
            }
            if let Some(moved) = table.find_mut(hash_at(last), |it| *it as usize == last) {
                *moved = place as u32;
            }
            if last < FEW {
                tables.remove(&subject);
            }
        }
        edges.swap_remove(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_that_grows_and_shrinks_is_found_and_has_a_table_only_while_it_is_large() {
        let (mut crowds, mut edges) = (CrowdPlaces::default(), Vec::new());
        let subject = 7;
        let check = |crowds: &CrowdPlaces, edges: &[Incoming]| {
            for watcher in 0..1_000 {
                let expected = edges.iter().position(|edge| edge.slot() == watcher);
                assert_eq!(crowds.place(subject, edges, watcher), expected, "{watcher} of {}", edges.len());
            }
        };
        for watcher in 0..1_000 {
            edges.push(Incoming { watcher, place: 0 });
            crowds.appended(subject, &edges);
            assert_eq!(crowds.tables.len(), usize::from(edges.len() > SEARCHED));
            if watcher % 100 == 50 {
                check(&crowds, &edges);
            }
        }
        while !edges.is_empty() {
            let place = edges.len() * 7 % 1_000 % edges.len();
            crowds.swap_remove(subject, &mut edges, place);
            assert_eq!(crowds.tables.len(), usize::from(edges.len() >= FEW));
            if edges.len() % 100 == 50 {
                check(&crowds, &edges);
            }
        }
    }
}
