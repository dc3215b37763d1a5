//! The target for the journal of live records. A record that is read from a damaged journal must have been written
//! before. The loss of a record must be detected. If a file was only truncated or extended, the loss need not be
//! detected.
//!
//! Input: a byte that selects either a valid journal that is then damaged, or a made-up journal.
//! - Damaged: the number of operations, one byte for each operation, then the damage: its kind, the file, the position
//!   (two bytes) and the bits.
//! - Made up: files, each as a byte that selects the name, one that selects the form, two bytes of length, and the
//!   content.

use futures_util::FutureExt;
use lamplight_core::{Connect, Presence, UserFacts};
use lamplight_directory::{Directory, InProcessDirectory, Recovered};
use lamplight_model::{
    AppId, AppSettings, ConnectionId, CustomStatus, DeviceId, Moment, Now, Platform, Timestamp, User, UserId,
    Version,
};
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;
use tempfile::TempDir;

const GRACE: Duration = Duration::from_secs(30);
const USERS: u8 = 4;
/// The number of bytes in a file before its first entry: the magic with the format, and the mark of a failed write.
const HEAD: usize = 13;

/// The names of files in the folder of a journal, including unusual ones.
const NAMES: [&str; 10] = [
    "live.1.base",
    "live.1.0",
    "live.1.1",
    "live.1.15",
    "live.2.base",
    "live.2.0",
    "live.2",
    "live.18446744073709551615.0",
    "live.18446744073709551615.base",
    "live.x.0",
];

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// The beginning of a file in the current format: its head and its first entry.
static BEGINNING: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let folder = folder();
    InProcessDirectory::open(folder.path(), now(0), GRACE).unwrap();
    fs::read(folder.path().join("live.1.0")).unwrap()
});

/// Runs one input.
pub fn run(data: &[u8]) {
    match data.split_first() {
        Some((kind, rest)) if kind % 2 == 0 => damaged(rest),
        Some((_, rest)) => made_up(rest),
        None => {}
    }
}

/// The users in the journal, each with the custom status and the version.
type People = BTreeMap<User, (String, Version)>;

/// Writes a journal with these operations, damages it, and opens it.
fn damaged(data: &[u8]) {
    let folder = folder();
    let (count, rest) = data.split_first().map_or((0, data), |(count, rest)| (usize::from(*count), rest));
    let (operations, damage) = rest.split_at((count % 64).min(rest.len()));
    let directory = open(folder.path(), now(0)).0;
    let mut said: HashSet<(User, String)> = HashSet::new();
    let mut versions: BTreeMap<User, Version> = BTreeMap::new();
    for (at, operation) in (1..).zip(operations) {
        operate(&directory, *operation, now(at));
        for (user, (text, version)) in people(&directory) {
            let newest = versions.entry(user.clone()).or_insert(version);
            *newest = version.max(*newest);
            said.insert((user, text));
        }
    }
    let last = people(&directory);
    drop(directory);

    let is_sure_to_be_seen = spoil(folder.path(), damage);
    let (directory, recovered) = open(folder.path(), now(10_000));
    let found = people(&directory);
    for (user, (text, version)) in &found {
        assert!(said.contains(&(user.clone(), text.clone())), "{user:?} never said {text:?}");
        if recovered.in_doubt {
            assert!(*version > versions[user], "{user:?} was told of in a newer version");
        }
    }
    match is_sure_to_be_seen {
        Damage::None => {
            assert!(!recovered.in_doubt, "{recovered:?}");
            assert_eq!(found, last);
        }
        Damage::Seen => {
            let texts = |people: &People| -> Vec<(User, String)> {
                people.iter().map(|(user, (text, _))| (user.clone(), text.clone())).collect()
            };
            assert!(
                recovered.in_doubt || texts(&found) == texts(&last),
                "the loss of a record was not detected"
            );
        }
        Damage::Unseen => {}
    }
    drop(directory);
    opens_the_same(folder.path(), &found);
}

/// The damage that was done to a journal.
#[derive(Clone, Copy)]
enum Damage {
    None,
    /// Bytes were changed, or a file was removed. This must be detected if a record was lost.
    Seen,
    /// A file was truncated, or a few bytes were appended to it. This need not be detected: a truncation between two
    /// entries leaves no trace.
    Unseen,
}

fn spoil(folder: &Path, damage: &[u8]) -> Damage {
    let Some(([kind, file, low, high, bits], rest)) = damage.split_first_chunk::<5>() else {
        return Damage::None;
    };
    let files = files(folder);
    let path = &files[usize::from(*file) % files.len()];
    let mut bytes = fs::read(path).unwrap();
    let place = usize::from(u16::from_le_bytes([*low, *high]));
    let done = match kind % 4 {
        0 if bytes.is_empty() || *bits == 0 => return Damage::None,
        0 => {
            let place = place % bytes.len();
            bytes[place] ^= bits;
            Damage::Seen
        }
        1 => {
            bytes.truncate(place % (bytes.len() + 1));
            Damage::Unseen
        }
        2 => {
            fs::remove_file(path).unwrap();
            return Damage::Seen;
        }
        _ => {
            // These are fewer bytes than the head of an entry.
            bytes.extend_from_slice(&rest[..rest.len().min(7)]);
            Damage::Unseen
        }
    };
    fs::write(path, bytes).unwrap();
    done
}

/// Opens a journal that was made from the input, and checks that the next start finds the same records.
fn made_up(mut data: &[u8]) {
    let folder = folder();
    let mut written: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    while let Some(([name, form, low, high], rest)) = data.split_first_chunk::<4>() {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
        let (content, rest) = rest.split_at(length);
        let file = written.entry(NAMES[usize::from(*name) % NAMES.len()]).or_default();
        match form % 4 {
            0 => file.extend_from_slice(content),
            1 => file.extend_from_slice(&BEGINNING[..HEAD]),
            2 => file.extend_from_slice(&BEGINNING),
            _ => put_entry(file, content),
        }
        data = rest;
    }
    for (name, bytes) in written {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let directory = open(folder.path(), now(10_000)).0;
    let found = people(&directory);
    // The rules must work without a panic on every record that was read, even from a made-up file.
    for user in found.keys() {
        let settings = AppSettings::default();
        let expire = |presence: &mut Presence| presence.expire(&settings, now(u64::MAX / 4));
        finish(dynamic(&directory).update(user, now(20_000), expire)).unwrap();
    }
    directory.maintain(now(20_000)).unwrap();
    let found = people(&directory);
    drop(directory);
    opens_the_same(folder.path(), &found);
}

/// Appends an entry in its form on disk: length, checksum, content.
fn put_entry(file: &mut Vec<u8>, content: &[u8]) {
    file.extend_from_slice(&(content.len() as u32).to_le_bytes());
    file.extend_from_slice(&crc32fast::hash(content).to_le_bytes());
    file.extend_from_slice(content);
}

/// Checks that the next start finds the records that this start has restored and written.
fn opens_the_same(folder: &Path, expected: &People) {
    let (directory, recovered) = open(folder, now(30_000));
    assert!(!recovered.in_doubt, "the damage is still there");
    assert_eq!(&people(&directory), expected);
}

fn open(folder: &Path, now: Now) -> (InProcessDirectory, Recovered) {
    InProcessDirectory::open(folder, now, GRACE).expect("the disk works")
}

fn people(directory: &InProcessDirectory) -> People {
    let users = directory.users();
    let show = |user: &User, presence: Option<&Presence>| {
        presence.map(|presence| {
            (user.clone(), (presence.custom_status().as_str().to_owned(), presence.version()))
        })
    };
    finish(dynamic(directory).read(&users, show)).unwrap().into_iter().flatten().collect()
}

fn operate(directory: &InProcessDirectory, operation: u8, now: Now) {
    let directory_of_records = dynamic(directory);
    let user = User::new(AppId(1), UserId::new(&format!("user {}", operation % USERS)).unwrap());
    let settings = AppSettings::default();
    let connection = ConnectionId::alone(1);
    match operation / USERS % 6 {
        0 => {
            let (facts, device) = (UserFacts::default(), DeviceId::new("phone").unwrap());
            let blank = Presence::from_facts(facts, Version(1), Timestamp(0), false, &settings, Moment(0));
            finish(directory_of_records.seed(&user, blank, now)).unwrap();
            let connect = Connect {
                device: &device,
                platform: Platform::IPhone,
                login: 1,
                born: 0,
                issued: 1,
                connection,
                address: None,
            };
            finish(directory_of_records.update(&user, now, |it| it.connect(&connect, &settings, now)))
                .unwrap();
        }
        1 | 2 => {
            let text = CustomStatus::new(&format!("text {}", operation / USERS), 100).unwrap();
            let set = |it: &mut Presence| it.set_custom_status(text.clone(), None, &settings, now);
            finish(directory_of_records.update(&user, now, set)).unwrap();
        }
        3 => {
            finish(directory_of_records.update(&user, now, |it| it.logout(connection, &settings, now)))
                .unwrap();
        }
        4 => finish(directory_of_records.remove(&user, now)).unwrap(),
        _ => directory.maintain(now).unwrap(),
    }
}

fn dynamic(directory: &InProcessDirectory) -> &dyn Directory {
    directory
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

fn now(millis: u64) -> Now {
    Now { moment: Moment(millis), wall: Timestamp(1_700_000_000_000u64.saturating_add(millis)) }
}

/// Returns the result of a future of the in-process directory. Such a future is ready at once.
fn finish<T>(answer: impl Future<Output = T>) -> T {
    answer.now_or_never().expect("nothing waits")
}
