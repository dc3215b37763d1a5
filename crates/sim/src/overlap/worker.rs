//! What a worker of the server does, without its sockets, await for await: slots that are used again, one request at
//! a time for each connection, and everything that goes on beside it. Names are those of `server/src/worker`.

use super::executor::Executor;
use super::judge::{Judge, Name};
use super::people::{
    APP, Body, DEVICES, Message, NAMES, People, Request, Who, device_id, id_of, user_of, who_is,
};
use crate::random::Random;
use lamplight_auth::{Claims, sign};
use lamplight_core::{EndCause, LinkEnd, Presence, Told, WatcherKey};
use lamplight_directory::{Directory, Heard, InProcessDirectory, LogReader};
use lamplight_model::{
    AppKey, Code, ConnectionId, DeviceId, Moment, Now, Refusal, Timestamp, User, UserId, UserStatus,
};
use lamplight_service::{Audience, By, Effect, LoginCall, Member, NewFriend, Service, ServiceError, Viewing};
use slab::Slab;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

/// How long a peer may take to go after the last words.
const CLOSING_TIME: usize = 2_000;

/// What all workers of a node share.
pub(crate) struct Shared {
    pub service: Service,
    /// Behind the weather: what is true now.
    pub directory: Arc<InProcessDirectory>,
    pub executor: Executor,
    /// What dies together with the node.
    pub group: u64,
    /// The virtual time at which the clock of this process began.
    pub origin: u64,
    pub key: AppKey,
    pub people: Rc<People>,
    pub judge: Rc<Judge>,
    pub attempts: RefCell<BTreeMap<u64, Attempt>>,
    /// Who tried to log in, and when the UserSig was made.
    pub logins: RefCell<Vec<(Who, u64)>>,
    pub random: RefCell<Random>,
}

/// What became of the login of a connection: for the judge.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attempt {
    /// What the last login over it was answered.
    pub outcome: Option<Result<(), Code>>,
    /// A login over it failed by a fault of ours.
    pub has_failed: bool,
    /// Its end could not be written.
    pub end_was_lost: bool,
    /// It has met a bug of ours.
    pub met_bug: bool,
}

impl Shared {
    /// The present by the clock of this process.
    pub fn now(&self) -> Now {
        let now = self.executor.clock().now();
        Now { moment: Moment(now - self.origin), wall: wall(now) }
    }

    /// Starts something that dies with the node.
    pub fn start(&self, work: impl Future<Output = ()> + 'static) {
        self.executor.start(self.group, work);
    }
}

/// The wall clock at a virtual moment.
pub(crate) fn wall(now: u64) -> Timestamp {
    Timestamp(1_700_000_000_000 + now)
}

/// A worker.
pub(crate) struct Worker {
    index: usize,
    shared: Rc<Shared>,
    connections: RefCell<Slab<Connection>>,
    taken_in: Cell<u32>,
    audience: RefCell<Audience<UserStatus>>,
    /// The slot of each watcher, by the watcher's number.
    watchers: RefCell<Vec<usize>>,
}

struct Connection {
    id: ConnectionId,
    /// The client at the other end.
    client: u64,
    session: Session,
    busy: bool,
    ending: Option<Ending>,
    inbox: VecDeque<(u64, Request)>,
}

enum Session {
    New,
    LoggedIn(Login),
    Closing,
}

#[derive(Clone)]
struct Login {
    user: User,
    device: DeviceId,
    watcher: WatcherKey,
    answered: bool,
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
}

impl Worker {
    /// A worker without connections, who hears the log from here on.
    pub fn start(index: usize, shared: &Rc<Shared>) -> Rc<Self> {
        let worker = Rc::new(Self {
            index,
            shared: Rc::clone(shared),
            connections: RefCell::default(),
            taken_in: Cell::new(0),
            audience: RefCell::default(),
            watchers: RefCell::default(),
        });
        let (it, log) = (Rc::clone(&worker), shared.directory.log());
        shared.start(async move { it.rounds(log).await });
        worker
    }

    async fn rounds(self: Rc<Self>, mut log: LogReader) {
        loop {
            log.ready().await;
            // A round takes its time, and other things happen in it.
            let lag = {
                let random = &mut *self.shared.random.borrow_mut();
                if random.once_in(40) { random.below(300) } else { random.below(4) }
            };
            if lag > 0 {
                self.shared.executor.clock().sleep(lag as u64).await;
            }
            self.hear(&mut log);
            self.deliver_all();
        }
    }

    // Coming and going

    /// Takes a connection in.
    pub fn take_in(&self, client: u64) -> ConnectionId {
        let mut connections = self.connections.borrow_mut();
        let entry = connections.vacant_entry();
        self.taken_in.set(self.taken_in.get() + 1);
        let id = connection_id(self.index, entry.key(), self.taken_in.get());
        entry.insert(Connection {
            id,
            client,
            session: Session::New,
            busy: false,
            ending: None,
            inbox: VecDeque::new(),
        });
        id
    }

    /// The connections that are logged in, with whose they are.
    pub fn logged_in(&self) -> Vec<(ConnectionId, u64, User, DeviceId)> {
        let connections = self.connections.borrow();
        let logged_in = connections.iter().filter_map(|(_, connection)| {
            let login = connection.login()?;
            Some((connection.id, connection.client, login.user.clone(), login.device.clone()))
        });
        logged_in.collect()
    }

    /// Whom a connection watches by subscription.
    pub fn subscriptions(&self, id: ConnectionId) -> Option<Vec<Who>> {
        let watcher = self.connections.borrow().get(slot_of(id))?.login()?.watcher;
        Some(self.audience.borrow().subscriptions(watcher).map(who_is).collect())
    }

    /// The socket of a client has something.
    pub fn receive(self: &Rc<Self>, id: ConnectionId, number: u64, request: Request) {
        let slot = slot_of(id);
        {
            let mut connections = self.connections.borrow_mut();
            let Some(connection) = connections.get_mut(slot).filter(|it| it.id == id) else { return };
            connection.inbox.push_back((number, request));
        }
        self.look_again(slot);
    }

    /// The link of a client is gone.
    pub fn link_ended(self: &Rc<Self>, id: ConnectionId, end: LinkEnd) {
        let slot = slot_of(id);
        if self.connections.borrow().get(slot).is_some_and(|connection| connection.id == id) {
            self.end(slot, end);
        }
    }

    /// A connection has met a bug of ours and is given up.
    pub fn meet_bug(self: &Rc<Self>, id: ConnectionId) {
        let slot = slot_of(id);
        self.shared.attempts.borrow_mut().entry(id.0).or_default().met_bug = true;
        if self.connections.borrow().get(slot).is_some_and(|connection| connection.id == id) {
            self.abandon(slot);
        }
    }

    /// The UserSig of a connection expires now.
    pub fn sig_ends(self: &Rc<Self>, id: ConnectionId) {
        let slot = slot_of(id);
        let ends = |it: &Connection| it.id == id && !it.busy && it.login().is_some();
        if self.connections.borrow().get(slot).is_some_and(ends) {
            self.expire_sig(slot);
        }
    }

    fn abandon(self: &Rc<Self>, slot: usize) {
        if let Some(connection) = self.connections.borrow_mut().get_mut(slot) {
            connection.busy = false;
        }
        self.end(slot, LinkEnd::Closed);
    }

    fn end(self: &Rc<Self>, slot: usize, end: LinkEnd) {
        {
            let mut connections = self.connections.borrow_mut();
            let Some(connection) = connections.get_mut(slot) else { return };
            if connection.busy {
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
            if connection.busy {
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
                if let Some(end) = tell_directory {
                    let worker = Rc::clone(self);
                    self.shared.start(async move {
                        let now = worker.shared.now();
                        let ended = worker.shared.service.disconnect(&login.user, id, end, now).await;
                        if let Err(error) = ended {
                            worker.shared.judge.note(|| format!("  the end of {} is lost: {error}", id.0));
                            if let Some(attempt) = worker.shared.attempts.borrow_mut().get_mut(&id.0) {
                                attempt.end_was_lost = true;
                            }
                        }
                    });
                }
            }
            Session::New | Session::Closing => {}
        }
    }

    fn remove(&self, slot: usize) {
        let removed = self.connections.borrow_mut().try_remove(slot);
        if let Some(connection) = removed {
            self.shared.people.leave(connection.client);
        }
    }

    // Requests

    fn look_again(self: &Rc<Self>, slot: usize) {
        let (id, number, request, login) = {
            let mut connections = self.connections.borrow_mut();
            let Some(connection) = connections.get_mut(slot) else { return };
            if connection.busy || matches!(connection.session, Session::Closing) {
                return;
            }
            let Some((number, request)) = connection.inbox.pop_front() else { return };
            connection.busy = true;
            (connection.id, number, request, connection.login().cloned())
        };
        let worker = Rc::clone(self);
        let contained = Rc::clone(self);
        let work = async move {
            match (request, login) {
                (Request::Login { who, device, platform, resume, known }, None) => {
                    let call = (who, device, platform, resume, known);
                    let answer = worker.try_log_in(id, call).await;
                    if let Some(attempt) = worker.shared.attempts.borrow_mut().get_mut(&id.0) {
                        let code = |error: &ServiceError| error.refusal().code;
                        attempt.outcome = Some(answer.as_ref().map(|_| ()).map_err(code));
                        attempt.has_failed |= attempt.outcome == Some(Err(Code::INTERNAL));
                    }
                    worker.answer(id, number, answer);
                }
                (Request::Logout, Some(_)) => worker.log_out(id, number).await,
                (_, None) | (Request::Login { .. }, Some(_)) => {
                    worker.answer(id, number, Err(Code::NOT_LOGGED_IN.into()));
                }
                (request, Some(login)) => {
                    let answer = worker.call(&login.user, id, login.watcher, request).await;
                    worker.answer(id, number, answer);
                }
            }
        };
        // A bug of ours costs the connection that met it, and no other.
        self.shared.start(async move {
            if Contained(Box::pin(work)).await.is_err() {
                contained.shared.judge.note(|| format!("  a panic in request {number}"));
                contained.abandon(slot);
            }
        });
    }

    async fn try_log_in(
        self: &Rc<Self>,
        id: ConnectionId,
        (who, device, platform, resume, known): (
            Who,
            usize,
            lamplight_model::Platform,
            bool,
            Vec<(Who, lamplight_model::Version)>,
        ),
    ) -> Result<Body, ServiceError> {
        let slot = slot_of(id);
        let now = self.shared.now();
        let claims = Claims {
            user_id: id_of(who),
            app: APP,
            issued: now.wall.as_secs(),
            expire: 86_400,
            userbuf: None,
        };
        self.shared.logins.borrow_mut().push((who, self.shared.executor.clock().now()));
        self.shared.attempts.borrow_mut().entry(id.0).or_default().outcome = None;
        let call = LoginCall {
            app: APP,
            user_id: NAMES[who],
            user_sig: &sign(&self.shared.key, &claims),
            device_id: DEVICES[device].0,
            platform,
            resume,
            connection: id,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        let done = self.shared.service.login(&call, now).await?;

        // From here on the directory knows the connection, and the audience hears what is said of it.
        let mut effects = Vec::new();
        let watcher =
            self.audience.borrow_mut().join(Member::new(done.user.clone(), id), known.len(), &mut effects);
        self.note_watcher(watcher, slot);
        if let Some(connection) = self.connections.borrow_mut().get_mut(slot) {
            let (user, device) = (done.user.clone(), device_id(device));
            connection.session = Session::LoggedIn(Login { user, device, watcher, answered: false });
        }
        let settled = self.settle(watcher, effects).await;
        let version = self.shared.service.facts().lists_states(vec![done.user.clone()]).await;
        let current = match settled.and_then(|current| Ok((current, version?))) {
            Ok((current, _)) => current,
            Err(error) => {
                self.close(slot, None, Some(LinkEnd::Closed));
                return Err(error);
            }
        };
        if !current {
            self.close_superseded(id);
            return Err(Refusal::because(Code::NOT_LOGGED_IN, "another login came at the same time").into());
        }
        let not_watched = {
            let mut audience = self.audience.borrow_mut();
            known
                .iter()
                .filter(|(of, version)| !audience.seen(watcher, &user_of(*of), *version))
                .map(|(of, _)| *of)
                .collect()
        };
        let mut statuses = Vec::new();
        self.audience.borrow_mut().drain(watcher, |status| {
            statuses.push(status.clone());
            Told::More
        });
        let subscriptions =
            (!resume).then(|| self.audience.borrow().subscriptions(watcher).cloned().collect());
        if let Some(Session::LoggedIn(login)) =
            self.connections.borrow_mut().get_mut(slot).map(|connection| &mut connection.session)
        {
            login.answered = true;
        }
        Ok(Body::LoggedIn { statuses, subscriptions, not_watched })
    }

    async fn log_out(self: &Rc<Self>, id: ConnectionId, number: u64) {
        let slot = slot_of(id);
        let who = self.connections.borrow().get(slot).and_then(Connection::login).cloned();
        let Some(login) = who else { return self.answer(id, number, Err(Code::NOT_LOGGED_IN.into())) };
        let ended = self.shared.service.logout(&login.user, &login.device, id, self.shared.now()).await;
        let is_out = ended.is_ok();
        self.answer(id, number, ended.map(|()| Body::LoggedOut));
        if is_out && self.connections.borrow().get(slot).is_some_and(|connection| connection.id == id) {
            self.forget_login(slot, None);
            self.say_goodbye(slot);
        }
    }

    fn expire_sig(self: &Rc<Self>, slot: usize) {
        let (id, login) = {
            let mut connections = self.connections.borrow_mut();
            let Some(connection) = connections.get_mut(slot) else { return };
            connection.busy = true;
            (connection.id, connection.login().cloned())
        };
        let worker = Rc::clone(self);
        self.shared.start(async move {
            if let Some(login) = login {
                let now = worker.shared.now();
                let ended = worker.shared.service.expire_sig(&login.user, &login.device, id, now).await;
                if let Err(error) = ended {
                    worker.shared.judge.note(|| format!("  an expired login could not be ended: {error}"));
                }
            }
            if let Some(connection) = worker.connections.borrow_mut().get_mut(slot) {
                connection.busy = false;
            }
            // Should the directory not have taken it in, it learns at least that the link is gone.
            worker.close(slot, None, Some(LinkEnd::Closed));
        });
    }

    async fn call(
        self: &Rc<Self>,
        user: &User,
        id: ConnectionId,
        watcher: WatcherKey,
        request: Request,
    ) -> Result<Body, ServiceError> {
        let service = &self.shared.service;
        let now = self.shared.now();
        let names = |users: &[Who]| -> Vec<&str> { users.iter().map(|who| NAMES[*who]).collect() };
        match request {
            Request::Text(text) => {
                Ok(Body::Own(service.set_custom_status(user, &text, By::Client(id), now).await?))
            }
            Request::Query(users) => {
                let queried = service.get_user_status(user, &names(&users), now).await?;
                let mut audience = self.audience.borrow_mut();
                for status in &queried.statuses {
                    audience.seen(watcher, &User::new(APP, status.user_id.clone()), status.version);
                }
                Ok(Body::Statuses(queried.statuses))
            }
            Request::Subscribe(users) => {
                let done = service.subscribe_user_status(user, &names(&users), now).await?;
                let let_go = self.audience.borrow_mut().change_own_list(
                    watcher,
                    &done.subscribed,
                    &done.evicted,
                    &mut Vec::new(),
                );
                let users = done.subscribed.iter().map(|id| User::new(APP, id.clone()));
                self.read_states(users.collect()).await?;
                let mut audience = self.audience.borrow_mut();
                let taken = |id: &UserId| audience.take(watcher, &User::new(APP, id.clone())).cloned();
                let statuses = done.subscribed.iter().filter_map(taken).collect();
                Ok(Body::Subscribed { subscribed: done.subscribed, statuses, evicted: done.evicted, let_go })
            }
            Request::Unsubscribe(users) => {
                let (removed, _) = service.unsubscribe_user_status(user, &names(&users), now).await?;
                let let_go =
                    self.audience.borrow_mut().change_own_list(watcher, &[], &removed, &mut Vec::new());
                Ok(Body::Unsubscribed { removed, let_go })
            }
            Request::List => Ok(Body::List(service.get_subscriptions(user, now).await?.0)),
            Request::Befriend(friend, both) => {
                let friend = NewFriend { both, ..NewFriend::mutual(id_of(friend)) };
                service.add_friend(user, friend, By::Client(id), now).await?;
                Ok(Body::Done)
            }
            Request::Unfriend(friend, both) => {
                service.delete_friends(user, &[id_of(friend)], both, By::Client(id), now).await?;
                Ok(Body::Done)
            }
            Request::Login { .. } | Request::Logout => unreachable!("handled before"),
        }
    }

    fn answer(self: &Rc<Self>, id: ConnectionId, number: u64, answer: Result<Body, ServiceError>) {
        let slot = slot_of(id);
        let (client, ending) = {
            let mut connections = self.connections.borrow_mut();
            // The server panics here, and the panic is contained.
            let Some(connection) = connections.get_mut(slot) else { return };
            connection.busy = false;
            (connection.client, connection.ending.take())
        };
        let answer = answer.map_err(|error| {
            self.shared.judge.note(|| format!("  request {number}: {error}"));
            error.refusal().code
        });
        self.shared.people.hear(client, Message::Answer { request: number, answer });
        match ending {
            Some(Ending::Link(end)) => self.end(slot, end),
            Some(Ending::Said(cause, tell_directory)) => self.close(slot, cause, tell_directory),
            None => {
                self.deliver_all();
                self.deliver(slot);
                self.look_again(slot);
            }
        }
    }

    // From the change log to the sockets

    fn hear(self: &Rc<Self>, log: &mut LogReader) {
        let mut entries = Vec::new();
        let heard = log.take(&mut entries);
        let mut effects = Vec::new();
        {
            let mut audience = self.audience.borrow_mut();
            for entry in &entries {
                audience.hear(entry, UserStatus::clone, &mut effects);
            }
        }
        if heard == Heard::Missed {
            let worker = Rc::clone(self);
            self.shared.start(async move { worker.read_everything_again().await });
        }
        if !effects.is_empty() {
            self.apply(effects);
        }
    }

    fn apply(self: &Rc<Self>, effects: Vec<Effect>) {
        let (mut unread, mut reloads) = (Vec::new(), Vec::new());
        for effect in effects {
            match effect {
                Effect::Close { watcher, cause } => self.close_for(watcher, cause),
                Effect::ListChanged { watcher, subscribed, unsubscribed, not_watched } => {
                    let slot = self.slot_of_watcher(watcher);
                    // A login that is not answered yet reads the list itself.
                    let client = self
                        .connections
                        .borrow()
                        .get(slot)
                        .and_then(|connection| connection.login()?.answered.then_some(connection.client));
                    if let Some(client) = client {
                        let changed = Message::ListChanged { subscribed, unsubscribed, let_go: not_watched };
                        self.shared.people.hear(client, changed);
                    }
                }
                Effect::Reload(watcher) => reloads.push(watcher),
                // Lists are facts, which conformance and the server's tests judge.
                Effect::Lists { .. } | Effect::RereadLists(_) | Effect::FriendProfile { .. } => {}
                Effect::Read(user) => unread.push(user),
            }
        }
        reloads.sort_unstable();
        reloads.dedup();
        for watcher in reloads {
            let worker = Rc::clone(self);
            self.shared.start(async move {
                if let Err(error) = worker.settle(watcher, Vec::new()).await {
                    worker.shared.judge.note(|| format!("  a watch list could not be read: {error}"));
                }
                worker.deliver_all();
            });
        }
        if !unread.is_empty() {
            let worker = Rc::clone(self);
            self.shared.start(async move {
                if let Err(error) = worker.read_states(unread).await {
                    worker.shared.judge.note(|| format!("  statuses could not be read: {error}"));
                }
                worker.deliver_all();
            });
        }
    }

    fn close_for(self: &Rc<Self>, watcher: WatcherKey, cause: EndCause) {
        let slot = self.slot_of_watcher(watcher);
        let found =
            self.connections.borrow().get(slot).and_then(|it| Some((it.id, it.login()?.user.clone())));
        if let Some((id, user)) = found
            && self.is_current_now(&user, id)
        {
            let what = format!("connection {} of {} ({cause:?})", id.0, user.id);
            self.shared.judge.found(Name::ClosedWhileCurrent, what);
        }
        self.close(slot, Some(cause), None);
    }

    /// What the directory has at this moment, whatever the weather.
    fn is_current_now(&self, user: &User, id: ConnectionId) -> bool {
        let mut current = false;
        let mut look = |_: usize, presence: Option<&Presence>| {
            current = presence.is_some_and(|presence| presence.device_of(id).is_some());
        };
        let read = self.shared.directory.read_with(std::slice::from_ref(user), &mut look);
        super::executor::block_on(read).is_ok() && current
    }

    async fn read_states(&self, users: Vec<User>) -> Result<(), ServiceError> {
        let Some(any) = users.first() else { return Ok(()) };
        let ids: Vec<UserId> = users.iter().map(|user| user.id.clone()).collect();
        let statuses = self.shared.service.statuses(any, &ids, Viewing::Watched, self.shared.now()).await?;
        let mut audience = self.audience.borrow_mut();
        for status in statuses.into_iter().flatten() {
            let user = User::new(APP, status.user_id.clone());
            audience.tell(&user, &status, UserStatus::clone);
        }
        Ok(())
    }

    async fn settle(&self, watcher: WatcherKey, mut effects: Vec<Effect>) -> Result<bool, ServiceError> {
        loop {
            let Some(member) = self.audience.borrow().member(watcher).cloned() else { return Ok(false) };
            let Some(heard) = self.audience.borrow().lists_heard(watcher) else { return Ok(false) };
            let list = self.shared.service.watch_list(&member.user).await?;
            if !self.shared.service.is_current(&member.user, member.connection).await? {
                return Ok(false);
            }
            if self.audience.borrow_mut().set_watch_list(watcher, &list, heard, &mut effects) {
                break;
            }
        }
        let unread = effects.into_iter().filter_map(|effect| match effect {
            Effect::Read(user) => Some(user),
            Effect::Close { .. }
            | Effect::ListChanged { .. }
            | Effect::Lists { .. }
            | Effect::RereadLists(_)
            | Effect::FriendProfile { .. }
            | Effect::Reload(_) => None,
        });
        self.read_states(unread.collect()).await?;
        Ok(true)
    }

    async fn read_everything_again(self: &Rc<Self>) {
        let watchers: Vec<(WatcherKey, ConnectionId)> =
            self.audience.borrow().members().map(|(watcher, member)| (watcher, member.connection)).collect();
        for (watcher, id) in watchers {
            match self.settle(watcher, Vec::new()).await {
                Ok(true) => {}
                // What was missed may have been why.
                Ok(false) => self.close_superseded(id),
                Err(error) => {
                    self.shared.judge.note(|| format!("  a watch list could not be read: {error}"));
                }
            }
        }
        let mut users: Vec<User> = self.audience.borrow().users().cloned().collect();
        users.sort_unstable();
        if let Err(error) = self.read_states(users).await {
            self.shared.judge.note(|| format!("  statuses could not be read: {error}"));
        }
        self.deliver_all();
    }

    fn close_superseded(self: &Rc<Self>, id: ConnectionId) {
        let slot = slot_of(id);
        if self.connections.borrow().get(slot).is_some_and(|connection| connection.id == id) {
            self.close(slot, Some(EndCause::Superseded), None);
        }
    }

    /// Writes each connection that has something waiting, once.
    pub fn deliver_all(&self) {
        let mut touched = Vec::new();
        self.audience.borrow_mut().take_touched(&mut touched);
        for watcher in touched {
            self.deliver(self.slot_of_watcher(watcher));
        }
    }

    /// Writes to those who read again.
    pub fn deliver_waiting(&self) {
        let slots: Vec<usize> = self.connections.borrow().iter().map(|(slot, _)| slot).collect();
        slots.into_iter().for_each(|slot| self.deliver(slot));
    }

    fn deliver(&self, slot: usize) {
        let found = {
            let connections = self.connections.borrow();
            connections.get(slot).and_then(|it| Some((it.client, it.login()?.watcher, it.busy)))
        };
        // While a request is being answered, its answer tells.
        let Some((client, watcher, false)) = found else { return };
        if !self.shared.people.reads(client) {
            return;
        }
        let mut told = Vec::new();
        self.audience.borrow_mut().drain(watcher, |status| {
            told.push(status.clone());
            Told::More
        });
        if !told.is_empty() {
            self.shared.people.hear(client, Message::Told(told));
        }
    }

    fn note_watcher(&self, watcher: WatcherKey, slot: usize) {
        let mut watchers = self.watchers.borrow_mut();
        let number = watcher.0 as usize;
        if watchers.len() <= number {
            watchers.resize(number + 1, usize::MAX);
        }
        watchers[number] = slot;
    }

    fn slot_of_watcher(&self, watcher: WatcherKey) -> usize {
        self.watchers.borrow()[watcher.0 as usize]
    }
}

/// A future whose panic is an error.
struct Contained(Pin<Box<dyn Future<Output = ()>>>);

impl Future for Contained {
    type Output = std::thread::Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(context))) {
            Ok(Poll::Ready(())) => Poll::Ready(Ok(())),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}

/// As the server makes it: worker, count and slot in one number.
fn connection_id(worker: usize, slot: usize, count: u32) -> ConnectionId {
    ConnectionId((worker as u64) << 56 | u64::from(count) << 24 | slot as u64)
}

fn slot_of(id: ConnectionId) -> usize {
    (id.0 & 0xff_ffff) as usize
}
