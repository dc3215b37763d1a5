//! The form of a live record on disk. Deadlines are stored as wall time, and connections are not stored.

use crate::custom::{Custom, CustomEnd};
use crate::device::{Device, Link, LinkEnd};
use crate::lists_mark::ListsMark;
use crate::pending_events::PendingEvents;
use crate::presence::{Presence, split_lists};
use crate::signatures::Signatures;
use crate::subscriptions::Subscriptions;
use crate::unsettled::UnsettledEnds;
use crate::visibility::Restrictions;
use lamplight_model::{
    ConnectionId, CustomStatus, DeviceId, EndedLogin, ExtendedOption, Moment, Now, Platform, Reason,
    Timestamp, Version,
};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::net::IpAddr;
use std::sync::Arc;

/// A live record on disk. A change of its fields requires a new format number for the file that contains it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SavedPresence {
    devices: SmallVec<[SavedDevice; 1]>,
    custom_status: CustomStatus,
    version: Version,
    since: Timestamp,
    reason: Reason,
    /// The time when the user was last seen, and the end of the custom status.
    last_seen: ExtendedOption<Timestamp, SavedEnd>,
    subscriptions: Subscriptions,
    /// See [`Presence::lists_deadline`].
    subscriptions_end: Option<Timestamp>,
    subscriptions_lost: bool,
    sigs: Signatures,
    ended_through: u64,
    deleted_through: u64,
    born: u64,
    newest_login: u64,
    /// The time until which the record of a deleted account is kept, and the restrictions. Each deadline in these
    /// restrictions is stored as the milliseconds of a wall-clock time.
    deleted_until: ExtendedOption<Timestamp, Arc<Restrictions>>,
    events: Option<Box<PendingEvents>>,
    unsettled: Vec<EndedLogin>,
}

/// The end of a custom status: the deadline, and the time that is shown to others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct SavedEnd {
    due: Timestamp,
    shown: Timestamp,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct SavedDevice {
    id: DeviceId,
    platform: Platform,
    login: u64,
    issued: u64,
    link: SavedLink,
    address: Option<IpAddr>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum SavedLink {
    Connected,
    /// The device counts as connected although its connection ended in this way.
    Held {
        end: LinkEnd,
    },
    Gone {
        lapses: Timestamp,
    },
}

impl Presence {
    /// Converts the record into its form on disk.
    pub fn save(&self, now: Now) -> SavedPresence {
        let with_wall = |it| with_deadlines(it, |until| Moment(now.wall_at(until).0));
        self.save_with(self.subscriptions.clone(), self.restrictions.as_ref().map(with_wall), now)
    }

    /// Converts the record into its form on disk, but without the subscription list and the restrictions.
    /// [`SavedPresence::take_lists`] adds them.
    pub fn save_without_lists(&self, now: Now) -> SavedPresence {
        self.save_with(Subscriptions::default(), None, now)
    }

    fn save_with(
        &self,
        subscriptions: Subscriptions,
        restrictions: Option<Arc<Restrictions>>,
        now: Now,
    ) -> SavedPresence {
        let end = |end: CustomEnd| SavedEnd { due: now.wall_at(end.due), shown: end.shown };
        SavedPresence {
            devices: self
                .devices
                .iter()
                .map(|device| SavedDevice {
                    id: device.id.clone(),
                    platform: device.platform,
                    login: device.login,
                    issued: device.issued,
                    link: match device.link {
                        Link::Connected(_) => SavedLink::Connected,
                        Link::Held { end, .. } => SavedLink::Held { end },
                        Link::Gone { lapses } => SavedLink::Gone { lapses: now.wall_at(lapses) },
                    },
                    address: device.address,
                })
                .collect(),
            custom_status: self.custom.text().clone(),
            version: self.version,
            since: self.since,
            reason: self.reason,
            last_seen: ExtendedOption::new(self.last_seen.get(), self.custom.end().map(end)),
            subscriptions,
            subscriptions_end: self.lists_deadline().map(|it| now.wall_at(it)),
            subscriptions_lost: self.subscriptions_lost,
            sigs: self.sigs.clone(),
            ended_through: self.ended_through,
            deleted_through: self.deleted_through,
            born: self.born,
            newest_login: self.newest_login,
            deleted_until: ExtendedOption::new(
                self.deleted.as_ref().map(|deletion| now.wall_at(deletion.until)),
                restrictions,
            ),
            events: self.events.clone(),
            unsettled: self.unsettled_ends().cloned().collect(),
        }
    }
}

impl SavedPresence {
    /// Replaces the subscription list and the restrictions by those of another saved record, which loses them.
    pub fn take_lists(&mut self, other: &mut Self) {
        self.subscriptions = std::mem::take(&mut other.subscriptions);
        let (deleted_until, _) = self.deleted_until.clone().split();
        let (others, restrictions) = other.deleted_until.clone().split();
        other.deleted_until = ExtendedOption::new(others, None);
        self.deleted_until = ExtendedOption::new(deleted_until, restrictions);
    }

    /// Raises the version above every version that may have been sent until the time `at`. The saved record may be
    /// older than the last status that was sent, and clients ignore versions that are not newer than theirs.
    ///
    /// Also raises the versions of the statuses that are shown to viewers who may not see the user's status. The
    /// version of a user who is away would rise too.
    pub fn lift_version(&mut self, at: Timestamp) {
        self.version = self.version.next(at);
        if let ExtendedOption::With(_, restrictions) = &mut self.deleted_until {
            *restrictions = Arc::new(restrictions.with_next_versions(at));
        }
    }

    /// Whether a device was connected when the record was saved. If so, [`SavedPresence::restore`] changes the record: it
    /// notes when the user was seen last.
    pub fn has_connections(&self) -> bool {
        self.devices.iter().any(|device| device.link == SavedLink::Connected)
    }

    /// Converts a saved record into the record of the next process. Devices that were connected or held count as
    /// connected until `grace`. `lost_at` is the last time at which the old process is known to have run.
    pub fn restore(self, now: Now, lost_at: Timestamp, grace: Moment) -> Presence {
        let moment = |at: Timestamp| now.moment + at.since(now.wall);
        // The connections of the former process are identified by their places, but only until all of them are held.
        let former = |place: usize| Link::Connected(ConnectionId::alone(place as u64));
        let (last_seen, end) = self.last_seen.split();
        let (deleted_until, restrictions) = self.deleted_until.split();
        let end = end.map(|SavedEnd { due, shown }| CustomEnd { shown, ..CustomEnd::at(due, now) });
        let restrictions =
            restrictions.as_ref().map(|it| with_deadlines(it, |until| moment(Timestamp(until.0))));
        let lists_deadline = self.subscriptions_end.map(moment);
        let subscriptions = self.subscriptions;
        let (subscriptions_end, deleted) =
            split_lists(lists_deadline, &subscriptions, deleted_until.map(moment));
        let mut presence = Presence {
            devices: self
                .devices
                .into_iter()
                .enumerate()
                .map(|(place, device)| Device {
                    id: device.id,
                    platform: device.platform,
                    login: device.login,
                    issued: device.issued,
                    link: match device.link {
                        SavedLink::Connected => former(place),
                        SavedLink::Held { end } => Link::Held { until: grace, end },
                        SavedLink::Gone { lapses } => Link::Gone { lapses: moment(lapses) },
                    },
                    address: device.address,
                })
                .collect(),
            custom: Custom::new(self.custom_status, end),
            version: self.version,
            since: self.since,
            reason: self.reason,
            last_seen: last_seen.into(),
            subscriptions,
            subscriptions_end,
            subscriptions_lost: self.subscriptions_lost,
            lists_mark: ListsMark::NONE,
            sigs: self.sigs,
            ended_through: self.ended_through,
            deleted_through: self.deleted_through,
            born: self.born,
            newest_login: self.newest_login,
            deleted,
            events: self.events,
            unsettled: UnsettledEnds::restored(self.unsettled, now.moment).map(Box::new),
            restrictions,
        };
        // The time of the last bytes is unknown; the process ran when the record was written.
        presence.hold_links(|_| true, grace, lost_at);
        presence
    }
}

/// The restrictions with other deadlines; the same ones if they have no deadline.
fn with_deadlines(restrictions: &Arc<Restrictions>, change: impl Fn(Moment) -> Moment) -> Arc<Restrictions> {
    match restrictions.next_deadline() {
        Some(_) => Arc::new(restrictions.with_deadlines(change)),
        None => Arc::clone(restrictions),
    }
}
