//! `lamplight sig`: makes and checks UserSigs.

use crate::args::{AppArg, Common, parse_user};
use crate::operator::Operator;
use crate::output::{Refused, json, line};
use crate::secret_arg::SecretReader;
use crate::signing::sign;
use crate::time_text::{duration_text, parse_duration, present, utc};
use anyhow::Context;
use clap::{Args, Subcommand};
use lamplight_model::{App, Code, Moment, Now, Timestamp, User, UserId};
use lamplight_server::{ShownSecret, token_keys_on_disk};
use serde_json::json;
use std::path::Path;
use std::time::Duration;

/// Arguments of `lamplight sig`.
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Examples:
  lamplight sig alice
  lamplight sig alice --expire 1h --app 1400000001
  lamplight sig verify \"$TOKEN\" --user alice
  lamplight sig -- verify              for a user who is called \"verify\"

The token is signed with the newest key of the app. It works for every client of that app. Making a token is \
recorded in the audit log; a backend should make its own."
)]
pub struct SigArgs {
    /// The subcommand; if it is missing, a UserSig is made.
    #[command(subcommand)]
    command: Option<SigCommand>,
    /// The user who can log in with it
    #[arg(required = true, value_name = "USER", value_parser = parse_user)]
    user: Option<UserId>,
    /// How long it is valid
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = parse_duration)]
    expire: Duration,
    /// The app that the command works on.
    #[command(flatten)]
    app: AppArg,
}

/// Commands for UserSigs, other than making one.
#[derive(Subcommand, Debug)]
pub enum SigCommand {
    /// Check a UserSig or a JWT: form, user, app, signature, expiry
    #[command(after_help = "\
Examples:
  lamplight sig verify \"$TOKEN\" --user alice
  lamplight sig verify - --user alice < token.txt

A JWT is checked by the settings of the app: its keys, its key file, and the keys that a server last read from its \
address. Kicks are not considered: `lamplight account list` shows up to which time UserSigs are revoked.")]
    Verify {
        /// The UserSig or JWT; `-` reads it from stdin
        #[arg(value_name = "TOKEN|-", allow_hyphen_values = true)]
        token: String,
        /// The user who logs in with it
        #[arg(long, value_name = "USER", value_parser = parse_user)]
        user: UserId,
        /// The app that the command works on.
        #[command(flatten)]
        app: AppArg,
    },
}

/// Runs the command.
pub async fn run(args: SigArgs, common: &Common) -> anyhow::Result<()> {
    let mut operator = Operator::open(&common.store()?).await?;
    match args.command {
        Some(SigCommand::Verify { token, user, app }) => {
            let app = operator.app(app.app).await?;
            let token = SecretReader::default().read("TOKEN", &token)?;
            match lamplight_auth::is_jwt(token.trim()) {
                true => verify_jwt(token.trim(), &app, &user, &common.store()?.data_dir, common.json),
                false => verify(token.trim(), &app, &user, common.json),
            }
        }
        None => {
            let user = args.user.context("the user is missing: `lamplight sig USER`")?;
            let app = operator.app(args.app.app).await?;
            let owner = User::new(app.id, user.clone());
            let (token, claims) = sign(&app, user, args.expire, present())?;
            operator.enter_secret(ShownSecret::UserSig { user: owner, expire: claims.expire }).await?;
            if !common.json {
                return line(token);
            }
            json(&json!({
                "userID": claims.user_id, "SDKAppID": claims.app, "userSig": token,
                "issued": claims.issued, "expire": claims.expire,
            }))
        }
    }
}

fn verify(token: &str, app: &App, user: &UserId, as_json: bool) -> anyhow::Result<()> {
    let claims = lamplight_auth::verify(token, app, user, present())
        .map_err(|refusal| Refused { code: refusal.code.number(), message: refusal.to_string() })?;
    if as_json {
        return json(&json!({
            "userID": claims.user_id, "SDKAppID": claims.app,
            "issued": claims.issued, "expire": claims.expire, "expires": claims.expires(),
        }));
    }
    line(format!(
        "valid: user {}, app {}\nissued  {}\nexpires {} (after {})",
        claims.user_id,
        claims.app,
        utc(Timestamp(claims.issued.saturating_mul(1_000))),
        utc(claims.expires()),
        duration_text(claims.expire.saturating_mul(1_000)),
    ))
}

/// Verifies a JWT with the settings of the app and the keys in the data folder.
fn verify_jwt(token: &str, app: &App, user: &UserId, folder: &Path, as_json: bool) -> anyhow::Result<()> {
    // Another process has fetched the keys, and the monotonic clocks of two processes cannot be compared. The age of
    // the keys is therefore computed from the wall clock.
    let now = Now { wall: present(), moment: Moment::default() };
    let (sets, missing) = token_keys_on_disk(folder, app, now);
    let keys: Vec<_> = sets.iter().collect();
    let verified = lamplight_auth::verify_jwt(token, &app.settings.jwt, &keys, app.id, user, now.wall);
    let claims = verified.map_err(|refusal| {
        let refusal = refusal.refusal();
        // A source without keys can only explain a wrong signature, so such sources are named only in that case.
        let missing = if refusal.code == Code::SIG_WRONG { &missing[..] } else { &[] };
        let sources: String = missing.iter().map(|why| format!("; no keys from {why}")).collect();
        Refused { code: refusal.code.number(), message: format!("{refusal}{sources}") }
    })?;
    if as_json {
        return json(&json!({
            "userID": user, "SDKAppID": app.id, "issued": claims.issued, "expires": claims.expires,
        }));
    }
    let issued = match claims.issued {
        0 => "unknown (no iat: any kick of the user revokes it)".to_owned(),
        issued => utc(Timestamp(issued.saturating_mul(1_000))),
    };
    line(format!(
        "valid: user {user}, app {}, by JWT\nissued  {issued}\nexpires {} (with the leeway of the app)",
        app.id,
        utc(claims.expires),
    ))
}
