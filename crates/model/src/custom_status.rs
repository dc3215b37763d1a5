//! The custom status: a text that the user sets and that others see beside the status type.

use crate::{Code, Refusal};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// A text in UTF-8 that a user sets beside the status type; empty if there is none.
#[derive(Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustomStatus(CompactString);

/// The error of a text that is longer than the app allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a custom status must have at most {limit} bytes, and this one has {length}")]
pub struct InvalidCustomStatus {
    /// The limit of the app, in bytes.
    pub limit: usize,
    /// The length of the text, in bytes.
    pub length: usize,
}

impl From<InvalidCustomStatus> for Refusal {
    fn from(invalid: InvalidCustomStatus) -> Self {
        Self::because(Code::INVALID_PARAMETER, invalid.to_string())
    }
}

/// The time for which a custom status stays before the server clears it, in whole seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CustomDuration(u32);

/// The error of a duration that is too long, or that is given without a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCustomDuration {
    /// The duration is above [`CustomDuration::MAX_SECONDS`].
    #[error("a custom status has a duration of 1 to {max} s, this one has {0} s", max = CustomDuration::MAX_SECONDS)]
    TooLong(u32),
    /// The text is empty, so there is nothing that the server could clear.
    #[error("an empty custom status has no duration")]
    WithoutText,
}

impl From<InvalidCustomDuration> for Refusal {
    fn from(invalid: InvalidCustomDuration) -> Self {
        Self::because(Code::INVALID_PARAMETER, invalid.to_string())
    }
}

impl CustomDuration {
    /// The longest duration: 30 days.
    pub const MAX_SECONDS: u32 = 30 * 24 * 60 * 60;

    /// Checks a duration in seconds for the custom status `text`, and returns it. Returns `None` for 0 seconds: the
    /// text then stays until it is cleared. Refuses a number above [`CustomDuration::MAX_SECONDS`], and a number above
    /// 0 if `text` is empty.
    pub fn of(text: &CustomStatus, seconds: u32) -> Result<Option<Self>, InvalidCustomDuration> {
        match seconds {
            0 => Ok(None),
            _ if seconds > Self::MAX_SECONDS => Err(InvalidCustomDuration::TooLong(seconds)),
            _ if text.is_empty() => Err(InvalidCustomDuration::WithoutText),
            _ => Ok(Some(Self(seconds))),
        }
    }
}

impl From<CustomDuration> for Duration {
    fn from(CustomDuration(seconds): CustomDuration) -> Self {
        Self::from_secs(seconds.into())
    }
}

impl CustomStatus {
    /// No custom status: an empty text.
    pub const NONE: Self = Self(CompactString::const_new(""));

    /// Creates a custom status. Refuses a text of more than `limit` bytes (100 by default, SPEC section 1).
    pub fn new(text: &str, limit: usize) -> Result<Self, InvalidCustomStatus> {
        if text.len() > limit {
            return Err(InvalidCustomStatus { limit, length: text.len() });
        }
        Ok(Self(CompactString::new(text)))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is no custom status.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl AsRef<str> for CustomStatus {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for CustomStatus {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for CustomStatus {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl fmt::Display for CustomStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CustomStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_custom_status_is_used_as_a_text() {
        let status = CustomStatus::new("听歌中", 100).unwrap();
        let length = |text: &dyn AsRef<str>| text.as_ref().len();
        assert!(status == "听歌中" && status == *"听歌中" && status != "听歌");
        assert_eq!((status.to_string(), length(&status)), ("听歌中".to_owned(), 9));
    }

    #[test]
    fn a_duration_is_bounded_and_needs_a_text() {
        let (text, most) = (CustomStatus::new("busy", 100).unwrap(), CustomDuration::MAX_SECONDS);
        let of = |seconds| CustomDuration::of(&text, seconds).map(|lasts| lasts.map(Duration::from));
        assert_eq!(most, 2_592_000);
        for seconds in [1, 60, most] {
            assert_eq!(of(seconds), Ok(Some(Duration::from_secs(seconds.into()))));
        }
        assert_eq!(of(0), Ok(None));
        for seconds in [most + 1, u32::MAX] {
            assert_eq!(of(seconds), Err(InvalidCustomDuration::TooLong(seconds)));
        }
        assert_eq!(CustomDuration::of(&CustomStatus::NONE, 0), Ok(None));
        assert_eq!(CustomDuration::of(&CustomStatus::NONE, 1), Err(InvalidCustomDuration::WithoutText));
    }

    #[test]
    fn a_custom_status_is_bounded_in_bytes_not_in_letters() {
        assert!(CustomStatus::new(&"x".repeat(100), 100).is_ok());
        assert!(CustomStatus::new(&"x".repeat(101), 100).is_err());
        assert!(CustomStatus::new(&"听".repeat(33), 100).is_ok());
        assert_eq!(
            CustomStatus::new(&"听".repeat(34), 100),
            Err(InvalidCustomStatus { limit: 100, length: 102 })
        );
    }
}
