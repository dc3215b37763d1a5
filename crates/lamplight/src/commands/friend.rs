//! `lamplight friend`: friend lists.

use crate::args::{AppArg, Common, parse_user};
use crate::operator::Operator;
use crate::output::{harmless, json, line, table};
use crate::time_text::utc;
use clap::{Args, Subcommand};
use lamplight_model::{User, UserId};
use lamplight_server::{ListsOperation, Operation};
use serde_json::json;

/// Commands for friend lists.
#[derive(Subcommand, Debug)]
pub enum FriendCommand {
    /// List the friends of a user
    #[command(after_help = "\
Examples:
  lamplight friend list alice")]
    List {
        /// The owner of the list
        #[arg(value_name = "USER", value_parser = parse_user)]
        user: UserId,
        /// The app that the command works on.
        #[command(flatten)]
        app: AppArg,
    },
    /// Make two users friends of each other
    #[command(after_help = "\
Examples:
  lamplight friend add alice bob
  lamplight friend add alice bob --one-way --remark \"Bob from work\"

Mutual friends get each other's changes while the app's friend notification is on:
  lamplight app set 1400000001 --friend-notification on")]
    Add {
        /// The two users.
        #[command(flatten)]
        pair: Pair,
        /// The remark of USER about FRIEND
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        remark: String,
    },
    /// Remove two users from each other's friend lists
    #[command(after_help = "\
Examples:
  lamplight friend delete alice bob
  lamplight friend delete alice bob --one-way")]
    Delete(Pair),
    /// Change a user's remark about a friend
    #[command(after_help = "\
Examples:
  lamplight friend remark alice bob \"Bob from work\"
  lamplight friend remark alice bob \"\"")]
    Remark {
        /// The owner of the list
        #[arg(value_name = "USER", value_parser = parse_user)]
        user: UserId,
        /// The user on the list
        #[arg(value_name = "FRIEND", value_parser = parse_user)]
        friend: UserId,
        /// The remark of USER about FRIEND; "" for none
        #[arg(value_name = "TEXT")]
        remark: String,
        /// The app that the command works on.
        #[command(flatten)]
        app: AppArg,
    },
}

/// The owner of a list, and a user on it.
#[derive(Args, Debug)]
pub struct Pair {
    /// The owner of the list
    #[arg(value_name = "USER", value_parser = parse_user)]
    user: UserId,
    /// The user on the list
    #[arg(value_name = "FRIEND", value_parser = parse_user)]
    friend: UserId,
    /// Do not change the list of FRIEND
    #[arg(long)]
    one_way: bool,
    /// The app that the command works on.
    #[command(flatten)]
    app: AppArg,
}

/// Runs the command.
pub async fn run(command: FriendCommand, common: &Common) -> anyhow::Result<()> {
    let mut operator = Operator::open(&common.store()?).await?;
    match command {
        FriendCommand::List { user, app } => {
            let app = operator.app(app.app).await?.id;
            list(&mut operator, User::new(app, user), common.json).await
        }
        FriendCommand::Add { pair, remark } => {
            let owner = User::new(operator.app(pair.app.app).await?.id, pair.user.clone());
            let (friend, both) = (pair.friend.clone(), !pair.one_way);
            let changed = operator.act(Operation::AddFriend { owner, friend, both, remark }).await?;
            report(&pair, changed, ("is now a friend of", "are now friends"), common.json)
        }
        FriendCommand::Delete(pair) => {
            let owner = User::new(operator.app(pair.app.app).await?.id, pair.user.clone());
            let (friend, both) = (pair.friend.clone(), !pair.one_way);
            let changed = operator.act(Operation::DeleteFriend { owner, friend, both }).await?;
            let words = if changed {
                ("is no longer a friend of", "are no longer friends")
            } else {
                ("was not a friend of", "were not friends")
            };
            report(&pair, changed, words, common.json)
        }
        FriendCommand::Remark { user, friend, remark, app } => {
            let owner = User::new(operator.app(app.app).await?.id, user.clone());
            let set = ListsOperation::SetRemark { owner, friend: friend.clone(), remark: remark.clone() };
            operator.lists(set).await?;
            if common.json {
                return json(&json!({ "userID": user, "friend": friend, "remark": remark }));
            }
            line(format!("the remark of {user} about {friend} is now {:?}", harmless(&remark)))
        }
    }
}

async fn list(operator: &mut Operator, owner: User, as_json: bool) -> anyhow::Result<()> {
    let friends = operator.friends(&owner).await?;
    if as_json {
        let shown = friends.iter().map(|friend| {
            json!({
                "userID": friend.user_id,
                "nick": friend.nick,
                "remark": friend.remark,
                "mutual": friend.mutual,
                "added": friend.added,
            })
        });
        return json(&shown.collect::<Vec<_>>());
    }
    let rows = friends.iter().map(|friend| {
        let mutual = if friend.mutual { "yes" } else { "no" };
        let (nick, remark) = (harmless(&friend.nick), harmless(&friend.remark));
        vec![friend.user_id.to_string(), mutual.to_owned(), nick, remark, utc(friend.added)]
    });
    let empty = format!("{} has no friends on the list", owner.id);
    table(&["FRIEND", "MUTUAL", "NICK", "REMARK", "SINCE"], &rows.collect::<Vec<_>>(), &empty)
}

fn report(pair: &Pair, changed: bool, (one_way, both): (&str, &str), as_json: bool) -> anyhow::Result<()> {
    let Pair { user, friend, .. } = pair;
    if as_json {
        json(&json!({ "userID": user, "friend": friend, "oneWay": pair.one_way, "changed": changed }))
    } else if pair.one_way {
        line(format!("{friend} {one_way} {user}"))
    } else {
        line(format!("{user} and {friend} {both}"))
    }
}
