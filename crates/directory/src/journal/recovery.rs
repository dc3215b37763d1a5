//! The live records that were read from the files of a journal.

use super::{Begin, Entry};
use indexmap::IndexMap;
use indexmap::map::Entry as MapEntry;
use lamplight_core::SavedPresence;
use lamplight_model::{FactsMark, User};
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::path::PathBuf;

/// The result of reading the files of a journal.
#[derive(Default, Debug)]
pub(crate) struct Recovery {
    pub records: FoundRecords,
    pub head: Head,
    /// Whether written data may be missing: a file is truncated, unreadable, missing or marked as in doubt.
    pub damaged: bool,
    /// Whether the journal was closed properly, with all files synced. If so, a reboot has lost nothing.
    pub closed: bool,
    /// The files that could not be read to the end.
    pub damaged_files: Vec<DamagedFile>,
    /// The number of files that are missing.
    pub missing_files: usize,
    /// Whether the folder has any file of a journal, even one that could not be read.
    pub has_files: bool,
    /// Whether the last generation has a complete snapshot.
    pub is_complete: bool,
}

/// The entries that are not about one user, combined.
#[derive(Default, Debug)]
pub(crate) struct Head {
    /// The `Begin` entries of all files, combined: the highest value of each field, and the machine of the file that
    /// was read last. Other entries raise these values too. `None` if no `Begin` entry could be read.
    pub begin: Option<Begin>,
    /// The boot ids in the files.
    pub machines: BTreeSet<String>,
    /// The last stored mark of the facts; `None` if there is none.
    pub facts: Option<FactsMark>,
}

/// A file that could not be read completely.
#[derive(Debug)]
pub(crate) struct DamagedFile {
    pub path: PathBuf,
    /// The number of damaged entries.
    pub entries: u64,
    /// The number of bytes that could not be decoded.
    pub bytes: u64,
}

/// The newest entry of a user.
#[derive(Debug)]
pub(crate) struct Found {
    pub rev: u64,
    pub place: u64,
    /// The record; `None` if it was removed.
    pub presence: Option<SavedPresence>,
    /// The revision of the entry from which the lists of the record come; 0 if there is none.
    pub lists_rev: u64,
    /// The lowest revision of an entry that has the current lists.
    lists_since: u64,
}

impl Found {
    /// Whether the entry with the current lists was not read.
    fn lacks_lists(&self) -> bool {
        self.lists_rev < self.lists_since
    }
}

/// The newest entries of some users. Their memory is contiguous, because one allocation for each record, which another
/// thread frees, would cost more than all else.
pub(crate) type FoundPart = IndexMap<User, Found, foldhash::fast::RandomState>;

/// The newest entry of each user. Several threads may add entries at the same time.
#[derive(Debug)]
pub(crate) struct FoundRecords {
    /// The entries of a user are in the part with the number of [`part_of`](Self::part_of).
    parts: Vec<Mutex<FoundPart>>,
    hasher: foldhash::fast::RandomState,
}

impl Default for FoundRecords {
    fn default() -> Self {
        Self {
            parts: (0..Self::PARTS).map(|_| Mutex::default()).collect(),
            hasher: foldhash::fast::RandomState::default(),
        }
    }
}

impl FoundRecords {
    /// The number of parts.
    pub const PARTS: usize = 256;

    /// Returns the number of the user's part, less than [`PARTS`](Self::PARTS), if users are assigned to parts by this
    /// hasher.
    pub fn part_of(hasher: &foldhash::fast::RandomState, user: &User) -> usize {
        hasher.hash_one(user) as usize % Self::PARTS
    }

    /// Applies an entry. The order of entries does not matter, except that the `Begin` entry of a file comes first.
    pub(super) fn apply(&self, entry: Entry, head: &Mutex<&mut Head>) {
        match entry {
            Entry::Put(user, presence, rev, place) => {
                let presence = Some(presence);
                drop(self.add(user, Found { rev, place, presence, lists_rev: rev, lists_since: rev }));
            }
            Entry::Change(user, presence, rev, place, lists_since) => {
                let presence = Some(presence);
                drop(self.add(user, Found { rev, place, presence, lists_rev: 0, lists_since }));
            }
            Entry::Remove(user, rev, place) => {
                head.lock().raise(rev, place);
                drop(self.add(user, Found { rev, place, presence: None, lists_rev: 0, lists_since: 0 }));
            }
            Entry::Begin(begin) => head.lock().begin(begin),
            Entry::Alive(at) => {
                if let Some(begin) = &mut head.lock().begin {
                    begin.alive = begin.alive.max(at);
                }
            }
            Entry::Complete => {}
            // The files are read in ascending order of their generations. Of several marks of the same history, the
            // highest is the last one.
            Entry::Facts(mark) => match &mut head.lock().facts {
                Some(noted) if mark.history == noted.history => noted.count = noted.count.max(mark.count),
                noted => *noted = Some(mark),
            },
        }
    }

    /// Stores an entry, unless an earlier entry has a higher revision. An entry with an equal revision replaces the
    /// earlier entry, because a later generation may have raised the record's version. Of the entries with lists, the
    /// one with the highest revision counts. Returns the entry that is not needed, whose memory is then freed without
    /// the lock.
    fn add(&self, user: User, mut other: Found) -> Option<Found> {
        match self.parts[Self::part_of(&self.hasher, &user)].lock().entry(user) {
            MapEntry::Vacant(place) => {
                place.insert(other);
                None
            }
            MapEntry::Occupied(mut place) => {
                let found = place.get_mut();
                if other.rev >= found.rev {
                    std::mem::swap(found, &mut other);
                }
                if let (Some(presence), Some(others)) = (&mut found.presence, &mut other.presence)
                    && other.lists_rev > found.lists_rev
                {
                    presence.take_lists(others);
                    found.lists_rev = other.lists_rev;
                }
                Some(other)
            }
        }
    }

    /// Returns the hasher that assigns users to parts, and the entries of each part.
    pub fn into_parts(self) -> (foldhash::fast::RandomState, Vec<FoundPart>) {
        (self.hasher, self.parts.into_iter().map(Mutex::into_inner).collect())
    }

    #[cfg(test)]
    pub fn into_map(self) -> std::collections::HashMap<User, Found> {
        self.parts.into_iter().flat_map(Mutex::into_inner).collect()
    }
}

impl Recovery {
    #[cfg(test)]
    pub(super) fn apply(&mut self, entry: Entry) {
        self.records.apply(entry, &Mutex::new(&mut self.head));
    }

    /// Removes the records whose current lists were in a damaged entry, as if all of the record had been in it. Returns
    /// their number. Such a record would show the wrong status to viewers from whom it is hidden, and a client that
    /// returns at once would not be told that its subscription list is lost.
    pub(super) fn lose_records_without_lists(&mut self) -> usize {
        let mut lost = 0;
        let found = self.records.parts.iter_mut().flat_map(|part| part.get_mut().values_mut());
        for found in found.filter(|found| found.lacks_lists()) {
            lost += usize::from(found.presence.take().is_some());
            // As after a removal, a new record gets a higher revision, so that its entries replace the lost one's.
            self.head.raise(found.rev, found.place);
        }
        lost
    }
}

impl Head {
    fn begin(&mut self, begin: Begin) {
        self.machines.insert(begin.machine.clone());
        self.begin = Some(match self.begin.take() {
            None => begin,
            Some(known) => Begin {
                epoch: known.epoch.max(begin.epoch),
                machine: begin.machine,
                horizon: known.horizon.max(begin.horizon),
                removed_rev: known.removed_rev.max(begin.removed_rev),
                complete_since: known.complete_since.max(begin.complete_since),
                alive: known.alive.max(begin.alive),
            },
        });
    }

    /// Notes that a record was removed, with its last revision and feed position.
    fn raise(&mut self, rev: u64, place: u64) {
        if let Some(begin) = &mut self.begin {
            begin.horizon = begin.horizon.max(place);
            begin.removed_rev = begin.removed_rev.max(rev);
        }
    }
}
