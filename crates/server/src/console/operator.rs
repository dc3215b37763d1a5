//! An operator of the console, and the reasons why a change of operators fails.

use super::password::{InvalidPassword, StoredPassword};
use super::roles::Role;
use lamplight_facts::FactsError;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;
use std::str::FromStr;

/// The maximum number of operators in addition to `admin`.
pub const MOST_OPERATORS: usize = 100;

/// The name of an operator: 1 to 32 lower-case letters, digits, dots, dashes and underscores.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OperatorName(String);

/// The error for a text that is not a valid name of an operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the name of an operator must have 1 to 32 lower-case letters, digits, dots, dashes and underscores")]
pub struct InvalidName;

/// An operator with the hash of the password.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Operator {
    /// The name to log in with.
    pub name: OperatorName,
    /// The operator's role.
    pub role: Role,
    /// The hash of the password.
    pub password: StoredPassword,
}

/// The reason why a change of the operators was refused or has failed.
#[derive(Debug, thiserror::Error)]
pub enum OperatorsError {
    /// No operator has this name.
    #[error("there is no operator {0}")]
    NoSuch(OperatorName),
    /// An operator with this name already exists.
    #[error("the operator {0} exists already")]
    Exists(OperatorName),
    /// There are already as many operators as are allowed.
    #[error("there are already {MOST_OPERATORS} operators, and no more are allowed; remove one first")]
    TooMany,
    /// `admin` cannot be added, removed, or given another role.
    #[error("the operator admin cannot be added, removed or given another role")]
    BuiltIn,
    /// The operator's password or role has changed since it was read, or the operator was removed.
    #[error("the operator {0} was changed by somebody else in the meantime")]
    ChangedMeanwhile(OperatorName),
    /// The text is not a valid password.
    #[error(transparent)]
    Password(#[from] InvalidPassword),
    /// The change was tried several times, but each time another node changed the operators or sessions at the same
    /// time.
    #[error("the operators or sessions of the console were changed by others at the same time; try again")]
    Contended,
    /// The files cannot be read or written, or have invalid contents.
    #[error("the operators of the console cannot be read or written: {0}")]
    File(#[from] io::Error),
    /// The facts cannot be read or written.
    #[error("the operators of the console cannot be read or written: {0}")]
    Facts(#[from] FactsError),
}

impl OperatorName {
    const MOST_BYTES: usize = 32;

    /// Returns the name of the operator who always exists, `admin`.
    pub fn admin() -> Self {
        Self("admin".to_owned())
    }

    /// Makes a name from a text. Fails if the text is not a valid name.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        let good = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_')
        };
        let is_name = (1..=Self::MOST_BYTES).contains(&text.len()) && text.bytes().all(good);
        if is_name { Ok(Self(text.to_owned())) } else { Err(InvalidName) }
    }

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn is_admin(&self) -> bool {
        self.0 == "admin"
    }
}

impl fmt::Display for OperatorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for OperatorName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::new(text)
    }
}

impl TryFrom<String> for OperatorName {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::new(&text)
    }
}

impl From<OperatorName> for String {
    fn from(name: OperatorName) -> Self {
        name.0
    }
}
