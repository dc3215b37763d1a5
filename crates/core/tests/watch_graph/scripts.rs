//! Scripts of watches, changes and reads.

use crate::{state, unwatch_all, who};
use lamplight_core::{Hub, Told, WatcherKey, Why};
use lamplight_model::{AppId, User, UserId, UserStatus, Version};
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn a_connection_is_told_of_those_it_watches_and_of_nobody_else() {
    check(
        "
        watch c ann => unknown
        tell ann 1  => c
        tell bob 1  => nobody
        drain c     => ann:1
        drain c     => -
        ",
    );
}

#[test]
fn a_slot_holds_the_newest_state_only() {
    check(
        "
        watch c ann
        tell ann 1 => c
        tell ann 2 => c
        tell ann 3 => c
        drain c    => ann:3
        ",
    );
}

#[test]
fn a_stalled_connection_ends_with_the_final_state_of_everyone() {
    check(
        "
        watch slow ann
        watch slow bob
        watch fast bob
        tell ann 1
        tell bob 1
        drain fast => bob:1
        tell bob 2
        tell ann 2
        drain fast => bob:2
        drain slow => ann:2 bob:2
        ",
    );
}

/// After changes were missed, a new watcher is told nothing until a state was read, as if nobody else watched the user.
/// A watcher that has the state is not told it again.
#[test]
fn an_unconfirmed_state_is_not_told_to_new_watchers() {
    check(
        "
        watch other ann
        tell ann 1       => other
        drain other      => ann:1
        unconfirm
        watch c ann      => unknown
        watch d ann      => unknown
        touched          => nobody
        drain c          => -
        known c ann 1    => watching
        answer c ann 2   => as asked
        answer other ann 1 => as asked
        take d ann       => none
        confirm ann      => c d
        drain c          => ann:1
        drain d          => ann:1
        drain other      => -
        watch e ann      => known
        unconfirm
        watch f ann      => unknown
        tell ann 2       => c d e f other
        drain f          => ann:2
        drain e          => ann:2
        confirm ann      => nobody
        ",
    );
}

/// The order of the states must not reveal who else watches a user on this worker, for example the user's own
/// connection.
#[test]
fn the_first_states_come_in_the_order_of_the_watches_whoever_else_watches() {
    check(
        "
        watch other bob
        tell bob 1
        watch c ann => unknown
        watch c bob => known
        watch c cat => unknown
        tell cat 1
        tell ann 1
        drain c    => ann:1 bob:1 cat:1
        tell cat 2
        tell ann 2
        drain c    => cat:2 ann:2
        ",
    );
}

#[test]
fn stale_news_is_dropped() {
    check(
        "
        watch c ann
        tell ann 5  => c
        drain c     => ann:5
        tell ann 4  => nobody
        tell ann 5  => nobody
        wants ann 5 => no
        wants ann 6 => yes
        wants bob 1 => no
        drain c     => -
        ",
    );
}

#[test]
fn who_begins_to_watch_is_told_the_state_that_is_known() {
    check(
        "
        watch c ann => unknown
        tell ann 7
        watch d ann => known
        touched     => d
        drain d     => ann:7
        ",
    );
}

#[test]
fn three_reasons_to_watch_are_one_edge_and_one_event() {
    check(
        "
        watch c ann own
        watch c ann subscribed
        watch c ann friend
        size               => 1 1
        tell ann 1         => c
        drain c            => ann:1
        unwatch c ann own        => still
        unwatch c ann subscribed => still
        tell ann 2         => c
        unwatch c ann friend     => gone
        drain c            => -
        size               => 0 0
        ",
    );
}

#[test]
fn another_reason_for_the_same_edge_tells_nothing_again() {
    check(
        "
        watch c ann friend
        tell ann 1
        drain c            => ann:1
        watch c ann        => known
        drain c            => -
        ",
    );
}

/// A client ignores the status of a user in an answer, if it was not notified of that user yet.
#[test]
fn an_answer_counts_as_told_only_of_whom_the_connection_was_told() {
    check(
        "
        watch c ann
        tell ann 1
        answer c ann 1     => as asked
        drain c            => ann:1
        tell ann 2
        answer c ann 2     => as asked
        drain c            => -
        tell ann 3
        drain c            => ann:3
        answer c ann 2     => 3
        unwatch c ann      => gone
        watch d ann
        tell ann 4
        watch c ann        => known
        answer c ann 4     => as asked
        drain c            => ann:4
        unwatch c ann      => gone
        watch c ann        => known
        take c ann         => 4
        tell ann 5
        answer c ann 5     => as asked
        drain c            => -
        ",
    );
}

#[test]
fn what_was_longest_waiting_is_told_first_and_keeps_its_place() {
    check(
        "
        watch c ann
        watch c bob
        watch c cat
        tell ann 1
        tell bob 1
        tell cat 1
        drain c    => ann:1 bob:1 cat:1
        tell cat 2
        tell ann 2
        tell bob 2
        tell cat 3
        drain c 1  => cat:3 ...
        tell cat 4
        drain c 1  => ann:2 ...
        drain c    => bob:2 cat:4
        ",
    );
}

#[test]
fn what_waits_keeps_its_turn_when_others_are_removed() {
    check(
        "
        watch c ann
        watch c bob
        watch c cat
        watch c dan
        tell dan 1
        tell bob 1
        tell ann 1
        tell cat 1
        unwatch c ann => gone
        unwatch c bob => gone
        drain c       => dan:1 cat:1
        tell cat 2
        tell dan 2
        drain c       => cat:2 dan:2
        ",
    );
}

#[test]
fn who_stops_watching_one_reason_keeps_the_others() {
    check(
        "
        watch c me own
        watch c ann subscribed
        watch c bob subscribed
        watch c bob friend
        watch c cat subscribed
        unwatch_all c subscribed
        watched c own        => me
        watched c subscribed => -
        watched c friend     => bob
        users                => bob me
        tell ann 1           => nobody
        tell bob 1           => c
        drain c              => bob:1
        ",
    );
}

#[test]
fn an_answer_counts_as_told() {
    check(
        "
        watch c ann
        watch d ann
        tell ann 1 => c d
        take c ann => 1
        drain c    => -
        drain d    => ann:1
        take c bob => none
        ",
    );
}

#[test]
fn a_client_that_comes_back_is_told_exactly_what_differs() {
    check_return(
        "
        seen c ann 4 => watching
        seen c bob 5 => watching
        seen c dan 1 => not watching
        drain c      => bob:7 cat:2
        ",
    );
}

#[test]
fn a_client_that_has_seen_more_than_is_known_here_is_not_set_back() {
    check(
        "
        watch other ann
        tell ann 4
        watch c ann  => known
        seen c ann 6 => watching
        drain c      => -
        tell ann 7   => c other
        drain c      => ann:7
        ",
    );
}

#[test]
fn a_client_that_comes_back_with_a_newer_version_is_told_what_there_is() {
    check_return(
        "
        known c ann 4 => watching
        known c bob 9 => watching
        known c cat 1 => watching
        known c dan 1 => not watching
        pending c     => 2
        drain c       => bob:7 cat:2
        pending c     => 0
        ",
    );
}

#[test]
fn who_has_gone_leaves_nothing_behind() {
    check(
        "
        watch c ann
        watch d ann
        watch d bob
        tell ann 1
        watch f ann => known
        detach d
        detach f
        touched => nobody
        size    => 1 1
        drain c => ann:1
        detach c
        size    => 0 0
        watch e ann => unknown
        ",
    );
}

#[test]
fn users_of_the_same_name_in_two_apps_have_nothing_in_common() {
    let mut hub: Hub<UserStatus> = Hub::default();
    let watcher = hub.attach(2);
    let [one, other] = [1, 2].map(|app| User::new(AppId(app), UserId::new("ann").unwrap()));
    hub.watch(watcher, &one, Why::Subscribed);
    assert!(!hub.tell(&other, &state("ann", 1), None));
    assert!(hub.tell(&one, &state("ann", 1), None));
}

#[test]
fn nothing_is_loaded_for_a_connection_that_was_removed() {
    let mut hub: Hub<UserStatus> = Hub::default();
    let gone = hub.attach(1);
    hub.detach(gone);
    let later = hub.attach(1);
    assert_eq!(later.slot(), gone.slot());
    hub.watch(later, &who("ann"), Why::Subscribed);
    hub.tell(&who("ann"), &state("ann", 1), None);
    let mut loaded = 0;
    hub.preload(&[gone], |_| loaded += 1);
    assert_eq!(loaded, 0);
    hub.preload(&[gone, later], |_| loaded += 1);
    assert_eq!(loaded, 1);
}

#[test]
fn no_more_than_eight_states_are_loaded_for_a_connection() {
    let mut hub: Hub<UserStatus> = Hub::default();
    let watcher = hub.attach(10);
    let users: Vec<String> = (0..10).map(|user| format!("user{user}")).collect();
    for user in &users {
        hub.watch(watcher, &who(user), Why::Subscribed);
        hub.tell(&who(user), &state(user, 1), None);
    }
    let mut loaded = Vec::new();
    hub.preload(&[watcher], |state| loaded.push(state.user_id.to_string()));
    assert_eq!(loaded, users[..8]);
}

/// A user with a thousand watchers changes, and then a user with two watchers.
#[test]
fn a_crowd_is_served_in_shares_and_delays_nobody_else() {
    let mut hub = Hub::default();
    let (star, bob) = (who("star"), who("bob"));
    let fans: Vec<WatcherKey> = (0..1_000)
        .map(|_| {
            let fan = hub.attach(1);
            hub.watch(fan, &star, Why::Subscribed);
            fan
        })
        .collect();
    let other = hub.attach(1);
    hub.watch(other, &bob, Why::Subscribed);
    hub.watch(fans[999], &bob, Why::Subscribed);
    let round = |hub: &mut Hub<UserStatus>| {
        let mut round = Vec::new();
        hub.take_touched(&mut round);
        for watcher in &round {
            hub.drain(*watcher, |_| Told::More);
        }
        round
    };

    assert!(hub.tell(&star, &state("star", 1), None) && hub.tell(&bob, &state("bob", 1), None));
    let first = round(&mut hub);
    assert_eq!(first[..2], [other, fans[999]], "who waits for anything else comes first");
    assert!(first.len() <= 10 && hub.has_crowd(), "{}", first.len());
    // One watcher of the crowd is removed, and the user changes again while the crowd is served. Neither may add work.
    hub.detach(fans[998]);
    assert!(hub.tell(&star, &state("star", 2), None));
    let mut served = std::collections::BTreeMap::new();
    let mut rounds = 0;
    while hub.has_crowd() {
        round(&mut hub).into_iter().for_each(|watcher| *served.entry(watcher).or_insert(0) += 1);
        rounds += 1;
    }
    assert!((120..130).contains(&rounds), "{rounds}");
    assert!(!served.contains_key(&fans[998]));
    assert_eq!(served.len(), 999, "everyone is told of the second change");
    assert!(served.values().all(|times| *times == 1), "and nobody twice");
    assert!(fans.iter().all(|fan| hub.pending(*fan) == 0));
}

/// Runs a script of lines `action => result`. A line without `=>` is preparation. A connection is attached when it is
/// first named.
fn check(script: &str) {
    let mut hub: Hub<UserStatus> = Hub::default();
    let mut names: BTreeMap<String, WatcherKey> = BTreeMap::new();
    let (mut expected, mut actual) = (String::new(), String::new());
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (action, said) = line.split_once("=>").map_or((line, None), |(left, right)| (left, Some(right)));
        let went = act(&mut hub, &mut names, &action.split_whitespace().collect::<Vec<_>>());
        expected += &format!("{} => {}\n", action.trim(), said.map_or(went.as_str(), str::trim));
        actual += &format!("{} => {went}\n", action.trim());
    }
    assert!(expected == actual, "the script says\n\n{expected}\nbut it went\n\n{actual}");
}

/// Runs a script in which the client `c` has just returned. The client watches three users. The hub has the states of
/// these users, because another connection watches them.
fn check_return(script: &str) {
    let scene = "
        watch other ann
        watch other bob
        watch other cat
        tell ann 4
        tell bob 7
        tell cat 2
        watch c ann => known
        watch c bob => known
        watch c cat => known
    ";
    check(&format!("{scene}{script}"));
}

fn act(hub: &mut Hub<UserStatus>, names: &mut BTreeMap<String, WatcherKey>, words: &[&str]) -> String {
    let touched = |hub: &mut Hub<UserStatus>, names: &BTreeMap<String, WatcherKey>| {
        let mut keys = Vec::new();
        hub.take_touched(&mut keys);
        let named = names.iter().filter(|(_, key)| keys.contains(key));
        let list: Vec<&str> = named.map(|(name, _)| name.as_str()).collect();
        assert_eq!(list.len(), keys.len(), "each once");
        if list.is_empty() { "nobody".into() } else { list.join(" ") }
    };
    let join = |words: Vec<String>| if words.is_empty() { "-".into() } else { words.join(" ") };
    if let ["watch", name, ..] = words {
        names.entry((*name).into()).or_insert_with(|| hub.attach(0));
    }
    match *words {
        ["watch", name, user] => known(hub.watch(names[name], &who(user), Why::Subscribed)),
        ["watch", name, user, why] => known(hub.watch(names[name], &who(user), reason(why))),
        ["unwatch", name, user] => gone(hub.unwatch(names[name], &who(user), Why::Subscribed)),
        ["unwatch", name, user, why] => gone(hub.unwatch(names[name], &who(user), reason(why))),
        ["unwatch_all", name, why] => {
            unwatch_all(hub, names[name], reason(why));
            "-".into()
        }
        ["detach", name] => {
            hub.detach(names.remove(name).unwrap());
            "-".into()
        }
        ["tell", user, version] => {
            hub.take_touched(&mut Vec::new());
            let version = version.parse().unwrap();
            let wanted = hub.wants(&who(user), Version(version), None);
            assert_eq!(hub.tell(&who(user), &state(user, version), None), wanted);
            touched(hub, names)
        }
        ["unconfirm"] => {
            hub.unconfirm();
            "-".into()
        }
        ["confirm", user] => {
            hub.take_touched(&mut Vec::new());
            hub.confirm(&who(user));
            touched(hub, names)
        }
        ["wants", user, version] => {
            let wants = hub.wants(&who(user), Version(version.parse().unwrap()), None);
            if wants { "yes" } else { "no" }.into()
        }
        ["take", name, user] => {
            let state = hub.take(names[name], &who(user));
            state.map_or("none".into(), |state| state.version.to_string())
        }
        ["seen", name, user, version] => {
            let watching = hub.seen(names[name], &who(user), Version(version.parse().unwrap()));
            if watching { "watching" } else { "not watching" }.into()
        }
        ["known", name, user, version] => {
            let watching = hub.known(names[name], &who(user), Version(version.parse().unwrap()));
            if watching { "watching" } else { "not watching" }.into()
        }
        ["answer", name, user, version] => {
            let newer = hub.answer(names[name], &who(user), Version(version.parse().unwrap()));
            newer.map_or("as asked".into(), |state| state.version.to_string())
        }
        ["pending", name] => hub.pending(names[name]).to_string(),
        ["drain", name] => join(drain(hub, names[name], usize::MAX)),
        ["drain", name, limit] => join(drain(hub, names[name], limit.parse().unwrap())),
        ["watched", name, why] => {
            join(hub.watched(names[name], reason(why)).map(|user| user.id.to_string()).collect())
        }
        ["users"] => {
            let users: BTreeSet<String> = hub.users().map(|user| user.id.to_string()).collect();
            join(users.into_iter().collect())
        }
        ["touched"] => touched(hub, names),
        ["size"] => format!("{} {}", hub.size().0, hub.size().1),
        _ => panic!("{words:?} is not an action of a script"),
    }
}

fn known(known: bool) -> String {
    if known { "known" } else { "unknown" }.into()
}

fn gone(gone: bool) -> String {
    if gone { "gone" } else { "still" }.into()
}

fn reason(why: &str) -> Why {
    match why {
        "own" => Why::Own,
        "subscribed" => Why::Subscribed,
        "friend" => Why::Friend,
        other => panic!("{other} is not a reason to watch"),
    }
}

/// Drains at most `limit` states from the mailbox. Appends `...` if any is left.
fn drain(hub: &mut Hub<UserStatus>, watcher: WatcherKey, limit: usize) -> Vec<String> {
    let mut told = Vec::new();
    let left = hub.drain(watcher, |state| {
        told.push(format!("{}:{}", state.user_id, state.version));
        if told.len() == limit { Told::Full } else { Told::More }
    });
    assert_eq!(left, hub.has_pending(watcher));
    if left {
        told.push("...".into());
    }
    told
}
