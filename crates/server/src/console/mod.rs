//! The console's door: what an operator's browser may ask of a node, under `/console/api/v1`.
//!
//! Whoever knows the password of the data folder gets a session, and with it everything here; nobody else gets
//! anything but a "no". It knows HTTP and JSON; what is asked for is done by the service.

mod apps;
mod error;
mod figures;
mod guard;
mod headers;
mod password;
mod sessions;
mod users;
mod webhooks;

pub use figures::Figures;
pub use password::{InvalidPassword, PasswordFile};

use crate::clock::Clock;
use crate::http::charge_answer;
use crate::webhooks::Webhooks;
use crate::worker::Command;
use axum::routing::{delete, get, post, put};
use axum::{Router, middleware};
use error::ApiError;
use guard::Door;
use headers::add_security_headers;
use lamplight_service::Service;
use std::sync::Arc;
use tokio::sync::mpsc;

/// The longest body of a request. All settings of an app are some 5 KB.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// The longest body of a login, which anybody may send. The longest password, escaped as JSON allows, has 1,200 bytes.
const MAX_LOGIN_BYTES: usize = 2 * 1024;

/// What the console's door works with.
pub struct Console {
    service: Arc<Service>,
    clock: Clock,
    door: Door,
    figures: Arc<Figures>,
    webhooks: Arc<Webhooks>,
    /// Weak: a worker ends when its commands do, whoever still has the console open.
    workers: Vec<mpsc::WeakSender<Command>>,
}

impl Console {
    /// A door to this node for whoever knows the password of the file.
    pub fn new(
        service: Arc<Service>,
        clock: Clock,
        password: PasswordFile,
        figures: Arc<Figures>,
        webhooks: Arc<Webhooks>,
        workers: Vec<mpsc::WeakSender<Command>>,
    ) -> Arc<Self> {
        Arc::new(Self { service, clock, door: Door::new(password), figures, webhooks, workers })
    }
}

/// Everything under `/console/api`.
pub fn router(console: Arc<Console>) -> Router {
    let behind_the_door = Router::new()
        .route("/v1/apps", get(apps::list).post(apps::create))
        .route("/v1/apps/{app}", get(apps::show).delete(apps::delete))
        .route("/v1/apps/{app}/settings", put(apps::set))
        .route("/v1/apps/{app}/keys", post(apps::add_key))
        .route("/v1/apps/{app}/keys/{key}", delete(apps::retire_key))
        .route("/v1/apps/{app}/keys/{key}/reveal", post(apps::reveal_key))
        .route("/v1/apps/{app}/admins/{user}", put(apps::add_admin).delete(apps::remove_admin))
        .route("/v1/apps/{app}/users", get(users::find))
        .route("/v1/apps/{app}/online", get(users::online))
        .route("/v1/apps/{app}/users/{user}", get(users::show))
        .route("/v1/apps/{app}/users/{user}/watchers", get(users::watchers))
        .route("/v1/apps/{app}/users/{user}/kick", post(users::kick))
        .route("/v1/apps/{app}/webhooks", get(webhooks::list))
        .route("/v1/apps/{app}/webhooks/{webhook}/test", post(webhooks::test))
        .route("/v1/apps/{app}/dead-letters", get(webhooks::dead_letters))
        .route("/v1/apps/{app}/dead-letters/resend", post(webhooks::resend))
        .route("/v1/apps/{app}/dead-letters/drop", post(webhooks::drop_letters))
        .route("/v1/bounds", get(apps::bounds))
        .route("/v1/figures", get(figures::show))
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
