//! The attack of a user with thousands of watchers, who changes the custom status at the full speed of the socket.

use crate::line::{custom, frame};
use crate::peer::{counter, drain, logged_in, source};
use crate::scene::{A_TURN_OF_THE_SCHEDULER, Attack, Bound, Findings, Kind, Scene};
use crate::server::Settings;
use anyhow::Result;
use futures_util::FutureExt;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Request;
use std::io::Read;
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

const WATCHERS: usize = 3_000;
/// The attack must carry out this many changes per second, or it is too weak to count. Slightly below
/// `limits.requests_per_second`.
const LEAST_RATE: f64 = 1_500.0;
const REQUESTS: &str = "lamplight_requests_total";
const LOGINS_AT_ONCE: usize = 64;
/// The number of sockets that are read before a pause. Waking for each notification would cost more than the server
/// itself.
const READ_AT_ONCE: usize = 32;
/// The length of a pause between reads. A round through all sockets takes about 0.2 s.
const PAUSE: Duration = Duration::from_millis(2);
/// The custom status that is set after the attack.
const LAST: &str = "that was all of it";
/// The time within which every watcher must be notified of `LAST`.
const LAST_WITHIN: Duration = Duration::from_secs(5);

pub const BUSY: Attack = Attack {
    name: "3000-watchers",
    about: "one user with 3,000 watchers calls setSelfStatus as fast as it can",
    kind: Kind::Load {
        // So long, because a p99 of fewer changes hangs on three of them.
        seconds: 24,
        bound: Bound { memory_mib: 64.0, descriptors: 64, p99_floor_ms: A_TURN_OF_THE_SCHEDULER },
        settings: Settings { app: &[], env: &[] },
        run: |scene| attack(scene).boxed(),
    },
};

async fn attack(scene: Arc<Scene>) -> Result<Findings> {
    let star = logged_in(&scene, "star", source(9)).await?;
    let users = v1::SubscribeUserStatusRequest { user_ids: vec!["star".to_owned()] };
    let subscribe = frame(0, Request::SubscribeUserStatus(users));
    let logins = stream::iter(0..scene.many(WATCHERS)).map(|number| {
        let (scene, subscribe) = (&scene, &subscribe);
        async move {
            let mut watcher = logged_in(scene, &format!("fan {number}"), source(10 + number % 16)).await?;
            watcher.write_all(subscribe).await?;
            anyhow::Ok(watcher.into_std()?)
        }
    });
    let mut fans: Vec<TcpStream> = logins.buffer_unordered(LOGINS_AT_ONCE).try_collect().await?;
    scene.begin().await?;
    let (began, answered) = (Instant::now(), counter(scene.health, REQUESTS).await?);
    let reading = {
        let scene = Arc::clone(&scene);
        tokio::task::spawn_blocking(move || {
            while scene.goes_on() {
                read_all(&mut fans, |_| {});
            }
            fans
        })
    };
    let (from, mut to) = star.into_split();
    let reader = tokio::spawn(drain(from));
    let flood = {
        let scene = Arc::clone(&scene);
        tokio::spawn(async move {
            let mut changes = 0_usize;
            while scene.goes_on() {
                let batch: Vec<u8> =
                    (0..50).flat_map(|number| custom(&format!("change {}", changes + number))).collect();
                match timeout(scene.left(), to.write_all(&batch)).await {
                    Ok(written) => written?,
                    Err(_) => break,
                }
                changes += 50;
            }
            // The connection stays open until what was sent is counted.
            anyhow::Ok((changes, to))
        })
    };
    let (changes, _to) = flood.await??;
    scene.end();
    let mut findings = Findings::default();
    let answered = counter(scene.health, REQUESTS).await? - answered;
    let rate = answered as f64 / began.elapsed().as_secs_f64();
    findings.note(format!(
        "{changes} changes sent; with those of the witness {rate:.0} a second were carried out"
    ));
    findings.expect(scene.quick || rate >= LEAST_RATE, "the attack is too slow to be one");
    let fans = reading.await?;
    // The attack may have ended within a frame, so this is another connection, which takes the place of that one. What the
    // server has read of that one is handled by then.
    let mut other = logged_in(&scene, "star", source(9)).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    other.write_all(&custom(LAST)).await?;
    let untold = tokio::task::spawn_blocking(move || untold_of_the_last(fans)).await?;
    findings.expect(untold == 0, format!("{untold} watchers were not told of the last change"));
    reader.abort();
    Ok(findings)
}

/// The number of watchers that are not notified of `LAST` within `LAST_WITHIN`.
fn untold_of_the_last(mut fans: Vec<TcpStream>) -> usize {
    let until = Instant::now() + LAST_WITHIN;
    let mut untold = fans.len();
    while untold > 0 && Instant::now() < until {
        read_all(&mut fans, |received| {
            untold -= usize::from(received.windows(LAST.len()).any(|text| text == LAST.as_bytes()));
        });
    }
    untold
}

/// Reads the bytes that have arrived on each connection, and passes them to `show`.
fn read_all(connections: &mut [TcpStream], mut show: impl FnMut(&[u8])) {
    let (mut buffer, mut received) = (vec![0; 16_384], Vec::new());
    for few in connections.chunks_mut(READ_AT_ONCE) {
        for connection in few {
            received.clear();
            // Until nothing more is there; the witness tells of a server that is gone.
            while let Ok(length) = connection.read(&mut buffer)
                && length > 0
            {
                received.extend_from_slice(&buffer[..length]);
                if length < buffer.len() {
                    break;
                }
            }
            if !received.is_empty() {
                show(&received);
            }
        }
        thread::sleep(PAUSE);
    }
}
