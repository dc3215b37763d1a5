//! Measures the time that a change of a record takes in a directory with a journal. It is measured twice: without other
//! work, and while snapshots are written.
//!
//! `cargo run --release -p lamplight-directory --example change_rate [users] [seconds] [subscriptions]`

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use futures_util::FutureExt;
use lamplight_core::{Connect, Presence, UserFacts};
use lamplight_directory::{Directory, InProcessDirectory};
use lamplight_model::{
    AppId, AppSettings, ConnectionId, CustomStatus, DeviceId, Moment, Now, Platform, Timestamp, User, UserId,
    Version,
};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const THREADS: usize = 2;

fn main() {
    let number = |index: usize, default: usize| {
        std::env::args().nth(index).map_or(default, |text| text.parse().expect("a number"))
    };
    let (users, seconds, subscriptions) = (number(1, 100_000), number(2, 5), number(3, 0));
    let folder = tempfile::tempdir().unwrap();
    let now = Now { moment: Moment(1_000), wall: Timestamp(1_700_000_000_000) };
    let (directory, _) = InProcessDirectory::open(folder.path(), now, Duration::from_secs(30)).unwrap();
    let users: Vec<User> = (0..users).map(user).collect();
    for user in &users {
        log_in(&directory, user, subscriptions, now);
    }
    measure("changes", &directory, &users, seconds, now, || {});
    // There are now enough changes for a new snapshot, so each call of `maintain` may begin one.
    let begun = Instant::now();
    let mut times = Vec::new();
    measure("changes beside rewrites", &directory, &users, seconds, now, || {
        let start = Instant::now();
        directory.maintain(now).unwrap();
        times.push(start.elapsed());
        std::thread::sleep(Duration::from_millis(20));
    });
    let longest = times.iter().max().unwrap();
    println!("{} looks in {:.1?}, the longest {longest:.1?}", times.len(), begun.elapsed());
}

/// Changes records in two threads while `beside` is called repeatedly, and prints the time that one change takes.
fn measure(
    what: &str,
    directory: &InProcessDirectory,
    users: &[User],
    seconds: usize,
    now: Now,
    mut beside: impl FnMut(),
) {
    let over = AtomicBool::new(false);
    let mut times: Vec<Duration> = std::thread::scope(|scope| {
        let over = &over;
        let changing: Vec<_> = (0..THREADS)
            .map(|thread| scope.spawn(move || change(directory, users, thread, over, now)))
            .collect();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(seconds as u64) {
            beside();
            std::thread::yield_now();
        }
        over.store(true, Ordering::Relaxed);
        changing.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    let rate = times.len() / seconds;
    println!(
        "{what}: {rate}/s, p50 {:.1?}, p99 {:.1?}, p99.99 {:.1?}, longest {:.1?}",
        at(0.5),
        at(0.99),
        at(0.9999),
        at(1.0)
    );
}

fn change(
    directory: &InProcessDirectory,
    users: &[User],
    thread: usize,
    over: &AtomicBool,
    now: Now,
) -> Vec<Duration> {
    let directory: &dyn Directory = directory;
    let settings = AppSettings::default();
    let mut times = Vec::with_capacity(10_000_000);
    // Visits all users in a fixed order, which differs between threads.
    let mut place = thread * 7_919;
    for turn in 0u64.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        place = (place + 104_729) % users.len();
        let custom = CustomStatus::new(&format!("turn {turn}"), 100).unwrap();
        let start = Instant::now();
        let act = |presence: &mut Presence| presence.set_custom_status(custom.clone(), None, &settings, now);
        directory.update(&users[place], now, act).now_or_never().unwrap().unwrap();
        times.push(start.elapsed());
    }
    times
}

fn user(n: usize) -> User {
    User::new(AppId(1), UserId::new(&format!("user {n}")).unwrap())
}

fn log_in(directory: &InProcessDirectory, user: &User, subscriptions: usize, now: Now) {
    let directory: &dyn Directory = directory;
    let mut settings = AppSettings::default();
    settings.limits.subscriptions = u16::try_from(subscriptions).expect("at most 10,000 subscriptions");
    let blank =
        Presence::from_facts(UserFacts::default(), Version(1), Timestamp(0), false, &settings, Moment(0));
    directory.seed(user, blank, now).now_or_never().unwrap().unwrap();
    let device = DeviceId::new("phone").unwrap();
    let (platform, connection) = (Platform::IPhone, ConnectionId::alone(1));
    let connect =
        Connect { device: &device, platform, login: 1, born: 0, issued: 1, connection, address: None };
    let act = |presence: &mut Presence| presence.connect(&connect, &settings, now);
    directory.update(user, now, act).now_or_never().unwrap().unwrap();
    if subscriptions > 0 {
        let watched: Vec<UserId> =
            (0..subscriptions).map(|n| UserId::new(&format!("watched {n}")).unwrap()).collect();
        let act = |presence: &mut Presence| presence.subscribe(&watched, &settings, now.moment);
        directory.update(user, now, act).now_or_never().unwrap().unwrap();
    }
}
