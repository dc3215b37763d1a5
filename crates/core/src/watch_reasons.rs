//! The reasons why a connection watches a user, stored as bits of an edge.

/// A reason why a connection is notified about a user (SPEC section 4). One edge may have several reasons.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Why {
    /// The connection's own user.
    Own = 1 << 28,
    /// The connection's user is subscribed to the watched user.
    Subscribed = 1 << 29,
    /// The users are mutual friends, and the app's settings notify friends.
    Friend = 1 << 30,
}

/// The reasons of one edge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reasons(pub(crate) u32);

impl Reasons {
    /// Whether the edge has this reason.
    pub fn has(self, why: Why) -> bool {
        self.0 & why as u32 != 0
    }
}
