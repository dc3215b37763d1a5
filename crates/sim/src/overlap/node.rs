//! One simulated server process: its stores, its workers, its keeper, and the sending of session events to the backend.

use super::executor::{block_on, directory_time};
use super::judge::Judge;
pub(crate) use super::lease::GRACE;
use super::lease::{Lease, Stores, TIMES};
use super::people::{APP, People};
use super::receiver::{Answer, Receiver, Truths};
use super::sight::Sight;
use super::stores::{DelayedDirectory, DelayedFacts, DelayedLog, Live, OlderWins};
use super::weather::Weather;
use super::worker::{Shared, Worker};
use crate::random::Random;
use crate::world::Failed;
use lamplight_core::{LaneLeasing, LanePermit, LeaseCall, Membership, Presence};
use lamplight_directory::{ChangeLog, Directory, Heard, InProcessDirectory, LogReader};
use lamplight_facts::{Facts, Notice, Settled, SettledAs};
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{AppKey, Hook, Lane, NodeId, NoticeContent, User};
use lamplight_service::{Expiring, RecorderTerms, Service, ThrottleLimits};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

/// The number of workers.
pub(crate) const WORKERS: usize = 2;

/// The interval of the keeper in milliseconds.
const TICK: u64 = 250;
const BATCH: usize = 256;

/// The parts of a process, which are dropped when the process ends.
pub(crate) struct Node {
    pub shared: Rc<Shared>,
    pub workers: Vec<Rc<Worker>>,
    pub facts: Arc<SqliteFacts>,
}

/// The parts of the simulation that remain when a process ends.
pub(crate) struct Surroundings {
    pub executor: super::executor::Executor,
    pub weather: Arc<Weather>,
    pub people: Rc<People>,
    pub sight: Rc<Sight>,
    pub judge: Rc<Judge>,
    pub key: AppKey,
    /// The app's backend; `None` for an app without a webhook.
    pub receiver: Option<Rc<Receiver>>,
    pub truths: Arc<Truths>,
    pub older_wins: Arc<OlderWins>,
}

impl Node {
    /// Starts a process with the data in this folder. Meanwhile, the stores must have no failures and delays.
    pub fn start(folder: &Path, around: &Surroundings, group: u64, seed: u64) -> Result<Self, Failed> {
        let mut random = Random::new(seed ^ group.rotate_left(32));
        let origin = around.executor.clock().now().saturating_sub(random.below(5_000) as u64);
        let facts = Arc::new(SqliteFacts::open(&folder.join("facts.db"))?);
        let clock = around.executor.clock().now();
        let now = lamplight_model::Now {
            moment: lamplight_model::Moment(clock - origin),
            wall: super::executor::wall(clock),
        };
        let (directory, found) = InProcessDirectory::open(&folder.join("live"), now, GRACE)?;
        let live = Live::of_process(directory);
        let service = service_on(&live, &facts, around);
        let mut users = live.now().users();
        users.sort_unstable();
        block_on(service.recover(users, found.complete_since, now))?;
        let id = NodeId::of_run(now.wall, group as u16);
        Ok(Self::with(id, service, live, facts, None, around, group, (origin, random)))
    }

    /// Starts a node of a cluster. Meanwhile, the stores must have no failures and delays.
    pub fn join(stores: &Stores, around: &Surroundings, group: u64, seed: u64) -> Result<Self, Failed> {
        let mut random = Random::new(seed ^ group.rotate_left(32));
        let clock = around.executor.clock().now();
        let origin = clock.saturating_sub(random.below(5_000) as u64);
        let id = NodeId::of_run(super::executor::wall(clock), group as u16);
        let local = lamplight_model::Moment(clock - origin);
        let now = directory_time(around.executor.clock().directory());
        let beginning = Lease::begin(stores, &around.weather, id, local, now, &mut random);
        let (lease, register) = block_on(beginning)?;
        let service = service_on(&stores.live, &stores.facts, around)
            .in_cluster(Membership::new(id, TIMES), TIMES.grace)
            .with_clock_ahead(lease.clock.borrow().ahead_of_directory(local));
        block_on(service.begin_in_cluster())?;
        service.duties().observe(&register, local);
        let (live, facts) = (Arc::clone(&stores.live), Arc::clone(&stores.facts));
        let node = Self::with(id, service, live, facts, Some(lease), around, group, (origin, random));
        node.keep_up_with_others();
        Ok(node)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one value")]
    fn with(
        id: NodeId,
        service: Service,
        live: Arc<Live>,
        facts: Arc<SqliteFacts>,
        lease: Option<Lease>,
        around: &Surroundings,
        group: u64,
        (origin, random): (u64, Random),
    ) -> Self {
        let shared = Rc::new(Shared {
            node: id,
            service,
            live,
            executor: around.executor.clone(),
            group,
            origin,
            lease,
            key: around.key.clone(),
            people: Rc::clone(&around.people),
            sight: Rc::clone(&around.sight),
            judge: Rc::clone(&around.judge),
            attempts: RefCell::default(),
            random: RefCell::new(random),
        });
        let workers = (0..WORKERS).map(|index| Worker::start(index, &shared)).collect();
        let it = Rc::clone(&shared);
        shared.start(async move { keep(&it).await });
        let it = Rc::clone(&shared);
        shared.start(async move { settle(&it).await });
        let it = Rc::clone(&shared);
        shared.start(async move { retry(&it).await });
        let it = Rc::clone(&shared);
        shared.start(async move { tell(&it).await });
        let (it, log) = (Rc::clone(&shared), shared.live.now().follow_events());
        shared.start(async move { record_all(&it, log).await });
        if let Some(receiver) = &around.receiver {
            let (it, receiver) = (Rc::clone(&shared), Rc::clone(receiver));
            shared.start(async move { send_all(&it, &receiver).await });
        }
        Self { shared, workers, facts }
    }

    /// Reads the record of a user from the directory, without delays and failures.
    pub fn peek<T>(&self, user: &User, mut view: impl FnMut(Option<&Presence>) -> T + Send) -> T
    where
        T: Send,
    {
        let mut seen = None;
        let users = std::slice::from_ref(user);
        let mut look =
            |_: usize, record: Option<(&Presence, u64)>| seen = Some(view(record.map(|(it, _)| it)));
        block_on(self.shared.live.now().read_with(users, &mut look)).expect("a read in memory");
        seen.expect("the port passes the record of every user")
    }

    /// The facts, without delays and failures.
    pub fn facts(&self) -> &dyn Facts {
        &*self.facts
    }
}

/// Creates a service whose stores have delays and failures.
fn service_on(live: &Arc<Live>, facts: &Arc<SqliteFacts>, around: &Surroundings) -> Service {
    let directory = DelayedDirectory {
        live: Arc::clone(live),
        weather: Arc::clone(&around.weather),
        older_wins: Arc::clone(&around.older_wins),
        truths: Arc::clone(&around.truths),
    };
    let log = DelayedLog { live: Arc::clone(live), weather: Arc::clone(&around.weather) };
    let durable = DelayedFacts { inner: Arc::clone(facts), weather: Arc::clone(&around.weather) };
    let nobody_waits = ThrottleLimits { failures_per_address: u32::MAX };
    Service::new(Arc::new(durable), Arc::new(directory), Arc::new(log), nobody_waits)
}

/// Carries out the deadlines and maintains the live records, as the server's keeper does.
async fn keep(shared: &Shared) {
    for turn in 0u32.. {
        shared.executor.clock().sleep(TICK).await;
        loop {
            match shared.service.expire_due(BATCH, shared.now()).await {
                Ok(Expiring { looked_at: BATCH, failed: 0 }) => {}
                Ok(_) => break,
                Err(error) => {
                    shared.judge.note(|| format!("  the due work has failed: {error}"));
                    break;
                }
            }
        }
        if turn.is_multiple_of(20) {
            shared.service.sweep(shared.now());
            if let Err(error) = shared.live.now().maintain(shared.now()) {
                shared.judge.note(|| format!("  cannot write live records to disk: {error}"));
            }
        }
    }
}

/// Does the due work that needs the facts.
async fn settle(shared: &Shared) {
    loop {
        shared.service.due_work_waits().await;
        shared.service.settle_due(shared.now()).await;
    }
}

/// Retries the operations in the retry list.
async fn retry(shared: &Shared) {
    loop {
        shared.executor.clock().sleep(TICK).await;
        shared.service.retry(shared.now()).await;
    }
}

/// Repeats the failed appends to the change log.
async fn tell(shared: &Shared) {
    loop {
        shared.service.telling().waits().await;
        if let Err(error) = shared.service.telling().append_waiting().await {
            shared.judge.note(|| format!("  cannot append news to the change log: {error}"));
            shared.executor.clock().sleep(TICK).await;
        }
    }
}

/// Does the work of the server's recorder: writes session events to the outbox.
async fn record_all(shared: &Shared, mut log: LogReader) {
    const PAUSE: u64 = 500;
    /// The interval at which a node of a cluster checks its duties, and whether the directory has lost its data.
    const BETWEEN_LOOKS: u64 = 5_000;
    let mut waiting: BTreeSet<User> = BTreeSet::new();
    let mut entries = Vec::new();
    let mut missed = true;
    let mut duties = shared.service.duties().generation();
    let mut terms = RecorderTerms::default();
    let mut losses = shared.live.losses();
    loop {
        if waiting.is_empty() && !missed {
            tokio::select! {
                biased;
                () = log.ready() => {}
                () = shared.executor.clock().sleep(BETWEEN_LOOKS), if shared.lease.is_some() => {}
            }
        }
        if std::mem::replace(&mut losses, shared.live.losses()) != shared.live.losses() {
            log = shared.live.now().follow_events();
            missed = true;
        }
        missed |= log.take(&mut entries) != Heard::All;
        let now = shared.service.duties().generation();
        missed |= std::mem::replace(&mut duties, now) != now;
        waiting.extend(entries.drain(..).map(|entry| entry.user.clone()));
        // Unlike the server's recorder, that of each node moves the events of all users.
        let batch: Vec<User> = waiting.iter().cloned().collect();
        let done = async {
            if missed {
                waiting.extend(shared.service.users_with_events().await?);
                missed = false;
            }
            shared.service.record_events(&mut terms, &batch, shared.now()).await
        };
        match done.await {
            Ok(Some(_)) => waiting.retain(|user| !batch.contains(user)),
            Ok(None) => {
                shared.judge.count("recorders superseded");
                let pause = shared.random.borrow_mut().below(PAUSE as usize) as u64;
                shared.executor.clock().sleep(pause).await;
            }
            Err(error) => {
                shared.judge.note(|| format!("  cannot put events into the outbox: {error}"));
                shared.executor.clock().sleep(PAUSE).await;
            }
        }
    }
}

/// Sends notices to the backend like the server's dispatcher, but at random times. In a cluster, sends them only while
/// the node has the lease of the lane.
async fn send_all(shared: &Shared, receiver: &Receiver) {
    const MOST: usize = 16;
    let mut leasing = LaneLeasing::new(shared.lease.is_some().then_some(shared.node));
    loop {
        shared.executor.clock().sleep(1 + receiver.delay(1_500)).await;
        let has_duty = shared.service.has_lane(THE_LANE);
        if let Some(call) = leasing.next_call(has_duty, true, true, shared.local()) {
            change_lease(shared, &mut leasing, call).await;
        }
        let Some(permit) = leasing.permit(shared.local()).filter(|_| has_duty) else { continue };
        // The notice may change between the read and the send, so some time passes here.
        let Ok(heads) = shared.service.outbox().heads(THE_LANE, MOST).await else { continue };
        for notice in heads {
            shared.executor.clock().sleep(receiver.delay(60)).await;
            if send(shared, receiver, permit, &notice).await == Answer::None {
                continue;
            }
            let settled = vec![Settled { id: notice.id, term: permit.term, settled: SettledAs::Gone }];
            while shared.service.outbox().settle(settled.clone(), shared.now().wall).await.is_err() {
                shared.executor.clock().sleep(TICK).await;
            }
        }
    }
}

/// Takes, renews or releases the lease of the lane.
async fn change_lease(shared: &Shared, leasing: &mut LaneLeasing, call: LeaseCall) {
    let begun = shared.local();
    match call {
        LeaseCall::Take { over } => {
            match shared.service.outbox().take_lease(THE_LANE, shared.node, over).await {
                Ok(lease) => {
                    if leasing.answered(lease, begun, shared.local()) {
                        shared.judge.count("lanes leased");
                    }
                }
                Err(_) => leasing.failed(shared.local()),
            }
        }
        LeaseCall::Release { beat } => match shared.service.outbox().release_lease(THE_LANE, beat).await {
            Ok(()) => leasing.released(),
            Err(_) => leasing.failed(shared.local()),
        },
    }
}

async fn send(shared: &Shared, receiver: &Receiver, permit: LanePermit, notice: &Notice) -> Answer {
    let NoticeContent::Session(event) = &notice.content else { return Answer::Taken };
    if notice.is_disconnect() {
        match shared.service.outbox().hand_out(notice.id).await {
            Ok(true) => {}
            Ok(false) => return Answer::Taken,
            Err(_) => return Answer::None,
        }
    }
    if !permit.allows(shared.local()) {
        return Answer::None;
    }
    shared.executor.clock().sleep(receiver.delay(30)).await;
    let answer = receiver.request(&notice.user, notice.id, event);
    shared.executor.clock().sleep(receiver.delay(30)).await;
    answer
}

/// The lane of session events.
pub(crate) const THE_LANE: Lane = Lane { app: APP, hook: Hook::StateChange };

/// The id of the app.
pub(crate) const THE_APP: lamplight_model::AppId = APP;
