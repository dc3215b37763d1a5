//! Tests of a server that is killed repeatedly, between an event and its webhook. The server must lose no notice.

#![allow(clippy::unwrap_used, missing_docs)]

mod killed;

use killed::{PATIENCE, Server, log_in};
use lamplight_model::{App, StatusType, User, UserId};
use lamplight_server::{ControlClient, ListsOperation, ListsOutcome, Operation, Outcome};
use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const TASKS: usize = 8;
/// The number of acknowledged logins in one run after which the server is killed.
const ENOUGH: usize = 150;
const LIVES: usize = 4;
/// The settings of the server. Webhooks may be sent to this machine, and the grace after the loss of a node is half a
/// second.
const ENVIRONMENT: &[(&str, &str)] =
    &[("LAMPLIGHT_WEBHOOKS__ALLOW_PRIVATE", "true"), ("LAMPLIGHT_NODE_LOSS_GRACE_MS", "500")];

/// Logs a device in, or resumes its login, and disconnects it. Returns `None` if a call was not acknowledged.
async fn visit(address: SocketAddr, app: &App, user: &str, resume: bool) -> Option<()> {
    log_in(address, app, user, resume).await.map(drop)
}

/// The deliveries that the receiver has acknowledged: delivery id, user, and action or text.
#[derive(Default)]
struct Told {
    events: Mutex<Vec<(String, String, String)>>,
    /// `true` if the receiver answers with status 503.
    fails: AtomicBool,
    failed: AtomicUsize,
}

async fn receive(listener: TcpListener, told: Arc<Told>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let told = Arc::clone(&told);
        // An error is ignored, because a peer that was killed is expected.
        tokio::spawn(async move { drop(answer(stream, &told).await) });
    }
}

async fn answer(mut stream: TcpStream, told: &Told) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let header = |name: &str| {
            text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned))
        };
        if let (Some(end), Some(length)) = (text.find("\r\n\r\n"), header("content-length")) {
            let length: usize = length.parse().unwrap();
            if bytes.len() >= end + 4 + length {
                let body: serde_json::Value =
                    serde_json::from_slice(&bytes[end + 4..end + 4 + length]).unwrap();
                bytes.drain(..end + 4 + length);
                if told.fails.load(Ordering::SeqCst) {
                    told.failed.fetch_add(1, Ordering::SeqCst);
                    stream.write_all(b"HTTP/1.1 503 no\r\nContent-Length: 0\r\n\r\n").await?;
                    continue;
                }
                let (about, what) = match body["CallbackCommand"].as_str().unwrap() {
                    "Push.OfflineMessage" => (&body, "Text"),
                    _ => (&body["Info"], "Action"),
                };
                let word = |name: &str| about[name].as_str().unwrap().to_owned();
                let event = (header("x-lamplight-delivery").unwrap(), word("To_Account"), word(what));
                told.events.lock().unwrap().push(event);
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await?;
                continue;
            }
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    }
}

/// Returns the received events without duplicates. Notices that were not settled at a kill are sent again, so there may
/// be duplicates.
fn once(told: &Told) -> Vec<(String, String, String)> {
    let mut seen = HashSet::new();
    let events = told.events.lock().unwrap();
    events.iter().filter(|(delivery, ..)| seen.insert(delivery.clone())).cloned().collect()
}

/// Sets the receiver as the webhook of the app. Returns the app.
async fn tell(control: &mut ControlClient, url: &str) -> App {
    change_app(control, |app| app.settings.webhooks.state_change_url = url.to_owned()).await
}

async fn change_app(control: &mut ControlClient, change: impl FnOnce(&mut App)) -> App {
    let Outcome::Apps(apps) = control.ask(&Operation::ListApps).await.unwrap() else { panic!() };
    let mut app = apps[0].clone();
    change(&mut app);
    let put = Operation::PutApp { app: Box::new(app.clone()), was: Some(Box::new(apps[0].clone())) };
    assert_eq!(control.ask(&put).await.unwrap(), Outcome::Done { changed: true });
    app
}

/// Another process has locked the store, so only the live records have the events.
#[tokio::test]
async fn killed_while_the_outbox_cannot_be_written_it_loses_no_webhook() {
    const USERS: usize = 20;
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let told = Arc::new(Told::default());
    let receiver = tokio::spawn(receive(listener, Arc::clone(&told)));
    let has = async |count: usize| {
        let wait = async {
            while once(&told).len() < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let done = tokio::time::timeout(PATIENCE, wait).await;
        done.unwrap_or_else(|_| panic!("{count} are awaited, {} are told", once(&told).len()));
    };

    let (mut server, mut control, address) = Server::start(folder.path(), ENVIRONMENT).await;
    let app = tell(&mut control, &url).await;
    let users: Vec<String> = (0..USERS).map(|n| format!("user {n}")).collect();
    for user in &users {
        visit(address, &app, user, false).await.unwrap();
    }
    has(2 * USERS).await;

    let store = rusqlite::Connection::open(folder.path().join("facts.db")).unwrap();
    store.execute_batch("BEGIN IMMEDIATE").unwrap();
    for user in &users {
        visit(address, &app, user, true).await.expect("presence needs no store");
    }
    // In this time, the events are written to the live records.
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.kill();
    drop(store);

    let (_server, _control, _) = Server::start(folder.path(), ENVIRONMENT).await;
    has(4 * USERS).await;
    let events = once(&told);
    for user in &users {
        let own = events.iter().filter(|(_, of, _)| of == user).map(|(_, _, action)| action.as_str());
        assert_eq!(own.collect::<Vec<_>>(), ["Login", "Disconnect", "Login", "Disconnect"], "{user}");
    }
    receiver.abort();
}

/// Returns the status type of a user, as an operator sees it.
async fn status_type(control: &mut ControlClient, user: &User) -> StatusType {
    let ask = Operation::GetStatus { app: user.app, users: vec![user.id.clone()] };
    let Outcome::Statuses(statuses) = control.ask(&ask).await.unwrap() else { panic!() };
    statuses[0].as_ref().unwrap().status_type
}

/// Bob's link breaks after a message was sent to him. The server is killed after his change to OFFLINE, and before the
/// outbox has a row for the message.
#[tokio::test]
async fn killed_before_a_missed_message_is_in_the_outbox_it_pushes_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let told = Arc::new(Told::default());
    let receiver = tokio::spawn(receive(listener, Arc::clone(&told)));
    let has = async |text: &str| {
        let wait = async {
            while !told.events.lock().unwrap().iter().any(|(_, _, told)| told == text) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{text:?} is not pushed"));
    };

    let (mut server, mut control, address) = Server::start(folder.path(), ENVIRONMENT).await;
    let app = change_app(&mut control, |app| app.settings.webhooks.push_url = url.clone()).await;
    let user = |name: &str| User::new(app.id, UserId::new(name).unwrap());
    let send = |text: &str| {
        let (from, to, text) = (user("alice"), user("bob").id, text.to_owned());
        Operation::Lists(ListsOperation::Send { from, to, client_id: text.clone(), text })
    };
    control.ask(&Operation::CreateAccount(user("alice"))).await.unwrap();
    let dead = log_in(address, &app, "bob", false).await.unwrap();
    let sent = control.ask(&send("missed")).await.unwrap();
    assert!(matches!(sent, Outcome::Lists(ListsOutcome::Sent { .. })), "{sent:?}");

    let store = rusqlite::Connection::open(folder.path().join("facts.db")).unwrap();
    store.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(status_type(&mut control, &user("bob")).await, StatusType::Online);
    drop(dead);
    let turns = async {
        while status_type(&mut control, &user("bob")).await != StatusType::Offline {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, turns).await.expect("the end of the link is noticed");
    server.kill();
    let waiting = "SELECT count(*) FROM notices";
    let waiting: u32 = store.query_row(waiting, (), |row| row.get(0)).unwrap();
    assert_eq!(waiting, 0, "or the server was killed too late for this test to show anything");
    drop(store);

    let (mut server, mut control, _) = Server::start(folder.path(), ENVIRONMENT).await;
    has("missed").await;
    // A further start must not push the message again: a message that is pushed later comes after all earlier ones.
    control.ask(&send("after it")).await.unwrap();
    has("after it").await;
    server.kill();
    let (_server, mut control, _) = Server::start(folder.path(), ENVIRONMENT).await;
    control.ask(&send("in the end")).await.unwrap();
    has("in the end").await;
    let mut events = told.events.lock().unwrap().clone();
    // Of several equal deliveries, the first one counts.
    events.dedup_by(|next, one| next.0 == one.0);
    let texts: Vec<&str> = events.iter().map(|(_, _, text)| text.as_str()).collect();
    assert_eq!(texts, ["missed", "after it", "in the end"]);
    receiver.abort();
}

#[tokio::test]
async fn killed_between_an_event_and_its_delivery_it_loses_no_webhook() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let told = Arc::new(Told::default());
    let receiver = tokio::spawn(receive(listener, Arc::clone(&told)));

    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    for life in 0..LIVES {
        let (mut server, mut control, address) = Server::start(folder.path(), ENVIRONMENT).await;
        let app = tell(&mut control, &url).await;
        // In every second run, all deliveries fail, so all notices are unsettled when the server is killed.
        told.fails.store(life % 2 == 1, Ordering::SeqCst);
        let before = acknowledged.lock().unwrap().len();
        let tasks: Vec<_> = (0..TASKS)
            .map(|task| {
                let (app, acknowledged) = (app.clone(), Arc::clone(&acknowledged));
                tokio::spawn(async move {
                    for n in 0.. {
                        let user = format!("u{life}-{task}-{n}");
                        if visit(address, &app, &user, false).await.is_none() {
                            return;
                        }
                        acknowledged.lock().unwrap().push(user);
                    }
                })
            })
            .collect();
        let enough = async {
            while acknowledged.lock().unwrap().len() < before + ENOUGH {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, enough).await.expect("logins go through");
        server.kill();
        for task in tasks {
            task.await.unwrap();
        }
    }
    assert!(told.failed.load(Ordering::SeqCst) > 0);

    told.fails.store(false, Ordering::SeqCst);
    let (_server, _control, _) = Server::start(folder.path(), ENVIRONMENT).await;
    let users = acknowledged.lock().unwrap().clone();
    let mut missing = users.clone();
    let all_told = async {
        loop {
            // Of several equal deliveries, the first one counts.
            let mut firsts: BTreeMap<String, Vec<String>> = BTreeMap::new();
            let mut seen = std::collections::BTreeSet::new();
            for (delivery, user, action) in told.events.lock().unwrap().iter() {
                if seen.insert(delivery.clone()) {
                    firsts.entry(user.clone()).or_default().push(action.clone());
                }
            }
            missing.retain(|user| firsts.get(user).is_none_or(|told| told.len() < 2));
            if missing.is_empty() {
                return firsts;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let firsts = tokio::time::timeout(PATIENCE, all_told).await;
    let firsts = firsts.unwrap_or_else(|_| panic!("the webhook was not told all of {missing:?}"));
    for user in &users {
        assert_eq!(firsts[user], ["Login", "Disconnect"], "{user}");
    }
    receiver.abort();
}

/// The server is killed repeatedly, and the receiver works only at times. Login and disconnect of each visit must still
/// come in pairs.
#[tokio::test]
async fn killed_while_devices_come_and_go_it_tells_of_them_in_pairs() {
    const USERS: usize = 12;
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let told = Arc::new(Told::default());
    let receiver = tokio::spawn(receive(listener, Arc::clone(&told)));

    for life in 0..LIVES {
        let (mut server, mut control, address) = Server::start(folder.path(), ENVIRONMENT).await;
        let app = tell(&mut control, &url).await;
        told.fails.store(life == 1, Ordering::SeqCst);
        let visits = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..USERS)
            .map(|n| {
                let (app, visits) = (app.clone(), Arc::clone(&visits));
                tokio::spawn(async move {
                    // The first login of a device is an application's login, without `resume`.
                    let mut resume = life > 0;
                    while visit(address, &app, &format!("user {n}"), resume).await.is_some() {
                        resume = true;
                        visits.fetch_add(1, Ordering::SeqCst);
                        // Some devices reconnect before their disconnect was sent, others after it.
                        tokio::time::sleep(Duration::from_millis(3 * n as u64)).await;
                    }
                })
            })
            .collect();
        let enough = async {
            while visits.load(Ordering::SeqCst) < ENOUGH {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, enough).await.expect("logins go through");
        server.kill();
        for task in tasks {
            task.await.unwrap();
        }
    }

    let (_server, mut control, address) = Server::start(folder.path(), ENVIRONMENT).await;
    let app = tell(&mut control, &url).await;
    let mut stay = Vec::new();
    for n in 0..USERS {
        stay.push(log_in(address, &app, &format!("user {n}"), true).await.expect("it is logged in"));
    }
    let is_there = |user: &str| {
        let events = once(&told);
        let own: Vec<String> =
            events.into_iter().filter(|(_, of, _)| of == user).map(|(_, _, action)| action).collect();
        let pairs = own.iter().enumerate().all(|(n, it)| it == ["Login", "Disconnect"][n % 2]);
        assert!(pairs, "{user}: {own:?}");
        own.len() % 2 == 1
    };
    let all_there = async {
        while !(0..USERS).all(|n| is_there(&format!("user {n}"))) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, all_there).await.expect("the backend knows that all of them are there");
    drop(stay);
    receiver.abort();
}
