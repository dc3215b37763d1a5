//! Executes the operations of the command line on the parts of a node, and records changes in the audit log.

use super::acts::act_of;
use super::operation::{Operation, Outcome, ShownAccount, ShownFound};
use super::{
    ConsoleOperation, ListsOperation, ListsOutcome, WebhookOutcome, console, lists, nodes, webhooks,
};
use crate::audit::{Actor, Audit, Note, shown_profile, visibility_replaced};
use crate::causes::WithCauses;
use crate::clock::Clock;
use crate::console::{LAST_APP, Operators};
use crate::webhooks::Webhooks;
use lamplight_directory::{InvalidRecordCursor, Nodes};
use lamplight_facts::{Account, AppDeletion};
use lamplight_model::{Code, Refusal, User};
use lamplight_service::{By, FindBy, FoundCursor, NewFriend, Service, ServiceError, Viewing};
use std::sync::Arc;

/// The maximum number of audit entries in one answer. An entry takes at most about 4 KB.
const MOST_ENTRIES: usize = 1_000;

/// The parts of a node that the operations use.
pub(super) struct Executor {
    pub(super) service: Arc<Service>,
    /// The webhooks; `None` if the operation is executed without a node.
    pub(super) webhooks: Option<Arc<Webhooks>>,
    /// The register of the cluster; `None` without a cluster.
    pub(super) nodes: Option<Arc<dyn Nodes>>,
    pub(super) operators: Arc<Operators>,
    pub(super) audit: Audit,
    pub(super) clock: Clock,
}

/// Executes an operation, without an audit entry.
async fn execute(executor: &Executor, operation: Operation) -> Result<Outcome, ServiceError> {
    let Executor { service, webhooks, nodes, operators, audit, clock } = executor;
    let now = clock.now();
    let done = |changed: bool| Outcome::Done { changed };
    Ok(match operation {
        Operation::ListApps => {
            Outcome::Apps(service.apps().all().iter().map(|app| (**app).clone()).collect())
        }
        Operation::PutApp { app, was } => done(service.replace_app(was.as_deref(), *app).await?),
        Operation::DeleteApp { app } => {
            match service.deletions().delete(app).await? {
                AppDeletion::Begun => {}
                AppDeletion::NoSuchApp => return Err(Code::NO_SUCH_APP.into()),
                AppDeletion::LastApp => {
                    return Err(Refusal::because(Code::INVALID_PARAMETER, LAST_APP).into());
                }
            }
            done(true)
        }
        Operation::ListDeletions => Outcome::Deletions(service.deletions().under_way()),
        Operation::ListAccounts { app, after, limit } => {
            let accounts = service.list_accounts(app, after, limit.min(10_000)).await?;
            let show = |account: Account| ShownAccount {
                user_id: account.user.id,
                created: account.created,
                sigs_revoked: account.revocation.map(|it| it.revoked.at),
            };
            Outcome::Accounts(accounts.into_iter().map(show).collect())
        }
        Operation::FindAccounts { app, by_nick, prefix, after, limit } => {
            let by = if by_nick { FindBy::Nick } else { FindBy::UserId };
            let after = after.map(|(id, nick)| FoundCursor { id, nick });
            let found = service.find_accounts(app, by, &prefix, after, limit).await?;
            let found = found.into_iter();
            Outcome::Found(
                found.map(|it| ShownFound { user_id: it.id, nick: it.nick, created: it.created }).collect(),
            )
        }
        Operation::CreateAccount(user) => done(service.create_account(&user, now).await?),
        Operation::DeleteAccount(user) => {
            clock.wait_until_answer(&service.delete_account(&user, now).await?).await;
            done(true)
        }
        Operation::Kick(user) => {
            clock.wait_until_answer(&service.kick(&user, now).await?).await;
            done(true)
        }
        Operation::AddFriend { owner, friend, both, remark } => {
            let friend = NewFriend { both, remark, ..NewFriend::mutual(friend) };
            service.add_friend(&owner, friend, By::App, now).await?;
            done(true)
        }
        Operation::DeleteFriend { owner, friend, both } => {
            let friends = service.delete_friends(&owner, &[friend], both, By::App, now).await?.value;
            done(!friends.deleted.is_empty())
        }
        Operation::Lists(operation) => Outcome::Lists(lists::execute(service, operation, now).await?),
        Operation::Webhooks(operation) => {
            Outcome::Webhooks(webhooks::execute(service, webhooks.as_deref(), operation, now).await?)
        }
        Operation::ShowSecret(_) => done(true),
        Operation::Console(operation) => Outcome::Console(console::execute(operators, operation, now).await?),
        Operation::Audit { app, before, limit } => {
            Outcome::Audit(audit.entries(app, before, limit.min(MOST_ENTRIES)).await?)
        }
        Operation::KeySources => {
            let states = service.tokens().keyrings().states(now.moment);
            Outcome::KeySources(states.into_iter().map(Into::into).collect())
        }
        Operation::ListNodes => Outcome::Nodes(nodes::list(service.duties(), nodes.as_deref(), clock).await?),
        Operation::DrainNode { node } => done(nodes::request_drain(nodes.as_deref(), node, clock).await?),
        Operation::GetStatus { app, users } => {
            let any = users.first().ok_or(Code::INVALID_PARAMETER)?;
            let viewer = User::new(app, any.clone());
            Outcome::Statuses(service.statuses(&viewer, &users, Viewing::Asked, now).await?)
        }
        Operation::ListOnline { app, on, after, limit } => {
            let after = after.map(|after| after.parse()).transpose();
            let invalid =
                |error: InvalidRecordCursor| Refusal::because(Code::INVALID_PARAMETER, error.to_string());
            let page = service.online(app, on, after.map_err(invalid)?.as_ref(), limit, now).await?;
            let users = page.users.into_iter().map(|user| user.status).collect();
            Outcome::Online { users, next: page.next.map(|next| next.to_string()) }
        }
        Operation::SetStatus { user, custom_status, expires_in } => {
            service.set_status_for(&user, &custom_status, expires_in, now).await?;
            done(true)
        }
    })
}

/// Executes an operation. Records it in the audit log if `act_of` returns an entry.
async fn record(executor: &Executor, mut operation: Operation) -> Result<Outcome, ServiceError> {
    // Reads the former role. If the role changes after this read, the operation is refused, so the audit log never has
    // an outdated former role.
    if let Operation::Console(ConsoleOperation::SetRole { name, was, .. }) = &mut operation
        && was.is_none()
    {
        let operators = executor.operators.list().await.map_err(|error| {
            Refusal::because(Code::INTERNAL, format!("the operators cannot be read: {error}"))
        })?;
        *was = operators.into_iter().find(|operator| operator.name == *name).map(|operator| operator.role);
    }
    match act_of(&operation) {
        None => execute(executor, operation).await,
        Some(mut act) => {
            for (what, before) in former(executor, &operation).await? {
                act = act.before(what, &before);
            }
            let change = execute(executor, operation);
            executor.audit.record(Actor::command_line(), act, change, note).await
        }
    }
}

/// Reads the profile that a `SetProfile` will change, or the visibility that a `SetVisibility` will change, for the
/// audit log. Returns an empty list for other operations, or if the user has no account.
async fn former(
    executor: &Executor,
    operation: &Operation,
) -> Result<Vec<(&'static str, String)>, ServiceError> {
    if let Operation::Lists(ListsOperation::SetProfile { user, .. }) = operation {
        let ids = std::slice::from_ref(&user.id);
        let info = executor.service.users_info(user, ids, By::App, executor.clock.now()).await?;
        let former = info.profiles.into_iter().next();
        return Ok(former.map(|(_, profile)| shown_profile(&profile)).into_iter().flatten().collect());
    }
    if let Operation::Lists(ListsOperation::SetVisibility { user, .. }) = operation {
        let list = executor.service.block_list(user, By::App, executor.clock.now()).await?;
        return Ok(vec![("visibility", list.value.visibility.name().to_owned())]);
    }
    Ok(Vec::new())
}

/// Returns the note about the outcome for the audit entry; `None` if the operation changed nothing.
fn note(outcome: &Outcome) -> Option<Note> {
    if let Outcome::Lists(ListsOutcome::VisibilitySet { was }) = outcome {
        return Some(visibility_replaced(*was));
    }
    text_of(outcome).map(Note::from)
}

fn text_of(outcome: &Outcome) -> Option<String> {
    let count = |count: usize| (count > 0).then(|| count.to_string());
    match outcome {
        Outcome::Done { changed } | Outcome::Lists(ListsOutcome::Done { changed }) => {
            changed.then(String::new)
        }
        Outcome::Lists(ListsOutcome::Blocks { changed, .. }) => count(changed.len()),
        Outcome::Webhooks(WebhookOutcome::Done { count: letters }) => count(*letters),
        Outcome::Webhooks(WebhookOutcome::Tested { status, error, .. }) => {
            let status = status.map(|status| status.to_string());
            status.or_else(|| error.clone()).or_else(|| Some(String::new()))
        }
        Outcome::Apps(_)
        | Outcome::Deletions(_)
        | Outcome::Accounts(_)
        | Outcome::Found(_)
        | Outcome::Online { .. }
        | Outcome::Lists(_)
        | Outcome::Webhooks(WebhookOutcome::Lanes(_) | WebhookOutcome::DeadLetters(_))
        | Outcome::Console(_)
        | Outcome::Audit(_)
        | Outcome::KeySources(_)
        | Outcome::Nodes(_)
        | Outcome::Statuses(_)
        | Outcome::Refused { .. } => Some(String::new()),
    }
}

pub(super) async fn answer(executor: &Executor, operation: Operation) -> Outcome {
    let wants_account = wants_account(&operation);
    let is_about_blocks = is_about_blocks_that_exist(&operation);
    match record(executor, operation).await {
        Ok(outcome) => outcome,
        Err(error) => {
            if !matches!(error, ServiceError::Refused(_)) {
                tracing::error!(error = %WithCauses(&error), "an operation failed");
            }
            let mut refusal = error.refusal();
            if refusal.code == Code::NO_SUCH_ACCOUNT && !refusal.detail.is_empty() {
                if wants_account {
                    refusal.detail = with_cure(&refusal.detail);
                } else if is_about_blocks {
                    refusal.detail.push_str("; `lamplight account list` lists the accounts");
                }
            }
            refused(&refusal)
        }
    }
}

/// Returns `true` for an operation about an existing block list. A new account would not have the expected list, so
/// the name is probably wrong.
fn is_about_blocks_that_exist(operation: &Operation) -> bool {
    use ListsOperation::{BlockList, CheckBlocks, Unblock};
    matches!(operation, Operation::Lists(Unblock { .. } | CheckBlocks { .. } | BlockList(_)))
}

/// Returns `true` for an operation that is refused if one of its users has no account, and that can be executed after
/// the account was created.
fn wants_account(operation: &Operation) -> bool {
    use ListsOperation::{Block, Send, SetProfile, SetVisibility};
    matches!(
        operation,
        Operation::AddFriend { .. }
            | Operation::SetStatus { .. }
            | Operation::Lists(Send { .. } | SetProfile { .. } | SetVisibility { .. } | Block { .. })
    )
}

/// Returns the error text for a user without an account. The text names the command that creates the account.
fn with_cure(user: &str) -> String {
    let is_word = user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte));
    // A userID with other characters would have to be quoted in a shell, so a placeholder is shown.
    let shown = if is_word && !user.starts_with('-') { user } else { "USER" };
    format!("{user}; `lamplight account create {shown}` creates it")
}

pub(super) fn refused(refusal: &Refusal) -> Outcome {
    Outcome::Refused { code: refusal.code.number(), message: refusal.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_that_creates_an_account_can_be_pasted_into_a_shell() {
        for (user, expected) in [
            ("ghost", "ghost; `lamplight account create ghost` creates it"),
            ("a.b-c_d@e", "a.b-c_d@e; `lamplight account create a.b-c_d@e` creates it"),
            ("$(reboot)", "$(reboot); `lamplight account create USER` creates it"),
            ("-x", "-x; `lamplight account create USER` creates it"),
        ] {
            assert_eq!(with_cure(user), expected);
        }
    }
}
