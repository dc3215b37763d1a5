//! Tests that compare the list of metrics in `docs/operations.md` with the metrics of a node that has just started.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::TestNode;
use std::collections::{BTreeMap, BTreeSet};

const PAGE: &str = include_str!("../../../docs/operations.md");

/// The label names of each metric, by the name of the metric.
type Listed = BTreeMap<String, BTreeSet<String>>;

/// Reads the metrics from the page: the first cell of each table row, in the form `name{label}`.
fn documented() -> Listed {
    let (_, after) = PAGE.split_once("\n| metric | what it tells |\n").expect("the table");
    let rows = after.lines().take_while(|line| line.starts_with('|'));
    let cells = rows.filter_map(|row| row.split('|').nth(1));
    let names = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2).collect::<Vec<_>>());
    names
        .map(|name| {
            let (name, labels) = name.split_once('{').unwrap_or((name, ""));
            let labels = labels.trim_end_matches('}').split(',').map(str::trim);
            (name.to_owned(), labels.filter(|label| !label.is_empty()).map(str::to_owned).collect())
        })
        .collect()
}

/// Reads the metrics that have a series from `/metrics`. Skips the labels `worker` and `le`.
fn shown(text: &str) -> Listed {
    let mut metrics = Listed::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, _) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let name = name.strip_prefix("lamplight_").unwrap_or(name);
        let histogram = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        let labels = labels.trim_end_matches('}').split("\",").filter_map(|label| label.split_once('='));
        let labels = labels.map(|(label, _)| label.to_owned());
        let labels = labels.filter(|label| !["worker", "le"].contains(&label.as_str()));
        metrics.entry(histogram.unwrap_or(name).to_owned()).or_default().extend(labels);
    }
    metrics
}

#[tokio::test]
async fn the_page_lists_what_a_fresh_node_shows_and_nothing_else() {
    let node = TestNode::start().await;
    let text = node.metrics().await;
    assert!(text.ends_with("# EOF\n") && text.matches("# EOF").count() == 1, "one document");
    let (documented, shown) = (documented(), shown(&text));
    let missing: Vec<_> = documented.iter().filter(|(name, _)| !shown.contains_key(*name)).collect();
    assert!(missing.is_empty(), "documented, and without a series from the start: {missing:?}");
    let untold: Vec<_> = shown.keys().filter(|name| !documented.contains_key(*name)).collect();
    assert!(untold.is_empty(), "shown and not documented: {untold:?}");
    assert_eq!(documented, shown, "the labels");
}

/// Every series must exist from the start. A rate over a series that begins later would miss the first event.
#[tokio::test]
async fn every_counter_has_all_of_its_series_from_the_start() {
    let node = TestNode::start().await;
    let text = node.metrics().await;
    let has = |series: &str| text.lines().any(|line| line == format!("lamplight_{series} 0"));
    for code in lamplight_model::Code::ALL.iter().map(|code| code.number()).filter(|code| *code != 0) {
        assert!(has(&format!("refusals_total{{code=\"{code}\"}}")), "{code}");
        assert!(has(&format!("api_refusals_total{{code=\"{code}\"}}")), "{code}");
    }
    for outcome in ["delivered", "failed", "dead", "unwanted"] {
        assert!(has(&format!("webhook_deliveries_total{{outcome=\"{outcome}\"}}")), "{outcome}");
    }
    for at in ["record", "outbox", "dead_letters"] {
        assert!(has(&format!("webhook_dropped_total{{at=\"{at}\"}}")), "{at}");
    }
    for worker in 0..2 {
        assert!(has(&format!("accept_failures_total{{worker=\"{worker}\"}}")));
    }
    // Every announced family has a series.
    let announced = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    for name in announced.map(|line| line.split(' ').next().unwrap()) {
        let is_shown = text.lines().any(|line| line.starts_with(name));
        assert!(is_shown, "{name} is announced and has no series");
    }
}

#[tokio::test]
async fn the_process_is_shown_as_it_is() {
    let node = TestNode::start().await;
    let text = node.metrics().await;
    let value = |name: &str| -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}"));
        line.trim().parse().unwrap()
    };
    let mebibyte = 1024.0 * 1024.0;
    assert!(value("process_resident_memory_bytes ") > mebibyte);
    assert!(value("process_virtual_memory_bytes ") >= value("process_resident_memory_bytes "));
    assert!(value("process_open_fds ") > 5.0 && value("process_open_fds ") < value("process_max_fds "));
    assert!(value("process_cpu_seconds_total ") >= 0.0);
    let age = node.clock.now().wall.0 as f64 / 1000.0 - value("process_start_time_seconds ");
    assert!((-2.0..3_600.0).contains(&age), "{age}");
    assert_eq!(value("lamplight_ready "), 1.0);
    assert!(value("lamplight_facts_commits_total ") >= 1.0, "the first app was committed");
    assert!(
        text.contains(&format!("lamplight_build_info{{version=\"{}\"", env!("CARGO_PKG_VERSION"))),
        "{text}"
    );
}
