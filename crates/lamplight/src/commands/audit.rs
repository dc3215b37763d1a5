//! `lamplight audit`: the audit log.

use crate::args::{Common, parse_app, parse_limit};
use crate::csv;
use crate::operator::Operator;
use crate::output::{harmless, json, json_line, table, text};
use crate::time_text::{rfc3339, utc};
use clap::Args;
use lamplight_model::{AppId, AuditEntry};

/// The number of entries that are read in one request.
const PAGE: usize = 500;

/// Show the changes that operators have made, in the console and on the command line: newest first, kept for
/// 90 days
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  lamplight audit
  lamplight audit --app 1400000001 --limit 20
  lamplight audit --csv > audit.csv
  lamplight audit --json-lines > audit.jsonl

Changed settings are shown with both values. Secrets are named, but their values are never shown.")]
pub struct AuditArgs {
    /// Show only changes of this app
    #[arg(long, value_name = "ID", value_parser = parse_app)]
    app: Option<AppId>,
    /// The maximum number of entries to show [default: 100; with --csv or --json-lines all]
    #[arg(long, value_name = "N", value_parser = parse_limit)]
    limit: Option<usize>,
    /// Show only entries before this one
    #[arg(long, value_name = "ID")]
    before: Option<u64>,
    /// Print CSV, for a spreadsheet
    #[arg(long, conflicts_with_all = ["json_lines", "json"])]
    csv: bool,
    /// Print one JSON object per line
    #[arg(long, conflicts_with = "json")]
    json_lines: bool,
}

/// Runs the command.
pub async fn run(args: AuditArgs, common: &Common) -> anyhow::Result<()> {
    let AuditArgs { app, limit, mut before, csv: as_csv, json_lines } = args;
    let mut operator = Operator::open(&common.store()?).await?;
    let limit = limit.unwrap_or(if as_csv || json_lines { usize::MAX } else { 100 });
    if as_csv {
        let heads = ["id", "time", "by", "address", "app", "action", "target", "changes", "outcome", "note"];
        text(&csv::row(&heads))?;
    }
    // CSV and JSON lines are printed page by page, because the audit log may be long.
    let (mut shown, mut all) = (0, Vec::new());
    while shown < limit {
        let entries = operator.audit(app, before, PAGE.min(limit - shown)).await?;
        let Some(last) = entries.last() else { break };
        before = Some(last.id);
        shown += entries.len();
        for entry in entries {
            if as_csv {
                let cells = cells(&entry);
                text(&csv::row(&cells.each_ref().map(String::as_str)))?;
            } else if json_lines {
                json_line(&entry)?;
            } else {
                all.push(entry);
            }
        }
    }
    if as_csv || json_lines {
        Ok(())
    } else if common.json {
        json(&all)
    } else {
        let rows: Vec<_> = all.iter().map(row).collect();
        let heads = ["ID", "TIME", "BY", "FROM", "APP", "WHAT", "TO", "CHANGES", "OUTCOME"];
        table(&heads, &rows, "there are no entries")
    }
}

fn cells(entry: &AuditEntry) -> [String; 10] {
    [
        entry.id.to_string(),
        rfc3339(entry.at),
        entry.by.clone(),
        entry.address.clone().unwrap_or_default(),
        entry.app.map(|app| app.to_string()).unwrap_or_default(),
        entry.action.to_string(),
        entry.target.clone(),
        changes(entry),
        entry.outcome.name().to_owned(),
        entry.note.clone(),
    ]
}

fn row(entry: &AuditEntry) -> Vec<String> {
    let or_dash =
        |text: Option<String>| text.filter(|text| !text.is_empty()).unwrap_or_else(|| "-".to_owned());
    let outcome = match &entry.note[..] {
        "" => entry.outcome.name().to_owned(),
        note => format!("{} ({})", entry.outcome.name(), harmless(note)),
    };
    vec![
        entry.id.to_string(),
        utc(entry.at),
        harmless(&entry.by),
        or_dash(entry.address.clone()),
        or_dash(entry.app.map(|app| app.to_string())),
        entry.action.to_string(),
        or_dash(Some(harmless(&entry.target))),
        or_dash(Some(harmless(&changes(entry)))),
        outcome,
    ]
}

/// Returns the changes of an entry on one line.
fn changes(entry: &AuditEntry) -> String {
    let or_none = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
    let changes = entry.changes.iter();
    let told = changes.map(|it| format!("{}: {} -> {}", it.what, or_none(&it.before), or_none(&it.after)));
    told.collect::<Vec<_>>().join("; ")
}
