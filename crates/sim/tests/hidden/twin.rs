//! One of the two worlds: the service with its stores, and the workers with their connections.

mod logins;
mod losses;
mod reveal;

use crate::forgetful::Forgetful;
use crate::plan::{HIDER, Plan, USERS};
use crate::{Failed, Who};
use lamplight_core::{ConflationRate, RecordEpoch, Told, Versioned, WatcherKey};
use lamplight_directory::{ChangeLog, Directory, InProcessDirectory, LogEntry, LogReader};
use lamplight_facts::Facts;
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{
    App, AppId, AppKey, AppSettings, ConnectionId, Moment, Now, RateLimit, Timestamp, User, UserId,
    UserStatus, Version, Visibility,
};
use lamplight_service::{Audience, Effect, Reader, Service, ThrottleLimits};
use lamplight_wire::v1::server_message::Body;
use lamplight_wire::{EncodedStatus, encode_status, v1};
use logins::Waiting;
use prost::Message;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

const APP: AppId = AppId(1_400_000_001);
const GRACE: Duration = Duration::from_secs(30);
pub const WORKERS: usize = 2;
const NAMES: [&str; USERS] = ["hider", "ann", "bob", "cat", "dan", "eve", "friend"];

/// Bytes that a client receives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    pub at: Timestamp,
    pub bytes: Vec<u8>,
    /// The same content in a readable form, for the report.
    pub text: String,
}

/// The form in which a worker of the server stores a status.
pub struct Encoded(pub EncodedStatus);

impl Versioned for Encoded {
    fn of(status: &UserStatus) -> Self {
        Self(encode_status(status))
    }

    fn version(&self) -> Version {
        self.0.version()
    }

    fn is_put_back_as(&self, newer: &Self) -> bool {
        self.0.is_put_back_as(&newer.0)
    }

    fn is_renumbered_as(&self, newer: &Self) -> bool {
        self.0.is_renumbered_as(&newer.0)
    }
}

/// A connection of a client.
pub struct Link {
    pub who: Who,
    pub device: usize,
    pub worker: usize,
    pub watcher: WatcherKey,
    pub login: u64,
    pub issued: u64,
    pub recorded_in: Option<RecordEpoch>,
    pub stalled: bool,
}

/// A worker of the server.
pub struct Seat {
    pub audience: Audience<Encoded>,
    reader: LogReader,
}

/// The parts that end with the process.
pub struct Process {
    live: LiveRecords,
    pub service: Service,
    pub seats: Vec<Seat>,
}

/// The directory of a world.
enum LiveRecords {
    /// The directory of a single process, with a journal.
    OfProcess(Arc<InProcessDirectory>),
    /// A directory outside of the process, which can lose its records.
    Outside(Arc<Forgetful>),
}

/// A world.
pub struct Twin {
    folder: TempDir,
    pub app: App,
    pub facts: Arc<dyn Facts>,
    pub process: Option<Process>,
    /// The connections by their number.
    pub links: BTreeMap<u64, Link>,
    /// For each device: the version of the newest status that its client has of each user, by userID.
    pub known: BTreeMap<(Who, usize), BTreeMap<String, u64>>,
    /// For each device: the last status of the hider that its client was sent.
    last_of_hider: BTreeMap<(Who, usize), v1::UserStatus>,
    /// The messages that are compared: those that the clients of a user received before the hider was revealed, on each
    /// connection, without the devices of users other than the hider.
    pub streams: BTreeMap<(Who, u64), Vec<Frame>>,
    pub now: Now,
    /// Descriptions of received messages that no client may receive.
    pub faults: Vec<String>,
    /// Whether the hider was shown to everybody. Messages after that are not compared.
    is_over: bool,
    /// For each worker: whether it does not read the change log.
    pub dozing: [bool; WORKERS],
    /// For each worker: the users whose statuses could not be read yet.
    unread: [BTreeSet<User>; WORKERS],
    /// The logins that are not answered yet.
    waiting: Vec<Waiting>,
    /// The time of the last loss of records.
    lost: Option<Moment>,
    pub has_losses: bool,
    rate: ConflationRate,
}

/// A folder with facts in which all accounts exist. A world begins with a copy of it.
pub struct Template(TempDir);

impl Template {
    pub async fn new() -> Result<Self, Failed> {
        let folder = new_folder()?;
        let facts = SqliteFacts::open(&folder.path().join("facts.db"))?;
        for who in 0..USERS {
            facts.create_account(user_of(who), START.wall).await?;
        }
        drop(facts);
        Ok(Self(folder))
    }
}

/// The time at which the accounts were created.
const START: Now = Now { moment: Moment(10_000_000), wall: Timestamp(1_700_000_000_000) };

fn new_folder() -> Result<TempDir, Failed> {
    let memory = std::path::Path::new("/dev/shm");
    Ok(if memory.is_dir() { TempDir::new_in(memory)? } else { TempDir::new()? })
}

pub fn id_of(who: Who) -> UserId {
    UserId::new(NAMES[who]).expect("a name is an id")
}

pub fn user_of(who: Who) -> User {
    User::new(APP, id_of(who))
}

fn who_is(id: &UserId) -> Who {
    NAMES.iter().position(|name| *name == id.as_str()).expect("only these users exist")
}

impl Twin {
    pub async fn new(plan: &Plan, template: &Template) -> Result<Self, Failed> {
        let folder = new_folder()?;
        for entry in std::fs::read_dir(template.0.path())? {
            let entry = entry?;
            std::fs::copy(entry.path(), folder.path().join(entry.file_name()))?;
        }
        let mut settings = AppSettings::default();
        settings.timing.linger_native_ms = plan.linger_ms;
        settings.timing.linger_web_ms = plan.linger_ms;
        settings.timing.login_retention_ms = plan.retention_ms;
        settings.limits.subscriptions = plan.limit;
        settings.limits.rate = RateLimit { calls: plan.rate, ..settings.limits.rate };
        let key = AppKey { id: 1, text: "the key of a seed".into() };
        let facts: Arc<dyn Facts> = Arc::new(SqliteFacts::open(&folder.path().join("facts.db"))?);
        let mut twin = Self {
            folder,
            app: App { id: APP, keys: vec![key], admins: Vec::new(), settings },
            facts,
            process: None,
            links: BTreeMap::new(),
            known: BTreeMap::new(),
            last_of_hider: BTreeMap::new(),
            streams: BTreeMap::new(),
            now: START.after(Duration::from_secs(1)),
            faults: Vec::new(),
            is_over: false,
            dozing: [false; WORKERS],
            unread: Default::default(),
            waiting: Vec::new(),
            lost: None,
            has_losses: plan.has_losses,
            rate: ConflationRate { changes_per_second: plan.changes_per_second, ..ConflationRate::default() },
        };
        twin.start().await?;
        twin.process()?.service.put_app(twin.app.clone()).await?;
        Ok(twin)
    }

    pub fn process(&self) -> Result<&Process, Failed> {
        self.process.as_ref().ok_or_else(|| "the process is down".into())
    }

    fn seats(&mut self) -> &mut [Seat] {
        self.process.as_mut().map_or(&mut [], |process| &mut process.seats)
    }

    /// Kills the process, and starts another one from its files.
    pub async fn restart(&mut self) -> Result<(), Failed> {
        self.links.clear();
        self.waiting.clear();
        self.process = None;
        self.dozing = [false; WORKERS];
        self.start().await
    }

    async fn start(&mut self) -> Result<(), Failed> {
        if self.has_losses {
            return self.start_in_cluster().await;
        }
        let (directory, found) = InProcessDirectory::open(&self.folder.path().join("live"), self.now, GRACE)?;
        let directory = Arc::new(directory);
        let nobody_waits = ThrottleLimits { failures_per_address: u32::MAX };
        let live = Arc::clone(&directory) as Arc<dyn Directory>;
        let log = Arc::clone(&directory) as Arc<dyn ChangeLog>;
        let service = Service::new(Arc::clone(&self.facts), live, log, nobody_waits);
        service.recover(directory.users(), found.complete_since, self.now).await?;
        let rate = self.rate;
        let seat = |_| Seat { audience: Audience::new(rate, None), reader: directory.follow() };
        let seats = (0..WORKERS).map(seat).collect();
        self.process = Some(Process { live: LiveRecords::OfProcess(directory), service, seats });
        Ok(())
    }

    /// The viewers from whom the facts hide the hider.
    pub async fn hidden_from(&self) -> Result<BTreeSet<Who>, Failed> {
        let Some(Some(stored)) = self.facts.restrictions(vec![user_of(HIDER)]).await?.pop() else {
            return Ok(BTreeSet::new());
        };
        let may_see = |who: &Who| {
            let id = id_of(*who);
            let is_allowed = match stored.visibility {
                Visibility::Everyone => true,
                Visibility::Friends => stored.friends.contains(&id),
                Visibility::Nobody => false,
            };
            is_allowed && !stored.blocked.contains(&id)
        };
        Ok((1..USERS).filter(|who| !may_see(who)).collect())
    }

    /// Lets the time pass. Workers do due work at the time at which it is due.
    pub async fn advance(&mut self, millis: u64) -> Result<(), Failed> {
        let end = self.now.after(Duration::from_millis(millis));
        loop {
            let due = self.next_due();
            let Some(due) = due.filter(|due| *due <= end.moment) else { break };
            self.now = self.now.after(due.since(self.now.moment));
            self.pump().await?;
            if self.next_due() == Some(due) {
                return Err("what was due is still due".into());
            }
        }
        self.now = end;
        self.keep().await?;
        self.pump().await
    }

    fn next_due(&self) -> Option<Moment> {
        let seats = self.process.iter().flat_map(|process| &process.seats).zip(self.dozing);
        let due = seats.filter_map(|(seat, dozes)| seat.audience.next_due().filter(|_| !dozes));
        due.chain(self.next_retry()).min()
    }

    /// Does the work of the keeper.
    pub async fn keep(&mut self) -> Result<(), Failed> {
        if self.has_losses {
            self.beat().await?;
        }
        let process = self.process()?;
        while process.service.expire_due(100, self.now).await?.looked_at == 100 {}
        process.service.settle_due(self.now).await;
        if process.service.retry(self.now).await > 0 {
            return Err("an operation waits for a store that does not fail".into());
        }
        process.service.sweep(self.now);
        if let LiveRecords::OfProcess(directory) = &process.live {
            directory.maintain(self.now)?;
        }
        Ok(())
    }

    /// Makes every worker read the change log, and write to its connections.
    pub async fn pump(&mut self) -> Result<(), Failed> {
        for worker in (0..WORKERS).filter(|worker| !self.dozing[*worker]).collect::<Vec<_>>() {
            let unread: Vec<User> = std::mem::take(&mut self.unread[worker]).into_iter().collect();
            self.read(worker, &unread).await?;
            self.pump_one(worker).await?;
        }
        self.answer_logins().await
    }

    async fn pump_one(&mut self, worker: usize) -> Result<(), Failed> {
        let (now, moment) = (self.now, self.now.moment);
        loop {
            let (mut entries, mut effects) = (Vec::new(), Vec::new());
            let Some(Process { service, seats, .. }) = &mut self.process else { return Ok(()) };
            let seat = &mut seats[worker];
            let _ = seat.reader.take(&mut entries);
            for entry in &entries {
                if service.withholds(entry, now) {
                    effects.push(Effect::Read(entry.user.clone()));
                } else {
                    seat.audience.hear(entry, moment, &mut effects);
                }
            }
            let mut told: Vec<Arc<LogEntry>> = Vec::new();
            seat.audience.tell_due(moment, &mut told);
            let is_done = entries.is_empty() && effects.is_empty();
            self.apply(worker, effects).await?;
            if is_done {
                break;
            }
        }
        let mut touched = Vec::new();
        self.seats()[worker].audience.take_due(moment, &mut touched);
        for watcher in touched {
            if let Some(connection) = self.connection_of(worker, watcher) {
                self.deliver(connection);
            }
        }
        Ok(())
    }

    /// Sends the statuses that are marked in the mailbox of a connection.
    pub fn deliver(&mut self, connection: u64) {
        let Some(link) = self.links.get(&connection).filter(|link| !link.stalled) else { return };
        let (worker, watcher) = (link.worker, link.watcher);
        let mut statuses = Vec::new();
        self.seats()[worker].audience.drain(watcher, |state| {
            statuses.push(state.0.message());
            Told::More
        });
        // The order of users whose deadlines have passed in the same millisecond is that of the index of the directory.
        let is_together = |one: &v1::UserStatus, next: &v1::UserStatus| {
            (one.since, one.reason, one.version) == (next.since, next.reason, next.version)
        };
        for together in statuses.chunk_by_mut(is_together) {
            together.sort_by(|one, other| one.user_id.cmp(&other.user_id));
        }
        if !statuses.is_empty() {
            let changed = v1::StatusChanged { statuses, ..v1::StatusChanged::default() };
            self.send(connection, Body::StatusChanged(changed));
        }
    }

    /// Records what the client of a connection receives.
    pub fn send(&mut self, connection: u64, mut body: Body) {
        let Some(link) = self.links.get(&connection) else { return };
        let who = link.who;
        let known = self.known.entry((link.who, link.device)).or_default();
        let is_news = matches!(body, Body::StatusChanged(_));
        let statuses: &mut [v1::UserStatus] = match &mut body {
            Body::StatusChanged(changed) => &mut changed.statuses,
            Body::Login(response) => &mut response.statuses,
            Body::SubscribeUserStatus(response) => &mut response.statuses,
            _ => &mut [],
        };
        for status in statuses.iter_mut().filter(|status| status.user_id != NAMES[HIDER]) {
            // The devices of other users may be outdated, which depends on all watchers of the worker.
            status.online_devices.clear();
        }
        let news = is_news.then_some(statuses);
        for status in news.into_iter().flatten() {
            let before = known.get(&status.user_id).copied();
            if before.is_some_and(|before| status.version < before) {
                self.faults.push(format!("connection {connection} has {before:?} and is sent {status:?}"));
            }
        }
        let statuses: &[v1::UserStatus] = match &body {
            Body::StatusChanged(changed) => &changed.statuses,
            Body::Login(response) => &response.statuses,
            Body::SubscribeUserStatus(response) => &response.statuses,
            Body::GetUserStatus(response) => &response.statuses,
            _ => &[],
        };
        // An answer to a query may be about users whom the connection does not watch. The SDKs store none of these.
        let is_answer = matches!(body, Body::GetUserStatus(_));
        let is_stored = |status: &&v1::UserStatus| {
            !is_answer || known.get(&status.user_id).is_some_and(|known| *known <= status.version)
        };
        let stored: Vec<&v1::UserStatus> = statuses.iter().filter(is_stored).collect();
        known.extend(stored.iter().map(|status| (status.user_id.clone(), status.version)));
        if let Some(status) = stored.iter().rfind(|status| status.user_id == NAMES[HIDER]) {
            self.last_of_hider.insert((who, link.device), (*status).clone());
        }
        let let_go: &[String] = match &body {
            Body::Login(response) => &response.not_watched,
            Body::SubscribeUserStatus(response) => &response.not_watched,
            Body::UnsubscribeUserStatus(response) => &response.not_watched,
            Body::SubscriptionsChanged(changed) => &changed.not_watched,
            _ => &[],
        };
        known.retain(|user, _| !let_go.contains(user));
        let text = format!("{body:?}");
        let message = v1::ServerMessage { id: 0, body: Some(body) };
        self.record(who, connection, message.encode_to_vec(), text);
    }

    /// Records a message whose content is compared, but which other code of the server encodes.
    pub fn note(&mut self, connection: u64, text: String) {
        let Some(link) = self.links.get(&connection) else { return };
        self.record(link.who, connection, text.clone().into_bytes(), text);
    }

    /// Records bytes for a client.
    pub fn record(&mut self, who: Who, connection: u64, bytes: Vec<u8>, text: String) {
        if self.is_over {
            return;
        }
        let frame = Frame { at: self.now.wall, bytes, text };
        self.streams.entry((who, connection)).or_default().push(frame);
    }

    pub fn connection_of(&self, worker: usize, watcher: WatcherKey) -> Option<u64> {
        let seat = &self.process.as_ref()?.seats[worker];
        seat.audience.member(watcher).map(|member| member.connection.local)
    }

    /// Removes a connection from its worker.
    pub fn forget(&mut self, connection: u64) {
        if let Some(link) = self.links.remove(&connection) {
            self.seats()[link.worker].audience.leave(link.watcher);
        }
    }

    /// The connection of a device. A connection executes no call until its login is answered.
    pub fn link_of(&self, who: Who, device: usize) -> Option<u64> {
        let mut links = self.links.iter().rev().filter(|(connection, _)| !self.is_waiting(**connection));
        links.find(|(_, link)| (link.who, link.device) == (who, device)).map(|(connection, _)| *connection)
    }

    async fn apply(&mut self, worker: usize, effects: Vec<Effect>) -> Result<(), Failed> {
        let (mut unread, mut reloads) = (Vec::new(), Vec::new());
        for effect in effects {
            match effect {
                Effect::Close { watcher, cause } => {
                    if let Some(connection) = self.connection_of(worker, watcher) {
                        self.note(connection, format!("closed: {cause:?}"));
                        self.forget(connection);
                    }
                }
                Effect::ListChanged { watcher, subscribed, unsubscribed } => {
                    if let Some(connection) = self.connection_of(worker, watcher) {
                        let not_watched = self.seats()[worker].audience.not_watched(watcher, &unsubscribed);
                        let ids = |users: Vec<UserId>| users.iter().map(UserId::to_string).collect();
                        let changed = v1::SubscriptionsChanged {
                            subscribed: ids(subscribed),
                            unsubscribed: ids(unsubscribed),
                            not_watched: ids(not_watched),
                        };
                        self.send(connection, Body::SubscriptionsChanged(changed));
                    }
                }
                Effect::AppChanged(app) => {
                    let Some(app) = self.process()?.service.apps().get(app) else { continue };
                    let notified = lamplight_core::notifications(&app.settings);
                    let mut effects = Vec::new();
                    self.seats()[worker].audience.set_notifications(app.id, notified, &mut effects);
                    for effect in effects {
                        match effect {
                            Effect::Reload(watcher) => reloads.push(watcher),
                            other => return Err(format!("an unexpected effect {other:?}").into()),
                        }
                    }
                }
                Effect::Reload(watcher) => reloads.push(watcher),
                Effect::Lists { watcher, news } => {
                    if let Some(connection) = self.connection_of(worker, watcher)
                        && news.by != Some(ConnectionId::alone(connection))
                    {
                        let (version, change) = (news.version, &news.change);
                        self.note(
                            connection,
                            format!("lists {version}, {} unread: {change:?}", news.total_unread),
                        );
                    }
                }
                Effect::RereadLists(watcher) => {
                    if let Some(connection) = self.connection_of(worker, watcher) {
                        self.note(connection, "read the lists again".into());
                    }
                }
                Effect::FriendProfile { watcher, friend, profile } => {
                    if let Some(connection) = self.connection_of(worker, watcher) {
                        self.note(connection, format!("{friend}: {profile:?}"));
                    }
                }
                Effect::Read(user) => unread.push(user),
            }
        }
        for watcher in reloads {
            self.settle(worker, watcher).await?;
        }
        self.read(worker, &unread).await
    }

    /// Reads the watch list of a connection. Returns whether the connection is the current one of its device.
    pub async fn settle(&mut self, worker: usize, watcher: WatcherKey) -> Result<bool, Failed> {
        let process = self.process.as_mut().ok_or("the process is down")?;
        let audience = &mut process.seats[worker].audience;
        let Some((member, heard)) = audience.member(watcher).zip(audience.lists_heard(watcher)) else {
            return Ok(false);
        };
        let Some(list) = process.service.watch_list(&member.user, member.connection).await? else {
            return Ok(false);
        };
        let mut effects = Vec::new();
        if !audience.set_watch_list(watcher, &list, heard, &mut effects) {
            return Err("a list was heard of while it was read".into());
        }
        Box::pin(self.apply(worker, effects)).await?;
        Ok(true)
    }

    /// Reads statuses for the watchers of a worker. If a status is unknown after a loss of records, it is read again
    /// later.
    pub async fn read(&mut self, worker: usize, users: &[User]) -> Result<(), Failed> {
        for user in users {
            match self.read_for(worker, std::slice::from_ref(user), Reader::Watchers).await {
                Err(_) if self.lost.is_some() => _ = self.unread[worker].insert(user.clone()),
                done => done?,
            }
        }
        Ok(())
    }

    pub async fn read_for(
        &mut self,
        worker: usize,
        users: &[User],
        reader: Reader<'_>,
    ) -> Result<(), Failed> {
        let Some(any) = users.first() else { return Ok(()) };
        let process = self.process.as_mut().ok_or("the process is down")?;
        let ids: Vec<UserId> = users.iter().map(|user| user.id.clone()).collect();
        let found = process.service.watched_statuses(any, &ids, reader, self.now).await?;
        for (status, restrictions) in found.into_iter().flatten() {
            let user = user_of(who_is(&status.user_id));
            process.seats[worker].audience.tell(&user, &status, restrictions.as_ref());
        }
        Ok(())
    }

    /// Ends the holds of a connection whose subscription has failed.
    pub async fn release(&mut self, worker: usize, watcher: WatcherKey) -> Result<(), Failed> {
        let mut effects = Vec::new();
        self.seats()[worker].audience.release(watcher, &mut effects);
        self.apply(worker, effects).await
    }
}
