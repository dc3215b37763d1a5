//! One file for each command: its arguments, and what it does with them.

pub mod account;
pub mod app;
pub mod app_settings;
pub mod audit;
pub mod completions;
pub mod console;
pub mod demo;
pub mod doctor;
pub mod friend;
pub mod message;
pub mod serve;
pub mod sig;
pub mod status;
pub mod watch;
pub mod webhook;

use crate::cli::{Cli, Command};
use crate::logs;

/// Does what the command line asks.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    let Cli { common, command } = cli;
    match &command {
        // These say where their log goes.
        Command::Serve(_) | Command::Demo(_) | Command::Watch(_) => {}
        Command::App(_)
        | Command::Sig(_)
        | Command::Account(_)
        | Command::Audit(_)
        | Command::Console(_)
        | Command::Friend(_)
        | Command::Message(_)
        | Command::Status(_)
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
        Command::Console(command) => console::run(command, &common).await,
        Command::Friend(command) => friend::run(command, &common).await,
        Command::Message(command) => message::run(command, &common).await,
        Command::Status(command) => status::run(command, &common).await,
        Command::Webhook(command) => webhook::run(command, &common).await,
        Command::Doctor(args) => doctor::run(&args, &common).await,
        Command::Completions(args) => completions::completions(&args),
        Command::Man(args) => completions::man(args, &common),
        // It has an event loop of its own, on this one thread.
        Command::Load(args) => tokio::task::spawn_blocking(move || lamplight_load::run(args)).await?,
    }
}
