//! Tests of the audience with crowds: users with hundreds or thousands of watchers.

#![allow(clippy::unwrap_used, missing_docs)]

use lamplight_core::{ConflationRate, Notifications, Told, WatcherKey};
use lamplight_directory::{LogEntry, News};
use lamplight_model::{
    AppId, ConnectionId, CustomStatus, Moment, PlatformSet, Reason, StatusType, Timestamp, User, UserId,
    UserStatus, Version,
};
use lamplight_service::{Audience, Effect, Member, WatchList};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// Adds connections of fans, who watch the user `whom`. The fans have the numbers `numbers`.
fn join_fans(audience: &mut Audience<UserStatus>, whom: &str, numbers: Range<u64>) -> Vec<WatcherKey> {
    let mut effects = Vec::new();
    let notified = Notifications { others: true, friends: false };
    let list = WatchList { subscriptions: vec![id(whom)], notified, ..WatchList::default() };
    let join = |number| {
        let member = Member::new(user(&format!("fan{number}")), ConnectionId::alone(number));
        let watcher = audience.join(member, 1, &mut effects);
        let heard = audience.lists_heard(watcher).unwrap();
        audience.set_watch_list(watcher, &list, heard, &mut effects);
        watcher
    };
    numbers.map(join).collect()
}

/// Reports a change of a user to the audience. Returns whether the change waits.
fn change(audience: &mut Audience<UserStatus>, name: &str, version: u64, now: Moment) -> bool {
    let status = UserStatus {
        user_id: id(name),
        status_type: StatusType::Unlogined,
        custom_status: CustomStatus::NONE,
        custom_expires: None,
        version: Version(version),
        since: Timestamp(0),
        reason: Reason::Custom,
        last_seen: None,
        online_devices: PlatformSet::default(),
    };
    let entry = LogEntry::news(user(name), News::Status(status));
    audience.hear(&Arc::new(entry), now, &mut Vec::<Effect>::new())
}

/// Bob has a crowd of 600 watchers, and at most one of his changes is sent in a second. A delayed change is sent to 8
/// watchers in each millisecond, and other connections are served in between. A change that is sent at once goes to 256
/// watchers without a pause, and then to 32 in each millisecond.
#[test]
fn a_crowd_is_told_of_what_has_waited_with_pauses() {
    let rate = ConflationRate { changes_per_second: 1, ..ConflationRate::default() };
    let mut audience = Audience::<UserStatus>::new(rate, None);
    join_fans(&mut audience, "bob", 0..600);
    join_fans(&mut audience, "dave", 600..601);
    // Serves connections until none is due at this moment.
    let serve = |audience: &mut Audience<UserStatus>, at: u64| {
        audience.tell_due(Moment(at), &mut Vec::new());
        let mut served = Vec::new();
        loop {
            audience.take_due(Moment(at), &mut served);
            if !audience.has_due_crowd(Moment(at)) {
                return served.len();
            }
        }
    };
    let serve_at_once = |audience: &mut Audience<UserStatus>, at: u64| {
        assert_eq!(serve(audience, at), 256);
        for later in at + 1..at + 11 {
            assert_eq!(serve(audience, later), 32, "{later}");
        }
        assert_eq!(serve(audience, at + 11), 24);
        assert!(!audience.has_crowd());
    };
    assert!(!change(&mut audience, "bob", 1, Moment(0)));
    serve_at_once(&mut audience, 0);
    assert!(change(&mut audience, "bob", 2, Moment(20)));
    assert_eq!(serve(&mut audience, 999), 0);

    assert_eq!(serve(&mut audience, 1_000), 8);
    assert_eq!(audience.next_due(), Some(Moment(1_001)));
    assert!(!change(&mut audience, "dave", 1, Moment(1_000)));
    assert_eq!(serve(&mut audience, 1_000), 1, "who waits for somebody else is served in the pause");
    for at in 1_001..1_075 {
        assert_eq!(serve(&mut audience, at), 8, "{at}");
    }
    assert!(!audience.has_crowd() && audience.next_due() > Some(Moment(1_100)));

    // After a quiet time, changes are sent at once again.
    assert!(!change(&mut audience, "bob", 3, Moment(5_000)));
    serve_at_once(&mut audience, 5_000);
}

/// 15,000 connections watch one user who changes every 100 ms. Each of them must have the newest state within a second,
/// even if the timer of the worker is late.
#[test]
fn a_crowd_of_15_000_has_the_newest_state_within_a_second() {
    let mut audience = Audience::<UserStatus>::new(ConflationRate::default(), None);
    let fans = join_fans(&mut audience, "star", 0..15_000);
    let mut newest: HashMap<WatcherKey, u64> = fans.into_iter().map(|fan| (fan, 0)).collect();
    let (mut told, mut oldest) = (0, 0);
    for at in (0..5_000).step_by(3) {
        let now = Moment(at);
        // A version is the time of its change.
        change(&mut audience, "star", at / 100 * 100 + 1, now);
        audience.tell_due(now, &mut Vec::new());
        loop {
            let mut served = Vec::new();
            audience.take_due(now, &mut served);
            assert!(served.len() <= 8, "{at}: others wait for {} writes", served.len());
            for watcher in served {
                audience.drain(watcher, |status| {
                    newest.insert(watcher, status.version.0);
                    told += 1;
                    Told::More
                });
            }
            if !audience.has_due_crowd(now) {
                break;
            }
        }
        oldest = oldest.max(at.saturating_sub(*newest.values().min().unwrap()));
    }
    assert!(oldest <= 1_000, "a watcher has a state that is {oldest} ms old");
    assert!(told <= 15_000 * 11, "{told} notifications in 5 s");
}

fn id(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn user(name: &str) -> User {
    User::new(AppId(1), id(name))
}
