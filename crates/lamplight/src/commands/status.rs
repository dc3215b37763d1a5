//! `lamplight status`: the statuses of users, with their evidence.

use crate::args::{AppArg, Common, parse_limit, parse_user};
use crate::operator::Operator;
use crate::output::{Refused, ShownStatus, Told, custom, devices, harmless, json, line, table, utc_or_dash};
use crate::time_text::{duration_text, parse_duration, present, utc};
use clap::Subcommand;
use lamplight_model::{Code, CustomDuration, Platform, Timestamp, User, UserId, UserStatus};
use lamplight_server::Operation;
use serde_json::json;

/// Commands for statuses.
#[derive(Subcommand, Debug)]
pub enum StatusCommand {
    /// Read the status of users, with its evidence
    #[command(after_help = "\
Examples:
  lamplight status get alice bob
  lamplight status get alice --json

Needs a running server. For a user without an account, the line says so, and the exit code is 1.")]
    Get {
        /// The users to look up
        #[arg(required = true, value_name = "USER", value_parser = parse_user)]
        users: Vec<UserId>,
        /// The app that the command works on.
        #[command(flatten)]
        app: AppArg,
    },
    /// List the users who are ONLINE now, in no particular order
    #[command(after_help = "\
Examples:
  lamplight status online
  lamplight status online --on Web --limit 1000 --json

Needs a running server. A user who comes or goes meanwhile may be in the list or not.")]
    Online {
        /// List only users who are connected on this platform
        #[arg(long, value_name = "PLATFORM", value_parser = parse_platform)]
        on: Option<Platform>,
        /// The maximum number of users to list
        #[arg(long, value_name = "N", value_parser = parse_limit, default_value_t = 100)]
        limit: usize,
        /// The app that the command works on.
        #[command(flatten)]
        app: AppArg,
    },
    /// Set the custom status of a user, or clear it with ""
    #[command(after_help = "\
Examples:
  lamplight status set alice \"in a meeting\"
  lamplight status set alice \"at lunch\" --for 45m
  lamplight status set alice \"\"

Needs a running server, and a user who is ONLINE: a custom status is cleared when the user goes offline.")]
    Set {
        /// The user whose custom status to set
        #[arg(value_name = "USER", value_parser = parse_user)]
        user: UserId,
        /// The text, at most 100 bytes unless the app has another limit
        #[arg(value_name = "TEXT")]
        text: String,
        /// The time after which the server clears the text, from 1s to 30d; without it, the text stays
        #[arg(long = "for", value_name = "TIME", value_parser = parse_whole_seconds)]
        for_time: Option<u32>,
        /// The app that the command works on.
        #[command(flatten)]
        app: AppArg,
    },
}

/// Runs the command.
pub async fn run(command: StatusCommand, common: &Common) -> anyhow::Result<()> {
    let mut operator = Operator::open(&common.store()?).await?;
    match command {
        StatusCommand::Get { users, app } => {
            let app = operator.app(app.app).await?.id;
            let statuses = operator.statuses(app, &users).await?;
            show(&users, &statuses, common.json)
        }
        StatusCommand::Online { on, limit, app } => {
            let app = operator.app(app.app).await?.id;
            let users = operator.online(app, on, limit).await?;
            if common.json {
                return json(&users.iter().map(ShownStatus::from).collect::<Vec<_>>());
            }
            let now = present();
            let rows = users.iter().map(|status| row(status, now));
            table(&HEADS, &rows.collect::<Vec<_>>(), "nobody is ONLINE")
        }
        StatusCommand::Set { user, text, for_time, app } => {
            let user = User::new(operator.app(app.app).await?.id, user);
            let set = Operation::SetStatus {
                user: user.clone(),
                custom_status: text.clone(),
                expires_in: for_time.unwrap_or(0),
            };
            operator.act(set).await?;
            if common.json {
                let mut set = json!({ "userID": user.id, "customStatus": text });
                if let Some(seconds) = for_time {
                    set["expiresIn"] = seconds.into();
                }
                json(&set)
            } else if text.is_empty() {
                line(format!("the custom status of {} is cleared", user.id))
            } else if let Some(seconds) = for_time {
                let (text, time) = (harmless(&text), duration_text(u64::from(seconds) * 1_000));
                line(format!("the custom status of {} is now {text:?} for {time}", user.id))
            } else {
                line(format!("the custom status of {} is now {:?}", user.id, harmless(&text)))
            }
        }
    }
}

/// The columns of the table of statuses.
const HEADS: [&str; 8] = ["USER", "STATUS", "CUSTOM", "SINCE", "REASON", "LAST SEEN", "DEVICES", "VERSION"];

fn parse_platform(text: &str) -> Result<Platform, String> {
    text.parse().map_err(|_| {
        let names: Vec<_> = Platform::ALL.iter().map(|platform| platform.name()).collect();
        format!("the platform must be one of {}", names.join(", "))
    })
}

/// Parses the duration of a custom status, in seconds.
fn parse_whole_seconds(text: &str) -> Result<u32, String> {
    let duration = parse_duration(text)?;
    let seconds = u32::try_from(duration.as_secs()).unwrap_or(u32::MAX);
    match seconds {
        1..=CustomDuration::MAX_SECONDS if duration.subsec_nanos() == 0 => Ok(seconds),
        _ => Err(format!("{text:?} must be whole seconds from 1s to 30d")),
    }
}

fn show(users: &[UserId], statuses: &[Option<UserStatus>], as_json: bool) -> anyhow::Result<()> {
    let found = users.iter().zip(statuses);
    let absent = Code::NO_SUCH_ACCOUNT;
    if as_json {
        let shown = found.map(|(user, status)| match status {
            Some(status) => serde_json::to_value(ShownStatus::from(status)),
            None => Ok(json!({ "userID": user, "code": absent.number(), "message": absent.to_string() })),
        });
        json(&shown.collect::<Result<Vec<_>, _>>()?)?;
    } else {
        let now = present();
        let rows = found.map(|(user, status)| match status {
            Some(status) => row(status, now),
            None => vec![user.to_string(), format!("({absent})")],
        });
        table(&HEADS, &rows.collect::<Vec<_>>(), "no user was given")?;
    }
    let absent_users = users.iter().zip(statuses).filter(|(_, status)| status.is_none());
    let absent_users: Vec<_> = absent_users.map(|(user, _)| user.as_str()).collect();
    match absent_users.len() {
        0 => Ok(()),
        _ => {
            let message = format!("{absent} — {}", absent_users.join(", "));
            let refused = Refused { code: absent.number(), message };
            Err(if as_json { Told(refused.into()).into() } else { refused.into() })
        }
    }
}

fn row(status: &UserStatus, now: Timestamp) -> Vec<String> {
    let custom = custom(status, now);
    vec![
        status.user_id.to_string(),
        status.status_type.to_string(),
        if custom.is_empty() { "-".to_owned() } else { custom },
        utc(status.since),
        status.reason.to_string(),
        utc_or_dash(status.last_seen),
        devices(status),
        status.version.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_whole_seconds_up_to_thirty_days() {
        for (text, seconds) in [
            ("1s", Some(1)),
            ("45m", Some(2_700)),
            ("1h30m", Some(5_400)),
            ("30d", Some(2_592_000)),
            ("0", None),
            ("500ms", None),
            ("1s500ms", None),
            ("30d1s", None),
            ("9999999d", None),
            ("soon", None),
        ] {
            assert_eq!(parse_whole_seconds(text).ok(), seconds, "{text}");
        }
    }
}
