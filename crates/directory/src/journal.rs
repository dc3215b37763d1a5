//! The live records on disk: a snapshot and what was written since, so that a restart shows nobody leaving.
//!
//! Every change is handed to the kernel before it is acknowledged: it survives `kill -9`. It is not synced until the
//! journal is closed in order: after the loss of the machine itself, live records are rebuilt from the facts.
//!
//! The files of one folder are of generations. Generation `N` has a file of changes for each stripe of users,
//! `live.N.0` and so on, so that users of different stripes do not wait for each other, and a snapshot, `live.N.base`.
//! When the changes have grown, generation `N+1` is begun; its snapshot is written while changes go on, and when it
//! is complete the files of `N` are deleted. An entry of a user carries the revision of the record: the highest one
//! counts, in whatever file it stands.
//!
//! A write that fails leaves the file as it was before: the next one goes to the same place. Until a new snapshot
//! holds what could not be written, the file bears a mark of doubt, and a start that finds one takes nothing for
//! current. See `docs/decisions/0020-a-journal-that-knows-when-it-is-in-doubt.md`.

mod closing;
mod damage;
mod disk;
mod replay;
#[cfg(test)]
mod tests;

pub use damage::JournalDamage;
pub(crate) use disk::{Disk, DiskFile, RealDisk};
pub(crate) use replay::Recovery;

use crate::locks::lock;
use lamplight_core::SavedPresence;
use lamplight_model::{Timestamp, User};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// Begins every file. The number counts the forms that an entry has had; a file of a form that is not read counts as lost.
const MAGIC: &[u8; 12] = b"LAMPLIVE\x00\x00\x00\x06";
/// Begins the files of the form before, which differs in one thing: session events do not say the status after them. The
/// reader of today's form reads such an event too.
const FORMER_MAGIC: &[u8; 12] = b"LAMPLIVE\x00\x00\x00\x05";
/// The bytes of the magic that are the same in every form.
const NAME_BYTES: usize = 8;
/// Behind the magic: whether a write to this file failed, and what could not be written is nowhere else.
const DOUBT_AT: u64 = MAGIC.len() as u64;
const SURE: u8 = 0;
const IN_DOUBT: u8 = 1;

/// Files of changes in a generation.
pub(crate) const STRIPES: usize = 16;

/// No entry is longer: a list of 10,000 subscriptions of the longest ids fits.
const MAX_ENTRY_BYTES: usize = 1024 * 1024;

/// A new generation is begun when the changes of one have grown to this, and to more than its snapshot.
const REWRITE_AT_BYTES: u64 = 16 * 1024 * 1024;

/// One entry.
#[derive(Serialize, Deserialize, Debug, PartialEq)]
enum Entry {
    /// The first of every file.
    Begin(Begin),
    /// A record, its revision, and where its user stands in the feed.
    Put(User, Box<SavedPresence>, u64, u64),
    /// A record was removed at this revision, which stood at this place in the feed.
    Remove(User, u64, u64),
    /// The process lived at this time.
    Alive(Timestamp),
    /// The last of a snapshot that holds every record.
    Complete,
}

/// An entry as it is written: borrowed, and otherwise the same.
#[derive(Serialize)]
pub(crate) enum EntryRef<'a> {
    Begin(&'a Begin),
    Put(&'a User, &'a SavedPresence, u64, u64),
    Remove(&'a User, u64, u64),
    Alive(Timestamp),
    Complete,
}

/// The state of all records when a file is begun.
#[derive(Clone, Serialize, Deserialize, Debug, PartialEq, Eq)]
pub(crate) struct Begin {
    /// The epoch of the feed.
    pub epoch: u64,
    /// The run of the machine in which the file was written: when it ended, what the kernel still had of the file may
    /// have ended with it.
    pub machine: String,
    /// A record that was removed stood at or before this place of the feed.
    pub horizon: u64,
    /// No record that was removed had a higher revision.
    pub removed_rev: u64,
    /// Of what was before this time, records may be missing.
    pub complete_since: Timestamp,
    /// The process lived at this time.
    pub alive: Timestamp,
}

/// The journal cannot be opened or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {path}")]
pub struct JournalError {
    doing: &'static str,
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// The open journal.
pub(crate) struct Journal {
    disk: Arc<dyn Disk>,
    /// The damage that was found when the journal was opened.
    damage: JournalDamage,
    folder: PathBuf,
    stripes: Vec<Mutex<Stripe>>,
    generation: Mutex<Generation>,
    /// Bytes of changes in this generation.
    grown: AtomicU64,
    /// Changes that could not be written.
    failures: AtomicU64,
    /// Anything that could not be written.
    errors: AtomicU64,
    /// The journal bears the mark of one that was closed in order. Changes under the lock of every stripe.
    is_closed: AtomicBool,
}

/// An open file of changes.
struct Stripe {
    file: Box<dyn DiskFile>,
    path: PathBuf,
    /// Where the last whole entry ends.
    end: u64,
    /// The count of failures at the last one in this file, while the file is in doubt for it.
    doubt: Option<u64>,
}

struct Generation {
    number: u64,
    /// Its snapshot holds every record, and the older files are not needed.
    is_complete: bool,
    /// The count of failures when its snapshot was begun: what failed before is in there.
    failures: u64,
    snapshot_bytes: u64,
}

impl Journal {
    /// Reads what is there, reports what is damaged and keeps it aside. The caller hands every record that it takes over
    /// to a [`Journal::rewrite`] before anything else.
    pub fn open(disk: Arc<dyn Disk>, folder: &Path) -> Result<(Self, Recovery), JournalError> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(failed("make the folder", folder))?;
        let (mut recovery, last) = replay::read_folder(folder)?;
        recovery.closed = closing::take_mark(&*disk, folder, last)?;
        damage::report_and_keep(folder, &recovery.damaged_files, recovery.missing_files);
        let journal = Self {
            disk,
            damage: JournalDamage::of(&recovery.damaged_files, recovery.missing_files),
            folder: folder.to_owned(),
            stripes: Vec::new(),
            // As if complete: the first rewrite begins the next one.
            generation: Mutex::new(Generation {
                number: last,
                is_complete: true,
                failures: 0,
                snapshot_bytes: 0,
            }),
            grown: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            is_closed: AtomicBool::new(false),
        };
        Ok((journal, recovery))
    }

    /// Begins the first generation of this process. Called once, before anything is written.
    pub fn start(&mut self, begin: &Begin) -> Result<(), JournalError> {
        let number = lock(&self.generation).number + 1;
        self.stripes = self.begin_stripes(number, begin)?.into_iter().map(Mutex::new).collect();
        *lock(&self.generation) = Generation { number, is_complete: false, failures: 0, snapshot_bytes: 0 };
        Ok(())
    }

    /// Hands an encoded entry to the kernel. Entries of a user all go to one stripe.
    pub fn append(&self, stripe: usize, entry: &[u8]) -> Result<(), JournalError> {
        let mut stripe = lock(&self.stripes[stripe % STRIPES]);
        if self.is_closed.load(Ordering::Relaxed) {
            self.take_mark_away();
        }
        let end = stripe.end;
        match stripe.file.write_at(end, entry) {
            Ok(()) => {
                stripe.end += entry.len() as u64;
                self.grown.fetch_add(entry.len() as u64, Ordering::Relaxed);
                Ok(())
            }
            Err(source) => {
                self.errors.fetch_add(1, Ordering::Relaxed);
                let count = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
                // Cuts off the written part of the entry. Should that fail too, the next entry is written over it.
                let _ = stripe.file.set_len(end);
                // A byte that is there already: it can be written when the disk is full. Where it cannot, nothing can.
                let _ = stripe.file.write_at(DOUBT_AT, &[IN_DOUBT]);
                stripe.doubt = Some(count);
                Err(JournalError { doing: "write", path: stripe.path.clone(), source })
            }
        }
    }

    /// Notes that the process lives.
    pub fn alive(&self, at: Timestamp) -> Result<(), JournalError> {
        let mut entry = Vec::new();
        encode(&EntryRef::Alive(at), &mut entry);
        self.append(0, &entry)
    }

    /// Whether every record should be written anew: the changes have grown, or some could not be written.
    pub fn wants_rewrite(&self) -> bool {
        let generation = lock(&self.generation);
        let grown = self.grown.load(Ordering::Relaxed);
        !generation.is_complete
            || generation.failures != self.failures.load(Ordering::Relaxed)
            || grown >= REWRITE_AT_BYTES.max(generation.snapshot_bytes)
    }

    /// The damage that was found when the journal was opened.
    pub fn damage(&self) -> JournalDamage {
        self.damage
    }

    /// How often something could not be written.
    pub fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    /// Begins to write every record anew. `begin` is asked twice: for the files of changes, and for the snapshot, when
    /// all that is written from then on goes to those files.
    pub fn rewrite(&self, begin: impl Fn() -> Begin) -> Result<Rewrite<'_>, JournalError> {
        let rewrite = self.try_rewrite(begin);
        if rewrite.is_err() {
            self.errors.fetch_add(1, Ordering::Relaxed);
        }
        rewrite
    }

    fn try_rewrite(&self, begin: impl Fn() -> Begin) -> Result<Rewrite<'_>, JournalError> {
        let mut generation = lock(&self.generation);
        // One that never got its snapshot gets it now: a disk that is full is not filled with further files.
        if generation.is_complete {
            let number = generation.number + 1;
            let stripes = self.begin_stripes(number, &begin())?;
            for (stripe, new) in self.stripes.iter().zip(stripes) {
                *lock(stripe) = new;
            }
            self.grown.store(0, Ordering::Relaxed);
            *generation = Generation {
                number,
                is_complete: false,
                failures: generation.failures,
                snapshot_bytes: generation.snapshot_bytes,
            };
        }
        let failures = self.failures.load(Ordering::Relaxed);
        let path = self.folder.join(format!("live.{}.base", generation.number));
        let mut snapshot = Rewrite {
            journal: self,
            file: self.disk.create(&path).map_err(failed("begin", &path))?,
            path,
            generation,
            failures,
            end: 0,
        };
        snapshot.put(&head(&begin()))?;
        Ok(snapshot)
    }

    /// The files of changes of a new generation: all of them, or none.
    fn begin_stripes(&self, number: u64, begin: &Begin) -> Result<Vec<Stripe>, JournalError> {
        let head = head(begin);
        let begun: Result<Vec<Stripe>, JournalError> = (0..STRIPES)
            .map(|stripe| {
                let path = self.folder.join(format!("live.{number}.{stripe}"));
                let mut file = self.disk.create(&path).map_err(failed("begin", &path))?;
                file.write_at(0, &head).map_err(failed("begin", &path))?;
                Ok(Stripe { file, path, end: head.len() as u64, doubt: None })
            })
            .collect();
        if begun.is_err() {
            for stripe in 0..STRIPES {
                // A file that cannot be removed holds no change, and the next try begins it anew.
                let _ = fs::remove_file(self.folder.join(format!("live.{number}.{stripe}")));
            }
        }
        begun
    }
}

/// A snapshot that is being written.
pub(crate) struct Rewrite<'a> {
    journal: &'a Journal,
    generation: MutexGuard<'a, Generation>,
    file: Box<dyn DiskFile>,
    path: PathBuf,
    end: u64,
    failures: u64,
}

impl Rewrite<'_> {
    /// Writes encoded entries to the snapshot. After an error it is of no use.
    pub fn write(&mut self, entries: &[u8]) -> Result<(), JournalError> {
        self.put(entries).inspect_err(|_| {
            self.journal.errors.fetch_add(1, Ordering::Relaxed);
        })
    }

    /// Every record has been written: the older files are deleted.
    pub fn complete(mut self) -> Result<(), JournalError> {
        let mut entry = Vec::new();
        encode(&EntryRef::Complete, &mut entry);
        self.write(&entry)?;
        self.generation.is_complete = true;
        self.generation.failures = self.failures;
        self.generation.snapshot_bytes = self.end;
        for stripe in &self.journal.stripes {
            let mut stripe = lock(stripe);
            let is_sure_again = stripe.doubt.is_some_and(|count| count <= self.failures);
            if is_sure_again && stripe.file.write_at(DOUBT_AT, &[SURE]).is_ok() {
                stripe.doubt = None;
            }
        }
        replay::delete_before(&self.journal.folder, self.generation.number)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        self.file.write_at(self.end, bytes).map_err(failed("write", &self.path))?;
        self.end += bytes.len() as u64;
        Ok(())
    }
}

/// Appends an entry to a buffer, with its length and checksum.
pub(crate) fn encode(entry: &EntryRef<'_>, buffer: &mut Vec<u8>) {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; 8]);
    *buffer = postcard::to_extend(entry, std::mem::take(buffer))
        .expect("a Vec grows and every entry can be encoded");
    let payload = start + 8;
    let length = (buffer.len() - payload) as u32;
    let checksum = crc32fast::hash(&buffer[payload..]);
    buffer[start..start + 4].copy_from_slice(&length.to_le_bytes());
    buffer[start + 4..payload].copy_from_slice(&checksum.to_le_bytes());
}

/// The bytes at the beginning of every file.
fn head(begin: &Begin) -> Vec<u8> {
    let mut head = MAGIC.to_vec();
    head.push(SURE);
    encode(&EntryRef::Begin(begin), &mut head);
    head
}

fn failed(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError { doing, path: path.clone(), source }
}
