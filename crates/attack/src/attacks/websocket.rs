//! The attack that sends only pings, or one message in endless fragments, over WebSockets.

use crate::peer::{connect, source};
use crate::scene::{Attack, Bound, EVEN_LOAD, Findings, Kind, Scene};
use crate::server::Settings;
use anyhow::Result;
use futures_util::FutureExt;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::timeout;

pub const FLOOD: Attack = Attack {
    name: "websocket-flood",
    about: "pings and empty fragments without end over 32 WebSockets that do not log in",
    kind: Kind::Load {
        seconds: 8,
        bound: Bound { memory_mib: 16.0, descriptors: 128, p99_floor_ms: EVEN_LOAD },
        settings: Settings { app: &[], env: &[] },
        with_control: false,
        run: |scene| flood(scene).boxed(),
    },
};

const UPGRADE: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
/// A masked, empty ping frame. The mask is zero, as in all frames of this file.
const PING: &[u8] = &[0x89, 0x80, 0, 0, 0, 0];
/// The first fragment of a text, without content.
const FIRST: &[u8] = &[0x01, 0x80, 0, 0, 0, 0];
/// A further fragment, without content.
const EMPTY: &[u8] = &[0x00, 0x80, 0, 0, 0, 0];
/// A further fragment of three bytes.
const FURTHER: &[u8] = &[0x00, 0x83, 0, 0, 0, 0, b'{', b' ', b' '];

async fn flood(scene: Arc<Scene>) -> Result<Findings> {
    scene.begin().await?;
    let mut attackers = JoinSet::new();
    for number in 0..scene.many(32) {
        let scene = Arc::clone(&scene);
        attackers.spawn(async move {
            let (first, again) = match number % 4 {
                // Half of the connections that send pings never read the answers.
                0 | 1 => (PING, PING.repeat(500)),
                2 => (FIRST, EMPTY.repeat(500)),
                _ => (FIRST, FURTHER.repeat(500)),
            };
            let mut sent = 0_usize;
            while scene.goes_on() {
                let Ok(stream) = connect(scene.way.client, source(10 + number)).await else { continue };
                let (mut from, mut to) = stream.into_split();
                let reading = number % 4 != 1;
                let reader = tokio::spawn(async move {
                    let mut buffer = [0; 4_096];
                    while reading && from.read(&mut buffer).await.is_ok_and(|length| length > 0) {}
                    from
                });
                let sending = async {
                    to.write_all(&[UPGRADE, first].concat()).await?;
                    loop {
                        to.write_all(&again).await?;
                        sent += 500;
                    }
                };
                let ended: Result<std::io::Result<()>, _> = timeout(scene.left(), sending).await;
                // An attacker whose connection was closed connects again.
                drop(ended);
                reader.abort();
            }
            sent
        });
    }
    let sent: usize = attackers.join_all().await.into_iter().sum();
    let mut findings = Findings::default();
    findings.note(format!("{sent} frames sent"));
    Ok(findings)
}
