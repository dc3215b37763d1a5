//! The command line: the list of commands, and one module for each command with its arguments and its code.

pub mod account;
pub mod app;
pub mod app_settings;
pub mod audit;
pub mod block;
pub mod completions;
pub mod console;
pub mod demo;
pub mod demo_cluster;
pub mod doctor;
pub mod facts;
pub mod friend;
pub mod message;
pub mod node;
pub mod serve;
pub mod sig;
pub mod status;
pub mod visibility;
pub mod watch;
pub mod webhook;

use crate::args::Common;
use crate::logs;
use clap::{Parser, Subcommand};
use lamplight_load::LoadArgs;

/// A presence server for chat applications
#[derive(Parser, Debug)]
#[command(
    name = "lamplight",
    version,
    propagate_version = true,
    after_help = "\
Start with:
  lamplight serve                    a server, with an app and a key, in ./lamplight-data
  lamplight watch bob --as alice     then, in a second terminal
  lamplight watch alice --as bob     and in a third: each sees the other come and go

Or try the demo first:
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

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run a server; creates its data folder, an app and a key if there are none
    Serve(serve::ServeArgs),
    /// Run a demo: a server with simulated users who come and go
    Demo(demo::DemoArgs),
    /// Watch the statuses of users, live in the terminal
    Watch(watch::WatchArgs),
    /// Create, change and delete apps, with their keys and admins
    #[command(subcommand)]
    App(app::AppCommand),
    /// Make a UserSig, the token a user logs in with; or check a UserSig or JWT
    Sig(sig::SigArgs),
    /// List, create, show, change, delete and kick accounts
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// List, add and delete friends, and change the remarks about them
    #[command(subcommand)]
    Friend(friend::FriendCommand),
    /// List, add, remove and check the users whom a user has blocked
    #[command(subcommand)]
    Block(block::BlockCommand),
    /// Send text messages on behalf of users; read histories and conversation lists
    #[command(subcommand)]
    Message(message::MessageCommand),
    /// Read the status of users, or set a custom status
    #[command(subcommand)]
    Status(status::StatusCommand),
    /// Show or set who may see the status of a user
    #[command(subcommand)]
    Visibility(visibility::VisibilityCommand),
    /// Show the state of webhooks; list dead letters, send them again or forget them
    #[command(subcommand)]
    Webhook(webhook::WebhookCommand),
    /// Set the password of the console in the browser, and manage its operators
    #[command(subcommand)]
    Console(console::ConsoleCommand),
    /// Show the changes that operators have made, in the console and on the command line
    Audit(audit::AuditArgs),
    /// List the nodes of a cluster, and take one out of service
    #[command(subcommand)]
    Node(node::NodeCommand),
    /// Copy the facts of a server into a database in PostgreSQL
    #[command(subcommand)]
    Facts(facts::FactsCommand),
    /// Check this machine and the settings for problems, and say how to fix them
    Doctor(doctor::DoctorArgs),
    /// Print a script that completes commands and options in a shell
    Completions(completions::CompletionsArgs),
    /// Print the manual page, or write a page for each command
    Man(completions::ManArgs),
    /// Put load on a server, and measure the cost
    Load(LoadArgs),
}

/// Runs a command.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    let Cli { common, command } = cli;
    match &command {
        // These commands start their own log.
        Command::Serve(_) | Command::Demo(_) | Command::Watch(_) => {}
        Command::App(_)
        | Command::Sig(_)
        | Command::Account(_)
        | Command::Audit(_)
        | Command::Block(_)
        | Command::Console(_)
        | Command::Facts(_)
        | Command::Friend(_)
        | Command::Message(_)
        | Command::Node(_)
        | Command::Status(_)
        | Command::Visibility(_)
        | Command::Webhook(_)
        | Command::Doctor(_)
        | Command::Completions(_)
        | Command::Man(_)
        | Command::Load(_) => logs::start_quietly()?,
    }
    match command {
        Command::Serve(args) => serve::run(args, &common).await,
        Command::Demo(args) => demo::run(args, &common).await,
        Command::Watch(args) => watch::run(args, &common).await,
        Command::App(command) => app::run(command, &common).await,
        Command::Sig(args) => sig::run(args, &common).await,
        Command::Account(command) => account::run(command, &common).await,
        Command::Audit(args) => audit::run(args, &common).await,
        Command::Block(command) => block::run(command, &common).await,
        Command::Console(command) => console::run(command, &common).await,
        Command::Facts(command) => facts::run(command, &common).await,
        Command::Friend(command) => friend::run(command, &common).await,
        Command::Message(command) => message::run(command, &common).await,
        Command::Node(command) => node::run(command, &common).await,
        Command::Status(command) => status::run(command, &common).await,
        Command::Visibility(command) => visibility::run(command, &common).await,
        Command::Webhook(command) => webhook::run(command, &common).await,
        Command::Doctor(args) => doctor::run(&args, &common).await,
        Command::Completions(args) => completions::completions(&args),
        Command::Man(args) => completions::man(args, &common),
        // The load generator runs its own event loop and blocks its thread, so it gets a blocking thread.
        Command::Load(args) => tokio::task::spawn_blocking(move || lamplight_load::run(args)).await?,
    }
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

    /// A limit of 0 could be read as "no limit".
    #[test]
    fn every_limit_is_at_least_1() {
        fn check(command: &clap::Command, path: &[&str], checked: &mut usize) {
            let path = [path, &[command.get_name()]].concat();
            command.get_subcommands().for_each(|command| check(command, &path, checked));
            if command.get_arguments().any(|argument| argument.get_long() == Some("limit")) {
                // clap parses the value before it checks for missing arguments.
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

    /// Other users see command lines in the process list, so stdin must accept every secret. A PEM begins with a dash.
    #[test]
    fn every_secret_can_be_read_from_stdin_and_begin_with_a_dash() {
        fn check(command: &clap::Command, path: &str, checked: &mut Vec<String>) {
            let path = format!("{path} {}", command.get_name());
            command.get_subcommands().for_each(|command| check(command, &path, checked));
            let words =
                |argument: &clap::Arg| argument.get_id().as_str().split('_').collect::<Vec<_>>().join(" ");
            let is_secret = |argument: &&clap::Arg| {
                let words = words(argument);
                let named = ["key", "keys", "token", "secret", "sig"];
                let is_value = argument.get_action().takes_values() && argument.get_id() != "tls_key";
                // The argument of `key remove` is the number of a key, which is not a secret.
                let is_number = path.ends_with("key remove");
                is_value
                    && !is_number
                    && words.split(' ').any(|word| named.contains(&word))
                    && !words.ends_with("leeway")
            };
            for argument in command.get_arguments().filter(is_secret) {
                let name = format!("{path}: {}", argument.get_id());
                let shown = argument.get_value_names().is_some_and(|names| names[0].ends_with("|-"));
                assert!(argument.is_allow_hyphen_values_set() && shown, "{name}");
                checked.push(name);
            }
        }
        let mut checked = Vec::new();
        check(&Cli::command(), "", &mut checked);
        assert!(checked.len() >= 10, "{checked:?}");
    }

    /// Every command needs a one-line description. Every command with arguments also needs an example.
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

    /// A line break within a paragraph looks broken in a narrow terminal.
    #[test]
    fn no_help_breaks_a_paragraph_into_lines() {
        fn look(command: &clap::Command, broken: &mut Vec<String>) {
            let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let lines: Vec<_> = text.lines().collect();
            let is_text = |line: &str| !line.is_empty() && !line.starts_with(' ') && !line.ends_with(':');
            let pairs = lines.windows(2).filter(|pair| pair.iter().all(|line| is_text(line)));
            broken.extend(pairs.map(|pair| format!("{}: {pair:?}", command.get_name())));
            command.get_subcommands().for_each(|command| look(command, broken));
        }
        let mut broken = Vec::new();
        look(&Cli::command(), &mut broken);
        assert!(broken.is_empty(), "{broken:#?}");
    }
}
