//! Applies every step to the model and to the world, and compares the results.

use crate::answer::{Answer, Cause, Shown};
use crate::client::Client;
use crate::reference::Reference;
use crate::step::{Device, End, Knob, Step, USERS, WORKERS, Who, who_is};
use crate::worker::Notice;
use crate::world::{Failed, World};
use lamplight_model::{AppSettings, Moment, Now, Reason, StatusType, Timestamp, UserStatus, Version};
use lamplight_service::Viewing;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A status that a client received.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    /// The connection of the client.
    pub connection: u64,
    /// The user of the client.
    pub who: Who,
    /// The device of the client.
    pub device: Device,
    /// The user with this status.
    pub of: Who,
    /// The received status.
    pub status: UserStatus,
}

/// The description of a difference between the model and the world.
#[derive(Debug)]
pub struct Fault(pub String);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Fault {}

impl From<Failed> for Fault {
    fn from(failed: Failed) -> Self {
        let mut text = failed.to_string();
        let mut source = failed.source();
        while let Some(error) = source {
            text.push_str(&format!(": {error}"));
            source = error.source();
        }
        Self(text)
    }
}

/// The fields whose changes give a status a new version. A change of `last_seen`, or of the devices of an online user,
/// does not.
type Versioned = (StatusType, String, Option<Timestamp>, Timestamp, Reason);

/// All statuses that the directory has had for a user.
#[derive(Default)]
struct Record {
    /// The result of [`Reference::changes`] when the last status was compared; `None` before the first comparison.
    at: Option<(u64, u64)>,
    versions: BTreeMap<Version, Versioned>,
    /// `true` if the record of a deleted account was removed and the status has not changed since.
    forgotten: bool,
}

/// A model and a world with the same history, and the results to compare.
pub struct Trial {
    reference: Reference,
    world: World,
    records: Vec<Record>,
    connections: u64,
    told: Vec<Told>,
    tally: BTreeMap<String, usize>,
}

impl Trial {
    /// Creates a trial. The limits of its app are low, so that histories often reach them.
    pub fn new() -> Result<Self, Fault> {
        Self::on(false)
    }

    /// Creates a trial on several nodes that share their stores.
    pub fn on_nodes() -> Result<Self, Fault> {
        Self::on(true)
    }

    fn on(has_nodes: bool) -> Result<Self, Fault> {
        let now = Now { moment: Moment(10_000_000), wall: Timestamp(1_700_000_000_000) };
        let mut settings = AppSettings::default();
        let small = [
            (Knob::Subscriptions, 3),
            (Knob::QueryBatch, 5),
            (Knob::SubscribeBatch, 4),
            (Knob::UnsubscribeBatch, 4),
            (Knob::TextBytes, 8),
            (Knob::RateCalls, 3),
            (Knob::LoginRetention, 300_000),
            (Knob::ListRetention, 40_000),
            (Knob::FriendNotification, 1),
        ];
        small.into_iter().for_each(|(knob, value)| knob.turn(&mut settings, value));
        Ok(Self {
            reference: Reference::new(now, settings.clone()),
            world: World::new(now, settings, has_nodes)?,
            records: USERS.iter().map(|_| Record::default()).collect(),
            connections: 0,
            told: Vec::new(),
            tally: BTreeMap::new(),
        })
    }

    /// The model.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// The world.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The statuses that clients received in the last step, in order of time.
    pub fn told(&self) -> &[Told] {
        &self.told
    }

    /// The number of times that each kind of event has occurred: answers, ends of connections, received statuses.
    pub fn tally(&self) -> &BTreeMap<String, usize> {
        &self.tally
    }

    fn count(&mut self, what: impl Into<String>) {
        *self.tally.entry(what.into()).or_default() += 1;
    }

    /// Executes a step, compares the results, and returns the answer. Returns `None` if the step is impossible now,
    /// such as a call without a connection.
    pub fn step(&mut self, step: &Step) -> Result<Option<Answer>, Fault> {
        let Some(connection) = self.connection(step) else { return Ok(None) };
        self.told.clear();
        let lives: Vec<u64> = (0..USERS.len()).map(|who| self.reference.changes(who).0).collect();
        let expected = self.reference.apply(step, connection);
        let now = self.reference.now;
        let answer = self.world.listen(|world| world.apply(step, connection, now))?;
        let is_late = self.world.clients().get(&connection).is_some_and(|c| !self.world.is_awake(c.worker));
        if !agree(&answer, &expected, is_late) {
            return Err(Fault(format!("answered {answer:?}\n  instead of {expected:?}")));
        }
        self.count_answer(&answer);
        if let Step::LoseNode { .. } = step {
            self.count("lost node");
        }
        if let Step::Login { .. } = step
            && let Some(client) = self.world.client_mut(connection)
        {
            client.allowed = told_of(&self.reference, client.who);
            client.set_list(self.reference.subscriptions(client.who));
            let reference = &self.reference;
            let who = client.who;
            client.keep_only(|of| reference.may_watch(who, of));
            if is_late {
                client.expect_repeats();
            }
        }
        self.end_texts()?;
        for (who, life) in lives.into_iter().enumerate() {
            if self.reference.changes(who).0 != life && self.reference.watched_status(who).is_none() {
                self.count("forgotten");
                self.records[who].forgotten = true;
                self.world.forget(who);
            }
        }
        if let Step::Befriend { .. } = step {
            // A worker may read in one round that a friendship has ended and that it has begun again. It then watches
            // this friend anew, and may repeat the status.
            for worker in (0..WORKERS).filter(|worker| !self.world.is_awake(*worker)).collect::<Vec<_>>() {
                self.for_clients(worker, |_, client| client.expect_repeats());
            }
        }
        self.compare_statuses()?;
        self.let_hear()?;
        if let Step::Read { statuses, .. } = step {
            let told = self.world.write_to(connection, *statuses);
            self.judge_told(connection, told)?;
        }
        if *step == Step::Quiet {
            self.judge_quiet()?;
        }
        for (connection, told) in self.world.write(usize::MAX, false) {
            self.judge_told(connection, told)?;
        }
        Ok(Some(answer))
    }

    /// Clears the texts whose duration has passed. In some steps, the keeper clears them; in others, a query does.
    fn end_texts(&mut self) -> Result<(), Fault> {
        let now = self.reference.now;
        if !self.reference.has_text_over() {
            return Ok(());
        }
        if !now.moment.0.is_multiple_of(2) {
            self.count("text cleared by a reader");
            self.reference.end_texts();
            self.world.listen(|world| world.statuses(Viewing::Asked, now))?;
            return Ok(());
        }
        self.count("text cleared by the keeper");
        self.reference.apply(&Step::Upkeep, 0);
        self.world.listen(|world| world.apply(&Step::Upkeep, 0, now))?;
        match self.world.has_text_over(now)? {
            true => Err(Fault("the keeper leaves a custom status whose duration has passed".into())),
            false => Ok(()),
        }
    }

    fn count_answer(&mut self, answer: &Answer) {
        match answer {
            Answer::Done | Answer::Was(_) => {}
            Answer::Refused(code) => self.count(format!("refused {code}")),
            Answer::LoggedIn { registered: true, .. } => self.count("registered"),
            Answer::LoggedIn { registered: false, .. } => self.count("logged in"),
            Answer::Own(_) => self.count("text set"),
            Answer::Statuses { .. } => self.count("queried"),
            Answer::Subscribed { evicted, .. } if evicted.is_empty() => self.count("subscribed"),
            Answer::Subscribed { .. } => self.count("evicted"),
            Answer::Unsubscribed { .. } => self.count("unsubscribed"),
            Answer::List(..) => self.count("listed"),
        }
    }

    /// Returns the connection of a step, or 0 if the step needs none. `None` if the step needs a connection that does
    /// not exist.
    fn connection(&mut self, step: &Step) -> Option<u64> {
        match step {
            Step::Login { who, .. } | Step::Create { who } if self.begins_too_early(*who) => None,
            Step::Login { worker, .. } if self.reference.is_down(*worker) => None,
            Step::LoseNode { .. } if !self.reference.can_lose() => None,
            Step::StartNode { worker } if !self.reference.can_start(*worker) => None,
            Step::Login { .. } => {
                self.connections += 1;
                Some(self.connections)
            }
            Step::Close { who, device, end: End::LateClosed } => {
                let mut of_device =
                    self.world.clients().iter().filter(|(_, c)| (c.who, c.device) == (*who, *device));
                of_device.next().map(|(connection, _)| *connection)
            }
            Step::Logout { who, device }
            | Step::Close { who, device, .. }
            | Step::SigEnds { who, device }
            | Step::Text { who, device, .. }
            | Step::Query { who, device, .. }
            | Step::Subscribe { who, device, .. }
            | Step::Unsubscribe { who, device, .. }
            | Step::List { who, device }
            | Step::Stall { who, device }
            | Step::Read { who, device, .. }
            | Step::Unstall { who, device } => {
                let newest = self.world.clients().iter().rev();
                newest.filter(|(_, c)| (c.who, c.device) == (*who, *device)).map(|(id, _)| *id).next()
            }
            Step::Befriend { .. }
            | Step::Unfriend { .. }
            | Step::Create { .. }
            | Step::Delete { .. }
            | Step::Kick { .. }
            | Step::Set { .. }
            | Step::Advance { .. }
            | Step::Jump { .. }
            | Step::Upkeep
            | Step::Doze { .. }
            | Step::Wake { .. }
            | Step::Flood
            | Step::Restart { .. }
            | Step::LoseLive
            | Step::LoseNode { .. }
            | Step::StartNode { .. }
            | Step::Quiet => Some(0),
        }
    }

    /// Whether an account would be created again while the wall clock is behind the last version of the earlier
    /// account. The user's versions would then decrease.
    fn begins_too_early(&self, who: Who) -> bool {
        let last = self.records[who].versions.last_key_value();
        let begins = self.reference.begins_above(who);
        begins.zip(last).is_some_and(|(begins, (last, _))| *last >= Version::at(begins))
    }

    /// Checks that the directory and the model have the same status of every user. Also checks that a version increases
    /// exactly when the status changes.
    fn compare_statuses(&mut self) -> Result<(), Fault> {
        for (who, answered) in self.world.statuses(Viewing::Asked, self.reference.now)?.iter().enumerate() {
            let (actual, expected) = (answered.as_ref().map(Shown::of), self.reference.status(who));
            if actual != expected {
                let name = USERS[who];
                return Err(Fault(format!(
                    "a query for {name} returns {actual:?}\n  instead of {expected:?}"
                )));
            }
        }
        for (who, actual) in
            self.world.statuses(Viewing::Watched, self.reference.now)?.into_iter().enumerate()
        {
            let name = USERS[who];
            let expected = self.reference.watched_status(who);
            if actual.as_ref().map(Shown::of) != expected {
                let actual = actual.as_ref().map(Shown::of);
                return Err(Fault(format!("{name} is {actual:?}\n  instead of {expected:?}")));
            }
            let Some(actual) = actual else { continue };
            let record = &mut self.records[who];
            let at = self.reference.changes(who);
            let last = record.versions.last_key_value().map(|(version, _)| *version);
            let is_right = match (last, record.at) {
                (Some(last), Some(before)) if before == at => actual.version == last,
                (Some(last), _) => actual.version > last,
                (None, _) => true,
            };
            if !is_right {
                let version = actual.version;
                return Err(Fault(format!(
                    "{name} has version {version} after {last:?}, {:?} → {at:?}",
                    record.at
                )));
            }
            record.at = Some(at);
            record.forgotten &= actual.reason == Reason::None;
            record.versions.insert(actual.version, versioned(&actual));
        }
        let online = (0..USERS.len()).filter_map(|who| self.reference.status(who));
        let online = online.filter(|status| status.kind == StatusType::Online).count() as u64;
        let stats = self.world.stats()?;
        if stats.online != online || stats.journal_errors != 0 {
            return Err(Fault(format!("{stats:?} with {online} users ONLINE")));
        }
        Ok(())
    }

    fn let_hear(&mut self) -> Result<(), Fault> {
        for (worker, notices) in self.world.hear(self.reference.now)? {
            for notice in notices {
                match notice {
                    Notice::Closed(connection, cause) => self.judge_closed(connection, cause)?,
                    Notice::ListChanged { connection, added, left } => {
                        self.count("list changed on another device");
                        if let Some(client) = self.world.client_mut(connection) {
                            client.change_list(&added, &left);
                        }
                    }
                    Notice::Missed => self.note_missed(worker),
                }
            }
        }
        for worker in (0..WORKERS).filter(|worker| self.world.is_awake(*worker)).collect::<Vec<_>>() {
            self.for_clients(worker, |reference, client| {
                client.allowed = told_of(reference, client.who);
                let who = client.who;
                client.keep_only(|of| reference.may_watch(who, of));
            });
        }
        Ok(())
    }

    /// Updates the clients of a worker that has missed entries of the change log. These clients get the whole
    /// subscription list.
    fn note_missed(&mut self, worker: usize) {
        self.count("missed a part of the log");
        self.for_clients(worker, |reference, client| {
            client.set_list(reference.subscriptions(client.who));
        });
    }

    fn for_clients(&mut self, worker: usize, mut act: impl FnMut(&Reference, &mut Client)) {
        let ids: Vec<u64> = self.world.clients().keys().copied().collect();
        for id in ids {
            if let Some(client) = self.world.client_mut(id).filter(|client| client.worker == worker) {
                act(&self.reference, client);
            }
        }
    }

    fn judge_closed(&mut self, connection: u64, cause: Option<Cause>) -> Result<(), Fault> {
        let expected = self.reference.end_of(connection);
        self.count(match cause {
            Some(Cause::Superseded) => "closed: superseded",
            Some(Cause::KickedByLogin(_)) => "closed: kicked by a login",
            Some(Cause::KickedByOperator) => "closed: kicked by the operator",
            Some(Cause::Deleted) => "closed: account deleted",
            Some(Cause::Own) | None => "closed: found dead",
        });
        let is_right = match (expected, cause) {
            (Some(_), None) => true,
            (Some(expected), Some(cause)) => expected == cause,
            (None, _) => false,
        };
        if is_right { Ok(()) } else { Err(Fault(format!("closed with {cause:?} instead of {expected:?}"))) }
    }

    /// Checks the statuses that a client has received. The client must be allowed to watch the user, and the status
    /// must have existed. The version must be newer than the client's previous version of the user.
    fn judge_told(&mut self, connection: u64, told: Vec<UserStatus>) -> Result<(), Fault> {
        for status in told {
            self.count("told");
            let of = who_is(&status.user_id);
            let Some(client) = self.world.client_mut(connection) else { continue };
            let wrong = |what: String| {
                let (who, device) = (USERS[client.who], crate::DEVICES[client.device].0);
                Fault(format!(
                    "{who}.{device} (connection {connection}) was notified of {}: {what}",
                    USERS[of]
                ))
            };
            if !client.allowed.contains(&of) && !self.reference.may_be_told(client.who, of) {
                return Err(wrong("which it may not watch".into()));
            }
            let truth = self.records[of].versions.get(&status.version);
            if truth != Some(&versioned(&status)) {
                return Err(wrong(format!("{status:?}, but it was {truth:?}")));
            }
            let (who, device) = (client.who, client.device);
            self.told.push(Told { connection, who, device, of, status: status.clone() });
            if let Err(what) = client.hear(of, status) {
                let (who, device) = (USERS[client.who], crate::DEVICES[client.device].0);
                return Err(Fault(format!(
                    "{who}.{device} (connection {connection}) of {}: {what}",
                    USERS[of]
                )));
            }
        }
        Ok(())
    }

    /// Checks, after everything was read, that clients have the current statuses. Also checks that exactly the expected
    /// connections are open.
    fn judge_quiet(&mut self) -> Result<(), Fault> {
        for (connection, told) in self.world.write(usize::MAX, true) {
            self.judge_told(connection, told)?;
        }
        let there: BTreeSet<u64> = self.world.clients().keys().copied().collect();
        let expected = self.reference.connections();
        if there != expected {
            return Err(Fault(format!("the connections are {there:?}\n  instead of {expected:?}")));
        }
        for (connection, client) in self.world.clients() {
            let name = format!(
                "{}.{} (connection {connection})",
                USERS[client.who],
                crate::DEVICES[client.device].0
            );
            let list: BTreeSet<Who> = self.reference.subscriptions(client.who).iter().copied().collect();
            if client.list().is_some_and(|told| *told != list) {
                return Err(Fault(format!("{name} has the list {:?}\n  instead of {list:?}", client.list())));
            }
            for of in told_of(&self.reference, client.who) {
                let record = &self.records[of];
                let shows = client.picture().get(&of).map(versioned);
                let truth = self.reference.watched_status(of);
                // There is no notification about an account that was created again until its first login, and none
                // about a removed record.
                let is_no_news = match &truth {
                    Some(truth) => record.forgotten && truth.kind == StatusType::Unlogined,
                    None => true,
                };
                let is_right = if is_no_news {
                    client.may_miss.contains(&of)
                        || shows.is_none_or(|shows| shows.0 == StatusType::Unlogined)
                } else {
                    shows == record.versions.last_key_value().map(|(_, truth)| truth.clone())
                };
                if !is_right {
                    let shows = client.picture().get(&of);
                    return Err(Fault(format!(
                        "{name} shows {} as {shows:?}\n  instead of {truth:?}",
                        USERS[of]
                    )));
                }
            }
        }
        for worker in 0..WORKERS {
            let clients = self.world.clients().values().filter(|client| client.worker == worker);
            let expected: usize = clients.map(|client| watched_by(&self.reference, client.who).len()).sum();
            let edges = self.world.edges(worker);
            if edges != expected {
                return Err(Fault(format!("worker {worker} has {edges} edges instead of {expected}")));
            }
            self.for_clients(worker, |_, client| client.expect_no_repeats());
        }
        Ok(())
    }
}

/// Returns whether the answers are equal, with two exceptions in the answer to a subscription.
///
/// `last_seen` and the devices of an online user may be outdated. A late worker may not know the current friends, so
/// the users whom the caller no longer watches may differ.
fn agree(answer: &Answer, expected: &Answer, worker_is_late: bool) -> bool {
    let (mut answer, mut expected) = (answer.clone(), expected.clone());
    for answer in [&mut answer, &mut expected] {
        match answer {
            Answer::Subscribed { now, let_go, .. } => {
                for (_, shown) in now.iter_mut().filter(|(_, shown)| shown.kind == StatusType::Online) {
                    (shown.last_seen, shown.platforms) = Default::default();
                }
                let_go.retain(|_| !worker_is_late);
            }
            Answer::Unsubscribed { let_go, .. } => let_go.retain(|_| !worker_is_late),
            Answer::Done
            | Answer::Refused(_)
            | Answer::LoggedIn { .. }
            | Answer::Own(_)
            | Answer::Statuses { .. }
            | Answer::List(..)
            | Answer::Was(_) => {}
        }
    }
    answer == expected
}

/// The users about whom the connections of `viewer` may be notified.
fn told_of(reference: &Reference, viewer: Who) -> BTreeSet<Who> {
    (0..USERS.len()).filter(|of| reference.may_be_told(viewer, *of)).collect()
}

fn versioned(status: &UserStatus) -> Versioned {
    let shown = Shown::of(status);
    (shown.kind, shown.text, shown.expires, shown.since, shown.reason)
}

fn watched_by(reference: &Reference, viewer: Who) -> BTreeSet<Who> {
    (0..USERS.len()).filter(|of| reference.may_watch(viewer, *of)).collect()
}
