//! `lamplight demo`: a server with simulated users.

use crate::args::Common;
use crate::commands::demo_cluster;
use crate::commands::serve::{ListenArgs, Served, StopSignals, program, web_text};
use crate::demo::actor::play;
use crate::demo::cast::{CAST, FRIEND, GUEST, PLAYERS};
use crate::demo::door::Door;
use crate::demo::stage::Stage;
use crate::logs::{self, LogArgs, LogFormat, parse_filter};
use crate::output::line;
use crate::time_text::parse_duration;
use anyhow::{Context, bail};
use clap::Args;
use lamplight_server::{LogMetrics, Surroundings, web_is_built};
use std::future::pending;
use std::path::Path;
use std::time::Duration;
use tokio::task::JoinSet;

/// Arguments of `lamplight demo`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  lamplight demo
  lamplight demo --for 60s --seed 7
  lamplight demo --client-listen 127.0.0.1:0 --http-listen 127.0.0.1:0
  lamplight demo --cluster

With --cluster, the demo starts a Redis Cluster, PostgreSQL and three nodes, with a balancer in front of them, and asks \
which node to kill or to start. It needs Redis and PostgreSQL as Debian packages them, and keeps nothing.

Otherwise the demo has its own data folder, `demo` inside the usual one, unless --data-dir names another one. It \
prints the commands to watch it from other terminals.")]
pub struct DemoArgs {
    /// The settings that have a flag.
    #[command(flatten)]
    settings: ListenArgs,
    /// Stop after this time [default: never]
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    for_time: Option<Duration>,
    /// A seed; the same seed gives the same actions
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Run three nodes instead of one, over a Redis Cluster and PostgreSQL
    #[arg(long)]
    cluster: bool,
    /// Run one node of the demo with a cluster: a server with the endpoints of the pages, and without simulated users
    #[arg(long, hide = true, conflicts_with = "cluster")]
    node: bool,
    /// How much to log: error, warn, info, debug, trace; or a filter
    #[arg(long, env = "LAMPLIGHT_LOG", value_name = "LEVEL", default_value = "warn", value_parser = parse_filter)]
    log: String,
}

/// Runs the command.
pub async fn run(args: DemoArgs, common: &Common) -> anyhow::Result<()> {
    if args.node {
        return run_node(args, common).await;
    }
    let mut config = common.settings(args.settings.settings())?;
    if args.cluster {
        if common.data_dir.is_some() || common.facts.is_some() {
            bail!("--cluster starts its own stores, so it takes neither --data-dir nor --facts");
        }
        let log = LogMetrics::default();
        let _guard = logs::start(&LogArgs { log: args.log, log_format: LogFormat::Text }, &log)?;
        let options = demo_cluster::Options {
            client_listen: config.client_listen,
            http_listen: config.http_listen,
            for_time: args.for_time,
            seed: args.seed,
        };
        return demo_cluster::run(options, common).await;
    }
    if common.data_dir.is_none() {
        config.data_dir.push("demo");
    }
    // The demo fills its own data folder, not the stores that the settings of a server name.
    if common.facts.is_none() {
        config.facts = None;
    }
    config.directory = None;
    let log = LogMetrics::default();
    let _guard = logs::start(&LogArgs { log: args.log, log_format: LogFormat::Text }, &log)?;
    let (data_dir, store) = (config.data_dir.clone(), config.facts_settings());
    let mut signals = StopSignals::listen()?;
    let door = Door::default();
    let served = Served::start(config, Surroundings { demo: Some(door.routes()), log }).await?;
    let (server, pages) = (served.file.client_url(), served.file.http_url());
    let stage = Stage::set(server, &pages, &store).await?;
    door.open(store, stage.app.id);
    announce(&served, &data_dir)?;

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
        broken = served.runs_until(&mut signals) => match broken {
            None => Ok(()),
            Some(part) => Err(anyhow::anyhow!("a part of the server has ended: {part}")),
        },
        () = over => Ok(()),
        // A simulated user ends early only if stdout cannot be written any more.
        Some(ended) = lives.join_next() => ended.context("a simulated user has panicked").and_then(|result| result),
    };
    lives.shutdown().await;
    served.stop(signals).await;
    line("The demo has ended.")?;
    result
}

/// Runs one node of the demo with a cluster.
async fn run_node(args: DemoArgs, common: &Common) -> anyhow::Result<()> {
    let config = common.settings(args.settings.settings())?;
    let log = LogMetrics::default();
    let _guard = logs::start(&LogArgs { log: args.log, log_format: LogFormat::Text }, &log)?;
    let store = config.facts_settings();
    let mut signals = StopSignals::listen()?;
    let door = Door::default();
    let served = Served::start(config, Surroundings { demo: Some(door.routes()), log }).await?;
    door.open(store, served.apps.first().context("the cluster has no app")?.id);
    let broken = served.runs_until(&mut signals).await;
    served.stop(signals).await;
    broken.map_or(Ok(()), |part| Err(anyhow::anyhow!("a part of the server has ended: {part}")))
}

fn announce(served: &Served, data_dir: &Path) -> anyhow::Result<()> {
    let program = program(data_dir);
    let names: Vec<_> = CAST.iter().map(|character| character.name).collect();
    line("The demo is running.\n")?;
    line(format!("  web        {}", web_text(&served.file)))?;
    line(format!("  clients    {}", served.file.client_url()))?;
    line(format!("  metrics    {}/metrics", served.file.http_url()))?;
    if let Some(health) = served.file.health_url() {
        line(format!("  health     {health}/readyz, and {health}/metrics"))?;
    }
    line(format!("  console    {}", served.console_text()))?;
    line(format!("  server API {}/v4/docs/", served.file.http_url()))?;
    line(format!("  data       {}\n", data_dir.display()))?;
    if web_is_built() {
        line(format!("Open {}/ in two windows of a browser:", served.file.http_url()))?;
        let [one, other] = PLAYERS.map(|player| player.nick);
        line(format!("  choose {one} in one and {other} in the other: each sees the other come and go\n"))?;
    }
    line("Watch it from two other terminals:")?;
    line(format!("  {program} watch --as {FRIEND}"))?;
    line("      all users are your friends: you get their changes without subscribing")?;
    line(format!("  {program} watch {FRIEND} {} --as {GUEST}", names.join(" ")))?;
    line(format!(
        "      watches by subscription, and sees `{FRIEND}` too: press s there to set a custom status\n"
    ))
}
