//! A test that compares `docs/configuration.md` with the settings of the program.

use figment::value::Value;
use lamplight_server::Config;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::process::Command;

const PAGE: &str = include_str!("../../../docs/configuration.md");

/// A row of a settings table on the page.
struct Row {
    key: &'static str,
    environment: &'static str,
    flag: Option<&'static str>,
    default: &'static str,
    bounds: &'static str,
}

fn rows() -> Vec<Row> {
    let cells = PAGE.lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let settings = cells.filter(|cells| cells.len() == 8 && cells[1].starts_with('`'));
    let bare = |cell: &'static str| cell.trim_matches('`');
    settings
        .map(|cells| Row {
            key: bare(cells[1]),
            environment: bare(cells[2]),
            flag: (cells[3] != "–").then(|| bare(cells[3])),
            default: bare(cells[4]),
            bounds: cells[5],
        })
        .collect()
}

/// Collects every setting with its path and value.
fn flat(value: &Json, path: &str, all: &mut BTreeMap<String, Json>) {
    let Json::Object(fields) = value else {
        all.insert(path.to_owned(), value.clone());
        return;
    };
    for (name, field) in fields {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        flat(field, &path, all);
    }
}

fn defaults() -> BTreeMap<String, Json> {
    let mut all = BTreeMap::new();
    flat(&serde_json::to_value(Config::default()).expect("settings are JSON"), "", &mut all);
    all
}

#[test]
fn every_setting_is_on_the_page_and_nothing_else() {
    let mut documented: Vec<_> = rows().iter().map(|row| row.key).collect();
    documented.sort_unstable();
    assert_eq!(documented, defaults().keys().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn the_page_says_the_defaults_and_the_variables() {
    let defaults = defaults();
    for row in rows() {
        let default = &defaults[row.key];
        let default = if default.is_null() { "none".to_owned() } else { default.to_string() };
        assert_eq!(row.default, default, "{}", row.key);
        let variable = format!("LAMPLIGHT_{}", row.key.replace('.', "__").to_uppercase());
        assert_eq!(row.environment, variable, "{}", row.key);
    }
}

#[test]
fn the_page_says_the_flags() {
    let help = Command::new(env!("CARGO_BIN_EXE_lamplight")).args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for row in rows() {
        let flag = format!("--{}", row.key.replace(['.', '_'], "-"));
        match row.flag {
            Some(documented) => {
                assert_eq!(documented, flag);
                assert!(help.contains(&format!("{flag} <")), "{flag} is not a flag of serve");
            }
            None => assert!(!help.contains(&flag), "{flag} is missing on the page"),
        }
    }
}

#[test]
fn the_page_says_the_bounds() {
    let load = |key, value: i64| Config::load(None, vec![(key, Value::from(value))]);
    let mut checked = 0;
    for row in rows() {
        let bounds: Vec<i64> = row.bounds.split(" to ").filter_map(|bound| bound.parse().ok()).collect();
        if let [least, most] = bounds[..] {
            assert!(load(row.key, least).is_ok() && load(row.key, most).is_ok(), "{}", row.key);
            assert!(load(row.key, least - 1).is_err() && load(row.key, most + 1).is_err(), "{}", row.key);
            checked += 1;
        } else if let Some(least) = row.bounds.strip_prefix("at least ") {
            let least = least.parse().unwrap();
            assert!(load(row.key, least).is_ok() && load(row.key, least - 1).is_err(), "{}", row.key);
            checked += 1;
        }
    }
    assert!(checked >= 8, "the bounds are not written as this test reads them");
}

#[test]
fn the_example_is_complete_and_can_be_used() {
    let (_, after) = PAGE.split_once("```toml\n").expect("an example");
    let (example, _) = after.split_once("```").expect("its end");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), example).unwrap();
    let config = Config::load(Some(file.path()), Vec::new()).unwrap();

    let mut used = BTreeMap::new();
    flat(&serde_json::to_value(config).unwrap(), "", &mut used);
    let (mut section, mut named) = (String::new(), Vec::new());
    for line in example.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = format!("{name}.");
        } else if let Some((key, _)) = line.split_once(" = ") {
            named.push(format!("{section}{key}"));
        }
    }
    named.sort_unstable();
    assert_eq!(named, used.into_keys().collect::<Vec<_>>());
}

/// Checks that the program can parse the lists, sections and texts that the page shows as variables.
#[test]
fn the_variables_of_the_page_can_be_used() {
    let (_, after) = PAGE.split_once("```sh\nLAMPLIGHT_TRUSTED").expect("an example");
    let (rest, _) = after.split_once("```").expect("its end");
    let example = format!("LAMPLIGHT_TRUSTED{rest}");
    let variables: Vec<_> = example.lines().map(|line| line.split_once('=').expect("a variable")).collect();
    assert_eq!(variables.len(), 5);
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lamplight"));
    command.current_dir(folder.path()).args(["doctor", "--skip-webhooks", "--json"]);
    command.args(["--client-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"]);
    // The quotes around a whole value are removed, as a shell does.
    command.envs(variables.iter().map(|(name, value)| (*name, value.trim_matches('\''))));
    let output = command.output().unwrap();
    let answer: Json = serde_json::from_slice(&output.stdout).unwrap();
    let findings = answer["findings"].as_array().unwrap();
    let text = |check: &str| {
        let finding = findings.iter().find(|finding| finding["check"] == check);
        finding.unwrap_or_else(|| panic!("{check}: {answer}"))["text"].as_str().unwrap().to_owned()
    };
    assert_eq!(text("settings"), "all of them can be used");
    assert!(text("proxies").ends_with("10.1.0.0/16, fd00::7/128"), "{answer}");
    assert!(text("data folder").starts_with("2026 does not exist yet"), "{answer}");
}

#[test]
fn a_wrong_variable_is_told_with_an_example() {
    let folder = tempfile::tempdir().unwrap();
    for (name, value, expected) in [
        (
            "LAMPLIGHT_TRUSTED_PROXIES",
            "10.0.0.0/8",
            "must be a list, as '[\"10.0.0.0/8\"]', not \"10.0.0.0/8\"",
        ),
        ("LAMPLIGHT_TRUSTED_PROXIES", "", "must be a list, as '[\"10.0.0.0/8\"]', not \"\""),
        ("LAMPLIGHT_LIMITS", "5", "must be a section of settings, as '{name=value}', not 5"),
        ("LAMPLIGHT_DATA_DIR", "2026", "must be a text, as '\"2026\"', not 2026"),
        (
            "LAMPLIGHT_CLIENT_LISTEN",
            ":27420",
            "must be an IP address and a port, as 127.0.0.1:7400, not \":27420\"",
        ),
        (
            "LAMPLIGHT_CLIENT_LISTEN",
            "27421",
            "must be an IP address and a port, as 127.0.0.1:7400, not 27421",
        ),
        (
            "LAMPLIGHT_HEALTH_LISTEN",
            "127.0.0.1:80000",
            "must be an IP address and a port, as 127.0.0.1:7400, not \"127.0.0.1:80000\"",
        ),
        (
            "LAMPLIGHT_NODE_LOSS_GRACE_MS",
            "30s",
            "must be a whole number of milliseconds, as 30000, not \"30s\"",
        ),
        (
            "LAMPLIGHT_WEBHOOK__ALLOW_NETWORKS",
            "[]",
            "there is no such setting; did you mean webhooks? Those are ",
        ),
        ("LAMPLIGHT_WEBHOOKS__ALLOW_NETWORKS", "[\"10.0.0.0/99\"]", "\"10.0.0.0/99\" is not a network"),
        ("LAMPLIGHT_LIMITS", "{conections=5}", "there is no such setting; did you mean limits.connections? "),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lamplight"));
        let output =
            command.current_dir(folder.path()).env(name, value).args(["app", "list"]).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        let place = format!("(environment variable {name}): {expected}");
        assert!(output.status.code() == Some(1) && error.contains(&place), "{error}");
    }
}

#[test]
fn an_address_of_a_flag_is_refused_with_the_form_that_is_expected() {
    let folder = tempfile::tempdir().unwrap();
    for (flag, address) in [
        ("--client-listen", "127.0.0.1"),
        ("--http-listen", "127.0.0.1:80000"),
        ("--health-listen", "localhost:7402"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lamplight"));
        let output = command.current_dir(folder.path()).args(["serve", flag, address]).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        let expected = "must be an IP address and a port, as 127.0.0.1:7400";
        assert!(output.status.code() == Some(2) && error.contains(expected), "{error}");
    }
}
