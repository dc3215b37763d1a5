//! Tests of entries without the lists of a record: the subscription list and the restrictions.

use super::super::recovery::Recovery;
use super::super::replay::replay;
use super::{GRACE, Mood, Pause, World, finish, log_in, now, set_custom, status, user};
use crate::journal::Entry;
use crate::{Directory, InProcessDirectory};
use lamplight_core::{Connect, LinkEnd, Presence, SavedPresence, UserFacts};
use lamplight_model::{
    AppSettings, AwayLogins, ConnectionId, CustomStatus, DeviceId, Moment, Now, Platform, StoredRestrictions,
    Timestamp, User, UserId, Version, Visibility,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, mpsc};

fn settings() -> AppSettings {
    let mut settings = AppSettings::default();
    settings.limits.subscriptions = 10_000;
    settings
}

fn named(letter: &str, count: usize) -> Vec<UserId> {
    (0..count).map(|number| UserId::new(&format!("{letter}{number:07}")).unwrap()).collect()
}

fn subscribe(directory: &dyn Directory, user: &User, to: &[UserId], now: Now) {
    let act = |presence: &mut Presence| presence.subscribe(to, &settings(), now.moment);
    finish(directory.update(user, now, act)).unwrap();
}

fn restrict(directory: &dyn Directory, user: &User, version: u64, friends: Vec<UserId>, now: Now) {
    let (visibility, blocked) = (Visibility::Friends, named("b", 3));
    let away = AwayLogins::default();
    let stored = StoredRestrictions { version, visibility, friends, blocked, away };
    let act = |presence: &mut Presence| presence.restrict(&stored, &settings(), now);
    finish(directory.update(user, now, act)).unwrap();
}

/// The state of a record that must survive. Connections do not, and deadlines depend on the time.
#[derive(Clone, PartialEq, Debug)]
struct Kept {
    custom: CustomStatus,
    subscriptions: Vec<UserId>,
    blocked: Option<Vec<UserId>>,
    restrictions: Option<u64>,
    devices: Vec<DeviceId>,
    rev: u64,
}

fn kept(directory: &dyn Directory, of: &User) -> Option<Kept> {
    let look = |_: &User, record: Option<(&Presence, u64)>| {
        record.map(|(presence, rev)| Kept {
            custom: presence.custom_status().clone(),
            subscriptions: presence.subscriptions().iter().collect(),
            blocked: presence.restrictions().map(|it| it.blocked().to_vec()),
            restrictions: presence.restrictions().map(|it| it.version()),
            devices: presence.devices().iter().map(|device| device.id.clone()).collect(),
            rev,
        })
    };
    finish(directory.read_revisions(std::slice::from_ref(of), look)).unwrap().remove(0)
}

/// Returns the files of changes of the only generation.
fn stripes(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|it| it != "base")).collect()
}

fn bytes_of(folder: &Path) -> u64 {
    stripes(folder).iter().map(|path| fs::metadata(path).unwrap().len()).sum()
}

#[test]
fn a_change_of_the_status_is_written_without_the_lists() {
    let world = World::new();
    log_in(&*world.directory, &user(1), "one", now(0));
    subscribe(&*world.directory, &user(1), &named("s", 10_000), now(1));
    restrict(&*world.directory, &user(1), 7, named("f", 10_000), now(2));
    let before = bytes_of(world.folder.path());
    assert!(before > 150_000, "{before}");
    for n in 0..100 {
        set_custom(&*world.directory, &user(1), &format!("text {n}"), now(3 + n));
    }
    let grown = bytes_of(world.folder.path()) - before;
    assert!(grown < 100 * 150, "{grown} bytes of 100 changes");

    let expected = kept(&*world.directory, &user(1)).unwrap();
    assert_eq!((expected.subscriptions.len(), expected.restrictions), (10_000, Some(7)));
    // Each start writes a snapshot, and the changes after it have no lists either.
    for start in 1..4 {
        let (directory, recovered) = world.killed("one", now(1_000 * start));
        assert!(!recovered.in_doubt);
        let found = kept(&directory, &user(1)).unwrap();
        assert_eq!(found.subscriptions, expected.subscriptions);
        assert_eq!((found.restrictions, found.blocked), (expected.restrictions, expected.blocked.clone()));
        let before = bytes_of(world.folder.path());
        set_custom(&directory, &user(1), &format!("start {start}"), now(1_000 * start + 1));
        assert!(bytes_of(world.folder.path()) - before < 150);
    }
    assert_eq!(
        status(&world.killed("one", now(9_000)).0, &user(1), now(9_000)).custom_status.as_str(),
        "start 3"
    );
}

/// Changes one record in several ways. Returns its state after each change.
fn changes(directory: &dyn Directory) -> Vec<Option<Kept>> {
    let (one, settings) = (user(1), settings());
    let mut states = vec![None];
    let mut note = || states.push(kept(directory, &one));
    let blank =
        Presence::from_facts(UserFacts::default(), Version(1), Timestamp(0), false, &settings, Moment(0));
    finish(directory.seed(&one, blank.clone(), now(0))).unwrap();
    note();
    let connect = |login: u64| {
        let (device, connection) = (DeviceId::new("phone").unwrap(), ConnectionId::alone(login));
        let platform = Platform::IPhone;
        let connect =
            Connect { device: &device, platform, login, born: 0, issued: 1, connection, address: None };
        let act = |presence: &mut Presence| presence.connect(&connect, &settings, now(login));
        finish(directory.update(&one, now(login), act)).unwrap();
    };
    connect(1);
    note();
    subscribe(directory, &one, &named("s", 4), now(2));
    note();
    set_custom(directory, &one, "two", now(3));
    note();
    restrict(directory, &one, 1, named("f", 2), now(4));
    note();
    set_custom(directory, &one, "three", now(5));
    note();
    // The list is in another order only.
    subscribe(directory, &one, &named("s", 1), now(6));
    note();
    let logout = |presence: &mut Presence| presence.logout(ConnectionId::alone(1), &settings, now(7));
    finish(directory.update(&one, now(7), logout)).unwrap();
    note();
    connect(8);
    note();
    let some = named("s", 2);
    finish(directory.update(&one, now(9), |presence| presence.unsubscribe(Some(&some)))).unwrap();
    note();
    set_custom(directory, &one, "four", now(10));
    note();
    let ended = |presence: &mut Presence| {
        presence.disconnect(ConnectionId::alone(8), LinkEnd::TimedOut, now(11).wall, &settings, now(11))
    };
    finish(directory.update(&one, now(11), ended)).unwrap();
    note();
    finish(directory.remove(&one, now(12))).unwrap();
    note();
    finish(directory.seed(&one, blank, now(13))).unwrap();
    note();
    connect(14);
    note();
    states
}

#[test]
fn a_file_that_ends_at_any_byte_has_the_state_after_its_last_complete_entry() {
    let world = World::new();
    let states = changes(&*world.directory);
    let path = stripes(world.folder.path())
        .into_iter()
        .max_by_key(|path| fs::metadata(path).unwrap().len())
        .unwrap();
    let whole = fs::read(&path).unwrap();
    // The first entry is that of the file.
    let mut ends = Vec::new();
    let mut at = super::super::MAGIC.len() + 1;
    while at < whole.len() {
        at += 8 + u32::from_le_bytes(whole[at..at + 4].try_into().unwrap()) as usize;
        ends.push(at);
    }
    assert_eq!(ends.len(), states.len());
    for length in ends[0]..=whole.len() {
        let mut recovery = Recovery::default();
        let is_torn = replay(&whole[..length], &mut recovery).lacks_something();
        assert_eq!(recovery.lose_records_without_lists(), 0);
        let complete = ends.iter().filter(|end| **end <= length).count() - 1;
        assert_eq!(is_torn, !ends.contains(&length), "{length} of {} bytes", whole.len());
        let found = recovery.records.into_map().remove(&user(1));
        let restored = InProcessDirectory::in_memory();
        let rev = found.as_ref().map_or(0, |found| found.rev);
        if let Some(presence) = found.and_then(|found| found.presence) {
            let presence = presence.restore(now(20), now(20).wall, now(30).moment);
            finish(restored.seed(&user(1), presence, now(20))).unwrap();
        }
        let expected = states[complete].clone().map(|state| Kept { rev: 1, ..state });
        assert_eq!(kept(&restored, &user(1)), expected, "{length} of {} bytes", whole.len());
        assert!(states[complete].as_ref().is_none_or(|state| state.rev == rev), "{length}");
    }
    // A start with a torn entry is in doubt if the machine has booted since.
    fs::write(&path, &whole[..ends[states.len() - 1] - 1]).unwrap();
    let (directory, recovered) = world.killed("another", now(20));
    assert!(recovered.in_doubt);
    assert_eq!(kept(&directory, &user(1)), states[states.len() - 2]);
}

#[test]
fn a_record_whose_list_is_in_a_damaged_entry_is_lost_and_no_older_list_takes_its_place() {
    let world = World::new();
    log_in(&*world.directory, &user(1), "one", now(0));
    subscribe(&*world.directory, &user(1), &named("old", 3), now(1));
    restrict(&*world.directory, &user(1), 1, named("f", 2), now(2));
    subscribe(&*world.directory, &user(1), &named("new", 3), now(3));
    set_custom(&*world.directory, &user(1), "later", now(4));
    let mut has_damaged = false;
    for path in stripes(world.folder.path()) {
        let mut bytes = fs::read(&path).unwrap();
        if let Some(at) = bytes.windows(10).position(|it| it == b"new0000001") {
            bytes[at] = b'?';
            fs::write(&path, bytes).unwrap();
            has_damaged = true;
        }
    }
    assert!(has_damaged);
    let (directory, recovered) = world.killed("one", now(5));
    assert!(recovered.in_doubt);
    assert_eq!(kept(&directory, &user(1)), None);
    // The next start has the same.
    let (directory, recovered) = world.killed("one", now(20_000_000));
    assert!(!recovered.in_doubt);
    assert_eq!(kept(&directory, &user(1)), None);
}

/// The deletion of the former files is not synced. If the machine goes down soon after the loss, they can come back.
#[test]
fn a_record_that_was_lost_with_its_lists_does_not_come_back_after_a_reboot() {
    let world = World::new();
    log_in(&*world.directory, &user(1), "one", now(0));
    subscribe(&*world.directory, &user(1), &named("new", 3), now(1));
    for n in 0..20 {
        set_custom(&*world.directory, &user(1), &format!("before {n}"), now(2 + n));
    }
    for path in stripes(world.folder.path()) {
        let mut bytes = fs::read(&path).unwrap();
        if let Some(at) = bytes.windows(10).position(|it| it == b"new0000001") {
            bytes[at] = b'?';
            fs::write(&path, bytes).unwrap();
        }
    }
    let files = |folder: &Path| -> Vec<PathBuf> {
        let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        paths.filter(|path| path.is_file()).collect()
    };
    let former: Vec<_> =
        files(world.folder.path()).into_iter().map(|path| (fs::read(&path).unwrap(), path)).collect();
    let (directory, recovered) = world.killed("one", now(100));
    assert!(recovered.in_doubt);
    assert_eq!(kept(&directory, &user(1)), None);
    log_in(&directory, &user(1), "after", now(101));
    let expected = kept(&directory, &user(1));
    drop(directory);

    // The reboot has brought back the former files, and the new snapshot is not on the disk.
    for path in files(world.folder.path()).iter().filter(|path| path.extension().unwrap() == "base") {
        fs::remove_file(path).unwrap();
    }
    former.into_iter().for_each(|(bytes, path)| fs::write(path, bytes).unwrap());
    let (directory, _) = world.killed("another", now(102));
    assert_eq!(kept(&directory, &user(1)), expected);
}

#[test]
fn a_list_that_could_not_be_written_is_in_the_next_entry() {
    for mood in [Mood::Full, Mood::Dead] {
        let world = World::new();
        log_in(&*world.directory, &user(1), "one", now(0));
        subscribe(&*world.directory, &user(1), &named("s", 2), now(1));
        world.mood(mood);
        subscribe(&*world.directory, &user(1), &named("t", 2), now(2));
        world.mood(Mood::Well);
        set_custom(&*world.directory, &user(1), "later", now(3));
        let expected = kept(&*world.directory, &user(1));
        assert_eq!(kept(&world.killed("one", now(4)).0, &user(1)), expected);
    }
}

#[test]
fn a_list_in_the_former_generation_is_found_until_the_snapshot_is_complete() {
    let (writing, is_writing) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel();
    go_on.send(()).unwrap();
    let world = World::with(Some(std::sync::Arc::new(Pause {
        writing: Mutex::new(writing),
        go_on: Mutex::new(may_go_on),
    })));
    is_writing.recv().unwrap();
    log_in(&*world.directory, &user(1), "one", now(1));
    subscribe(&*world.directory, &user(1), &named("s", 5), now(2));
    // A failed write causes a new snapshot.
    world.mood(Mood::Full);
    log_in(&*world.directory, &user(2), "two", now(2));
    world.mood(Mood::Well);
    std::thread::scope(|scope| {
        let rewriting = scope.spawn(|| world.directory.maintain(now(3)));
        is_writing.recv().unwrap();
        set_custom(&*world.directory, &user(1), "while", now(4));
        let copy = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(world.folder.path()).unwrap() {
            let from = entry.unwrap().path();
            fs::copy(&from, copy.path().join(from.file_name().unwrap())).unwrap();
        }
        let disk = std::sync::Arc::new(super::RealDisk);
        let killed = InProcessDirectory::open_on(disk, "one".into(), copy.path(), now(5), GRACE).unwrap();
        let states = (kept(&killed.0, &user(1)), kept(&*world.directory, &user(1)));
        go_on.send(()).unwrap();
        rewriting.join().unwrap().unwrap();
        // A failed assertion before the snapshot goes on would wait for ever.
        assert_eq!(states.0, states.1);
    });
    set_custom(&*world.directory, &user(1), "after", now(6));
    let expected = kept(&*world.directory, &user(1));
    let (directory, recovered) = world.killed("one", now(7));
    assert!(!recovered.in_doubt);
    assert_eq!(kept(&directory, &user(1)), expected);
}

/// Small random numbers that a seed determines.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

#[test]
fn whatever_changes_came_before_a_kill_the_records_are_the_same_after_it() {
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let mut world = World::new();
        for step in 1..120 {
            let (directory, one, at) = (&*world.directory, user(dice.below(3) as usize), now(step));
            // A failed write is made good by the next snapshot, which also tests changes beside snapshots.
            let fails = dice.below(20) == 0;
            if fails {
                world.mood(if dice.below(2) == 0 { Mood::Full } else { Mood::Dead });
            }
            let some = &named("s", 12)[dice.below(6) as usize..][..1 + dice.below(6) as usize];
            match dice.below(8) {
                _ if kept(directory, &one).is_none() => log_in(directory, &one, "in", at),
                0 => subscribe(directory, &one, some, at),
                1 => {
                    _ = finish(
                        (directory as &dyn Directory).update(&one, at, |it| it.unsubscribe(Some(some))),
                    )
                }
                2 => restrict(directory, &one, step, some.to_vec(), at),
                3 if dice.below(4) == 0 => finish(directory.remove(&one, at)).unwrap(),
                4 => {
                    let expire = |presence: &mut Presence| presence.expire(&settings(), at);
                    _ = finish((directory as &dyn Directory).update(&one, at, expire));
                }
                _ => set_custom(directory, &one, &format!("at {step}"), at),
            }
            world.mood(Mood::Well);
            if fails {
                world.directory.maintain(at).unwrap();
            }
            if dice.below(30) == 0 {
                let states: Vec<_> = (0..3).map(|n| kept(&*world.directory, &user(n))).collect();
                let (directory, recovered) = world.killed("one", at);
                assert!(!recovered.in_doubt, "seed {seed}, step {step}");
                world.directory = std::sync::Arc::new(directory);
                let found: Vec<_> = (0..3).map(|n| kept(&*world.directory, &user(n))).collect();
                assert_eq!(found, states, "seed {seed}, step {step}");
            }
        }
    }
}

#[test]
fn the_order_in_which_entries_are_read_does_not_matter() {
    let saved = |name: &str, with_lists: bool| -> SavedPresence {
        let blank = UserFacts::default();
        let mut presence =
            Presence::from_facts(blank, Version(1), Timestamp(0), false, &settings(), Moment(0));
        let _ = presence.subscribe(&named(name, 2), &settings(), Moment(1));
        if with_lists { presence.save(now(2)) } else { presence.save_without_lists(now(2)) }
    };
    let entries = || {
        [
            Entry::Put(user(1), saved("a", true), 1, 1),
            Entry::Change(user(1), saved("a", false), 2, 1, 1),
            Entry::Remove(user(1), 3, 1),
            Entry::Put(user(1), saved("b", true), 4, 2),
            Entry::Put(user(1), saved("c", true), 5, 2),
            Entry::Change(user(1), saved("c", false), 6, 2, 5),
        ]
    };
    let after = |order: &[usize]| {
        let mut recovery = Recovery::default();
        let mut entries = entries().map(Some);
        order.iter().for_each(|index| recovery.apply(entries[*index].take().unwrap()));
        let lost = recovery.lose_records_without_lists();
        let found = recovery.records.into_map().remove(&user(1)).unwrap();
        (found.rev, found.presence, lost)
    };
    let mut orders: Vec<Vec<usize>> = vec![vec![]];
    for _ in 0..entries().len() {
        let longer = |order: &Vec<usize>| -> Vec<Vec<usize>> {
            let next = (0..entries().len()).filter(|index| !order.contains(index));
            next.map(|index| [&order[..], &[index]].concat()).collect()
        };
        orders = orders.iter().flat_map(longer).collect();
    }
    assert_eq!(orders.len(), 720);
    for order in orders {
        assert_eq!(after(&order), (6, Some(saved("c", true)), 0), "{order:?}");
    }
    // Without the entry that has the current lists, the record is lost, whatever older lists there are.
    for order in [[0, 1, 2, 3, 5], [5, 3, 2, 1, 0], [3, 5, 0, 2, 1]] {
        assert_eq!(after(&order), (6, None, 1), "{order:?}");
    }
}
