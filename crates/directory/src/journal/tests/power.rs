//! Tests with a machine that loses power: data that are not synced to the disk are lost.

use super::{GRACE, finish, log_in, now, set_custom, status, user};
use crate::journal::{Disk, DiskFile, RealDisk};
use crate::{InProcessDirectory, Recovered};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// The length of the entry that completes a snapshot.
const COMPLETE_BYTES: usize = 9;

/// A disk that loses everything that is not synced when the power fails.
#[derive(Default)]
struct Lossy {
    synced: Mutex<Synced>,
    /// The number of the next syncs that fail.
    failing: AtomicUsize,
}

#[derive(Default)]
struct Synced {
    /// The content of each file when it was synced last.
    files: BTreeMap<String, Vec<u8>>,
    /// The files that the folder had when it was synced last.
    names: BTreeSet<String>,
    /// The names in the folder at each sync of a snapshot, and at the sync of the folder after it.
    seen: Vec<BTreeSet<String>>,
}

impl Disk for Lossy {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        RealDisk.create(path)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        let is_failing = |left: usize| left.checked_sub(1);
        if self.failing.fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_failing).is_ok() {
            return Err(io::ErrorKind::Other.into());
        }
        let mut synced = self.synced.lock().unwrap();
        if path.is_dir() {
            synced.names = names(path);
            let names = synced.names.clone();
            synced.seen.push(names);
        } else {
            if path.extension().is_some_and(|it| it == "base") {
                synced.seen.push(names(path.parent().unwrap()));
            }
            synced.files.insert(name(path), fs::read(path)?);
        }
        Ok(())
    }
}

impl Lossy {
    /// Cuts the power: keeps in the folder only the data that are certainly on the disk. Other bytes become zeros, as
    /// after a real power failure. The last bytes of each file, and deletions, may already be on the disk, so they
    /// stay.
    fn lose_power(&self, folder: &Path) {
        let synced = self.synced.lock().unwrap();
        for file in names(folder) {
            let path = folder.join(&file);
            let (mut bytes, written) =
                (synced.files.get(&file).cloned().unwrap_or_default(), fs::read(&path).unwrap());
            let tail = written.len().saturating_sub(COMPLETE_BYTES).max(bytes.len());
            bytes.resize(tail, 0);
            bytes.extend_from_slice(&written[tail..]);
            fs::write(&path, bytes).unwrap();
            if !synced.names.contains(&file) {
                fs::remove_file(&path).unwrap();
            }
        }
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn names(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| name(&entry.unwrap().path())).collect()
}

fn open(disk: &Arc<Lossy>, machine: &str, folder: &TempDir, at: u64) -> (InProcessDirectory, Recovered) {
    let disk: Arc<dyn Disk> = Arc::<Lossy>::clone(disk);
    InProcessDirectory::open_on(disk, machine.into(), folder.path(), now(at), GRACE).unwrap()
}

/// A folder with three users on its disk, and a directory that was opened after its machine was started again.
fn started_again() -> (Arc<Lossy>, TempDir, InProcessDirectory) {
    let (disk, folder) = (Arc::<Lossy>::default(), tempfile::tempdir().unwrap());
    let (directory, _) = open(&disk, "one", &folder, 0);
    (0..3).for_each(|n| log_in(&directory, &user(n), "on the disk", now(1)));
    directory.close(now(2)).unwrap();
    disk.lose_power(folder.path());
    let (directory, recovered) = open(&disk, "two", &folder, 3);
    assert_eq!((recovered.records, recovered.in_doubt), (3, false));
    (disk, folder, directory)
}

/// Makes the next call of `maintain` write a snapshot.
fn ask_for_a_snapshot(directory: &InProcessDirectory) {
    directory.journal().failures.fetch_add(1, Ordering::Relaxed);
    assert!(directory.journal().wants_rewrite());
}

#[track_caller]
fn check_that_all_are_there(disk: &Arc<Lossy>, folder: &TempDir) {
    disk.lose_power(folder.path());
    let (directory, recovered) = open(disk, "three", folder, 9);
    assert_eq!((recovered.records, recovered.in_doubt), (3, true));
    for n in 0..3 {
        assert_eq!(status(&directory, &user(n), now(9)).custom_status.as_str(), "on the disk");
    }
}

#[test]
fn a_loss_of_power_after_a_snapshot_loses_no_record_that_was_on_the_disk() {
    let (disk, folder, directory) = started_again();
    directory.maintain(now(4)).unwrap();
    ask_for_a_snapshot(&directory);
    directory.maintain(now(5)).unwrap();
    let left: Vec<_> = names(folder.path()).into_iter().filter(|name| !name.starts_with("live.3.")).collect();
    assert!(left.is_empty(), "{left:?}");
    check_that_all_are_there(&disk, &folder);
}

#[test]
fn a_loss_of_power_between_a_start_and_the_sync_of_its_snapshot_loses_no_record_that_was_on_the_disk() {
    let (disk, folder, directory) = started_again();
    set_custom(&directory, &user(1), "not on the disk", now(4));
    check_that_all_are_there(&disk, &folder);
}

#[test]
fn former_files_are_deleted_when_the_snapshot_and_its_folder_are_synced() {
    let (disk, folder, directory) = started_again();
    directory.maintain(now(4)).unwrap();
    disk.synced.lock().unwrap().seen.clear();
    ask_for_a_snapshot(&directory);
    directory.maintain(now(5)).unwrap();
    let seen = std::mem::take(&mut disk.synced.lock().unwrap().seen);
    assert_eq!(seen.len(), 2);
    for names in seen {
        assert!(names.contains("live.2.base") && names.contains("live.3.base"), "{names:?}");
        assert_eq!(
            names.iter().filter(|name| name.starts_with("live.2.")).count(),
            super::super::STRIPES + 1
        );
    }
    assert_eq!(
        disk.synced.lock().unwrap().files["live.3.base"],
        fs::read(folder.path().join("live.3.base")).unwrap()
    );
    // Nothing is left to do.
    directory.maintain(now(6)).unwrap();
    assert!(disk.synced.lock().unwrap().seen.is_empty());
}

#[test]
fn after_a_failed_sync_the_snapshot_is_written_again_and_the_former_files_stay() {
    for failing in [1, 2] {
        let (disk, folder, directory) = started_again();
        directory.maintain(now(4)).unwrap();
        ask_for_a_snapshot(&directory);
        disk.failing.store(failing, Ordering::Relaxed);
        for at in 0..failing {
            directory.maintain(now(5 + at as u64)).unwrap_err();
            assert!(names(folder.path()).contains("live.2.base"));
            assert!(directory.journal().wants_rewrite());
        }
        // The kernel has dropped the data of the failed sync.
        fs::write(folder.path().join("live.3.base"), b"").unwrap();
        directory.maintain(now(8)).unwrap();
        assert!(!names(folder.path()).contains("live.2.base"));
        check_that_all_are_there(&disk, &folder);
    }
}

#[test]
fn a_record_that_was_removed_before_a_damaged_snapshot_stays_removed() {
    use crate::Directory;
    let (disk, folder, directory) = started_again();
    finish(directory.remove(&user(2), now(4))).unwrap();
    for file in names(folder.path()) {
        disk.sync(&folder.path().join(file)).unwrap();
    }
    // The next process is killed before its snapshot is synced.
    drop(directory);
    drop(open(&disk, "two", &folder, 5));
    disk.sync(folder.path()).unwrap();
    disk.lose_power(folder.path());
    let (_, recovered) = open(&disk, "three", &folder, 9);
    assert_eq!((recovered.records, recovered.in_doubt), (2, true));
}
