//! The console's door: what an operator's browser may ask of a node, under `/console/api/v1`.
//!
//! An operator who knows the password gets a session, and with it what the operator's role allows; nobody else gets
//! anything but a "no". It knows HTTP and JSON; what is asked for is done by the service.

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

/// The longest body of a request. All settings of an app are some 5 KB.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// The longest body of a login, which anybody may send. The longest password, escaped as JSON allows, has 1,200 bytes.
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
    /// Weak: a worker ends when its commands do, whoever still has the console open.
    workers: Vec<mpsc::WeakSender<Command>>,
}

/// The parts of a node that its console works with.
pub struct Parts {
    /// The operations that it calls.
    pub service: Arc<Service>,
    /// The clock of the node.
    pub clock: Clock,
    /// The operators who may log in.
    pub operators: Arc<Operators>,
    /// Where changes are entered.
    pub audit: Audit,
    /// The figures of the last minutes.
    pub figures: Arc<Figures>,
    /// The store of the figures before them.
    pub past: Arc<dyn Facts>,
    /// The webhooks that it tests and shows.
    pub webhooks: Arc<Webhooks>,
    /// The workers, which know the watchers of each user.
    pub workers: Vec<mpsc::WeakSender<Command>>,
}

impl Console {
    /// A door to a node.
    pub fn new(parts: Parts) -> Arc<Self> {
        let Parts { service, clock, operators, audit, figures, past, webhooks, workers } = parts;
        let door = Door::new(Arc::clone(&operators));
        let past = PastReader(past);
        Arc::new(Self { service, clock, door, operators, audit, figures, past, webhooks, workers })
    }
}

/// Everything under `/console/api`.
pub fn router(console: Arc<Console>) -> Router {
    let behind_the_door = routes::behind_the_door()
        .fallback(|| async { ApiError::NO_SUCH_RESOURCE })
        .method_not_allowed_fallback(|| async { ApiError::NO_SUCH_METHOD })
        .layer(middleware::from_fn_with_state(Arc::clone(&console), guard::let_in));
    // The one thing that can be asked for from outside.
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
