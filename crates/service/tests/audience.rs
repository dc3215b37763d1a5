//! Tests of the audience when calls to the stores end late. The connection that made the call may have left, and
//! another may use its slot.

#![allow(clippy::unwrap_used, missing_docs)]

use lamplight_core::{ConflationRate, EndCause, Ended, Notifications, Told};
use lamplight_directory::{LogEntry, News};
use lamplight_model::{
    AppId, ConnectionId, CustomStatus, Moment, PlatformSet, Reason, StatusType, Timestamp, User, UserId,
    UserStatus, Version,
};
use lamplight_service::{Audience, Effect, Member, OwnListChange, WatchList};
use std::sync::Arc;

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

    // Alice leaves while her list is read, and Bob gets her slot.
    audience.leave(alice);
    let bob = audience.join(Member::new(user("bob"), ConnectionId::alone(2)), 0, &mut effects);
    assert_eq!(bob.slot(), alice.slot(), "the slot must be used again for this test");
    effects.clear();
    let list = WatchList { subscriptions: vec![id("carol")], ..WatchList::default() };
    audience.set_watch_list(alice, &list, heard, &mut effects);
    let change = OwnListChange { rev: 1, in_log: true, subscribed: vec![id("dave")], unsubscribed: vec![] };
    audience.change_own_list(alice, &change, &mut effects);

    assert_eq!(audience.subscriptions(bob).count(), 0);
    assert!(effects.is_empty());
    assert_eq!(audience.member(alice), None);
    assert_eq!(audience.lists_heard(alice), None);
    audience.leave(alice);
    assert_eq!(audience.member(bob).unwrap().user, user("bob"));
}

/// Another node has ended the connection after the list was read. The connection is put back only if the list is read
/// again.
#[test]
fn a_watch_list_from_before_the_end_of_a_lost_node_is_out_of_date() {
    for (cause, is_current) in [(EndCause::NodeLost, false), (EndCause::KickedByOperator, true)] {
        let mut audience = Audience::<UserStatus>::default();
        let mut effects = Vec::new();
        let connection = ConnectionId::alone(1);
        let alice = audience.join(Member::new(user("alice"), connection), 0, &mut effects);
        let heard = audience.lists_heard(alice).unwrap();
        let ended = LogEntry::news(user("alice"), News::Ended(Ended { connection, cause }));
        audience.hear(&Arc::new(ended), Moment(0), &mut effects);
        let is_set = audience.set_watch_list(alice, &WatchList::default(), heard, &mut effects);
        assert_eq!(is_set, is_current, "{cause:?}");
    }
}

/// A list that was read again may contain changes whose log entries come later or were missed. In both cases, the
/// client is notified of each change once.
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
    audience.hear(&Arc::new(entry), Moment::default(), &mut effects);
    assert_eq!(effects, []);
}

/// Runs a script with one connection of Alice, who has Bob on her list at revision 10.
///
/// - `own 12 +bob -cat`: a call of the connection changes the list at revision 12.
/// - `quiet 12 +bob`: the same, for a change that the log does not report.
/// - `log 11 +bob`: the log reports a change.
/// - `missed`: a part of the log is missed.
/// - `ask`: a read of the list begins.
/// - `set bob cat` and `set 12 bob cat`: the read ends, without a revision or with revision 12.
///
/// `told` are the notifications about other devices' changes, and `list` is the list at the end.
fn check_list(script: &str, told: &[&str], list: &str) {
    let mut audience = Audience::<UserStatus>::default();
    let mut effects = Vec::new();
    let alice = audience.join(Member::new(user("alice"), ConnectionId::alone(1)), 0, &mut effects);
    let mut heard = audience.lists_heard(alice).unwrap();
    let bob = WatchList { subscriptions: vec![id("bob")], ..WatchList::default() };
    audience.set_watch_list(alice, &bob, heard, &mut effects);
    let named = |words: &[&str], sign: char| -> Vec<UserId> {
        words.iter().filter_map(|word| word.strip_prefix(sign)).map(id).collect()
    };
    let mut happened = Vec::new();
    for step in script.split(", ") {
        let words: Vec<&str> = step.split(' ').collect();
        let (subscribed, unsubscribed) = (named(&words, '+'), named(&words, '-'));
        effects.clear();
        match words[0] {
            "own" | "quiet" => {
                let (rev, in_log) = (words[1].parse().unwrap(), words[0] == "own");
                let change = OwnListChange { rev, in_log, subscribed, unsubscribed };
                audience.change_own_list(alice, &change, &mut effects);
            }
            "log" => {
                let news = News::Subscriptions { subscribed, unsubscribed };
                let entry =
                    LogEntry { rev: words[1].parse().unwrap(), ..LogEntry::news(user("alice"), news) };
                audience.hear(&Arc::new(entry), Moment::default(), &mut effects);
            }
            "missed" => audience.count_missed(),
            "ask" => heard = audience.lists_heard(alice).unwrap(),
            "set" => {
                let rev = words[1].parse().unwrap_or(0);
                let subscriptions = words[1 + usize::from(rev != 0)..].iter().map(|word| id(word)).collect();
                let list = WatchList { rev, subscriptions, ..WatchList::default() };
                if !audience.set_watch_list(alice, &list, heard, &mut effects) {
                    happened.push(format!("{step}: out of date"));
                }
            }
            other => panic!("{other}"),
        }
        for effect in &effects {
            match effect {
                Effect::ListChanged { subscribed, unsubscribed, .. } => {
                    let joined = subscribed.iter().map(|user| format!(" +{user}"));
                    let left = unsubscribed.iter().map(|user| format!(" -{user}"));
                    happened.push(format!("{step}:{}", joined.chain(left).collect::<String>()));
                }
                Effect::Reload(_) => happened.push(format!("{step}: reload")),
                Effect::Close { .. }
                | Effect::AppChanged(_)
                | Effect::Lists { .. }
                | Effect::RereadLists(_)
                | Effect::FriendProfile { .. }
                | Effect::Read(_) => {}
            }
        }
    }
    assert_eq!(happened, told, "{script}");
    let mut names: Vec<String> = audience.subscriptions(alice).map(ToString::to_string).collect();
    names.sort_unstable();
    assert_eq!(names.join(" "), list, "{script}");
}

#[test]
fn own_list_changes_and_those_of_the_log_have_the_order_of_their_revisions() {
    // The log's entry about the connection's own change causes no notification.
    check_list("own 11 +cat -bob, log 11 +cat -bob", &[], "cat");
    // An older change of another device is reported later. It does not undo the connection's own change, but applies to
    // other users.
    check_list("own 12 -bob, log 11 +bob, log 12 -bob", &[], "");
    check_list("own 12 +cat, log 11 -cat, log 12 +cat", &[], "bob cat");
    check_list("own 12 -bob, log 11 +bob +dog, log 12 -bob", &["log 11 +bob +dog: +dog"], "dog");
    // A newer change applies, whether it is reported before or after the connection's own change is applied.
    check_list("own 11 -bob, log 11 -bob, log 12 +bob", &["log 12 +bob: +bob"], "bob");
    check_list("log 11 -bob, log 12 +bob, own 11 -bob", &["log 11 -bob: -bob", "log 12 +bob: +bob"], "bob");
    check_list("log 12 -cat, own 11 +cat", &[], "bob");
    // Two own changes are made before the log reports either of them.
    check_list("own 11 +cat, own 12 -cat, log 11 +cat, log 12 -cat", &[], "bob");
    check_list(
        "own 11 +cat, own 12 -cat, log 11 +cat, log 12 -cat, log 13 +cat",
        &["log 13 +cat: +cat"],
        "bob cat",
    );
    // An entry that is received twice has no effect the second time.
    check_list("log 11 +cat, log 12 -cat, log 11 +cat", &["log 11 +cat: +cat", "log 12 -cat: -cat"], "bob");
    // For a user who is already on the list, the log reports no change, so no entry has to be ignored.
    check_list("quiet 10 +bob, log 11 -bob", &["log 11 -bob: -bob"], "");
}

#[test]
fn a_list_that_was_read_before_an_own_change_does_not_undo_it() {
    check_list("ask, own 11 +cat, set bob", &["set bob: out of date"], "bob cat");
    check_list("own 11 +cat, ask, set bob cat, log 11 +cat", &[], "bob cat");
    // The log's entry about the connection's own change does not make the newer list out of date.
    check_list("own 11 +cat, ask, log 11 +cat, set bob cat", &[], "bob cat");
    // The missed entries and the list may contain a change that undid the connection's own change, so the list is read
    // once more.
    check_list(
        "missed, ask, set bob, own 11 +cat, ask, set bob",
        &["own 11 +cat: reload", "set bob: -cat"],
        "bob",
    );
}

#[test]
fn what_is_in_a_list_that_was_read_is_not_told_once_more_by_the_log() {
    check_list("set 12 bob, log 11 -bob, log 12 +bob", &[], "bob");
    check_list(
        "ask, set 12 cat, log 11 +cat, log 12 -bob, log 13 -cat",
        &["set 12 cat: +cat -bob", "log 13 -cat: -cat"],
        "",
    );
    // A change by the connection itself that is in the list causes no notification, and earlier changes do not undo a
    // later change by the connection.
    check_list("ask, set 12 bob, own 11 +cat", &[], "bob");
    check_list(
        "set 12 bob, own 13 +cat, log 11 -cat, log 13 +cat, log 14 -cat",
        &["log 14 -cat: -cat"],
        "bob",
    );
    check_list("own 11 +cat, ask, set 12 bob, log 11 +cat, log 12 -cat", &["set 12 bob: -cat"], "bob");
    // After a part of the log was missed, the revision of the list determines which entries the list already contains.
    check_list("missed, ask, set 12 bob, own 13 +cat", &[], "bob cat");
    check_list("missed, ask, set 12 bob, log 12 -bob, own 11 +cat", &[], "bob");
}

#[test]
fn what_another_device_undid_is_known_when_the_own_change_is_answered() {
    let mut audience = Audience::<UserStatus>::default();
    let mut effects = Vec::new();
    let alice = audience.join(Member::new(user("alice"), ConnectionId::alone(1)), 0, &mut effects);
    let (subscribed, unsubscribed) = (vec![id("bob"), id("cat")], vec![id("dog"), id("eve")]);
    let change = OwnListChange { rev: 5, in_log: true, subscribed, unsubscribed };
    audience.change_own_list(alice, &change, &mut effects);
    assert_eq!(audience.undone(alice, &change), (vec![], vec![]));
    let news = News::Subscriptions { subscribed: vec![id("dog")], unsubscribed: vec![id("bob")] };
    let entry = LogEntry { rev: 6, ..LogEntry::news(user("alice"), news) };
    audience.hear(&Arc::new(entry), Moment::default(), &mut effects);
    assert_eq!(audience.undone(alice, &change), (vec![id("bob")], vec![id("dog")]));
}

/// A login has entered the record but was refused in the answer. It is repeated over the same connection.
#[test]
fn the_end_of_an_earlier_login_over_the_same_connection_closes_nothing() {
    let mut audience = Audience::<UserStatus>::default();
    let mut effects = Vec::new();
    let connection = ConnectionId::alone(1);
    let member = Member::new(user("alice"), connection).entered_at(7);
    let alice = audience.join(member, 0, &mut effects);
    let mut closed_at = |rev| {
        let news = News::Ended(Ended { connection, cause: EndCause::Superseded });
        let mut effects = Vec::new();
        let entry = LogEntry { rev, ..LogEntry::news(user("alice"), news) };
        audience.hear(&Arc::new(entry), Moment::default(), &mut effects);
        effects
    };
    assert_eq!(closed_at(6), []);
    assert_eq!(closed_at(8), [Effect::Close { watcher: alice, cause: EndCause::Superseded }]);
}

/// The call fails after the list was changed, but before the statuses of all added users were read.
#[test]
fn whom_an_answer_would_have_told_of_is_read_where_there_is_no_answer() {
    let mut audience = Audience::<UserStatus>::default();
    let mut effects = Vec::new();
    let alice = audience.join(Member::new(user("alice"), ConnectionId::alone(1)), 0, &mut effects);
    let subscribed = vec![id("bob"), id("cat")];
    let change = OwnListChange { rev: 5, in_log: true, subscribed, unsubscribed: vec![] };
    audience.change_own_list(alice, &change, &mut effects);
    // The answer already has the status of Cat.
    audience.take(alice, &user("cat"));
    effects.clear();
    audience.release(alice, &mut effects);
    assert_eq!(effects, [Effect::Read(user("bob"))]);
}

#[test]
fn nothing_older_is_told_after_an_answer() {
    let status = |version| numbered("bob", version);
    let told = |audience: &mut Audience<UserStatus>, alice| {
        let mut versions = Vec::new();
        audience.drain(alice, |status| {
            versions.push(status.version.0);
            Told::More
        });
        versions
    };
    let mut audience = Audience::<UserStatus>::default();
    let mut effects = Vec::new();
    let alice = audience.join(Member::new(user("alice"), ConnectionId::alone(1)), 0, &mut effects);
    let news = News::Subscriptions { subscribed: vec![id("bob")], unsubscribed: vec![] };
    let entry = Arc::new(LogEntry::news(user("alice"), news));
    audience.hear(&entry, Moment::default(), &mut effects);
    // When Alice queries Bob, the log has not reported versions 2 and 3 yet.
    audience.tell(&user("bob"), &status(1), None);
    assert_eq!(audience.answer(alice, &user("bob"), Version(3)), None);
    assert_eq!(told(&mut audience, alice), [0; 0]);
    audience.tell(&user("bob"), &status(2), None);
    assert_eq!(told(&mut audience, alice), [0; 0]);
    // An answer does not replace a notification, so version 3 is also sent as a notification.
    audience.tell(&user("bob"), &status(3), None);
    assert_eq!(told(&mut audience, alice), [3]);
    audience.tell(&user("bob"), &status(4), None);
    assert_eq!(audience.answer(alice, &user("bob"), Version(3)), None, "4 is on its way");
    assert_eq!(told(&mut audience, alice), [4]);
    let newer = audience.answer(alice, &user("bob"), Version(2));
    assert_eq!(newer.map(|status| status.version), Some(Version(4)));
}

/// The answer to a user's change of their status is sent first. The notification still follows. Other users get it at
/// the limited rate.
#[test]
fn an_answer_takes_no_event_and_tells_nobody_else() {
    let mut audience = Audience::<UserStatus>::new(rate(1), None);
    let mut effects = Vec::new();
    let alice = audience.join(Member::new(user("alice"), ConnectionId::alone(1)), 0, &mut effects);
    let status = |version| numbered("alice", version);
    let mut waits = |audience: &mut Audience<UserStatus>, version| {
        let entry = Arc::new(LogEntry::news(user("alice"), News::Status(status(version))));
        audience.hear(&entry, Moment(0), &mut effects)
    };
    let told = |audience: &mut Audience<UserStatus>| {
        let mut versions = Vec::new();
        audience.drain(alice, |status| {
            versions.push(status.version.0);
            Told::More
        });
        versions
    };
    assert!(audience.answer(alice, &user("alice"), Version(1)).is_none());
    assert!(!waits(&mut audience, 1));
    assert_eq!(told(&mut audience), [1]);
    assert!(audience.answer(alice, &user("alice"), Version(2)).is_none());
    assert!(waits(&mut audience, 2), "the answer has told nobody else");
    assert!(audience.answer(alice, &user("alice"), Version(3)).is_none());
    assert!(waits(&mut audience, 3));
    assert_eq!(told(&mut audience), [0; 0]);
    audience.tell_due(Moment(1_000), &mut Vec::new());
    assert_eq!(told(&mut audience), [3]);
}

/// Twenty times as many users must take about twenty times as long. If each user needed a search through all marks,
/// they would take four hundred times as long.
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
        // The first connection makes the audience read the statuses. The later connections must receive all statuses.
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
                audience.tell(user, &status, None);
            }
        }
        fastest
    };
    let (short, long) = (time(1_000), time(20_000));
    assert!(long < short * 100, "{long:?} for 20,000 and {short:?} for 1,000");
}

/// Runs a script in which Alice watches Bob and Cat, with a rate of two changes per second. `100 bob 7` is version 7 of
/// Bob in the log at 100 ms. `read bob 9` is a version that was read. `100 wait` advances the time. `told` is the
/// content of Alice's mailbox after each step.
fn check_conflation(script: &str, told: &str) {
    let mut audience = Audience::<UserStatus>::new(rate(2), None);
    let mut effects = Vec::new();
    let alice = audience.join(Member::new(user("alice"), ConnectionId::alone(1)), 0, &mut effects);
    let notified = Notifications { others: true, friends: false };
    let subscriptions = vec![id("bob"), id("cat")];
    let list = WatchList { subscriptions, notified, ..WatchList::default() };
    let heard = audience.lists_heard(alice).unwrap();
    audience.set_watch_list(alice, &list, heard, &mut effects);
    let mut in_mailbox = Vec::new();
    for step in script.split(", ") {
        let words: Vec<&str> = step.split(' ').collect();
        let status = |name: &str, version: &str| numbered(name, version.parse().unwrap());
        match words[..] {
            ["read", name, version] => {
                audience.tell(&user(name), &status(name, version), None);
            }
            [at, "wait"] => {
                audience.tell_due(Moment(at.parse().unwrap()), &mut Vec::new());
            }
            [at, name, version] => {
                let now = Moment(at.parse().unwrap());
                let entry = LogEntry::news(user(name), News::Status(status(name, version)));
                audience.hear(&Arc::new(entry), now, &mut effects);
                audience.tell_due(now, &mut Vec::new());
            }
            _ => panic!("no step: {step}"),
        }
        let mut news = Vec::new();
        audience.drain(alice, |status| {
            news.push(format!("{}{}", status.user_id.as_str(), status.version.0));
            Told::More
        });
        in_mailbox.push(if news.is_empty() { "-".to_owned() } else { news.join("+") });
    }
    assert_eq!(in_mailbox.join(" "), told, "{script}");
    let last_due = Moment(u64::MAX);
    audience.tell_due(last_due, &mut Vec::new());
    assert_eq!((audience.next_due(), audience.held_back()), (None, 0));
}

#[test]
fn a_user_who_changes_all_the_time_is_told_of_at_the_rate_and_others_at_once() {
    check_conflation(
        "0 bob 1, 1 bob 2, 2 bob 3, 3 cat 1, 4 bob 4, 499 wait, 500 wait, 501 bob 5, 1000 wait",
        "bob1 bob2 - cat1 - - bob4 - bob5",
    );
}

#[test]
fn what_waits_is_not_told_after_something_newer() {
    check_conflation(
        "0 bob 1, 1 bob 2, 2 bob 3, read bob 4, 500 wait, 1000 bob 5",
        "bob1 bob2 - bob4 - bob5",
    );
}

/// Bob has four watchers, so 8 notifications per second allow two changes per second. The limit on the changes of one
/// user would allow 20.
#[test]
fn a_busy_user_is_told_of_the_seldomer_the_more_watchers_there_are() {
    let rate = ConflationRate { changes_per_second: 20, notifications_per_second: 8 };
    let mut audience = Audience::<UserStatus>::new(rate, None);
    let mut effects = Vec::new();
    let notified = Notifications { others: true, friends: false };
    let list = WatchList { subscriptions: vec![id("bob")], notified, ..WatchList::default() };
    let watchers: Vec<_> = (0..4)
        .map(|number| {
            let name = format!("fan{number}");
            let member = Member::new(user(&name), ConnectionId::alone(number));
            let watcher = audience.join(member, 1, &mut effects);
            let heard = audience.lists_heard(watcher).unwrap();
            audience.set_watch_list(watcher, &list, heard, &mut effects);
            watcher
        })
        .collect();
    let mut told = Vec::new();
    for at in 0..=2_000 {
        if at < 1_800 {
            let status = UserStatus { user_id: id("bob"), version: Version(at + 1), ..unlogined() };
            let entry = LogEntry::news(user("bob"), News::Status(status));
            audience.hear(&Arc::new(entry), Moment(at), &mut effects);
        }
        audience.tell_due(Moment(at), &mut Vec::new());
        let mut now = Vec::new();
        for watcher in &watchers {
            audience.drain(*watcher, |status| {
                now.push(status.version.0);
                Told::More
            });
        }
        assert!(now.is_empty() || now == [now[0]; 4], "{now:?}");
        told.extend(now.first().map(|version| (at, *version)));
    }
    // The burst of two changes, then one every half second, and the newest change at the end.
    assert_eq!(told, [(0, 1), (1, 2), (500, 501), (1_000, 1_001), (1_500, 1_501), (2_000, 1_800)]);
}

#[test]
fn a_user_whom_nobody_watches_any_longer_is_told_to_nobody() {
    let mut audience = Audience::<UserStatus>::new(rate(1), None);
    let mut effects = Vec::new();
    let bob = audience.join(Member::new(user("bob"), ConnectionId::alone(1)), 0, &mut effects);
    let mut waits = |version| {
        let status = UserStatus { user_id: id("bob"), version: Version(version), ..unlogined() };
        let entry = LogEntry::news(user("bob"), News::Status(status));
        audience.hear(&Arc::new(entry), Moment(0), &mut effects)
    };
    assert!(!waits(1) && waits(2));
    assert_eq!((audience.next_due(), audience.held_back()), (Some(Moment(1_000)), 1));
    audience.leave(bob);
    let mut told = Vec::new();
    audience.tell_due(Moment(1_000), &mut told);
    assert_eq!((told.len(), audience.held_back()), (1, 0));
    audience.tell_due(Moment(2_000), &mut told);
    assert_eq!((told.len(), audience.next_due()), (1, None));
}

/// A rate without an effective limit on notifications.
fn rate(changes_per_second: u32) -> ConflationRate {
    ConflationRate { changes_per_second, ..ConflationRate::default() }
}

/// A status that differs from other versions in its custom status.
fn numbered(name: &str, version: u64) -> UserStatus {
    let custom_status = CustomStatus::new(&version.to_string(), 100).unwrap();
    UserStatus { user_id: id(name), version: Version(version), custom_status, ..unlogined() }
}

fn unlogined() -> UserStatus {
    UserStatus {
        user_id: id("nobody"),
        status_type: StatusType::Unlogined,
        custom_status: CustomStatus::NONE,
        custom_expires: None,
        version: Version(0),
        since: Timestamp(0),
        reason: Reason::Logout,
        last_seen: None,
        online_devices: PlatformSet::default(),
    }
}

/// After a loss, a node of the previous version of Lamplight may make a record whose revisions count from the beginning
/// again.
#[test]
fn the_end_of_a_connection_closes_it_whatever_the_revisions_were_before_a_loss() {
    let connection = ConnectionId::alone(1);
    let closes = |prepare: fn(&mut Audience<UserStatus>, lamplight_core::WatcherKey), rev: u64| {
        let mut audience = Audience::<UserStatus>::default();
        let mut effects = Vec::new();
        let member = Member::new(user("alice"), connection).entered_at(100);
        let alice = audience.join(member, 0, &mut effects);
        prepare(&mut audience, alice);
        effects.clear();
        let ended = News::Ended(Ended { connection, cause: EndCause::KickedByOperator });
        let entry = LogEntry { rev, ..LogEntry::news(user("alice"), ended) };
        audience.hear(&Arc::new(entry), Moment::default(), &mut effects);
        !effects.is_empty()
    };
    assert!(!closes(|_, _| {}, 100), "an earlier login over the same connection");
    assert!(closes(|_, _| {}, 101));
    assert!(closes(|audience, _| audience.count_missed(), 3));
    let put_back = |audience: &mut Audience<UserStatus>, alice| {
        audience.count_missed();
        audience.entered_again(alice, 5);
    };
    assert!(!closes(put_back, 4), "before the connection was put back");
    assert!(closes(put_back, 6));
}
