//! Servers that share a PostgreSQL and a Redis, and clients of these servers.

// Helpers of tests may panic, and not every test uses all of them.
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, dead_code, missing_docs)]

pub mod link;
pub mod party;
#[path = "../../../facts-postgres/tests/common/mod.rs"]
pub mod postgres;
#[path = "../process/mod.rs"]
pub mod process;
#[path = "../../../directory-redis/tests/server/mod.rs"]
pub mod redis_server;

use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::connection_ended::Cause;
use lamplight_wire::v1::server_message::Body;
use lamplight_wire::v1::{Platform, StatusType, UserStatus};
use lamplight_wire::{Framed, NATIVE_PREAMBLE, next_frame, put_frame, v1};
use process::{Folder, Running};
use prost::Message as _;
use redis_server::RedisServer;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// The longest time to wait for anything.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// The lease and the grace of the servers. Both are equal in these tests.
pub const LEASE: Duration = Duration::from_millis(1_500);
pub const GRACE: Duration = Duration::from_secs(3);
pub const APP: u32 = 1_400_000_001;

/// The stores that the servers share.
pub struct Stores {
    pub redis: RedisServer,
    pub facts: String,
    pub database: postgres::Database,
}

impl Stores {
    pub async fn start() -> Self {
        let redis = RedisServer::start().await;
        let database = postgres::server().await.create_database().await;
        let facts = postgres::server().await.url(database.name());
        Self { redis, facts, database }
    }

    /// Starts servers at the same moment, and waits until they are ready.
    pub fn serve<const N: usize>(&self, names: [&str; N]) -> [Server; N] {
        let times = Times { lease: LEASE, grace: GRACE };
        let starting =
            names.map(|name| Server::start(name, &self.facts, &self.redis.url(), times, Path::new("/")));
        starting.map(Server::ready)
    }
}

/// The lease and the grace of a server.
#[derive(Clone, Copy)]
pub struct Times {
    pub lease: Duration,
    pub grace: Duration,
}

/// A running server.
pub struct Server {
    pub folder: Folder,
    pub running: Running,
}

impl Server {
    /// Starts a server on these stores, in the working directory `within`. [`Server::ready`] must follow.
    pub fn start(name: &str, facts: &str, directory: &str, times: Times, within: &Path) -> Self {
        let folder = Folder::new();
        let times = format!(
            "node_lease_ms = {}\nnode_loss_grace_ms = {}\nreconnect_spread_ms = 100\n",
            times.lease.as_millis(),
            times.grace.as_millis()
        );
        let settings = folder.file("lamplight.toml", &times);
        let listen = ["--client-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--workers", "1"];
        let stores = ["--facts", facts, "--directory", directory, "--node-name", name];
        let mut command =
            folder.command(&[&["serve", "--config", &settings], &listen[..], &stores[..]].concat());
        command.current_dir(within);
        let running = Running::start(command);
        Self { folder, running }
    }

    /// Waits until the server is ready.
    pub fn ready(mut self) -> Self {
        self.running.wait_for("in a third");
        self
    }

    /// Makes a device of a user, with a UserSig. The device can log in at any server.
    pub fn client(&self, user: &str, device: &str) -> Client {
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

    pub fn create_accounts<const N: usize>(&self, users: [&str; N]) -> [Client; N] {
        users.map(|user| {
            self.folder.ok(&["account", "create", user]);
            self.client(user, &format!("phone of {user}"))
        })
    }

    pub fn apps(&self) -> Vec<u64> {
        let apps = self.folder.answer(&["app", "list", "--json"]);
        apps.as_array().unwrap().iter().map(|app| app["SDKAppID"].as_u64().unwrap()).collect()
    }

    pub fn page(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.folder.node()["http"].as_str().unwrap()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Returns the value of a metric without labels.
    pub fn metric(&self, name: &str) -> f64 {
        let text = self.page("/metrics");
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("lamplight_{name} ")));
        line.unwrap_or_else(|| panic!("no {name}: {text}")).parse().unwrap()
    }

    /// Stops the server in an orderly way. Returns its log.
    pub fn stop(self) -> String {
        self.running.signal(rustix::process::Signal::TERM);
        let (code, log) = self.running.wait();
        assert_eq!(code, Some(0), "{log}");
        log
    }

    pub fn kill(self) {
        self.running.signal(rustix::process::Signal::KILL);
        self.running.wait();
    }
}

/// A device that can log in.
pub struct Client(pub v1::LoginRequest);

impl Client {
    pub fn log_in(&self, server: &Server) -> Device {
        self.request(server, false).unwrap_or_else(|code| panic!("{}: {code}", self.0.user_id))
    }

    /// Logs in as an SDK does after a broken connection. Returns the code of the refusal if it is refused.
    pub fn resume(&self, server: &Server) -> Result<Device, u32> {
        self.request(server, true)
    }

    pub fn request(&self, server: &Server, resume: bool) -> Result<Device, u32> {
        let mut device = Device::connect(server.folder.node()["client"].as_str().unwrap());
        match device.ask(Request::Login(v1::LoginRequest { resume, ..self.0.clone() })) {
            Body::Login(_) => Ok(device),
            Body::Refusal(refusal) => Err(refusal.code),
            other => panic!("{other:?}"),
        }
    }
}

/// The connection of a device.
pub struct Device {
    stream: TcpStream,
    received: Vec<u8>,
    pub pushes: Vec<Body>,
    next: u64,
}

impl Device {
    pub fn connect(address: &str) -> Self {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(NATIVE_PREAMBLE).unwrap();
        Self { stream, received: Vec::new(), pushes: Vec::new(), next: 1 }
    }

    /// Sends a request and waits for its answer.
    pub fn ask(&mut self, request: Request) -> Body {
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

    /// Reads the next message; `None` if no message comes before `until`, or if the server has closed the connection.
    pub fn read(&mut self, until: Instant) -> Option<v1::ServerMessage> {
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

    /// Waits for a notification for which `wanted` returns a value, and returns the value. Stores earlier
    /// notifications.
    pub fn wait_for<T>(&mut self, what: &str, wanted: impl Fn(&Body) -> Option<T>) -> T {
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

    /// Waits until the device has received a status of this user for which `fits` returns `true`.
    pub fn told(&mut self, user: &str, what: &str, fits: impl Fn(&UserStatus) -> bool) {
        self.wait_for(&format!("{user} {what}"), |body| statuses(body, user).any(&fits).then_some(()));
    }

    pub fn told_online(&mut self, user: &str) {
        self.told(user, "ONLINE", |it| it.status_type == StatusType::Online as i32);
    }

    /// Returns the statuses of a user that the device has received since the last call.
    pub fn take_told(&mut self, user: &str) -> Vec<UserStatus> {
        let told = self.pushes.iter().flat_map(|body| statuses(body, user)).cloned().collect();
        self.pushes.clear();
        told
    }

    /// Waits for the last message of the connection.
    pub fn ended(&mut self) -> Cause {
        self.wait_for("the end of the connection", |body| match body {
            Body::ConnectionEnded(ended) => Some(ended.cause()),
            _ => None,
        })
    }

    pub fn subscribe(&mut self, users: &[&str]) {
        let user_ids = users.iter().map(|user| (*user).to_owned()).collect();
        let request = v1::SubscribeUserStatusRequest { user_ids };
        let answer = self.ask(Request::SubscribeUserStatus(request));
        let Body::SubscribeUserStatus(answer) = answer else { panic!("{answer:?}") };
        assert!(answer.failures.is_empty(), "{answer:?}");
    }

    pub fn set_custom(&mut self, custom_status: &str) {
        let request =
            v1::SetSelfStatusRequest { custom_status: custom_status.to_owned(), ..Default::default() };
        let answer = self.ask(Request::SetSelfStatus(request));
        assert!(matches!(answer, Body::SetSelfStatus(_)), "{answer:?}");
    }

    /// Lets `other` set a custom status, and waits until this device has received it. By then, this device has also
    /// received all earlier notifications.
    pub fn hears_of(&mut self, other: &mut Self, user: &str, custom: &str) {
        other.set_custom(custom);
        self.told(user, custom, |it| it.custom_status == custom);
    }

    pub fn is_alive(&mut self) -> bool {
        matches!(self.ask(Request::Heartbeat(v1::Heartbeat::default())), Body::Heartbeat(_))
    }
}

pub fn statuses<'a>(body: &'a Body, user: &'a str) -> impl Iterator<Item = &'a UserStatus> {
    let told = match body {
        Body::StatusChanged(changed) => &changed.statuses[..],
        _ => &[],
    };
    told.iter().filter(move |status| status.user_id == user)
}

pub fn wait_until(what: &str, patience: Duration, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < patience, "it does not come: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
