//! Sends the notices of the outbox to the receivers. The plan of each lane decides which notice is sent, and when. The
//! leasing of the lane decides whether this node sends notices. This module sends requests, and reads and writes the
//! database.

use super::failing::{Failing, Use};
use super::lane::{Breaker, LanePlan, Sent};
use super::poster::Poster;
use super::request::WebhookRequest;
use super::{ReceiverState, ReceiverStates, WebhookMetrics};
use crate::clock::Clock;
use futures_util::FutureExt;
use lamplight_core::{LANE_REQUEST, LaneLeasing, LanePermit, LeaseCall};
use lamplight_facts::{FactsError, LaneState, Notice, Settled, SettledAs};
use lamplight_model::{App, Lane, LaneLease, Moment, NodeId, NoticeContent, Now, WebhookUrl};
use lamplight_service::{Service, ServiceError};
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// The maximum number of concurrent requests of all lanes.
pub const MAX_IN_FLIGHT: usize = 128;
/// The maximum number of results that are stored in one commit.
const SETTLE_BATCH: usize = 512;
/// The time for which the database is not used after a failure of the database.
const PAUSE: Duration = Duration::from_millis(500);
/// The interval at which the backlog is measured and unused connections are closed.
const CHORES: Duration = Duration::from_secs(5);
/// The interval at which a node of a cluster checks which lanes are its duties.
const DUTIES: Duration = Duration::from_secs(1);
/// The minimum interval between two entries in the change log about new notices of one lane.
const TELL_EVERY: Duration = Duration::from_millis(50);

// A request must end before the lease does.
const _: () = assert!(super::poster::ANSWER_TIMEOUT.as_millis() <= LANE_REQUEST.as_millis());

/// The sender of all webhooks of a node.
pub struct Dispatcher {
    pub service: Arc<Service>,
    pub poster: Arc<Poster>,
    pub metrics: WebhookMetrics,
    pub receivers: ReceiverStates,
    pub clock: Clock,
    /// The id of this run of the node; `None` if no other node shares the outbox.
    pub node: Option<NodeId>,
}

/// The outcome of a task that the dispatcher has started.
enum Event {
    Sent { notice: Notice, term: Option<u64>, sent: Option<Sent>, took: Duration },
    Read { lane: Lane, term: Option<u64>, limit: usize, heads: Result<Vec<Notice>, FactsError> },
    Leased { lane: Lane, begun: Moment, lease: Result<LaneLease, FactsError> },
    Released { lane: Lane, done: Result<(), FactsError> },
    Settled { batch: Vec<Settled>, lanes: Vec<Lane>, done: Result<usize, FactsError> },
    Lanes(Result<Vec<LaneState>, FactsError>),
    Rested,
}

#[derive(Default)]
struct State {
    node: Option<NodeId>,
    lanes: BTreeMap<Lane, LaneWork>,
    /// The results that have not been stored in the outbox yet.
    results: Vec<(Lane, Settled)>,
    in_flight: usize,
    settling: bool,
    /// `true` during the pause after a failure of the database.
    resting: bool,
    failing: Failing,
    /// The index of the lane that is served first in the next round. The index rotates, so that no lane is always last.
    turn: usize,
}

impl State {
    fn lane(&mut self, lane: Lane) -> &mut LaneWork {
        let node = self.node;
        self.lanes.entry(lane).or_insert_with(|| LaneWork::new(node))
    }
}

struct LaneWork {
    plan: LanePlan,
    leasing: LaneLeasing,
    /// Whether this node has the duty to send the notices of the lane.
    has_duty: bool,
    /// `true` if the lane has new notices that were not reported yet, neither to the plan nor to the other nodes.
    is_rung: bool,
    /// The last time at which this node reported new notices to the other nodes; `None` if it has reported none.
    told: Option<Moment>,
    /// Whether this node shows operators a state of the receiver. A node that does not send the notices of the lane
    /// shows none.
    is_shown: bool,
    /// The URL of the webhook, as last read from the settings.
    url: String,
    /// The parsed `url`; `None` if it is invalid.
    target: Option<WebhookUrl>,
}

impl LaneWork {
    fn new(node: Option<NodeId>) -> Self {
        Self {
            plan: LanePlan::default(),
            leasing: LaneLeasing::new(node),
            has_duty: true,
            is_rung: false,
            told: None,
            is_shown: false,
            url: String::new(),
            target: None,
        }
    }

    /// Returns the term and the end of this node's lease; `None` if the node has no valid lease or no duty for the
    /// lane.
    fn permit(&self, now: Moment) -> Option<LanePermit> {
        self.leasing.permit(now).filter(|_| self.has_duty)
    }

    /// Returns the next call to the store that the lease needs, if any. Afterwards, [`LaneWork::permit`] returns a
    /// permit if notices may be sent.
    fn next_call(&mut self, now: Now) -> Option<LeaseCall> {
        let (has_work, is_quiet) = (self.plan.has_work(now.wall), self.plan.is_quiet());
        self.leasing.next_call(self.has_duty, has_work, is_quiet, now.moment)
    }

    /// Returns the time until the lane must be checked again; `None` if the lane waits only for events.
    fn wakes_in(&self, now: Now) -> Option<Duration> {
        let plan = self.plan.wakes_at().map(|at| at.since(now.wall));
        if self.leasing.is_alone() {
            return plan;
        }
        let told = self.told.filter(|_| self.is_rung).map(|told| told + TELL_EVERY);
        let lease = self.leasing.wakes_at(self.has_duty, self.plan.has_work(now.wall));
        let at = [told, lease].into_iter().flatten().map(|at| at.since(now.moment));
        // Without a permit, the plan cannot continue.
        at.chain(plan.filter(|wait| self.has_duty && (!wait.is_zero() || self.permit(now.moment).is_some())))
            .min()
    }
}

impl Dispatcher {
    /// Sends notices until the task is aborted.
    pub async fn run(self) {
        let mut state = State { node: self.node, ..State::default() };
        let mut jobs: JoinSet<Event> = JoinSet::new();
        let mut chores = tokio::time::interval(CHORES);
        chores.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            self.begin(&mut state, &mut jobs);
            // If the maximum number of requests is running, or after a failure of the database, nothing can be started
            // until a task ends.
            let is_stuck = state.resting || state.in_flight >= MAX_IN_FLIGHT;
            let now = self.clock.now();
            let wake = state.lanes.values().filter_map(|work| work.wakes_in(now)).min();
            let sleep = wake.filter(|_| !is_stuck).map(|wait| wait.max(Duration::from_millis(1)));
            // If no lane has a time to wake at, sleeps for the interval of the periodic work.
            let longest = if self.node.is_some() { DUTIES } else { CHORES };
            tokio::select! {
                Some(event) = jobs.join_next() => {
                    let mut next = Some(event);
                    while let Some(event) = next {
                        // An error here is a bug: tasks are aborted only together with the dispatcher, and panics of
                        // requests are caught.
                        match event {
                            Ok(event) => self.end(&mut state, &mut jobs, event),
                            Err(error) => tracing::error!(%error, "a job of the webhook dispatcher has panicked"),
                        }
                        next = jobs.try_join_next();
                    }
                }
                lanes = self.service.outbox().bell().heard() => {
                    for lane in lanes {
                        state.lane(lane).is_rung = true;
                    }
                }
                () = tokio::time::sleep(sleep.map_or(longest, |wait| wait.min(longest))) => {}
                _ = chores.tick() => {
                    self.poster.sweep();
                    let dropped = self.service.outbox().bell().take_dropped();
                    self.metrics.outbox_full(dropped);
                    if dropped > 0 {
                        tracing::warn!(
                            dropped,
                            "an outbox is full: its push notices are dropped until the webhook answers; see `lamplight webhook list`"
                        );
                    }
                    let service = Arc::clone(&self.service);
                    jobs.spawn(async move { Event::Lanes(service.outbox().lanes().await) });
                }
            }
        }
    }

    /// Starts every task that can start now.
    fn begin(&self, state: &mut State, jobs: &mut JoinSet<Event>) {
        let Now { wall: now, moment } = self.clock.now();
        let count = state.lanes.len();
        let (turn, resting) = (state.turn, state.resting);
        state.turn = turn.wrapping_add(1);
        let State { lanes, results, in_flight, .. } = state;
        let mut order: Vec<(&Lane, &mut LaneWork)> = lanes.iter_mut().collect();
        order.rotate_left(turn.checked_rem(count).unwrap_or(0));
        for (lane, work) in order {
            self.ring(*lane, work, moment);
            if !resting && let Some(call) = work.next_call(Now { wall: now, moment }) {
                self.call(*lane, call, moment, jobs);
            }
            if work.is_shown && !work.leasing.is_alone() && work.leasing.term().is_none() {
                // Only the node that sends to the receiver now knows the receiver's state.
                work.is_shown = false;
                work.plan.forget_breaker();
                self.receivers.lock().remove(lane);
            }
            let Some(permit) = work.permit(moment) else { continue };
            let term = permit.term;
            let app = self.service.apps().get(lane.app);
            let url = app.as_ref().map_or("", |app| lane.hook.url(&app.settings));
            if work.url != url {
                work.url = url.to_owned();
                work.target = WebhookUrl::parse(url).ok();
                work.plan.forget_receiver();
                self.show_breaker(*lane, work, None);
            }
            while *in_flight < MAX_IN_FLIGHT
                && let Some(notice) = work.plan.next(now)
            {
                match (&app, &work.target) {
                    (Some(app), Some(target)) => {
                        *in_flight += 1;
                        self.send(notice, permit, target.clone(), Arc::clone(app), jobs);
                    }
                    (None, _) | (_, None) if url.is_empty() => {
                        self.metrics.sent("unwanted", None);
                        let settled = work.plan.done(&notice, Sent::Unwanted, now, 0.0);
                        results.push((*lane, Settled { term, ..settled }));
                    }
                    (None, _) | (_, None) => {
                        let failed = Sent::Failed("the URL cannot be used".to_owned());
                        let settled = work.plan.done(&notice, failed, now, rand::random());
                        results.push((*lane, Settled { term, ..settled }));
                    }
                }
            }
            if !resting && let Some(limit) = work.plan.start_reading(now) {
                let (service, lane) = (Arc::clone(&self.service), *lane);
                jobs.spawn(async move {
                    let heads = service.outbox().heads(lane, limit).await;
                    Event::Read { lane, term, limit, heads }
                });
            }
        }
        self.forget_deleted_apps(lanes);
        if !state.resting && !state.settling && !state.results.is_empty() {
            state.settling = true;
            let most = state.results.len().min(SETTLE_BATCH);
            let (lanes, batch): (Vec<Lane>, Vec<Settled>) = state.results.drain(..most).unzip();
            let service = Arc::clone(&self.service);
            jobs.spawn(async move {
                let done = service.outbox().settle(batch.clone(), now).await;
                Event::Settled { batch, lanes, done }
            });
        }
    }

    /// Removes the idle lanes of deleted apps.
    fn forget_deleted_apps(&self, lanes: &mut BTreeMap<Lane, LaneWork>) {
        let apps = self.service.apps();
        lanes.retain(|lane, work| {
            let is_unused = work.plan.is_idle() || !work.has_duty && work.plan.is_quiet();
            let is_idle = is_unused && !work.leasing.is_in_use();
            let stays = !is_idle || apps.get(lane.app).is_some();
            if !stays {
                self.receivers.lock().remove(lane);
            }
            stays
        });
    }

    /// Checks whether this node has the duty for the lane. Then reports new notices: to the plan of this node if it has
    /// the duty, or else through the change log to the node that has it.
    fn ring(&self, lane: Lane, work: &mut LaneWork, now: Moment) {
        if self.node.is_some() {
            let had_duty = std::mem::replace(&mut work.has_duty, self.service.has_lane(lane));
            // Other nodes may have sent notices of the lane while this node did not have the duty. The knowledge of the
            // plan is therefore out of date.
            work.is_rung |= work.has_duty && !had_duty;
        }
        if work.is_rung && work.has_duty {
            work.plan.ring();
            work.is_rung = false;
        } else if work.is_rung && work.told.is_none_or(|told| told + TELL_EVERY <= now) {
            self.service.tell_notices(lane);
            work.told = Some(now);
            work.is_rung = false;
        }
    }

    /// Takes, renews or releases the lease of a lane.
    fn call(&self, lane: Lane, call: LeaseCall, begun: Moment, jobs: &mut JoinSet<Event>) {
        let Some(node) = self.node else { return };
        let service = Arc::clone(&self.service);
        jobs.spawn(async move {
            match call {
                LeaseCall::Take { over } => {
                    let lease = service.outbox().take_lease(lane, node, over).await;
                    Event::Leased { lane, begun, lease }
                }
                LeaseCall::Release { beat } => {
                    let done = service.outbox().release_lease(lane, beat).await;
                    Event::Released { lane, done }
                }
            }
        });
    }

    fn send(
        &self,
        notice: Notice,
        permit: LanePermit,
        url: WebhookUrl,
        app: Arc<App>,
        jobs: &mut JoinSet<Event>,
    ) {
        let (poster, service) = (Arc::clone(&self.poster), Arc::clone(&self.service));
        let clock = self.clock.clone();
        jobs.spawn(async move {
            let sending = hand_out_and_post(&service, &poster, &clock, permit, &notice, &url, &app);
            let ended = AssertUnwindSafe(sending).catch_unwind().await;
            let bug = |_| (Some(Sent::Failed("a bug of the server".to_owned())), Duration::ZERO);
            let (sent, took) = ended.unwrap_or_else(bug);
            Event::Sent { notice, term: permit.term, sent, took }
        });
    }

    /// Handles the outcome of a task.
    fn end(&self, state: &mut State, jobs: &mut JoinSet<Event>, event: Event) {
        let Now { wall: now, moment } = self.clock.now();
        match event {
            Event::Sent { notice, sent: None, .. } => {
                state.in_flight -= 1;
                state.lane(notice.lane).plan.not_sent(&notice, now);
            }
            Event::Sent { notice, term, sent: Some(sent), took } => {
                state.in_flight -= 1;
                let work = state.lane(notice.lane);
                let error = match &sent {
                    Sent::Delivered | Sent::Unwanted => None,
                    Sent::Failed(error) => Some(error.clone()),
                    // No request was sent.
                    Sent::TakenBack | Sent::NotHandedOut(_) => {
                        let settled = work.plan.done(&notice, sent, now, rand::random());
                        state.results.push((notice.lane, Settled { term, ..settled }));
                        return;
                    }
                };
                let before = work.plan.breaker();
                let settled = work.plan.done(&notice, sent, now, rand::random());
                self.metrics.sent(
                    match &settled.settled {
                        SettledAs::Gone => "delivered",
                        SettledAs::Again { .. } => "failed",
                        SettledAs::Dead { .. } => "dead",
                    },
                    Some(took),
                );
                self.tell_breaker(notice.lane, before, work, error);
                state.results.push((notice.lane, Settled { term, ..settled }));
            }
            Event::Read { lane, term, limit, heads } => match heads {
                Ok(heads) => {
                    state.failing.succeeded(Use::Read);
                    let work = state.lane(lane);
                    // If this node now has a later term, another node may have sent the heads that were read.
                    match work.leasing.term() == term {
                        true => work.plan.offer(heads, limit, now),
                        false => work.plan.reading_failed(),
                    }
                }
                Err(error) => {
                    state.lane(lane).plan.reading_failed();
                    state.failing.failed(Use::Read, &error);
                    rest(state, jobs);
                }
            },
            Event::Leased { lane, begun, lease: Ok(lease) } => {
                state.failing.succeeded(Use::Lease);
                let work = state.lane(lane);
                if work.leasing.answered(lease, begun, moment) {
                    work.plan.read_again();
                } else if lease.holder.is_none() {
                    work.plan.forget_unsent();
                }
            }
            Event::Released { lane, done: Ok(()) } => {
                state.failing.succeeded(Use::Lease);
                state.lane(lane).leasing.released();
            }
            Event::Leased { lane, lease: Err(error), .. } | Event::Released { lane, done: Err(error) } => {
                state.failing.failed(Use::Lease, &error);
                state.lane(lane).leasing.failed(moment);
            }
            Event::Settled { batch, lanes, done } => {
                state.settling = false;
                match done {
                    Ok(forgotten) => {
                        state.failing.succeeded(Use::Settle);
                        self.metrics.dead_forgotten(forgotten as u64);
                        if forgotten > 0 {
                            tracing::warn!(
                                forgotten,
                                "the oldest dead letters were deleted to make room for new ones"
                            );
                        }
                        for (lane, settled) in lanes.into_iter().zip(batch) {
                            tell_if_dead(lane, &settled);
                            state.lane(lane).plan.settled([settled.id]);
                        }
                    }
                    Err(error) => {
                        // Only storing the result is retried; the notice is not sent again.
                        state.results.extend(lanes.into_iter().zip(batch));
                        state.failing.failed(Use::Settle, &error);
                        rest(state, jobs);
                    }
                }
            }
            Event::Lanes(Ok(lanes)) => {
                state.failing.succeeded(Use::Measure);
                for lane in &lanes {
                    // `lanes` also shows notices for which the bell did not ring, such as those from before the start
                    // of the node.
                    if lane.waiting > 0 {
                        let is_new = !state.lanes.contains_key(&lane.lane);
                        let work = state.lane(lane.lane);
                        // In a cluster, an entry in the log about notices of another node may have been lost.
                        if is_new || self.node.is_some() {
                            work.plan.ring();
                        }
                    }
                }
                self.metrics.backlog(&lanes, now);
            }
            Event::Lanes(Err(error)) => state.failing.failed(Use::Measure, &error),
            Event::Rested => state.resting = false,
        }
    }

    fn tell_breaker(&self, lane: Lane, before: Breaker, work: &mut LaneWork, error: Option<String>) {
        match (before, work.plan.breaker()) {
            (Breaker::Closed { .. }, Breaker::Open { .. }) => {
                tracing::warn!(app = %lane.app, webhook = %lane.hook, error, "a webhook has failed several times in a row; only probes are sent until it answers");
            }
            (Breaker::Open { .. }, Breaker::Closed { .. }) => {
                tracing::info!(app = %lane.app, webhook = %lane.hook, "a webhook answers again");
            }
            (Breaker::Closed { .. }, Breaker::Closed { .. })
            | (Breaker::Open { .. }, Breaker::Open { .. }) => {}
        }
        self.show_breaker(lane, work, error);
    }

    fn show_breaker(&self, lane: Lane, work: &mut LaneWork, error: Option<String>) {
        work.is_shown = true;
        let until = match work.plan.breaker() {
            Breaker::Closed { .. } => None,
            Breaker::Open { until, .. } => Some(until),
        };
        let mut receivers = self.receivers.lock();
        receivers.insert(lane, ReceiverState { resting_until: until, error: error.unwrap_or_default() });
    }
}

/// Pauses the use of the database after a failure.
fn rest(state: &mut State, jobs: &mut JoinSet<Event>) {
    if !std::mem::replace(&mut state.resting, true) {
        jobs.spawn(async {
            tokio::time::sleep(PAUSE).await;
            Event::Rested
        });
    }
}

/// Logs a notice that became a dead letter. Only an operator can send it again.
fn tell_if_dead(lane: Lane, settled: &Settled) {
    if let SettledAs::Dead { error, .. } = &settled.settled {
        tracing::warn!(
            app = %lane.app, webhook = %lane.hook, error,
            "a notice is given up and kept as a dead letter; see `lamplight webhook dead`"
        );
    }
}

/// Sends a notice, unless the outbox has withdrawn it. For an undecided notice, pushes the message of the notice if the
/// recipient is OFFLINE, with a notice of its own. Returns the outcome and the duration of the request. The outcome
/// is `None` if `permit` has expired before the request.
async fn hand_out_and_post(
    service: &Service,
    poster: &Poster,
    clock: &Clock,
    permit: LanePermit,
    notice: &Notice,
    url: &WebhookUrl,
    app: &App,
) -> (Option<Sent>, Duration) {
    // From here on, a disconnect notice can no longer be withdrawn, because the receiver may get it.
    if notice.is_disconnect() {
        match service.outbox().hand_out(notice.id).await {
            Ok(true) => {}
            Ok(false) => return (Some(Sent::TakenBack), Duration::ZERO),
            Err(error) => return (Some(Sent::NotHandedOut(error.to_string())), Duration::ZERO),
        }
    }
    if !permit.allows(clock.now().moment) {
        return (None, Duration::ZERO);
    }
    if let NoticeContent::Push(push) = &notice.content
        && notice.content.is_undecided()
    {
        let decided = service.push_missed(&notice.user, push.at, clock.now()).await;
        let failed = |error: ServiceError| Sent::NotHandedOut(error.to_string());
        return (Some(decided.map_or_else(failed, |()| Sent::TakenBack)), Duration::ZERO);
    }
    // The request is made as late as possible, because the receiver checks the age of the signature.
    let request = WebhookRequest::of(notice, url, &app.settings, clock.now().wall);
    let began = Instant::now();
    let sent = match poster.post(&request).await {
        Ok(_) => Sent::Delivered,
        Err(error) => Sent::Failed(error),
    };
    (Some(sent), began.elapsed())
}
