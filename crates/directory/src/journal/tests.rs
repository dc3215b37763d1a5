//! Tests with disks that are temporarily full, fail, or hang.

mod interrupted;
mod lists;
mod power;
mod reboots;
mod restrictions;
mod session_events;
mod starts;

use super::{Disk, DiskFile, RealDisk};
use crate::{Directory, InProcessDirectory, Recovered, SavedRecords};
use lamplight_core::{Connect, Presence, UserFacts};
use lamplight_model::{
    AppId, AppSettings, ConnectionId, CustomDuration, CustomStatus, DeviceId, EventDevice, FactsMark, Moment,
    Now, Platform, Reason, SessionEventKind, StatusAfter, StatusType, Timestamp, User, UserId, UserStatus,
    Version,
};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;
use tempfile::TempDir;

const GRACE: Duration = Duration::from_secs(30);

/// The states of a test disk.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Well,
    /// No file can be created or grow; a write stops halfway.
    Full,
    /// Only reads succeed.
    Dead,
}

/// A disk whose state is set by the test.
struct Moody {
    mood: Arc<Mutex<Mood>>,
    /// The first write to a snapshot waits in this pause until the test continues.
    snapshots: Option<Arc<Pause>>,
    /// The names of the files that were created and synced, in order.
    done: Arc<Mutex<Vec<String>>>,
}

struct Pause {
    writing: Mutex<mpsc::Sender<()>>,
    go_on: Mutex<mpsc::Receiver<()>>,
}

struct MoodyFile {
    file: Box<dyn DiskFile>,
    length: u64,
    mood: Arc<Mutex<Mood>>,
    pause: Option<Arc<Pause>>,
}

impl Disk for Moody {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        if *self.mood.lock().unwrap() != Mood::Well {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.note("make", path);
        let is_snapshot = path.extension().is_some_and(|extension| extension == "base");
        Ok(Box::new(MoodyFile {
            file: RealDisk.create(path)?,
            length: 0,
            mood: Arc::clone(&self.mood),
            pause: self.snapshots.clone().filter(|_| is_snapshot),
        }))
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        if *self.mood.lock().unwrap() != Mood::Well {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.note("sync", path);
        RealDisk.sync(path)
    }
}

impl Moody {
    fn note(&self, what: &str, path: &Path) {
        let name = path.file_name().unwrap().to_string_lossy();
        self.done.lock().unwrap().push(format!("{what} {name}"));
    }
}

impl DiskFile for MoodyFile {
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        if let Some(pause) = self.pause.take() {
            pause.writing.lock().unwrap().send(()).unwrap();
            pause.go_on.lock().unwrap().recv().unwrap();
        }
        let end = at + bytes.len() as u64;
        let mood = *self.mood.lock().unwrap();
        if mood == Mood::Dead || mood == Mood::Full && end > self.length {
            let half = bytes.len() / 2;
            self.length = self.length.max(at + half as u64);
            if half > 0 {
                self.file.write_at(at, &bytes[..half])?;
            }
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.length = self.length.max(end);
        self.file.write_at(at, bytes)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        if *self.mood.lock().unwrap() == Mood::Dead {
            return Err(io::ErrorKind::Other.into());
        }
        self.length = len;
        self.file.set_len(len)
    }
}

struct World {
    folder: TempDir,
    mood: Arc<Mutex<Mood>>,
    done: Arc<Mutex<Vec<String>>>,
    directory: Arc<InProcessDirectory>,
}

impl World {
    fn new() -> Self {
        Self::with(None)
    }

    fn with(snapshots: Option<Arc<Pause>>) -> Self {
        let (folder, mood) = (tempfile::tempdir().unwrap(), Arc::new(Mutex::new(Mood::Well)));
        let done = Arc::default();
        let disk = Arc::new(Moody { mood: Arc::clone(&mood), snapshots, done: Arc::clone(&done) });
        let directory =
            InProcessDirectory::open_on(disk, "one".into(), folder.path(), now(0), GRACE).unwrap();
        Self { folder, mood, done, directory: Arc::new(directory.0) }
    }

    fn mood(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Opens the journal as the next process would after a `kill -9`.
    fn killed(&self, machine: &str, now: Now) -> (InProcessDirectory, Recovered) {
        let disk = Arc::new(RealDisk);
        InProcessDirectory::open_on(disk, machine.into(), self.folder.path(), now, GRACE).unwrap()
    }
}

fn now(millis: u64) -> Now {
    Now { moment: Moment(millis), wall: Timestamp(1_700_000_000_000 + millis) }
}

fn user(n: usize) -> User {
    User::new(AppId(1), UserId::new(&format!("user {n}")).unwrap())
}

fn log_in(directory: &dyn Directory, user: &User, custom: &str, now: Now) {
    let settings = AppSettings::default();
    let blank =
        Presence::from_facts(UserFacts::default(), Version(1), Timestamp(0), false, &settings, Moment(0));
    finish(directory.seed(user, blank, now)).unwrap();
    let device = DeviceId::new("phone").unwrap();
    let (platform, connection) = (Platform::IPhone, ConnectionId::alone(1));
    let connect =
        Connect { device: &device, platform, login: 1, born: 0, issued: 1, connection, address: None };
    finish(directory.update(user, now, |presence| presence.connect(&connect, &settings, now))).unwrap();
    set_custom(directory, user, custom, now);
}

fn set_custom(directory: &dyn Directory, user: &User, text: &str, now: Now) {
    let (custom, settings) = (CustomStatus::new(text, 100).unwrap(), AppSettings::default());
    let act = |presence: &mut Presence| presence.set_custom_status(custom.clone(), None, &settings, now);
    finish(directory.update(user, now, act)).unwrap();
}

fn status(directory: &dyn Directory, of: &User, _: Now) -> UserStatus {
    let one = [of.clone()];
    let show = |user: &User, presence: Option<&Presence>| presence.map(|it| it.status(&user.id));
    finish(directory.read(&one, show)).unwrap().remove(0).unwrap()
}

/// Returns the result of a call to this directory. All calls to this directory are ready at once.
fn finish<T>(answer: impl Future<Output = T>) -> T {
    futures_util::FutureExt::now_or_never(answer).unwrap()
}

#[test]
fn one_failed_write_loses_nothing_that_is_acknowledged_later() {
    for mood in [Mood::Full, Mood::Dead] {
        let world = World::new();
        log_in(&*world.directory, &user(1), "before 0", now(1));
        for n in 0..200 {
            world.mood(if n == 70 { mood } else { Mood::Well });
            set_custom(&*world.directory, &user(1), &format!("after {n}"), now(2 + n));
        }
        assert_eq!(world.directory.stats().journal_errors, 1);
        let (directory, _) = world.killed("one", now(1_000));
        assert_eq!(status(&directory, &user(1), now(1_000)).custom_status.as_str(), "after 199");
    }
}

#[test]
fn what_could_not_be_written_is_written_when_the_disk_takes_it() {
    let world = World::new();
    log_in(&*world.directory, &user(1), "one", now(1));
    log_in(&*world.directory, &user(2), "two", now(1));
    world.mood(Mood::Full);
    set_custom(&*world.directory, &user(1), "not written", now(2));
    // There is no space for a snapshot either, so it is tried again.
    for at in [3, 4] {
        world.directory.maintain(now(at)).unwrap_err();
    }
    assert!(world.directory.stats().journal_errors >= 3);
    assert!(world.directory.stats().journal_in_doubt);
    world.mood(Mood::Well);
    world.directory.maintain(now(5)).unwrap();
    assert!(!world.directory.stats().journal_in_doubt);
    let told = status(&*world.directory, &user(1), now(5));
    let cursor = finish(world.directory.feed(AppId(1), None, 9)).unwrap().cursor;
    let files = std::fs::read_dir(world.folder.path()).unwrap().count();
    assert_eq!(files, super::STRIPES + 1, "no file of a former generation is left");

    let (directory, recovered) = world.killed("one", now(6));
    assert!(!recovered.in_doubt);
    let restored = status(&directory, &user(1), now(6));
    assert_eq!((restored.custom_status, restored.version), (told.custom_status, told.version));
    assert!(!finish(directory.feed(AppId(1), Some(cursor), 9)).unwrap().reset);
}

#[test]
fn a_disk_that_takes_no_sign_of_life_puts_the_journal_in_doubt_though_nobody_changes_anything() {
    let world = World::new();
    world.mood(Mood::Full);
    world.directory.maintain(now(1)).unwrap_err();
    assert!(world.directory.stats().journal_in_doubt);
    world.mood(Mood::Well);
    world.directory.maintain(now(2)).unwrap();
    assert!(!world.directory.stats().journal_in_doubt);
}

#[test]
fn what_failed_while_a_snapshot_was_written_is_in_the_next() {
    let (writing, is_writing) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel();
    let pause = Pause { writing: Mutex::new(writing), go_on: Mutex::new(may_go_on) };
    // Continues the snapshot of the start.
    go_on.send(()).unwrap();
    let world = World::with(Some(Arc::new(pause)));
    is_writing.recv().unwrap();
    log_in(&*world.directory, &user(1), "one", now(1));
    world.mood(Mood::Full);
    set_custom(&*world.directory, &user(1), "two", now(2));
    world.mood(Mood::Well);
    std::thread::scope(|scope| {
        let rewriting = scope.spawn(|| world.directory.maintain(now(3)));
        is_writing.recv().unwrap();
        world.mood(Mood::Full);
        set_custom(&*world.directory, &user(1), "three", now(4));
        world.mood(Mood::Well);
        go_on.send(()).unwrap();
        rewriting.join().unwrap().unwrap();
    });
    go_on.send(()).unwrap();
    world.directory.maintain(now(5)).unwrap();
    let (directory, recovered) = world.killed("one", now(6));
    assert!(!recovered.in_doubt);
    assert_eq!(status(&directory, &user(1), now(6)).custom_status.as_str(), "three");
}

#[test]
fn a_kill_before_that_lifts_what_is_restored_above_what_was_told() {
    let world = World::new();
    log_in(&*world.directory, &user(1), "one", now(1));
    world.mood(Mood::Full);
    set_custom(&*world.directory, &user(1), "told, and not written", now(2));
    let told = status(&*world.directory, &user(1), now(2));
    let cursor = finish(world.directory.feed(AppId(1), None, 9)).unwrap().cursor;

    let (directory, recovered) = world.killed("one", now(3));
    assert!(recovered.in_doubt);
    assert_eq!(recovered.complete_since, now(3).wall);
    let restored = status(&directory, &user(1), now(3));
    assert_eq!(restored.custom_status.as_str(), "one");
    assert!(restored.version > told.version);
    assert!(finish(directory.feed(AppId(1), Some(cursor), 9)).unwrap().reset);
}

#[test]
fn another_run_of_the_machine_lifts_what_is_restored_too() {
    let world = World::new();
    log_in(&*world.directory, &user(1), "one", now(1));
    let told = status(&*world.directory, &user(1), now(1));
    let (directory, recovered) = world.killed("another", now(2));
    assert_eq!((recovered.in_doubt, recovered.complete_since), (true, now(2).wall));
    let restored = status(&directory, &user(1), now(2));
    assert!(restored.version > told.version);
    // A kill within the same boot causes no doubt.
    let (directory, recovered) = world.killed("another", now(3));
    assert!(!recovered.in_doubt);
    assert_eq!(status(&directory, &user(1), now(3)).version, restored.version);
}

#[test]
fn changes_and_reads_go_on_while_a_snapshot_waits_for_its_disk() {
    let (writing, is_writing) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel();
    go_on.send(()).unwrap();
    let pause = Pause { writing: Mutex::new(writing), go_on: Mutex::new(may_go_on) };
    let world = World::with(Some(Arc::new(pause)));
    is_writing.recv().unwrap();
    for n in 0..500 {
        log_in(&*world.directory, &user(n), "before", now(1));
    }
    // A failed write causes a new snapshot.
    world.mood(Mood::Full);
    set_custom(&*world.directory, &user(0), "x", now(2));
    world.mood(Mood::Well);
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let rewriting = scope.spawn(|| world.directory.maintain(now(3)));
        is_writing.recv().unwrap();
        // If a shard were still locked, these calls would never return.
        for n in 0..500 {
            set_custom(&*world.directory, &user(n), &format!("while {n}"), now(4));
            assert_eq!(
                status(&*world.directory, &user(n), now(4)).custom_status.as_str(),
                format!("while {n}")
            );
            done.fetch_add(1, Ordering::Relaxed);
        }
        finish(world.directory.remove(&user(499), now(5))).unwrap();
        go_on.send(()).unwrap();
        rewriting.join().unwrap().unwrap();
    });
    assert_eq!(done.load(Ordering::Relaxed), 500);
    let (directory, recovered) = world.killed("one", now(6));
    assert_eq!((recovered.records, recovered.in_doubt), (499, false));
    for n in 0..499 {
        assert_eq!(status(&directory, &user(n), now(6)).custom_status.as_str(), format!("while {n}"));
    }
}

#[test]
fn what_changes_nothing_is_not_written() {
    let world = World::new();
    log_in(&*world.directory, &user(1), "one", now(1));
    let length = || -> u64 {
        let files = std::fs::read_dir(world.folder.path()).unwrap();
        files.map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
    };
    let before = length();
    let (directory, settings): (&dyn Directory, _) = (&*world.directory, AppSettings::default());
    set_custom(directory, &user(1), "one", now(2));
    let superseded = |presence: &mut Presence| {
        presence.disconnect(
            ConnectionId::alone(9),
            lamplight_core::LinkEnd::Closed,
            now(3).wall,
            &settings,
            now(3),
        )
    };
    finish(directory.update(&user(1), now(3), superseded)).unwrap();
    let nobody = |presence: &mut Presence| presence.logout(ConnectionId::alone(9), &settings, now(4));
    finish(directory.update(&user(1), now(4), nobody)).unwrap();
    assert_eq!(length(), before);
}

#[test]
fn a_journal_that_was_closed_is_in_no_doubt_in_another_run_of_the_machine() {
    let world = World::new();
    log_in(&*world.directory, &user(1), "told", now(1));
    let told = status(&*world.directory, &user(1), now(3));
    world.directory.close(now(2)).unwrap();

    let (directory, recovered) = world.killed("two", now(5_000));
    assert_eq!((recovered.in_doubt, recovered.complete_since), (false, now(0).wall));
    let restored = status(&directory, &user(1), now(3));
    assert_eq!((restored.version, &restored.custom_status), (told.version, &told.custom_status));
    // From now on, the journal belongs to the new boot.
    set_custom(&directory, &user(1), "later", now(5_001));
    let told = status(&directory, &user(1), now(3));
    drop(directory);
    let (directory, recovered) = world.killed("two", now(6_000));
    assert!(!recovered.in_doubt);
    assert_eq!(status(&directory, &user(1), now(3)).version, told.version);
    drop(directory);
    assert!(world.killed("three", now(7_000)).1.in_doubt, "it was closed once, but written since");
}

#[test]
fn what_is_written_to_a_journal_that_was_closed_takes_the_mark_away() {
    let world = World::new();
    log_in(&*world.directory, &user(1), "told", now(1));
    world.directory.close(now(2)).unwrap();
    world.done.lock().unwrap().clear();
    for text in ["and told since", "and once more"] {
        set_custom(&*world.directory, &user(1), text, now(3));
    }
    // A reboot must not bring the mark back.
    let folder = world.folder.path().file_name().unwrap().to_string_lossy().into_owned();
    assert_eq!(*world.done.lock().unwrap(), [format!("sync {folder}")]);
    let told = status(&*world.directory, &user(1), now(3));
    let (directory, recovered) = world.killed("two", now(4));
    assert!(recovered.in_doubt);
    assert!(status(&directory, &user(1), now(3)).version > told.version);
}

#[test]
fn the_mark_is_made_when_everything_else_is_synced_and_is_synced_itself() {
    let world = World::new();
    log_in(&*world.directory, &user(1), "told", now(1));
    world.directory.maintain(now(1)).unwrap();
    world.done.lock().unwrap().clear();
    world.directory.close(now(2)).unwrap();
    let done = world.done.lock().unwrap().clone();
    let folder = world.folder.path().file_name().unwrap().to_string_lossy().into_owned();
    let at = done.iter().position(|it| it == "make closed").expect("the mark is written");
    assert_eq!(done[at - 1], format!("sync {folder}"));
    let mut files: Vec<String> = std::fs::read_dir(world.folder.path())
        .unwrap()
        .map(|entry| format!("sync {}", entry.unwrap().file_name().to_string_lossy()))
        .filter(|it| it != "sync closed")
        .collect();
    files.sort();
    let mut synced = done[..at - 1].to_vec();
    synced.sort();
    assert_eq!(synced, files);
    assert_eq!(done[at + 1..], ["sync closed".to_owned(), format!("sync {folder}")]);
}

#[test]
fn a_journal_that_cannot_be_synced_or_bears_a_mark_that_is_not_its_own_is_in_doubt() {
    let world = World::new();
    log_in(&*world.directory, &user(1), "told", now(1));
    world.mood(Mood::Full);
    assert!(world.directory.close(now(2)).is_err());
    assert!(world.killed("two", now(3)).1.in_doubt);
    // A restored copy of a folder may contain such a mark.
    for mark in ["", "closed at generation 1\n", "closed at generation"] {
        std::fs::write(world.folder.path().join("closed"), mark).unwrap();
        assert!(world.killed(&format!("with {mark:?}"), now(4)).1.in_doubt);
    }
}

#[test]
fn a_file_named_by_a_generation_that_has_no_next_one_is_left_alone() {
    for name in ["live.18446744073709551615.0", "live.18446744073709551615.base", "live.18446744073709551614"]
    {
        let world = World::new();
        log_in(&*world.directory, &user(1), "one", now(1));
        std::fs::write(world.folder.path().join(name), b"not ours").unwrap();
        let (directory, recovered) = world.killed("one", now(2));
        assert!(!recovered.in_doubt, "{name}");
        assert_eq!(status(&directory, &user(1), now(2)).custom_status.as_str(), "one");
        assert_eq!(std::fs::read(world.folder.path().join(name)).unwrap(), b"not ours");
    }
}

/// The next snapshot contains the last [`FactsMark`], even if earlier attempts to write it failed.
#[test]
fn the_mark_of_the_facts_goes_into_the_next_snapshot() {
    let mark = |count| FactsMark { history: 7, count };
    for (name, when) in [("taken", Mood::Well), ("not taken", Mood::Full)] {
        let world = World::new();
        world.directory.note_facts(mark(1)).unwrap();
        world.mood(when);
        assert_eq!(world.directory.note_facts(mark(2)).is_ok(), when == Mood::Well);
        world.mood(Mood::Full);
        log_in(&*world.directory, &user(1), "one", now(1));
        world.mood(Mood::Well);
        world.directory.maintain(now(2)).unwrap();
        let names = std::fs::read_dir(world.folder.path()).unwrap();
        let names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert!(names.iter().any(|name| name.starts_with("live.2.")), "{names:?}");
        assert!(names.iter().all(|name| !name.starts_with("live.1.")), "{names:?}");
        let saved = SavedRecords::read(world.folder.path()).unwrap();
        assert_eq!(saved.facts(), Some(mark(2)), "{name}");
    }
}

#[test]
fn a_duration_survives_a_kill_and_what_fell_due_meanwhile_is_due_at_the_start() {
    for (started, is_over) in [(30_000, false), (59_999, false), (60_001, true), (9_000_000, true)] {
        let world = World::new();
        log_in(&*world.directory, &user(1), "one", now(0));
        let (custom, settings) = (CustomStatus::new("busy", 100).unwrap(), AppSettings::default());
        let lasts = CustomDuration::of(&custom, 60).unwrap();
        let act = |presence: &mut Presence| {
            presence.set_custom_status_for(custom.clone(), lasts, None, &settings, now(1))
        };
        finish((&*world.directory as &dyn Directory).update(&user(1), now(1), act)).unwrap();
        let before = status(&*world.directory, &user(1), now(1));
        assert_eq!(before.custom_expires, Some(now(60_001).wall));

        let (directory, _) = world.killed("one", now(started));
        let directory: &dyn Directory = &directory;
        assert_eq!(status(directory, &user(1), now(started)), before);
        let due = finish(directory.due(0, now(started).moment, 9)).unwrap();
        assert_eq!(due.contains(&user(1)), is_over, "at {started} ms");
        if is_over {
            let end = |presence: &mut Presence| presence.end_custom_status(&settings, now(started));
            finish(directory.update(&user(1), now(started), end)).unwrap();
            let after = status(directory, &user(1), now(started));
            assert_eq!((after.reason, after.custom_expires), (Reason::CustomExpired, None));
            assert!(after.custom_status.is_empty() && after.version > before.version);
        }
    }
}

/// A file of format 9 has no entries without lists. A file of format 8 also has no restrictions, a file of format 7 no
/// duration of a custom status, and a file of format 6 no [`FactsMark`]. Otherwise, the formats are equal.
#[test]
fn a_journal_of_a_format_before_is_read() {
    super::FORMER_MAGICS[..4].iter().for_each(|magic| a_journal_that_begins_with_is_read(magic));
}

fn a_journal_that_begins_with_is_read(magic: &[u8; 12]) {
    let world = World::new();
    log_in(&*world.directory, &user(1), "one", now(1));
    for entry in std::fs::read_dir(world.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        assert!(bytes.starts_with(super::MAGIC));
        bytes[..super::MAGIC.len()].copy_from_slice(magic);
        std::fs::write(&path, bytes).unwrap();
    }
    let saved = SavedRecords::read(world.folder.path()).unwrap();
    assert_eq!((saved.facts(), saved.is_empty()), (None, false));
    let (directory, recovered) = world.killed("one", now(2));
    assert!(!recovered.in_doubt && recovered.records == 1, "{recovered:?}");
    assert_eq!(status(&directory, &user(1), now(2)).custom_status.as_str(), "one");
}

/// The files have format 5. A login on an iPad has kicked a phone. Afterwards, the iPad set a custom status and timed
/// out.
#[test]
fn a_journal_of_the_form_before_is_read_with_its_session_events() {
    let folder = TempDir::new().unwrap();
    let files: [(&str, &[u8]); 2] = [
        ("live.1.base", include_bytes!("form_5/live.1.base")),
        ("live.1.7", include_bytes!("form_5/live.1.7")),
    ];
    for (name, bytes) in files {
        assert!(bytes.starts_with(super::FORMER_MAGICS[4]));
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let (phone, pad) = (("phone", Platform::IPhone), ("pad", Platform::IPad));
    let device = |(name, platform): (&str, Platform)| EventDevice {
        id: DeviceId::new(name).unwrap(),
        platform,
        address: Some([192, 0, 2, 1].into()),
    };
    let busy = CustomStatus::new("busy", 100).unwrap();
    let expected = [
        (phone, SessionEventKind::Login { kicked: Vec::new() }),
        (pad, SessionEventKind::Login { kicked: vec![Platform::IPhone] }),
        (pad, SessionEventKind::CustomStatus(busy)),
        (pad, SessionEventKind::TimedOut),
    ]
    .map(|(on, kind)| (Some(device(on)), kind, None::<StatusAfter>));
    // The second time, the journal has the current format.
    for _ in 0..2 {
        let (opened, recovered) = InProcessDirectory::open(folder.path(), now(5), GRACE).unwrap();
        opened.maintain(now(5)).unwrap();
        let directory: &dyn Directory = &opened;
        assert_eq!(recovered.records, 1);
        let one = [user(1)];
        let show = |_: &User, presence: Option<&Presence>| presence.cloned();
        let record = finish(directory.read(&one, show)).unwrap().remove(0).unwrap();
        assert_eq!(record.status_type(), StatusType::Offline);
        let events = record.pending_events().unwrap().waiting();
        let events: Vec<_> =
            events.map(|event| (event.device.clone(), event.kind.clone(), event.after)).collect();
        assert_eq!(events, expected);
    }
    let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    for path in names.filter(|path| path.extension().is_some_and(|it| it == "base")) {
        assert!(std::fs::read(path).unwrap().starts_with(super::MAGIC), "the former files are gone");
    }
}
