//! What one record that cannot be written holds up, and what not.

#![allow(clippy::unwrap_used, reason = "a world that does not begin is a failure")]

mod world;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use lamplight_core::Presence;
use lamplight_directory::{
    Answer, Change, Directory, DirectoryError, DirectoryErrorKind, DirectoryStats, FeedCursor, FeedPage,
    InProcessDirectory, Logged, View,
};
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{App, AppId, AppSettings, Moment, Now, Timestamp, User, UserId};
use lamplight_service::{Service, ServiceError, ThrottleLimits};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use world::{ids, user};

/// A directory in which the record of one user cannot be written.
struct Faulty {
    inner: InProcessDirectory,
    cannot_write: Mutex<Option<User>>,
}

impl Directory for Faulty {
    fn update_with<'a>(&'a self, user: &'a User, now: Now, change: Change<'a>) -> Answer<'a, Option<Logged>> {
        let fails = self.cannot_write.lock().unwrap().as_ref() == Some(user);
        if !fails {
            return self.inner.update_with(user, now, change);
        }
        let kind = DirectoryErrorKind::Unavailable;
        ready(Err(DirectoryError { kind, doing: "writing", source: None })).boxed()
    }

    fn read_with<'a>(&'a self, users: &'a [User], view: View<'a>) -> Answer<'a, ()> {
        self.inner.read_with(users, view)
    }

    fn seed<'a>(&'a self, user: &'a User, presence: Presence, now: Now) -> Answer<'a, ()> {
        self.inner.seed(user, presence, now)
    }

    fn remove_if<'a>(&'a self, user: &'a User, condition: fn(&Presence) -> bool, now: Now) -> Answer<'a, ()> {
        self.inner.remove_if(user, condition, now)
    }

    fn partitions(&self) -> u16 {
        self.inner.partitions()
    }

    fn subscribed_to<'a>(&'a self, users: &'a [User]) -> Answer<'a, Vec<User>> {
        self.inner.subscribed_to(users)
    }

    fn partition_of(&self, user: &User) -> u16 {
        self.inner.partition_of(user)
    }

    fn due(&self, partition: u16, now: Moment, limit: usize) -> Answer<'_, Vec<User>> {
        self.inner.due(partition, now, limit)
    }

    fn with_events<'a>(&'a self, of: u16, after: Option<&'a User>, limit: usize) -> Answer<'a, Vec<User>> {
        self.inner.with_events(of, after, limit)
    }

    fn feed(&self, app: AppId, after: Option<FeedCursor>, limit: usize) -> Answer<'_, FeedPage> {
        self.inner.feed(app, after, limit)
    }

    fn epoch(&self) -> Timestamp {
        self.inner.epoch()
    }

    fn feed_moved(&self) -> BoxFuture<'_, ()> {
        self.inner.feed_moved()
    }

    fn stats(&self) -> DirectoryStats {
        self.inner.stats()
    }
}

const NOW: Now = Now { moment: Moment(1_000_000), wall: Timestamp(1_700_000_000_000) };

/// A service over such a directory, with these accounts.
async fn service(accounts: &[&str]) -> (Service, Arc<Faulty>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let facts = Arc::new(SqliteFacts::open(&folder.path().join("facts.db")).unwrap());
    let log = Arc::new(InProcessDirectory::in_memory());
    let directory =
        Arc::new(Faulty { inner: InProcessDirectory::in_memory(), cannot_write: Mutex::default() });
    let service = Service::new(facts, Arc::<Faulty>::clone(&directory), log, ThrottleLimits::default());
    let app = App { id: AppId(1), keys: Vec::new(), admins: Vec::new(), settings: AppSettings::default() };
    service.put_app(app).await.unwrap();
    for account in accounts {
        service.create_account(&user(account), NOW).await.unwrap();
    }
    (service, directory, folder)
}

#[tokio::test]
async fn a_list_that_cannot_be_written_holds_up_no_list_and_no_account_of_others() {
    let (service, directory, _folder) = service(&["ann", "bob", "cat", "dan"]).await;
    for subscriber in ["bob", "cat", "dan"] {
        let done = service.subscribe_for(&user(subscriber), &["ann"], NOW).await.unwrap();
        assert_eq!(done.subscribed, ids(&["ann"]));
    }
    let list = async |of: &str| -> Vec<UserId> { service.subscriptions_of(&user(of), NOW).await.unwrap().0 };

    *directory.cannot_write.lock().unwrap() = Some(user("bob"));
    let _ = service.delete_account(&user("ann"), NOW).await.unwrap();
    service.retry(NOW).await;
    assert_eq!(list("cat").await, []);
    assert_eq!(list("dan").await, []);
    assert!(service.create_account(&user("eve"), NOW).await.unwrap(), "bob's list is nothing to eve");
    // The next ann would be watched by whoever watched the former one.
    assert!(matches!(service.create_account(&user("ann"), NOW).await, Err(ServiceError::Directory(_))));
    assert_eq!(list("bob").await, ids(&["ann"]));

    *directory.cannot_write.lock().unwrap() = None;
    service.retry(NOW).await;
    assert_eq!(list("bob").await, []);
    assert!(!service.create_account(&user("ann"), NOW).await.unwrap(), "it was made before");
}
