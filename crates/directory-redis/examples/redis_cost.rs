//! Measures the cost of the directory in Redis: the bytes for each ONLINE user, and the CPU time for each login and
//! each visible change.
//!
//! `cargo run -p lamplight-directory-redis --example redis_cost -- redis://127.0.0.1:6379 50000 20 3` needs an empty
//! server, or an empty Redis Cluster, that does nothing else. The three numbers are the users, the subscriptions of
//! each user, and the nodes that follow the log.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use lamplight_core::{Connect, Presence, UserFacts};
use lamplight_directory::{Directory, NodeEntry, Nodes};
use lamplight_directory_redis::{RedisDirectory, RedisSettings};
use lamplight_model::{
    AppId, AppSettings, ConnectionId, CustomStatus, DeviceId, Moment, NodeId, Now, Platform, Timestamp, User,
    UserId, Version,
};
use redis::aio::MultiplexedConnection;
use std::ops::Range;
use std::sync::Arc;

/// The number of concurrent calls.
const WRITERS: usize = 64;

/// The rate of changes that are made one after another, in changes per second.
const PACE: f64 = 500.0;
const PACED_FOR: std::time::Duration = std::time::Duration::from_secs(6);

/// The number of visible changes of each user.
const CHANGES: usize = 4;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().expect("the address of Redis");
    let users: usize = arguments.next().map_or(50_000, |users| users.parse().expect("a number of users"));
    let subscriptions: usize =
        arguments.next().map_or(20, |of| of.parse().expect("a number of subscriptions"));
    let nodes: usize = arguments.next().map_or(1, |nodes| nodes.parse().expect("a number of nodes"));
    let mut info = Servers::of(&url).await;
    let settings = RedisSettings {
        compare_every: std::time::Duration::from_secs(3600),
        record_wait: std::time::Duration::ZERO,
        ..RedisSettings::at(url)
    };
    let directory = RedisDirectory::open(settings.clone()).await.unwrap();
    let mut followers = Vec::new();
    for _ in 1..nodes {
        followers.push(RedisDirectory::open(settings.clone()).await.unwrap());
    }
    // All nodes in the register read packed records, so this one writes them.
    directory.join(&NodeEntry::default(), now()).await.unwrap();
    let directory: Arc<dyn Directory> = Arc::new(directory);

    let empty = memory(&mut info).await;
    let before = cpu(&mut info).await;
    each(&directory, 0..users, |directory, n| async move {
        directory.seed(&user(n), blank(), now()).await.unwrap();
    })
    .await;
    let seeded = cpu(&mut info).await;
    each(&directory, 0..users, |directory, n| async move { connect(&directory, n).await }).await;
    let connected = cpu(&mut info).await;
    drop_logs(&mut info).await;
    let alone = memory(&mut info).await;
    let begun = cpu(&mut info).await;
    each(&directory, 0..users, move |directory, n| async move {
        subscribe(&directory, n, subscriptions, users).await;
    })
    .await;
    let subscribed = cpu(&mut info).await;
    drop_logs(&mut info).await;
    let watching = memory(&mut info).await;
    let unchanged = cpu(&mut info).await;
    for round in 0..CHANGES {
        each(&directory, 0..users, move |directory, n| async move { change(&directory, n, round).await })
            .await;
    }
    let changed = cpu(&mut info).await;
    let slow = paced(&directory, &mut info, users).await;
    let full = memory(&mut info).await;
    drop_logs(&mut info).await;
    let with_text = memory(&mut info).await;

    let each = |seconds: f64, calls: usize| seconds * 1e6 / calls as f64;
    let bytes = |from: u64, to: u64| (to - from) / users as u64;
    println!("users                   {users}");
    println!("bytes of a login        {}", bytes(empty, alone));
    println!("with {subscriptions} subscriptions   {}", bytes(empty, watching));
    println!("and a custom status     {}", bytes(empty, with_text));
    println!("bytes of log batches    {}", full - with_text);
    println!("CPU of a new record     {:.1} us", each(seeded - before, users));
    println!("CPU of a login          {:.1} us", each(connected - seeded, users));
    println!("CPU of a subscription   {:.1} us", each(subscribed - begun, users));
    println!(
        "CPU of a visible change {:.1} us, including its read",
        each(changed - unchanged, users * CHANGES)
    );
    println!("at {PACE} changes/s    {slow:.1} us");
    for line in info.raw("commandstats").await.lines().filter(|line| line.starts_with("cmdstat")) {
        println!("{line}");
    }
}

/// Makes changes at a fixed rate, one after another. Returns the CPU time of the servers for each change, in
/// microseconds. The CPU time of an idle period of the same length is subtracted.
async fn paced(directory: &Arc<dyn Directory>, info: &mut Servers, users: usize) -> f64 {
    let began = cpu(info).await;
    tokio::time::sleep(PACED_FOR).await;
    let idle = cpu(info).await;
    let changes = (PACED_FOR.as_secs_f64() * PACE) as usize;
    let mut ticks = tokio::time::interval(PACED_FOR / changes as u32);
    for n in 0..changes {
        ticks.tick().await;
        let directory = Arc::clone(directory);
        tokio::spawn(async move { change(&directory, n * 31 % users, CHANGES + n).await });
    }
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    (cpu(info).await - idle - (idle - began)) * 1e6 / changes as f64
}

/// The connections to all servers, for their figures.
struct Servers(Vec<MultiplexedConnection>);

impl Servers {
    async fn of(url: &str) -> Self {
        let mut asked = redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap();
        let nodes: redis::RedisResult<String> =
            redis::cmd("CLUSTER").arg("NODES").query_async(&mut asked).await;
        let mut all = Vec::new();
        for node in nodes.unwrap_or_default().lines() {
            let place = node.split_whitespace().nth(1).and_then(|place| place.split('@').next()).unwrap();
            let client = redis::Client::open(format!("redis://{place}")).unwrap();
            all.push(client.get_multiplexed_async_connection().await.unwrap());
        }
        if all.is_empty() {
            all.push(asked);
        }
        Self(all)
    }

    async fn raw(&mut self, section: &str) -> String {
        let mut text = String::new();
        for server in &mut self.0 {
            text += &redis::cmd("INFO").arg(section).query_async::<String>(server).await.unwrap();
        }
        text
    }

    async fn sum(&mut self, section: &str, name: &str) -> f64 {
        let text = self.raw(section).await;
        let values = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        values.map(|value| value.trim().parse::<f64>().unwrap()).sum()
    }
}

/// Deletes the last log batches, which are bounded and do not grow with the users.
async fn drop_logs(info: &mut Servers) {
    for server in &mut info.0 {
        let mut logs = redis::pipe();
        logs.ignore_errors();
        for partition in 0..256 {
            let logs = logs.cmd("HDEL").arg(format!("lm:{{{partition}}}:head"));
            (0..1_000).for_each(|slot| _ = logs.arg(format!("{slot:03}")));
        }
        // A server of a Redis Cluster refuses keys that another one has.
        let _: Vec<redis::RedisResult<redis::Value>> = logs.query_async(server).await.unwrap();
    }
}

async fn each<F: Future<Output = ()> + Send + 'static>(
    directory: &Arc<dyn Directory>,
    users: Range<usize>,
    act: impl Fn(Arc<dyn Directory>, usize) -> F + Copy + Send + 'static,
) {
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (directory, users) = (Arc::clone(directory), users.clone());
            tokio::spawn(async move {
                for n in users.skip(writer).step_by(WRITERS) {
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

async fn subscribe(directory: &Arc<dyn Directory>, n: usize, subscriptions: usize, users: usize) {
    // The neighbours of a user are spread over all users, as friends are.
    let of = |k: usize| user((n + 1 + k * 7919) % users).id;
    let (list, mut settings): (Vec<UserId>, _) =
        ((0..subscriptions).map(of).collect(), AppSettings::default());
    settings.limits.subscriptions = u16::try_from(subscriptions).expect("at most 10,000 subscriptions");
    let change = |presence: &mut Presence| presence.subscribe(&list, &settings, now().moment);
    let _ = directory.update(&user(n), now(), change).await.unwrap().unwrap();
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

async fn memory(info: &mut Servers) -> u64 {
    info.sum("memory", "used_memory").await as u64
}

/// The CPU time of the servers in seconds.
async fn cpu(info: &mut Servers) -> f64 {
    info.sum("cpu", "used_cpu_user").await + info.sum("cpu", "used_cpu_sys").await
}
