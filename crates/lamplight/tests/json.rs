//! Tests that every command prints one JSON document, and that all field names have the same spelling.

#![allow(clippy::unwrap_used)]

mod process;

use process::Folder;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpListener;

/// Checks that all field names are in camel case, with `userID` and `SDKAppID`, as in the SDKs.
fn check_names(value: &Value, command: &str) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let plain = name.starts_with(|first: char| first.is_ascii_lowercase())
                    && name.chars().all(|letter| letter.is_ascii_alphanumeric())
                    && !name.contains("Id");
                assert!(plain || name.starts_with("SDKAppID"), "{command}: {name}");
                // The id of an app and of a user must have the same name everywhere.
                assert!(
                    value.is_object() || !["app", "user", "appID"].contains(&name.as_str()),
                    "{command}: {name}"
                );
                check_names(value, command);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| check_names(item, command)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Starts a webhook receiver that answers every request with status 200.
fn receiver() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let _ = stream.read(&mut [0; 64 << 10]);
                let body = r#"{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":""}"#;
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close", body.len());
                let _ = write!(stream, "{head}\r\n\r\n{body}");
            });
        }
    });
    address
}

/// A script must find the text of a usage error in the JSON.
#[test]
fn wrong_usage_is_told_in_json_too() {
    let folder = Folder::new();
    for (arguments, why) in [
        (&["app", "show", "0"][..], "an SDKAppID must be a number from 1"),
        (&["app", "lst"], "unrecognized subcommand 'lst'"),
        (&["sig"], "required arguments were not provided"),
        (&["status", "get", "alice", "--nonsense"], "unexpected argument '--nonsense'"),
    ] {
        let (code, output, error) = folder.run(&[arguments, &["--json"]].concat());
        let told: Value = serde_json::from_str(&output).unwrap_or_else(|bad| panic!("{bad}: {output}"));
        let message = told["error"]["message"].as_str().unwrap();
        assert!(code == Some(2) && message.contains(why) && error.contains(why), "{message}: {error}");
        let (code, output, _) = folder.run(arguments);
        assert!(code == Some(2) && output.is_empty(), "{output}");
    }
    let (code, output, _) = folder.run(&["app", "--help", "--json"]);
    assert!(code == Some(0) && output.contains("Usage:") && !output.contains("{"), "{output}");
}

/// The commands that this file does not test. `webhook show` needs a dead letter. `facts_copy.rs` tests `facts copy`,
/// and `cluster.rs` tests the commands of `node`. The others print no single JSON document.
const OTHERWISE: [&str; 8] =
    ["serve", "demo", "watch", "load", "completions", "webhook show", "facts copy", "node"];

/// Each command must print one JSON document, with the usual field names and no secrets. Earlier commands make content
/// for later commands.
#[test]
fn every_command_spells_its_fields_alike_and_says_one_document() {
    let folder = Folder::new();
    let settings = folder.file("private.toml", "[webhooks]\nallow_private = true\n");
    let server = folder.serve(&["--config", &settings]);
    let _alice = folder.watch(&["bob", "--as", "alice"]);
    let token = folder.ok(&["sig", "alice"]);
    let hook = format!("http://{}/", receiver());
    let pages = folder.path().join("../pages");
    let node = folder.node();
    let [client, http] = ["client", "http"].map(|port| node[port].as_str().unwrap());
    let script = [
        &["app", "create", "--id", "7", "--name", "ours"][..],
        &["app", "list"],
        &["app", "show", "1400000001"],
        &["app", "set", "1400000001", "--linger-web", "7s", "--push-url", &hook],
        &["app", "key", "add", "7"],
        &["app", "key", "list", "7", "--show"],
        &["app", "key", "remove", "7", "1"],
        &["app", "admin", "add", "7", "backend"],
        &["app", "admin", "remove", "7", "backend"],
        &["app", "delete", "7", "--yes"],
        &["sig", "alice"],
        &["sig", "verify", token.trim(), "--user", "alice"],
        &["account", "create", "alice", "bob"],
        &["account", "list"],
        &["account", "find", "al"],
        &["account", "set", "alice", "--nick", "Alice"],
        &["account", "show", "alice"],
        &["friend", "add", "alice", "bob"],
        &["friend", "list", "alice"],
        &["friend", "remark", "alice", "bob", "Bobby"],
        &["friend", "delete", "alice", "bob"],
        &["visibility", "set", "alice", "friends"],
        &["visibility", "show", "alice"],
        &["block", "add", "bob", "alice"],
        &["block", "list", "bob"],
        &["block", "check", "bob", "alice"],
        &["block", "remove", "bob", "alice"],
        &["message", "send", "alice", "bob", "hello"],
        &["message", "history", "alice", "bob"],
        &["message", "conversations", "bob"],
        &["message", "read", "bob", "alice"],
        &["message", "pin", "bob", "alice"],
        &["message", "delete", "bob", "alice"],
        &["status", "get", "alice", "bob"],
        &["status", "online"],
        &["status", "set", "alice", "busy"],
        &["webhook", "list"],
        &["webhook", "test", "push"],
        &["webhook", "dead"],
        &["webhook", "resend", "--all"],
        &["webhook", "drop", "--all"],
        &["console", "password"],
        &["console", "operator", "add", "ann", "--role", "viewer"],
        &["console", "operator", "list"],
        &["console", "operator", "role", "ann", "admin"],
        &["console", "operator", "password", "ann"],
        &["console", "operator", "remove", "ann"],
        &["audit"],
        &["doctor", "--client-listen", client, "--http-listen", http],
        &["account", "kick", "alice"],
        &["account", "delete", "bob"],
        &["man", "--dir", pages.to_str().unwrap()],
    ];
    // The secrets that must not be in the output of any command.
    let (webhook_token, jwt_secret, own_key) = ("hush".repeat(4), "quiet".repeat(8), "silence".repeat(5));
    let secrets = ["--webhook-token", &webhook_token, "--jwt-secret", &jwt_secret];
    let mut last = Value::Null;
    let with_secrets = [
        [&["app", "set", "1400000001"][..], &secrets].concat(),
        [&["app", "create", "--id", "8", "--key", &own_key][..], &secrets].concat(),
        vec!["app", "delete", "8", "--yes"],
        vec!["app", "create", "--id", "9"],
        vec!["app", "key", "add", "9", "--key", &own_key],
        vec!["app", "delete", "9", "--yes"],
    ];
    for command in with_secrets.iter().map(|command| &command[..]).chain(script) {
        let name = command.join(" ");
        let (code, output, error) = folder.run(&[command, &["--json"]].concat());
        assert_eq!(code, Some(0), "{name}: {output}{error}");
        // `from_str` refuses text after the first document.
        let answer: Value =
            serde_json::from_str(&output).unwrap_or_else(|why| panic!("{name}: {why}: {output}"));
        check_names(&answer, &name);
        for secret in [&webhook_token, &jwt_secret, &own_key] {
            assert!(!output.contains(secret.as_str()), "{name} shows a secret: {output}");
        }
        last = answer;
    }
    let shown = folder.answer(&["app", "show", "1400000001", "--json"]);
    assert_eq!(shown["settings"]["webhooks"]["tokenSet"], true, "{shown}");
    assert_eq!(shown["settings"]["jwt"]["secretSet"], true, "{shown}");

    // Checks that no command is missing: each has a manual page. A command with subcommands has no output of its own.
    let files = last["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap());
    let pages: Vec<_> = files.map(|file| file.rsplit_once('/').unwrap().1.trim_end_matches(".1")).collect();
    let is_leaf = |page: &str| !pages.iter().any(|other| other.starts_with(&format!("{page}-")));
    for page in pages.iter().filter(|page| is_leaf(page)) {
        let words: Vec<_> = page.split('-').skip(1).collect();
        let asked = script.iter().any(|command| command.starts_with(&words));
        let is_otherwise = OTHERWISE.contains(&words[0]) || OTHERWISE.contains(&&words.join(" ")[..]);
        assert_eq!(asked, !is_otherwise, "{page}");
    }

    let lines = folder.ok(&["audit", "--json-lines"]);
    lines.lines().for_each(|line| check_names(&serde_json::from_str(line).unwrap(), "audit --json-lines"));
    assert!(lines.lines().count() > 5, "{lines}");
    drop(server);
    let mut server = process::Running::start(folder.command(&[
        "serve",
        "--json",
        "--client-listen",
        "127.0.0.1:0",
        "--http-listen",
        "127.0.0.1:0",
    ]));
    let line = server.wait_for("consolePassword").concat();
    check_names(&serde_json::from_str(&line).unwrap(), "serve");
}
