//! `lamplight facts`: moves the facts of a server from one store to another.

use crate::args::Common;
use crate::output::{json, line};
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use lamplight_server::{Copied, copy_facts};
use serde_json::json;
use std::path::PathBuf;

/// The commands on the store of the facts.
#[derive(Subcommand, Debug)]
pub enum FactsCommand {
    /// Copy all facts from a SQLite file into an empty database in PostgreSQL
    #[command(after_help = "\
Examples:
  LAMPLIGHT_FACTS=postgres://lamplight:PASSWORD@db.example/lamplight lamplight facts copy
  lamplight facts copy --from sqlite:/var/lib/lamplight/facts.db --to postgres://lamplight@db.example/lamplight

Stop the server of the data folder first. The file is not changed. Every row is compared with its copy before the copy can \
be seen: a copy that is interrupted, or fails, leaves the database empty. Afterwards, start the server with the setting \
`facts`: it goes on with its live records. docs/how-to/keep-facts-in-postgresql.md describes the whole move.")]
    Copy(CopyArgs),
}

/// Arguments of `lamplight facts copy`.
#[derive(Args, Debug)]
pub struct CopyArgs {
    /// The file to copy from, as sqlite:PATH [default: the file facts.db in the data folder]
    #[arg(long, value_name = "STORE")]
    from: Option<String>,

    /// The database to copy into, as postgres://… [default: the setting `facts`]
    #[arg(long, value_name = "STORE")]
    to: Option<String>,
}

/// Runs the command.
pub async fn run(FactsCommand::Copy(args): FactsCommand, common: &Common) -> anyhow::Result<()> {
    let flags = args.to.iter().map(|url| ("facts", url.as_str().into())).collect();
    let store = common.settings(flags).context("--to, or a setting")?.facts_settings();
    let Some(postgres) = store.postgres else {
        bail!("the target database is missing; name it with --to postgres://…, or with the setting `facts`")
    };
    let file = match &args.from {
        None => store.data_dir.join("facts.db"),
        Some(from) => match from.strip_prefix("sqlite:") {
            Some(path) if !path.is_empty() => PathBuf::from(path),
            Some(_) | None => bail!("--from: must be sqlite:PATH"),
        },
    };
    let show = |Copied { table, rows }| {
        // The copy goes on even if nobody reads what it prints.
        if !common.json {
            let _ = line(format!("  {table:14} {rows}"));
        }
    };
    let copied = copy_facts(&file, &postgres, show).await?;
    let rows: u64 = copied.iter().map(|copied| copied.rows).sum();
    if common.json {
        let tables: Vec<_> =
            copied.iter().map(|Copied { table, rows }| json!({ "table": table, "rows": rows })).collect();
        return json(
            &json!({ "from": file, "to": postgres.url.to_string(), "rows": rows, "tables": tables }),
        );
    }
    line(format!("{rows} rows were copied from {} to {}, and compared.", file.display(), postgres.url))?;
    line("Start the server with the setting `facts` from now on; the file is not used any more.")
}
