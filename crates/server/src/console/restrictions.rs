//! Routes for the visibility and the block list of a user.

use super::Console;
use super::error::{ApiError, FromJson, FromPath};
use super::guard::Visitor;
use crate::audit::{Act, act_on_blocks, done, visibility_replaced};
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use lamplight_model::{AppId, AuditAction, Code, Refusal, User, UserId, Visibility};
use lamplight_service::{By, UsersBlocked};
use serde::Deserialize;
use std::sync::Arc;

/// The maximum number of users that one request may block.
const MOST_BLOCKED: usize = 100;

/// The new visibility of a user.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewVisibility {
    visibility: Visibility,
}

/// The users to block.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewBlocks {
    users: Vec<UserId>,
}

/// `PUT apps/{app}/users/{user}/visibility`: sets who may see the status of the user.
pub async fn set_visibility(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    FromPath((app, id)): FromPath<(AppId, UserId)>,
    FromJson(NewVisibility { visibility }): FromJson<NewVisibility>,
) -> Result<StatusCode, ApiError> {
    let user = User::new(app, id);
    // The former value stays in the entry if the server ends before the call returns the one that it has replaced.
    let was = console.service.block_list(&user, By::App, console.clock.now()).await?.value.visibility;
    let act = Act::on(AuditAction::VisibilitySet, Some(app), user.id.as_str());
    let act = act.with("visibility", was.name(), visibility.name());
    let setting = Arc::clone(&console);
    let set = async move {
        let set = setting.service.set_visibility(&user, visibility, By::App, setting.clock.now()).await?;
        Ok(set.value)
    };
    console.record(visitor, act, set, |was| Some(visibility_replaced(*was))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST apps/{app}/users/{user}/blocks`: adds users to the user's block list. Users who are on the list already cause
/// no error. If a user cannot be added, the others are added, and the answer is the refusal for the first such user.
pub async fn block(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    FromPath((app, id)): FromPath<(AppId, UserId)>,
    FromJson(NewBlocks { users }): FromJson<NewBlocks>,
) -> Result<StatusCode, ApiError> {
    if !(1..=MOST_BLOCKED).contains(&users.len()) {
        let count = users.len();
        return Err(ApiError::invalid(format!("users must have 1 to {MOST_BLOCKED} entries, not {count}")));
    }
    let owner = User::new(app, id);
    let act = act_on_blocks(AuditAction::UsersBlocked, &owner, &users);
    let blocking = Arc::clone(&console);
    let block = async move {
        let blocked = blocking.service.block_users(&owner, &users, By::App, blocking.clock.now()).await?;
        Ok(blocked.value)
    };
    let note = |done: &UsersBlocked| (!done.blocked.is_empty()).then(|| done.blocked.len().to_string());
    let failures = console.record(visitor, act, block, note).await?.failures;
    match failures.into_iter().find(|(_, code)| *code != Code::ALREADY_BLOCKED) {
        Some((user, code)) => Err(Refusal::because(code, user.to_string()).into()),
        None => Ok(StatusCode::NO_CONTENT),
    }
}

/// `DELETE apps/{app}/users/{user}/blocks/{blocked}`: removes a user from the user's block list.
pub async fn unblock(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    FromPath((app, id, blocked)): FromPath<(AppId, UserId, UserId)>,
) -> Result<StatusCode, ApiError> {
    let owner = User::new(app, id);
    let act = act_on_blocks(AuditAction::UsersUnblocked, &owner, std::slice::from_ref(&blocked));
    let unblocking = Arc::clone(&console);
    let unblock = async move {
        let (service, now) = (&unblocking.service, unblocking.clock.now());
        let done = service.unblock_users(&owner, &[blocked], By::App, now).await?;
        match done.value.failures.into_iter().next() {
            Some((user, code)) => Err(Refusal::because(code, user.to_string()).into()),
            None => Ok(StatusCode::NO_CONTENT),
        }
    };
    console.record(visitor, act, unblock, done).await
}
