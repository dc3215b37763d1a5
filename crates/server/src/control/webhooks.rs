//! Operations of an operator on webhooks.

use crate::webhooks::Webhooks;
use lamplight_facts::{DeadLetter, LaneState};
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

/// A webhook, as it is shown.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ShownLane {
    /// Which app.
    pub app: AppId,
    /// Which of its webhooks.
    pub webhook: Hook,
    /// Where it leads; empty: nowhere.
    pub url: String,
    /// Whether requests are signed.
    pub signed: bool,
    /// Notices that wait.
    pub waiting: u64,
    /// When the oldest of them was taken in.
    pub oldest: Option<Timestamp>,
    /// Dead letters.
    pub dead_letters: u64,
    /// The receiver failed some times in a row, and is left alone until then.
    pub resting_until: Option<Timestamp>,
    /// Why the last request failed; empty when it did not.
    pub last_error: String,
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

/// The webhooks of an app, or of all, by rising app. Those that lead nowhere and have nothing are left out.
pub(crate) async fn lanes(
    service: &Service,
    webhooks: Option<&Webhooks>,
    app: Option<AppId>,
) -> Result<Vec<ShownLane>, ServiceError> {
    let apps = match app {
        Some(app) => vec![service.apps().get(app).ok_or(Code::NO_SUCH_APP)?],
        None => service.apps().all(),
    };
    let states = service.outbox_lanes().await?;
    let mut shown = Vec::new();
    for app in apps {
        for hook in Hook::ALL {
            let lane = Lane { app: app.id, hook };
            let state = states.iter().find(|state| state.lane == lane).copied();
            let url = hook.url(&app.settings).to_owned();
            let state = state.unwrap_or(LaneState { lane, waiting: 0, oldest: None, dead: 0 });
            if url.is_empty() && state.waiting == 0 && state.dead == 0 {
                continue;
            }
            let gate = webhooks.map(|webhooks| webhooks.gate(lane)).unwrap_or_default();
            shown.push(ShownLane {
                app: app.id,
                webhook: hook,
                url,
                signed: !app.settings.webhooks.token.is_empty(),
                waiting: state.waiting,
                oldest: state.oldest,
                dead_letters: state.dead,
                resting_until: gate.closed_until,
                last_error: gate.error,
            });
        }
    }
    Ok(shown)
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
