//! The real code without its sockets: the service with a directory and facts on disk, and the workers.
//!
//! The time is an argument of each call. The world does not know the expected outcome of a step. It is either one
//! process with several workers, or several nodes (`world/fleet.rs`) with one worker each.

mod fleet;
mod nodes;

use crate::answer::{Answer, Shown};
use crate::bell::Bell;
use crate::client::Client;
use crate::reference::GRACE;
use crate::step::{APP, DEVICES, End, Friends, Sig, Step, USERS, WORKERS, Who, user_of, who_is};
use crate::worker::{Notice, Worker};
use fleet::Fleet;
use lamplight_auth::{Claims, sign};
use lamplight_core::{LinkEnd, Presence};
use lamplight_directory::{
    ChangeLog, Directory, DirectoryStats, InProcessDirectory, LogEntry, LogReader, News,
};
use lamplight_facts::Facts;
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{
    App, AppId, AppKey, AppSettings, Code, Moment, Now, Timestamp, User, UserId, UserStatus,
};
use lamplight_service::{
    By, LoginCall, NewFriend, OwnListChange, Service, ServiceError, ThrottleLimits, Viewing,
};
use std::collections::BTreeMap;
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use tempfile::TempDir;

/// An error of the test environment, such as a full disk. A history must not cause one.
pub(crate) type Failed = Box<dyn Error + Send + Sync>;

/// The number of entries after which every log reader has missed an entry: the capacity of its queue, plus one.
const FLOOD: usize = 64 * 1024 + 1;

/// A server process with its files and its clients.
pub struct World {
    runtime: tokio::runtime::Runtime,
    folder: TempDir,
    app: App,
    node: Option<Node>,
    workers: Vec<Worker>,
    readers: Vec<LogReader>,
    /// For each worker: whether it reads new entries of the change log at once. A worker that reads them later is late.
    awake: [bool; WORKERS],
    woken: [bool; WORKERS],
    clients: BTreeMap<u64, Client>,
    /// For each device: the statuses that its last client had cached when its connection ended.
    pictures: BTreeMap<(Who, usize), BTreeMap<Who, UserStatus>>,
    restarts: u64,
    /// The moment of the history at which the clock of this process started.
    origin: u64,
    /// The nodes; `None` if the world is a single process.
    fleet: Option<Fleet>,
    /// The number of steps so far. If a step needs no connection, this number selects its node.
    steps: usize,
}

/// The parts of the world that are dropped with the process.
struct Node {
    /// The service of each node. A single process has only one service.
    services: Vec<Service>,
    directory: Arc<InProcessDirectory>,
    facts: Arc<dyn Facts>,
}

impl Node {
    /// The service of a worker's node.
    fn service(&self, worker: usize) -> &Service {
        &self.services[worker % self.services.len()]
    }
}

impl World {
    /// Creates a world with empty stores: one process, or several nodes.
    pub fn new(now: Now, settings: AppSettings, has_nodes: bool) -> Result<Self, Failed> {
        let memory = std::path::Path::new("/dev/shm");
        let folder = if memory.is_dir() { TempDir::new_in(memory)? } else { TempDir::new()? };
        let key = AppKey { id: 1, text: "the key of a history".into() };
        let mut world = Self {
            runtime: tokio::runtime::Builder::new_current_thread().build()?,
            folder,
            app: App { id: APP, keys: vec![key], admins: Vec::new(), settings },
            node: None,
            workers: Vec::new(),
            readers: Vec::new(),
            awake: [true; WORKERS],
            woken: [false; WORKERS],
            clients: BTreeMap::new(),
            pictures: BTreeMap::new(),
            restarts: 0,
            origin: now.moment.0,
            fleet: has_nodes.then(|| Fleet::new(now)),
            steps: 0,
        };
        world.start(now)?;
        world.put_app(world.app.clone(), 0)?;
        Ok(world)
    }

    /// The clients by their connection.
    pub fn clients(&self) -> &BTreeMap<u64, Client> {
        &self.clients
    }

    pub(crate) fn client_mut(&mut self, connection: u64) -> Option<&mut Client> {
        self.clients.get_mut(&connection)
    }

    pub(crate) fn is_awake(&self, worker: usize) -> bool {
        self.awake[worker]
    }

    /// The current status of every user, as a query or as a watcher gets it.
    pub(crate) fn statuses(&self, viewing: Viewing, now: Now) -> Result<Vec<Option<UserStatus>>, Failed> {
        let ids: Vec<UserId> = (0..USERS.len()).map(|who| user_of(who).id).collect();
        let (worker, node) = (self.any_worker(), self.node()?);
        let here = self.here(worker, now);
        Ok(self.runtime.block_on(node.service(worker).statuses(&user_of(0), &ids, viewing, here))?)
    }

    /// Whether the record of a user has a custom status whose duration has passed.
    pub(crate) fn has_text_over(&self, now: Now) -> Result<bool, Failed> {
        let directory = Arc::clone(&self.node()?.directory) as Arc<dyn Directory>;
        let users: Vec<User> = (0..USERS.len()).map(user_of).collect();
        let moment = self.here(self.any_worker(), now).moment;
        let is_over = |_: &User, record: Option<&Presence>| {
            record.is_some_and(|record| record.is_custom_status_over(moment))
        };
        Ok(self.runtime.block_on(directory.read(&users, is_over))?.contains(&true))
    }

    pub(crate) fn stats(&self) -> Result<DirectoryStats, Failed> {
        Ok(self.node()?.directory.stats())
    }

    /// Runs `act`, and records which workers it wakes. Fails if a worker has entries to read but was not woken.
    pub(crate) fn listen<T>(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<T, Failed>,
    ) -> Result<T, Failed> {
        let readers = std::mem::take(&mut self.readers);
        let bells: Vec<Arc<Bell>> = readers.iter().map(|_| Arc::default()).collect();
        let mut asleep: Vec<_> = readers.iter().map(|reader| Box::pin(reader.ready())).collect();
        let waited: Vec<bool> =
            asleep.iter_mut().zip(&bells).map(|(ear, bell)| bell.rings(ear.as_mut())).collect();
        let done = act(self);
        let mut unheard = None;
        for (index, ear) in asleep.iter_mut().enumerate() {
            let rang = waited[index] || bells[index].rang();
            self.woken[index] |= rang;
            if !rang && bells[index].rings(ear.as_mut()) {
                unheard = Some(index);
            }
        }
        drop(asleep);
        // A restart has replaced the readers, so the old ones are dropped.
        if self.readers.is_empty() {
            self.readers = readers;
            if let Some(worker) = unheard {
                return Err(format!("worker {worker} has entries to read and was not woken").into());
            }
        } else {
            self.woken = [false; WORKERS];
        }
        done
    }

    /// Runs the workers that were woken and are not late. Returns the events for their clients.
    pub(crate) fn hear(&mut self, now: Now) -> Result<Vec<(usize, Vec<Notice>)>, Failed> {
        let mut all = Vec::new();
        for worker in 0..WORKERS {
            if !self.awake[worker] || !std::mem::take(&mut self.woken[worker]) {
                continue;
            }
            let here = self.here(worker, now);
            let Some(node) = &self.node else { return Err("the node is down".into()) };
            let mut entries = Vec::new();
            let mut heard = self.readers[worker].take(&mut entries);
            if let Some(fleet) = &mut self.fleet {
                (entries, heard) = fleet.disturb(entries, heard);
            }
            let hearing = self.workers[worker].hear(&entries, heard, node.service(worker), here);
            let notices = self.runtime.block_on(hearing)?;
            for notice in &notices {
                if let Notice::Closed(connection, _) = notice {
                    self.end(*connection);
                }
            }
            all.push((worker, notices));
        }
        Ok(all)
    }

    /// Sends up to `room` pending statuses to each client. Stalled clients are skipped unless `to_all` is `true`.
    pub(crate) fn write(&mut self, room: usize, to_all: bool) -> Vec<(u64, Vec<UserStatus>)> {
        let mut told = Vec::new();
        for worker in 0..WORKERS {
            for connection in self.workers[worker].ready() {
                if to_all || self.clients.get(&connection).is_some_and(|client| !client.stalled) {
                    told.push((connection, self.workers[worker].write(connection, room)));
                }
            }
        }
        told
    }

    /// Sends up to `room` pending statuses to one client.
    pub(crate) fn write_to(&mut self, connection: u64, room: usize) -> Vec<UserStatus> {
        let worker = self.clients.get(&connection).map(|client| client.worker);
        worker.map(|worker| self.workers[worker].write(connection, room)).unwrap_or_default()
    }

    /// The number of edges in a worker's watch graph.
    pub(crate) fn edges(&self, worker: usize) -> usize {
        self.workers[worker].edges()
    }

    /// Executes a step on this connection. `connection` is ignored if the step needs no connection.
    pub(crate) fn apply(&mut self, step: &Step, connection: u64, now: Now) -> Result<Answer, Failed> {
        match self.try_apply(step, connection, now) {
            Ok(answer) => Ok(answer),
            Err(failed) => match failed.downcast::<ServiceError>() {
                Ok(error) => match *error {
                    ServiceError::Refused(refusal) => Ok(Answer::Refused(refusal.code.number())),
                    error @ (ServiceError::Facts(_) | ServiceError::Directory(_)) => Err(error.into()),
                },
                Err(failed) => Err(failed),
            },
        }
    }

    fn try_apply(&mut self, step: &Step, connection: u64, now: Now) -> Result<Answer, Failed> {
        self.steps += 1;
        let client = self.clients.get(&connection);
        let worker = client.map_or(self.any_worker(), |client| client.worker);
        let here = self.here(worker, now);
        let id = self.connection_id(worker, connection);
        let (Some(node), runtime) = (&self.node, &self.runtime) else {
            return Err("the node is down".into());
        };
        let service = node.service(worker);
        let texts = |users: &[Who]| -> Vec<&str> {
            users.iter().map(|who| USERS.get(*who).copied().unwrap_or("\u{1f4a1}")).collect()
        };
        Ok(match step {
            Step::Logout { who, .. } => {
                runtime.block_on(service.logout(&user_of(*who), id, here))?;
                self.end(connection);
                Answer::Done
            }
            Step::SigEnds { who, .. } => {
                runtime.block_on(service.expire_sig(&user_of(*who), id, here))?;
                self.end(connection);
                Answer::Done
            }
            Step::Close { who, end, .. } => {
                let how = if *end == End::TimedOut { LinkEnd::TimedOut } else { LinkEnd::Closed };
                runtime.block_on(service.disconnect(&user_of(*who), id, how, here.wall, here))?;
                self.end(connection);
                Answer::Done
            }
            Step::Text { who, text, seconds, .. } => {
                let user = user_of(*who);
                let setting = service.set_custom_status(&user, text, *seconds, By::App, here);
                let status = runtime.block_on(setting)?;
                Answer::Own(Shown::of(&status))
            }
            Step::Query { who, users, .. } => {
                let queried =
                    runtime.block_on(service.get_user_status(&user_of(*who), &texts(users), here))?;
                if let Some(client) = self.clients.get_mut(&connection) {
                    let seen = |s: &UserStatus| (who_is(&s.user_id), s.version);
                    let versions: Vec<_> = queried.statuses.iter().map(seen).collect();
                    self.workers[client.worker].answered(connection, &versions);
                    let is_late = !self.awake[client.worker];
                    queried
                        .statuses
                        .iter()
                        .for_each(|s| client.fold_answer(who_is(&s.user_id), s.clone(), is_late));
                }
                Answer::Statuses {
                    found: queried.statuses.iter().map(|s| (who_is(&s.user_id), Shown::of(s))).collect(),
                    unknown: unknown(&queried.failures)?,
                }
            }
            Step::Subscribe { who, users, .. } => {
                let done =
                    runtime.block_on(service.subscribe_user_status(&user_of(*who), &texts(users), here))?;
                let evicted: Vec<Who> = done.evicted.iter().map(who_is).collect();
                let unknown = unknown(&done.failures)?;
                let (told, let_go) = self.change_list(connection, &done.changes, here)?;
                let now = told.iter().map(|status| (who_is(&status.user_id), Shown::of(status))).collect();
                Answer::Subscribed { now, unknown, evicted, let_go }
            }
            Step::Unsubscribe { who, users, .. } => {
                let (caller, users) = (user_of(*who), texts(users));
                let done = runtime.block_on(service.unsubscribe_user_status(&caller, &users, here))?;
                let removed: Vec<Who> = done.change.unsubscribed.iter().map(who_is).collect();
                let (_, let_go) = self.change_list(connection, &[done.change], here)?;
                Answer::Unsubscribed { removed, unknown: unknown(&done.failures)?, let_go }
            }
            Step::List { who, .. } => {
                let (list, limit) = runtime.block_on(service.get_subscriptions(&user_of(*who), here))?;
                Answer::List(list.iter().map(who_is).collect(), limit)
            }
            Step::Befriend { who, friend, lists } => {
                let (owner, friend) = (user_of(*who), user_of(*friend).id);
                let friend = NewFriend { both: *lists == Friends::Both, ..NewFriend::mutual(friend) };
                runtime.block_on(service.add_friend(&owner, friend, By::App, here))?;
                Answer::Done
            }
            Step::Unfriend { who, friend, lists } => {
                let (owner, friends) = (user_of(*who), [user_of(*friend).id]);
                let both = *lists == Friends::Both;
                let done = service.delete_friends(&owner, &friends, both, By::App, here);
                Answer::Was(!runtime.block_on(done)?.value.deleted.is_empty())
            }
            Step::Create { who } => {
                Answer::Was(runtime.block_on(service.create_account(&user_of(*who), here))?)
            }
            Step::Delete { who } => {
                let _ = runtime.block_on(service.delete_account(&user_of(*who), here))?;
                Answer::Done
            }
            Step::Kick { who } => {
                let _ = runtime.block_on(service.kick(&user_of(*who), here))?;
                Answer::Done
            }
            Step::Set { knob, value } => {
                let mut app = self.app.clone();
                knob.turn(&mut app.settings, *value);
                self.put_app(app.clone(), worker)?;
                self.app = app;
                Answer::Done
            }
            Step::Upkeep => {
                self.keep(now)?;
                Answer::Done
            }
            Step::Flood => {
                let somebody = user_of(0);
                let news = || LogEntry::news(somebody.clone(), News::App(AppId(7)));
                runtime.block_on(service.log().append((0..FLOOD).map(|_| news()).collect()))?;
                Answer::Done
            }
            Step::Login { .. } => self.login(step, connection, now)?,
            Step::Restart { orderly, millis } => {
                if *orderly {
                    // `now` is after the pause, but the old process recorded its last time of life before the pause.
                    let moment = Moment(here.moment.0.saturating_sub(*millis));
                    let wall = Timestamp(here.wall.0.saturating_sub(*millis));
                    node.directory.maintain(Now { moment, wall })?;
                }
                self.stop();
                self.start(now)?;
                Answer::Done
            }
            Step::LoseLive => {
                self.stop();
                std::fs::remove_dir_all(self.folder.path().join("live"))?;
                self.start(now)?;
                Answer::Done
            }
            Step::Doze { worker } => self.doze(*worker, true),
            Step::Wake { worker } => self.doze(*worker, false),
            Step::Quiet => {
                self.awake = [true; WORKERS];
                Answer::Done
            }
            Step::Stall { .. } => self.set_stalled(connection, true),
            Step::Unstall { .. } => self.set_stalled(connection, false),
            Step::Advance { .. } => {
                if let Some(fleet) = &mut self.fleet {
                    self.runtime.block_on(fleet.pass(&node.services, now))?;
                }
                Answer::Done
            }
            Step::LoseNode { worker } => {
                self.lose_node(*worker % WORKERS, now)?;
                Answer::Done
            }
            Step::StartNode { worker } => {
                self.start_node(*worker % WORKERS, now)?;
                Answer::Done
            }
            Step::Read { .. } | Step::Jump { .. } => Answer::Done,
        })
    }

    fn login(&mut self, step: &Step, connection: u64, now: Now) -> Result<Answer, Failed> {
        let Step::Login { who, device, worker, resume, sig } = step else {
            return Err("not a login".into());
        };
        let worker = *worker % WORKERS;
        let (here, id) = (self.here(worker, now), self.connection_id(worker, connection));
        let (issued, expire) = match sig {
            Sig::Good | Sig::Forged => (now.wall.as_secs(), 3_600),
            Sig::Expired => (now.wall.as_secs() - 10, 9),
        };
        let key = AppKey { id: 9, text: "of somebody else".into() };
        let key = if *sig == Sig::Forged { &key } else { &self.app.keys[0] };
        let claims = Claims { user_id: user_of(*who).id, app: APP, issued, expire, userbuf: None };
        let call = LoginCall {
            app: APP,
            user_id: USERS[*who],
            user_sig: &sign(key, &claims),
            device_id: DEVICES[*device].0,
            platform: DEVICES[*device].1,
            resume: *resume,
            connection: id,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        let Some(node) = &self.node else { return Err("the node is down".into()) };
        let logged_in = self.runtime.block_on(node.service(worker).login(&call, here))?;
        let before =
            self.clients.iter().rev().find(|(_, client)| (client.who, client.device) == (*who, *device));
        let picture = before
            .map(|(_, client)| client.left_behind())
            .or_else(|| self.pictures.get(&(*who, *device)).cloned())
            .filter(|_| *resume)
            .unwrap_or_default();
        let known = Client::known(&picture);
        let joining = self.workers[worker].join(node.service(worker), *who, id, &known, here);
        if !self.runtime.block_on(joining)? {
            return Err("a connection is no longer the current one right after its login".into());
        }
        let client = Client::new(*who, *device, worker, picture);
        self.clients.insert(connection, client);
        Ok(Answer::LoggedIn { registered: logged_in.registered, list_lost: logged_in.subscriptions_lost })
    }

    fn change_list(
        &mut self,
        connection: u64,
        changes: &[OwnListChange],
        now: Now,
    ) -> Result<(Vec<UserStatus>, Vec<Who>), Failed> {
        let (Some(node), Some(client)) = (&self.node, self.clients.get_mut(&connection)) else {
            return Err("the step needs a connection and has none".into());
        };
        let (worker, service) = (&mut self.workers[client.worker], node.service(client.worker));
        let (told, let_go) = self.runtime.block_on(worker.change_list(service, connection, changes, now))?;
        for change in changes {
            let who = |users: &[UserId]| users.iter().map(who_is).collect::<Vec<_>>();
            client.change_list(&who(&change.subscribed), &who(&change.unsubscribed));
        }
        client.keep_only(|of| !let_go.contains(&of));
        told.iter().for_each(|status| client.fold(who_is(&status.user_id), status.clone()));
        Ok((told, let_go))
    }

    fn set_stalled(&mut self, connection: u64, stalled: bool) -> Answer {
        if let Some(client) = self.clients.get_mut(&connection) {
            client.stalled = stalled;
        }
        Answer::Done
    }

    fn doze(&mut self, worker: usize, dozes: bool) -> Answer {
        self.awake[worker % WORKERS] = !dozes;
        Answer::Done
    }

    /// Removes a connection. The device keeps the cached statuses.
    fn end(&mut self, connection: u64) {
        let Some(client) = self.clients.remove(&connection) else { return };
        self.workers[client.worker].leave(connection);
        let key = (client.who, client.device);
        if !self.clients.values().any(|other| (other.who, other.device) == key) {
            self.pictures.insert(key, client.left_behind());
        }
    }

    /// Removes a user from the statuses that disconnected devices have cached. Clients of late workers need not be
    /// notified of the user's deletion.
    pub(crate) fn forget(&mut self, who: Who) {
        self.pictures.values_mut().for_each(|picture| drop(picture.remove(&who)));
        for client in self.clients.values_mut().filter(|client| !self.awake[client.worker]) {
            client.may_miss.insert(who);
        }
    }

    /// Crashes the process.
    fn stop(&mut self) {
        self.clients.keys().copied().collect::<Vec<_>>().into_iter().for_each(|id| self.end(id));
        self.workers.clear();
        self.readers.clear();
        self.node = None;
    }

    fn start(&mut self, now: Now) -> Result<(), Failed> {
        self.restarts += 1;
        // Every process has its own monotonic clock with a different origin.
        self.origin = now.moment.0.saturating_sub(self.restarts * 7_919 % 5_000);
        let facts: Arc<dyn Facts> = Arc::new(SqliteFacts::open(&self.folder.path().join("facts.db"))?);
        if let Some(fleet) = &mut self.fleet {
            let directory = Arc::new(InProcessDirectory::in_memory());
            let mut services = Vec::new();
            for worker in 0..WORKERS {
                let starting = fleet.start_node(worker, &facts, &directory, now);
                services.push(self.runtime.block_on(starting)?);
            }
            self.runtime.block_on(fleet.tick(&services, now))?;
            self.begin(Node { services, directory, facts });
            return Ok(());
        }
        let here = self.here(0, now);
        let (directory, found) = InProcessDirectory::open(&self.folder.path().join("live"), here, GRACE)?;
        let directory = Arc::new(directory);
        let nobody_waits = ThrottleLimits { failures_per_address: u32::MAX };
        let live = Arc::clone(&directory) as Arc<dyn Directory>;
        let log = Arc::clone(&directory) as Arc<dyn ChangeLog>;
        let service = Service::new(Arc::clone(&facts), live, log, nobody_waits);
        self.runtime.block_on(service.recover(directory.users(), found.complete_since, here))?;
        // The keeper of a server does this in its first turn.
        directory.maintain(here)?;
        self.begin(Node { services: vec![service], directory, facts });
        Ok(())
    }

    fn begin(&mut self, node: Node) {
        self.workers = (0..WORKERS).map(|_| Worker::default()).collect();
        self.readers = (0..WORKERS).map(|_| node.directory.follow()).collect();
        (self.awake, self.woken) = ([true; WORKERS], [false; WORKERS]);
        self.node = Some(node);
    }

    fn node(&self) -> Result<&Node, Failed> {
        self.node.as_ref().ok_or_else(|| "the node is down".into())
    }

    /// The current time, as the process of a worker knows it.
    fn here(&self, worker: usize, now: Now) -> Now {
        if let Some(fleet) = &self.fleet {
            return fleet.here(worker, now);
        }
        Now { moment: Moment(now.moment.0.saturating_sub(self.origin)), wall: now.wall }
    }
}

/// Returns the users without an account, from the failures of a call. Any other failure is an error.
fn unknown(failures: &[(UserId, Code)]) -> Result<Vec<Who>, Failed> {
    match failures.iter().find(|(_, code)| *code != Code::NO_SUCH_ACCOUNT) {
        Some((id, code)) => Err(format!("{id} failed with {code}").into()),
        None => Ok(failures.iter().map(|(id, _)| who_is(id)).collect()),
    }
}
