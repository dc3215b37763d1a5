//! Measures the cost of a new connection with a long watch list. The users of the worker all watch each other.
//!
//! `cargo run --release --example join_cost -p lamplight-service`

#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, missing_docs)]

use lamplight_model::{AppId, ConnectionId, User, UserId, UserStatus, Version};
use lamplight_service::{Audience, Member, WatchList};
use std::time::{Duration, Instant};

fn main() {
    for length in [100, 1_000, 10_000] {
        let (joining, resuming, leaving) = join_cost(length);
        println!(
            "a list of {length:>6}: {joining:>10.2?} to join, {resuming:>10.2?} to resume, {leaving:>10.2?} to leave"
        );
    }
}

/// Measures three durations for one connection: setting a watch list of `length` users, resuming with known versions of
/// their statuses, and leaving. `length` other connections watch the first 200 of these users.
fn join_cost(length: usize) -> (Duration, Duration, Duration) {
    let user = |n: usize| UserId::new(&format!("user{n}")).unwrap();
    let of = |n: usize| User::new(AppId(1), user(n));
    let all = WatchList { subscriptions: (0..length).map(user).collect(), ..WatchList::default() };
    let mut audience = Audience::<UserStatus>::default();
    let mut effects = Vec::new();
    let mut join = |audience: &mut Audience<UserStatus>, n: usize, list: &WatchList| {
        let connection = ConnectionId::alone(n as u64);
        let watcher =
            audience.join(Member::new(of(length + n), connection), list.subscriptions.len(), &mut effects);
        let heard = audience.lists_heard(watcher).unwrap();
        let began = Instant::now();
        audience.set_watch_list(watcher, list, heard, &mut effects);
        effects.clear();
        (watcher, began.elapsed())
    };
    // There are enough watchers that searching them takes as long as searching the list.
    let popular =
        WatchList { subscriptions: all.subscriptions[..length.min(200)].to_vec(), ..WatchList::default() };
    for n in 0..length {
        join(&mut audience, n, &popular);
    }
    join(&mut audience, length, &all);
    let (watcher, joining) = join(&mut audience, length + 1, &all);
    let known: Vec<(User, Version)> = (0..length).map(|n| (of(n), Version(1))).collect();
    let began = Instant::now();
    assert!(audience.known_all(watcher, &known).into_iter().all(|watched| watched));
    let resuming = began.elapsed();
    let began = Instant::now();
    audience.leave(watcher);
    (joining, resuming, began.elapsed())
}
