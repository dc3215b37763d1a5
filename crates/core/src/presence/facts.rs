//! Keeps a live record consistent with the facts. Decides which logins may connect, adopts ends of logins from the
//! facts, and keeps the record's own ends until the facts have stored them.

use super::{Deletion, Presence};
use crate::custom::Custom;
use crate::device::{Device, Link};
use crate::lists_mark::ListsMark;
use crate::multi_device::{Contender, victims};
use crate::signatures::Signatures;
use crate::subscriptions::Subscriptions;
use crate::transition::{EndCause, Ended, Removed, Transition};
use crate::unsettled::UnsettledEnds;
use lamplight_model::{
    AppSettings, ConnectionId, DeviceId, EndMark, EndWhy, EndedLogin, Moment, MultiDevicePolicy, Now,
    Optional, Platform, Reason, Revoked, Timestamp, Version,
};
use smallvec::SmallVec;

/// The facts of a user with which the live record must be consistent.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UserFacts {
    /// The stored logins (device, platform, number), in ascending order of their numbers.
    pub logins: Vec<(DeviceId, Platform, u64)>,
    /// The UserSigs that were revoked; `None` if there was no revocation.
    pub revoked: Option<Revoked>,
    /// The login number up to which all logins were ended by a kick or a deletion.
    pub ended_through: u64,
    /// The creation number of the account.
    pub born: u64,
}

/// A login that was recorded and then refused; see [`Presence::take_back`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefusedLogin {
    /// The device.
    pub device: DeviceId,
    /// The platform of the device.
    pub platform: Platform,
    /// The number under which the facts have recorded the login.
    pub login: u64,
    /// The connection under which the login may have entered the record; `None` if the login has not entered the
    /// record. No other login may use this connection before the refused login is taken back.
    pub connection: Option<ConnectionId>,
    /// The cause in the end mark of the device; `None` if the device gets no mark.
    pub why: Option<EndWhy>,
}

/// The decision whether a login may connect; see [`Presence::admission`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admission {
    /// The device may connect, under this login number.
    Admitted(u64),
    /// The record has no login of the device on this platform. The caller must first record one in the facts.
    Unknown,
    /// The UserSig of the login was revoked.
    Revoked,
    /// The login has ended after it was recorded: by a kick, a deletion, or a logout.
    Ended,
    /// The device already has a later login.
    Overtaken,
    /// A later login on this platform competes with this login and has ended it.
    Beaten(Platform),
    /// The login may have ended, because the record has had a later login. The value is the number of that login. The
    /// caller must read the facts again. These facts are valid until the record gets a login with a higher number.
    MayHaveEnded(u64),
}

impl Presence {
    /// Creates the record of a user from the facts. Its logins have no connections. `version` must be above every
    /// version that may have been sent for the user. `may_have_had_list` is `true` if an earlier record may have had a
    /// subscription list that was lost.
    pub fn from_facts(
        facts: UserFacts,
        version: Version,
        since: Timestamp,
        may_have_had_list: bool,
        settings: &AppSettings,
        now: Moment,
    ) -> Self {
        let lapses = now + settings.timing.login_retention();
        let UserFacts { logins, revoked, ended_through, born } = facts;
        let mut devices: SmallVec<[Device; 1]> = logins
            .into_iter()
            .map(|(id, platform, login)| gone_device(id, platform, login, lapses))
            .collect();
        devices.sort_by_key(|device| device.login);
        let newest_login = devices.last().map_or(0, |device| device.login);
        Self {
            devices,
            custom: Custom::NONE,
            version,
            since,
            reason: Reason::None,
            last_seen: Optional::NONE,
            subscriptions: Subscriptions::default(),
            subscriptions_end: Optional::NONE,
            subscriptions_lost: may_have_had_list,
            lists_mark: ListsMark::NONE,
            sigs: Signatures::of_facts(revoked),
            ended_through,
            deleted_through: 0,
            born,
            newest_login,
            deleted: None,
            events: None,
            unsettled: None,
            restrictions: None,
        }
    }

    /// Creates a record for a deleted account, because the account has no live record. Logins up to the number
    /// `through` have ended.
    pub fn of_deleted(
        through: u64,
        revoked: &Revoked,
        version: Version,
        settings: &AppSettings,
        now: Now,
    ) -> Self {
        let facts =
            UserFacts { revoked: Some(revoked.clone()), ended_through: through, ..UserFacts::default() };
        let mut presence = Self::from_facts(facts, version, now.wall, false, settings, now.moment);
        presence.deleted = Some(Box::new(Deletion::at(now.moment, settings)));
        presence.deleted_through = through;
        presence
    }

    /// Decides whether a device may connect with a UserSig with the issue time `issued`, in seconds.
    ///
    /// `recorded` is `None` if the device returns to its existing login. For a new login, the first part of `recorded`
    /// is the number under which the facts have recorded the login.
    ///
    /// The second part of `recorded` is `None` in the first call. If the first call returns
    /// [`Admission::MayHaveEnded`], the caller reads the facts again. If the facts still have the login, the caller
    /// repeats the call with the number in `MayHaveEnded` as the second part.
    pub fn admission(
        &self,
        device: &DeviceId,
        platform: Platform,
        issued: u64,
        recorded: Option<(u64, Option<u64>)>,
        policy: MultiDevicePolicy,
    ) -> Admission {
        if self.sigs.has_revoked(issued) {
            return Admission::Revoked;
        }
        self.admission_of_login(device, platform, recorded, policy)
    }

    /// Decides as [`Presence::admission`] does, for a login whose UserSig was already accepted.
    pub(super) fn admission_of_login(
        &self,
        device: &DeviceId,
        platform: Platform,
        recorded: Option<(u64, Option<u64>)>,
        policy: MultiDevicePolicy,
    ) -> Admission {
        let present = self.devices.iter().find(|login| login.id == *device);
        match (recorded, present) {
            (None, Some(login)) if login.platform == platform => {
                match self.beaten_by(device, platform, login.login, policy, true) {
                    Some(by) => Admission::Beaten(by),
                    None => Admission::Admitted(login.login),
                }
            }
            (None, _) => Admission::Unknown,
            (Some((number, _)), _) if number <= self.ended_through => Admission::Ended,
            (Some((number, _)), Some(login)) if login.login > number => Admission::Overtaken,
            (Some((number, there_at)), _) => {
                let has_ended = || self.unsettled_ends().any(|end| is_end_of(end, device, number));
                let may_have_ended = present.is_none()
                    && number <= self.newest_login
                    && !platform.is_web()
                    && there_at != Some(self.newest_login);
                match self.beaten_by(device, platform, number, policy, false) {
                    // Before the ends, because the later login has ended this one with the device's earlier login.
                    Some(by) => Admission::Beaten(by),
                    None if has_ended() => Admission::Ended,
                    None if may_have_ended => Admission::MayHaveEnded(self.newest_login),
                    None => Admission::Admitted(number),
                }
            }
        }
    }

    /// The platform of the latest competing login, if that login is later than the login `number`; otherwise `None`. If
    /// `present` is `true`, only devices that count as connected are considered.
    fn beaten_by(
        &self,
        device: &DeviceId,
        platform: Platform,
        number: u64,
        policy: MultiDevicePolicy,
        present: bool,
    ) -> Option<Platform> {
        let counts = |rival: &&Contender<'_>| {
            let is_gone = |it: &&Device| it.id == *rival.device && matches!(it.link, Link::Gone { .. });
            !present || self.devices.iter().find(is_gone).is_none()
        };
        let rivals = self.in_the_way(device, platform, policy);
        let newest = rivals.iter().filter(counts).max_by_key(|rival| rival.login)?;
        (newest.login > number).then_some(newest.platform)
    }

    /// The logins that a new login of this device would end, earliest first.
    pub(super) fn in_the_way(
        &self,
        device: &DeviceId,
        platform: Platform,
        policy: MultiDevicePolicy,
    ) -> Vec<Contender<'_>> {
        let standing = self.devices.iter().map(|login| Contender {
            device: &login.id,
            platform: login.platform,
            login: login.login,
        });
        victims(policy, standing, device, platform)
    }

    /// The highest login number that the record has ever had, in a login or in the end of a login.
    pub fn newest_login(&self) -> u64 {
        self.newest_login
    }

    /// The login number up to which all logins were ended by a kick or a deletion.
    pub fn ended_through(&self) -> u64 {
        self.ended_through
    }

    /// The used UserSigs and the revoked UserSigs of the user.
    pub fn sigs(&self) -> &Signatures {
        &self.sigs
    }

    /// The issue times, in seconds, of the UserSigs that a kick at the time `at` has to revoke individually. No issue
    /// time is in an earlier second than `at`.
    pub fn sigs_seen_since(&self, at: Timestamp) -> Vec<u64> {
        let of_devices = self.devices.iter().map(|device| device.issued);
        let all = self.sigs.seen_since(at).chain(of_devices.filter(|issued| *issued >= at.as_secs()));
        all.filter(|issued| !self.sigs.has_revoked(*issued)).collect()
    }

    /// The ended logins that are not stored in the facts yet.
    pub fn unsettled_ends(&self) -> impl Iterator<Item = &EndedLogin> {
        self.unsettled.iter().flat_map(|unsettled| unsettled.ends())
    }

    /// Records the use of a UserSig with the issue time `issued`, in seconds. `connection` is the connection of the
    /// device that uses the UserSig, if any.
    pub fn note_sig(
        &mut self,
        connection: Option<ConnectionId>,
        issued: u64,
        now: Timestamp,
    ) -> Transition<()> {
        let mut changed = self.sigs.note(issued, now);
        if let Some(index) = connection.and_then(|connection| self.index_of(connection)) {
            changed |= self.devices[index].issued != issued;
            self.devices[index].issued = issued;
        }
        Transition { changed, ..Transition::quiet(()) }
    }

    /// Ends every login up to the number `through` and revokes UserSigs, because the facts have recorded a kick. Viewers
    /// who may not see the status are shown the kick of a user who was away.
    ///
    /// Returns the ended logins, and the issue times in seconds of used UserSigs that `revoked` does not refuse. The
    /// caller must also revoke these UserSigs in the facts.
    pub fn kick(
        &mut self,
        through: u64,
        revoked: &Revoked,
        settings: &AppSettings,
        now: Now,
    ) -> Transition<(Vec<Removed>, Vec<u64>)> {
        let is_news = through > self.ended_through;
        let mut transition = self.change(Reason::Kicked, settings, now, |presence, ended| {
            presence.end_through(through, revoked, EndCause::KickedByOperator, settings, ended, now)
        });
        if is_news && self.show_end(Reason::Kicked, now) {
            (transition.changed, transition.restricted) = (true, true);
        }
        transition
    }

    /// Ends every login up to the number `through` and drops the subscription list, because the facts have deleted the
    /// account. Returns the same result as [`Presence::kick`].
    ///
    /// The record is kept for the login retention. If the account was created again meanwhile, its record and its later
    /// logins stay.
    pub fn delete(
        &mut self,
        through: u64,
        revoked: &Revoked,
        settings: &AppSettings,
        now: Now,
    ) -> Transition<(Vec<Removed>, Vec<u64>)> {
        let is_made_again = self.born > through;
        let mut transition = self.change(Reason::Deleted, settings, now, |presence, ended| {
            presence.end_through(through, revoked, EndCause::AccountDeleted, settings, ended, now)
        });
        if is_made_again {
            return transition;
        }
        self.deleted_through = self.deleted_through.max(through);
        transition.restricted = self.show_end(Reason::Deleted, now);
        transition.unsubscribed = self.subscriptions_mut().clear();
        self.subscriptions_end = Optional::NONE;
        self.subscriptions_lost = false;
        self.deleted = Some(Box::new(Deletion::at(now.moment, settings)));
        transition.changed = true;
        transition
    }

    /// Ends the login of a returning device, because a later login on the platform `by` has kicked it. Closes the
    /// device's connection with the cause [`EndCause::KickedByLogin`].
    pub fn lose(
        &mut self,
        device: &DeviceId,
        by: Platform,
        settings: &AppSettings,
        now: Now,
    ) -> Transition<()> {
        self.change(Reason::Kicked, settings, now, |presence, ended| {
            let is_it = |it: &Device| it.id == *device;
            presence.note_logouts(is_it, settings, now);
            for lost in presence.remove(is_it, Some(EndCause::KickedByLogin { by }), ended, now) {
                let mark = EndMark { why: EndWhy::KickedBy(by), told: true, at: now.wall };
                presence.unsettle(&lost, Some(mark), now);
            }
        })
    }

    /// Records that the account was created, or created again, with the creation number `born`. Does nothing if that
    /// account was deleted since, or if the record already has that account or a later one.
    pub fn restore_account(&mut self, born: u64) -> Transition<()> {
        if born <= self.deleted_through || born <= self.born && self.deleted.is_none() {
            return Transition::quiet(());
        }
        self.born = self.born.max(born);
        let restricted = self.account_exists();
        Transition { changed: true, restricted, ..Transition::quiet(()) }
    }

    /// Whether the record is that of an account from before the creation with the number `born`.
    pub fn is_older_than(&self, born: u64) -> bool {
        self.born < born
    }

    /// Ends a login that was recorded and then refused. The device counts as notified of the cause.
    ///
    /// - A later login of the device stays.
    /// - An earlier login of the device on the same platform stays too. The facts now have the device under the number
    ///   of the refused login, so the record gets this number for the earlier login. If the earlier login is refused
    ///   later, it is therefore found by its connection and not by its number.
    /// - An earlier login on another platform ends, because the facts have ended it.
    /// - If the record does not have the device, only the end is kept for the facts.
    pub fn take_back(&mut self, refused: &RefusedLogin, settings: &AppSettings, now: Now) -> Transition<()> {
        let RefusedLogin { device, platform, login, connection, why } = refused;
        let (platform, login) = (*platform, *login);
        let mark = why.map(|why| EndMark { why, told: true, at: now.wall });
        let has_entered = |it: &Device| connection.is_some_and(|refused| it.link == Link::Connected(refused));
        let concerns = |it: &Device| it.id == *device && (it.login <= login || has_entered(it));
        let Some(index) = self.devices.iter().position(concerns) else {
            if !self.devices.iter().any(|it| it.id == *device) && login > self.ended_through {
                self.newest_login = self.newest_login.max(login);
                let end = EndedLogin { device: device.clone(), login, mark };
                let unsettled =
                    self.unsettled.get_or_insert_with(|| Box::new(UnsettledEnds::new(now.moment)));
                unsettled.push(end, now.moment);
                return Transition { changed: true, ..Transition::quiet(()) };
            }
            return Transition::quiet(());
        };
        let stays = self.devices[index].login < login && !has_entered(&self.devices[index]);
        if stays && self.devices[index].platform == platform {
            self.devices[index].login = login;
            self.devices.sort_by_key(|device| device.login);
            return Transition { changed: true, ..Transition::quiet(()) };
        }
        self.change(Reason::LinkClosed, settings, now, |presence, ended| {
            let is_it = |it: &Device| it.id == *device;
            presence.note_logouts(is_it, settings, now);
            for removed in presence.remove(is_it, Some(EndCause::Superseded), ended, now) {
                presence.unsettle(&Removed { login: removed.login.max(login), ..removed }, mark, now);
            }
        })
    }

    /// Ends the login of this connection and closes the connection, after an earlier attempt to log out the device has
    /// failed.
    pub fn log_out_late(
        &mut self,
        connection: ConnectionId,
        expired: bool,
        settings: &AppSettings,
        now: Now,
    ) -> Transition<()> {
        let reason = if expired { Reason::SigExpired } else { Reason::Logout };
        let mut transition = self.end_login(connection, reason, settings, now);
        if transition.outcome.is_some() {
            transition.ended.push(Ended { connection, cause: EndCause::LoggedOut });
        }
        transition.map(drop)
    }

    /// If the account may still be on subscription lists of other users, returns the number of its deletion; otherwise
    /// `None`.
    pub fn may_be_on_lists(&self) -> Option<u64> {
        self.deleted.as_ref().and_then(|deletion| deletion.lists_due).map(|_| self.deleted_through)
    }

    /// Records that the account was taken off all subscription lists after the deletion with this number.
    pub fn taken_off_lists(&mut self, through: u64) -> Transition<()> {
        let deletion = self.deleted.as_mut().filter(|_| self.deleted_through == through);
        let changed = deletion.is_some_and(|deletion| deletion.lists_due.take().is_some());
        Transition { changed, ..Transition::quiet(()) }
    }

    /// Whether the record can be removed, because the account was deleted and not created again.
    pub fn is_forgettable(&self) -> bool {
        self.devices.is_empty() && self.born <= self.deleted_through
    }

    /// Removes ends that are now stored in the facts.
    pub fn ends_settled(&mut self, settled: &[EndedLogin]) -> Transition<()> {
        let Some(unsettled) = &mut self.unsettled else { return Transition::quiet(()) };
        let changed = unsettled.settled(settled);
        if unsettled.ends().is_empty() {
            self.unsettled = None;
        }
        Transition { changed, ..Transition::quiet(()) }
    }

    /// Like [`Presence::ends_settled`], for a record that may lack these ends. The directory may have lost the record,
    /// and a node may have created it again from older facts. Removes the ended logins, and closes their connections.
    pub fn ends_settled_after_loss(
        &mut self,
        settled: &[EndedLogin],
        settings: &AppSettings,
        now: Now,
    ) -> Transition<()> {
        let settled_here = self.ends_settled(settled);
        let mut transition = self.change(Reason::Logout, settings, now, |presence, ended| {
            for end in settled {
                let is_it = |it: &Device| it.id == end.device && it.login <= end.login;
                let cause = match end.mark.as_ref().map(|mark| mark.why) {
                    Some(EndWhy::KickedBy(by)) => EndCause::KickedByLogin { by },
                    Some(EndWhy::LoggedOut) | None => EndCause::LoggedOut,
                };
                presence.note_logouts(is_it, settings, now);
                presence.remove(is_it, Some(cause), ended, now);
            }
        });
        transition.changed |= settled_here.changed;
        transition
    }

    /// Replaces the logins by the logins in the facts, after a restart. A native login that only the record has is
    /// removed. A login that only the facts have is added, unless its end is not stored in the facts yet.
    ///
    /// The facts do not list Web logins. These stay, unless the user was kicked or deleted while no node ran.
    ///
    /// [`Presence::differs_from`] returns whether this would change the record.
    pub fn adopt_facts(&mut self, facts: &UserFacts, settings: &AppSettings, now: Now) -> Transition<()> {
        let kicked = facts.ended_through > self.ended_through;
        let reason = match (kicked, self.devices.is_empty()) {
            (true, _) => Reason::Kicked,
            // A user without logins can only have gained logins.
            (false, true) => Reason::Login,
            (false, false) => Reason::Logout,
        };
        let mut was_restricted = false;
        let mut transition = self.change(reason, settings, now, |presence, ended| {
            // Only the facts of an existing account are adopted.
            let was_deleted = presence.is_deleted();
            was_restricted = presence.account_exists();
            presence.ended_through = presence.ended_through.max(facts.ended_through);
            let mut changed = was_deleted | kicked | (facts.born > presence.born);
            presence.born = presence.born.max(facts.born);
            if let Some(revoked) = &facts.revoked {
                changed |= presence.sigs.revoke(revoked);
            }
            let number = |device: &Device| {
                facts.logins.iter().find(|(id, ..)| *id == device.id).map_or(0, |(_, _, login)| *login)
            };
            let through = presence.ended_through;
            let is_gone = |device: &Device| {
                device.login <= through || !device.platform.is_web() && number(device) < device.login
            };
            presence.note_logouts(is_gone, settings, now);
            changed |= !presence.remove(is_gone, None, ended, now).is_empty();
            let lapses = now.moment + settings.timing.login_retention();
            for (id, platform, login) in &facts.logins {
                let has_ended = presence.unsettled_ends().any(|end| is_end_of(end, id, *login));
                match presence.devices.iter_mut().find(|device| device.id == *id) {
                    // The device logged in again, perhaps on another platform, and the record does not contain that
                    // login.
                    Some(device) => {
                        changed |= (device.login, device.platform) != (*login, *platform);
                        (device.login, device.platform) = (*login, *platform);
                    }
                    None if has_ended => {}
                    None => {
                        presence.devices.push(gone_device(id.clone(), *platform, *login, lapses));
                        changed = true;
                    }
                }
            }
            presence.devices.sort_by_key(|device| device.login);
            if let Some(newest) = presence.devices.last().map(|device| device.login) {
                presence.newest_login = presence.newest_login.max(newest);
                presence.lift_ended_restrictions();
            }
            changed
        });
        let is_shown = kicked && self.show_end(Reason::Kicked, now);
        transition.changed |= transition.outcome | is_shown;
        transition.restricted |= was_restricted | is_shown;
        transition.map(drop)
    }

    /// Records that the missed messages from `since` on were handed to the push webhook.
    pub fn missed_recorded(&mut self, since: Timestamp) -> Transition<()> {
        let events = self.events.as_mut().filter(|events| events.missed_since() == Some(since));
        let changed = events.is_some();
        if let Some(events) = events {
            events.forget_missed();
        }
        // The change is written to the journal, so that a restart does not search for the same messages again.
        Transition { changed, ..Transition::quiet(()) }
    }

    /// Stores the end of this login until the facts have stored it.
    pub(super) fn unsettle(&mut self, removed: &Removed, mark: Option<EndMark>, now: Now) {
        let end = EndedLogin { device: removed.device.clone(), login: removed.login, mark };
        let unsettled = self.unsettled.get_or_insert_with(|| Box::new(UnsettledEnds::new(now.moment)));
        unsettled.push(end, now.moment);
    }

    /// Ends every login up to the number `through`. Returns the same as [`Presence::kick`].
    fn end_through(
        &mut self,
        through: u64,
        revoked: &Revoked,
        cause: EndCause,
        settings: &AppSettings,
        ended: &mut Vec<Ended>,
        now: Now,
    ) -> (Vec<Removed>, Vec<u64>) {
        let ends = |device: &Device| device.login <= through;
        self.sigs.revoke(revoked);
        let used: Vec<u64> =
            self.devices.iter().filter(|device| ends(device)).map(|device| device.issued).collect();
        self.sigs.revoke(&Revoked::new(revoked.at, used));
        // The issue times to revoke include those that an overlapping revocation has already refused. The caller must
        // wait until the seconds of all of them are over, because a UserSig issued later in such a second would be
        // refused too.
        let refused = self.sigs.revoked().into_iter().flat_map(|all| &all.also).copied();
        let unrefused: Vec<u64> = refused.filter(|issued| !revoked.refuses(*issued)).collect();
        self.ended_through = self.ended_through.max(through);
        self.note_logouts(ends, settings, now);
        (self.remove(ends, Some(cause), ended, now), unrefused)
    }
}

/// Whether `end` is the end of this login, or of a later login of the same device.
pub(super) fn is_end_of(end: &EndedLogin, device: &DeviceId, login: u64) -> bool {
    end.device == *device && end.login >= login
}

/// A logged-in device without a connection, created from the facts.
fn gone_device(id: DeviceId, platform: Platform, login: u64, lapses: Moment) -> Device {
    Device { id, platform, login, issued: 0, link: Link::Gone { lapses }, address: None }
}
