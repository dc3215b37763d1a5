//! Tests that a node passes over changes that concern none of its users.

#![allow(clippy::unwrap_used, missing_docs)]

mod people;
mod server;

use lamplight_core::Presence;
use lamplight_directory::{Heard, Interest, LogReader, News};
use lamplight_model::User;
use people::{Node, until, user};
use server::RedisServer;
use std::sync::Arc;

const PARTITIONS: u16 = 4;

async fn two_nodes(server: &RedisServer) -> (Node, Node) {
    (Node::open(server.settings(PARTITIONS)).await, Node::open(server.settings(PARTITIONS)).await)
}

fn interest(reader: &LogReader) -> &Interest {
    reader.interest().unwrap()
}

/// The custom statuses that a reader has got since the last call.
fn texts(reader: &mut LogReader) -> Vec<String> {
    let (heard, texts) = take(reader);
    assert_eq!(heard, Heard::All);
    texts
}

/// Reads the log. Returns whether entries were dropped, and the custom statuses of the others.
fn take(reader: &mut LogReader) -> (Heard, Vec<String>) {
    let mut entries = Vec::new();
    let heard = reader.take(&mut entries);
    let mut texts = Vec::new();
    for entry in entries {
        if let News::Status(status) = &entry.news {
            texts.push(status.custom_status.as_str().to_owned());
        }
    }
    (heard, texts)
}

#[tokio::test]
async fn a_change_that_concerns_nobody_on_a_node_is_counted_and_wakes_nobody() {
    let server = RedisServer::start().await;
    let (one, other) = two_nodes(&server).await;
    let (mut first, mut second) = (other.log.follow_interest(), other.log.follow_interest());
    for name in ["a", "b"] {
        one.seed(name).await.unwrap();
        one.connect(name, 1).await.unwrap();
    }
    until("the connects are heard", async || other.redis.figures().batches == 2).await;
    interest(&first).add(&user("b"));
    for n in 0..50 {
        one.set_custom("a", &n.to_string()).await.unwrap();
        one.set_custom("b", &n.to_string()).await.unwrap();
    }
    until("everything is heard", async || other.redis.figures().batches == 102).await;
    // Both connects, and the changes of "a".
    assert_eq!(other.redis.figures().passed_over, 52);
    assert_eq!(texts(&mut first), (0..50).map(|n| n.to_string()).collect::<Vec<_>>());
    let is_woken = tokio::time::timeout(std::time::Duration::from_millis(1), second.ready()).await.is_ok();
    assert!(!is_woken && texts(&mut second).is_empty());
    let figures = other.redis.figures();
    assert_eq!((figures.missed, figures.interests), (0, 1));
}

#[tokio::test]
async fn a_change_of_the_node_itself_wakes_only_those_whom_it_concerns() {
    let server = RedisServer::start().await;
    let node = Node::open(server.settings(PARTITIONS)).await;
    let (mut first, mut second) = (node.log.follow_interest(), node.log.follow_interest());
    interest(&first).add(&user("a"));
    node.seed("a").await.unwrap();
    node.connect("a", 1).await.unwrap();
    let logged = node.set_custom("a", "x").await.unwrap().unwrap();
    assert_eq!(logged.entries.len(), 1);
    assert_eq!(texts(&mut first), ["", "x"]);
    assert!(texts(&mut second).is_empty());
}

/// A worker adds its interest and then reads the record. Meanwhile, another node changes the record again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_change_falls_between_the_interest_and_the_read() {
    let server = RedisServer::start().await;
    let (one, other) = two_nodes(&server).await;
    one.seed("a").await.unwrap();
    one.connect("a", 1).await.unwrap();
    one.set_custom("a", "0").await.unwrap();
    until("the connect is heard", async || other.redis.figures().batches == 2).await;
    let one = Arc::new(one);
    let writer = tokio::spawn(async move {
        for n in 1..=2_000 {
            one.set_custom("a", &n.to_string()).await.unwrap();
        }
    });
    let (mut rounds, mut dropped) = (0, 0);
    while !writer.is_finished() || rounds == dropped {
        let mut reader = other.log.follow_interest();
        interest(&reader).add(&user("a"));
        let show =
            |_: &User, presence: Option<&Presence>| presence.unwrap().custom_status().as_str().to_owned();
        let read: u32 = other.directory.read(&[user("a")], show).await.unwrap()[0].parse().unwrap();
        if read < 1_990 {
            reader.ready().await;
        }
        let (heard, texts) = take(&mut reader);
        rounds += 1;
        if heard != Heard::All {
            // On a busy machine, a node may fall behind by more batches than Redis keeps. It then says so.
            dropped += 1;
            continue;
        }
        let heard: Vec<u32> = texts.iter().map(|text| text.parse().unwrap()).collect();
        let later: Vec<u32> = heard.iter().copied().filter(|n| *n > read).collect();
        let expected: Vec<u32> = (read + 1..).take(later.len()).collect();
        assert_eq!(later, expected, "read {read}, heard {heard:?}");
    }
    writer.await.unwrap();
    let is_counted = || {
        let figures = other.redis.figures();
        figures.batches >= 2_002 || figures.missed > 0
    };
    until("every change is counted", async || is_counted()).await;
    // On a busy machine, the check for lost pushes can find a batch before its push arrives, which is a gap.
    assert_eq!(other.redis.figures().interests, 0, "{rounds} rounds");
}
