//! The console's API, under `/console/api/v1`: the requests that an operator's browser can make to a node.
//!
//! A login with the password opens a session. The operator's role limits the requests of the session. Requests without
//! a session are refused, except for the login and `GET session`.
//!
//! This module handles HTTP and JSON. The service carries out the requests.

mod apps;
mod audit;
mod devices;
mod error;
mod figures;
mod guard;
mod headers;
mod login_queue;
mod logins;
mod operator;
mod operators;
mod operators_file;
mod password;
mod past;
mod quantiles;
mod restrictions;
mod roles;
mod routes;
mod sessions;
mod shared_sessions;
mod stored_operators;
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

/// The maximum size of a request body, in bytes. All settings of an app take about 5 KB.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// The maximum size of the body of a login, in bytes. The limit is small because anybody can send a login. The longest
/// password takes 1,200 bytes in JSON.
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
    /// The command channels of the workers. A worker ends when its strong senders are dropped. The console has weak
    /// senders, so that an open request of a browser does not keep a worker running.
    workers: Vec<mpsc::WeakSender<Command>>,
}

/// The parts of a node that the console uses.
pub struct Parts {
    /// The service of the node, which carries out the operations.
    pub service: Arc<Service>,
    /// The clock of the node.
    pub clock: Clock,
    /// The operators who may log in.
    pub operators: Arc<Operators>,
    /// The audit log.
    pub audit: Audit,
    /// The live figures of the last ten minutes.
    pub figures: Arc<Figures>,
    /// The database that stores older figures.
    pub past: Arc<dyn Facts>,
    /// The webhooks, for showing their state and testing them.
    pub webhooks: Arc<Webhooks>,
    /// The command channels of the workers, for finding the connections that watch a user.
    pub workers: Vec<mpsc::WeakSender<Command>>,
}

impl Console {
    /// Makes the console of a node.
    pub fn new(parts: Parts) -> Arc<Self> {
        let Parts { service, clock, operators, audit, figures, past, webhooks, workers } = parts;
        let door = Door::new(Arc::clone(&operators), clock.clone());
        let past = PastReader(past);
        Arc::new(Self { service, clock, door, operators, audit, figures, past, webhooks, workers })
    }
}

/// Makes the router of the paths under `/console/api`.
pub fn router(console: Arc<Console>) -> Router {
    let behind_the_door = routes::behind_the_door()
        .fallback(|| async { ApiError::NO_SUCH_RESOURCE })
        .method_not_allowed_fallback(|| async { ApiError::NO_SUCH_METHOD })
        .layer(middleware::from_fn_with_state(Arc::clone(&console), guard::let_in));
    // These routes are the only ones that need no session.
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
