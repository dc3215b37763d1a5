//! A node in this process, and a client that writes the wire protocol directly. The client can send messages that no
//! SDK would send.

#![allow(dead_code, clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

pub mod api;
pub mod browser;
pub mod cable;
pub mod chat;
pub mod log;
pub mod pair;
pub mod receiver;
pub mod websocket;

use lamplight_auth::{Claims, sign};
use lamplight_facts::Facts;
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{App, AppSettings, Platform, StatusType, User, UserId};
use lamplight_server::{Clock, Config, Node, TlsConfig};
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::server_message::Body;
use lamplight_wire::{Framed, NATIVE_PREAMBLE, next_frame, put_frame, v1};
use prost::Message as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The timeout for events that must happen.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct TestNode {
    pub node: Node,
    pub clock: Clock,
    pub app: App,
    pub config: Config,
    pub folder: TempDir,
}

/// A stopped node, which can be started again.
pub struct StoppedNode {
    pub clock: Clock,
    app: App,
    config: Config,
    folder: TempDir,
}

impl StoppedNode {
    /// Returns the data folder.
    pub fn folder(&self) -> &Path {
        &self.config.data_dir
    }

    /// Opens the database of facts, which no node has open.
    pub fn facts(&self) -> Box<dyn Facts> {
        Box::new(SqliteFacts::open(&self.config.data_dir.join("facts.db")).unwrap())
    }

    pub async fn start(self) -> TestNode {
        let Self { clock, app, config, folder } = self;
        let node = Node::start(config.clone(), clock.clone()).await.unwrap();
        assert!(node.created().is_none());
        TestNode { node, clock, app, config, folder }
    }
}

pub fn config(folder: &Path) -> Config {
    Config {
        data_dir: folder.to_owned(),
        client_listen: "127.0.0.1:0".parse().unwrap(),
        http_listen: "127.0.0.1:0".parse().unwrap(),
        workers: 2,
        ..Config::default()
    }
}

/// Configures a self-signed certificate for localhost; returns the certificate in PEM.
pub fn with_tls(config: &mut Config) -> String {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (config.data_dir.join("cert.pem"), config.data_dir.join("key.pem"));
    // A node refuses a data folder that contains files and that others can access, so the test restricts the access
    // first.
    std::fs::set_permissions(&config.data_dir, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    config.tls = TlsConfig { certificate: Some(certificate), key: Some(key) };
    made.cert.pem()
}

impl TestNode {
    /// Opens the database of facts, which the node also has open.
    pub fn facts(&self) -> Box<dyn Facts> {
        Box::new(SqliteFacts::open(&self.config.data_dir.join("facts.db")).unwrap())
    }

    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path());
        change(&mut config);
        let clock = Clock::default();
        let node = Node::start(config.clone(), clock.clone()).await.unwrap();
        let app = node.created().unwrap().clone();
        let mut started = Self { node, clock, app, config, folder };
        // Most tests have no linger for Web; those that need one set it.
        started.set(|settings| settings.timing.linger_web_ms = 0).await;
        started
    }

    pub async fn stop(self) -> StoppedNode {
        let Self { node, clock, app, config, folder } = self;
        node.stop().await;
        StoppedNode { clock, app, config, folder }
    }

    pub fn user(&self, id: &str) -> User {
        User::new(self.app.id, UserId::new(id).unwrap())
    }

    pub async fn has_account(&self, id: &str) -> bool {
        self.node.service().accounts_of(vec![self.user(id)]).await.unwrap()[0].is_some()
    }

    /// Returns the text of `/metrics`.
    pub async fn metrics(&self) -> String {
        let mut stream = TcpStream::connect(self.node.http_address()).await.unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    /// Returns the value of the first metric line that begins with `line`; 0 if there is no such line.
    pub async fn metric(&self, line: &str) -> u64 {
        let text = self.metrics().await;
        let found = text.lines().find_map(|shown| shown.strip_prefix(line)?.split_whitespace().next());
        found.map_or(0, |value| value.parse().unwrap())
    }

    pub fn address(&self) -> SocketAddr {
        self.node.client_address()
    }

    pub async fn set(&mut self, change: impl FnOnce(&mut AppSettings)) {
        change(&mut self.app.settings);
        self.node.service().put_app(self.app.clone()).await.unwrap();
    }

    /// Waits until the node has this number of connections.
    pub async fn has_connections(&self, count: usize) {
        let wait = async {
            while self.node.connections() != count {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("connections come and go");
    }

    pub fn sig(&self, user: &str) -> String {
        self.sig_for(user, 3_600)
    }

    pub fn sig_for(&self, user: &str, expire: u64) -> String {
        self.sig_by(user, self.clock.now().wall.as_secs(), expire)
    }

    /// Makes a UserSig that was issued at `issued`, in seconds since 1970.
    pub fn sig_issued(&self, user: &str, issued: u64) -> String {
        self.sig_by(user, issued, 3_600)
    }

    fn sig_by(&self, user: &str, issued: u64, expire: u64) -> String {
        let claims =
            Claims { user_id: UserId::new(user).unwrap(), app: self.app.id, issued, expire, userbuf: None };
        sign(self.app.keys.last().unwrap(), &claims)
    }

    pub async fn connect(&self) -> Wire {
        Wire::connect(self.address()).await
    }

    /// Connects without sending the preamble.
    pub async fn connect_silently(&self) -> Wire {
        let stream = TcpStream::connect(self.address()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Wire::over(stream)
    }

    /// Connects over native TCP and logs a device in.
    pub async fn log_in(&self, user: &str, device: &str, platform: Platform) -> Wire {
        let mut wire = self.connect().await;
        let answer = wire.ask(self.login(user, device, platform)).await;
        let Body::Login(_) = answer else { panic!("{user} on {device}: {answer:?}") };
        wire
    }

    pub fn login(&self, user: &str, device: &str, platform: Platform) -> Request {
        Request::Login(v1::LoginRequest {
            sdk_app_id: self.app.id.0,
            user_id: user.to_owned(),
            user_sig: self.sig(user),
            device_id: device.to_owned(),
            platform: platform as i32,
            ..v1::LoginRequest::default()
        })
    }
}

/// A client of the native protocol.
pub struct Wire {
    pub stream: TcpStream,
    pub received: Vec<u8>,
    next_id: u64,
    /// The notifications that arrived while the client waited for an answer.
    pub pushed: Vec<Body>,
}

impl Wire {
    fn over(stream: TcpStream) -> Self {
        Self { stream, received: Vec::new(), next_id: 1, pushed: Vec::new() }
    }

    pub async fn connect(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream.write_all(NATIVE_PREAMBLE).await.unwrap();
        Self::over(stream)
    }

    /// Connects with small receive and send buffers in the kernel.
    pub async fn connect_small(address: SocketAddr) -> Self {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket.set_send_buffer_size(16 * 1024).unwrap();
        let mut stream = socket.connect(address).await.unwrap();
        stream.write_all(NATIVE_PREAMBLE).await.unwrap();
        Self::over(stream)
    }

    pub async fn send(&mut self, body: Request) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        let mut bytes = Vec::new();
        put_frame(&mut bytes, &v1::ClientMessage { id, body: Some(body) });
        self.stream.write_all(&bytes).await.unwrap();
        id
    }

    /// Returns the next message; `None` if the server has closed the connection.
    pub async fn next(&mut self) -> Option<v1::ServerMessage> {
        loop {
            if let Framed::Frame { message, taken } = next_frame(&self.received, usize::MAX).unwrap() {
                let message = v1::ServerMessage::decode(message).unwrap();
                self.received.drain(..taken);
                return Some(message);
            }
            let read = self.stream.read_buf(&mut self.received);
            match tokio::time::timeout(PATIENCE, read).await.expect("something comes") {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    pub async fn ask(&mut self, body: Request) -> Body {
        let id = self.send(body).await;
        loop {
            let message = self.next().await.expect("an answer comes");
            let body = message.body.unwrap();
            if message.id == id {
                return body;
            }
            self.pushed.push(body);
        }
    }

    /// Returns the next notification; `None` if the server has closed the connection.
    pub async fn push(&mut self) -> Option<Body> {
        if !self.pushed.is_empty() {
            return Some(self.pushed.remove(0));
        }
        Some(self.next().await?.body.unwrap())
    }

    /// Sends a request that must be refused; returns the code of the refusal.
    pub async fn refused(&mut self, body: Request) -> u32 {
        match self.ask(body).await {
            Body::Refusal(refusal) => refusal.code,
            answer => panic!("not refused: {answer:?}"),
        }
    }

    /// Waits for a notification that `user` has this status type; skips all others.
    pub async fn told(&mut self, user: &str, status: StatusType) -> v1::UserStatus {
        loop {
            let body = self.push().await.expect("still connected");
            if let Body::StatusChanged(changed) = body {
                for told in changed.statuses {
                    if told.user_id == user && told.status_type == status as i32 {
                        return told;
                    }
                }
            }
        }
    }

    pub async fn subscribe(&mut self, users: &[&str]) -> v1::SubscribeUserStatusResponse {
        match self.ask(subscribe(users)).await {
            Body::SubscribeUserStatus(answer) => answer,
            answer => panic!("{answer:?}"),
        }
    }

    pub async fn status_of(&mut self, user: &str) -> v1::UserStatus {
        match self.ask(get(&[user])).await {
            Body::GetUserStatus(answer) => answer.statuses[0].clone(),
            answer => panic!("{answer:?}"),
        }
    }

    /// Returns the server's last message on the connection. Skips all earlier messages.
    pub async fn last_words(&mut self) -> v1::ConnectionEnded {
        loop {
            let body = self.push().await.expect("last words come before the end");
            if let Body::ConnectionEnded(words) = body {
                return words;
            }
        }
    }

    /// Waits until the server closes the connection.
    pub async fn closed(&mut self) {
        while self.next().await.is_some() {}
    }

    /// Sends these bytes as a frame.
    pub async fn send_framed(&mut self, message: &[u8]) {
        let mut bytes = length_prefix(message.len());
        bytes.extend_from_slice(message);
        self.stream.write_all(&bytes).await.unwrap();
    }

    /// Returns the next status of a user that a notification contains.
    pub async fn told_of(&mut self, user: &str) -> v1::UserStatus {
        loop {
            if let Body::StatusChanged(changed) = self.push().await.expect("still connected") {
                let found = changed.statuses.into_iter().find(|told| told.user_id == user);
                if let Some(told) = found {
                    return told;
                }
            }
        }
    }
}

/// Returns the length prefix of a frame.
pub fn length_prefix(length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encode_length_delimiter(length, &mut bytes).unwrap();
    bytes
}

pub fn ids(users: &[&str]) -> Vec<String> {
    users.iter().map(|user| (*user).to_owned()).collect()
}

pub fn get(users: &[&str]) -> Request {
    Request::GetUserStatus(v1::GetUserStatusRequest { user_ids: ids(users) })
}

pub fn subscribe(users: &[&str]) -> Request {
    Request::SubscribeUserStatus(v1::SubscribeUserStatusRequest { user_ids: ids(users) })
}

pub fn unsubscribe(users: &[&str]) -> Request {
    Request::UnsubscribeUserStatus(v1::UnsubscribeUserStatusRequest { user_ids: ids(users) })
}

pub fn list() -> Request {
    Request::GetSubscriptions(v1::GetSubscriptionsRequest {})
}

pub fn custom(text: &str) -> Request {
    Request::SetSelfStatus(v1::SetSelfStatusRequest { custom_status: text.to_owned(), ..Default::default() })
}
