//! The profile of an account: the data that it shows of itself beside its `userID`.

use crate::{Code, Refusal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The profile of an account (SPEC section 6). A new account has the default one.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Profile {
    /// The name for people. Empty: none, the `userID` is shown.
    pub nick: String,
    /// An http or https URL of a picture. Empty: none.
    pub avatar_url: String,
    /// Decides who may take the account into a friend list.
    pub allow: AllowType,
}

/// Whether others may take an account into their friend lists.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllowType {
    /// Anybody may.
    #[default]
    AllowAny,
    /// No user may; the server API, which speaks for the app, still can.
    DenyAny,
}

/// A change of a profile: what is `None` stays as it is.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ProfileChange {
    /// The new nick.
    pub nick: Option<String>,
    /// The new URL of the picture.
    pub avatar_url: Option<String>,
    /// Decides who may take the account into a friend list from now on.
    pub allow: Option<AllowType>,
}

/// A further field of a profile, which Lamplight keeps as it comes and gives no meaning to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FieldValue {
    /// A whole number.
    Number(u64),
    /// A text.
    Text(String),
}

/// Further fields of a profile by their names. The backend writes and reads them; clients are not told of them.
pub type ProfileFields = BTreeMap<String, FieldValue>;

/// The most further fields of one account.
pub const MAX_PROFILE_FIELDS: usize = 50;

/// The longest nick and the longest avatar URL, in bytes (the cloud's 40601 begins above 500).
pub const MAX_PROFILE_BYTES: usize = 500;

/// The longest remark, in bytes (the bound of the cloud's `Tag_SNS_IM_Remark`).
pub const MAX_REMARK_BYTES: usize = 96;

/// The longest `AddSource` and `AddWording`, in bytes.
pub const MAX_ADD_TEXT_BYTES: usize = 256;

/// A text of a profile or of a friend entry that cannot be taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvalidText {
    /// More bytes than allowed.
    #[error("{what} has at most {limit} bytes, this one has {length}")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// The limit, in bytes.
        limit: usize,
        /// The length of the text, in bytes.
        length: usize,
    },
    /// A control character, as a line break.
    #[error("{what} has a control character")]
    Control {
        /// Which text.
        what: &'static str,
    },
    /// The avatar is no URL that a browser would load.
    #[error("an avatar is an http or https URL")]
    NoUrl,
}

impl From<InvalidText> for Refusal {
    fn from(invalid: InvalidText) -> Self {
        Self::because(Code::INVALID_PARAMETER, invalid.to_string())
    }
}

impl ProfileChange {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.nick.is_none() && self.avatar_url.is_none() && self.allow.is_none()
    }

    /// Checks every text: [`MAX_PROFILE_BYTES`], no control characters, the avatar a URL or empty.
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

    /// The profile after the change.
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

/// The dot that the lower case of `İ` leaves above its `i`.
const DOT_ABOVE: char = '\u{307}';

/// A nick as it is searched for: each character by itself, so that the beginning of a nick, folded, begins the folded
/// nick too.
///
/// It is Unicode's default case folding, made of the case mappings of the standard library: the upper case joins
/// `ς` with `σ` and `ß` with `ss`, and the lower case follows. The four letters `I`, `i`, `İ` and `ı` are one letter:
/// which of them are a pair depends on a language that a search does not know.
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

/// Checks one text of one line: its bytes, and that nothing in it is a control character.
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
            // Folding again changes nothing: both sides of a comparison may be folded already.
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
