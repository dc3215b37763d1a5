//! Sends the notices of the outbox to the receivers. The plan of each lane decides which notice is sent and when; this
//! module sends requests, and reads and writes the database.

use super::lane::{Breaker, LanePlan, Sent};
use super::poster::Poster;
use super::request::WebhookRequest;
use super::{ReceiverState, ReceiverStates, WebhookMetrics};
use crate::clock::Clock;
use futures_util::FutureExt;
use lamplight_facts::{FactsError, LaneState, Notice, Settled, SettledAs};
use lamplight_model::{App, Lane, WebhookUrl};
use lamplight_service::Service;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// The maximum number of concurrent requests of all lanes.
pub const MAX_IN_FLIGHT: usize = 128;
/// The maximum number of results that are stored in one commit.
const SETTLE_BATCH: usize = 512;
/// The time for which the database is not used after it has failed.
const PAUSE: Duration = Duration::from_millis(500);
/// The interval of measuring the backlog and closing unused connections.
const CHORES: Duration = Duration::from_secs(5);

/// The sender of all webhooks of a node.
pub struct Dispatcher {
    pub service: Arc<Service>,
    pub poster: Arc<Poster>,
    pub metrics: WebhookMetrics,
    pub receivers: ReceiverStates,
    pub clock: Clock,
}

/// The outcome of a task that the dispatcher has started.
enum Event {
    Sent { notice: Notice, sent: Sent, took: Duration },
    Read { lane: Lane, limit: usize, heads: Result<Vec<Notice>, FactsError> },
    Settled { batch: Vec<Settled>, lanes: Vec<Lane>, done: Result<usize, FactsError> },
    Lanes(Result<Vec<LaneState>, FactsError>),
    Rested,
}

#[derive(Default)]
struct State {
    lanes: BTreeMap<Lane, LaneWork>,
    /// Results that have not been stored in the outbox yet.
    results: Vec<(Lane, Settled)>,
    in_flight: usize,
    settling: bool,
    /// `true` after the database has failed, until the pause has passed.
    resting: bool,
    /// The index of the lane that is served first in the next round. It changes, so that no lane is always last.
    turn: usize,
}

#[derive(Default)]
struct LaneWork {
    plan: LanePlan,
    /// The URL of the webhook, as last read from the settings.
    url: String,
    /// The parsed `url`; `None` if it is invalid.
    target: Option<WebhookUrl>,
}

impl Dispatcher {
    /// Sends notices until the task is aborted.
    pub async fn run(self) {
        let mut state = State::default();
        let mut jobs: JoinSet<Event> = JoinSet::new();
        let mut chores = tokio::time::interval(CHORES);
        chores.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            self.begin(&mut state, &mut jobs);
            // If the maximum number of requests is running, or after a failure of the database, nothing can be started
            // until a task ends.
            let is_stuck = state.resting || state.in_flight >= MAX_IN_FLIGHT;
            let wake = state.lanes.values().filter_map(|work| work.plan.wakes_at()).min();
            let sleep = wake
                .filter(|_| !is_stuck)
                .map(|at| at.since(self.clock.now().wall).max(Duration::from_millis(1)));
            tokio::select! {
                Some(event) = jobs.join_next() => {
                    let mut next = Some(event);
                    while let Some(event) = next {
                        // An error here is a bug: tasks are aborted only with the dispatcher, and panics of requests
                        // are caught.
                        match event {
                            Ok(event) => self.end(&mut state, &mut jobs, event),
                            Err(error) => tracing::error!(%error, "a job of the webhook dispatcher has panicked"),
                        }
                        next = jobs.try_join_next();
                    }
                }
                lanes = self.service.outbox().bell().heard() => {
                    for lane in lanes {
                        state.lanes.entry(lane).or_default().plan.ring();
                    }
                }
                // If no lane has a time to wake at, sleeps for the interval of the periodic work.
                () = tokio::time::sleep(sleep.unwrap_or(CHORES)) => {}
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

    /// Starts every task that can be started now.
    fn begin(&self, state: &mut State, jobs: &mut JoinSet<Event>) {
        let now = self.clock.now().wall;
        let count = state.lanes.len();
        let (turn, resting) = (state.turn, state.resting);
        state.turn = turn.wrapping_add(1);
        let State { lanes, results, in_flight, .. } = state;
        let mut order: Vec<(&Lane, &mut LaneWork)> = lanes.iter_mut().collect();
        order.rotate_left(turn.checked_rem(count).unwrap_or(0));
        for (lane, work) in order {
            let app = self.service.apps().get(lane.app);
            let url = app.as_ref().map_or("", |app| lane.hook.url(&app.settings));
            if work.url != url {
                work.url = url.to_owned();
                work.target = WebhookUrl::parse(url).ok();
                work.plan.forget_receiver();
                self.show_breaker(*lane, work.plan.breaker(), None);
            }
            while *in_flight < MAX_IN_FLIGHT
                && let Some(notice) = work.plan.next(now)
            {
                match (&app, &work.target) {
                    (Some(app), Some(target)) => {
                        *in_flight += 1;
                        self.send(notice, target.clone(), Arc::clone(app), jobs);
                    }
                    (None, _) | (_, None) if url.is_empty() => {
                        self.metrics.sent("unwanted", None);
                        results.push((*lane, work.plan.done(&notice, Sent::Unwanted, now, 0.0)));
                    }
                    (None, _) | (_, None) => {
                        let failed = Sent::Failed("the URL cannot be used".to_owned());
                        results.push((*lane, work.plan.done(&notice, failed, now, rand::random())));
                    }
                }
            }
            if !resting && let Some(limit) = work.plan.start_reading(now) {
                let (service, lane) = (Arc::clone(&self.service), *lane);
                jobs.spawn(async move {
                    let heads = service.outbox().heads(lane, limit).await;
                    Event::Read { lane, limit, heads }
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
            let stays = !work.plan.is_idle() || apps.get(lane.app).is_some();
            if !stays {
                self.receivers.lock().remove(lane);
            }
            stays
        });
    }

    fn send(&self, notice: Notice, url: WebhookUrl, app: Arc<App>, jobs: &mut JoinSet<Event>) {
        let (poster, service) = (Arc::clone(&self.poster), Arc::clone(&self.service));
        let clock = self.clock.clone();
        jobs.spawn(async move {
            let sending = hand_out_and_post(&service, &poster, &clock, &notice, &url, &app);
            let ended = AssertUnwindSafe(sending).catch_unwind().await;
            let bug = |_| (Sent::Failed("a bug of the server".to_owned()), Duration::ZERO);
            let (sent, took) = ended.unwrap_or_else(bug);
            Event::Sent { notice, sent, took }
        });
    }

    /// Handles the outcome of a task.
    fn end(&self, state: &mut State, jobs: &mut JoinSet<Event>, event: Event) {
        let now = self.clock.now().wall;
        match event {
            Event::Sent { notice, sent, took } => {
                state.in_flight -= 1;
                let work = state.lanes.entry(notice.lane).or_default();
                let error = match &sent {
                    Sent::Delivered | Sent::Unwanted => None,
                    Sent::Failed(error) => Some(error.clone()),
                    // No request was sent.
                    Sent::TakenBack | Sent::NotHandedOut(_) => {
                        let settled = work.plan.done(&notice, sent, now, rand::random());
                        state.results.push((notice.lane, settled));
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
                self.tell_breaker(notice.lane, before, work.plan.breaker(), error);
                state.results.push((notice.lane, settled));
            }
            Event::Read { lane, limit, heads } => {
                let plan = &mut state.lanes.entry(lane).or_default().plan;
                match heads {
                    Ok(heads) => plan.offer(heads, limit, now),
                    Err(error) => {
                        plan.reading_failed();
                        self.rest(state, jobs, &error);
                    }
                }
            }
            Event::Settled { batch, lanes, done } => {
                state.settling = false;
                match done {
                    Ok(forgotten) => {
                        self.metrics.dead_forgotten(forgotten as u64);
                        if forgotten > 0 {
                            tracing::warn!(
                                forgotten,
                                "the oldest dead letters were deleted to make room for new ones"
                            );
                        }
                        for (lane, settled) in lanes.into_iter().zip(batch) {
                            tell_if_dead(lane, &settled);
                            state.lanes.entry(lane).or_default().plan.settled([settled.id]);
                        }
                    }
                    Err(error) => {
                        // Only storing the result is retried; the notice is not sent again.
                        state.results.extend(lanes.into_iter().zip(batch));
                        self.rest(state, jobs, &error);
                    }
                }
            }
            Event::Lanes(Ok(lanes)) => {
                for lane in &lanes {
                    // This also finds notices for which the bell did not ring, such as those from before the start of
                    // the node.
                    if lane.waiting > 0 {
                        let is_new = !state.lanes.contains_key(&lane.lane);
                        let work = state.lanes.entry(lane.lane).or_default();
                        if is_new {
                            work.plan.ring();
                        }
                    }
                }
                self.metrics.backlog(&lanes, now);
            }
            Event::Lanes(Err(error)) => {
                tracing::warn!(%error, "the backlog of webhooks could not be measured")
            }
            Event::Rested => state.resting = false,
        }
    }

    /// Logs a failure of the database, and stops using the database for a pause.
    fn rest(&self, state: &mut State, jobs: &mut JoinSet<Event>, error: &FactsError) {
        tracing::error!(%error, "the outbox could not be used; trying again");
        if !std::mem::replace(&mut state.resting, true) {
            jobs.spawn(async {
                tokio::time::sleep(PAUSE).await;
                Event::Rested
            });
        }
    }

    fn tell_breaker(&self, lane: Lane, before: Breaker, after: Breaker, error: Option<String>) {
        match (before, after) {
            (Breaker::Closed { .. }, Breaker::Open { .. }) => {
                tracing::warn!(app = %lane.app, webhook = %lane.hook, error, "a webhook has failed several times in a row; only probes are sent until it answers");
            }
            (Breaker::Open { .. }, Breaker::Closed { .. }) => {
                tracing::info!(app = %lane.app, webhook = %lane.hook, "a webhook answers again");
            }
            (Breaker::Closed { .. }, Breaker::Closed { .. })
            | (Breaker::Open { .. }, Breaker::Open { .. }) => {}
        }
        self.show_breaker(lane, after, error);
    }

    fn show_breaker(&self, lane: Lane, breaker: Breaker, error: Option<String>) {
        let until = match breaker {
            Breaker::Closed { .. } => None,
            Breaker::Open { until, .. } => Some(until),
        };
        let mut receivers = self.receivers.lock();
        receivers.insert(lane, ReceiverState { resting_until: until, error: error.unwrap_or_default() });
    }
}

/// Logs a notice that became a dead letter, because only an operator can send it again.
fn tell_if_dead(lane: Lane, settled: &Settled) {
    if let SettledAs::Dead { error, .. } = &settled.settled {
        tracing::warn!(
            app = %lane.app, webhook = %lane.hook, error,
            "a notice is given up and kept as a dead letter; see `lamplight webhook dead`"
        );
    }
}

/// Sends a notice, unless the outbox has withdrawn it. Returns the outcome and the duration of the request.
async fn hand_out_and_post(
    service: &Service,
    poster: &Poster,
    clock: &Clock,
    notice: &Notice,
    url: &WebhookUrl,
    app: &App,
) -> (Sent, Duration) {
    // From here on, a disconnect notice can no longer be withdrawn, because the receiver may get it.
    if notice.is_disconnect() {
        match service.outbox().hand_out(notice.id).await {
            Ok(true) => {}
            Ok(false) => return (Sent::TakenBack, Duration::ZERO),
            Err(error) => return (Sent::NotHandedOut(error.to_string()), Duration::ZERO),
        }
    }
    // The request is made as late as possible, because the receiver checks the age of the signature.
    let request = WebhookRequest::of(notice, url, &app.settings, clock.now().wall);
    let began = Instant::now();
    let sent = match poster.post(&request).await {
        Ok(_) => Sent::Delivered,
        Err(error) => Sent::Failed(error),
    };
    (sent, began.elapsed())
}
