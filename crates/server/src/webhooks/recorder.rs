//! From the live records to the outbox: takes the session events over, many users in one commit, and the messages that
//! users who turned OFFLINE may have missed.
//!
//! A record keeps its events until the outbox has them. Should the node die in between, they are taken over again, and
//! the outbox knows those that it still has.

use super::WebhookMetrics;
use crate::clock::Clock;
use lamplight_core::Presence;
use lamplight_directory::{Directory, DirectoryError, Heard, LogReader};
use lamplight_facts::NewNotice;
use lamplight_model::{Hook, Lane, NoticeContent, SessionEvent, Timestamp, User};
use lamplight_service::{Service, ServiceError};
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// Users whose events are taken over in one commit.
const BATCH: usize = 512;
/// The pause after the store has failed.
const PAUSE: Duration = Duration::from_millis(500);

/// Runs until it is aborted. `log` [follows the events](lamplight_directory::ChangeLog::follow_events) from before
/// anybody can connect.
pub async fn run(service: Arc<Service>, mut log: LogReader, metrics: WebhookMetrics, clock: Clock) {
    let mut waiting: HashSet<User> = HashSet::new();
    let mut entries = Vec::new();
    let mut missed = true;
    loop {
        if waiting.is_empty() && !missed {
            log.ready().await;
        }
        missed |= log.take(&mut entries) != Heard::All;
        waiting.extend(entries.drain(..).map(|entry| entry.user.clone()));
        let batch: Vec<User> = waiting.iter().take(BATCH).cloned().collect();
        let done = async {
            if missed {
                read_everybody(service.directory(), &mut waiting).await?;
                missed = false;
            }
            record(&service, &batch, &metrics, &clock).await
        };
        match done.await {
            Ok(()) => waiting.retain(|user| !batch.contains(user)),
            Err(error) => {
                tracing::error!(%error, "session events could not be put into the outbox; trying again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Finds every user whose record has session events.
async fn read_everybody(
    directory: &dyn Directory,
    waiting: &mut HashSet<User>,
) -> Result<(), DirectoryError> {
    for partition in 0..directory.partitions() {
        let mut after = None;
        loop {
            let page = directory.with_events(partition, after.as_ref(), BATCH).await?;
            after = page.last().cloned();
            let is_last = page.len() < BATCH;
            waiting.extend(page);
            if is_last {
                break;
            }
        }
    }
    Ok(())
}

/// What one record has to hand over.
struct HandOver {
    user: User,
    events: Vec<SessionEvent>,
    up_to: u64,
    dropped: u32,
    missed_since: Option<Timestamp>,
}

async fn record(
    service: &Service,
    batch: &[User],
    metrics: &WebhookMetrics,
    clock: &Clock,
) -> Result<(), ServiceError> {
    let read = |user: &User, presence: Option<&Presence>| {
        let pending = presence?.pending_events()?;
        Some(HandOver {
            user: user.clone(),
            events: pending.waiting().cloned().collect(),
            up_to: pending.last_ordinal(),
            dropped: pending.dropped(),
            missed_since: pending.missed_since(),
        })
    };
    let found: Vec<HandOver> = service.directory().read(batch, read).await?.into_iter().flatten().collect();
    let wanted = |user: &User| {
        let app = service.apps().get(user.app);
        app.is_some_and(|app| !Hook::StateChange.url(&app.settings).is_empty())
    };
    let at = clock.now().wall;
    let mut lanes = BTreeSet::new();
    let mut notices = Vec::new();
    for HandOver { user, events, .. } in found.iter().filter(|it| wanted(&it.user)) {
        lanes.insert(Lane { app: user.app, hook: Hook::StateChange });
        notices.extend(events.iter().map(|event| NewNotice {
            user: user.clone(),
            content: NoticeContent::Session(event.clone()),
            at,
        }));
    }
    if !notices.is_empty() {
        let enqueued = service.facts().enqueue(notices).await?;
        metrics.outbox_full(enqueued.dropped as u64);
        if enqueued.dropped > 0 {
            tracing::warn!(dropped = enqueued.dropped, "an outbox is full; session events are dropped");
        }
    }
    for HandOver { user, missed_since, .. } in &found {
        if let Some(since) = *missed_since {
            // Whoever is back by now is told at the login that the lists have changed.
            service.push_missed(user, since, clock.now()).await?;
            let recorded = |presence: &mut Presence| presence.missed_recorded(since);
            service.directory().update(user, clock.now(), recorded).await?;
        }
    }
    for HandOver { user, up_to, dropped, .. } in &found {
        metrics.record_full(u64::from(*dropped));
        let (up_to, dropped) = (*up_to, *dropped);
        let recorded = |presence: &mut Presence| presence.events_recorded(up_to, dropped);
        service.directory().update(user, clock.now(), recorded).await?;
    }
    lanes.into_iter().for_each(|lane| service.outbox_bell().ring(lane));
    Ok(())
}
