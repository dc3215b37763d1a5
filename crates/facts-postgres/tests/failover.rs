//! Tests of a standby that takes over from the server of the facts.

// Helpers of tests may panic.
#![allow(clippy::unwrap_used)]

mod common;

use common::Server;
use lamplight_facts::Facts;
use lamplight_facts_postgres::{Cause, PostgresFacts, PostgresSettings, PostgresUrl};
use lamplight_model::{AppId, Timestamp, User, UserId};
use std::time::{Duration, Instant};

/// The time for connecting in these tests. The machine may be busy with other tests.
const CONNECTING: Duration = Duration::from_secs(4);

struct Pair {
    primary: Server,
    standby: Server,
}

impl Pair {
    async fn start() -> Self {
        let primary = Server::start().await;
        primary.connect("postgres").await.batch_execute("CREATE DATABASE shop").await.unwrap();
        let standby = primary.start_standby().await;
        primary.wait_for_standby().await;
        Self { primary, standby }
    }

    fn settings(&self) -> PostgresSettings {
        let url = PostgresUrl::new(&self.primary.url_with(&self.standby, "shop")).unwrap();
        let calls = Duration::from_secs(8);
        PostgresSettings {
            connections: 4,
            connect_timeout: CONNECTING,
            call_timeout: calls,
            ..PostgresSettings::new(url)
        }
    }
}

fn user(n: u64) -> User {
    User::new(AppId(7), UserId::new(&format!("user {n}")).unwrap())
}

async fn create(facts: &PostgresFacts, n: u64) -> bool {
    facts.create_account(user(n), Timestamp(n)).await.is_ok()
}

/// Opens all connections of a store, so that each of them leads to the primary.
async fn use_all(facts: &PostgresFacts) {
    for n in 0..8 {
        assert!(create(facts, n).await);
    }
    let mut calls = Vec::new();
    for n in 0..8 {
        calls.push(facts.accounts(vec![user(n)]));
    }
    for found in futures_util::future::join_all(calls).await {
        assert!(found.unwrap()[0].is_some());
    }
}

/// Checks that a store continues with the standby after the loss of the primary, and has all facts.
async fn goes_on(pair: &Pair, facts: &PostgresFacts, within: Duration) {
    let lost = Instant::now();
    let mut n = 100;
    while !create(facts, n).await {
        n += 1;
        assert!(lost.elapsed() < within, "{:?}", facts.failing());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let acknowledged = facts.accounts((0..8).map(user).collect()).await.unwrap();
    assert!(acknowledged.iter().all(Option::is_some), "{acknowledged:?}");
    assert_eq!(facts.failing(), None);
    // A node that starts now also finds the standby.
    facts.close();
    PostgresFacts::open(&pair.settings()).await.unwrap();
}

#[tokio::test]
async fn after_a_crash_of_the_primary_its_standby_is_used() {
    let mut pair = Pair::start().await;
    let facts = PostgresFacts::open(&pair.settings()).await.unwrap();
    use_all(&facts).await;
    pair.primary.crash().await;
    assert!(!create(&facts, 90).await, "no server accepts writes");
    pair.standby.promote().await;
    goes_on(&pair, &facts, Duration::from_secs(30)).await;
}

/// A hanging server accepts connections and answers nothing.
#[tokio::test]
async fn a_primary_that_hangs_does_not_keep_its_standby_from_being_used() {
    let pair = Pair::start().await;
    let facts = PostgresFacts::open(&pair.settings()).await.unwrap();
    use_all(&facts).await;
    pair.primary.freeze(true);
    pair.standby.promote().await;
    goes_on(&pair, &facts, Duration::from_secs(30)).await;
    pair.primary.freeze(false);
}

/// The former primary comes back and still accepts writes, because it does not know that the standby was promoted.
#[tokio::test]
async fn a_former_primary_that_comes_back_is_not_used() {
    let mut pair = Pair::start().await;
    let facts = PostgresFacts::open(&pair.settings()).await.unwrap();
    use_all(&facts).await;
    facts.advance_mark(Some(3)).await.unwrap();
    pair.primary.crash().await;
    pair.standby.promote().await;
    while !create(&facts, 90).await {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    facts.advance_mark(None).await.unwrap();
    pair.primary.restart().await;
    pair.primary.commit_alone().await;
    // The connections are opened again.
    let admin = pair.standby.connect("postgres").await;
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'shop'";
    admin.batch_execute(end).await.unwrap();
    let ended = Instant::now();
    while !create(&facts, 91).await {
        assert_ne!(facts.failing(), Some(Cause::Exchanged));
        assert!(ended.elapsed() < Duration::from_secs(30), "{:?}", facts.failing());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // A connection for reads may have been opened to the former primary first, which fails one call.
    let found = loop {
        match facts.accounts(vec![user(90)]).await {
            Ok(found) => break found,
            Err(error) => assert!(ended.elapsed() < Duration::from_secs(30), "{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(found[0].is_some());
}
