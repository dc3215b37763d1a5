//! The attack that occupies the connections of the HTTP port with heads that never end and bodies that arrive slowly.

use crate::peer::{connect, get, source};
use crate::scene::{Attack, Bound, EVEN_LOAD, Findings, Kind, Scene};
use crate::server::Settings;
use anyhow::Result;
use futures_util::FutureExt;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// The number of connections, which is as many as the whole port accepts.
const CONNECTIONS: usize = 1_024;
/// The time within which the health endpoint has to answer.
const HEALTH_WITHIN: Duration = Duration::from_secs(1);
/// The longest time for which a body may arrive slowly.
const BODY_WITHIN: Duration = Duration::from_secs(30);

pub const SLOW: Attack = Attack {
    name: "slow-http",
    about: "1,024 slow heads and dripping bodies from one address",
    kind: Kind::Load {
        seconds: 34,
        bound: Bound { memory_mib: 64.0, descriptors: CONNECTIONS as u64 + 64, p99_floor_ms: EVEN_LOAD },
        settings: Settings { app: &[], env: &[] },
        with_control: false,
        run: |scene| attack(scene).boxed(),
    },
};

async fn attack(scene: Arc<Scene>) -> Result<Findings> {
    scene.begin().await?;
    let dripped_too_long = Arc::new(AtomicUsize::new(0));
    let mut attackers = JoinSet::new();
    for number in 0..scene.many(CONNECTIONS) {
        let (scene, too_long) = (Arc::clone(&scene), Arc::clone(&dripped_too_long));
        attackers.spawn(async move {
            while scene.goes_on() {
                let longest = drip(&scene, number % 4).await.unwrap_or_default();
                if longest > BODY_WITHIN {
                    too_long.fetch_add(1, Ordering::Relaxed);
                }
                sleep(Duration::from_millis(200)).await;
            }
        });
    }
    // The probes begin once the connections exist.
    sleep(Duration::from_millis(1_500)).await;
    let mut findings = Findings::default();
    for path in ["/healthz", "/readyz", "/metrics"] {
        let (mut asked, mut answered) = (0, 0);
        while asked < 5 {
            asked += 1;
            answered += usize::from(get(scene.health, path, HEALTH_WITHIN).await == Some(200));
        }
        findings.expect(answered == asked, format!("{path} answered {answered} of {asked} times within 1 s"));
    }
    let other = get(scene.http, "/v4/openim/querystate", HEALTH_WITHIN).await;
    findings.expect(other.is_some(), "another address gets no answer of the server API within 1 s");
    attackers.join_all().await;
    let too_long = dripped_too_long.load(Ordering::Relaxed);
    findings.expect(
        too_long == 0,
        format!("{too_long} bodies could be sent slowly for more than {BODY_WITHIN:?}"),
    );
    Ok(findings)
}

/// Sends a few bytes every second until the server closes the connection. For a body, returns the time until the end of
/// the connection. For a head, returns zero.
async fn drip(scene: &Scene, kind: usize) -> Result<Duration> {
    let from: Ipv4Addr = source(9);
    let mut stream = timeout(Duration::from_secs(5), connect(scene.http, from)).await??;
    let long = |target: &str| {
        format!(
            "POST {target} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n"
        )
    };
    let (first, drop) = match kind {
        0 => (String::new(), "G"),
        1 => ("GET / HTTP/1.1\r\nHost: x\r\n".to_owned(), "X: y\r\n"),
        2 => (long("/console/api/v1/session"), " "),
        _ => (long("/v4/openim/querystate"), " "),
    };
    let began = Instant::now();
    stream.write_all(first.as_bytes()).await?;
    let mut buffer = [0; 1_024];
    while scene.goes_on() {
        match timeout(Duration::from_secs(1), stream.read(&mut buffer)).await {
            // The server has answered or closed the connection.
            Ok(_) => break,
            Err(_) if stream.write_all(drop.as_bytes()).await.is_err() => break,
            Err(_) => {}
        }
    }
    Ok(if kind < 2 { Duration::ZERO } else { began.elapsed() })
}
