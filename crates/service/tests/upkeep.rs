//! Tests of deadlines.

#![allow(clippy::unwrap_used, missing_docs)]

mod world;

use lamplight_directory::InProcessDirectory;
use lamplight_facts::{Facts, LoginRecorded, NewLogin};
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{App, AppId, AppSettings, DeviceId, Moment, Now, Platform, Timestamp, User, UserId};
use lamplight_service::{Expiring, Service, ThrottleLimits, Viewing};
use std::sync::Arc;
use std::time::Duration;
use world::{World, id, user};

const NOW: Now = Now { moment: Moment(1_000), wall: Timestamp(1_700_000_000_000) };
const USERS: usize = 100;

/// Concurrent writes share commits. Otherwise, each write would have a commit of its own.
#[tokio::test]
async fn logins_that_lapse_together_share_commits() {
    let folder = tempfile::tempdir().unwrap();
    let facts = Arc::new(SqliteFacts::open(&folder.path().join("facts.db")).unwrap());
    let settings = AppSettings::default();
    let retention = settings.timing.login_retention();
    facts.put_app(App { id: AppId(1), keys: Vec::new(), admins: Vec::new(), settings }).await.unwrap();
    for n in 0..USERS {
        let login = NewLogin {
            user: User::new(AppId(1), UserId::new(&format!("user {n}")).unwrap()),
            device: DeviceId::new("phone").unwrap(),
            platform: Platform::IPhone,
            at: NOW.wall,
            issued: NOW.wall.as_secs(),
            durable: true,
            resume: false,
        };
        assert!(matches!(facts.record_login(login).await.unwrap(), LoginRecorded::Recorded { .. }));
    }
    let directory = Arc::new(InProcessDirectory::in_memory());
    let log = Arc::<InProcessDirectory>::clone(&directory);
    let service = Service::new(Arc::<SqliteFacts>::clone(&facts), directory, log, ThrottleLimits::default());
    service.recover(Vec::new(), NOW.wall, NOW).await.unwrap();

    let before = facts.stats().commits;
    let done = service.expire_due(2 * USERS, NOW.after(retention)).await.unwrap();
    assert_eq!(done, Expiring { looked_at: USERS, failed: 0 });
    service.settle_due(NOW.after(retention)).await;
    assert_eq!(facts.users_logged_in(None, 1).await.unwrap(), []);
    let commits = facts.stats().commits - before;
    assert!(commits < USERS as u64 / 2, "{commits} commits for {USERS} logins");
}

/// The facts may have an account again whose creation has not reached the record of the former account, because the
/// record could not be written or the node has ended. New friends then already watch the record.
#[tokio::test]
async fn the_record_of_an_account_that_exists_again_is_kept_when_the_retention_ends() {
    let mut world = World::of(&["ann"]).await;
    world.log_in("ann").await;
    world.advance(Duration::from_secs(1));
    let _ = world.service.delete_account(&user("ann"), world.now).await.unwrap();
    world.service.retry(world.now).await;
    let retention = AppSettings::default().timing.login_retention();
    world.advance(retention - Duration::from_secs(1));
    assert!(world.facts.create_account(user("ann"), world.now.wall).await.unwrap().made);

    let shown = async |world: &World, viewing| {
        world.service.statuses(&user("ann"), &[id("ann")], viewing, world.now).await.unwrap().remove(0)
    };
    let watched = shown(&world, Viewing::Watched).await;
    assert!(watched.is_some());
    world.advance(Duration::from_secs(1));
    assert_eq!(world.service.expire_due(10, world.now).await.unwrap(), Expiring { looked_at: 1, failed: 0 });
    world.service.settle_due(world.now).await;
    assert_eq!(shown(&world, Viewing::Watched).await, watched, "nobody was told of a change");
    assert_eq!(shown(&world, Viewing::Asked).await, watched, "the account exists");
    world.advance(retention);
    assert_eq!(world.service.expire_due(10, world.now).await.unwrap().looked_at, 0);
}
