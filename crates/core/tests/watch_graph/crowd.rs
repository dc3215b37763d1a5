//! A subject with many watchers, who come and go. The graph finds their edges by a hash table.

use crate::{state, who};
use lamplight_core::{Hub, Told, WatcherKey, Why};
use lamplight_model::{Limits, UserStatus};

/// Each watcher watches its own user and two popular ones, in either order.
fn join(hub: &mut Hub<UserStatus>, number: u64) -> WatcherKey {
    let key = hub.attach(3);
    hub.watch(key, &who(&format!("fan{number}")), Why::Own);
    let popular = if number.is_multiple_of(2) { ["star", "band"] } else { ["band", "star"] };
    for user in popular {
        hub.watch(key, &who(user), Why::Subscribed);
    }
    key
}

/// Changes both popular users, and compares the states that each watcher gets.
fn check(hub: &mut Hub<UserStatus>, watchers: &[(WatcherKey, bool)], version: u64) {
    hub.tell(&who("star"), &state("star", version), None);
    hub.tell(&who("band"), &state("band", version), None);
    for (key, watches_star) in watchers {
        let mut told = Vec::new();
        hub.drain(*key, |state| {
            told.push((state.user_id.to_string(), state.version.0));
            Told::More
        });
        told.sort_unstable();
        let mut expected = vec![("band".to_owned(), version)];
        expected.extend(watches_star.then(|| ("star".to_owned(), version)));
        assert_eq!(told, expected);
        assert_eq!(hub.is_watching(*key, &who("star")), *watches_star);
    }
    let of_star = watchers.iter().filter(|(_, watches)| *watches).count();
    assert_eq!((hub.audience(&who("star")), hub.audience(&who("band"))), (of_star, watchers.len()));
}

#[test]
fn the_watchers_of_a_crowd_are_told_whoever_comes_and_goes() {
    let (mut hub, mut watchers) = (Hub::default(), Vec::new());
    let mut version = 0;
    for number in 0..1_200_u64 {
        let key = join(&mut hub, number);
        watchers.push((key, true));
        let other = number as usize * 7_919 % watchers.len();
        match number % 5 {
            0 => hub.detach(watchers.swap_remove(other).0),
            1 if watchers[other].1 => {
                hub.unwatch(watchers[other].0, &who("star"), Why::Subscribed);
                watchers[other].1 = false;
            }
            _ => {}
        }
        if number % 150 == 0 {
            version += 1;
            check(&mut hub, &watchers, version);
        }
    }
    assert!(hub.audience(&who("star")) > 512);
    while !watchers.is_empty() {
        let place = watchers.len() * 7_919 % 1_201 % watchers.len();
        hub.detach(watchers.swap_remove(place).0);
        if watchers.len() % 150 == 7 {
            version += 1;
            check(&mut hub, &watchers, version);
        }
    }
    assert_eq!(hub.size(), (0, 0));
}

#[test]
fn a_connection_can_watch_the_longest_lists_while_others_of_that_length_replace_them() {
    let mut hub = Hub::<UserStatus>::default();
    let key = hub.attach(1);
    hub.watch(key, &who("me"), Why::Own);
    let longest = u32::from(Limits::MAX_SUBSCRIPTIONS) + u32::from(Limits::MAX_FRIENDS);
    let list = |name: &'static str| (0..longest).map(move |number| who(&format!("{name}{number}")));
    hub.watch_all(key, list("old"), Why::Subscribed, drop);
    hub.watch_all(key, list("new"), Why::Subscribed, drop);
    let last = format!("new{}", longest - 1);
    hub.tell(&who(&last), &state(&last, 1), None);
    hub.unwatch_others(key, Why::Subscribed, |user| user.id.as_str().starts_with("new"));
    let left = longest as usize + 1;
    assert_eq!(hub.size(), (left, left));
    let mut told = Vec::new();
    hub.drain(key, |state| {
        told.push(state.user_id.to_string());
        Told::More
    });
    assert_eq!(told, [last]);
}
