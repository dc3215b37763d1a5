//! An option, and a further value that a later version of Lamplight has added to the stored form.

use serde::{Deserialize, Serialize};

/// An option with a further value, which may be missing. If it is missing, the stored form without field names is the
/// same as that of `Option<T>`. Data of earlier versions, which lack the further value, can therefore still be read.
///
/// The stored form contains the indices of the variants, so their order must not change.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ExtendedOption<T, E> {
    /// No value, and no further value.
    None,
    /// A value, and no further value.
    Some(T),
    /// The option, and the further value.
    With(Option<T>, E),
}

impl<T, E> ExtendedOption<T, E> {
    /// Combines an option with a further value, which may be missing.
    pub fn new(value: Option<T>, further: Option<E>) -> Self {
        match (value, further) {
            (value, Some(further)) => Self::With(value, further),
            (Some(value), None) => Self::Some(value),
            (None, None) => Self::None,
        }
    }

    /// Returns the option and the further value.
    pub fn split(self) -> (Option<T>, Option<E>) {
        match self {
            Self::None => (None, None),
            Self::Some(value) => (Some(value), None),
            Self::With(value, further) => (value, Some(further)),
        }
    }
}
