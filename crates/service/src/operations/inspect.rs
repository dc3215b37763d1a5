//! A user as an operator sees them: the status with its evidence, and the data from which it is derived.

use crate::{Service, ServiceError, Viewing};
use lamplight_core::{Link, LinkEnd, Presence};
use lamplight_facts::Account;
use lamplight_model::{DeviceId, Now, Platform, Profile, Refusal, Timestamp, User, UserId, UserStatus};

/// A user as an operator sees them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inspection {
    /// The account.
    pub account: Account,
    /// The profile of the user.
    pub profile: Profile,
    /// The status with its evidence.
    pub status: UserStatus,
    /// The logins, earliest first.
    pub devices: Vec<InspectedDevice>,
    /// The users that the user is subscribed to, earliest first.
    pub subscriptions: Vec<UserId>,
    /// The number of entries of the friend list.
    pub friends: usize,
}

/// A login of the user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InspectedDevice {
    /// The device.
    pub id: DeviceId,
    /// The platform that the device runs on.
    pub platform: Platform,
    /// The link of the device.
    pub link: LinkState,
}

/// The link of a device: like [`Link`], but with wall-clock times.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinkState {
    /// There is a live connection.
    Connected,
    /// The connection has ended and still counts as connected.
    Held {
        /// The end of that time.
        until: Timestamp,
        /// The cause of the end of the link.
        end: LinkEnd,
    },
    /// There is no connection.
    Gone {
        /// The time at which the login lapses.
        lapses: Timestamp,
    },
}

impl Service {
    /// Reads everything that is known about a user. Refused with 70020 and 70107.
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

/// The logins of a record, earliest first.
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
