//! The damaged files that a start has found, and their copies in the folder `damaged/` beside the journal.

use super::recovery::DamagedFile;
use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The maximum number of damaged files that are kept. The newest are kept. One generation has 17 files.
pub(crate) const MAX_KEPT_FILES: usize = 32;

/// The maximum number of bytes of damaged files that are kept. The newest file is kept even if it alone is larger.
pub(crate) const MAX_KEPT_BYTES: u64 = 1024 * 1024 * 1024;

/// The name of the folder with the damaged files.
const FOLDER: &str = "damaged";

/// The damage that a start has found in the journal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct JournalDamage {
    /// The number of files that could not be read to the end.
    pub files: u64,
    /// The number of files that are missing.
    pub missing_files: u64,
    /// The number of damaged entries. Entries after an entry with a damaged length are not counted.
    pub entries: u64,
    /// The number of bytes that could not be decoded.
    pub bytes: u64,
}

impl JournalDamage {
    /// Returns `true` if there is no damage.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the total damage of these files.
    pub(super) fn of(files: &[DamagedFile], missing_files: usize) -> Self {
        Self {
            files: files.len() as u64,
            missing_files: missing_files as u64,
            entries: files.iter().map(|file| file.entries).sum(),
            bytes: files.iter().map(|file| file.bytes).sum(),
        }
    }
}

/// Logs the damage, and keeps the damaged files before they are deleted. Logs failures and continues.
pub(super) fn report_and_keep(folder: &Path, files: &[DamagedFile], missing_files: usize) {
    for file in files {
        let (path, entries, bytes) = (file.path.display(), file.entries, file.bytes);
        match keep(folder, &file.path) {
            Ok(kept) => tracing::warn!(
                file = %path, entries, bytes, kept_as = %kept.display(),
                "a file of live records is damaged; its readable entries were restored"
            ),
            Err(error) => tracing::warn!(
                file = %path, entries, bytes, %error,
                "a file of live records is damaged and could not be kept; its readable entries were restored"
            ),
        }
    }
    if missing_files > 0 {
        tracing::warn!(files = missing_files, "files of live records are missing; the others were restored");
    }
    if !files.is_empty()
        && let Err(error) = forget_oldest(&folder.join(FOLDER), MAX_KEPT_FILES, MAX_KEPT_BYTES)
    {
        tracing::warn!(%error, "old damaged files of live records could not be deleted");
    }
}

/// Creates a hard link to the file in the folder of damaged files. The original file is deleted only after the next
/// snapshot, so nothing is lost if the server is killed while it starts.
fn keep(folder: &Path, path: &Path) -> io::Result<PathBuf> {
    let kept_in = folder.join(FOLDER);
    match DirBuilder::new().mode(0o700).create(&kept_in) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let kept = kept_in.join(path.file_name().map_or_else(|| OsString::from("unnamed"), OsString::from));
    match fs::hard_link(path, &kept) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if fs::metadata(path)?.ino() != fs::metadata(&kept)?.ino() {
                fs::remove_file(&kept)?;
                fs::hard_link(path, &kept)?;
            }
        }
        Err(error) => return Err(error),
    }
    Ok(kept)
}

/// Deletes the oldest files until the remaining files are within the limits.
fn forget_oldest(kept_in: &Path, most_files: usize, most_bytes: u64) -> io::Result<()> {
    let mut kept: Vec<(SystemTime, PathBuf, u64)> = Vec::new();
    for entry in fs::read_dir(kept_in)? {
        let entry = entry?;
        let about = entry.metadata()?;
        kept.push((about.modified()?, entry.path(), about.len()));
    }
    kept.sort_unstable();
    let mut bytes: u64 = kept.iter().map(|(_, _, length)| length).sum();
    let mut files = kept.len();
    for (_, path, length) in kept {
        if files <= most_files && (bytes <= most_bytes || files == 1) {
            break;
        }
        fs::remove_file(path)?;
        files -= 1;
        bytes -= length;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Keeps files of these lengths, oldest first. Checks that the files with these indexes stay within the limits.
    fn check(lengths: &[u64], most_files: usize, most_bytes: u64, expected: &[usize]) {
        let folder = tempfile::tempdir().unwrap();
        for (n, length) in lengths.iter().enumerate() {
            let file = fs::File::create(folder.path().join(n.to_string())).unwrap();
            file.set_len(*length).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(n as u64)).unwrap();
        }
        forget_oldest(folder.path(), most_files, most_bytes).unwrap();
        let left = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut left: Vec<usize> = left.map(|name| name.to_str().unwrap().parse().unwrap()).collect();
        left.sort_unstable();
        assert_eq!(left, expected, "{lengths:?}");
    }

    #[test]
    fn the_oldest_make_room() {
        check(&[1, 1, 1, 1], 2, 100, &[2, 3]);
        check(&[1, 1, 1, 1], 4, 100, &[0, 1, 2, 3]);
        check(&[90, 50, 40], 4, 100, &[1, 2]);
        check(&[500], 4, 100, &[0]);
        check(&[500, 600], 4, 100, &[1]);
    }
}
