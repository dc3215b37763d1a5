//! Routes for the webhooks of an app: their state, a test request to each, and the dead letters. Dead letters can be
//! sent again or deleted.

use super::Console;
use super::apps::url_for;
use super::error::{ApiError, FromJson, FromPath, FromQuery};
use super::guard::Visitor;
use crate::audit::{Act, letters};
use crate::webhooks::Tested;
use crate::webhooks::{ShownLane, lanes};
use axum::extract::State;
use axum::{Extension, Json};
use lamplight_model::{AppId, AuditAction, Hook, Lane, Timestamp, UserId};
use lamplight_service::DeadLetters;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The number of dead letters in an answer if the request sets no limit.
const PAGE: usize = 50;
/// The maximum number of dead letters in one answer, and of ids in one request.
const MOST_AT_ONCE: usize = 200;

/// The webhooks of an app.
#[derive(Serialize)]
pub struct WebhookList {
    webhooks: Vec<ShownWebhook>,
}

/// The state of a webhook, as `lamplight webhook list` also shows it.
#[derive(Serialize)]
struct ShownWebhook {
    webhook: &'static str,
    /// The URL; empty if the webhook is not set.
    url: String,
    signed: bool,
    waiting: u64,
    /// The time at which the oldest waiting notice was queued; `None` if no notice waits.
    oldest: Option<Timestamp>,
    dead: u64,
    /// The time of the next probe while the circuit breaker is open; `None` while it is closed.
    resting_until: Option<Timestamp>,
    /// The error of the last request; empty if the request succeeded.
    last_error: String,
}

/// The outcome of a test request.
#[derive(Serialize)]
pub struct ShownTest {
    webhook: &'static str,
    /// The HTTP status of the response; `None` if the request does not count as delivered.
    status: Option<u16>,
    /// The error; `None` if the request counts as delivered.
    error: Option<String>,
    took_ms: u64,
    /// The name of the header with the id of the request. The field `delivery` has the header's value.
    header: &'static str,
    delivery: String,
    /// The names of the query parameters with the signature; empty if requests are not signed.
    signature: &'static [&'static str],
}

/// The query for a page of dead letters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// The id of the last dead letter of the previous page; absent for the first page.
    #[serde(default)]
    after: Option<u64>,
    #[serde(default)]
    limit: Option<usize>,
}

/// A page of dead letters, in the order in which they became dead letters.
#[derive(Serialize)]
pub struct Letters {
    letters: Vec<ShownLetter>,
    /// Whether more dead letters follow.
    more: bool,
}

#[derive(Serialize)]
struct ShownLetter {
    id: u64,
    webhook: &'static str,
    event: String,
    user_id: UserId,
    queued: Timestamp,
    died: Timestamp,
    attempts: u32,
    error: String,
}

/// The body of a request that sends again or deletes dead letters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// The ids of the dead letters; all dead letters of the app if absent.
    #[serde(default)]
    ids: Option<Vec<u64>>,
}

/// The number of dead letters that were sent again or deleted.
#[derive(Serialize)]
pub struct Done {
    done: usize,
}

/// `GET apps/{app}/webhooks`: shows the state of the app's webhooks.
pub async fn list(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    FromPath(app): FromPath<AppId>,
) -> Result<Json<WebhookList>, ApiError> {
    let lanes = lanes(&console.service, Some(&console.webhooks), Some(app)).await?;
    let webhooks = lanes.into_iter().map(|lane: ShownLane| ShownWebhook {
        webhook: lane.webhook.name(),
        url: url_for(visitor.role, &lane.url),
        signed: lane.signed,
        waiting: lane.waiting,
        oldest: lane.oldest,
        dead: lane.dead_letters,
        resting_until: lane.resting_until,
        last_error: lane.last_error,
    });
    Ok(Json(WebhookList { webhooks: webhooks.collect() }))
}

/// `POST apps/{app}/webhooks/{webhook}/test`: sends a test request, which reports no event, to a webhook. An app can
/// have one test at a time. The test ends with the receiver's answer or the timeout. The request is not sent to
/// networks that webhooks may not reach.
pub async fn test(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    FromPath((app, hook)): FromPath<(AppId, String)>,
) -> Result<Json<ShownTest>, ApiError> {
    let hook: Hook = hook.parse().map_err(|why: String| ApiError::invalid(why))?;
    let act = Act::on(AuditAction::WebhookTested, Some(app), hook.name());
    let webhooks = Arc::clone(&console.webhooks);
    let test = async move { Ok(webhooks.test(Lane { app, hook }).await?) };
    let note = |tested: &Tested| {
        Some(match &tested.answer {
            Ok(status) => status.to_string(),
            Err(error) => error.clone(),
        })
    };
    let tested = console.record(visitor, act, test, note).await?;
    tracing::info!(app = app.0, webhook = hook.name(), "a webhook was tested for an operator");
    let took_ms = u64::try_from(tested.took.as_millis()).unwrap_or(u64::MAX);
    let (header, delivery, signature) = (tested.header, tested.delivery, tested.signature);
    let (status, error) = match tested.answer {
        Ok(status) => (Some(status), None),
        Err(error) => (None, Some(error)),
    };
    Ok(Json(ShownTest { webhook: hook.name(), status, error, took_ms, header, delivery, signature }))
}

/// `GET apps/{app}/dead-letters?after=&limit=`: shows a page of dead letters.
pub async fn dead_letters(
    State(console): State<Arc<Console>>,
    FromPath(app): FromPath<AppId>,
    FromQuery(page): FromQuery<Page>,
) -> Result<Json<Letters>, ApiError> {
    let limit = page.limit.unwrap_or(PAGE);
    if !(1..=MOST_AT_ONCE).contains(&limit) {
        return Err(ApiError::invalid(format!("limit must be from 1 to {MOST_AT_ONCE}, not {limit}")));
    }
    // Reads one dead letter more than the page has, to find out whether more follow.
    let mut letters = console.service.outbox().dead_letters(app, page.after, limit + 1).await?;
    let more = letters.len() > limit;
    letters.truncate(limit);
    let letters = letters.into_iter().map(|letter| ShownLetter {
        id: letter.id,
        webhook: letter.lane.hook.name(),
        event: letter.content.summary(),
        user_id: letter.user.id,
        queued: letter.queued,
        died: letter.died,
        attempts: letter.attempts,
        error: letter.error,
    });
    Ok(Json(Letters { letters: letters.collect(), more }))
}

/// `POST apps/{app}/dead-letters/resend`: sends dead letters again.
pub async fn resend(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    FromPath(app): FromPath<AppId>,
    FromJson(which): FromJson<Which>,
) -> Result<Json<Done>, ApiError> {
    let act = letters(AuditAction::LettersResent, app, which.ids.as_deref());
    let (which, resending) = (chosen(which)?, Arc::clone(&console));
    let resend = async move {
        let now = resending.clock.now();
        let done = resending.service.outbox().resend(app, which, now).await?;
        tracing::info!(app = app.0, letters = done, "dead letters are sent again for an operator");
        Ok(Done { done })
    };
    console.record(visitor, act, resend, Done::note).await.map(Json)
}

/// `POST apps/{app}/dead-letters/drop`: deletes dead letters.
pub async fn drop_letters(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    FromPath(app): FromPath<AppId>,
    FromJson(which): FromJson<Which>,
) -> Result<Json<Done>, ApiError> {
    let act = letters(AuditAction::LettersDropped, app, which.ids.as_deref());
    let (which, dropping) = (chosen(which)?, Arc::clone(&console));
    let drop = async move {
        let done = dropping.service.outbox().drop_dead_letters(app, which).await?;
        tracing::info!(app = app.0, letters = done, "dead letters were dropped by an operator");
        Ok(Done { done })
    };
    console.record(visitor, act, drop, Done::note).await.map(Json)
}

impl Done {
    /// Returns the note of the audit entry: the number of dead letters; `None` for zero.
    fn note(&self) -> Option<String> {
        (self.done > 0).then(|| self.done.to_string())
    }
}

fn chosen(which: Which) -> Result<DeadLetters, ApiError> {
    match which.ids {
        None => Ok(DeadLetters::All),
        Some(ids) if ids.len() <= MOST_AT_ONCE => Ok(DeadLetters::These(ids)),
        Some(ids) => {
            Err(ApiError::invalid(format!("at most {MOST_AT_ONCE} ids may be named, not {}", ids.len())))
        }
    }
}
