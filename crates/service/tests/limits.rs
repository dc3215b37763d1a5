//! Rate limits: the conformance suite for a node on its own, and nodes that count together in one store.

#![allow(clippy::unwrap_used, missing_docs)]

mod world;

use lamplight_directory::{
    ChangeLog, Directory, InProcessDirectory, Limited, Limits, LimitsAnswer, LimitsError,
};
use lamplight_facts::Facts;
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{App, AppId, AppSettings, Code, Moment, Now, RateLimit, Timestamp};
use lamplight_service::{CallWindows, Service, ServiceError, ThrottleLimits};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use world::{PHONE, code, user};

async fn make() -> (Arc<dyn Limits>, ()) {
    (Arc::new(CallWindows::default()), ())
}

lamplight_directory::limits_conformance_tests!(make);

const API: &str = "sns/friend_get";

/// The store that the nodes share. It can fail, and counts how often it is asked.
#[derive(Default)]
struct Store {
    windows: CallWindows,
    fails: AtomicBool,
    asked: AtomicU32,
}

impl Limits for Store {
    fn take<'a>(&'a self, what: Limited<'a>, limit: RateLimit, now: Moment) -> LimitsAnswer<'a> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        match self.fails.load(Ordering::Relaxed) {
            true => Box::pin(std::future::ready(Err(LimitsError))),
            false => self.windows.take(what, limit, now),
        }
    }

    fn sweep(&self, now: Moment) {
        self.windows.sweep(now);
    }
}

/// Nodes over the same stores.
struct Nodes {
    nodes: Vec<Service>,
    store: Arc<Store>,
    app: App,
    now: Now,
    _folder: TempDir,
}

impl Nodes {
    /// Starts nodes whose users and apps may make three calls of a kind in ten seconds.
    async fn start(number: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let facts: Arc<dyn Facts> = Arc::new(SqliteFacts::open(&folder.path().join("facts.db")).unwrap());
        let directory = Arc::new(InProcessDirectory::in_memory());
        let store = Arc::new(Store::default());
        let mut settings = AppSettings::default();
        settings.limits.rate = RateLimit { calls: 3, window_ms: 10_000 };
        settings.limits.api_rate = settings.limits.rate;
        let app = App { id: AppId(1), keys: Vec::new(), admins: Vec::new(), settings };
        let now = Now { moment: Moment(1_000_000), wall: Timestamp(1_700_000_000_000) };
        let mut nodes = Vec::new();
        for _ in 0..number {
            let live = Arc::clone(&directory) as Arc<dyn Directory>;
            let log = Arc::clone(&directory) as Arc<dyn ChangeLog>;
            let node = Service::new(Arc::clone(&facts), live, log, ThrottleLimits::default())
                .with_limits(Box::new(Arc::clone(&store)));
            node.put_app(app.clone()).await.unwrap();
            nodes.push(node);
        }
        nodes[0].create_account(&user("alice"), now).await.unwrap();
        Self { nodes, store, app, now, _folder: folder }
    }

    async fn call(&self, node: usize) -> Result<(), ServiceError> {
        let alice = user("alice");
        let users = std::slice::from_ref(&alice.id);
        self.nodes[node].users_info(&alice, users, PHONE, self.now).await.map(|_| ())
    }

    async fn api(&self, node: usize) -> Result<(), ServiceError> {
        self.nodes[node].pass_api_rate(&self.app, API, self.now).await
    }

    fn asked(&self) -> u32 {
        self.store.asked.swap(0, Ordering::Relaxed)
    }

    fn wait(&mut self, duration: Duration) {
        self.now = self.now.after(duration);
    }
}

#[tokio::test]
async fn nodes_together_allow_what_one_allows() {
    let mut cluster = Nodes::start(3).await;
    for _ in 0..2 {
        for node in 0..3 {
            cluster.call(node).await.unwrap();
            cluster.api(node).await.unwrap();
        }
        for node in 0..3 {
            assert_eq!(code(cluster.call(node).await), Code::CALLED_TOO_OFTEN);
            assert_eq!(code(cluster.api(node).await), Code::API_RATE);
        }
        cluster.wait(Duration::from_secs(10));
    }
}

#[tokio::test]
async fn a_node_asks_once_for_each_call_and_not_for_one_that_it_can_refuse_itself() {
    let mut cluster = Nodes::start(2).await;
    for _ in 0..3 {
        cluster.call(0).await.unwrap();
    }
    assert_eq!(cluster.asked(), 3);
    // The first node has allowed all calls of the window itself. The other node is told until when calls are refused.
    for _ in 0..5 {
        assert_eq!(code(cluster.call(0).await), Code::CALLED_TOO_OFTEN);
        assert_eq!(code(cluster.call(1).await), Code::CALLED_TOO_OFTEN);
    }
    assert_eq!(cluster.asked(), 1);
    cluster.wait(Duration::from_millis(9_999));
    assert_eq!(code(cluster.call(1).await), Code::CALLED_TOO_OFTEN);
    assert_eq!(cluster.asked(), 0);
    cluster.wait(Duration::from_millis(1));
    cluster.call(1).await.unwrap();
    assert_eq!(cluster.asked(), 1);
}

#[tokio::test]
async fn a_limit_that_was_raised_holds_at_once() {
    let mut cluster = Nodes::start(2).await;
    for _ in 0..3 {
        cluster.api(0).await.unwrap();
    }
    assert_eq!(code(cluster.api(1).await), Code::API_RATE);
    cluster.app.settings.limits.api_rate.calls = 4;
    cluster.api(1).await.unwrap();
    assert_eq!(code(cluster.api(0).await), Code::API_RATE);
}

/// Rate limits bound the load, so a failing store of rate limits must not stop the service.
#[tokio::test]
async fn while_the_store_fails_each_node_limits_its_own_calls() {
    let mut cluster = Nodes::start(2).await;
    cluster.call(0).await.unwrap();
    cluster.store.fails.store(true, Ordering::Relaxed);
    cluster.asked();
    for (node, left) in [(0, 2), (1, 3)] {
        for _ in 0..left {
            cluster.call(node).await.unwrap();
        }
        assert_eq!(code(cluster.call(node).await), Code::CALLED_TOO_OFTEN);
        assert_eq!(cluster.asked(), left);
    }
    // The store counts again, and the calls that a node has allowed meanwhile still count at this node.
    cluster.store.fails.store(false, Ordering::Relaxed);
    assert_eq!(code(cluster.call(0).await), Code::CALLED_TOO_OFTEN);
    assert_eq!(cluster.asked(), 0);
    cluster.wait(Duration::from_secs(10));
    cluster.call(1).await.unwrap();
    assert_eq!(cluster.asked(), 1);
}

#[tokio::test]
async fn a_sweep_keeps_what_still_refuses() {
    let mut cluster = Nodes::start(2).await;
    for _ in 0..3 {
        cluster.call(0).await.unwrap();
    }
    assert_eq!(code(cluster.call(1).await), Code::CALLED_TOO_OFTEN);
    cluster.asked();
    cluster.wait(Duration::from_millis(9_999));
    for node in [0, 1] {
        cluster.nodes[node].sweep(cluster.now);
        assert_eq!(code(cluster.call(node).await), Code::CALLED_TOO_OFTEN);
    }
    assert_eq!(cluster.asked(), 0);
}
