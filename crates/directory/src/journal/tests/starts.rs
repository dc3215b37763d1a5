//! Tests of starts: the files are read in parts, and the snapshot is left to the first `maintain`.

use super::super::recovery::{Head, Recovery};
use super::super::replay::{Replayed, replay_in_parts};
use super::{GRACE, World, finish, log_in, now, set_custom, status, user};
use crate::{Directory, InProcessDirectory};
use lamplight_core::Presence;
use lamplight_model::{AppSettings, StatusType, Timestamp, User, UserStatus};
use std::collections::BTreeMap;
use std::fs;

/// The names of the snapshots in the folder.
fn snapshots(world: &World) -> Vec<String> {
    let names = fs::read_dir(world.folder.path()).unwrap().map(|it| it.unwrap().file_name());
    let mut names: Vec<String> = names.map(|it| it.into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".base"));
    names.sort();
    names
}

fn read(bytes: &[u8], part_bytes: usize) -> (Replayed, BTreeMap<User, String>, String) {
    let mut recovery = Recovery::default();
    let replayed = replay_in_parts(bytes, &mut recovery, part_bytes);
    let Head { begin, machines, facts } = recovery.head;
    let records = recovery.records.into_map().into_iter();
    let records = records.map(|(user, found)| (user, format!("{found:?}"))).collect();
    (replayed, records, format!("{begin:?} {machines:?} {facts:?}"))
}

#[test]
fn a_file_is_read_in_parts_as_it_is_read_at_once() {
    let world = World::new();
    for n in 0..40 {
        log_in(&*world.directory, &user(n), &"long ".repeat(n % 7), now(n as u64));
    }
    finish((&*world.directory as &dyn Directory).remove(&user(3), now(50))).unwrap();
    world.directory.write_all_records(now(60)).unwrap();
    set_custom(&*world.directory, &user(5), "later", now(70));
    for file in fs::read_dir(world.folder.path()).unwrap() {
        let whole = fs::read(file.unwrap().path()).unwrap();
        let middle = whole.len() / 2;
        let mut damaged = vec![whole.clone(), whole[..middle].to_vec(), whole[..whole.len() - 1].to_vec()];
        for step in 0..20 {
            let mut flipped = whole.clone();
            let at = middle + step;
            if at < whole.len() {
                flipped[at] ^= 0x55;
            }
            damaged.push(flipped);
        }
        for bytes in damaged {
            let at_once = read(&bytes, usize::MAX);
            for part_bytes in [1, 50, 300, 2_000] {
                assert_eq!(
                    read(&bytes, part_bytes),
                    at_once,
                    "{} bytes, {part_bytes} at a time",
                    bytes.len()
                );
            }
        }
    }
}

#[test]
fn a_start_leaves_the_snapshot_to_maintain_and_a_kill_before_that_loses_nothing() {
    let world = World::new();
    for n in 0..20 {
        log_in(&*world.directory, &user(n), "before", now(1));
    }
    world.directory.write_all_records(now(2)).unwrap();
    world.directory.maintain(now(2)).unwrap();
    assert_eq!(snapshots(&world), ["live.2.base"]);
    set_custom(&*world.directory, &user(1), "after the snapshot", now(3));

    let texts = |directory: &dyn Directory| -> Vec<String> {
        (0..21).map(|n| status(directory, &user(n), now(9)).custom_status.as_str().to_owned()).collect()
    };
    let (first, recovered) = world.killed("one", now(4));
    assert_eq!((recovered.records, recovered.in_doubt), (20, false));
    assert_eq!(snapshots(&world), ["live.2.base"], "the start has written no snapshot");
    log_in(&first, &user(20), "new", now(5));
    set_custom(&first, &user(2), "after the start", now(5));
    let expected = texts(&first);

    let (second, recovered) = world.killed("one", now(6));
    assert_eq!((recovered.records, recovered.in_doubt), (21, false));
    assert_eq!(texts(&second), expected);
    let both = ["live.2.base", "live.4.base"];
    assert_eq!(
        snapshots(&world),
        both,
        "the second start in a row writes the snapshot at once, and does not sync it"
    );
    set_custom(&second, &user(3), "after the second start", now(7));
    let expected = texts(&second);

    let (third, recovered) = world.killed("one", now(8));
    assert_eq!((recovered.records, recovered.in_doubt), (21, false));
    assert_eq!(texts(&third), expected);
    assert_eq!(snapshots(&world), both);
    third.maintain(now(8)).unwrap();
    assert_eq!(snapshots(&world), ["live.5.base"], "the older files are deleted");
    let (fourth, recovered) = world.killed("one", now(9));
    assert_eq!((recovered.records, recovered.in_doubt), (21, false));
    assert_eq!(texts(&fourth), expected);
}

/// The status of a user whose connections did not come back within the grace.
fn after_the_grace(directory: &InProcessDirectory, of: &User, at: u64) -> UserStatus {
    let now = now(at).after(GRACE);
    let expire = |presence: &mut Presence| presence.expire(&AppSettings::default(), now).map(drop);
    finish((directory as &dyn Directory).update(of, now, expire)).unwrap();
    status(directory, of, now)
}

#[test]
fn a_user_who_was_connected_at_the_first_of_two_kills_was_seen_last_before_it() {
    let world = World::new();
    log_in(&*world.directory, &user(1), "", now(1));
    world.directory.maintain(now(1_000)).unwrap();
    let (_, recovered) = world.killed("one", now(500_000));
    assert!(!recovered.in_doubt);
    // The second process was killed before it has written a snapshot.
    let (directory, _) = world.killed("one", now(900_000));
    let status = after_the_grace(&directory, &user(1), 900_000);
    assert_eq!((status.status_type, status.last_seen), (StatusType::Offline, Some(now(1_000).wall)));
}

#[test]
fn a_start_after_a_boot_or_with_damage_writes_a_snapshot_at_once() {
    let world = World::new();
    log_in(&*world.directory, &user(1), "text", now(1));
    world.directory.close(now(2)).unwrap();
    let before = snapshots(&world);
    let (_, recovered) = world.killed("two", now(3));
    assert!(!recovered.in_doubt, "the journal was closed");
    assert_ne!(snapshots(&world), before);
    let (_, recovered) = world.killed("two", now(4));
    assert!(!recovered.in_doubt, "a kill in the same run of the machine loses nothing");

    let before = snapshots(&world);
    let (lifted, recovered) = world.killed("three", now(5));
    assert!(recovered.in_doubt);
    assert_ne!(snapshots(&world), before);
    let told = status(&lifted, &user(1), now(5)).version;
    let (directory, recovered) = world.killed("three", now(6));
    assert!(!recovered.in_doubt);
    assert_eq!(status(&directory, &user(1), now(6)).version, told);
    assert!(recovered.complete_since > Timestamp(0));
}
