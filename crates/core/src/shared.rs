//! The form of a live record in a store that several nodes share. It contains all data. Deadlines are moments of the
//! clock that the nodes share, and the id of a connection contains its node.

use crate::custom::{Custom, CustomEnd};
use crate::device::{Device, Link, LinkEnd};
use crate::lists_mark::ListsMark;
use crate::packed::{PackedDevice, PackedIds};
use crate::pending_events::PendingEvents;
use crate::presence::{Presence, split_lists};
use crate::signatures::Signatures;
use crate::unsettled::UnsettledEnds;
use crate::visibility::Restrictions;
use lamplight_model::{
    ConnectionId, CustomStatus, DeviceId, EndedLogin, ExtendedOption, Moment, Platform, Reason, Timestamp,
    UserId, Version,
};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// A live record in a shared store, in the first format. `D` is the form of a `deviceID`. `L` is the form of a list of
/// `userID`s. A change of the fields requires a new format number for the store.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SharedPresence<D = DeviceId, L = Vec<UserId>> {
    devices: Vec<SharedDevice<D>>,
    custom_status: CustomStatus,
    version: Version,
    since: Timestamp,
    reason: Reason,
    /// The time when the user was last seen, and the end of the custom status.
    last_seen: ExtendedOption<Timestamp, SharedEnd>,
    subscriptions: L,
    /// See [`Presence::lists_deadline`].
    subscriptions_end: Option<u64>,
    subscriptions_lost: bool,
    sigs: Signatures,
    ended_through: u64,
    deleted_through: u64,
    born: u64,
    newest_login: u64,
    /// The time until which the record of a deleted account is kept, and the restrictions.
    deleted_until: ExtendedOption<u64, Arc<Restrictions>>,
    events: Option<Box<PendingEvents>>,
    unsettled: Option<SharedEnds>,
}

/// The end of a custom status: the deadline, and the time that is shown to others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct SharedEnd {
    due: u64,
    shown: Timestamp,
}

/// A live record in a shared store, in the second format. It has the same content in fewer bytes.
pub type PackedPresence = SharedPresence<PackedDevice, PackedIds>;

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct SharedDevice<D> {
    id: D,
    platform: Platform,
    login: u64,
    issued: u64,
    link: SharedLink,
    address: Option<IpAddr>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum SharedLink {
    Connected(ConnectionId),
    Held { until: u64, end: LinkEnd },
    Gone { lapses: u64 },
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct SharedEnds {
    ends: Vec<EndedLogin>,
    retry: u64,
    pause_ms: u64,
}

impl<D: From<DeviceId>, L: FromIterator<UserId>> From<&Presence> for SharedPresence<D, L> {
    fn from(presence: &Presence) -> Self {
        let device = |device: &Device| SharedDevice {
            id: device.id.clone().into(),
            platform: device.platform,
            login: device.login,
            issued: device.issued,
            link: match device.link {
                Link::Connected(connection) => SharedLink::Connected(connection),
                Link::Held { until, end } => SharedLink::Held { until: until.0, end },
                Link::Gone { lapses } => SharedLink::Gone { lapses: lapses.0 },
            },
            address: device.address,
        };
        let end = |end: CustomEnd| SharedEnd { due: end.due.0, shown: end.shown };
        let ends = |ends: &UnsettledEnds| SharedEnds {
            ends: ends.ends().to_vec(),
            retry: ends.retry().0,
            pause_ms: u64::try_from(ends.pause().as_millis()).unwrap_or(u64::MAX),
        };
        Self {
            devices: presence.devices.iter().map(device).collect(),
            custom_status: presence.custom.text().clone(),
            version: presence.version,
            since: presence.since,
            reason: presence.reason,
            last_seen: ExtendedOption::new(presence.last_seen.get(), presence.custom.end().map(end)),
            subscriptions: presence.subscriptions.iter().collect(),
            subscriptions_end: presence.lists_deadline().map(|end| end.0),
            subscriptions_lost: presence.subscriptions_lost,
            sigs: presence.sigs.clone(),
            ended_through: presence.ended_through,
            deleted_through: presence.deleted_through,
            born: presence.born,
            newest_login: presence.newest_login,
            deleted_until: ExtendedOption::new(
                presence.deleted.as_ref().map(|deletion| deletion.until.0),
                presence.restrictions.clone(),
            ),
            events: presence.events.clone(),
            unsettled: presence.unsettled.as_deref().map(ends),
        }
    }
}

impl<D: Into<DeviceId>, L: IntoIterator<Item = UserId>> From<SharedPresence<D, L>> for Presence {
    fn from(shared: SharedPresence<D, L>) -> Self {
        let device = |device: SharedDevice<D>| Device {
            id: device.id.into(),
            platform: device.platform,
            login: device.login,
            issued: device.issued,
            link: match device.link {
                SharedLink::Connected(connection) => Link::Connected(connection),
                SharedLink::Held { until, end } => Link::Held { until: Moment(until), end },
                SharedLink::Gone { lapses } => Link::Gone { lapses: Moment(lapses) },
            },
            address: device.address,
        };
        let ends = |ends: SharedEnds| {
            UnsettledEnds::of(ends.ends, Moment(ends.retry), Duration::from_millis(ends.pause_ms))
        };
        let (last_seen, end) = shared.last_seen.split();
        let (deleted_until, restrictions) = shared.deleted_until.split();
        let end = end.map(|SharedEnd { due, shown }| CustomEnd { due: Moment(due), shown });
        let lists_deadline = shared.subscriptions_end.map(Moment);
        let subscriptions = shared.subscriptions.into_iter().collect();
        let (subscriptions_end, deleted) =
            split_lists(lists_deadline, &subscriptions, deleted_until.map(Moment));
        Self {
            devices: shared.devices.into_iter().map(device).collect(),
            custom: Custom::new(shared.custom_status, end),
            version: shared.version,
            since: shared.since,
            reason: shared.reason,
            last_seen: last_seen.into(),
            subscriptions,
            subscriptions_end,
            subscriptions_lost: shared.subscriptions_lost,
            lists_mark: ListsMark::NONE,
            sigs: shared.sigs,
            ended_through: shared.ended_through,
            deleted_through: shared.deleted_through,
            born: shared.born,
            newest_login: shared.newest_login,
            deleted,
            events: shared.events,
            unsettled: shared.unsettled.map(|unsettled| Box::new(ends(unsettled))),
            restrictions,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Connect, UserFacts};
    use lamplight_model::{
        AppSettings, CustomDuration, NodeId, Now, Revoked, StoredRestrictions, Visibility,
    };

    const NODE: NodeId = NodeId(u64::MAX);

    fn now(millis: u64) -> Now {
        Now { moment: Moment(millis), wall: Timestamp(1_700_000_000_000 + millis) }
    }

    fn connect(
        presence: &mut Presence,
        device: &str,
        platform: Platform,
        login: u64,
        settings: &AppSettings,
    ) {
        let device = DeviceId::new(device).unwrap();
        let connection = ConnectionId::new(NODE, login);
        let address = Some(IpAddr::from([10, 0, 0, 1]));
        let connect = Connect { device: &device, platform, login, born: 1, issued: 7, connection, address };
        let _ = presence.connect(&connect, settings, now(login));
    }

    #[test]
    fn a_record_comes_back_as_it_was_in_each_state() {
        let mut settings = AppSettings::default();
        settings.webhooks.state_change_url = "https://receiver".to_owned();
        settings.timing.linger_native_ms = 1_000;
        let blank = UserFacts::default();
        let mut presence = Presence::from_facts(blank, Version(5), Timestamp(0), false, &settings, Moment(0));
        let mut states = vec![presence.clone()];
        connect(&mut presence, "phone", Platform::IPhone, 1, &settings);
        connect(&mut presence, "mac", Platform::Mac, 2, &settings);
        states.push(presence.clone());
        let friends = [UserId::new("b").unwrap(), UserId::new("c").unwrap()];
        let _ = presence.subscribe(&friends, &settings, Moment(3));
        let custom = CustomStatus::new("here", 100).unwrap();
        let _ = presence.set_custom_status(custom, None, &settings, now(3));
        states.push(presence.clone());
        let custom = CustomStatus::new("at lunch", 100).unwrap();
        let lasts = CustomDuration::of(&custom, 60).unwrap();
        let _ = presence.set_custom_status_for(custom, lasts, None, &settings, now(4));
        states.push(presence.clone());
        for (local, end) in [(1, LinkEnd::Closed), (2, LinkEnd::TimedOut)] {
            let connection = ConnectionId::new(NODE, local);
            let _ = presence.disconnect(connection, end, Timestamp(4), &settings, now(4));
            states.push(presence.clone());
        }
        for at in [10_000_000_000, 20_000_000_000] {
            let _ = presence.expire(&settings, now(at));
            states.push(presence.clone());
        }
        let restrictions = StoredRestrictions {
            version: 3,
            visibility: Visibility::Friends,
            friends: friends.to_vec(),
            blocked: friends[1..].to_vec(),
            ..StoredRestrictions::default()
        };
        let _ = presence.restrict(&restrictions, &settings, now(5));
        states.push(presence.clone());
        assert!(presence.unsettled.is_some() && presence.subscriptions_lost, "{presence:?}");
        let revoked = Revoked::new(Timestamp(1_700_000_000_000), []);
        let _ = presence.delete(9, &revoked, &settings, now(20_000_000_000));
        states.push(presence.clone());
        assert_eq!(presence.may_be_on_lists(), Some(9));
        let _ = presence.taken_off_lists(9);
        states.push(presence.clone());

        for state in states {
            assert_eq!(Presence::from(<SharedPresence>::from(&state)), state);
            assert_eq!(Presence::from(PackedPresence::from(&state)), state);
        }
    }
}
