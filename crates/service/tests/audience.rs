//! The connections of a worker and what they watch, where calls to the stores end late: whoever has asked may have
//! gone, and another one may be in its place.

#![allow(clippy::unwrap_used, missing_docs)]

use lamplight_directory::{LogEntry, News};
use lamplight_model::{
    AppId, ConnectionId, CustomStatus, PlatformSet, Reason, StatusType, Timestamp, User, UserId, UserStatus,
    Version,
};
use lamplight_service::{Audience, Effect, Member, WatchList};

fn id(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn user(name: &str) -> User {
    User::new(AppId(1), id(name))
}

#[test]
fn a_watch_list_that_comes_late_is_not_that_of_the_next_connection() {
    let mut audience = Audience::<UserStatus>::default();
    let mut effects = Vec::new();
    let alice = audience.join(Member::new(user("alice"), ConnectionId::alone(1)), 0, &mut effects);
    let heard = audience.lists_heard(alice).unwrap();

    // Alice goes while her list is read, and Bob gets her place.
    audience.leave(alice);
    let bob = audience.join(Member::new(user("bob"), ConnectionId::alone(2)), 0, &mut effects);
    assert_eq!(bob.slot(), alice.slot(), "or this test shows nothing");
    effects.clear();
    let list = WatchList { subscriptions: vec![id("carol")], ..WatchList::default() };
    audience.set_watch_list(alice, &list, heard, &mut effects);
    audience.change_own_list(alice, &[id("dave")], &[], &mut effects);

    assert_eq!(audience.subscriptions(bob).count(), 0);
    assert!(effects.is_empty());
    assert_eq!(audience.member(alice), None);
    assert_eq!(audience.lists_heard(alice), None);
    audience.leave(alice);
    assert_eq!(audience.member(bob).unwrap().user, user("bob"));
}

/// A list that is read again may be newer than what the log has told yet, or differ by what was missed: the connection
/// is told of the difference all the same, and once.
#[test]
fn a_list_that_is_read_before_its_news_is_heard_is_told_once() {
    let mut audience = Audience::<UserStatus>::default();
    let mut effects = Vec::new();
    let alice = audience.join(Member::new(user("alice"), ConnectionId::alone(1)), 0, &mut effects);
    let mut set = |names: &[&str]| {
        let list =
            WatchList { subscriptions: names.iter().map(|name| id(name)).collect(), ..WatchList::default() };
        let (mut effects, heard) = (Vec::new(), audience.lists_heard(alice).unwrap());
        assert!(audience.set_watch_list(alice, &list, heard, &mut effects));
        let told = effects.into_iter().filter(|effect| matches!(effect, Effect::ListChanged { .. }));
        told.collect::<Vec<_>>()
    };
    assert_eq!(set(&["bob", "cat"]), [], "a login tells the list");
    let changed =
        Effect::ListChanged { watcher: alice, subscribed: vec![id("dog")], unsubscribed: vec![id("bob")] };
    assert_eq!(set(&["cat", "dog"]), [changed]);

    let (subscribed, unsubscribed) = (vec![id("dog")], vec![id("bob")]);
    let entry = LogEntry::news(user("alice"), News::Subscriptions { subscribed, unsubscribed });
    effects.clear();
    audience.hear(&entry, UserStatus::clone, &mut effects);
    assert_eq!(effects, []);
}

/// Twenty times the list takes some twenty times as long, where marks that are looked through for each of its users
/// take four hundred times as long.
#[test]
#[expect(clippy::disallowed_methods, reason = "it measures")]
fn joining_takes_time_in_proportion_to_the_list() {
    let time = |length: usize| {
        let names: Vec<UserId> = (0..length).map(|n| id(&format!("user{n}"))).collect();
        let list = WatchList { subscriptions: names.clone(), ..WatchList::default() };
        let users = names.into_iter().map(|name| User::new(AppId(1), name));
        let known: Vec<(User, Version)> = users.map(|user| (user, Version(1))).collect();
        let mut audience = Audience::<UserStatus>::default();
        let mut fastest = std::time::Duration::MAX;
        // The first one makes the users known; all of them are to be told to those behind it.
        for n in 0..4 {
            let (member, mut effects) = (Member::new(user("me"), ConnectionId::alone(n)), Vec::new());
            let watcher = audience.join(member, length, &mut effects);
            let heard = audience.lists_heard(watcher).unwrap();
            let began = std::time::Instant::now();
            audience.set_watch_list(watcher, &list, heard, &mut effects);
            audience.known_all(watcher, &known);
            audience.set_watch_list(watcher, &WatchList::default(), heard, &mut effects);
            audience.set_watch_list(watcher, &list, heard, &mut effects);
            fastest = fastest.min(began.elapsed());
            for (user, version) in &known {
                let status = UserStatus { user_id: user.id.clone(), version: *version, ..unlogined() };
                audience.tell(user, &status, UserStatus::clone);
            }
        }
        fastest
    };
    let (short, long) = (time(1_000), time(20_000));
    assert!(long < short * 100, "{long:?} for 20,000 and {short:?} for 1,000");
}

fn unlogined() -> UserStatus {
    UserStatus {
        user_id: id("nobody"),
        status_type: StatusType::Unlogined,
        custom_status: CustomStatus::NONE,
        version: Version(0),
        since: Timestamp(0),
        reason: Reason::None,
        last_seen: None,
        online_devices: PlatformSet::default(),
    }
}
