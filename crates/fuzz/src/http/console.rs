//! The target for request bodies of the console's API, sent by a logged-in operator.
//!
//! Input: a byte that selects the request, the [cuts](crate::cuts), and the body.

use super::{Answer, Framing, PASSWORD, Served, at_node};
use crate::cuts;
use serde_json::json;

/// A request with a body.
struct Request {
    method: &'static str,
    /// The path within the API; `{app}` is replaced by the app's id.
    path: &'static str,
    /// Whether repeating the request gives the same answer.
    is_repeatable: bool,
}

const REQUESTS: &[Request] = &[
    // Wrong passwords are counted, and after a few of them the login is delayed.
    Request { method: "POST", path: "/session", is_repeatable: false },
    Request { method: "POST", path: "/apps", is_repeatable: false },
    // The `If-Match` tag matches no app, so even a valid body is refused and changes nothing.
    Request { method: "PUT", path: "/apps/{app}/settings", is_repeatable: true },
    Request { method: "POST", path: "/apps/{app}/dead-letters/resend", is_repeatable: true },
    Request { method: "POST", path: "/apps/{app}/dead-letters/drop", is_repeatable: true },
];

/// Logs an operator in, and returns the headers with the session.
fn log_in(node: &mut Served) -> String {
    let body = json!({ "password": PASSWORD }).to_string();
    let head = "POST /console/api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    let answer = node.ask(head, body.as_bytes(), Framing::Whole);
    let cookie = answer.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")?.split(';').next());
    let token = answer.json.as_ref().and_then(|json| json["csrf_token"].as_str());
    let (cookie, token) = cookie.zip(token).unwrap_or_else(|| panic!("no session: {answer:?}"));
    format!("Cookie: {cookie}\r\nX-CSRF-Token: {token}\r\n")
}

/// Runs one input.
pub fn run(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let (lengths, body) = cuts::split(rest);
    let request = &REQUESTS[usize::from(*choice) % REQUESTS.len()];
    let is_json = choice / 128 == 0;
    let kind = if is_json { "Content-Type: application/json\r\n" } else { "" };
    at_node(|node| {
        if node.operator.is_none() {
            node.operator = Some(log_in(node));
        }
        let operator = node.operator.clone().unwrap_or_default();
        let path = request.path.replace("{app}", &node.app.to_string());
        let head = format!(
            "{} /console/api/v1{path} HTTP/1.1\r\nHost: x\r\nIf-Match: \"none\"\r\n{operator}{kind}",
            request.method
        );
        let answer = node.ask(&head, body, Framing::Whole);
        check(&answer);
        let framing = Framing::Chunks(lengths);
        if request.is_repeatable {
            assert_eq!(node.ask(&head, body, framing), answer, "the same body, in pieces");
        } else if !lengths.is_empty() {
            check(&node.ask(&head, body, framing));
        }
    });
}

/// Checks that a refusal contains a code and a text.
fn check(answer: &Answer) {
    if answer.status < 400 {
        return;
    }
    let json = answer.json.as_ref().unwrap_or_else(|| panic!("no JSON: {answer:?}"));
    assert!(json["code"].is_u64(), "{answer:?}");
    assert!(json["message"].as_str().is_some_and(|message| !message.is_empty()), "{answer:?}");
}
