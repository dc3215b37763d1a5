//! Tests of two nodes over one outbox: real dispatchers and recorders, and requests over real connections. The test
//! advances the clocks.

use super::*;
use lamplight_core::{LANE_TAKE_OVER, LeaseTimes, Membership};
use lamplight_directory::{
    ChangeLog, Heard, InProcessDirectory, LogEntry, News, NodeEntry, Register, RegisteredNode,
};
use lamplight_facts::{Facts, NewNotice, Outbox as _};
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{
    App, AppKey, AppSettings, Hook, NodeId, NoticeContent, Platform, PushContent, User, UserId,
};
use lamplight_service::ThrottleLimits;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::JoinHandle;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const TIMES: LeaseTimes = LeaseTimes { lease: Duration::from_secs(9), grace: Duration::from_secs(30) };
const APP: AppId = AppId(1);
const LANE: Lane = Lane { app: APP, hook: Hook::Push };
const PATIENCE: Duration = Duration::from_secs(120);

/// A node on a separate thread, so that the whole node can be stopped.
struct TestNode {
    id: NodeId,
    service: Arc<Service>,
    clock: Clock,
    webhooks: Arc<Webhooks>,
    runtime: tokio::runtime::Handle,
    _stop: mpsc::Sender<()>,
    _thread: JoinHandle<()>,
}

/// The suspension of a node's thread. Dropping the value resumes the thread.
struct Stopped(#[expect(dead_code, reason = "dropping it ends the stop")] mpsc::Sender<()>);

impl TestNode {
    async fn start(id: u64, facts: &Arc<SqliteFacts>, directory: &Arc<InProcessDirectory>) -> Self {
        let id = NodeId(id);
        let service = Arc::new(service_of(id, facts, directory));
        service.begin_in_cluster().await.unwrap();
        let clock = Clock::default();
        let (stop, stopped) = mpsc::channel::<()>();
        let (ready, is_ready) = mpsc::channel();
        let parts = (Arc::clone(&service), directory.follow_events(), clock.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let (service, log, clock) = parts;
                let tls = Arc::new(ReceiverTls::load(&WebhooksConfig::default()).unwrap());
                let poster = Poster::new(tls, AllowedNetworks::new(true, Vec::new()));
                let metrics = WebhookMetrics::register(&mut prometheus_client::registry::Registry::default());
                let (webhooks, _tasks) = Webhooks::start(id, service, log, poster, metrics, clock);
                ready.send((tokio::runtime::Handle::current(), webhooks)).unwrap();
                while stopped.try_recv() == Err(mpsc::TryRecvError::Empty) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            });
        });
        let (runtime, webhooks) = is_ready.recv().unwrap();
        Self { id, service, clock, webhooks, runtime, _stop: stop, _thread: thread }
    }

    /// Suspends the thread of the node, as SIGSTOP suspends a process.
    fn stop(&self) -> Stopped {
        let (go_on, wait) = mpsc::channel::<()>();
        let (stopping, is_stopping) = mpsc::channel();
        self.runtime.spawn(async move {
            stopping.send(()).unwrap();
            let _ = wait.recv();
        });
        is_stopping.recv().unwrap();
        Stopped(go_on)
    }
}

fn service_of(id: NodeId, facts: &Arc<SqliteFacts>, directory: &Arc<InProcessDirectory>) -> Service {
    let service = Service::new(
        Arc::<SqliteFacts>::clone(facts),
        Arc::<InProcessDirectory>::clone(directory),
        Arc::<InProcessDirectory>::clone(directory),
        ThrottleLimits::default(),
    );
    service.in_cluster(Membership::new(id, TIMES), TIMES.grace)
}

/// Two nodes, their stores, and the receiver of their webhooks.
struct Pair {
    nodes: [TestNode; 2],
    facts: Arc<SqliteFacts>,
    directory: Arc<InProcessDirectory>,
    receiver: Arc<Mutex<Receiver>>,
    beat: u64,
    sent: u64,
    _folder: tempfile::TempDir,
}

/// The requests that a backend has received. Each request is checked when it arrives.
#[derive(Default)]
struct Receiver {
    /// The users of the requests that are being answered.
    busy: Vec<String>,
    /// The numbers of the messages, by user, in the order of their arrival.
    arrived: BTreeMap<String, Vec<u64>>,
    wrong: Vec<String>,
    /// `true` if each request is answered with 500. Such requests are not counted.
    fails: bool,
}

impl Pair {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let facts = Arc::new(SqliteFacts::open(&folder.path().join("facts.db")).unwrap());
        let receiver = Arc::<Mutex<Receiver>>::default();
        let address = listen(Arc::clone(&receiver)).await;
        let mut settings = AppSettings::default();
        settings.webhooks.push_url = format!("http://{address}/");
        let key = AppKey { id: 1, text: lamplight_auth::generate_key([7; 32]) };
        facts.put_app(App { id: APP, keys: vec![key], admins: Vec::new(), settings }).await.unwrap();
        let directory = Arc::new(InProcessDirectory::in_memory());
        let nodes =
            [TestNode::start(1, &facts, &directory).await, TestNode::start(2, &facts, &directory).await];
        let mut pair = Self { nodes, facts, directory, receiver, beat: 1, sent: 0, _folder: folder };
        pair.only(0);
        pair
    }

    /// Gives all duties to one node, in the view of both nodes. The other node drains.
    fn only(&mut self, node: usize) {
        self.view([node, node]);
    }

    /// Sets which node has the duties in the view of each node.
    fn view(&mut self, owners: [usize; 2]) {
        self.beat += 1;
        for (viewer, owner) in self.nodes.iter().zip(owners) {
            let entry = |node: usize| RegisteredNode {
                entry: NodeEntry {
                    id: self.nodes[node].id,
                    is_draining: node != owner,
                    ..NodeEntry::default()
                },
                beat: self.beat,
                is_drain_requested: false,
            };
            let now = viewer.clock.now();
            viewer
                .service
                .duties()
                .observe(&Register { at: now, nodes: vec![entry(0), entry(1)] }, now.moment);
            assert_eq!(viewer.service.has_lane(LANE), viewer.id == self.nodes[owner].id);
        }
    }

    fn advance(&self, time: Duration) {
        self.nodes.iter().for_each(|node| node.clock.advance(time));
    }

    /// Puts a message to each of three users into the outbox, and wakes the dispatcher of this node.
    async fn push_at(&mut self, node: usize) {
        self.sent += 1;
        let at = self.nodes[node].clock.now().wall;
        let notice = |name: &str| {
            let content = PushContent {
                from: UserId::new("sender").unwrap(),
                sequence: self.sent,
                at,
                text: "hi".into(),
                unread: 1,
                devices: vec![Platform::IPhone],
            };
            let user = User::new(APP, UserId::new(name).unwrap());
            NewNotice { user, content: NoticeContent::Push(content), at }
        };
        let notices = ["alice", "bob", "carol"].map(notice).to_vec();
        assert_eq!(self.facts.enqueue(notices, vec![]).await.unwrap().unwrap().added, 3);
        self.nodes[node].service.outbox().bell().ring(LANE);
    }

    /// Waits until everything has arrived and is settled.
    async fn has_all(&self) {
        wait_until("everything has arrived", async || self.has_arrived().await).await;
    }

    /// Returns `true` if everything has arrived, in order, and is settled.
    async fn has_arrived(&self) -> bool {
        let waiting: u64 = self.facts.lanes().await.unwrap().iter().map(|lane| lane.waiting).sum();
        let arrived = self.receiver.lock().checked();
        let has = |numbers: &Vec<u64>| numbers.last() == Some(&self.sent);
        if waiting > 0 || arrived.len() < 3 || !arrived.values().all(has) {
            return false;
        }
        for mut numbers in arrived.into_values() {
            numbers.dedup();
            assert_eq!(numbers, (1..=self.sent).collect::<Vec<_>>());
        }
        true
    }

    async fn waits_for_nothing(&self) {
        wait_until("every request is answered", async || self.receiver.lock().busy.is_empty()).await;
    }

    /// Returns the state of the receiver, as a node shows it to operators.
    fn shown(&self, node: usize) -> ReceiverState {
        self.nodes[node].webhooks.receiver(LANE)
    }

    /// Returns the number of requests that have arrived.
    fn count(&self) -> usize {
        self.receiver.lock().arrived.values().map(Vec::len).sum()
    }
}

/// Waits until a condition is true. The timeout is much longer than a slow machine needs.
async fn wait_until(what: &str, is_so: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Answers each request with 200 after some milliseconds.
async fn listen(receiver: Arc<Mutex<Receiver>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let receiver = Arc::clone(&receiver);
            tokio::spawn(async move {
                let mut bytes = Vec::new();
                while stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
                    let text = String::from_utf8_lossy(&bytes);
                    let Some(start) = text.find("\r\n\r\n") else { continue };
                    let Ok(body) = serde_json::from_str::<serde_json::Value>(&text[start + 4..]) else {
                        continue;
                    };
                    let user = body["To_Account"].as_str().unwrap().to_owned();
                    let number = body["MsgSeq"].as_u64().unwrap();
                    if receiver.lock().fails {
                        let answer = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";
                        if stream.write_all(answer).await.is_err() {
                            return;
                        }
                        bytes.clear();
                        continue;
                    }
                    receiver.lock().begin(&user, number);
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    receiver.lock().busy.retain(|busy| *busy != user);
                    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
                    if stream.write_all(answer).await.is_err() {
                        return;
                    }
                    bytes.clear();
                }
            });
        }
    });
    address
}

impl Receiver {
    /// Returns the numbers that have arrived, by user. Panics after any wrong request.
    fn checked(&self) -> BTreeMap<String, Vec<u64>> {
        assert_eq!(self.wrong, Vec::<String>::new());
        self.arrived.clone()
    }

    fn begin(&mut self, user: &str, number: u64) {
        if self.busy.iter().any(|busy| busy == user) {
            self.wrong.push(format!("{number} of {user} comes while another one is being answered"));
        }
        self.busy.push(user.to_owned());
        let arrived = self.arrived.entry(user.to_owned()).or_default();
        if arrived.last().is_some_and(|last| *last > number) {
            self.wrong.push(format!("{number} of {user} comes after {arrived:?}"));
        }
        arrived.push(number);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_node_with_the_duty_is_told_by_a_node_without_it() {
    let mut pair = Pair::start().await;
    pair.push_at(0).await;
    pair.has_all().await;
    let mut log = pair.directory.follow_events();
    for _ in 0..20 {
        pair.push_at(1).await;
        let mut entries = Vec::new();
        let told = async {
            while !entries.iter().any(|entry: &Arc<LogEntry>| entry.news == News::Notices(LANE)) {
                log.ready().await;
                assert_eq!(log.take(&mut entries), Heard::All);
            }
        };
        tokio::time::timeout(PATIENCE, told).await.expect("the log has an entry about the lane");
        pair.has_all().await;
    }
    let holder = pair.facts.take_lease(LANE, NodeId(9), None).await.unwrap().holder;
    assert_eq!(holder, Some(NodeId(1)));
    assert_eq!(pair.count() as u64, 3 * pair.sent, "each was sent once");
}

/// No dispatcher runs, so nothing but the recorder can ring the bell.
#[tokio::test]
async fn the_recorder_rings_the_bell_for_a_lane_of_this_node() {
    let folder = tempfile::tempdir().unwrap();
    let facts = Arc::new(SqliteFacts::open(&folder.path().join("facts.db")).unwrap());
    let directory = Arc::new(InProcessDirectory::in_memory());
    let service = Arc::new(service_of(NodeId(1), &facts, &directory));
    service.begin_in_cluster().await.unwrap();
    let metrics = WebhookMetrics::register(&mut prometheus_client::registry::Registry::default());
    let recorder = recorder::run(Arc::clone(&service), directory.follow_events(), metrics, Clock::default());
    let recorder = tokio::spawn(recorder);
    let heard = async { service.outbox().bell().heard().await.contains(&LANE) };
    service.tell_notices(LANE);
    assert!(tokio::time::timeout(PATIENCE, heard).await.expect("the bell rings"));
    recorder.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_node_that_sends_to_a_receiver_shows_its_last_error() {
    let mut pair = Pair::start().await;
    pair.receiver.lock().fails = true;
    pair.push_at(0).await;
    for (holder, other) in [(0, 1), (1, 0), (0, 1)] {
        pair.only(holder);
        // The failed notices are due again.
        pair.advance(Duration::from_secs(60));
        wait_until("the node with the lane shows the error", async || {
            pair.shown(holder).error.contains("500")
        })
        .await;
        wait_until("the other node shows nothing", async || pair.shown(other) == ReceiverState::default())
            .await;
    }
    pair.receiver.lock().fails = false;
    pair.advance(Duration::from_secs(60));
    pair.has_all().await;
    wait_until("no node shows an error", async || {
        [0, 1].iter().all(|node| pair.shown(*node) == ReceiverState::default())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lane_is_handed_over_while_notices_are_sent() {
    let mut pair = Pair::start().await;
    for round in 0..6 {
        for _ in 0..5 {
            pair.push_at(round % 2).await;
        }
        pair.only((round + 1) % 2);
        for _ in 0..5 {
            pair.push_at(round % 2).await;
        }
        pair.has_all().await;
    }
    // First, each node has the duty only in its own view. Then each has it only in the view of the other node.
    pair.view([0, 1]);
    for _ in 0..5 {
        pair.push_at(0).await;
        pair.push_at(1).await;
    }
    pair.view([1, 0]);
    pair.push_at(0).await;
    pair.only(1);
    pair.has_all().await;
    assert_eq!(pair.count() as u64, 3 * pair.sent, "each was sent once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_hangs_is_replaced_and_does_no_harm_when_it_is_back() {
    let mut pair = Pair::start().await;
    for round in 0..3 {
        let (hung, other) = (round % 2, (round + 1) % 2);
        pair.push_at(hung).await;
        pair.has_all().await;
        pair.waits_for_nothing().await;
        // The other node reads the lease of the hung node only after this time.
        let before = pair.nodes[other].clock.now().moment;
        let stopped = pair.nodes[hung].stop();
        for _ in 0..5 {
            pair.push_at(other).await;
        }
        pair.only(other);
        wait_until("the other node has taken the lane over", async || {
            let holder = pair.facts.take_lease(LANE, NodeId(9), None).await.unwrap().holder;
            let is_over = holder == Some(pair.nodes[other].id);
            if pair.nodes[other].clock.now().moment < before + LANE_TAKE_OVER {
                assert!(!is_over, "the lease is not over");
            }
            if !is_over {
                pair.advance(Duration::from_millis(200));
            }
            is_over
        })
        .await;
        pair.has_all().await;
        pair.push_at(other).await;
        drop(stopped);
        for _ in 0..5 {
            pair.push_at(hung).await;
        }
        pair.has_all().await;
    }
}
