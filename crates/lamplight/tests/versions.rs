//! Tests servers of this release with data that a later release has written to the shared stores, as in an upgrade of
//! one node after another.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, clippy::print_stdout, missing_docs)]

mod fleet;

use fleet::party::{messages, query, send, told_only_online, try_custom};
use fleet::{APP, GRACE, LEASE, PATIENCE, Server, Stores, Times, wait_until};
use lamplight_wire::v1::connection_ended::Cause;
use std::path::Path;
use std::time::Duration;

impl Stores {
    /// Starts a server that must end at once. Returns its log.
    fn refused(&self, name: &str) -> String {
        let times = Times { lease: LEASE, grace: GRACE };
        let server = Server::start(name, &self.facts, &self.redis.url(), times, Path::new("/"));
        let (code, log) = server.running.wait();
        assert!(code.is_some_and(|code| code != 0), "{code:?}: {log}");
        log
    }

    async fn change_facts(&self, sql: &str) {
        let (client, connection) = tokio_postgres::connect(&self.facts, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(sql).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_go_on_over_the_tables_of_a_later_release_and_do_not_start_over_them() {
    let stores = Stores::start().await;
    let [a, b] = stores.serve(["a", "b"]);
    let [alices, bobs, carols] = a.create_accounts(["alice", "bob", "carol"]);
    let (mut alice, mut bob) = (alices.log_in(&a), bobs.log_in(&b));
    bob.subscribe(&["alice", "carol"]);
    bob.hears_of(&mut alice, "alice", "here");
    assert_eq!(send(&mut alice, "bob", "before"), Ok(()));

    // The first node of a later release migrates the tables.
    stores
        .change_facts(
            "ALTER TABLE accounts ADD COLUMN later bigint NOT NULL DEFAULT 0;
             CREATE TABLE later (id bigint PRIMARY KEY);
             UPDATE lamplight_schema SET version = version + 1",
        )
        .await;
    let mut carol = carols.log_in(&a);
    bob.told_online("carol");
    assert_eq!(send(&mut carol, "bob", "after"), Ok(()));
    bob.hears_of(&mut alice, "alice", "still here");
    b.folder.ok(&["account", "create", "dora"]);
    assert_eq!(messages(&mut bob, "alice"), ["before"]);
    assert_eq!(messages(&mut bob, "carol"), ["after"]);

    // One node after another is stopped. Its clients move, and no watcher notices.
    a.stop();
    assert_eq!(alice.ended(), Cause::Reconnect);
    let (mut alice, _carol) = (alices.resume(&b).unwrap(), carols.resume(&b).unwrap());
    bob.hears_of(&mut alice, "alice", "moved");
    told_only_online(&bob, &["alice", "carol"]);
    let log = stores.refused("a");
    assert!(log.contains("and this program knows schemas up to"), "{log}");
    bob.hears_of(&mut alice, "alice", "not disturbed");
    b.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_does_not_start_over_keys_of_another_format() {
    let stores = Stores::start().await;
    let [a] = stores.serve(["a"]);
    let [alices, bobs] = a.create_accounts(["alice", "bob"]);
    let (mut alice, mut bob) = (alices.log_in(&a), bobs.log_in(&a));
    bob.subscribe(&["alice"]);
    stores.redis.command::<u64>("HSET lm:meta format 2").await;
    let log = stores.refused("b");
    assert!(log.contains("the data in Redis has format"), "{log}");
    bob.hears_of(&mut alice, "alice", "not disturbed");
    stores.redis.command::<u64>("HSET lm:meta format 1").await;
    let [b] = stores.serve(["b"]);
    wait_until("each server sees the other", PATIENCE, || a.metric("cluster_live_nodes") == 2.0);
    b.stop();
    a.stop();
}

/// A record in a format that this release does not know affects only its user, and is not changed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_of_another_format_is_left_alone() {
    let stores = Stores::start().await;
    let [a, b] = stores.serve(["a", "b"]);
    let [alices, bobs, carols] = a.create_accounts(["alice", "bob", "carol"]);
    let (mut alice, mut bob, mut carol) = (alices.log_in(&a), bobs.log_in(&b), carols.log_in(&a));
    bob.subscribe(&["alice", "carol"]);
    bob.hears_of(&mut alice, "alice", "readable");

    let mut redis = stores.redis.connection().await;
    let keys: Vec<String> =
        redis::cmd("KEYS").arg(format!("lm:*:rec:{APP}")).query_async(&mut redis).await.unwrap();
    let mut found = None;
    for key in keys {
        let get = redis::cmd("HGET").arg(&key).arg("alice").query_async(&mut redis).await;
        if let Some(record) = get.unwrap() {
            found = Some((key, record));
        }
    }
    let (key, record): (String, Vec<u8>) = found.unwrap();
    let format = record.iter().position(|byte| *byte == b':').unwrap() + 1;
    let mut later = record.clone();
    later[format] = b'~';
    // The revision differs, so that no server uses the record that it has cached.
    later.insert(0, b'9');
    let put = async |redis: &mut redis::aio::MultiplexedConnection, record: &[u8]| {
        redis::cmd("HSET").arg(&key).arg("alice").arg(record).query_async::<u64>(redis).await.unwrap();
    };
    put(&mut redis, &later).await;

    let bobs_query = query(&mut bob, &["alice"]);
    assert!(bobs_query.is_err(), "{bobs_query:?}");
    assert!(try_custom(&mut alice, "unreadable").is_err());
    assert_eq!(query(&mut bob, &["carol"]).unwrap().len(), 1);
    bob.hears_of(&mut carol, "carol", "not disturbed");
    let now: Vec<u8> = redis::cmd("HGET").arg(&key).arg("alice").query_async(&mut redis).await.unwrap();
    assert_eq!(now, later, "it stays as it is");

    put(&mut redis, &record).await;
    wait_until("the record can be read again", Duration::from_secs(30), || {
        query(&mut bob, &["alice"]).is_ok_and(|found| found[0].custom_status == "readable")
    });
    assert!(alice.is_alive());
    bob.hears_of(&mut alice, "alice", "readable again");
    told_only_online(&bob, &["alice", "carol"]);
    a.stop();
    b.stop();
}
