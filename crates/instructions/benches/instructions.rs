//! The benchmarks of `cargo xtask bench instructions`. Each counts the instructions of one call. The inputs are made
//! before the count, and dropped after it.
//!
//! A function that is too short for one count is called `TIMES` times. The cost of some functions is mostly that of a
//! hash table, which has a random seed. Such a function is called `MANY` times.

#![allow(missing_docs, reason = "the macros make public items without documentation")]

use futures_util::FutureExt;
use gungraun::{
    Callgrind, EntryPoint, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};
use lamplight_auth::verify;
use lamplight_core::{Call, ConflationRate, Conflator, Hub, LinkEnd, PackedPresence, Presence};
use lamplight_directory::{
    ChangeLog, Directory, InProcessDirectory, Limited, Limits, LocalLog, LogEntry, LogReader,
};
use lamplight_instructions::{
    APP, Entering, Login, Newest, Node, Ring, app_and_sig, batch, connect, connected, crowd, custom_status,
    joined_ring, login_request, native, native_bytes, now, phone, records, ring, status, status_entries,
    subscribe_request, user, user_id, websocket, websocket_bytes,
};
use lamplight_model::{App, AppSettings, ConnectionId, Moment, Timestamp, User, UserStatus};
use lamplight_protocol::{Found, Protocol};
use lamplight_service::{Audience, CallWindows, LoggedIn};
use lamplight_wire::{EncodedStatus, FrameLimits, LoginStatuses, StatusBatch, encode_status, v1};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

const TIMES: usize = 100;
const MANY: usize = 1_000;

/// The number of users who are connected to a worker.
const USERS: usize = 1_000;

// The transitions of a record.

#[library_benchmark]
#[bench::times_100(records(TIMES))]
fn connecting(mut records: Vec<Presence>) -> Vec<Presence> {
    let (device, settings) = (phone(), AppSettings::default());
    for (presence, connection) in records.iter_mut().zip(1..) {
        black_box(connect(presence, &device, connection, &settings));
    }
    records
}

#[library_benchmark]
#[bench::times_100(connected(TIMES))]
fn disconnecting(mut records: Vec<Presence>) -> Vec<Presence> {
    let (settings, at) = (AppSettings::default(), now(1_000));
    for (presence, connection) in records.iter_mut().zip(1..) {
        let connection = ConnectionId::alone(connection);
        let _ = black_box(presence.disconnect(connection, LinkEnd::Closed, at.wall, &settings, at));
    }
    records
}

#[library_benchmark]
#[bench::times_100(connected(TIMES))]
fn setting_custom_status(mut records: Vec<Presence>) -> Vec<Presence> {
    let (settings, at) = (AppSettings::default(), now(1_000));
    for (number, presence) in records.iter_mut().enumerate() {
        let by = Some(ConnectionId::alone(number as u64 + 1));
        let _ = black_box(presence.set_custom_status(custom_status(number), by, &settings, at));
    }
    records
}

library_benchmark_group!(name = presence; benchmarks = connecting, disconnecting, setting_custom_status);

// The forms in which a record is stored.

#[library_benchmark]
#[bench::times_100(connected(TIMES))]
fn for_journal(records: Vec<Presence>) -> (Vec<Presence>, Vec<u8>) {
    let (at, mut bytes) = (now(1_000), Vec::with_capacity(64 * 1024));
    for presence in &records {
        bytes = postcard::to_extend(&presence.save(at), bytes).expect("a Vec grows");
    }
    (records, bytes)
}

#[library_benchmark]
#[bench::times_100(connected(TIMES))]
fn for_redis(records: Vec<Presence>) -> (Vec<Presence>, Vec<u8>) {
    let mut bytes = Vec::with_capacity(64 * 1024);
    for presence in &records {
        bytes = postcard::to_extend(&PackedPresence::from(presence), bytes).expect("a Vec grows");
    }
    (records, bytes)
}

#[library_benchmark(setup = packed)]
#[bench::times_100(TIMES)]
fn from_redis(records: Vec<Vec<u8>>) -> (Vec<Vec<u8>>, Vec<Presence>) {
    let read = |bytes: &Vec<u8>| {
        Presence::from(postcard::from_bytes::<PackedPresence>(bytes).expect("a packed record"))
    };
    let presences = records.iter().map(read).collect();
    (records, presences)
}

fn packed(count: usize) -> Vec<Vec<u8>> {
    let pack = |presence| postcard::to_stdvec(&PackedPresence::from(&presence)).expect("a Vec grows");
    connected(count).into_iter().map(pack).collect()
}

library_benchmark_group!(name = record; benchmarks = for_journal, for_redis, from_redis);

// The change of a record with its journal and its log entry, and the log.

/// A directory with a journal, and two readers that are interested in the users. The folder is removed at the end.
struct Store {
    directory: InProcessDirectory,
    readers: Vec<LogReader>,
    users: Vec<User>,
    _folder: tempfile::TempDir,
}

fn store(count: usize) -> Store {
    let folder = tempfile::tempdir().expect("a folder");
    let opened = InProcessDirectory::open(folder.path(), now(0), Duration::ZERO);
    let (directory, _) = opened.expect("an empty folder");
    let users: Vec<User> = (0..count).map(user).collect();
    for (user, presence) in users.iter().zip(connected(count)) {
        let seeded = directory.seed(user, presence, now(0)).now_or_never();
        seeded.expect("no wait").expect("the journal is written");
    }
    let readers: Vec<LogReader> = (0..2).map(|_| directory.follow_interest()).collect();
    for interest in readers.iter().filter_map(LogReader::interest) {
        users.iter().for_each(|user| interest.add(user));
    }
    Store { directory, readers, users, _folder: folder }
}

#[library_benchmark(setup = store)]
#[bench::times_100(TIMES)]
fn change(mut store: Store) -> (Store, Vec<Arc<LogEntry>>) {
    let (settings, at) = (AppSettings::default(), now(1_000));
    let directory: &dyn Directory = &store.directory;
    for (number, user) in store.users.iter().enumerate() {
        let changed = directory.update_logged(user, at, |presence| {
            presence.set_custom_status(custom_status(number), None, &settings, at)
        });
        black_box(changed.now_or_never().expect("no wait").expect("the journal is written"));
    }
    let entries = taken(&mut store.readers);
    (store, entries)
}

fn taken(readers: &mut [LogReader]) -> Vec<Arc<LogEntry>> {
    let mut entries = Vec::new();
    for reader in readers {
        black_box(reader.take(&mut entries));
    }
    entries
}

type Log = (LocalLog, Vec<LogReader>, Vec<Arc<LogEntry>>);

fn log(entries: usize) -> Log {
    let log = LocalLog::default();
    let readers: Vec<LogReader> = (0..2).map(|_| log.reader_with_interest()).collect();
    for interest in readers.iter().filter_map(LogReader::interest) {
        (0..entries).for_each(|number| interest.add(&user(number)));
    }
    (log, readers, status_entries(0..entries, 2))
}

#[library_benchmark(setup = log)]
#[bench::times_1000(MANY)]
fn append_and_take((log, mut readers, entries): Log) -> (Log, Vec<Arc<LogEntry>>) {
    for entry in &entries {
        log.append(entry);
    }
    let got = taken(&mut readers);
    ((log, readers, entries), got)
}

library_benchmark_group!(name = directory; benchmarks = change, append_and_take);

// The way of a change to its watchers, without the sockets.

type HubInput = (Ring<Hub<Newest>>, Vec<(User, UserStatus)>);

/// Returns a hub that has delivered one change of each of the first `users` users. Also returns the next change of each
/// of these users.
fn with_changes(ring: Ring<Hub<Newest>>, users: usize) -> HubInput {
    let changes = |version| (0..users).map(|number| (user(number), status(number, version))).collect();
    let next = changes(3);
    let ((ring, _), _) = deliver((ring, changes(2)));
    (ring, next)
}

#[library_benchmark]
#[bench::one_with_20_watchers(with_changes(ring(USERS), 1))]
#[bench::hundred_with_20_watchers(with_changes(ring(USERS), TIMES))]
#[bench::one_with_1000_watchers(with_changes(crowd(1_000), 1))]
fn tell_and_drain(input: HubInput) -> (HubInput, usize) {
    deliver(input)
}

fn deliver((mut ring, changes): HubInput) -> (HubInput, usize) {
    for (user, status) in &changes {
        ring.tell(status, user);
    }
    let bytes = ring.deliver();
    ((ring, changes), bytes)
}

type AudienceInput = (Ring<Audience<Newest>>, Vec<Arc<LogEntry>>);

fn watched(entries: usize) -> AudienceInput {
    (joined_ring(0..USERS, USERS, None), status_entries(0..entries, 2))
}

fn not_watched(entries: usize) -> AudienceInput {
    (joined_ring(0..USERS, USERS, None), status_entries(USERS..USERS + entries, 2))
}

#[library_benchmark]
#[bench::watched_times_100(watched(TIMES))]
#[bench::not_watched_times_1000(not_watched(MANY))]
fn hear((mut ring, entries): AudienceInput) -> AudienceInput {
    for entry in &entries {
        ring.hear(entry, 1_000);
    }
    (ring, entries)
}

#[library_benchmark]
#[bench::watched_times_100(watched(TIMES))]
fn hear_and_drain((mut ring, entries): AudienceInput) -> (AudienceInput, usize) {
    for entry in &entries {
        ring.hear(entry, 1_000);
    }
    let bytes = ring.deliver();
    ((ring, entries), bytes)
}

type Held = (Conflator<User, Arc<LogEntry>>, Vec<User>, Vec<Arc<LogEntry>>);

fn conflator(users: usize) -> Held {
    let conflator = Conflator::new(ConflationRate::default());
    (conflator, (0..users).map(user).collect(), status_entries(0..users, 2))
}

// Each user changes once within the rate.
#[library_benchmark(setup = conflator)]
#[bench::times_1000(MANY)]
fn conflator_within_the_rate((mut conflator, users, entries): Held) -> Held {
    for (user, entry) in users.iter().zip(&entries) {
        black_box(conflator.may_tell(user, 20, Moment(1_000), || Arc::clone(entry)));
    }
    (conflator, users, entries)
}

// One user changes above the rate. The last change is taken from the conflator when it is due.
#[library_benchmark(setup = conflator)]
#[bench::times_1000(MANY)]
fn conflator_above_the_rate((mut conflator, users, entries): Held) -> Held {
    for entry in &entries {
        black_box(conflator.may_tell(&users[0], 20, Moment(1_000), || Arc::clone(entry)));
    }
    black_box(conflator.take_due(Moment(10_000), |_| 20));
    (conflator, users, entries)
}

library_benchmark_group!(
    name = fanout;
    benchmarks =
        tell_and_drain,
        hear,
        hear_and_drain,
        conflator_within_the_rate,
        conflator_above_the_rate
);

// Messages and their framing.

fn statuses(count: usize) -> Vec<UserStatus> {
    (0..count).map(|number| status(number, 1)).collect()
}

#[library_benchmark(setup = statuses)]
#[bench::times_100(TIMES)]
fn status_to_protobuf(statuses: Vec<UserStatus>) -> (Vec<UserStatus>, Vec<EncodedStatus>) {
    let encoded = statuses.iter().map(encode_status).collect();
    (statuses, encoded)
}

fn encoded(count: usize) -> Vec<EncodedStatus> {
    statuses(count).iter().map(encode_status).collect()
}

#[library_benchmark(setup = encoded)]
#[bench::times_100(TIMES)]
fn status_to_json(mut statuses: Vec<EncodedStatus>) -> Vec<EncodedStatus> {
    for status in &mut statuses {
        black_box(status.json());
    }
    statuses
}

#[library_benchmark(setup = encoded)]
#[bench::of_20(20)]
fn login_answer(statuses: Vec<EncodedStatus>) -> (Vec<EncodedStatus>, Vec<u8>) {
    let mut answer = LoginStatuses::default();
    statuses.iter().for_each(|status| answer.push(status));
    let message = answer.message(7, &v1::LoginResponse::default());
    (statuses, message)
}

// A batch of one status is encoded 100 times, because most messages have one status.
#[library_benchmark]
#[bench::native_times_100(native(), batch(1))]
#[bench::websocket_times_100(websocket(), batch(1))]
fn frame_of_one(mut protocol: Protocol, batch: StatusBatch) -> (Protocol, StatusBatch, Vec<u8>) {
    let mut output = Vec::with_capacity(64 * 1024);
    for _ in 0..TIMES {
        protocol.put_batch(&batch, &mut output);
    }
    (protocol, batch, output)
}

#[library_benchmark]
#[bench::native(native(), batch(TIMES))]
#[bench::websocket(websocket(), batch(TIMES))]
fn frame_of_100(mut protocol: Protocol, batch: StatusBatch) -> (Protocol, StatusBatch, Vec<u8>) {
    let mut output = Vec::with_capacity(64 * 1024);
    protocol.put_batch(&batch, &mut output);
    (protocol, batch, output)
}

#[library_benchmark]
#[bench::native_login(native(), native_bytes(&login_request()))]
#[bench::native_subscribe_to_100(native(), native_bytes(&subscribe_request(TIMES)))]
#[bench::websocket_login(websocket(), websocket_bytes(&login_request()))]
#[bench::websocket_subscribe_to_100(websocket(), websocket_bytes(&subscribe_request(TIMES)))]
fn read(mut protocol: Protocol, bytes: Vec<u8>) -> (Protocol, Vec<u8>, v1::ClientMessage) {
    let (mut input, mut output) = (&bytes[..], Vec::new());
    loop {
        match protocol.next(&mut input, &mut output, FrameLimits::default(), true) {
            Ok(Found::Part) => {}
            Ok(Found::Message(message)) => return (protocol, bytes, message),
            _ => panic!("the bytes are one message"),
        }
    }
}

library_benchmark_group!(
    name = wire;
    benchmarks = status_to_protobuf, status_to_json, login_answer, frame_of_one, frame_of_100, read
);

// The gates of a call.

/// Returns an app and a UserSig. Verifies the UserSig once, which allocates the inflater that later verifications use.
fn signed() -> (App, String) {
    let (app, sig) = app_and_sig();
    let _ = black_box(verify(&sig, &app, &user_id(0), now(0).wall));
    (app, sig)
}

#[library_benchmark]
#[bench::with_two_keys(signed())]
fn user_sig((app, sig): (App, String)) -> (App, String) {
    let claims = verify(&sig, &app, &user_id(0), Timestamp(now(0).wall.0));
    assert_eq!(black_box(claims).expect("a valid UserSig").app, APP);
    (app, sig)
}

type Windows = (CallWindows, Vec<User>);

/// Returns the rate-limit windows of users who have made one call each.
fn windows(users: usize) -> Windows {
    call((CallWindows::default(), (0..users).map(user).collect()))
}

#[library_benchmark(setup = windows)]
#[bench::times_1000(MANY)]
fn rate_limit(windows: Windows) -> Windows {
    call(windows)
}

fn call((windows, users): Windows) -> Windows {
    let limit = AppSettings::default().limits.rate;
    for user in &users {
        let taken = windows.take(Limited::User(user, Call::SetSelfStatus), limit, Moment(1_000));
        black_box(taken.now_or_never());
    }
    (windows, users)
}

library_benchmark_group!(name = gates; benchmarks = user_sig, rate_limit);

// A login, without its sockets: `begins` up to the wait for the facts, the statements of the facts, `completes` after
// their answer, and `enters`, which adds the connection to a worker and makes the answer.

type Logins = (Node, Vec<Login>);

fn begun(node: Node) -> Logins {
    let logins = node.begin(0..TIMES);
    node.wait_for_facts(2 * TIMES);
    (node, logins)
}

#[library_benchmark]
#[bench::known_device_times_100(Node::with_known(TIMES, TIMES))]
fn begins(node: Node) -> Logins {
    let logins = node.begin(0..TIMES);
    (node, logins)
}

#[library_benchmark]
#[bench::known_device_times_100(begun(Node::with_known(TIMES, TIMES)))]
fn completes((node, mut logins): Logins) -> (Logins, Vec<LoggedIn>) {
    let done = node.complete(&mut logins);
    ((node, logins), done)
}

#[library_benchmark]
#[bench::worker(Entering::new(TIMES))]
fn enters(mut entering: Entering) -> (Entering, Vec<u8>) {
    let answer = entering.enter();
    (entering, answer)
}

// Counts the writes of the whole program on the thread of the writer: 100 first logins, and 100 of known devices.
#[library_benchmark(
    config = LibraryBenchmarkConfig::default().tool(
        Callgrind::with_args(["--cache-sim=no"])
            .entry_point(EntryPoint::Custom("*PendingWrite*Write*run*".to_owned()))
    )
)]
#[bench::first_and_known_device_times_100(Node::with_known(TIMES, TIMES))]
fn facts(node: Node) -> Logins {
    begun(node)
}

library_benchmark_group!(name = login; benchmarks = begins, completes, enters, facts);

main!(
    config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(["--cache-sim=no"]));
    library_benchmark_groups = presence, record, directory, fanout, wire, gates, login
);
