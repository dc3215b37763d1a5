//! The attack that sends the body of a login to the console in segments of one byte.

use crate::peer::{connect, source};
use crate::scene::{Attack, Bound, EVEN_LOAD, Findings, Kind, Scene};
use crate::server::Settings;
use anyhow::Result;
use futures_util::FutureExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;

/// The size of the body in bytes. It is below the console's limit.
const BODY_BYTES: usize = 60_000;
/// The allowed growth of the server's memory, in MiB. A peer without a key may use 64 KiB. The allocator and the kernel
/// round each buffer up.
const MEMORY_MIB: f64 = 8.0;

pub const EIGHT: Attack = Attack {
    name: "console-body-8",
    about: "a body for the console in one-byte segments, over 8 connections",
    kind: Kind::Load {
        seconds: 10,
        bound: Bound { memory_mib: MEMORY_MIB, descriptors: 64, p99_floor_ms: EVEN_LOAD },
        settings: Settings { app: &[], env: &[] },
        with_control: false,
        run: |scene| drip(scene, 8).boxed(),
    },
};

pub const TWENTY_FOUR: Attack = Attack {
    name: "console-body-24",
    about: "the same over 24 connections",
    kind: Kind::Load {
        seconds: 10,
        bound: Bound { memory_mib: MEMORY_MIB, descriptors: 64, p99_floor_ms: EVEN_LOAD },
        settings: Settings { app: &[], env: &[] },
        with_control: false,
        run: |scene| drip(scene, 24).boxed(),
    },
};

async fn drip(scene: Arc<Scene>, connections: usize) -> Result<Findings> {
    scene.begin().await?;
    let sent = Arc::new(AtomicU64::new(0));
    let mut attackers = JoinSet::new();
    for _ in 0..connections {
        let (scene, sent) = (Arc::clone(&scene), Arc::clone(&sent));
        attackers.spawn(async move {
            while scene.goes_on() {
                // An attacker whose connection was closed connects again.
                let _ = one(&scene, &sent).await;
            }
        });
    }
    attackers.join_all().await;
    let mut findings = Findings::default();
    findings.note(format!("{} bytes sent", sent.load(Ordering::Relaxed)));
    Ok(findings)
}

async fn one(scene: &Scene, sent: &AtomicU64) -> Result<()> {
    let mut stream = connect(scene.http, source(9)).await?;
    let head = format!(
        "POST /console/api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: {BODY_BYTES}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    let body = br#"{"password":""#.iter().copied().chain(std::iter::repeat(b'a'));
    for byte in body.take(BODY_BYTES - 1) {
        if !scene.goes_on() {
            break;
        }
        stream.write_all(&[byte]).await?;
        sent.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
    }
    // The body is never completed: the server holds it while the attack lasts.
    tokio::time::sleep(scene.left()).await;
    Ok(())
}
