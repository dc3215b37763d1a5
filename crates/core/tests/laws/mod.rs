//! The laws that hold for a live record after every step of the scripts and the random sequences.

use lamplight_core::{Connect, Device, Link, Presence, Removed, Transition, UserFacts};
use lamplight_model::{
    AppSettings, ConnectionId, DeviceId, EndedLogin, Moment, Now, Platform, Reason, Revoked, SessionEvent,
    SessionEventKind, StatusType, Timestamp, UserId, UserStatus, Version,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A live record whose laws are checked after every step.
pub struct Record {
    pub presence: Presence,
    pub settings: AppSettings,
    pub now: Now,
    /// The grace after the loss of a node.
    pub grace: Duration,
    /// For each device: whether it is connected according to the session events so far.
    told: BTreeMap<DeviceId, bool>,
    last_event: u64,
    /// The number of the last login. The test assigns the numbers, like the facts.
    pub last_login: u64,
    /// The last-seen time of the last status that was not ONLINE; `None` if that status had none.
    seen: Option<Timestamp>,
    /// The time of the last bytes of the connection that ends next. `None` means the current time.
    pub heard: Option<Timestamp>,
    /// Whether the next step adopts the logins of the facts. The facts have then recorded the ends before that step.
    pub adopts: bool,
}

impl Record {
    /// The wall clock when a record begins.
    pub const START: Timestamp = Timestamp(1_700_000_000_000);

    /// The record of a user who has never logged in.
    pub fn new(settings: AppSettings) -> Self {
        let now = Now { moment: Moment(1_000_000), wall: Self::START };
        let facts = UserFacts::default();
        let presence =
            Presence::from_facts(facts, Version::at(now.wall), now.wall, false, &settings, now.moment);
        let (told, last_event, last_login, seen, heard, adopts) = Default::default();
        let grace = Duration::from_secs(30);
        Self { presence, settings, now, grace, told, last_event, last_login, seen, heard, adopts }
    }

    pub fn status(&self) -> UserStatus {
        self.presence.status(&UserId::new("me").unwrap())
    }

    /// Runs a transition of the record at the current time.
    pub fn step<T>(
        &mut self,
        act: impl FnOnce(&mut Presence, &AppSettings, Now) -> Transition<T>,
    ) -> Transition<T> {
        let (before, status_before) = (self.presence.clone(), self.status());
        let done = act(&mut self.presence, &self.settings, self.now);
        self.judge_what_is_seen(&status_before, done.visible);
        self.judge_connections(&before, &done);
        self.judge_subscriptions(&before, &done);
        self.judge_events(done.has_events);
        assert!(done.changed || before == self.presence, "what says that it changed nothing changes nothing");
        self.judge_ends(&before);
        self.settle();
        done
    }

    /// Logs the device in and connects it.
    pub fn connect(
        &mut self,
        device: &DeviceId,
        platform: Platform,
        connection: ConnectionId,
    ) -> Transition<lamplight_core::Connected> {
        self.last_login += 1;
        let (login, issued) = (self.last_login, self.now.wall.as_secs());
        let connect = Connect { device, platform, login, born: 0, issued, connection, address: None };
        self.step(|me, settings, now| me.connect(&connect, settings, now))
    }

    /// Adopts the facts. Checks that `Presence::differs_from` has told beforehand whether this changes the record.
    pub fn adopt(&mut self, facts: &UserFacts) -> Transition<()> {
        let (differs, before) = (self.presence.differs_from(facts), self.presence.clone());
        self.adopts = true;
        let done = self.step(|me, settings, now| me.adopt_facts(facts, settings, now));
        self.adopts = false;
        assert_eq!(differs, done.changed, "{facts:?} {before:?}");
        assert!(differs || done == Transition::quiet(()), "{done:?}");
        done
    }

    /// Returns the UserSigs that a kick or a deletion would revoke now.
    pub fn revoked_now(&self) -> Revoked {
        Revoked::new(self.now.wall, self.presence.sigs_seen_since(self.now.wall))
    }

    /// Marks all pending ends as stored in the facts.
    fn settle(&mut self) {
        let ends: Vec<EndedLogin> = self.presence.unsettled_ends().cloned().collect();
        let settled = self.presence.ends_settled(&ends);
        assert_eq!(settled.changed, !ends.is_empty());
        assert_eq!(self.presence.unsettled_ends().count(), 0);
    }

    /// Checks that the record keeps the end of each native login until the facts have stored it. If a kick or a
    /// deletion has ended the login, the record needs no such end, because the facts have recorded it first.
    fn judge_ends(&self, before: &Presence) {
        for end in self.presence.unsettled_ends() {
            assert!(!self.presence.is_logged_in(&end.device) || end.login < self.last_login, "{end:?}");
        }
        let through = self.presence.ended_through();
        for gone in before.devices().iter().filter(|device| !device.platform.is_web()) {
            let is_there = self.presence.devices().iter().any(|device| device.id == gone.id);
            let is_told =
                self.presence.unsettled_ends().any(|end| end.device == gone.id && end.login >= gone.login);
            assert!(is_there || is_told || gone.login <= through || self.adopts, "{gone:?} ended untold");
        }
    }

    /// Advances the time. Processes each deadline when it is due, and passes its transition to `seen`.
    pub fn wait(&mut self, time: Duration, mut seen: impl FnMut(&Transition<Vec<Removed>>)) {
        let end = self.now.moment + time;
        while let Some(due) = self.presence.next_deadline().filter(|due| *due <= end) {
            self.nothing_happens_before(due);
            self.now = self.now.after(due.since(self.now.moment));
            let before = self.presence.clone();
            let now = self.now.moment;
            let lapses = |device: &&Device| matches!(device.link, Link::Gone { lapses } if lapses <= now);
            let lapsing: Vec<DeviceId> =
                before.devices().iter().filter(lapses).map(|device| device.id.clone()).collect();
            let done =
                self.step(|presence, settings, now| presence.expire(settings, now).map(|done| done.removed));
            let is_gone = |removed: &&Removed| !before.online_devices().contains(removed.platform);
            let lapsed: Vec<&DeviceId> =
                done.outcome.iter().filter(is_gone).map(|gone| &gone.device).collect();
            assert!(lapsed.iter().all(|device| lapsing.contains(device)), "{lapsing:?} {lapsed:?}");
            assert!(lapsing.iter().all(|device| !self.presence.is_logged_in(device)));
            seen(&done);
            assert!(before != self.presence, "something happens at a deadline");
            let online = self.presence.status_type() == StatusType::Online;
            assert!(!online || done.unsubscribed.is_empty(), "who is there keeps the list");
            let next = self.presence.next_deadline();
            assert!(
                next.is_none_or(|next| next > self.now.moment),
                "a deadline is handled at once: {before:?}"
            );
        }
        self.now = self.now.after(end.since(self.now.moment));
    }

    /// Restores the record in a new process after the time `down`. The monotonic clock starts again.
    pub fn restart(&mut self, down: Duration) {
        let before = self.status();
        let (devices, list) = (self.presence.devices().len(), self.presence.subscriptions().clone());
        let lapses = |record: &Self| -> Vec<Duration> {
            let links = record.presence.devices().iter().map(|device| device.link);
            links
                .filter_map(|link| match link {
                    Link::Gone { lapses } => Some(lapses.since(record.now.moment)),
                    Link::Connected(_) | Link::Held { .. } => None,
                })
                .collect()
        };
        let lapsing: Vec<Duration> = lapses(self).iter().map(|left| left.saturating_sub(down)).collect();

        let saved = self.presence.save(self.now);
        let lost_at = self.now.wall;
        self.now = Now { moment: Moment(77), wall: self.now.after(down).wall };
        self.presence = saved.restore(self.now, lost_at, self.now.moment + self.grace);

        assert_eq!(self.status(), before, "a restart shows nothing to anyone");
        assert_eq!((self.presence.devices().len(), self.presence.subscriptions()), (devices, &list));
        assert_eq!(lapses(self), lapsing, "time goes on while nobody counts it");
        assert!(connections(&self.presence).is_empty(), "connections do not outlive their process");
    }

    /// Checks three laws of session events. The events alone show which devices are connected. Logins and disconnects
    /// alternate. Each event has the status after it.
    fn judge_events(&mut self, has_events: bool) {
        let waiting = self.presence.pending_events().into_iter().flat_map(|events| events.waiting());
        let new: Vec<&SessionEvent> = waiting.filter(|event| event.ordinal > self.last_event).collect();
        assert_eq!(has_events, !new.is_empty(), "the transition reports events exactly if there are some");
        for event in new {
            assert!(event.ordinal > self.last_event, "ordinals rise");
            self.last_event = event.ordinal;
            let after = event.after.map(|after| (after.status_type, after.version));
            assert_eq!(after, Some((self.presence.status_type(), self.presence.version())), "{event:?}");
            let Some(device) = &event.device else { continue };
            match &event.kind {
                SessionEventKind::Login { .. } => {
                    assert_ne!(self.told.insert(device.id.clone(), true), Some(true), "{event:?}");
                }
                // A device that was not connected has a logout event too.
                SessionEventKind::Logout => drop(self.told.insert(device.id.clone(), false)),
                SessionEventKind::LinkClosed | SessionEventKind::TimedOut => {
                    assert_eq!(self.told.insert(device.id.clone(), false), Some(true), "{event:?}");
                }
                SessionEventKind::CustomStatus(_)
                | SessionEventKind::EndingCustomStatus { .. }
                | SessionEventKind::CustomStatusExpired => {}
            }
        }
        if self.settings.webhooks.state_change_url.is_empty() {
            return assert!(self.presence.pending_events().is_none());
        }
        // A login that was kicked by another one has no event of its own. The event of the new login names the platform
        // of the kicked one.
        self.told.retain(|device, _| self.presence.is_logged_in(device));
        for device in self.presence.devices() {
            let told = self.told.get(&device.id).copied().unwrap_or(false);
            assert_eq!(told, is_present(&device.link), "{device:?}");
        }
    }

    fn judge_what_is_seen(&self, before: &UserStatus, visible: bool) {
        let after = self.status();
        let links: Vec<bool> =
            self.presence.devices().iter().map(|device| is_present(&device.link)).collect();
        let derived = match (links.contains(&true), links.is_empty()) {
            (true, _) => StatusType::Online,
            (false, false) => StatusType::Offline,
            (false, true) => StatusType::Unlogined,
        };
        assert_eq!(after.status_type, derived);
        let web_login = |device: &Device| device.platform.is_web() && !is_present(&device.link);
        assert!(!self.presence.devices().iter().any(web_login), "a Web login ends with its connection");

        let look =
            |status: &UserStatus| (status.status_type, status.custom_status.clone(), status.custom_expires);
        assert_eq!(visible, look(before) != look(&after), "told exactly when something visible differs");
        if visible {
            assert!(after.version > before.version, "the version grows with every change");
            assert!(after.version >= Version::at(self.now.wall), "also above a record that was lost");
            assert_ne!(after.reason, Reason::None);
        } else {
            assert_eq!((after.version, after.reason), (before.version, before.reason));
        }
        let since = if before.status_type == derived { before.since } else { self.now.wall };
        assert_eq!(after.since, since, "since is when the status type last changed");
        assert!(
            after.custom_status.is_empty() || derived == StatusType::Online,
            "only an ONLINE user has a custom status"
        );
        assert!(after.custom_expires.is_none() || !after.custom_status.is_empty(), "no text, no end of it");
        let has_expired = before.custom_expires.is_some_and(|_| after.reason == Reason::CustomExpired);
        assert!(
            !visible || !has_expired || (after.custom_status.is_empty() && derived == StatusType::Online)
        );
    }

    fn judge_connections<T>(&mut self, before: &Presence, done: &Transition<T>) {
        let (was, is) = (connections(before), connections(&self.presence));
        let ended: BTreeSet<ConnectionId> = done.ended.iter().map(|ended| ended.connection).collect();
        let gone: BTreeSet<ConnectionId> = was.difference(&is).copied().collect();
        assert_eq!(ended.len(), done.ended.len(), "a connection ends once");
        assert!(ended.is_subset(&gone), "only what was there and is no more has to be closed");
        assert!(gone.len() - ended.len() <= 1, "what ended without the client's doing has to be closed");

        let ids: BTreeSet<_> = self.presence.devices().iter().map(|device| device.id.as_str()).collect();
        assert_eq!(ids.len(), self.presence.devices().len(), "a device is logged in once");

        let (before, after) = (before.status(&UserId::new("me").unwrap()), self.status());
        if after.status_type == StatusType::Online {
            assert_eq!(after.last_seen, None, "who is ONLINE is seen now");
            return;
        }
        assert!(after.last_seen >= self.seen, "what was told does not go back");
        self.seen = after.last_seen;
        if !was.is_empty() {
            let latest = Some(self.heard.unwrap_or(self.now.wall).max(before.since));
            assert!(after.last_seen >= latest, "the end of a connection is its last sign of life");
        }
    }

    fn judge_subscriptions<T>(&self, before: &Presence, done: &Transition<T>) {
        let list = |presence: &Presence| presence.subscriptions().iter().collect::<BTreeSet<UserId>>();
        let mut expected = list(before);
        for user in &done.subscribed {
            assert!(expected.insert(user.clone()), "{user} was on the list before");
        }
        for user in &done.unsubscribed {
            expected.remove(user);
        }
        assert_eq!(
            list(&self.presence),
            expected,
            "the transition returns who is new on the list and who has left it"
        );

        let held_for_nobody = self.presence.devices().is_empty() && !expected.is_empty();
        let latest = self.now.moment + self.settings.timing.subscription_retention();
        assert!(
            !held_for_nobody || self.presence.next_deadline().is_some_and(|due| due <= latest),
            "the subscription list of a user who is not ONLINE has an end"
        );
    }

    fn nothing_happens_before(&self, due: Moment) {
        if due.0 <= self.now.moment.0 + 1 {
            return;
        }
        let before = self.now.after(Duration::from_millis(due.0 - self.now.moment.0 - 1));
        let mut early = self.presence.clone();
        let done = early.expire(&self.settings, before);
        let user = UserId::new("me").unwrap();
        assert!(!done.visible && done.outcome.removed.is_empty() && done.unsubscribed.is_empty());
        assert_eq!(early.status(&user), self.presence.status(&user));
        assert_eq!(early.devices(), self.presence.devices());
        assert_eq!(early.next_deadline(), Some(due));
    }
}

/// Whether a link counts as present.
fn is_present(link: &Link) -> bool {
    match link {
        Link::Connected(_) | Link::Held { .. } => true,
        Link::Gone { .. } => false,
    }
}

fn connections(presence: &Presence) -> BTreeSet<ConnectionId> {
    let links = presence.devices().iter().map(|device| device.link);
    links
        .filter_map(|link| match link {
            Link::Connected(connection) => Some(connection),
            Link::Held { .. } | Link::Gone { .. } => None,
        })
        .collect()
}
