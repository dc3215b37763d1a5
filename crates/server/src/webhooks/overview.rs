//! The state of apps' webhooks: waiting notices, dead letters, and receivers that are only probed.

use super::Webhooks;
use lamplight_facts::LaneState;
use lamplight_model::{AppId, Code, Hook, Lane, Timestamp};
use lamplight_service::{Service, ServiceError};
use serde::{Deserialize, Serialize};

/// The state of a webhook, for operators.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ShownLane {
    /// The app.
    pub app: AppId,
    /// The kind of webhook.
    pub webhook: Hook,
    /// The URL; empty if the webhook is not set.
    pub url: String,
    /// Whether requests are signed.
    pub signed: bool,
    /// The number of waiting notices.
    pub waiting: u64,
    /// The time at which the oldest waiting notice was queued; `None` if no notice waits.
    pub oldest: Option<Timestamp>,
    /// The number of dead letters.
    pub dead_letters: u64,
    /// The time of the next probe while the circuit breaker is open; `None` while it is closed.
    pub resting_until: Option<Timestamp>,
    /// The error of the last request; empty if the request succeeded.
    pub last_error: String,
}

/// Returns the webhooks of an app. If `app` is `None`, returns those of all apps, in ascending order of the app ids.
/// Skips webhooks that have neither a URL nor notices.
pub async fn lanes(
    service: &Service,
    webhooks: Option<&Webhooks>,
    app: Option<AppId>,
) -> Result<Vec<ShownLane>, ServiceError> {
    let apps = match app {
        Some(app) => vec![service.apps().get(app).ok_or(Code::NO_SUCH_APP)?],
        None => service.apps().all(),
    };
    let states = service.outbox().lanes().await?;
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
            let receiver = webhooks.map(|webhooks| webhooks.receiver(lane)).unwrap_or_default();
            shown.push(ShownLane {
                app: app.id,
                webhook: hook,
                url,
                signed: !app.settings.webhooks.token.is_empty(),
                waiting: state.waiting,
                oldest: state.oldest,
                dead_letters: state.dead,
                resting_until: receiver.resting_until,
                last_error: receiver.error,
            });
        }
    }
    Ok(shown)
}
