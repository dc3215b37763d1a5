//! Tests of trusted proxies: the server finds each client's address, also behind a real nginx and a real haproxy.

#![allow(clippy::print_stderr, clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::api::{ADMIN, query};
use common::browser::Browser;
use common::receiver::{Manner, Receiver};
use common::websocket::{UPGRADE, rest_of};
use common::{PATIENCE, TestNode, with_tls};
use lamplight_client::{Client, Event};
use lamplight_model::Platform;
use lamplight_server::Config;
use lamplight_wire::v1::connection_ended::Cause;
use lamplight_wire::v1::server_message::Body;
use lamplight_wire::{Framed, NATIVE_PREAMBLE, next_frame, put_frame, v1};
use prost::Message as _;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::process::{Child, Command};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

const LOCALHOST: Ipv4Addr = Ipv4Addr::LOCALHOST;
const ALICE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 7);
const BOB: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 8);

/// Starts a node that trusts 127.0.0.1, and no other proxy.
async fn node_with(change: impl FnOnce(&mut Config)) -> TestNode {
    TestNode::start_with(|config| {
        config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
        change(config);
    })
    .await
}

/// Starts a node that trusts 127.0.0.1 and sends events to a receiver. It allows two connections and two failed logins
/// per address.
async fn node_for(receiver: &Receiver) -> TestNode {
    let mut node = node_with(|config| {
        config.webhooks.allow_private = true;
        config.limits.connections_per_address = 2;
        config.limits.login_failures_per_address = 2;
    })
    .await;
    let url = receiver.url();
    node.set(|settings| settings.webhooks.state_change_url = url).await;
    node
}

async fn connect_from(source: Ipv4Addr, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind((source, 0).into()).unwrap();
    socket.connect(to).await.unwrap()
}

/// Makes a PROXY header of version 1 for a client at this address.
fn text(source: &str) -> Vec<u8> {
    let family = if source.contains(':') { "TCP6" } else { "TCP4" };
    let to = if source.contains(':') { "::1" } else { "127.0.0.1" };
    format!("PROXY {family} {source} {to} 50000 7400\r\n").into_bytes()
}

/// Makes a PROXY header of version 2, with an extension.
fn binary(source: Ipv4Addr) -> Vec<u8> {
    let front = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x11";
    [&front[..], &source.octets(), &[127, 0, 0, 1, 0xc3, 0x50, 0x1c, 0xe8], &[4, 0, 2, 0, 0]].concat()
}

/// Logs a user in with the native protocol over any stream. Returns the server's first message.
async fn log_in(node: &TestNode, stream: &mut (impl AsyncRead + AsyncWrite + Unpin), user: &str) -> Body {
    stream.write_all(NATIVE_PREAMBLE).await.unwrap();
    ask(stream, node.login(user, "phone", Platform::IPhone)).await
}

/// Sends a request, without the preamble; returns the first message of the server.
async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), body: v1::client_message::Body) -> Body {
    let mut bytes = Vec::new();
    put_frame(&mut bytes, &v1::ClientMessage { id: 1, body: Some(body) });
    stream.write_all(&bytes).await.unwrap();
    let mut received = Vec::new();
    loop {
        if let Framed::Frame { message, .. } = next_frame(&received, 1 << 20).unwrap() {
            return v1::ServerMessage::decode(message).unwrap().body.unwrap();
        }
        let read = tokio::time::timeout(PATIENCE, stream.read_buf(&mut received)).await.expect("an answer");
        assert_ne!(read.unwrap(), 0, "closed before an answer");
    }
}

/// Returns `true` if a login on this connection is refused because there are too many connections.
async fn is_one_too_many(node: &TestNode, mut stream: TcpStream) -> bool {
    matches!(log_in(node, &mut stream, "eve").await,
        Body::ConnectionEnded(words) if words.cause == Cause::TooManyConnections as i32)
}

/// Connects as a proxy that sends this header first.
async fn proxied(node: &TestNode, header: &[u8]) -> TcpStream {
    let mut stream = connect_from(LOCALHOST, node.address()).await;
    stream.write_all(header).await.unwrap();
    stream
}

/// Waits for the notices of this many logins, and returns the client addresses in them.
async fn told(receiver: &Receiver, logins: usize) -> Vec<String> {
    let received = receiver.has(logins).await;
    received.iter().map(|request| request.query("ClientIP").unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_trusted_proxy_says_whose_connection_it_is() {
    let receiver = Receiver::start(Manner::Answer(200)).await;
    let node = node_for(&receiver).await;
    let mut open = Vec::new();
    for (user, header, expected) in [
        ("one", text("192.0.2.7"), "192.0.2.7"),
        ("two", binary("192.0.2.8".parse().unwrap()), "192.0.2.8"),
        ("three", text("2001:db8::7"), "2001:db8::7"),
        ("four", text("::ffff:192.0.2.7"), "192.0.2.7"),
        ("five", b"PROXY UNKNOWN\r\n".to_vec(), "127.0.0.1"),
        ("six", b"\r\n\r\n\0\r\nQUIT\n\x20\x00\0\0".to_vec(), "127.0.0.1"),
    ] {
        let mut stream = proxied(&node, &header).await;
        let Body::Login(_) = log_in(&node, &mut stream, user).await else { panic!("{user}") };
        assert_eq!(told(&receiver, open.len() + 1).await.last().unwrap(), expected, "{user}");
        open.push(stream);
    }
    // Each address now has its maximum of two connections: 192.0.2.7, whichever form its header has, and the proxy
    // itself.
    for header in [text("192.0.2.7"), binary("192.0.2.7".parse().unwrap()), Vec::new()] {
        assert!(is_one_too_many(&node, proxied(&node, &header).await).await);
    }
    // When one connection has ended, another one is accepted.
    drop(open.remove(0));
    node.has_connections(5).await;
    let Body::Login(_) = log_in(&node, &mut proxied(&node, &text("192.0.2.7")).await, "one").await else {
        panic!("the place is free")
    };
}

#[tokio::test]
async fn a_header_may_come_byte_by_byte() {
    let receiver = Receiver::start(Manner::Answer(200)).await;
    let node = node_for(&receiver).await;
    for (user, header) in [("one", text("192.0.2.7")), ("two", binary("192.0.2.7".parse().unwrap()))] {
        let mut stream = connect_from(LOCALHOST, node.address()).await;
        stream.set_nodelay(true).unwrap();
        for byte in header {
            stream.write_all(&[byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        let Body::Login(_) = log_in(&node, &mut stream, user).await else { panic!("{user}") };
    }
    assert!(told(&receiver, 2).await.iter().all(|address| address == "192.0.2.7"));
}

#[tokio::test]
async fn a_header_stands_before_tls() {
    let receiver = Receiver::start(Manner::Answer(200)).await;
    let mut pem = String::new();
    let mut node = node_with(|config| {
        config.webhooks.allow_private = true;
        pem = with_tls(config);
    })
    .await;
    let url = receiver.url();
    node.set(|settings| settings.webhooks.state_change_url = url).await;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(tls));
    let mut open = Vec::new();
    for (user, header) in [("one", text("192.0.2.7")), ("two", binary("192.0.2.7".parse().unwrap()))] {
        let stream = proxied(&node, &header).await;
        let mut stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
        let Body::Login(_) = log_in(&node, &mut stream, user).await else { panic!("{user}") };
        open.push(stream);
    }
    assert_eq!(told(&receiver, 2).await, ["192.0.2.7", "192.0.2.7"]);
}

#[tokio::test]
async fn a_header_from_elsewhere_or_a_broken_or_a_second_one_ends_the_connection() {
    let node = node_with(|_| {}).await;
    let header = text("192.0.2.7");
    for (source, bytes) in [
        (ALICE, header.clone()),
        (ALICE, binary("192.0.2.7".parse().unwrap())),
        (LOCALHOST, [&header[..], &header].concat()),
        (LOCALHOST, [text("127.0.0.1"), header.clone()].concat()),
        (LOCALHOST, b"PROXY TCP4 192.0.2.7\r\n".to_vec()),
        (LOCALHOST, [&b"PROXY "[..], &[b'x'; 200]].concat()),
        (LOCALHOST, b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff".to_vec()),
        (LOCALHOST, b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c".iter().chain(&[0; 12]).copied().collect()),
        (LOCALHOST, b"garbage".to_vec()),
    ] {
        let mut stream = connect_from(source, node.address()).await;
        stream.write_all(&bytes).await.unwrap();
        // The server closes this connection sooner than one that sends no header or no login.
        let ended = tokio::time::timeout(Duration::from_secs(4), rest_of(&mut stream)).await;
        assert_eq!(ended.unwrap_or_else(|_| panic!("{bytes:?} is waited for")), b"", "{bytes:?}");
        drop(stream);
        node.has_connections(0).await;
    }
    let mut stream = connect_from(ALICE, node.address()).await;
    let Body::Login(_) = log_in(&node, &mut stream, "alice").await else { panic!("others are as ever") };
}

/// A connection without its PROXY header, or without a login, ends after five seconds and no longer counts.
#[tokio::test]
async fn who_does_not_say_for_whom_it_is_has_little_time_and_few_places() {
    let node = node_with(|config| config.limits.connections = 4).await;
    let mut silent = connect_from(LOCALHOST, node.address()).await;
    let mut half = proxied(&node, b"PROXY TCP4 192").await;
    node.has_connections(2).await;
    // Connections whose client is not known yet may be half of all connections; the rest is reserved for known clients.
    assert!(is_one_too_many(&node, proxied(&node, &text("192.0.2.7")).await).await);
    let mut direct = connect_from(ALICE, node.address()).await;
    let Body::Login(_) = log_in(&node, &mut direct, "alice").await else { panic!("there is room") };
    node.clock.advance(Duration::from_secs(6));
    assert!(rest_of(&mut silent).await.is_empty());
    assert!(rest_of(&mut half).await.is_empty());
    drop((silent, half));
    node.has_connections(1).await;
    let mut stream = proxied(&node, &text("192.0.2.7")).await;
    let Body::Login(_) = log_in(&node, &mut stream, "one").await else { panic!("there is room") };
    // Once the client's address is known, the time limit of the login applies.
    let mut named = proxied(&node, &text("192.0.2.8")).await;
    // The answer shows that the header was read.
    named.write_all(NATIVE_PREAMBLE).await.unwrap();
    let early = ask(&mut named, v1::client_message::Body::Heartbeat(v1::Heartbeat::default())).await;
    assert!(matches!(early, Body::Heartbeat(_)), "{early:?}");
    node.clock.advance(Duration::from_secs(7));
    let login = node.login("two", "phone", Platform::IPhone);
    let Body::Login(_) = ask(&mut named, login).await else { panic!("there is time") };
}

/// Upgrades to a WebSocket with additional header lines, and logs in. Returns the WebSocket and the first message.
async fn web_log_in(
    node: &TestNode,
    source: Ipv4Addr,
    to: SocketAddr,
    front: &[u8],
    lines: &[(&str, &str)],
    user: &str,
) -> (tokio_tungstenite::WebSocketStream<TcpStream>, Value) {
    use futures_util::{SinkExt, StreamExt};
    use tokio_tungstenite::tungstenite::Message;
    let mut stream = connect_from(source, to).await;
    stream.write_all(front).await.unwrap();
    let mut request = format!("ws://{to}/clients").into_client_request().unwrap();
    for (name, value) in lines {
        let name: tokio_tungstenite::tungstenite::http::HeaderName = name.parse().unwrap();
        request.headers_mut().append(name, value.parse().unwrap());
    }
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    let login = json!({ "id": 1, "login": {
        "sdkAppId": node.app.id.0, "userId": user, "userSig": node.sig(user), "deviceId": "tab",
        "platform": "PLATFORM_WEB",
    }});
    // A server that has refused the connection may not read this.
    let _ = socket.send(Message::text(login.to_string())).await;
    loop {
        let next = tokio::time::timeout(PATIENCE, socket.next()).await.expect("something comes");
        if let Message::Text(text) = next.unwrap().unwrap() {
            return (socket, serde_json::from_str(text.as_str()).unwrap());
        }
    }
}

#[tokio::test]
async fn the_upgrade_of_a_trusted_proxy_says_whose_web_socket_it_is() {
    let receiver = Receiver::start(Manner::Answer(200)).await;
    let node = node_for(&receiver).await;
    let to = node.address();
    let mut open = Vec::new();
    let nothing: &[u8] = b"";
    let trusted = text("127.0.0.1");
    for (user, source, front, line, expected) in [
        ("one", LOCALHOST, nothing, ("X-Forwarded-For", "6.6.6.6, 192.0.2.7"), "192.0.2.7"),
        ("two", LOCALHOST, nothing, ("Forwarded", "for=\"[2001:db8::7]:4711\""), "2001:db8::7"),
        ("three", LOCALHOST, nothing, ("X-Forwarded-For", "unknown"), "127.0.0.1"),
        // A chain of proxies: an HTTP proxy in front of one that sends PROXY headers.
        ("four", LOCALHOST, &trusted, ("X-Forwarded-For", "192.0.2.7"), "192.0.2.7"),
        ("five", ALICE, nothing, ("X-Forwarded-For", "192.0.2.9"), "127.0.0.7"),
    ] {
        let (socket, answer) = web_log_in(&node, source, to, front, &[line], user).await;
        assert!(answer["login"].is_object(), "{user}: {answer}");
        assert_eq!(told(&receiver, open.len() + 1).await.last().unwrap(), expected, "{user}");
        open.push(socket);
    }
    let line = ("X-Forwarded-For", "192.0.2.7");
    let (_, answer) = web_log_in(&node, LOCALHOST, to, nothing, &[line], "eve").await;
    assert_eq!(answer["connectionEnded"]["cause"], "CAUSE_TOO_MANY_CONNECTIONS", "{answer}");
    // A failed upgrade no longer counts as a connection.
    let mut stream = proxied(&node, UPGRADE.as_bytes()).await;
    stream.write_all(b"Sec-WebSocket-Protocol: other\r\n\r\n").await.unwrap();
    assert!(rest_of(&mut stream).await.starts_with(b"HTTP/1.1 400"));
    drop(stream);
    node.has_connections(5).await;
}

/// Sends a wrong UserSig to the server API; returns the code of the answer.
async fn guess(node: &TestNode, source: Ipv4Addr, to: SocketAddr, lines: &str) -> u64 {
    let mut stream = connect_from(source, to).await;
    let target = format!("/v4/openim/querystate?{}", query(node, ADMIN, "nonsense"));
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n{lines}\r\n{{}}"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = String::from_utf8(rest_of(&mut stream).await).unwrap();
    let body = &answer[answer.find('{').unwrap_or_else(|| panic!("{answer}"))..=answer.rfind('}').unwrap()];
    serde_json::from_str::<Value>(body).unwrap()["ErrorCode"].as_u64().unwrap()
}

#[tokio::test]
async fn the_headers_of_a_trusted_proxy_say_whose_request_it_is() {
    let node = node_with(|config| config.limits.login_failures_per_address = 2).await;
    let http = node.node.http_address();
    let (alice, bob) = ("X-Forwarded-For: 1.1.1.1, 192.0.2.7\r\n", "Forwarded: for=192.0.2.8\r\n");
    for _ in 0..2 {
        assert_eq!(guess(&node, LOCALHOST, http, alice).await, 70003);
    }
    assert_eq!(guess(&node, LOCALHOST, http, alice).await, 70050);
    assert_eq!(guess(&node, LOCALHOST, http, bob).await, 70003, "another address");
    assert_eq!(guess(&node, ALICE, http, alice).await, 70003, "who is not trusted counts for itself");
    assert_eq!(guess(&node, LOCALHOST, http, "").await, 70003, "the proxy itself");
    assert_eq!(
        guess(&node, LOCALHOST, http, &format!("{alice}{bob}")).await,
        70003,
        "the headers disagree, so the proxy counts"
    );
    assert_eq!(guess(&node, LOCALHOST, http, "").await, 70050);
}

#[tokio::test]
async fn a_request_of_a_proxy_takes_a_place_of_its_client_while_it_is_under_way() {
    let node = node_with(|config| config.limits.http_connections_per_address = 1).await;
    let http = node.node.http_address();
    let (alice, bob) = ("X-Forwarded-For: 192.0.2.7\r\n", "X-Forwarded-For: 192.0.2.8\r\n");
    // The proxy itself may have more connections than a client.
    let idle = connect_from(LOCALHOST, http).await;
    let page = async |line: &str| {
        let mut stream = connect_from(LOCALHOST, http).await;
        let head = format!("GET /lamplight.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{line}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        String::from_utf8(rest_of(&mut stream).await).unwrap()
    };
    let under_way = async |line: &str| {
        let mut stream = connect_from(LOCALHOST, http).await;
        let target = format!("/v4/openim/querystate?{}", query(&node, ADMIN, &node.sig(ADMIN)));
        let head = format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n{line}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    };
    let first = under_way(alice).await;
    let refused = async {
        while !page(alice).await.starts_with("HTTP/1.1 503") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, refused).await.expect("one too many");
    assert!(page(bob).await.starts_with("HTTP/1.1 200"));
    drop(first);
    let free = async {
        while !page(alice).await.starts_with("HTTP/1.1 200") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, free).await.expect("the place is free again");
    drop(idle);
}

#[tokio::test]
async fn the_audit_log_has_the_address_of_the_operator() {
    let node = node_with(|_| {}).await;
    let mut browser = Browser::new(node.node.http_address());
    browser.headers = vec![("X-Forwarded-For", "6.6.6.6, 192.0.2.7".into())];
    adds_a_key(&node, &mut browser, "192.0.2.7").await;
}

/// Adds a key in the console, and checks the address in the audit log.
async fn adds_a_key(node: &TestNode, browser: &mut Browser, address: &str) {
    assert_eq!(browser.log_in(node.node.console_password().unwrap()).await.status, 200);
    let tag = browser.get("/apps/1400000001").await.etag();
    let added = browser.change("POST", "/apps/1400000001/keys", &tag, Some(&json!({}))).await;
    assert!(added.status < 300, "{added:?}");
    let entries = browser.get("/audit").await.body["entries"].clone();
    assert_eq!(entries[0]["address"], address, "{entries}");
}

/// A proxy in another process, with the example of the documentation as its configuration.
struct Proxy {
    process: Child,
    clients: SocketAddr,
    http: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Proxy {
    /// Starts `program` as a proxy of a node; the proxy closes connections that were idle for `idle`. Without the
    /// program, prints a message and returns `None`.
    async fn start(program: &str, node: &TestNode, idle: &str) -> Option<Self> {
        if Command::new(program).arg("-v").output().await.is_err() {
            eprintln!("SKIPPED: {program} is not installed; `cargo xtask setup` installs it");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations.md");
        let page = std::fs::read_to_string(page).unwrap();
        let (_, example) = page.split_once(&format!("```{program}\n")).expect("the page has an example");
        let (mut example, clients, http) = (example.split_once("```").unwrap().0.to_owned(), free(), free());
        // The ports and folders of this test replace those of the example.
        for (documented, here) in [
            ("127.0.0.1:7400", node.address().to_string()),
            ("127.0.0.1:7401", node.node.http_address().to_string()),
            ("300s", idle.to_owned()),
            ("listen 7500", format!("listen {clients}")),
            ("listen 8080", format!("listen {http}")),
            ("bind :7500", format!("bind {clients}")),
            ("bind :8080", format!("bind {http}")),
            ("http {\n", format!("http {{\n{}", temporary(folder.path()))),
            ("events {}", format!("events {{}}\npid {0}/pid; error_log {0}/log;", folder.path().display())),
        ] {
            example = example.replace(documented, &here);
        }
        let file = folder.path().join("settings");
        std::fs::write(&file, example).unwrap();
        let mut command = Command::new(program);
        match program {
            "nginx" => command.args(["-e", "stderr", "-g", "daemon off;", "-c"]),
            _ => command.args(["-db", "-f"]),
        };
        let mut process = command.arg(&file).kill_on_drop(true).spawn().unwrap();
        let up = async {
            while TcpStream::connect(http).await.is_err() || TcpStream::connect(clients).await.is_err() {
                assert_eq!(process.try_wait().unwrap(), None, "{program} has ended");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, up).await.expect("the proxy starts");
        Some(Self { process, clients, http, _folder: folder })
    }

    /// Stops the proxy with SIGTERM, because SIGKILL would leave the workers of nginx running.
    async fn stop(mut self) {
        let id = self.process.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        tokio::time::timeout(PATIENCE, self.process.wait()).await.expect("the proxy ends").unwrap();
    }
}

/// Returns an address with a port that is currently free.
fn free() -> SocketAddr {
    let listener: io::Result<_> = std::net::TcpListener::bind((LOCALHOST, 0));
    listener.unwrap().local_addr().unwrap()
}

fn temporary(folder: &Path) -> String {
    let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let paths = paths.map(|name| format!("    {name}_temp_path {}/{name};\n", folder.display()));
    format!("    access_log off;\n{}", paths.concat())
}

/// Checks that the server sees the client's address in all connections and requests through the proxy.
async fn check(program: &str) {
    let receiver = Receiver::start(Manner::Answer(200)).await;
    let node = node_for(&receiver).await;
    let Some(proxy) = Proxy::start(program, &node, "300s").await else { return };
    // The native protocol.
    let mut open = Vec::new();
    for (user, source, expected) in
        [("one", ALICE, "127.0.0.7"), ("two", ALICE, "127.0.0.7"), ("three", BOB, "127.0.0.8")]
    {
        let mut stream = connect_from(source, proxy.clients).await;
        let Body::Login(_) = log_in(&node, &mut stream, user).await else { panic!("{user}") };
        open.push(stream);
        assert_eq!(told(&receiver, open.len()).await.last().unwrap(), expected, "{program}: {user}");
    }
    assert!(is_one_too_many(&node, connect_from(ALICE, proxy.clients).await).await, "{program}");
    // A WebSocket whose client claims another address.
    let lies = [("X-Forwarded-For", "6.6.6.6"), ("Forwarded", "for=6.6.6.6")];
    let (_socket, answer) = web_log_in(&node, BOB, proxy.http, b"", &lies, "four").await;
    assert!(answer["login"].is_object(), "{program}: {answer}");
    assert_eq!(told(&receiver, 4).await[3], "127.0.0.8", "{program}");
    let (_, answer) = web_log_in(&node, ALICE, proxy.http, b"", &lies, "eve").await;
    assert_eq!(answer["connectionEnded"]["cause"], "CAUSE_TOO_MANY_CONNECTIONS", "{program}: {answer}");
    // A PROXY header that the client sends itself is not accepted as the proxy's.
    let mut stream = connect_from(BOB, proxy.clients).await;
    stream.write_all(&text("6.6.6.6")).await.unwrap();
    assert!(rest_of(&mut stream).await.is_empty());
    // The server API and the console.
    let lies = "X-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n";
    for _ in 0..2 {
        assert_eq!(guess(&node, ALICE, proxy.http, lies).await, 70003, "{program}");
    }
    assert_eq!(guess(&node, ALICE, proxy.http, "").await, 70050, "{program}");
    assert_eq!(guess(&node, BOB, proxy.http, lies).await, 70003, "{program}");
    let mut browser = Browser::new(proxy.http);
    browser.source = Some(BOB);
    browser.headers = vec![("X-Forwarded-For", "6.6.6.6".into())];
    adds_a_key(&node, &mut browser, "127.0.0.8").await;
    proxy.stop().await;
}

#[tokio::test]
async fn everything_through_nginx_has_the_address_of_its_client() {
    check("nginx").await;
}

#[tokio::test]
async fn everything_through_haproxy_has_the_address_of_its_client() {
    check("haproxy").await;
}

/// Logs in through a proxy that closes links after a third of the usual heartbeat interval. Returns the number of links
/// that the proxy closed before one link stayed open.
async fn cuts_before_a_link_is_kept(node: &TestNode, address: String, user: &str) -> u32 {
    let client = Client::builder(address).app(node.app.id).platform(Platform::Linux).build().unwrap();
    let mut events = client.events();
    client.login(user, &node.sig(user)).await.unwrap();
    let (mut cuts, mut is_connected) = (0, false);
    loop {
        match tokio::time::timeout(USUAL_HEARTBEAT, events.next()).await {
            Err(_) if is_connected => return cuts,
            Err(_) => {}
            Ok(Some(Event::Connected { .. })) => is_connected = true,
            Ok(Some(Event::Disconnected { .. })) => (cuts, is_connected) = (cuts + 1, false),
            Ok(event) => assert!(event.is_some(), "the client has ended"),
        }
    }
}

/// The usual heartbeat interval: three tenths of the heartbeat timeout in this test.
const USUAL_HEARTBEAT: Duration = Duration::from_secs(3);

/// Checks that a native client finds a heartbeat interval that the proxy allows, over TCP and over a WebSocket.
async fn keeps_a_link_through(program: &str) {
    let mut node = node_with(|config| config.reconnect_spread_ms = 100).await;
    node.set(|settings| settings.timing.heartbeat_timeout_native_ms = 10_000).await;
    let Some(proxy) = Proxy::start(program, &node, "1s").await else { return };
    let native = cuts_before_a_link_is_kept(&node, format!("tcp://{}", proxy.clients), "one");
    let web_socket = cuts_before_a_link_is_kept(&node, format!("ws://{}/clients", proxy.http), "two");
    let both = async { tokio::join!(native, web_socket) };
    let (native, web_socket) = tokio::time::timeout(4 * PATIENCE, both).await.expect("the links are kept");
    // The client shortens its interval only from the second closed link on.
    assert!(native >= 2 && web_socket >= 2, "{program}: {native}, {web_socket}");
    proxy.stop().await;
}

#[tokio::test]
async fn a_client_that_nginx_cuts_for_its_silence_finds_the_heartbeat_that_keeps_its_link() {
    keeps_a_link_through("nginx").await;
}

#[tokio::test]
async fn a_client_that_haproxy_cuts_for_its_silence_finds_the_heartbeat_that_keeps_its_link() {
    keeps_a_link_through("haproxy").await;
}
