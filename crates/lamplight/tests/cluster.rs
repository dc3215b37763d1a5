//! Tests of several servers that share a real PostgreSQL and a real Redis. A client can use any server. A server may
//! stop, be killed or join.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

#[path = "../../facts-postgres/tests/common/mod.rs"]
mod postgres;
mod process;
#[path = "../../directory-redis/tests/server/mod.rs"]
mod redis_server;

use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::connection_ended::Cause;
use lamplight_wire::v1::server_message::Body;
use lamplight_wire::v1::{Platform, Reason, StatusType, UserStatus};
use lamplight_wire::{Framed, NATIVE_PREAMBLE, next_frame, put_frame, v1};
use process::{Folder, Running};
use prost::Message as _;
use redis_server::RedisServer;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// The longest time to wait for anything.
const PATIENCE: Duration = Duration::from_secs(60);
/// The lease and the grace of the servers in these tests.
const LEASE: Duration = Duration::from_millis(1_500);
const GRACE: Duration = Duration::from_secs(3);
const APP: u32 = 1_400_000_001;

/// The stores that the servers share.
struct Stores {
    redis: RedisServer,
    facts: String,
    _database: postgres::Database,
}

impl Stores {
    async fn start() -> Self {
        let redis = RedisServer::start().await;
        let database = postgres::server().await.create_database().await;
        let facts = postgres::server().await.url(database.name());
        Self { redis, facts, _database: database }
    }

    /// Starts servers at the same moment, and waits until they are ready.
    fn serve<const N: usize>(&self, names: [&str; N]) -> [Server; N] {
        let starting = names.map(|name| {
            let folder = Folder::new();
            let times = format!(
                "node_lease_ms = {}\nnode_loss_grace_ms = {}\nreconnect_spread_ms = 100\n",
                LEASE.as_millis(),
                GRACE.as_millis()
            );
            let settings = folder.file("lamplight.toml", &times);
            let url = self.redis.url();
            let listen = ["--client-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--workers", "1"];
            let stores = ["--facts", &self.facts, "--directory", &url, "--node-name", name];
            let all = [&["serve", "--config", &settings], &listen[..], &stores[..]].concat();
            let running = Running::start(folder.command(&all));
            Server { folder, running }
        });
        starting.map(|mut server| {
            server.running.wait_for("in a third");
            server
        })
    }
}

/// A running server.
struct Server {
    folder: Folder,
    running: Running,
}

impl Server {
    /// Makes a UserSig for a user, with which a device can log in at any server.
    fn client(&self, user: &str, device: &str) -> Client {
        let user_sig = self.folder.ok(&["sig", user]).trim().to_owned();
        Client(v1::LoginRequest {
            sdk_app_id: APP,
            user_id: user.to_owned(),
            user_sig,
            device_id: device.to_owned(),
            platform: Platform::Iphone as i32,
            ..v1::LoginRequest::default()
        })
    }

    fn create_accounts<const N: usize>(&self, users: [&str; N]) -> [Client; N] {
        users.map(|user| {
            self.folder.ok(&["account", "create", user]);
            self.client(user, &format!("phone of {user}"))
        })
    }

    fn apps(&self) -> Vec<u64> {
        let apps = self.folder.answer(&["app", "list", "--json"]);
        apps.as_array().unwrap().iter().map(|app| app["SDKAppID"].as_u64().unwrap()).collect()
    }

    fn page(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.folder.node()["http"].as_str().unwrap()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Returns the value of a metric without labels.
    fn metric(&self, name: &str) -> f64 {
        let text = self.page("/metrics");
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("lamplight_{name} ")));
        line.unwrap_or_else(|| panic!("no {name}: {text}")).parse().unwrap()
    }

    /// Stops the server in order. Returns its log.
    fn stop(self) -> String {
        self.running.signal(rustix::process::Signal::TERM);
        let (code, log) = self.running.wait();
        assert_eq!(code, Some(0), "{log}");
        log
    }

    fn kill(self) {
        self.running.signal(rustix::process::Signal::KILL);
        self.running.wait();
    }
}

/// A device that can log in.
struct Client(v1::LoginRequest);

impl Client {
    fn log_in(&self, server: &Server) -> Device {
        self.request(server, false).unwrap_or_else(|code| panic!("{}: {code}", self.0.user_id))
    }

    /// Logs in as an SDK does after a broken connection. Returns the code of the refusal if it is refused.
    fn resume(&self, server: &Server) -> Result<Device, u32> {
        self.request(server, true)
    }

    fn request(&self, server: &Server, resume: bool) -> Result<Device, u32> {
        let mut device = Device::connect(server.folder.node()["client"].as_str().unwrap());
        match device.ask(Request::Login(v1::LoginRequest { resume, ..self.0.clone() })) {
            Body::Login(_) => Ok(device),
            Body::Refusal(refusal) => Err(refusal.code),
            other => panic!("{other:?}"),
        }
    }
}

/// The connection of a device.
struct Device {
    stream: TcpStream,
    received: Vec<u8>,
    pushes: Vec<Body>,
    next: u64,
}

impl Device {
    fn connect(address: &str) -> Self {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(NATIVE_PREAMBLE).unwrap();
        Self { stream, received: Vec::new(), pushes: Vec::new(), next: 1 }
    }

    /// Sends a request and waits for its answer.
    fn ask(&mut self, request: Request) -> Body {
        let id = self.next;
        self.next += 1;
        let mut bytes = Vec::new();
        put_frame(&mut bytes, &v1::ClientMessage { id, body: Some(request) });
        self.stream.write_all(&bytes).unwrap();
        let until = Instant::now() + PATIENCE;
        loop {
            let message = self.read(until).expect("the server answers");
            match message.id == id {
                true => return message.body.unwrap(),
                false => self.pushes.push(message.body.unwrap()),
            }
        }
    }

    /// Reads the next message; `None` if none comes until this time, or if the server has closed the connection.
    fn read(&mut self, until: Instant) -> Option<v1::ServerMessage> {
        loop {
            if let Framed::Frame { message, taken } = next_frame(&self.received, usize::MAX).unwrap() {
                let message = v1::ServerMessage::decode(message).unwrap();
                self.received.drain(..taken);
                return Some(message);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            self.stream.set_read_timeout(Some(left)).unwrap();
            let mut chunk = [0; 4_096];
            match self.stream.read(&mut chunk) {
                Ok(0) => return None,
                Ok(read) => self.received.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Waits for a push of which `wanted` returns something. Earlier pushes are kept.
    fn wait_for<T>(&mut self, what: &str, wanted: impl Fn(&Body) -> Option<T>) -> T {
        let until = Instant::now() + PATIENCE;
        let mut looked_at = 0;
        loop {
            if let Some(found) = self.pushes[looked_at..].iter().find_map(&wanted) {
                return found;
            }
            looked_at = self.pushes.len();
            match self.read(until) {
                Some(message) => self.pushes.extend(message.body),
                None => panic!("it does not come: {what}; {:?}", self.pushes),
            }
        }
    }

    /// Waits until the device has been told a status of this user that fits.
    fn told(&mut self, user: &str, what: &str, fits: impl Fn(&UserStatus) -> bool) {
        self.wait_for(&format!("{user} {what}"), |body| statuses(body, user).any(&fits).then_some(()));
    }

    fn told_online(&mut self, user: &str) {
        self.told(user, "ONLINE", |it| it.status_type == StatusType::Online as i32);
    }

    /// Returns what the device has been told of a user since the last call.
    fn take_told(&mut self, user: &str) -> Vec<UserStatus> {
        let told = self.pushes.iter().flat_map(|body| statuses(body, user)).cloned().collect();
        self.pushes.clear();
        told
    }

    /// Waits for the last message of the connection.
    fn ended(&mut self) -> Cause {
        self.wait_for("the end of the connection", |body| match body {
            Body::ConnectionEnded(ended) => Some(ended.cause()),
            _ => None,
        })
    }

    fn subscribe(&mut self, users: &[&str]) {
        let user_ids = users.iter().map(|user| (*user).to_owned()).collect();
        let request = v1::SubscribeUserStatusRequest { user_ids };
        let answer = self.ask(Request::SubscribeUserStatus(request));
        let Body::SubscribeUserStatus(answer) = answer else { panic!("{answer:?}") };
        assert!(answer.failures.is_empty(), "{answer:?}");
    }

    fn set_custom(&mut self, custom_status: &str) {
        let request = v1::SetSelfStatusRequest { custom_status: custom_status.to_owned() };
        let answer = self.ask(Request::SetSelfStatus(request));
        assert!(matches!(answer, Body::SetSelfStatus(_)), "{answer:?}");
    }

    /// Waits until this device has been notified of a change that `other` makes now. The device was then also notified
    /// of everything before that change.
    fn hears_of(&mut self, other: &mut Self, user: &str, custom: &str) {
        other.set_custom(custom);
        self.told(user, custom, |it| it.custom_status == custom);
    }

    fn is_alive(&mut self) -> bool {
        matches!(self.ask(Request::Heartbeat(v1::Heartbeat::default())), Body::Heartbeat(_))
    }
}

fn statuses<'a>(body: &'a Body, user: &'a str) -> impl Iterator<Item = &'a UserStatus> {
    let told = match body {
        Body::StatusChanged(changed) => &changed.statuses[..],
        _ => &[],
    };
    told.iter().filter(move |status| status.user_id == user)
}

fn wait_until(what: &str, patience: Duration, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < patience, "it does not come: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_share_their_stores_are_one_lamplight() {
    let stores = Stores::start().await;
    let [a, b] = stores.serve(["a", "b"]);
    // Both have begun with empty stores, and one of them has created the app.
    assert_eq!((a.apps(), b.apps()), (vec![APP.into()], vec![APP.into()]));
    for server in [&a, &b] {
        assert!(server.page("/readyz").starts_with("HTTP/1.1 200"), "{}", server.page("/readyz"));
        wait_until("each server sees the other", PATIENCE, || server.metric("cluster_live_nodes") == 2.0);
        assert!(!server.folder.path().join("live").exists());
    }
    let [alices, bobs] = a.create_accounts(["alice", "bob"]);

    // A login and a change at one server are told at the other.
    let mut bob = bobs.log_in(&b);
    bob.subscribe(&["alice"]);
    let mut alice = alices.log_in(&a);
    bob.told_online("alice");
    bob.hears_of(&mut alice, "alice", "at lunch");

    // A friend and a message at one server are told at the other.
    let friend = v1::AddFriendRequest {
        user_id: "bob".to_owned(),
        add_source: "AddSource_Type_Test".to_owned(),
        ..v1::AddFriendRequest::default()
    };
    let answer = alice.ask(Request::AddFriend(friend));
    assert!(matches!(answer, Body::AddFriend(_)), "{answer:?}");
    bob.wait_for("a friend", |body| match body {
        Body::ListsChanged(lists) => {
            lists.friends.iter().any(|friend| friend.user_id == "alice").then_some(())
        }
        _ => None,
    });
    let message = v1::SendMessageRequest {
        to: "bob".to_owned(),
        text: "across".to_owned(),
        client_message_id: "1".to_owned(),
        custom: None,
    };
    let answer = alice.ask(Request::SendMessage(message));
    assert!(matches!(answer, Body::SendMessage(_)), "{answer:?}");
    bob.wait_for("a message", |body| match body {
        Body::ListsChanged(lists) => lists.messages.iter().any(|it| it.text == "across").then_some(()),
        _ => None,
    });

    // A connection of the same device at another server ends this one; another device of the platform kicks it.
    bob.pushes.clear();
    let mut moved = alices.log_in(&b);
    assert_eq!(alice.ended(), Cause::Superseded);
    let mut other = a.client("alice", "another phone").log_in(&a);
    assert_eq!(moved.ended(), Cause::KickedByOtherLogin);
    assert_eq!(alices.resume(&a).err(), Some(6_208));
    bob.hears_of(&mut other, "alice", "here again");
    let told = bob.take_told("alice");
    assert!(told.iter().all(|it| it.status_type == StatusType::Online as i32), "nobody was away: {told:?}");

    // A setting that an operator changes at one server holds at the other.
    let allowed = |device: &mut Device| {
        let request = v1::SetSelfStatusRequest { custom_status: "x".repeat(101) };
        matches!(device.ask(Request::SetSelfStatus(request)), Body::SetSelfStatus(_))
    };
    assert!(!allowed(&mut bob));
    a.folder.ok(&["app", "set", "1400000001", "--custom-status-bytes", "200"]);
    let changed = Instant::now();
    wait_until("the setting holds at the other server", PATIENCE, || allowed(&mut bob));
    println!("a setting holds at the other server after {:?}", changed.elapsed());
    assert!(changed.elapsed() < Duration::from_secs(1), "{:?}", changed.elapsed());
    // An app that is made at one server is there at the other.
    let made = b.folder.answer(&["app", "create", "--name", "second", "--json"]);
    let made = made["app"]["SDKAppID"].as_u64().unwrap();
    wait_until("the app is known at the other server", PATIENCE, || a.apps().contains(&made));
    a.stop();
    b.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_a_server_that_stops_move_and_nobody_sees_it() {
    let stores = Stores::start().await;
    let [a, b] = stores.serve(["a", "b"]);
    let [alices, bobs, carols, doras] = a.create_accounts(["alice", "bob", "carol", "dora"]);
    let (mut bob, mut carol) = (bobs.log_in(&b), carols.log_in(&b));
    bob.subscribe(&["alice", "carol", "dora"]);
    let (mut alice, _dora) = (alices.log_in(&a), doras.log_in(&a));
    bob.told_online("alice");
    bob.told_online("dora");
    bob.pushes.clear();
    let log = a.stop();
    assert!(log.contains("this node has left its cluster"), "{log}");
    assert_eq!(alice.ended(), Cause::Reconnect);
    wait_until("the other server is alone", PATIENCE, || b.metric("cluster_nodes") == 1.0);
    let mut alice = alices.resume(&b).unwrap();
    bob.hears_of(&mut carol, "carol", "a mark");
    // A device that does not come back is gone when the grace is over.
    bob.told("dora", "OFFLINE", |it| it.status_type == StatusType::Offline as i32);
    let of_dora = bob.pushes.iter().flat_map(|body| statuses(body, "dora")).count();
    assert_eq!(of_dora, 1, "{:?}", bob.pushes);
    assert_eq!(bob.take_told("alice"), [], "nobody sees that the client has moved");

    // It moves to a server that has just joined.
    let [c] = stores.serve(["c"]);
    b.stop();
    assert_eq!(alice.ended(), Cause::Reconnect);
    let (mut bob, mut carol) = (bobs.resume(&c).unwrap(), carols.resume(&c).unwrap());
    let mut alice = alices.resume(&c).unwrap();
    bob.hears_of(&mut carol, "carol", "another mark");
    let told = bob.take_told("alice");
    assert!(told.iter().all(|it| it.status_type == StatusType::Online as i32), "{told:?}");
    assert!(alice.is_alive());
    c.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_of_a_killed_server_are_told_offline_once_unless_they_are_back() {
    let stores = Stores::start().await;
    let [a, b, c] = stores.serve(["a", "b", "c"]);
    let [alices, bobs, carols, doras] = a.create_accounts(["alice", "bob", "carol", "dora"]);
    let (mut bob, mut carol) = (bobs.log_in(&b), carols.log_in(&c));
    bob.subscribe(&["alice", "carol", "dora"]);
    let (_alice, _dora) = (alices.log_in(&a), doras.log_in(&a));
    bob.told_online("alice");
    bob.told_online("dora");
    bob.pushes.clear();
    let killed = Instant::now();
    a.kill();
    // One of the two is back before the grace ends, at another server.
    let mut dora = doras.resume(&c).unwrap();
    bob.told("alice", "OFFLINE", |it| it.status_type != StatusType::Online as i32);
    let took = killed.elapsed();
    println!("told OFFLINE {took:?} after the kill, with a lease of {LEASE:?} and a grace of {GRACE:?}");
    assert!(took >= GRACE && took < GRACE + Duration::from_secs(15), "{took:?}");
    // The lost server is taken out of the register when all its connections are ended.
    wait_until("the lost server is removed", PATIENCE, || b.metric("cluster_nodes") == 2.0);
    wait_until("no server is lost", PATIENCE, || c.metric("cluster_lost_nodes") == 0.0);
    bob.hears_of(&mut carol, "carol", "a mark");
    let of_dora = bob.pushes.iter().flat_map(|body| statuses(body, "dora")).count();
    assert_eq!(of_dora, 0, "nobody sees that she was at another server");
    let told = bob.take_told("alice");
    let [once] = &told[..] else { panic!("told once: {told:?}") };
    assert_eq!((once.status_type(), once.reason()), (StatusType::Offline, Reason::NodeLost), "{once:?}");
    assert!(dora.is_alive());
    b.stop();
    c.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_redis_does_not_answer_keep_their_clients_and_say_that_they_know_nothing() {
    let stores = Stores::start().await;
    let [a, b] = stores.serve(["a", "b"]);
    let [alices, bobs] = a.create_accounts(["alice", "bob"]);
    let mut bob = bobs.log_in(&b);
    bob.subscribe(&["alice"]);
    let mut alice = alices.log_in(&a);
    bob.told_online("alice");

    // The register alone is lost: both servers join again, and nobody notices.
    bob.pushes.clear();
    stores.redis.command::<u64>("DEL lm:{0}:nodes lm:{0}:beats").await;
    for server in [&a, &b] {
        let has_both = "HLEN lm:{0}:nodes";
        let until = Instant::now() + PATIENCE;
        while stores.redis.command::<u64>(has_both).await != 2 {
            assert!(Instant::now() < until, "the servers do not join again");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        wait_until("each server sees the other", PATIENCE, || server.metric("cluster_live_nodes") == 2.0);
    }
    bob.hears_of(&mut alice, "alice", "still here");
    let told = bob.take_told("alice");
    assert!(told.iter().all(|it| it.status_type == StatusType::Online as i32), "{told:?}");

    // Redis answers nothing for longer than lease and grace, and closes no connection.
    let redis = rustix::process::Pid::from_raw(stores.redis.pid().cast_signed()).unwrap();
    let frozen = Instant::now();
    rustix::process::kill_process(redis, rustix::process::Signal::STOP).unwrap();
    wait_until("the servers are not ready", PATIENCE, || {
        [&a, &b].iter().all(|server| server.page("/readyz").contains("Redis has not answered"))
    });
    let query = Request::GetUserStatus(v1::GetUserStatusRequest { user_ids: vec!["alice".to_owned()] });
    let began = Instant::now();
    let answer = bob.ask(query);
    assert!(matches!(&answer, Body::Refusal(refusal) if refusal.code == 70_500), "{answer:?}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    wait_until("the end of the outage", PATIENCE, || frozen.elapsed() > LEASE + GRACE);
    assert!(alice.is_alive() && bob.is_alive());
    rustix::process::kill_process(redis, rustix::process::Signal::CONT).unwrap();
    for server in [&a, &b] {
        wait_until("the servers are ready", PATIENCE, || server.page("/readyz").starts_with("HTTP/1.1 200"));
        assert_eq!(server.metric("cluster_cut_off"), 0.0);
        assert!(server.metric("cluster_failed_renewals_total") >= 1.0);
    }
    bob.hears_of(&mut alice, "alice", "here all the time");
    let told = bob.take_told("alice");
    assert!(told.iter().all(|it| it.status_type == StatusType::Online as i32), "nobody was away: {told:?}");
    assert!(a.stop().contains("it joins again"));
    b.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_drains_gives_its_clients_to_the_others_and_runs_on() {
    let stores = Stores::start().await;
    let [a, b] = stores.serve(["a", "b"]);
    let [alices, bobs, carols] = a.create_accounts(["alice", "bob", "carol"]);
    let (mut bob, mut carol) = (bobs.log_in(&b), carols.log_in(&b));
    bob.subscribe(&["alice", "carol"]);
    let mut alice = alices.log_in(&a);
    bob.told_online("alice");
    bob.pushes.clear();
    let listed = |server: &Server| {
        let nodes = server.folder.answer(&["node", "list", "--json"]);
        let nodes = nodes.as_array().unwrap().iter();
        let text = |node: &serde_json::Value, field: &str| node[field].as_str().unwrap().to_owned();
        nodes
            .map(|node| (text(node, "name"), text(node, "state"), node["connections"].clone()))
            .collect::<Vec<_>>()
    };
    wait_until("both servers list the connections", PATIENCE, || {
        let expected = [("a".into(), "live".into(), 1.into()), ("b".into(), "live".into(), 2.into())];
        let (mut of_a, mut of_b) = (listed(&a), listed(&b));
        of_a.sort_by(|one, other| one.0.cmp(&other.0));
        of_b.sort_by(|one, other| one.0.cmp(&other.0));
        of_a == expected && of_b == expected
    });
    let refused = |at: &Server, node: &str| {
        let (code, _, error) = at.folder.run(&["node", "drain", node]);
        assert_eq!(code, Some(1), "{error}");
        error
    };
    let unknown = refused(&b, "nobody");
    assert!(unknown.contains("there is no node nobody"), "{unknown}");

    // The request is made at another server than the one that drains.
    let done = b.folder.ok(&["node", "drain", "a"]);
    assert!(done.contains("is drained; it can be stopped"), "{done}");
    assert_eq!(alice.ended(), Cause::Reconnect);
    assert!(a.page("/readyz").contains("draining"), "{}", a.page("/readyz"));
    assert!(a.page("/readyz").starts_with("HTTP/1.1 503"), "{}", a.page("/readyz"));
    assert!(TcpStream::connect(a.folder.node()["client"].as_str().unwrap()).is_err(), "it takes no clients");
    let mut alice = alices.resume(&b).unwrap();
    bob.hears_of(&mut carol, "carol", "a mark");
    assert_eq!(bob.take_told("alice"), [], "nobody sees that the client has moved");
    assert!(b.folder.ok(&["node", "list"]).contains("DRAINING"));
    // Nobody would be left to take the clients.
    let last = refused(&a, "b");
    assert!(last.contains("no other node could take the clients of b"), "{last}");
    // A drained server still answers commands, and holds no duty that would wait for it.
    assert_eq!(a.apps(), vec![u64::from(APP)]);
    a.stop();
    assert!(alice.is_alive() && bob.is_alive());
    let [c] = stores.serve(["c"]);
    wait_until("another server replaces it", PATIENCE, || b.metric("cluster_live_nodes") == 2.0);
    c.stop();
    b.stop();
}
