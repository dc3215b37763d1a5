//! Tests of the console's password: it is shown once, and can be changed with a running server and without one.

#![allow(clippy::unwrap_used)]

mod process;

use process::Folder;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Returns the HTTP status of a login with this password.
fn log_in(server: &str, password: &str) -> u16 {
    log_in_with(server, &json!({ "password": password }))
}

/// Returns the HTTP status of a login with these credentials.
fn log_in_with(server: &str, credentials: &Value) -> u16 {
    let body = credentials.to_string();
    let mut stream = TcpStream::connect(server).unwrap();
    let head = "POST /console/api/v1/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    let length = body.len();
    write!(stream, "{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// Returns the word that follows `words` in a text.
fn word_behind(text: &str, words: &str) -> String {
    let (_, rest) = text.split_once(words).unwrap_or_else(|| panic!("no {words:?} in {text}"));
    rest.trim().split([' ', ',', ')', '\n']).next().unwrap().to_owned()
}

#[test]
fn the_password_is_shown_at_the_first_start_and_never_again() {
    let folder = Folder::new();
    let server = folder.serve(&[]);
    let password = word_behind(&server.seen(), "(password ");
    let http = folder.node()["http"].as_str().unwrap().to_owned();
    assert_eq!((log_in(&http, "wrong"), log_in(&http, &password)), (401, 200));
    let kept = folder.path().join("console-password");
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!std::fs::read_to_string(&kept).unwrap().contains(&password));
    drop(server);

    let again = folder.serve(&[]);
    assert!(again.seen().contains("  console ") && !again.seen().contains("(password "), "{}", again.seen());
    assert_eq!(log_in(folder.node()["http"].as_str().unwrap(), &password), 200, "and it still holds");
}

/// The password is shown only once. The log must report that it could not be printed.
#[test]
fn a_password_that_could_not_be_printed_is_told_of_in_the_log() {
    let folder = Folder::new();
    let log = folder.file("log", "");
    let listen =
        ["serve", "--client-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--workers", "1"];
    let mut command = folder.command(&listen);
    command.stdout(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    command.stderr(std::fs::OpenOptions::new().append(true).open(&log).unwrap());
    let mut server = command.spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    let told =
        || std::fs::read_to_string(&log).unwrap().contains("`lamplight console password` sets another");
    while !told() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(told(), "{}", std::fs::read_to_string(&log).unwrap());
}

/// The test works with and without built web pages.
#[test]
fn no_address_of_the_console_is_told_where_there_is_no_page() {
    let folder = Folder::new();
    let server = folder.serve(&[]);
    let node = folder.node();
    let mut stream = TcpStream::connect(node["http"].as_str().unwrap()).unwrap();
    write!(stream, "GET /console/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let is_there = answer.starts_with(b"HTTP/1.1 200");

    let seen = server.seen();
    let announced = seen.lines().find(|line| line.starts_with("  console ")).unwrap();
    assert_eq!(announced.contains("/console/"), is_there, "{announced}");
    assert_eq!(announced.contains("not built into this binary"), !is_there, "{announced}");
    assert!(announced.contains("(password "), "{announced}");
    let told = folder.answer(&["console", "password", "--json"]);
    assert_eq!(told["address"].is_string(), is_there, "{told}");
    let listen = |port: &str| node[port].as_str().unwrap().to_owned();
    let (client, http) = (listen("client"), listen("http"));
    let doctor = ["doctor", "--json", "--client-listen", &client, "--http-listen", &http];
    let findings = folder.answer(&doctor)["findings"].clone();
    let pages = findings.as_array().unwrap().iter().find(|it| it["check"] == "web pages").unwrap().clone();
    assert_eq!(pages["level"], if is_there { "ok" } else { "warning" }, "{pages}");
}

#[test]
fn a_new_password_holds_at_once_with_a_server_and_at_the_next_start_without_one() {
    let folder = Folder::new();
    let (code, _, error) = folder.run(&["console", "password"]);
    assert_eq!(code, Some(1));
    assert!(error.contains("there is no data folder"), "{error}");

    let server = folder.serve(&[]);
    let http = folder.node()["http"].as_str().unwrap().to_owned();
    let first = word_behind(&server.seen(), "(password ");
    let second = word_behind(&folder.ok(&["console", "password"]), "is now ");
    assert_eq!((log_in(&http, &first), log_in(&http, &second)), (401, 200));
    drop(server);

    let third = folder.answer(&["console", "password", "--json"]);
    let _server = folder.serve(&[]);
    let http = folder.node()["http"].as_str().unwrap().to_owned();
    assert_eq!(log_in(&http, &second), 401);
    assert_eq!(log_in(&http, third["password"].as_str().unwrap()), 200);

    let set = |text: &str| {
        let mut command = folder.command(&["console", "password", "--set"]);
        let mut child =
            command.stdin(Stdio::piped()).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(set("open sesame, please\n").0, Some(0));
    assert_eq!(log_in(&http, "open sesame, please"), 200);
    for text in ["too short\n".to_owned(), "x".repeat(201), String::new()] {
        let (code, error) = set(&text);
        assert_eq!(code, Some(1));
        assert!(error.contains("10 to 200 bytes"), "{error}");
    }
    assert_eq!(log_in(&http, "open sesame, please"), 200, "a refusal changes nothing");
}

#[test]
fn operators_are_kept_with_a_server_and_without_one() {
    let folder = Folder::new();
    drop(folder.serve(&[]));
    let ann = folder.answer(&["console", "operator", "add", "ann", "--role", "viewer", "--json"]);
    let server = folder.serve(&[]);
    let http = folder.node()["http"].as_str().unwrap().to_owned();
    let log_in =
        |name: &str, password: &Value| log_in_with(&http, &json!({ "operator": name, "password": password }));
    assert_eq!(log_in("ann", &ann["password"]), 200);
    let bob =
        word_behind(&folder.ok(&["console", "operator", "add", "bob", "--role", "admin"]), "of bob is ");
    assert_eq!(log_in("bob", &bob.into()), 200);
    let list = folder.ok(&["console", "operator", "list"]);
    let rows: Vec<Vec<&str>> = list.lines().map(|line| line.split_whitespace().take(2).collect()).collect();
    assert_eq!(rows, [["NAME", "ROLE"], ["admin", "admin"], ["ann", "viewer"], ["bob", "admin"]]);

    folder.ok(&["console", "operator", "role", "ann", "operator"]);
    let other = folder.answer(&["console", "operator", "password", "ann", "--json"]);
    assert_eq!((log_in("ann", &ann["password"]), log_in("ann", &other["password"])), (401, 200));
    folder.ok(&["console", "operator", "remove", "ann"]);
    assert_eq!(log_in("ann", &other["password"]), 401);
    drop(server);

    for (arguments, said) in [
        (&["console", "operator", "remove", "ann"][..], "there is no operator ann"),
        (&["console", "operator", "remove", "admin"], "the operator admin cannot be added, removed"),
        (&["console", "operator", "add", "bob", "--role", "viewer"], "the operator bob exists already"),
        (&["console", "operator", "add", "Bob", "--role", "viewer"], "lower-case letters"),
        (&["console", "operator", "role", "bob", "king"], "possible values: viewer, operator, admin"),
    ] {
        let (code, _, error) = folder.run(arguments);
        assert!(code != Some(0) && error.contains(said), "{arguments:?}: {error}");
    }
}

#[test]
fn what_operators_do_is_entered_with_a_server_and_without_one_and_exported() {
    let folder = Folder::new();
    folder.ok(&["app", "create", "--name", "=HYPERLINK(\"x\")"]);
    folder.ok(&["account", "create", "alice", "--json"]);
    let server = folder.serve(&[]);
    folder.ok(&["app", "set", "1400000001", "--subscriptions", "300", "--webhook-token", "hush"]);
    folder.ok(&["app", "key", "add", "1400000001"]);
    folder.ok(&["account", "kick", "alice"]);
    folder.ok(&["console", "password"]);
    folder.run(&["account", "kick", "nobody"]);
    folder.ok(&["app", "key", "list"]);
    folder.ok(&["app", "key", "list", "--show"]);
    drop(server);
    folder.ok(&["sig", "alice", "--expire", "1h"]);

    let all = folder.answer(&["audit", "--json"]);
    let actions: Vec<_> =
        all.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    let expected = [
        "sig.make",
        "key.show",
        "operator.password",
        "user.kick",
        "key.add",
        "app.change",
        "account.create",
        "app.create",
    ];
    assert_eq!(actions, expected);
    assert!(all.as_array().unwrap().iter().all(|entry| entry["by"] == "command line"));

    let table = folder.ok(&["audit", "--app", "1400000001", "--limit", "5"]);
    assert_eq!(table.lines().count(), 6, "{table}");
    assert!(table.contains("limits.subscriptions: 200 -> 300; webhooks.token: none -> (set)"), "{table}");
    assert!(!table.contains("operator.password"), "it concerns no app");

    let csv = folder.ok(&["audit", "--csv"]);
    let rows: Vec<&str> = csv.trim_end().split("\r\n").collect();
    assert_eq!(rows.len(), 9, "{csv}");
    assert_eq!(rows[0], "id,time,by,address,app,action,target,changes,outcome,note");
    assert!(rows[8].contains("app.create,,\"name: none -> =HYPERLINK(\"\"x\"\")\",done,"), "{csv}");
    let lines = folder.ok(&["audit", "--json-lines"]);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(Value::from(lines), all);
    assert!(!csv.contains("hush"));
}
