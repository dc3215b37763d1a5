//! One user's live record and everything that can happen to it (SPEC sections 2, 4 and 5).
//!
//! The status type is never stored: it is derived from the logins and their links, so nothing can contradict it.
//! Every change passes through [`Presence::change`], which compares the visible status before and after, and clears
//! the custom status in the same change in which the user stops being ONLINE.

mod events;
mod facts;

pub use facts::{Admission, UserFacts};

use self::events::{event_device, wants_events};
use crate::device::{Connect, Device, Link, LinkEnd};
use crate::missed::missed_since;
use crate::pending_events::PendingEvents;
use crate::signatures::Signatures;
use crate::subscriptions::{Subscribed, Subscriptions};
use crate::transition::{EndCause, Ended, Removed, Transition};
use crate::unsettled::UnsettledEnds;
use lamplight_model::{
    AppSettings, Code, ConnectionId, CustomStatus, DeviceId, EndMark, EndWhy, EndedLogin, EventDevice,
    Moment, Now, Platform, PlatformSet, Reason, SessionEventKind, StatusAfter, StatusType, Timestamp, UserId,
    UserStatus, Version,
};
use std::hash::{BuildHasher, Hash, Hasher};
use std::time::Duration;

/// The pause before the next attempt to remove the record of a deleted account.
const REMOVAL_RETRY: Duration = Duration::from_secs(60);

/// The live record of one user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Presence {
    /// The logins, by rising number.
    pub(crate) devices: Vec<Device>,
    pub(crate) custom_status: CustomStatus,
    pub(crate) version: Version,
    pub(crate) since: Timestamp,
    pub(crate) reason: Reason,
    pub(crate) last_seen: Option<Timestamp>,
    pub(crate) subscriptions: Subscriptions,
    /// The time at which the subscription list is dropped; set while the user is not ONLINE and has a list.
    pub(crate) subscriptions_end: Option<Moment>,
    /// Whether the subscription list was dropped and the user has not subscribed since.
    pub(crate) subscriptions_lost: bool,
    pub(crate) sigs: Signatures,
    /// Every login up to this number was ended by a kick or a deletion, and may not connect.
    pub(crate) ended_through: u64,
    /// Every account of this name created up to this number was deleted.
    pub(crate) deleted_through: u64,
    /// The creation number of the account, from the same sequence as those of logins.
    pub(crate) born: u64,
    /// The highest login number that the record has ever had.
    pub(crate) newest_login: u64,
    /// Set when the account was deleted: the record is kept until then, so that late watchers are notified of the
    /// deletion too, and an account that is created again continues the versions and numbers.
    pub(crate) deleted_until: Option<Moment>,
    /// Present only if the app wants session events: a record without them costs one word.
    pub(crate) events: Option<Box<PendingEvents>>,
    /// Ends that the facts do not have yet.
    pub(crate) unsettled: Option<Box<UnsettledEnds>>,
}

/// The outcome of [`Presence::connect`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Connected {
    /// The logins that had to end, earliest first.
    pub kicked: Vec<Removed>,
    /// Whether the user returns to a subscription list that was dropped, and has not subscribed since.
    pub subscriptions_lost: bool,
}

/// The outcome of [`Presence::expire`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expired {
    /// The logins that ended, earliest first.
    pub removed: Vec<Removed>,
    /// Ends that are due to be stored in the facts, including new ones.
    pub to_settle: Vec<EndedLogin>,
    /// Whether the record of a deleted account has been kept long enough; the caller then removes it.
    pub is_over: bool,
}

impl Presence {
    // Queries

    /// The status type, derived from logins and links (SPEC section 2).
    pub fn status_type(&self) -> StatusType {
        let present = |device: &Device| device.link.is_present();
        match &self.devices[..] {
            [] => StatusType::Unlogined,
            devices if devices.iter().any(present) => StatusType::Online,
            _ => StatusType::Offline,
        }
    }

    /// The visible status of the user.
    pub fn status(&self, user: &UserId) -> UserStatus {
        let status_type = self.status_type();
        UserStatus {
            user_id: user.clone(),
            status_type,
            custom_status: self.custom_status.clone(),
            version: self.version,
            since: self.since,
            reason: self.reason,
            // An ONLINE user has no last-seen time.
            last_seen: self.last_seen.filter(|_| status_type != StatusType::Online),
            online_devices: self.online_devices(),
        }
    }

    /// The platforms that count as connected.
    pub fn online_devices(&self) -> PlatformSet {
        self.present_platforms().collect()
    }

    /// The platform of each device that counts as connected, once for each such device.
    pub fn present_platforms(&self) -> impl Iterator<Item = Platform> {
        let present = self.devices.iter().filter(|device| !matches!(device.link, Link::Gone { .. }));
        present.map(|device| device.platform)
    }

    /// The custom status of the user.
    pub fn custom_status(&self) -> &CustomStatus {
        &self.custom_status
    }

    /// The version of the last visible change.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The logins, by rising number: the earliest first.
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// Whether this device is logged in.
    pub fn is_logged_in(&self, device: &DeviceId) -> bool {
        self.devices.iter().any(|login| login.id == *device)
    }

    /// The device whose current connection this is.
    pub fn device_of(&self, connection: ConnectionId) -> Option<&Device> {
        self.index_of(connection).map(|index| &self.devices[index])
    }

    /// The current connections of the devices.
    pub fn connections(&self) -> impl Iterator<Item = ConnectionId> {
        self.devices.iter().filter_map(|device| match device.link {
            Link::Connected(connection) => Some(connection),
            Link::Held { .. } | Link::Gone { .. } => None,
        })
    }

    /// The subscription list of the user.
    pub fn subscriptions(&self) -> &Subscriptions {
        &self.subscriptions
    }

    /// Whether the account was deleted. A query for the user then finds no account, and watchers see the user as
    /// UNLOGINED.
    pub fn is_deleted(&self) -> bool {
        self.deleted_until.is_some()
    }

    /// The session events that are not in the outbox yet, if there are any.
    pub fn pending_events(&self) -> Option<&PendingEvents> {
        self.events.as_deref().filter(|events| !events.is_empty())
    }

    /// The time at which [`Presence::expire`] is due next.
    pub fn next_deadline(&self) -> Option<Moment> {
        let links = self.devices.iter().filter_map(|device| match device.link {
            Link::Connected(_) => None,
            Link::Held { until, .. } => Some(until),
            Link::Gone { lapses } => Some(lapses),
        });
        let settling = self.unsettled.as_ref().map(|unsettled| unsettled.retry());
        links.chain(self.subscriptions_end).chain(self.deleted_until).chain(settling).min()
    }

    // Transitions

    /// Connects a device: a first login, a further login, or a return. [`Presence::admission`] must have admitted it.
    ///
    /// If the device still has a connection, that connection is superseded. Earlier logins that compete with a new
    /// login are kicked; a device that returns to its login ends no later logins. Watchers see at most one change to
    /// ONLINE, and none when a device replaces its connection.
    pub fn connect(
        &mut self,
        connect: &Connect<'_>,
        settings: &AppSettings,
        now: Now,
    ) -> Transition<Connected> {
        self.change(Reason::Login, settings, now, |presence, ended| {
            presence.deleted_until = None;
            presence.sigs.note(connect.issued, now.wall);
            presence.born = presence.born.max(connect.born);
            presence.newest_login = presence.newest_login.max(connect.login);
            let was_online = presence.status_type() == StatusType::Online;
            let leaving: Vec<DeviceId> = presence
                .in_the_way(connect.device, connect.platform, settings.multi_device)
                .iter()
                .filter(|rival| rival.login < connect.login)
                .map(|rival| rival.device.clone())
                .collect();
            let cause = EndCause::KickedByLogin { by: connect.platform };
            let kicked = presence.remove(|device| leaving.contains(&device.id), Some(cause), ended, now);
            for loser in &kicked {
                let why = EndWhy::KickedBy(connect.platform);
                presence.unsettle(loser, Some(EndMark { why, told: loser.connected, at: now.wall }), now);
            }

            let before = presence.devices.iter().find(|device| device.id == *connect.device);
            let connected_before = before.filter(|device| device.link.is_present()).map(event_device);

            let link = Link::Connected(connect.connection);
            let address = connect.address.filter(|_| wants_events(settings));
            match presence.devices.iter_mut().find(|device| device.id == *connect.device) {
                Some(device) => {
                    if let Link::Connected(connection) = device.link
                        && connection != connect.connection
                    {
                        ended.push(Ended { connection, cause: EndCause::Superseded });
                    }
                    device.link = link;
                    device.platform = connect.platform;
                    device.address = address;
                    device.login = connect.login;
                    device.issued = connect.issued;
                }
                None => {
                    let (id, platform) = (connect.device.clone(), connect.platform);
                    let (login, issued) = (connect.login, connect.issued);
                    // Most users have exactly one device.
                    presence.devices.reserve_exact(1);
                    presence.devices.push(Device { id, platform, login, issued, link, address });
                }
            }
            presence.devices.sort_by_key(|device| device.login);
            let (id, platform) = (connect.device.clone(), connect.platform);
            let device = EventDevice { id, platform, address };
            presence.note_login(device, connected_before, &kicked, settings, now);
            Connected { kicked, subscriptions_lost: presence.subscriptions_lost && !was_online }
        })
    }

    /// Records that a connection has ended. The end of a connection that was superseded or kicked before changes
    /// nothing.
    ///
    /// A broken link is held for the app's linger; a silent one is not, because the heartbeat timeout has passed
    /// already. `heard` is the time of its last bytes. Returns whether the connection was the device's current one.
    pub fn disconnect(
        &mut self,
        connection: ConnectionId,
        end: LinkEnd,
        heard: Timestamp,
        settings: &AppSettings,
        now: Now,
    ) -> Transition<bool> {
        self.change(end.reason(), settings, now, |presence, _| {
            let Some(index) = presence.index_of(connection) else { return false };
            presence.note_seen(heard);
            let linger = match end {
                LinkEnd::Closed => settings.timing.linger(presence.devices[index].platform.is_web()),
                LinkEnd::TimedOut | LinkEnd::NodeLost => Duration::ZERO,
            };
            if linger > Duration::ZERO {
                presence.devices[index].link = Link::Held { until: now.moment + linger, end };
            } else {
                presence.let_go(index, end, settings, now);
            }
            true
        })
    }

    /// Logs out the device of this connection. Returns the login that ended, if the connection was current.
    pub fn logout(
        &mut self,
        connection: ConnectionId,
        settings: &AppSettings,
        now: Now,
    ) -> Transition<Option<Removed>> {
        self.end_login(connection, Reason::Logout, settings, now)
    }

    /// Logs out the device of this connection, because its UserSig has expired.
    pub fn expire_sig(
        &mut self,
        connection: ConnectionId,
        settings: &AppSettings,
        now: Now,
    ) -> Transition<Option<Removed>> {
        self.end_login(connection, Reason::SigExpired, settings, now)
    }

    /// Sets the custom status, or clears it if the text is empty. Refused with 6014 unless the user is ONLINE,
    /// because leaving ONLINE clears the custom status.
    ///
    /// `by` is the connection that asked; `None` if the change is made on the user's behalf.
    pub fn set_custom_status(
        &mut self,
        custom: CustomStatus,
        by: Option<ConnectionId>,
        settings: &AppSettings,
        now: Now,
    ) -> Transition<Result<(), Code>> {
        self.change(Reason::Custom, settings, now, |presence, _| {
            if presence.status_type() != StatusType::Online {
                return Err(Code::NOT_LOGGED_IN);
            }
            if presence.custom_status != custom {
                let device = by.and_then(|connection| presence.device_of(connection)).map(event_device);
                presence.note(SessionEventKind::CustomStatus(custom.clone()), device, settings, now);
            }
            presence.custom_status = custom;
            Ok(())
        })
    }

    /// Subscribes to users; beyond the app's limit the earliest are evicted. If the user is not ONLINE, the list is
    /// dropped after the retention, as the list of a user who has left is.
    pub fn subscribe(
        &mut self,
        users: &[UserId],
        settings: &AppSettings,
        now: Moment,
    ) -> Transition<Subscribed> {
        let done = self.subscriptions.subscribe(users, usize::from(settings.limits.subscriptions));
        self.subscriptions_lost = false;
        if self.status_type() != StatusType::Online && !self.subscriptions.is_empty() {
            self.subscriptions_end = Some(now + settings.timing.subscription_retention());
        }
        let mut transition = Transition::quiet(done.clone());
        transition.changed = true;
        transition.subscribed = done.added;
        transition.unsubscribed = done.evicted;
        transition
    }

    /// Removes users from the subscription list, or all users if `users` is `None`. Returns those that were on it.
    pub fn unsubscribe(&mut self, users: Option<&[UserId]>) -> Transition<Vec<UserId>> {
        let removed = match users {
            Some(users) => self.subscriptions.unsubscribe(users),
            None => self.subscriptions.clear(),
        };
        if self.subscriptions.is_empty() {
            self.subscriptions_end = None;
        }
        let mut transition = Transition::quiet(removed.clone());
        transition.changed = !removed.is_empty();
        transition.unsubscribed = removed;
        transition
    }

    /// Carries out what is due: ends lingers and graces, lets logins lapse, and drops the subscription list. Changes
    /// nothing before [`Presence::next_deadline`].
    pub fn expire(&mut self, settings: &AppSettings, now: Now) -> Transition<Expired> {
        let held_end = self.devices.iter().find_map(|device| match device.link {
            Link::Held { until, end } if until <= now.moment => Some(end),
            Link::Held { .. } | Link::Connected(_) | Link::Gone { .. } => None,
        });
        let reason = held_end.map_or(Reason::Lapsed, LinkEnd::reason);
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
            removed
        });
        if self.subscriptions_end.is_some_and(|end| end <= now.moment) {
            self.subscriptions_end = None;
            self.subscriptions_lost = true;
            transition.unsubscribed = self.subscriptions.clear();
            transition.changed = true;
        }
        let is_over = self.deleted_until.is_some_and(|until| until <= now.moment);
        if is_over {
            // Removing the record may fail, so the record stays that of a deleted account until the caller has
            // removed it.
            self.deleted_until = Some(now.moment + REMOVAL_RETRY);
            transition.changed = true;
        }
        let mut to_settle = Vec::new();
        if let Some(unsettled) = &mut self.unsettled
            && (unsettled.retry() <= now.moment || !transition.outcome.is_empty())
        {
            unsettled.retrying(now.moment);
            to_settle.extend_from_slice(unsettled.ends());
            transition.changed = true;
        }
        transition.map(|removed| Expired { removed, to_settle, is_over })
    }

    /// Records that the session events up to this ordinal are in the outbox, and that this many dropped events were
    /// counted.
    pub fn events_recorded(&mut self, up_to: u64, dropped: u32) -> Transition<()> {
        // The change goes to the journal, so that a restart does not deliver old events again.
        let changed = self.pending_events().is_some();
        if let Some(events) = &mut self.events {
            events.recorded(up_to, dropped);
        }
        Transition { changed, ..Transition::quiet(()) }
    }

    // Parts that the transitions share

    /// Runs `act` and determines which visible parts have changed. Only this function writes the version and the
    /// evidence, and clears the custom status automatically.
    fn change<T>(
        &mut self,
        reason: Reason,
        settings: &AppSettings,
        now: Now,
        act: impl FnOnce(&mut Self, &mut Vec<Ended>) -> T,
    ) -> Transition<T> {
        let (was, custom_was) = (self.status_type(), self.custom_status.clone());
        let last_event = |presence: &Self| presence.events.as_ref().map(|events| events.last_ordinal());
        let event_was = last_event(self);
        let print_was = self.fingerprint();
        let mut ended = Vec::new();
        let outcome = act(self, &mut ended);

        let is = self.status_type();
        let mut cleared_custom = false;
        if was == StatusType::Online && is != StatusType::Online {
            cleared_custom = !self.custom_status.is_empty();
            self.custom_status = CustomStatus::NONE;
            if !self.subscriptions.is_empty() {
                self.subscriptions_end = Some(now.moment + settings.timing.subscription_retention());
            }
        }
        if is == StatusType::Online {
            self.subscriptions_end = None;
        }
        let visible = was != is || custom_was != self.custom_status;
        if visible {
            self.version = self.version.next(now.wall);
            self.reason = reason;
        }
        if was != is {
            self.since = now.wall;
        }
        let version = self.version;
        if let Some(events) = &mut self.events {
            let after = StatusAfter { status_type: is, version, told_always: cleared_custom };
            events.conclude(event_was.unwrap_or(0), after);
        }
        let missed = missed_since(was, is, self.last_seen, settings);
        if let Some(since) = missed {
            self.events.get_or_insert_default().note_missed(since);
        }
        let has_events = event_was != last_event(self) || missed.is_some();
        let changed = has_events || print_was != self.fingerprint();
        Transition { changed, visible, has_events, ended, ..Transition::quiet(outcome) }
    }

    /// A fingerprint of everything that [`Presence::change`] may change and that has to be kept. Two different
    /// records have the same fingerprint with a chance of 2^-64; comparing fingerprints allocates nothing.
    fn fingerprint(&self) -> u64 {
        let Self {
            devices,
            custom_status,
            subscriptions_end,
            subscriptions_lost,
            last_seen,
            sigs,
            ended_through,
            deleted_through,
            born,
            newest_login,
            deleted_until,
            unsettled,
            // These are written only when another field differs.
            version: _,
            since: _,
            reason: _,
            // These change outside of `change`, in transitions that report it themselves.
            subscriptions: _,
            // These are compared by their last ordinal.
            events: _,
        } = self;
        let mut hasher = foldhash::quality::FixedState::default().build_hasher();
        devices.hash(&mut hasher);
        custom_status.hash(&mut hasher);
        (subscriptions_end, subscriptions_lost, last_seen, deleted_until).hash(&mut hasher);
        (sigs, ended_through, deleted_through, born, newest_login, unsettled).hash(&mut hasher);
        hasher.finish()
    }

    fn end_login(
        &mut self,
        connection: ConnectionId,
        reason: Reason,
        settings: &AppSettings,
        now: Now,
    ) -> Transition<Option<Removed>> {
        self.change(reason, settings, now, |presence, _| {
            let index = presence.index_of(connection)?;
            presence.note_seen(now.wall);
            let device = presence.devices.remove(index);
            presence.note(SessionEventKind::Logout, Some(event_device(&device)), settings, now);
            let Device { id, login, platform, .. } = device;
            let removed = Removed { device: id, login, platform, connected: true };
            let mark = EndMark { why: EndWhy::LoggedOut, told: true, at: now.wall };
            presence.unsettle(&removed, Some(mark), now);
            Some(removed)
        })
    }

    fn index_of(&self, connection: ConnectionId) -> Option<usize> {
        self.devices.iter().position(|device| device.link == Link::Connected(connection))
    }

    /// Ends the link of a device whose linger, if any, is over: a native login stays, a Web login ends.
    fn let_go(&mut self, index: usize, end: LinkEnd, settings: &AppSettings, now: Now) {
        let device = event_device(&self.devices[index]);
        self.note(end.event(), Some(device), settings, now);
        if self.devices[index].platform.is_web() {
            self.devices.remove(index);
        } else {
            self.devices[index].link = Link::Gone { lapses: now.moment + settings.timing.login_retention() };
        }
    }

    /// Records when an ended connection last sent bytes. The time is never before the user became ONLINE, and never
    /// moves back.
    fn note_seen(&mut self, heard: Timestamp) {
        self.last_seen = self.last_seen.max(Some(heard.max(self.since)));
    }

    /// Removes the devices for which `doomed` is true. If `cause` is given, their connections are closed for it.
    fn remove(
        &mut self,
        doomed: impl Fn(&Device) -> bool,
        cause: Option<EndCause>,
        ended: &mut Vec<Ended>,
        now: Now,
    ) -> Vec<Removed> {
        let gone: Vec<Device> = self.devices.extract_if(.., |device| doomed(device)).collect();
        if gone.iter().any(|device| matches!(device.link, Link::Connected(_))) {
            self.note_seen(now.wall);
        }
        gone.into_iter()
            .map(|device| {
                let connection = match device.link {
                    Link::Connected(connection) => Some(connection),
                    Link::Held { .. } | Link::Gone { .. } => None,
                };
                if let (Some(connection), Some(cause)) = (connection, cause) {
                    ended.push(Ended { connection, cause });
                }
                let Device { id, login, platform, .. } = device;
                Removed { device: id, login, platform, connected: connection.is_some() }
            })
            .collect()
    }
}
