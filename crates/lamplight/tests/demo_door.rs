//! Tests of the endpoints for the demo's pages, which a normal server does not have.

#![allow(clippy::unwrap_used)]

mod process;

use process::{Folder, Running};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;

/// Sends a request to the HTTP port. Returns the status, the headers and the body.
fn ask(folder: &Folder, request: &str, body: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(folder.node()["http"].as_str().unwrap()).unwrap();
    let length = body.len();
    let head = format!("{request} HTTP/1.1\r\nHost: localhost:7401\r\nConnection: close\r\n");
    let kind = format!("Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(format!("{head}{kind}{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_owned(), body.to_owned())
}

fn get(folder: &Folder, path: &str) -> (u16, String, String) {
    ask(folder, &format!("GET {path}"), "")
}

fn sig_of(folder: &Folder, user: &str) -> (u16, Value) {
    let (status, _, body) = ask(folder, "POST /demo/sig", &json!({ "userID": user }).to_string());
    (status, serde_json::from_str(&body).unwrap())
}

#[test]
fn pages_of_the_demo_can_be_its_people_and_nobody_else() {
    let folder = Folder::new();
    let listen = ["--client-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"];
    let mut demo = Running::start(folder.command(&[&["demo", "--for", "60s"][..], &listen].concat()));
    demo.wait_for("watch --as you");

    let (_, _, place) = get(&folder, "/lamplight.json");
    assert_eq!(serde_json::from_str::<Value>(&place).unwrap()["demo"], true);

    let (status, _, users) = get(&folder, "/demo/users.json");
    let users: Value = serde_json::from_str(&users).unwrap();
    let users = users["users"].as_array().unwrap();
    assert_eq!(status, 200);
    assert_eq!(users.iter().filter(|user| user["isPlayer"] == true).count(), 2);
    for user in users {
        let (status, head, face) = get(&folder, user["avatar"].as_str().unwrap());
        assert_eq!(status, 200, "{user}");
        assert!(head.contains("content-type: image/svg+xml") && face.starts_with("<svg "), "{head}");
    }
    assert_eq!(get(&folder, "/demo/portraits/nobody.svg").0, 404);

    for user in ["you", "alice"] {
        let (status, ticket) = sig_of(&folder, user);
        assert_eq!((status, &ticket["userID"]), (200, &json!(user)));
        folder.ok(&["sig", "verify", ticket["userSig"].as_str().unwrap(), "--user", user]);
    }
    // The demo makes UserSigs only for its own users. It makes none for an admin of the app, who may do everything.
    for user in ["administrator", "nobody", "", "you "] {
        let (status, answer) = sig_of(&folder, user);
        assert_eq!((status, answer.get("userSig")), (404, None), "{user}");
    }
    assert_eq!(ask(&folder, "POST /demo/sig", "{}").0, 422);
    assert_eq!(ask(&folder, "POST /demo/sig", "not json").0, 400);
    assert_eq!(get(&folder, "/demo/sig").0, 405);
}

#[test]
fn a_server_that_is_no_demo_signs_for_nobody() {
    let folder = Folder::new();
    let _server = folder.serve(&[]);
    folder.ok(&["account", "create", "you"]);
    let (_, _, place) = get(&folder, "/lamplight.json");
    assert_eq!(serde_json::from_str::<Value>(&place).unwrap()["demo"], false);
    assert_eq!(get(&folder, "/demo/users.json").0, 404);
    assert_eq!(ask(&folder, "POST /demo/sig", r#"{"userID":"you"}"#).0, 404);
}

#[test]
fn a_demo_that_is_played_again_writes_its_letters_once() {
    let folder = Folder::new();
    let listen = ["--client-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"];
    let letters = || {
        let mut demo = Running::start(folder.command(&[&["demo", "--for", "60s"][..], &listen].concat()));
        demo.wait_for("watch --as you");
        folder.ok(&["message", "history", "you", "bob", "--json"])
    };
    let before = letters();
    assert!(before.contains("I reviewed your pull request."), "{before}");
    assert_eq!(letters().matches("I reviewed your pull request.").count(), 1);
}
