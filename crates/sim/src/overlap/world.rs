//! The world of a run, which starts operations and advances the time.

mod nodes;
mod operations;

use super::executor::{Executor, block_on};
use super::judge::{Judge, Name};
use super::lease::Stores;
use super::node::{Node, Surroundings, THE_APP};
use super::people::{CLOCK_ERROR, DEVICES, NAMES, People, Stage, Who, device_id, is_over, user_of, who_is};
use super::plan::Plan;
use super::receiver::Receiver;
use super::sight::Sight;
use super::stores::Live;
use super::weather::{Climate, Weather};
use crate::random::Random;
use crate::world::Failed;
use lamplight_core::Versioned;
use lamplight_directory::{ChangeLog, LogReader};
use lamplight_facts::Facts;
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{App, AppKey, ConnectionId, Platform, Reason, UserStatus};
pub(crate) use nodes::Interrupted;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use tempfile::TempDir;

/// The maximum time by which a due event may be late.
const LATEST: std::time::Duration = std::time::Duration::from_secs(20);

/// The time in milliseconds by which the directory of a plan with jumping clocks is ahead at least. It may jump back by
/// as much.
const MOST_AHEAD: i64 = 600_000;

/// All parts of a run.
pub(crate) struct World {
    pub executor: Executor,
    pub weather: Arc<Weather>,
    pub judge: Rc<Judge>,
    pub people: Rc<People>,
    pub plan: Plan,
    /// The running nodes, at least one. A single process is one node.
    pub nodes: Vec<Node>,
    /// The platforms that each device has had during the run.
    pub platforms: BTreeMap<(Who, usize), BTreeSet<Platform>>,
    /// The number of unanswered calls of the server API.
    pub under_way: Rc<Cell<usize>>,
    /// The operations that were interrupted because their node was killed. Their callers repeat them.
    pub interrupted: Rc<RefCell<Vec<Interrupted>>>,
    stores: Option<Stores>,
    /// The virtual time at which the last epoch of the directory began.
    epoch_began: u64,
    pub around: Surroundings,
    folder: TempDir,
    app: App,
    seed: u64,
    restarts: u64,
    random: Random,
    climate: Climate,
    connections: BTreeMap<u64, ConnectionId>,
    clients_made: u64,
    requests_made: u64,
    last_told: BTreeMap<Who, UserStatus>,
    log: LogReader,
}

impl Drop for World {
    fn drop(&mut self) {
        // Remaining tasks would keep the stores, with their threads and files.
        self.executor.end();
    }
}

/// Whether `status` only corrects the `since` of a record that was rebuilt after a loss. A put-back makes this
/// correction if a change of restrictions has already logged the rebuilt record.
fn corrects_since(last: &UserStatus, status: &UserStatus) -> bool {
    last.reason == Reason::None && status.reason == Reason::None && last.since != status.since
}

impl World {
    /// Creates the world of a seed with empty stores.
    pub fn new(seed: u64, story: bool) -> Result<Self, Failed> {
        let mut random = Random::new(seed);
        let executor = Executor::new(random.number());
        executor.run_until(10_000);
        let weather = Arc::new(Weather::new(Arc::clone(executor.clock()), random.number()));
        let judge = Rc::new(Judge::new(Arc::clone(executor.clock()), story));
        let people = Rc::new(People::new(Rc::clone(&judge)));
        let plan = Plan::new(seed, &mut random, NAMES.len());
        judge.note(|| format!("{plan:?}"));
        if plan.clock_jumps {
            executor.clock().jump(MOST_AHEAD + random.below(MOST_AHEAD as usize) as i64);
            people.sig_error.set(CLOCK_ERROR);
        }
        let memory = std::path::Path::new("/dev/shm");
        let folder = if memory.is_dir() { TempDir::new_in(memory)? } else { TempDir::new()? };
        let key = AppKey { id: 1, text: "the key of a history".into() };
        let is_told = !plan.settings.webhooks.state_change_url.is_empty();
        let receiver = is_told.then(|| Rc::new(Receiver::new(Rc::clone(&judge), seed, plan.nodes > 0)));
        let truths = receiver.as_ref().map(|it| Arc::clone(&it.truths)).unwrap_or_default();
        let around = Surroundings {
            receiver,
            truths,
            older_wins: Arc::default(),
            executor: executor.clone(),
            weather: Arc::clone(&weather),
            people: Rc::clone(&people),
            sight: Rc::new(Sight::new(Rc::clone(&judge), Arc::clone(executor.clock()))),
            judge: Rc::clone(&judge),
            key: key.clone(),
        };
        let stores = match plan.nodes {
            0 => None,
            _ => Some(Stores {
                live: Live::shared(super::executor::wall(0)),
                facts: Arc::new(SqliteFacts::open(&folder.path().join("facts.db"))?),
                register: Arc::default(),
            }),
        };
        let app = App { id: THE_APP, keys: vec![key], admins: Vec::new(), settings: plan.settings.clone() };
        let mut nodes = Vec::new();
        if let Some(stores) = &stores {
            block_on(stores.facts.put_app(app.clone()))?;
            for group in 1..=plan.nodes as u64 {
                nodes.push(Node::join(stores, &around, group, seed)?);
            }
        } else {
            let node = Node::start(folder.path(), &around, 1, seed)?;
            block_on(node.shared.service.put_app(app.clone()))?;
            nodes.push(node);
        }
        let log = nodes[0].shared.live.now().follow();
        let restarts = nodes.len() as u64;
        Ok(Self {
            executor,
            weather,
            judge,
            people,
            nodes,
            plan,
            platforms: BTreeMap::new(),
            under_way: Rc::default(),
            interrupted: Rc::default(),
            stores,
            epoch_began: 0,
            around,
            folder,
            app,
            seed,
            restarts,
            random,
            climate: Climate::default(),
            connections: BTreeMap::new(),
            clients_made: 0,
            requests_made: 0,
            last_told: BTreeMap::new(),
            log,
        })
    }

    /// The source of random numbers.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// The users of the run.
    pub fn everybody(&self) -> std::ops::Range<Who> {
        0..self.plan.users
    }

    /// The current virtual time in milliseconds.
    pub fn now(&self) -> u64 {
        self.executor.clock().now()
    }

    /// The time of the nodes in milliseconds. It is the virtual time unless the clock of the directory has jumped.
    pub fn time_of_nodes(&self) -> u64 {
        self.executor.clock().of_nodes()
    }

    /// One of the running nodes.
    pub fn node(&self) -> &Node {
        self.nodes.first().expect("one node runs always")
    }

    /// Advances the time by this many milliseconds.
    pub fn pass(&mut self, millis: u64) {
        self.executor.run_until(self.now() + millis);
        self.remove_nodes_that_left();
        self.read_log();
    }

    /// Advances the time until every operation has ended, but by at most `millis`. Returns `false` if operations are
    /// still in progress.
    pub fn finish(&mut self, millis: u64) -> bool {
        let (people, under_way) = (Rc::clone(&self.people), Rc::clone(&self.under_way));
        let busy = || {
            let clients = people.clients.borrow();
            under_way.get() > 0
                || clients.values().any(|client| client.awaits.is_some() && client.stage != Stage::Over)
        };
        let until = self.now() + millis;
        while busy() && self.now() < until {
            self.executor.run_until(self.now() + 50);
        }
        self.read_log();
        !busy()
    }

    /// Checks that each new entry of the change log differs from the user's previous status. A record that is put back
    /// after a loss is exempt, because workers do not notify clients that know the status. Also reports each earlier
    /// login that has kicked a later one.
    fn read_log(&mut self) {
        self.around.older_wins.take().into_iter().for_each(|what| self.judge.found(Name::OlderWins, what));
        let mut entries = Vec::new();
        if self.log.take(&mut entries) != lamplight_directory::Heard::All {
            self.last_told.clear();
        }
        let now = self.time_of_nodes();
        for entry in entries {
            if let Some((status, restrictions)) = entry.news.status() {
                let who = who_is(&entry.user.id);
                let restricts = self.around.sight.differs_in_log(who, restrictions);
                if let Some(last) = self.last_told.get(&who) {
                    // An entry about restrictions may come twice.
                    let may_repeat = restricts || restrictions.is_some();
                    if last.version > status.version || last.version == status.version && !may_repeat {
                        let what = format!("{}: {last:?}, then {status:?}", NAMES[who]);
                        self.judge.found(Name::GoesBack, what);
                    } else if !restricts
                        && last.version < status.version
                        && super::people::same(last, status)
                        && !last.is_put_back_as(status)
                        && !corrects_since(last, status)
                    {
                        let what = format!("{}: {last:?}, then {status:?}", NAMES[who]);
                        self.judge.found(Name::NoDifference, what);
                    }
                    if status.reason == Reason::CustomExpired && last.reason != status.reason {
                        self.judge.count("custom status has expired");
                        let is_right = is_over(last, now + CLOCK_ERROR)
                            && status.custom_status.as_str().is_empty()
                            && (last.status_type, last.since) == (status.status_type, status.since);
                        if !is_right {
                            let what = format!("{}: {last:?}, then {status:?}", NAMES[who]);
                            self.judge.found(Name::CustomExpiry, what);
                        }
                    }
                }
                self.last_told.insert(who, status.clone());
            }
        }
        // A record that was rebuilt from the facts has a new status without a log entry, because the log has only
        // changes. The last logged status of users without a record is therefore removed.
        let node = self.nodes.first().expect("one node runs always");
        self.last_told.retain(|who, _| node.peek(&user_of(*who), |presence| presence.is_some()));
    }

    /// Crashes the process, and starts a new process from the files on disk.
    pub fn restart(&mut self) {
        self.judge.note(|| "the process dies".to_owned());
        self.executor.kill(self.restarts);
        let clients: Vec<u64> = self.people.clients.borrow().keys().copied().collect();
        clients.into_iter().for_each(|number| self.people.leave(number));
        self.connections.clear();
        self.under_way = Rc::default();
        self.weather.set(Climate::default());
        self.restarts += 1;
        // The old process must close the files before the new one opens them.
        let dead = std::mem::replace(&mut self.log, lamplight_directory::LocalLog::default().reader());
        drop(dead);
        match Node::start(self.folder.path(), &self.around, self.restarts, self.seed) {
            Ok(node) => self.nodes = vec![node],
            Err(error) => self.judge.found(Name::Panic, format!("cannot start a node: {error}")),
        }
        self.last_told.clear();
        self.log = self.node().shared.live.now().follow();
        let apps = self.node().shared.service.apps();
        if let Some(app) = apps.get(THE_APP) {
            self.app = (*app).clone();
        }
        self.weather.set(self.climate.clone());
    }

    /// Sets the delays and failure rates of the stores.
    pub fn set_weather(&mut self, climate: Climate) {
        self.judge.note(|| format!("{climate:?}"));
        self.weather.set(climate.clone());
        self.climate = climate;
    }

    /// Makes writes to the live record fail for a random user with a deadline. Returns `false` if there is no such
    /// user.
    pub fn curse_who_is_due(&mut self) -> bool {
        let is_due = |who: &Who| {
            self.node()
                .peek(&user_of(*who), |presence| presence.is_some_and(|it| it.next_deadline().is_some()))
        };
        let due: Vec<Who> = self.everybody().filter(is_due).collect();
        if due.is_empty() {
            return false;
        }
        let cursed_live = Some(user_of(*self.random.pick(&due)));
        self.set_weather(Climate { cursed_live, ..self.climate.clone() });
        true
    }

    /// Records a broken invariant for each deadline that passed long ago. Users whose writes fail are exempt.
    pub fn look_for_overdue(&self) {
        let now = self.node().shared.now().moment;
        for who in self.everybody() {
            let user = user_of(who);
            let cursed = [&self.climate.cursed, &self.climate.cursed_live];
            if cursed.iter().any(|cursed| cursed.as_ref() == Some(&user)) {
                continue;
            }
            let due = self.node().peek(&user, |presence| presence?.next_deadline());
            if let Some(due) = due.filter(|due| *due + LATEST < now) {
                let what = format!("{}: due at {}, and it is {}", NAMES[who], due.0, now.0);
                self.judge.found(Name::Overdue, what);
            }
        }
    }

    /// Returns the devices in the record of a user, with their platforms. The connection is `None` for a device that is
    /// not connected.
    pub fn devices(&self, who: Who) -> Vec<(usize, Platform, Option<ConnectionId>)> {
        self.node().peek(&user_of(who), |presence| {
            let Some(presence) = presence else { return Vec::new() };
            let devices = presence.devices().iter().map(|device| {
                let place = (0..DEVICES.len()).find(|place| device_id(*place) == device.id);
                let connection = match device.link {
                    lamplight_core::Link::Connected(connection) => Some(connection),
                    lamplight_core::Link::Held { .. } | lamplight_core::Link::Gone { .. } => None,
                };
                (place.expect("there are no other devices"), device.platform, connection)
            });
            devices.collect()
        })
    }

    /// Whether a device is logged in according to the record or the facts.
    pub fn is_logged_in(&self, who: Who, device: usize) -> bool {
        let logins = block_on(self.node().facts().logins(user_of(who))).unwrap_or_default();
        logins.iter().any(|login| login.device == device_id(device))
            || self.devices(who).iter().any(|(place, ..)| *place == device)
    }
}
