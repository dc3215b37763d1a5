//! Wrong passwords for the console, from many addresses.

use crate::peer::{converse, source, status};
use crate::scene::{Attack, Bound, Findings, Kind, Scene};
use crate::server::{PASSWORD, Settings};
use anyhow::Result;
use futures_util::FutureExt;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// One verification needs 19 MiB, and there is one at a time.
const MEMORY_MIB: f64 = 48.0;
/// How soon an operator with the right password gets in, who tries again where the console is busy.
const IN_WITHIN: Duration = Duration::from_secs(10);

pub const FLOOD: Attack = Attack {
    name: "console-login-flood",
    about: "wrong passwords for the console from 64 connections of as many addresses",
    kind: Kind::Load {
        seconds: 12,
        bound: Bound { memory_mib: MEMORY_MIB, descriptors: 192 },
        settings: Settings { app: &[], env: &[] },
        run: |scene| flood(scene).boxed(),
    },
};

async fn flood(scene: Arc<Scene>) -> Result<Findings> {
    scene.begin().await?;
    let mut attackers = JoinSet::new();
    for number in 0..scene.many(64) {
        let scene = Arc::clone(&scene);
        attackers.spawn(async move {
            let mut tried = 0;
            while scene.goes_on() {
                // From another address each time: five wrong ones are all that one may try in a minute.
                let from = source(number * 512 + tried % 512);
                if log_in(&scene, from, "a wrong password").await.is_none() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                tried += 1;
            }
            tried
        });
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let began = std::time::Instant::now();
    let mut got_in = None;
    while got_in.is_none() && began.elapsed() < IN_WITHIN && scene.goes_on() {
        match log_in(&scene, Ipv4Addr::LOCALHOST, PASSWORD).await {
            Some(200) => got_in = Some(began.elapsed()),
            Some(_) | None => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    let tried: usize = attackers.join_all().await.into_iter().sum();
    let mut findings = Findings::default();
    findings.note(format!("{tried} passwords tried"));
    match got_in {
        Some(after) => findings.note(format!("an operator got in after {:.1} s", after.as_secs_f64())),
        None => findings.expect(false, "an operator with the right password was kept out"),
    }
    Ok(findings)
}

async fn log_in(scene: &Scene, from: Ipv4Addr, password: &str) -> Option<u16> {
    let body = serde_json::json!({ "password": password }).to_string();
    let request = format!(
        "POST /console/api/v1/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    status(&converse(scene.http, from, request.as_bytes(), Duration::from_secs(5)).await.ok()?)
}
