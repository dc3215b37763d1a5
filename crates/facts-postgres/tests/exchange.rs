//! Tests of a database that is exchanged or restored from a backup while a node uses it.

// Helpers of tests may panic.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Database, server};
use lamplight_facts::{Facts, FactsErrorKind};
use lamplight_facts_postgres::{Cause, ClusterIdentity, PostgresFacts, PostgresSettings, cause};
use lamplight_model::{AppId, FactsMark, Timestamp, User, UserId};
use std::time::{Duration, Instant};

async fn open(database: &Database, sharing: Option<ClusterIdentity>) -> PostgresFacts {
    let settings = server().await.settings(database.name());
    PostgresFacts::open(&PostgresSettings { sharing, ..settings }).await.unwrap()
}

async fn wait_for(facts: &PostgresFacts, expected: Option<Cause>) {
    let started = Instant::now();
    while facts.failing() != expected {
        assert!(started.elapsed() < Duration::from_secs(60), "{:?} and not {expected:?}", facts.failing());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn assert_refused(facts: &PostgresFacts) {
    wait_for(facts, Some(Cause::Exchanged)).await;
    let error = facts.apps().await.unwrap_err();
    assert_eq!((cause(&error), error.kind), (Some(Cause::Exchanged), FactsErrorKind::Unavailable));
    assert!(facts.probe().await.is_err() && facts.advance_mark(None).await.is_err());
    assert_eq!(facts.failing(), Some(Cause::Exchanged));
}

fn user(n: u64) -> User {
    User::new(AppId(7), UserId::new(&format!("user {n}")).unwrap())
}

/// Exchanges the names of two databases. Ends all connections to both.
async fn exchange(one: &Database, other: &Database) {
    let admin = server().await.connect("postgres").await;
    let run = async |sql: String| admin.batch_execute(&sql).await.unwrap();
    let (one, other) = (one.name(), other.name());
    run(format!("ALTER DATABASE {one} ALLOW_CONNECTIONS false")).await;
    run(format!("ALTER DATABASE {other} ALLOW_CONNECTIONS false")).await;
    run(format!(
        "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname IN ('{one}', '{other}')"
    ))
    .await;
    run(format!("ALTER DATABASE {one} RENAME TO {one}_aside")).await;
    run(format!("ALTER DATABASE {other} RENAME TO {one}")).await;
    run(format!("ALTER DATABASE {one}_aside RENAME TO {other}")).await;
    run(format!("ALTER DATABASE {other} ALLOW_CONNECTIONS true")).await;
    run(format!("ALTER DATABASE {one} ALLOW_CONNECTIONS true")).await;
}

#[tokio::test]
async fn another_database_behind_the_same_url_is_refused_until_the_right_one_is_back() {
    let (database, backup) = (server().await.create_database().await, server().await.create_database().await);
    let before = open(&database, None).await;
    before.advance_mark(None).await.unwrap();
    before.close();
    let admin = server().await.connect("postgres").await;
    let end = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = $1";
    admin.query(end, &[&database.name()]).await.unwrap();
    admin.batch_execute(&format!("DROP DATABASE {}", backup.name())).await.unwrap();
    let sql = format!("CREATE DATABASE {} TEMPLATE {}", backup.name(), database.name());
    admin.batch_execute(&sql).await.unwrap();
    let empty = server().await.create_database().await;

    let facts = open(&database, None).await;
    facts.advance_mark(None).await.unwrap();
    facts.create_account(user(1), Timestamp(1)).await.unwrap();
    facts.mark_changes().await.unwrap().unwrap();
    for other in [&backup, &empty] {
        exchange(&database, other).await;
        assert_refused(&facts).await;
        exchange(&database, other).await;
        wait_for(&facts, None).await;
        assert!(facts.accounts(vec![user(1)]).await.unwrap()[0].is_some());
    }
    // A restart of PostgreSQL, or the loss of its connections, does not count as an exchange.
    admin.query(end, &[&database.name()]).await.unwrap();
    facts.apps().await.unwrap();
    facts.create_account(user(2), Timestamp(1)).await.unwrap();
    facts.mark_changes().await.unwrap().unwrap();
}

/// The tables are replaced by those of a backup, and no connection ends.
#[tokio::test]
async fn facts_that_were_restored_in_place_are_refused() {
    let database = server().await.create_database().await;
    let facts = open(&database, None).await;
    let mark = facts.advance_mark(Some(9)).await.unwrap();
    let other = server().await.connect(database.name()).await;
    for spoil in ["count = count - 1", "history = history + 1"] {
        other.batch_execute(&format!("UPDATE mark SET {spoil}")).await.unwrap();
        assert_refused(&facts).await;
        let sql = "UPDATE mark SET history = $1, count = $2";
        other.execute(sql, &[&mark.history.cast_signed(), &mark.count.cast_signed()]).await.unwrap();
        wait_for(&facts, None).await;
    }
}

/// The nodes of a cluster advance the same mark. A node begins no new history while other nodes run. The other nodes
/// would take the database with the new history for another database.
#[tokio::test]
async fn the_changes_of_other_nodes_are_no_exchange() {
    let database = server().await.create_database().await;
    let cluster = Some(ClusterIdentity(3));
    let first = open(&database, cluster).await;
    let FactsMark { history, count } = first.begin_in_cluster(5, false).await.unwrap();
    assert_eq!(history, 5);
    let second = open(&database, cluster).await;
    assert_eq!(second.begin_in_cluster(6, false).await.unwrap(), FactsMark { history, count: count + 1 });
    let admin = server().await.connect("postgres").await;
    let end = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = $1";
    for n in 2..5 {
        assert_eq!(first.advance_mark(None).await.unwrap().count, count + n);
        admin.query(end, &[&database.name()]).await.unwrap();
        second.apps().await.unwrap();
        first.apps().await.unwrap();
    }
}

/// After a restart of PostgreSQL, a node may start before the other nodes have claimed the database again.
#[tokio::test]
async fn a_node_continues_the_history_of_its_cluster_when_no_other_node_claims_the_database() {
    let database = server().await.create_database().await;
    let begun = async |sharing: Option<u64>, new: u64, is_known: bool| {
        let facts = open(&database, sharing.map(ClusterIdentity)).await;
        let mark = match sharing {
            Some(_) => facts.begin_in_cluster(new, is_known).await,
            None => facts.advance_mark((new > 0).then_some(new)).await,
        };
        facts.close();
        mark.unwrap().history
    };
    for (sharing, new, is_known, expected, why) in [
        (Some(3), 5, false, 5, "it is the first node"),
        (Some(3), 6, false, 5, "a node of the same cluster has begun the history"),
        (Some(u64::MAX), 7, true, 5, "the directory knows the history"),
        (Some(u64::MAX), 8, false, 5, "this cluster has continued the history"),
        (Some(3), 9, false, 9, "another cluster has used the database since"),
        (None, 10, false, 10, "a server uses the database alone, without live records of this history"),
        (Some(3), 11, false, 11, "a server has used the database alone since"),
        (None, 0, false, 11, "a command uses the database alone, and leaves the history"),
        (Some(3), 12, false, 11, "a command has used the database alone since"),
    ] {
        assert_eq!(begun(sharing, new, is_known).await, expected, "{why}");
    }
}
