//! How the webhooks of apps do: the notices that wait, the dead letters, and the receivers that are left alone.

use super::Webhooks;
use lamplight_facts::LaneState;
use lamplight_model::{AppId, Code, Hook, Lane, Timestamp};
use lamplight_service::{Service, ServiceError};
use serde::{Deserialize, Serialize};

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

/// The webhooks of an app, or of all, by rising app. Those that lead nowhere and have nothing are left out.
pub async fn lanes(
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
