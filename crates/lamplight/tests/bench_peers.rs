//! Runs the workload of `cargo xtask bench peers` with few users over this program and over Redis. Every notification
//! must arrive; the speed does not matter here.

#![allow(clippy::unwrap_used, missing_docs)]

use clap::Parser;
use lamplight_peers::{Args, ROWS, Row, measure};

#[test]
fn every_notification_of_the_workload_arrives() {
    let folder = tempfile::tempdir().unwrap();
    let raw = folder.path().join("raw");
    let arguments = [
        "bench-peers",
        "--only=lamplight,redis",
        "--users=50",
        "--rounds=1",
        "--seconds=1",
        "--slow-seconds=1",
        "--program",
        env!("CARGO_BIN_EXE_lamplight"),
        "--raw",
        raw.to_str().unwrap(),
    ];
    let runs = measure(&Args::parse_from(arguments)).unwrap();
    assert_eq!(runs.iter().map(|run| run.peer).collect::<Vec<_>>(), ["lamplight", "redis"]);
    for run in &runs {
        assert_eq!(run.error, None, "{}", run.peer);
        for row in ROWS {
            let figures: Vec<_> = run.figures.iter().filter(|figure| figure.row == row).collect();
            assert!(matches!(figures[..], [figure] if figure.value.is_finite()), "{} {row:?}", run.peer);
        }
        let stale = run.figures.iter().find(|figure| figure.row == Row::SlowStale);
        assert_eq!(stale.map(|figure| figure.value), Some(0.0), "{}", run.peer);
        for phase in run.phases.iter().filter(|phase| phase.changes > 0 && phase.name != "stalled reader") {
            let counts = phase.counts;
            assert!(counts.delivered > 0, "{} {}", run.peer, phase.name);
            assert_eq!((counts.missing, counts.repeated, counts.strangers), (0, 0, 0), "{phase:?}");
        }
    }
    let text = std::fs::read_to_string(raw.join("peers.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["runs"].as_array().unwrap().len(), 2);
}
