//! A user with thousands of watchers who changes the custom status as fast as the socket accepts.

use crate::line::{custom, frame};
use crate::peer::{drain, logged_in, source};
use crate::scene::{Attack, Bound, Findings, Kind, Scene};
use crate::server::Settings;
use anyhow::Result;
use futures_util::FutureExt;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Request;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

const WATCHERS: usize = 3_000;
const LOGINS_AT_ONCE: usize = 64;

pub const BUSY: Attack = Attack {
    name: "3000-watchers",
    about: "one user with 3,000 watchers calls setSelfStatus as fast as it can",
    kind: Kind::Load {
        seconds: 8,
        bound: Bound { memory_mib: 64.0, descriptors: 64 },
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
            anyhow::Ok(watcher)
        }
    });
    let fans: Vec<TcpStream> = logins.buffer_unordered(LOGINS_AT_ONCE).try_collect().await?;
    let mut watchers = JoinSet::new();
    for fan in fans {
        watchers.spawn(drain(fan));
    }
    scene.begin().await?;
    let (from, mut to) = star.into_split();
    let reader = tokio::spawn(drain(from));
    let mut changes = 0_usize;
    while scene.goes_on() {
        let batch: Vec<u8> =
            (0..50).flat_map(|number| custom(&format!("change {}", changes + number))).collect();
        match timeout(scene.left(), to.write_all(&batch)).await {
            Ok(Ok(())) => changes += 50,
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => break,
        }
    }
    reader.abort();
    let mut findings = Findings::default();
    findings.note(format!("{changes} changes asked for"));
    Ok(findings)
}
