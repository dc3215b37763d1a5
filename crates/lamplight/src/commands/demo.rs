//! `lamplight demo`: a server with people in it.

use crate::cli::Common;
use crate::commands::serve::{ListenArgs, Served, StopSignals, program};
use crate::demo::actor::{Stage, play};
use crate::demo::cast::{CAST, FRIEND, GUEST};
use crate::logs::{self, LogArgs, LogFormat};
use crate::operator::Operator;
use crate::output::line;
use crate::time_text::parse_duration;
use anyhow::Context;
use clap::Args;
use lamplight_model::{App, User, UserId};
use lamplight_server::Operation;
use std::future::pending;
use std::path::Path;
use std::time::Duration;
use tokio::task::JoinSet;

/// See it live.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  lamplight demo
  lamplight demo --for 60s --seed 7
  lamplight demo --client-listen 127.0.0.1:0 --http-listen 127.0.0.1:0

The demo has its own data folder, `demo` in the usual one, unless --data-dir names another. It \
prints the commands to watch it from other terminals.")]
pub struct DemoArgs {
    /// The settings that have a flag.
    #[command(flatten)]
    settings: ListenArgs,
    /// Stop after this time [default: never]
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    for_time: Option<Duration>,
    /// The same seed, the same lives
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How much to log: error, warn, info, debug, trace; or a filter
    #[arg(long, env = "LAMPLIGHT_LOG", value_name = "LEVEL", default_value = "warn")]
    log: String,
}

/// Does it.
pub async fn run(args: DemoArgs, common: &Common) -> anyhow::Result<()> {
    let mut config = common.settings(args.settings.settings())?;
    if common.data_dir.is_none() {
        config.data_dir.push("demo");
    }
    logs::start(&LogArgs { log: args.log, log_format: LogFormat::Text })?;
    let data_dir = config.data_dir.clone();
    let mut signals = StopSignals::listen()?;
    let served = Served::start(config).await?;
    let app = set_the_stage(&data_dir, &served.apps).await?;
    announce(&served, &data_dir)?;

    let stage = Stage { server: served.file.client_url(), app };
    let mut lives = JoinSet::new();
    for (number, character) in CAST.iter().enumerate() {
        lives.spawn(play(stage.clone(), character, args.seed.wrapping_add((number as u64) << 32)));
    }
    let over = async {
        match args.for_time {
            Some(time) => tokio::time::sleep(time).await,
            None => pending().await,
        }
    };
    let result = tokio::select! {
        _ = signals.next() => Ok(()),
        () = over => Ok(()),
        // A life ends only when nobody reads of it any longer.
        Some(ended) = lives.join_next() => ended.context("somebody of the demo broke off").and_then(|result| result),
    };
    lives.shutdown().await;
    served.stop(signals).await;
    line("The demo is over.")?;
    result
}

/// Everybody has an account and is a friend of the one who watches, who is told of friends.
async fn set_the_stage(data_dir: &Path, apps: &[App]) -> anyhow::Result<App> {
    let mut app = apps.first().context("the server has no app")?.clone();
    let mut operator = Operator::open(data_dir).await?;
    app.settings.switches.friend_notification = true;
    operator.put_app(app.clone()).await?;
    let owner = User::new(app.id, UserId::new(FRIEND)?);
    for name in CAST.iter().map(|character| character.name).chain([FRIEND, GUEST]) {
        operator.act(Operation::CreateAccount(User::new(app.id, UserId::new(name)?))).await?;
    }
    for character in &CAST {
        let (friend, remark) = (UserId::new(character.name)?, String::new());
        operator.act(Operation::AddFriend { owner: owner.clone(), friend, both: true, remark }).await?;
    }
    Ok(app)
}

fn announce(served: &Served, data_dir: &Path) -> anyhow::Result<()> {
    let program = program(data_dir);
    let names: Vec<_> = CAST.iter().map(|character| character.name).collect();
    line("The demo is live.\n")?;
    line(format!("  clients    {}", served.file.client_url()))?;
    line(format!("  metrics    {}/metrics", served.file.http_url()))?;
    line(format!("  console    {}", served.console_text()))?;
    line(format!("  data       {}\n", data_dir.display()))?;
    line("Watch it from two other terminals:")?;
    line(format!("  {program} watch --as {FRIEND}"))?;
    line("      everybody is your friend: you are told without subscribing")?;
    line(format!("  {program} watch {FRIEND} {} --as {GUEST}", names.join(" ")))?;
    line(format!("      by subscription; and it sees `{FRIEND}` too: press s there and say something\n"))
}
