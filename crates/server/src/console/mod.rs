//! The console's API, under `/console/api/v1`: the requests that an operator's browser can make to a node.
//!
//! An operator who knows the password gets a session, which allows what the operator's role allows; every
//! other request is refused. This module handles HTTP and JSON; the service carries out the requests.

mod apps;
mod audit;
mod devices;
mod error;
mod figures;
mod guard;
mod headers;
mod logins;
mod operators;
mod operators_file;
mod password;
mod past;
mod quantiles;
mod roles;
mod routes;
mod sessions;
mod users;
mod webhooks;

pub use error::LAST_APP;
pub use figures::Figures;
pub use operators_file::{InvalidName, OperatorName, Operators, OperatorsError, ShownOperator};
pub use password::{InvalidPassword, PasswordFile};
pub use roles::{Role, UnknownRole};
pub use routes::all as routes;

use crate::audit::Audit;
use crate::clock::Clock;
use crate::http::charge_answer;
use crate::webhooks::Webhooks;
use crate::worker::Command;
use axum::routing::get;
use axum::{Router, middleware};
use error::ApiError;
use guard::Door;
use headers::add_security_headers;
use lamplight_facts::Facts;
use lamplight_service::Service;
use past::PastReader;
use std::sync::Arc;
use tokio::sync::mpsc;

/// The most bytes in a body. All settings of an app take some 5 KB.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// The most bytes in the body of a login, which anybody may send. The longest password takes 1,200 bytes when
/// JSON escapes every character.
const MAX_LOGIN_BYTES: usize = 2 * 1024;

/// The state of the console's API.
pub struct Console {
    service: Arc<Service>,
    clock: Clock,
    door: Door,
    operators: Arc<Operators>,
    audit: Audit,
    figures: Arc<Figures>,
    webhooks: Arc<Webhooks>,
    past: PastReader,
    /// Weak, because a worker ends when the senders of its commands are gone, and a browser may keep the
    /// console alive.
    workers: Vec<mpsc::WeakSender<Command>>,
}

/// The parts of a node that the console uses.
pub struct Parts {
    /// The operations.
    pub service: Arc<Service>,
    /// The clock of the node.
    pub clock: Clock,
    /// The operators who may log in.
    pub operators: Arc<Operators>,
    /// The audit log.
    pub audit: Audit,
    /// The live figures of the last ten minutes.
    pub figures: Arc<Figures>,
    /// The store of older figures.
    pub past: Arc<dyn Facts>,
    /// The webhooks, to show and to test.
    pub webhooks: Arc<Webhooks>,
    /// The workers, each of which knows its connections that watch a user.
    pub workers: Vec<mpsc::WeakSender<Command>>,
}

impl Console {
    /// The console of a node.
    pub fn new(parts: Parts) -> Arc<Self> {
        let Parts { service, clock, operators, audit, figures, past, webhooks, workers } = parts;
        let door = Door::new(Arc::clone(&operators));
        let past = PastReader(past);
        Arc::new(Self { service, clock, door, operators, audit, figures, past, webhooks, workers })
    }
}

/// The routes under `/console/api`.
pub fn router(console: Arc<Console>) -> Router {
    let behind_the_door = routes::behind_the_door()
        .fallback(|| async { ApiError::NO_SUCH_RESOURCE })
        .method_not_allowed_fallback(|| async { ApiError::NO_SUCH_METHOD })
        .layer(middleware::from_fn_with_state(Arc::clone(&console), guard::let_in));
    // The only routes that need no session.
    let at_the_door = Router::new()
        .route("/v1/session", get(guard::show).post(guard::log_in).delete(guard::log_out))
        .method_not_allowed_fallback(|| async { ApiError::NO_SUCH_METHOD });
    at_the_door
        .merge(behind_the_door)
        .layer(middleware::from_fn(headers::forbid_caching))
        .layer(middleware::from_fn(add_security_headers))
        .layer(middleware::from_fn(charge_answer))
        .with_state(console)
}
