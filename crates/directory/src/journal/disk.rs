//! The disk operations of the journal. Tests replace them by a disk that fails.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// The operations that create and sync files.
pub(crate) trait Disk: Send + Sync {
    /// Creates an empty file. Deletes the content of an existing file.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Syncs the data of a file, or the entries of a folder, to the disk.
    fn sync(&self, path: &Path) -> io::Result<()>;
}

/// A file that is open for writing.
pub(crate) trait DiskFile: Send {
    /// Writes all bytes to the kernel at the position `at`. An error may leave some of them written.
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()>;

    fn set_len(&mut self, len: u64) -> io::Result<()>;
}

/// The file system of the machine.
pub(crate) struct RealDisk;

impl Disk for RealDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        // The file is readable only by its owner, independently of the umask, because it shows who communicates with
        // whom.
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
