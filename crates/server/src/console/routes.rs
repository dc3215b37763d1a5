//! The table of the routes that need a session, with the minimum role of each route. The router is built from this
//! table, so no route lacks a role.

use super::guard::{self, check_role};
use super::roles::Role::{self, Admin, Operator, Viewer};
use super::{Console, apps, audit, figures, operators, past, restrictions, users, webhooks};
use axum::Router;
use axum::extract::Request;
use axum::http::Method;
use axum::middleware::{self, Next};
use axum::routing::{MethodRouter, delete, get, post, put};
use std::sync::Arc;

/// A route that needs a session.
struct Route {
    method: Method,
    path: &'static str,
    least: Role,
    handler: MethodRouter<Arc<Console>>,
}

/// Returns the table. A route for `GET` also answers `HEAD`.
fn table() -> Vec<Route> {
    let show = |least, path, handler| Route { method: Method::GET, path, least, handler };
    let make = |least, path, handler| Route { method: Method::POST, path, least, handler };
    let set = |least, path, handler| Route { method: Method::PUT, path, least, handler };
    let take = |least, path, handler| Route { method: Method::DELETE, path, least, handler };
    vec![
        make(Viewer, "/v1/account/password", post(guard::change_password)),
        show(Viewer, "/v1/apps", get(apps::list)),
        make(Admin, "/v1/apps", post(apps::create)),
        show(Viewer, "/v1/apps/{app}", get(apps::show)),
        take(Admin, "/v1/apps/{app}", delete(apps::delete)),
        set(Admin, "/v1/apps/{app}/settings", put(apps::set)),
        make(Admin, "/v1/apps/{app}/keys", post(apps::add_key)),
        take(Admin, "/v1/apps/{app}/keys/{key}", delete(apps::retire_key)),
        make(Admin, "/v1/apps/{app}/keys/{key}/reveal", post(apps::reveal_key)),
        set(Admin, "/v1/apps/{app}/admins/{user}", put(apps::add_admin)),
        take(Admin, "/v1/apps/{app}/admins/{user}", delete(apps::remove_admin)),
        show(Viewer, "/v1/apps/{app}/users", get(users::find)),
        show(Viewer, "/v1/apps/{app}/online", get(users::online)),
        show(Viewer, "/v1/apps/{app}/users/{user}", get(users::show)),
        show(Viewer, "/v1/apps/{app}/users/{user}/watchers", get(users::watchers)),
        make(Operator, "/v1/apps/{app}/users/{user}/kick", post(users::kick)),
        set(Operator, "/v1/apps/{app}/users/{user}/visibility", put(restrictions::set_visibility)),
        make(Operator, "/v1/apps/{app}/users/{user}/blocks", post(restrictions::block)),
        take(Operator, "/v1/apps/{app}/users/{user}/blocks/{blocked}", delete(restrictions::unblock)),
        show(Viewer, "/v1/apps/{app}/webhooks", get(webhooks::list)),
        make(Operator, "/v1/apps/{app}/webhooks/{webhook}/test", post(webhooks::test)),
        show(Viewer, "/v1/apps/{app}/dead-letters", get(webhooks::dead_letters)),
        make(Operator, "/v1/apps/{app}/dead-letters/resend", post(webhooks::resend)),
        make(Operator, "/v1/apps/{app}/dead-letters/drop", post(webhooks::drop_letters)),
        show(Viewer, "/v1/audit", get(audit::list)),
        show(Viewer, "/v1/bounds", get(apps::bounds)),
        show(Viewer, "/v1/figures", get(figures::show)),
        show(Viewer, "/v1/figures/history", get(past::show)),
        show(Admin, "/v1/operators", get(operators::list)),
        make(Admin, "/v1/operators", post(operators::add)),
        take(Admin, "/v1/operators/{name}", delete(operators::remove)),
        set(Admin, "/v1/operators/{name}/role", put(operators::set_role)),
        set(Admin, "/v1/operators/{name}/password", put(operators::set_password)),
    ]
}

/// Makes the router of the routes that need a session.
pub fn behind_the_door() -> Router<Arc<Console>> {
    table().into_iter().fold(Router::new(), |router, Route { path, least, handler, method: _ }| {
        let check = move |request: Request, next: Next| check_role(least, request, next);
        router.route(path, handler.route_layer(middleware::from_fn(check)))
    })
}

/// Returns the method, path and minimum role of each route in the table.
pub fn all() -> Vec<(String, &'static str, Role)> {
    table().into_iter().map(|route| (route.method.to_string(), route.path, route.least)).collect()
}
