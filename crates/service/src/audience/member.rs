//! A connection of the audience, and its knowledge of its user's subscription list.

use lamplight_model::{ConnectionId, User, UserId};
use std::collections::BTreeMap;

/// A connection of the audience.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// The user of the connection.
    pub user: User,
    /// The id of the connection.
    pub connection: ConnectionId,
    /// The revision of the user's record at which the connection was entered.
    pub(super) entered: u64,
    /// Counts the changes of the user's lists: a watch list that was read before one of them is out of date.
    pub(super) lists: u32,
    /// Whether the connection watches mutual friends.
    pub(super) friends: bool,
    /// Whether the subscription list was read. From then on, the connection is sent the differences.
    pub(super) has_list: bool,
    /// The revision of the user's record up to which the subscription list is known, from the log or from a read;
    /// `None` if a part of the log was missed.
    pub(super) heard: Option<u64>,
    /// The users that the connection's own calls added to the list or removed from it, with the revisions of these
    /// changes, until the log has delivered them. An entry of the log about such a user up to that revision is an older
    /// change or the same one. `None` most of the time.
    #[expect(
        clippy::box_collection,
        reason = "every connection pays for it: one word, and an empty map keeps memory"
    )]
    pub(super) ahead: Option<Box<BTreeMap<UserId, u64>>>,
}

impl Member {
    /// Creates a member for a connection of a user.
    pub fn new(user: User, connection: ConnectionId) -> Self {
        Self {
            user,
            connection,
            entered: 0,
            lists: 0,
            friends: false,
            has_list: false,
            heard: Some(0),
            ahead: None,
        }
    }

    /// Sets the revision of the user's record at which the connection was entered, because the log may still report the
    /// end of an earlier login over the same connection.
    #[must_use]
    pub fn entered_at(self, rev: u64) -> Self {
        Self { entered: rev, ..self }
    }

    /// Records a change of the subscription list that the log reports. Returns whether it was known already.
    pub(super) fn has_heard(&mut self, rev: u64) -> bool {
        // News without a revision has no position in the order.
        if rev == 0 {
            return false;
        }
        if self.heard.is_some_and(|heard| rev <= heard) {
            return true;
        }
        self.heard = Some(rev);
        false
    }

    /// Notes that the log has reported the list up to this revision.
    pub(super) fn caught_up(&mut self, rev: u64) {
        let Some(ahead) = self.ahead.as_deref_mut().filter(|_| rev != 0) else { return };
        ahead.retain(|_, ahead| rev < *ahead);
        if ahead.is_empty() {
            self.ahead = None;
        }
    }

    /// Notes that the subscription list was read from the record at this revision, so it includes all log entries up to
    /// it.
    pub(super) fn has_read(&mut self, rev: u64) {
        if rev == 0 {
            return;
        }
        self.heard = Some(self.heard.map_or(rev, |heard| heard.max(rev)));
        self.caught_up(rev);
    }

    /// Returns those of these users that have no own change of this revision or a later one.
    pub(super) fn not_ahead(&self, users: &[UserId], rev: u64) -> Vec<UserId> {
        let ahead = self.ahead.as_deref().filter(|_| rev != 0);
        let is_behind =
            |id: &&UserId| ahead.and_then(|ahead| ahead.get(*id)).is_some_and(|ahead| rev <= *ahead);
        users.iter().filter(|id| !is_behind(id)).cloned().collect()
    }
}
