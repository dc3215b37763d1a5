//! Runs `lamplight load growth` and `lamplight load open` with few users, and draws their reports as
//! `cargo xtask bench growth` does. Every notification must arrive; the figures do not matter here.

#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;
use std::process::Command;

/// Runs `lamplight load` with these arguments, and returns its report.
fn load(args: &[&str], out: &Path) -> serde_json::Value {
    let run =
        Command::new(env!("CARGO_BIN_EXE_lamplight")).arg("load").args(args).arg("--out").arg(out).output();
    let run = run.unwrap();
    assert!(
        run.status.success(),
        "{}{}",
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr)
    );
    serde_json::from_slice(&std::fs::read(out).unwrap()).unwrap()
}

#[test]
fn the_reports_are_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let (growth, open) = (folder.path().join("growth.json"), folder.path().join("open.json"));
    let series =
        ["growth", "--quick", "--series", "accounts", "--series", "subscriptions", "--series", "watchers"];
    let report = load(&series, &growth);
    for name in [
        "accounts 1000: CPU of a change",
        "subscriptions 200: CPU of a change, 32 outstanding",
        "watchers 50: latency p99",
    ] {
        let figure = report["figures"].as_array().unwrap().iter().find(|figure| figure["name"] == name);
        assert!(figure.unwrap()["value"].as_f64().unwrap() > 0.0, "{name}");
    }
    load(&["open", "--users", "63", "--rate", "200", "--changes", "400"], &open);

    let pictures = folder.path().join("pictures");
    let files = lamplight_plots::draw_reports(&[growth, open], &pictures).unwrap();
    let names: Vec<_> = files.iter().map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
    let expected =
        ["growth-accounts.svg", "growth-subscriptions.svg", "growth-watchers.svg", "latency-over-time.svg"];
    assert_eq!(names, expected);
    for file in files {
        assert!(std::fs::read_to_string(&file).unwrap().ends_with("</svg>\n"), "{}", file.display());
    }
}
