//! The journal: the live records on disk, as a snapshot and the changes since then. With it, a restart of the process
//! makes no user go offline.
//!
//! Every change is written to the kernel before it is acknowledged, so it survives `kill -9`. Snapshots are synced to
//! the disk. The files of changes are synced only when the journal is closed properly. After a crash of the machine,
//! the last changes may be missing: the versions of all restored records are raised, and missing records are created
//! again from the facts.
//!
//! The files of a folder belong to generations. Generation `N` has a snapshot, `live.N.base`. It also has a file of
//! changes for each stripe of users: `live.N.0` and so on. Writes for users of different stripes therefore do not wait
//! for each other. When the files of changes have grown, generation `N+1` begins. Its snapshot is written while changes
//! continue. When the snapshot is complete and synced, the files of `N` are deleted. If the machine crashes before, the
//! snapshot may be damaged, and the files of `N` are read too. Each entry about a user contains the revision of the
//! user's record. The entry with the highest revision is the current one, whichever file contains it.
//!
//! The lists of a record (its subscription list and its restrictions) may be large. An entry contains them only if they
//! have changed since the last entry that contains them. See `docs/decisions/0126-changes-without-lists.md`.
//!
//! After a failed write, the file is truncated to its former length, and the next write goes to the same position. The
//! file is marked as in doubt until a new snapshot contains the change that could not be written. If a start finds such
//! a mark, it does not treat the records as current. See
//! `docs/decisions/0020-a-journal-that-knows-when-it-is-in-doubt.md`.

mod closing;
mod damage;
mod disk;
mod recovery;
mod replay;
#[cfg(test)]
mod tests;

pub use damage::JournalDamage;
pub(crate) use disk::{Disk, DiskFile, RealDisk};
pub(crate) use recovery::{Found, FoundPart, FoundRecords, Head, Recovery};

use lamplight_core::SavedPresence;
use lamplight_model::{FactsMark, Timestamp, User};
use parking_lot::{Mutex, MutexGuard};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The first bytes of every file, with the number of the entry format. A file in an unknown format is treated as lost.
const MAGIC: &[u8; 12] = b"LAMPLIVE\x00\x00\x00\x0a";
/// The first bytes of files in earlier formats that can still be read. Format 9 lacks entries without lists. Format 8
/// also lacks restrictions of a status. Format 7 also lacks the duration of a custom status. Format 6 also lacks the
/// mark of the facts. Format 5 also lacks the status after a session event.
const FORMER_MAGICS: [&[u8; 12]; 5] = [
    b"LAMPLIVE\x00\x00\x00\x09",
    b"LAMPLIVE\x00\x00\x00\x08",
    b"LAMPLIVE\x00\x00\x00\x07",
    b"LAMPLIVE\x00\x00\x00\x06",
    b"LAMPLIVE\x00\x00\x00\x05",
];
/// The number of bytes at the start of the magic that are equal in all formats.
const NAME_BYTES: usize = 8;
/// The position of the mark of doubt in a file. The mark means that a write to the file has failed, and that no
/// snapshot contains the change.
const DOUBT_AT: u64 = MAGIC.len() as u64;
const SURE: u8 = 0;
const IN_DOUBT: u8 = 1;

/// The number of files of changes in a generation.
pub(crate) const STRIPES: usize = 16;

/// The largest entry in bytes. The largest record has about 1 MB: 10,000 subscriptions, 10,000 friends, 1,000 blocked
/// users and 4,000 former friends with the longest ids, and 64 session events with the longest texts.
const MAX_ENTRY_BYTES: usize = 2 * 1024 * 1024;

/// The minimum size of the changes, in bytes, at which the next generation begins. The changes must also be larger than
/// the snapshot.
const REWRITE_AT_BYTES: u64 = 16 * 1024 * 1024;

/// An entry of a file of the journal.
#[derive(Serialize, Deserialize, Debug, PartialEq)]
enum Entry {
    /// The state of the journal when the file was created. The first entry of every file.
    Begin(Begin),
    /// A stored record with its revision and its user's position in the feed.
    Put(User, SavedPresence, u64, u64),
    /// The removal of a record: its revision, and its user's last position in the feed.
    Remove(User, u64, u64),
    /// The process was running at this time.
    Alive(Timestamp),
    /// The last entry of a complete snapshot.
    Complete,
    /// The mark of the facts when the entry was written.
    Facts(FactsMark),
    /// A stored record without its lists, with its revision and its user's position in the feed. The last number is the
    /// revision of a `Put` after which the lists have not changed.
    Change(User, SavedPresence, u64, u64, u64),
}

/// An entry with borrowed data. Its encoding equals that of [`Entry`].
#[derive(Serialize)]
pub(crate) enum EntryRef<'a> {
    Begin(&'a Begin),
    Put(&'a User, &'a SavedPresence, u64, u64),
    Remove(&'a User, u64, u64),
    Alive(Timestamp),
    Complete,
    Facts(FactsMark),
    Change(&'a User, &'a SavedPresence, u64, u64, u64),
}

/// The state of the journal when a file is created.
#[derive(Clone, Serialize, Deserialize, Debug, PartialEq, Eq)]
pub(crate) struct Begin {
    /// The epoch of the feed, which changes whenever live records may have been lost.
    pub epoch: u64,
    /// The id of the machine's boot in which the file was written. If the machine has booted again since, data that the
    /// kernel had not written to disk may be lost.
    pub machine: String,
    /// The highest feed position of a removed record.
    pub horizon: u64,
    /// The highest revision of a removed record.
    pub removed_rev: u64,
    /// The time before which records may be missing.
    pub complete_since: Timestamp,
    /// The last time at which the process is known to have run.
    pub alive: Timestamp,
}

/// The error of a journal that cannot be opened or written.
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
    /// The size in bytes of the changes in this generation.
    grown: AtomicU64,
    /// The number of changes that could not be written.
    failures: AtomicU64,
    /// The number of all failed writes, including writes of snapshots.
    errors: AtomicU64,
    /// The last stored mark of the facts.
    noted: Mutex<Option<FactsMark>>,
    /// Whether the journal was closed properly. The folder then contains the mark of a closed journal. All stripes are
    /// locked while this field is set to `true`, and one of them while it is set to `false`.
    is_closed: AtomicBool,
}

/// An open file of changes.
struct Stripe {
    file: Box<dyn DiskFile>,
    path: PathBuf,
    /// The position after the last complete entry.
    end: u64,
    /// The value of `Journal::failures` after the last failed write to this file. `None` if no write has failed, or if
    /// a snapshot contains all changes whose writes have failed.
    doubt: Option<u64>,
}

struct Generation {
    number: u64,
    /// Whether the snapshot contains all records. If only the process ends, older files are then not needed.
    is_complete: bool,
    /// Whether the snapshot is synced to the disk, and the older files are deleted.
    is_settled: bool,
    /// The value of `Journal::failures` when the snapshot began. The snapshot contains the changes of all earlier
    /// failed writes.
    failures: u64,
    snapshot_bytes: u64,
}

impl Journal {
    /// Reads the files. Damaged files are logged, and copies of them are kept. If the files lack something, the caller
    /// must write the restored records with [`Journal::rewrite`] before it changes a record. `machine` is the id of the
    /// machine's current boot.
    pub fn open(disk: Arc<dyn Disk>, folder: &Path, machine: &str) -> Result<(Self, Recovery), JournalError> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(failed("make the folder", folder))?;
        let (mut recovery, last) = replay::read_folder(folder, machine)?;
        recovery.closed = closing::take_mark(&*disk, folder, last)?;
        damage::report_and_keep(folder, &recovery.damaged_files, recovery.missing_files);
        let journal = Self {
            disk,
            damage: JournalDamage::of(&recovery.damaged_files, recovery.missing_files),
            folder: folder.to_owned(),
            stripes: Vec::new(),
            // The generation is treated as complete, so that the first rewrite begins the next one.
            generation: Mutex::new(Generation {
                number: last,
                is_complete: true,
                is_settled: false,
                failures: 0,
                snapshot_bytes: 0,
            }),
            grown: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            noted: Mutex::new(None),
            is_closed: AtomicBool::new(false),
        };
        Ok((journal, recovery))
    }

    /// Renames the folder to `aside`, where it replaces an existing folder, and creates an empty one. If the process
    /// crashes in between, the next start finds no folder or an empty one.
    pub fn set_aside(disk: &dyn Disk, folder: &Path, aside: &Path) -> Result<(), JournalError> {
        match fs::remove_dir_all(aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed("delete", aside)(error));
            }
            Ok(()) | Err(_) => {}
        }
        fs::rename(folder, aside).map_err(failed("set aside", folder))?;
        let made = fs::DirBuilder::new().mode(0o700).create(folder);
        made.map_err(failed("make the folder", folder))?;
        match folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            Some(parent) => disk.sync(parent).map_err(failed("sync", parent)),
            None => Ok(()),
        }
    }

    /// Begins the first generation of this process, for facts with this mark. Called once, before anything is written.
    pub fn start(&mut self, begin: &Begin, facts: Option<FactsMark>) -> Result<(), JournalError> {
        *self.noted.lock() = facts;
        let number = self.generation.lock().number + 1;
        self.stripes = self.begin_stripes(number, begin)?.into_iter().map(Mutex::new).collect();
        *self.generation.lock() =
            Generation { number, is_complete: false, is_settled: false, failures: 0, snapshot_bytes: 0 };
        Ok(())
    }

    /// Writes an encoded entry to the kernel. The caller uses the same stripe for all entries of a user.
    pub fn append(&self, stripe: usize, entry: &[u8]) -> Result<(), JournalError> {
        let mut stripe = self.stripes[stripe % STRIPES].lock();
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
                // Removes the part of the entry that was written. If that fails too, the next entry overwrites it.
                let _ = stripe.file.set_len(end);
                // This byte already exists, so it can be written even if the disk is full. If it cannot be written
                // either, nothing can be written.
                let _ = stripe.file.write_at(DOUBT_AT, &[IN_DOUBT]);
                stripe.doubt = Some(count);
                Err(JournalError { doing: "write", path: stripe.path.clone(), source })
            }
        }
    }

    /// Records that the process is running at the time `at`.
    pub fn alive(&self, at: Timestamp) -> Result<(), JournalError> {
        let mut entry = Vec::new();
        encode(&EntryRef::Alive(at), &mut entry);
        self.append(0, &entry)
    }

    /// Stores the mark of the facts. The caller has already committed the mark to the facts.
    pub fn note_facts(&self, mark: FactsMark) -> Result<(), JournalError> {
        // Set before the entry is appended, so that a generation that begins in between contains it.
        *self.noted.lock() = Some(mark);
        let mut entry = Vec::new();
        encode(&EntryRef::Facts(mark), &mut entry);
        self.append(0, &entry)
    }

    /// Returns `true` if a snapshot of all records must be written. This is so if the changes have become large, if a
    /// change could not be written, or if the current generation has no complete snapshot.
    pub fn wants_rewrite(&self) -> bool {
        let generation = self.generation.lock();
        let grown = self.grown.load(Ordering::Relaxed);
        !generation.is_complete
            || generation.failures != self.failures.load(Ordering::Relaxed)
            || grown >= REWRITE_AT_BYTES.max(generation.snapshot_bytes)
    }

    /// Returns the damage that was found when the journal was opened.
    pub fn damage(&self) -> JournalDamage {
        self.damage
    }

    /// Returns the number of failed writes.
    pub fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    /// Begins a snapshot of all records. `begin` is called twice: first for the new files of changes, and then for the
    /// snapshot. At the second call, changes are already written to the new files.
    pub fn rewrite(&self, begin: impl Fn() -> Begin) -> Result<Rewrite<'_>, JournalError> {
        let rewrite = self.try_rewrite(begin);
        if rewrite.is_err() {
            self.errors.fetch_add(1, Ordering::Relaxed);
        }
        rewrite
    }

    fn try_rewrite(&self, begin: impl Fn() -> Begin) -> Result<Rewrite<'_>, JournalError> {
        let mut generation = self.generation.lock();
        // A generation without a snapshot gets its snapshot now. Otherwise, further generations would fill a full disk
        // even more.
        if generation.is_complete {
            let number = generation.number + 1;
            let stripes = self.begin_stripes(number, &begin())?;
            for (stripe, new) in self.stripes.iter().zip(stripes) {
                *stripe.lock() = new;
            }
            self.grown.store(0, Ordering::Relaxed);
            *generation = Generation {
                number,
                is_complete: false,
                is_settled: false,
                failures: generation.failures,
                snapshot_bytes: generation.snapshot_bytes,
            };
        }
        let failures = self.failures.load(Ordering::Relaxed);
        let path = self.base_of(generation.number);
        let mut snapshot = Rewrite {
            journal: self,
            file: self.disk.create(&path).map_err(failed("begin", &path))?,
            path,
            generation,
            failures,
            end: 0,
        };
        snapshot.put(&head(&begin(), *self.noted.lock()))?;
        Ok(snapshot)
    }

    /// Syncs a complete snapshot to the disk, and then deletes the older files. Does nothing if that is done already.
    /// Changes continue meanwhile.
    pub fn settle(&self) -> Result<(), JournalError> {
        let mut generation = self.generation.lock();
        if !generation.is_complete || generation.is_settled {
            return Ok(());
        }
        let settled = self.sync(&self.base_of(generation.number)).and_then(|()| self.sync(&self.folder));
        let settled = match settled {
            Ok(()) => replay::delete_before(&self.folder, generation.number),
            Err(error) => {
                // The kernel may have dropped the data, and the next sync would succeed. So the snapshot is written
                // again.
                generation.is_complete = false;
                Err(error)
            }
        };
        match &settled {
            Ok(()) => generation.is_settled = true,
            Err(_) => _ = self.errors.fetch_add(1, Ordering::Relaxed),
        }
        settled
    }

    fn base_of(&self, generation: u64) -> PathBuf {
        self.folder.join(format!("live.{generation}.base"))
    }

    /// Creates the files of changes of a new generation. After a failure, removes them all.
    fn begin_stripes(&self, number: u64, begin: &Begin) -> Result<Vec<Stripe>, JournalError> {
        let head = head(begin, *self.noted.lock());
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
                // A file that cannot be removed contains no changes, and the next attempt overwrites it.
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
    /// Writes encoded entries to the snapshot. After an error, the snapshot is unusable.
    pub fn write(&mut self, entries: &[u8]) -> Result<(), JournalError> {
        self.put(entries).inspect_err(|_| {
            self.journal.errors.fetch_add(1, Ordering::Relaxed);
        })
    }

    /// Completes the snapshot after all records were written. [`Journal::settle`] then deletes the older files.
    pub fn complete(mut self) -> Result<(), JournalError> {
        let mut entry = Vec::new();
        encode(&EntryRef::Complete, &mut entry);
        self.write(&entry)?;
        self.generation.is_complete = true;
        self.generation.failures = self.failures;
        self.generation.snapshot_bytes = self.end;
        for stripe in &self.journal.stripes {
            let mut stripe = stripe.lock();
            let is_sure_again = stripe.doubt.is_some_and(|count| count <= self.failures);
            if is_sure_again && stripe.file.write_at(DOUBT_AT, &[SURE]).is_ok() {
                stripe.doubt = None;
            }
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        self.file.write_at(self.end, bytes).map_err(failed("write", &self.path))?;
        self.end += bytes.len() as u64;
        Ok(())
    }
}

/// Appends an entry to a buffer, preceded by its length and checksum.
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

/// Returns the beginning of a file: the magic, the byte for the mark of doubt, and the first entries.
fn head(begin: &Begin, facts: Option<FactsMark>) -> Vec<u8> {
    let mut head = MAGIC.to_vec();
    head.push(SURE);
    encode(&EntryRef::Begin(begin), &mut head);
    if let Some(mark) = facts {
        encode(&EntryRef::Facts(mark), &mut head);
    }
    head
}

fn failed(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError { doing, path: path.clone(), source }
}
