//! The version of the first live record of an account.

#![allow(clippy::unwrap_used, missing_docs)]

mod world;

use lamplight_directory::{ChangeLog, Directory, InProcessDirectory};
use lamplight_facts::Facts;
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{App, AppId, AppSettings, Moment, Now, StatusType, Timestamp, Version};
use lamplight_service::{Service, ThrottleLimits, Viewing};
use std::sync::Arc;
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

/// A machine has gone down, and boots with a clock that is behind. The record of a user without a login is missing.
#[tokio::test]
async fn after_a_loss_a_record_is_newer_than_what_was_told_although_the_clock_is_behind() {
    let now = |second: u64| {
        let millis = second * 1_000;
        Now { moment: Moment(millis), wall: Timestamp(1_700_000_000_000 + millis) }
    };
    let folder = tempfile::tempdir().unwrap();
    let live = folder.path().join("live");
    let grace = Duration::from_secs(30);
    let (directory, _) = InProcessDirectory::open(&live, now(0), grace).unwrap();
    directory.maintain(now(100)).unwrap();
    drop(directory);
    std::fs::remove_file(live.join("live.1.3")).unwrap();

    let (directory, recovered) = InProcessDirectory::open(&live, now(10), grace).unwrap();
    assert!(recovered.in_doubt);
    let directory = Arc::new(directory);
    let facts = Arc::new(SqliteFacts::open(&folder.path().join("facts.db")).unwrap());
    let app = App { id: AppId(1), keys: Vec::new(), admins: Vec::new(), settings: AppSettings::default() };
    facts.put_app(app).await.unwrap();
    let service = Service::new(
        facts,
        Arc::<InProcessDirectory>::clone(&directory) as Arc<dyn Directory>,
        directory as Arc<dyn ChangeLog>,
        ThrottleLimits::default(),
    );
    service.recover(Vec::new(), recovered.complete_since, now(10)).await.unwrap();
    service.create_account(&user("ann"), now(10)).await.unwrap();
    let status = service.statuses(&user("viewer"), &[id("ann")], Viewing::Watched, now(10)).await.unwrap();
    let status = status[0].clone().unwrap();
    assert!(status.version > Version::at(now(130).wall), "{status:?}");
}
