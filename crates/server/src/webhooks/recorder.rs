//! Moves session events of live records to the outbox, as notices. When a user becomes OFFLINE, also moves the messages
//! that the user may have missed. When another node has put notices into the outbox, wakes the dispatcher.

use super::WebhookMetrics;
use super::failing::{Failing, Use};
use crate::clock::Clock;
use lamplight_directory::{Heard, LogReader, News};
use lamplight_model::User;
use lamplight_service::{EventsRecorded, RecorderTerms, Service};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// The maximum number of users whose events are moved in one commit.
const BATCH: usize = 512;
/// The interval at which the recorder checks its duties, because another node may have left or been lost.
const DUTIES: Duration = Duration::from_secs(5);
/// The time to wait after the database has failed, or after another node has begun to move the same events.
const PAUSE: Duration = Duration::from_millis(500);

/// Moves events to the outbox until the task is aborted. `log` [follows the
/// events](lamplight_directory::ChangeLog::follow_events), and must be opened before connections are accepted.
pub async fn run(service: Arc<Service>, mut log: LogReader, metrics: WebhookMetrics, clock: Clock) {
    let mut waiting: HashSet<User> = HashSet::new();
    let mut entries = Vec::new();
    let mut missed = true;
    let mut duties = service.duties().generation();
    let mut terms = RecorderTerms::default();
    let mut failing = Failing::default();
    loop {
        if waiting.is_empty() && !missed {
            // Waits for an entry of the log, but at most for the interval `DUTIES`. If neither the log nor the duties
            // have changed, nothing is done.
            let _ = tokio::time::timeout(DUTIES, log.ready()).await;
        }
        missed |= log.take(&mut entries) != Heard::All;
        let now = service.duties().generation();
        if std::mem::replace(&mut duties, now) != now {
            missed = true;
            waiting.retain(|user| service.has_events_of(user));
        }
        for entry in entries.drain(..) {
            if let News::Notices(lane) = entry.news {
                if service.has_lane(lane) {
                    service.outbox().bell().ring(lane);
                }
            } else if service.has_events_of(&entry.user) {
                waiting.insert(entry.user.clone());
            }
        }
        if waiting.is_empty() && !missed {
            continue;
        }
        let batch: Vec<User> = waiting.iter().take(BATCH).cloned().collect();
        let done = async {
            if missed {
                waiting.extend(service.users_with_events().await?);
                missed = false;
            }
            service.record_events(&mut terms, &batch, clock.now()).await
        };
        let done = done.await;
        if done.is_ok() {
            failing.succeeded(Use::Record);
        }
        match done {
            Ok(None) => {
                tracing::debug!("another node has begun to move session events of the same users");
                tokio::time::sleep(PAUSE).await;
            }
            Ok(Some(EventsRecorded { outbox_full, record_full })) => {
                metrics.outbox_full(outbox_full);
                metrics.record_full(record_full);
                if outbox_full > 0 {
                    tracing::warn!(
                        dropped = outbox_full,
                        "an outbox is full: new notices are dropped until the webhook answers; see `lamplight webhook list`"
                    );
                }
                waiting.retain(|user| !batch.contains(user));
            }
            Err(error) => {
                failing.failed(Use::Record, &error);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
