//! Tests of machines that have gone down: clocks that are behind, and blocks that cannot be read.

use super::super::replay::ends_with;
use super::{Mood, World, log_in, now, set_custom, status, user};
use crate::Directory;
use std::fs;
use std::io;

#[test]
fn a_clock_that_is_behind_after_a_reboot_does_not_make_versions_lower_than_those_that_were_told() {
    let world = World::new();
    log_in(&*world.directory, &user(1), "one", now(99_000));
    world.directory.maintain(now(100_000)).unwrap();
    // The changes of the last 30 s are not on the disk.
    world.mood(Mood::Full);
    set_custom(&*world.directory, &user(1), "told", now(130_000));
    let told = status(&*world.directory, &user(1), now(130_000));

    let (directory, recovered) = world.killed("another", now(10_000));
    assert_eq!((recovered.in_doubt, recovered.complete_since), (true, now(10_000).wall));
    let restored = status(&directory, &user(1), now(10_000));
    assert_eq!(restored.custom_status.as_str(), "one");
    assert!(restored.version > told.version);
    // A record that is missing was told of in the same time.
    let told_before = directory.told_before();
    assert!(told_before > now(130_000).wall);
    assert_eq!(directory.epoch(), now(10_000).wall);
    drop(directory);
    // The next start knows it too, although it is not in doubt.
    let (directory, recovered) = world.killed("another", now(11_000));
    assert_eq!((recovered.in_doubt, directory.told_before()), (false, told_before));
    // Changes get versions above those, and the machine goes down again.
    for text in ["three", "four", "five"] {
        set_custom(&directory, &user(1), text, now(12_000));
    }
    let told = status(&directory, &user(1), now(12_000));
    drop(directory);
    // No change since the last snapshot is on the disk.
    let stripes = fs::read_dir(world.folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let stripes: Vec<_> = stripes.filter(|path| path.extension().is_some_and(|it| it != "base")).collect();
    let head = stripes.iter().map(|path| fs::read(path).unwrap()).min_by_key(Vec::len).unwrap();
    stripes.iter().for_each(|path| fs::write(path, &head).unwrap());
    let (directory, _) = world.killed("another one", now(13_000));
    assert!(status(&directory, &user(1), now(13_000)).version > told.version);
    drop(directory);
    // A clock that is right needs no other time.
    let (directory, recovered) = world.killed("a third", now(900_000));
    assert_eq!((recovered.in_doubt, directory.told_before()), (true, now(900_000).wall));
}

#[test]
fn only_a_block_that_the_disk_cannot_read_counts_as_lost() {
    for (read, expected) in [
        (Ok(b"end".to_vec()), Some(true)),
        (Ok(b"else".to_vec()), Some(false)),
        (Ok(Vec::new()), Some(false)),
        (Err(io::Error::from_raw_os_error(5)), Some(false)),
        (Err(io::ErrorKind::PermissionDenied.into()), None),
        (Err(io::ErrorKind::NotFound.into()), None),
        (Err(io::ErrorKind::Interrupted.into()), None),
    ] {
        let shown = format!("{read:?}");
        assert_eq!(ends_with(read, b"end").ok(), expected, "{shown}");
    }
}

/// Linux answers `EIO` to a read of address 0 in `/proc/self/mem`, as it does for a broken block of a disk.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_the_disk_cannot_read_costs_its_content_and_not_the_start() {
    for name in ["live.1.base", "live.1.3", "closed"] {
        let world = World::new();
        log_in(&*world.directory, &user(1), "one", now(1));
        world.directory.close(now(2)).unwrap();
        let path = world.folder.path().join(name);
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/proc/self/mem", &path).unwrap();
        assert_eq!(fs::read(&path).unwrap_err().raw_os_error(), Some(5));
        let (_, recovered) = world.killed("another", now(3));
        assert!(recovered.in_doubt, "{name}");
        assert_eq!(recovered.damage.files, u64::from(name != "closed"), "{name}");
        let (_, recovered) = world.killed("another", now(4));
        assert!(!recovered.in_doubt && recovered.damage.is_none(), "{name}");
    }
}
