//! Compares the packed list with a plain vector.

// clippy.toml allows `unwrap` in `#[test]` functions, but not in functions that they call.
#![allow(clippy::unwrap_used)]

mod quick;

use lamplight_core::{Subscribed, Subscriptions};
use lamplight_model::UserId;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Event {
    Subscribe(Vec<u8>, usize),
    Unsubscribe(Vec<u8>),
    Clear,
}

fn event() -> impl Strategy<Value = Event> {
    let users = || prop::collection::vec(0..14_u8, 0..10);
    prop_oneof![
        6 => (users(), prop_oneof![4 => Just(6_usize), 1 => 1..12_usize])
            .prop_map(|(users, limit)| Event::Subscribe(users, limit)),
        3 => users().prop_map(Event::Unsubscribe),
        1 => Just(Event::Clear),
    ]
}

proptest! {
    #![proptest_config(quick::cases(500))]

    #[test]
    fn a_subscription_list_is_a_vector(events in prop::collection::vec(event(), 1..40)) {
        let mut subject = Subscriptions::default();
        let mut model: Vec<UserId> = Vec::new();
        for event in events {
            match event {
                Event::Subscribe(users, limit) => {
                    let users: Vec<UserId> = users.into_iter().map(user).collect();
                    let expected = subscribe(&mut model, &users, limit);
                    prop_assert_eq!(subject.subscribe(&users, limit), expected);
                    prop_assert!(subject.len() <= limit);
                }
                Event::Unsubscribe(users) => {
                    let users: Vec<UserId> = users.into_iter().map(user).collect();
                    let removed: Vec<UserId> = model.extract_if(.., |listed| users.contains(listed)).collect();
                    prop_assert_eq!(subject.unsubscribe(&users), removed);
                }
                Event::Clear => prop_assert_eq!(subject.clear(), std::mem::take(&mut model)),
            }
            prop_assert_eq!(subject.len(), model.len());
            prop_assert_eq!(subject.is_empty(), model.is_empty());
            prop_assert_eq!(subject.iter().collect::<Vec<_>>(), model.clone());
            prop_assert_eq!(model.iter().cloned().collect::<Subscriptions>(), subject.clone());
        }
    }
}

/// Subscribes one user after another, as the SPEC describes. A user already on the list moves to the end.
fn subscribe(list: &mut Vec<UserId>, users: &[UserId], limit: usize) -> Subscribed {
    let before = list.clone();
    for user in users {
        list.retain(|listed| listed != user);
        list.push(user.clone());
    }
    let evicted: Vec<UserId> = list.drain(..list.len().saturating_sub(limit)).collect();
    let added = list.iter().filter(|user| !before.contains(user)).cloned().collect();
    Subscribed { added, evicted }
}

/// Returns the `userID` with this number. The ids have every length up to the longest.
fn user(number: u8) -> UserId {
    let letter = char::from(b'a' + number);
    UserId::new(&letter.to_string().repeat(1 + usize::from(number) * 31 / 13)).unwrap()
}
