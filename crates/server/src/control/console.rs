//! Operations on the console: its passwords and its operators.

use crate::causes::WithCauses;
use crate::console::{OperatorName, Operators, OperatorsError, Role, ShownOperator};
use lamplight_model::{Code, Now, Refusal};
use lamplight_service::ServiceError;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// An operation on the console.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsoleOperation {
    /// Lists the operators.
    ListOperators,
    /// Adds an operator.
    AddOperator {
        /// The name to log in with.
        name: OperatorName,
        /// The operator's role.
        role: Role,
        /// The password; `None` to generate a password.
        password: Option<String>,
    },
    /// Removes an operator.
    RemoveOperator {
        /// The operator's name.
        name: OperatorName,
    },
    /// Sets a new password for an operator.
    SetPassword {
        /// The operator's name; may be `admin`.
        name: OperatorName,
        /// The password; `None` to generate a password.
        password: Option<String>,
    },
    /// Changes an operator's role.
    SetRole {
        /// The operator's name.
        name: OperatorName,
        /// The operator's new role.
        role: Role,
        /// The operator's earlier role, for the audit log. With `None`, the node reads the role from the stored
        /// operators.
        #[serde(default)]
        was: Option<Role>,
    },
}

/// The outcome of a [`ConsoleOperation`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsoleOutcome {
    /// All operators: first `admin`, then the others in ascending order of their names.
    Operators(Vec<ShownOperator>),
    /// The operation is done.
    Done {
        /// The generated password; `None` if no password was generated.
        password: Option<String>,
    },
}

pub(super) async fn execute(
    operators: &Arc<Operators>,
    operation: ConsoleOperation,
    now: Now,
) -> Result<ConsoleOutcome, ServiceError> {
    let (operators, runtime) = (Arc::clone(operators), tokio::runtime::Handle::current());
    // The operation runs on a blocking thread, because it accesses the disk and computes a password hash.
    let execute = async move {
        let done = |password| ConsoleOutcome::Done { password };
        Ok::<_, OperatorsError>(match operation {
            ConsoleOperation::ListOperators => ConsoleOutcome::Operators(operators.list().await?),
            ConsoleOperation::AddOperator { name, role, password } => {
                done(operators.add(&name, role, password.as_deref(), now.wall).await?)
            }
            ConsoleOperation::RemoveOperator { name } => {
                operators.remove(&name).await?;
                done(None)
            }
            ConsoleOperation::SetPassword { name, password } => {
                done(operators.set_password(&name, password.as_deref()).await?)
            }
            ConsoleOperation::SetRole { name, role, was } => {
                let was = match was {
                    Some(was) => was,
                    None => operators.role(&name).await?,
                };
                operators.set_role(&name, was, role).await?;
                done(None)
            }
        })
    };
    match tokio::task::spawn_blocking(move || runtime.block_on(execute)).await {
        Ok(Ok(outcome)) => Ok(outcome),
        Ok(Err(error @ (OperatorsError::File(_) | OperatorsError::Facts(_)))) => {
            tracing::error!(error = %WithCauses(&error), "a command about operators failed");
            Err(Refusal::because(Code::INTERNAL, error.to_string()).into())
        }
        Ok(Err(error)) => Err(Refusal::because(Code::INVALID_PARAMETER, error.to_string()).into()),
        Err(_) => Err(Refusal::from(Code::INTERNAL).into()),
    }
}
