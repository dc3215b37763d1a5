//! The inputs of the benchmarks in `benches/instructions.rs`: users, records, statuses and connections. Nothing here is
//! random except the seeds of hash tables. Each run of a benchmark therefore executes almost the same instructions.

mod fanout;
mod login;

pub use fanout::{Newest, Ring, crowd, joined_ring, ring, status_entries};
pub use login::{Entering, Login, Node};

use lamplight_core::{Connect, Presence, UserFacts};
use lamplight_model::{
    App, AppId, AppKey, AppSettings, ConnectionId, CustomStatus, DeviceId, Moment, Now, Platform, Reason,
    StatusType, Timestamp, User, UserId, UserStatus, Version,
};
use lamplight_protocol::Protocol;
use lamplight_wire::{FrameLimits, StatusBatch, encode_status, v1};

/// The app of all users.
pub const APP: AppId = AppId(1_400_000_001);

/// The number of users whom each user watches, ten on either side in a ring, as in `lamplight load`.
pub const WATCHED: usize = 20;

/// The wall time of the moment 0, in milliseconds since 1970.
const BEGAN: u64 = 1_790_000_000_000;

/// Returns the time `millis` milliseconds after the moment 0.
pub fn now(millis: u64) -> Now {
    Now { moment: Moment(millis), wall: Timestamp(BEGAN + millis) }
}

/// Returns the id of the user with this number.
///
/// # Panics
///
/// Never: the text is a valid id.
pub fn user_id(number: usize) -> UserId {
    UserId::new(&format!("user-{number:06}")).expect("a valid id")
}

/// Returns the user with this number.
pub fn user(number: usize) -> User {
    User::new(APP, user_id(number))
}

/// Returns a custom status of 16 bytes. Different numbers give different texts.
///
/// # Panics
///
/// Never: the text is a valid custom status.
pub fn custom_status(number: usize) -> CustomStatus {
    CustomStatus::new(&format!("in room {number:08}"), 1_000).expect("a short text")
}

/// Returns the status of an ONLINE user after a change of the custom status.
pub fn status(number: usize, version: u64) -> UserStatus {
    UserStatus {
        user_id: user_id(number),
        status_type: StatusType::Online,
        custom_status: custom_status(version as usize),
        custom_expires: None,
        version: Version(BEGAN + version),
        since: Timestamp(BEGAN),
        reason: Reason::Custom,
        last_seen: None,
        online_devices: [Platform::IPhone].into_iter().collect(),
    }
}

/// Returns the id of the phone of every user.
///
/// # Panics
///
/// Never: the text is a valid id.
pub fn phone() -> DeviceId {
    DeviceId::new("6ba7b810-9dad-11d1-80b4-00c04fd430c8").expect("a valid id")
}

/// Connects the phone of a user through the connection with this number. Returns whether watchers see a change.
pub fn connect(presence: &mut Presence, device: &DeviceId, connection: u64, settings: &AppSettings) -> bool {
    let connect = Connect {
        device,
        platform: Platform::IPhone,
        login: connection,
        born: 1,
        issued: BEGAN / 1_000,
        connection: ConnectionId::alone(connection),
        address: None,
    };
    presence.connect(&connect, settings, now(connection)).visible
}

/// Returns the records of users without a login, each of whom watches [`WATCHED`] others.
pub fn records(count: usize) -> Vec<Presence> {
    let settings = AppSettings::default();
    let (version, since) = (Version(BEGAN), Timestamp(BEGAN));
    let record = |number: usize| {
        let facts = UserFacts::default();
        let mut presence = Presence::from_facts(facts, version, since, false, &settings, Moment(0));
        let watched: Vec<UserId> = watched_by(number, count).map(user_id).collect();
        let _ = presence.subscribe(&watched, &settings, Moment(0));
        presence
    };
    (0..count).map(record).collect()
}

/// Returns the records of users who are connected with one phone each, and watch [`WATCHED`] others.
pub fn connected(count: usize) -> Vec<Presence> {
    let (mut records, device, settings) = (records(count), phone(), AppSettings::default());
    for (presence, connection) in records.iter_mut().zip(1..) {
        connect(presence, &device, connection, &settings);
    }
    records
}

/// Returns the numbers of the users whom the user `number` of a ring watches.
pub(crate) fn watched_by(number: usize, users: usize) -> impl ExactSizeIterator<Item = usize> {
    (0..WATCHED).map(move |step| {
        let offset = step as isize - (WATCHED / 2) as isize;
        let offset = if offset < 0 { offset } else { offset + 1 };
        (number as isize + offset).rem_euclid(users as isize) as usize
    })
}

/// Returns an app with two keys, as during a rotation, and the second key.
pub fn app_and_key() -> (App, AppKey) {
    let key = |id: u32| AppKey { id, text: format!("{id:064x}") };
    let keys = vec![key(1), key(2)];
    (App { id: APP, keys, admins: Vec::new(), settings: AppSettings::default() }, key(2))
}

/// Returns an app with two keys. Also returns a UserSig of user 0, which is valid for a day.
pub fn app_and_sig() -> (App, String) {
    let (app, key) = app_and_key();
    let claims = lamplight_auth::Claims {
        user_id: user_id(0),
        app: APP,
        issued: BEGAN / 1_000,
        expire: 86_400,
        userbuf: None,
    };
    let sig = lamplight_auth::sign(&key, &claims);
    (app, sig)
}

/// Returns a login request of a client that knows [`WATCHED`] statuses.
pub fn login_request() -> v1::ClientMessage {
    let known = watched_by(0, 1_000)
        .map(|number| v1::Known { user_id: user_id(number).to_string(), version: BEGAN + number as u64 });
    let request = v1::LoginRequest {
        sdk_app_id: APP.0,
        user_id: user_id(0).to_string(),
        user_sig: app_and_sig().1,
        device_id: phone().to_string(),
        platform: v1::Platform::Iphone.into(),
        resume: true,
        known: known.collect(),
    };
    v1::ClientMessage { id: 1, body: Some(v1::client_message::Body::Login(request)) }
}

/// Returns a request to subscribe to this many users.
pub fn subscribe_request(users: usize) -> v1::ClientMessage {
    let user_ids = (0..users).map(|number| user_id(number).to_string()).collect();
    let request = v1::SubscribeUserStatusRequest { user_ids };
    v1::ClientMessage { id: 2, body: Some(v1::client_message::Body::SubscribeUserStatus(request)) }
}

/// Returns a batch with this many statuses in protobuf.
pub fn batch(statuses: usize) -> StatusBatch {
    let mut batch = StatusBatch::default();
    for number in 0..statuses {
        batch.push_protobuf(&encode_status(&status(number, 1)));
    }
    batch
}

/// Returns a native connection that was opened.
///
/// # Panics
///
/// Never: the preamble is valid.
pub fn native() -> Protocol {
    open(lamplight_wire::NATIVE_PREAMBLE)
}

/// Returns a WebSocket connection with the subprotocol for protobuf.
///
/// # Panics
///
/// Never: the upgrade is valid.
pub fn websocket() -> Protocol {
    open(
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: lamplight.v1.protobuf\r\n\r\n",
    )
}

fn open(bytes: &[u8]) -> Protocol {
    let (mut protocol, mut input, mut output) = (Protocol::Undecided, bytes, Vec::new());
    let limits = FrameLimits::default();
    protocol.next(&mut input, &mut output, limits, false).expect("a valid opening");
    protocol.set_logged_in(limits);
    protocol
}

/// Returns a message as the bytes of a native client, preceded by the length.
pub fn native_bytes(message: &v1::ClientMessage) -> Vec<u8> {
    prost::Message::encode_length_delimited_to_vec(message)
}

/// Returns a message as the bytes of a WebSocket client, in one masked frame.
///
/// # Panics
///
/// If the message has 64 KiB or more.
pub fn websocket_bytes(message: &v1::ClientMessage) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let body = prost::Message::encode_to_vec(message);
    let length = u16::try_from(body.len()).expect("a message below 64 KiB");
    let mut frame = vec![0x82, 0x80 | 126];
    frame.extend(length.to_be_bytes());
    frame.extend(MASK);
    frame.extend(body.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}
