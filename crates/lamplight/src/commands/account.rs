//! `lamplight account`: accounts and their profiles.

use crate::args::{AppArg, Common, parse_limit, parse_user};
use crate::operator::{OTHER_ANSWER, Operator};
use crate::output::{Told, error_fields, harmless, json, line, table, utc_or_dash};
use crate::time_text::utc;
use anyhow::bail;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use lamplight_model::{AllowType, Profile, User, UserId};
use lamplight_server::{ListsOperation, ListsOutcome, Operation, ShownFound};
use serde_json::json;

/// Commands for accounts.
#[derive(Subcommand, Debug)]
pub enum AccountCommand {
    /// List the accounts of an app
    #[command(after_help = "\
Examples:
  lamplight account list
  lamplight account list --limit 20 --json")]
    List {
        /// The app that the command works on.
        #[command(flatten)]
        app: AppArg,
        /// The maximum number of accounts to list, in ascending order of their userIDs
        #[arg(long, value_name = "N", value_parser = parse_limit)]
        limit: Option<usize>,
    },
    /// Find accounts by the beginning of the userID or nick
    #[command(after_help = "\
Examples:
  lamplight account find al
  lamplight account find --nick Ali --limit 20 --json

A search by nick ignores case, and does not find users without a nick. A search by userID is case-sensitive.")]
    Find {
        /// The beginning of the userID, or of the nick with --nick
        #[arg(value_name = "PREFIX")]
        prefix: String,
        /// Search nicks instead of userIDs
        #[arg(long)]
        nick: bool,
        /// The maximum number of accounts to list
        #[arg(long, value_name = "N", value_parser = parse_limit, default_value_t = 100)]
        limit: usize,
        /// The app that the command works on.
        #[command(flatten)]
        app: AppArg,
    },
    /// Create accounts; a user's first login creates one too
    #[command(after_help = "\
Examples:
  lamplight account create alice bob")]
    Create(Users),
    /// Delete accounts with their logins and friendships; watchers are notified
    #[command(after_help = "\
Examples:
  lamplight account delete bob")]
    Delete(Users),
    /// End every login of users, and revoke their UserSigs
    #[command(after_help = "\
Examples:
  lamplight account kick bob")]
    Kick(Users),
    /// Show the profile of a user: nick, avatar, and who may add the user as a friend
    #[command(after_help = "\
Examples:
  lamplight account show alice --json")]
    Show {
        /// The user
        #[arg(value_name = "USER", value_parser = parse_user)]
        user: UserId,
        /// The app that the command works on.
        #[command(flatten)]
        app: AppArg,
    },
    /// Change the profile of a user; options that are not given leave their fields unchanged
    #[command(after_help = "\
Examples:
  lamplight account set alice --nick Alice --avatar https://example.com/alice.png
  lamplight account set alice --friends nobody")]
    Set {
        /// The user
        #[arg(value_name = "USER", value_parser = parse_user)]
        user: UserId,
        /// The nick, at most 500 bytes; "" for none
        #[arg(long, value_name = "TEXT")]
        nick: Option<String>,
        /// The http or https URL of an avatar; "" for none
        #[arg(long, value_name = "URL")]
        avatar: Option<String>,
        /// Whether others may add the user as a friend
        #[arg(long, value_name = "anybody|nobody", value_parser = allow())]
        friends: Option<AllowType>,
        /// The app that the command works on.
        #[command(flatten)]
        app: AppArg,
    },
}

/// Users of an app.
#[derive(Args, Debug)]
pub struct Users {
    /// The userIDs
    #[arg(required = true, value_name = "USER", value_parser = parse_user)]
    users: Vec<UserId>,
    /// The app that the command works on.
    #[command(flatten)]
    app: AppArg,
}

/// Runs the command.
pub async fn run(command: AccountCommand, common: &Common) -> anyhow::Result<()> {
    let mut operator = Operator::open(&common.store()?).await?;
    match command {
        AccountCommand::List { app, limit } => {
            list(&mut operator, app, limit.unwrap_or(usize::MAX), common.json).await
        }
        AccountCommand::Find { prefix, nick, limit, app } => {
            let app = operator.app(app.app).await?.id;
            find(&operator.find_accounts(app, nick, &prefix, limit).await?, common.json)
        }
        AccountCommand::Create(users) => {
            let words = ("created", "existed already");
            each(&mut operator, users, common.json, words, Operation::CreateAccount).await
        }
        AccountCommand::Delete(users) => {
            let words = ("deleted", "did not exist");
            each(&mut operator, users, common.json, words, Operation::DeleteAccount).await
        }
        AccountCommand::Kick(users) => {
            let words = ("kicked", "had no login");
            each(&mut operator, users, common.json, words, Operation::Kick).await
        }
        AccountCommand::Show { user, app } => {
            let user = User::new(operator.app(app.app).await?.id, user);
            show(&mut operator, &user, ListsOperation::Profile(user.clone()), common.json).await
        }
        AccountCommand::Set { user, nick, avatar, friends, app } => {
            let user = User::new(operator.app(app.app).await?.id, user);
            let (avatar_url, allow) = (avatar, friends);
            let set = ListsOperation::SetProfile { user: user.clone(), nick, avatar_url, allow };
            show(&mut operator, &user, set, common.json).await
        }
    }
}

async fn show(
    operator: &mut Operator,
    user: &User,
    operation: ListsOperation,
    as_json: bool,
) -> anyhow::Result<()> {
    let ListsOutcome::Profile(profile) = operator.lists(operation).await? else { bail!(OTHER_ANSWER) };
    let Profile { nick, avatar_url, allow } = profile;
    let friends = match allow {
        AllowType::AllowAny => "anybody",
        AllowType::DenyAny => "nobody",
    };
    if as_json {
        return json(&json!({ "userID": user.id, "nick": nick, "avatar": avatar_url, "friends": friends }));
    }
    let row = vec![user.id.to_string(), harmless(&nick), harmless(&avatar_url), friends.to_owned()];
    table(&["USER", "NICK", "AVATAR", "MAY BE ADDED BY"], &[row], "")
}

fn allow() -> impl TypedValueParser<Value = AllowType> {
    let names = PossibleValuesParser::new(["anybody", "nobody"]);
    names.map(|text| if text == "nobody" { AllowType::DenyAny } else { AllowType::AllowAny })
}

async fn list(operator: &mut Operator, app: AppArg, limit: usize, as_json: bool) -> anyhow::Result<()> {
    let app = operator.app(app.app).await?.id;
    let accounts = operator.accounts(app, limit).await?;
    if as_json {
        let shown = accounts.iter().map(|account| {
            json!({
                "userID": account.user_id,
                "created": account.created,
                "sigsRevoked": account.sigs_revoked,
            })
        });
        return json(&shown.collect::<Vec<_>>());
    }
    let rows = accounts.iter().map(|account| {
        vec![account.user_id.to_string(), utc(account.created), utc_or_dash(account.sigs_revoked)]
    });
    let heads = ["USER", "CREATED", "USERSIGS REVOKED UNTIL"];
    table(&heads, &rows.collect::<Vec<_>>(), &format!("app {app} has no accounts"))
}

fn find(found: &[ShownFound], as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let shown =
            found.iter().map(|it| json!({ "userID": it.user_id, "nick": it.nick, "created": it.created }));
        return json(&shown.collect::<Vec<_>>());
    }
    let rows = found.iter().map(|it| vec![it.user_id.to_string(), harmless(&it.nick), utc(it.created)]);
    table(&["USER", "NICK", "CREATED"], &rows.collect::<Vec<_>>(), "no account was found")
}

/// Executes one operation for each user, in order. Stops at the first refusal.
async fn each(
    operator: &mut Operator,
    users: Users,
    as_json: bool,
    (done, nothing): (&str, &str),
    operation: impl Fn(User) -> Operation,
) -> anyhow::Result<()> {
    let app = operator.app(users.app.app).await?.id;
    let mut shown = Vec::new();
    for user in users.users {
        match operator.act(operation(User::new(app, user.clone()))).await {
            Ok(changed) if as_json => shown.push(json!({ "userID": user, "changed": changed })),
            Ok(changed) => line(format!("{user} {}", if changed { done } else { nothing }))?,
            Err(error) if as_json => {
                json(&json!({ "error": error_fields(&error), "userID": user, "done": shown }))?;
                return Err(Told(error).into());
            }
            Err(error) => return Err(error),
        }
    }
    if as_json { json(&shown) } else { Ok(()) }
}
