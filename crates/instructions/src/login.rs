//! Logins on a node with both stores on a disk, without sockets and without the tasks of a worker.

use crate::fanout::{Newest, Ring, joined_ring};
use crate::{APP, WATCHED, app_and_key, now, phone, user, user_id, watched_by};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use lamplight_auth::{Claims, sign};
use lamplight_core::{LinkEnd, Notifications, Restrictions, Told};
use lamplight_directory::InProcessDirectory;
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{ConnectionId, Now, Platform, User, UserId, UserStatus};
use lamplight_service::{
    Audience, Effect, LoggedIn, LoginCall, Member, Reader, Service, ServiceError, ThrottleLimits, WatchList,
};
use lamplight_wire::{LoginStatuses, v1};
use std::net::{IpAddr, Ipv4Addr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// A login that has begun.
pub type Login = BoxFuture<'static, Result<LoggedIn, ServiceError>>;

/// A service with both stores in a folder, and users who form a ring. The folder is removed at the end.
pub struct Node {
    service: Arc<Service>,
    facts: Arc<SqliteFacts>,
    now: Now,
    sigs: Vec<String>,
    _folder: TempDir,
}

impl Node {
    /// Creates a node with an app, and valid UserSigs of this many users. The users have no accounts.
    ///
    /// # Panics
    ///
    /// If the temporary folder cannot be written.
    pub fn new(users: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let facts = Arc::new(SqliteFacts::open(&folder.path().join("facts.db")).expect("a new database"));
        let now = now(0);
        let opened = InProcessDirectory::open(&folder.path().join("live"), now, Duration::ZERO);
        let directory = Arc::new(opened.expect("an empty folder").0);
        let log = Arc::<InProcessDirectory>::clone(&directory);
        let throttle = ThrottleLimits::default();
        let service = Arc::new(Service::new(Arc::<SqliteFacts>::clone(&facts), directory, log, throttle));
        let (app, key) = app_and_key();
        wait_for(service.put_app(app)).expect("the app is stored");
        let sig = |number| {
            let (user_id, issued) = (user_id(number), now.wall.as_secs());
            sign(&key, &Claims { user_id, app: APP, issued, expire: 86_400, userbuf: None })
        };
        Self { service, facts, now, sigs: (0..users).map(sig).collect(), _folder: folder }
    }

    /// Creates a node whose users have logged in before with the same phone. Each watches [`WATCHED`] others. All of
    /// them but the first `absent` are connected.
    ///
    /// # Panics
    ///
    /// If the temporary folder cannot be written.
    pub fn with_known(users: usize, absent: usize) -> Self {
        let mut node = Self::new(users);
        for login in node.begin(0..users) {
            wait_for(login).expect("a valid login");
        }
        for number in 0..users {
            let (user, now) = (user(number), node.now);
            let watched: Vec<String> = watched_by(number, users).map(|it| user_id(it).to_string()).collect();
            let subscribed = node.service.subscribe_user_status(&user, &watched, now).now_or_never();
            subscribed.expect("no wait").expect("all are accounts");
            if number < absent {
                let end =
                    node.service.disconnect(&user, connection(number), LinkEnd::TimedOut, now.wall, now);
                end.now_or_never().expect("no wait").expect("the journal is written");
            }
        }
        node.now = node.now.after(Duration::from_secs(60));
        node
    }

    /// Begins the logins of the users with these numbers. Runs each login until it waits for the facts.
    ///
    /// # Panics
    ///
    /// Never: a login waits for a commit.
    pub fn begin(&self, numbers: std::ops::Range<usize>) -> Vec<Login> {
        let begin = |number: usize| {
            let (service, sig, now) = (Arc::clone(&self.service), self.sigs[number].clone(), self.now);
            let (user_id, device) = (user_id(number), phone());
            let mut login: Login = Box::pin(async move {
                let call = LoginCall {
                    app: APP,
                    user_id: user_id.as_str(),
                    user_sig: &sig,
                    device_id: device.as_str(),
                    platform: Platform::IPhone,
                    resume: false,
                    connection: connection(number),
                    address: IpAddr::V4(Ipv4Addr::LOCALHOST),
                };
                service.login(&call, now).await
            });
            assert!((&mut login).now_or_never().is_none(), "a login waits for a commit");
            login
        };
        numbers.map(begin).collect()
    }

    /// Waits until the facts have answered this many writes since the start, not counting the write of the app.
    pub fn wait_for_facts(&self, writes: usize) {
        while self.facts.stats().writes < writes as u64 + 1 {
            std::thread::sleep(Duration::from_millis(10));
        }
        // The writer sends an answer after it has counted it.
        std::thread::sleep(Duration::from_millis(100));
    }

    /// Completes logins whose writes the facts have answered.
    ///
    /// # Panics
    ///
    /// If the facts have not answered.
    pub fn complete(&self, logins: &mut [Login]) -> Vec<LoggedIn> {
        let done = logins.iter_mut().map(|login| login.now_or_never().expect("the facts have answered"));
        done.map(|done| done.expect("a valid login")).collect()
    }
}

impl Node {
    /// Reads the statuses of users. Their records must exist.
    fn statuses(&self, ids: Vec<UserId>) -> Vec<(User, UserStatus, Option<Arc<Restrictions>>)> {
        let any = user(0);
        let read = self.service.watched_statuses(&any, &ids, Reader::Watchers, self.now);
        let read = read.now_or_never().expect("no wait").expect("records").into_iter().flatten();
        read.map(|(status, restrictions)| (User::new(APP, status.user_id.clone()), status, restrictions))
            .collect()
    }
}

fn connection(number: usize) -> ConnectionId {
    ConnectionId::alone(number as u64)
}

fn wait_for<T>(call: impl Future<Output = T>) -> T {
    let mut call = pin!(call);
    loop {
        if let Some(done) = call.as_mut().now_or_never() {
            return done;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A worker with connections. The first user has logged in, and has no connection to the worker yet.
pub struct Entering {
    node: Node,
    ring: Ring<Audience<Newest>>,
    done: Option<LoggedIn>,
}

impl Entering {
    /// Creates a worker to which all users but the first are connected. The first user has logged in.
    pub fn new(users: usize) -> Self {
        let node = Node::with_known(users, 1);
        let mut login = node.begin(0..1);
        node.wait_for_facts(users + 1);
        let done = node.complete(&mut login).pop();
        let mut ring = joined_ring(1..users, users, None);
        for (user, status, restrictions) in node.statuses((0..users).map(user_id).collect()) {
            ring.all.tell(&user, &status, restrictions.as_ref());
        }
        ring.deliver();
        Self { node, ring, done }
    }

    /// Adds the connection of the first user, and returns the answer to the login with the states of [`WATCHED`] users.
    ///
    /// # Panics
    ///
    /// If it is called a second time.
    pub fn enter(&mut self) -> Vec<u8> {
        let done = self.done.take().expect("the login enters once");
        let (audience, mut effects) = (&mut self.ring.all, Vec::new());
        let member = Member::new(done.user.clone(), connection(0)).entered_at(done.rev);
        let watcher = audience.join(member, WATCHED, &mut effects);
        let heard = audience.lists_heard(watcher).expect("a member");
        let list = WatchList {
            rev: done.rev,
            version: done.version,
            subscriptions: done.subscriptions,
            friends: Vec::new(),
            notified: Notifications { others: true, friends: false },
            recorded_in: Some(done.recorded_in),
        };
        assert!(
            audience.set_watch_list(watcher, &list, heard, &mut effects),
            "nothing has changed meanwhile"
        );
        let read = effects.into_iter().map(|effect| {
            let Effect::Read(user) = effect else { panic!("{effect:?}") };
            user.id
        });
        let read = read.collect();
        for (user, status, restrictions) in self.node.statuses(read) {
            audience.tell(&user, &status, restrictions.as_ref());
        }
        let mut statuses = LoginStatuses::default();
        audience.drain(watcher, |state| {
            statuses.push(&state.0);
            Told::More
        });
        let subscriptions = audience.subscriptions(watcher).map(ToString::to_string).collect();
        statuses.message(1, &v1::LoginResponse { subscriptions, ..v1::LoginResponse::default() })
    }
}
