//! Tests of the in-process directory: the conformance suite, and the state that the journal restores after a restart.

#![allow(clippy::unwrap_used, missing_docs)]

use lamplight_core::{Connect, Presence, UserFacts};
use lamplight_directory::{Directory, InProcessDirectory, JournalDamage, SavedRecords};
use lamplight_model::{
    AppId, AppSettings, ConnectionId, CustomStatus, DeviceId, FactsMark, Moment, Now, Platform, StatusType,
    Timestamp, User, UserId, UserStatus, Version,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

const GRACE: Duration = Duration::from_secs(30);

mod on_disk {
    use lamplight_directory::InProcessDirectory;
    use lamplight_directory::conformance::Ports;

    async fn make() -> (Ports, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let directory = InProcessDirectory::open(folder.path(), super::now(0), super::GRACE).unwrap().0;
        (Ports::of(std::sync::Arc::new(directory)), folder)
    }

    lamplight_directory::directory_conformance_tests!(make);
}

mod in_memory {
    use lamplight_directory::InProcessDirectory;
    use lamplight_directory::conformance::Ports;

    async fn make() -> (Ports, ()) {
        (Ports::of(std::sync::Arc::new(InProcessDirectory::in_memory())), ())
    }

    lamplight_directory::directory_conformance_tests!(make);
}

fn open(folder: &Path, now: Now) -> Arc<dyn Directory> {
    Arc::new(InProcessDirectory::open(folder, now, GRACE).unwrap().0)
}

fn now(millis: u64) -> Now {
    Now { moment: Moment(millis), wall: Timestamp(1_700_000_000_000 + millis) }
}

fn user(n: usize) -> User {
    User::new(AppId(1), UserId::new(&format!("user {n}")).unwrap())
}

async fn log_in(directory: &dyn Directory, user: &User, custom: &str, now: Now) {
    let settings = AppSettings::default();
    let blank =
        Presence::from_facts(UserFacts::default(), Version(1), Timestamp(0), false, &settings, Moment(0));
    directory.seed(user, blank, now).await.unwrap();
    let device = DeviceId::new("phone").unwrap();
    let connect = Connect {
        device: &device,
        platform: Platform::IPhone,
        login: 1,
        born: 0,
        issued: 0,
        connection: ConnectionId::alone(1),
        address: None,
    };
    directory.update(user, now, |presence| presence.connect(&connect, &settings, now)).await.unwrap();
    set_custom(directory, user, custom, now).await;
}

async fn set_custom(directory: &dyn Directory, user: &User, text: &str, now: Now) {
    let (custom, settings) = (CustomStatus::new(text, 100).unwrap(), AppSettings::default());
    directory
        .update(user, now, |presence| presence.set_custom_status(custom.clone(), None, &settings, now))
        .await
        .unwrap();
}

async fn status(directory: &dyn Directory, of: &User, _: Now) -> Option<UserStatus> {
    let one = [of.clone()];
    let found = directory.read(&one, |user, presence| presence.map(|presence| presence.status(&user.id)));
    found.await.unwrap().remove(0)
}

/// Returns the files of a journal with their lengths in bytes.
fn journal_files(folder: &TempDir) -> BTreeMap<PathBuf, usize> {
    let length = |path: PathBuf| (path.clone(), fs::metadata(&path).unwrap().len() as usize);
    let paths = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.is_file()).map(length).collect()
}

/// Returns the file that has grown, and its former length in bytes.
fn grown(before: &BTreeMap<PathBuf, usize>, folder: &TempDir) -> (PathBuf, usize) {
    let after = journal_files(folder);
    let grown: Vec<_> = before.iter().filter(|(path, length)| after[*path] > **length).collect();
    assert_eq!(grown.len(), 1, "{grown:?}");
    (grown[0].0.clone(), *grown[0].1)
}

fn copy(folder: &TempDir) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for path in journal_files(folder).keys() {
        fs::copy(path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    copy
}

#[tokio::test]
async fn what_was_written_before_a_kill_is_there_after_it_and_shows_nobody_leaving() {
    let folder = tempfile::tempdir().unwrap();
    let directory = open(folder.path(), now(0));
    for n in 0..50 {
        log_in(&*directory, &user(n), &format!("custom {n}"), now(1_000)).await;
    }
    let before = status(&*directory, &user(7), now(1_000)).await.unwrap();
    // The directory is not closed, as after a `kill -9`.
    std::mem::forget(directory);

    let (directory, recovered) = InProcessDirectory::open(folder.path(), now(5_000), GRACE).unwrap();
    // No record is missing, except records from before the first start.
    assert_eq!((recovered.records, recovered.complete_since), (50, now(0).wall));
    assert_eq!(directory.epoch(), now(0).wall);
    let directory: Arc<dyn Directory> = Arc::new(directory);
    let after = status(&*directory, &user(7), now(5_000)).await.unwrap();
    assert_eq!(after, UserStatus { last_seen: after.last_seen, ..before });
    assert_eq!(after.status_type, StatusType::Online);
    // A user who does not return is due at the end of the grace.
    assert_eq!(directory.due(0, Moment(34_999), 100).await.unwrap().len(), 0);
    assert_eq!(directory.due(0, Moment(35_000), 100).await.unwrap().len(), 50);
}

#[tokio::test]
async fn a_write_that_a_kill_has_interrupted_is_cut_off_and_all_before_it_stays() {
    let folder = tempfile::tempdir().unwrap();
    let directory = open(folder.path(), now(0));
    log_in(&*directory, &user(1), "one", now(1)).await;
    let before = journal_files(&folder);
    log_in(&*directory, &user(2), "two", now(2)).await;
    drop(directory);
    let (file, whole) = grown(&before, &folder);
    let bytes = fs::read(&file).unwrap();
    for cut in whole..bytes.len() {
        let copy = copy(&folder);
        fs::write(copy.path().join(file.file_name().unwrap()), &bytes[..cut]).unwrap();
        let (directory, recovered) = InProcessDirectory::open(copy.path(), now(3), GRACE).unwrap();
        assert!(!recovered.in_doubt && recovered.damage.is_none(), "cut at {cut}: {recovered:?}");
        let found = status(&directory, &user(1), now(3)).await.expect("written whole before");
        assert_eq!(found.custom_status.as_str(), "one", "cut at {cut}");
    }
}

/// Makes a journal in which one user was written three times. Returns the folder, the file, and the position of the
/// first entry.
async fn written_three_times() -> (TempDir, PathBuf, usize) {
    let folder = tempfile::tempdir().unwrap();
    let directory = open(folder.path(), now(0));
    log_in(&*directory, &user(1), "one", now(1)).await;
    let before = journal_files(&folder);
    // The three entries: the empty record, the login, the custom status.
    log_in(&*directory, &user(2), "two", now(2)).await;
    drop(directory);
    let (file, at) = grown(&before, &folder);
    (folder, file, at)
}

fn flip(file: &Path, at: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[at] ^= 0x40;
    fs::write(file, &bytes).unwrap();
}

fn damaged_files(folder: &TempDir) -> Vec<String> {
    let Ok(files) = fs::read_dir(folder.path().join("damaged")) else { return Vec::new() };
    files.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn a_byte_that_flipped_costs_its_entry_and_is_told_and_kept() {
    let (folder, file, at) = written_three_times().await;
    flip(&file, at + 12);
    let as_found = fs::read(&file).unwrap();
    let length = u32::from_le_bytes(as_found[at..at + 4].try_into().unwrap());

    let (directory, recovered) = InProcessDirectory::open(folder.path(), now(3), GRACE).unwrap();
    let lost = JournalDamage { files: 1, missing_files: 0, entries: 1, bytes: u64::from(length) + 8 };
    assert_eq!((recovered.damage, recovered.in_doubt), (lost, true));
    assert_eq!(directory.stats().journal_damage, lost);
    assert!(status(&directory, &user(1), now(3)).await.is_some());
    // The later entry of the other user is read completely.
    let found = status(&directory, &user(2), now(3)).await.expect("the later entries are whole");
    assert_eq!(found.custom_status.as_str(), "two");

    let name = file.file_name().unwrap().to_str().unwrap();
    assert_eq!(damaged_files(&folder), [name]);
    assert_eq!(fs::read(folder.path().join("damaged").join(name)).unwrap(), as_found, "as it was found");
    drop(directory);
    let (_, recovered) = InProcessDirectory::open(folder.path(), now(4), GRACE).unwrap();
    assert!(recovered.damage.is_none(), "a loss is reported once");
    assert_eq!(damaged_files(&folder).len(), 1, "and the file stays");
}

#[tokio::test]
async fn an_entry_without_an_end_costs_all_behind_it_and_is_told() {
    let (folder, file, at) = written_three_times().await;
    // The length of the entry becomes larger than any entry may be.
    flip(&file, at + 3);
    let behind = (fs::read(&file).unwrap().len() - at) as u64;
    let (directory, recovered) = InProcessDirectory::open(folder.path(), now(3), GRACE).unwrap();
    let lost = JournalDamage { files: 1, missing_files: 0, entries: 1, bytes: behind };
    assert_eq!(recovered.damage, lost);
    assert!(status(&directory, &user(1), now(3)).await.is_some());
    assert!(status(&directory, &user(2), now(3)).await.is_none());
    assert_eq!(damaged_files(&folder).len(), 1);
}

/// The end of the snapshot is missing, including the entry that completes it.
#[tokio::test]
async fn a_snapshot_that_was_cut_is_told_and_kept() {
    let (folder, _, _) = written_three_times().await;
    // After the second start, only the snapshot contains the records.
    let (directory, _) = InProcessDirectory::open(folder.path(), now(3), GRACE).unwrap();
    directory.maintain(now(3)).unwrap();
    drop(directory);
    let base = journal_files(&folder).into_keys().find(|path| path.extension().unwrap() == "base").unwrap();
    let bytes = fs::read(&base).unwrap();
    fs::write(&base, &bytes[..bytes.len() - 15]).unwrap();
    let (_, recovered) = InProcessDirectory::open(folder.path(), now(4), GRACE).unwrap();
    assert_eq!((recovered.damage.files, recovered.in_doubt), (1, true), "{recovered:?}");
    assert_eq!(damaged_files(&folder), [base.file_name().unwrap().to_str().unwrap()]);
}

#[tokio::test]
async fn files_that_are_missing_are_counted() {
    let (folder, file, _) = written_three_times().await;
    fs::remove_file(file).unwrap();
    let (_, recovered) = InProcessDirectory::open(folder.path(), now(3), GRACE).unwrap();
    assert_eq!(recovered.damage, JournalDamage { missing_files: 1, ..JournalDamage::default() });
}

/// The process is killed while it starts, before it has written a snapshot.
#[tokio::test]
async fn a_kill_in_the_midst_of_a_start_loses_no_more() {
    let (folder, file, at) = written_three_times().await;
    flip(&file, at + 12);
    let before = copy(&folder);
    let (_, first) = InProcessDirectory::open(folder.path(), now(3), GRACE).unwrap();
    // The journal is as the kill has left it, and the copy of the damaged file already exists.
    for (path, _) in journal_files(&folder) {
        fs::remove_file(path).unwrap();
    }
    for (path, _) in journal_files(&before) {
        fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    let (_, second) = InProcessDirectory::open(folder.path(), now(4), GRACE).unwrap();
    assert_eq!((first.damage, first.records), (second.damage, second.records));
    assert_eq!(damaged_files(&folder).len(), 1);
}

/// The files show who communicates with whom.
#[tokio::test]
async fn the_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("live");
    let directory = open(&folder, now(0));
    log_in(&*directory, &user(1), "one", now(1)).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for entry in fs::read_dir(&folder).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[tokio::test]
async fn a_file_of_another_form_counts_as_lost_and_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let complete_since = |at: u64| {
        let (directory, recovered) = InProcessDirectory::open(folder.path(), now(at), GRACE).unwrap();
        directory.maintain(now(at)).unwrap();
        recovered.complete_since
    };
    assert_eq!(complete_since(1), now(1).wall);
    assert_eq!(complete_since(2), now(1).wall);
    let file = journal_files(&folder).pop_first().unwrap().0;
    fs::write(file, b"LAMPLIVE\x00\x00\x99\x99 whatever").unwrap();
    // Later starts still report the time before which records may be missing.
    for at in [3, 4, 5] {
        assert_eq!(complete_since(at), now(3).wall);
    }
    // A file of a former version is treated as lost too.
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("live.7"), b"LAMPLIVE\x00\x00\x00\x03 whatever").unwrap();
    let (directory, recovered) = InProcessDirectory::open(folder.path(), now(6), GRACE).unwrap();
    assert_eq!((recovered.complete_since, recovered.in_doubt), (now(6).wall, true));
    directory.maintain(now(6)).unwrap();
    assert!(!folder.path().join("live.7").exists(), "it is deleted with the first snapshot");
}

#[tokio::test]
async fn a_file_that_is_missing_puts_all_others_in_doubt() {
    let folder = tempfile::tempdir().unwrap();
    let directory = open(folder.path(), now(0));
    log_in(&*directory, &user(1), "one", now(1)).await;
    drop(directory);
    assert!(!InProcessDirectory::open(copy(&folder).path(), now(2), GRACE).unwrap().1.in_doubt);
    for file in journal_files(&folder).into_keys() {
        let copy = copy(&folder);
        fs::remove_file(copy.path().join(file.file_name().unwrap())).unwrap();
        let recovered = InProcessDirectory::open(copy.path(), now(2), GRACE).unwrap().1;
        assert!(recovered.in_doubt, "{file:?}");
        assert_eq!(recovered.complete_since, now(2).wall);
    }
}

#[tokio::test]
async fn a_removed_record_stays_removed() {
    let folder = tempfile::tempdir().unwrap();
    let directory = open(folder.path(), now(0));
    log_in(&*directory, &user(1), "one", now(1)).await;
    directory.remove(&user(1), now(2)).await.unwrap();
    drop(directory);
    assert!(status(&*open(folder.path(), now(3)), &user(1), now(3)).await.is_none());
}

#[tokio::test]
async fn a_journal_that_has_grown_is_written_anew_while_changes_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let (directory, _) = InProcessDirectory::open(folder.path(), now(0), GRACE).unwrap();
    let directory = Arc::new(directory);
    let port: Arc<dyn Directory> = Arc::<InProcessDirectory>::clone(&directory);
    for n in 0..20 {
        log_in(&*port, &user(n), "first", now(1)).await;
    }
    let text = "x".repeat(90);
    let mut compactions = 0;
    let mut file = journal_files(&folder).pop_first().unwrap().0;
    for round in 0..150_000usize {
        set_custom(&*port, &user(round % 20), &format!("{round} {text}"), now(2)).await;
        if round.is_multiple_of(1_000) {
            directory.maintain(now(2)).unwrap();
            let present = journal_files(&folder).pop_first().unwrap().0;
            compactions += usize::from(present != file);
            file = present;
        }
    }
    assert!(compactions >= 1, "no snapshot was written");
    let mut expected = Vec::new();
    for n in 0..20 {
        expected.push(status(&*port, &user(n), now(2)).await.unwrap());
    }
    drop((directory, port));
    let directory = open(folder.path(), now(3));
    for (n, before) in expected.into_iter().enumerate() {
        let after = status(&*directory, &user(n), now(3)).await.unwrap();
        assert_eq!((after.version, after.custom_status), (before.version, before.custom_status));
    }
}

#[tokio::test]
async fn a_cursor_of_the_feed_survives_a_restart_and_nothing_is_missed_by_it() {
    let folder = tempfile::tempdir().unwrap();
    let directory = open(folder.path(), now(0));
    for n in 0..4 {
        log_in(&*directory, &user(n), "first", now(1)).await;
    }
    directory.remove(&user(3), now(1)).await.unwrap();
    let cursor = directory.feed(AppId(1), None, 100).await.unwrap().cursor;
    set_custom(&*directory, &user(0), "not read before the end", now(2)).await;
    std::mem::forget(directory);

    let directory = open(folder.path(), now(3));
    set_custom(&*directory, &user(2), "after the start", now(4)).await;
    let page = directory.feed(AppId(1), Some(cursor.clone()), 100).await.unwrap();
    assert_eq!((page.users, page.reset), (vec![user(0), user(2)], false));
}

#[tokio::test]
async fn a_cursor_from_before_a_removal_begins_again_after_a_restart_too() {
    let folder = tempfile::tempdir().unwrap();
    let directory = open(folder.path(), now(0));
    let cursor = directory.feed(AppId(1), None, 100).await.unwrap().cursor;
    log_in(&*directory, &user(1), "gone", now(1)).await;
    directory.remove(&user(1), now(2)).await.unwrap();
    for at in [3, 4] {
        let directory = open(folder.path(), now(at));
        assert!(directory.feed(AppId(1), Some(cursor.clone()), 100).await.unwrap().reset, "at {at}");
    }
}

#[tokio::test]
async fn a_journal_that_lost_something_begins_another_epoch_of_the_feed() {
    let folder = tempfile::tempdir().unwrap();
    let directory = open(folder.path(), now(0));
    let before = journal_files(&folder);
    log_in(&*directory, &user(1), "one", now(1)).await;
    let cursor = directory.feed(AppId(1), None, 100).await.unwrap().cursor;
    drop(directory);
    let (file, at) = grown(&before, &folder);
    flip(&file, at + 12);
    let page = open(folder.path(), now(2)).feed(AppId(1), Some(cursor.clone()), 100).await.unwrap();
    assert!(page.reset && page.cursor.epoch() > cursor.epoch());

    for file in journal_files(&folder).into_keys() {
        fs::remove_file(file).unwrap();
    }
    let page = open(folder.path(), now(3)).feed(AppId(1), Some(cursor.clone()), 100).await.unwrap();
    assert!(page.reset);
}

/// Checks that versions are above all versions that were sent before the restart. Otherwise, a client with a lost
/// version would keep a wrong status.
#[tokio::test]
async fn a_damaged_journal_restores_versions_above_all_that_was_told() {
    let folder = tempfile::tempdir().unwrap();
    let directory = open(folder.path(), now(0));
    log_in(&*directory, &user(1), "old", now(1)).await;
    log_in(&*directory, &user(2), "other", now(1)).await;
    let before = journal_files(&folder);
    set_custom(&*directory, &user(1), "new", now(2)).await;
    let told = status(&*directory, &user(1), now(2)).await.unwrap();
    let other = status(&*directory, &user(2), now(2)).await.unwrap();
    std::mem::forget(directory);
    let (file, at) = grown(&before, &folder);
    flip(&file, at + 12);

    let (directory, recovered) = InProcessDirectory::open(folder.path(), now(5), GRACE).unwrap();
    assert!(recovered.in_doubt);
    // Records that are created again must have versions above those that were sent.
    assert_eq!(recovered.complete_since, now(5).wall);
    let directory: Arc<dyn Directory> = Arc::new(directory);
    let restored = status(&*directory, &user(1), now(5)).await.unwrap();
    assert_eq!(restored.custom_status.as_str(), "old");
    assert!(restored.version > told.version);
    // It is unknown whose changes were lost, so the versions of all users are raised.
    assert!(status(&*directory, &user(2), now(5)).await.unwrap().version > other.version);
    std::mem::forget(directory);
    // A version that was raised is not raised again.
    let directory = open(folder.path(), now(6));
    assert_eq!(status(&*directory, &user(1), now(6)).await.unwrap().version, restored.version);
}

/// Returns the [`FactsMark`] that the next start would read from this folder. Reads a copy, so that the folder does not
/// change.
fn noted(folder: &TempDir) -> Option<FactsMark> {
    SavedRecords::read(copy(folder).path()).unwrap().facts()
}

#[tokio::test]
async fn the_mark_of_the_facts_survives_kills_and_damage() {
    let folder = tempfile::tempdir().unwrap();
    let mark = |count| FactsMark { history: 7, count };
    let saved = SavedRecords::read(folder.path()).unwrap();
    assert!(saved.is_empty() && saved.facts().is_none());
    let (directory, _) = saved.open(Some(mark(1)), now(0), GRACE).unwrap();
    assert_eq!(noted(&folder), Some(mark(1)), "from the start on");
    directory.note_facts(mark(2)).unwrap();
    log_in(&directory, &user(1), "one", now(1)).await;
    assert_eq!(noted(&folder), Some(mark(2)));
    std::mem::forget(directory);
    let saved = SavedRecords::read(folder.path()).unwrap();
    assert!(!saved.is_empty());
    let (directory, recovered) = saved.open(Some(mark(3)), now(4), GRACE).unwrap();
    assert_eq!((recovered.records, recovered.in_doubt), (1, false));
    assert_eq!(noted(&folder), Some(mark(3)));
    directory.maintain(now(4)).unwrap();
    // If the file with the newest mark is damaged, an older mark is found, and the facts are ahead of it.
    directory.note_facts(mark(4)).unwrap();
    std::mem::forget(directory);
    let newest =
        journal_files(&folder).into_keys().rfind(|path| path.extension().is_some_and(|it| it == "0"));
    let newest = newest.unwrap();
    let bytes = fs::read(&newest).unwrap();
    fs::write(&newest, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(noted(&folder), Some(mark(3)));
}

#[tokio::test]
async fn records_of_other_facts_are_set_aside_whole_and_the_feed_begins_anew() {
    let outer = tempfile::tempdir().unwrap();
    let (live, aside) = (outer.path().join("live"), outer.path().join("aside"));
    let mark = |count| FactsMark { history: 7, count };
    let saved = SavedRecords::read(&live).unwrap();
    let (directory, _) = saved.open(Some(mark(5)), now(0), GRACE).unwrap();
    log_in(&directory, &user(1), "one", now(10)).await;
    let cursor = directory.feed(AppId(1), None, 10).await.unwrap().cursor;
    std::mem::forget(directory);
    let files = |folder: &Path| {
        let names =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect::<std::collections::BTreeSet<_>>()
    };
    let before = files(&live);
    fs::create_dir(&aside).unwrap();
    fs::write(aside.join("of an earlier restore"), "").unwrap();

    // The clock of the machine on which the backup was restored may be behind.
    let behind = Now { moment: Moment(1), wall: Timestamp(5) };
    let saved = SavedRecords::read(&live).unwrap();
    assert!(!mark(4).includes(saved.facts().unwrap()));
    let saved = saved.set_aside(&aside).unwrap();
    assert_eq!(saved.facts(), None);
    let other = FactsMark { history: 8, count: 5 };
    let (directory, recovered) = saved.open(Some(other), behind, GRACE).unwrap();
    assert_eq!(files(&aside), before, "all files, and none of an earlier folder");
    assert_eq!((recovered.records, recovered.in_doubt), (0, true));
    assert!(recovered.damage.is_none() && directory.stats().journal_set_aside);
    let page = directory.feed(AppId(1), Some(cursor), 10).await.unwrap();
    assert!(page.reset, "{page:?}");
    assert!(recovered.complete_since >= now(0).wall, "versions stay ahead although the clock is behind");
    std::mem::forget(directory);
    let saved = SavedRecords::read(&live).unwrap();
    assert_eq!(saved.facts(), Some(other));
    let (directory, recovered) = saved.open(Some(other), behind, GRACE).unwrap();
    assert!(!recovered.in_doubt && !directory.stats().journal_set_aside, "it is reported once");
}
