//! Profiles: the refusals, and the users who are notified.

#![allow(clippy::unwrap_used, missing_docs)]

mod world;

use lamplight_model::{AllowType, Code, ProfileChange, UserId};
use lamplight_service::{By, MAX_USERS_INFO, NewFriend};
use std::sync::Arc;
use world::{MAC, PHONE, World, code, id, ids, user};

fn nick(nick: &str) -> ProfileChange {
    ProfileChange { nick: Some(nick.into()), ..ProfileChange::default() }
}

#[tokio::test]
async fn own_devices_and_mutual_friends_are_told_of_a_profile() {
    let mut world = World::of(&["alice", "bob", "cat"]).await;
    let alice = user("alice");
    world.service.add_friend(&alice, NewFriend::mutual(id("bob")), By::App, world.now).await.unwrap();
    let one_way = NewFriend { both: false, ..NewFriend::mutual(id("cat")) };
    world.service.add_friend(&alice, one_way, By::App, world.now).await.unwrap();
    world.news();

    let set = world.service.set_profile(&alice, nick("Alice"), PHONE, world.now).await.unwrap();
    assert_eq!((set.value.nick.as_str(), set.version - world.now.wall.0), ("Alice", 3));
    assert_eq!(world.news(), ["alice+3 by 1: profile Alice AllowAny, 0 in all", "alice shows Alice to bob"]);
    // A call that changes nothing causes no notification.
    let again = world.service.set_profile(&alice, nick("Alice"), MAC, world.now).await.unwrap();
    assert_eq!((again, world.news()), (set, Vec::new()));

    let deny = ProfileChange { allow: Some(AllowType::DenyAny), ..ProfileChange::default() };
    world.service.set_profile(&user("cat"), deny, By::App, world.now).await.unwrap();
    assert_eq!(world.news(), ["cat+1: profile  DenyAny, 0 in all"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_profile_that_friends_hear_of_last_is_the_one_that_is_kept() {
    let mut world = World::of(&["alice", "bob"]).await;
    world.service.add_friend(&user("alice"), NewFriend::mutual(id("bob")), By::App, world.now).await.unwrap();
    for round in 0..20 {
        let setting: Vec<_> = (0..10)
            .map(|n| {
                let (service, now) = (Arc::clone(&world.service), world.now);
                let nick = nick(&format!("nick {round} {n}"));
                tokio::spawn(async move { service.set_profile(&user("alice"), nick, By::App, now).await })
            })
            .collect();
        for set in setting {
            set.await.unwrap().unwrap();
        }
        let asked = ids(&["alice"]);
        let info = world.service.users_info(&user("bob"), &asked, By::App, world.now).await.unwrap();
        let kept = format!("alice shows {} to bob", info.profiles[0].1.nick);
        let shown: Vec<String> = world.news().into_iter().filter(|news| news.contains("shows")).collect();
        assert_eq!((shown.len(), shown.last()), (10, Some(&kept)));
    }
}

#[tokio::test]
async fn a_profile_that_cannot_be_taken_is_refused_and_changes_nothing() {
    let mut world = World::of(&["alice"]).await;
    let avatar = ProfileChange { avatar_url: Some("javascript:x".into()), ..nick("taken") };
    for change in [nick(&"x".repeat(501)), nick("two\nlines"), avatar] {
        let refused = world.service.set_profile(&user("alice"), change, PHONE, world.now).await;
        assert_eq!(code(refused), Code::INVALID_PARAMETER);
    }
    let unknown = world.service.set_profile(&user("nobody"), nick("x"), By::App, world.now).await;
    assert_eq!(code(unknown), Code::NO_SUCH_ACCOUNT);
    // The account was deleted while the connection was open.
    let gone = world.service.set_profile(&user("nobody"), nick("x"), PHONE, world.now).await;
    assert_eq!(code(gone), Code::NOT_LOGGED_IN);
    assert_eq!(world.news(), Vec::<String>::new());
    let info = world.service.users_info(&user("alice"), &ids(&["alice"]), PHONE, world.now).await.unwrap();
    assert_eq!(info.profiles[0].1, Default::default());
}

#[tokio::test]
async fn users_are_asked_for_a_hundred_at_a_time_and_each_once() {
    let world = World::of(&["alice", "bob"]).await;
    let asked = ids(&["bob", "nobody", "bob", "alice"]);
    let info = world.service.users_info(&user("alice"), &asked, PHONE, world.now).await.unwrap();
    let found: Vec<&UserId> = info.profiles.iter().map(|(id, _)| id).collect();
    assert_eq!(found, [&id("bob"), &id("alice")]);
    assert_eq!(info.failures, [(id("nobody"), Code::NO_SUCH_ACCOUNT)]);

    let many: Vec<UserId> = (0..=MAX_USERS_INFO).map(|n| id(&format!("u{n}"))).collect();
    let ask = |users: Vec<UserId>| {
        let service = &world.service;
        async move { service.users_info(&user("alice"), &users, PHONE, world.now).await }
    };
    assert_eq!(ask(many[1..].to_vec()).await.unwrap().failures.len(), MAX_USERS_INFO);
    assert_eq!(code(ask(many).await), Code::BATCH_TOO_LARGE);
    assert_eq!(code(ask(Vec::new()).await), Code::INVALID_PARAMETER);
}

#[tokio::test]
async fn a_user_may_ask_so_often_and_the_app_as_often_as_it_likes() {
    let mut world = World::with(&["alice"], |settings| settings.limits.rate.calls = 2).await;
    let alice = user("alice");
    let refused = world.service.set_profile(&alice, nick("two\nlines"), PHONE, world.now).await;
    assert_eq!(code(refused), Code::INVALID_PARAMETER);
    for n in 0..2 {
        world.service.set_profile(&alice, nick(&n.to_string()), PHONE, world.now).await.unwrap();
    }
    let third = world.service.set_profile(&alice, nick("third"), MAC, world.now).await;
    assert_eq!(code(third), Code::CALLED_TOO_OFTEN, "the limit is the user's, not the device's");
    world.service.set_profile(&alice, nick("app"), By::App, world.now).await.unwrap();
    // Each kind of call has a window of its own.
    world.service.users_info(&alice, &ids(&["alice"]), PHONE, world.now).await.unwrap();
    world.now = world.now.after(std::time::Duration::from_secs(5));
    world.service.set_profile(&alice, nick("later"), PHONE, world.now).await.unwrap();
}
