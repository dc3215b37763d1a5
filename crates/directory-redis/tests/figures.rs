//! Tests that each figure of a directory counts what its name says.

#![allow(clippy::unwrap_used, missing_docs)]

mod people;
mod server;

use lamplight_directory::Nodes;
use lamplight_directory_redis::{CallFigures, RedisCall, RedisFigures, RedisSettings};
use people::{Node, now, until, user};
use server::RedisServer;
use std::sync::Arc;
use std::time::Duration;

const PARTITIONS: u16 = 16;

fn of(figures: &RedisFigures, call: RedisCall) -> CallFigures {
    figures.calls[call as usize]
}

#[tokio::test]
async fn calls_are_counted_by_kind() {
    let server = RedisServer::start().await;
    let settings = RedisSettings { compare_every: Duration::from_secs(3600), ..server.settings(PARTITIONS) };
    let node = Node::open(settings).await;
    node.seed("a").await.unwrap();
    node.connect("a", 1).await.unwrap();
    node.custom("a").await.unwrap();
    node.custom("b").await.unwrap();
    Nodes::read(&*node.redis, now(0)).await.unwrap();
    node.directory.due(0, now(0).moment, 9).await.unwrap();
    node.directory.feed(user("a").app, None, 9).await.unwrap();
    node.directory.remove(&user("a"), now(3)).await.unwrap();
    let figures = node.redis.figures();
    for (call, expected) in [
        (RedisCall::Seed, 1),
        (RedisCall::Update, 1),
        (RedisCall::Read, 2),
        (RedisCall::Nodes, 1),
        (RedisCall::List, 1),
        (RedisCall::Feed, 1),
        (RedisCall::Remove, 1),
        (RedisCall::Append, 0),
        (RedisCall::Limit, 0),
    ] {
        let found = of(&figures, call);
        assert_eq!(found.calls, expected, "{call:?}");
        assert_eq!((found.unavailable, found.contended, found.corrupt), (0, 0, 0), "{call:?}");
        assert_eq!(found.spent > Duration::ZERO, expected > 0, "{call:?}");
    }
    assert_eq!(figures.durations.iter().sum::<u64>(), 8);
    assert_eq!((figures.batches, figures.servers, figures.unserved, figures.connects), (1, 1, 0, 1));
    assert_eq!((figures.gaps, figures.repaired, figures.missed, figures.epochs), (0, 0, 0, 0));
}

#[tokio::test]
async fn entries_that_wait_for_a_reader_are_counted() {
    let server = RedisServer::start().await;
    let node = Node::open(server.settings(PARTITIONS)).await;
    node.seed("a").await.unwrap();
    node.connect("a", 1).await.unwrap();
    let mut ear = node.follow();
    node.set_custom("a", "text").await.unwrap();
    assert_eq!(node.redis.figures().waiting_entries, 1);
    ear.until_text("text").await;
    let figures = node.redis.figures();
    assert_eq!((figures.waiting_entries, figures.waiting_bytes, figures.waiting_batches), (0, 0, 0));
}

#[tokio::test]
async fn conflicts_are_counted() {
    let server = RedisServer::start().await;
    let nodes =
        [Node::open(server.settings(PARTITIONS)).await, Node::open(server.settings(PARTITIONS)).await]
            .map(Arc::new);
    nodes[0].seed("a").await.unwrap();
    nodes[0].connect("a", 1).await.unwrap();
    let writers: Vec<_> = nodes
        .iter()
        .map(|node| {
            let node = Arc::clone(node);
            tokio::spawn(async move {
                for n in 0..200 {
                    node.set_custom("a", &n.to_string()).await.unwrap().unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(nodes.iter().map(|node| node.redis.figures().conflicts).sum::<u64>() > 0);
}

#[tokio::test]
async fn faults_of_the_server_are_counted() {
    let mut server = RedisServer::start().await;
    let node = Node::open(server.settings(PARTITIONS)).await;
    node.seed("a").await.unwrap();
    // The last batch of a partition was pushed to nobody, and is not kept.
    let _: u64 = server.command("HINCRBY lm:{3}:head n 1").await;
    until("the gap is given up", async || node.redis.figures().missed == 1).await;
    let figures = node.redis.figures();
    assert_eq!((figures.gaps, figures.repaired, figures.epochs), (1, 0, 0));
    assert!(of(&figures, RedisCall::Upkeep).calls > 0);

    let _: String = server.command("FLUSHALL").await;
    until("each partition has another epoch", async || node.redis.figures().epochs == u64::from(PARTITIONS))
        .await;
    assert_eq!(node.redis.figures().missed, 1 + u64::from(PARTITIONS));

    server.kill();
    assert!(node.custom("a").await.is_err());
    until("it tries to connect", async || node.redis.figures().failed_connects > 0).await;
    let figures = node.redis.figures();
    assert_eq!((figures.servers, figures.unserved), (0, u64::from(PARTITIONS)));
    assert_eq!(of(&figures, RedisCall::Read).unavailable, 1);
    server.revive().await;
    until("it is connected", async || node.redis.figures().servers == 1).await;
    assert_eq!(node.redis.figures().connects, 2);
}
