//! The attacks with invalid UserSigs: forged UserSigs, UserSigs that inflate to megabytes, and UserSigs for another
//! user's account.

use crate::line::Line;
use crate::peer::{connect, next_message, source};
use crate::scene::{Attack, Bound, EVEN_LOAD, Findings, Kind, Scene};
use crate::server::Settings;
use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use futures_util::FutureExt;
use lamplight_model::AppKey;
use lamplight_wire::NATIVE_PREAMBLE;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;
use tokio::time::timeout;

const MOST: Bound = Bound { memory_mib: 16.0, descriptors: 256, p99_floor_ms: EVEN_LOAD };
/// The time within which a user with a valid UserSig must be logged in.
const IN_WITHIN: Duration = Duration::from_secs(2);

pub const FORGED: Attack = Attack {
    name: "forged-user-sigs",
    about: "logins with forged UserSigs, as fast as they go, over 32 connections",
    kind: Kind::Load {
        seconds: 8,
        bound: MOST,
        settings: Settings { app: &[], env: &[] },
        with_control: false,
        run: |scene| {
            let forged = scene.way.user_sig("mallory", &AppKey { id: 1, text: "a guess".to_owned() });
            log_in_as("mallory", forged, scene).boxed()
        },
    },
};

pub const INFLATED: Attack = Attack {
    name: "inflated-user-sigs",
    about: "UserSigs of 4 KB that inflate to megabytes",
    kind: Kind::Load {
        seconds: 8,
        bound: MOST,
        settings: Settings { app: &[], env: &[] },
        with_control: false,
        run: |scene| log_in_as("mallory", inflated(), scene).boxed(),
    },
};

pub const FOREIGN_ACCOUNT: Attack = Attack {
    name: "foreign-account",
    about: "invalid UserSigs for the account of a user who meanwhile logs in with a valid one",
    kind: Kind::Load {
        seconds: 8,
        bound: MOST,
        settings: Settings { app: &[], env: &[] },
        with_control: false,
        run: |scene| {
            let forged = scene.way.user_sig("victim", &AppKey { id: 1, text: "a guess".to_owned() });
            log_in_as("victim", forged, scene).boxed()
        },
    },
};

/// Returns a token of 4 KB that inflates to some megabytes of spaces.
fn inflated() -> Result<String> {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
    zlib.write_all(&vec![b' '; 2_500_000])?;
    let text = STANDARD.encode(zlib.finish()?).replace('+', "*").replace('/', "-").replace('=', "_");
    Ok(text)
}

async fn log_in_as(user: &'static str, user_sig: Result<String>, scene: Arc<Scene>) -> Result<Findings> {
    let login = scene.way.login_frame(user, user_sig?);
    scene.begin().await?;
    let mut attackers = JoinSet::new();
    for number in 0..scene.many(32) {
        let (scene, login) = (Arc::clone(&scene), login.clone());
        attackers.spawn(async move {
            let mut tried = 0_usize;
            while scene.goes_on() {
                // Half of the attackers connect from one address, the others from many addresses.
                let from = if number % 2 == 0 { source(9) } else { source(100 + tried % 4_096) };
                tried += try_often(&scene, from, &login).await.unwrap_or(1);
            }
            tried
        });
    }
    let mut findings = Findings::default();
    let (mut logins, mut slowest) = (0, Duration::ZERO);
    while logins == 0 || scene.left() > IN_WITHIN {
        let began = Instant::now();
        // These logins come from an address without attackers. The login after the loop comes from an address that also
        // sends forged UserSigs.
        let logged_in =
            scene.blocking(|scene| Line::log_in(&scene.way, "victim", IN_WITHIN).map(drop)).await?;
        slowest = slowest.max(began.elapsed());
        logins += 1;
        if let Err(error) = logged_in {
            findings.expect(
                false,
                format!("a login with a valid UserSig does not succeed within {IN_WITHIN:?}: {error:#}"),
            );
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let shared = crate::peer::logged_in(&scene, "victim", source(9)).await;
    findings.expect(
        shared.is_ok(),
        "a login with a valid UserSig from the address of the attack does not succeed",
    );
    let tried: usize = attackers.join_all().await.into_iter().sum();
    findings.note(format!("{tried} logins with invalid UserSigs"));
    findings.note(format!("{logins} logins with valid UserSigs, the slowest in {} ms", slowest.as_millis()));
    Ok(findings)
}

/// Sends a login over one connection again and again until the server closes it. Returns the number of attempts.
async fn try_often(scene: &Scene, from: std::net::Ipv4Addr, login: &[u8]) -> Result<usize> {
    let mut stream = connect(scene.way.client, from).await?;
    stream.write_all(NATIVE_PREAMBLE).await?;
    for tried in 1.. {
        stream.write_all(login).await?;
        let answer = timeout(Duration::from_secs(5), next_message(&mut stream)).await;
        if !matches!(answer, Ok(Ok(_))) || !scene.goes_on() {
            return Ok(tried);
        }
    }
    Ok(0)
}
