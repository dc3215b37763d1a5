//! Tests with a directory that fails or is slow. A record that cannot be written does not delay others, and calls with
//! an unknown outcome are completed later.

#![allow(clippy::unwrap_used, reason = "a world that does not begin is a failure")]

mod world;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use lamplight_auth::{Claims, sign};
use lamplight_core::{EndCause, Ended, LinkEnd, Presence};
use lamplight_directory::{
    Answer, Change, ChangeLog, ConnectionPage, Directory, DirectoryError, DirectoryErrorKind, DirectoryStats,
    FeedCursor, FeedPage, Heard, InProcessDirectory, Logged, News, RecordCursor, RecordFilter, RecordPage,
    View,
};
use lamplight_facts::AppDeletion;
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{
    App, AppId, AppKey, AppSettings, ClientMessageId, Code, ConnectionId, Moment, NodeId, Now, Platform,
    Timestamp, User, UserId, Visibility,
};
use lamplight_service::{
    By, LoggedIn, LoginCall, NewFriend, Service, ServiceError, StateParts, ThrottleLimits,
};
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::oneshot;
use world::{id, ids, user};

/// The ways in which a change of a record can fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    /// The change is not made.
    Lost,
    /// The change is made, but the call returns an error.
    Unanswered,
}

/// Changes of one user's record that fail.
struct Failing {
    user: User,
    fault: Fault,
    /// The range of failing changes. The next change of the user has the number 0.
    which: Range<usize>,
    changes: usize,
}

/// A directory in which changes of one user's record fail. It can also delay the next creation of a record before it
/// takes effect, and the next change after it has taken effect.
struct Faulty {
    inner: InProcessDirectory,
    fails: Mutex<Option<Failing>>,
    seeding: Mutex<Option<oneshot::Receiver<()>>>,
    changing: Mutex<Option<oneshot::Receiver<()>>>,
    /// The number of reads that succeed before a read fails. The failing read first waits for the channel.
    reading: Mutex<Option<(usize, oneshot::Receiver<()>)>>,
}

impl Faulty {
    fn fail(&self, user: &User, fault: Fault) {
        self.fail_only(0..usize::MAX, user, fault);
    }

    fn fail_only(&self, which: Range<usize>, user: &User, fault: Fault) {
        *self.fails.lock().unwrap() = Some(Failing { user: user.clone(), fault, which, changes: 0 });
    }

    fn fault(&self, user: &User) -> Option<Fault> {
        let mut fails = self.fails.lock().unwrap();
        let failing = fails.as_mut().filter(|failing| failing.user == *user)?;
        failing.changes += 1;
        failing.which.contains(&(failing.changes - 1)).then_some(failing.fault)
    }

    fn mend(&self) {
        *self.fails.lock().unwrap() = None;
    }
}

fn unavailable() -> DirectoryError {
    DirectoryError { kind: DirectoryErrorKind::Unavailable, doing: "running a test", source: None }
}

impl Directory for Faulty {
    fn update_with<'a>(&'a self, user: &'a User, now: Now, change: Change<'a>) -> Answer<'a, Option<Logged>> {
        let fault = self.fault(user);
        let done = (fault != Some(Fault::Lost)).then(|| self.inner.update_with(user, now, change));
        match (fault, done) {
            (None, Some(done)) => {
                let held_up = self.changing.lock().unwrap().take();
                async move {
                    let done = done.await;
                    if let Some(held_up) = held_up {
                        held_up.await.unwrap();
                    }
                    done
                }
                .boxed()
            }
            (_, _) => ready(Err(unavailable())).boxed(),
        }
    }

    fn read_with<'a>(&'a self, users: &'a [User], view: View<'a>) -> Answer<'a, ()> {
        let mut reading = self.reading.lock().unwrap();
        match reading.take() {
            Some((0, held_up)) => async move {
                held_up.await.unwrap();
                Err(unavailable())
            }
            .boxed(),
            later => {
                *reading = later.map(|(reads, held_up)| (reads - 1, held_up));
                self.inner.read_with(users, view)
            }
        }
    }

    fn seed_read_in<'a>(
        &'a self,
        user: &'a User,
        presence: Presence,
        read_in: Timestamp,
        now: Now,
    ) -> Answer<'a, ()> {
        let held_up = self.seeding.lock().unwrap().take();
        async move {
            if let Some(held_up) = held_up {
                held_up.await.unwrap();
            }
            self.inner.seed_read_in(user, presence, read_in, now).await
        }
        .boxed()
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

    fn connections_of(&self, node: NodeId, partition: u16, after: Option<u64>) -> Answer<'_, ConnectionPage> {
        self.inner.connections_of(node, partition, after)
    }

    fn records_of<'a>(
        &'a self,
        app: AppId,
        filter: RecordFilter,
        after: Option<&'a RecordCursor>,
        limit: usize,
    ) -> Answer<'a, RecordPage> {
        self.inner.records_of(app, filter, after, limit)
    }

    fn feed(&self, app: AppId, after: Option<FeedCursor>, limit: usize) -> Answer<'_, FeedPage> {
        self.inner.feed(app, after, limit)
    }

    fn epoch(&self) -> Timestamp {
        self.inner.epoch()
    }

    fn told_before(&self) -> Timestamp {
        self.inner.told_before()
    }

    fn feed_moved(&self) -> BoxFuture<'_, ()> {
        self.inner.feed_moved()
    }

    fn stats(&self) -> DirectoryStats {
        self.inner.stats()
    }
}

const NOW: Now = Now { moment: Moment(1_000_000), wall: Timestamp(1_700_000_000_000) };

/// Creates a service on a [`Faulty`] directory, with these accounts.
async fn service(accounts: &[&str]) -> (Arc<Service>, Arc<Faulty>, TempDir) {
    service_with(accounts, Arc::new(InProcessDirectory::in_memory())).await
}

/// Creates a service as [`service`] does, which publishes news about facts to this change log.
async fn service_with(
    accounts: &[&str],
    log: Arc<InProcessDirectory>,
) -> (Arc<Service>, Arc<Faulty>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let facts = Arc::new(SqliteFacts::open(&folder.path().join("facts.db")).unwrap());
    let inner = InProcessDirectory::in_memory();
    let directory = Arc::new(Faulty {
        inner,
        fails: Mutex::default(),
        seeding: Mutex::default(),
        changing: Mutex::default(),
        reading: Mutex::default(),
    });
    let throttle = ThrottleLimits::default();
    let service = Arc::new(Service::new(facts, Arc::<Faulty>::clone(&directory), log, throttle));
    let app = App { id: AppId(1), keys: vec![key()], admins: Vec::new(), settings: AppSettings::default() };
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

    directory.fail(&user("bob"), Fault::Lost);
    let _ = service.delete_account(&user("ann"), NOW).await.unwrap();
    service.retry(NOW).await;
    assert_eq!(list("cat").await, []);
    assert_eq!(list("dan").await, []);
    assert!(service.create_account(&user("eve"), NOW).await.unwrap(), "bob's list is nothing to eve");
    // The account is not created. If it were, the next account `ann` would have the watchers of the former account.
    assert!(matches!(service.create_account(&user("ann"), NOW).await, Err(ServiceError::Directory(_))));
    assert_eq!(list("bob").await, ids(&["ann"]));

    directory.mend();
    service.retry(NOW).await;
    assert_eq!(list("bob").await, []);
    assert!(!service.create_account(&user("ann"), NOW).await.unwrap(), "it was made before");
}

#[tokio::test]
async fn an_account_whose_deletion_has_not_reached_the_record_leaves_no_watchers_to_the_next_one() {
    let (service, directory, _folder) = service(&["bob"]).await;
    log_in(&service, "phone", Platform::Android, 1).await.unwrap();
    let done = service.subscribe_for(&user("bob"), &["ann"], NOW).await.unwrap();
    assert_eq!(done.subscribed, ids(&["ann"]));
    directory.fail(&user("ann"), Fault::Lost);
    assert!(service.delete_account(&user("ann"), NOW).await.is_err());
    directory.mend();
    assert!(service.create_account(&user("ann"), NOW).await.unwrap());
    let list = async || service.subscriptions_of(&user("bob"), NOW).await.unwrap().0;
    assert_eq!(list().await, []);
    // Those who subscribe to the new account stay.
    let _ = service.subscribe_for(&user("bob"), &["ann"], NOW).await.unwrap();
    while service.retry(NOW).await > 0 {}
    service.retry(NOW).await;
    assert_eq!(list().await, ids(&["ann"]));
}

#[tokio::test]
async fn the_record_of_a_deleted_account_stays_deleted_until_it_is_removed() {
    let (service, directory, _folder) = service(&["ann"]).await;
    let _ = service.delete_account(&user("ann"), NOW).await.unwrap();
    let app = service.apps().get(AppId(1)).unwrap();
    let state = async || service.user_states(&app, &[user("ann")], StateParts::default(), NOW).await.unwrap();
    assert_eq!(state().await, [None]);
    let retention = AppSettings::default().timing.login_retention();

    // The retention of the record is over, but the call that reports this returns an error.
    directory.fail(&user("ann"), Fault::Unanswered);
    service.expire_due(10, NOW.after(retention)).await.unwrap();
    directory.mend();
    assert_eq!(state().await, [None], "there is no account");
    assert_eq!(directory.stats().records, 1);
    let later = NOW.after(retention + Duration::from_secs(60));
    service.expire_due(10, later).await.unwrap();
    service.settle_due(later).await;
    assert_eq!(directory.stats().records, 0);
}

#[tokio::test]
async fn a_login_that_is_taken_back_is_in_no_record_that_was_being_made_meanwhile() {
    let (service, directory, _folder) = service(&[]).await;
    // The login of the phone is recorded in the facts and cannot enter the record.
    directory.fail(&user("ann"), Fault::Lost);
    let phone = log_in(&service, "phone", Platform::Android, 1).await;
    assert!(matches!(phone, Err(ServiceError::Directory(_))), "{phone:?}");
    directory.mend();
    // The login of another device creates the first record, from facts that contain the phone.
    let (go_on, held_up) = oneshot::channel();
    *directory.seeding.lock().unwrap() = Some(held_up);
    let beside = Arc::clone(&service);
    let tab = tokio::spawn(async move { log_in(&beside, "tab", Platform::Web, 2).await });
    while directory.seeding.lock().unwrap().is_some() {
        tokio::task::yield_now().await;
    }
    while service.retry(NOW).await > 0 {}
    go_on.send(()).unwrap();
    tab.await.unwrap().unwrap();

    let mut devices = Vec::new();
    let mut look = |_: usize, record: Option<(&Presence, u64)>| {
        devices.extend(record.unwrap().0.devices().iter().map(|device| device.id.to_string()));
    };
    directory.read_with(&[user("ann")], &mut look).await.unwrap();
    assert_eq!(devices, ["tab"]);
}

/// The first refused login has entered the record. There, it gets the number of the second refused login.
#[tokio::test]
async fn two_refused_logins_of_a_device_leave_it_disconnected_whichever_is_taken_back_first() {
    for first_fails in [false, true] {
        let (service, directory, _folder) = service(&["ann"]).await;
        let _ = log_in(&service, "phone", Platform::Android, 1).await.unwrap();
        // The first change only decides whether the login has to be recorded.
        for (connection, fault) in [(2, Fault::Unanswered), (3, Fault::Lost)] {
            directory.fail_only(1..2, &user("ann"), fault);
            log_in(&service, "phone", Platform::Android, connection).await.unwrap_err();
        }
        directory.mend();
        let again = log_in(&service, "phone", Platform::Android, 2).await.unwrap_err();
        assert_eq!(again.refusal().code, Code::INTERNAL, "its connection may still be ended");
        if first_fails {
            directory.fail_only(0..1, &user("ann"), Fault::Lost);
        }
        let mut now = NOW;
        while service.retry(now).await > 0 {
            now = now.after(Duration::from_secs(5));
        }
        let mut devices = Vec::new();
        let mut look =
            |_: usize, record: Option<(&Presence, u64)>| devices = record.unwrap().0.devices().to_vec();
        directory.inner.read_with(&[user("ann")], &mut look).await.unwrap();
        assert_eq!(devices, [], "{first_fails}");
        let _ = log_in(&service, "phone", Platform::Android, 2).await.unwrap();
    }
}

/// The record is created in a page that the deletion of the app has already read.
#[tokio::test]
async fn a_login_that_was_under_way_leaves_no_record_of_a_deleted_app() {
    let (service, directory, _folder) = service(&["ann"]).await;
    put_another_app(&service).await;
    let (go_on, held_up) = oneshot::channel();
    *directory.seeding.lock().unwrap() = Some(held_up);
    let beside = Arc::clone(&service);
    let login = tokio::spawn(async move { log_in(&beside, "phone", Platform::Android, 1).await });
    while directory.seeding.lock().unwrap().is_some() {
        tokio::task::yield_now().await;
    }
    assert_eq!(service.deletions().delete(AppId(1)).await.unwrap(), AppDeletion::Begun);
    while service.deletions().proceed(NOW).await.unwrap() {}
    assert_eq!(service.deletions().under_way(), []);
    go_on.send(()).unwrap();
    let refused = login.await.unwrap().unwrap_err().refusal();
    assert_eq!(refused.code, Code::NO_SUCH_APP);
    assert_eq!(directory.stats().records, 0);
}

/// A call of the backend also creates a record.
#[tokio::test]
async fn no_call_that_was_under_way_makes_a_record_of_a_deleted_app() {
    let (service, directory, _folder) = service(&["ann", "bob"]).await;
    put_another_app(&service).await;
    let (go_on, held_up) = oneshot::channel();
    *directory.seeding.lock().unwrap() = Some(held_up);
    let beside = Arc::clone(&service);
    let call = tokio::spawn(async move { beside.subscribe_for(&user("bob"), &["ann"], NOW).await });
    while directory.seeding.lock().unwrap().is_some() {
        tokio::task::yield_now().await;
    }
    assert_eq!(service.deletions().delete(AppId(1)).await.unwrap(), AppDeletion::Begun);
    while service.deletions().proceed(NOW).await.unwrap() {}
    go_on.send(()).unwrap();
    assert_eq!(call.await.unwrap().unwrap_err().refusal().code, Code::NO_SUCH_APP);
    assert_eq!(directory.stats().records, 0);
}

/// A login that comes too late, or a deadline, removes the record before the deletion of the app reaches it.
#[tokio::test]
async fn every_connection_of_a_deleted_app_is_closed_whatever_removes_the_record() {
    for is_due in [false, true] {
        let (service, directory, _folder) = service(&["ann"]).await;
        put_another_app(&service).await;
        log_in(&service, "phone", Platform::Android, 1).await.unwrap();
        log_in(&service, "pc", Platform::Windows, 2).await.unwrap();
        let mut log = directory.inner.follow();
        if is_due {
            service
                .disconnect(&user("ann"), ConnectionId::alone(2), LinkEnd::TimedOut, NOW.wall, NOW)
                .await
                .unwrap();
            assert_eq!(service.deletions().delete(AppId(1)).await.unwrap(), AppDeletion::Begun);
            let retention = AppSettings::default().timing.login_retention();
            let later = NOW.after(retention);
            assert_eq!(service.expire_due(10, later).await.unwrap().looked_at, 1);
            service.settle_due(later).await;
        } else {
            let (go_on, held_up) = oneshot::channel();
            *directory.changing.lock().unwrap() = Some(held_up);
            let beside = Arc::clone(&service);
            let resumed = tokio::spawn(async move { resume(&beside, "pc", Platform::Windows, 3).await });
            while directory.changing.lock().unwrap().is_some() {
                tokio::task::yield_now().await;
            }
            assert_eq!(service.deletions().delete(AppId(1)).await.unwrap(), AppDeletion::Begun);
            go_on.send(()).unwrap();
            assert_eq!(resumed.await.unwrap().unwrap_err().refusal().code, Code::NO_SUCH_APP);
        }
        assert_eq!(directory.stats().records, 0);
        let mut entries = Vec::new();
        assert_eq!(log.take(&mut entries), Heard::All);
        let closed = |connection| {
            let ended =
                Ended { connection: ConnectionId::alone(connection), cause: EndCause::AccountDeleted };
            entries.iter().any(|entry| entry.news == News::Ended(ended))
        };
        assert!(closed(1), "the phone stays connected to nothing; due: {is_due}");
    }
}

/// The recipient becomes OFFLINE while the message is being stored, and the check after the storing fails.
#[tokio::test]
async fn a_message_whose_push_failed_is_pushed_later() {
    let (service, directory, _folder) = service(&["ann", "bob"]).await;
    let mut app = App::clone(&service.apps().get(AppId(1)).unwrap());
    app.settings.webhooks.push_url = "https://backend.example/push".into();
    service.put_app(app).await.unwrap();
    log_in(&service, "phone", Platform::Android, 1).await.unwrap();
    let (go_on, held_up) = oneshot::channel();
    *directory.reading.lock().unwrap() = Some((1, held_up));
    let send = async |service: &Service| {
        let client_id = ClientMessageId::new("m1").unwrap();
        service.send_message(&user("bob"), &id("ann"), "hello".into(), client_id, By::App, NOW).await
    };
    let beside = Arc::clone(&service);
    let sent = tokio::spawn(async move { send(&beside).await });
    while directory.reading.lock().unwrap().is_some() {
        tokio::task::yield_now().await;
    }
    service.disconnect(&user("ann"), ConnectionId::alone(1), LinkEnd::TimedOut, NOW.wall, NOW).await.unwrap();
    go_on.send(()).unwrap();
    assert!(!sent.await.unwrap().unwrap().value.repeated, "the message is stored");
    let waiting = async || -> u64 {
        service.outbox().backlog(AppId(1)).await.unwrap().iter().map(|lane| lane.waiting).sum()
    };
    assert_eq!(waiting().await, 0);
    for _ in 0..2 {
        assert_eq!(service.retry(NOW).await, 0);
        assert_eq!(waiting().await, 1);
        assert!(send(&service).await.unwrap().value.repeated);
    }
}

async fn put_another_app(service: &Service) {
    let other = App { id: AppId(2), keys: vec![key()], admins: Vec::new(), settings: AppSettings::default() };
    service.put_app(other).await.unwrap();
}

fn key() -> AppKey {
    AppKey { id: 1, text: "the key of a test".into() }
}

async fn log_in(
    service: &Service,
    device_id: &str,
    platform: Platform,
    connection: u64,
) -> Result<LoggedIn, ServiceError> {
    call_login(service, device_id, platform, connection, false).await
}

async fn resume(
    service: &Service,
    device_id: &str,
    platform: Platform,
    connection: u64,
) -> Result<LoggedIn, ServiceError> {
    call_login(service, device_id, platform, connection, true).await
}

async fn call_login(
    service: &Service,
    device_id: &str,
    platform: Platform,
    connection: u64,
    resume: bool,
) -> Result<LoggedIn, ServiceError> {
    let claims = Claims {
        user_id: id("ann"),
        app: AppId(1),
        issued: NOW.wall.as_secs(),
        expire: 1_000_000,
        userbuf: None,
    };
    let call = LoginCall {
        app: AppId(1),
        user_id: "ann",
        user_sig: &sign(&key(), &claims),
        device_id,
        platform,
        resume,
        connection: ConnectionId::alone(connection),
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    service.login(&call, NOW).await
}

/// A call that ends several friendships is dropped while it waits for the directory. By then, all ended friendships
/// must be published.
#[tokio::test]
async fn friendships_that_have_ended_are_published_before_a_call_waits_for_the_directory() {
    let log = Arc::new(InProcessDirectory::in_memory());
    let (service, directory, _folder) = service_with(&["ann", "bob", "cat"], Arc::clone(&log)).await;
    for friend in ["bob", "cat"] {
        let friend = NewFriend::mutual(id(friend));
        service.add_friend(&user("ann"), friend, By::App, NOW).await.unwrap();
    }
    let mut log = log.follow();
    let (_go_on, held_up) = oneshot::channel();
    *directory.reading.lock().unwrap() = Some((0, held_up));
    let friends = ids(&["bob", "cat"]);
    let owner = user("ann");
    let mut call = Box::pin(service.delete_friends(&owner, &friends, true, By::App, NOW));
    while directory.reading.lock().unwrap().is_some() {
        assert!((&mut call).now_or_never().is_none());
        tokio::task::yield_now().await;
    }
    drop(call);
    let mut entries = Vec::new();
    assert_eq!(log.take(&mut entries), Heard::All);
    let ended = entries.iter().filter(|entry| matches!(entry.news, News::Friend { mutual: false, .. }));
    assert_eq!(ended.count(), 4);
}

/// The answer to a call tells its own connection of the change. If the call fails after the change was published, that
/// connection must read its lists again.
#[tokio::test]
async fn a_connection_whose_call_fails_after_the_commit_reads_its_lists_again() {
    let log = Arc::new(InProcessDirectory::in_memory());
    let (service, directory, _folder) = service_with(&["ann", "bob"], Arc::clone(&log)).await;
    log_in(&service, "phone", Platform::Android, 1).await.unwrap();
    let mut log = log.follow();
    let (ann, bob, mut now) = (user("ann"), ids(&["bob"]), NOW);
    let by = By::Client(ConnectionId::alone(1));
    for (call, name) in
        ["set_visibility", "block", "unblock", "add_friend", "delete_friends"].iter().enumerate()
    {
        for fails in [true, false] {
            if fails {
                directory.fail(&ann, Fault::Lost);
            }
            let done = match call {
                0 => {
                    let visibility = if fails { Visibility::Nobody } else { Visibility::Friends };
                    service.set_visibility(&ann, visibility, by, now).await.map(drop)
                }
                1 => service.block_users(&ann, &bob, by, now).await.map(drop),
                2 => service.unblock_users(&ann, &bob, by, now).await.map(drop),
                3 => service.add_friend(&ann, NewFriend::mutual(id("bob")), by, now).await.map(drop),
                _ => service.delete_friends(&ann, &bob, true, by, now).await.map(drop),
            };
            assert_eq!(done.is_err(), fails, "{name}: {done:?}");
            directory.mend();
            while service.retry(now).await > 0 {
                now = now.after(Duration::from_secs(5));
            }
            let mut entries = Vec::new();
            assert_eq!(log.take(&mut entries), Heard::All);
            let is_unknown =
                entries.iter().any(|entry| entry.user == ann && matches!(entry.news, News::ListsUnknown));
            assert_eq!(is_unknown, fails, "{name}");
        }
    }
}
