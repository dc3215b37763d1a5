//! The live records on disk: a snapshot and what was written since, so that a restart shows nobody leaving.
//!
//! Every change is handed to the kernel before it is acknowledged: it survives `kill -9`. It is not synced:
//! after the loss of the machine itself, live records are rebuilt from the facts.
//!
//! Files of one folder: `live.N` holds entries, each with its length and checksum. When it has grown, `N+1` is
//! begun, gets every record once and all that changes meanwhile, and `N` is deleted. The last entry of a user
//! counts. A torn end, as a crash leaves it, is cut off.

use lamplight_core::SavedPresence;
use lamplight_model::{Timestamp, User};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Begins every file. The number counts the forms that an entry has had; a file of another form is not read.
const MAGIC: &[u8; 12] = b"LAMPLIVE\x00\x00\x00\x03";

/// No entry is longer: a list of 10,000 subscriptions of the longest ids fits.
const MAX_ENTRY_BYTES: usize = 1024 * 1024;

/// One entry.
#[derive(Serialize, Deserialize, Debug, PartialEq)]
enum Entry {
    /// A record, and where its user stands in the feed.
    Put(User, SavedPresence, u64),
    Remove(User),
    /// The process lived at this time.
    Alive(Timestamp),
    /// Of what was before this time, records may be missing.
    CompleteSince(Timestamp),
    Feed(SavedFeed),
}

/// What is kept of the feed besides the places of its users.
#[derive(Clone, Serialize, Deserialize, Debug, PartialEq, Eq)]
pub(crate) struct SavedFeed {
    pub epoch: u64,
    /// The run of the machine in which the journal was written: when it ended, what the kernel still had of the
    /// journal may have ended with it.
    pub machine: String,
    pub horizon: u64,
}

/// What an entry is made of when it is written: borrowed, and otherwise the same.
#[derive(Serialize)]
enum EntryRef<'a> {
    Put(&'a User, &'a SavedPresence, u64),
    Remove(&'a User),
    Alive(Timestamp),
    CompleteSince(Timestamp),
    Feed(&'a SavedFeed),
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

/// What was found on disk.
#[derive(Default, Debug)]
pub(crate) struct Recovery {
    pub records: HashMap<User, (SavedPresence, u64)>,
    /// `None` when there was no journal at all.
    pub feed: Option<SavedFeed>,
    /// A file ended in the middle of an entry, or had one that cannot be read: what came after it is lost.
    pub damaged: bool,
    /// The last moment at which the former process is known to have lived.
    pub alive_at: Timestamp,
    /// Of what was before this time, records may be missing; `None` when there was no journal at all.
    pub complete_since: Option<Timestamp>,
}

/// The open journal.
pub(crate) struct Journal {
    folder: PathBuf,
    number: u64,
    file: File,
    written: u64,
    buffer: Vec<u8>,
}

impl Journal {
    /// Reads what is there and begins a new file, into which the caller puts every record it takes over,
    /// and then calls [`Journal::complete`].
    pub fn open(folder: &Path) -> Result<(Self, Recovery), JournalError> {
        fs::create_dir_all(folder).map_err(|source| JournalError {
            doing: "make the folder",
            path: folder.to_owned(),
            source,
        })?;
        let numbers = Self::numbers(folder)?;
        let mut recovery = Recovery::default();
        for number in &numbers {
            let path = file_path(folder, *number);
            let mut bytes = Vec::new();
            let read = File::open(&path).and_then(|mut file| file.read_to_end(&mut bytes));
            read.map_err(|source| JournalError { doing: "read", path: path.clone(), source })?;
            replay(&bytes, &mut recovery);
        }
        let number = numbers.last().map_or(1, |last| last + 1);
        Ok((Self::begin(folder, number)?, recovery))
    }

    /// Begins the next file; the older ones stay until [`Journal::complete`].
    pub fn rotate(&mut self) -> Result<(), JournalError> {
        *self = Self::begin(&self.folder, self.number + 1)?;
        Ok(())
    }

    /// Every record has been put into this file: the older files are deleted.
    pub fn complete(&mut self) -> Result<(), JournalError> {
        for number in Self::numbers(&self.folder)? {
            if number < self.number {
                let path = file_path(&self.folder, number);
                fs::remove_file(&path).map_err(|source| JournalError { doing: "delete", path, source })?;
            }
        }
        Ok(())
    }

    pub fn put(&mut self, user: &User, presence: &SavedPresence, place: u64) -> Result<(), JournalError> {
        self.write(&EntryRef::Put(user, presence, place))
    }

    pub fn feed(&mut self, feed: &SavedFeed) -> Result<(), JournalError> {
        self.write(&EntryRef::Feed(feed))
    }

    pub fn remove(&mut self, user: &User) -> Result<(), JournalError> {
        self.write(&EntryRef::Remove(user))
    }

    pub fn complete_since(&mut self, since: Timestamp) -> Result<(), JournalError> {
        self.write(&EntryRef::CompleteSince(since))
    }

    pub fn alive(&mut self, at: Timestamp) -> Result<(), JournalError> {
        self.write(&EntryRef::Alive(at))
    }

    /// Bytes written to the current file.
    pub fn written(&self) -> u64 {
        self.written
    }

    fn begin(folder: &Path, number: u64) -> Result<Self, JournalError> {
        let path = file_path(folder, number);
        let failed = |source| JournalError { doing: "begin", path: path.clone(), source };
        let mut file =
            OpenOptions::new().create(true).append(true).truncate(false).open(&path).map_err(failed)?;
        file.set_len(0).map_err(failed)?;
        file.write_all(MAGIC).map_err(failed)?;
        Ok(Self { folder: folder.to_owned(), number, file, written: 0, buffer: Vec::new() })
    }

    fn write(&mut self, entry: &EntryRef<'_>) -> Result<(), JournalError> {
        self.buffer.clear();
        self.buffer.extend_from_slice(&[0; 8]);
        let buffer = std::mem::take(&mut self.buffer);
        self.buffer = postcard::to_extend(entry, buffer).expect("a Vec grows and every entry can be encoded");
        let length = self.buffer.len() - 8;
        let checksum = crc32fast::hash(&self.buffer[8..]);
        self.buffer[..4].copy_from_slice(&(length as u32).to_le_bytes());
        self.buffer[4..8].copy_from_slice(&checksum.to_le_bytes());
        self.file.write_all(&self.buffer).map_err(|source| JournalError {
            doing: "write",
            path: file_path(&self.folder, self.number),
            source,
        })?;
        self.written += self.buffer.len() as u64;
        if self.buffer.capacity() > 64 * 1024 {
            self.buffer = Vec::new();
        }
        Ok(())
    }

    fn numbers(folder: &Path) -> Result<Vec<u64>, JournalError> {
        let failed = |source| JournalError { doing: "list", path: folder.to_owned(), source };
        let mut numbers = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let number: Option<u64> = name.to_str().and_then(|name| name.strip_prefix("live.")?.parse().ok());
            numbers.extend(number);
        }
        numbers.sort_unstable();
        Ok(numbers)
    }
}

fn file_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("live.{number}"))
}

/// Applies the entries of one file, up to the first that is torn.
fn replay(bytes: &[u8], recovery: &mut Recovery) {
    let Some(mut rest) = bytes.strip_prefix(MAGIC.as_slice()) else {
        recovery.damaged = true;
        return;
    };
    recovery.complete_since.get_or_insert_default();
    while let Some((entry, tail)) = next_entry(rest) {
        match entry {
            Entry::Put(user, presence, place) => {
                recovery.records.insert(user, (presence, place));
            }
            Entry::Remove(user) => {
                if let (Some((_, place)), Some(feed)) = (recovery.records.remove(&user), &mut recovery.feed) {
                    feed.horizon = feed.horizon.max(place);
                }
            }
            Entry::Feed(feed) => recovery.feed = Some(feed),
            Entry::CompleteSince(since) => {
                recovery.complete_since = recovery.complete_since.max(Some(since));
            }
            Entry::Alive(at) => recovery.alive_at = recovery.alive_at.max(at),
        }
        rest = tail;
    }
    recovery.damaged |= !rest.is_empty();
}

fn next_entry(bytes: &[u8]) -> Option<(Entry, &[u8])> {
    let (head, rest) = bytes.split_at_checked(8)?;
    let length = u32::from_le_bytes(head[..4].try_into().ok()?) as usize;
    let checksum = u32::from_le_bytes(head[4..].try_into().ok()?);
    if length > MAX_ENTRY_BYTES {
        return None;
    }
    let (payload, rest) = rest.split_at_checked(length)?;
    if crc32fast::hash(payload) != checksum {
        return None;
    }
    Some((postcard::from_bytes(payload).ok()?, rest))
}
