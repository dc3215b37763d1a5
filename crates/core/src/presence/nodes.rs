//! The connections of lost nodes, and connections that are put back into a record.

use super::Presence;
use crate::custom::{Custom, CustomEnd};
use crate::device::{Connect, Link, LinkEnd};
use crate::presence::Admission;
use crate::transition::{EndCause, Ended, Transition};
use crate::visibility::Restrictions;
use lamplight_model::{
    AppSettings, ConnectionId, EventDevice, Moment, NodeId, Now, Reason, StatusType, Timestamp, UserId,
    UserStatus, Version,
};

/// An open connection that its node puts back into the record, with the node's data about the user.
#[derive(Clone, Debug)]
pub struct Reassert<'a> {
    /// The device, its login and its connection.
    pub connect: Connect<'a>,
    /// The newest status of the user that the node has sent to any client; `None` if it has sent none.
    pub told: Option<&'a UserStatus>,
    /// The subscription list that the node has, earliest first.
    pub subscriptions: &'a [UserId],
    /// Whether the directory has lost a record that contained the connection. If so, the app has received the login of
    /// the device, but no disconnect.
    pub is_lost: bool,
}

/// The outcome of [`Presence::reassert`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reasserted {
    /// The record already contains the connection.
    Current,
    /// The connection was put back into the record.
    PutBack,
    /// The client has to log in again: its login has ended, or its device has another connection.
    Refused,
}

impl Presence {
    /// Ends the connections of a lost node in this record, and returns their number. The connections count as connected
    /// until the time `until`. If that time has passed, they end at once. `heard` is the last time at which the node is
    /// known to have run.
    ///
    /// The change log reports each connection that ends at once, because the node may still be running.
    pub fn lose_node(
        &mut self,
        node: NodeId,
        until: Moment,
        heard: Timestamp,
        settings: &AppSettings,
        now: Now,
    ) -> Transition<usize> {
        self.change(Reason::NodeLost, settings, now, |presence, ended| {
            let is_lost = |connection: &ConnectionId| connection.node == node;
            let connections: Vec<ConnectionId> = presence.connections().filter(is_lost).collect();
            let lost = presence.hold_links(|connection| is_lost(&connection), until, heard);
            if until > now.moment {
                return lost;
            }
            let told =
                connections.into_iter().map(|connection| Ended { connection, cause: EndCause::NodeLost });
            ended.extend(told);
            let is_over = Link::Held { until, end: LinkEnd::NodeLost };
            while let Some(index) = presence.devices.iter().position(|device| device.link == is_over) {
                presence.let_go(index, LinkEnd::NodeLost, settings, now);
            }
            lost
        })
    }

    /// Makes the connections for which `is_lost` returns `true` count as connected until `until`, and returns their
    /// number. `heard` is the last time at which their node is known to have run.
    pub(crate) fn hold_links(
        &mut self,
        is_lost: impl Fn(ConnectionId) -> bool,
        until: Moment,
        heard: Timestamp,
    ) -> usize {
        let mut lost = 0;
        for device in &mut self.devices {
            if let Link::Connected(connection) = device.link
                && is_lost(connection)
            {
                device.link = Link::Held { until, end: LinkEnd::NodeLost };
                lost += 1;
            }
        }
        if lost > 0 {
            self.note_seen(heard);
        }
        lost
    }

    /// Makes the logins of a record count as connected until `until`, if `was_lost` returns `true` for their numbers.
    /// The record was created from the facts, after the directory had lost the earlier record at the time `lost`. A
    /// login that was recorded after the loss was not in the earlier record, and has not been reported to the app.
    #[must_use]
    pub fn held_until(mut self, until: Moment, lost: Timestamp, was_lost: impl Fn(u64) -> bool) -> Self {
        let mut is_any_held = false;
        for device in self.devices.iter_mut().filter(|device| was_lost(device.login)) {
            device.link = Link::Held { until, end: LinkEnd::NodeLost };
            is_any_held = true;
        }
        if is_any_held {
            self.note_seen(lost);
        }
        self
    }

    /// Whether the record was created from the facts, has not changed visibly since, and has no connection.
    pub fn is_as_rebuilt(&self) -> bool {
        self.reason == Reason::None && self.connections().next().is_none()
    }

    /// Whether connections that the user had before a loss of records may still be put back into this record. After a
    /// kick, they are refused. A kick changes nothing in a record without logins, except the statuses that are shown to
    /// viewers from whom the user hides.
    pub fn may_lack_connections(&self) -> bool {
        self.is_as_rebuilt() && !self.restrictions.as_deref().is_some_and(Restrictions::show_kick)
    }

    /// Puts an open connection back into the record, because the directory has lost the record, or other nodes have
    /// counted the connection's node as lost. If the record has the connection, but [lacks a change](lacks_change) that
    /// clients were told, restores the status with this change.
    ///
    /// If the visible status has not changed since the record was created from the facts, the custom status and the
    /// ONLINE time are restored too. A subscription list that was lost with the record is restored. The version becomes
    /// higher than that of [`Reassert::told`].
    ///
    /// If the record was created from the facts, the first connection that is put back always makes a visible change,
    /// with a new version. Other nodes may have read the record without the connection, so the log must report the
    /// restored status.
    ///
    /// Produces no session events, unless the login kicks other devices. If the record has noted the end of the
    /// connection, produces a login event of the device.
    pub fn reassert(
        &mut self,
        open: &Reassert<'_>,
        settings: &AppSettings,
        now: Now,
    ) -> Transition<Reasserted> {
        let Connect { device, platform, login, connection, .. } = open.connect;
        if self.device_of(connection).is_some() {
            return match open.told.filter(|told| lacks_change(self.version, told)) {
                Some(told) => self.restore(told, settings, now),
                None => Transition::quiet(Reasserted::Current),
            };
        }
        let (recorded, has_noted_end) = match self.devices.iter().find(|it| it.id == *device) {
            Some(it) if matches!(it.link, Link::Connected(_)) => {
                return Transition::quiet(Reasserted::Refused);
            }
            // A record that is rebuilt after the grace has this login as disconnected, and has noted no event.
            Some(_) => (None, self.events.as_ref().is_some_and(|events| events.last_ordinal() > 0)),
            // The facts have no Web logins, so a record that was rebuilt lacks them.
            None if platform.is_web() => (Some((login, None)), false),
            None => return Transition::quiet(Reasserted::Refused),
        };
        // The app counts the device as connected although this record does not.
        let told_connected = (open.is_lost && !has_noted_end).then(|| {
            let (id, address) = (device.clone(), None);
            EventDevice { id, platform, address }
        });
        // The UserSig may have been revoked by a kick that overlapped the login and did not end it.
        let admission = self.admission_of_login(device, platform, recorded, settings.multi_device);
        if admission != Admission::Admitted(login) {
            return Transition::quiet(Reasserted::Refused);
        }
        let told = open.told.filter(|_| self.reason == Reason::None);
        let since = told.filter(|told| told.status_type == StatusType::Online).map(|told| told.since);
        // The version rises before the change, whose events contain it.
        let version_was = self.version;
        let lost_custom = told.filter(|_| self.custom.text().is_empty()).map(|told| custom_of(told, now));
        if let Some(told) = open.told
            && self.version < told.version
        {
            self.version = Version(told.version.0 + 1);
        }
        if self.is_as_rebuilt() || since.is_some_and(|since| since != self.since) {
            self.version = self.newest_version().next(now.wall);
        }
        let is_raised = self.version != version_was;
        let is_over = lost_custom.as_ref().is_some_and(|custom| custom.is_over(now.moment));
        let reason = if is_over { Reason::CustomExpired } else { Reason::Login };
        if is_over && let Some(custom) = lost_custom.clone() {
            // Before the change, which clears it: watchers were told the text.
            self.custom = custom;
        }
        let mut transition = self.change(reason, settings, now, |presence, ended| {
            presence.connect_device(&open.connect, told_connected, settings, ended, now);
            match lost_custom {
                Some(_) if is_over => _ = presence.clear_if_over(settings, now),
                Some(custom) => presence.custom = custom,
                None => {}
            }
            Reasserted::PutBack
        });
        self.since = since.unwrap_or(self.since);
        transition.visible |= is_raised;
        if self.subscriptions_lost && self.subscriptions.is_empty() && !open.subscriptions.is_empty() {
            let limit = usize::from(settings.limits.subscriptions);
            transition.subscribed = self.subscriptions_mut().subscribe(open.subscriptions, limit).added;
            self.subscriptions_lost = false;
        }
        transition
    }

    /// Restores a status that clients were told and that this record lacks. Clients that have the status are not told
    /// again.
    fn restore(&mut self, told: &UserStatus, settings: &AppSettings, now: Now) -> Transition<Reasserted> {
        let custom = custom_of(told, now);
        if custom.is_over(now.moment) {
            self.custom = custom;
            (self.version, self.since) = (told.version, told.since);
            return self.end_custom_status(settings, now).map(|()| Reasserted::Current);
        }
        let transition = self.change(told.reason, settings, now, |presence, _| {
            presence.custom = custom;
            Reasserted::Current
        });
        (self.version, self.since, self.reason) = (told.version, told.since, told.reason);
        Transition { changed: true, ..transition }
    }
}

/// The custom status that clients were told.
fn custom_of(told: &UserStatus, now: Now) -> Custom {
    Custom::new(told.custom_status.clone(), told.custom_expires.map(|at| CustomEnd::at(at, now)))
}

/// Whether a record of this version lacks a change that clients were told, although the user is still ONLINE. This
/// happens if a replica of the directory has taken over without the last writes.
pub fn lacks_change(recorded: Version, told: &UserStatus) -> bool {
    told.status_type == StatusType::Online && told.version > recorded
}
