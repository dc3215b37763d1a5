//! The attack that opens as many connections from one address as it can.

use crate::line::Line;
use crate::peer::{connect, source};
use crate::scene::{Attack, Bound, EVEN_LOAD, Findings, Kind, Scene};
use crate::server::Settings;
use anyhow::Result;
use futures_util::FutureExt;
use lamplight_wire::NATIVE_PREAMBLE;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// The default value of the setting `limits.connections_per_address`.
const ALLOWED: usize = 1_000;
/// The number of further connections beyond `ALLOWED`. The server must refuse them with a final message.
const REFUSING: usize = 600;

pub const MANY: Attack = Attack {
    name: "many-connections",
    about: "4,000 connections from one address, and again when they are closed",
    kind: Kind::Load {
        seconds: 8,
        bound: Bound { memory_mib: 32.0, descriptors: (ALLOWED + REFUSING) as u64, p99_floor_ms: EVEN_LOAD },
        settings: Settings { app: &[], env: &[] },
        with_control: false,
        run: |scene| attack(scene).boxed(),
    },
};

async fn attack(scene: Arc<Scene>) -> Result<Findings> {
    scene.begin().await?;
    let mut attackers = JoinSet::new();
    for _ in 0..scene.many(4_000) {
        let scene = Arc::clone(&scene);
        attackers.spawn(async move {
            let mut made = 0_usize;
            while scene.goes_on() {
                let Ok(mut stream) = connect(scene.way.client, source(9)).await else {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                };
                made += 1;
                let _ = stream.write_all(NATIVE_PREAMBLE).await;
                let _ = timeout(scene.left(), stream.read_to_end(&mut Vec::new())).await;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            made
        });
    }
    tokio::time::sleep(scene.left() / 2).await;
    let other =
        scene.blocking(|scene| Line::log_in(&scene.way, "other", Duration::from_secs(2)).map(drop)).await?;
    let made: usize = attackers.join_all().await.into_iter().sum();
    let mut findings = Findings::default();
    findings.expect(other.is_ok(), "a user from another address could not log in");
    findings.note(format!("{made} connections"));
    Ok(findings)
}
