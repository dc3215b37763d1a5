//! Reads the files of a journal.

use super::recovery::{DamagedFile, Recovery};
use super::{
    DOUBT_AT, Entry, EntryRef, FORMER_MAGICS, IN_DOUBT, JournalError, MAGIC, MAX_ENTRY_BYTES, NAME_BYTES,
    STRIPES, encode, failed,
};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::thread;

/// The highest accepted generation number. No journal reaches it. A higher number was not written by Lamplight, and
/// would leave no number for the next generation.
const MAX_GENERATION: u64 = u64::MAX / 2;

/// The least number of bytes that a thread decodes at a time.
const PART_BYTES: usize = 1024 * 1024;
/// The maximum number of threads that decode and apply entries.
const MOST_THREADS: usize = 8;

/// The files of one generation.
#[derive(Default)]
struct Files {
    base: Option<PathBuf>,
    stripes: Vec<PathBuf>,
    /// Files of an old format, which has no stripes.
    old: Vec<PathBuf>,
}

/// Reads the files of a folder. Also returns the number of the last generation; 0 if there is none. `machine` is the id
/// of the machine's current boot.
pub(super) fn read_folder(folder: &Path, machine: &str) -> Result<(Recovery, u64), JournalError> {
    let generations = generations(folder)?;
    let last = generations.keys().next_back().copied().unwrap_or(0);
    let mut recovery = Recovery { has_files: !generations.is_empty(), ..Recovery::default() };
    let (complete, passed_over) = complete_generation(&generations)?;
    recovery.is_complete = complete == Some(last);
    // The files of changes of a complete generation are kept until the next generation is complete. None of them may
    // therefore be missing.
    recovery.missing_files =
        complete.map_or(0, |number| STRIPES.saturating_sub(generations[&number].stripes.len()));
    let lacks_files = recovery.missing_files > 0 || complete.is_none() && !generations.is_empty();
    recovery.damaged = lacks_files || passed_over;
    let mut unfinished = Vec::new();
    for (number, files) in generations.range(complete.unwrap_or(0)..) {
        for path in files.base.iter().chain(&files.stripes).chain(&files.old) {
            let replayed = replay_file(path, &mut recovery)?;
            // All records in an unfinished snapshot are also in the older files, if those are complete.
            let is_unfinished = files.base.as_ref() == Some(path) && complete != Some(*number);
            if is_unfinished && complete.is_some() {
                continue;
            }
            // Before the snapshot of a generation is complete, the process writes the first entries of all its files.
            let is_begun = replayed.has_entries || complete.is_some_and(|complete| *number > complete);
            if replayed.ends_within_a_write && !replayed.is_in_doubt && is_begun {
                let Replayed { entries, bytes, .. } = replayed;
                unfinished.push(DamagedFile { path: path.clone(), entries, bytes });
                continue;
            }
            recovery.damaged |= replayed.lacks_something() && !is_unfinished;
            let Replayed { entries, bytes, is_foreign, .. } = replayed;
            if is_foreign {
                tracing::warn!(file = %path.display(), "live records of another version of Lamplight are not read");
            } else if bytes > 0 {
                recovery.damaged_files.push(DamagedFile { path: path.clone(), entries, bytes });
            }
        }
    }
    // In the same boot, the kernel has all completed writes. A write that the end of the process has interrupted was
    // not acknowledged. After another boot, acknowledged writes may be missing.
    let is_same_boot = !machine.is_empty() && recovery.head.machines.iter().all(|of| of == machine);
    if is_same_boot && complete.is_some() {
        for DamagedFile { path, bytes, .. } in unfinished {
            tracing::info!(file = %path.display(), bytes, "a write that a kill has interrupted is ignored");
        }
    } else {
        recovery.damaged |= !unfinished.is_empty();
        recovery.damaged_files.append(&mut unfinished);
    }
    let lost = recovery.lose_records_without_lists();
    if lost > 0 {
        tracing::warn!(
            records = lost,
            "some live records are lost, because their lists were in damaged entries"
        );
        recovery.damaged = true;
    }
    Ok((recovery, last))
}

/// Returns the last generation with a complete snapshot, which contains everything from the older files.
///
/// The older files are deleted only when the snapshot is synced. If there are older files and the snapshot is damaged,
/// the machine has crashed in between. An older snapshot is then used, and the second value is `true`.
fn complete_generation(generations: &BTreeMap<u64, Files>) -> Result<(Option<u64>, bool), JournalError> {
    let mut last = None;
    for (number, files) in generations.iter().rev() {
        let Some(path) = &files.base else { continue };
        if !is_complete(path)? {
            continue;
        }
        let has_older = generations.range(..number).next().is_some();
        if !has_older || !replay_file(path, &mut Recovery::default())?.lacks_something() {
            return Ok((Some(*number), last.is_some()));
        }
        last = last.or(Some(*number));
    }
    // If no snapshot is undamaged, as much as possible is read of the last one.
    Ok((last, false))
}

/// Deletes the files of the generations before `number`.
pub(super) fn delete_before(folder: &Path, number: u64) -> Result<(), JournalError> {
    for (_, files) in generations(folder)?.range(..number) {
        for path in files.base.iter().chain(&files.stripes).chain(&files.old) {
            fs::remove_file(path).map_err(failed("delete", path))?;
        }
    }
    Ok(())
}

fn generations(folder: &Path) -> Result<BTreeMap<u64, Files>, JournalError> {
    let failed = failed("list", folder);
    let mut generations: BTreeMap<u64, Files> = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(&failed)? {
        let entry = entry.map_err(&failed)?;
        let name = entry.file_name();
        let Some(rest) = name.to_str().and_then(|name| name.strip_prefix("live.")) else { continue };
        let (number, part) = rest.split_once('.').map_or((rest, None), |(number, part)| (number, Some(part)));
        let Some(number) = number.parse().ok().filter(|number| *number <= MAX_GENERATION) else { continue };
        let files = generations.entry(number).or_default();
        match part {
            None => files.old.push(entry.path()),
            Some("base") => files.base = Some(entry.path()),
            Some(stripe) if stripe.parse::<usize>().is_ok() => files.stripes.push(entry.path()),
            Some(_) => {}
        }
    }
    Ok(generations)
}

/// The result of reading one file.
#[derive(Default, PartialEq, Eq, Debug)]
pub(super) struct Replayed {
    /// The number of damaged entries.
    entries: u64,
    /// The number of bytes that could not be decoded.
    bytes: u64,
    /// Whether the file is marked as in doubt.
    is_in_doubt: bool,
    /// Whether the file seems undamaged and has the format of another version of Lamplight.
    is_foreign: bool,
    /// Whether any entry was read.
    has_entries: bool,
    /// Whether the only damage is that the file ends before the end of its head or of its last entry, as if the process
    /// was killed during this write.
    ends_within_a_write: bool,
}

impl Replayed {
    /// Adds the result of reading a part of the file.
    fn add(&mut self, part: Self) {
        // Damage in another part is not the work of a kill.
        self.ends_within_a_write =
            self.ends_within_a_write && part.bytes == 0 || part.ends_within_a_write && self.bytes == 0;
        self.has_entries |= part.has_entries;
        self.entries += part.entries;
        self.bytes += part.bytes;
    }

    /// Whether data that was written to the file may be missing.
    pub(super) fn lacks_something(&self) -> bool {
        self.bytes > 0 || self.is_in_doubt
    }
}

/// Applies the entries of a file. A file that the disk cannot read counts as lost.
fn replay_file(path: &Path, recovery: &mut Recovery) -> Result<Replayed, JournalError> {
    match fs::read(path) {
        Ok(bytes) => Ok(replay(&bytes, recovery)),
        Err(error) if counts_as_lost(&error) => {
            let bytes = fs::metadata(path).map_or(1, |about| about.len().max(1));
            Ok(Replayed { bytes, ..Replayed::default() })
        }
        Err(error) => Err(failed("read", path)(error)),
    }
}

/// The error number of an unreadable disk block, on all Unix systems.
const EIO: i32 = 5;

/// Whether a file with this error counts as lost. Another error, for example a missing permission, ends the start, so
/// that the operator can remove its cause.
pub(super) fn counts_as_lost(error: &io::Error) -> bool {
    error.raw_os_error() == Some(EIO)
}

/// Applies the entries of a file, with one thread for each processor. The order of entries does not matter, except that
/// the first one comes first. If an entry has a wrong checksum and the next entry can be found, the damaged entry is
/// skipped.
pub(super) fn replay(bytes: &[u8], recovery: &mut Recovery) -> Replayed {
    replay_in_parts(bytes, recovery, PART_BYTES)
}

/// Applies the entries of a file as [`replay`] does. A thread decodes at least `part_bytes` bytes at a time.
pub(super) fn replay_in_parts(bytes: &[u8], recovery: &mut Recovery, part_bytes: usize) -> Replayed {
    let Some(rest) = entries(bytes) else {
        let is_foreign = bytes.get(..NAME_BYTES) == Some(&MAGIC[..NAME_BYTES])
            && bytes.len() > MAGIC.len()
            && bytes[..MAGIC.len()] != *MAGIC
            && FORMER_MAGICS.iter().all(|former| bytes[..MAGIC.len()] != **former);
        return Replayed {
            bytes: (bytes.len() as u64).max(1),
            is_foreign,
            ends_within_a_write: MAGIC.starts_with(bytes),
            ..Replayed::default()
        };
    };
    let is_in_doubt = bytes[DOUBT_AT as usize] == IN_DOUBT;
    let (first, rest) = rest.split_at(part_length(rest, 1));
    let Recovery { records, head, .. } = recovery;
    let head = Mutex::new(head);
    let mut replayed = Replayed { is_in_doubt, ..Replayed::default() };
    replayed.add(decode(first, |entry| records.apply(entry, &head)));
    let rest = Mutex::new(rest);
    let decode_parts = || {
        let mut replayed = Replayed::default();
        loop {
            let part = {
                let mut rest = rest.lock();
                let (part, others) = rest.split_at(part_length(*rest, part_bytes));
                *rest = others;
                part
            };
            if part.is_empty() {
                return replayed;
            }
            replayed.add(decode(part, |entry| records.apply(entry, &head)));
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    let parts = bytes.len() / part_bytes + 1;
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(parts)).map(|_| scope.spawn(decode_parts)).collect();
        replayed.add(decode_parts());
        for other in others {
            replayed.add(other.join().expect("the decoder does not panic"));
        }
    });
    replayed
}

/// Returns the length of the shortest part of these bytes that consists of whole entries and has at least `least` bytes.
/// If the end of an entry before that cannot be determined, returns the length of all bytes.
fn part_length(bytes: &[u8], least: usize) -> usize {
    let mut length = 0;
    while length < least && length < bytes.len() {
        match entry_head(&bytes[length..]) {
            Some((payload, _, rest)) if (1..=MAX_ENTRY_BYTES.min(rest.len())).contains(&payload) => {
                length = bytes.len() - rest.len() + payload;
            }
            Some(_) | None => return bytes.len(),
        }
    }
    length
}

/// Decodes the entries in these bytes, and passes each to `take`.
fn decode(mut rest: &[u8], mut take: impl FnMut(Entry)) -> Replayed {
    let mut replayed = Replayed::default();
    while !rest.is_empty() {
        let before = rest.len();
        match next_entry(rest) {
            Next::Entry(entry, tail) => {
                replayed.has_entries = true;
                take(entry);
                rest = tail;
            }
            Next::Damaged(tail) => {
                rest = tail;
                replayed.entries += 1;
                replayed.bytes += (before - rest.len()) as u64;
            }
            Next::Torn { is_beginning } => {
                replayed.ends_within_a_write = is_beginning && replayed.bytes == 0;
                replayed.entries += 1;
                replayed.bytes += before as u64;
                break;
            }
        }
    }
    replayed
}

/// Returns the entries of a file, which follow its head. Returns `None` if the format of the file is unknown.
fn entries(bytes: &[u8]) -> Option<&[u8]> {
    let mut magics = std::iter::once(MAGIC).chain(FORMER_MAGICS);
    magics.find_map(|magic| bytes.strip_prefix(magic.as_slice()))?.get(1..)
}

/// Returns `true` if the snapshot ends with the entry that completes it, and the disk can read that entry.
fn is_complete(path: &Path) -> Result<bool, JournalError> {
    let mut last = Vec::new();
    encode(&EntryRef::Complete, &mut last);
    let tail = || {
        let mut file = File::open(path)?;
        let start = file.metadata()?.len().saturating_sub(last.len() as u64);
        file.seek(SeekFrom::Start(start))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail)?;
        Ok(tail)
    };
    ends_with(tail(), &last).map_err(failed("read", path))
}

/// Whether the end of a file, as far as it could be read, is `expected`. An unreadable end is not.
pub(super) fn ends_with(read: io::Result<Vec<u8>>, expected: &[u8]) -> io::Result<bool> {
    match read {
        Ok(tail) => Ok(tail == expected),
        Err(error) if counts_as_lost(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The result of reading the next entry of a file.
#[expect(clippy::large_enum_variant, reason = "almost all values are entries")]
enum Next<'a> {
    /// An entry, and the bytes after it.
    Entry(Entry, &'a [u8]),
    /// A damaged entry, and the bytes that are probably after it.
    Damaged(&'a [u8]),
    /// Bytes in which the end of the entry cannot be determined. `is_beginning` tells whether they are the beginning of
    /// an entry, and the file ends before the entry does.
    Torn { is_beginning: bool },
}

fn next_entry(bytes: &[u8]) -> Next<'_> {
    let Some((length, checksum, rest)) = entry_head(bytes) else { return Next::Torn { is_beginning: true } };
    // No entry is empty, but a crash of the machine may leave a range of zeros.
    if length == 0 || length > MAX_ENTRY_BYTES {
        return Next::Torn { is_beginning: false };
    }
    let Some((payload, rest)) = rest.split_at_checked(length) else {
        // A whole entry here means that its length is damaged, and entries may follow.
        let read = postcard::take_from_bytes::<Entry>(rest);
        let is_beginning = matches!(read, Err(postcard::Error::DeserializeUnexpectedEnd));
        return Next::Torn { is_beginning };
    };
    if crc32fast::hash(payload) != checksum {
        return Next::Damaged(rest);
    }
    postcard::from_bytes(payload).map_or(Next::Damaged(rest), |entry| Next::Entry(entry, rest))
}

fn entry_head(bytes: &[u8]) -> Option<(usize, u32, &[u8])> {
    let (head, rest) = bytes.split_at_checked(8)?;
    let length = u32::from_le_bytes(head[..4].try_into().ok()?) as usize;
    Some((length, u32::from_le_bytes(head[4..].try_into().ok()?), rest))
}
