//! Runs each input of the stored corpus with its target, without a fuzzer.

#![allow(clippy::print_stderr, clippy::unwrap_used, missing_docs)]

use lamplight_fuzz::TARGETS;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once};

/// The largest allowed size of the whole corpus in bytes.
const MOST_BYTES: u64 = 500 * 1_024;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus")
}

fn inputs(target: &str) -> Vec<PathBuf> {
    let folder = corpus().join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut inputs: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    inputs.sort();
    inputs
}

/// The messages of panics in threads other than the test's thread. Without this list, a node's runtime would hide these
/// panics.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());
static HOOKED: Once = Once::new();

fn replay(target: &str) {
    HOOKED.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            // A panic in the test's own thread already fails the test.
            let thread = std::thread::current();
            if TARGETS.iter().all(|target| thread.name() != Some(target.name)) {
                PANICS.lock().unwrap().push(info.to_string());
            }
            usual(info);
        }));
    });
    let inputs = inputs(target);
    assert!(inputs.len() >= 5, "the corpus of {target} has {} inputs", inputs.len());
    for path in inputs {
        let data = fs::read(&path).unwrap();
        if let Err(panic) = std::panic::catch_unwind(|| lamplight_fuzz::run(target, &data)) {
            eprintln!("the input is {}", path.display());
            std::panic::resume_unwind(panic);
        }
        // The lock must not be held during an assertion, because a failed assertion is a panic, whose hook takes the
        // lock.
        let panics = std::mem::take(&mut *PANICS.lock().unwrap());
        assert!(panics.is_empty(), "{}: {panics:?}", path.display());
    }
    lamplight_fuzz::finish();
}

macro_rules! replayed {
    ($($target:ident),* $(,)?) => {
        $(#[test]
        fn $target() {
            replay(stringify!($target));
        })*

        #[test]
        fn every_target_is_replayed_and_has_a_program_for_the_fuzzer() {
            let table: BTreeSet<&str> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(table, BTreeSet::from([$(stringify!($target)),*]));
            let programs = fs::read_dir(corpus().join("../fuzz_targets")).unwrap();
            let programs: BTreeSet<String> = programs
                .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
                .collect();
            assert_eq!(programs, table.iter().map(|name| (*name).to_owned()).collect());
            let folders = fs::read_dir(corpus()).unwrap();
            let folders: BTreeSet<String> =
                folders.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
            assert_eq!(folders, programs);
        }
    };
}

replayed!(frames, json, websocket, user_sig, jwt, journal, console, query, commands);

#[test]
fn the_corpus_stays_small() {
    let bytes: u64 = TARGETS
        .iter()
        .flat_map(|target| inputs(target.name))
        .map(|path| fs::metadata(path).unwrap().len())
        .sum();
    assert!(bytes <= MOST_BYTES, "{bytes} bytes");
}
