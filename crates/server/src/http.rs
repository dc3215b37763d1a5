//! The HTTP port: its routes, its server, and the limits on its memory.
//!
//! An unauthenticated connection takes at most some tens of KiB: 16 KiB for the head of a request, 16 KiB for the
//! read-ahead, and a few KiB for the body of a login. Only authenticated peers may send larger bodies, which share one
//! budget of memory.

mod body;
mod budget;
mod headers;
mod listener;
mod metrics;
mod paced;

pub use body::{BodyFault, BodyRoom, JsonBody, JsonFault, WholeBody, charge_answer};
pub use metrics::HttpMetrics;

use crate::network::TrustedProxies;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, header};
use axum::middleware;
use body::RATE;
use budget::Budget;
use listener::{PACE, Permits, Port, SPARE_PACE};
use std::io;
use std::net::{SocketAddr, TcpListener};
use tokio::task::AbortHandle;

/// The maximum number of connections that are open in excess of the limit. Each of them gets an answer to one request.
/// Further connections are closed without an answer.
pub const SPARE_CONNECTIONS: usize = 32;
/// The maximum number of connections in excess of the limit from one address.
const SPARE_CONNECTIONS_PER_ADDRESS: u32 = 8;
/// The maximum number of connections of the health port.
pub const HEALTH_CONNECTIONS: usize = 64;
const HEALTH_CONNECTIONS_PER_ADDRESS: u32 = 32;

/// The limits of the HTTP port.
#[derive(Clone, Copy, Debug)]
pub struct HttpBounds {
    /// The maximum number of connections in total.
    pub connections: usize,
    /// The maximum number of connections from one address.
    pub connections_per_address: u32,
    /// The maximum number of bytes in memory, over all connections, for bodies of requests, their parsed form, the
    /// copies of a message to many recipients, and answers.
    pub body_bytes: usize,
}

/// Serves the HTTP port. Returns the bound address, and a handle that stops the server when it is aborted.
///
/// A connection in excess of a limit may send one request if a spare permit is free. A request for a route of `health`
/// is served, and any other request gets status 503. If no spare permit is free, the connection is closed.
pub fn serve(
    listener: TcpListener,
    bounds: HttpBounds,
    proxies: TrustedProxies,
    router: Router,
    health: Router,
    metrics: HttpMetrics,
) -> io::Result<(SocketAddr, AbortHandle)> {
    let HttpBounds { connections, connections_per_address, body_bytes } = bounds;
    let room = BodyRoom::new(Budget::new(body_bytes, metrics.body_bytes()), RATE, metrics.clone());
    let past_a_bound = health.fallback(say_full);
    let spare = Permits::spare(
        SPARE_CONNECTIONS,
        SPARE_CONNECTIONS_PER_ADDRESS,
        SPARE_PACE,
        within_rules(past_a_bound),
    );
    let regular = Permits::regular(connections, connections_per_address, PACE, within_rules(router));
    listen(listener, Port { regular, spare: Some(spare), proxies, room, metrics })
}

/// Serves the health port. Returns the bound address, and a handle that stops the server when it is aborted.
pub fn serve_health(
    listener: TcpListener,
    health: Router,
    metrics: HttpMetrics,
) -> io::Result<(SocketAddr, AbortHandle)> {
    // No route of the health port reads a body.
    let room = BodyRoom::new(Budget::new(0, metrics.body_bytes()), RATE, metrics.clone());
    let regular =
        Permits::regular(HEALTH_CONNECTIONS, HEALTH_CONNECTIONS_PER_ADDRESS, PACE, within_rules(health));
    listen(listener, Port { regular, spare: None, proxies: TrustedProxies::default(), room, metrics })
}

/// Starts to serve a non-blocking listener.
fn listen(listener: TcpListener, port: Port) -> io::Result<(SocketAddr, AbortHandle)> {
    let bound = listener.local_addr()?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    Ok((bound, tokio::spawn(port.serve(listener)).abort_handle()))
}

/// Adds the common headers to every route. Bodies must be read through [`BodyRoom`], so axum's own extractors get a
/// limit of 0 bytes.
fn within_rules(router: Router) -> Router {
    router.layer(middleware::from_fn(headers::protect)).layer(DefaultBodyLimit::max(0))
}

async fn say_full() -> (StatusCode, [(header::HeaderName, &'static str); 1], &'static str) {
    let words = "too many connections, in total or from this address; try again\n";
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")], words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Json;
    use axum::body::Body;
    use axum::http::Request;
    use axum::routing::post;
    use tower_service::Service;

    #[tokio::test]
    async fn an_extractor_that_collects_a_body_by_itself_may_have_no_byte() {
        let route = post(|Json(value): Json<u32>| async move { value.to_string() });
        let mut router = within_rules(Router::new().route("/", route));
        let request = Request::post("/").header("content-type", "application/json").body(Body::from("7"));
        let answer = router.call(request.unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    }
}
