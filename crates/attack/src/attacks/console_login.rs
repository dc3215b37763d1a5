//! The attack that tries wrong passwords at the console from many addresses.

use crate::peer::{converse, status};
use crate::scene::{Attack, Bound, EVEN_LOAD, Findings, Kind, Scene};
use crate::server::{PASSWORD, Settings};
use anyhow::Result;
use futures_util::FutureExt;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// The allowed growth of the server's memory, in MiB. Verifying a password needs 19 MiB, and the console verifies at
/// most two passwords at a time.
const MEMORY_MIB: f64 = 64.0;
/// The maximum time until an operator with a known browser is logged in. The first attempt must succeed.
const KNOWN_WITHIN: Duration = Duration::from_secs(2);
/// The maximum time until an operator with the right password is logged in. The operator repeats the attempt while the
/// console is busy.
const IN_WITHIN: Duration = Duration::from_secs(10);

/// The time for which an attempt waits for its answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The time after which half of the attackers give up an attempt and make the next one.
const IMPATIENCE: Duration = Duration::from_millis(5);

pub const FLOOD: Attack = Attack {
    name: "console-login-flood",
    about: "wrong passwords for the console from 64 connections, each from another network",
    kind: Kind::Load {
        seconds: 12,
        bound: Bound { memory_mib: MEMORY_MIB, descriptors: 192, p99_floor_ms: EVEN_LOAD },
        settings: Settings { app: &[], env: &[] },
        with_control: false,
        run: |scene| flood(scene).boxed(),
    },
};

async fn flood(scene: Arc<Scene>) -> Result<Findings> {
    // The operator's browser has logged in before.
    let device =
        log_in_as(&scene, Ipv4Addr::LOCALHOST, PASSWORD, "", PATIENCE).await.and_then(|(_, device)| device);
    scene.begin().await?;
    let mut attackers = JoinSet::new();
    for number in 0..scene.many(64) {
        let scene = Arc::clone(&scene);
        attackers.spawn(async move {
            let mut tried = 0;
            let mut answered = 0;
            let patience = if number % 2 == 0 { PATIENCE } else { IMPATIENCE };
            while scene.goes_on() {
                // Each attempt comes from another address, because an address may make only five wrong attempts in a
                // minute.
                let from = anywhere(number * 65_536 + tried);
                match log_in_as(&scene, from, "a wrong password", "", patience).await {
                    Some(_) => answered += 1,
                    None if patience == IMPATIENCE => {}
                    None => tokio::time::sleep(Duration::from_millis(20)).await,
                }
                tried += 1;
            }
            (tried, answered)
        });
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let began = std::time::Instant::now();
    let cookie = device.as_ref().map(|device| format!("Cookie: {device}\r\n")).unwrap_or_default();
    let known = log_in_as(&scene, Ipv4Addr::LOCALHOST, PASSWORD, &cookie, PATIENCE).await;
    let known = known.map(|(status, _)| status);
    let known_after = began.elapsed();
    let began = std::time::Instant::now();
    let mut got_in = None;
    while got_in.is_none() && began.elapsed() < IN_WITHIN && scene.goes_on() {
        match log_in_as(&scene, Ipv4Addr::LOCALHOST, PASSWORD, "", PATIENCE).await {
            Some((200, _)) => got_in = Some(began.elapsed()),
            Some(_) | None => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    let counts = attackers.join_all().await.into_iter();
    let (tried, answered) =
        counts.fold((0, 0), |(all, some), (tried, answered)| (all + tried, some + answered));
    let mut findings = Findings::default();
    findings.note(format!("{tried} passwords tried, {answered} answered"));
    findings.note(format!("a known browser got {known:?} after {:.1} s", known_after.as_secs_f64()));
    findings.expect(
        known == Some(200) && known_after < KNOWN_WITHIN,
        "an operator whose browser has logged in before had to wait too long",
    );
    match got_in {
        Some(after) => findings.note(format!("an operator got in after {:.1} s", after.as_secs_f64())),
        None => findings.expect(false, "an operator with the right password could not log in"),
    }
    Ok(findings)
}

/// Returns one of some sixteen million loopback addresses. Any 248 consecutive numbers give addresses in different
/// `/16` networks, and any 60,000 consecutive numbers give addresses in different `/24` networks.
fn anywhere(number: usize) -> Ipv4Addr {
    let [network, part, host] = [number % 248, number / 248 % 256, number / (248 * 256) % 254];
    Ipv4Addr::new(127, 8 + network as u8, part as u8, 1 + host as u8)
}

/// Logs in with additional headers. Returns the status, and the cookie that will identify the browser. Returns `None`
/// if no answer arrives in time.
async fn log_in_as(
    scene: &Scene,
    from: Ipv4Addr,
    password: &str,
    headers: &str,
    patience: Duration,
) -> Option<(u16, Option<String>)> {
    let body = serde_json::json!({ "password": password }).to_string();
    let request = format!(
        "POST /console/api/v1/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = converse(scene.http, from, request.as_bytes(), patience).await.ok()?;
    let text = String::from_utf8_lossy(&answer);
    let mut cookies = text.lines().filter_map(|line| line.split_once(": ").map(|(_, value)| value));
    let device = cookies.find(|value| value.starts_with("lamplight_console_device="));
    let device = device.and_then(|value| value.split(';').next()).map(str::to_owned);
    Some((status(&answer)?, device))
}
