//! The attack of a receiver of webhooks that misbehaves in several ways.

use crate::line::custom;
use crate::peer::{drain, get, logged_in, source};
use crate::scene::{Attack, Bound, EVEN_LOAD, Findings, Kind, Scene};
use crate::server::Settings;
use anyhow::Result;
use futures_util::FutureExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const USERS: usize = 100;
/// The receiver's address. It is fixed, because the app's settings need it before the receiver runs.
const RECEIVER: &str = "127.0.0.1:17417";

pub const HOSTILE: Attack = Attack {
    name: "hostile-webhooks",
    about: "a receiver that says nothing, endless heads, endless bodies, or redirects",
    kind: Kind::Load {
        seconds: 10,
        bound: Bound { memory_mib: 64.0, descriptors: USERS as u64 + 128, p99_floor_ms: EVEN_LOAD },
        // Webhooks to private addresses are not allowed by default.
        settings: Settings {
            app: &["--state-change-url", "http://127.0.0.1:17417/"],
            env: &[("LAMPLIGHT_WEBHOOKS__ALLOW_PRIVATE", "true")],
        },
        with_control: false,
        run: |scene| attack(scene).boxed(),
    },
};

async fn attack(scene: Arc<Scene>) -> Result<Findings> {
    let listener = TcpListener::bind(RECEIVER).await?;
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let receiver = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let number = count.fetch_add(1, Ordering::Relaxed);
            // The receiver's errors do not matter.
            tokio::spawn(async move { drop(misbehave(stream, number).await) });
        }
    });
    scene.begin().await?;
    let mut users = JoinSet::new();
    for number in 0..scene.many(USERS) {
        let scene = Arc::clone(&scene);
        users.spawn(async move {
            let user = format!("told of {number}");
            while scene.goes_on() {
                let Ok(stream) = logged_in(&scene, &user, source(number)).await else { continue };
                let (from, mut to) = stream.into_split();
                let reader = tokio::spawn(drain(from));
                for change in 0..5 {
                    let _ = to.write_all(&custom(&format!("change {change}"))).await;
                    tokio::time::sleep(Duration::from_millis(40)).await;
                }
                reader.abort();
            }
        });
    }
    users.join_all().await;
    let mut findings = Findings::default();
    let ready = get(scene.health, "/readyz", Duration::from_secs(1)).await;
    findings.expect(ready == Some(200), "/readyz does not answer");
    let taken = taken.load(Ordering::Relaxed);
    findings.expect(taken > 0, "the receiver was not called: nothing was tried");
    findings.note(format!("{taken} requests"));
    receiver.abort();
    Ok(findings)
}

async fn misbehave(mut stream: TcpStream, number: usize) -> std::io::Result<()> {
    let mut buffer = [0; 4_096];
    let _ = stream.read(&mut buffer).await?;
    match number % 5 {
        0 => tokio::time::sleep(Duration::from_secs(60)).await,
        1 => loop {
            stream.write_all(&[b'H'; 4_096]).await?;
        },
        2 => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
            loop {
                stream.write_all(b"X: 0123456789abcdef0123456789abcdef\r\n").await?;
            }
        }
        3 => {
            stream.write_all(b"HTTP/1.1 500 No\r\nContent-Length: 99999999999\r\n\r\n").await?;
            loop {
                stream.write_all(&[b'x'; 65_536]).await?;
            }
        }
        _ => {
            let answer = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(answer).await?;
        }
    }
    Ok(())
}
