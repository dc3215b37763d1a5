//! The session events of several nodes over the same stores: recorders that overlap, and connections that are put back.

#![allow(clippy::unwrap_used, missing_docs)]

mod forgetful;

use forgetful::Forgetful;
use lamplight_auth::{Claims, sign};
use lamplight_core::{LeaseTimes, LinkEnd, LostNode, Membership, Reasserted, RecordEpoch};
use lamplight_facts::{Facts, Outbox, Settled, SettledAs};
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{
    App, AppId, AppKey, AppSettings, ConnectionId, DeviceId, Hook, Lane, Moment, NodeId, NoticeContent, Now,
    Platform, SessionEventKind, Timestamp, User, UserId,
};
use lamplight_service::{
    LoggedIn, LoginCall, OpenConnection, RecordedCursor, RecorderTerms, Service, ThrottleLimits,
};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

const TIMES: LeaseTimes = LeaseTimes { lease: Duration::from_secs(9), grace: Duration::from_secs(30) };
/// The time of the node's own clock. The node is not cut off at this time.
const LOCAL: Moment = Moment(0);
const HERE: NodeId = NodeId(1);
const THERE: NodeId = NodeId(2);
const APP: AppId = AppId(1);
const LANE: Lane = Lane { app: APP, hook: Hook::StateChange };

/// Two nodes over the same stores, and the app's backend.
struct Cluster {
    here: Service,
    there: Service,
    directory: Arc<Forgetful>,
    facts: Arc<SqliteFacts>,
    _folder: TempDir,
}

impl Cluster {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let facts = Arc::new(SqliteFacts::open(&folder.path().join("facts.db")).unwrap());
        let directory = Arc::new(Forgetful::default());
        let mut settings = AppSettings::default();
        settings.webhooks.state_change_url = "https://receiver".to_owned();
        facts.put_app(App { id: APP, keys: vec![key()], admins: Vec::new(), settings }).await.unwrap();
        let node = async |id| {
            let service = Service::new(
                Arc::<SqliteFacts>::clone(&facts),
                Arc::<Forgetful>::clone(&directory),
                directory.log(),
                ThrottleLimits::default(),
            );
            let service = service.in_cluster(Membership::new(id, TIMES), TIMES.grace);
            service.begin_in_cluster().await.unwrap();
            service
        };
        let (here, there) = (node(HERE).await, node(THERE).await);
        Self { here, there, directory, facts, _folder: folder }
    }

    /// Delivers everything in the outbox, and returns it.
    async fn deliver(&self) -> Vec<String> {
        let mut delivered = Vec::new();
        while let Some(head) = self.facts.heads(LANE, 1).await.unwrap().pop() {
            let NoticeContent::Session(event) = &head.content else { panic!("{head:?}") };
            let device = event.device.as_ref().unwrap();
            let is_login = event.kind == SessionEventKind::Login { kicked: Vec::new() };
            delivered.push(if is_login {
                format!("{} Login", device.id)
            } else {
                format!("{} {:?}", device.id, event.kind)
            });
            let settled = Settled { id: head.id, term: None, settled: SettledAs::Gone };
            self.facts.settle(vec![settled], now(1_000).wall).await.unwrap();
        }
        delivered
    }

    /// Moves the events of a user to the outbox at the first node, delivers them, and returns them.
    async fn record_and_deliver(&self, second: u64) -> Vec<String> {
        let mut terms = RecorderTerms::default();
        self.here.record_events(&mut terms, &[ann()], now(second)).await.unwrap().unwrap();
        self.deliver().await
    }

    /// Loses the record of the user.
    fn lose(&self, second: u64) {
        self.directory.lose(&[ann()], now(second).wall);
    }

    /// Ends the connections of the first node, as the other node does when it counts the first one as lost.
    async fn end_connections(&self, second: u64) {
        let unheard = Duration::from_secs(60);
        let lost = LostNode {
            node: HERE,
            beat: 1,
            unheard,
            is_registered: true,
            has_left: false,
            is_everywhere: false,
        };
        let mut place = Some(RecordedCursor::default());
        while let Some(from) = place {
            place = self.there.clear_lost_node(lost, from, now(second)).await.unwrap().next;
        }
    }

    /// Puts the connection of a Web device back.
    async fn put_back(&self, tab: &LoggedIn, recorded_in: Option<RecordEpoch>, second: u64) -> RecordEpoch {
        let open = open(tab, "tab", Platform::Web, 2, recorded_in);
        let put_back = self.here.put_back(&open, LOCAL, now(second)).await.unwrap();
        assert_eq!(put_back.outcome, Reasserted::PutBack);
        put_back.recorded_in
    }
}

fn key() -> AppKey {
    AppKey { id: 1, text: lamplight_auth::generate_key([7; 32]) }
}

fn ann() -> User {
    User::new(APP, UserId::new("ann").unwrap())
}

fn now(second: u64) -> Now {
    Now { moment: Moment(second * 1_000), wall: Timestamp(1_700_000_000_000 + second * 1_000) }
}

async fn log_in(service: &Service, device_id: &str, platform: Platform, local: u64, second: u64) -> LoggedIn {
    let issued = now(second).wall.as_secs();
    let claims = Claims { user_id: ann().id, app: APP, issued, expire: 1_000_000, userbuf: None };
    let call = LoginCall {
        app: APP,
        user_id: "ann",
        user_sig: &sign(&key(), &claims),
        device_id,
        platform,
        resume: false,
        connection: ConnectionId::new(HERE, local),
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    service.login(&call, now(second)).await.unwrap()
}

/// The connection of a login, in the form in which its worker would put it back.
fn open(
    done: &LoggedIn,
    device: &str,
    platform: Platform,
    local: u64,
    recorded_in: Option<RecordEpoch>,
) -> OpenConnection {
    OpenConnection {
        user: done.user.clone(),
        connection: ConnectionId::new(HERE, local),
        device: DeviceId::new(device).unwrap(),
        platform,
        login: done.login,
        issued: done.issued,
        recorded_in,
        told: None,
        subscriptions: Vec::new(),
    }
}

#[tokio::test]
async fn a_recorder_that_was_superseded_moves_nothing_until_it_begins_a_term_again() {
    let cluster = Cluster::start().await;
    let (mut here, mut there) = (RecorderTerms::default(), RecorderTerms::default());
    log_in(&cluster.here, "phone", Platform::IPhone, 1, 1).await;
    cluster.here.record_events(&mut here, &[ann()], now(2)).await.unwrap().unwrap();
    cluster.there.record_events(&mut there, &[ann()], now(2)).await.unwrap().unwrap();
    assert_eq!(cluster.deliver().await, ["phone Login"]);

    cluster
        .here
        .disconnect(&ann(), ConnectionId::new(HERE, 1), LinkEnd::Closed, now(3).wall, now(3))
        .await
        .unwrap();
    assert_eq!(cluster.here.record_events(&mut here, &[ann()], now(3)).await.unwrap(), None);
    assert_eq!(cluster.deliver().await, [""; 0], "nothing was moved");
    cluster.here.record_events(&mut here, &[ann()], now(4)).await.unwrap().unwrap();
    assert_eq!(
        cluster.there.record_events(&mut there, &[ann()], now(4)).await.unwrap(),
        Some(Default::default())
    );
    assert_eq!(cluster.deliver().await, ["phone LinkClosed"]);
}

#[tokio::test]
async fn a_recorder_that_does_not_know_a_new_app_moves_its_events_nevertheless() {
    let cluster = Cluster::start().await;
    let app = (*cluster.there.apps().get(APP).unwrap()).clone();
    cluster.there.put_app(App { id: AppId(2), ..app.clone() }).await.unwrap();
    cluster.there.deletions().delete(APP).await.unwrap();
    cluster.here.refresh_apps().await.unwrap();
    for node in [&cluster.there, &cluster.here] {
        while node.deletions().proceed(now(1)).await.unwrap() {}
    }
    cluster.there.put_app(app).await.unwrap();
    log_in(&cluster.there, "phone", Platform::IPhone, 1, 2).await;
    assert!(cluster.here.apps().get(APP).is_none());
    assert_eq!(cluster.record_and_deliver(3).await, ["phone Login"]);
}

/// The directory loses its data while a native and a Web device of a user are connected.
#[tokio::test]
async fn after_a_flush_the_app_is_told_no_login_of_connections_that_are_put_back() {
    let cluster = Cluster::start().await;
    let phone = log_in(&cluster.here, "phone", Platform::IPhone, 1, 1).await;
    let tab = log_in(&cluster.here, "tab", Platform::Web, 2, 2).await;
    assert_eq!(cluster.record_and_deliver(3).await, ["phone Login", "tab Login"]);
    cluster.directory.lose(&[ann()], now(100).wall);
    for (done, device, platform, local) in
        [(&tab, "tab", Platform::Web, 2), (&phone, "phone", Platform::IPhone, 1)]
    {
        let open = open(done, device, platform, local, Some(done.recorded_in));
        let put_back = cluster.here.put_back(&open, LOCAL, now(102)).await.unwrap().outcome;
        assert_eq!(put_back, Reasserted::PutBack);
    }
    assert_eq!(cluster.record_and_deliver(103).await, [""; 0]);
    for local in [2, 1] {
        let connection = ConnectionId::new(HERE, local);
        cluster.here.disconnect(&ann(), connection, LinkEnd::Closed, now(110).wall, now(110)).await.unwrap();
    }
    assert_eq!(cluster.record_and_deliver(111).await, ["tab LinkClosed", "phone LinkClosed"]);
}

/// The other nodes count the node of a Web device as lost, and end the connection of the device. Its node does not hear
/// of it, and puts the connection back. The directory has lost its data before.
#[tokio::test]
async fn a_connection_that_others_have_ended_is_put_back_with_its_login() {
    for (name, loss_before_login, loss_before_put_back) in [
        ("a login after a loss", Some(1), None),
        ("a connection that was put back after a loss", None, Some(100)),
        ("both", Some(1), Some(2)),
    ] {
        let cluster = Cluster::start().await;
        if let Some(second) = loss_before_login {
            cluster.lose(second);
        }
        let tab = log_in(&cluster.here, "tab", Platform::Web, 2, 2).await;
        assert_eq!(cluster.record_and_deliver(3).await, ["tab Login"], "{name}");
        let mut recorded_in = tab.recorded_in;
        if let Some(second) = loss_before_put_back {
            cluster.lose(second);
            recorded_in = cluster.put_back(&tab, Some(recorded_in), second).await;
            assert_eq!(cluster.record_and_deliver(second).await, [""; 0], "{name}");
        }
        cluster.end_connections(200).await;
        assert_eq!(cluster.record_and_deliver(201).await, ["tab LinkClosed"], "{name}");
        cluster.put_back(&tab, Some(recorded_in), 202).await;
        assert_eq!(cluster.record_and_deliver(203).await, ["tab Login"], "{name}");
    }
}

/// The node has heard that others have ended the connection before the directory loses its data.
#[tokio::test]
async fn a_connection_that_others_have_ended_before_a_loss_is_put_back_with_its_login() {
    let cluster = Cluster::start().await;
    let tab = log_in(&cluster.here, "tab", Platform::Web, 2, 2).await;
    cluster.end_connections(99).await;
    assert_eq!(cluster.record_and_deliver(99).await, ["tab Login", "tab LinkClosed"]);
    cluster.lose(100);
    let recorded_in = cluster.put_back(&tab, None, 101).await;
    assert_eq!(cluster.record_and_deliver(102).await, ["tab Login"]);
    // A further loss in the same second.
    cluster.lose(101);
    cluster.put_back(&tab, Some(recorded_in), 101).await;
    assert_eq!(cluster.record_and_deliver(102).await, [""; 0]);
}

/// Within the grace after the directory has lost its data, a device logs in. The user's record was not created again
/// before.
#[tokio::test]
async fn the_app_is_told_a_login_within_the_grace_after_a_loss_unless_the_device_counts_as_connected() {
    for (name, before, device, platform, expected) in [
        ("the first login of the user", None, "phone", Platform::IPhone, vec!["phone Login"]),
        ("another device was connected", Some("mac"), "phone", Platform::IPhone, vec!["phone Login"]),
        ("the device was connected", Some("mac"), "mac", Platform::Mac, vec![]),
    ] {
        let cluster = Cluster::start().await;
        if let Some(before) = before {
            log_in(&cluster.here, before, Platform::Mac, 1, 2).await;
            assert_eq!(cluster.record_and_deliver(3).await, [format!("{before} Login")]);
        }
        cluster.lose(100);
        log_in(&cluster.here, device, platform, 2, 102).await;
        assert_eq!(cluster.record_and_deliver(103).await, expected, "{name}");
        let connection = ConnectionId::new(HERE, 2);
        cluster.here.disconnect(&ann(), connection, LinkEnd::Closed, now(110).wall, now(110)).await.unwrap();
        assert_eq!(cluster.record_and_deliver(111).await, [format!("{device} LinkClosed")], "{name}");
    }
}

/// The node has read the watch list of the connection since the store was restarted, as it does after each new epoch.
#[tokio::test]
async fn a_connection_that_others_have_ended_after_a_restart_that_kept_the_data_is_put_back_with_its_login() {
    let cluster = Cluster::start().await;
    let tab = log_in(&cluster.here, "tab", Platform::Web, 2, 2).await;
    assert_eq!(cluster.record_and_deliver(3).await, ["tab Login"]);
    cluster.directory.lose(&[], now(100).wall);
    let list = cluster.here.watch_list(&ann(), ConnectionId::new(HERE, 2)).await.unwrap().unwrap();
    assert_eq!(list.recorded_in, Some(RecordEpoch::of(now(100).wall)));
    cluster.end_connections(200).await;
    assert_eq!(cluster.record_and_deliver(201).await, ["tab LinkClosed"]);
    cluster.put_back(&tab, list.recorded_in, 202).await;
    assert_eq!(cluster.record_and_deliver(203).await, ["tab Login"]);
}
