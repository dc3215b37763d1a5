//! Operations on webhooks.

use crate::webhooks::{ShownLane, Webhooks, lanes};
use lamplight_facts::DeadLetter;
use lamplight_model::{AppId, Code, Hook, Lane, NoticeContent, Now, Refusal, Timestamp, UserId};
use lamplight_service::{DeadLetters, Service, ServiceError};
use serde::{Deserialize, Serialize};

/// An operation on webhooks.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookOperation {
    /// Lists the webhooks of one app with their state; `None` means all apps.
    List(Option<AppId>),
    /// Reads a page of an app's dead letters, in the order in which they became dead letters.
    Dead {
        /// The app.
        app: AppId,
        /// The id of the last dead letter of the previous page; `None` for the first page.
        after: Option<u64>,
        /// The maximum number of dead letters in the answer.
        limit: usize,
    },
    /// Queues dead letters to be sent again.
    Resend {
        /// The app.
        app: AppId,
        /// The ids; `None` for all dead letters of the app.
        ids: Option<Vec<u64>>,
    },
    /// Deletes dead letters.
    Drop {
        /// The app.
        app: AppId,
        /// The ids; `None` for all dead letters of the app.
        ids: Option<Vec<u64>>,
    },
    /// Sends a test request, which reports no event, to a webhook. Needs a running node.
    Test {
        /// The webhook to test.
        lane: Lane,
    },
}

/// The outcome of a [`WebhookOperation`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookOutcome {
    /// Webhooks, in ascending order of their apps.
    Lanes(Vec<ShownLane>),
    /// Dead letters, in the order in which they became dead letters.
    DeadLetters(Vec<ShownDeadLetter>),
    /// The dead letters were queued to be sent again, or were deleted.
    Done {
        /// The number of dead letters.
        count: usize,
    },
    /// The outcome of a test request.
    Tested {
        /// The HTTP status of the response; `None` if the request does not count as delivered.
        status: Option<u16>,
        /// The error; `None` if the request counts as delivered.
        error: Option<String>,
        /// The time from request to response, in milliseconds.
        took_ms: u64,
        /// The name of the header with the request's id.
        #[serde(default)]
        header: String,
        /// The value of the header `header`.
        #[serde(default)]
        delivery: String,
        /// The names of the query parameters with the signature; empty if requests are not signed.
        #[serde(default)]
        signature: Vec<String>,
    },
}

/// A dead letter, as an operator sees it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ShownDeadLetter {
    /// The id of the dead letter.
    pub id: u64,
    /// The webhook that the notice was for.
    pub webhook: Hook,
    /// The user that the notice is about.
    pub user_id: UserId,
    /// A summary of the content, on one line.
    pub summary: String,
    /// The content.
    pub content: NoticeContent,
    /// The time when the notice entered the outbox.
    pub queued: Timestamp,
    /// The time when the notice became a dead letter.
    pub died: Timestamp,
    /// The number of attempts, which have all failed.
    pub attempts: u32,
    /// The error of the last attempt.
    pub error: String,
}

pub(super) async fn execute(
    service: &Service,
    webhooks: Option<&Webhooks>,
    operation: WebhookOperation,
    now: Now,
) -> Result<WebhookOutcome, ServiceError> {
    let which = |ids: Option<Vec<u64>>| ids.map_or(DeadLetters::All, DeadLetters::These);
    Ok(match operation {
        WebhookOperation::List(app) => WebhookOutcome::Lanes(lanes(service, webhooks, app).await?),
        WebhookOperation::Dead { app, after, limit } => {
            let letters = service.outbox().dead_letters(app, after, limit).await?;
            WebhookOutcome::DeadLetters(letters.into_iter().map(show).collect())
        }
        WebhookOperation::Resend { app, ids } => {
            WebhookOutcome::Done { count: service.outbox().resend(app, which(ids), now).await? }
        }
        WebhookOperation::Drop { app, ids } => {
            WebhookOutcome::Done { count: service.outbox().drop_dead_letters(app, which(ids)).await? }
        }
        WebhookOperation::Test { lane } => {
            // Only a running node can send a test request, and the caller has checked that a node runs.
            let webhooks = webhooks.ok_or_else(|| Refusal::from(Code::INTERNAL))?;
            let tested = webhooks.test(lane).await?;
            let took_ms = u64::try_from(tested.took.as_millis()).unwrap_or(u64::MAX);
            let (status, error) = match tested.answer {
                Ok(status) => (Some(status), None),
                Err(error) => (None, Some(error)),
            };
            let signature = tested.signature.iter().map(|name| (*name).to_owned()).collect();
            let (header, delivery) = (tested.header.to_owned(), tested.delivery);
            WebhookOutcome::Tested { status, error, took_ms, header, delivery, signature }
        }
    })
}

fn show(letter: DeadLetter) -> ShownDeadLetter {
    ShownDeadLetter {
        id: letter.id,
        webhook: letter.lane.hook,
        user_id: letter.user.id,
        summary: letter.content.summary(),
        content: letter.content,
        queued: letter.queued,
        died: letter.died,
        attempts: letter.attempts,
        error: letter.error,
    }
}
