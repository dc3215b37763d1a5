//! Operations of an operator on webhooks.

use crate::webhooks::{ShownLane, Webhooks, lanes};
use lamplight_facts::DeadLetter;
use lamplight_model::{AppId, Code, Hook, Lane, NoticeContent, Now, Refusal, Timestamp, UserId};
use lamplight_service::{DeadLetters, Service, ServiceError};
use serde::{Deserialize, Serialize};

/// Something that an operator asks about webhooks.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookOperation {
    /// The webhooks of an app, or of all, and how they do.
    List(Option<AppId>),
    /// A page of the dead letters of an app, in the order of their death.
    Dead {
        /// Which app.
        app: AppId,
        /// The last one of the former page.
        after: Option<u64>,
        /// At most so many.
        limit: usize,
    },
    /// Sends dead letters again.
    Resend {
        /// Of which app.
        app: AppId,
        /// Which; `None`: all.
        ids: Option<Vec<u64>>,
    },
    /// Forgets dead letters.
    Drop {
        /// Of which app.
        app: AppId,
        /// Which; `None`: all.
        ids: Option<Vec<u64>>,
    },
    /// Sends a request that tells of nothing. Needs a running node.
    Test {
        /// To which webhook.
        lane: Lane,
    },
}

/// The outcome of a [`WebhookOperation`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookOutcome {
    /// Webhooks, by rising app.
    Lanes(Vec<ShownLane>),
    /// Dead letters, in the order of their death.
    DeadLetters(Vec<ShownDeadLetter>),
    /// So many dead letters were there, and are no longer.
    Done {
        /// How many.
        count: usize,
    },
    /// The outcome of a test request.
    Tested {
        /// The status of the answer, if it counts as delivered.
        status: Option<u16>,
        /// Why not, otherwise.
        error: Option<String>,
        /// How long it took.
        took_ms: u64,
        /// The header that named the request.
        #[serde(default)]
        header: String,
        /// The value of the delivery header.
        #[serde(default)]
        delivery: String,
        /// The parameters of the query that carried the signature; none where requests are not signed.
        #[serde(default)]
        signature: Vec<String>,
    },
}

/// A dead letter, as it is shown.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ShownDeadLetter {
    /// Names it.
    pub id: u64,
    /// Which webhook it was for.
    pub webhook: Hook,
    /// The user that the notice is about.
    pub user_id: UserId,
    /// A short summary.
    pub summary: String,
    /// The content.
    pub content: NoticeContent,
    /// When it was taken in.
    pub queued: Timestamp,
    /// When it was given up.
    pub died: Timestamp,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// Why it failed last.
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
            let letters = service.dead_letters(app, after, limit).await?;
            WebhookOutcome::DeadLetters(letters.into_iter().map(show).collect())
        }
        WebhookOperation::Resend { app, ids } => {
            WebhookOutcome::Done { count: service.resend_dead_letters(app, which(ids), now).await? }
        }
        WebhookOperation::Drop { app, ids } => {
            WebhookOutcome::Done { count: service.drop_dead_letters(app, which(ids)).await? }
        }
        WebhookOperation::Test { lane } => {
            // Without a node there is nobody to send it; the caller has seen to it that there is one.
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
