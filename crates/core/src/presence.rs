//! The live record of one user, and its transitions (SPEC sections 2, 4 and 5).
//!
//! The status type is not stored, but derived from the logins and their links, so the two cannot contradict each other.
//! Every transition runs in [`Presence::change`], which compares the visible status before and after it. If the user is
//! no longer ONLINE, it also clears the custom status.

mod comparing;
mod custom_status;
mod events;
mod expiry;
mod facts;
mod nodes;
mod restricting;

pub use expiry::Expired;
pub(crate) use expiry::{Deletion, split_lists};
pub use facts::{Admission, RefusedLogin, UserFacts};
pub use nodes::{Reassert, Reasserted, lacks_change};

use self::events::{event_device, wants_events};
use crate::custom::Custom;
use crate::device::{Connect, Device, Link, LinkEnd};
use crate::lists_mark::ListsMark;
use crate::missed::missed_since;
use crate::pending_events::PendingEvents;
use crate::signatures::Signatures;
use crate::subscriptions::{Subscribed, Subscriptions};
use crate::transition::{EndCause, Ended, Removed, Transition};
use crate::unsettled::UnsettledEnds;
use crate::visibility::Restrictions;
use lamplight_model::{
    AppSettings, ConnectionId, CustomStatus, DeviceId, EndMark, EndWhy, EventDevice, Moment, Now, Optional,
    Platform, PlatformSet, Reason, SessionEventKind, StatusAfter, StatusType, Timestamp, UserId, UserStatus,
    Version,
};
use smallvec::SmallVec;
use std::hash::{BuildHasher, Hash, Hasher};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// The live record of one user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Presence {
    /// The logins, in ascending order of their numbers. Most users have exactly one device.
    pub(crate) devices: SmallVec<[Device; 1]>,
    pub(crate) custom: Custom,
    pub(crate) version: Version,
    pub(crate) since: Timestamp,
    pub(crate) reason: Reason,
    pub(crate) last_seen: Optional<Timestamp>,
    pub(crate) subscriptions: Subscriptions,
    /// The time when the subscription list is dropped; `None` while the user is ONLINE or the list is empty.
    pub(crate) subscriptions_end: Optional<Moment>,
    /// `true` if the subscription list was dropped and the user has not subscribed to anybody since.
    pub(crate) subscriptions_lost: bool,
    /// The mark of `subscriptions` and `restrictions`. A change of one of them removes it.
    pub(crate) lists_mark: ListsMark,
    pub(crate) sigs: Signatures,
    /// The login number up to which all logins were ended by a kick or a deletion. These logins may not connect.
    pub(crate) ended_through: u64,
    /// The creation number up to which all accounts with this userID were deleted.
    pub(crate) deleted_through: u64,
    /// The creation number of the account, from the same sequence as login numbers.
    pub(crate) born: u64,
    /// The highest login number that the record has ever had, in a login or in the end of a login.
    pub(crate) newest_login: u64,
    /// The deadlines of a deleted account; `None` if the account exists.
    pub(crate) deleted: Option<Box<Deletion>>,
    /// The session events that are not in the outbox yet. `None` if there are none, which saves memory.
    pub(crate) events: Option<Box<PendingEvents>>,
    /// The ended logins that are not stored in the facts yet; `None` if there are none.
    pub(crate) unsettled: Option<Box<UnsettledEnds>>,
    /// The users who may not see the status; `None` if the user has never restricted it.
    pub(crate) restrictions: Option<Arc<Restrictions>>,
}

// Each user with a record has one.
const _: () = assert!(size_of::<Presence>() <= 288);

/// The outcome of [`Presence::connect`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Connected {
    /// The logins that ended because of this login, earliest first.
    pub kicked: Vec<Removed>,
    /// Whether the user's subscription list was dropped while the user was away. `false` once the user subscribes
    /// again.
    pub subscriptions_lost: bool,
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
            custom_status: self.custom.text().clone(),
            custom_expires: self.custom.expires(),
            version: self.version,
            since: self.since,
            reason: self.reason,
            // An ONLINE user has no last-seen time.
            last_seen: self.last_seen.get().filter(|_| status_type != StatusType::Online),
            online_devices: self.online_devices(),
        }
    }

    /// The platforms of the devices that count as connected. Empty while the record
    /// [waits for connections](Self::waits_for_connections), because it is not known then which devices are connected.
    pub fn online_devices(&self) -> PlatformSet {
        if self.waits_for_connections() { PlatformSet::default() } else { self.present_platforms().collect() }
    }

    /// The platform of each device that counts as connected. Two devices on one platform give two items.
    pub fn present_platforms(&self) -> impl Iterator<Item = Platform> {
        let present = self.devices.iter().filter(|device| !matches!(device.link, Link::Gone { .. }));
        present.map(|device| device.platform)
    }

    /// The custom status of the user.
    pub fn custom_status(&self) -> &CustomStatus {
        self.custom.text()
    }

    /// The time at which the server clears the custom status, as it is shown to others; `None` if it has no duration.
    pub fn custom_expires(&self) -> Option<Timestamp> {
        self.custom.expires()
    }

    /// The version of the last change of the visible status.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The logins, in ascending order of their numbers. This is the order in which they were made.
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// Whether this device is logged in.
    pub fn is_logged_in(&self, device: &DeviceId) -> bool {
        self.devices.iter().any(|login| login.id == *device)
    }

    /// The device whose current connection is `connection`; `None` if there is none.
    pub fn device_of(&self, connection: ConnectionId) -> Option<&Device> {
        self.index_of(connection).map(|index| &self.devices[index])
    }

    /// The current connections of all devices.
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

    /// Whether the account was deleted. Queries then find no account, and watchers see the user as UNLOGINED.
    pub fn is_deleted(&self) -> bool {
        self.deleted.is_some()
    }

    /// The session events that are not in the outbox yet; `None` if there are none.
    pub fn pending_events(&self) -> Option<&PendingEvents> {
        self.events.as_deref().filter(|events| !events.is_empty())
    }

    /// Whether the record has neither subscriptions nor restrictions.
    pub fn has_no_lists(&self) -> bool {
        self.subscriptions.is_empty() && self.restrictions.is_none()
    }

    /// The mark that [`Presence::mark_lists`] has set. `None` if the subscription list or the restrictions may have
    /// changed since.
    pub fn lists_mark(&self) -> Option<NonZeroU32> {
        self.lists_mark.get()
    }

    /// Sets the mark of the subscription list and of the restrictions. The next change of one of them removes it. A store
    /// can therefore know whether it has already written them. The mark is not a part of the state of the record.
    pub fn mark_lists(&mut self, mark: Option<NonZeroU32>) {
        self.lists_mark = ListsMark::new(mark);
    }

    // Transitions

    /// Connects a device: the user's first login, a further login, or the return of a logged-in device.
    /// [`Presence::admission`] must have admitted the device.
    ///
    /// The new connection supersedes an earlier one of the device. A new login kicks the earlier logins that compete
    /// with it. A returning device kicks no login that is later than its own.
    ///
    /// Watchers see at most one change, to ONLINE. They see no change when a device replaces its connection.
    pub fn connect(
        &mut self,
        connect: &Connect<'_>,
        settings: &AppSettings,
        now: Now,
    ) -> Transition<Connected> {
        self.change(Reason::Login, settings, now, |presence, ended| {
            let was_online = presence.status_type() == StatusType::Online;
            let kicked = presence.connect_device(connect, None, settings, ended, now);
            Connected { kicked, subscriptions_lost: presence.subscriptions_lost && !was_online }
        })
    }

    /// Records that a connection has ended. Returns whether it was the current connection of its device; if not,
    /// nothing changes. `heard` is the time of the last bytes from the connection.
    ///
    /// A closed link is held for the app's linger. A link that timed out is not held, because the heartbeat timeout has
    /// already passed.
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

    /// Logs out the device of this connection. Returns the login that ended; `None` if the connection was not current.
    pub fn logout(
        &mut self,
        connection: ConnectionId,
        settings: &AppSettings,
        now: Now,
    ) -> Transition<Option<Removed>> {
        self.end_login(connection, Reason::Logout, settings, now)
    }

    /// Logs out the device of this connection, because the device's UserSig has expired.
    pub fn expire_sig(
        &mut self,
        connection: ConnectionId,
        settings: &AppSettings,
        now: Now,
    ) -> Transition<Option<Removed>> {
        self.end_login(connection, Reason::SigExpired, settings, now)
    }

    /// Subscribes to users. If the list exceeds the app's limit, the earliest subscriptions are evicted. If the user is
    /// not ONLINE, the list is dropped after the retention.
    pub fn subscribe(
        &mut self,
        users: &[UserId],
        settings: &AppSettings,
        now: Moment,
    ) -> Transition<Subscribed> {
        let limit = usize::from(settings.limits.subscriptions);
        let done = self.subscriptions_mut().subscribe(users, limit);
        self.subscriptions_lost = false;
        if self.status_type() != StatusType::Online && !self.subscriptions.is_empty() {
            self.subscriptions_end = Some(now + settings.timing.subscription_retention()).into();
        }
        let mut transition = Transition::quiet(done.clone());
        transition.changed = true;
        transition.subscribed = done.added;
        transition.unsubscribed = done.evicted;
        transition
    }

    /// Removes users from the subscription list, or all users if `users` is `None`. Returns the removed users.
    pub fn unsubscribe(&mut self, users: Option<&[UserId]>) -> Transition<Vec<UserId>> {
        let removed = match users {
            Some(users) => self.subscriptions_mut().unsubscribe(users),
            None => self.subscriptions_mut().clear(),
        };
        if self.subscriptions.is_empty() {
            self.subscriptions_end = Optional::NONE;
        }
        let mut transition = Transition::quiet(removed.clone());
        transition.changed = !removed.is_empty();
        transition.unsubscribed = removed;
        transition
    }

    /// Records that the session events with ordinals up to `up_to` are in the outbox, and that `dropped` lost events
    /// were reported.
    pub fn events_recorded(&mut self, up_to: u64, dropped: u32) -> Transition<()> {
        // The change is written to the journal, so that old events are not delivered again after a restart.
        let changed = self.pending_events().is_some();
        if let Some(events) = &mut self.events {
            events.recorded(up_to, dropped);
        }
        Transition { changed, ..Transition::quiet(()) }
    }

    // Helpers of the transitions

    /// The subscription list, to be changed.
    fn subscriptions_mut(&mut self) -> &mut Subscriptions {
        self.lists_mark = ListsMark::NONE;
        &mut self.subscriptions
    }

    /// Replaces the restrictions.
    fn replace_restrictions(&mut self, restrictions: Restrictions) {
        self.lists_mark = ListsMark::NONE;
        self.restrictions = Some(Arc::new(restrictions));
    }

    /// Runs `act`, and determines whether the record and its visible status have changed.
    ///
    /// A visible change gets a new version and the reason. A new status type also gets a new `since`. If the user is no
    /// longer ONLINE, the custom status is cleared.
    fn change<T>(
        &mut self,
        reason: Reason,
        settings: &AppSettings,
        now: Now,
        act: impl FnOnce(&mut Self, &mut Vec<Ended>) -> T,
    ) -> Transition<T> {
        let (was, custom_was) = (self.status_type(), self.custom.clone());
        let last_event = |presence: &Self| presence.events.as_ref().map(|events| events.last_ordinal());
        let event_was = last_event(self);
        let print_was = self.fingerprint();
        let mut ended = Vec::new();
        let outcome = act(self, &mut ended);

        let is = self.status_type();
        let mut cleared_custom = false;
        if was == StatusType::Online && is != StatusType::Online {
            cleared_custom = !self.custom.text().is_empty();
            self.custom = Custom::NONE;
            if !self.subscriptions.is_empty() {
                self.subscriptions_end = Some(now.moment + settings.timing.subscription_retention()).into();
            }
        }
        if is == StatusType::Online {
            self.subscriptions_end = Optional::NONE;
        }
        let visible = was != is || !custom_was.looks_like(&self.custom);
        if visible {
            self.version = self.newest_version().next(now.wall);
            self.reason = reason;
        }
        if was != is {
            self.since = now.wall;
        }
        let version = self.version;
        if let Some(events) = &mut self.events {
            let visibility = self.restrictions.as_ref().map(|it| it.visibility()).unwrap_or_default();
            let after = StatusAfter { status_type: is, version, told_always: cleared_custom, visibility };
            events.conclude(event_was.unwrap_or(0), after);
        }
        let missed = missed_since(was, is, self.last_seen.get(), settings);
        if let Some(since) = missed {
            self.events.get_or_insert_default().note_missed(since);
        }
        let has_events = event_was != last_event(self) || missed.is_some();
        let changed = has_events || print_was != self.fingerprint();
        Transition { changed, visible, has_events, ended, ..Transition::quiet(outcome) }
    }

    /// A hash of the stored fields that [`Presence::change`] may change. It detects changes without allocating. Two
    /// records collide with a probability of 2^-64.
    fn fingerprint(&self) -> u64 {
        let Self {
            devices,
            custom,
            subscriptions_end,
            subscriptions_lost,
            last_seen,
            sigs,
            ended_through,
            deleted_through,
            born,
            newest_login,
            deleted,
            unsettled,
            // The version, the time and the reason change only together with another field.
            version: _,
            since: _,
            reason: _,
            // These change outside of `change`, in transitions that report the change themselves.
            subscriptions: _,
            restrictions: _,
            // Not a part of the state.
            lists_mark: _,
            // These are compared by the ordinal of the last event.
            events: _,
        } = self;
        let mut hasher = foldhash::quality::FixedState::default().build_hasher();
        devices.hash(&mut hasher);
        custom.hash(&mut hasher);
        (subscriptions_end, subscriptions_lost, last_seen, deleted).hash(&mut hasher);
        (sigs, ended_through, deleted_through, born, newest_login, unsettled).hash(&mut hasher);
        hasher.finish()
    }

    /// Gives the device the new link. Ends and returns the earlier logins that compete with it.
    fn connect_device(
        &mut self,
        connect: &Connect<'_>,
        told: Option<EventDevice>,
        settings: &AppSettings,
        ended: &mut Vec<Ended>,
        now: Now,
    ) -> Vec<Removed> {
        self.account_exists();
        self.lift_ended_restrictions();
        self.sigs.note(connect.issued, now.wall);
        self.born = self.born.max(connect.born);
        self.newest_login = self.newest_login.max(connect.login);
        let leaving: Vec<DeviceId> = self
            .in_the_way(connect.device, connect.platform, settings.multi_device)
            .iter()
            .filter(|rival| rival.login < connect.login)
            .map(|rival| rival.device.clone())
            .collect();
        let cause = EndCause::KickedByLogin { by: connect.platform };
        let kicked = self.remove(|device| leaving.contains(&device.id), Some(cause), ended, now);
        for loser in &kicked {
            let why = EndWhy::KickedBy(connect.platform);
            // The facts may have a later login of the same device, which never entered the record because the node of
            // that login has ended. The connecting login kicks every earlier login, so it has kicked this one too.
            let all_before = Removed { login: loser.login.max(connect.login - 1), ..loser.clone() };
            self.unsettle(&all_before, Some(EndMark { why, told: loser.connected, at: now.wall }), now);
        }

        let before = self.devices.iter().find(|device| device.id == *connect.device);
        let connected_before = before.filter(|device| device.link.is_present()).map(event_device).or(told);

        let link = Link::Connected(connect.connection);
        let address = connect.address.filter(|_| wants_events(settings));
        match self.devices.iter_mut().find(|device| device.id == *connect.device) {
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
                self.devices.reserve_exact(1);
                self.devices.push(Device { id, platform, login, issued, link, address });
            }
        }
        self.devices.sort_by_key(|device| device.login);
        let (id, platform) = (connect.device.clone(), connect.platform);
        let device = EventDevice { id, platform, address };
        self.note_login(device, connected_before, &kicked, settings, now);
        kicked
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

    /// Ends the link of a device at once, without a linger. A Web device is logged out; a native device stays logged in.
    /// After a linger, [`Self::expire`] does the same.
    fn let_go(&mut self, index: usize, end: LinkEnd, settings: &AppSettings, now: Now) {
        let device = event_device(&self.devices[index]);
        self.note(end.event(), Some(device), settings, now);
        if self.devices[index].platform.is_web() {
            self.devices.remove(index);
        } else {
            self.devices[index].link = Link::Gone { lapses: now.moment + settings.timing.login_retention() };
        }
    }

    /// Sets the last-seen time to `heard`, the time of the last bytes of an ended connection. The last-seen time never
    /// decreases, and is never earlier than the last change of the status type.
    fn note_seen(&mut self, heard: Timestamp) {
        self.last_seen = self.last_seen.get().max(Some(heard.max(self.since))).into();
    }

    /// Removes the devices that `doomed` selects. If there is a `cause`, adds their connections to `ended`.
    fn remove(
        &mut self,
        doomed: impl Fn(&Device) -> bool,
        cause: Option<EndCause>,
        ended: &mut Vec<Ended>,
        now: Now,
    ) -> Vec<Removed> {
        if !self.devices.iter().any(&doomed) {
            return Vec::new();
        }
        let (gone, others): (Vec<Device>, Vec<Device>) = self.devices.drain(..).partition(doomed);
        self.devices = others.into_iter().collect();
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
