//! Tests of a server whose facts are in a real PostgreSQL. They cover start and restart, commands without a server, the
//! parts of the URL that are shown, and an outage of PostgreSQL.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

#[path = "../../facts-postgres/tests/common/mod.rs"]
mod postgres;
mod process;

use lamplight_auth::{Claims, sign};
use lamplight_model::{AppId, AppKey, UserId};
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::server_message::Body;
use lamplight_wire::{Framed, NATIVE_PREAMBLE, next_frame, put_frame, v1};
use postgres::{Server, server};
use process::{Folder, Running};
use prost::Message as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The longest time to wait for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// A device's connection to the server.
struct Device {
    stream: TcpStream,
    received: Vec<u8>,
    next: u64,
}

impl Device {
    /// Connects and logs in. Returns the connection, and the code of a refusal.
    fn log_in(folder: &Folder, key: &AppKey, user: &str) -> (Self, Option<u32>) {
        let stream = TcpStream::connect(folder.node()["client"].as_str().unwrap()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut device = Self { stream, received: Vec::new(), next: 1 };
        device.stream.write_all(NATIVE_PREAMBLE).unwrap();
        let issued = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let claims =
            Claims { user_id: UserId::new(user).unwrap(), app: APP, issued, expire: 3_600, userbuf: None };
        let login = v1::LoginRequest {
            sdk_app_id: APP.0,
            user_id: user.to_owned(),
            user_sig: sign(key, &claims),
            device_id: format!("phone of {user}"),
            platform: v1::Platform::Iphone as i32,
            ..v1::LoginRequest::default()
        };
        let refused = match device.ask(Request::Login(login)) {
            Body::Login(_) => None,
            Body::Refusal(refusal) => Some(refusal.code),
            other => panic!("{other:?}"),
        };
        (device, refused)
    }

    fn ask(&mut self, request: Request) -> Body {
        let id = self.next;
        self.next += 1;
        let mut bytes = Vec::new();
        put_frame(&mut bytes, &v1::ClientMessage { id, body: Some(request) });
        self.stream.write_all(&bytes).unwrap();
        loop {
            if let Framed::Frame { message, taken } = next_frame(&self.received, usize::MAX).unwrap() {
                let answer = v1::ServerMessage::decode(message).unwrap();
                self.received.drain(..taken);
                if answer.id == id {
                    return answer.body.unwrap();
                }
                continue;
            }
            let mut chunk = [0; 4_096];
            let read = self.stream.read(&mut chunk).unwrap();
            assert!(read > 0, "the server has closed the connection");
            self.received.extend_from_slice(&chunk[..read]);
        }
    }

    /// Returns `true` if the connection is open and the server answers on it.
    fn is_alive(&mut self) -> bool {
        matches!(self.ask(Request::Heartbeat(v1::Heartbeat::default())), Body::Heartbeat(_))
    }
}

const APP: AppId = AppId(1_400_000_001);

/// Makes the first app, without a server; returns its key, which is shown only once.
fn make_app(folder: &Folder, facts: &str) -> AppKey {
    let made = folder.answer(&["app", "create", "--name", "by command", "--json", "--facts", facts]);
    assert_eq!(made["app"]["SDKAppID"].as_u64(), Some(APP.0.into()), "{made}");
    AppKey { id: 1, text: made["key"].as_str().unwrap().to_owned() }
}

/// Requests a page from the HTTP port. Returns the complete response as text.
fn get(folder: &Folder, path: &str) -> String {
    let mut stream = TcpStream::connect(folder.node()["http"].as_str().unwrap()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < PATIENCE, "it does not come: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn stop(server: Running) -> String {
    server.signal(rustix::process::Signal::TERM);
    let (code, log) = server.wait();
    assert_eq!(code, Some(0), "{log}");
    log
}

/// Returns the value of a metric without labels.
fn metric(folder: &Folder, name: &str) -> u64 {
    let text = get(folder, "/metrics");
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("lamplight_{name} ")));
    line.unwrap_or_else(|| panic!("no {name}: {text}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_keeps_its_facts_in_postgresql_and_never_shows_the_password() {
    let own = Server::start_with(|directory| {
        let rules = "local all lamplight trust\nlocal all all scram-sha-256\n";
        std::fs::write(directory.join("rules"), rules).unwrap();
        vec!["listen_addresses=".to_owned(), format!("hba_file={}", directory.join("rules").display())]
    })
    .await;
    let admin = own.connect("postgres").await;
    admin.batch_execute("CREATE ROLE app LOGIN PASSWORD 's3cret'").await.unwrap();
    admin.batch_execute("CREATE DATABASE chat OWNER app").await.unwrap();
    let url = own.url("chat").replace("user=lamplight", "user=app&password=s3cret");

    let folder = Folder::new();
    let mut shown = Vec::new();
    // A command without a server creates the database's tables and an app.
    let key = make_app(&folder, &url);
    let running = folder.serve(&["--facts", &url, "--log", "debug"]);
    shown.push(running.seen());
    assert!(!folder.path().join("facts.db").exists());
    let (mut alice, refused) = Device::log_in(&folder, &key, "alice");
    assert_eq!(refused, None);
    assert!(alice.is_alive());
    assert!(folder.ok(&["status", "get", "alice"]).contains("ONLINE"));
    assert!(get(&folder, "/readyz").starts_with("HTTP/1.1 200"));
    let metrics = get(&folder, "/metrics");
    assert!(metrics.contains("lamplight_facts_postgres_connections "), "{metrics}");
    shown.push(metrics);
    // The settings of these commands name no database. The commands still reach the running server. No log contains the
    // key.
    let second =
        folder.answer(&["app", "create", "--name", "second", "--json"])["key"].as_str().unwrap().to_owned();
    assert!(second.len() > 30);
    shown.push(folder.ok(&["app", "list"]));
    let (code, doctor, _) = folder.run(&["doctor", "--json", "--facts", &url, "--skip-webhooks"]);
    assert!(code.is_some() && doctor.contains("can be used") && doctor.contains("PostgreSQL 15"), "{doctor}");
    shown.push(doctor);
    let log = stop(running);
    assert!(log.contains("DEBUG"), "the level is as low as it was asked for: {log}");
    shown.push(log);

    // Without the setting, the command would use empty facts in a new file. The command is refused instead.
    let (code, _, error) = folder.run(&["app", "list"]);
    assert_eq!(code, Some(1));
    assert!(error.contains("are in PostgreSQL") && error.contains("set `facts`"), "{error}");
    let (code, _, error) =
        folder.run(&["serve", "--client-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"]);
    assert!(code == Some(1) && error.contains("are in PostgreSQL"), "{error}");
    assert!(!folder.path().join("facts.db").exists());
    // An empty database is taken neither for the database with the facts of this folder nor for a copy of a file.
    admin.batch_execute("CREATE DATABASE empty OWNER app").await.unwrap();
    let empty = own.url("empty").replace("user=lamplight", "user=app&password=s3cret");
    let (code, _, error) = folder.run(&["serve", "--facts", &empty]);
    assert!(code == Some(1) && error.contains("is empty") && error.contains("chat"), "{error}");
    shown.push(error);
    let in_file = Folder::new();
    in_file.ok(&["app", "create", "--name", "in the file"]);
    let (code, _, error) = in_file.run(&["serve", "--facts", &empty]);
    assert!(code == Some(1) && error.contains("lamplight facts copy"), "{error}");
    let (code, _, error) = in_file.run(&["facts", "copy", "--from", &empty, "--to", &url]);
    assert!(code == Some(2) || code == Some(1), "{error}");
    shown.push(error);
    let wrong = url.replace("s3cret", "wr0ng");
    let (code, _, error) = folder.run(&["serve", "--facts", &wrong]);
    assert!(code == Some(1) && error.contains("refuses the user, the password"), "{error}");
    shown.push(error);

    // A login is known after a restart, and the live record belongs to these facts.
    let running = folder.serve(&["--facts", &url]);
    let status = folder.ok(&["status", "get", "alice", "--app", &APP.to_string()]);
    assert!(status.contains("ONLINE"), "within the grace: {status}");
    let (_bob, refused) = Device::log_in(&folder, &key, "bob");
    assert_eq!(refused, None);
    assert!(!folder.path().join("live-set-aside").exists());
    // A server with another folder would not know the connections of the first server.
    let elsewhere = Folder::new();
    let (code, _, error) = elsewhere.run(&["serve", "--facts", &url]);
    assert!(
        code == Some(1) && error.contains("another server or command of Lamplight has exclusive use"),
        "{error}"
    );
    shown.push(error);
    shown.push(stop(running));
    for name in ["facts.postgres", "node.json"] {
        shown.push(std::fs::read_to_string(folder.path().join(name)).unwrap_or_default());
    }
    for text in shown {
        assert!(!text.contains("s3cret") && !text.contains("wr0ng") && !text.contains(&second), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_postgresql_is_told_and_loses_nothing() {
    let mut own = Server::start().await;
    own.connect("postgres").await.batch_execute("CREATE DATABASE chat").await.unwrap();
    let url = own.url("chat");
    let folder = Folder::new();
    let key = make_app(&folder, &url);
    let running = folder.serve(&["--facts", &url]);
    let (mut alice, refused) = Device::log_in(&folder, &key, "alice");
    assert_eq!(refused, None);
    let (mut bob, refused) = Device::log_in(&folder, &key, "bob");
    assert_eq!(refused, None);
    for n in 0..20 {
        assert_eq!(Device::log_in(&folder, &key, &format!("user {n}")).1, None);
    }

    // PostgreSQL answers nothing, and closes no connection. A login is still refused within a bounded time.
    own.freeze(true);
    let began = Instant::now();
    assert_eq!(Device::log_in(&folder, &key, "early").1, Some(70_500));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(alice.is_alive());
    wait_until("the server is not ready", || get(&folder, "/readyz").starts_with("HTTP/1.1 503"));
    own.freeze(false);
    wait_until("the server is ready again", || get(&folder, "/readyz").starts_with("HTTP/1.1 200"));
    assert_eq!(Device::log_in(&folder, &key, "early").1, None);

    own.crash().await;
    // A login is answered with the code that asks for another attempt; open connections stay open.
    wait_until("a login is refused", || Device::log_in(&folder, &key, "late").1 == Some(70_500));
    assert!(alice.is_alive());
    let custom = v1::SetSelfStatusRequest { custom_status: "still here".to_owned(), ..Default::default() };
    assert!(matches!(alice.ask(Request::SetSelfStatus(custom)), Body::SetSelfStatus(_)));
    wait_until("the server is not ready", || get(&folder, "/readyz").starts_with("HTTP/1.1 503"));
    let told = get(&folder, "/readyz");
    assert!(told.contains("facts: ") && told.contains("PostgreSQL"), "{told}");
    assert!(!told.contains("lamplight-postgres"), "it names no host: {told}");
    // If a device logs out during the outage, its watchers are notified at once, and the facts are written later.
    bob.ask(Request::Logout(v1::LogoutRequest::default()));
    let status = folder.ok(&["status", "get", "bob"]);
    assert!(!status.contains("ONLINE"), "{status}");
    let (_, doctor, _) = folder.run(&["doctor", "--json", "--facts", &url, "--skip-webhooks"]);
    assert!(doctor.contains("cannot be reached"), "{doctor}");

    own.restart().await;
    wait_until("the server is ready again", || get(&folder, "/readyz").starts_with("HTTP/1.1 200"));
    assert!(alice.is_alive());
    assert_eq!(Device::log_in(&folder, &key, "late").1, None);
    assert!(matches!(alice.ask(Request::Logout(v1::LogoutRequest::default())), Body::Logout(_)));
    wait_until("the logout is written", || metric(&folder, "retries_waiting") == 0);
    let log = stop(running);
    // The log has one line for the beginning of each outage, with its cause, and one line for its end.
    let lines = |part: &str| log.lines().filter(|line| line.contains(part)).map(str::to_owned).collect();
    let (begun, ended): (Vec<_>, Vec<_>) =
        (lines("PostgreSQL cannot be used"), lines("PostgreSQL can be used again"));
    assert!(begun.len() == ended.len() && (2..=6).contains(&begun.len()), "{log}");
    assert!(begun.iter().all(|line| line.contains("cause=") && line.contains("PostgreSQL ")), "{begun:?}");
    assert!(ended.iter().all(|line| line.contains("seconds=")), "{ended:?}");
    assert!(!log.contains("Some(") && !log.contains("Database(") && !log.contains("Pool("), "{log}");
    let told = own.connect("chat").await;
    let rows = told.query("SELECT user_id FROM logins WHERE durable ORDER BY user_id", &[]).await.unwrap();
    let mut expected: Vec<String> = (0..20).map(|n| format!("user {n}")).collect();
    expected.extend(["early", "late"].map(str::to_owned));
    expected.sort();
    assert_eq!(rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>(), expected);
}

/// A server loses its connections to PostgreSQL, and another server takes the database before the first one has
/// connected again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_database_another_has_taken_is_not_ready_until_that_one_ends() {
    let database = server().await.create_database().await;
    let url = server().await.url(database.name());
    let folder = Folder::new();
    let key = make_app(&folder, &url);
    let running = folder.serve(&["--facts", &url]);
    let (mut alice, refused) = Device::log_in(&folder, &key, "alice");
    assert_eq!(refused, None);
    let other = server().await.connect(database.name()).await;
    let admin = server().await.connect("postgres").await;
    let allow = |allowed: bool| format!("ALTER DATABASE {} ALLOW_CONNECTIONS {allowed}", database.name());
    admin.batch_execute(&allow(false)).await.unwrap();
    // The lock of a server that uses the database alone.
    let sql = "SELECT pg_advisory_lock_shared(76110, 5);
        SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    other.batch_execute(sql).await.unwrap();
    admin.batch_execute(&allow(true)).await.unwrap();
    wait_until("the server is not ready", || get(&folder, "/readyz").contains("another server or command"));
    assert_eq!(Device::log_in(&folder, &key, "bob").1, Some(70_500));
    assert!(alice.is_alive());
    drop(other);
    wait_until("the server is ready again", || get(&folder, "/readyz").starts_with("HTTP/1.1 200"));
    assert_eq!(Device::log_in(&folder, &key, "bob").1, None);
    let log = stop(running);
    let told =
        log.lines().filter(|line| line.contains("ERROR") && line.contains("another server or command"));
    assert!(told.clone().filter(|line| line.contains("PostgreSQL cannot be used")).count() == 1, "{log}");
}

/// Checks that the login of a known device makes one call to PostgreSQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_login_of_a_known_device_is_one_round_trip_to_postgresql() {
    let database = server().await.create_database().await;
    let url = server().await.url(database.name());
    let folder = Folder::new();
    let key = make_app(&folder, &url);
    let running = folder.serve(&["--facts", &url]);
    const LOGINS: u64 = 200;
    let calls = || ["facts_writes_total", "facts_postgres_reads_total"].map(|name| metric(&folder, name));
    let (mut device, refused) = Device::log_in(&folder, &key, "alice");
    assert_eq!(refused, None);
    assert!(device.is_alive());
    let (before, began) = (calls(), Instant::now());
    for _ in 0..LOGINS {
        assert_eq!(Device::log_in(&folder, &key, "alice").1, None);
    }
    let after = calls();
    let [writes, reads] = [after[0] - before[0], after[1] - before[1]];
    println!("{LOGINS} logins of a known device: {writes} writes, {reads} reads");
    // Besides the logins, the mark of the facts is written once a second, and the start may still read.
    let others = began.elapsed().as_secs() + 5;
    assert!((LOGINS..=LOGINS + others).contains(&writes), "{writes}");
    assert!(reads <= others, "{reads}");
    drop(device);
    stop(running);
}
