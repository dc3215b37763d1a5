//! Tests of the charts of past figures over real HTTP. Figures are stored, thinned out, and still present after a
//! restart.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::TestNode;
use common::browser::Browser;
use lamplight_model::Platform;
use serde_json::{Value, json};
use std::time::Duration;

async fn past(node: &TestNode, password: &str, range: &str) -> Value {
    // Opens a new session each time, because these tests move the clock beyond the lifetime of a session.
    let mut browser = Browser::new(node.node.http_address());
    assert_eq!(browser.log_in(password).await.status, 200);
    let answer = browser.get(&format!("/figures/history?range={range}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

/// Waits until at least this many points are stored for a range, and returns them.
async fn has_points(node: &TestNode, password: &str, range: &str, count: usize) -> Vec<Value> {
    let wait = async {
        loop {
            let points = past(node, password, range).await["points"].as_array().unwrap().clone();
            if points.len() >= count {
                return points;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(common::PATIENCE, wait).await.expect("points are kept")
}

/// Waits until a sample is at least as new as the node's current time.
async fn is_sampled(node: &TestNode, password: &str) {
    let present = node.clock.now().wall.0;
    let wait = async {
        loop {
            let mut browser = Browser::new(node.node.http_address());
            assert_eq!(browser.log_in(password).await.status, 200);
            let samples = browser.get("/figures").await.body["samples"].as_array().unwrap().clone();
            if samples.last().is_some_and(|last| time(last) >= present) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(common::PATIENCE, wait).await.expect("a sample is taken every second");
}

fn time(point: &Value) -> u64 {
    point["at"].as_u64().unwrap()
}

#[tokio::test]
async fn what_was_counted_is_kept_thinned_over_a_restart_with_a_gap_in_between() {
    let node = TestNode::start().await;
    let password = node.node.console_password().unwrap().to_owned();
    let alice = node.log_in("alice", "a", Platform::Android).await;
    is_sampled(&node, &password).await;
    // At the end of a step, the next sample writes the sums of the step.
    node.clock.advance(Duration::from_secs(15));
    let points = has_points(&node, &password, "hour", 1).await;
    let last = points.last().unwrap();
    assert!(last["online"].as_f64().unwrap() > 0.0 && last["peak"] == 1, "{last}");
    let android = Platform::ALL.iter().position(|platform| *platform == Platform::Android).unwrap();
    assert!(last["devices"][android].as_f64().unwrap() > 0.0, "{last}");
    assert_eq!(time(last) % 10_000, 0);
    for (range, step) in [("day", 60_000), ("month", 900_000)] {
        let points = has_points(&node, &password, range, 1).await;
        assert_eq!(time(&points[0]) % step, 0, "{range}");
    }
    // A server without a cluster is one node without a name.
    let of_node = past(&node, &password, "hour&node=").await;
    assert_eq!(of_node["nodes"], json!([""]));
    assert!(!of_node["points"].as_array().unwrap().is_empty());
    assert_eq!(past(&node, &password, "hour&node=other").await["points"], json!([]));
    drop(alice);

    let node = node.stop().await.start().await;
    assert!(!has_points(&node, &password, "hour", 1).await.is_empty(), "they are still there");
    node.clock.advance(Duration::from_secs(20 * 60));
    is_sampled(&node, &password).await;
    node.clock.advance(Duration::from_secs(15));
    let points = has_points(&node, &password, "hour", points.len() + 1).await;
    let gaps: Vec<_> = points.windows(2).map(|pair| time(&pair[1]) - time(&pair[0])).collect();
    assert!(
        gaps.iter().any(|gap| *gap > 10 * 60 * 1_000),
        "nothing is made up for the time between: {gaps:?}"
    );

    // Figures older than their range are removed.
    node.clock.advance(Duration::from_secs(2 * 60 * 60));
    is_sampled(&node, &password).await;
    node.clock.advance(Duration::from_secs(15));
    let day = has_points(&node, &password, "day", 2).await;
    let body = past(&node, &password, "hour").await;
    let hour = body["points"].as_array().unwrap();
    assert!(hour.iter().all(|point| time(point) >= body["from"].as_u64().unwrap()));
    assert!(time(&day[0]) < body["from"].as_u64().unwrap(), "and stays in the longer one");
}

#[tokio::test]
async fn a_range_is_one_of_three() {
    let node = TestNode::start().await;
    let mut browser = Browser::new(node.node.http_address());
    browser.log_in(node.node.console_password().unwrap()).await;
    for query in ["", "?range=year", "?range=hour&from=7"] {
        assert_eq!(browser.get(&format!("/figures/history{query}")).await.refusal(), (400, 6017), "{query}");
    }
    let empty = browser.get("/figures/history?range=month").await.body;
    assert_eq!((&empty["step_ms"], &empty["nodes"]), (&json!(900_000), &json!([])));
    assert_eq!(browser.get("/figures?node=a").await.body["node"], Value::Null);
    assert_eq!(empty["to"].as_u64().unwrap() - empty["from"].as_u64().unwrap(), 30 * 24 * 60 * 60 * 1_000);
}
