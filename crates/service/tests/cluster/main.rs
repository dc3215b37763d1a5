//! Several nodes over the same stores: nodes that are lost, and apps that another node has changed.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../forgetful/mod.rs"]
mod forgetful;
mod logins_after_a_loss;
mod losses;
mod two_texts;
mod uncarried;
mod unentered;

use forgetful::Forgetful;
use lamplight_auth::{Claims, sign};
use lamplight_core::{EndCause, LeaseTimes, LinkEnd, LostNode, Membership, Reasserted, Versioned};
use lamplight_directory::{
    Directory, DirectoryErrorKind, Heard, LocalNodes, LogEntry, LogReader, News, NodeEntry, Nodes,
};
use lamplight_facts::Facts;
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{
    App, AppId, AppKey, AppSettings, Code, ConnectionId, Moment, NodeId, Now, Platform, Reason, StatusType,
    Timestamp, User, UserId, UserStatus,
};
use lamplight_service::{
    Audience, By, LoggedIn, LoginCall, Member, OpenConnection, RecordedCursor, Service, ServiceError,
    StateParts, ThrottleLimits, Viewing,
};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tempfile::TempDir;

use StatusType::{Offline, Online, Unlogined};

const TIMES: LeaseTimes = LeaseTimes { lease: Duration::from_secs(9), grace: Duration::from_secs(30) };
/// A time of a node's own clock. Nodes that have not read the register are not cut off at this time.
const LOCAL: Moment = Moment(0);
const HERE: NodeId = NodeId(1);
const THERE: NodeId = NodeId(2);

/// Two nodes over the same stores.
struct Cluster {
    here: Service,
    there: Service,
    directory: Arc<Forgetful>,
    facts: Arc<SqliteFacts>,
    log: LogReader,
    _folder: TempDir,
}

impl Cluster {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let facts = Arc::new(SqliteFacts::open(&folder.path().join("facts.db")).unwrap());
        let directory = Arc::new(Forgetful::default());
        facts.put_app(app(1)).await.unwrap();
        let node = |id| new_node(id, &facts, &directory);
        let (here, there) = (node(HERE).await, node(THERE).await);
        let log = directory.log().follow();
        Self { here, there, directory, facts, log, _folder: folder }
    }

    /// Starts a node in the present epoch, beside nodes that have stopped.
    async fn start_another(&self, id: u64) -> Service {
        new_node(NodeId(id), &self.facts, &self.directory).await
    }

    /// Loses the records of these users at the second `second`, like a store without persistence that was restarted.
    fn lose(&self, names: &[&str], second: u64) {
        self.lose_by_clock(names, second, second);
    }

    /// Like `lose`, at the time `second` of the nodes, when the clock of the store shows `clock`.
    fn lose_by_clock(&self, names: &[&str], second: u64, clock: u64) {
        let users: Vec<User> = names.iter().map(|name| user(name)).collect();
        self.directory.lose(&users, now(clock).wall);
        for node in [&self.here, &self.there] {
            node.observe_epoch(now(second));
        }
    }

    /// The second of the loss that the second node knows, by its own clock.
    fn lost_at(&self, second: u64) -> Option<u64> {
        let lost = self.there.records_lost(now(second))?;
        Some((lost.at.0 - now(0).wall.0) / 1_000)
    }

    async fn status(&self, name: &str, second: u64) -> Result<UserStatus, ServiceError> {
        let ids = [user(name).id];
        let found = self.there.statuses(&user("viewer"), &ids, Viewing::Watched, now(second)).await?;
        Ok(found.into_iter().next().flatten().unwrap())
    }

    async fn status_type(&self, name: &str, second: u64) -> StatusType {
        self.status(name, second).await.unwrap().status_type
    }
}

async fn new_node(id: NodeId, facts: &Arc<SqliteFacts>, directory: &Arc<Forgetful>) -> Service {
    let service = Service::new(
        Arc::<SqliteFacts>::clone(facts),
        Arc::<Forgetful>::clone(directory),
        directory.log(),
        ThrottleLimits::default(),
    );
    let service = service.in_cluster(Membership::new(id, TIMES), TIMES.grace);
    service.begin_in_cluster().await.unwrap();
    service
}

fn app(id: u32) -> App {
    App { id: AppId(id), keys: vec![key()], admins: Vec::new(), settings: AppSettings::default() }
}

fn key() -> AppKey {
    AppKey { id: 1, text: lamplight_auth::generate_key([7; 32]) }
}

fn user(name: &str) -> User {
    User::new(AppId(1), UserId::new(name).unwrap())
}

fn now(second: u64) -> Now {
    Now { moment: Moment(second * 1_000), wall: Timestamp(1_700_000_000_000 + second * 1_000) }
}

async fn log_in(
    service: &Service,
    name: &str,
    device_id: &str,
    platform: Platform,
    connection: ConnectionId,
    second: u64,
) -> LoggedIn {
    try_log_in(service, name, device_id, platform, connection, second).await.unwrap()
}

async fn try_log_in(
    service: &Service,
    name: &str,
    device_id: &str,
    platform: Platform,
    connection: ConnectionId,
    second: u64,
) -> Result<LoggedIn, ServiceError> {
    let issued = now(second).wall.as_secs();
    let (user_id, app) = (user(name).id, AppId(1));
    let claims = Claims { user_id, app, issued, expire: 1_000_000, userbuf: None };
    let call = LoginCall {
        app,
        user_id: name,
        user_sig: &sign(&key(), &claims),
        device_id,
        platform,
        resume: false,
        connection,
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    service.login(&call, now(second)).await
}

fn is_unknown(error: &ServiceError) -> bool {
    matches!(error, ServiceError::Directory(error) if error.kind == DirectoryErrorKind::Unavailable)
}

/// The connection of a login, in the form in which its worker would put it back.
fn open(
    done: &LoggedIn,
    device_id: &str,
    platform: Platform,
    connection: ConnectionId,
    told: Option<UserStatus>,
    list: &[&str],
) -> OpenConnection {
    OpenConnection {
        user: done.user.clone(),
        connection,
        device: lamplight_model::DeviceId::new(device_id).unwrap(),
        platform,
        login: done.login,
        issued: done.issued,
        recorded_in: Some(done.recorded_in),
        told,
        subscriptions: list.iter().map(|name| user(name).id).collect(),
    }
}

#[tokio::test]
async fn the_connections_of_a_lost_node_end_and_those_of_others_stay() {
    let mut cluster = Cluster::start().await;
    for (name, node, local) in [("ann", THERE, 1), ("bob", HERE, 1), ("cat", THERE, 2), ("cat", HERE, 2)] {
        let connection = ConnectionId::new(node, local);
        let device = if node == HERE { "phone" } else { "mac" };
        let platform = if node == HERE { Platform::IPhone } else { Platform::Mac };
        log_in(&cluster.here, name, device, platform, connection, 1).await;
    }
    cluster.log.take(&mut Vec::new());
    let lost = LostNode {
        node: THERE,
        beat: 7,
        unheard: Duration::from_secs(40),
        is_registered: true,
        has_left: false,
        is_everywhere: false,
    };
    assert!(!cluster.here.has_no_connections(THERE).await.unwrap());
    let mut place = Some(RecordedCursor::default());
    let mut ended = 0;
    while let Some(from) = place {
        let page = cluster.here.clear_lost_node(lost, from, now(60)).await.unwrap();
        assert_eq!(page.failed, 0);
        (ended, place) = (ended + page.ended, page.next);
    }
    assert_eq!(ended, 2);
    assert!(cluster.here.has_no_connections(THERE).await.unwrap());
    let ann = cluster.status("ann", 61).await.unwrap();
    assert_eq!((ann.status_type, ann.reason, ann.last_seen), (Offline, Reason::NodeLost, Some(now(20).wall)));
    assert_eq!(cluster.status_type("bob", 61).await, Online);
    let cat = cluster.status("cat", 61).await.unwrap();
    assert_eq!((cat.status_type, cat.online_devices.iter().collect()), (Online, vec![Platform::IPhone]));
    let mut entries = Vec::new();
    assert_eq!(cluster.log.take(&mut entries), Heard::All);
    // The log also reports the ended connections, in case their node is still running.
    entries.retain(|entry| matches!(entry.news, News::Status(_)));
    let told: Vec<_> = entries.iter().map(|entry| entry.user.id.as_str()).collect();
    assert_eq!(told, ["ann"], "told exactly once, and of nobody who is still there");

    // The end of a connection that is reported late changes nothing.
    let late = ConnectionId::new(THERE, 1);
    cluster.there.disconnect(&user("ann"), late, LinkEnd::Closed, now(59).wall, now(62)).await.unwrap();
    assert_eq!(cluster.status("ann", 63).await.unwrap(), ann);
}

/// All nodes that knew the dead node have ended. Only live records name the dead node.
#[tokio::test]
async fn a_node_that_only_records_name_is_cleared_as_lost() {
    let cluster = Cluster::start().await;
    log_in(&cluster.there, "ann", "mac", Platform::Mac, ConnectionId::new(THERE, 1), 1).await;
    log_in(&cluster.there, "web", "tab", Platform::Web, ConnectionId::new(THERE, 2), 1).await;
    log_in(&cluster.here, "bob", "mac", Platform::Mac, ConnectionId::new(HERE, 1), 1).await;
    let nodes = LocalNodes::default();
    let entry = NodeEntry { id: HERE, ..NodeEntry::default() };
    let mut register = nodes.join(&entry, now(2)).await.unwrap();
    let users = cluster.here.users_logged_in(None, 9).await.unwrap();
    cluster.here.restore_absent(&users, now(2)).await.unwrap();
    let mut lost = Vec::new();
    for second in (2..60).step_by(3) {
        cluster.here.duties().observe(&register, now(second).moment);
        register = nodes.renew(&entry, now(second)).await.unwrap().unwrap();
        lost = cluster.here.duties().lost_nodes(now(second).moment);
        assert_eq!(lost.len(), usize::from(second > 39), "at {second}");
    }
    let (mut place, mut ended) = (Some(RecordedCursor::default()), 0);
    while let Some(from) = place {
        let page = cluster.here.clear_lost_node(lost[0], from, now(60)).await.unwrap();
        (ended, place) = (ended + page.ended, page.next);
    }
    assert_eq!(ended, 2);
    cluster.here.duties().forget(THERE);
    assert_eq!(cluster.here.duties().lost_nodes(now(60).moment), []);
    for (name, expected) in [("ann", Offline), ("web", Unlogined), ("bob", Online)] {
        assert_eq!(cluster.status_type(name, 61).await, expected, "{name}");
    }
}

#[tokio::test]
async fn the_users_of_a_node_that_stops_count_as_connected_until_the_grace_ends() {
    let mut cluster = Cluster::start().await;
    log_in(&cluster.here, "ann", "phone", Platform::IPhone, ConnectionId::new(HERE, 1), 1).await;
    log_in(&cluster.here, "bob", "phone", Platform::IPhone, ConnectionId::new(HERE, 2), 1).await;
    cluster.log.take(&mut Vec::new());
    let (mut place, until) = (Some(RecordedCursor::default()), now(40).moment);
    while let Some(from) = place {
        let page = cluster.here.hold_own_links(HERE, from, until, now(10)).await.unwrap();
        place = page.next;
    }
    log_in(&cluster.there, "bob", "phone", Platform::IPhone, ConnectionId::new(THERE, 1), 15).await;
    assert!(cluster.here.has_no_connections(HERE).await.unwrap());
    for (second, expected) in [(39, Online), (40, Offline)] {
        cluster.there.expire_due(10, now(second)).await.unwrap();
        assert_eq!(cluster.status_type("ann", second).await, expected, "at {second}");
        assert_eq!(cluster.status_type("bob", second).await, Online, "at {second}");
    }
    let mut entries = Vec::new();
    cluster.log.take(&mut entries);
    let told: Vec<_> = entries.iter().map(|entry| entry.user.id.as_str()).collect();
    assert_eq!(told, ["ann"], "who came back in time was never away");
}

#[tokio::test]
async fn a_node_does_only_the_work_that_is_its_duty() {
    let cluster = Cluster::start().await;
    let nodes = LocalNodes::default();
    for id in [HERE, THERE] {
        let entry = NodeEntry { id, ..NodeEntry::default() };
        nodes.join(&entry, now(0)).await.unwrap();
    }
    let register = nodes.read(now(0)).await.unwrap();
    for service in [&cluster.here, &cluster.there] {
        service.duties().observe(&register, Moment(0));
        assert_eq!(service.duties().live_nodes(), 2);
    }
    let phone = ConnectionId::new(HERE, 1);
    log_in(&cluster.here, "ann", "phone", Platform::IPhone, phone, 1).await;
    cluster.here.disconnect(&user("ann"), phone, LinkEnd::Closed, now(2).wall, now(2)).await.unwrap();
    let lapse = now(2).after(AppSettings::default().timing.login_retention());
    let mut looked_at = Vec::new();
    for service in [&cluster.here, &cluster.there] {
        looked_at.push(service.expire_due(10, lapse).await.unwrap().looked_at);
    }
    looked_at.sort_unstable();
    assert_eq!(looked_at, [0, 1]);
    assert_eq!(cluster.status_type("ann", 700_000).await, Unlogined);
}

#[tokio::test]
async fn an_app_that_another_node_changes_is_taken_over_and_told_until_all_have_it() {
    let mut cluster = Cluster::start().await;
    let apps_told = |log: &mut LogReader| -> Vec<AppId> {
        let mut entries = Vec::new();
        log.take(&mut entries);
        let app = |news: &News| if let News::App(app) = news { Some(*app) } else { None };
        entries.iter().filter_map(|entry| app(&entry.news)).collect()
    };
    let renamed = App { settings: AppSettings { name: "new".into(), ..AppSettings::default() }, ..app(1) };
    cluster.there.put_app(renamed.clone()).await.unwrap();
    cluster.there.put_app(app(2)).await.unwrap();
    assert_eq!(apps_told(&mut cluster.log), [AppId(1), AppId(2)]);
    assert_eq!(cluster.here.refresh_apps().await.unwrap(), [AppId(1), AppId(2)]);
    assert_eq!(*cluster.here.apps().get(AppId(1)).unwrap(), renamed);
    assert_eq!(apps_told(&mut cluster.log), [AppId(1), AppId(2)]);
    for service in [&cluster.here, &cluster.there] {
        assert_eq!(service.refresh_apps().await.unwrap(), []);
    }
    assert_eq!(apps_told(&mut cluster.log), []);

    // A deleted app is gone everywhere, with its records.
    log_in(&cluster.here, "ann", "phone", Platform::IPhone, ConnectionId::new(HERE, 1), 1).await;
    apps_told(&mut cluster.log);
    cluster.there.deletions().delete(AppId(1)).await.unwrap();
    assert_eq!(cluster.here.refresh_apps().await.unwrap(), [AppId(1)]);
    assert!(cluster.here.apps().get(AppId(1)).is_none());
    while cluster.here.deletions().proceed(now(5)).await.unwrap() {}
    while cluster.there.deletions().proceed(now(5)).await.unwrap() {}
    assert_eq!(cluster.directory.stats().records, 0);
    assert_eq!(cluster.facts.deleted_apps().await.unwrap(), []);
    assert_eq!(cluster.here.refresh_apps().await.unwrap(), []);
    // Its number may be used again.
    cluster.here.put_app(app(1)).await.unwrap();
    assert_eq!(cluster.there.refresh_apps().await.unwrap(), [AppId(1)]);
}

/// Deletes app 1 with all its data on the second node, and creates it again. The first node knows of the deletion.
async fn delete_and_create_again(cluster: &Cluster) {
    cluster.there.put_app(app(2)).await.unwrap();
    cluster.there.deletions().delete(AppId(1)).await.unwrap();
    cluster.here.refresh_apps().await.unwrap();
    while cluster.there.deletions().proceed(now(1)).await.unwrap() {}
    cluster.there.put_app(app(1)).await.unwrap();
}

/// Whether a user has a live record.
async fn is_recorded(cluster: &Cluster, name: &str) -> bool {
    let users = [user(name)];
    let directory: &dyn Directory = &*cluster.directory;
    directory.read(&users, |_, presence| presence.is_some()).await.unwrap()[0]
}

#[tokio::test]
async fn a_node_that_still_deletes_an_app_removes_no_record_of_the_app_that_was_created_again() {
    for refreshes in [false, true] {
        let cluster = Cluster::start().await;
        delete_and_create_again(&cluster).await;
        log_in(&cluster.there, "ann", "phone", Platform::IPhone, ConnectionId::new(THERE, 1), 2).await;
        assert_eq!(cluster.here.deletions().under_way(), [AppId(1)]);
        if refreshes {
            assert_eq!(cluster.here.refresh_apps().await.unwrap(), [AppId(1)]);
            assert_eq!(cluster.here.deletions().under_way(), []);
        }
        while cluster.here.deletions().proceed(now(3)).await.unwrap() {}
        assert_eq!(cluster.here.deletions().under_way(), []);
        assert!(is_recorded(&cluster, "ann").await);
        assert_eq!(cluster.status_type("ann", 3).await, Online);
    }
}

#[tokio::test]
async fn a_node_that_does_not_know_a_new_app_keeps_the_records_of_the_app() {
    let cluster = Cluster::start().await;
    delete_and_create_again(&cluster).await;
    while cluster.here.deletions().proceed(now(1)).await.unwrap() {}
    assert!(cluster.here.apps().get(AppId(1)).is_none());
    let connection = ConnectionId::new(THERE, 1);
    log_in(&cluster.there, "ann", "phone", Platform::IPhone, connection, 2).await;
    cluster.there.set_status_for(&user("ann"), "at lunch", 1, now(3)).await.unwrap();
    // The apps have to be read from the facts. That delays no deadline, and the record that waits is not due meanwhile.
    for looked_at in [1, 0] {
        let expiring = cluster.here.expire_due(1, now(100));
        let done = futures_util::FutureExt::now_or_never(expiring).expect("it waits for the facts").unwrap();
        assert_eq!((done.looked_at, done.failed), (looked_at, 0));
    }
    cluster.here.settle_due(now(100)).await;
    assert_eq!(cluster.here.expire_due(1, now(100)).await.unwrap().looked_at, 1);
    assert!(is_recorded(&cluster, "ann").await);
    assert!(cluster.here.apps().get(AppId(1)).is_some());
    let status = cluster.status("ann", 101).await.unwrap();
    assert_eq!((status.status_type, status.reason), (Online, Reason::CustomExpired));
}

#[tokio::test]
async fn a_record_that_vanishes_each_time_ends_the_call_with_an_error_that_asks_to_try_again() {
    let cluster = Cluster::start().await;
    let ann = ConnectionId::new(HERE, 1);
    let logged_in = log_in(&cluster.here, "ann", "phone", Platform::IPhone, ann, 1).await;
    cluster.lose(&["ann"], 100);
    cluster.directory.lose_seeds();
    let open = open(&logged_in, "phone", Platform::IPhone, ann, None, &[]);
    let put_back = cluster.here.put_back(&open, LOCAL, now(101)).await.map(drop).unwrap_err();
    let kicked = cluster.here.kick(&user("ann"), now(101)).await.map(drop).unwrap_err();
    let refused = try_log_in(&cluster.there, "ann", "pad", Platform::IPad, ConnectionId::new(THERE, 1), 102);
    let refused = refused.await.map(drop).unwrap_err();
    let deleted = cluster.here.delete_account(&user("ann"), now(103)).await.map(drop).unwrap_err();
    for error in [put_back, kicked, refused, deleted] {
        assert_eq!(error.refusal().code, Code::INTERNAL, "{error}");
        assert!(
            matches!(&error, ServiceError::Directory(it) if it.kind == DirectoryErrorKind::Contended),
            "{error}"
        );
    }
    let seeds = cluster.directory.keep_seeds();
    assert!((4..100).contains(&seeds), "{seeds}");
    // The interrupted operations are completed once records are kept.
    cluster.here.retry(now(104)).await;
    cluster.there.retry(now(104)).await;
    assert_eq!((cluster.here.retries().0, cluster.there.retries().0), (0, 0));
    assert_eq!(cluster.facts.logins(user("ann")).await.unwrap(), []);
}

/// A node that cannot reach the register continues to run. The log reports to it that other nodes have ended its
/// connections.
#[tokio::test]
async fn a_node_that_was_taken_for_lost_puts_its_connections_back() {
    let mut cluster = Cluster::start().await;
    let ann = ConnectionId::new(THERE, 1);
    let logged_in = log_in(&cluster.there, "ann", "phone", Platform::IPhone, ann, 1).await;
    cluster.log.take(&mut Vec::new());
    let lost = LostNode {
        node: THERE,
        beat: 7,
        unheard: Duration::from_secs(40),
        is_registered: true,
        has_left: false,
        is_everywhere: false,
    };
    let mut place = Some(RecordedCursor::default());
    while let Some(from) = place {
        place = cluster.here.clear_lost_node(lost, from, now(60)).await.unwrap().next;
    }
    let mut entries = Vec::new();
    cluster.log.take(&mut entries);
    let ended = entries.iter().find_map(|entry| {
        let News::Ended(ended) = entry.news else { return None };
        Some((ended.connection, ended.cause))
    });
    assert_eq!(ended, Some((ann, EndCause::NodeLost)));
    let open = open(&logged_in, "phone", Platform::IPhone, ann, None, &[]);
    assert_eq!(cluster.there.put_back(&open, LOCAL, now(61)).await.unwrap().outcome, Reasserted::PutBack);
    assert_eq!(cluster.status_type("ann", 62).await, Online);
}

/// The node that deletes an account may end before it has removed the account from the subscription lists of other
/// users.
#[tokio::test]
async fn a_deleted_account_is_taken_off_all_lists_although_the_node_that_has_deleted_it_has_ended() {
    let cluster = Cluster::start().await;
    for (name, local) in [("ann", 1), ("bob", 2)] {
        let connection = ConnectionId::new(HERE, local);
        log_in(&cluster.here, name, "phone", Platform::IPhone, connection, 1).await;
    }
    cluster.here.subscribe_user_status(&user("ann"), &["bob"], now(2)).await.unwrap();
    let _ = cluster.there.delete_account(&user("bob"), now(3)).await.unwrap();
    let list = async |now| cluster.here.get_subscriptions(&user("ann"), now).await.unwrap().0;
    for (second, expected) in [(4, 1), (5, 0)] {
        cluster.here.expire_due(10, now(second)).await.unwrap();
        cluster.here.retry(now(second)).await;
        assert_eq!(list(now(second)).await.len(), expected, "at {second}");
    }
    // It is done once.
    let searches = cluster.directory.searches.load(Ordering::Relaxed);
    cluster.here.expire_due(10, now(60)).await.unwrap();
    cluster.here.retry(now(60)).await;
    assert_eq!(cluster.directory.searches.load(Ordering::Relaxed), searches);
    let lapse = now(3).after(AppSettings::default().timing.login_retention());
    cluster.here.expire_due(10, lapse).await.unwrap();
    cluster.here.settle_due(lapse).await;
    assert_eq!(cluster.directory.stats().records, 1);
}

/// The node that has deleted the account takes it off the lists, so no other node does it again.
#[tokio::test]
async fn a_deleted_account_is_taken_off_all_lists_by_one_node() {
    let cluster = Cluster::start().await;
    log_in(&cluster.here, "bob", "phone", Platform::IPhone, ConnectionId::new(HERE, 1), 1).await;
    let _ = cluster.there.delete_account(&user("bob"), now(3)).await.unwrap();
    cluster.there.retry(now(3)).await;
    let searches = cluster.directory.searches.load(Ordering::Relaxed);
    assert_eq!(searches, 1);
    for node in [&cluster.here, &cluster.there] {
        node.expire_due(10, now(60)).await.unwrap();
        node.retry(now(60)).await;
    }
    assert_eq!(cluster.directory.searches.load(Ordering::Relaxed), searches);
}

/// A search of the subscription lists reads all records, so one search must serve all deleted accounts.
#[tokio::test]
async fn accounts_that_were_deleted_together_are_taken_off_the_lists_by_one_search() {
    let cluster = Cluster::start().await;
    let names: Vec<String> = (0..20).map(|n| format!("user{n}")).collect();
    for (name, local) in names.iter().zip(1..) {
        let connection = ConnectionId::new(HERE, local);
        log_in(&cluster.here, name, "phone", Platform::IPhone, connection, 1).await;
        let _ = cluster.there.delete_account(&user(name), now(3)).await.unwrap();
    }
    let before = cluster.directory.searches.load(Ordering::Relaxed);
    let lapse = now(3).after(AppSettings::default().timing.login_retention());
    cluster.here.expire_due(100, lapse).await.unwrap();
    cluster.here.settle_due(lapse).await;
    assert_eq!(cluster.directory.stats().records, 0);
    assert_eq!(cluster.directory.searches.load(Ordering::Relaxed) - before, 1);
}

/// If the node that executes an operation ends, the caller repeats the operation at another node.
#[tokio::test]
async fn a_deletion_or_creation_that_only_the_facts_have_is_completed_when_it_is_repeated() {
    let cluster = Cluster::start().await;
    let ann = ConnectionId::new(HERE, 1);
    log_in(&cluster.here, "ann", "phone", Platform::IPhone, ann, 1).await;
    let revoked = lamplight_model::Revoked::new(now(2).wall, []);
    cluster.facts.delete_account(user("ann"), revoked).await.unwrap();
    let refused = cluster.there.delete_account(&user("ann"), now(3)).await.map(drop).unwrap_err();
    assert_eq!(refused.refusal().code, Code::NO_SUCH_ACCOUNT);
    let is_deleted = async || {
        let users = [user("ann")];
        let directory: &dyn Directory = &*cluster.directory;
        directory.read(&users, |_, it| it.map(lamplight_core::Presence::is_deleted)).await.unwrap()[0]
    };
    assert_eq!(is_deleted().await, Some(true));
    assert!(cluster.here.has_no_connections(HERE).await.unwrap());
    cluster.facts.create_account(user("ann"), now(4).wall).await.unwrap();
    assert!(!cluster.there.create_account(&user("ann"), now(5)).await.unwrap());
    assert_eq!(is_deleted().await, Some(false));
}

#[tokio::test]
async fn a_logout_before_the_connection_is_put_back_ends_the_login_in_the_facts() {
    let cluster = Cluster::start().await;
    let ann = ConnectionId::new(HERE, 1);
    let logged_in = log_in(&cluster.here, "ann", "phone", Platform::IPhone, ann, 1).await;
    cluster.lose(&["ann"], 100);
    assert!(!cluster.here.logout(&user("ann"), ann, now(101)).await.unwrap(), "there is no record");
    let open = open(&logged_in, "phone", Platform::IPhone, ann, None, &[]);
    cluster.here.end_open_login(&open, false, now(101)).await.unwrap();
    assert_eq!(cluster.facts.logins(user("ann")).await.unwrap(), []);
    assert_eq!(cluster.here.put_back(&open, LOCAL, now(102)).await.unwrap().outcome, Reasserted::Refused);
}
