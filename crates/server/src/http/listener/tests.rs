//! Tests of a listener with real sockets: limits on connections, time limits, and answers to connections in excess of a
//! limit.

use super::super::body::RATE;
use super::super::budget::Budget;
use super::*;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

const PATIENCE: Duration = Duration::from_secs(20);
const SOON: Duration = Duration::from_millis(50);
const ASK: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const LONG: &[u8] = &[b'x'; 16 << 20];

/// The time limits that no peer of these tests exceeds.
const LEISURE: PaceLimits = PaceLimits {
    idle: PATIENCE,
    head: PATIENCE,
    answer: MinimumRate { grace: PATIENCE, bytes_per_second: 1, longest: None },
};

struct Listening {
    address: SocketAddr,
    registry: Registry,
}

impl Listening {
    /// Starts a port with one spare permit and two regular permits. One address can have at most `per_address` regular
    /// permits.
    async fn start(per_address: u32, pace: PaceLimits) -> Self {
        let mut registry = Registry::default();
        let metrics = HttpMetrics::register(&mut registry);
        let room = BodyRoom::new(Budget::new(0, metrics.body_bytes()), RATE, metrics.clone());
        let router = Router::new()
            .route("/", get(|| async { "hello" }))
            .route("/long", get(|| async { Bytes::from_static(LONG) }));
        let past = Router::new()
            .route("/healthz", get(|| async { "ok" }))
            .fallback(|| async { (StatusCode::SERVICE_UNAVAILABLE, "full") });
        let regular = Permits::regular(2, per_address, pace, router);
        let spare = Some(Permits::spare(1, 1, pace, past));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(
            Port { regular, spare, proxies: TrustedProxies::default(), room, metrics }.serve(listener),
        );
        Self { address, registry }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Connects from this source address.
    async fn connect_from(&self, address: &str) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(format!("{address}:0").parse().unwrap()).unwrap();
        socket.connect(self.address).await.unwrap()
    }

    /// Waits until a metric has this value.
    async fn shows(&self, series: &str, value: i64) {
        let line = format!("{series} {value}");
        let wait = async {
            loop {
                let mut text = String::new();
                encode(&mut text, &self.registry).unwrap();
                if text.lines().any(|shown| shown == line) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("never {line}"));
    }
}

async fn ask(stream: &mut TcpStream) {
    stream.write_all(ASK).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"hello") {
        let read =
            tokio::time::timeout(PATIENCE, stream.read_buf(&mut answer)).await.expect("an answer comes");
        assert_ne!(read.unwrap(), 0, "{}", String::from_utf8_lossy(&answer));
    }
}

/// Reads until the connection ends.
async fn rest(stream: &mut TcpStream) -> String {
    let mut rest = Vec::new();
    // The result is ignored, because a reset also ends the connection.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("it ends");
    String::from_utf8(rest).unwrap()
}

#[tokio::test]
async fn a_connection_past_a_bound_is_told_so_and_health_is_answered_all_the_same() {
    let port = Listening::start(2, LEISURE).await;
    let (mut first, mut second) = (port.connect().await, port.connect().await);
    ask(&mut first).await;
    ask(&mut second).await;
    port.shows("http_connections{kind=\"idle\"}", 2).await;
    for (request, status, words) in
        [("GET / HTTP/1.1", "503", "full"), ("GET /healthz HTTP/1.1", "200", "ok")]
    {
        let mut third = port.connect().await;
        third.write_all(format!("{request}\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
        let told = rest(&mut third).await;
        assert!(told.starts_with(&format!("HTTP/1.1 {status}")) && told.ends_with(words), "{told}");
        port.shows("http_connections{kind=\"spare\"}", 0).await;
    }
    port.shows("http_connections_refused_total{bound=\"port\"}", 2).await;
    // The spare permit is in use, so the next connection is closed without an answer.
    let third = port.connect().await;
    port.shows("http_connections{kind=\"spare\"}", 1).await;
    assert_eq!(rest(&mut port.connect().await).await, "");
    drop(third);

    drop(first);
    port.shows("http_connections{kind=\"idle\"}", 1).await;
    ask(&mut port.connect().await).await;
    ask(&mut second).await;
}

#[tokio::test]
async fn one_address_does_not_take_the_permits_of_another() {
    let port = Listening::start(1, LEISURE).await;
    let mut first = port.connect().await;
    ask(&mut first).await;
    let mut again = port.connect().await;
    again.write_all(ASK).await.unwrap();
    assert!(rest(&mut again).await.starts_with("HTTP/1.1 503"));
    port.shows("http_connections_refused_total{bound=\"address\"}", 1).await;
    ask(&mut port.connect_from("127.0.0.2").await).await;
}

#[tokio::test]
async fn a_head_that_does_not_come_or_drips_ends_the_connection() {
    let port = Listening::start(2, PaceLimits { head: SOON, idle: SOON, ..LEISURE }).await;
    // The client sends nothing.
    assert_eq!(rest(&mut port.connect().await).await, "");
    port.shows("http_timeouts_total{limit=\"idle\"}", 1).await;
    // The client sends a head, byte by byte, without end.
    let mut stream = port.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nx: ").await.unwrap();
    let drip = async {
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    drip.await;
    port.shows("http_timeouts_total{limit=\"head\"}", 1).await;
    // The idle limit also holds after an answer.
    let mut stream = port.connect().await;
    ask(&mut stream).await;
    assert_eq!(rest(&mut stream).await, "");
    port.shows("http_timeouts_total{limit=\"idle\"}", 2).await;
}

#[tokio::test]
async fn an_answer_that_is_not_taken_ends_the_connection() {
    let answer = MinimumRate { grace: SOON, bytes_per_second: 1 << 30, longest: None };
    let port = Listening::start(2, PaceLimits { answer, ..LEISURE }).await;
    let mut stream = port.connect().await;
    stream.write_all(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    port.shows("http_timeouts_total{limit=\"answer\"}", 1).await;
    port.shows("http_connections{kind=\"call\"}", 0).await;
    port.shows("http_connections{kind=\"idle\"}", 0).await;
    let mut part = vec![0; LONG.len()];
    let read = tokio::time::timeout(PATIENCE, stream.read_exact(&mut part)).await.expect("it ends");
    assert!(read.is_err(), "the rest of the answer never comes");
}

#[tokio::test]
async fn a_head_has_16_kib_and_100_headers() {
    let port = Listening::start(2, LEISURE).await;
    for (head, status) in [
        (format!("GET / HTTP/1.1\r\nHost: x\r\nx: {}\r\n\r\n", "y".repeat(15 * 1024)), "200"),
        (format!("GET / HTTP/1.1\r\nHost: x\r\nx: {}\r\n\r\n", "y".repeat(33 * 1024)), "431"),
        (format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "x: y\r\n".repeat(99)), "200"),
        (format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "x: y\r\n".repeat(100)), "431"),
    ] {
        let mut stream = port.connect().await;
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let told = rest(&mut stream).await;
        assert!(told.starts_with(&format!("HTTP/1.1 {status}")), "{} bytes: {told}", head.len());
    }
}
