//! Measures how many messages are committed per second: `cargo run --release --example message_rate -- FILE
//! [MESSAGES]`.
//!
//! Each user sends messages to a few random peers. A message waits for its commit; [`AT_ONCE`] messages are in progress
//! at a time. Afterwards, the reads that every client makes are measured. FILE must not exist, and stays afterwards.

#![allow(clippy::print_stdout)]

use futures_util::StreamExt;
use futures_util::stream::iter;
use lamplight_facts::{Facts, Lists, NewMessage, Sent};
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{AppId, ClientMessageId, Timestamp, User, UserId};
use std::path::Path;
use std::time::Instant;

const USERS: u64 = 10_000;
const PEERS: u64 = 10;
const AT_ONCE: usize = 256;
const TEXT_BYTES: usize = 120;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("name a new file")?;
    let messages: u64 = arguments.next().map_or(Ok(100_000), |number| number.parse())?;
    if Path::new(&path).exists() {
        return Err("the file exists already".into());
    }
    let facts = SqliteFacts::open(Path::new(&path))?;
    let facts = &facts;

    let made = iter(0..USERS).map(|n| facts.create_account(user(n), Timestamp(1))).buffer_unordered(AT_ONCE);
    made.for_each(async |made| assert!(made.expect("the file can be written").made)).await;
    let before = facts.stats();

    let sends = Phase::start("messages", messages);
    iter(0..messages)
        .map(|n| facts.send_message(message(n)))
        .buffer_unordered(AT_ONCE)
        .for_each(async |sent| assert!(matches!(sent.expect("the file can be written"), Sent::Stored(_))))
        .await;
    sends.end();
    println!("{} commits", facts.stats().commits - before.commits);

    let reads = messages.min(20_000);
    let states = Phase::start("lists states", reads);
    iter(0..reads)
        .map(|n| facts.lists_states(vec![user(random(n) % USERS)]))
        .buffer_unordered(AT_ONCE)
        .for_each(async |state| drop(state.expect("the file can be read")))
        .await;
    states.end();
    let lists = Phase::start("conversation lists", reads);
    iter(0..reads)
        .map(|n| facts.conversations(user(random(n) % USERS), None, 100))
        .buffer_unordered(AT_ONCE)
        .for_each(async |rows| drop(rows.expect("the file can be read")))
        .await;
    lists.end();
    Ok(())
}

/// A phase of the measurement: its start, and the CPU time of the process at the start.
struct Phase {
    what: &'static str,
    count: u64,
    started: Instant,
    cpu: f64,
}

impl Phase {
    fn start(what: &'static str, count: u64) -> Self {
        Self { what, count, started: Instant::now(), cpu: cpu_seconds() }
    }

    fn end(self) {
        let Self { what, count, started, cpu } = self;
        let (wall, cpu) = (started.elapsed().as_secs_f64(), cpu_seconds() - cpu);
        let rate = |seconds: f64| count as f64 / seconds;
        println!("{count} {what} in {wall:.2} s: {:.0}/s, {:.0} a CPU-second", rate(wall), rate(cpu));
    }
}

/// Returns the CPU time of all threads of this process in seconds, from `/proc`.
fn cpu_seconds() -> f64 {
    let line = std::fs::read_to_string("/proc/self/stat").expect("this is Linux");
    let after_name = line.rsplit(')').next().expect("a split has a last part");
    let ticks = |field: usize| -> f64 {
        after_name.split_whitespace().nth(field).and_then(|text| text.parse().ok()).expect("it is a number")
    };
    (ticks(11) + ticks(12)) / 100.0
}

fn message(n: u64) -> NewMessage {
    let client_id = format!("{:016x}-{n}", random(n ^ 0x5eed));
    let from = random(2 * n) % USERS;
    NewMessage {
        from: user(from),
        to: user((from + 1 + random(2 * n + 1) % PEERS) % USERS).id,
        body: "m".repeat(TEXT_BYTES).as_str().into(),
        client_id: ClientMessageId::new(&client_id).expect("it is short and ASCII"),
        at: Timestamp(1_700_000_000_000 + n),
        push: None,
    }
}

fn user(n: u64) -> User {
    User::new(AppId(1), UserId::new(&format!("user_{n}")).expect("it is short and ASCII"))
}

/// A pseudo-random number (splitmix64).
fn random(n: u64) -> u64 {
    let mut z = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
