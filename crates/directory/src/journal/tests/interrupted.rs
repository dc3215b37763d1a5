//! Tests of writes that the end of the process has interrupted. They were not acknowledged, so nothing is in doubt,
//! unless the machine has booted since.

use super::super::{DOUBT_AT, IN_DOUBT, MAGIC, RealDisk};
use super::{GRACE, World, log_in, now, set_custom, status, user};
use crate::{InProcessDirectory, JournalDamage};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The files of a folder with their content, but not the folder of damaged files.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.is_file()).map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// The process is killed while it begins the files of a generation.
#[test]
fn a_file_without_its_head_in_a_generation_that_had_just_begun_causes_no_doubt() {
    let world = World::new();
    let head = fs::read(world.folder.path().join("live.1.0")).unwrap();
    assert!(head.len() > MAGIC.len() + 8);
    for length in 0..=head.len() {
        for (machine, is_sure) in [("one", true), ("another", false)] {
            let world = World::new();
            log_in(&*world.directory, &user(1), "one", now(1));
            let told = status(&*world.directory, &user(1), now(1));
            fs::write(world.folder.path().join("live.2.0"), &head[..length]).unwrap();
            let (directory, recovered) = world.killed(machine, now(2));
            assert_eq!(recovered.in_doubt, !is_sure, "{length} bytes, boot {machine}: {recovered:?}");
            let restored = status(&directory, &user(1), now(2));
            assert_eq!(restored.version == told.version, is_sure);
            if is_sure {
                assert!(recovered.damage.is_none());
                assert!(!world.folder.path().join("damaged").exists());
            }
        }
    }
}

/// All files of a generation had their heads when its snapshot was complete.
#[test]
fn a_file_without_its_head_in_a_complete_generation_is_damaged() {
    let world = World::new();
    let head = fs::read(world.folder.path().join("live.1.0")).unwrap();
    for length in [0, 5, MAGIC.len(), MAGIC.len() + 4, head.len() - 1] {
        let world = World::new();
        fs::write(world.folder.path().join("live.1.0"), &head[..length]).unwrap();
        let (_, recovered) = world.killed("one", now(2));
        assert_eq!((recovered.in_doubt, recovered.damage.files), (true, 1), "{length} bytes");
    }
}

#[test]
fn an_interrupted_write_at_the_end_of_a_file_causes_no_doubt() {
    // The last file is that of a machine whose boot has no id.
    for boot in ["one", ""] {
        let folder = tempfile::tempdir().unwrap();
        let open = |folder: &Path, machine: &str, at| {
            InProcessDirectory::open_on(Arc::new(RealDisk), machine.into(), folder, now(at), GRACE).unwrap()
        };
        let directory = open(folder.path(), boot, 0).0;
        log_in(&directory, &user(1), "one", now(1));
        let told = status(&directory, &user(1), now(1));
        let before = files(folder.path());
        set_custom(&directory, &user(1), "two", now(2));
        drop(directory);
        let after = files(folder.path());
        let (path, whole) = after.iter().find(|it| !before.contains(it)).unwrap();
        let (_, known) = before.iter().find(|(other, _)| other == path).unwrap();

        let start = |machine: &str, changed: &[u8]| {
            let copy = tempfile::tempdir().unwrap();
            for (path, bytes) in &after {
                fs::write(copy.path().join(path.file_name().unwrap()), bytes).unwrap();
            }
            fs::write(copy.path().join(path.file_name().unwrap()), changed).unwrap();
            let (directory, recovered) = open(copy.path(), machine, 3);
            (recovered, status(&directory, &user(1), now(3)))
        };
        for length in known.len() + 1..whole.len() {
            let cut = &whole[..length];
            let (recovered, found) = start(boot, cut);
            assert_eq!(recovered.in_doubt, boot.is_empty(), "{length} bytes: {recovered:?}");
            assert_eq!(found.custom_status, told.custom_status);
            if !recovered.in_doubt {
                assert_eq!((recovered.damage, found.version), (JournalDamage::default(), told.version));
            }

            if length % 8 != 0 {
                continue;
            }
            let (recovered, found) = start("another", cut);
            assert_eq!((recovered.in_doubt, recovered.damage.files), (true, 1), "{length} bytes");
            assert!(found.version > told.version);

            let mut marked = cut.to_vec();
            marked[DOUBT_AT as usize] = IN_DOUBT;
            assert!(start(boot, &marked).0.in_doubt, "{length} bytes");
        }
        // The length of the entry is damaged, so that the file seems to end before the entry does.
        for (byte, with) in [(0, 1), (0, 255), (1, 1), (2, 8)] {
            let mut damaged = whole.clone();
            damaged[known.len() + byte] = damaged[known.len() + byte].saturating_add(with);
            assert_eq!(start(boot, &damaged).0.damage.files, 1, "{with} at {byte}");
            // Entries follow the damaged one.
            damaged.extend_from_slice(&whole[known.len()..]);
            assert!(start(boot, &damaged).0.in_doubt, "{with} at {byte}, and another entry");
        }
        // An earlier entry is damaged too.
        let mut damaged = whole[..whole.len() - 1].to_vec();
        damaged[known.len() - 1] ^= 1;
        let (recovered, _) = start(boot, &damaged);
        assert_eq!((recovered.in_doubt, recovered.damage.entries), (true, 2));
    }
}
