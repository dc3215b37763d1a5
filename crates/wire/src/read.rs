//! Decodes the messages of a client, and extracts the ids of messages that cannot be decoded.

use crate::json_error::{json_path, plain_json_error};
use crate::v1::ClientMessage;
use prost::Message as _;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use serde_json::Value;

/// The maximum number of bytes of a decoder's error text that are sent to the client.
const MAX_REASON_BYTES: usize = 200;

/// The error for a complete frame that does not contain a valid message.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{reason}")]
pub struct Unreadable {
    /// The id of the message; 0 if it cannot be found.
    pub id: u64,
    /// The error in plain words, truncated to 200 bytes.
    pub reason: String,
}

impl Unreadable {
    fn new(id: u64, reason: &impl ToString) -> Self {
        let mut reason = reason.to_string();
        if let Some((end, _)) =
            reason.char_indices().find(|(at, char)| at + char.len_utf8() > MAX_REASON_BYTES)
        {
            reason.truncate(end);
        }
        Self { id, reason }
    }
}

/// Decodes a protobuf message.
pub fn read_protobuf(bytes: &[u8]) -> Result<ClientMessage, Unreadable> {
    ClientMessage::decode(bytes).map_err(|error| Unreadable::new(id_in_protobuf(bytes), &error))
}

/// Decodes a message in protobuf's JSON mapping. A field with the value `null` is treated as absent.
pub fn read_json(text: &str) -> Result<ClientMessage, Unreadable> {
    serde_json::from_str(text)
        // The generated code accepts `null` only in fields whose type is a message. Few clients send `null`, so the
        // text is parsed again only if needed.
        .or_else(|error| if text.contains("null") { read_json_with_nulls(text) } else { Err(error) })
        .map_err(|error| Unreadable::new(id_in_json(text), &reason_of(text, &error)))
}

/// The longest path of a field that an error text contains, in bytes. A longer path is left out.
const MAX_FIELD_BYTES: usize = 100;

/// Returns the text of an error about a JSON text, with the path of the field if the error is about a value.
fn reason_of(text: &str, error: &serde_json::Error) -> String {
    let mut field = String::new();
    // An error about a value without `null` fields has no place.
    if error.is_data() && error.line() > 0 {
        let line: usize = text.split_inclusive('\n').take(error.line() - 1).map(str::len).sum();
        field = json_path(text, line + error.column());
    }
    if field.len() > MAX_FIELD_BYTES {
        field.clear();
    }
    plain_json_error(&field, &error.to_string())
}

fn read_json_with_nulls(text: &str) -> serde_json::Result<ClientMessage> {
    let mut value: Value = serde_json::from_str(text)?;
    remove_nulls(&mut value);
    serde_json::from_value(value)
}

/// Removes the fields with the value `null`. Keeps the elements of a list, because an element cannot be absent.
fn remove_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(remove_nulls);
        }
        Value::Array(elements) => elements.iter_mut().for_each(remove_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Extracts the id of a protobuf message, even if its body is invalid. Returns 0 if there is no valid id.
pub fn id_in_protobuf(mut bytes: &[u8]) -> u64 {
    const ID: u32 = 1;
    let mut id = 0;
    while !bytes.is_empty() {
        let Ok((number, wire_type)) = decode_key(&mut bytes) else { break };
        if (number, wire_type) == (ID, WireType::Varint) {
            let Ok(value) = decode_varint(&mut bytes) else { break };
            id = value;
        } else if skip_field(wire_type, number, &mut bytes, DecodeContext::default()).is_err() {
            break;
        }
    }
    id
}

/// Extracts `id` from the outermost JSON object, even if the text is invalid elsewhere. Returns 0 if there is no valid
/// id.
///
/// A JSON parser cannot be used, because it stops at the first error, for example at half of a surrogate pair.
pub fn id_in_json(text: &str) -> u64 {
    Scan { rest: text.as_bytes() }.id().unwrap_or(0)
}

/// Scans JSON text without decoding it. It recognises only strings, brackets and commas.
struct Scan<'a> {
    rest: &'a [u8],
}

impl<'a> Scan<'a> {
    fn id(&mut self) -> Option<u64> {
        self.take(b'{')?;
        loop {
            let key = self.string()?;
            self.take(b':')?;
            let value = self.value()?;
            if key == b"id" {
                let digits = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
                return std::str::from_utf8(digits.unwrap_or(value)).ok()?.parse().ok();
            }
            self.take(b',')?;
        }
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        self.skip_space();
        self.rest = self.rest.strip_prefix(&[byte])?;
        Some(())
    }

    /// Reads a string and returns it without its quotes; escapes are not decoded. `None` if the text ends too early.
    fn string(&mut self) -> Option<&'a [u8]> {
        self.take(b'"')?;
        let mut at = 0;
        loop {
            match self.rest.get(at)? {
                b'\\' => at += 2,
                b'"' => break,
                _ => at += 1,
            }
        }
        let (string, rest) = self.rest.split_at(at);
        self.rest = &rest[1..];
        Some(string)
    }

    /// Reads a value of any type and returns its text, up to the next comma or bracket. `None` if the text ends too
    /// early.
    fn value(&mut self) -> Option<&'a [u8]> {
        self.skip_space();
        let all = self.rest;
        let mut depth = 0usize;
        loop {
            match self.rest.first()? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b',' | b'}' | b']' if depth == 0 => break,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.rest = &self.rest[1..];
        }
        Some(all[..all.len() - self.rest.len()].trim_ascii_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1;
    use crate::v1::client_message::Body;
    use proptest::prelude::*;

    #[test]
    fn an_error_names_the_field_in_the_terms_of_json() {
        for (text, told) in [
            (
                r#"{"id":1,"subscribeUserStatus":{"userIds":"bob"}}"#,
                r#"subscribeUserStatus.userIds must be an array, not the text "bob""#,
            ),
            (
                r#"{"id":1,"subscribeUserStatus":{"userIds":["bob",7]}}"#,
                "subscribeUserStatus.userIds[1] must be a text, not the number 7",
            ),
            (r#"{"id":1,"setSelfStatus":[]}"#, "setSelfStatus must be an object, not an array"),
            (
                "{\"id\":1,\n\"setSelfStatus\":{\"customStatus\":7}}",
                "setSelfStatus.customStatus must be a text, not the number 7 at line 2",
            ),
        ] {
            let error = read_json(text).unwrap_err();
            assert!(error.id == 1 && error.reason.contains(told), "{text}: {error}");
        }
    }

    #[test]
    fn the_id_is_found_in_json_wherever_it_can_be_read() {
        let table = [
            (r#"{"id":7}"#, 7),
            (r#" { "id" : "7" , "x" : 1 } "#, 7),
            (r#"{"id":18446744073709551615}"#, u64::MAX),
            (r#"{"setSelfStatus":{"customStatus":"\ud83d"},"id":8}"#, 8),
            (r#"{"id":9,"setSelfStatus":{"customStatus":"\ud83d"}}"#, 9),
            (r#"{"setSelfStatus":{"customStatus":"a\\\"}","id":1},"id":10}"#, 10),
            (r#"{"getUserStatus":{"userIds":[{"id":1},[2],"]"]},"id":11}"#, 11),
            // The text is invalid after the id.
            (r#"{"id":12,"setSelfStatus":{"cust"#, 12),
            (r#"{"id":13,nonsense"#, 13),
            (r#"{"id":14"#, 0),
            // The id itself is invalid or missing.
            (r#"{"id":null}"#, 0),
            (r#"{"id":-1}"#, 0),
            (r#"{"id":{"id":1}}"#, 0),
            (r#"{"id":"seven"}"#, 0),
            (r#"{"ID":1}"#, 0),
            (r#"{"login":{"id":1}}"#, 0),
            (r#"[{"id":1}]"#, 0),
            (r#"{"a":"\"#, 0),
            ("", 0),
            ("nonsense", 0),
        ];
        for (text, expected) in table {
            assert_eq!(id_in_json(text), expected, "{text}");
        }
    }

    #[test]
    fn the_id_is_found_in_protobuf_wherever_it_can_be_read() {
        let table: [(&[u8], u64); 8] = [
            (&[8, 7], 7),
            (&[8, 0x96, 1], 150),
            // A `setSelfStatus` with a custom status that is not UTF-8, once after and once before the id.
            (&[8, 7, 34, 3, 10, 1, 0xff], 7),
            (&[34, 3, 10, 1, 0xff, 8, 7], 7),
            // The body is truncated.
            (&[8, 7, 34, 30, 10], 7),
            // The id is not a number; then a field number that protobuf does not allow.
            (&[10, 1, 7], 0),
            (&[7, 7, 8, 7], 0),
            (&[], 0),
        ];
        for (bytes, expected) in table {
            assert_eq!(id_in_protobuf(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn null_is_absence_in_every_field() {
        let whole = [
            ("login", "sdkAppId userId userSig deviceId platform resume known"),
            ("logout", ""),
            ("setSelfStatus", "customStatus"),
            ("getUserStatus", "userIds"),
            ("subscribeUserStatus", "userIds"),
            ("unsubscribeUserStatus", "userIds"),
            ("getSubscriptions", ""),
            ("heartbeat", ""),
            ("setSelfInfo", "nick avatarUrl allowType"),
            ("getUsersInfo", "userIds"),
            ("getFriendList", "after limit"),
            ("addFriend", "userId remark addSource addWording single"),
            ("deleteFriends", "userIds single"),
            ("setFriendRemark", "userId remark"),
            ("sendMessage", "to text clientMessageId"),
            ("getHistory", "peer before limit"),
            ("getConversationList", "cursor limit"),
            ("markRead", "peer sequence"),
            ("pinConversation", "peer pinned"),
            ("deleteConversation", "peer"),
        ];
        for (body, fields) in whole {
            let absent = read_json(&format!(r#"{{"id":1,"{body}":{{}}}}"#)).unwrap();
            for field in fields.split_whitespace() {
                let text = format!(r#"{{"id":1,"{body}":{{"{field}":null}}}}"#);
                assert_eq!(read_json(&text).as_ref(), Ok(&absent), "{text}");
            }
            assert!(absent.body.is_some(), "{body}");
            let text = format!(r#"{{"id":null,"{body}":null}}"#);
            assert_eq!(read_json(&text), Ok(ClientMessage::default()), "{text}");
        }
        let known = r#"{"login":{"known":[{"userId":null,"version":null}],"unknown":null}}"#;
        let Some(Body::Login(login)) = read_json(known).unwrap().body else { panic!() };
        assert_eq!(login.known, [v1::Known::default()]);
    }

    #[test]
    fn what_cannot_be_read_says_why_in_few_words() {
        let table = [
            (r#"{"id":1,"getUserStatus":{"userIds":[null]}}"#, 1),
            (r#"{"id":2,"getUserStatus":{"userIds":"ann"}}"#, 2),
            (r#"{"setSelfStatus":{"customStatus":5},"id":"3"}"#, 3),
            (r#"{"id":4,"login":{"platform":"PLATFORM_FRIDGE"}}"#, 4),
            (r#"{"id":5,"logout":{},"logout":{}}"#, 5),
            (r#"{"id":{},"logout":null}"#, 0),
        ];
        for (text, id) in table {
            let unreadable = read_json(text).unwrap_err();
            assert_eq!(unreadable.id, id, "{text}");
            assert!(!unreadable.reason.is_empty(), "{text}");
        }
        let long = read_json(&format!(r#"{{"login":{{"resume":"{}"}}}}"#, "ä".repeat(1_000))).unwrap_err();
        assert!((MAX_REASON_BYTES - 1..=MAX_REASON_BYTES).contains(&long.reason.len()), "{long}");
    }

    proptest! {
        #[test]
        fn no_bytes_and_no_text_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64), text in r#"[{}\[\]",:\\id0-9 ä]{0,40}"#) {
            id_in_protobuf(&bytes);
            id_in_json(&text);
        }
    }
}
