//! A connection of the audience, and the revision up to which its subscription list is current.

use lamplight_core::{SubjectKey, WatcherKey};
use lamplight_model::{ConnectionId, User, UserId};
use std::collections::BTreeMap;

/// The value of the field `heard` after a part of the log was missed.
const MISSED: u64 = u64::MAX;

/// A connection of the audience.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// The user of the connection.
    pub user: User,
    /// The id of the connection.
    pub connection: ConnectionId,
    /// The revision of the user's record with which the connection was added.
    pub(super) entered: u64,
}

impl Member {
    /// Creates a member for a connection of a user.
    pub fn new(user: User, connection: ConnectionId) -> Self {
        Self { user, connection, entered: 0 }
    }

    /// Sets the revision of the user's record with which the connection was added. Earlier log entries may belong to an
    /// earlier login of the same connection.
    #[must_use]
    pub fn entered_at(self, rev: u64) -> Self {
        Self { entered: rev, ..self }
    }
}

/// The stored state of a member.
#[derive(Debug)]
pub(super) struct MemberState {
    /// The user of the connection, which the watch graph stores.
    pub own: SubjectKey,
    pub connection: ConnectionId,
    /// See [`Member::entered`].
    pub entered: u64,
    /// A counter of the changes of the user's watch list. A list that was read before the last change is out of date.
    pub lists: u32,
    /// Whether the connection watches mutual friends.
    pub friends: bool,
    /// Whether a watch list was already set. If so, the client is notified of the difference between this list and the
    /// next list.
    pub has_list: bool,
    /// See [`MemberState::heard`]. [`MISSED`] instead of an `Option` saves eight bytes in every connection.
    heard: u64,
    /// The users that the connection's own calls have added or removed, each with the revision of that change. Log
    /// entries about such a user are ignored up to that revision. Usually `None`.
    #[expect(
        clippy::box_collection,
        reason = "every connection pays for it: one word, and an empty map keeps memory"
    )]
    pub ahead: Option<Box<BTreeMap<UserId, u64>>>,
}

// Every connection has one, with its key.
const _: () = assert!(size_of::<Option<(WatcherKey, MemberState)>>() <= 64);

impl MemberState {
    pub fn new(own: SubjectKey, connection: ConnectionId, entered: u64) -> Self {
        Self { own, connection, entered, lists: 0, friends: false, has_list: false, heard: 0, ahead: None }
    }

    /// The revision of the record up to which the subscription list contains the changes. `None` if a part of the log
    /// was missed.
    pub fn heard(&self) -> Option<u64> {
        Some(self.heard).filter(|heard| *heard != MISSED)
    }

    /// Records that a part of the log was missed. This part may have contained changes by the connection's own calls.
    /// The list that is read next contains these changes.
    pub fn has_missed(&mut self) {
        (self.heard, self.ahead) = (MISSED, None);
    }

    /// Records the revision of a list change from the log. Returns whether the list already contains the change.
    pub fn has_heard(&mut self, rev: u64) -> bool {
        // Entries without a revision have no position in the order of the changes.
        if rev == 0 {
            return false;
        }
        if self.heard().is_some_and(|heard| rev <= heard) {
            return true;
        }
        self.heard = rev;
        false
    }

    /// Removes the changes of this connection up to this revision, because the log has reported them.
    pub fn caught_up(&mut self, rev: u64) {
        let Some(ahead) = self.ahead.as_deref_mut().filter(|_| rev != 0) else { return };
        ahead.retain(|_, ahead| rev < *ahead);
        if ahead.is_empty() {
            self.ahead = None;
        }
    }

    /// Records that the subscription list was read at this revision, and contains the changes up to it.
    pub fn has_read(&mut self, rev: u64) {
        if rev == 0 {
            return;
        }
        self.heard = self.heard().map_or(rev, |heard| heard.max(rev));
        self.caught_up(rev);
    }

    /// Returns the users in `users` whom no call of this connection has added or removed at the revision `rev` or
    /// later.
    pub fn not_ahead(&self, users: &[UserId], rev: u64) -> Vec<UserId> {
        let ahead = self.ahead.as_deref().filter(|_| rev != 0);
        let is_behind =
            |id: &&UserId| ahead.and_then(|ahead| ahead.get(*id)).is_some_and(|ahead| rev <= *ahead);
        users.iter().filter(|id| !is_behind(id)).cloned().collect()
    }
}
