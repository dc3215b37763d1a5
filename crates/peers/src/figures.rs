//! The rows of the table, the figures of one run, and their texts.

use crate::ledger::Counts;
use serde::Serialize;
use std::collections::BTreeMap;

/// A row of the table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Row {
    /// CPU time of the server for a login.
    LoginCpu,
    /// Time until all users are logged in.
    LoginTime,
    /// Resident memory of the server for a connection.
    IdleBytes,
    /// Notifications per second of the server's CPU time, with 32 outstanding changes.
    Closed32,
    /// Notifications per second of elapsed time, with 32 outstanding changes.
    Closed32Rate,
    /// Notifications per second of the server's CPU time, with 512 outstanding changes.
    Closed512,
    /// Notifications per second of elapsed time, with 512 outstanding changes.
    Closed512Rate,
    /// CPU time of the generator with 32 outstanding changes, as a fraction of the elapsed time.
    Closed32Generator,
    /// CPU time of the generator with 512 outstanding changes, as a fraction of the elapsed time.
    Closed512Generator,
    /// Median latency at the low rate of changes.
    Open500Median,
    /// 99th percentile of the latency at the low rate of changes.
    Open500P99,
    /// Median latency at the high rate of changes.
    Open5000Median,
    /// 99th percentile of the latency at the high rate of changes.
    Open5000P99,
    /// Notifications per second while changes are made at twice the measured capacity of the server.
    SaturatedRate,
    /// The highest latency of a notification while changes are made at twice the measured capacity of the server.
    SaturatedAge,
    /// Time from the end of the overload until all watchers have the newest states.
    SaturatedSettling,
    /// Growth of the server's memory during the overload.
    SaturatedGrowth,
    /// Time until all users are logged in again after all connections were dropped.
    StormTime,
    /// CPU time of the server for each user who logs in again.
    StormCpu,
    /// Growth of the server's memory for one client that does not read.
    SlowGrowth,
    /// At the end, the number of users whose newest state has not arrived at the client that did not read.
    SlowStale,
}

/// The rows in their order.
pub const ROWS: [Row; 21] = [
    Row::Closed32,
    Row::Closed32Rate,
    Row::Closed512,
    Row::Closed512Rate,
    Row::Open500Median,
    Row::Open500P99,
    Row::Open5000Median,
    Row::Open5000P99,
    Row::SaturatedRate,
    Row::SaturatedAge,
    Row::SaturatedSettling,
    Row::SaturatedGrowth,
    Row::IdleBytes,
    Row::LoginCpu,
    Row::LoginTime,
    Row::StormTime,
    Row::StormCpu,
    Row::SlowGrowth,
    Row::SlowStale,
    Row::Closed32Generator,
    Row::Closed512Generator,
];

impl Row {
    /// Returns the text in the first column of the row.
    pub fn text(self) -> &'static str {
        match self {
            Self::LoginCpu => "login: CPU of the server, ms",
            Self::LoginTime => "login: everybody, 64 at a time, s",
            Self::IdleBytes => "idle: resident bytes for a connection",
            Self::Closed32 => "32 outstanding: notifications per CPU-second",
            Self::Closed32Rate => "32 outstanding: notifications per second",
            Self::Closed512 => "512 outstanding: notifications per CPU-second",
            Self::Closed512Rate => "512 outstanding: notifications per second",
            Self::Closed32Generator => "32 outstanding: CPU of the generator, % of a core",
            Self::Closed512Generator => "512 outstanding: CPU of the generator, % of a core",
            Self::Open500Median => "500 changes/s: p50, ms",
            Self::Open500P99 => "500 changes/s: p99, ms",
            Self::Open5000Median => "5,000 changes/s: p50, ms",
            Self::Open5000P99 => "5,000 changes/s: p99, ms",
            Self::SaturatedRate => "overload: notifications per second",
            Self::SaturatedAge => "overload: oldest news on arrival, ms",
            Self::SaturatedSettling => "overload: all newest after its end, s",
            Self::SaturatedGrowth => "overload: growth of memory, MiB",
            Self::StormTime => "storm: everybody is back, s",
            Self::StormCpu => "storm: CPU of the server for each, ms",
            Self::SlowGrowth => "stalled reader: growth of memory, MiB",
            Self::SlowStale => "stalled reader: stale states in the end, of 20",
        }
    }
}

/// One figure.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// The row.
    pub row: Row,
    /// The number.
    pub value: f64,
    /// A reason why the figure cannot be compared with those of other peers; `None` if it can be compared.
    pub remark: Option<String>,
}

/// The measured values of one phase, for the raw output.
#[derive(Clone, Debug, Serialize)]
pub struct Phase {
    /// The name of the phase.
    pub name: String,
    /// The duration in seconds.
    pub seconds: f64,
    /// The CPU time of the server in seconds.
    pub server_cpu: f64,
    /// The CPU time of the generator in seconds.
    pub generator_cpu: f64,
    /// The resident memory of the server at the end, in bytes.
    pub resident: u64,
    /// The number of changes.
    pub changes: u64,
    /// The counts of notifications.
    pub counts: Counts,
    /// The number of reads of the generator.
    pub reads: u64,
    /// The number of bytes that the generator has read.
    pub bytes: u64,
    /// The latency in microseconds for each percentile.
    pub latency_us: BTreeMap<String, u64>,
}

/// The results of one peer in one round.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// The name of the peer.
    pub peer: &'static str,
    /// The version of its server.
    pub version: String,
    /// The round, from 1.
    pub round: u32,
    /// The figures.
    pub figures: Vec<Figure>,
    /// The phases.
    pub phases: Vec<Phase>,
    /// The reason why the run has ended early; `None` if it is complete.
    pub error: Option<String>,
}

/// Returns a number with three significant digits, or with all digits of its integer part.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if size >= 100_000.0 {
        format!("{:.0} k", value / 1_000.0)
    } else if size >= 10_000.0 {
        format!("{:.1} k", value / 1_000.0)
    } else if size >= 100.0 || (size >= 1.0 && value == value.trunc()) {
        format!("{value:.0}")
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else if size == 0.0 {
        "0".to_owned()
    } else {
        format!("{value:.2}")
    }
}

/// Returns the text of a cell: the lowest and the highest figure of all rounds, and the numbers of the remarks. Appends
/// new remarks to `remarks`.
fn cell(runs: &[Run], peer: &str, row: Row, remarks: &mut Vec<String>) -> String {
    let mine = runs.iter().filter(|run| run.peer == peer);
    let figures: Vec<&Figure> =
        mine.flat_map(|run| &run.figures).filter(|figure| figure.row == row).collect();
    let least = figures.iter().map(|figure| figure.value).fold(f64::INFINITY, f64::min);
    let greatest = figures.iter().map(|figure| figure.value).fold(f64::NEG_INFINITY, f64::max);
    if figures.is_empty() {
        return "–".to_owned();
    }
    let (least, greatest) = (number(least), number(greatest));
    let mut text = if least == greatest { least } else { format!("{least} … {greatest}") };
    for remark in figures.iter().filter_map(|figure| figure.remark.as_ref()) {
        let known = remarks.iter().position(|known| known == remark);
        let index = known.unwrap_or_else(|| {
            remarks.push(remark.clone());
            remarks.len() - 1
        });
        let mark = format!(" [{}]", index + 1);
        if !text.contains(&mark) {
            text += &mark;
        }
    }
    text
}

/// Returns the table in Markdown, with columns of equal width, and the remarks below.
pub fn table(runs: &[Run], peers: &[(&str, &str)]) -> String {
    let mut lines = vec![
        std::iter::once("row").chain(peers.iter().map(|(_, label)| *label)).map(str::to_owned).collect(),
    ];
    let mut remarks = Vec::new();
    for row in ROWS {
        let cells = peers.iter().map(|(name, _)| cell(runs, name, row, &mut remarks));
        lines.push(std::iter::once(row.text().to_owned()).chain(cells).collect::<Vec<_>>());
    }
    let width =
        |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..=peers.len()).map(width).collect();
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        let cells: Vec<String> =
            line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}", width = *width)).collect();
        text += &format!("| {} |\n", cells.join(" | "));
        if index == 0 {
            let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
            text += &format!("| {} |\n", rules.join(" | "));
        }
    }
    for (index, remark) in remarks.iter().enumerate() {
        text += &format!("{}[{}] {remark}\n", if index == 0 { "\n" } else { "" }, index + 1);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_short() {
        for (value, text) in [
            (0.0, "0"),
            (0.2512, "0.25"),
            (3.0, "3"),
            (12.34, "12.3"),
            (2_517.4, "2517"),
            (36_500.0, "36.5 k"),
            (172_400.0, "172 k"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_cell_has_all_rounds_and_what_makes_them_differ() {
        let run = |round, value, remark: Option<&str>| Run {
            peer: "x",
            version: String::new(),
            round,
            figures: vec![Figure { row: Row::IdleBytes, value, remark: remark.map(str::to_owned) }],
            phases: Vec::new(),
            error: None,
        };
        let runs = [run(1, 3.0, None), run(2, 2.0, Some("cut"))];
        let mut remarks = vec!["other".to_owned()];
        assert_eq!(cell(&runs, "x", Row::IdleBytes, &mut remarks), "2 … 3 [2]");
        assert_eq!(remarks, ["other", "cut"]);
        assert_eq!(cell(&runs, "x", Row::LoginCpu, &mut remarks), "–");
        let table = table(&runs, &[("x", "X")]);
        let (table, remarks) = table.split_once("\n\n").unwrap();
        assert_eq!(remarks, "[1] cut\n");
        assert_eq!(table.lines().count(), 2 + ROWS.len());
        let widths: Vec<usize> = table.lines().map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|width| *width == widths[0]));
    }
}
