//! Tests of the work that a node does for lost nodes.

use super::*;
use crate::facts_store::FactsStore;
use crate::live_store::LiveStore;
use crate::log_metrics::LogMetrics;
use crate::metrics::Sources;
use lamplight_core::Membership;
use lamplight_directory::{Answer, InProcessDirectory, LocalNodes};
use lamplight_facts::{Facts, NewLogin};
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{App, AppId, AppSettings, DeviceId, NodeId, Now, Platform, User, UserId};
use lamplight_service::ThrottleLimits;

const TIMES: LeaseTimes = LeaseTimes { lease: Duration::from_secs(9), grace: Duration::from_secs(30) };

/// A node of a cluster whose nodes share these stores.
fn node(
    id: u64,
    facts: &Arc<SqliteFacts>,
    directory: &Arc<InProcessDirectory>,
    nodes: &Arc<impl Nodes + 'static>,
) -> Cluster {
    let clock = Clock::default();
    let stores = (FactsStore::Sqlite(Arc::clone(facts)), LiveStore::Embedded(Arc::clone(directory)));
    let health = Arc::new(Health::new(clock.clone(), stores.0.clone(), stores.1.clone(), 0));
    let sources =
        Sources { facts: stores.0, live: stores.1, health: Arc::clone(&health), log: LogMetrics::default() };
    let service = Service::new(
        Arc::<SqliteFacts>::clone(facts),
        Arc::<InProcessDirectory>::clone(directory),
        Arc::<InProcessDirectory>::clone(directory),
        ThrottleLimits::default(),
    );
    Cluster {
        nodes: Arc::clone(nodes) as Arc<dyn Nodes>,
        directory: Arc::<InProcessDirectory>::clone(directory),
        service: Arc::new(service.in_cluster(Membership::new(NodeId(id), TIMES), TIMES.grace)),
        times: TIMES,
        entry: NodeEntry { id: NodeId(id), ..NodeEntry::default() },
        app_news: Arc::new(Notify::new()),
        register_read: Notify::new(),
        drain_requested: Notify::new(),
        metrics: Arc::new(Metrics::new(0, sources)),
        health,
        clock,
    }
}

/// Creates an app, and records a login of a user in the facts. No live record has the login.
async fn record_login(node: &Cluster, facts: &SqliteFacts) -> User {
    let ann = User::new(AppId(1), UserId::new("ann").unwrap());
    let settings = AppSettings::default();
    let app = App { id: ann.app, keys: Vec::new(), admins: Vec::new(), settings };
    node.service.put_app(app).await.unwrap();
    let login = NewLogin {
        user: ann.clone(),
        device: DeviceId::new("phone").unwrap(),
        platform: Platform::IPhone,
        at: node.clock.now().wall,
        issued: node.clock.now().wall.as_secs(),
        durable: true,
        resume: false,
    };
    facts.record_login(login).await.unwrap();
    ann
}

/// Checks what another node does after a node has stopped in an orderly way. If all operations of the stopped node
/// were carried out, the other node compares nothing. Otherwise, it counts the stopped node as lost after the lease
/// and the grace, and compares the logins and all records with the facts.
#[tokio::test]
async fn a_node_that_stops_with_unfinished_operations_stays_in_the_register_as_lost() {
    for is_settled in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let facts = Arc::new(SqliteFacts::open(&folder.path().join("facts.db")).unwrap());
        let directory = Arc::new(InProcessDirectory::in_memory());
        let nodes = Arc::new(LocalNodes::default());
        let stopping = node(1, &facts, &directory, &nodes).join().await.unwrap();
        let joined = node(2, &facts, &directory, &nodes).join().await.unwrap();
        let other = &joined.cluster;
        // A comparison ends this login, because no record has it.
        let ann = record_login(other, &facts).await;
        stopping.leave(is_settled).await;
        let registered = async || {
            let register = nodes.read(other.clock.now()).await.unwrap();
            register.nodes.iter().map(|node| node.entry.id).collect::<Vec<_>>()
        };
        let left = if is_settled { vec![NodeId(2)] } else { vec![NodeId(1), NodeId(2)] };
        assert_eq!(registered().await, left);

        // A node is lost after the lease and the grace.
        let mut silent = Duration::ZERO;
        while silent < TIMES.lease + TIMES.grace {
            other.clock.advance(TIMES.renew_every());
            silent += TIMES.renew_every();
            other.renew(&[]).await.unwrap();
        }
        let lost = other.service.duties().lost_nodes(other.clock.local());
        let lost: Vec<NodeId> = lost.iter().filter(|lost| lost.is_registered).map(|lost| lost.node).collect();
        assert_eq!(lost, if is_settled { vec![] } else { vec![NodeId(1)] });
        other.clear_all(other.service.duties().lost_nodes(other.clock.local())).await;
        assert_eq!(registered().await, [NodeId(2)]);
        assert_eq!(facts.logins(ann).await.unwrap().is_empty(), !is_settled);
        if is_settled {
            assert_eq!(other.service.duties().lost_nodes(other.clock.local()), [], "it is forgotten");
        }
    }
}

/// A register that notes each lost node that is removed, and how many logins the facts then have.
struct Noting {
    nodes: LocalNodes,
    facts: Arc<SqliteFacts>,
    noted: Mutex<Vec<(NodeId, usize)>>,
}

impl Nodes for Noting {
    fn join<'a>(&'a self, node: &'a NodeEntry, now: Now) -> Answer<'a, Register> {
        self.nodes.join(node, now)
    }

    fn renew<'a>(&'a self, node: &'a NodeEntry, now: Now) -> Answer<'a, Option<Register>> {
        self.nodes.renew(node, now)
    }

    fn leave(&self, node: NodeId) -> Answer<'_, ()> {
        self.nodes.leave(node)
    }

    fn remove_lost(&self, node: NodeId, beat: u64) -> Answer<'_, bool> {
        Box::pin(async move {
            let logged_in = self.facts.users_logged_in(None, 10).await.unwrap().len();
            self.noted.lock().push((node, logged_in));
            self.nodes.remove_lost(node, beat).await
        })
    }

    fn request_drain(&self, node: NodeId) -> Answer<'_, bool> {
        self.nodes.request_drain(node)
    }

    fn read(&self, now: Now) -> Answer<'_, Register> {
        self.nodes.read(now)
    }
}

/// The comparison covers the time since the node that has been silent for longest. The login is older than the other
/// node's silence.
#[tokio::test]
async fn one_comparison_completes_the_work_of_all_lost_nodes() {
    let folder = tempfile::tempdir().unwrap();
    let facts = Arc::new(SqliteFacts::open(&folder.path().join("facts.db")).unwrap());
    let directory = Arc::new(InProcessDirectory::in_memory());
    let (nodes, noted) = (LocalNodes::default(), Mutex::default());
    let nodes = Arc::new(Noting { nodes, facts: Arc::clone(&facts), noted });
    let silent_later = node(1, &facts, &directory, &nodes).join().await.unwrap();
    let _silent = node(2, &facts, &directory, &nodes).join().await.unwrap();
    let joined = node(3, &facts, &directory, &nodes).join().await.unwrap();
    let running = &joined.cluster;
    record_login(running, &facts).await;
    let rounds = |time: Duration| 0..time.as_secs().div_ceil(TIMES.renew_every().as_secs());
    for _ in rounds(Duration::from_secs(1_200)) {
        silent_later.cluster.renew(&[]).await.unwrap();
        running.clock.advance(TIMES.renew_every());
        running.renew(&[]).await.unwrap();
    }
    for _ in rounds(TIMES.lease + TIMES.grace) {
        running.clock.advance(TIMES.renew_every());
        running.renew(&[]).await.unwrap();
    }
    let lost = running.service.duties().lost_nodes(running.clock.local());
    assert_eq!(lost.iter().map(|lost| lost.node).collect::<Vec<_>>(), [NodeId(1), NodeId(2)]);
    running.clear_all(lost).await;
    assert_eq!(*nodes.noted.lock(), [(NodeId(1), 0), (NodeId(2), 0)], "the login has ended before");
}
