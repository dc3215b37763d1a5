//! One-to-one text messages.

use crate::{Timestamp, UserId};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A one-to-one text message, as it was committed.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Message {
    /// The sender.
    pub from: UserId,
    /// The recipient.
    pub to: UserId,
    /// Its place in the conversation of the two, from 1, without a gap.
    pub sequence: u64,
    /// When it was committed.
    pub at: Timestamp,
    /// The text of the message.
    pub text: String,
    /// The sender's id of the message.
    pub client_id: ClientMessageId,
}

impl Message {
    /// The other one of the two, as `user` sees it.
    pub fn peer_of(&self, user: &UserId) -> &UserId {
        if self.from == *user { &self.to } else { &self.from }
    }
}

/// The sender's id of a message: 1–64 bytes of printable ASCII. A second message with the same text to the same user
/// under the same id, soon after the first, is a retry.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientMessageId(CompactString);

/// The text is no client message id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a client message id is 1 to {} bytes of printable ASCII", ClientMessageId::MAX_BYTES)]
pub struct InvalidClientMessageId;

impl ClientMessageId {
    /// The longest client message id, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// Reads a client message id.
    pub fn new(text: &str) -> Result<Self, InvalidClientMessageId> {
        let printable = text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
        if text.is_empty() || text.len() > Self::MAX_BYTES || !printable {
            return Err(InvalidClientMessageId);
        }
        Ok(Self(CompactString::new(text)))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientMessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ClientMessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_message_id_is_1_to_64_bytes_of_printable_ascii() {
        let cases: &[(&str, bool)] =
            &[("a", true), (&"x".repeat(64), true), (&"x".repeat(65), false), ("", false), ("é", false)];
        for (text, valid) in cases {
            assert_eq!(ClientMessageId::new(text).is_ok(), *valid, "{text:?}");
        }
    }
}
