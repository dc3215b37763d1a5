//! The server API: the app's backend talks to it over the HTTP port (SPEC sections 8 and 10).
//!
//! Every call under `/v4` is answered with HTTP 200 and `ActionStatus`, `ErrorInfo`, `ErrorCode`, whatever was sent.
//! One table names the commands; the OpenAPI document is made from the same table. What a command means is decided
//! in `service`.

mod accounts;
mod answer;
mod body;
mod call;
mod command;
mod commands;
mod family;
mod feed;
mod fields;
mod friends;
mod messages;
mod metrics;
mod on_behalf;
mod openapi;
mod profiles;
mod rate;
mod reference;
mod states;

pub use metrics::ApiMetrics;
pub use openapi::document;

use crate::clock::Clock;
use answer::Answer;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use axum::routing::any;
use call::Gate;
use command::Entry;
use family::Family;
use lamplight_model::{Code, Refusal};
use lamplight_service::Service;
use rate::Rates;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

/// What the server API rests on.
#[derive(Clone)]
pub struct Rest(Arc<Shared>);

struct Shared {
    service: Arc<Service>,
    clock: Clock,
    rates: Rates,
    metrics: ApiMetrics,
}

impl Rest {
    /// The server API over a node's operations.
    pub fn new(service: Arc<Service>, clock: Clock, metrics: ApiMetrics) -> Self {
        Self(Arc::new(Shared { service, clock, rates: Rates::default(), metrics }))
    }

    /// Everything under `/v4`.
    pub fn router(self) -> Router {
        let api = Router::new()
            .route("/v4", any(handle))
            .route("/v4/", any(handle))
            .route("/v4/{*path}", any(handle))
            .with_state(self);
        api.merge(reference::router())
    }
}

/// Answers any call under `/v4`.
async fn handle(
    State(Rest(shared)): State<Rest>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let began = Instant::now();
    let (parts, body) = request.into_parts();
    let found = commands::find(parts.uri.path());
    let answer = match found {
        Some(entry) => {
            let answer = answer(&shared, entry, &parts, body, from).await;
            shared.metrics.answered(entry.index(), began.elapsed());
            answer
        }
        None => {
            body::discard(body).await;
            let detail = format!("{} is no command", parts.uri.path());
            Answer::refused(Family::Accounts, &Refusal::because(Code::NO_SUCH_SERVICE, detail))
        }
    };
    if answer.code != Code::OK {
        shared.metrics.refused(answer.code);
    }
    answer.into_response()
}

/// Lets a call through its gates, in their order, and runs it.
async fn answer(
    shared: &Shared,
    entry: &'static Entry,
    parts: &axum::http::request::Parts,
    body: Body,
    from: SocketAddr,
) -> Answer {
    let gate = Gate { shared, entry, address: from.ip(), now: shared.clock.now() };
    let query = parts.uri.query().unwrap_or_default();
    let call = match gate.pass(&parts.method, query).await {
        Ok(call) => call,
        Err(error) => {
            // A client reads no answer while it is still writing, and a connection with an unread rest is lost.
            body::discard(body).await;
            return Answer::error(entry.family(), &error);
        }
    };
    match body::read(body).await {
        Ok(bytes) => entry.run(&call, &bytes).await,
        Err(refusal) => Answer::refused(entry.family(), &refusal),
    }
}
