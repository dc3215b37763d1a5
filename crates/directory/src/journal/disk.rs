//! The operations that the journal needs from a disk. Tests replace them by a disk that fails.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// The part of a file system that creates and syncs files.
pub(crate) trait Disk: Send + Sync {
    /// Creates an empty file; an existing file is emptied.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Syncs the data of a file, or the entries of a folder, to the disk.
    fn sync(&self, path: &Path) -> io::Result<()>;
}

/// A file that is open for writing.
pub(crate) trait DiskFile: Send {
    /// Writes all bytes at this position to the kernel. After an error, some of them may have been written.
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()>;

    /// Sets the length of the file.
    fn set_len(&mut self, len: u64) -> io::Result<()>;
}

/// The file system of the machine.
pub(crate) struct RealDisk;

impl Disk for RealDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        // Readable only by its owner, whatever the umask, because the file shows who communicates with whom.
        Ok(Box::new(OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)?))
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
}

impl DiskFile for File {
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, at)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        File::set_len(self, len)
    }
}
