//! The deadlines of a record.

use super::Presence;
use super::events::event_device;
use crate::device::{Device, Link, LinkEnd};
use crate::subscriptions::Subscriptions;
use crate::transition::{Removed, Transition};
use lamplight_model::{AppSettings, EndedLogin, Moment, Now, Optional, Reason, StatusType};
use std::time::Duration;

/// The pause before the next attempt to remove the record of a deleted account.
const REMOVAL_RETRY: Duration = Duration::from_secs(60);

/// The time after which any node takes a deleted account off the subscription lists. The node that has deleted the
/// account usually does this itself, in less than a second.
const LISTS_AFTER: Duration = Duration::from_secs(2);

/// The pause before the next attempt to take a deleted account off the subscription lists.
const LISTS_RETRY: Duration = Duration::from_secs(10);

/// The outcome of [`Presence::expire`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expired {
    /// The ended logins: first the logins that have lapsed, then the logins of Web devices that no longer count as
    /// connected.
    pub removed: Vec<Removed>,
    /// All ended logins that have to be stored in the facts now, including the logins in `removed`.
    pub to_settle: Vec<EndedLogin>,
    /// Whether the record of a deleted account was kept long enough. The caller must then remove the record.
    pub is_over: bool,
    /// Whether the account was deleted and may still be on subscription lists of other users. The caller must then
    /// remove the account from these lists.
    pub is_on_lists: bool,
}

/// The deadlines of a record whose account was deleted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Deletion {
    /// The time when the record is dropped. Late watchers learn of the deletion from the record until then, and a new
    /// account continues its versions.
    pub(crate) until: Moment,
    /// The time when any node takes the account off the subscription lists of other users; `None` if that was done.
    /// Usually, the node that has deleted the account does this earlier.
    pub(crate) lists_due: Option<Moment>,
}

impl Deletion {
    /// A deletion at the time `now`.
    pub(crate) fn at(now: Moment, settings: &AppSettings) -> Self {
        Self { until: now + settings.timing.login_retention(), lists_due: Some(now + LISTS_AFTER) }
    }
}

/// The reverse of [`Presence::lists_deadline`]. Returns the end of the subscription list `list`, and the deletion of an
/// account whose record is dropped at `until`.
pub(crate) fn split_lists(
    deadline: Option<Moment>,
    list: &Subscriptions,
    until: Option<Moment>,
) -> (Optional<Moment>, Option<Box<Deletion>>) {
    let Some(until) = until else { return (deadline.into(), None) };
    let deletion = Deletion { until, lists_due: deadline };
    (deadline.filter(|_| !list.is_empty()).into(), Some(Box::new(deletion)))
}

impl Presence {
    /// The stored deadline about subscription lists. It is the end of the user's own list, or the time when a deleted
    /// account is taken off the lists of other users.
    ///
    /// One field has both deadlines, so that the previous version of Lamplight can read the records. A deleted account
    /// usually has no list.
    pub(crate) fn lists_deadline(&self) -> Option<Moment> {
        let of_others = self.deleted.as_ref().and_then(|deletion| deletion.lists_due);
        self.subscriptions_end.get().into_iter().chain(of_others).min()
    }

    /// The time when [`Presence::expire`] has work next; `None` if nothing is scheduled.
    pub fn next_deadline(&self) -> Option<Moment> {
        let links = self.devices.iter().filter_map(|device| match device.link {
            Link::Connected(_) => None,
            Link::Held { until, .. } => Some(until),
            Link::Gone { lapses } => Some(lapses),
        });
        let settling = self.unsettled.as_ref().map(|unsettled| unsettled.retry());
        let custom = self.custom.end().map(|end| end.due);
        let deletion = self.deleted.iter().flat_map(|it| it.lists_due.into_iter().chain([it.until]));
        let shown = self.restrictions.as_ref().and_then(|restrictions| restrictions.next_deadline());
        let end = self.subscriptions_end.get();
        links.chain(custom).chain(end).chain(deletion).chain(settling).chain(shown).min()
    }

    /// Does everything that is due. Does nothing before [`Presence::next_deadline`].
    ///
    /// Ends lingers and graces, and logins that have lapsed. Clears a custom status whose duration has passed, and
    /// drops the subscription list. Schedules the next attempts to store ended logins in the facts, and to take a
    /// deleted account off the lists of others. Viewers who may not see the status are shown the
    /// same changes as those of a user who is away: the end of the wait after a loss of the record, and the lapse of the
    /// logins.
    pub fn expire(&mut self, settings: &AppSettings, now: Now) -> Transition<Expired> {
        let held_end = self.devices.iter().find_map(|device| match device.link {
            Link::Held { until, end } if until <= now.moment => Some(end),
            Link::Held { .. } | Link::Connected(_) | Link::Gone { .. } => None,
        });
        let reason = held_end.map_or(Reason::Lapsed, LinkEnd::reason);
        let mut has_cleared = false;
        let mut transition = self.change(reason, settings, now, |presence, ended| {
            let lapsed =
                |device: &Device| matches!(device.link, Link::Gone { lapses } if lapses <= now.moment);
            let mut removed = presence.remove(lapsed, None, ended, now);
            for lapsed in &removed {
                presence.unsettle(lapsed, None, now);
            }
            let over =
                |device: &Device| matches!(device.link, Link::Held { until, .. } if until <= now.moment);
            let broken =
                presence.devices.iter().filter(|device| over(device)).map(|device| match device.link {
                    Link::Held { end, .. } => (end.event(), event_device(device)),
                    Link::Connected(_) | Link::Gone { .. } => {
                        unreachable!("only a held link has an end that can pass")
                    }
                });
            for (kind, device) in broken.collect::<Vec<_>>() {
                presence.note(kind, Some(device), settings, now);
            }
            let of_web = |device: &Device| over(device) && device.platform.is_web();
            removed.extend(presence.remove(of_web, None, ended, now));
            let lapses = now.moment + settings.timing.login_retention();
            for device in presence.devices.iter_mut().filter(|device| over(device)) {
                device.link = Link::Gone { lapses };
            }
            // A user who stops being ONLINE loses the text by that change.
            if presence.status_type() == StatusType::Online {
                has_cleared = presence.clear_if_over(settings, now);
            }
            removed
        });
        if has_cleared {
            self.reason = Reason::CustomExpired;
        }
        if self.subscriptions_end.get().is_some_and(|end| end <= now.moment) {
            self.subscriptions_end = Optional::NONE;
            self.subscriptions_lost = true;
            transition.unsubscribed = self.subscriptions_mut().clear();
            transition.changed = true;
        }
        // The change of the record comes first: a lapse in the record and a lapse in a shown status have the same
        // version.
        if self.expire_shown(settings, now) {
            transition.changed = true;
            transition.restricted |= !self.waits_for_connections();
        }
        let (mut is_over, mut is_on_lists) = (false, false);
        if let Some(deletion) = &mut self.deleted {
            is_over = deletion.until <= now.moment;
            if is_over {
                // Removing the record may fail. The record therefore stays that of a deleted account, and the removal
                // is tried again.
                deletion.until = now.moment + REMOVAL_RETRY;
            }
            is_on_lists = deletion.lists_due.is_some_and(|due| due <= now.moment);
            if is_on_lists {
                deletion.lists_due = Some(now.moment + LISTS_RETRY);
            }
            transition.changed |= is_over | is_on_lists;
        }
        let mut to_settle = Vec::new();
        if let Some(unsettled) = &mut self.unsettled
            && (unsettled.retry() <= now.moment || !transition.outcome.is_empty())
        {
            unsettled.retrying(now.moment);
            to_settle.extend_from_slice(unsettled.ends());
            transition.changed = true;
        }
        transition.map(|removed| Expired { removed, to_settle, is_over, is_on_lists })
    }
}
