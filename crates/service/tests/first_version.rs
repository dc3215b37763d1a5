//! The version of the first live record of an account.

#![allow(clippy::unwrap_used, missing_docs)]

mod world;

use lamplight_model::StatusType;
use lamplight_service::Viewing;
use std::time::Duration;
use world::{World, id, user};

/// Two first logins overlap. The later login creates the account, and the earlier login creates the record. In between,
/// the status is queried.
#[tokio::test]
async fn a_record_is_newer_than_what_was_told_before_although_its_login_began_before_the_account() {
    let mut world = World::of(&["viewer"]).await;
    let began = world.now;
    world.advance(Duration::from_millis(10));
    world.service.create_account(&user("ann"), world.now).await.unwrap();
    let ann = [id("ann")];
    let told = world.service.statuses(&user("viewer"), &ann, Viewing::Watched, world.now).await.unwrap();
    let told = told[0].clone().unwrap();
    world.now = began;
    world.log_in("ann").await;
    let status = world.service.statuses(&user("viewer"), &ann, Viewing::Watched, world.now).await.unwrap();
    let status = status[0].clone().unwrap();
    assert_eq!((told.status_type, status.status_type), (StatusType::Unlogined, StatusType::Online));
    assert!(status.version > told.version, "{status:?} after {told:?}");
}
