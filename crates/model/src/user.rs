//! The identity of a user: an app, and a `userID` within it.

use crate::{Code, Refusal};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The `SDKAppID` of an app. An app is a tenant, which owns accounts, keys and settings.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Debug)]
#[serde(transparent)]
pub struct AppId(pub u32);

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The `userID` of a user: 1–32 bytes of printable ASCII (0x20–0x7e), unique within the app (SPEC section 1).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "CompactString", into = "CompactString")]
pub struct UserId(CompactString);

/// The error of a text that is not a `userID`. The error quotes the text. A login with such a text is refused with
/// [`Code::BAD_USER_ID`](crate::Code::BAD_USER_ID), any other call of a client with
/// [`Code::INVALID_PARAMETER`](crate::Code::INVALID_PARAMETER). The codes of the server API depend on the command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a userID: a userID is 1 to {max} bytes of printable ASCII", max = UserId::MAX_BYTES)]
pub struct InvalidUserId(String);

impl From<InvalidUserId> for Refusal {
    fn from(invalid: InvalidUserId) -> Self {
        Self::because(Code::BAD_USER_ID, invalid.shown())
    }
}

/// The maximum number of characters in a quotation.
const MAX_QUOTED: usize = 40;

/// Quotes at most the first 40 characters of a text. Special characters are escaped, so that the quotation cannot
/// harm a terminal or a page.
pub fn quoted(text: &str) -> String {
    let mut rest = text.chars();
    let shown: String = rest.by_ref().take(MAX_QUOTED).flat_map(char::escape_debug).collect();
    let more = if rest.next().is_some() { "…" } else { "" };
    format!("\"{shown}{more}\"")
}

impl Refusal {
    /// Creates the refusal of a call about a user who has no account. The details are the userID.
    pub fn no_such_account(user: &UserId) -> Self {
        Self::because(Code::NO_SUCH_ACCOUNT, user.as_str())
    }
}

impl InvalidUserId {
    /// The beginning of the invalid text, quoted and escaped.
    pub fn shown(&self) -> &str {
        &self.0
    }
}

impl UserId {
    /// The longest `userID`, in bytes.
    pub const MAX_BYTES: usize = 32;

    /// Parses a `userID`.
    pub fn new(text: &str) -> Result<Self, InvalidUserId> {
        Self::check(text)?;
        Ok(Self(CompactString::new(text)))
    }

    /// Returns an error if the text is not a `userID`.
    pub fn check(text: &str) -> Result<(), InvalidUserId> {
        let printable = text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
        match text.is_empty() || text.len() > Self::MAX_BYTES || !printable {
            true => Err(InvalidUserId(quoted(text))),
            false => Ok(()),
        }
    }

    /// The text of the `userID`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<CompactString> for UserId {
    type Error = InvalidUserId;

    fn try_from(text: CompactString) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<UserId> for CompactString {
    fn from(id: UserId) -> Self {
        id.0
    }
}

impl FromStr for UserId {
    type Err = InvalidUserId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A user of an app. Users of different apps are different, even if they have the same `userID`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct User {
    /// The app that the user belongs to.
    pub app: AppId,
    /// The `userID` within the app.
    pub id: UserId,
}

impl User {
    /// Creates a user from an app and a `userID`.
    pub fn new(app: AppId, id: UserId) -> Self {
        Self { app, id }
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.app, self.id)
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_user_id_is_named() {
        let named = |text: &str| UserId::new(text).unwrap_err().to_string();
        let rule = "is not a userID: a userID is 1 to 32 bytes of printable ASCII";
        assert_eq!(named(""), format!("\"\" {rule}"));
        assert_eq!(named("爱丽丝"), format!("\"爱丽丝\" {rule}"));
        assert_eq!(named("a\tb\"\n"), format!(r#""a\tb\"\n" {rule}"#));
        assert_eq!(named(&"x".repeat(1_000)), format!("\"{}…\" {rule}", "x".repeat(40)));
    }

    #[test]
    fn a_user_id_is_1_to_32_bytes_of_printable_ascii() {
        let cases: &[(&str, bool)] = &[
            ("a", true),
            (" ", true),
            ("~", true),
            ("alice_01", true),
            (&"x".repeat(32), true),
            (&"x".repeat(33), false),
            ("", false),
            ("tab\t", false),
            ("\u{7f}", false),
            ("爱丽丝", false),
        ];
        for (text, valid) in cases {
            assert_eq!(UserId::new(text).is_ok(), *valid, "{text:?}");
        }
    }
}
