//! The mark of a journal that was closed in order: all that was written to it is on the disk itself, not only with the
//! kernel, so that the next start may be in another run of the machine.
//!
//! The mark is a file of its own. It is made when every other file has been synced, and is gone from the disk before
//! anything is written again.

use super::{Disk, Journal, JournalError, failed};
use crate::locks::lock;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// Takes the mark away, if there is one. Says whether the journal was closed with this generation as the last.
pub(super) fn take_mark(disk: &dyn Disk, folder: &Path, generation: u64) -> Result<bool, JournalError> {
    let path = mark_of(folder);
    let found = match fs::read(&path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed("read", &path)(error)),
    };
    fs::remove_file(&path).map_err(failed("delete", &path))?;
    disk.sync(folder).map_err(failed("sync", folder))?;
    Ok(found == text(generation))
}

impl Journal {
    /// Has the disk take in all that was written, and marks the journal as closed. A later entry takes the mark away.
    pub fn close(&self) -> Result<(), JournalError> {
        let generation = lock(&self.generation);
        let _nobody_writes: Vec<_> = self.stripes.iter().map(lock).collect();
        let failed_to_list = failed("list", &self.folder);
        for entry in fs::read_dir(&self.folder).map_err(&failed_to_list)? {
            self.sync(&entry.map_err(&failed_to_list)?.path())?;
        }
        self.sync(&self.folder)?;
        let path = mark_of(&self.folder);
        let made = self.disk.create(&path).and_then(|mut file| file.write_at(0, &text(generation.number)));
        made.map_err(failed("write", &path))?;
        self.is_closed.store(true, Ordering::Relaxed);
        self.sync(&path)?;
        self.sync(&self.folder)
    }

    /// Something is written to a journal that was closed: it is not synced any longer.
    pub(super) fn take_mark_away(&self) {
        self.is_closed.store(false, Ordering::Relaxed);
        // A mark that stays is harmless where the process alone is lost: the kernel has the entries that follow.
        let _ = fs::remove_file(mark_of(&self.folder));
    }

    fn sync(&self, path: &Path) -> Result<(), JournalError> {
        self.disk.sync(path).map_err(failed("sync", path))
    }
}

fn mark_of(folder: &Path) -> PathBuf {
    folder.join("closed")
}

/// The content of the mark. One that was cut off, or is that of an older journal, has another.
fn text(generation: u64) -> Vec<u8> {
    format!("closed at generation {generation}\n").into_bytes()
}
