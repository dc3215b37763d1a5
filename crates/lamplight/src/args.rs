//! The arguments that every command shares, and the list of commands.

use crate::commands::{
    account, app, audit, completions, console, demo, doctor, friend, message, serve, sig, status, watch,
    webhook,
};
use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use figment::value::Value;
use lamplight_load::LoadArgs;
use lamplight_model::{AppId, UserId};
use lamplight_server::Config;
use std::path::PathBuf;

/// Lamplight tells a chat application who is there.
#[derive(Parser, Debug)]
#[command(
    name = "lamplight",
    version,
    propagate_version = true,
    after_help = "\
Begin with:
  lamplight serve                    a server, with an app and a key, in ./lamplight-data
  lamplight watch bob --as alice     then, in a second terminal
  lamplight watch alice --as bob     and in a third: each sees the other come and go

Or see it live first:
  lamplight demo

Every setting of a server: docs/configuration.md"
)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,

    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Everywhere")]
pub struct Common {
    /// The data folder of the server [default: lamplight-data] [env: LAMPLIGHT_DATA_DIR]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// A file with settings, TOML
    #[arg(long, global = true, value_name = "FILE", env = "LAMPLIGHT_CONFIG")]
    pub config: Option<PathBuf>,

    /// Answer in JSON
    #[arg(long, global = true)]
    pub json: bool,
}

impl Common {
    /// The settings: defaults, file, environment, then the flags.
    pub fn settings(&self, mut flags: Vec<(&'static str, Value)>) -> anyhow::Result<Config> {
        if let Some(folder) = &self.data_dir {
            let folder = folder.to_str().context("--data-dir: the path is no UTF-8")?;
            flags.push(("data_dir", folder.into()));
        }
        Config::load(self.config.as_deref(), flags).context("the settings cannot be used")
    }

    /// Where the data folder is, by the same rules.
    pub fn folder(&self) -> anyhow::Result<PathBuf> {
        Ok(self.settings(Vec::new())?.data_dir)
    }
}

/// Which app is meant.
#[derive(Args, Debug, Clone, Copy)]
pub struct AppArg {
    /// The app's SDKAppID; may be left out while there is only one app
    #[arg(long, value_name = "ID", value_parser = parse_app)]
    pub app: Option<AppId>,
}

/// Reads an SDKAppID.
pub fn parse_app(text: &str) -> Result<AppId, String> {
    match text.parse() {
        Ok(id) if id > 0 => Ok(AppId(id)),
        Ok(_) | Err(_) => Err("an SDKAppID is a number from 1 to 4294967295".to_owned()),
    }
}

/// Reads the bound of a list. A list of nothing would look like a search that found nothing.
pub fn parse_limit(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(limit) if limit > 0 => Ok(limit),
        Ok(_) | Err(_) => Err("a limit is a number from 1 on".to_owned()),
    }
}

/// Reads a `userID`.
pub fn parse_user(text: &str) -> Result<UserId, String> {
    UserId::new(text).map_err(|invalid| invalid.to_string())
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run a server; makes its data folder, an app and a key when there are none
    Serve(serve::ServeArgs),
    /// See it live: a server with people who come, go and change their minds
    Demo(demo::DemoArgs),
    /// Watch people come and go, live in the terminal
    Watch(watch::WatchArgs),
    /// Make and change apps, their keys and their admins
    #[command(subcommand)]
    App(app::AppCommand),
    /// Make a UserSig, the token a user logs in with; or check one
    Sig(sig::SigArgs),
    /// List, make, show, change, delete and kick accounts
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// List, add, name and delete friends
    #[command(subcommand)]
    Friend(friend::FriendCommand),
    /// Send text messages on behalf of users; look at histories and conversation lists
    #[command(subcommand)]
    Message(message::MessageCommand),
    /// Ask for the status of users, or set a custom status
    #[command(subcommand)]
    Status(status::StatusCommand),
    /// See how webhooks do; look at dead letters, send them again or forget them
    #[command(subcommand)]
    Webhook(webhook::WebhookCommand),
    /// The operators' console in the browser
    #[command(subcommand)]
    Console(console::ConsoleCommand),
    /// See what operators have done, by the console and by the command line
    Audit(audit::AuditArgs),
    /// Look for what is wrong on this machine or with the settings, and say how to mend it
    Doctor(doctor::DoctorArgs),
    /// Print a script that completes commands and options in a shell
    Completions(completions::CompletionsArgs),
    /// Print the manual page, or write a page for each command
    Man(completions::ManArgs),
    /// Put load on a server, and measure what it costs
    Load(LoadArgs),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use clap::error::ErrorKind;

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }

    /// A bound of 0 would read as "there is none", so no command takes it.
    #[test]
    fn every_limit_is_at_least_1() {
        fn check(command: &clap::Command, path: &[&str], checked: &mut usize) {
            let path = [path, &[command.get_name()]].concat();
            command.get_subcommands().for_each(|command| check(command, &path, checked));
            if command.get_arguments().any(|argument| argument.get_long() == Some("limit")) {
                // A value is read before an argument is missed.
                let refused = |limit| {
                    let parsed = Cli::try_parse_from([&path[..], &["--limit", limit]].concat());
                    parsed.is_err_and(|error| error.kind() == ErrorKind::ValueValidation)
                };
                assert!(refused("0") && refused("x") && !refused("1"), "{path:?}");
                *checked += 1;
            }
        }
        let mut checked = 0;
        check(&Cli::command(), &[], &mut checked);
        assert!(checked >= 7, "{checked}");
    }

    /// Every command says what it is for in one line, and every one that takes arguments shows an example.
    #[test]
    fn every_command_says_what_it_is_for() {
        fn check(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(!about.is_empty() && about.len() <= 90 && !about.contains('\n'), "{path}: {about:?}");
            if command.get_subcommands().next().is_none() {
                let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(after.contains("lamplight "), "{path} has no example");
            }
            for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
                assert!(argument.get_help().is_some(), "{path}: {} has no help", argument.get_id());
            }
            command.get_subcommands().for_each(|command| check(command, &path));
        }
        check(&Cli::command(), "");
    }
}
