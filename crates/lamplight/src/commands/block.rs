//! `lamplight block`: block lists.

use crate::args::{AppArg, Common, parse_user};
use crate::operator::{OTHER_ANSWER, Operator};
use crate::output::{Refused, Told, json, line, table};
use crate::time_text::utc;
use anyhow::bail;
use clap::{Args, Subcommand};
use lamplight_model::{Code, User, UserId};
use lamplight_server::{BlockFailure, CheckedBlock, ListsOperation, ListsOutcome};
use serde_json::json;

/// Commands for block lists.
#[derive(Subcommand, Debug)]
pub enum BlockCommand {
    /// List the users whom a user has blocked
    #[command(after_help = "\
Examples:
  lamplight block list alice")]
    List {
        /// The owner of the list
        #[arg(value_name = "USER", value_parser = parse_user)]
        user: UserId,
        /// The app that the command works on.
        #[command(flatten)]
        app: AppArg,
    },
    /// Add users to the block list of a user
    #[command(after_help = "\
Examples:
  lamplight block add alice mallory
  lamplight block add alice mallory trudy --json

A blocked user may not see the status of USER, and can neither send messages to USER nor add USER as a friend. Friendships stay. If a user cannot be added, the others are added, and the exit code is 1.")]
    Add(Users),
    /// Remove users from the block list of a user
    #[command(after_help = "\
Examples:
  lamplight block remove alice mallory

A user who was not on the list is no error.")]
    Remove(Users),
    /// Show whether a user and others have blocked each other
    #[command(after_help = "\
Examples:
  lamplight block check alice bob carol")]
    Check(Users),
}

/// The owner of a block list, and other users.
#[derive(Args, Debug)]
pub struct Users {
    /// The owner of the list
    #[arg(value_name = "USER", value_parser = parse_user)]
    user: UserId,
    /// The other users
    #[arg(required = true, value_name = "OTHER", value_parser = parse_user)]
    others: Vec<UserId>,
    /// The app that the command works on.
    #[command(flatten)]
    app: AppArg,
}

/// Runs the command.
pub async fn run(command: BlockCommand, common: &Common) -> anyhow::Result<()> {
    let mut operator = Operator::open(&common.store()?).await?;
    match command {
        BlockCommand::List { user, app } => {
            let owner = User::new(operator.app(app.app).await?.id, user);
            list(&mut operator, owner, common.json).await
        }
        BlockCommand::Add(Users { user, others, app }) => {
            let owner = User::new(operator.app(app.app).await?.id, user);
            let block = ListsOperation::Block { owner: owner.clone(), users: others };
            let mut change = change_blocks(&mut operator, block).await?;
            let is_known = |failure: &BlockFailure| failure.code == Code::ALREADY_BLOCKED.number();
            let known = take(&mut change.failures, is_known);
            report(&owner.id, change, &known, ["is now blocked", "was blocked before"], common.json)
        }
        BlockCommand::Remove(Users { user, others, app }) => {
            let owner = User::new(operator.app(app.app).await?.id, user);
            let unblock = ListsOperation::Unblock { owner: owner.clone(), users: others };
            let mut change = change_blocks(&mut operator, unblock).await?;
            let is_absent = |failure: &BlockFailure| failure.code == Code::NOT_BLOCKED.number();
            let absent = take(&mut change.failures, is_absent);
            report(&owner.id, change, &absent, ["is no longer blocked", "was not blocked"], common.json)
        }
        BlockCommand::Check(Users { user, others, app }) => {
            let owner = User::new(operator.app(app.app).await?.id, user);
            let check = ListsOperation::CheckBlocks { owner: owner.clone(), users: others };
            let ListsOutcome::CheckedBlocks(checked) = operator.lists(check).await? else {
                bail!(OTHER_ANSWER)
            };
            check_report(&owner.id, &checked, common.json)
        }
    }
}

/// The note behind a user who may be misspelled.
const NO_ACCOUNT: &str = " (no such account)";

/// The outcome of a change of a block list.
struct Change {
    changed: Vec<UserId>,
    failures: Vec<BlockFailure>,
}

async fn change_blocks(operator: &mut Operator, change: ListsOperation) -> anyhow::Result<Change> {
    let ListsOutcome::Blocks { changed, failures } = operator.lists(change).await? else {
        bail!(OTHER_ANSWER)
    };
    Ok(Change { changed, failures })
}

/// Removes and returns the failures for which `is_no_error` returns `true`.
fn take(failures: &mut Vec<BlockFailure>, is_no_error: impl Fn(&BlockFailure) -> bool) -> Vec<BlockFailure> {
    failures.extract_if(.., |failure| is_no_error(failure)).collect()
}

async fn list(operator: &mut Operator, owner: User, as_json: bool) -> anyhow::Result<()> {
    let (_, blocked) = operator.block_list(&owner).await?;
    if as_json {
        let shown = blocked.iter().map(|entry| json!({ "userID": entry.id, "since": entry.since }));
        return json(&shown.collect::<Vec<_>>());
    }
    let rows = blocked.iter().map(|entry| vec![entry.id.to_string(), utc(entry.since)]);
    let empty = format!("{} has blocked nobody", owner.id);
    table(&["BLOCKED", "SINCE"], &rows.collect::<Vec<_>>(), &empty)
}

/// Prints the outcome for each user. `unchanged` has the users for whom nothing had to be changed.
fn report(
    owner: &UserId,
    change: Change,
    unchanged: &[BlockFailure],
    [done, before]: [&str; 2],
    as_json: bool,
) -> anyhow::Result<()> {
    let Change { changed, failures } = change;
    if as_json {
        let failed = |failure: &BlockFailure| json!({ "userID": failure.user_id, "code": failure.code, "message": failure.message });
        json(&json!({
            "userID": owner,
            "changed": changed,
            "unchanged": unchanged.iter().map(|it| &it.user_id).collect::<Vec<_>>(),
            "failures": failures.iter().map(failed).collect::<Vec<_>>(),
        }))?;
    } else {
        changed.iter().try_for_each(|user| line(format!("{user} {done} by {owner}")))?;
        unchanged.iter().try_for_each(|BlockFailure { user_id, has_account, .. }| {
            let note = if *has_account { "" } else { NO_ACCOUNT };
            line(format!("{user_id} {before} by {owner}{note}"))
        })?;
    }
    let Some(first) = failures.first() else { return Ok(()) };
    let names: Vec<_> = failures.iter().map(|failure| failure.user_id.as_str()).collect();
    let refused =
        Refused { code: first.code, message: format!("{} — {}", first.message, names.join(", ")) };
    Err(if as_json { Told(refused.into()).into() } else { refused.into() })
}

fn check_report(owner: &UserId, checked: &[CheckedBlock], as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return json(&checked);
    }
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let rows = checked.iter().map(|it| {
        let note = if it.has_account { "" } else { NO_ACCOUNT };
        vec![format!("{}{note}", it.user_id), yes(it.blocked), yes(it.blocked_by)]
    });
    let heads =
        ["OTHER", "BLOCKED BY USER", "HAS BLOCKED USER"].map(|head| head.replace("USER", owner.as_str()));
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    table(&heads, &rows.collect::<Vec<_>>(), "no user was given")
}
