//! States of a watch graph that some watchers may not see.

use lamplight_model::UserId;

/// The state of a subject that some watchers may not see.
pub trait Restricted {
    /// Whether there may be users who may not see the state. If `false`, the edges are not examined.
    fn is_restricted(&self) -> bool;

    /// Whether the user `viewer` may not see the state.
    fn is_hidden_from(&self, viewer: &UserId) -> bool;
}
