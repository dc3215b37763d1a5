//! The status of a user with its evidence, and the data behind it, for an operator.

use crate::{Service, ServiceError, Viewing};
use lamplight_core::{Link, LinkEnd, Presence};
use lamplight_facts::Account;
use lamplight_model::{DeviceId, Now, Platform, Profile, Refusal, Timestamp, User, UserId, UserStatus};

/// The data of a user that an operator sees.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inspection {
    /// The account of the user.
    pub account: Account,
    /// The profile of the user.
    pub profile: Profile,
    /// The status with its evidence.
    pub status: UserStatus,
    /// The logged-in devices, in the order of their logins.
    pub devices: Vec<InspectedDevice>,
    /// The users that the user is subscribed to, earliest first.
    pub subscriptions: Vec<UserId>,
    /// The number of entries in the user's friend list.
    pub friends: usize,
}

/// A logged-in device of the user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InspectedDevice {
    /// The id of the device.
    pub id: DeviceId,
    /// The platform that the device runs on.
    pub platform: Platform,
    /// The state of the device's connection.
    pub link: LinkState,
}

/// The state of a device's connection: like [`Link`], but with wall-clock times.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinkState {
    /// The device has a live connection.
    Connected,
    /// The connection has ended, but the device still counts as connected.
    Held {
        /// The time until which the device counts as connected.
        until: Timestamp,
        /// The way in which the connection ended.
        end: LinkEnd,
    },
    /// The device has no connection.
    Gone {
        /// The time at which the device is logged out.
        lapses: Timestamp,
    },
}

impl Service {
    /// Reads the data of a user that an operator sees. An unknown app is refused with 70020, and a user without an
    /// account with 70107.
    pub async fn inspect(&self, user: &User, now: Now) -> Result<Inspection, ServiceError> {
        let account = self.facts.accounts(vec![user.clone()]).await?.pop().flatten();
        let ids = std::slice::from_ref(&user.id);
        let status = self.statuses(user, ids, Viewing::Asked, now).await?.pop().flatten();
        let (Some(account), Some(status)) = (account, status) else {
            return Err(Refusal::no_such_account(&user.id).into());
        };
        let live = self.directory.read(std::slice::from_ref(user), |_, presence| {
            presence.filter(|presence| !presence.is_deleted()).map(|presence| live_part(presence, now))
        });
        let (devices, subscriptions) = live.await?.pop().flatten().unwrap_or_default();
        let profile = self.facts.profiles(vec![user.clone()]).await?.pop().flatten().unwrap_or_default();
        let friends = self.facts.count_friends(user.clone()).await?;
        Ok(Inspection { account, profile, status, devices, subscriptions, friends })
    }
}

fn live_part(presence: &Presence, now: Now) -> (Vec<InspectedDevice>, Vec<UserId>) {
    (devices_of(presence, now), presence.subscriptions().iter().collect())
}

/// The logged-in devices of a record, in the order of their logins.
pub(crate) fn devices_of(presence: &Presence, now: Now) -> Vec<InspectedDevice> {
    let devices = presence.devices().iter().map(|device| InspectedDevice {
        id: device.id.clone(),
        platform: device.platform,
        link: match device.link {
            Link::Connected(_) => LinkState::Connected,
            Link::Held { until, end } => LinkState::Held { until: now.wall_at(until), end },
            Link::Gone { lapses } => LinkState::Gone { lapses: now.wall_at(lapses) },
        },
    });
    devices.collect()
}
