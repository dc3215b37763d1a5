//! How a live record agrees with the facts: which logins may enter it, which have ended in the facts, and which ends the
//! facts have still to take in.

use super::Presence;
use crate::device::{Device, Link};
use crate::multi_device::{Contender, victims};
use crate::signatures::Signatures;
use crate::subscriptions::Subscriptions;
use crate::transition::{EndCause, Ended, Removed, Transition};
use crate::unsettled::UnsettledEnds;
use lamplight_model::{
    AppSettings, ConnectionId, CustomStatus, DeviceId, EndMark, EndWhy, EndedLogin, Moment,
    MultiDevicePolicy, Now, Platform, Reason, Revoked, Timestamp, Version,
};

/// The facts of a user, as far as the live record has to agree with them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UserFacts {
    /// The durable logins: device, platform, number; by rising number.
    pub logins: Vec<(DeviceId, Platform, u64)>,
    /// The UserSigs that do not count.
    pub revoked: Option<Revoked>,
    /// Every login up to this number was ended by a kick or a deletion.
    pub ended_through: u64,
    /// The number of the account's making.
    pub born: u64,
}

/// Whether a login may connect; see [`Presence::admission`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admission {
    /// It may, as the login of this number.
    Admitted(u64),
    /// The device is not logged in, as far as the record knows: its login has to be recorded first.
    Unknown,
    /// Its UserSig was revoked.
    Revoked,
    /// The login was ended after it was recorded: by a kick, a deletion, or its own end.
    Ended,
    /// A later login of the same device is there already.
    Overtaken,
    /// A later login, on this platform, is in the way: it has kicked this one, although it entered the record first.
    Beaten(Platform),
    /// The record has had a later login, and the device is not there: the login may have been ended. Only the facts can
    /// tell. Their answer holds as long as the record has had no newer login than that of this number.
    MayHaveEnded(u64),
}

impl Presence {
    /// The record of a user of whom only the facts are known: logins without a link. `version` must be above all that
    /// was ever told of the user, as far as one can know. With `may_have_had_list`, a former record may have had a
    /// subscription list that nobody knows any longer.
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
        let mut devices: Vec<Device> = logins
            .into_iter()
            .map(|(id, platform, login)| gone_device(id, platform, login, lapses))
            .collect();
        devices.sort_by_key(|device| device.login);
        let newest_login = devices.last().map_or(0, |device| device.login);
        Self {
            devices,
            custom_status: CustomStatus::NONE,
            version,
            since,
            reason: Reason::None,
            last_seen: None,
            subscriptions: Subscriptions::default(),
            subscriptions_end: None,
            subscriptions_lost: may_have_had_list,
            sigs: Signatures::of_facts(revoked),
            ended_through,
            deleted_through: 0,
            born,
            newest_login,
            deleted_until: None,
            events: None,
            unsettled: None,
        }
    }

    /// The record of a user whose account was deleted while there was no record: every login up to `through` has
    /// ended.
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
        presence.deleted_until = Some(now.moment + settings.timing.login_retention());
        presence.deleted_through = through;
        presence
    }

    /// Whether a device may connect with a UserSig dated in the second `issued`. `recorded` is the number under which
    /// the facts have just recorded its login. Where they were asked once more and still had it, that comes with the number
    /// of [`Admission::MayHaveEnded`]. `None` asks whether the device may come back to the login that it has.
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
            (Some((number, _)), _) if self.unsettled_ends().any(|end| is_end_of(end, device, number)) => {
                Admission::Ended
            }
            (Some((number, _)), Some(login)) if login.login > number => Admission::Overtaken,
            (Some((number, there_at)), None)
                if number <= self.newest_login
                    && !platform.is_web()
                    && there_at != Some(self.newest_login) =>
            {
                Admission::MayHaveEnded(self.newest_login)
            }
            (Some((number, _)), _) => match self.beaten_by(device, platform, number, policy, false) {
                Some(by) => Admission::Beaten(by),
                None => Admission::Admitted(number),
            },
        }
    }

    /// The platform of the newest login, or of the newest that is `present`, that a login of this number loses to.
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

    /// The logins that a login of this device would end if it were the newest, earliest first.
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

    /// The highest number of a login that the record has had.
    pub fn newest_login(&self) -> u64 {
        self.newest_login
    }

    /// The number up to which every login was ended by a kick or a deletion.
    pub fn ended_through(&self) -> u64 {
        self.ended_through
    }

    /// The UserSigs of the user: seen ones and revoked ones.
    pub fn sigs(&self) -> &Signatures {
        &self.sigs
    }

    /// The seconds of the UserSigs seen that a kick at `at` has to name one by one.
    pub fn sigs_seen_since(&self, at: Timestamp) -> Vec<u64> {
        let of_devices = self.devices.iter().map(|device| device.issued);
        let all = self.sigs.seen_since(at).chain(of_devices.filter(|issued| *issued >= at.as_secs()));
        all.filter(|issued| !self.sigs.has_revoked(*issued)).collect()
    }

    /// The ends that the facts have still to take in.
    pub fn unsettled_ends(&self) -> impl Iterator<Item = &EndedLogin> {
        self.unsettled.iter().flat_map(|unsettled| unsettled.ends())
    }

    /// The UserSig of a device that stays connected was renewed, or one of somebody without a device was seen.
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

    /// The server API or an operator has ended every login up to the number `through`, and revoked UserSigs; the facts
    /// have it. A login after that stays. Answers with the logins that ended, and with UserSigs that `revoked` does
    /// not refuse although the user was seen with them before the kick: these have to be revoked in the facts too.
    pub fn kick(
        &mut self,
        through: u64,
        revoked: &Revoked,
        settings: &AppSettings,
        now: Now,
    ) -> Transition<(Vec<Removed>, Vec<u64>)> {
        self.change(Reason::Kicked, settings, now, |presence, ended| {
            presence.end_through(through, revoked, EndCause::KickedByOperator, settings, ended, now)
        })
    }

    /// The account was deleted, and with it every login up to the number `through`; the facts have it. The
    /// subscription list goes with it. The record stays for the login retention. An account that was made again since
    /// stays, with the logins that are its own. Answers as [`Presence::kick`] does.
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
        transition.unsubscribed = self.subscriptions.clear();
        self.subscriptions_end = None;
        self.subscriptions_lost = false;
        self.deleted_until = Some(now.moment + settings.timing.login_retention());
        transition.changed = true;
        transition
    }

    /// A device that comes back to its login loses it to a newer one on the platform `by`: it is told so now.
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

    /// The account was made, or made again, under the number `born`. One that was deleted since changes nothing.
    pub fn restore_account(&mut self, born: u64) -> Transition<()> {
        if born <= self.deleted_through || born <= self.born && self.deleted_until.is_none() {
            return Transition::quiet(());
        }
        self.born = self.born.max(born);
        self.deleted_until = None;
        Transition { changed: true, ..Transition::quiet(()) }
    }

    /// A login that was recorded under the number `login` was refused in the end: it ends, unless it is not here. A
    /// device that has an earlier login on the same platform keeps that one, under the number that the facts have for it
    /// now; on another platform that one has ended in the facts, and ends here too. The device gets a mark that says
    /// `why`, if it is to have one; it has been told.
    pub fn take_back(
        &mut self,
        device: &DeviceId,
        platform: Platform,
        login: u64,
        why: Option<EndWhy>,
        settings: &AppSettings,
        now: Now,
    ) -> Transition<()> {
        let mark = why.map(|why| EndMark { why, told: true, at: now.wall });
        let Some(index) = self.devices.iter().position(|it| it.id == *device && it.login <= login) else {
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
        if self.devices[index].login < login && self.devices[index].platform == platform {
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

    /// The login of this connection ends after all, although its client was told that it could not be ended: the
    /// connection is closed too.
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

    /// Whether the record says nothing that anybody could still need: its account was deleted, and was not made again.
    pub fn is_forgettable(&self) -> bool {
        self.devices.is_empty() && self.born <= self.deleted_through
    }

    /// The facts have taken these ends in.
    pub fn ends_settled(&mut self, settled: &[EndedLogin]) -> Transition<()> {
        let Some(unsettled) = &mut self.unsettled else { return Transition::quiet(()) };
        let changed = unsettled.settled(settled);
        if unsettled.ends().is_empty() {
            self.unsettled = None;
        }
        Transition { changed, ..Transition::quiet(()) }
    }

    /// Makes the logins those of the facts, after a restart: one that the facts do not have was ended, one that the
    /// record does not have was being made, unless its end waits here for the facts. Web logins are no facts and stay,
    /// unless they were ended by a kick or a deletion while no node ran.
    pub fn adopt_facts(&mut self, facts: &UserFacts, settings: &AppSettings, now: Now) -> Transition<()> {
        let kicked = facts.ended_through > self.ended_through;
        let reason = match (kicked, self.devices.is_empty()) {
            (true, _) => Reason::Kicked,
            // A user who had no login can only have gained one.
            (false, true) => Reason::Login,
            (false, false) => Reason::Logout,
        };
        let mut transition = self.change(reason, settings, now, |presence, ended| {
            // There is an account, or nobody would adopt its facts.
            let was_deleted = presence.deleted_until.take().is_some();
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
                    // It logged in again, maybe on another platform, and nobody was told.
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
            let newest = presence.devices.last().map_or(0, |device| device.login);
            presence.newest_login = presence.newest_login.max(newest);
            changed
        });
        transition.changed |= transition.outcome;
        transition.map(drop)
    }

    /// The messages that were sent to the user from `since` on have been handed to the push webhook.
    pub fn missed_recorded(&mut self, since: Timestamp) -> Transition<()> {
        let events = self.events.as_mut().filter(|events| events.missed_since() == Some(since));
        let changed = events.is_some();
        if let Some(events) = events {
            events.forget_missed();
        }
        // It goes to the journal: a restart need not look for the same messages again.
        Transition { changed, ..Transition::quiet(()) }
    }

    /// The facts have to take in the end of this login.
    pub(super) fn unsettle(&mut self, removed: &Removed, mark: Option<EndMark>, now: Now) {
        let end = EndedLogin { device: removed.device.clone(), login: removed.login, mark };
        let unsettled = self.unsettled.get_or_insert_with(|| Box::new(UnsettledEnds::new(now.moment)));
        unsettled.push(end, now.moment);
    }

    /// Ends every login up to the number `through`.
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
        // Also those that another revocation has refused meanwhile: a UserSig made in such a second after the answer
        // would be refused too.
        let refused = self.sigs.revoked().into_iter().flat_map(|all| &all.also).copied();
        let unrefused: Vec<u64> = refused.filter(|issued| !revoked.refuses(*issued)).collect();
        self.ended_through = self.ended_through.max(through);
        self.note_logouts(ends, settings, now);
        (self.remove(ends, Some(cause), ended, now), unrefused)
    }
}

/// Whether this is the end of the login of this number, or of a later one of the same device.
fn is_end_of(end: &EndedLogin, device: &DeviceId, login: u64) -> bool {
    end.device == *device && end.login >= login
}

/// A device that is logged in and not linked, of which only the facts are known.
fn gone_device(id: DeviceId, platform: Platform, login: u64, lapses: Moment) -> Device {
    Device { id, platform, login, issued: 0, link: Link::Gone { lapses }, address: None }
}
