//! A node, from its start to its stop.

#[cfg(test)]
mod tests;

use crate::audit::Audit;
use crate::clock::Clock;
use crate::cluster::{self, Cluster, Joined};
use crate::config::{Config, UnreadableFile};
use crate::connection_limits::ConnectionLimits;
use crate::console::{self, Console, Figures, Operators, OperatorsError};
use crate::data_folder::{self, DataFolderError, FolderLock, IfMissing};
use crate::facts_store::FactsStore;
use crate::health::Health;
use crate::http::{HEALTH_CONNECTIONS, HttpBounds, SPARE_CONNECTIONS};
use crate::live_store::{LiveStore, LiveStoreError};
use crate::log_metrics::LogMetrics;
use crate::lost_connections::LostConnections;
use crate::metrics::{Metrics, Sources};
use crate::ports::{PortError, Ports};
use crate::rest::Rest;
use crate::tls::{Certificate, TlsError};
use crate::token_keys::TokenKeys;
use crate::webhooks::{Poster, ReceiverTls, WebhookTlsError, Webhooks};
use crate::worker::{self, Command, Shared};
use crate::{control, http, keeper, probes, shared_facts, web};
use axum::Router;
use lamplight_core::Membership;
use lamplight_directory::{DirectoryError, NodeEntry};
use lamplight_facts::FactsError;
use lamplight_model::{App, AppId, AppKey, AppSettings, NodeId, UserId};
use lamplight_service::{Service, ServiceError};
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::AbortHandle;

/// The maximum number of open connections that come from trusted proxies and whose client address is still unknown.
const MAX_UNNAMED: usize = 4_096;
/// The number of file descriptors that connections must leave for listeners, files and the control socket.
const SPARE_FILES: u64 = 160;
/// The divisor of the file limit that gives the maximum number of connections of the HTTP port.
const HTTP_FILES: u64 = 8;
/// The longest time for which a stopping node retries failed operations.
const RETRIES_PATIENCE: Duration = Duration::from_secs(3);
/// The longest time that a stopping node waits for its clients to receive their last messages.
const FAREWELL: Duration = Duration::from_secs(3);
/// The longest time that a stopping node waits for its workers to accept the stop command, and then for their threads
/// to end. The usual time is below a second.
const WORKERS_STOP: Duration = Duration::from_secs(5);
/// The id of the app that a node creates at its first start.
const FIRST_APP: AppId = AppId(1_400_000_001);

/// A running node.
pub struct Node {
    id: NodeId,
    client_address: SocketAddr,
    http_address: SocketAddr,
    health_address: Option<SocketAddr>,
    service: Arc<Service>,
    live: LiveStore,
    /// The node as a member of its cluster; `None` without a cluster.
    joined: Option<Joined>,
    facts: FactsStore,
    metrics: Arc<Metrics>,
    clock: Clock,
    created: Option<App>,
    console_password: Option<String>,
    health: Arc<Health>,
    workers: Vec<(mpsc::Sender<Command>, JoinHandle<()>)>,
    tasks: Tasks,
    control_path: PathBuf,
    // The lock is kept while the node runs, so that no other node uses the data folder.
    _lock: FolderLock,
}

/// The optional parts of a node that the program provides.
#[derive(Default)]
pub struct Surroundings {
    /// The routes of the demo on the HTTP port; `None` without the demo. With the demo, the node's pages link to it.
    pub demo: Option<Router>,
    /// The counters of log lines that were not written.
    pub log: LogMetrics,
}

/// The tasks of a node. Dropping this value aborts them.
struct Tasks(Vec<AbortHandle>);

impl Drop for Tasks {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

/// The reason why a node cannot start.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The data folder cannot be used.
    #[error(transparent)]
    Folder(#[from] DataFolderError),
    /// A port cannot be bound.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The HTTP or health listener cannot be registered with the runtime.
    #[error("cannot serve the HTTP port: {0}")]
    Http(io::Error),
    /// The TLS certificate of the client port cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The TLS files for connections to the receivers of webhooks cannot be used.
    #[error(transparent)]
    WebhookTls(#[from] WebhookTlsError),
    /// The database cannot be opened.
    #[error("cannot open the database: {0}")]
    Facts(#[from] FactsError),
    /// A file with certificates for the directory cannot be read.
    #[error(transparent)]
    DirectoryFile(#[from] UnreadableFile),
    /// The live records cannot be opened.
    #[error(transparent)]
    Live(#[from] LiveStoreError),
    /// The node cannot join the other nodes of its cluster.
    #[error("cannot join the cluster: {0}")]
    Cluster(DirectoryError),
    /// The live records could not be made consistent with the database.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The operators of the console cannot be read or written.
    #[error(transparent)]
    Operators(#[from] OperatorsError),
    /// A thread cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}

impl Node {
    /// Starts a node in the current tokio runtime. Clients can connect as soon as this returns.
    pub async fn start(config: Config, clock: Clock) -> Result<Self, NodeError> {
        Self::start_with(config, clock, Surroundings::default()).await
    }

    /// Starts a node with optional parts from the program.
    pub async fn start_with(
        config: Config,
        clock: Clock,
        Surroundings { demo, log }: Surroundings,
    ) -> Result<Self, NodeError> {
        let data_dir = &config.data_dir;
        // An existing folder is locked first. A missing folder is created only after the other checks: if one of them
        // fails, the start leaves no folder.
        let lock = match data_dir.exists() {
            true => Some(data_folder::lock(data_dir, IfMissing::Make)?),
            false => data_folder::check_length(data_dir).map(|()| None)?,
        };
        for warning in config.warnings() {
            tracing::warn!("{warning}");
        }
        let certificate = match (&config.tls.certificate, &config.tls.key) {
            (Some(certificate), Some(key)) => Some(Certificate::load(certificate.clone(), key.clone())?),
            (None, _) | (_, None) => None,
        };
        let redis = config.directory_settings()?;
        let receiver_tls = Arc::new(ReceiverTls::load(&config.webhooks)?);
        let poster = Poster::new(Arc::clone(&receiver_tls), config.webhook_networks());
        let worker_count = match config.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            count => count,
        };
        let Ports { clients: listeners, client_address, http: http_listener, health: health_listener } =
            Ports::bind(&config, worker_count)?;
        let lock = lock.map_or_else(|| data_folder::lock(data_dir, IfMissing::Make), Ok)?;

        let store = match config.cluster_identity() {
            None => config.facts_settings(),
            Some(cluster) => config.facts_settings().shared_by(cluster),
        };
        let facts = FactsStore::open(&store).await?;
        let grace = config.grace();
        let opened = LiveStore::open(redis, data_dir, &facts, grace, &clock).await?;
        let (live, noted_facts) = (opened.store.clone(), opened.noted);
        if let Some(nodes) = live.nodes() {
            let (epoch, lease) = (live.directory().epoch(), config.lease_times().lease);
            let is_first = facts.facts().apps().await?.is_empty();
            let measured = cluster::measure_clock(&*nodes, &clock, epoch, lease, is_first).await;
            measured.map_err(NodeError::Cluster)?;
        }
        let id = NodeId::of_run(clock.now().wall, rand::random());
        let mut service = Service::new(facts.facts(), live.directory(), live.log(), config.throttle());
        if let Some(limits) = live.limits() {
            let membership = Membership::new(id, config.lease_times());
            service = service.with_limits(limits).with_remote_log().in_cluster(membership, grace);
            service = service.with_clock_ahead(clock.ahead_of_directory());
        }
        let service = Arc::new(service);
        let created = match opened.begin(&service, clock.now()).await? {
            0 => create_first_app(&service).await?,
            _ => None,
        };

        let operators = Arc::new(Operators::open(facts.shared(), &config.data_dir).await?);
        let first_password = Arc::clone(&operators);
        let (figure_store, fact_store) = (facts.facts(), facts.clone());
        let audit = Audit::new(facts.facts(), clock.clone());
        let health = Health::new(clock.clone(), facts.clone(), live.clone(), worker_count);
        let health = Arc::new(health);
        let metrics = Arc::new(Metrics::new(
            worker_count,
            Sources { facts, live: live.clone(), health: Arc::clone(&health), log },
        ));
        let files = raise_file_limit();
        let http_bounds = HttpBounds {
            connections: usize::try_from(files / HTTP_FILES)
                .map_or(config.limits.http_connections, |share| config.limits.http_connections.min(share)),
            connections_per_address: config.limits.http_connections_per_address,
            body_bytes: config.limits.http_body_bytes,
        };
        let http_files = http_bounds.connections + SPARE_CONNECTIONS + HEALTH_CONNECTIONS;
        let most = match config.limits.connections {
            0 => usize::try_from(files.saturating_sub(SPARE_FILES + http_files as u64)).unwrap_or(usize::MAX),
            most => most,
        };
        let app_news = Arc::new(Notify::new());
        let shared = Arc::new(Shared {
            node: id,
            service: Arc::clone(&service),
            clock: clock.clone(),
            tls: certificate.as_ref().map(Certificate::server_config),
            connection_limits: ConnectionLimits::new(most, config.limits.connections_per_address)
                .with_most_unnamed(most.div_ceil(2).min(MAX_UNNAMED)),
            proxies: config.proxies(),
            config: config.clone(),
            app_news: Arc::clone(&app_news),
            workers: worker_count,
        });
        let joined = match live.nodes() {
            None => None,
            Some(nodes) => {
                let cluster = Cluster {
                    nodes,
                    directory: live.directory(),
                    service: Arc::clone(&service),
                    times: config.lease_times(),
                    entry: NodeEntry {
                        id,
                        name: config.name_of_node(),
                        version: env!("CARGO_PKG_VERSION").to_owned(),
                        client_address: client_address.to_string(),
                        http_address: http_listener.local_addr().map_err(NodeError::Http)?.to_string(),
                        started: clock.now().wall,
                        epoch: Some(service.first_epoch()),
                        ..NodeEntry::default()
                    },
                    app_news,
                    register_read: Notify::new(),
                    drain_requested: Notify::new(),
                    metrics: Arc::clone(&metrics),
                    health: Arc::clone(&health),
                    clock: clock.clone(),
                };
                Some(cluster.join().await.map_err(NodeError::Cluster)?)
            }
        };
        let mut tasks = Tasks(Vec::new());
        let (webhooks, webhook_tasks) = Webhooks::start(
            id,
            Arc::clone(&service),
            // The subscription to the events starts before any client can connect, so that no event is missed.
            live.log().follow_events(),
            poster,
            metrics.webhooks(),
            clock.clone(),
        );
        for task in webhook_tasks {
            health.watch("webhooks", task.clone());
            tasks.0.push(task);
        }
        let token_keys = TokenKeys {
            service: Arc::clone(&service),
            poster: webhooks.poster(),
            data_dir: config.data_dir.clone(),
            metrics: metrics.token_keys(),
            clock: clock.clone(),
        };
        token_keys.restore(clock.now());
        let token_keys = tokio::spawn(token_keys.run()).abort_handle();
        let mut workers = Vec::new();
        for (index, listener) in listeners.into_iter().enumerate() {
            let (commands, receiver) = mpsc::channel(1);
            let (shared, metrics, log) =
                (Arc::clone(&shared), metrics.worker(index), live.log().follow_interest());
            let pulse = health.worker(index);
            let thread = std::thread::Builder::new().name(format!("worker-{index}"));
            let running = thread.spawn(move || {
                let _beating = pulse.hold();
                if let Err(error) = worker::run(index, listener, shared, metrics, pulse, log, receiver) {
                    tracing::error!(%error, worker = index, "a worker has stopped");
                }
            });
            workers.push((commands, running.map_err(NodeError::Thread)?));
        }

        let name = joined.is_some().then(|| config.name_of_node());
        let figures = Arc::new(Figures::of(name));
        let commands = workers.iter().map(|(commands, _)| commands.downgrade()).collect();
        let console = Console::new(console::Parts {
            service: Arc::clone(&service),
            clock: clock.clone(),
            operators: Arc::clone(&operators),
            audit: audit.clone(),
            figures: Arc::clone(&figures),
            past: Arc::clone(&figure_store),
            webhooks: Arc::clone(&webhooks),
            workers: commands,
        });
        let site = web::Site::new(client_address, config.public_client_url.clone(), demo.is_some());
        let router = probes::routes(Arc::clone(&metrics), Arc::clone(&health))
            .nest("/console/api", console::router(console))
            .merge(Rest::new(Arc::clone(&service), clock.clone(), metrics.api()).router())
            .merge(web::routes(site))
            .merge(demo.unwrap_or_default());
        let past_a_bound = probes::routes(Arc::clone(&metrics), Arc::clone(&health));
        let (http_address, http) =
            http::serve(http_listener, http_bounds, config.proxies(), router, past_a_bound, metrics.http())
                .map_err(NodeError::Http)?;
        let mut health_address = None;
        if let Some(listener) = health_listener {
            let router = probes::routes(Arc::clone(&metrics), Arc::clone(&health));
            let (bound, serving) =
                http::serve_health(listener, router, metrics.http()).map_err(NodeError::Http)?;
            health.watch("health port", serving.clone());
            tasks.0.push(serving);
            health_address = Some(bound);
        }
        let sampling = figures.run(Arc::clone(&metrics), Arc::clone(&service), figure_store, clock.clone());
        let figures = tokio::spawn(sampling).abort_handle();
        let control_path = control::socket_path(&config.data_dir);
        let control = control::serve(
            &control_path,
            Arc::clone(&service),
            live.nodes(),
            webhooks,
            operators,
            audit,
            clock.clone(),
        )
        .map_err(|source| DataFolderError::Unusable { path: control_path.clone(), source })?;
        let noted = keeper::Noted { metrics: metrics.keeper(), pulse: health.keeper() };
        let keeper = keeper::run(Arc::clone(&service), noted, clock.clone());
        let keeper = tokio::spawn(keeper).abort_handle();
        let settling = keeper::settle(Arc::clone(&service), clock.clone());
        let settling = tokio::spawn(settling).abort_handle();
        let retries = keeper::retry(Arc::clone(&service), metrics.keeper(), clock.clone());
        let retries = tokio::spawn(retries).abort_handle();
        let forgetting = keeper::forget_messages(Arc::clone(&service), clock.clone());
        let forgetting = tokio::spawn(forgetting).abort_handle();
        let certificates = keeper::Certificates { own: certificate, receivers: receiver_tls };
        let chores = keeper::do_chores(live.clone(), certificates, health.chores(), clock.clone());
        let chores = tokio::spawn(chores).abort_handle();
        let teller = tokio::spawn(keeper::tell(Arc::clone(&service))).abort_handle();
        let deletions = keeper::delete_apps(Arc::clone(&service), metrics.keeper(), clock.clone());
        let deletions = tokio::spawn(deletions).abort_handle();
        let lost_connections = LostConnections {
            node: id,
            service: Arc::clone(&service),
            workers: workers.iter().map(|(commands, _)| commands.downgrade()).collect(),
            health: Arc::clone(&health),
            ended: metrics.keeper().lost_connections,
            clock: clock.clone(),
        };
        let lost_connections = tokio::spawn(lost_connections.run()).abort_handle();
        let probe = tokio::spawn(Arc::clone(&health).probe_facts()).abort_handle();
        let mut needed = vec![
            ("http", http),
            ("control socket", control),
            ("keeper task", keeper),
            ("ends of logins", settling),
            ("retries", retries),
            ("deletion of messages", forgetting),
            ("chores task", chores),
            ("keys for JWTs", token_keys),
            ("news", teller),
            ("deletion of apps", deletions),
            ("comparison of connections", lost_connections),
            ("probe of facts", probe),
        ];
        if let Some(directory) = live.embedded() {
            let marks = keeper::note_facts(Arc::clone(directory), fact_store.clone());
            needed.push(("marks of facts", tokio::spawn(marks).abort_handle()));
        }
        if let (Some(directory), Some(mark)) = (live.redis(), noted_facts) {
            let marks = shared_facts::keep(Arc::clone(directory), fact_store.clone(), mark);
            needed.push(("marks of facts", tokio::spawn(marks).abort_handle()));
        }
        for (name, task) in needed {
            health.watch(name, task.clone());
            tasks.0.push(task);
        }
        tasks.0.push(figures);
        if let Some(joined) = &joined {
            // These tasks go on while the node stops.
            let workers = workers.iter().map(|(commands, _)| commands.downgrade()).collect();
            joined.start(workers).into_iter().for_each(|(name, task)| health.watch(name, task));
        }
        // The password is generated last, because it could not be shown if a later step failed.
        let console_password = first_password.make_first_password().await?;
        tracing::info!(%client_address, %http_address, workers = worker_count, "listening");
        Ok(Self {
            id,
            client_address,
            http_address,
            health_address,
            service,
            live,
            joined,
            facts: fact_store,
            metrics,
            clock,
            created,
            console_password,
            health,
            workers,
            tasks,
            control_path,
            _lock: lock,
        })
    }

    /// Returns the id of this run of the node.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// Returns the bound address of the client port.
    pub fn client_address(&self) -> SocketAddr {
        self.client_address
    }

    /// Returns the bound address of the HTTP port.
    pub fn http_address(&self) -> SocketAddr {
        self.http_address
    }

    /// Returns the bound address of the health port; `None` without a health port.
    pub fn health_address(&self) -> Option<SocketAddr> {
        self.health_address
    }

    /// Returns the service of this node, which executes its operations.
    pub fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// Returns the number of open connections, including those without a login.
    pub fn connections(&self) -> usize {
        usize::try_from(self.metrics.connections()).unwrap_or(0)
    }

    /// Returns the app that this start created; `None` if an app already existed.
    pub fn created(&self) -> Option<&App> {
        self.created.as_ref()
    }

    /// Returns the console password, if this start generated it. Only its hash is stored, so the operator must see the
    /// password now.
    pub fn console_password(&self) -> Option<&str> {
        self.console_password.as_deref()
    }

    /// Waits until a part of the node has ended, and returns its name. The caller should then stop the node, because
    /// the node cannot restart the part.
    pub async fn part_ended(&self) -> String {
        self.health.part_ended().await
    }

    /// Returns `true` if the event loop of every worker makes its rounds. A watchdog can use the result as a sign of
    /// life.
    pub fn workers_turn(&self) -> bool {
        self.health.workers_turn()
    }

    /// Stops the node. The node accepts no more clients, asks all clients to reconnect, and saves which devices were
    /// connected. Clients can reconnect within the grace (`node_loss_grace_ms`). Their users then stay ONLINE for
    /// others, even across a restart of the machine.
    pub async fn stop(self) {
        self.health.stop();
        if let Some(joined) = &self.joined {
            joined.tell_draining().await;
        }
        let drained = async {
            for (commands, _) in &self.workers {
                let (done, told) = oneshot::channel();
                if commands.send(Command::Drain(done)).await.is_ok() {
                    // The result is ignored, because a worker that has stopped has no clients left.
                    let _ = told.await;
                }
            }
        };
        if tokio::time::timeout(WORKERS_STOP, drained).await.is_err() {
            tracing::error!(
                "a worker does not accept commands; the connections of its clients are closed without a last message"
            );
        }
        let farewell = async {
            while self.metrics.connections() > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        // Connections that are still open after this time are closed without a last message.
        let _ = tokio::time::timeout(FAREWELL, farewell).await;
        // The error is ignored, because the socket may already be gone.
        let _ = fs::remove_file(&self.control_path);
        let Self { service, workers, live, joined, facts, clock, tasks, .. } = self;
        drop(tasks);
        let ended = tokio::task::spawn_blocking(move || {
            for (commands, thread) in workers {
                drop(commands);
                if thread.join().is_err() {
                    tracing::error!("a worker has panicked");
                }
            }
        });
        match tokio::time::timeout(WORKERS_STOP, ended).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the node did not stop in order"),
            Err(_) => tracing::error!("a worker does not end; the node stops without it"),
        }
        // What is left is lost with the process.
        let are_done = keeper::finish_retries(&service, &clock, RETRIES_PATIENCE).await;
        if !are_done {
            tracing::warn!("a store does not answer; the live records are compared with the database later");
        }
        if let Some(joined) = joined {
            joined.leave(are_done).await;
        }
        if let Some(directory) = live.embedded() {
            let last = keeper::note_last_facts(directory, &facts);
            if tokio::time::timeout(WORKERS_STOP, last).await.is_err() {
                tracing::warn!(
                    "the database does not answer; its mark was not recorded with the live records"
                );
            }
        }
        if let Some(directory) = live.redis() {
            let last = shared_facts::keep_last(directory, &facts);
            if tokio::time::timeout(WORKERS_STOP, last).await.is_err() {
                tracing::warn!("the mark of the database could not be noted in the directory in time");
            }
        }
        // This write has no time limit, because live records would be lost without it.
        let kept = tokio::task::spawn_blocking(move || live.close(clock.now()));
        match kept.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, "the live records could not be written or synced to disk")
            }
            Err(error) => tracing::error!(%error, "the node did not stop in order"),
        }
        tracing::info!("stopped");
    }
}

/// Creates the first app. Returns `None` if another node creates the app at the same time.
async fn create_first_app(service: &Service) -> Result<Option<App>, NodeError> {
    let app = App {
        id: FIRST_APP,
        keys: vec![AppKey { id: 1, text: lamplight_auth::generate_key(rand::random()) }],
        admins: vec![UserId::new("administrator").expect("printable")],
        settings: AppSettings { name: "first app".to_owned(), ..AppSettings::of_a_new_app() },
    };
    if service.replace_app(None, app.clone()).await? {
        return Ok(Some(app));
    }
    service.refresh_apps().await?;
    Ok(None)
}

/// Raises the process's file limit to its maximum. Returns the new limit.
fn raise_file_limit() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    // If this fails, the current limit stays in force.
    let _ = setrlimit(Resource::Nofile, raised);
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
