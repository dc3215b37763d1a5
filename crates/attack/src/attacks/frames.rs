//! The attacks that send invalid data: bytes that are not frames, frames that are too large, or frames that never end.

use crate::line::Line;
use crate::peer::{connect, converse, logged_in, source};
use crate::scene::{Attack, Bound, EVEN_LOAD, Findings, Kind, Scene};
use crate::server::Settings;
use anyhow::Result;
use futures_util::FutureExt;
use lamplight_wire::NATIVE_PREAMBLE;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::timeout;

pub const MALFORMED: Attack = Attack {
    name: "malformed-frames",
    about: "random bytes after each kind of opening, over 64 connections that are opened again",
    kind: Kind::Load {
        seconds: 8,
        bound: Bound { memory_mib: 16.0, descriptors: 256, p99_floor_ms: EVEN_LOAD },
        settings: Settings { app: &[], env: &[] },
        with_control: false,
        run: |scene| malformed(scene).boxed(),
    },
};

pub const OVERSIZE: Attack = Attack {
    name: "oversize-frames",
    about: "frames over the limit, before the login and after it",
    kind: Kind::Load {
        seconds: 8,
        bound: Bound { memory_mib: 32.0, descriptors: 256, p99_floor_ms: EVEN_LOAD },
        settings: Settings { app: &[], env: &[] },
        with_control: false,
        run: |scene| oversize(scene).boxed(),
    },
};

/// The number of connections from one address. Each of them sends a frame that does not end.
const HELD: usize = 900;

pub const UNFINISHED: Attack = Attack {
    name: "unfinished-frames",
    about: "900 connections, each with 64 KiB of a frame whose last byte is never sent",
    kind: Kind::Load {
        seconds: 8,
        // A peer without a key may use 64 KiB, and the attack has 900 such peers.
        bound: Bound { memory_mib: 64.0, descriptors: HELD as u64 + 64, p99_floor_ms: EVEN_LOAD },
        settings: Settings { app: &[], env: &[] },
        with_control: false,
        run: |scene| unfinished(scene).boxed(),
    },
};

async fn malformed(scene: Arc<Scene>) -> Result<Findings> {
    scene.begin().await?;
    let mut attackers = JoinSet::new();
    for number in 0..scene.many(64) {
        let scene = Arc::clone(&scene);
        attackers.spawn(async move {
            let mut random = StdRng::seed_from_u64(number as u64);
            let mut said = 0_usize;
            while scene.goes_on() {
                let openings: [&[u8]; 4] =
                    [NATIVE_PREAMBLE, b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n", &[0x16, 3, 1], b""];
                let mut bytes = openings[random.random_range(0..4)].to_vec();
                let length = random.random_range(0..2_000);
                bytes.extend((0..length).map(|_| random.random::<u8>()));
                let patience = Duration::from_millis(200);
                let _ = converse(scene.way.client, source(10 + number), &bytes, patience).await;
                said += 1;
            }
            said
        });
    }
    let said: usize = attackers.join_all().await.into_iter().sum();
    let mut findings = Findings::default();
    findings.note(format!("{said} connections"));
    Ok(findings)
}

async fn oversize(scene: Arc<Scene>) -> Result<Findings> {
    scene.begin().await?;
    let mut findings = Findings::default();
    // The announced lengths: 64 KiB and one byte, half a MiB and one byte, and the largest length.
    let announced: [(&str, &[u8], bool); 3] = [
        ("65,537 bytes before the login", &[0x81, 0x80, 0x04], false),
        ("524,289 bytes after it", &[0x81, 0x80, 0x20], true),
        ("268,435,455 bytes", &[0xff, 0xff, 0xff, 0x7f], false),
    ];
    for (name, length, after_login) in announced {
        let mut stream = if after_login {
            logged_in(&scene, "large", source(9)).await?
        } else {
            let mut stream = connect(scene.way.client, source(9)).await?;
            stream.write_all(NATIVE_PREAMBLE).await?;
            stream
        };
        stream.write_all(length).await?;
        let closed = timeout(Duration::from_secs(2), stream.read_to_end(&mut Vec::new())).await;
        findings.expect(
            closed.is_ok(),
            format!("{name}: the connection stays open after a length over the limit"),
        );
    }
    let mut attackers = JoinSet::new();
    for number in 0..scene.many(32) {
        let scene = Arc::clone(&scene);
        attackers.spawn(async move {
            let large = vec![0x55; 1 << 20];
            while scene.goes_on() {
                let Ok(mut stream) = connect(scene.way.client, source(10 + number)).await else { continue };
                let opening = [NATIVE_PREAMBLE.as_slice(), &[0xff, 0xff, 0xff, 0x7f]].concat();
                let sending = async {
                    stream.write_all(&opening).await?;
                    stream.write_all(&large).await
                };
                // The server has closed the connection, as it should.
                let _ = timeout(Duration::from_secs(1), sending).await;
            }
        });
    }
    attackers.join_all().await;
    Ok(findings)
}

async fn unfinished(scene: Arc<Scene>) -> Result<Findings> {
    scene.begin().await?;
    let mut attackers = JoinSet::new();
    for _ in 0..scene.many(HELD) {
        let scene = Arc::clone(&scene);
        attackers.spawn(async move {
            let mut stream = connect(scene.way.client, source(9)).await?;
            stream.write_all(NATIVE_PREAMBLE).await?;
            // 65,536 bytes, the last of which is not sent.
            stream.write_all(&[0x80, 0x80, 0x04]).await?;
            stream.write_all(&vec![0x55; 65_535]).await?;
            tokio::time::sleep(scene.left()).await;
            std::io::Result::Ok(())
        });
    }
    tokio::time::sleep(scene.left() / 2).await;
    let other =
        scene.blocking(|scene| Line::log_in(&scene.way, "other", Duration::from_secs(2)).map(drop)).await?;
    let ended = attackers.join_all().await;
    let held = ended.iter().filter(|end| end.is_ok()).count();
    let mut findings = Findings::default();
    findings.expect(other.is_ok(), "another user could not log in");
    findings.note(format!("{held} connections were held"));
    Ok(findings)
}
