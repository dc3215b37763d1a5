//! Routes for the operators of the console: their names, passwords and roles.

use super::Console;
use super::error::{ApiError, FromJson, FromPath};
use super::guard::Visitor;
use super::operators_file::{OperatorName, Operators, OperatorsError, ShownOperator};
use super::roles::Role;
use crate::audit::{Act, done};
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use lamplight_model::{AuditAction, Code};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The list of operators.
#[derive(Serialize)]
pub struct OperatorList {
    operators: Vec<ShownOperator>,
}

/// The body of a request that adds an operator.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewOperator {
    name: OperatorName,
    role: Role,
    /// The password. If absent, a password is generated.
    #[serde(default)]
    password: Option<String>,
}

/// The body of a request that changes a role.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenRole {
    role: Role,
}

/// The body of a request that changes a password. If `password` is absent, a password is generated.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenPassword {
    #[serde(default)]
    password: Option<String>,
}

/// The answer with the password of an operator. `password` is the generated password, which is not shown again; `None`
/// if the request contained a password.
#[derive(Serialize)]
pub struct Made {
    password: Option<String>,
}

/// `GET operators`: lists all operators.
pub async fn list(State(console): State<Arc<Console>>) -> Result<Json<OperatorList>, ApiError> {
    let operators = console.operators.list().await?;
    Ok(Json(OperatorList { operators }))
}

/// `POST operators`: adds an operator.
pub async fn add(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    FromJson(new): FromJson<NewOperator>,
) -> Result<(StatusCode, Json<Made>), ApiError> {
    let NewOperator { name, role, password } = new;
    let at = console.clock.now().wall;
    let act = Act::on(AuditAction::OperatorAdded, None, name.as_str()).with("role", "", role.name());
    let add = async move |operators: &Operators| operators.add(&name, role, password.as_deref(), at).await;
    let password = console.change_operators(visitor, act, add).await?;
    Ok((StatusCode::CREATED, Json(Made { password })))
}

/// `DELETE operators/{name}`: removes an operator, and ends the operator's sessions.
pub async fn remove(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    FromPath(name): FromPath<OperatorName>,
) -> Result<StatusCode, ApiError> {
    let act = Act::on(AuditAction::OperatorRemoved, None, name.as_str());
    console
        .change_operators(visitor, act, async move |operators: &Operators| operators.remove(&name).await)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT operators/{name}/role`: changes the role of an operator, and ends the operator's sessions.
pub async fn set_role(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    FromPath(name): FromPath<OperatorName>,
    FromJson(given): FromJson<GivenRole>,
) -> Result<StatusCode, ApiError> {
    let former = console.operators.role(&name).await?;
    let act =
        Act::on(AuditAction::RoleSet, None, name.as_str()).with("role", former.name(), given.role.name());
    let set = async move |operators: &Operators| operators.set_role(&name, former, given.role).await;
    console.change_operators(visitor, act, set).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT operators/{name}/password`: sets the password of an operator, and ends the operator's sessions.
pub async fn set_password(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    FromPath(name): FromPath<OperatorName>,
    FromJson(given): FromJson<GivenPassword>,
) -> Result<Json<Made>, ApiError> {
    let act = Act::on(AuditAction::PasswordSet, None, name.as_str());
    let set =
        async move |operators: &Operators| operators.set_password(&name, given.password.as_deref()).await;
    let password = console.change_operators(visitor, act, set).await?;
    Ok(Json(Made { password }))
}

impl Console {
    /// Changes the operators on a blocking thread, because the change writes to disk and may hash a password.
    pub(super) async fn change_operators<T: Send + 'static>(
        &self,
        visitor: Visitor,
        act: Act,
        change: impl AsyncFnOnce(&Operators) -> Result<T, OperatorsError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let operators = Arc::clone(&self.operators);
        let change = async move {
            let runtime = tokio::runtime::Handle::current();
            let changed = tokio::task::spawn_blocking(move || runtime.block_on(change(&operators))).await;
            Ok(changed.map_err(|_| Code::INTERNAL)??)
        };
        self.record(visitor, act, change, done).await
    }
}
