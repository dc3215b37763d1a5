//! One-to-one messages.

use crate::{Code, Refusal, Timestamp, UserId};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A message that is stored.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Message {
    /// The sender.
    pub from: UserId,
    /// The recipient.
    pub to: UserId,
    /// The number of the message in the conversation of the two users, from 1 without gaps.
    pub sequence: u64,
    /// The time at which the message was stored.
    pub at: Timestamp,
    /// The content of the message.
    pub body: MessageBody,
    /// The id that the sender has given the message.
    pub client_id: ClientMessageId,
}

impl Message {
    /// The other user: the recipient if `user` is the sender, otherwise the sender.
    pub fn peer_of(&self, user: &UserId) -> &UserId {
        if self.from == *user { &self.to } else { &self.from }
    }
}

/// The content of a message.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageBody {
    /// A text.
    Text(String),
    /// Content that only applications interpret. Lamplight delivers it unchanged.
    Custom(CustomElement),
}

/// Custom content, like a `TIMCustomElem` of the cloud. Each part may be empty.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug, Serialize, Deserialize)]
pub struct CustomElement {
    /// The content, in a format of the application.
    pub data: String,
    /// A text for people. Conversation lists show it, and OFFLINE users get it as a push notification.
    pub description: String,
    /// Further data of the application.
    pub extension: String,
}

impl MessageBody {
    /// The size of all parts in bytes. The setting `message_bytes` limits it.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Custom(CustomElement { data, description, extension }) => {
                data.len() + description.len() + extension.len()
            }
        }
    }

    /// Checks the size of the body. Refuses an empty body with 6017, and a body of more than `limit` bytes with 80002.
    pub fn check(&self, limit: usize) -> Result<(), Refusal> {
        match self.bytes() {
            0 => Err(Refusal::because(Code::INVALID_PARAMETER, "the message is empty")),
            bytes if bytes > limit => {
                let detail = format!("{bytes} bytes, at most {limit} are allowed");
                Err(Refusal::because(Code::MESSAGE_TOO_LONG, detail))
            }
            _ => Ok(()),
        }
    }

    /// The text that people see: the text of the message, or the description of custom content.
    pub fn shown(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Custom(custom) => &custom.description,
        }
    }
}

impl From<&str> for MessageBody {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// The id that a sender gives a message: 1–64 bytes of printable ASCII. A later message with the same id, sender,
/// recipient and content is a retry if it comes within ten minutes. A retry is not stored. Clients must not use ids
/// that begin with [`ClientMessageId::SERVER_API`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientMessageId(CompactString);

/// The error of a text that is not a client message id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a client message id is 1 to {} bytes of printable ASCII and does not begin with `{}`",
    ClientMessageId::MAX_BYTES,
    ClientMessageId::SERVER_API
)]
pub struct InvalidClientMessageId;

impl From<InvalidClientMessageId> for Refusal {
    fn from(invalid: InvalidClientMessageId) -> Self {
        Self::because(Code::INVALID_PARAMETER, invalid.to_string())
    }
}

impl ClientMessageId {
    /// The longest client message id, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// The prefix of the ids that the server API generates. Clients must not use it, because their messages could be
    /// mistaken for those of the server API.
    pub const SERVER_API: &str = "api:";

    /// Parses the id of a client. Refuses an id with the prefix of the server API.
    pub fn of_client(text: &str) -> Result<Self, InvalidClientMessageId> {
        if text.starts_with(Self::SERVER_API) {
            return Err(InvalidClientMessageId);
        }
        Self::new(text)
    }

    /// Parses the id of a client or of the server API.
    pub fn new(text: &str) -> Result<Self, InvalidClientMessageId> {
        let printable = text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
        if text.is_empty() || text.len() > Self::MAX_BYTES || !printable {
            return Err(InvalidClientMessageId);
        }
        Ok(Self(CompactString::new(text)))
    }

    /// The text of the id.
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
            assert_eq!(ClientMessageId::of_client(text).is_ok(), *valid, "{text:?}");
        }
    }

    #[test]
    fn a_client_cannot_choose_an_id_of_the_server_api() {
        for (text, free) in
            [("api:7_9", false), ("api:", false), ("api", true), ("API:7_9", true), ("x-api:7_9", true)]
        {
            assert!(ClientMessageId::new(text).is_ok(), "{text}");
            assert_eq!(ClientMessageId::of_client(text).is_ok(), free, "{text}");
        }
    }
}
