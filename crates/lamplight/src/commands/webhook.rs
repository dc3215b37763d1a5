//! `lamplight webhook`: the state of the webhooks of apps, and their dead letters.

use crate::args::{AppArg, Common, parse_limit};
use crate::operator::{OTHER_ANSWER, Operator};
use crate::output::{Told, error_fields, harmless, json, line, table};
use crate::time_text::{ago, present, utc};
use anyhow::{anyhow, bail, ensure};
use clap::{ArgGroup, Args, Subcommand};
use lamplight_model::{AppId, Hook, Lane};
use lamplight_server::{ShownDeadLetter, ShownLane, WebhookOperation, WebhookOutcome};
use serde_json::json;

/// The number of dead letters that are read in one request.
const PAGE: usize = 500;

/// Commands for webhooks.
#[derive(Subcommand, Debug)]
pub enum WebhookCommand {
    /// List the webhooks of all apps: address, waiting notices, and the state of the receiver
    #[command(after_help = "\
Examples:
  lamplight webhook list
  lamplight webhook list --app 1400000001 --json

Without --app, the webhooks of all apps are listed. Set the address of a webhook with `lamplight app set ID \
--state-change-url URL --push-url URL`.")]
    List {
        /// The app that the command works on.
        #[command(flatten)]
        app: AppArg,
    },
    /// List dead letters (notices that were given up), oldest first
    #[command(after_help = "\
Examples:
  lamplight webhook dead
  lamplight webhook dead --limit 20 --json")]
    Dead {
        /// The app that the command works on.
        #[command(flatten)]
        app: AppArg,
        /// The maximum number of dead letters to list
        #[arg(long, value_name = "N", value_parser = parse_limit, default_value_t = 100)]
        limit: usize,
        /// List only dead letters after this one
        #[arg(long, value_name = "ID")]
        after: Option<u64>,
    },
    /// Show a dead letter with all its fields
    #[command(after_help = "\
Examples:
  lamplight webhook show 17")]
    Show {
        /// The id, as `webhook dead` lists it
        #[arg(value_name = "ID")]
        id: u64,
        /// The app that the command works on.
        #[command(flatten)]
        app: AppArg,
    },
    /// Send dead letters again
    #[command(after_help = "\
Examples:
  lamplight webhook resend 17 18
  lamplight webhook resend --all")]
    Resend(Which),
    /// Delete dead letters, without sending them
    #[command(after_help = "\
Examples:
  lamplight webhook drop 17 18
  lamplight webhook drop --all")]
    Drop(Which),
    /// Send a test request, which reports no event, and show the outcome
    #[command(after_help = "\
Examples:
  lamplight webhook test
  lamplight webhook test push --json")]
    Test {
        /// The webhook to test
        #[arg(value_name = "state_change|push", default_value_t = Hook::StateChange)]
        webhook: Hook,
        /// The app that the command works on.
        #[command(flatten)]
        app: AppArg,
    },
}

/// The dead letters that a command works on.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("which").required(true).args(["ids", "all"]))]
pub struct Which {
    /// The ids, as `webhook dead` lists them
    #[arg(value_name = "ID")]
    ids: Vec<u64>,
    /// All dead letters of the app
    #[arg(long)]
    all: bool,
    /// The app that the command works on.
    #[command(flatten)]
    app: AppArg,
}

/// Runs the command.
pub async fn run(command: WebhookCommand, common: &Common) -> anyhow::Result<()> {
    let mut operator = Operator::open(&common.store()?).await?;
    match command {
        WebhookCommand::List { app } => {
            let WebhookOutcome::Lanes(lanes) = operator.webhooks(WebhookOperation::List(app.app)).await?
            else {
                bail!(OTHER_ANSWER)
            };
            list(&lanes, common.json)
        }
        WebhookCommand::Dead { app, limit, after } => {
            let app = operator.app(app.app).await?.id;
            let letters = dead_letters(&mut operator, app, after, limit).await?;
            if common.json {
                return json(&letters);
            }
            let row = |letter: &ShownDeadLetter| {
                vec![
                    letter.id.to_string(),
                    utc(letter.died),
                    letter.webhook.to_string(),
                    harmless(letter.user_id.as_str()),
                    harmless(&letter.summary),
                    letter.attempts.to_string(),
                    harmless(&letter.error),
                ]
            };
            let rows: Vec<_> = letters.iter().map(row).collect();
            let heads = ["ID", "DIED", "WEBHOOK", "USER", "WHAT", "ATTEMPTS", "ERROR"];
            table(&heads, &rows, "there are no dead letters")
        }
        WebhookCommand::Show { id, app } => {
            let app = operator.app(app.app).await?.id;
            let letters = dead_letters(&mut operator, app, id.checked_sub(1), 1).await?;
            let letter = letters.into_iter().find(|letter| letter.id == id);
            ensure!(letter.is_some(), "there is no dead letter {id}");
            // The output is always JSON, because the content of a notice is JSON.
            json(&letter)
        }
        WebhookCommand::Resend(which) => {
            let (app, ids) = which.of(&mut operator).await?;
            let named = ids.clone();
            count(&mut operator, WebhookOperation::Resend { app, ids }, named, common.json, "sent again")
                .await
        }
        WebhookCommand::Drop(which) => {
            let (app, ids) = which.of(&mut operator).await?;
            let named = ids.clone();
            count(&mut operator, WebhookOperation::Drop { app, ids }, named, common.json, "deleted").await
        }
        WebhookCommand::Test { webhook, app } => {
            let lane = Lane { app: operator.app(app.app).await?.id, hook: webhook };
            let outcome = operator.webhooks(WebhookOperation::Test { lane }).await?;
            let WebhookOutcome::Tested { status, error, took_ms, header, delivery, signature } = outcome
            else {
                bail!(OTHER_ANSWER)
            };
            match (status, error) {
                (Some(status), _) if common.json => json(&json!({
                    "webhook": webhook,
                    "status": status,
                    "tookMs": took_ms,
                    "header": header,
                    "delivery": delivery,
                    "signature": signature,
                })),
                (Some(status), _) => {
                    line(format!("the {webhook} webhook answered with {status} after {took_ms} ms"))?;
                    let signed = match signature.is_empty() {
                        true => "requests are not signed".to_owned(),
                        false => format!("signed by {} in the query", signature.join(" and ")),
                    };
                    line(format!("header {header}: {delivery}; {signed}"))
                }
                (None, error) => {
                    let why = harmless(&error.unwrap_or_default());
                    bail!("the {webhook} webhook failed after {took_ms} ms: {why}")
                }
            }
        }
    }
}

impl Which {
    async fn of(mut self, operator: &mut Operator) -> anyhow::Result<(AppId, Option<Vec<u64>>)> {
        let app = operator.app(self.app.app).await?.id;
        self.ids.sort_unstable();
        self.ids.dedup();
        Ok((app, (!self.all).then_some(self.ids)))
    }
}

fn list(lanes: &[ShownLane], as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return json(&lanes);
    }
    let now = present();
    let row = |lane: &ShownLane| {
        let state = match lane.resting_until {
            Some(until) => format!("failing, tried again at {}", utc(until)),
            None if lane.url.is_empty() => "off".to_owned(),
            None => "in order".to_owned(),
        };
        vec![
            lane.app.to_string(),
            lane.webhook.to_string(),
            state,
            lane.waiting.to_string(),
            lane.oldest.map_or_else(|| "-".to_owned(), |oldest| ago(oldest, now)),
            lane.dead_letters.to_string(),
            if lane.signed { "yes" } else { "no" }.to_owned(),
            harmless(&lane.url),
            harmless(&lane.last_error),
        ]
    };
    let rows: Vec<_> = lanes.iter().map(row).collect();
    let heads = ["APP", "WEBHOOK", "STATE", "WAITING", "OLDEST", "DEAD", "SIGNED", "URL", "LAST ERROR"];
    table(&heads, &rows, "no app has a webhook; set one with `lamplight app set ID --state-change-url URL`")
}

async fn dead_letters(
    operator: &mut Operator,
    app: AppId,
    mut after: Option<u64>,
    limit: usize,
) -> anyhow::Result<Vec<ShownDeadLetter>> {
    let mut all: Vec<ShownDeadLetter> = Vec::new();
    while all.len() < limit {
        let asked = WebhookOperation::Dead { app, after, limit: PAGE.min(limit - all.len()) };
        let WebhookOutcome::DeadLetters(letters) = operator.webhooks(asked).await? else {
            bail!(OTHER_ANSWER)
        };
        if letters.is_empty() {
            break;
        }
        all.extend(letters);
        after = all.last().map(|letter| letter.id);
    }
    Ok(all)
}

/// Executes an operation on dead letters, and prints their number. Then fails if a named dead letter does not exist.
async fn count(
    operator: &mut Operator,
    operation: WebhookOperation,
    named: Option<Vec<u64>>,
    as_json: bool,
    done: &str,
) -> anyhow::Result<()> {
    let WebhookOutcome::Done { count } = operator.webhooks(operation).await? else { bail!(OTHER_ANSWER) };
    let missing = named.as_ref().map_or(0, |named| named.len().saturating_sub(count));
    match named.as_deref() {
        Some([id]) if missing > 0 => {
            bail!("there is no dead letter {id}; `lamplight webhook dead` lists them")
        }
        Some(named) if missing == named.len() => {
            bail!("none of these dead letters exists; `lamplight webhook dead` lists them")
        }
        Some(_) | None => {}
    }
    let absent = (missing > 0).then(|| {
        let are = if missing == 1 { "is" } else { "are" };
        anyhow!("{missing} of the named dead letters {are} missing")
    });
    if as_json {
        let error = absent.as_ref().map(error_fields);
        json(&match error {
            None => json!({ "count": count }),
            Some(error) => json!({ "count": count, "error": error }),
        })?;
    } else {
        let letters = if count == 1 { "letter" } else { "letters" };
        line(format!("{count} dead {letters} {done}"))?;
    }
    match absent {
        None => Ok(()),
        Some(error) if as_json => Err(Told(error).into()),
        Some(error) => Err(error),
    }
}
