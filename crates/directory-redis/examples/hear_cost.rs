//! Measures the CPU time that a node needs for each change that another node makes, without workers and sockets.
//!
//! `cargo run --release -p lamplight-directory-redis --example hear_cost -- redis://127.0.0.1:6379 20000 32` needs an
//! empty server. It makes 20,000 changes, of which 32 are outstanding at a time. A number with `/s` is a rate: `500/s`.
//! With `all` as a fourth argument, a reader of the node gets every entry.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use lamplight_core::{Connect, Presence, UserFacts};
use lamplight_directory::{ChangeLog, Directory};
use lamplight_directory_redis::{RedisDirectory, RedisSettings};
use lamplight_model::{
    AppId, AppSettings, ConnectionId, CustomStatus, DeviceId, Moment, NodeId, Now, Platform, Timestamp, User,
    UserId, Version,
};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The number of users who change in turn.
const USERS: usize = 2_000;
/// The time for the other process to begin, and for the last changes to arrive.
const SETTLED: Duration = Duration::from_millis(300);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, changes, pace, role @ ..] = &arguments[..] else { panic!("address, changes and pace") };
    let number: usize = changes.parse().expect("a number of changes");
    let settings =
        RedisSettings { compare_every: Duration::from_secs(3600), ..RedisSettings::at(url.clone()) };
    let directory = Arc::new(RedisDirectory::open(settings).await.unwrap());
    match role.first().map(String::as_str) {
        Some("writer") => return write(&directory, number, pace).await,
        Some("all") => {
            let mut log = directory.follow();
            tokio::spawn(async move {
                let mut entries = Vec::new();
                loop {
                    log.ready().await;
                    log.take(&mut entries);
                    entries.clear();
                }
            });
        }
        _ => {}
    }
    let _reader = directory.follow_interest();
    for n in 0..USERS {
        connect(&directory, n).await;
    }
    tokio::time::sleep(SETTLED).await;
    let (before, figures, began) = (threads(), directory.figures(), Instant::now());
    let mut writer = Command::new(std::env::current_exe().unwrap());
    writer.args([url, changes, pace]).arg("writer");
    let ended = tokio::task::spawn_blocking(move || writer.status().unwrap()).await.unwrap();
    assert!(ended.success(), "{ended}");
    let seconds = began.elapsed().as_secs_f64();
    tokio::time::sleep(SETTLED).await;
    let (after, heard) = (threads(), directory.figures());
    let batches = heard.batches - figures.batches;
    println!(
        "{batches} batches in {seconds:.2} s, of which {} were passed over",
        heard.passed_over - figures.passed_over
    );
    let mut sum = 0.0;
    for (name, nanoseconds) in after {
        let spent =
            nanoseconds - before.iter().find(|(other, _)| *other == name).map_or(0, |(_, spent)| *spent);
        let micros = spent as f64 / 1e3 / batches as f64;
        sum += micros;
        if micros > 0.01 {
            println!("{name:>24}: {micros:.2} us for each change");
        }
    }
    println!("{:>24}: {sum:.2} us for each change", "all threads");
}

/// The CPU time of each thread in nanoseconds, by the id and name of the thread.
fn threads() -> Vec<(String, u64)> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let threads = tasks.filter_map(|task| {
        let name = std::fs::read_to_string(task.join("comm")).ok()?;
        let spent = std::fs::read_to_string(task.join("schedstat")).ok()?;
        let name = format!("{} {}", task.file_name()?.to_str()?, name.trim());
        Some((name, spent.split(' ').next()?.parse().ok()?))
    });
    threads.collect()
}

async fn write(directory: &Arc<RedisDirectory>, changes: usize, pace: &str) {
    if let Some(rate) = pace.strip_suffix("/s") {
        let mut beat = tokio::time::interval(Duration::from_secs(1) / rate.parse().expect("a rate"));
        for n in 0..changes {
            beat.tick().await;
            change(directory, n).await;
        }
        return;
    }
    let outstanding: usize = pace.parse().expect("a number of outstanding changes");
    let writers: Vec<_> = (0..outstanding)
        .map(|writer| {
            let directory = Arc::clone(directory);
            tokio::spawn(async move {
                for n in (writer..changes).step_by(outstanding) {
                    change(&directory, n).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

async fn connect(directory: &Arc<RedisDirectory>, n: usize) {
    let directory: &dyn Directory = &**directory;
    let (device, settings) = (DeviceId::new(&format!("device {n}")).unwrap(), AppSettings::default());
    let blank =
        Presence::from_facts(UserFacts::default(), Version(1), Timestamp(0), false, &settings, Moment(0));
    directory.seed(&user(n), blank, now()).await.unwrap();
    let connect = Connect {
        device: &device,
        platform: Platform::IPhone,
        login: n as u64 + 1,
        born: n as u64,
        issued: now().wall.as_secs(),
        connection: ConnectionId::new(NodeId(0x0193_5e6b_7c2a_9d41), n as u64),
        address: None,
    };
    let change = |presence: &mut Presence| presence.connect(&connect, &settings, now());
    let _ = directory.update(&user(n), now(), change).await.unwrap().unwrap();
}

async fn change(directory: &Arc<RedisDirectory>, n: usize) {
    let directory: &dyn Directory = &**directory;
    let (custom, settings) =
        (CustomStatus::new(&format!("in meeting {n}"), 100).unwrap(), AppSettings::default());
    let change = |presence: &mut Presence| presence.set_custom_status(custom.clone(), None, &settings, now());
    let _ = directory.update(&user(n % USERS), now(), change).await.unwrap().unwrap();
}

fn user(n: usize) -> User {
    User::new(AppId(1_400_000_001), UserId::new(&format!("user_{n:07}")).unwrap())
}

fn now() -> Now {
    Now { moment: Moment(1_000_000_000), wall: Timestamp(1_764_400_000_000) }
}
