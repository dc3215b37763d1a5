//! The session events of a user that are not in the outbox yet.
//!
//! The events are a part of the live record. A change and its event are therefore stored in one step, which no crash
//! can divide.

use lamplight_model::{EventDevice, SessionEvent, SessionEventKind, StatusAfter, StatusType, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The maximum number of events in one record, which keeps the record small. If the facts fail for long, a further
/// event replaces the oldest one. Dropped events are counted.
pub const MAX_PENDING_EVENTS: usize = 64;

/// The session events of a user that are not in the outbox yet, in the order of their ordinals.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct PendingEvents {
    last_ordinal: u64,
    /// The number of events that were dropped and not reported yet.
    dropped: u32,
    waiting: VecDeque<SessionEvent>,
    /// The time since which messages to the user may have reached no device; `None` if no message was missed.
    missed_since: Option<Timestamp>,
}

impl PendingEvents {
    /// The waiting events, earliest first.
    pub fn waiting(&self) -> impl ExactSizeIterator<Item = &SessionEvent> {
        self.waiting.iter()
    }

    /// The number of events dropped since the last report.
    pub fn dropped(&self) -> u32 {
        self.dropped
    }

    /// The ordinal of the last event.
    pub fn last_ordinal(&self) -> u64 {
        self.last_ordinal
    }

    /// Whether nothing waits for the outbox: there is no event, no dropped event to report, and no missed message.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.dropped == 0 && self.missed_since.is_none()
    }

    /// The time since which messages to the user may have reached no device. `None` if no message was missed, or if the
    /// messages were handed to the push webhook.
    pub fn missed_since(&self) -> Option<Timestamp> {
        self.missed_since
    }

    pub(crate) fn note_missed(&mut self, since: Timestamp) {
        self.missed_since = Some(self.missed_since.map_or(since, |earlier| earlier.min(since)));
    }

    pub(crate) fn forget_missed(&mut self) {
        self.missed_since = None;
    }

    /// Adds an event without a status. [`PendingEvents::conclude`] sets the statuses of all events of a step.
    ///
    /// A login does not remove a waiting disconnect of its device here, because the disconnect may already be on its
    /// way to the outbox.
    pub(crate) fn push(&mut self, kind: SessionEventKind, device: Option<EventDevice>, at: Timestamp) {
        // Using the time makes the ordinals of a new record higher than those of a former record of the same user.
        self.last_ordinal = (self.last_ordinal + 1).max(at.0);
        if self.waiting.len() == MAX_PENDING_EVENTS {
            self.waiting.pop_front();
            self.dropped = self.dropped.saturating_add(1);
        }
        self.waiting.push_back(SessionEvent { ordinal: self.last_ordinal, at, device, kind, after: None });
    }

    /// Sets `after` as the status of the events of one step. These are the events with ordinals above `behind`. If the
    /// user is no longer ONLINE, all of them except the first get [`StatusAfter::told_always`]. Without this flag, a
    /// login could cancel one of these events after the first one was sent.
    pub(crate) fn conclude(&mut self, behind: u64, after: StatusAfter) {
        let of_step = self.waiting.iter_mut().filter(|event| event.ordinal > behind);
        for (place, event) in of_step.enumerate() {
            let told_always = after.told_always || place > 0 && after.status_type != StatusType::Online;
            event.after = Some(StatusAfter { told_always, ..after });
        }
    }

    /// Removes the events up to the ordinal `up_to`, because the outbox has them. Reduces the number of dropped events
    /// by `dropped`, because the outbox has recorded these losses.
    pub(crate) fn recorded(&mut self, up_to: u64, dropped: u32) {
        self.waiting.retain(|event| event.ordinal > up_to);
        self.dropped = self.dropped.saturating_sub(dropped);
        if self.waiting.is_empty() {
            self.waiting = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_model::{DeviceId, Platform, Version, Visibility};

    fn device(name: &str) -> Option<EventDevice> {
        let id = DeviceId::new(name).unwrap();
        Some(EventDevice { id, platform: Platform::Android, address: None })
    }

    #[test]
    fn ordinals_rise_whatever_the_clock_says() {
        let mut events = PendingEvents::default();
        for at in [1_000, 1_000, 400, 5_000] {
            events.push(SessionEventKind::Logout, device("a"), Timestamp(at));
        }
        let ordinals: Vec<u64> = events.waiting().map(|event| event.ordinal).collect();
        assert_eq!(ordinals, [1_000, 1_001, 1_002, 5_000]);
    }

    #[test]
    fn beyond_the_bound_the_oldest_goes_and_is_counted() {
        let mut events = PendingEvents::default();
        for _ in 0..MAX_PENDING_EVENTS {
            events.push(SessionEventKind::Logout, device("a"), Timestamp(10));
        }
        assert_eq!((events.waiting().len(), events.dropped()), (MAX_PENDING_EVENTS, 0));
        events.push(SessionEventKind::Logout, device("a"), Timestamp(10));
        assert_eq!((events.waiting().len(), events.dropped()), (MAX_PENDING_EVENTS, 1));
        assert_eq!(events.waiting().next().unwrap().ordinal, 11);

        let last = events.last_ordinal();
        events.recorded(last, 1);
        assert!(events.is_empty());
        assert_eq!(events.last_ordinal(), last);
    }

    #[test]
    fn the_status_is_that_of_the_events_of_the_step() {
        let mut events = PendingEvents::default();
        let after = |version| StatusAfter {
            status_type: StatusType::Online,
            version: Version(version),
            told_always: false,
            visibility: Visibility::Everyone,
        };
        events.push(SessionEventKind::Logout, device("a"), Timestamp(10));
        events.conclude(0, after(1));
        events.push(SessionEventKind::Logout, device("b"), Timestamp(10));
        events.push(SessionEventKind::Logout, device("c"), Timestamp(10));
        events.conclude(10, after(2));
        let told: Vec<_> = events.waiting().map(|event| event.after).collect();
        assert_eq!(told, [1, 2, 2].map(|version| Some(after(version))));
    }

    #[test]
    fn only_the_first_event_of_a_step_that_ends_online_may_be_taken_back() {
        for (status_type, told_always) in
            [(StatusType::Online, [false, false]), (StatusType::Offline, [false, true])]
        {
            let mut events = PendingEvents::default();
            events.push(SessionEventKind::LinkClosed, device("a"), Timestamp(10));
            events.push(SessionEventKind::LinkClosed, device("b"), Timestamp(10));
            let visibility = Visibility::Everyone;
            let after = StatusAfter { status_type, version: Version(2), told_always: false, visibility };
            events.conclude(0, after);
            let told: Vec<_> = events.waiting().map(|event| event.after.unwrap().told_always).collect();
            assert_eq!(told, told_always, "{status_type:?}");
        }
    }

    #[test]
    fn what_came_meanwhile_stays() {
        let mut events = PendingEvents::default();
        events.push(SessionEventKind::Logout, device("a"), Timestamp(10));
        events.push(SessionEventKind::Logout, device("a"), Timestamp(10));
        events.recorded(10, 0);
        assert_eq!(events.waiting().map(|event| event.ordinal).collect::<Vec<_>>(), [11]);
    }
}
