//! `lamplight visibility`: who may see the status of a user.

use crate::args::{AppArg, Common, parse_user};
use crate::operator::Operator;
use crate::output::{json, line};
use clap::Subcommand;
use lamplight_model::{User, UserId, Visibility};
use lamplight_server::ListsOperation;
use serde_json::json;

/// Commands for the visibility of statuses.
#[derive(Subcommand, Debug)]
pub enum VisibilityCommand {
    /// Show who may see the status of a user
    #[command(after_help = "\
Examples:
  lamplight visibility show alice")]
    Show {
        /// The user
        #[arg(value_name = "USER", value_parser = parse_user)]
        user: UserId,
        /// The app that the command works on.
        #[command(flatten)]
        app: AppArg,
    },
    /// Set who may see the status of a user
    #[command(after_help = "\
Examples:
  lamplight visibility set alice friends
  lamplight visibility set alice everyone

Users who may not see the status are shown what they would be shown if all connections of the user had closed. Users on the block list of the user may not see it, whatever the visibility is.")]
    Set {
        /// The user
        #[arg(value_name = "USER", value_parser = parse_user)]
        user: UserId,
        /// The users who may see the status: everyone, friends (mutual friends) or nobody
        #[arg(value_name = "WHO", value_parser = parse_visibility)]
        visibility: Visibility,
        /// The app that the command works on.
        #[command(flatten)]
        app: AppArg,
    },
}

fn parse_visibility(text: &str) -> Result<Visibility, String> {
    text.parse().map_err(|_| "it must be everyone, friends or nobody".to_owned())
}

/// Runs the command.
pub async fn run(command: VisibilityCommand, common: &Common) -> anyhow::Result<()> {
    let mut operator = Operator::open(&common.store()?).await?;
    match command {
        VisibilityCommand::Show { user, app } => {
            let user = User::new(operator.app(app.app).await?.id, user);
            let (visibility, blocked) = operator.block_list(&user).await?;
            if common.json {
                let blocked = blocked.len();
                return json(&json!({ "userID": user.id, "visibility": visibility, "blocked": blocked }));
            }
            line(sentence(&user.id, visibility, blocked.len()))
        }
        VisibilityCommand::Set { user, visibility, app } => {
            let user = User::new(operator.app(app.app).await?.id, user);
            operator.lists(ListsOperation::SetVisibility { user: user.clone(), visibility }).await?;
            if common.json {
                return json(&json!({ "userID": user.id, "visibility": visibility }));
            }
            line(sentence(&user.id, visibility, 0))
        }
    }
}

fn sentence(user: &UserId, visibility: Visibility, blocked: usize) -> String {
    let may = match visibility {
        Visibility::Everyone => format!("everyone may see the status of {user}"),
        Visibility::Friends => format!("the mutual friends of {user} may see the status of {user}"),
        Visibility::Nobody => format!("nobody may see the status of {user}"),
    };
    match (visibility, blocked) {
        (Visibility::Nobody, _) | (_, 0) => may,
        (_, 1) => format!("{may}, except 1 blocked user"),
        (_, blocked) => format!("{may}, except {blocked} blocked users"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocked_users_are_mentioned_only_if_others_may_see_the_status() {
        let alice = UserId::new("alice").unwrap();
        for (visibility, blocked, expected) in [
            (Visibility::Everyone, 0, "everyone may see the status of alice"),
            (Visibility::Everyone, 1, "everyone may see the status of alice, except 1 blocked user"),
            (
                Visibility::Friends,
                2,
                "the mutual friends of alice may see the status of alice, except 2 blocked users",
            ),
            (Visibility::Nobody, 2, "nobody may see the status of alice"),
        ] {
            assert_eq!(sentence(&alice, visibility, blocked), expected);
        }
    }
}
