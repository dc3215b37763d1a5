//! `lamplight doctor`: checks of the machine and the settings, with a proposed fix for each problem.

use crate::args::Common;
use crate::commands::serve::{ClusterArgs, ListenArgs, TlsArgs};
use crate::doctor::{self, Finding, Folder, Level, counted, sight};
use crate::logs::LogArgs;
use crate::node_file::NodeFile;
use crate::operator::{OTHER_ANSWER, Operator};
use crate::output::{Told, harmless, json, line};
use anyhow::{anyhow, bail};
use clap::Args;
use lamplight_model::Lane;
use lamplight_server::{
    Config, ControlClient, ShownLane, WebhookOperation, WebhookOutcome, check_webhook_tls,
    examine_data_folder, examine_store, web_is_built,
};
use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;

/// Arguments of `lamplight doctor`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  lamplight doctor
  lamplight doctor --data-dir /var/lib/lamplight --config /etc/lamplight.toml
  lamplight doctor --skip-webhooks --json
  lamplight doctor --only-server      # for the health check of a container

Run it with the --config, the environment and the flags of the server, and as the user that the server runs \
as. It changes nothing. While a server runs, each webhook is sent a test request, as by `lamplight webhook test`.

Exit code 0: nothing is wrong, but there may be warnings. 1: something is wrong.")]
pub struct DoctorArgs {
    /// The settings of the server.
    #[command(flatten)]
    listen: ListenArgs,

    /// The options of a node of a cluster.
    #[command(flatten)]
    cluster: ClusterArgs,

    /// The certificate of the client port.
    #[command(flatten)]
    tls: TlsArgs,

    /// How much the server logs.
    #[command(flatten)]
    log: LogArgs,

    /// Send no test requests to webhooks
    #[arg(long)]
    skip_webhooks: bool,

    /// Check only that a server runs on the data folder and is ready. It is an error if none runs
    #[arg(long)]
    only_server: bool,
}

/// Runs the checks and prints the findings. Fails if any finding is an error.
pub async fn run(args: &DoctorArgs, common: &Common) -> anyhow::Result<()> {
    let mut flags = args.listen.settings();
    flags.extend(args.cluster.settings());
    flags.extend(args.tls.settings());
    let findings = match common.settings(flags) {
        Ok(config) if args.only_server => only_server(&config.data_dir).await,
        Ok(config) => examine(&config, args).await,
        Err(error) => vec![Finding::wrong(
            "settings",
            format!("{error:#}"),
            "mend the file, the variable or the flag that the text names; docs/configuration.md lists the settings with \
             their bounds",
        )],
    };
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let [wrong, warnings, unknown] = [Level::Wrong, Level::Warning, Level::Unknown].map(count);
    if common.json {
        json(
            &json!({ "ok": wrong == 0, "wrong": wrong, "warnings": warnings, "unknown": unknown, "findings": findings }),
        )?;
    } else {
        findings.iter().try_for_each(show)?;
        let (checks, warnings) = (counted(findings.len(), "check"), counted(warnings, "warning"));
        line(format!("\n{checks}: {wrong} wrong, {warnings}, {unknown} unknown (?)"))?;
    }
    match wrong {
        0 => Ok(()),
        _ => Err(Told(anyhow!("something is wrong")).into()),
    }
}

fn show(finding: &Finding) -> anyhow::Result<()> {
    let level = match finding.level {
        Level::Ok => "ok",
        Level::Unknown => "?",
        Level::Warning => "warning",
        Level::Wrong => "WRONG",
    };
    // If the text has several lines, such as the position of an error in a file, the further lines are indented.
    let lines: Vec<_> = finding.text.trim_end().lines().map(harmless).collect();
    line(format!("{level:8} {:13} {}", finding.check, lines.join(&format!("\n{:23}", ""))))?;
    if finding.cure.is_empty() { Ok(()) } else { line(format!("{:22} -> {}", "", harmless(&finding.cure))) }
}

/// Checks the server of the data folder, for the health check of a container. Without a running server, returns an
/// error finding.
async fn only_server(folder: &Path) -> Vec<Finding> {
    let (node, running) = nodes(folder).await;
    let mut findings = server(node.as_ref(), running.as_ref()).await;
    for finding in findings.iter_mut().filter(|finding| finding.level == Level::Unknown) {
        finding.level = Level::Wrong;
    }
    findings
}

/// Returns the contents of the node file; `None` if there is no file. Also returns the same contents if a node runs on
/// the data folder; otherwise `None`.
async fn nodes(folder: &Path) -> (Option<NodeFile>, Option<NodeFile>) {
    // If the file cannot be read, the check of the data folder reports it.
    let node = NodeFile::read(folder).ok().flatten();
    let running = if ControlClient::connect(folder).await.is_ok() { node.clone() } else { None };
    (node, running)
}

async fn examine(config: &Config, args: &DoctorArgs) -> Vec<Finding> {
    let folder = &config.data_dir;
    let now = sight::now();
    let (node, running) = nodes(folder).await;
    let mut findings = vec![Finding::ok("settings", "all of them can be used"), doctor::log(&args.log.log)];
    findings.push(doctor::files(sight::file_limit(running.as_ref().map(|node| node.pid)), &config.limits));
    findings.push(match (sight::folder(folder), examine_data_folder(folder)) {
        // A folder that the server would refuse is an error, even if it can be written.
        (
            Folder::Missing { obstacle: None } | Folder::There { writable: true, .. } | Folder::Unreadable(_),
            Err(error),
        ) => doctor::refused_folder(folder, &error),
        (seen, _) => doctor::folder(&folder.display().to_string(), &seen),
    });
    findings.extend(stores(config, running.is_some()).await);
    findings.push(match sight::disk(folder) {
        Ok((free, files, read_only)) => doctor::disk(free, files, read_only),
        Err(error) => Finding::unknown("disk", error.to_string(), "look at it with `df -h` and `df -i`"),
    });
    findings.push(doctor::clock(now, sight::newest_file(folder), sight::synchronized()));
    findings.extend(doctor::shared_ports(config));
    let served = |address: fn(&NodeFile) -> Option<SocketAddr>| running.as_ref().and_then(address);
    let ports = [
        ("client port", "client_listen", Some(config.client_listen), served(|node| Some(node.client))),
        ("HTTP port", "http_listen", Some(config.http_listen), served(|node| Some(node.http))),
        ("health port", "health_listen", config.health_listen, served(|node| node.health)),
    ];
    for (check, setting, address, served) in ports {
        if let Some(address) = address {
            findings.push(doctor::port(check, setting, address, &sight::port(address, served)));
        }
    }
    findings.push(match (&config.tls.certificate, &config.tls.key) {
        (Some(chain), Some(key)) => match doctor::read_certificate(chain, key) {
            Ok(certificate) => doctor::certificate(&certificate, now),
            Err(error) => Finding::wrong(
                "TLS",
                format!("{error:#}"),
                "give the chain and the key of one certificate, both PEM, readable for the user of the server",
            ),
        },
        _ => doctor::no_tls(config),
    });
    if let Err(error) = check_webhook_tls(&config.webhooks) {
        findings.push(Finding::wrong(
            "webhook TLS",
            error.to_string(),
            "the server does not start with these settings; fix the file or its path",
        ));
    }
    findings.push(doctor::proxies(config));
    findings.push(doctor::http_port(config));
    findings.push(doctor::web_pages(web_is_built()));
    findings.extend(server(node.as_ref(), running.as_ref()).await);
    findings.extend(match &running {
        Some(_) => key_sources(config).await.unwrap_or_else(|error| {
            vec![Finding::unknown("keys for JWTs", format!("{error:#}"), "see the log of the server")]
        }),
        None => vec![Finding::unknown(
            "keys for JWTs",
            "no server runs here to read them",
            "start it, and run this again",
        )],
    });
    if !args.skip_webhooks {
        findings.extend(match &running {
            Some(_) => webhooks(config).await.unwrap_or_else(|error| {
                vec![Finding::unknown("webhooks", format!("{error:#}"), "see `lamplight webhook list`")]
            }),
            None => vec![Finding::unknown(
                "webhooks",
                "no server runs here to try them",
                "start it, and run this again",
            )],
        });
    }
    findings
}

/// Checks that the database can be opened, if there is one. Also checks the directory of a cluster, and that the
/// database belongs to the directory.
async fn stores(config: &Config, is_running: bool) -> Vec<Finding> {
    let (mut findings, mut mark) = (Vec::new(), None);
    // The mark of the directory is read first, because a running node advances the mark of the database before it notes
    // the mark in the directory.
    let directory = config.examine_directory().await;
    // A running server has already opened its file, so a file is checked only if no server runs.
    if !is_running || config.facts.is_some() {
        let settings = config.facts_settings();
        match examine_store(&settings).await {
            Ok(found) => {
                findings.extend(doctor::store(&found));
                mark = found.mark();
            }
            Err(error) => {
                let error = format!("{:#}", anyhow::Error::from(error));
                let address = settings.postgres.map(|postgres| postgres.url.to_string());
                findings.push(doctor::unusable_store(address, &error));
            }
        }
    }
    match directory {
        Ok(None) => {}
        Ok(Some(found)) => {
            findings.extend(doctor::directory(&found, &config.directory_prefix));
            findings.extend(doctor::other_facts(found.facts, mark));
        }
        Err(error) => findings.push(doctor::unusable_directory(&error)),
    }
    findings
}

/// Checks the version and the readiness of the running server.
async fn server(node: Option<&NodeFile>, running: Option<&NodeFile>) -> Vec<Finding> {
    let check = "server";
    let Some(node) = running else {
        let text = match node {
            Some(node) => format!("none runs here; process {} has ended without an orderly stop", node.pid),
            None => "none runs here".to_owned(),
        };
        return vec![Finding::unknown(check, text, "`lamplight serve` starts one")];
    };
    let mut findings = Vec::new();
    let own = env!("CARGO_PKG_VERSION");
    if node.version != own {
        findings.push(Finding::warning(
            check,
            format!("the running server is version {}, and this command is {own}", node.version),
            "restart the server with the new program, or use the command of its version",
        ));
    }
    let address = node.health.unwrap_or(node.http);
    findings.push(match sight::readyz(node.reachable(address)).await {
        Ok((200, _)) => Finding::ok(check, format!("process {} is ready", node.pid)),
        Ok((status, body)) => Finding::wrong(
            check,
            format!("process {} is not ready: {status} {body}", node.pid),
            doctor::cure_of_unready(&body),
        ),
        Err(error) => Finding::wrong(
            check,
            format!("process {} does not answer at {address}/readyz: {error}", node.pid),
            "look at its log, and restart it if it stays so",
        ),
    });
    findings
}

/// Checks the sources of JWT keys of the running server.
async fn key_sources(config: &Config) -> anyhow::Result<Vec<Finding>> {
    let mut operator = Operator::open(&config.facts_settings()).await?;
    let sources = operator.key_sources().await?;
    let mut findings: Vec<_> = sources.iter().map(doctor::key_source).collect();
    findings.extend(operator.apps().await?.iter().filter_map(doctor::keys_in_settings));
    if findings.is_empty() {
        findings.push(Finding::ok("keys for JWTs", "no app uses any"));
    }
    Ok(findings)
}

/// Sends a test request to each webhook of the running server.
async fn webhooks(config: &Config) -> anyhow::Result<Vec<Finding>> {
    let mut operator = Operator::open(&config.facts_settings()).await?;
    let WebhookOutcome::Lanes(lanes) = operator.webhooks(WebhookOperation::List(None)).await? else {
        bail!(OTHER_ANSWER)
    };
    let mut findings = Vec::new();
    for lane in lanes.iter().filter(|lane| !lane.url.is_empty()) {
        findings.push(webhook(&mut operator, lane).await?);
    }
    if findings.is_empty() {
        findings.push(Finding::ok("webhooks", "no app has one"));
    }
    Ok(findings)
}

async fn webhook(operator: &mut Operator, shown: &ShownLane) -> anyhow::Result<Finding> {
    let ShownLane { app, webhook, dead_letters, .. } = shown;
    let lane = Lane { app: *app, hook: *webhook };
    let name = format!("the {webhook} webhook of app {app}");
    let WebhookOutcome::Tested { status, error, took_ms, .. } =
        operator.webhooks(WebhookOperation::Test { lane }).await?
    else {
        bail!(OTHER_ANSWER)
    };
    Ok(match (status, error) {
        (Some(status), _) if *dead_letters > 0 => Finding::warning(
            "webhooks",
            format!("{name} answers with {status}, and {dead_letters} deliveries were given up before"),
            format!(
                "`lamplight webhook dead --app {app}` lists them; `lamplight webhook resend --all --app {app}` sends them \
                 again"
            ),
        ),
        (Some(status), _) => {
            Finding::ok("webhooks", format!("{name} answers with {status} after {took_ms} ms"))
        }
        (None, error) => Finding::wrong(
            "webhooks",
            format!("{name} fails: {}", error.unwrap_or_default()),
            "fix the receiver, or its URL with `lamplight app set`; a private address has to be allowed by \
             webhooks.allow_networks",
        ),
    })
}
