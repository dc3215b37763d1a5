//! The order in which connections are served with notifications, and the pace at which crowds are served.

use super::Audience;
use lamplight_core::{Versioned, WatcherKey};
use lamplight_directory::LogEntry;
use lamplight_model::{Moment, User};
use std::sync::Arc;

impl<S: Versioned> Audience<S> {
    /// Sends the statuses whose delay has ended, and adds their log entries to `told`.
    pub fn tell_due(&mut self, now: Moment, told: &mut Vec<Arc<LogEntry>>) {
        loop {
            let watchers = |user: &User| self.hub.audience(user);
            let due = self.conflator.take_due(now, watchers);
            let is_shown = due.is_none();
            let due = due.or_else(|| self.shown_conflator.take_due(now, watchers));
            let Some((user, entry)) = due else { break };
            if let Some((status, restrictions)) = entry.news.status() {
                let had_crowd = self.hub.has_crowd();
                if !is_shown {
                    self.fill_shown_conflator(&user, restrictions);
                }
                self.store(&user, status, restrictions);
                if self.hub.is_crowded(&user) {
                    let interval = self.conflator.interval(self.hub.audience(&user));
                    self.crowd_pace.tell_late(had_crowd, self.hub.waiting_crowd(), interval, now);
                }
            }
            told.push(entry);
        }
    }

    /// The time when [`Audience::tell_due`] is to be called next; `None` if no user has changed recently.
    pub fn next_due(&self) -> Option<Moment> {
        let share = self.hub.has_crowd().then(|| self.crowd_pace.next_share());
        self.conflator.next_due().into_iter().chain(self.shown_conflator.next_due()).chain(share).min()
    }

    /// Moves into `round` the connections whose mailbox got a mark since the last call. Then moves a share of a waiting
    /// crowd.
    pub fn take_touched(&mut self, round: &mut Vec<WatcherKey>) {
        self.hub.take_touched(round);
    }

    /// Appends connections to `round` as [`Audience::take_touched`] does, but takes a share of a crowd only when a
    /// share is due.
    pub fn take_due(&mut self, now: Moment, round: &mut Vec<WatcherKey>) {
        let share = self.crowd_pace.share(now).min(self.hub.waiting_crowd());
        self.hub.take_touched_up_to(share, round);
        if share > 0 {
            self.crowd_pace.served(share, self.hub.has_crowd(), now);
        }
    }

    /// `true` if connections in crowds wait and [`Audience::take_due`] may take a share of them now.
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
