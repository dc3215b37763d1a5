//! The queue of the events that one reader has not read yet. Its size is bounded even if the reader is slow. The newest
//! status of each user is never dropped.
//!
//! Each user has one slot for the newest status; an older status in the slot is replaced. Other events wait in order.
//! If there are more than [`MAX_PENDING_EVENTS`] of them, the oldest are dropped and counted.

use crate::Event;
use lamplight_model::{UserId, UserStatus};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::mem;

/// The maximum number of waiting events of one reader, not counting statuses.
pub(crate) const MAX_PENDING_EVENTS: usize = 64;

/// The events that one reader has not read yet.
#[derive(Debug, Default)]
pub(crate) struct EventQueue {
    others: VecDeque<Event>,
    missed: u64,
    slots: BTreeMap<UserId, Slot>,
    /// The number of events at the front of `others` that are older than the newest change in `slots`. The reader gets
    /// these events before the statuses in `slots`.
    ahead: usize,
    /// The users whose statuses were passed to the reader. Only their removals are reported to the reader, and need a
    /// slot.
    told: BTreeSet<UserId>,
}

#[derive(Debug)]
enum Slot {
    Changed(UserStatus),
    Gone,
}

impl EventQueue {
    /// Creates a queue for a new reader. The reader first gets all cached statuses.
    pub(crate) fn beginning_with<'a>(cached: impl Iterator<Item = &'a UserStatus>) -> Self {
        let slots = cached.map(|status| (status.user_id.clone(), Slot::Changed(status.clone()))).collect();
        Self { slots, ..Self::default() }
    }

    /// Adds an event.
    pub(crate) fn push(&mut self, event: &Event) {
        match event {
            Event::StatusChanged(statuses) => {
                for status in statuses {
                    self.slots.insert(status.user_id.clone(), Slot::Changed(status.clone()));
                }
                self.ahead = self.others.len();
            }
            Event::NotWatched(users) => {
                for user in users {
                    if self.told.contains(user) {
                        self.slots.insert(user.clone(), Slot::Gone);
                    } else {
                        self.slots.remove(user);
                    }
                }
                self.ahead = self.others.len();
            }
            ending if ending.ends_session() => {
                // Later events belong to another session, perhaps of another user. Their statuses must not replace the
                // statuses that wait.
                while let Some(batch) = self.take_slots() {
                    self.others.insert(self.ahead.min(self.others.len()), batch);
                    self.ahead += 1;
                }
                self.told.clear();
                self.push_other(event.clone());
            }
            Event::Connecting
            | Event::Connected { .. }
            | Event::ConnectFailed { .. }
            | Event::Disconnected { .. }
            | Event::SubscriptionsChanged { .. }
            | Event::AbilitiesChanged(_)
            | Event::MessagesReceived(_)
            | Event::ConversationsChanged { .. }
            | Event::FriendListChanged { .. }
            | Event::BlockListChanged { .. }
            | Event::VisibilityChanged(_)
            | Event::SelfInfoChanged(_)
            | Event::UsersInfoChanged(_)
            | Event::ListsOutdated
            | Event::KickedOffline { .. }
            | Event::UserSigExpired
            | Event::AccountDeleted
            | Event::Superseded
            | Event::LoginRefused(_)
            | Event::LoggedOut
            | Event::Missed { .. } => self.push_other(event.clone()),
        }
    }

    /// Removes and returns the next event; `None` if the queue is empty.
    pub(crate) fn pop(&mut self) -> Option<Event> {
        if self.missed > 0 {
            return Some(Event::Missed { events: mem::take(&mut self.missed) });
        }
        if self.ahead == 0
            && let Some(batch) = self.take_slots()
        {
            return Some(batch);
        }
        self.ahead = self.ahead.saturating_sub(1);
        self.others.pop_front()
    }

    fn push_other(&mut self, event: Event) {
        self.others.push_back(event);
        while self.others.len() > MAX_PENDING_EVENTS {
            self.others.pop_front();
            self.ahead = self.ahead.saturating_sub(1);
            self.missed += 1;
        }
    }

    /// Takes the changed statuses out of the slots, as one event. If there are none, takes the users who are not
    /// watched any more, as one event.
    fn take_slots(&mut self) -> Option<Event> {
        let slots = mem::take(&mut self.slots);
        let (mut changed, mut gone) = (Vec::new(), Vec::new());
        for (user, slot) in slots {
            match slot {
                Slot::Changed(status) => changed.push(status),
                Slot::Gone => gone.push(user),
            }
        }
        if !changed.is_empty() {
            self.told.extend(changed.iter().map(|status| status.user_id.clone()));
            self.slots = gone.into_iter().map(|user| (user, Slot::Gone)).collect();
            return Some(Event::StatusChanged(changed));
        }
        gone.iter().for_each(|user| {
            self.told.remove(user);
        });
        (!gone.is_empty()).then_some(Event::NotWatched(gone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{brief, statuses};

    /// Runs a script. `+ann:1 bob:2` adds changed statuses, and `-ann` a removal. `C`, `L` and `K` add Connecting,
    /// LoggedOut and UserSigExpired. `?` reads all events and writes them in the same notation.
    fn check(script: &[&str], expected: &str) {
        let (mut queue, mut read) = (EventQueue::default(), Vec::new());
        for line in script {
            match line.split_at(1) {
                ("+", rest) => queue.push(&Event::StatusChanged(statuses(rest))),
                ("-", rest) => queue.push(&Event::NotWatched(
                    rest.split_whitespace().map(|user| UserId::new(user).unwrap()).collect(),
                )),
                ("C", _) => queue.push(&Event::Connecting),
                ("L", _) => queue.push(&Event::LoggedOut),
                ("K", _) => queue.push(&Event::UserSigExpired),
                ("?", _) => {
                    while let Some(event) = queue.pop() {
                        read.push(note(&event));
                    }
                    read.push("?".to_owned());
                }
                _ => panic!("{line}"),
            }
        }
        assert_eq!(read.join(" | "), expected, "{script:?}");
    }

    fn note(event: &Event) -> String {
        match event {
            Event::StatusChanged(changed) => format!("+{}", brief(changed)),
            Event::NotWatched(users) => {
                format!("-{}", users.iter().map(UserId::as_str).collect::<Vec<_>>().join(" "))
            }
            Event::Connecting => "C".to_owned(),
            Event::LoggedOut => "L".to_owned(),
            Event::UserSigExpired => "K".to_owned(),
            Event::Missed { events } => format!("missed {events}"),
            Event::Connected { .. }
            | Event::ConnectFailed { .. }
            | Event::Disconnected { .. }
            | Event::SubscriptionsChanged { .. }
            | Event::AbilitiesChanged(_)
            | Event::MessagesReceived(_)
            | Event::ConversationsChanged { .. }
            | Event::FriendListChanged { .. }
            | Event::BlockListChanged { .. }
            | Event::VisibilityChanged(_)
            | Event::SelfInfoChanged(_)
            | Event::UsersInfoChanged(_)
            | Event::ListsOutdated
            | Event::KickedOffline { .. }
            | Event::AccountDeleted
            | Event::Superseded
            | Event::LoginRefused(_) => panic!("{event:?}"),
        }
    }

    #[test]
    fn a_slow_reader_gets_the_newest_status_of_each_user_in_one_event() {
        check(&["+ann:1", "+bob:1", "+ann:2 cid:1", "?"], "+ann:2 bob:1 cid:1 | ?");
        check(&["+ann:1", "?", "+ann:2", "?"], "+ann:1 | ? | +ann:2 | ?");
    }

    #[test]
    fn statuses_keep_their_place_among_other_events_until_they_are_conflated() {
        check(&["+ann:1", "C", "?"], "+ann:1 | C | ?");
        check(&["C", "+ann:1", "C", "?"], "C | +ann:1 | C | ?");
        check(&["+ann:1", "C", "+ann:2", "C", "?"], "C | +ann:2 | C | ?");
    }

    #[test]
    fn only_a_user_that_the_reader_was_told_of_is_said_to_leave() {
        check(&["+ann:1 bob:1", "?", "-ann", "?"], "+ann:1 bob:1 | ? | -ann | ?");
        check(&["+ann:1 bob:1", "-ann", "?"], "+bob:1 | ?");
        check(&["+ann:1", "?", "+ann:2 bob:1", "-ann", "?"], "+ann:1 | ? | +bob:1 | -ann | ?");
        check(&["+ann:1", "?", "-ann", "+ann:2", "?"], "+ann:1 | ? | +ann:2 | ?");
        check(&["+ann:1", "?", "-ann", "?", "-ann", "?"], "+ann:1 | ? | -ann | ? | ?");
    }

    #[test]
    fn the_statuses_of_two_sessions_are_never_mixed() {
        check(&["+ann:9", "L", "C", "+ann:1", "?"], "+ann:9 | L | C | +ann:1 | ?");
        check(&["C", "+ann:1", "C", "K", "+bob:1", "L", "?"], "C | +ann:1 | C | K | +bob:1 | L | ?");
        check(&["+ann:1", "?", "L", "-ann", "?"], "+ann:1 | ? | L | ?");
    }

    #[test]
    fn at_the_limit_nothing_is_missed_and_one_past_it_the_oldest_is() {
        let mut script = vec!["L"];
        script.extend(vec!["C"; MAX_PENDING_EVENTS - 1]);
        script.push("+ann:1");
        let all_c = ["C"; MAX_PENDING_EVENTS - 1].join(" | ");
        check(&[&script[..], &["?"]].concat(), &format!("L | {all_c} | +ann:1 | ?"));
        let fewer_c = ["C"; MAX_PENDING_EVENTS - 2].join(" | ");
        check(&[&script[..], &["K", "?"]].concat(), &format!("missed 2 | {fewer_c} | +ann:1 | K | ?"));
    }

    #[test]
    fn a_reader_that_begins_late_is_told_what_is_cached() {
        let cached = statuses("ann:1 bob:4");
        let mut queue = EventQueue::beginning_with(cached.iter());
        assert_eq!(note(&queue.pop().unwrap()), "+ann:1 bob:4");
        assert!(queue.pop().is_none());
    }
}
