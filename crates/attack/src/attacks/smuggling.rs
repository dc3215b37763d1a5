//! The attacks with ambiguous requests, with heads of excessive size, and with requests without end. An ambiguous
//! request is one that two servers may parse differently.

use crate::peer::{connect, converse, source, status};
use crate::scene::{Attack, Bound, EVEN_LOAD, Findings, Kind, Scene};
use crate::server::Settings;
use anyhow::Result;
use futures_util::FutureExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;
use tokio::time::timeout;

pub const SMUGGLING: Attack = Attack {
    name: "http-smuggling",
    about: "lengths that contradict each other, heads of 10,000 headers and of 1 MiB",
    kind: Kind::Load {
        seconds: 6,
        bound: Bound { memory_mib: 32.0, descriptors: 128, p99_floor_ms: EVEN_LOAD },
        settings: Settings { app: &[], env: &[] },
        with_control: false,
        run: |scene| smuggle(scene).boxed(),
    },
};

pub const PIPELINING: Attack = Attack {
    name: "http-pipelining",
    about: "requests without end over 16 connections that read no answer",
    kind: Kind::Load {
        seconds: 6,
        bound: Bound { memory_mib: 32.0, descriptors: 64, p99_floor_ms: EVEN_LOAD },
        settings: Settings { app: &[], env: &[] },
        with_control: false,
        run: |scene| pipeline(scene).boxed(),
    },
};

/// A request that is hidden behind a body. A server that determines the body's length in another way would answer it.
const HIDDEN: &str = "GET /healthz HTTP/1.1\r\nHost: hidden\r\n\r\n";

/// The heads of requests with a body of ambiguous length. The server must close the connection after at most one
/// answer.
const AMBIGUOUS: &[(&str, &str)] = &[
    ("two lengths", "Content-Length: 0\r\nContent-Length: 38\r\n"),
    ("a length with a sign", "Content-Length: +0\r\n"),
    ("a list of lengths", "Content-Length: 0, 38\r\n"),
    ("length and chunks", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"),
    ("chunks that are no last coding", "Transfer-Encoding: chunked, identity\r\n"),
    ("an unknown coding", "Transfer-Encoding: xchunked\r\n"),
    ("a space before the colon", "Content-Length : 0\r\n"),
    ("a folded header", "Content-Length:\r\n 0\r\n"),
    ("a coding with a tab", "Transfer-Encoding:\tchunked\r\nContent-Length: 0\r\n"),
];

async fn smuggle(scene: Arc<Scene>) -> Result<Findings> {
    scene.begin().await?;
    let mut findings = Findings::default();
    let patience = Duration::from_millis(700);
    for (name, headers) in AMBIGUOUS {
        let request =
            format!("POST /v4/openim/querystate HTTP/1.1\r\nHost: x\r\n{headers}\r\n0\r\n\r\n{HIDDEN}");
        let answer = converse(scene.http, source(9), request.as_bytes(), patience).await?;
        let answers = count(&answer, b"HTTP/1.1 ");
        findings.expect(answers <= 1, format!("{name}: the request hidden behind the body was answered"));
    }
    let many = "X: y\r\n".repeat(10_000);
    let large = format!("X: {}\r\n", "y".repeat(1_048_576));
    let target = "a".repeat(100_000);
    for (name, request) in [
        ("10,000 headers", format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n")),
        ("a header of 1 MiB", format!("GET / HTTP/1.1\r\nHost: x\r\n{large}\r\n")),
        ("a target of 100 KB", format!("GET /{target} HTTP/1.1\r\nHost: x\r\n\r\n")),
    ] {
        let answer = converse(scene.http, source(9), request.as_bytes(), patience).await?;
        let refused = status(&answer).is_none_or(|status| (400..500).contains(&status));
        findings.expect(refused, format!("{name} is not refused"));
    }
    // For the rest of the time, the attackers send the large heads as fast as the server accepts them.
    let mut attackers = JoinSet::new();
    for _ in 0..scene.many(16) {
        let (scene, large) = (Arc::clone(&scene), large.clone());
        attackers.spawn(async move {
            let request = format!("GET / HTTP/1.1\r\nHost: x\r\n{large}");
            while scene.goes_on() {
                let _ = converse(scene.http, source(9), request.as_bytes(), Duration::from_secs(1)).await;
            }
        });
    }
    attackers.join_all().await;
    Ok(findings)
}

async fn pipeline(scene: Arc<Scene>) -> Result<Findings> {
    scene.begin().await?;
    let mut attackers = JoinSet::new();
    for _ in 0..scene.many(16) {
        let scene = Arc::clone(&scene);
        attackers.spawn(async move {
            let requests = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100);
            let mut sent = 0_usize;
            while scene.goes_on() {
                let Ok(mut stream) = connect(scene.http, source(9)).await else { continue };
                while let Ok(Ok(())) = timeout(scene.left(), stream.write_all(requests.as_bytes())).await {
                    sent += 100;
                }
            }
            sent
        });
    }
    let sent: usize = attackers.join_all().await.into_iter().sum();
    let mut findings = Findings::default();
    findings.note(format!("{sent} requests sent"));
    Ok(findings)
}

fn count(bytes: &[u8], part: &[u8]) -> usize {
    bytes.windows(part.len()).filter(|window| *window == part).count()
}
