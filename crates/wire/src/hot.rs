//! The encoding of the most frequent messages: `ServerMessage { status_changed }` and the answer to a login.
//!
//! A change of one user is sent to many connections. The status is encoded once, and each message is a header followed
//! by several encoded statuses. The tests check that `prost` and `pbjson` encode the same messages to the same bytes.

use crate::v1;
use lamplight_model::{UserStatus, Version};
use prost::Message as _;
use prost::encoding::{encode_varint, encoded_len_varint};
use std::hint::black_box;

/// The protobuf keys of `ServerMessage.status_changed` and `StatusChanged.statuses`: field number << 3 | 2.
const KEY_STATUS_CHANGED: u8 = 11 << 3 | 2;
const KEY_STATUSES: u8 = 1 << 3 | 2;

/// The protobuf keys of `ServerMessage.id`, `ServerMessage.login` and `LoginResponse.statuses`.
const KEY_ID: u8 = 1 << 3;
const KEY_LOGIN: u8 = 3 << 3 | 2;
const KEY_LOGIN_STATUSES: u8 = 3 << 3 | 2;

/// The protobuf keys of `UserStatus.reason`, and of the three fields that may change when a status is put back:
/// `version`, `reason` and `online_devices`.
const KEY_REASON: u8 = 6 << 3;
const KEY_VERSION: u8 = 4 << 3;
const KEYS_NOT_SHOWN: [u8; 3] = [KEY_VERSION, KEY_REASON, 8 << 3 | 2];

/// The protobuf encoding of `StatusChanged.snapshot_complete = true`: field number << 3 | 0, then 1.
const SNAPSHOT_COMPLETE: [u8; 2] = [2 << 3, 1];

/// The number of bytes that most processors load into the cache at once.
const CACHE_LINE: usize = 64;

/// The JSON text before the statuses.
const JSON_HEAD: &[u8] = br#"{"statusChanged":{"statuses":["#;
const JSON_TAIL: &[u8] = b"]}}";
const JSON_TAIL_COMPLETE: &[u8] = br#"],"snapshotComplete":true}}"#;

/// A user's status, encoded in protobuf as an element of `StatusChanged.statuses`: key, length, message.
///
/// With another key, the same bytes are an element of `LoginResponse.statuses`. A worker stores the encoding of each
/// watched user, so both encodings share one allocation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EncodedStatus {
    version: Version,
    /// The protobuf element. After the first call of [`EncodedStatus::json`], the JSON text follows.
    bytes: Box<[u8]>,
}

const _: () = assert!(size_of::<EncodedStatus>() == 24, "each worker has one for each watched user");

/// Encodes a status, once for all of its watchers.
pub fn encode_status(status: &UserStatus) -> EncodedStatus {
    let mut length = 0;
    put_fields(status, &mut length);
    let mut protobuf = Vec::with_capacity(1 + prost::length_delimiter_len(length) + length);
    protobuf.push(KEY_STATUSES);
    encode_varint(length as u64, &mut protobuf);
    put_fields(status, &mut protobuf);
    EncodedStatus { version: status.version, bytes: protobuf.into_boxed_slice() }
}

/// Writes the fields of `UserStatus` to `out`, in the order of their numbers. Zero and an empty text are left out,
/// except in optional fields.
fn put_fields(status: &UserStatus, out: &mut impl Output) {
    put_text(1, status.user_id.as_str(), out);
    put_number(2, status.status_type as u64, out);
    put_text(3, status.custom_status.as_str(), out);
    put_number(4, status.version.0, out);
    put_number(5, status.since.0, out);
    put_number(6, status.reason as u64, out);
    if let Some(at) = status.last_seen {
        put_varint_field(7, at.0, out);
    }
    let devices = || status.online_devices.iter().map(|platform| platform as u64);
    if !status.online_devices.is_empty() {
        out.put_varint(8 << 3 | 2);
        out.put_varint(devices().map(|device| encoded_len_varint(device) as u64).sum());
        devices().for_each(|device| out.put_varint(device));
    }
    if let Some(at) = status.custom_expires {
        put_varint_field(9, at.0, out);
    }
}

fn put_text(number: u64, text: &str, out: &mut impl Output) {
    if !text.is_empty() {
        out.put_varint(number << 3 | 2);
        out.put_varint(text.len() as u64);
        out.put_bytes(text.as_bytes());
    }
}

fn put_number(number: u64, value: u64, out: &mut impl Output) {
    if value != 0 {
        put_varint_field(number, value, out);
    }
}

fn put_varint_field(number: u64, value: u64, out: &mut impl Output) {
    out.put_varint(number << 3);
    out.put_varint(value);
}

/// An output that stores bytes, or only counts them.
trait Output {
    fn put_varint(&mut self, value: u64);
    fn put_bytes(&mut self, bytes: &[u8]);
}

impl Output for Vec<u8> {
    fn put_varint(&mut self, value: u64) {
        encode_varint(value, self);
    }

    fn put_bytes(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

impl Output for usize {
    fn put_varint(&mut self, value: u64) {
        *self += encoded_len_varint(value);
    }

    fn put_bytes(&mut self, bytes: &[u8]) {
        *self += bytes.len();
    }
}

impl EncodedStatus {
    /// Returns the version of the status.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Returns `true` if `newer` looks like this status after a loss of records: its reason is that of a rebuilt record
    /// or of a login, and it differs from this status in the reason, the version and the devices only. Compares the
    /// encodings, which is faster than decoding them.
    pub fn is_put_back_as(&self, newer: &Self) -> bool {
        let shown = |field: &&[u8]| !KEYS_NOT_SHOWN.contains(&field[0]);
        let reason = fields(newer.protobuf()).find(|field| field[0] == KEY_REASON);
        // The reason 0 is left out.
        let is_rebuilt = reason.is_none_or(|field| field[1..] == [v1::Reason::Login as u8]);
        is_rebuilt && fields(self.protobuf()).filter(shown).eq(fields(newer.protobuf()).filter(shown))
    }

    /// Returns `true` if `newer` differs from this status only in the version. Compares the encodings.
    pub fn is_renumbered_as(&self, newer: &Self) -> bool {
        let is_other = |field: &&[u8]| field[0] != KEY_VERSION;
        fields(self.protobuf()).filter(is_other).eq(fields(newer.protobuf()).filter(is_other))
    }

    /// Decodes the status.
    pub fn message(&self) -> v1::UserStatus {
        let (_, body) = split_element(self.protobuf());
        v1::UserStatus::decode(body).expect("what encode_status made")
    }

    /// Returns the status as JSON text in UTF-8, which is encoded at the first call.
    pub fn json(&mut self) -> &[u8] {
        let protobuf = self.protobuf_len();
        if protobuf == self.bytes.len() {
            let text = serde_json::to_vec(&self.message()).expect("a message is JSON");
            self.bytes = [&self.bytes[..], &text].concat().into();
        }
        &self.bytes[protobuf..]
    }

    fn protobuf(&self) -> &[u8] {
        &self.bytes[..self.protobuf_len()]
    }

    /// Reads a byte of each cache line of the encodings, so that a copy soon after does not wait for the memory.
    pub fn preload(&self) {
        // The first byte seldom begins a cache line, so the last byte may be in one more line.
        self.bytes.iter().step_by(CACHE_LINE).chain(self.bytes.last()).for_each(|byte| {
            black_box(*byte);
        });
    }

    /// Returns the length of the protobuf encoding in bytes.
    pub fn protobuf_len(&self) -> usize {
        match self.bytes[1] {
            // Most lengths are a single byte. This is called for each notification.
            length @ 0..0x80 => 2 + usize::from(length),
            _ => {
                let (prefix, _) = split_element(&self.bytes);
                prefix.len() + prost::decode_length_delimiter(&prefix[1..]).expect("what encode_status made")
            }
        }
    }
}

/// Splits an encoded element into its prefix (key and length) and its message.
fn split_element(element: &[u8]) -> (&[u8], &[u8]) {
    let prefix = 1 + element[1..].iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
    element.split_at(prefix)
}

/// Iterates over the encoded fields of an encoded element.
fn fields(element: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (_, mut rest) = split_element(element);
    std::iter::from_fn(move || {
        let (key, value) = rest.split_first()?;
        let varint = value.iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
        // `encode_status` encodes only varints and fields with a length. Each key has one byte.
        let length = match key & 7 {
            0 => 0,
            _ => prost::decode_length_delimiter(value).expect("what encode_status made"),
        };
        let (field, tail) = rest.split_at(1 + varint + length);
        rest = tail;
        Some(field)
    })
}

/// Collects encoded statuses for one `ServerMessage { status_changed }`.
///
/// A batch is reused for the next message and keeps its memory.
#[derive(Default, Debug)]
pub struct StatusBatch {
    protobuf: Vec<u8>,
    json: Vec<u8>,
    count: usize,
    snapshot_complete: bool,
}

impl StatusBatch {
    /// Adds a status in protobuf. All statuses of a batch must have the same encoding.
    pub fn push_protobuf(&mut self, status: &EncodedStatus) {
        self.protobuf.extend_from_slice(status.protobuf());
        self.count += 1;
    }

    /// Adds a status in JSON. All statuses of a batch must have the same encoding.
    pub fn push_json(&mut self, status: &mut EncodedStatus) {
        if self.count > 0 {
            self.json.push(b',');
        }
        self.json.extend_from_slice(status.json());
        self.count += 1;
    }

    /// Sets the field `snapshot_complete` of the message. It is `true` in the last message of a snapshot.
    pub fn set_snapshot_complete(&mut self, complete: bool) {
        self.snapshot_complete = complete;
    }

    /// Returns the number of statuses in the batch.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Returns the length of the encoded statuses in bytes.
    pub fn len(&self) -> usize {
        self.protobuf.len() + self.json.len()
    }

    /// Returns `true` if there is nothing to send: no status, and no end of a snapshot.
    pub fn is_empty(&self) -> bool {
        self.count == 0 && !self.snapshot_complete
    }

    /// Removes all statuses, and keeps the memory.
    pub fn clear(&mut self) {
        self.protobuf.clear();
        self.json.clear();
        self.count = 0;
        self.snapshot_complete = false;
    }

    /// Returns the number of bytes that [`StatusBatch::put_protobuf`] appends.
    pub fn protobuf_len(&self) -> usize {
        let length = self.protobuf.len() + self.protobuf_tail().len();
        1 + prost::length_delimiter_len(length) + length
    }

    /// Returns the number of bytes that [`StatusBatch::put_json`] appends.
    pub fn json_len(&self) -> usize {
        JSON_HEAD.len() + self.json.len() + self.json_tail().len()
    }

    fn protobuf_tail(&self) -> &'static [u8] {
        if self.snapshot_complete { &SNAPSHOT_COMPLETE } else { &[] }
    }

    fn json_tail(&self) -> &'static [u8] {
        if self.snapshot_complete { JSON_TAIL_COMPLETE } else { JSON_TAIL }
    }

    /// Appends the `ServerMessage` in protobuf to `out`, without its length.
    pub fn put_protobuf(&self, out: &mut Vec<u8>) {
        out.push(KEY_STATUS_CHANGED);
        let tail = self.protobuf_tail();
        prost::encode_length_delimiter(self.protobuf.len() + tail.len(), out).expect("a Vec grows");
        out.extend_from_slice(&self.protobuf);
        out.extend_from_slice(tail);
    }

    /// Appends the `ServerMessage` in protobuf to `out`, preceded by its length as in the native framing.
    pub fn put_native(&self, out: &mut Vec<u8>) {
        prost::encode_length_delimiter(self.protobuf_len(), out).expect("a Vec grows");
        self.put_protobuf(out);
    }

    /// Appends the `ServerMessage` as JSON text to `out`.
    pub fn put_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(JSON_HEAD);
        out.extend_from_slice(&self.json);
        out.extend_from_slice(self.json_tail());
    }
}

/// Encoded statuses for a `LoginResponse`. They are appended to the other fields of the response.
#[derive(Default, Debug)]
pub struct LoginStatuses {
    protobuf: Vec<u8>,
}

impl LoginStatuses {
    /// Adds an encoded status.
    pub fn push(&mut self, status: &EncodedStatus) {
        let (_, rest) = status.protobuf().split_first().expect("a key stands first");
        self.protobuf.push(KEY_LOGIN_STATUSES);
        self.protobuf.extend_from_slice(rest);
    }

    /// Returns the `ServerMessage` in protobuf that answers the request `id` with `response` and these statuses.
    pub fn message(&self, id: u64, response: &v1::LoginResponse) -> Vec<u8> {
        let length = response.encoded_len() + self.protobuf.len();
        let mut message = Vec::with_capacity(length + 24);
        if id != 0 {
            message.push(KEY_ID);
            prost::encoding::encode_varint(id, &mut message);
        }
        message.push(KEY_LOGIN);
        prost::encode_length_delimiter(length, &mut message).expect("a Vec grows");
        response.encode(&mut message).expect("a Vec grows");
        message.extend_from_slice(&self.protobuf);
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::server_message::Body;
    use lamplight_model::{CustomStatus, Platform, Reason, StatusType, Timestamp, UserId};
    use proptest::prelude::*;

    fn status(id: &str, custom: &str, version: u64, kind: usize, seen: Option<u64>) -> UserStatus {
        UserStatus {
            user_id: UserId::new(id).unwrap(),
            status_type: StatusType::ALL[kind],
            custom_status: CustomStatus::new(custom, 1000).unwrap(),
            custom_expires: seen.filter(|seen| seen % 2 == 1).map(Timestamp),
            version: Version(version),
            since: Timestamp(version / 7),
            reason: Reason::ALL[kind],
            last_seen: seen.map(Timestamp),
            online_devices: [Platform::Web, Platform::Mac].into_iter().take(kind).collect(),
        }
    }

    fn by_prost(statuses: &[UserStatus], snapshot_complete: bool) -> v1::ServerMessage {
        let statuses = statuses.iter().map(v1::UserStatus::from).collect();
        v1::ServerMessage {
            id: 0,
            body: Some(Body::StatusChanged(v1::StatusChanged { statuses, snapshot_complete })),
        }
    }

    #[test]
    fn a_status_that_was_put_back_differs_in_version_reason_and_devices_only() {
        for (custom, seen) in [("", None), ("at lunch", Some(7)), (&"é".repeat(200), Some(u64::MAX))] {
            let one = UserStatus { reason: Reason::Custom, ..status("ann", custom, 7, 1, seen) };
            let is = |newer: &UserStatus| encode_status(&one).is_put_back_as(&encode_status(newer));
            let again = UserStatus { reason: Reason::Login, ..one.clone() };
            for version in [0, 8, 1 << 20, u64::MAX] {
                let online_devices = [Platform::IPhone].into_iter().collect();
                let newer = UserStatus { version: Version(version), online_devices, ..again.clone() };
                assert!(is(&newer), "{newer:?}");
                let bare =
                    UserStatus { reason: Reason::None, online_devices: Default::default(), ..newer.clone() };
                assert!(is(&bare), "{bare:?}");
                for reason in [Reason::Custom, Reason::NodeLost, Reason::LinkClosed] {
                    assert!(!is(&UserStatus { reason, ..newer.clone() }), "{reason:?}");
                }
            }
            for other in [
                UserStatus { user_id: UserId::new("bob").unwrap(), ..again.clone() },
                UserStatus { status_type: StatusType::ALL[2], ..again.clone() },
                UserStatus { custom_status: CustomStatus::new("x", 10).unwrap(), ..again.clone() },
                UserStatus { custom_expires: Some(Timestamp(3)), ..again.clone() },
                UserStatus { since: Timestamp(2), ..again.clone() },
                UserStatus { last_seen: Some(Timestamp(1)), ..again.clone() },
            ] {
                assert!(!is(&other), "{other:?}");
            }
        }
    }

    #[test]
    fn a_renumbered_status_differs_in_its_version_only() {
        let one = UserStatus { reason: Reason::Custom, ..status("ann", "at lunch", 7, 1, Some(7)) };
        let is = |newer: &UserStatus| encode_status(&one).is_renumbered_as(&encode_status(newer));
        for version in [0, 8, 1 << 20, u64::MAX] {
            assert!(is(&UserStatus { version: Version(version), ..one.clone() }));
        }
        for other in [
            UserStatus { reason: Reason::Login, ..one.clone() },
            UserStatus { status_type: StatusType::ALL[2], ..one.clone() },
            UserStatus { custom_status: CustomStatus::new("x", 10).unwrap(), ..one.clone() },
            UserStatus { custom_expires: Some(Timestamp(3)), ..one.clone() },
            UserStatus { since: Timestamp(2), ..one.clone() },
            UserStatus { last_seen: None, ..one.clone() },
            UserStatus { online_devices: [Platform::IPhone].into_iter().collect(), ..one.clone() },
        ] {
            assert!(!is(&other), "{other:?}");
        }
    }

    #[test]
    fn the_text_of_a_status_leaves_its_other_encoding_as_it_is() {
        for custom in ["", "at lunch", &"é".repeat(200)] {
            let status = status("ann", custom, 7, 1, Some(7));
            let (plain, mut both) = (encode_status(&status), encode_status(&status));
            let text = serde_json::to_vec(&v1::UserStatus::from(&status)).unwrap();
            assert_eq!(both.json(), text);
            assert_eq!(both.json(), text, "the second time");
            assert_eq!((both.protobuf(), both.message()), (plain.protobuf(), plain.message()));
        }
    }

    proptest! {
        #[test]
        fn a_frame_put_together_is_the_frame_that_prost_and_pbjson_make(
            parts in proptest::collection::vec(
                ("[a-z]{1,32}", "\\PC{0,60}", any::<u64>(), 0usize..4, any::<Option<u64>>()), 1..40),
            complete: bool,
        ) {
            let statuses: Vec<_> = parts
                .iter()
                .map(|(id, custom, version, kind, seen)| status(id, custom, *version, *kind, *seen))
                .collect();
            let mut batch = StatusBatch::default();
            for status in &statuses {
                batch.push_protobuf(&encode_status(status));
            }
            batch.set_snapshot_complete(complete);
            let mut native = Vec::new();
            batch.put_native(&mut native);
            prop_assert!(native.ends_with(&by_prost(&statuses, complete).encode_to_vec()));
            prop_assert_eq!(batch.protobuf_len(), by_prost(&statuses, complete).encoded_len());
            prop_assert_eq!(&native, &by_prost(&statuses, complete).encode_length_delimited_to_vec());

            batch.clear();
            for status in &statuses {
                batch.push_json(&mut encode_status(status));
            }
            batch.set_snapshot_complete(complete);
            let mut json = Vec::new();
            batch.put_json(&mut json);
            prop_assert_eq!(batch.json_len(), json.len());
            prop_assert_eq!(String::from_utf8(json).unwrap(), serde_json::to_string(&by_prost(&statuses, complete)).unwrap());
        }

        #[test]
        fn a_login_answer_put_together_reads_as_the_one_that_prost_makes(
            parts in proptest::collection::vec(("[a-z]{1,32}", "\\PC{0,60}", any::<u64>(), 0usize..4), 0..40),
            id: u64,
            lists_version: u64,
            subscriptions in proptest::collection::vec("[a-z]{1,32}", 0..4),
        ) {
            let statuses: Vec<_> =
                parts.iter().map(|(id, custom, version, kind)| status(id, custom, *version, *kind, None)).collect();
            let response = v1::LoginResponse { lists_version, subscriptions, ..Default::default() };
            let mut encoded = LoginStatuses::default();
            statuses.iter().for_each(|status| encoded.push(&encode_status(status)));
            let put_together = encoded.message(id, &response);
            let statuses = statuses.iter().map(v1::UserStatus::from).collect();
            let body = Some(Body::Login(v1::LoginResponse { statuses, ..response }));
            let by_prost = v1::ServerMessage { id, body };
            prop_assert_eq!(put_together.len(), by_prost.encoded_len());
            prop_assert_eq!(v1::ServerMessage::decode(&*put_together).unwrap(), by_prost);
        }

        #[test]
        fn an_encoded_status_is_read_back(custom in "\\PC{0,300}", version in any::<u64>()) {
            let status = status("alice", &custom, version, 1, Some(3));
            let encoded = encode_status(&status);
            prop_assert_eq!(UserStatus::try_from(encoded.message()).unwrap(), status);
        }
    }
}
