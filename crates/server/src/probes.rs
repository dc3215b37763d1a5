//! The routes for monitoring: `/metrics`, `/healthz` (the process runs) and `/readyz` (the node is ready for clients).

mod exposition;

use crate::health::Health;
use crate::metrics::Metrics;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use exposition::Exposition;
use std::sync::Arc;

#[derive(Clone)]
struct Asked {
    exposition: Arc<Exposition>,
    health: Arc<Health>,
}

/// Makes the router of these routes.
pub fn routes(metrics: Arc<Metrics>, health: Arc<Health>) -> Router {
    Router::new()
        .route("/metrics", get(show_metrics))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(show_readiness))
        .with_state(Asked { exposition: Arc::new(Exposition::new(metrics)), health })
}

async fn show_metrics(State(asked): State<Asked>) -> Response {
    match asked.exposition.text() {
        Ok(text) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], Body::from(text)).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn show_readiness(State(asked): State<Asked>) -> (StatusCode, String) {
    let readiness = asked.health.readiness();
    let status = if readiness.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, readiness.to_string())
}
