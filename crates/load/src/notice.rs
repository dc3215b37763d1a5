//! A fast parser for notifications of statuses.
//!
//! Only the most frequent frames are parsed here. `prost` parses all others.

use crate::ring::user_of;
use lamplight_model::StatusType;
use lamplight_wire::v1;

/// The protobuf key (number << 3 | 2) of `ServerMessage.status_changed`. The key of `StatusChanged.statuses` follows.
const KEY_STATUS_CHANGED: u8 = 11 << 3 | 2;
const KEY_STATUSES: u64 = 1 << 3 | 2;
/// The protobuf key of `StatusChanged.snapshot_complete`.
const KEY_SNAPSHOT_COMPLETE: u64 = 2 << 3;

/// The text before the number in a custom status of the load.
const TEXT: &str = "busy ";

/// A notification about a user.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Notice {
    /// The number of the user.
    pub user: u32,
    /// The version of the status.
    pub version: u64,
    /// The number in the custom status; 0 if the custom status is empty.
    pub text: u32,
    /// `true` if the status type is ONLINE.
    pub online: bool,
}

/// Returns the custom status with this number.
pub fn text_of(number: u32) -> String {
    if number == 0 { String::new() } else { format!("{TEXT}{number:07}") }
}

impl Notice {
    /// Converts a status that `prost` has decoded; `None` if it is not from this load.
    pub fn from_status(status: &v1::UserStatus) -> Option<Self> {
        Some(Self {
            user: user_of(status.user_id.as_bytes())?,
            version: status.version,
            text: number_of(status.custom_status.as_bytes())?,
            online: status.status_type == StatusType::Online as i32,
        })
    }
}

/// Returns the statuses of a `status_changed` notification; `None` for any other message.
pub fn status_changed(message: &[u8]) -> Option<&[u8]> {
    let mut rest = message.strip_prefix(&[KEY_STATUS_CHANGED])?;
    let body = field(&mut rest)?;
    rest.is_empty().then_some(body)
}

/// Passes every status in the result of [`status_changed`] to `hear`. Returns `None` if a status cannot be parsed.
pub fn notices(mut statuses: &[u8], mut hear: impl FnMut(Notice)) -> Option<()> {
    while !statuses.is_empty() {
        match varint(&mut statuses)? {
            KEY_STATUSES => hear(notice(field(&mut statuses)?)?),
            KEY_SNAPSHOT_COMPLETE => {
                varint(&mut statuses)?;
            }
            _ => return None,
        }
    }
    Some(())
}

fn notice(mut status: &[u8]) -> Option<Notice> {
    let mut notice = Notice { user: u32::MAX, version: 0, text: 0, online: false };
    while !status.is_empty() {
        let key = varint(&mut status)?;
        match (key >> 3, key & 7) {
            (1, 2) => notice.user = user_of(field(&mut status)?)?,
            (2, 0) => notice.online = varint(&mut status)? == StatusType::Online as u64,
            (3, 2) => notice.text = number_of(field(&mut status)?)?,
            (4, 0) => notice.version = varint(&mut status)?,
            (_, 0) => {
                varint(&mut status)?;
            }
            (_, 2) => {
                field(&mut status)?;
            }
            _ => return None,
        }
    }
    (notice.user != u32::MAX).then_some(notice)
}

/// Returns the number in a custom status; `None` if the text is not from this load.
pub fn number_of(text: &[u8]) -> Option<u32> {
    if text.is_empty() {
        return Some(0);
    }
    text.strip_prefix(TEXT.as_bytes())?.iter().try_fold(0u32, |number, digit| {
        let digit = u32::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?);
        number.checked_mul(10)?.checked_add(digit)
    })
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for index in 0..10 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn field<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(varint(bytes)?).ok()?;
    let (field, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message as _;
    use v1::server_message::Body;

    fn status(user: &str, custom: &str, online: bool) -> v1::UserStatus {
        v1::UserStatus {
            user_id: user.to_owned(),
            status_type: if online { 1 } else { 2 },
            custom_status: custom.to_owned(),
            version: 1 << 52,
            since: 1_700_000_000_000,
            reason: 9,
            last_seen: Some(0),
            online_devices: vec![6, 7],
            custom_expires: None,
        }
    }

    fn message(id: u64, statuses: Vec<v1::UserStatus>) -> Vec<u8> {
        let body = Some(Body::StatusChanged(v1::StatusChanged { statuses, ..Default::default() }));
        v1::ServerMessage { id, body }.encode_to_vec()
    }

    #[test]
    fn what_is_read_by_hand_is_what_prost_reads() {
        let statuses = vec![
            status("u0000007", &text_of(42), true),
            status("u9999999", "", false),
            status("u0000000", &text_of(u32::MAX), true),
        ];
        let bytes = message(0, statuses.clone());
        let mut heard = Vec::new();
        notices(status_changed(&bytes).unwrap(), |notice| heard.push(notice)).unwrap();
        let expected: Vec<_> = statuses.iter().filter_map(Notice::from_status).collect();
        assert_eq!(heard, expected);
        assert_eq!(heard[0], Notice { user: 7, version: 1 << 52, text: 42, online: true });
    }

    #[test]
    fn what_is_none_of_ours_is_not_taken_for_it() {
        assert_eq!(status_changed(&message(5, Vec::new())), None);
        for (user, custom) in [("alice", ""), ("u0000001", "away"), ("u0000001", "busy 99999999999")] {
            let bytes = message(0, vec![status(user, custom, true)]);
            assert_eq!(notices(status_changed(&bytes).unwrap(), |_| {}), None, "{user} {custom}");
        }
        let whole = message(0, vec![status("u0000001", "", true)]);
        for cut in 1..whole.len() {
            assert_eq!(status_changed(&whole[..cut]), None);
        }
    }
}
