//! A copy of the server's worker without sockets. It has the same awaits in the same order. As on the server, slots are
//! reused, and other work runs while a request waits. The names are those of `server/src/worker`.

mod fanout;
mod reads;
mod requests;
mod restrictions;

use super::executor::{Executor, wall};
use super::judge::Judge;
use super::lease::{Lease, Log};
use super::people::{Message, People, Request, Who, who_is};
use super::sight::Sight;
use super::stores::Live;
use crate::random::Random;
use lamplight_core::{ConflationRate, EndCause, LinkEnd, RecordEpoch, WatcherKey};
use lamplight_model::{
    AppKey, Code, ConnectionId, DeviceId, Moment, NodeId, Now, Platform, User, UserStatus,
};
use lamplight_service::{Audience, ListDifference, ListsHeard, OwnListChange, Reads, Service};
use slab::Slab;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::Notify;

/// The rate of conflation. It is so low that changes are delayed as often as on a server with much load. For a user
/// with three or more watchers, an even lower rate applies, as on a server for a user with thousands of watchers.
const RATE: ConflationRate = ConflationRate { changes_per_second: 3, notifications_per_second: 6 };
/// The longest time, in milliseconds, for which a connection stays open after its last message.
const CLOSING_TIME: usize = 2_000;

/// The state that all workers of a node share.
pub(crate) struct Shared {
    /// The id of this run of the process.
    pub node: NodeId,
    pub service: Service,
    /// The directory without delays and failures, for the checks.
    pub live: Arc<Live>,
    pub executor: Executor,
    /// The group of the process's tasks, which are dropped when the process crashes.
    pub group: u64,
    /// The virtual time in milliseconds at which the clock of this process started.
    pub origin: u64,
    /// The lease of this node; `None` if no other node shares its stores.
    pub lease: Option<Lease>,
    pub key: AppKey,
    pub people: Rc<People>,
    pub sight: Rc<Sight>,
    pub judge: Rc<Judge>,
    pub attempts: RefCell<BTreeMap<u64, Attempt>>,
    pub random: RefCell<Random>,
}

/// The results of the logins on one connection. The checks use them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attempt {
    /// The answer to the last login on the connection; `None` before it arrives.
    pub outcome: Option<Result<(), Code>>,
    /// Whether a login on the connection failed with an internal error.
    pub has_failed: bool,
    /// Whether the end of the connection could not be written to the directory.
    pub end_was_lost: bool,
    /// Whether the worker panicked while it served the connection.
    pub met_bug: bool,
}

impl Shared {
    /// The current time by the clock of this process.
    pub fn now(&self) -> Now {
        let now = self.executor.clock().now();
        let local = Now { moment: Moment(now - self.origin), wall: wall(now) };
        self.lease.as_ref().map_or(local, |lease| lease.time(local))
    }

    /// The time by the node's own monotonic clock.
    pub fn local(&self) -> Moment {
        Moment(self.executor.clock().now() - self.origin)
    }

    /// Starts a task that is dropped when the process ends.
    pub fn start(&self, work: impl Future<Output = ()> + 'static) {
        self.executor.start(self.group, work);
    }
}

/// A worker without sockets.
pub(crate) struct Worker {
    index: usize,
    shared: Rc<Shared>,
    connections: RefCell<Slab<Connection>>,
    taken_in: Cell<u32>,
    audience: RefCell<Audience<UserStatus>>,
    /// Indexed by the slots of watchers in the audience: the watcher that has the slot now, and the slot of its
    /// connection.
    watchers: RefCell<Vec<Option<(WatcherKey, usize)>>>,
    /// The slots of connections whose client was not notified yet of changes of its subscription list.
    to_flush: RefCell<Vec<usize>>,
    /// The changes of the lists of users who are logging in.
    lists_heard: RefCell<ListsHeard>,
    reads: RefCell<Reads>,
    waiting: reads::Waiting,
    /// The newest restrictions of each user that the audience has received.
    restrictions: restrictions::Heard,
    /// Wakes the worker's loop when a task ends.
    wake: Notify,
}

struct Connection {
    id: ConnectionId,
    /// The number of the client on the connection.
    client: u64,
    session: Session,
    work: Work,
    ending: Option<Ending>,
    inbox: VecDeque<(u64, Request)>,
}

/// The request that is in progress on a connection. The next request of the connection waits for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Work {
    Idle,
    /// A login or logout. The client gets no notifications meanwhile.
    LoggingIn,
    /// Another request. The client gets notifications meanwhile.
    Answering,
}

enum Session {
    New,
    LoggedIn(Login),
    Closing,
}

struct Login {
    user: User,
    device: DeviceId,
    platform: Platform,
    /// The number of the login.
    number: u64,
    /// The issue time of the UserSig, in seconds.
    issued: u64,
    recorded_in: Option<RecordEpoch>,
    watcher: WatcherKey,
    answered: bool,
    /// Whether the worker has missed entries of the change log since it last read the watch list. Such an entry may
    /// have superseded this connection.
    may_be_superseded: bool,
    /// The changes of the subscription list that the client does not know yet; `None` if there are none.
    list_difference: Option<Box<ListDifference>>,
    own_changes: Vec<OwnListChange>,
}

enum Ending {
    Link(LinkEnd),
    Said(Option<EndCause>, Option<LinkEnd>),
}

impl Connection {
    fn login(&self) -> Option<&Login> {
        match &self.session {
            Session::LoggedIn(login) => Some(login),
            Session::New | Session::Closing => None,
        }
    }

    fn login_mut(&mut self) -> Option<&mut Login> {
        match &mut self.session {
            Session::LoggedIn(login) => Some(login),
            Session::New | Session::Closing => None,
        }
    }

    fn is_busy(&self) -> bool {
        self.work != Work::Idle
    }
}

impl Worker {
    /// Starts a worker without connections. It reads the change log from the current end.
    pub fn start(index: usize, shared: &Rc<Shared>) -> Rc<Self> {
        let travel = shared.lease.as_ref().map(|_| shared.random.borrow_mut().number());
        let log = Log::new(&shared.live, shared.executor.clock(), travel);
        let worker = Rc::new(Self {
            index,
            shared: Rc::clone(shared),
            connections: RefCell::default(),
            taken_in: Cell::new(0),
            audience: RefCell::new(Audience::new(RATE, log.interest())),
            watchers: RefCell::default(),
            to_flush: RefCell::default(),
            lists_heard: RefCell::new(ListsHeard::with_interest(log.interest())),
            reads: RefCell::default(),
            waiting: reads::Waiting::default(),
            restrictions: restrictions::Heard::default(),
            wake: Notify::new(),
        });
        let it = Rc::clone(&worker);
        shared.start(async move { it.rounds(log).await });
        worker
    }

    async fn rounds(self: Rc<Self>, mut log: Log) {
        const TICK: u64 = 250;
        loop {
            tokio::select! {
                biased;
                () = log.ready() => {}
                () = self.wake.notified() => {}
                () = self.change_is_due() => {}
                () = self.shared.executor.clock().sleep(TICK) => {}
            }
            // A round takes some time here, so that other tasks run meanwhile.
            let lag = {
                let random = &mut *self.shared.random.borrow_mut();
                if random.once_in(40) { random.below(300) } else { random.below(4) }
            };
            if lag > 0 {
                self.shared.executor.clock().sleep(lag as u64).await;
            }
            self.hear(&mut log);
            self.read_what_is_wanted();
            self.deliver_all();
        }
    }

    /// Starts a task beside the worker's loop. The loop runs again when the task ends.
    fn start_beside(self: &Rc<Self>, work: impl Future<Output = ()> + 'static) {
        let worker = Rc::clone(self);
        self.shared.start(async move {
            work.await;
            worker.wake.notify_one();
        });
    }

    /// Calls `act` with the connection that has this id. Returns `None` if the connection was removed. After an await,
    /// another connection may have the slot, so the worker looks for the connection by its id.
    fn with_connection<T>(&self, id: ConnectionId, act: impl FnOnce(&mut Connection) -> T) -> Option<T> {
        let mut connections = self.connections.borrow_mut();
        connections.get_mut(slot_of(id)).filter(|connection| connection.id == id).map(act)
    }

    /// The slot of a connection, which is valid until the next await; `None` if the connection was removed.
    fn slot(&self, id: ConnectionId) -> Option<usize> {
        self.with_connection(id, |_| slot_of(id))
    }

    // Connecting and disconnecting

    /// Adds a connection to the client with this number.
    pub fn take_in(&self, client: u64) -> ConnectionId {
        let mut connections = self.connections.borrow_mut();
        let entry = connections.vacant_entry();
        self.taken_in.set(self.taken_in.get() + 1);
        let local = local_id(self.index, entry.key(), self.taken_in.get());
        let id = ConnectionId::new(self.shared.node, local);
        entry.insert(Connection {
            id,
            client,
            session: Session::New,
            work: Work::Idle,
            ending: None,
            inbox: VecDeque::new(),
        });
        id
    }

    /// The logged-in connections, with their clients, users and devices.
    pub fn logged_in(&self) -> Vec<(ConnectionId, u64, User, DeviceId)> {
        let connections = self.connections.borrow();
        let logged_in = connections.iter().filter_map(|(_, connection)| {
            let login = connection.login()?;
            Some((connection.id, connection.client, login.user.clone(), login.device.clone()))
        });
        logged_in.collect()
    }

    /// The login number of a connection, as the worker knows it; `None` for a connection without a login.
    pub fn login_number(&self, id: ConnectionId) -> Option<u64> {
        self.with_connection(id, |connection| connection.login().map(|login| login.number)).flatten()
    }

    /// The users on the subscription list of a connection; `None` for a connection without a login.
    pub fn subscriptions(&self, id: ConnectionId) -> Option<Vec<Who>> {
        let watcher = self.connections.borrow().get(slot_of(id))?.login()?.watcher;
        Some(self.audience.borrow().subscriptions(watcher).map(who_is).collect())
    }

    /// Queues a request that a client has sent.
    pub fn receive(self: &Rc<Self>, id: ConnectionId, number: u64, request: Request) {
        let slot = slot_of(id);
        {
            let mut connections = self.connections.borrow_mut();
            let Some(connection) = connections.get_mut(slot).filter(|it| it.id == id) else { return };
            connection.inbox.push_back((number, request));
        }
        self.look_again(slot);
    }

    /// Processes the end of the link of a client.
    pub fn link_ended(self: &Rc<Self>, id: ConnectionId, end: LinkEnd) {
        if let Some(slot) = self.slot(id) {
            self.end(slot, end);
        }
    }

    /// Makes the worker panic in the task of this connection.
    pub fn meet_bug(self: &Rc<Self>, id: ConnectionId) {
        self.shared.attempts.borrow_mut().entry(id.local).or_default().met_bug = true;
        if let Some(slot) = self.slot(id) {
            self.abandon(slot);
        }
    }

    /// Processes the expiry of a connection's UserSig.
    pub fn sig_ends(self: &Rc<Self>, id: ConnectionId) {
        let slot = slot_of(id);
        let ends = |it: &Connection| it.id == id && !it.is_busy() && it.login().is_some();
        if self.connections.borrow().get(slot).is_some_and(ends) {
            self.expire_sig(slot);
        }
    }

    /// The number of open connections.
    pub fn open(&self) -> usize {
        self.connections.borrow().len()
    }

    /// Asks every client to connect to another node, because this node stops. Does not record the ends of the
    /// connections in the directory: after this call, the node holds its links there.
    pub fn send_away(self: &Rc<Self>) {
        let slots: Vec<usize> = self.connections.borrow().iter().map(|(slot, _)| slot).collect();
        slots.into_iter().for_each(|slot| self.close(slot, None, None));
    }

    fn abandon(self: &Rc<Self>, slot: usize) {
        if let Some(connection) = self.connections.borrow_mut().get_mut(slot) {
            connection.work = Work::Idle;
        }
        self.end(slot, LinkEnd::Closed);
    }

    fn end(self: &Rc<Self>, slot: usize, end: LinkEnd) {
        {
            let mut connections = self.connections.borrow_mut();
            let Some(connection) = connections.get_mut(slot) else { return };
            if connection.is_busy() {
                connection.ending.get_or_insert(Ending::Link(end));
                return;
            }
        }
        self.forget_login(slot, Some(end));
        self.remove(slot);
    }

    fn close(self: &Rc<Self>, slot: usize, cause: Option<EndCause>, tell_directory: Option<LinkEnd>) {
        let client = {
            let mut connections = self.connections.borrow_mut();
            let Some(connection) = connections.get_mut(slot) else { return };
            if connection.is_busy() {
                connection.ending = Some(Ending::Said(cause, tell_directory));
                return;
            }
            if matches!(connection.session, Session::Closing) {
                return;
            }
            connection.client
        };
        self.shared.people.hear(client, Message::Ended(cause));
        self.forget_login(slot, tell_directory);
        self.say_goodbye(slot);
    }

    fn say_goodbye(self: &Rc<Self>, slot: usize) {
        let id = {
            let mut connections = self.connections.borrow_mut();
            let Some(connection) = connections.get_mut(slot) else { return };
            connection.session = Session::Closing;
            connection.inbox.clear();
            connection.id
        };
        let wait = self.shared.random.borrow_mut().below(CLOSING_TIME) as u64;
        let worker = Rc::clone(self);
        self.shared.start(async move {
            worker.shared.executor.clock().sleep(wait).await;
            if worker.connections.borrow().get(slot).is_some_and(|connection| connection.id == id) {
                worker.remove(slot);
            }
        });
    }

    fn forget_login(self: &Rc<Self>, slot: usize, tell_directory: Option<LinkEnd>) {
        let (session, id) = {
            let mut connections = self.connections.borrow_mut();
            let Some(connection) = connections.get_mut(slot) else { return };
            (std::mem::replace(&mut connection.session, Session::New), connection.id)
        };
        match session {
            Session::LoggedIn(login) => {
                self.audience.borrow_mut().leave(login.watcher);
                self.forget_reads(login.watcher);
                if let Some(end) = tell_directory {
                    let worker = Rc::clone(self);
                    self.start_beside(async move { worker.disconnect(&login.user, id, end).await });
                }
            }
            Session::New | Session::Closing => {}
        }
    }

    /// Records the end of a connection in the directory.
    async fn disconnect(&self, user: &User, id: ConnectionId, end: LinkEnd) {
        let now = self.shared.now();
        if let Err(error) = self.shared.service.disconnect(user, id, end, now.wall, now).await {
            self.shared.judge.note(|| format!("  the end of {} waits: {error}", id.local));
            if let Some(attempt) = self.shared.attempts.borrow_mut().get_mut(&id.local) {
                attempt.end_was_lost = true;
            }
        }
    }

    fn remove(&self, slot: usize) {
        let removed = self.connections.borrow_mut().try_remove(slot);
        if let Some(connection) = removed {
            self.shared.people.leave(connection.client);
        }
    }
}

/// Returns the id of a connection on this node. As in the server, it contains the worker, a count and the slot.
fn local_id(worker: usize, slot: usize, count: u32) -> u64 {
    (worker as u64) << 56 | u64::from(count) << 24 | slot as u64
}

fn slot_of(id: ConnectionId) -> usize {
    (id.local & 0xff_ffff) as usize
}
