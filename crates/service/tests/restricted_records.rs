//! Live records whose restrictions differ from the facts, because an operation was interrupted or overlapped another
//! one.

#![allow(clippy::unwrap_used, missing_docs)]

mod world;

use lamplight_core::Presence;
use lamplight_directory::Directory;
use lamplight_facts::Revoked;
use lamplight_model::{AppId, MAX_BLOCKED, User, UserId, Visibility};
use lamplight_service::{By, ComparedCursor};
use world::{World, ids, user};

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
    assert_eq!(hidden_from(&world, &ann, &["bob"]).await, Some(ids(&[])));
    world.now.wall = world.now.wall.after(std::time::Duration::from_secs(10));
    // The creation has reached the facts and not yet the record.
    world.facts.create_account(ann.clone(), world.now.wall).await.unwrap();
    world.service.set_visibility(&ann, Visibility::Nobody, By::App, world.now).await.unwrap();
    assert_eq!(hidden_from(&world, &ann, &["bob"]).await, Some(ids(&["bob"])));
}
