//! Tests that compare the dashboard and the alerts in `packaging/`, and their page, with the metrics of a node that has
//! just started.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;
mod promql;

use common::TestNode;
use promql::Exported;
use serde_json::Value;
use std::collections::BTreeSet;

const DASHBOARD: &str = include_str!("../../../packaging/grafana/lamplight.json");
const RULES: &str = include_str!("../../../packaging/prometheus/lamplight.rules.yml");
const PAGE: &str = include_str!("../../../docs/operations/alerts.md");

/// The metrics that the dashboard does not show, with the reasons.
const NOT_SHOWN: [(&str, &str); 1] =
    [("process_virtual_memory_bytes", "address space costs nothing; resident memory is shown")];

/// The variables that Grafana itself provides.
const OF_GRAFANA: [&str; 1] = ["__rate_interval"];

async fn exported() -> Exported {
    Exported::read(&TestNode::start().await.metrics().await)
}

fn dashboard() -> Value {
    serde_json::from_str(DASHBOARD).expect("the dashboard is JSON")
}

/// Returns the panels that show something, with the targets of each.
fn panels(dashboard: &Value) -> Vec<(&str, Vec<&Value>)> {
    let panels = dashboard["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] != "row");
    panels
        .map(|panel| {
            let targets = panel["targets"].as_array().unwrap_or_else(|| panic!("{}", panel["title"]));
            (panel["title"].as_str().unwrap(), targets.iter().collect())
        })
        .collect()
}

/// Returns the labels in a legend, such as `{{code}}`.
fn labels_of(legend: &str) -> Vec<String> {
    let parts = legend.split("{{").skip(1).map(|part| part.split_once("}}").expect("a legend").0);
    parts.map(|label| label.trim().to_owned()).collect()
}

#[tokio::test]
async fn the_dashboard_names_metrics_and_labels_that_a_node_exports() {
    let (exported, dashboard) = (exported().await, dashboard());
    let (mut used, mut problems) = (BTreeSet::new(), Vec::new());
    for (title, targets) in panels(&dashboard) {
        for target in targets {
            let expression = target["expr"].as_str().unwrap();
            let legend = labels_of(target["legendFormat"].as_str().unwrap());
            match exported.check(expression, &legend) {
                Ok(names) => used.extend(names),
                Err(problem) => problems.push(format!("{title}: {problem}, in {expression}")),
            }
        }
    }
    for variable in dashboard["templating"]["list"].as_array().unwrap() {
        if variable["type"] == "query"
            && let Err(problem) = exported.check(variable["query"].as_str().unwrap(), &[])
        {
            problems.push(format!("variable {}: {problem}", variable["name"]));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));

    let shown: BTreeSet<_> = used.iter().filter_map(|series| exported.metric_of(series)).collect();
    let left_out: BTreeSet<_> = NOT_SHOWN.iter().map(|(name, _)| *name).collect();
    let missing: Vec<_> = exported
        .metrics()
        .into_iter()
        .filter(|name| !shown.contains(name) && !left_out.contains(name))
        .collect();
    assert!(missing.is_empty(), "neither on the dashboard nor in NOT_SHOWN: {missing:?}");
    let needless: Vec<_> =
        left_out.iter().filter(|name| shown.contains(*name) || !exported.metrics().contains(*name)).collect();
    assert!(needless.is_empty(), "in NOT_SHOWN, but shown or not exported: {needless:?}");
}

#[test]
fn the_dashboard_is_one_that_grafana_can_show() {
    let dashboard = dashboard();
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let mut known: BTreeSet<_> =
        variables.iter().map(|variable| variable["name"].as_str().unwrap()).collect();
    known.extend(OF_GRAFANA);
    let in_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    for part in DASHBOARD.split('$').skip(1) {
        let name: String =
            part.trim_start_matches('{').chars().take_while(|letter| in_name(*letter)).collect();
        assert!(known.contains(name.as_str()) || name == "__all", "there is no variable ${name}");
    }
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "each panel has an id of its own");
    let mut taken = BTreeSet::new();
    for panel in panels {
        let edge = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        for x in edge("x")..edge("x") + edge("w") {
            for y in edge("y")..edge("y") + edge("h") {
                assert!(x < 24 && taken.insert((x, y)), "{} overlaps at {x}, {y}", panel["title"]);
            }
        }
        let is_row = panel["type"] == "row";
        assert!(is_row || !panel["description"].as_str().unwrap().is_empty(), "{}", panel["title"]);
    }
}

/// An alert in the file of alert rules.
struct Alert {
    name: String,
    expression: String,
    severity: String,
    annotations: Value,
}

fn alerts() -> Vec<Alert> {
    let rules: Value = serde_yaml_ng::from_str(RULES).expect("the rules are YAML");
    let groups = rules["groups"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned();
    groups
        .flat_map(|group| group["rules"].as_array().unwrap())
        .map(|rule| Alert {
            name: text(&rule["alert"]),
            expression: text(&rule["expr"]),
            severity: text(&rule["labels"]["severity"]),
            annotations: rule["annotations"].clone(),
        })
        .collect()
}

#[tokio::test]
async fn the_alerts_name_metrics_and_labels_that_a_node_exports() {
    let (exported, mut names) = (exported().await, BTreeSet::new());
    let mut problems = Vec::new();
    for Alert { name, expression, severity, annotations } in alerts() {
        let told: Vec<_> = ["summary", "meaning", "action"]
            .iter()
            .map(|part| annotations[part].as_str().unwrap_or_else(|| panic!("{name} has no {part}")))
            .collect();
        let in_label = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '_';
        let named = told.iter().flat_map(|text| text.split("$labels.").skip(1));
        let labels: Vec<_> = named.map(|text| text.chars().take_while(in_label).collect()).collect();
        if let Err(problem) = exported.check(&expression, &labels) {
            problems.push(format!("{name}: {problem}"));
        }
        assert!(["info", "warning", "critical"].contains(&severity.as_str()), "{name}: {severity}");
        assert!(names.insert(name.clone()), "{name} is there twice");
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_page_has_the_alerts_of_the_file() {
    let row = |Alert { name, severity, annotations, .. }: &Alert| {
        let [meaning, action] =
            ["meaning", "action"].map(|part| annotations[part].as_str().unwrap().to_owned());
        format!("| `{name}` | {severity} | {meaning} | {action} |")
    };
    let expected: Vec<_> = alerts().iter().map(row).collect();
    let rows: Vec<_> = PAGE.lines().filter(|line| line.starts_with("| `Lamplight")).collect();
    assert_eq!(rows, expected, "the table must be\n{}", expected.join("\n"));
}
