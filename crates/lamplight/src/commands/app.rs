//! `lamplight app`: apps, with their settings, keys and admins.

use crate::args::{Common, parse_app, parse_user};
use crate::commands::app_settings::{SettingsArgs, edition_name, rows};
use crate::operator::Operator;
use crate::output::{harmless, json, line, table};
use crate::secret_arg::SecretReader;
use anyhow::{Context, bail, ensure};
use clap::Subcommand;
use lamplight_model::{App, AppId, AppKey, AppSettings, UserId};
use lamplight_server::{ShownSecret, ShownSettings};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write, stderr, stdin};

/// The SDKAppID of the first app, unless an operator gives another one. Further apps get the next higher ids.
const FIRST_APP: u32 = 1_400_000_001;

/// The maximum number of ids that `app create` tries. Another command may take an id before this one does.
const ATTEMPTS: usize = 5;

/// Commands for apps.
#[derive(Subcommand, Debug)]
pub enum AppCommand {
    /// Create an app with a key; the key is shown once
    #[command(after_help = "\
Examples:
  lamplight app create --name \"our chat\"
  lamplight app create --id 1400000042 --edition standard
  lamplight app create --id 1400000042 --key - < secret-key.txt

With the SDKAppID and the secret key of an app that you have elsewhere, UserSigs that your backend has issued stay valid. \
An option with the value `-` reads its secret from stdin; only one of them in a command.")]
    Create {
        /// The SDKAppID [default: the next free one]
        #[arg(long, value_name = "ID", value_parser = parse_app)]
        id: Option<AppId>,
        /// An existing secret key; `-` reads it from stdin, so that it is not in the list of processes
        #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
        key: Option<String>,
        /// The settings of the new app.
        #[command(flatten)]
        settings: Box<SettingsArgs>,
    },
    /// List the apps
    #[command(after_help = "\
Examples:
  lamplight app list
  lamplight app list --json")]
    List,
    /// Change settings of an app, without a restart of the server
    #[command(after_help = "\
Examples:
  lamplight app set 1400000001 --friend-notification on
  lamplight app set 1400000001 --multi-device dual --linger-web 5s --subscriptions 1000
  lamplight app set 1400000001 --jwt-keys - < public.pem
  lamplight app set 1400000001 --webhook-token - < token.txt

The settings take effect at once, except timeouts, lingers and the retention of logins and subscriptions: these apply to \
connections, broken connections and lists from then on. An option with the value `-` reads its secret from stdin, so that \
it is not in the list of processes; only one of them in a command.")]
    Set {
        /// The SDKAppID
        #[arg(value_name = "ID", value_parser = parse_app)]
        id: AppId,
        /// The settings to change.
        #[command(flatten)]
        settings: Box<SettingsArgs>,
    },
    /// Show an app with all its settings
    #[command(after_help = "\
Examples:
  lamplight app show
  lamplight app show 1400000001 --json")]
    Show {
        /// The SDKAppID; may be left out while there is only one app
        #[arg(value_name = "ID", value_parser = parse_app)]
        id: Option<AppId>,
    },
    /// Delete an app with all its data: accounts, friends, messages, keys
    #[command(after_help = "\
Examples:
  lamplight app delete 1400000002
  lamplight app delete 1400000002 --yes

Connected clients are logged out at once and told that the account was deleted. The command asks for the SDKAppID \
once more unless --yes is given, and ends when all data is deleted. If it or the server is stopped before \
that, the server deletes the rest later. The last app cannot be deleted.")]
    Delete {
        /// The SDKAppID
        #[arg(value_name = "ID", value_parser = parse_app)]
        id: AppId,
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
    },
    /// Rotate the keys of an app: the newest key signs, all keys verify
    #[command(subcommand)]
    Key(KeyCommand),
    /// Manage the users who may call the server API
    #[command(subcommand)]
    Admin(AdminCommand),
}

/// Commands for the keys of an app.
#[derive(Subcommand, Debug)]
pub enum KeyCommand {
    /// Add a key, which signs from now on; a generated key is shown
    #[command(after_help = "\
Examples:
  lamplight app key add 1400000001
  lamplight app key add 1400000001 --key - < secret-key.txt

To rotate: add a key, give it to your backend, wait until the UserSigs of the old one have expired, \
then remove the old one. Nobody is logged out.")]
    Add {
        /// The SDKAppID
        #[arg(value_name = "ID", value_parser = parse_app)]
        id: AppId,
        /// An existing secret key; `-` reads it from stdin, so that it is not in the list of processes
        #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
        key: Option<String>,
    },
    /// List the keys; with --show, their secret text too
    #[command(after_help = "\
Examples:
  lamplight app key list 1400000001
  lamplight app key list 1400000001 --show")]
    List {
        /// The SDKAppID; may be left out while there is only one app
        #[arg(value_name = "ID", value_parser = parse_app)]
        id: Option<AppId>,
        /// Show the secret text
        #[arg(long)]
        show: bool,
    },
    /// Remove a key; UserSigs that it has signed are no longer valid
    #[command(after_help = "\
Examples:
  lamplight app key remove 1400000001 1

Devices that logged in with it are logged out, and need a new UserSig to log in again.")]
    Remove {
        /// The SDKAppID
        #[arg(value_name = "ID", value_parser = parse_app)]
        id: AppId,
        /// The number of the key, from `app key list`
        #[arg(value_name = "KEY")]
        key: u32,
    },
}

/// Commands for the admins of an app.
#[derive(Subcommand, Debug)]
pub enum AdminCommand {
    /// Allow a user to call the server API
    #[command(after_help = "\
Examples:
  lamplight app admin add 1400000001 backend")]
    Add {
        /// The SDKAppID
        #[arg(value_name = "ID", value_parser = parse_app)]
        id: AppId,
        /// The user
        #[arg(value_name = "USER", value_parser = parse_user)]
        user: UserId,
    },
    /// No longer allow a user to call the server API
    #[command(after_help = "\
Examples:
  lamplight app admin remove 1400000001 backend")]
    Remove {
        /// The SDKAppID
        #[arg(value_name = "ID", value_parser = parse_app)]
        id: AppId,
        /// The user
        #[arg(value_name = "USER", value_parser = parse_user)]
        user: UserId,
    },
}

/// Runs the command.
pub async fn run(command: AppCommand, common: &Common) -> anyhow::Result<()> {
    let store = common.store()?;
    // An app may be created before the server's first start.
    let operator = &mut match &command {
        AppCommand::Create { .. } => Operator::make(&store).await,
        AppCommand::List
        | AppCommand::Set { .. }
        | AppCommand::Show { .. }
        | AppCommand::Delete { .. }
        | AppCommand::Key(_)
        | AppCommand::Admin(_) => Operator::open(&store).await?,
    };
    let as_json = common.json;
    match command {
        AppCommand::Create { id, mut key, mut settings } => {
            let mut secrets = SecretReader::default();
            secrets.read_in_place("--key", &mut key)?;
            settings.read_secrets(&mut secrets)?;
            create(operator, id, key, &settings, as_json).await
        }
        AppCommand::List => list(operator, as_json).await,
        AppCommand::Set { id, mut settings } => {
            settings.read_secrets(&mut SecretReader::default())?;
            let mut app = operator.app(Some(id)).await?;
            settings.apply(&mut app.settings)?;
            operator.put_app(app.clone()).await?;
            show(&app, as_json)
        }
        AppCommand::Show { id } => show(&operator.app_by(id, "lamplight app show ID").await?, as_json),
        AppCommand::Delete { id, yes } => delete(operator, id, yes, as_json).await,
        AppCommand::Key(command) => key(operator, command, as_json).await,
        AppCommand::Admin(command) => admin(operator, command, as_json).await,
    }
}

async fn create(
    operator: &mut Operator,
    id: Option<AppId>,
    key: Option<String>,
    settings: &SettingsArgs,
    as_json: bool,
) -> anyhow::Result<()> {
    let is_new = key.is_none();
    let text = key.map_or_else(new_key, |key| key.trim().to_owned());
    let mut app = App {
        id: AppId(FIRST_APP),
        keys: Vec::new(),
        admins: vec![UserId::new("administrator")?],
        settings: AppSettings::of_a_new_app(),
    };
    let key = app.add_key(text)?.clone();
    settings.apply(&mut app.settings)?;
    let mut attempts = 0..ATTEMPTS;
    let id = loop {
        let apps = operator.apps().await?;
        app.id = match id {
            Some(id) => id,
            None => {
                let mut taken: BTreeSet<_> = apps.iter().map(|app| app.id).collect();
                taken.extend(operator.apps_being_deleted().await?);
                next_app(&taken).context("every SDKAppID is taken")?
            }
        };
        ensure!(
            apps.iter().all(|other| other.id != app.id),
            "the app {} exists already; change it with `app set`",
            app.id
        );
        if operator.try_put_app(app.clone()).await? {
            break app.id;
        }
        // Another command has created an app with this id since the list was read, so the list is read again.
        ensure!(
            attempts.next().is_some(),
            "other commands have taken each chosen SDKAppID in the meantime; try again"
        );
    };
    if as_json {
        return json(&json!({ "app": shown(&app), "key": is_new.then_some(&key.text) }));
    }
    line(format!("app {id} was created"))?;
    if is_new { show_new_key(&key) } else { line(format!("key {}: the given one", key.id)) }
}

/// Returns an id for a new app: one above the highest id, so that ids are normally not reused. If no higher id exists,
/// returns a free id, if possible one that is not below [`FIRST_APP`]. Returns `None` if all ids are taken.
fn next_app(taken: &BTreeSet<AppId>) -> Option<AppId> {
    let above = taken.last().map_or(Some(FIRST_APP), |last| last.0.checked_add(1));
    let free = |id: &u32| !taken.contains(&AppId(*id));
    let id = above.or_else(|| (FIRST_APP..u32::MAX).find(free)).or_else(|| (1..FIRST_APP).find(free));
    id.map(AppId)
}

fn new_key() -> String {
    lamplight_auth::generate_key(rand::random())
}

async fn list(operator: &mut Operator, as_json: bool) -> anyhow::Result<()> {
    let apps = operator.apps().await?;
    if as_json {
        return json(&apps.iter().map(shown).collect::<Vec<_>>());
    }
    let on = |on: bool| if on { "on" } else { "off" }.to_owned();
    let rows = apps.iter().map(|app| {
        let AppSettings { name, edition, switches, .. } = &app.settings;
        vec![
            app.id.to_string(),
            edition_name(*edition).to_owned(),
            on(switches.user_status),
            on(switches.friend_notification),
            app.keys.len().to_string(),
            harmless(name),
        ]
    });
    let heads = ["SDKAPPID", "EDITION", "USER STATUS", "FRIEND NOTIFICATION", "KEYS", "NAME"];
    table(&heads, &rows.collect::<Vec<_>>(), "there is no app yet; create one with `lamplight app create`")
}

async fn delete(operator: &mut Operator, id: AppId, yes: bool, as_json: bool) -> anyhow::Result<()> {
    let app = operator.app(Some(id)).await?;
    if !yes {
        let name = harmless(&app.settings.name);
        write!(stderr(), "This deletes app {id} ({name}) with all its data. Type its SDKAppID: ")?;
        stderr().flush()?;
        let mut typed = String::new();
        // The limit leaves room for one digit more than the longest SDKAppID, and for the line end.
        BufReader::new(stdin().take(13)).read_line(&mut typed)?;
        ensure!(typed.trim() == id.to_string(), "app {id} was not deleted");
    }
    operator.delete_app(id).await?;
    if as_json {
        json(&json!({ "SDKAppID": id, "deleted": true }))
    } else {
        line(format!("app {id} was deleted"))
    }
}

async fn key(operator: &mut Operator, command: KeyCommand, as_json: bool) -> anyhow::Result<()> {
    match command {
        KeyCommand::Add { id, mut key } => {
            let is_new = key.is_none();
            SecretReader::default().read_in_place("--key", &mut key)?;
            let text = key.map_or_else(new_key, |key| key.trim().to_owned());
            let mut app = operator.app(Some(id)).await?;
            let key = app.add_key(text)?.clone();
            operator.put_app(app).await?;
            match (as_json, is_new) {
                (true, true) => json(&key),
                // A key that the caller already has is not printed, because a script may log the output.
                (true, false) => json(&json!({ "id": key.id })),
                (false, true) => show_new_key(&key),
                (false, false) => line(format!("key {} of app {id}: the given one", key.id)),
            }
        }
        KeyCommand::List { id, show } => {
            let app = operator.app_by(id, "lamplight app key list ID").await?;
            if show {
                let keys = app.keys.iter().map(|key| key.id).collect();
                operator.enter_secret(ShownSecret::Keys { app: app.id, keys }).await?;
            }
            let keys = app.keys.iter().enumerate().map(|(at, key)| {
                let signs = at + 1 == app.keys.len();
                (key, if signs { "signs and verifies" } else { "verifies" })
            });
            if as_json {
                let keys = keys.map(|(key, role)| match show {
                    true => json!({ "id": key.id, "role": role, "text": key.text }),
                    false => json!({ "id": key.id, "role": role }),
                });
                return json(&keys.collect::<Vec<_>>());
            }
            let rows = keys.map(|(key, role)| {
                let text = if show { key.text.clone() } else { "(hidden; --show shows it)".to_owned() };
                vec![key.id.to_string(), role.to_owned(), text]
            });
            let empty = format!("app {} has no key; nobody can log in", app.id);
            table(&["KEY", "ROLE", "TEXT"], &rows.collect::<Vec<_>>(), &empty)
        }
        KeyCommand::Remove { id, key } => {
            let mut app = operator.app(Some(id)).await?;
            ensure!(app.keys.iter().any(|kept| kept.id == key), "app {id} has no key {key}");
            ensure!(app.keys.len() > 1, "key {key} is the last of app {id}; add another one first");
            app.keys.retain(|kept| kept.id != key);
            operator.put_app(app.clone()).await?;
            if as_json { json(&shown(&app)) } else { line(format!("key {key} of app {id} was removed")) }
        }
    }
}

async fn admin(operator: &mut Operator, command: AdminCommand, as_json: bool) -> anyhow::Result<()> {
    let app = match command {
        AdminCommand::Add { id, user } => {
            let mut app = operator.app(Some(id)).await?;
            if app.admins.contains(&user) {
                bail!("{user} is already an admin of app {id}");
            }
            app.admins.push(user);
            app
        }
        AdminCommand::Remove { id, user } => {
            let mut app = operator.app(Some(id)).await?;
            ensure!(app.admins.contains(&user), "{user} is not an admin of app {id}");
            app.admins.retain(|admin| *admin != user);
            app
        }
    };
    operator.put_app(app.clone()).await?;
    if as_json { json(&shown(&app)) } else { line(format!("admins of app {}: {}", app.id, admins(&app))) }
}

fn admins(app: &App) -> String {
    let names: Vec<_> = app.admins.iter().map(UserId::as_str).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Returns the number of an app's keys and the ids of the keys, as text.
fn keys(app: &App) -> String {
    let numbers: Vec<_> = app.keys.iter().map(|key| key.id.to_string()).collect();
    match &numbers[..] {
        [] => "0".to_owned(),
        [number] => format!("1 (number {number})"),
        several => format!("{} (numbers {})", several.len(), several.join(", ")),
    }
}

fn show(app: &App, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return json(&shown(app));
    }
    let mut all = vec![
        vec!["SDKAppID".to_owned(), app.id.to_string()],
        vec!["keys".to_owned(), keys(app)],
        vec!["admins".to_owned(), admins(app)],
    ];
    all.extend(rows(&app.settings).into_iter().map(|row| vec![row[0].clone(), harmless(&row[1])]));
    table(&["SETTING", "VALUE"], &all, "")
}

/// Returns an app as JSON, without the texts of its keys and without secret settings.
fn shown(app: &App) -> Value {
    let keys: Vec<_> = app.keys.iter().map(|key| key.id).collect();
    let settings = ShownSettings::from(&app.settings);
    json!({ "SDKAppID": app.id, "keys": keys, "admins": app.admins, "settings": settings })
}

fn show_new_key(key: &AppKey) -> anyhow::Result<()> {
    line(format!("key {}: {}", key.id, key.text))?;
    line("Keep it where your backend keeps its secrets: anyone who has it can log in as any user.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_app_has_an_id_that_nobody_has() {
        let table: [(&[u32], u32); 7] = [
            (&[], FIRST_APP),
            (&[7], 8),
            (&[FIRST_APP], FIRST_APP + 1),
            (&[7, FIRST_APP, FIRST_APP + 5], FIRST_APP + 6),
            (&[u32::MAX - 1], u32::MAX),
            (&[u32::MAX], FIRST_APP),
            (&[FIRST_APP, FIRST_APP + 1, FIRST_APP + 3, u32::MAX], FIRST_APP + 2),
        ];
        for (taken, next) in table {
            let taken = taken.iter().copied().map(AppId).collect();
            assert_eq!(next_app(&taken), Some(AppId(next)), "{taken:?}");
        }
    }
}
