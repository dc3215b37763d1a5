//! Tests of starts: the files are read in parts.

use super::super::replay::{Recovery, Replayed, replay_in_parts};
use super::{World, finish, log_in, now, set_custom, user};
use crate::Directory;
use lamplight_model::User;
use std::collections::BTreeMap;
use std::fs;

fn read(bytes: &[u8], part_bytes: usize) -> (Replayed, BTreeMap<User, String>, String) {
    let mut recovery = Recovery::default();
    let replayed = replay_in_parts(bytes, &mut recovery, part_bytes);
    let records = recovery.records.iter().map(|(user, found)| (user.clone(), format!("{found:?}")));
    let begin = format!("{:?} {:?} {:?}", recovery.begin, recovery.machines, recovery.facts);
    (replayed, records.collect(), begin)
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
