//! Compares a live record with the facts, without changing it. After a restart, almost all records agree with them.

use super::facts::is_end_of;
use super::{Presence, UserFacts};
use crate::device::Device;
use lamplight_model::{DeviceId, Platform, StatusType};

impl Presence {
    /// Whether [`Presence::adopt_facts`] with these facts would change the record.
    pub fn differs_from(&self, facts: &UserFacts) -> bool {
        let UserFacts { logins, revoked, ended_through, born } = facts;
        self.is_deleted()
            || *ended_through > self.ended_through
            || *born > self.born
            || revoked.as_ref().is_some_and(|revoked| self.sigs.lacks(revoked))
            || self.has_logins_unlike(logins)
            || self.lacks_login_of(logins)
            || self.needs_correction()
    }

    /// Whether a login of the record has ended, is missing in the facts, or has another number or platform in the
    /// facts. Web logins are never missing, because the facts do not list them.
    fn has_logins_unlike(&self, logins: &[(DeviceId, Platform, u64)]) -> bool {
        let is_unlike = |device: &Device| match logins.iter().find(|(id, ..)| *id == device.id) {
            Some((_, platform, login)) => (device.platform, device.login) != (*platform, *login),
            None => !device.platform.is_web(),
        };
        self.devices.iter().any(|device| device.login <= self.ended_through || is_unlike(device))
    }

    /// Whether the record lacks a login of the facts, other than one whose end is not stored in the facts yet.
    fn lacks_login_of(&self, logins: &[(DeviceId, Platform, u64)]) -> bool {
        let has_ended = |id: &DeviceId, login| self.unsettled_ends().any(|end| is_end_of(end, id, login));
        let is_there = |id: &DeviceId| self.devices.iter().any(|device| device.id == *id);
        logins.iter().any(|(id, _, login)| !is_there(id) && !has_ended(id, *login))
    }

    /// Whether the record has something that every transition of a user with logins corrects. No transition leaves such
    /// a record, but an earlier version may have stored one.
    fn needs_correction(&self) -> bool {
        let Some(newest) = self.devices.iter().map(|device| device.login).max() else { return false };
        newest > self.newest_login
            || !self.devices.is_sorted_by_key(|device| device.login)
            || self.restrictions.as_deref().is_some_and(|restrictions| restrictions.have_ended())
            || self.subscriptions_end.get().is_some() && self.status_type() == StatusType::Online
    }
}
