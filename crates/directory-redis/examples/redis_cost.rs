//! Measures the cost for Redis: bytes for each user online, CPU for each login and each visible change.
//!
//! `cargo run -p lamplight-directory-redis --example redis_cost -- redis://127.0.0.1:6379 50000`, with an empty server
//! that does nothing else.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use lamplight_core::{Connect, Presence, UserFacts};
use lamplight_directory::Directory;
use lamplight_directory_redis::{RedisDirectory, RedisSettings};
use lamplight_model::{
    AppId, AppSettings, ConnectionId, CustomStatus, DeviceId, Moment, NodeId, Now, Platform, Timestamp, User,
    UserId, Version,
};
use redis::aio::MultiplexedConnection;
use std::sync::Arc;

/// The number of concurrent calls.
const WRITERS: usize = 64;

/// The number of visible changes of each user.
const CHANGES: usize = 4;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().expect("the address of Redis");
    let users: usize = arguments.next().map_or(50_000, |users| users.parse().expect("a number of users"));
    let mut info = redis::Client::open(&*url).unwrap().get_multiplexed_async_connection().await.unwrap();
    let settings =
        RedisSettings { compare_every: std::time::Duration::from_secs(3600), ..RedisSettings::at(url) };
    let directory: Arc<dyn Directory> = Arc::new(RedisDirectory::open(settings).await.unwrap());

    let empty = memory(&mut info).await;
    let before = cpu(&mut info).await;
    each(&directory, users, |directory, n| async move {
        directory.seed(&user(n), blank(), now()).await.unwrap();
    })
    .await;
    let seeded = cpu(&mut info).await;
    each(&directory, users, |directory, n| async move { connect(&directory, n).await }).await;
    let connected = cpu(&mut info).await;
    for round in 0..CHANGES {
        each(&directory, users, move |directory, n| async move { change(&directory, n, round).await }).await;
    }
    let changed = cpu(&mut info).await;
    let full = memory(&mut info).await;
    let mut logs = redis::pipe();
    (0..256).for_each(|partition| _ = logs.cmd("DEL").arg(format!("lm:{{{partition}}}:log")).ignore());
    logs.exec_async(&mut info).await.unwrap();
    let without_logs = memory(&mut info).await;

    let each = |seconds: f64, calls: usize| seconds * 1e6 / calls as f64;
    println!("users                   {users}");
    println!("bytes for each user     {}", (without_logs - empty) / users as u64);
    println!("bytes of the streams    {}", full - without_logs);
    println!("CPU of a new record     {:.1} us", each(seeded - before, users));
    println!("CPU of a login          {:.1} us", each(connected - seeded, users));
    println!(
        "CPU of a visible change {:.1} us, including its read",
        each(changed - connected, users * CHANGES)
    );
    let stats: String = redis::cmd("INFO").arg("commandstats").query_async(&mut info).await.unwrap();
    for line in stats.lines().filter(|line| line.starts_with("cmdstat")) {
        println!("{line}");
    }
}

async fn each<F: Future<Output = ()> + Send + 'static>(
    directory: &Arc<dyn Directory>,
    users: usize,
    act: impl Fn(Arc<dyn Directory>, usize) -> F + Copy + Send + 'static,
) {
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let directory = Arc::clone(directory);
            tokio::spawn(async move {
                for n in (writer..users).step_by(WRITERS) {
                    act(Arc::clone(&directory), n).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

async fn connect(directory: &Arc<dyn Directory>, n: usize) {
    let (device, settings) =
        (DeviceId::new(&format!("0f8fad5b-d9cb-469f-a165-7086{n:08}")).unwrap(), AppSettings::default());
    let connection = ConnectionId::new(NodeId(0x0193_5e6b_7c2a_9d41), n as u64);
    let connect = Connect {
        device: &device,
        platform: Platform::IPhone,
        login: n as u64 + 1,
        born: n as u64,
        issued: now().wall.as_secs(),
        connection,
        address: None,
    };
    let change = |presence: &mut Presence| presence.connect(&connect, &settings, now());
    directory.update(&user(n), now(), change).await.unwrap().unwrap();
}

async fn change(directory: &Arc<dyn Directory>, n: usize, round: usize) {
    let (custom, settings) =
        (CustomStatus::new(&format!("in meeting {round}"), 100).unwrap(), AppSettings::default());
    let change = |presence: &mut Presence| presence.set_custom_status(custom.clone(), None, &settings, now());
    let _ = directory.update(&user(n), now(), change).await.unwrap().unwrap();
}

fn user(n: usize) -> User {
    User::new(AppId(1_400_000_001), UserId::new(&format!("user_{n:07}")).unwrap())
}

fn now() -> Now {
    Now { moment: Moment(1_000_000_000), wall: Timestamp(1_764_400_000_000) }
}

fn blank() -> Presence {
    let settings = AppSettings::default();
    Presence::from_facts(UserFacts::default(), Version(1), Timestamp(0), false, &settings, Moment(0))
}

async fn field(connection: &mut MultiplexedConnection, section: &str, name: &str) -> f64 {
    let info: String = redis::cmd("INFO").arg(section).query_async(connection).await.unwrap();
    let value = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
    value.trim().parse().unwrap()
}

async fn memory(connection: &mut MultiplexedConnection) -> u64 {
    field(connection, "memory", "used_memory").await as u64
}

/// The CPU time of the server in seconds.
async fn cpu(connection: &mut MultiplexedConnection) -> f64 {
    field(connection, "cpu", "used_cpu_user").await + field(connection, "cpu", "used_cpu_sys").await
}
