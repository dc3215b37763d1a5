//! Tests of the HTTP port: its headers, its limits, and its answers at the connection limit.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::api::{ADMIN, Api, query};
use common::{PATIENCE, TestNode};
use futures_util::future::join_all;
use lamplight_model::Platform;
use lamplight_wire::v1::LoginRequest;
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::server_message::Body as Answer;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// Sends a request, and returns the answer as text. A reset may cut the answer off if the server has not read the whole
/// request.
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
    // The only connection that this address may have is in use, so these requests are answered on spare connections.
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
    // Slow connections use every connection that the address may have, and every spare one as soon as it becomes free.
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

    // An operator at another address can still connect.
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
    // Two of the bodies belong to calls that need them. The other two were read only so that their senders see the
    // answer.
    assert_eq!(node.metric("lamplight_http_timeouts_total{limit=\"body\"}").await, 2);
    assert_eq!(node.metric("lamplight_http_body_bytes").await, 0);
}

/// Sends calls with bodies of these lengths, without the last byte. Waits until the server has read the sent bytes.
async fn keep_waiting(node: &TestNode, query: &str, lengths: &[usize]) -> Vec<TcpStream> {
    let (mut waiting, mut held) = (Vec::new(), 0);
    for length in lengths {
        let mut stream = TcpStream::connect(node.node.http_address()).await.unwrap();
        let head = format!(
            "POST /v4/openim/querystate?{query} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b' '; length - 1]).await.unwrap();
        waiting.push(stream);
        held += *length as u64;
    }
    let wait = async {
        while node.metric("lamplight_http_body_bytes").await < held {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("they are being read");
    waiting
}

#[tokio::test]
async fn calls_for_whose_bodies_there_is_no_room_are_60008_and_change_nothing() {
    let node = TestNode::start_with(|config| config.limits.http_body_bytes = 2 << 20).await;
    let mut api = Api::connect(&node).await;
    // Two large calls whose last bytes are never sent use all memory that is available for large calls.
    let waiting = keep_waiting(&node, &api.query, &[1 << 20, 3 << 18]).await;
    let import = json!({ "UserID": "alice", "more": "x".repeat(70_000) });
    let refused: Value = api.call("im_open_login_svc/account_import", &import).await;
    assert_eq!(refused["ErrorCode"], 60008, "{refused}");
    assert!(!node.has_account("alice").await);
    // Small calls are served nevertheless.
    api.done("im_open_login_svc/account_import", &json!({ "UserID": "bob" })).await;
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
async fn the_longest_lists_are_taken_with_all_the_fields_that_the_cloud_has_for_an_entry() {
    let node = TestNode::start().await;
    let mut api = Api::connect(&node).await;
    for user in ["alice", "bob"] {
        api.done("im_open_login_svc/account_import", &json!({ "UserID": user })).await;
    }
    let tag = json!({ "Tag": "Tag_SNS_Custom_Test", "Value": "v" });
    let friend = |to: usize, tags: usize| {
        let to = if to == 0 { "bob".to_owned() } else { format!("nobody-{to}") };
        json!({ "To_Account": to, "Remark": "r", "RemarkTime": 1, "GroupName": [1, "g"], "AddTime": 1,
                "AddSource": "AddSource_Type_x", "AddWording": "w", "CustomItem": vec![&tag; tags] })
    };
    for (tags, friends, expected) in [(1, 1_000, 0), (2, 1_000, 0), (15, 1_000, 0), (2, 1_001, 30001)] {
        let friends: Vec<_> = (0..friends).map(|to| friend(to, tags)).collect();
        let answer = api
            .call("sns/friend_import", &json!({ "From_Account": "alice", "AddFriendItem": friends }))
            .await;
        assert_eq!(answer["ErrorCode"], expected, "{tags} tags: {}", answer["ErrorInfo"]);
        if expected == 0 {
            assert_eq!(answer["ResultItem"][0]["ResultCode"], 0, "bob is a friend");
            assert_eq!(answer["Fail_Account"].as_array().map(Vec::len), Some(999));
        } else {
            let told = "AddFriendItem has 1001 entries, at most 1000 are allowed";
            assert!(answer["ErrorInfo"].as_str().unwrap().ends_with(told), "{answer}");
        }
    }
    // A refusal states the right number of names in a list that is too long, even if the list is very long.
    for names in [501, 300_000] {
        let answer = api.call("openim/query_online_status", &json!({ "To_Account": vec![""; names] })).await;
        assert_eq!(answer["ErrorCode"], 90011, "{answer}");
        let told = format!("has {names} entries, at most 500 are allowed");
        assert!(answer["ErrorInfo"].as_str().unwrap().contains(&told), "{answer}");
    }
    // Unknown values are skipped, however many there are.
    let nested = json!({ "UserID": "carol", "more": vec![json!([{}]); 200_000] });
    api.done("im_open_login_svc/account_import", &nested).await;
}

/// Each call deletes accounts, and waits until no new UserSig is refused as revoked. Other calls must not wait for
/// these calls.
#[tokio::test]
async fn small_calls_do_not_wait_for_small_calls_that_wait() {
    const CALLS: usize = 18;
    const SECONDS: u64 = 18;
    let node = TestNode::start().await;
    let name = |call: usize, place: u64| format!("user-{call}-{place}");
    let now = node.clock.now().wall.as_secs();
    // The UserSig of the login at `place` is dated `place` seconds after `now`.
    let log_in = async |call: usize, place: u64| {
        let user = name(call, place);
        let Request::Login(login) = node.login(&user, "phone", Platform::IPhone) else { unreachable!() };
        let user_sig = node.sig_issued(&user, now + place);
        let mut wire = node.connect().await;
        let answer = wire.ask(Request::Login(LoginRequest { user_sig, ..login })).await;
        assert!(matches!(answer, Answer::Login(_)), "{user}: {answer:?}");
        wire
    };
    let mut wires = Vec::new();
    for call in 0..CALLS {
        wires.extend(join_all((0..SECONDS).map(|place| log_in(call, place))).await);
    }
    // Each call names a hundred accounts, and is padded to just below the size of a large call.
    let waiting: Vec<_> = (0..CALLS)
        .map(|call| {
            let items: Vec<_> = (0..100).map(|place| json!({ "UserID": name(call, place) })).collect();
            let body = json!({ "DeleteItem": items, "more": "x".repeat(48_000) });
            let (address, query) = (node.node.http_address(), query(&node, ADMIN, &node.sig(ADMIN)));
            tokio::spawn(async move {
                let mut api = Api::at(address, query).await;
                api.done("im_open_login_svc/account_delete", &body).await
            })
        })
        .collect();
    let deleted = async {
        for call in 0..CALLS {
            while node.has_account(&name(call, SECONDS - 1)).await {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    };
    tokio::time::timeout(PATIENCE, deleted).await.expect("the accounts are deleted");
    let mut api = Api::connect(&node).await;
    let names: Vec<_> = (0..499).map(|number| format!("other-{number}")).collect();
    let answer = api.call("openim/query_online_status", &json!({ "To_Account": names })).await;
    assert_eq!(answer["ErrorList"].as_array().map(Vec::len), Some(499), "{answer}");
    assert!(waiting.iter().all(|call| !call.is_finished()), "they wait for the last of the seconds to end");
    node.clock.advance(Duration::from_secs(SECONDS));
    for call in waiting {
        let answer = tokio::time::timeout(PATIENCE, call).await.expect("they end").unwrap();
        assert_eq!(answer["ResultItem"].as_array().map(Vec::len), Some(100));
    }
}

#[tokio::test]
async fn an_answer_for_which_there_is_no_room_is_60008_unless_its_call_has_changed_something() {
    let node = TestNode::start_with(|config| config.limits.http_body_bytes = 2 << 20).await;
    let mut api = Api::connect(&node).await;
    api.done("im_open_login_svc/account_import", &json!({ "UserID": "u", "Nick": "n".repeat(500) })).await;
    let query = json!({ "To_Account": vec!["u"; 100], "TagList": ["Tag_Profile_IM_Nick"] });
    let answer: Value = api.call("profile/portrait_get", &query).await;
    assert_eq!(answer["UserProfileItem"].as_array().map(Vec::len), Some(100), "{answer}");
    // Six calls keep their bodies in memory, because their last bytes are never sent. The rest of the budget is enough
    // for the next call and its parsed value, but not for its answer.
    const LEFT: usize = 9_000;
    const SMALL: usize = 64 << 10;
    let lengths = [1 << 20, 3 << 18, SMALL, SMALL, SMALL, SMALL - LEFT];
    let _waiting = keep_waiting(&node, &api.query, &lengths).await;
    let answer: Value = api.call("profile/portrait_get", &query).await;
    assert_eq!(answer["ErrorCode"], 60008, "{answer}");
    assert!(answer["ErrorInfo"].as_str().unwrap().contains("no room for the answer"), "{answer}");
    assert_eq!(node.metric("lamplight_http_bodies_refused_total").await, 1);
    assert_eq!(node.metric("lamplight_api_refusals_total{code=\"60008\"}").await, 1);
    // A call that may have changed something gets its answer even beyond the budget.
    let names = json!({ "From_Account": "u", "To_Account": vec!["x".repeat(200); 30] });
    let answer = api.done("sns/friend_delete", &names).await;
    assert!(answer.to_string().len() > LEFT);
    // A call is refused, and sends nothing, if there is not enough memory for the copies of its message.
    let text = json!([{ "MsgType": "TIMTextElem", "MsgContent": { "Text": "x".repeat(4_000) } }]);
    let send = json!({ "From_Account": "u", "To_Account": ["u", "v"], "MsgRandom": 1, "MsgBody": text });
    let answer = api.call("openim/batchsendmsg", &send).await;
    assert_eq!(answer["ErrorCode"], 60008, "{answer}");
    let list = json!({ "From_Account": "u", "TimeStamp": 0, "StartIndex": 0, "TopTimeStamp": 0, "TopStartIndex": 0,
                       "AssistFlags": 0 });
    assert_eq!(api.done("recentcontact/get_list", &list).await["SessionItem"], json!([]));
    // A call is refused before its body is read if there is enough memory for the body, but not for the parsed value.
    let names = json!({ "From_Account": "u", "To_Account": vec![""; 400] });
    let answer = api.call("sns/friend_delete", &names).await;
    assert_eq!(answer["ErrorCode"], 60008, "{answer}");
}

/// A longer answer would exceed the memory bound of the port.
#[tokio::test]
async fn a_refusal_is_short_however_long_what_is_refused_is() {
    let node = TestNode::start().await;
    let mut api = Api::connect(&node).await;
    api.done("im_open_login_svc/account_import", &json!({ "UserID": "alice" })).await;
    let long = "\u{7f}".repeat(100_000);
    let text = json!([{ "MsgType": "TIMTextElem", "MsgContent": { "Text": "x" } }]);
    let send = |field: &str, value: Value| {
        let mut message = json!({ "To_Account": "alice", "MsgRandom": 1, "MsgBody": text });
        message[field] = value;
        message
    };
    let tag = |tag: &str, value: &str| json!({ "From_Account": "alice", "ProfileItem": [{ "Tag": tag, "Value": value }] });
    for (command, body, expected) in [
        ("openim/sendmsg", send("MsgRandom", json!(long)), 90005),
        ("openim/sendmsg", send("To_Account", json!(long)), 90003),
        ("openim/sendmsg", send("From_Account", json!(long)), 90008),
        ("openim/sendmsg", send("MsgBody", json!(long)), 90007),
        ("openim/sendmsg", send("MsgBody", json!([long])), 90010),
        ("openim/sendmsg", send("MsgBody", json!([{ "MsgType": long, "MsgContent": {} }])), 90010),
        ("openim/sendmsg", send("SyncOtherMachine", json!(long)), 90010),
        ("openim/sendmsg", send("SendMsgControl", json!([long])), 90010),
        ("openim/sendmsg", send("ForbidCallbackControl", json!([long])), 90010),
        ("openim/sendmsg", send("OfflinePushInfo", json!({ "PushFlag": long })), 90010),
        ("openim/query_online_status", json!({ "To_Account": long }), 90003),
        ("openim/status_feed", json!({ "Cursor": long }), 6017),
        ("openim/set_custom_status", json!({ "UserID": "alice", "CustomStatus": long }), 6017),
        ("im_open_login_svc/kick", json!({ "UserID": long }), 7003),
        ("im_open_login_svc/account_import", json!({ "UserID": "alice", "Nick": long }), 40601),
        ("sns/friend_add", json!({ "From_Account": "alice", "AddFriendItem": [], "AddType": long }), 30001),
        ("profile/portrait_set", tag(&long, "x"), 40001),
        ("profile/portrait_set", tag("Tag_Profile_IM_AllowType", &long), 40001),
        (
            "openim/admin_getroammsg",
            json!({ "Operator_Account": "alice", "Peer_Account": "bob", "MaxCnt": 1, "MinTime": 0, "MaxTime": 1,
                    "LastMsgKey": long }),
            90010,
        ),
    ] {
        let answer = api.call(command, &body).await;
        let shown = answer.to_string().chars().take(300).collect::<String>();
        assert_eq!(answer["ErrorCode"], expected, "{command}: {shown}");
        assert!(answer.to_string().len() < 2_000, "{command}: {shown}");
    }
    let answer = api.send("POST", &format!("/v4/{}", "\"".repeat(14_000)), b"").await;
    assert_eq!(answer.json()["ErrorCode"], 60009);
    assert!(answer.body.len() < 1_000, "{} bytes", answer.body.len());
}

/// A body that is not valid JSON in UTF-8 is unreadable, even if the invalid part is in a skipped value.
#[tokio::test]
async fn a_body_that_is_no_json_is_told_so_wherever_that_is_seen() {
    let node = TestNode::start().await;
    let mut api = Api::connect(&node).await;
    for (command, unreadable, invalid) in [
        ("im_open_login_svc/kick", 60003, 70402),
        ("sns/friend_delete_all", 60003, 30001),
        ("profile/portrait_set", 60003, 40001),
        ("recentcontact/get_list", 60003, 50002),
        ("openim/get_subscriptions", 90001, 6017),
    ] {
        for (body, expected) in [
            (&b"{\"UserID\":1,\"From_Account\":1}"[..], invalid),
            (b"{\"UserID\":1,\"From_Account\":1", unreadable),
            (b"{\"UserID\":1,\"From_Account\":1,}", unreadable),
            (b"{\"UserID\":1,\"From_Account\":1} x", unreadable),
            (b"[1]", invalid),
            (b"[1", unreadable),
            (b"\xef\xbb\xbf{}", unreadable),
            (b"{\"UserID\":1,\"From_Account\":1,\"more\":\"\xe9\"}", unreadable),
            (b"{\"UserID\":\"alice\",\"From_Account\":\"alice\",\"more\":\"\xe9\"}", unreadable),
        ] {
            let told = api.code(command, body).await;
            assert_eq!(told, expected, "{command} {}", String::from_utf8_lossy(body));
        }
    }
    // A field that takes one of several words must be a string.
    for way in [json!(1), json!(["Delete_Type_Both"]), json!({ "Delete_Type_Both": null }), json!("Both")] {
        let answer =
            api.call("sns/friend_delete_all", &json!({ "From_Account": "u", "DeleteType": way })).await;
        assert_eq!(answer["ErrorCode"], 30001, "{answer}");
        let told = "one of Delete_Type_Single, Delete_Type_Both";
        assert!(answer["ErrorInfo"].as_str().unwrap().contains(told), "{answer}");
    }
}

#[tokio::test]
async fn a_compressed_body_is_told_to_come_as_it_is() {
    let node = TestNode::start().await;
    let mut api = Api::connect(&node).await;
    let body = r#"{"UserID":"alice"}"#;
    for (encoding, expected) in [("gzip", 60002), ("identity, br", 60002), ("Identity", 0), ("", 0)] {
        let head = format!(
            "POST /v4/im_open_login_svc/account_import?{} HTTP/1.1\r\nHost: x\r\nContent-Encoding: {encoding}\r\n\
             Content-Length: {}\r\n\r\n",
            api.query,
            body.len()
        );
        api.write(&[head.as_bytes(), body.as_bytes()].concat()).await;
        let answer = api.read(false).await.json();
        assert_eq!(answer["ErrorCode"], expected, "{encoding}: {answer}");
    }
}
