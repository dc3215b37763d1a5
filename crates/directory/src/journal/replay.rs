//! Reading the files of a journal back.

use super::{
    Begin, DOUBT_AT, Entry, EntryRef, IN_DOUBT, JournalError, MAGIC, MAX_ENTRY_BYTES, STRIPES, encode, failed,
};
use lamplight_core::SavedPresence;
use lamplight_model::User;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// What was found on disk.
#[derive(Default, Debug)]
pub(crate) struct Recovery {
    pub records: HashMap<User, Found>,
    /// The highest of every file; `None` when none could be read.
    pub begin: Option<Begin>,
    /// The runs of the machine in which the files were written.
    pub machines: BTreeSet<String>,
    /// Something that was written may not be there: a file ends in the middle of an entry or cannot be read, bears a
    /// mark of doubt, or is missing.
    pub damaged: bool,
    /// The journal was closed in order, with everything synced: nothing of it was lost with the machine.
    pub closed: bool,
}

/// The last that is known of a user's record.
#[derive(Debug)]
pub(crate) struct Found {
    pub rev: u64,
    pub place: u64,
    /// `None`: it was removed.
    pub presence: Option<SavedPresence>,
}

/// The files of one generation.
#[derive(Default)]
struct Files {
    base: Option<PathBuf>,
    stripes: Vec<PathBuf>,
    /// Of a form that had no stripes.
    old: Vec<PathBuf>,
}

/// Reads the files of a folder. Also says which generation is the last; 0 when there is none.
pub(super) fn read_folder(folder: &Path) -> Result<(Recovery, u64), JournalError> {
    let generations = generations(folder)?;
    let last = generations.keys().next_back().copied().unwrap_or(0);
    let mut recovery = Recovery::default();
    // What is older than a complete snapshot is in it.
    let mut complete = None;
    for (number, files) in generations.iter().rev() {
        if let Some(path) = &files.base
            && is_complete(path)?
        {
            complete = Some(*number);
            break;
        }
    }
    // The files of changes of a complete generation are never deleted before those of the next.
    let lacks_some = |number: u64| generations[&number].stripes.len() < STRIPES;
    recovery.damaged = match complete {
        Some(number) => lacks_some(number),
        None => !generations.is_empty(),
    };
    for (number, files) in generations.range(complete.unwrap_or(0)..) {
        for path in files.base.iter().chain(&files.stripes).chain(&files.old) {
            let is_whole = replay(&read(path)?, &mut recovery);
            // A snapshot that was never finished lacks nothing that is not in the older files.
            let may_be_torn = files.base.as_ref() == Some(path) && complete != Some(*number);
            recovery.damaged |= !is_whole && !may_be_torn;
        }
    }
    Ok((recovery, last))
}

/// Deletes the files of the generations before this one.
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
        let Ok(number) = number.parse() else { continue };
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

fn read(path: &Path) -> Result<Vec<u8>, JournalError> {
    fs::read(path).map_err(failed("read", path))
}

/// Applies the entries of one file, up to the first that is torn. Says whether all that was ever written to it is
/// there.
fn replay(bytes: &[u8], recovery: &mut Recovery) -> bool {
    let Some(mut rest) = entries(bytes) else { return false };
    while let Some((entry, tail)) = next_entry(rest) {
        match entry {
            Entry::Begin(begin) => recovery.begin(begin),
            Entry::Put(user, presence, rev, place) => recovery.found(user, rev, place, Some(*presence)),
            Entry::Remove(user, rev, place) => {
                if let Some(begin) = &mut recovery.begin {
                    begin.horizon = begin.horizon.max(place);
                    begin.removed_rev = begin.removed_rev.max(rev);
                }
                recovery.found(user, rev, place, None);
            }
            Entry::Alive(at) => {
                if let Some(begin) = &mut recovery.begin {
                    begin.alive = begin.alive.max(at);
                }
            }
            Entry::Complete => {}
        }
        rest = tail;
    }
    rest.is_empty() && bytes[DOUBT_AT as usize] != IN_DOUBT
}

impl Recovery {
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

    /// A later generation may have the same revision again, with a version that was lifted.
    fn found(&mut self, user: User, rev: u64, place: u64, presence: Option<SavedPresence>) {
        match self.records.get_mut(&user) {
            Some(found) if rev < found.rev => {}
            Some(found) => *found = Found { rev, place, presence },
            None => {
                self.records.insert(user, Found { rev, place, presence });
            }
        }
    }
}

/// The entries of a file behind its head; `None` where it is of another form.
fn entries(bytes: &[u8]) -> Option<&[u8]> {
    bytes.strip_prefix(MAGIC.as_slice())?.get(1..)
}

/// Whether a snapshot was written to its end.
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
    Ok(tail().map_err(failed("read", path))? == last)
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
