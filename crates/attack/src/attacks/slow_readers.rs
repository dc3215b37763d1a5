//! The attack of watchers that stop reading while the users whom they watch change continuously.

use crate::line::{custom, frame};
use crate::peer::{drain, logged_in, next_message, source};
use crate::scene::{Attack, Bound, EVEN_LOAD, Findings, Kind, Scene};
use crate::server::Settings;
use anyhow::Result;
use futures_util::FutureExt;
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Request;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;
use tokio::time::timeout;

const READERS: usize = 200;
const MOVERS: usize = 20;

pub const SLOW: Attack = Attack {
    name: "slow-readers",
    about: "200 watchers that read nothing, each watching 20 users who change as fast as they can",
    kind: Kind::Load {
        seconds: 8,
        // 64 KiB for each reader.
        bound: Bound { memory_mib: READERS as f64 / 16.0, descriptors: 64, p99_floor_ms: EVEN_LOAD },
        settings: Settings { app: &[], env: &[] },
        with_control: false,
        run: |scene| attack(scene).boxed(),
    },
};

async fn attack(scene: Arc<Scene>) -> Result<Findings> {
    let mut movers = Vec::new();
    for number in 0..MOVERS {
        movers.push(logged_in(&scene, &format!("changing {number}"), source(number)).await?);
    }
    let users = v1::SubscribeUserStatusRequest {
        user_ids: (0..MOVERS).map(|number| format!("changing {number}")).collect(),
    };
    let subscribe = frame(2, Request::SubscribeUserStatus(users));
    let mut readers = Vec::new();
    for number in 0..scene.many(READERS) {
        let mut reader = logged_in(&scene, &format!("reader {number}"), source(100 + number)).await?;
        reader.write_all(&subscribe).await?;
        // After the answer, nothing is read any more.
        timeout(Duration::from_secs(10), next_message(&mut reader)).await??;
        readers.push(reader);
    }
    scene.begin().await?;
    let mut attackers = JoinSet::new();
    for mover in movers {
        let scene = Arc::clone(&scene);
        attackers.spawn(async move {
            let (from, mut to) = mover.into_split();
            let reader = tokio::spawn(drain(from));
            let mut changes = 0_usize;
            while scene.goes_on() {
                let text = format!("{changes} {}", "x".repeat(80));
                if to.write_all(&custom(&text)).await.is_err() {
                    break;
                }
                changes += 1;
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            reader.abort();
            changes
        });
    }
    let changes: usize = attackers.join_all().await.into_iter().sum();
    let mut findings = Findings::default();
    findings.note(format!("{changes} changes, {} watchers that do not read", readers.len()));
    Ok(findings)
}
