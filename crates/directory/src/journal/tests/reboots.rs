//! Tests of machines that have gone down.

use super::{Mood, World, log_in, now, set_custom, status, user};
use crate::Directory;
use std::fs;

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
