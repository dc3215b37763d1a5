//! A connection of the audience, and how far it knows its user's subscription list.

use lamplight_model::{ConnectionId, User, UserId};
use std::collections::BTreeMap;

/// A connection of the audience.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// The user of the connection.
    pub user: User,
    /// Which one.
    pub connection: ConnectionId,
    /// The revision of the user's record at which it entered.
    pub(super) entered: u64,
    /// Counts the news of the user's lists: a watch list that was read before one of them is out of date.
    pub(super) lists: u32,
    /// Whether it watches mutual friends.
    pub(super) friends: bool,
    /// Its subscription list was read: from then on a difference is told.
    pub(super) has_list: bool,
    /// The revision of the user's record up to which the subscription list is known, from the log or because it was read;
    /// `None` when a part of the log was missed.
    pub(super) heard: Option<u64>,
    /// Users who were put on the list or taken off it by the connection's own calls that the log has still to tell of,
    /// and at which revision: an entry of the log on these users up to then is older, or the same. `None` but for a
    /// moment.
    #[expect(
        clippy::box_collection,
        reason = "every connection pays for it: one word, and an empty map keeps memory"
    )]
    pub(super) ahead: Option<Box<BTreeMap<UserId, u64>>>,
}

impl Member {
    /// A connection of a user.
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

    /// The same, where the revision of the user's record is known at which it entered: the log may have to tell still of
    /// the end of an earlier login over the same connection.
    #[must_use]
    pub fn entered_at(self, rev: u64) -> Self {
        Self { entered: rev, ..self }
    }

    /// The log tells of a change of the subscription list. Says whether it was told of already.
    pub(super) fn has_heard(&mut self, rev: u64) -> bool {
        // News without a revision has no place in the order.
        if rev == 0 {
            return false;
        }
        if self.heard.is_some_and(|heard| rev <= heard) {
            return true;
        }
        self.heard = Some(rev);
        false
    }

    /// The log has told of the list up to this revision.
    pub(super) fn caught_up(&mut self, rev: u64) {
        let Some(ahead) = self.ahead.as_deref_mut().filter(|_| rev != 0) else { return };
        ahead.retain(|_, ahead| rev < *ahead);
        if ahead.is_empty() {
            self.ahead = None;
        }
    }

    /// The subscription list was read from the record of this revision: all that the log tells of it up to then is in it.
    pub(super) fn has_read(&mut self, rev: u64) {
        if rev == 0 {
            return;
        }
        self.heard = Some(self.heard.map_or(rev, |heard| heard.max(rev)));
        self.caught_up(rev);
    }

    /// Those of these users of whom no own call has told something that is as new.
    pub(super) fn not_ahead(&self, users: &[UserId], rev: u64) -> Vec<UserId> {
        let ahead = self.ahead.as_deref().filter(|_| rev != 0);
        let is_behind =
            |id: &&UserId| ahead.and_then(|ahead| ahead.get(*id)).is_some_and(|ahead| rev <= *ahead);
        users.iter().filter(|id| !is_behind(id)).cloned().collect()
    }
}
