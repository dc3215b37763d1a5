//! The order in which connections are served with notifications, and the pace of crowds.

use super::Audience;
use lamplight_core::{Versioned, WatcherKey};
use lamplight_model::{Moment, User};

impl<S: Versioned> Audience<S> {
    /// Moves the connections whose mailbox got a mark since the last call into `round`. Then moves a share of a waiting
    /// crowd.
    pub fn take_touched(&mut self, round: &mut Vec<WatcherKey>) {
        self.hub.take_touched(round);
    }

    /// Appends connections to `round` as [`Audience::take_touched`] does, but takes a share of a crowd only when a
    /// share is due. If conflation has delayed a change, there are pauses between the shares of the change.
    pub fn take_due(&mut self, now: Moment, round: &mut Vec<WatcherKey>) {
        let share = self.crowd_pace.share(now);
        self.hub.take_touched_up_to(share, round);
        if share > 0 {
            self.crowd_pace.served(self.hub.has_crowd(), now);
        }
    }

    /// Whether connections are left for [`Audience::take_due`], and it may be called at once.
    pub fn has_due_crowd(&self, now: Moment) -> bool {
        self.hub.has_crowd() && self.crowd_pace.share(now) > 0
    }

    /// Whether the watchers of a user are a crowd.
    pub fn is_crowded(&self, user: &User) -> bool {
        self.hub.is_crowded(user)
    }

    /// Whether connections are left for [`Audience::take_touched`].
    pub fn has_crowd(&self) -> bool {
        self.hub.has_crowd()
    }
}
