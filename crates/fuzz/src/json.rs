//! The target for the JSON encoding of the messages of a client.
//!
//! Input: text.

use lamplight_wire::{id_in_json, read_json, read_protobuf};
use prost::Message as _;

/// Runs one input.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match read_json(text) {
        Ok(message) => {
            // In two cases, the id is found only by the decoder: if its field name contains an escape, or if the field
            // occurs a second time with `null`.
            if !text.contains('\\') && !text.contains("null") {
                assert_eq!(id_in_json(text), message.id, "the id of a readable message: {text}");
            }
            assert_eq!(read_protobuf(&message.encode_to_vec()).as_ref(), Ok(&message), "{text}");
            if let Ok(again) = serde_json::to_string(&message) {
                assert_eq!(read_json(&again).as_ref(), Ok(&message), "{text} became {again}");
            }
        }
        Err(unreadable) => {
            assert_eq!(unreadable.id, id_in_json(text));
            assert!(!unreadable.reason.is_empty() && unreadable.reason.len() <= 200);
        }
    }
}
