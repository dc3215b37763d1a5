//! The HTTP endpoints for the demo's pages: the users, their portraits, and UserSigs for them.
//!
//! Anybody who reaches the HTTP port can log in as any user of the demo. Only the demo may have these endpoints, not
//! `lamplight serve`.

use super::cast::{everybody, is_player, portrait_of};
use crate::operator::Operator;
use crate::signing::sign;
use crate::time_text::present;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use lamplight_model::{AppId, UserId};
use lamplight_server::{FactsSettings, JsonBody};
use serde::Deserialize;
use serde_json::json;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The validity of a UserSig for a page. A page that stays open longer requests another UserSig.
const SIG_EXPIRES: Duration = Duration::from_secs(24 * 3_600);

/// The state of the endpoints. The routes exist before the demo's app, so the state is set later.
#[derive(Clone, Default)]
pub struct Door(Arc<OnceLock<Begun>>);

struct Begun {
    store: FactsSettings,
    app: AppId,
}

/// The maximum number of bytes in the body of a request.
const MAX_BODY_BYTES: usize = 1_024;

#[derive(Deserialize)]
struct Wanted {
    #[serde(rename = "userID")]
    user_id: String,
}

impl Door {
    /// Sets the app. From then on, requests are answered.
    pub fn open(&self, store: FactsSettings, app: AppId) {
        // A second call would set the same values, so its error is ignored.
        let _ = self.0.set(Begun { store, app });
    }

    /// Returns the routes for the node's HTTP port.
    pub fn routes(&self) -> Router {
        Router::new()
            .route("/demo/users.json", get(users))
            .route("/demo/sig", post(user_sig))
            .route("/demo/portraits/{file}", get(portrait))
            .with_state(self.clone())
    }

    fn begun(&self) -> Option<&Begun> {
        self.0.get()
    }
}

fn just_beginning() -> Response {
    refusal(StatusCode::SERVICE_UNAVAILABLE, "the demo is still starting")
}

async fn users(State(door): State<Door>) -> Result<impl IntoResponse, Response> {
    let begun = door.begun().ok_or_else(just_beginning)?;
    let users: Vec<_> = everybody()
        .map(|(name, nick)| {
            let portrait = format!("/demo/portraits/{name}.svg");
            json!({ "userID": name, "nick": nick, "avatar": portrait, "isPlayer": is_player(name) })
        })
        .collect();
    Ok(([(header::CACHE_CONTROL, "no-cache")], Json(json!({ "SDKAppID": begun.app, "users": users }))))
}

async fn user_sig(
    State(door): State<Door>,
    JsonBody(wanted): JsonBody<Wanted, MAX_BODY_BYTES>,
) -> Result<Response, Response> {
    let begun = door.begun().ok_or_else(just_beginning)?;
    if portrait_of(&wanted.user_id).is_none() {
        return Err(refusal(StatusCode::NOT_FOUND, "the demo has no such user"));
    }
    let signed = async {
        // The key is read for each request, because it may have been replaced.
        let app = Operator::open(&begun.store).await?.app(Some(begun.app)).await?;
        sign(&app, UserId::new(&wanted.user_id)?, SIG_EXPIRES, present())
    };
    let (user_sig, claims) = signed.await.map_err(|error| {
        tracing::error!(%error, "cannot make a UserSig for a user of the demo");
        refusal(StatusCode::INTERNAL_SERVER_ERROR, "the UserSig could not be made")
    })?;
    let body = json!({ "SDKAppID": claims.app, "userID": claims.user_id, "userSig": user_sig });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

async fn portrait(Path(file): Path<String>) -> Response {
    match file.strip_suffix(".svg").and_then(portrait_of) {
        Some(portrait) => {
            let headers = [
                (header::CONTENT_TYPE, "image/svg+xml"),
                (header::CACHE_CONTROL, "public, max-age=3600"),
                (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ];
            (headers, portrait.svg()).into_response()
        }
        None => refusal(StatusCode::NOT_FOUND, "there is no such portrait"),
    }
}

fn refusal(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "message": message }))).into_response()
}
