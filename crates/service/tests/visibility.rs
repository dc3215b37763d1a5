//! The visibility and the block list: the refusals, the notifications, and the statuses that viewers get.

#![allow(clippy::unwrap_used, missing_docs)]

mod world;

use lamplight_model::{BlockedUser, Code, ConnectionId, MAX_BLOCKED, StatusType, UserId, Visibility};
use lamplight_service::{By, NewFriend, OwnBlockList, Reader, UsersBlocked, UsersUnblocked, Viewing};
use std::time::Duration;
use world::{MAC, PHONE, World, code, id, ids, user};

/// For each viewer, the status type of Alice in the answer to a query. The second value is the time at which this
/// status type began, in seconds since the accounts were created.
async fn seen_by(world: &World, viewers: &[&str]) -> Vec<(StatusType, u64)> {
    let mut seen = Vec::new();
    for viewer in viewers {
        let queried = world.service.get_user_status(&user(viewer), &["alice"], world.now).await.unwrap();
        let status = &queried.statuses[0];
        assert!(status.custom_status.is_empty() || status.status_type == StatusType::Online);
        seen.push((status.status_type, status.since.since(world.began()).as_secs()));
    }
    seen
}

#[tokio::test]
async fn what_a_user_sets_is_in_effect_for_every_viewer_when_the_call_returns() {
    use StatusType::{Offline, Online};
    let mut world = World::of(&["alice", "bob", "cat"]).await;
    let alice = user("alice");
    world.service.add_friend(&alice, NewFriend::mutual(id("bob")), By::App, world.now).await.unwrap();
    world.log_in("alice").await;
    world.news();
    world.advance(Duration::from_secs(1));
    assert_eq!(seen_by(&world, &["bob", "cat"]).await, [(Online, 0); 2]);

    world.service.set_visibility(&alice, Visibility::Friends, PHONE, world.now).await.unwrap();
    assert_eq!(
        world.news(),
        ["alice+2 by 1: visibility friends, 0 in all", "alice is seen by friends without []"]
    );
    assert_eq!(seen_by(&world, &["bob", "cat", "alice"]).await, [(Online, 0), (Offline, 1), (Online, 0)]);
    // The app sees the truth.
    let truth =
        world.service.statuses(&user("cat"), &[id("alice")], Viewing::Asked, world.now).await.unwrap();
    assert_eq!(truth[0].as_ref().unwrap().status_type, Online);

    // The friendship ends, and begins again.
    world.advance(Duration::from_secs(1));
    world.service.delete_friends(&user("bob"), &ids(&["alice"]), false, PHONE, world.now).await.unwrap();
    assert_eq!(seen_by(&world, &["bob", "cat"]).await, [(Offline, 2), (Offline, 1)]);
    world.service.add_friend(&user("bob"), NewFriend::mutual(id("alice")), PHONE, world.now).await.unwrap();
    assert_eq!(seen_by(&world, &["bob", "cat"]).await, [(Online, 0), (Offline, 1)]);

    world.service.set_visibility(&alice, Visibility::Nobody, By::App, world.now).await.unwrap();
    assert_eq!(seen_by(&world, &["bob", "cat"]).await, [(Offline, 2), (Offline, 1)]);
    world.news();
    let same = world.service.set_visibility(&alice, Visibility::Nobody, By::App, world.now).await.unwrap();
    assert_eq!(world.news(), Vec::<String>::new(), "nothing has changed");
    let list = world.service.block_list(&alice, PHONE, world.now).await.unwrap();
    assert_eq!(list.version, same.version);
    assert_eq!(list.value, OwnBlockList { visibility: Visibility::Nobody, blocked: Vec::new() });
    world.service.set_visibility(&alice, Visibility::Everyone, By::App, world.now).await.unwrap();
    assert_eq!(seen_by(&world, &["bob", "cat"]).await, [(Online, 0); 2]);
}

#[tokio::test]
async fn a_blocked_user_neither_sees_nor_writes_nor_adds_and_learns_it_only_by_the_code_of_a_message() {
    use StatusType::{Offline, Online};
    let mut world = World::of(&["alice", "bob", "cat"]).await;
    let (alice, bob) = (user("alice"), user("bob"));
    world.log_in("alice").await;
    world.news();
    world.advance(Duration::from_secs(1));
    let named = ids(&["bob", "nobody", "bob"]);
    let blocked = world.service.block_users(&alice, &named, MAC, world.now).await.unwrap();
    let entry = BlockedUser { id: id("bob"), since: world.now.wall };
    let failures = vec![(id("nobody"), Code::NO_SUCH_ACCOUNT)];
    assert_eq!(blocked.value, UsersBlocked { blocked: vec![entry.clone()], failures });
    assert_eq!(
        world.news(),
        ["alice+1 by 2: blocked bob, 0 in all", "alice is seen by everyone without [\"bob\"]"]
    );
    assert_eq!(seen_by(&world, &["bob", "cat"]).await, [(Offline, 1), (Online, 0)]);
    let again = world.service.block_users(&alice, &ids(&["bob"]), MAC, world.now).await.unwrap();
    assert_eq!(again.value.failures, [(id("bob"), Code::ALREADY_BLOCKED)]);
    assert_eq!(
        world.service.block_list(&alice, PHONE, world.now).await.unwrap().value,
        OwnBlockList { visibility: Visibility::Everyone, blocked: vec![entry] }
    );

    for by in [PHONE, By::App] {
        assert_eq!(code(world.send("bob", "alice", "hello", "1", by).await), Code::BLOCKED);
    }
    world.send("alice", "bob", "bye", "2", PHONE).await.unwrap();
    let add = NewFriend::mutual(id("alice"));
    assert_eq!(
        code(world.service.add_friend(&bob, add.clone(), PHONE, world.now).await),
        Code::FRIEND_DENIED
    );
    world.service.add_friend(&bob, add, By::App, world.now).await.unwrap();
    let between = world.service.blocks_between(&alice, &ids(&["bob", "cat"])).await.unwrap();
    assert_eq!(between, [(id("bob"), true, false), (id("cat"), false, false)]);
    let between = world.service.blocks_between(&bob, &ids(&["alice"])).await.unwrap();
    assert_eq!(between, [(id("alice"), false, true)]);

    world.news();
    let gone =
        world.service.unblock_users(&alice, &ids(&["cat", "bob"]), PHONE, world.now).await.unwrap().value;
    let failures = vec![(id("cat"), Code::NOT_BLOCKED)];
    assert_eq!(gone, UsersUnblocked { unblocked: ids(&["bob"]), failures });
    assert!(world.news().contains(&"alice is seen by everyone without []".to_owned()));
    assert_eq!(seen_by(&world, &["bob"]).await, [(Online, 0)]);
    world.send("bob", "alice", "hello", "1", PHONE).await.unwrap();
}

#[tokio::test]
async fn a_query_of_somebody_who_may_not_see_a_text_that_is_over_does_not_clear_it() {
    let mut world = World::of(&["alice", "bob", "cat"]).await;
    let alice = user("alice");
    world.log_in("alice").await;
    world.service.block_users(&alice, &ids(&["bob"]), By::App, world.now).await.unwrap();
    world.service.set_custom_status(&alice, "at lunch", 60, By::App, world.now).await.unwrap();
    world.advance(Duration::from_secs(60));
    let query = async |who: &str| {
        let found = world.service.get_user_status(&user(who), &["alice"], world.now).await.unwrap();
        found.statuses[0].clone()
    };
    let hidden = query("bob").await;
    assert_eq!((hidden.status_type, hidden.custom_status.as_str()), (StatusType::Offline, ""));
    assert_eq!(world.service.custom_statuses_expired(), 0, "a write before the answer would take longer");
    assert_eq!(query("cat").await.custom_status.as_str(), "");
    assert_eq!(world.service.custom_statuses_expired(), 1);
    assert_eq!(query("bob").await, hidden);
}

#[tokio::test]
async fn a_worker_clears_a_text_that_is_over_only_for_a_viewer_who_may_see_it() {
    let mut world = World::of(&["alice", "bob", "cat", "dan"]).await;
    let (alice, dan) = (user("alice"), user("dan"));
    for who in ["alice", "dan"] {
        world.log_in(who).await;
    }
    world.service.block_users(&alice, &ids(&["bob"]), By::App, world.now).await.unwrap();
    for who in [&alice, &dan] {
        world.service.set_custom_status(who, "at lunch", 60, By::App, world.now).await.unwrap();
    }
    world.advance(Duration::from_secs(60));
    let (bob, cat) = (id("bob"), id("cat"));
    // Each read is for a reader: it leaves the text of Alice, clears it, or finds none.
    for (of, reader, cleared) in [
        ("alice", Reader::Viewer(&bob), 0),
        ("alice", Reader::Watchers, 0),
        ("alice", Reader::Viewer(&cat), 1),
        ("alice", Reader::App, 0),
        ("dan", Reader::Watchers, 1),
    ] {
        let before = world.service.custom_statuses_expired();
        world.service.watched_statuses(&alice, &[id(of)], reader, world.now).await.unwrap();
        assert_eq!(world.service.custom_statuses_expired() - before, cleared, "{of} for {reader:?}");
    }
    world.service.set_custom_status(&alice, "at lunch", 60, By::App, world.now).await.unwrap();
    world.advance(Duration::from_secs(60));
    world
        .service
        .watched_statuses(&alice, &[id("alice")], Reader::Viewer(&alice.id), world.now)
        .await
        .unwrap();
    assert_eq!(world.service.custom_statuses_expired(), 3, "the own user may see it");
}

/// When a user who is away is kicked, viewers see the user as UNLOGINED. They see the same when a hidden user is
/// kicked, even if that user has no login any more. The facts store it, because the live records may be lost later.
#[tokio::test]
async fn a_kick_of_a_hidden_user_is_shown_as_that_of_a_user_who_is_away() {
    use StatusType::{Offline, Unlogined};
    for logs_out in [false, true] {
        let mut world = World::of(&["alice", "bob", "cat"]).await;
        let alice = user("alice");
        world.log_in("alice").await;
        let connection = ConnectionId::alone(world.now.moment.0);
        world.service.block_users(&alice, &ids(&["bob"]), By::App, world.now).await.unwrap();
        let stored = world.facts.restrictions(vec![alice.clone()]).await.unwrap().remove(0).unwrap();
        assert_eq!(stored.away.of(&id("bob")), Some(true));
        if logs_out {
            world.service.logout(&alice, connection, world.now).await.unwrap();
        }
        world.advance(Duration::from_secs(5));
        assert_eq!(seen_by(&world, &["bob"]).await, [(Offline, 0)]);
        let _ = world.service.kick(&alice, world.now).await.unwrap();
        assert_eq!(seen_by(&world, &["bob"]).await, [(Unlogined, 5)], "{logs_out}");
        let stored = world.facts.restrictions(vec![alice]).await.unwrap().remove(0).unwrap();
        assert_eq!(stored.away.of(&id("bob")), Some(false));
        assert!(stored.away.ended_through > 0);
    }
}

#[tokio::test]
async fn a_call_that_cannot_be_is_refused_and_changes_nothing() {
    let mut world = World::of(&["alice"]).await;
    let (alice, stranger) = (user("alice"), user("nobody"));
    let many: Vec<UserId> = (0..=MAX_BLOCKED).map(|n| id(&n.to_string())).collect();
    for (users, expected) in [
        (ids(&["bob", "alice"]), Code::INVALID_PARAMETER),
        (Vec::new(), Code::INVALID_PARAMETER),
        (many.clone(), Code::BATCH_TOO_LARGE),
    ] {
        assert_eq!(code(world.service.block_users(&alice, &users, PHONE, world.now).await), expected);
        assert_eq!(code(world.service.unblock_users(&alice, &users, By::App, world.now).await), expected);
    }
    assert_eq!(code(world.service.blocks_between(&alice, &many).await), Code::BATCH_TOO_LARGE);
    for (by, expected) in [(PHONE, Code::NOT_LOGGED_IN), (By::App, Code::NO_SUCH_ACCOUNT)] {
        let users = ids(&["alice"]);
        let set = world.service.set_visibility(&stranger, Visibility::Nobody, by, world.now).await;
        assert_eq!(code(set), expected);
        assert_eq!(code(world.service.block_users(&stranger, &users, by, world.now).await), expected);
        assert_eq!(code(world.service.unblock_users(&stranger, &users, by, world.now).await), expected);
        assert_eq!(code(world.service.block_list(&stranger, by, world.now).await), expected);
    }
    assert_eq!(world.news(), Vec::<String>::new());
}

#[tokio::test]
async fn what_an_account_has_restricted_ends_with_the_account_and_holds_without_a_live_record() {
    use StatusType::{Offline, Unlogined};
    let mut world = World::of(&["alice", "bob", "cat"]).await;
    let alice = user("alice");
    // Alice has never logged in, so there is no live record.
    world.service.block_users(&alice, &ids(&["bob"]), By::App, world.now).await.unwrap();
    world.advance(Duration::from_secs(1));
    world.log_in("alice").await;
    assert_eq!(seen_by(&world, &["bob", "cat"]).await, [(Unlogined, 0), (StatusType::Online, 1)]);
    world.service.set_visibility(&alice, Visibility::Nobody, By::App, world.now).await.unwrap();
    assert_eq!(seen_by(&world, &["bob", "cat"]).await, [(Unlogined, 0), (Offline, 1)]);
    // The account of a friend of Alice ends, and begins again.
    world.service.add_friend(&alice, NewFriend::mutual(id("cat")), By::App, world.now).await.unwrap();
    world.service.set_visibility(&alice, Visibility::Friends, By::App, world.now).await.unwrap();
    assert_eq!(seen_by(&world, &["cat"]).await, [(StatusType::Online, 1)]);
    let _ = world.service.delete_account(&user("cat"), world.now).await.unwrap();
    world.advance(Duration::from_secs(1));
    world.service.create_account(&user("cat"), world.now).await.unwrap();
    assert_eq!(seen_by(&world, &["cat"]).await, [(Offline, 1)]);
    // The account of Alice ends, and begins again.
    let _ = world.service.delete_account(&alice, world.now).await.unwrap();
    assert_eq!(
        code(world.service.get_user_status(&user("bob"), &["alice"], world.now).await),
        Code::NO_SUCH_ACCOUNT
    );
    world.advance(Duration::from_secs(1));
    world.service.create_account(&alice, world.now).await.unwrap();
    world.log_in("alice").await;
    assert_eq!(seen_by(&world, &["bob", "cat"]).await, [(StatusType::Online, 3); 2]);
    let list = world.service.block_list(&alice, PHONE, world.now).await.unwrap().value;
    assert_eq!(list, OwnBlockList::default());
}
