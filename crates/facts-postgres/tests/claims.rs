//! Tests of the claim to a database: by one server alone, or by the nodes of one cluster.

// Helpers of tests may panic.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Database, server};
use lamplight_facts::{Facts, FactsErrorKind};
use lamplight_facts_postgres::{Cause, ClusterIdentity, InUse, PostgresFacts, Target, cause};
use std::time::{Duration, Instant};

const ALONE: Option<ClusterIdentity> = None;
const ONE: Option<ClusterIdentity> = Some(ClusterIdentity(1));
const OTHER: Option<ClusterIdentity> = Some(ClusterIdentity(2));

/// Opens the database with this claim. If the database is in use, returns the reason as an error.
async fn open(database: &Database, sharing: Option<ClusterIdentity>) -> Result<PostgresFacts, InUse> {
    let settings = server().await.settings(database.name());
    let settings =
        lamplight_facts_postgres::PostgresSettings { sharing, patience: Duration::ZERO, ..settings };
    PostgresFacts::open(&settings).await.map_err(|error| match cause(&error) {
        Some(Cause::InUse(in_use)) => in_use,
        other => panic!("{other:?} {error:?}"),
    })
}

async fn wait_until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !done().await {
        assert!(started.elapsed() < Duration::from_secs(60), "it does not come: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_database_is_used_by_one_server_or_by_one_cluster() {
    let (database, elsewhere) =
        (server().await.create_database().await, server().await.create_database().await);
    let _elsewhere = open(&elsewhere, ALONE).await.unwrap();
    let table = [
        (ALONE, ALONE, Some(InUse::ByServer)),
        (ALONE, ONE, Some(InUse::ByServer)),
        (ONE, ALONE, Some(InUse::ByCluster)),
        (ONE, OTHER, Some(InUse::ByOtherCluster)),
        (ONE, ONE, None),
    ];
    for (first, second, expected) in table {
        let facts = open(&database, first).await.unwrap();
        assert_eq!(open(&database, second).await.err(), expected, "{first:?} {second:?}");
        // A refused program has left no lock. The programs that use the database may open further connections.
        let calls = futures_util::future::join_all((0..8).map(|_| facts.apps())).await;
        assert!(calls.iter().all(Result::is_ok), "{calls:?}");
        // The examination of `doctor` is no use of the database.
        PostgresFacts::examine(&server().await.settings(database.name())).await.unwrap();
        if let Some(expected) = expected {
            let settings = server().await.settings(database.name());
            let settings =
                lamplight_facts_postgres::PostgresSettings { patience: Duration::ZERO, ..settings };
            let copy = Target::open(&settings).await.err().unwrap();
            assert!(matches!(cause(&copy), Some(Cause::InUse(_))), "{expected:?} {copy:?}");
        }
        facts.close();
        wait_until("the claim is given up", async || open(&database, ALONE).await.is_ok()).await;
        wait_until("and again", async || locks(&database).await == 0).await;
    }
}

/// Several servers start at once. One of them gets the database, and the others are refused.
#[tokio::test]
async fn one_of_several_servers_that_start_at_once_gets_the_database() {
    let database = server().await.create_database().await;
    drop(open(&database, ALONE).await.unwrap());
    wait_until("the claim is given up", async || locks(&database).await == 0).await;
    let starts = futures_util::future::join_all((0..8).map(|_| open(&database, ALONE))).await;
    assert_eq!(starts.iter().filter(|start| start.is_ok()).count(), 1);
}

/// All connections are lost, as when PostgreSQL restarts. Another server then connects first.
#[tokio::test]
async fn a_server_that_has_lost_its_database_to_another_refuses_calls_until_that_one_ends() {
    for sharing in [ALONE, ONE] {
        let database = server().await.create_database().await;
        let facts = open(&database, sharing).await.unwrap();
        facts.probe().await.unwrap();
        let faster = server().await.connect(database.name()).await;
        let admin = server().await.connect("postgres").await;
        let allow = async |allowed: bool| {
            let sql = format!("ALTER DATABASE {} ALLOW_CONNECTIONS {allowed}", database.name());
            admin.batch_execute(&sql).await.unwrap();
        };
        allow(false).await;
        // The locks of two other servers that use the database alone.
        faster.batch_execute("SELECT pg_advisory_lock_shared(76110, 5)").await.unwrap();
        faster.batch_execute(END_OTHERS).await.unwrap();
        allow(true).await;
        // It is noticed without any call.
        let in_use = Some(Cause::InUse(InUse::ByServer));
        wait_until("the loss is noticed", async || facts.failing() == in_use).await;
        for _ in 0..2 {
            let error = facts.apps().await.unwrap_err();
            assert_eq!((cause(&error), error.kind), (in_use, FactsErrorKind::Unavailable));
            assert!(facts.probe().await.is_err());
            assert_eq!(facts.failing(), in_use);
        }
        drop(faster);
        wait_until("the other has ended", async || facts.failing().is_none()).await;
        facts.probe().await.unwrap();
        assert!(open(&database, ALONE).await.is_err(), "it has the database again");
    }
}

/// The claim is renewed after the loss of its connection, even without calls.
#[tokio::test]
async fn a_server_that_does_nothing_claims_its_database_again() {
    let database = server().await.create_database().await;
    let facts = open(&database, ALONE).await.unwrap();
    let watching = server().await.connect(database.name()).await;
    watching.batch_execute(END_OTHERS).await.unwrap();
    wait_until("the claim is renewed", async || locks(&database).await > 0).await;
    assert_eq!(open(&database, ALONE).await.err(), Some(InUse::ByServer));
    drop(facts);
}

/// Ends all other connections to the database.
const END_OTHERS: &str = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()";

/// The number of advisory locks in the database.
async fn locks(database: &Database) -> i64 {
    let admin = server().await.connect("postgres").await;
    let sql = "SELECT count(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
        WHERE d.datname = $1 AND l.locktype = 'advisory'";
    admin.query_one(sql, &[&database.name()]).await.unwrap().get(0)
}
