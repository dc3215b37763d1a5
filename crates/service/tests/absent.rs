//! Users without a live record. They are not logged in, unless the directory has lost records. In that case, the facts
//! decide.

#![allow(clippy::unwrap_used, missing_docs)]

mod forgetful;

use forgetful::Forgetful;
use lamplight_directory::{Directory, Heard, LogReader};
use lamplight_facts::{Facts, LoginRecorded, NewLogin};
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{
    App, AppId, AppSettings, DeviceId, Moment, Now, Platform, StatusType, Timestamp, User, UserId,
    UserStatus, Version,
};
use lamplight_service::{Service, StateParts, ThrottleLimits, UserState, Viewing};
use std::sync::Arc;
use tempfile::TempDir;

use StatusType::{Offline, Unlogined};

struct World {
    service: Service,
    facts: Arc<SqliteFacts>,
    directory: Arc<Forgetful>,
    log: LogReader,
    app: App,
    _folder: TempDir,
}

impl World {
    /// Creates a node that has just started. The users in `before` have logins in the facts.
    async fn with_logins(before: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let facts = Arc::new(SqliteFacts::open(&folder.path().join("facts.db")).unwrap());
        let directory = Arc::new(Forgetful::default());
        let app =
            App { id: AppId(1), keys: Vec::new(), admins: Vec::new(), settings: AppSettings::default() };
        facts.put_app(app.clone()).await.unwrap();
        for name in before {
            record(&facts, name, at(1)).await;
        }
        let service = Service::new(
            Arc::<SqliteFacts>::clone(&facts),
            Arc::<Forgetful>::clone(&directory),
            directory.log(),
            ThrottleLimits::default(),
        );
        service.recover(Vec::new(), directory.epoch(), now(2)).await.unwrap();
        let log = directory.log().follow();
        Self { service, facts, directory, log, app, _folder: folder }
    }

    async fn statuses(&self, names: &[&str]) -> Vec<Option<UserStatus>> {
        let ids: Vec<UserId> = names.iter().map(|name| user(name).id).collect();
        self.service.statuses(&user("viewer"), &ids, Viewing::Watched, now(9)).await.unwrap()
    }

    /// Returns the status types of users, after checking that the client port and the server API return the same types.
    async fn types(&self, names: &[&str]) -> Vec<Option<StatusType>> {
        let statuses = self.statuses(names).await;
        let users: Vec<User> = names.iter().map(|name| user(name)).collect();
        let parts = StateParts { devices: true, custom_status: true };
        let states = self.service.user_states(&self.app, &users, parts, now(9)).await.unwrap();
        let has = |state: &UserState| state.devices.len() == usize::from(state.status_type == Offline);
        assert!(states.iter().flatten().all(has), "{states:?}");
        let types: Vec<_> = statuses.iter().map(|it| it.as_ref().map(|it| it.status_type)).collect();
        assert_eq!(states.iter().map(|it| it.as_ref().map(|it| it.status_type)).collect::<Vec<_>>(), types);
        types
    }
}

fn user(name: &str) -> User {
    User::new(AppId(1), UserId::new(name).unwrap())
}

fn at(second: u64) -> Timestamp {
    Timestamp(1_700_000_000_000 + second * 1_000)
}

fn now(second: u64) -> Now {
    Now { moment: Moment(second * 1_000), wall: at(second) }
}

/// Records a login of a native device in the facts only.
async fn record(facts: &SqliteFacts, name: &str, at: Timestamp) {
    let login = NewLogin {
        user: user(name),
        device: DeviceId::new("phone").unwrap(),
        platform: Platform::IPhone,
        at,
        issued: at.as_secs(),
        durable: true,
        resume: false,
    };
    assert!(matches!(facts.record_login(login).await.unwrap(), LoginRecorded::Recorded { .. }));
}

#[tokio::test]
async fn every_login_of_the_facts_has_a_record_from_the_start_on() {
    let world = World::with_logins(&["ann", "bob"]).await;
    world.facts.create_account(user("cat"), at(1)).await.unwrap();
    let users = ["ann", "bob", "cat", "nobody"];
    let has_record = |_: &User, presence: Option<&lamplight_core::Presence>| presence.is_some();
    let directory: &dyn Directory = &*world.directory;
    let there = directory.read(&users.map(user), has_record).await.unwrap();
    assert_eq!(there, [true, true, false, false]);
    assert_eq!(world.types(&users).await, [Some(Offline), Some(Offline), Some(Unlogined), None]);
}

/// The process ended when the facts had the login and the record did not. The status with the login needs a higher
/// version than the status without it.
#[tokio::test]
async fn a_login_that_only_the_facts_have_after_a_crash_is_a_change() {
    let world = World::with_logins(&[]).await;
    world.facts.create_account(user("cat"), at(1)).await.unwrap();
    let told = world.statuses(&["cat"]).await.remove(0).unwrap();
    record(&world.facts, "cat", at(5)).await;

    let after = Service::new(
        Arc::<SqliteFacts>::clone(&world.facts),
        Arc::<Forgetful>::clone(&world.directory),
        world.directory.log(),
        ThrottleLimits::default(),
    );
    after.recover(Vec::new(), world.directory.epoch(), now(6)).await.unwrap();
    let status = after.statuses(&user("viewer"), &[user("cat").id], Viewing::Watched, now(9)).await.unwrap();
    let status = status.into_iter().next().flatten().unwrap();
    assert_eq!((told.status_type, status.status_type), (Unlogined, Offline));
    assert!(told.version < status.version, "{told:?} {status:?}");
}

/// The login may still be undone, so watchers must not be notified of it.
#[tokio::test]
async fn a_login_that_is_being_made_is_none_yet() {
    let world = World::with_logins(&["ann"]).await;
    record(&world.facts, "bob", at(3)).await;
    assert_eq!(world.types(&["ann", "bob"]).await, [Some(Offline), Some(Unlogined)]);
    // The same holds if records from before the login were lost.
    world.directory.lose(&[user("ann")], at(2));
    assert_eq!(world.types(&["ann", "bob"]).await, [Some(Offline), Some(Unlogined)]);
}

#[tokio::test]
async fn a_login_whose_record_was_lost_is_shown_above_all_that_was_told_and_its_end_is_told() {
    let mut world = World::with_logins(&["ann", "bob"]).await;
    world.facts.create_account(user("cat"), at(1)).await.unwrap();
    world.directory.lose(&["ann", "bob"].map(user), at(5));
    let users = ["cat", "ann", "nobody", "bob"];
    assert_eq!(world.types(&users).await, [Some(Unlogined), Some(Offline), None, Some(Offline)]);
    let shown = world.statuses(&["ann", "cat"]).await;
    assert!(shown.iter().flatten().all(|status| status.version >= Version::at(at(5))), "{shown:?}");
    assert_eq!(world.statuses(&["ann", "cat"]).await, shown);

    let _ = world.service.kick(&user("ann"), now(6)).await.unwrap();
    let mut entries = Vec::new();
    assert_eq!(world.log.take(&mut entries), Heard::All);
    let told: Vec<_> = entries
        .iter()
        .filter_map(|entry| {
            let (status, _) = entry.news.status()?;
            Some((status.user_id.as_str(), status.status_type))
        })
        .collect();
    assert_eq!(told, [("ann", Unlogined)]);
    assert_eq!(world.types(&["ann", "bob"]).await, [Some(Unlogined), Some(Offline)]);
}
