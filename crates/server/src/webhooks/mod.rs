//! Webhooks (SPEC sections 6 and 9): notifications to the backends of apps.
//!
//! ```text
//! live record ─ recorder ─▶ outbox (facts) ─ dispatcher ─▶ receivers
//!  (journal)    many users    durable, in order   by the plans
//!               one commit    of each user        of the lanes
//! ```
//!
//! If several nodes share their stores, each node moves the events of its partitions. It sends the notices of the lanes
//! that are its duty and that it has leased.
//!
//! A change of a live record adds its event to the record in the same step. The recorder moves events to the outbox,
//! and the dispatcher sends the notices of the outbox until they are settled. Each step may be repeated after a
//! failure, but is never skipped. No client waits for a step.

mod config;
mod dispatcher;
mod failing;
mod lane;
mod metrics;
mod networks;
mod overview;
mod poster;
mod recorder;
mod request;
mod tls;

pub use config::WebhooksConfig;
pub use metrics::WebhookMetrics;
pub use networks::AllowedNetworks;
pub use overview::{ShownLane, lanes};
pub use tls::{ReceiverTls, WebhookTlsError, check_webhook_tls};

use crate::clock::Clock;
use dispatcher::Dispatcher;
use lamplight_directory::LogReader;
use lamplight_model::{AppId, Code, Lane, NodeId, Refusal, Timestamp, WebhookUrl};
use lamplight_service::{Service, ServiceError};
use parking_lot::Mutex;
pub(crate) use poster::Poster;
use request::{DELIVERY_HEADER, SIGNATURE_PARAMETERS, WebhookRequest};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::AbortHandle;

type ReceiverStates = Arc<Mutex<BTreeMap<Lane, ReceiverState>>>;

/// The state of a webhook's receiver: whether it is only probed, and its last error.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReceiverState {
    /// The time of the next probe while the circuit breaker is open; `None` while it is closed.
    pub resting_until: Option<Timestamp>,
    /// The error of the last request; empty if it succeeded.
    pub error: String,
}

/// The outcome of a test request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tested {
    /// The HTTP status of the response, or the reason why the request does not count as delivered.
    pub answer: Result<u16, String>,
    /// The duration of the request.
    pub took: Duration,
    /// The name of the header that contains the id of the request.
    pub header: &'static str,
    /// The value of the header named `header`: the id of the request.
    pub delivery: String,
    /// The names of the query parameters with the signature; empty if the app has no token.
    pub signature: &'static [&'static str],
}

/// A mark that an app is being tested. Dropping the value removes the mark.
struct Testing<'a> {
    testing: &'a Mutex<BTreeSet<AppId>>,
    app: AppId,
}

impl<'a> Testing<'a> {
    /// Marks the app as being tested. Returns `None` if a test of the app is already running.
    fn begin(testing: &'a Mutex<BTreeSet<AppId>>, app: AppId) -> Option<Self> {
        let is_first = testing.lock().insert(app);
        // `then_some` would always create a mark and drop it at once, which would remove the existing mark.
        is_first.then(|| Self { testing, app })
    }
}

impl Drop for Testing<'_> {
    fn drop(&mut self) {
        self.testing.lock().remove(&self.app);
    }
}

/// The webhooks of a node.
pub struct Webhooks {
    service: Arc<Service>,
    poster: Arc<Poster>,
    receivers: ReceiverStates,
    /// The apps for which a test is running.
    testing: Mutex<BTreeSet<AppId>>,
    clock: Clock,
}

impl Webhooks {
    /// Starts the recorder and the dispatcher. `node` is this run of the node. `log` reads the session events, and must
    /// be opened before connections are accepted.
    pub fn start(
        node: NodeId,
        service: Arc<Service>,
        log: LogReader,
        poster: Poster,
        metrics: WebhookMetrics,
        clock: Clock,
    ) -> (Arc<Self>, Vec<AbortHandle>) {
        let poster = Arc::new(poster);
        let receivers = ReceiverStates::default();
        let recorder = recorder::run(Arc::clone(&service), log, metrics.clone(), clock.clone());
        let dispatcher = Dispatcher {
            service: Arc::clone(&service),
            poster: Arc::clone(&poster),
            receivers: Arc::clone(&receivers),
            metrics,
            clock: clock.clone(),
            node: service.is_in_cluster().then_some(node),
        };
        let tasks =
            vec![tokio::spawn(recorder).abort_handle(), tokio::spawn(dispatcher.run()).abort_handle()];
        (Arc::new(Self { service, poster, receivers, testing: Mutex::default(), clock }), tasks)
    }

    /// Returns the HTTP client, which connects only to networks that webhooks may reach.
    pub(crate) fn poster(&self) -> Arc<Poster> {
        Arc::clone(&self.poster)
    }

    /// Returns the state of the receiver of a webhook.
    pub fn receiver(&self, lane: Lane) -> ReceiverState {
        self.receivers.lock().get(&lane).cloned().unwrap_or_default()
    }

    /// Sends a test request, which reports no event. Refuses with 70020 if the app does not exist. Refuses with 6017 if
    /// the app has no valid URL for this webhook. Refuses with 7008 during another test of the app.
    pub async fn test(&self, lane: Lane) -> Result<Tested, ServiceError> {
        let app = self.service.apps().get(lane.app).ok_or(Code::NO_SUCH_APP)?;
        let refused = |why: String| Refusal::because(Code::INVALID_PARAMETER, why);
        let url = lane.hook.url(&app.settings);
        if url.is_empty() {
            return Err(refused(format!("the app has no {} webhook", lane.hook)).into());
        }
        let url = WebhookUrl::parse(url).map_err(|invalid| refused(invalid.to_string()))?;
        let busy = || Refusal::because(Code::CALLED_TOO_OFTEN, "a test of this app is under way");
        let _testing = Testing::begin(&self.testing, lane.app).ok_or_else(busy)?;
        let request = WebhookRequest::test(lane, &url, &app.settings, self.clock.now().wall);
        let is_signed = !app.settings.webhooks.token.is_empty();
        let begun = Instant::now();
        let answer = self.poster.post(&request).await;
        Ok(Tested {
            answer,
            took: begun.elapsed(),
            header: DELIVERY_HEADER,
            delivery: request.delivery,
            signature: if is_signed { &SIGNATURE_PARAMETERS } else { &[] },
        })
    }
}

#[cfg(test)]
mod tests;
