//! The checks of a quiet world. In a quiet world, no operation is in progress, the stores do not fail, and no event is
//! overdue.

use super::executor::block_on;
use super::judge::Name;
use super::node::{GRACE, THE_LANE};
use super::people::{
    APP, CLOCK_ERROR, Client, DEVICES, NAMES, Past, Stage, Who, id_of, is_over, label, same, seconds_of,
    shown, user_of, who_is,
};
use super::weather::Climate;
use super::world::World;
use crate::reference::group_of;
use lamplight_core::{Presence, Restrictions, Versioned, notifications, status_for};
use lamplight_model::{Platform, Reason, StatusType, UserStatus};
use lamplight_service::Viewing;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// The status of a user, with the restrictions that determine the status shown to a watcher.
type Watched = (UserStatus, Option<Arc<Restrictions>>);

/// The time in milliseconds within which all retries must succeed after the stores work again.
const LONGEST_RETRY: u64 = 130_000;

/// The time in milliseconds within which all session events must reach the backend.
const LONGEST_SENDING: u64 = 600_000;

/// The time in milliseconds within which a change reaches everybody.
const REACHES_ALL: u64 = 1_500;

/// The maximum number of pauses in which the quiet world waits for deadlines. A deadline that is not met is found by
/// [`World::look_for_overdue`].
const MOST_DEADLINES: usize = 60;

/// The time in milliseconds within which a custom status must be cleared after its duration.
const LONGEST_EXPIRY: u64 = 4_000;

/// The time in milliseconds within which every operation must end after the stores work again.
const LONGEST: u64 = 60_000;

impl World {
    /// Waits until no operation is in progress, and checks the invariants.
    pub fn come_to_rest(&mut self, phase: usize) {
        let delay = self.random().below(4);
        self.set_weather(Climate { delay, ..Climate::default() });
        if !self.finish(LONGEST) {
            let clients = self.people.clients.borrow();
            let waits = clients.iter().filter(|(_, client)| client.awaits.is_some());
            let who: Vec<String> = waits
                .map(|(number, client)| format!("{}: {:?}", label(*number, client), client.awaits))
                .collect();
            self.judge.found(Name::Stuck, format!("{who:?} and {} calls", self.under_way.get()));
        }
        let all: Vec<(u64, Stage, bool)> = {
            let clients = self.people.clients.borrow();
            clients.iter().map(|(number, client)| (*number, client.stage, client.stalled)).collect()
        };
        for (number, stage, stalled) in all {
            if stalled {
                self.stall(number, false);
            }
            if stage == Stage::New {
                self.end_link(number);
            }
        }
        self.repeat_what_was_interrupted();
        // This is long enough for all lingering, all graces and the closing of all connections.
        self.pass(GRACE.as_millis() as u64 + 4_000);
        self.wait_for_nodes();
        self.set_weather(Climate::default());
        self.pass(2_000);
        self.wait_for_retries();
        self.wait_for_texts();
        self.judge_logins();
        self.judge_connections();
        self.judge_lists();
        self.judge_events();
        self.judge_restrictions();
        if self.judge.is_broken() {
            return;
        }
        let expected = self.expect_watched();
        self.wait_for_texts();
        // Before the next change of a user, which would correct a wrong status.
        self.judge_pictures(&expected);
        self.probe(phase);
        // A login whose retention has ended during the probe.
        self.wait_for_deadlines();
        self.pass(REACHES_ALL);
        self.judge_pictures(&expected);
        self.probe_restrictions(phase, &expected);
        self.judge_pictures(&expected);
        // Friend notification may have been switched on meanwhile, and subscriptions may have become effective again.
        for who in self.everybody() {
            let friends = block_on(self.node().facts().mutual_friends(user_of(who))).unwrap_or_default();
            let allowed = &mut self.people.allowed.borrow_mut()[who];
            allowed.extend(friends.iter().map(who_is));
            allowed.extend(self.listed(who));
        }
        let now = self.time_of_nodes();
        self.people.pasts.borrow_mut().iter_mut().for_each(|past| past.rest(now));
        self.people.logins.borrow_mut().clear();
    }

    /// Waits until the server has retried every failed store call. The pauses before its retries increase.
    fn wait_for_retries(&mut self) {
        let until = self.now() + LONGEST_RETRY;
        loop {
            let waiting: usize = self.nodes.iter().map(|node| node.shared.service.retries().0).sum();
            let unsettled: Vec<Who> = self
                .everybody()
                .filter(|who| {
                    let ends = |presence: Option<&Presence>| {
                        presence.is_some_and(|presence| presence.unsettled_ends().next().is_some())
                    };
                    self.node().peek(&user_of(*who), ends)
                })
                .collect();
            if waiting == 0 && unsettled.is_empty() {
                return;
            }
            if self.now() > until {
                self.judge.found(Name::Stuck, format!("{waiting:?} retries, ends of {unsettled:?} wait"));
                return;
            }
            self.pass(1_000);
        }
    }

    /// Waits while a custom status is about to end, or has just ended. Then checks that no record has a text that
    /// should have been cleared. The keeper and the duties of nodes may take [`LONGEST_EXPIRY`] to clear a text.
    pub(super) fn wait_for_texts(&mut self) {
        let texts = |world: &Self| -> Vec<(Who, UserStatus)> {
            let all = world.statuses().into_iter().enumerate();
            all.filter_map(|(who, status)| Some((who, status.filter(|it| it.custom_expires.is_some())?)))
                .collect()
        };
        // The last pause below crosses no end.
        let ends_soon = |world: &Self| {
            let (now, all) = (world.time_of_nodes(), texts(world));
            all.iter().any(|(_, status)| {
                is_over(status, now + CLOCK_ERROR + REACHES_ALL)
                    && !is_over(status, now.saturating_sub(LONGEST_EXPIRY))
            })
        };
        while ends_soon(self) {
            self.pass(500);
        }
        self.wait_for_deadlines();
        self.pass(REACHES_ALL);
        for (who, status) in texts(self) {
            if is_over(&status, self.time_of_nodes().saturating_sub(LONGEST_EXPIRY)) {
                let what = format!("{} still has {} at {}", NAMES[who], shown(&status), self.time_of_nodes());
                self.judge.found(Name::CustomExpiry, what);
            }
        }
    }

    /// Waits while a record has a deadline within the time in which its change reaches everybody, for example the end of
    /// the retention of a login.
    pub(super) fn wait_for_deadlines(&mut self) {
        for _ in 0..MOST_DEADLINES {
            let now = self.node().shared.now().moment;
            let until = now + Duration::from_millis(CLOCK_ERROR + REACHES_ALL);
            let is_near = |who: Who| {
                let due = self.node().peek(&user_of(who), |presence| presence?.next_deadline());
                due.is_some_and(|due| due <= until)
            };
            if !self.everybody().any(is_near) {
                return;
            }
            self.pass(500);
        }
    }

    /// Restarts the process in the quiet world. Checks that no status changes.
    pub fn restart_quietly(&mut self) {
        let before = self.statuses();
        self.restart();
        for (who, (was, is)) in before.iter().zip(self.statuses()).enumerate() {
            let differs = match (was, &is) {
                // Nobody may be shown a text that is over, so the time at which it is cleared does not matter.
                (Some(was), Some(is)) if is_over(was, self.time_of_nodes()) => {
                    was.status_type != is.status_type || is.version < was.version
                }
                (Some(was), Some(is)) => !same(was, is) || is.version < was.version,
                (None, None) => false,
                (Some(_), None) | (None, Some(_)) => true,
            };
            if differs {
                let text = |status: &Option<UserStatus>| status.as_ref().map(shown);
                let what = format!("{}: {:?}, then {:?}", NAMES[who], text(was), text(&is));
                self.judge.found(Name::RestartChanges, what);
            }
        }
    }

    /// The status of each user according to the record; `None` without a record.
    pub(super) fn statuses(&self) -> Vec<Option<UserStatus>> {
        (0..self.plan.users)
            .map(|who| self.node().peek(&user_of(who), |presence| Some(presence?.status(&id_of(who)))))
            .collect()
    }

    /// Returns the status of a user as watchers get it; `None` if it cannot be read.
    fn watched_status(&self, who: Who) -> Option<Watched> {
        let (service, now) = (&self.node().shared.service, self.node().shared.now());
        let (user, ids) = (user_of(who), [id_of(who)]);
        block_on(service.restricted_statuses(&user, &ids, Viewing::Watched, now)).ok()?.pop()?
    }

    fn judge_logins(&self) {
        for who in self.everybody() {
            let user = user_of(who);
            let facts: BTreeMap<usize, Platform> = block_on(self.node().facts().logins(user.clone()))
                .unwrap_or_default()
                .into_iter()
                .filter_map(|login| {
                    let place = DEVICES.iter().position(|(name, _)| *name == login.device.as_str())?;
                    Some((place, login.platform))
                })
                .collect();
            let live: BTreeMap<usize, Platform> =
                self.devices(who).into_iter().map(|(device, platform, _)| (device, platform)).collect();
            self.judge_rivals(who);
            let past = self.people.pasts.borrow()[who].clone();
            for (device, (name, _)) in DEVICES.iter().enumerate() {
                let (fact, record) = (facts.get(&device), live.get(&device));
                let agree = match (fact, record) {
                    (None, None) => true,
                    (None, Some(platform)) => platform.is_web(),
                    (Some(fact), Some(record)) => fact == record && !record.is_web(),
                    (Some(_), None) => false,
                };
                if !agree {
                    let ran_on = self.platforms.get(&(who, device)).map_or(0, BTreeSet::len);
                    let rule = match (fact, record) {
                        _ if ran_on > 1 => Name::Platform,
                        (Some(_), None) if !past.kicks.is_empty() => Name::OrphanLogin,
                        (None, Some(_)) if past.logged_out[device] => Name::HalfLoggedOut,
                        _ => Name::FactsDiffer,
                    };
                    let what = format!("{}.{}: facts {fact:?}, record {record:?}", NAMES[who], name);
                    self.judge.found(rule, what);
                }
            }
            self.judge_kick(who, &past, live.len().max(facts.len()));
            let account = block_on(self.node().facts().accounts(vec![user.clone()]));
            let has_account = account.is_ok_and(|accounts| accounts[0].is_some());
            self.judge_deletion(who, &past, has_account);
            let is_deleted = self.node().peek(&user, |presence| presence.map(|it| it.is_deleted()));
            if !has_account && (is_deleted == Some(false) || !live.is_empty())
                || has_account && is_deleted == Some(true)
            {
                let what = format!("{}: account {has_account}, deleted {is_deleted:?}", NAMES[who]);
                self.judge.found(Name::AccountDiffers, what);
            }
        }
    }

    /// Checks the connected devices against the multi-device policy. After a crash during a login, a device that the
    /// login should have kicked may still be logged in. It must not be connected at the same time as the new device.
    fn judge_rivals(&self, who: Who) {
        let policy = self.plan.settings.multi_device;
        let connected: Vec<Platform> =
            self.devices(who).into_iter().filter_map(|(_, platform, link)| link.map(|_| platform)).collect();
        let is_too_many = |one: Platform| {
            let rivals =
                || connected.iter().filter(|it| group_of(policy.mode, **it) == group_of(policy.mode, one));
            let instances = if one.is_web() { policy.web_instances } else { policy.native_instances };
            rivals().any(|it| *it != one) || rivals().count() > usize::from(instances)
        };
        if connected.iter().any(|platform| is_too_many(*platform)) {
            self.judge.found(Name::RivalsStand, format!("{}: {connected:?}", NAMES[who]));
        }
    }

    /// Checks that a kicked user has no login. A user is exempt after an attempt to log in with a UserSig that was
    /// issued in the same second as the kick, or later.
    fn judge_kick(&self, who: Who, past: &Past, logins: usize) {
        let done = past.kicks.iter().filter(|kick| kick.answered.is_some());
        let Some(kicked) = done.map(|kick| kick.began).max() else { return };
        if !self.has_tried_since(who, kicked, true) && logins > 0 {
            let what = format!("{} was kicked at {kicked}, and has {logins} logins", NAMES[who]);
            self.judge.found(Name::LoggedInAfterEnd, what);
        }
    }

    /// Whether the user has tried to log in with a UserSig from the second of `began` or a later second. Resumes count
    /// only if `resumes_too`.
    fn has_tried_since(&self, who: Who, began: u64, resumes_too: bool) -> bool {
        let second = |millis: u64| super::executor::wall(millis).as_secs();
        let all = self.people.logins.borrow();
        all.iter().any(|(whose, issued, resume)| {
            *whose == who && second(*issued) >= second(began) && (resumes_too || !resume)
        })
    }

    /// Checks that a deleted account stays deleted. An account is exempt if the server API created it again, or if the
    /// user tried to log in.
    fn judge_deletion(&self, who: Who, past: &Past, has_account: bool) {
        let done = past.kicks.iter().filter(|kick| kick.deletes && kick.answered.is_some());
        let Some(deleted) = done.map(|kick| kick.began).max() else { return };
        let is_made = past.created.is_some_and(|made| made >= deleted);
        if has_account && !is_made && !self.has_tried_since(who, deleted, false) {
            self.judge.found(Name::DeletedReturns, format!("{} was deleted at {deleted}", NAMES[who]));
        }
    }

    fn judge_connections(&self) {
        let mut open = BTreeMap::new();
        for worker in self.nodes.iter().flat_map(|node| &node.workers) {
            for (id, client, user, device) in worker.logged_in() {
                open.insert(id, (client, user, device));
            }
        }
        let mut connected = BTreeSet::new();
        for who in self.everybody() {
            for (device, _, connection) in self.devices(who) {
                let Some(id) = connection else { continue };
                let is_open = open
                    .get(&id)
                    .is_some_and(|(_, user, on)| *user == user_of(who) && on.as_str() == DEVICES[device].0);
                if is_open {
                    connected.insert(id);
                    continue;
                }
                let node = self.nodes.iter().find(|node| node.shared.node == id.node);
                let attempt = node.and_then(|it| it.shared.attempts.borrow().get(&id.local).cloned());
                let name = match &attempt {
                    Some(attempt) if attempt.end_was_lost => Name::GhostOfLostEnd,
                    Some(attempt) if attempt.has_failed => Name::GhostOfFailedLogin,
                    Some(attempt) if attempt.met_bug => Name::GhostOfBug,
                    Some(_) | None => Name::Ghost,
                };
                let what = format!("{}.{} over {}: {attempt:?}", NAMES[who], DEVICES[device].0, id.local);
                self.judge.found(name, what);
            }
        }
        for (id, (client, user, device)) in &open {
            if !connected.contains(id) {
                let what = format!("{}.{} over {} (#{client})", user.id, device, id.local);
                self.judge.found(Name::NoSuchLogin, what);
            }
        }
    }

    /// Waits until the backend has all session events. Compares the record with the state that the backend has derived
    /// from the events.
    fn judge_events(&mut self) {
        if self.has_unrecorded_events() {
            self.pass(1_000);
        }
        for who in self.everybody() {
            let left = self.node().peek(&user_of(who), |presence| {
                presence.and_then(|it| it.pending_events()).map(|events| events.waiting().count())
            });
            if let Some(left) = left {
                self.judge.found(Name::EventsLeft, format!("{}: {left}", NAMES[who]));
            }
        }
        let Some(receiver) = self.around.receiver.clone() else { return };
        let until = self.now() + LONGEST_SENDING;
        // A custom status whose duration passes meanwhile causes another event.
        while self.has_unrecorded_events()
            || !block_on(self.node().facts().heads(THE_LANE, 1)).is_ok_and(|heads| heads.is_empty())
        {
            if self.now() > until {
                self.judge.found(Name::EventsLeft, "not all events were delivered to the backend".to_owned());
                return;
            }
            self.pass(500);
        }
        // No user connects or disconnects meanwhile, but the retention of a login may end.
        for who in self.everybody() {
            let status = self.node().peek(&user_of(who), |presence| Some(presence?.status(&id_of(who))));
            let (status_type, custom) = status.map_or((StatusType::Unlogined, String::new()), |status| {
                (status.status_type, status.custom_status.as_str().to_owned())
            });
            let connected =
                self.devices(who).into_iter().filter(|(.., link)| link.is_some()).map(|(place, ..)| place);
            receiver.judge_quiet(who, status_type, &custom, &connected.collect());
        }
    }

    fn has_unrecorded_events(&self) -> bool {
        self.everybody().any(|who| {
            self.node().peek(&user_of(who), |presence| {
                presence.and_then(Presence::pending_events).is_some_and(|it| it.waiting().next().is_some())
            })
        })
    }

    /// For each user: the users about whom the user must be notified.
    pub(super) fn expect_watched(&self) -> BTreeMap<Who, BTreeSet<Who>> {
        let app = self.node().shared.service.apps().get(APP).expect("the world has created the app");
        let notified = notifications(&app.settings);
        let mut expected: BTreeMap<Who, BTreeSet<Who>> = BTreeMap::new();
        for who in self.everybody() {
            let user = user_of(who);
            let watched = expected.entry(who).or_default();
            if notified.others {
                watched.extend(self.listed(who));
            }
            if notified.friends {
                let friends = block_on(self.node().facts().mutual_friends(user)).unwrap_or_default();
                watched.extend(friends.iter().map(who_is));
            }
        }
        expected
    }

    /// The subscription list of a user.
    pub(super) fn listed(&self, who: Who) -> BTreeSet<Who> {
        self.node().peek(&user_of(who), |presence| {
            presence.map(|it| it.subscriptions().iter().map(|id| who_is(&id)).collect()).unwrap_or_default()
        })
    }

    /// Sets a new custom status for each user who is ONLINE. The server must send it to the watchers of that user, and
    /// to nobody else.
    fn probe(&mut self, phase: usize) {
        *self.people.allowed.borrow_mut() = {
            let mut allowed = vec![BTreeSet::new(); NAMES.len()];
            for (who, of) in self.expect_watched() {
                allowed[who] = of;
            }
            allowed
        };
        let text = format!("probe {phase}");
        for who in self.everybody() {
            let online = self.node().peek(&user_of(who), |presence| {
                presence.is_some_and(|it| it.status_type() == StatusType::Online)
            });
            if online {
                let (service, now) = (&self.node().shared.service, self.node().shared.now());
                if let Err(error) =
                    block_on(service.set_status_for(&user_of(who), &text, seconds_of(&text), now))
                {
                    self.judge.found(Name::Stuck, format!("a status cannot be set: {error}"));
                }
            }
        }
        if seconds_of(&text) == 1 {
            self.ask_when_texts_end(1_000);
        }
        self.pass(1_500);
    }

    /// Queries the statuses at each node when texts have just ended. At this time, the keepers have not cleared all of
    /// them yet.
    fn ask_when_texts_end(&mut self, millis: u64) {
        self.pass(millis);
        for node in &self.nodes {
            let (service, now) = (&node.shared.service, node.shared.now());
            for who in self.everybody() {
                let status = block_on(service.statuses(&user_of(who), &[id_of(who)], Viewing::Watched, now));
                let status = status.ok().and_then(|mut statuses| statuses.pop()).flatten();
                let is_over = |it: &UserStatus| it.custom_expires.is_some_and(|expires| expires <= now.wall);
                if let Some(status) = status.filter(is_over) {
                    let what = format!("{} is shown as {} at {now:?}", NAMES[who], shown(&status));
                    self.judge.found(Name::CustomExpiry, what);
                }
            }
        }
    }

    pub(super) fn judge_pictures(&self, expected: &BTreeMap<Who, BTreeSet<Who>>) {
        let truth: Vec<Option<Watched>> = (0..self.plan.users).map(|who| self.watched_status(who)).collect();
        let clients = self.people.clients.borrow();
        for worker in self.nodes.iter().flat_map(|node| &node.workers) {
            for (id, number, user, _) in worker.logged_in() {
                let Some(client) = clients.get(&number) else {
                    self.judge.found(Name::NoSuchLogin, format!("{} has no client", id.local));
                    continue;
                };
                let who = who_is(&user.id);
                for of in expected[&who].iter().copied().chain([who]) {
                    self.judge_picture(number, client, of, truth[of].as_ref());
                }
                let list = self.listed(who);
                let watched: Option<BTreeSet<Who>> =
                    worker.subscriptions(id).map(|list| list.into_iter().collect());
                if watched.as_ref().is_some_and(|watched| *watched != list) {
                    let what = format!("{} watches {watched:?}, the list is {list:?}", label(number, client));
                    let missing = watched.is_some_and(|watched| !watched.is_superset(&list));
                    self.judge.found(if missing { Name::Blind } else { Name::ListDiffers }, what);
                }
                if client.list.as_ref().is_some_and(|known| *known != list) {
                    let what =
                        format!("{} has {:?}, the list is {list:?}", label(number, client), client.list);
                    self.judge.found(Name::ListDiffers, what);
                }
            }
        }
    }

    fn judge_picture(&self, number: u64, client: &Client, of: Who, truth: Option<&Watched>) {
        let Some((truth, restrictions)) = truth else { return };
        let truth = &status_for(truth.clone(), restrictions.as_deref(), &id_of(client.who));
        let known = client.picture.get(&of);
        // A client is not notified if only the version is new. The version rises at a loss. It also rises when other
        // viewers may see the status again.
        let is_renumbered = |known: &UserStatus| self.plan.restricts && known.since == truth.since;
        // If the nodes do not know the time of a loss exactly, they make different versions for a user without a record.
        let is_of_other_node = |known: &UserStatus| {
            let is_as_made = truth.reason == Reason::None && known.since == truth.since;
            self.plan.clock_jumps && known.version > truth.version && is_as_made
        };
        let is_current = |known: &UserStatus| {
            known.version == truth.version
                || is_of_other_node(known)
                || known.version < truth.version && (known.is_put_back_as(truth) || is_renumbered(known))
        };
        let is_right = known.is_some_and(|known| is_current(known) && same(known, truth));
        if !is_right {
            let known = known.map(shown);
            let what =
                format!("{} has {} as {known:?}, not {}", label(number, client), NAMES[of], shown(truth));
            self.judge.found(Name::Blind, what);
        }
    }
}
