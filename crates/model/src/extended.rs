//! An option in a stored form that later got a further value.

use serde::{Deserialize, Serialize};

/// An option, with room for a further value. In a form without field names, it is encoded as `Option<T>` if there is no
/// further value. Data of versions without the further value can be read, and other data needs no bytes for it. The
/// stored form has the indices of the variants, so their order must not change.
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
    /// Adds a further value, or none, to an option.
    pub fn new(value: Option<T>, further: Option<E>) -> Self {
        match (value, further) {
            (value, Some(further)) => Self::With(value, further),
            (Some(value), None) => Self::Some(value),
            (None, None) => Self::None,
        }
    }

    /// The option and the further value.
    pub fn split(self) -> (Option<T>, Option<E>) {
        match self {
            Self::None => (None, None),
            Self::Some(value) => (Some(value), None),
            Self::With(value, further) => (value, Some(further)),
        }
    }
}
