//! The mark of a journal that was closed properly. The mark says that all data was synced to disk: if the machine
//! reboots before the next start, nothing is lost.
//!
//! The mark is a file. It is written after all other files were synced, and removed from the disk before anything else
//! is written.

use super::{Disk, Journal, JournalError, failed, replay};
use parking_lot::Mutex;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// Removes the mark of a closed journal. Returns `true` if there was a mark for this generation.
pub(super) fn take_mark(disk: &dyn Disk, folder: &Path, generation: u64) -> Result<bool, JournalError> {
    let path = mark_of(folder);
    let found = match fs::read(&path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) if replay::counts_as_lost(&error) => Vec::new(),
        Err(error) => return Err(failed("read", &path)(error)),
    };
    fs::remove_file(&path).map_err(failed("delete", &path))?;
    disk.sync(folder).map_err(failed("sync", folder))?;
    Ok(found == text(generation))
}

impl Journal {
    /// Syncs all files and writes the mark of a closed journal. A later entry removes the mark.
    pub fn close(&self) -> Result<(), JournalError> {
        let generation = self.generation.lock();
        let _nobody_writes: Vec<_> = self.stripes.iter().map(Mutex::lock).collect();
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

    /// Removes the mark of a closed journal, because an entry will be written and not synced.
    pub(super) fn take_mark_away(&self) {
        // If the mark cannot be removed from the disk, this does harm only after a reboot. If only the process ends,
        // the kernel still has all entries.
        let _ = fs::remove_file(mark_of(&self.folder));
        let _ = self.disk.sync(&self.folder);
        // Until now, writers to other stripes do the same, so none of them writes before the mark is gone.
        self.is_closed.store(false, Ordering::Relaxed);
    }

    pub(super) fn sync(&self, path: &Path) -> Result<(), JournalError> {
        self.disk.sync(path).map_err(failed("sync", path))
    }
}

fn mark_of(folder: &Path) -> PathBuf {
    folder.join("closed")
}

/// Returns the content of the mark. The number of the generation shows whether the mark is old. A truncated mark lacks
/// the last line break.
fn text(generation: u64) -> Vec<u8> {
    format!("closed at generation {generation}\n").into_bytes()
}
