//! The profile of an account: its name, its picture and its rule for friend requests.

use crate::{Code, Refusal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The profile of an account (SPEC section 6). A new account has the default profile.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Profile {
    /// The name that people see. If it is empty, people see the `userID`.
    pub nick: String,
    /// The http or https URL of a picture; empty if there is none.
    pub avatar_url: String,
    /// The rule for being added as a friend.
    pub allow: AllowType,
}

/// The rule for being added as a friend.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllowType {
    /// Anybody may add the account.
    #[default]
    AllowAny,
    /// No user may add the account. The server API may, because it acts for the app.
    DenyAny,
}

/// A change of a profile. A field that is `None` is not changed.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ProfileChange {
    /// The new nick; `None` for no change.
    pub nick: Option<String>,
    /// The new URL of the picture; `None` for no change.
    pub avatar_url: Option<String>,
    /// The new rule for being added as a friend; `None` for no change.
    pub allow: Option<AllowType>,
}

/// The value of a further field of a profile. Lamplight stores it, but does not interpret it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FieldValue {
    /// A whole number.
    Number(u64),
    /// A text.
    Text(String),
}

/// The further fields of a profile by their names. Only the app's backend reads and writes them. Clients are not
/// notified of changes.
pub type ProfileFields = BTreeMap<String, FieldValue>;

/// The maximum number of further fields of one profile.
pub const MAX_PROFILE_FIELDS: usize = 50;

/// The maximum length of a nick and of an avatar URL, in bytes. The cloud refuses longer texts with 40601.
pub const MAX_PROFILE_BYTES: usize = 500;

/// The maximum length of a remark in bytes. The cloud has the same limit for its `Tag_SNS_IM_Remark`.
pub const MAX_REMARK_BYTES: usize = 96;

/// The maximum length of `AddSource` and of `AddWording`, in bytes.
pub const MAX_ADD_TEXT_BYTES: usize = 256;

/// The error of an invalid text in a profile or in an entry of a friend list.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvalidText {
    /// The text has more bytes than allowed.
    #[error("{what} must have at most {limit} bytes, and this one has {length}")]
    TooLong {
        /// A phrase that names the text, such as `a nick`.
        what: &'static str,
        /// The limit, in bytes.
        limit: usize,
        /// The length of the text, in bytes.
        length: usize,
    },
    /// The text contains a control character, such as a line break.
    #[error("{what} has a control character")]
    Control {
        /// A phrase that names the text, such as `a nick`.
        what: &'static str,
    },
    /// The avatar URL is not an http or https URL.
    #[error("an avatar must be an http or https URL")]
    NoUrl,
}

impl From<InvalidText> for Refusal {
    fn from(invalid: InvalidText) -> Self {
        Self::because(Code::INVALID_PARAMETER, invalid.to_string())
    }
}

impl ProfileChange {
    /// Whether the change has no field.
    pub fn is_empty(&self) -> bool {
        self.nick.is_none() && self.avatar_url.is_none() && self.allow.is_none()
    }

    /// Checks the texts. Each may have at most [`MAX_PROFILE_BYTES`] bytes and no control characters. The avatar URL
    /// must be empty, or an http or https URL.
    pub fn check(&self) -> Result<(), InvalidText> {
        if let Some(nick) = &self.nick {
            check_text("a nick", nick, MAX_PROFILE_BYTES)?;
        }
        if let Some(url) = &self.avatar_url {
            check_text("an avatar URL", url, MAX_PROFILE_BYTES)?;
            let lower = url.get(..8).unwrap_or(url).to_ascii_lowercase();
            if !url.is_empty() && !lower.starts_with("http://") && !lower.starts_with("https://") {
                return Err(InvalidText::NoUrl);
            }
        }
        Ok(())
    }

    /// Applies the change to `profile`.
    pub fn apply(&self, profile: &mut Profile) {
        if let Some(nick) = &self.nick {
            profile.nick.clone_from(nick);
        }
        if let Some(url) = &self.avatar_url {
            profile.avatar_url.clone_from(url);
        }
        if let Some(allow) = self.allow {
            profile.allow = allow;
        }
    }
}

/// The character "combining dot above". It follows the `i` when `İ` is converted to lower case.
const DOT_ABOVE: char = '\u{307}';

/// Folds the case of a nick for a search. Each character is folded separately, so a prefix of a nick folds to a prefix
/// of the folded nick.
///
/// The result is the default case folding of Unicode, with one exception. It is computed with the case mappings of the
/// standard library. Converting to upper case unites `ς` with `σ`, and `ß` with `ss`. The result is then converted to
/// lower case.
///
/// The exception: `I`, `i`, `İ` and `ı` all become one letter. Their case depends on the language, which is unknown
/// here.
pub fn fold_nick(nick: &str) -> String {
    let folded =
        nick.chars().flat_map(char::to_lowercase).flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    let mut letters = String::with_capacity(nick.len());
    for letter in folded {
        if letter != DOT_ABOVE || !letters.ends_with('i') {
            letters.push(letter);
        }
    }
    letters
}

/// Checks a text of one line, which may have at most `limit` bytes and no control characters. The error names the text
/// with the phrase `what`.
pub fn check_text(what: &'static str, text: &str, limit: usize) -> Result<(), InvalidText> {
    if text.len() > limit {
        return Err(InvalidText::TooLong { what, limit, length: text.len() });
    }
    if text.chars().any(char::is_control) {
        return Err(InvalidText::Control { what });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_a_nick_begins_its_folded_form() {
        for nick in ["Alice", "ΟΔΟΣ ΟΔΟΣ", "İstanbul", "I\u{307}zmir", "爱丽丝", "ẞß", "ǅ", "ΐ"]
        {
            for (end, _) in nick.char_indices() {
                assert!(fold_nick(nick).starts_with(&fold_nick(&nick[..end])), "{nick} {end}");
            }
        }
        assert_eq!(fold_nick("ÄRGER 爱"), "ärger 爱");
    }

    #[test]
    fn spellings_that_differ_in_case_alone_fold_to_the_same() {
        let table: [&[&str]; 6] = [
            &[
                "İSTANBUL",
                "istanbul",
                "ISTANBUL",
                "İstanbul",
                "ıstanbul",
                "I\u{307}stanbul",
                "i\u{307}stanbul",
            ],
            &["ΟΔΟΣ", "οδος", "οδοσ"],
            &["STRASSE", "Straße", "STRAẞE"],
            &["ǆ", "ǅ", "Ǆ"],
            &["\u{212a}elvin", "KELVIN"],
            &["Æ", "æ"],
        ];
        for spellings in table {
            let folded: Vec<_> = spellings.iter().map(|spelling| fold_nick(spelling)).collect();
            assert!(folded.iter().all(|it| *it == folded[0]), "{spellings:?}: {folded:?}");
            // Folding twice gives the same result, because both sides of a comparison may already be folded.
            assert_eq!(fold_nick(&folded[0]), folded[0]);
        }
        assert_ne!(fold_nick("a\u{307}"), fold_nick("a"), "a dot that no case mapping makes is kept");
    }

    #[test]
    fn texts_of_a_profile_are_bounded_lines_and_an_avatar_is_a_url() {
        let nick = |text: &str| ProfileChange { nick: Some(text.into()), ..ProfileChange::default() };
        let avatar = |text: &str| ProfileChange { avatar_url: Some(text.into()), ..ProfileChange::default() };
        let table = [
            (nick(""), true),
            (nick("爱丽丝"), true),
            (nick(&"x".repeat(500)), true),
            (nick(&"x".repeat(501)), false),
            (nick("two\nlines"), false),
            (avatar(""), true),
            (avatar("https://example.com/a.png"), true),
            (avatar("HTTP://example.com/a.png"), true),
            (avatar("javascript:alert(1)"), false),
            (avatar("爱丽丝"), false),
            (avatar("data:image/png;base64,AA=="), false),
        ];
        for (change, valid) in table {
            assert_eq!(change.check().is_ok(), valid, "{change:?}");
        }
    }

    #[test]
    fn a_change_leaves_what_it_does_not_name() {
        let mut profile = Profile { nick: "a".into(), avatar_url: "http://b".into(), ..Profile::default() };
        ProfileChange { allow: Some(AllowType::DenyAny), ..ProfileChange::default() }.apply(&mut profile);
        ProfileChange { nick: Some(String::new()), ..ProfileChange::default() }.apply(&mut profile);
        let expected =
            Profile { nick: String::new(), avatar_url: "http://b".into(), allow: AllowType::DenyAny };
        assert_eq!(profile, expected);
    }
}
