//! A model of the SPEC in simple code, which computes the expected outcome of each step. After each step, it computes
//! again which users are online, and which users a client may be notified of.
//!
//! The model has the types of `lamplight-model` in common with the code under test, but none of its rules.

mod calls;
mod nodes;
mod person;
mod texts;

use crate::answer::{Answer, Cause, Shown};
use crate::step::{DEVICES, Device, End, Friends, Sig, Step, USERS, WORKERS, Who};
use lamplight_model::{
    AppSettings, Edition, Moment, MultiDeviceMode, Now, Platform, Reason, StatusType, Timestamp,
};
use person::{Link, Login, Person, TextEnd};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The time for which users still count as connected after the loss of their server process (SPEC section 10, row 2).
pub(crate) const GRACE: Duration = Duration::from_secs(30);

/// The length of a node's lease. The grace begins after the lease.
pub(crate) const LEASE: Duration = Duration::from_secs(9);

/// The model.
#[derive(Debug)]
pub struct Reference {
    /// The current time. Its `moment` is measured from the beginning of the history, not from the start of a process.
    pub now: Now,
    /// The settings of the app.
    pub settings: AppSettings,
    people: Vec<Person>,
    /// The latest time at which the process was running, according to the files on disk.
    alive_at: Timestamp,
    latest_wall: Timestamp,
    /// The time of the last loss of all live records; at first, the beginning of the history.
    lost_at: Timestamp,
    /// For each ended connection: the cause of its end.
    ended: BTreeMap<u64, Cause>,
    /// Deleted users who may still be on the subscription lists of other users.
    deleted: BTreeSet<Who>,
    /// The worker of each connection.
    workers: BTreeMap<u64, usize>,
    /// For each connection of a lost node that still counts as connected: the time of the loss.
    ghosts: BTreeMap<u64, Now>,
    /// The node that is killed at present; `None` if all nodes run.
    down: Option<nodes::Down>,
}

impl Reference {
    /// Creates the model without accounts.
    pub fn new(now: Now, settings: AppSettings) -> Self {
        let people = USERS.iter().map(|_| Person::default()).collect();
        Self {
            now,
            settings,
            people,
            alive_at: now.wall,
            latest_wall: now.wall,
            lost_at: now.wall,
            ended: BTreeMap::new(),
            deleted: BTreeSet::new(),
            workers: BTreeMap::new(),
            ghosts: BTreeMap::new(),
            down: None,
        }
    }

    /// Applies a step, and returns the expected answer. `connection` is ignored if the step needs no connection.
    pub fn apply(&mut self, step: &Step, connection: u64) -> Answer {
        match step {
            Step::Login { who, device, worker, resume, sig } => {
                self.workers.insert(connection, *worker % WORKERS);
                return self.login(*who, *device, *resume, *sig, connection);
            }
            Step::Logout { who, .. } => self.end_login(*who, connection, Reason::Logout),
            Step::SigEnds { who, .. } => self.end_login(*who, connection, Reason::SigExpired),
            Step::Close { who, end, .. } => self.end_link(*who, connection, *end),
            Step::Text { who, text, seconds, .. } => return self.set_text(*who, text, *seconds),
            Step::Query { who, users, .. } => return self.query(*who, users),
            Step::Subscribe { who, users, .. } => return self.subscribe(*who, users),
            Step::Unsubscribe { who, users, .. } => return self.unsubscribe(*who, users),
            Step::List { who, .. } => return self.list_of(*who),
            Step::Befriend { who, friend, lists } => return self.befriend(*who, *friend, *lists),
            Step::Unfriend { who, friend, lists } => return self.unfriend(*who, *friend, *lists),
            Step::Create { who } => {
                let is_new = self.people[*who].account.is_none();
                if is_new {
                    self.forget_deleted(|other| other == *who);
                    let person = &mut self.people[*who];
                    if !person.is_known {
                        person.list_lost = self.now.wall < self.lost_at;
                    }
                    person.begin_account(self.now);
                }
                return Answer::Was(is_new);
            }
            Step::Delete { who } => return self.delete(*who),
            Step::Kick { who } => return self.kick(*who),
            Step::Set { knob, value } => {
                let mut settings = self.settings.clone();
                knob.turn(&mut settings, *value);
                if settings.validate().is_err() {
                    return Answer::Refused(6017);
                }
                self.settings = settings;
            }
            Step::Advance { millis } => self.now = self.now.after(Duration::from_millis(*millis)),
            Step::Jump { millis } => self.now.wall.0 = self.now.wall.0.saturating_add_signed(*millis),
            Step::Upkeep => self.upkeep(),
            Step::Restart { orderly, millis } => {
                if *orderly {
                    self.alive_at = self.alive_at.max(self.now.wall);
                }
                self.now = self.now.after(Duration::from_millis(*millis));
                self.restart();
            }
            Step::LoseLive => {
                // A server that lost its live records can continue the versions only if the wall clock is later than
                // the highest version. This step therefore advances the clock beyond it (see DESIGN).
                self.now.wall = Timestamp(self.latest_wall.max(self.now.wall).0 + 1);
                self.lose_live();
            }
            Step::LoseNode { worker } => self.lose_node(*worker % WORKERS),
            Step::StartNode { .. } => self.down = None,
            Step::Stall { .. }
            | Step::Read { .. }
            | Step::Unstall { .. }
            | Step::Doze { .. }
            | Step::Wake { .. }
            | Step::Flood
            | Step::Quiet => {}
        }
        self.latest_wall = self.latest_wall.max(self.now.wall);
        Answer::Done
    }

    /// The status that a query must return; `None` if the user has no account.
    pub fn status(&self, who: Who) -> Option<Shown> {
        self.people[who].account.and_then(|_| self.watched_status(who))
    }

    /// Returns the status that watchers must have; `None` if the user has neither an account nor a record. A deleted
    /// account has a status until its record is removed.
    pub fn watched_status(&self, who: Who) -> Option<Shown> {
        let person = &self.people[who];
        let since = person.since.or(person.account)?;
        Some(Shown {
            kind: person.kind(),
            text: person.text.clone(),
            expires: person.text_end.map(|end| end.shown),
            since,
            reason: person.reason,
            last_seen: person.last_seen.filter(|_| person.kind() != StatusType::Online),
            platforms: person.present().map(|login| DEVICES[login.device].1).collect(),
        })
    }

    /// Returns two counts: how often the user's record was removed or lost, and how often the user's status changed
    /// visibly.
    pub fn changes(&self, who: Who) -> (u64, u64) {
        (self.people[who].life, self.people[who].changes)
    }

    /// Returns a time. The user's next record begins at the [version of this time](lamplight_model::Version::at) or
    /// above. Returns `None` if the user has an account or a record.
    pub fn begins_above(&self, who: Who) -> Option<Timestamp> {
        let person = &self.people[who];
        (person.account.is_none() && !person.is_known).then(|| self.now.wall.max(self.lost_at))
    }

    /// Whether `viewer` watches `of`, even if the settings allow no notifications.
    pub fn may_watch(&self, viewer: Who, of: Who) -> bool {
        viewer == of
            || self.people[viewer].list.contains(&of)
            || (self.settings.switches.friend_notification
                && self.people[viewer].friends.contains(&of)
                && self.people[of].friends.contains(&viewer))
    }

    /// Whether `viewer` is notified about `of` (SPEC section 4).
    pub fn may_be_told(&self, viewer: Who, of: Who) -> bool {
        let others = self.settings.edition == Edition::Flagship && self.settings.switches.user_status;
        viewer == of || (others && self.may_watch(viewer, of))
    }

    /// The subscription list of a user.
    pub fn subscriptions(&self, who: Who) -> &[Who] {
        &self.people[who].list
    }

    /// The connections that must be open.
    pub fn connections(&self) -> BTreeSet<u64> {
        let logins = self.people.iter().flat_map(|person| &person.logins);
        logins
            .filter_map(|login| if let Link::On(connection) = login.link { Some(connection) } else { None })
            .filter(|connection| !self.ghosts.contains_key(connection))
            .collect()
    }

    /// The cause of a connection's end; `None` if the connection has not ended.
    pub fn end_of(&self, connection: u64) -> Option<Cause> {
        self.ended.get(&connection).copied()
    }

    // The parts of the steps

    /// Changes a user with `act`, and computes the resulting changes of the user's status.
    fn alter<T>(&mut self, who: Who, reason: Reason, act: impl FnOnce(&mut Self, &mut Person) -> T) -> T {
        let mut person = std::mem::take(&mut self.people[who]);
        let (kind, text, end) = (person.kind(), person.text.clone(), person.text_end);
        let kept_was = (person.logins.clone(), person.list_ends, person.list_lost, person.forgotten_at);
        let outcome = act(self, &mut person);
        if person.kind() != StatusType::Online {
            person.text.clear();
            person.text_end = None;
            if kind == StatusType::Online && !person.list.is_empty() {
                person.list_ends = Some(self.now.moment + self.settings.timing.subscription_retention());
            }
        } else {
            person.list_ends = None;
        }
        if person.kind() != kind {
            person.since = Some(self.now.wall);
        }
        let shown = |end: Option<TextEnd>| end.map(|end| end.shown);
        let is_same_text = person.text == text && shown(person.text_end) == shown(end);
        if person.kind() != kind || !is_same_text {
            person.reason = reason;
            person.changes += 1;
        }
        let kept = (person.logins.clone(), person.list_ends, person.list_lost, person.forgotten_at);
        // The server writes the record to disk only if a stored part of it has changed.
        let is_kept = kept == kept_was && person.text == text && person.text_end == end;
        if !is_kept || reason == Reason::Kicked || reason == Reason::Deleted {
            person.noted = self.now;
        }
        self.people[who] = person;
        outcome
    }

    fn login(&mut self, who: Who, device: Device, resume: bool, sig: Sig, connection: u64) -> Answer {
        match sig {
            Sig::Good => {}
            Sig::Expired => return Answer::Refused(70001),
            Sig::Forged => return Answer::Refused(70009),
        }
        let (now, platform) = (self.now, DEVICES[device].1);
        let issued = now.wall.as_secs();
        let person = &mut self.people[who];
        if person.has_revoked(issued) {
            return Answer::Refused(70052);
        }
        let comes_back = resume && person.logins.iter().any(|login| login.device == device);
        let registered = person.account.is_none();
        if comes_back && let Some(by) = self.loses_to(who, device) {
            self.alter(who, Reason::Kicked, |all, person| {
                let place = person.logins.iter().position(|login| login.device == device);
                let gone = person.logins.remove(place.expect("it comes back to a login"));
                if let Link::On(old) = gone.link {
                    all.ended.insert(old, Cause::KickedByLogin(by));
                    person.note_seen(now.wall);
                }
                person.mark(device, true, true);
            });
            return Answer::Refused(6208);
        }
        let person = &mut self.people[who];
        if !comes_back {
            if let Some(place) = person.notices.iter().position(|mark| mark.device == device) {
                let mark = &mut person.notices[place];
                if resume || mark.kicked && !mark.told {
                    mark.told = true;
                    return Answer::Refused(6208);
                }
                person.notices.remove(place);
            }
            if registered {
                if resume {
                    return Answer::Refused(6208);
                }
                self.forget_deleted(|other| other == who);
                self.people[who].begin_account(now);
            }
            let person = &mut self.people[who];
            person.rows.insert(device);
        }
        let person = &mut self.people[who];
        person.is_known = true;
        person.note_sig(issued, now.wall);
        let list_lost = person.list_lost && person.kind() != StatusType::Online;
        self.alter(who, Reason::Login, |all, person| {
            // A device that resumes does not kick logins that are later than its own.
            let own_place = person.logins.iter().position(|login| login.device == device && comes_back);
            let earlier: Vec<Device> = person.logins[..own_place.unwrap_or(person.logins.len())]
                .iter()
                .map(|it| it.device)
                .collect();
            for loser in all.in_the_way(&person.logins, device).into_iter().filter(|it| earlier.contains(it))
            {
                let place = person.logins.iter().position(|login| login.device == loser);
                let gone = person.logins.remove(place.expect("a loser has a login"));
                if let Link::On(old) = gone.link {
                    all.ended.insert(old, Cause::KickedByLogin(platform));
                    person.note_seen(now.wall);
                }
                person.mark(loser, true, matches!(gone.link, Link::On(_)));
            }
            let place = person.logins.iter().position(|login| login.device == device);
            let login = Login { device, at: now.wall, issued, link: Link::On(connection) };
            if let Some(place) = place {
                if let Link::On(old) = person.logins[place].link {
                    all.ended.insert(old, Cause::Superseded);
                }
                if comes_back {
                    let at = person.logins[place].at;
                    person.logins[place] = Login { at, ..login };
                    return;
                }
                person.logins.remove(place);
            }
            person.logins.push(login);
        });
        Answer::LoggedIn { registered, list_lost }
    }

    /// Returns the platform of a later login that kicks `device` when the device resumes; `None` if there is none. Such
    /// a login competes with the login of `device`, and is connected or lingering.
    fn loses_to(&self, who: Who, device: Device) -> Option<Platform> {
        let logins = &self.people[who].logins;
        let own = logins.iter().position(|login| login.device == device)?;
        let rivals = self.in_the_way(logins, device);
        let later = logins[own + 1..].iter().rev();
        let present = later.filter(|login| !matches!(login.link, Link::Away { .. }));
        present.map(|login| login.device).find(|it| rivals.contains(it)).map(|it| DEVICES[it].1)
    }

    /// The devices that are kicked by a login of `device` (SPEC section 5).
    fn in_the_way(&self, logins: &[Login], device: Device) -> Vec<Device> {
        let policy = self.settings.multi_device;
        let new = DEVICES[device].1;
        let group = |platform| group_of(policy.mode, platform);
        let rivals = || {
            let others = logins.iter().map(|login| login.device).filter(|other| *other != device);
            others.filter(|other| group(DEVICES[*other].1) == group(new))
        };
        let of_same: Vec<Device> = rivals().filter(|other| DEVICES[*other].1 == new).collect();
        let places = if new.is_web() { policy.web_instances } else { policy.native_instances };
        let too_many = (of_same.len() + 1).saturating_sub(usize::from(places));
        let others = rivals().filter(|other| DEVICES[*other].1 != new);
        others.chain(of_same.iter().copied().take(too_many)).collect()
    }

    fn end_login(&mut self, who: Who, connection: u64, reason: Reason) {
        if self.people[who].logins.iter().any(|login| login.link == Link::On(connection)) {
            self.ended.insert(connection, Cause::Own);
            let now = self.now.wall;
            self.alter(who, reason, |_, person| {
                person.note_seen(now);
                let ends = |login: &Login| login.link == Link::On(connection);
                for ended in person.logins.extract_if(.., |login| ends(login)).collect::<Vec<_>>() {
                    person.mark(ended.device, false, true);
                }
            });
        }
    }

    fn end_link(&mut self, who: Who, connection: u64, end: End) {
        if !self.people[who].is_known {
            return;
        }
        self.ended.entry(connection).or_insert(Cause::Own);
        let reason = if end == End::TimedOut { Reason::Timeout } else { Reason::LinkClosed };
        self.alter(who, reason, |all, person| {
            let link = Link::On(connection);
            let Some(place) = person.logins.iter().position(|login| login.link == link) else { return };
            person.note_seen(all.now.wall);
            let is_web = DEVICES[person.logins[place].device].1.is_web();
            let linger = all.settings.timing.linger(is_web);
            if end != End::TimedOut && !linger.is_zero() {
                person.logins[place].link = Link::Held { until: all.now.moment + linger, reason };
            } else {
                person.leave(place, all.now.moment + all.settings.timing.login_retention());
            }
        });
    }

    fn befriend(&mut self, who: Who, friend: Who, lists: Friends) -> Answer {
        if who == friend {
            return Answer::Refused(6017);
        }
        if self.people[who].account.is_none() || self.people[friend].account.is_none() {
            return Answer::Refused(70107);
        }
        self.people[who].friends.insert(friend);
        if lists == Friends::Both {
            self.people[friend].friends.insert(who);
        }
        Answer::Done
    }

    fn unfriend(&mut self, who: Who, friend: Who, lists: Friends) -> Answer {
        let mut was_there = self.people[who].friends.remove(&friend);
        if lists == Friends::Both {
            was_there |= self.people[friend].friends.remove(&who);
        }
        Answer::Was(was_there)
    }

    fn kick(&mut self, who: Who) -> Answer {
        let wall = self.now.wall;
        let person = &mut self.people[who];
        if person.account.is_none() {
            return Answer::Refused(70107);
        }
        person.revoke(wall);
        // A kick creates a record if there is none, because the record stores the revocation.
        person.is_known = true;
        person.since = person.since.or(person.account);
        for device in std::mem::take(&mut person.rows) {
            person.mark(device, false, true);
        }
        self.alter(who, Reason::Kicked, |all, person| all.end_all(person, Cause::KickedByOperator));
        Answer::Done
    }

    fn delete(&mut self, who: Who) -> Answer {
        if self.people[who].account.is_none() {
            return Answer::Refused(70107);
        }
        let (now, kept) = (self.now, self.now.moment + self.settings.timing.login_retention());
        self.people[who].revoke(now.wall);
        if !self.people[who].is_known {
            // A user who had only an account gets a record here.
            self.people[who] =
                Person { is_known: true, since: Some(now.wall), noted: now, ..self.people[who].forgotten() };
        }
        self.alter(who, Reason::Deleted, |all, person| all.end_all(person, Cause::Deleted));
        let person = &mut self.people[who];
        person.account = None;
        person.forgotten_at = Some(kept);
        person.list.clear();
        person.list_ends = None;
        person.list_lost = false;
        person.friends.clear();
        person.notices.clear();
        person.rows.clear();
        for person in &mut self.people {
            person.friends.remove(&who);
        }
        self.deleted.insert(who);
        Answer::Done
    }

    /// Removes the deleted users for whom `which` returns `true` from all subscription lists.
    fn forget_deleted(&mut self, which: impl Fn(Who) -> bool) {
        let (deleted, left) = std::mem::take(&mut self.deleted).into_iter().partition(|who| which(*who));
        self.deleted = left;
        let (deleted, now): (BTreeSet<Who>, Now) = (deleted, self.now);
        // The record of a deleted user notes that this was done.
        deleted.iter().for_each(|who| self.people[*who].noted = now);
        for person in &mut self.people {
            let before = person.list.len();
            person.list.retain(|other| !deleted.contains(other));
            if person.list.len() < before {
                person.noted = now;
                if person.list.is_empty() {
                    person.list_ends = None;
                }
            }
        }
    }

    fn end_all(&mut self, person: &mut Person, cause: Cause) {
        for login in std::mem::take(&mut person.logins) {
            if let Link::On(connection) = login.link {
                self.ended.insert(connection, cause);
                person.note_seen(self.now.wall);
            }
        }
    }

    fn upkeep(&mut self) {
        self.clear_ghosts();
        let now = self.now.moment;
        for who in 0..self.people.len() {
            if self.people[who].is_due(now) {
                self.expire(who, now);
            }
        }
        self.forget_deleted(|_| true);
        self.alive_at = self.alive_at.max(self.now.wall);
    }

    fn expire(&mut self, who: Who, now: Moment) {
        let over = |login: &Login| matches!(login.link, Link::Held { until, .. } if until <= now);
        let reason = self.people[who].logins.iter().find(|login| over(login)).map(|login| login.link);
        let reason = if let Some(Link::Held { reason, .. }) = reason { reason } else { Reason::Lapsed };
        self.alter(who, reason, |all, person| {
            let lapsed = |login: &Login| matches!(login.link, Link::Away { lapses } if lapses <= now);
            for login in person.logins.extract_if(.., |login| lapsed(login)).collect::<Vec<_>>() {
                person.rows.remove(&login.device);
            }
            for place in (0..person.logins.len()).rev() {
                if over(&person.logins[place]) {
                    person.leave(place, now + all.settings.timing.login_retention());
                }
            }
        });
        self.end_text(who);
        let person = &mut self.people[who];
        if person.list_ends.is_some_and(|end| end <= now) {
            person.list.clear();
            person.list_ends = None;
            person.list_lost = true;
            person.noted = self.now;
        }
        if person.forgotten_at.is_some_and(|end| end <= now) {
            *person = person.forgotten();
        }
    }

    /// Starts a new process from the files of the previous one.
    fn restart(&mut self) {
        let (now, grace, alive_at) = (self.now, self.now.moment + GRACE, self.alive_at);
        for person in &mut self.people {
            // A stopped process has only the wall clock, so the files contain deadlines as wall-clock times.
            let noted = person.noted;
            let on_wall =
                |deadline: Moment| Timestamp(noted.wall.0 + deadline.since(noted.moment).as_millis() as u64);
            let carried = |deadline: Moment| now.moment + on_wall(deadline).since(now.wall);
            if person.is_connected() {
                person.note_seen(alive_at);
            }
            for login in &mut person.logins {
                login.link = match login.link {
                    Link::On(connection) => {
                        self.ended.insert(connection, Cause::Own);
                        Link::Held { until: grace, reason: Reason::NodeLost }
                    }
                    Link::Held { reason, .. } => Link::Held { until: grace, reason },
                    Link::Away { lapses } => Link::Away { lapses: carried(lapses) },
                };
            }
            person.list_ends = person.list_ends.map(carried);
            person.text_end = person.text_end.map(|end| TextEnd { due: carried(end.due), ..end });
            person.calls.clear();
            person.noted = now;
            person.forgotten_at = person.forgotten_at.map(carried);
        }
        self.alive_at = now.wall;
        // A restart also removes deleted users from the subscription lists.
        self.forget_deleted(|_| true);
    }

    /// Starts a new process without the live records of the previous one. Only the facts remain.
    fn lose_live(&mut self) {
        let lapses = self.now.moment + self.settings.timing.login_retention();
        self.restart();
        self.lost_at = self.now.wall;
        for person in &mut self.people {
            let mut logins = std::mem::take(&mut person.logins);
            logins.retain(|login| !DEVICES[login.device].1.is_web());
            for login in &mut logins {
                (login.link, login.issued) = (Link::Away { lapses }, 0);
            }
            *person = Person {
                account: person.account,
                revoked: person.revoked,
                also_revoked: std::mem::take(&mut person.also_revoked),
                rows: std::mem::take(&mut person.rows),
                list_lost: person.account.is_some(),
                is_known: !logins.is_empty(),
                since: (!logins.is_empty()).then_some(self.lost_at),
                notices: std::mem::take(&mut person.notices),
                friends: std::mem::take(&mut person.friends),
                life: person.life + 1,
                noted: self.now,
                logins,
                ..Person::default()
            };
        }
    }
}

/// The group of a platform. A login kicks only logins on platforms of the same group.
pub(crate) fn group_of(mode: MultiDeviceMode, platform: Platform) -> u8 {
    match mode {
        MultiDeviceMode::Single => 0,
        MultiDeviceMode::Dual => u8::from(platform.is_web()),
        MultiDeviceMode::Triple => match platform {
            Platform::Android | Platform::IPhone | Platform::IPad => 0,
            Platform::Windows | Platform::Mac | Platform::Linux => 1,
            Platform::Web => 2,
        },
        MultiDeviceMode::Multi => platform as u8,
    }
}
