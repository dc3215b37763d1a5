//! Live records whose restrictions differ from the facts, because an operation was interrupted or overlapped another
//! operation.

#![allow(clippy::unwrap_used, missing_docs)]

mod world;

use lamplight_core::Presence;
use lamplight_directory::Directory;
use lamplight_facts::Revoked;
use lamplight_model::{AppId, Code, MAX_BLOCKED, StatusType, User, UserId, Visibility};
use lamplight_service::{By, ComparedCursor, NewFriend, Viewing};
use std::task::Poll;
use world::{World, code, ids, user};

/// The users who may not see the status of a user, according to the live record; `None` without a record.
async fn hidden_from(world: &World, owner: &User, viewers: &[&str]) -> Option<Vec<UserId>> {
    let (viewers, mut hidden) = (ids(viewers), None);
    let mut look = |_: usize, record: Option<(&Presence, u64)>| {
        hidden = record.map(|(presence, _)| {
            let may_not_see =
                |viewer: &&UserId| presence.restrictions().is_some_and(|it| !it.may_see(viewer));
            viewers.iter().filter(may_not_see).cloned().collect()
        });
    };
    world.directory.read_with(std::slice::from_ref(owner), &mut look).await.unwrap();
    hidden
}

async fn is_record_deleted(world: &World, owner: &User) -> bool {
    let mut deleted = false;
    let mut look =
        |_: usize, record: Option<(&Presence, u64)>| deleted = record.is_some_and(|(it, _)| it.is_deleted());
    world.directory.read_with(std::slice::from_ref(owner), &mut look).await.unwrap();
    deleted
}

async fn compare_all(world: &World) -> usize {
    let (mut place, mut pages) = (Some(ComparedCursor::default()), 0);
    while let Some(from) = place {
        place = world.service.compare_restrictions(from, world.now).await.unwrap();
        pages += 1;
    }
    pages
}

#[tokio::test]
async fn a_change_that_a_killed_node_has_committed_reaches_the_record() {
    let names: Vec<String> = (0..230).map(|number| format!("u{number:03}")).collect();
    let mut all: Vec<&str> = names.iter().map(String::as_str).collect();
    all.extend(["ann", "bob", "cat"]);
    let world = World::of(&all).await;
    let (ann, bob, cat) = (user("ann"), user("bob"), user("cat"));
    // Each record exists, with other restrictions than the facts get.
    for owner in [&ann, &bob] {
        world.service.block_users(owner, &ids(&["u000"]), By::App, world.now).await.unwrap();
    }
    world.service.set_visibility(&cat, Visibility::Nobody, By::App, world.now).await.unwrap();
    world.facts.set_visibility(ann.clone(), Visibility::Nobody).await.unwrap();
    world.facts.unblock(bob.clone(), ids(&["u000"])).await.unwrap();
    world.facts.set_visibility(cat.clone(), Visibility::Everyone).await.unwrap();
    // The facts have more restricted users than one page holds. They have no record, and get none.
    for name in &names {
        world.facts.block(user(name), ids(&["ann"]), world.now.wall, MAX_BLOCKED).await.unwrap();
    }
    assert_eq!(hidden_from(&world, &ann, &["u001"]).await, Some(ids(&[])));
    assert!(compare_all(&world).await > 3);
    assert_eq!(hidden_from(&world, &ann, &["u001"]).await, Some(ids(&["u001"])));
    assert_eq!(hidden_from(&world, &bob, &["u000"]).await, Some(ids(&[])));
    assert_eq!(hidden_from(&world, &cat, &["u000"]).await, Some(ids(&[])));
    assert_eq!(hidden_from(&world, &user("u007"), &["ann"]).await, None);
    // An app of which the node has not heard yet is not compared.
    let of_other = ComparedCursor::Records(AppId(7), None);
    assert_eq!(world.service.compare_restrictions(of_other, world.now).await.unwrap(), None);
}

#[tokio::test]
async fn an_account_that_is_created_again_does_not_keep_the_restrictions_of_the_former_one() {
    let mut world = World::of(&["ann", "bob"]).await;
    let ann = user("ann");
    world.service.block_users(&ann, &ids(&["bob"]), By::App, world.now).await.unwrap();
    assert_eq!(hidden_from(&world, &ann, &["bob"]).await, Some(ids(&["bob"])));
    // The deletion has reached the facts and not yet the record.
    let revoked = Revoked::new(world.now.wall, []);
    world.facts.delete_account(ann.clone(), revoked).await.unwrap().unwrap();
    world.now.wall = world.now.wall.after(std::time::Duration::from_secs(10));
    assert!(world.service.create_account(&ann, world.now).await.unwrap());
    assert_eq!(hidden_from(&world, &ann, &["bob"]).await, Some(ids(&[])));
}

#[tokio::test]
async fn a_change_for_a_new_account_does_not_wait_for_the_end_of_its_creation() {
    let mut world = World::of(&["ann", "bob"]).await;
    let ann = user("ann");
    world.service.block_users(&ann, &ids(&["bob"]), By::App, world.now).await.unwrap();
    let _ = world.service.delete_account(&ann, world.now).await.unwrap();
    assert!(is_record_deleted(&world, &ann).await);
    world.now.wall = world.now.wall.after(std::time::Duration::from_secs(10));
    // The creation has reached the facts and not yet the record.
    world.facts.create_account(ann.clone(), world.now.wall).await.unwrap();
    world.service.set_visibility(&ann, Visibility::Nobody, By::App, world.now).await.unwrap();
    assert_eq!(hidden_from(&world, &ann, &["bob"]).await, Some(ids(&["bob"])));
}

/// Begins a call, and gives it up as soon as `is_committed` says that its change is in the facts.
async fn give_up_when<T>(call: impl Future<Output = T>, is_committed: impl AsyncFn() -> bool) {
    let mut call = std::pin::pin!(call);
    loop {
        let polled = std::future::poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await;
        assert!(polled.is_pending(), "the call has ended");
        // The call makes no progress meanwhile.
        for _ in 0..2_000 {
            if is_committed().await {
                return;
            }
        }
    }
}

#[tokio::test]
async fn a_deletion_that_is_given_up_after_its_commit_reaches_all_records_later() {
    let mut world = World::of(&["ann", "bob", "cat"]).await;
    let (ann, bob) = (user("ann"), user("bob"));
    world.log_in("ann").await;
    world.service.add_friend(&ann, NewFriend::mutual(bob.id.clone()), By::App, world.now).await.unwrap();
    world.service.set_visibility(&bob, Visibility::Friends, By::App, world.now).await.unwrap();
    world.service.set_visibility(&ann, Visibility::Nobody, By::App, world.now).await.unwrap();
    assert_eq!(hidden_from(&world, &bob, &["ann", "cat"]).await, Some(ids(&["cat"])));
    world.news();
    let is_deleted = async || world.facts.accounts(vec![ann.clone()]).await.unwrap() == [None];
    give_up_when(world.service.delete_account(&ann, world.now), is_deleted).await;
    assert_eq!(hidden_from(&world, &ann, &["cat"]).await, Some(ids(&["cat"])), "only the facts have it");
    assert_eq!(world.service.retry(world.now).await, 0);
    assert!(is_record_deleted(&world, &ann).await);
    assert_eq!(hidden_from(&world, &bob, &["ann", "cat"]).await, Some(ids(&["ann", "cat"])));
    // The connections of Bob must not go on watching Ann as a friend: the account may be created again.
    assert!(world.news().contains(&"bob: unknown".to_owned()));
}

#[tokio::test]
async fn a_kick_that_is_given_up_after_its_commit_reaches_the_record_later() {
    let mut world = World::of(&["ann"]).await;
    let ann = user("ann");
    world.log_in("ann").await;
    let is_kicked = async || world.facts.logins(ann.clone()).await.unwrap().is_empty();
    give_up_when(world.service.kick(&ann, world.now), is_kicked).await;
    let status = async || {
        let found = world.service.statuses(&ann, &ids(&["ann"]), Viewing::Asked, world.now).await.unwrap();
        found[0].clone().unwrap().status_type
    };
    assert_eq!(status().await, StatusType::Online);
    assert_eq!(world.service.retry(world.now).await, 0);
    assert_eq!(status().await, StatusType::Unlogined);
}

#[tokio::test]
async fn a_deletion_that_is_only_in_the_facts_is_completed_by_a_comparison_and_by_another_attempt() {
    for by_comparison in [true, false] {
        let mut world = World::of(&["ann", "bob"]).await;
        let ann = user("ann");
        world.log_in("ann").await;
        world.service.block_users(&ann, &ids(&["bob"]), By::App, world.now).await.unwrap();
        let revoked = Revoked::new(world.now.wall, []);
        world.facts.delete_account(ann.clone(), revoked).await.unwrap().unwrap();
        if by_comparison {
            compare_all(&world).await;
        } else {
            let again = world.service.delete_account(&ann, world.now).await;
            assert_eq!(code(again), Code::NO_SUCH_ACCOUNT);
        }
        let found = world.service.statuses(&ann, &ids(&["ann"]), Viewing::Watched, world.now).await.unwrap();
        assert_eq!(found[0].clone().unwrap().status_type, StatusType::Unlogined, "{by_comparison}");
        assert!(is_record_deleted(&world, &ann).await);
    }
}
