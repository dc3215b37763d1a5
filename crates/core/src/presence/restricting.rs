//! The restrictions of a record: the users who may not see the status. The rules are in `visibility.rs`.

use super::Presence;
use crate::device::Link;
use crate::transition::Transition;
use crate::visibility::{Restrictions, ShownStatus};
use lamplight_model::{
    AppSettings, AwayLogins, Moment, Now, Reason, StatusType, StoredRestrictions, Version, Visibility,
};
use std::sync::Arc;
use std::time::Duration;

impl Presence {
    /// The users who may not see the status; `None` if the user has never restricted it.
    pub fn restrictions(&self) -> Option<&Arc<Restrictions>> {
        self.restrictions.as_ref()
    }

    /// Whether the record has the restrictions in `stored`, which were read from the facts. Always `true` for a deleted
    /// account, which needs no restrictions.
    pub fn is_restricted_as(&self, stored: &StoredRestrictions) -> bool {
        let is_open = || stored.visibility == Visibility::Everyone && stored.blocked.is_empty();
        self.is_deleted() || self.restrictions.as_ref().map_or_else(is_open, |it| it.are_as(stored))
    }

    /// The data that the facts must keep about this user as long as the status is hidden from viewers, with the version
    /// of the restrictions; `None` if the user has never restricted the status.
    pub fn away_logins(&self) -> Option<(u64, AwayLogins)> {
        let restrictions = self.restrictions.as_ref()?;
        Some((restrictions.version(), restrictions.away_logins(self.ended_through)))
    }

    /// Adopts restrictions from the facts. Does nothing and returns `false` if the restrictions of the record are from
    /// an equally new or newer snapshot.
    ///
    /// If a viewer may see the status again, and was told a version that is not older than the record's, the record
    /// gets a new version. Other watchers see no change.
    ///
    /// A record that was lost and created again lacks data that its open connections have. It is not reported to the
    /// watchers until a connection is put back, or the wait for connections ends.
    pub fn restrict(
        &mut self,
        stored: &StoredRestrictions,
        settings: &AppSettings,
        now: Now,
    ) -> Transition<bool> {
        let before = self.restrictions.as_deref();
        let closed = self.if_closed(settings, now);
        let Some(after) = Restrictions::changed(before, stored, closed) else {
            return Transition::quiet(false);
        };
        let reveals = before.is_some_and(|before| before.hides_more_than(&after));
        self.set_restrictions(after, reveals, now);
        Transition { changed: true, restricted: !self.waits_for_connections(), ..Transition::quiet(true) }
    }

    /// Whether the user is ONLINE only because the record was lost. The user may have connections that are not put back
    /// yet.
    pub fn waits_for_connections(&self) -> bool {
        self.is_as_rebuilt() && self.status_type() == StatusType::Online
    }

    /// Adopts restrictions from the facts in a record that was just created from the facts and is not stored yet.
    ///
    /// `away` are the records that would be created for a user who was away: one for a user whose login the facts had,
    /// and one for a user without a login. Viewers who may not see the status are shown what these records show; see
    /// [`Restrictions::rebuilt`].
    #[must_use]
    pub fn restricted(mut self, stored: &StoredRestrictions, has_login: bool, away: [&Presence; 2]) -> Self {
        let [with_login, without_login] = away.map(Presence::as_shown);
        let rebuilt = Restrictions::rebuilt(stored, has_login, self.ended_through, with_login, without_login);
        self.replace_restrictions(rebuilt);
        self
    }

    /// Shows a deletion of the account or a kick, the `reason`, to viewers who may not see the status. Returns whether
    /// anything is different for them.
    pub(super) fn show_end(&mut self, reason: Reason, now: Now) -> bool {
        let Some(before) = self.restrictions.as_deref() else { return false };
        let after = before.ended_for(reason, now);
        let differs = after != *before;
        if differs {
            self.replace_restrictions(after);
        }
        differs
    }

    /// Records that the account exists, which ends all restrictions of a deleted account. Until the next change, each
    /// viewer is shown what the viewer was shown of the deleted account. Returns whether there were restrictions.
    pub(super) fn account_exists(&mut self) -> bool {
        if self.deleted.take().is_none() {
            return false;
        }
        let Some(before) = self.restrictions.as_deref().filter(|before| !before.is_open()) else {
            return false;
        };
        let ended = before.ended();
        self.replace_restrictions(ended);
        true
    }

    /// Shows the user to everybody, if an account that was deleted and exists again is about to change.
    pub(super) fn lift_ended_restrictions(&mut self) {
        if let Some(ended) = self.restrictions.as_deref().filter(|restrictions| restrictions.have_ended()) {
            let (lifted, shown) = (ended.lifted(), ended.newest_shown());
            self.forget_what_was_hidden(shown);
            self.version = self.newest_version();
            self.replace_restrictions(lifted);
        }
    }

    /// Replaces what the record has of a deleted account by what viewers were shown who could not see its status.
    fn forget_what_was_hidden(&mut self, shown: Option<ShownStatus>) {
        if let Some(shown) = shown {
            (self.since, self.reason) = (shown.since, shown.reason);
            self.last_seen = shown.last_seen.into();
        }
    }

    fn set_restrictions(&mut self, after: Restrictions, reveals: bool, now: Now) {
        let newest = self.restrictions.as_ref().and_then(|before| before.newest_shown());
        if reveals && self.restrictions.as_ref().is_some_and(|before| before.have_ended()) {
            self.forget_what_was_hidden(newest);
            self.version = self.newest_version().next(now.wall);
        }
        // Of the statuses that lapsed together, each has the same version.
        let closed = self.as_closed();
        let differs = |shown: ShownStatus| {
            shown.version >= self.version && closed.is_none_or(|closed| !closed.looks_like(shown))
        };
        if let Some(newest) = newest.filter(|newest| reveals && self.version <= newest.version)
            && self.restrictions.as_ref().is_some_and(|before| before.all_shown().any(differs))
        {
            self.version = newest.version.next(now.wall);
        }
        self.replace_restrictions(after);
    }

    /// The status of a user who is not ONLINE; `None` if the user is ONLINE. Such a status has no custom status and no
    /// platforms.
    fn as_closed(&self) -> Option<ShownStatus> {
        (self.status_type() != StatusType::Online).then(|| self.as_shown())
    }

    /// The status of a user without a connection.
    fn as_shown(&self) -> ShownStatus {
        let Self { version, since, reason, last_seen, .. } = *self;
        let until = self.held().or_else(|| self.gone());
        ShownStatus {
            status_type: self.status_type(),
            version,
            since,
            reason,
            last_seen: last_seen.get(),
            until,
        }
    }

    /// The last deadline of the logins that count as connected without a connection.
    fn held(&self) -> Option<Moment> {
        let held = self.devices.iter().filter_map(|device| match device.link {
            Link::Held { until, .. } => Some(until),
            Link::Connected(_) | Link::Gone { .. } => None,
        });
        held.max()
    }

    /// The last deadline of the logins without a connection.
    fn gone(&self) -> Option<Moment> {
        let gone = self.devices.iter().filter_map(|device| match device.link {
            Link::Gone { lapses } => Some(lapses),
            Link::Connected(_) | Link::Held { .. } => None,
        });
        gone.max()
    }

    /// Changes the shown statuses whose deadline has passed. Returns whether there were any.
    pub(super) fn expire_shown(&mut self, settings: &AppSettings, now: Now) -> bool {
        let expired = self.restrictions.as_ref().and_then(|restrictions| restrictions.expired(settings, now));
        let has_expired = expired.is_some();
        if let Some(expired) = expired {
            self.replace_restrictions(expired);
        }
        has_expired
    }

    /// The highest version of the status that any viewer was told.
    pub(super) fn newest_version(&self) -> Version {
        let shown = self.restrictions.as_ref().and_then(|restrictions| restrictions.newest_shown());
        shown.map_or(self.version, |shown| self.version.max(shown.version))
    }

    /// The status that others would see if all connections of the user closed now.
    ///
    /// With a linger, a user becomes OFFLINE only when the linger has passed after the end of the last connection. The
    /// connections therefore count as if they had closed one linger ago.
    fn if_closed(&self, settings: &AppSettings, now: Now) -> ShownStatus {
        if let Some(closed) = self.as_closed() {
            return closed;
        }
        let present = self.devices.iter().filter(|device| !matches!(device.link, Link::Gone { .. }));
        let native = present.clone().filter(|device| !device.platform.is_web());
        let until = native.map(|_| now.moment + settings.timing.login_retention()).chain(self.gone()).max();
        let lingers = present.map(|device| settings.timing.linger(device.platform.is_web()));
        let linger = lingers.max().unwrap_or(Duration::ZERO);
        let seen = now.wall.before(linger).max(self.since);
        ShownStatus {
            // The end of a connection of a Web device ends its login.
            status_type: if until.is_some() { StatusType::Offline } else { StatusType::Unlogined },
            version: self.newest_version().next(now.wall),
            since: now.wall,
            reason: Reason::LinkClosed,
            last_seen: self.last_seen.get().filter(|_| linger.is_zero()).max(Some(seen)),
            until,
        }
    }
}
