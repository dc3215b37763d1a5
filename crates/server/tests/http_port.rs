//! The HTTP port as a whole: its headers, its bounds, and what is answered when it is full.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::api::{ADMIN, Api};
use common::{PATIENCE, TestNode};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// A whole answer, as text. It may be cut off by a reset, where a body was not read.
async fn ask(address: SocketAddr, method: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("it ends");
    String::from_utf8_lossy(&answer).into_owned()
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let (head, _) = answer.split_once("\r\n\r\n")?;
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.into_iter().find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(value))
}

#[tokio::test]
async fn every_answer_says_what_a_browser_is_to_forbid() {
    let node = TestNode::start_with(|config| {
        config.health_listen = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    let (http, health) = (node.node.http_address(), node.node.health_address().unwrap());
    let mut asked = Vec::new();
    for (address, path) in [
        (http, "/"),
        (http, "/index.html"),
        (http, "/lamplight.json"),
        (http, "/gone"),
        (http, "/assets/gone.js"),
        (http, "/docs/uikit/"),
        (http, "/console"),
        (http, "/console/"),
        (http, "/console/gone"),
        (http, "/console/api"),
        (http, "/console/api/gone"),
        (http, "/console/api/v1/session"),
        (http, "/console/api/v1/apps"),
        (http, "/console/api/v1/apps/1400000001/users/alice"),
        (http, "/console/api/v1/figures"),
        (http, "/console/api/v1/gone"),
        (http, "/v4"),
        (http, "/v4/"),
        (http, "/v4/gone"),
        (http, "/v4/openim/querystate"),
        (http, "/v4/openapi.json"),
        (http, "/v4/docs"),
        (http, "/v4/docs/"),
        (http, "/v4/docs/swagger-initializer.js"),
        (http, "/v4/docs/swagger-ui.css"),
        (http, "/v4/docs/gone"),
        (http, "/metrics"),
        (http, "/healthz"),
        (http, "/readyz"),
        (health, "/metrics"),
        (health, "/readyz"),
        (health, "/gone"),
    ] {
        for method in ["GET", "HEAD", "POST", "OPTIONS", "BREW"] {
            asked.push((method, path, ask(address, method, path).await));
        }
    }
    // Where the one place of this address is taken, these are answered in a spare one.
    let full = TestNode::start_with(|config| config.limits.http_connections_per_address = 1).await;
    let http = full.node.http_address();
    let mut first = TcpStream::connect(http).await.unwrap();
    first.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    first.read_u8().await.unwrap();
    for path in ["/", "/healthz"] {
        asked.push(("GET", path, ask(http, "GET", path).await));
    }
    assert!(asked.iter().any(|(_, _, answer)| answer.starts_with("HTTP/1.1 503")));

    for (method, path, answer) in asked {
        let wanted =
            |name| header(&answer, name).unwrap_or_else(|| panic!("{method} {path}: no {name}: {answer}"));
        assert_eq!(wanted("x-content-type-options"), "nosniff", "{method} {path}");
        assert_eq!(wanted("x-frame-options"), "DENY", "{method} {path}");
        assert_eq!(wanted("referrer-policy"), "no-referrer", "{method} {path}");
        let policy = wanted("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; ") || policy.starts_with("default-src 'self'; "),
            "{path}"
        );
        assert!(policy.contains("frame-ancestors 'none'"), "{method} {path}: {policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{method} {path}: {policy}");
    }
}

#[tokio::test]
async fn health_and_metrics_answer_while_one_address_has_all_the_places_that_it_may_have() {
    let node = TestNode::start_with(|config| {
        config.health_listen = Some("127.0.0.1:0".parse().unwrap());
        config.limits.http_connections_per_address = 20;
    })
    .await;
    let (http, health) = (node.node.http_address(), node.node.health_address().unwrap());
    // Slow ones take every place, the spare ones too as often as they become free.
    let mut slow = Vec::new();
    for _ in 0..60 {
        let mut stream = TcpStream::connect(http).await.unwrap();
        let _ = stream.write_all(b"GET / HTTP/1.1\r\nHost: x").await;
        slow.push(stream);
    }
    for line in [
        "lamplight_http_connections_refused_total{bound=\"address\"} 40",
        "lamplight_http_connections{kind=\"head\"} 20",
        "lamplight_http_connections_refused_total{bound=\"port\"} 0",
    ] {
        let wait =
            async { while !ask(health, "GET", "/metrics").await.lines().any(|shown| shown == line) {} };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("never {line}"));
    }
    assert!(ask(health, "GET", "/readyz").await.contains("\r\n\r\nready\n"));
    assert!(ask(health, "GET", "/healthz").await.ends_with("ok\n"));
    assert!(ask(health, "GET", "/").await.starts_with("HTTP/1.1 404"), "and nothing else");

    // An operator at another address has places left.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = socket.connect(http).await.unwrap();
    other.write_all(b"GET /console/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    other.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
}

#[tokio::test]
async fn a_body_that_drips_ends_everywhere() {
    let node = TestNode::start().await;
    let sig = node.sig(ADMIN);
    let call = format!("/v4/openim/querystate?sdkappid=1400000001&identifier={ADMIN}&usersig={sig}");
    let mut waiting = Vec::new();
    for (path, told) in [
        ("/console/api/v1/session", "HTTP/1.1 408"),
        ("/v4/openim/querystate?sdkappid=1400000001", "HTTP/1.1 200"),
        ("/v4/gone", "HTTP/1.1 200"),
        (&call, "HTTP/1.1 200"),
    ] {
        let mut stream = TcpStream::connect(node.node.http_address()).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: 1000\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        waiting.push(tokio::spawn(async move {
            let mut answer = Vec::new();
            let (mut reader, mut writer) = stream.split();
            let drip = async {
                while writer.write_all(b" ").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                std::future::pending::<()>().await;
            };
            tokio::select! {
                _ = tokio::time::timeout(PATIENCE, reader.read_to_end(&mut answer)) => {}
                () = drip => {}
            }
            assert!(answer.starts_with(told.as_bytes()), "{}", String::from_utf8_lossy(&answer));
        }));
    }
    for waiting in waiting {
        waiting.await.unwrap();
    }
    // Two of them had to be read, and two were read only so that they hear the answer.
    assert_eq!(node.metric("lamplight_http_timeouts_total{limit=\"body\"}").await, 2);
    assert_eq!(node.metric("lamplight_http_body_bytes").await, 0);
}

#[tokio::test]
async fn calls_for_whose_bodies_there_is_no_room_are_60008_and_change_nothing() {
    let node = TestNode::start_with(|config| config.limits.http_body_bytes = 2 << 20).await;
    let mut api = Api::connect(&node).await;
    // Two calls of all but the largest size, whose last byte does not come.
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(node.node.http_address()).await.unwrap();
        let head = format!(
            "POST /v4/openim/querystate?{} HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n",
            api.query
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b' '; (1 << 20) - 1]).await.unwrap();
        waiting.push(stream);
    }
    let wait = async {
        while node.metric("lamplight_http_body_bytes").await < 2 << 20 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("both are read");
    let import = json!({ "UserID": "alice" });
    let refused: Value = api.call("im_open_login_svc/account_import", &import).await;
    assert_eq!(refused["ErrorCode"], 60008, "{refused}");
    assert!(!node.has_account("alice").await);
    assert_eq!(node.metric("lamplight_http_bodies_refused_total").await, 1);
    assert_eq!(node.metric("lamplight_api_refusals_total{code=\"60008\"}").await, 1);
    drop(waiting);
    let wait = async {
        while node.metric("lamplight_http_body_bytes").await > 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("all is given back");
    api.done("im_open_login_svc/account_import", &import).await;
}

#[tokio::test]
async fn one_address_does_not_take_every_place_of_those_that_wait_to_log_in() {
    let node = TestNode::start().await;
    let body = json!({ "password": node.node.console_password().unwrap() }).to_string();
    let log_in = |from: &'static str| {
        let (address, length, body) = (node.node.http_address(), body.len(), body.clone());
        tokio::spawn(async move {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
            let mut stream = socket.connect(address).await.unwrap();
            let head = format!(
                "POST /console/api/v1/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                 Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer.split(' ').nth(1).unwrap().to_owned()
        })
    };
    let crowd: Vec<_> = (0..60).map(|_| log_in("127.0.0.1")).collect();
    let other = log_in("127.0.0.2");
    let mut told = Vec::new();
    for login in crowd {
        told.push(login.await.unwrap());
    }
    assert!(told.iter().all(|status| status == "200" || status == "503"), "{told:?}");
    assert!(told.contains(&"503".to_owned()), "those past the eighth are told at once");
    assert_eq!(other.await.unwrap(), "200");
}

#[tokio::test]
async fn every_series_is_there_from_the_start() {
    let node = TestNode::start().await;
    let metrics = ask(node.node.http_address(), "GET", "/metrics").await;
    for series in [
        "http_connections{kind=\"idle\"}",
        "http_connections{kind=\"head\"}",
        "http_connections{kind=\"call\"}",
        "http_connections{kind=\"spare\"}",
        "http_connections_refused_total{bound=\"port\"}",
        "http_connections_refused_total{bound=\"address\"}",
        "http_timeouts_total{limit=\"idle\"}",
        "http_timeouts_total{limit=\"head\"}",
        "http_timeouts_total{limit=\"body\"}",
        "http_timeouts_total{limit=\"answer\"}",
        "http_body_bytes",
        "http_bodies_refused_total",
        "api_refusals_total{code=\"60002\"}",
        "api_refusals_total{code=\"70050\"}",
    ] {
        let line = format!("lamplight_{series} ");
        assert!(metrics.lines().any(|shown| shown.starts_with(&line)), "{series} is missing");
    }
}

#[tokio::test]
async fn a_body_with_more_in_it_than_any_call_has_is_refused_before_it_is_read() {
    let node = TestNode::start().await;
    let mut api = Api::connect(&node).await;
    api.done("im_open_login_svc/account_import", &json!({ "UserID": "alice" })).await;
    let names = |count: usize| json!({ "To_Account": vec![""; count] });
    let friends = json!({ "From_Account": "alice", "AddFriendItem": vec![json!({ "To_Account": "bob", "AddSource": "AddSource_Type_x" }); 5_000] });
    let nested = json!({ "UserID": "bob", "more": vec![json!([]); 10_000] });
    for (command, body, expected) in [
        ("openim/query_online_status", names(19_998), 90011),
        ("openim/query_online_status", names(19_999), 90011),
        ("sns/friend_import", friends, 30001),
        ("im_open_login_svc/account_import", nested, 70402),
    ] {
        let answer = api.call(command, &body).await;
        assert_eq!(answer["ErrorCode"], expected, "{command}: {answer}");
        let is_told = answer["ErrorInfo"].as_str().unwrap().contains("more than 20000 names and values");
        assert_eq!(is_told, body != names(19_998), "{answer}");
    }
    assert!(!node.has_account("bob").await);
    // Marks in texts count nothing.
    let long = json!({ "UserID": "bob", "more": "[],".repeat(300_000) });
    api.done("im_open_login_svc/account_import", &long).await;
}

#[tokio::test]
async fn an_answer_for_which_there_is_no_room_is_60008_unless_its_call_has_changed_something() {
    let node = TestNode::start_with(|config| config.limits.http_body_bytes = 2 << 20).await;
    let mut api = Api::connect(&node).await;
    let names: Vec<_> = (0..100).map(|number| format!("user-{number}")).collect();
    let query = json!({ "To_Account": names });
    let answer: Value = api.call("openim/query_online_status", &query).await;
    assert_eq!(answer["ErrorList"].as_array().map(Vec::len), Some(100), "{answer}");
    // Two calls whose last bytes do not come leave room for the next call, and not for its answer.
    let length = query.to_string().len();
    let mut waiting = Vec::new();
    for length in [1 << 20, (1 << 20) - length - 100] {
        let mut stream = TcpStream::connect(node.node.http_address()).await.unwrap();
        let head = format!(
            "POST /v4/openim/querystate?{} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n",
            api.query
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b' '; length - 1]).await.unwrap();
        waiting.push((stream, length));
    }
    let held = waiting.iter().map(|(_, length)| *length as u64).sum::<u64>();
    let wait = async {
        while node.metric("lamplight_http_body_bytes").await < held {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("both are being read");
    let answer: Value = api.call("openim/query_online_status", &query).await;
    assert_eq!(answer["ErrorCode"], 60008, "{answer}");
    assert_eq!(node.metric("lamplight_http_bodies_refused_total").await, 1);
    assert_eq!(node.metric("lamplight_api_refusals_total{code=\"60008\"}").await, 1);
    // A call that has changed something says so.
    let all: Vec<_> = (0..60).map(|number| json!({ "UserID": format!("u{number}") })).collect();
    api.done("im_open_login_svc/account_delete", &json!({ "DeleteItem": all })).await;
}
