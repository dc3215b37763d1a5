//! Adds users with logins and live records to the data folder of a server that is not running. Each has one device and
//! is subscribed to twenty others.
//!
//! `cargo run --release -p lamplight-service --example many_users -- FOLDER 1000000`
//!
//! The folder has exactly one app. The live records are left as after a `kill -9`: a snapshot, and the changes since then.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]
#![allow(clippy::disallowed_methods, reason = "an example has the clock of its process")]

use futures_util::stream::{self, StreamExt};
use lamplight_core::{Connect, LinkEnd, Presence, UserFacts};
use lamplight_directory::{Directory, SavedRecords};
use lamplight_facts::{Facts, LoginRecorded, NewLogin};
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{
    AppId, ConnectionId, DeviceId, Moment, Now, Platform, Timestamp, User, UserId, Version,
};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The number of logins that are recorded at a time.
const WINDOW: usize = 4_096;
/// The number of subscriptions of each user.
const WATCHED: usize = 20;
/// The number of users between two calls of `maintain`.
const MAINTAIN_EACH: usize = 50_000;

fn now(begun: Instant) -> Now {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    Now { moment: Moment(1_000 + begun.elapsed().as_millis() as u64), wall: Timestamp(wall) }
}

fn id(n: usize) -> UserId {
    UserId::new(&format!("load_{n:07}")).unwrap()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().expect("a folder"));
    let users: usize = arguments.next().expect("a number of users").parse().expect("a number of users");
    let begun = Instant::now();
    let facts = SqliteFacts::open(&folder.join("facts.db")).unwrap();
    let apps = facts.apps().await.unwrap();
    let [app] = &apps[..] else { panic!("the folder has {} apps", apps.len()) };
    let saved = SavedRecords::read(&folder.join("live")).unwrap();
    assert!(saved.is_empty(), "the folder has live records");
    let mark = facts.advance_mark(Some(1)).await.unwrap();
    let (directory, _) = saved.open(Some(mark), now(begun), Duration::from_secs(30)).unwrap();
    let on = |n: usize| DeviceId::new(&format!("load-{n:07}")).unwrap();
    let of = |app: AppId, n: usize| User::new(app, id(n));

    let facts = &facts;
    let record = |n: usize| {
        let (platform, now) = (Platform::Linux, now(begun));
        let (at, issued) = (now.wall, now.wall.0 / 1_000);
        let (user, device) = (of(app.id, n), on(n));
        let login = NewLogin { user, device, platform, at, issued, durable: true, resume: false };
        async move { (n, facts.record_login(login).await.unwrap()) }
    };
    let mut recorded = stream::iter((0..users).map(record)).buffered(WINDOW);
    while let Some((n, recorded)) = recorded.next().await {
        let LoginRecorded::Recorded { number: login, born, .. } = recorded else { panic!("{recorded:?}") };
        let (user, now) = (of(app.id, n), now(begun));
        let settings = &app.settings;
        let blank = UserFacts { born, ..UserFacts::default() };
        let version = Version::at(now.wall);
        let record = Presence::from_facts(blank, version, now.wall, false, settings, now.moment);
        directory.seed(&user, record, now).await.unwrap();
        let (device, connection, platform) = (on(n), ConnectionId::alone(n as u64), Platform::Linux);
        let issued = now.wall.0 / 1_000;
        let connect = Connect { device: &device, platform, login, born, issued, connection, address: None };
        let records: &dyn Directory = &directory;
        records.update(&user, now, |it| it.connect(&connect, settings, now)).await.unwrap();
        let others: Vec<UserId> = (1..=WATCHED).map(|step| id((n + step) % users)).collect();
        records.update(&user, now, |it| it.subscribe(&others, settings, now.moment)).await.unwrap();
        let leave = |it: &mut Presence| it.disconnect(connection, LinkEnd::Closed, now.wall, settings, now);
        records.update(&user, now, leave).await.unwrap();
        if n % MAINTAIN_EACH == 0 {
            directory.maintain(now).unwrap();
        }
    }
    println!("{users} users in {:.1?}", begun.elapsed());
}
