//! The directory over a Redis Cluster of three shards: the conformance suite, failover, and slots that move.

#![allow(clippy::unwrap_used, missing_docs)]

mod people;
mod servers;

use lamplight_directory::conformance::Ports;
use lamplight_directory_redis::{RedisDirectory, RedisSettings};
use people::{Node, until, user};
use servers::{Cluster, settings};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, mpsc};

const PARTITIONS: u16 = 64;

/// The cluster for tests that stop no server. Each test uses its own prefix.
fn shared_cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let (sender, receiver) = mpsc::channel();
        // The servers end with this thread, which ends with the program.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            sender.send(runtime.block_on(Cluster::start(0))).unwrap();
            loop {
                std::thread::park();
            }
        });
        receiver.recv().unwrap()
    })
}

fn own_prefix() -> RedisSettings {
    static TESTS: AtomicU64 = AtomicU64::new(0);
    let prefix = format!("test{}", TESTS.fetch_add(1, Ordering::Relaxed));
    RedisSettings { prefix, ..settings(shared_cluster().url(), PARTITIONS) }
}

mod three_shards {
    async fn make() -> (lamplight_directory::conformance::Ports, ()) {
        let directory = super::RedisDirectory::open(super::own_prefix()).await.unwrap();
        (super::Ports::of(super::Arc::new(directory)), ())
    }

    lamplight_directory::directory_conformance_tests!(make);

    async fn nodes() -> (std::sync::Arc<dyn lamplight_directory::Nodes>, ()) {
        (std::sync::Arc::new(super::RedisDirectory::open(super::own_prefix()).await.unwrap()), ())
    }

    lamplight_directory::nodes_conformance_tests!(nodes);

    async fn limits() -> (std::sync::Arc<dyn lamplight_directory::Limits>, ()) {
        (std::sync::Arc::new(super::RedisDirectory::open(super::own_prefix()).await.unwrap()), ())
    }

    lamplight_directory::limits_conformance_tests!(limits);
}

#[tokio::test]
async fn changes_on_every_shard_are_heard_on_the_other_node() {
    let settings = own_prefix();
    let (one, other) = (Node::open(settings.clone()).await, Node::open(settings).await);
    let mut ear = other.follow();
    for n in 0..60 {
        let name = format!("user {n}");
        one.seed(&name).await.unwrap();
        one.connect(&name, n).await.unwrap().unwrap();
        one.set_custom(&name, &format!("text {n}")).await.unwrap().unwrap();
    }
    for n in 0..60 {
        ear.until_text(&format!("text {n}")).await;
    }
    assert_eq!(ear.missed.len(), 0);
    until("the figures are those of all shards", async || other.directory.stats().online == 60).await;
}

/// Counts the commands and the reads from sockets on each server.
#[tokio::test]
async fn a_batch_of_reads_is_one_round_trip_a_shard() {
    let cluster = Cluster::start(0).await;
    let settings = RedisSettings {
        compare_every: std::time::Duration::from_secs(3600),
        ..settings(cluster.url(), PARTITIONS)
    };
    let node = Node::open(settings).await;
    let users: Vec<_> = (0..500).map(|n| user(&format!("user {n}"))).collect();
    let counts = async || {
        let mut counts = Vec::new();
        for server in &cluster.servers {
            let stats: String = server.command("INFO stats").await;
            let commands: String = server.command("INFO commandstats").await;
            let reads = stats.lines().find_map(|line| line.strip_prefix("total_reads_processed:")).unwrap();
            let calls = commands.lines().find_map(|line| line.strip_prefix("cmdstat_hmget:calls="));
            let calls = calls.map_or(0, |rest| rest.split(',').next().unwrap().parse::<u64>().unwrap());
            counts.push((reads.trim().parse::<u64>().unwrap(), calls));
        }
        counts
    };
    let difference = |before: &[(u64, u64)], after: &[(u64, u64)]| -> Vec<(u64, u64)> {
        before.iter().zip(after).map(|(before, after)| (after.0 - before.0, after.1 - before.1)).collect()
    };
    let (first, before) = (counts().await, counts().await);
    node.directory.read(&users, |_, _| ()).await.unwrap();
    let after = counts().await;
    let (own, with_reads) = (difference(&first, &before), difference(&before, &after));
    let calls: u64 = with_reads.iter().map(|(_, calls)| calls).sum();
    // One command for the records of each partition, and one for its epoch.
    assert_eq!(calls, 2 * u64::from(PARTITIONS));
    for (own, with_reads) in own.iter().zip(&with_reads) {
        // A server reads 16 KiB at a time, so a round trip may be two reads.
        let reads = with_reads.0.saturating_sub(own.0);
        assert!((1..=2).contains(&reads), "{reads} reads for {} commands", with_reads.1);
    }
}

#[tokio::test]
async fn after_a_failover_the_shard_has_another_epoch_and_the_others_miss_nothing() {
    let mut cluster = Cluster::start(1).await;
    let settings = settings(cluster.url(), PARTITIONS);
    let (one, other) = (Node::open(settings.clone()).await, Node::open(settings).await);
    let names: Vec<String> = (0..30).map(|n| format!("user {n}")).collect();
    for (n, name) in (0..).zip(&names) {
        one.seed(name).await.unwrap();
        one.connect(name, n).await.unwrap().unwrap();
    }
    let partition = one.directory.partition_of(&user(&names[0]));
    let slot = cluster.slot(partition).await;
    let master = cluster.master_of(slot, 0).await;
    let replica = cluster.replica_of(master).await;
    let asked = (master + 1) % 3;
    let mut lost = BTreeSet::new();
    for partition in 0..PARTITIONS {
        let slot = cluster.slot(partition).await;
        if cluster.master_of(slot, asked).await == master {
            lost.insert(partition);
        }
    }
    let size = async |of: usize| cluster.servers[of].command::<u64>("DBSIZE").await;
    until("the replica has all records", async || size(replica).await == size(master).await).await;
    let epoch = one.directory.epoch();
    let mut ears = [one.follow(), other.follow()];
    cluster.servers[master].kill();
    let elsewhere =
        names.iter().find(|name| !lost.contains(&one.directory.partition_of(&user(name)))).unwrap();
    one.set_custom(elsewhere, "meanwhile").await.unwrap().unwrap();
    let _: String = cluster.servers[replica].command("CLUSTER FAILOVER TAKEOVER").await;
    until("the shard serves again", async || matches!(one.set_custom(&names[0], "after").await, Ok(Some(_))))
        .await;
    for ear in &mut ears {
        ear.until_text("meanwhile").await;
        for partition in &lost {
            ear.until_missed(*partition).await;
        }
        assert_eq!(ear.missed, lost, "no other partition has lost anything");
    }
    for node in [&one, &other] {
        until("each node has the new epoch", async || node.directory.epoch() > epoch).await;
    }
    other.set_custom(&names[0], "end").await.unwrap().unwrap();
    for ear in &mut ears {
        ear.until_text("end").await;
    }
}

#[tokio::test]
async fn while_a_shard_is_away_users_of_the_others_are_read() {
    let mut cluster = Cluster::start(0).await;
    let settings = settings(cluster.url(), PARTITIONS);
    // Servers of a Redis Cluster refuse all calls after a while if one of them is away, unless this is set.
    for server in &cluster.servers {
        let _: String = server.command("CONFIG SET cluster-require-full-coverage no").await;
    }
    let node = Node::open(settings).await;
    let users: Vec<_> = (0..500).map(|n| user(&format!("user {n}"))).collect();
    let master = cluster.master_of(cluster.slot(node.directory.partition_of(&users[0])).await, 0).await;
    cluster.servers[master].kill();
    assert!(node.directory.read(&users, |_, _| ()).await.is_err(), "some of the users are not known");
    until("the node knows that the shard is away", async || !node.directory.is_connected_to(&users[0])).await;
    let (near, far): (Vec<_>, Vec<_>) =
        users.into_iter().partition(|user| node.directory.is_connected_to(user));
    assert!(near.len() > 250 && far.len() > 100, "{} {}", near.len(), far.len());
    node.directory.read(&near, |_, _| ()).await.unwrap();
    assert!(node.directory.read(&far[..1], |_, _| ()).await.is_err());
    cluster.servers[master].revive();
    until("all are read again", async || node.directory.read(&far, |_, _| ()).await.is_ok()).await;
}

/// A replica takes over without the last writes of the master. The lost writes are a change of one record, and another
/// record as a whole.
#[tokio::test]
async fn writes_that_a_failover_has_lost_are_noticed_and_not_continued() {
    let mut cluster = Cluster::start(1).await;
    let settings = RedisSettings { partitions: 1, ..settings(cluster.url(), 1) };
    let (one, other) = (Node::open(settings.clone()).await, Node::open(settings).await);
    one.seed("a").await.unwrap();
    one.connect("a", 1).await.unwrap().unwrap();
    one.set_custom("a", "kept").await.unwrap().unwrap();
    let master = cluster.master_of(cluster.slot(0).await, 0).await;
    let replica = cluster.replica_of(master).await;
    let offset = async |of: usize| -> String {
        let info: String = cluster.servers[of].command("INFO replication").await;
        info.lines().find_map(|line| line.strip_prefix("master_repl_offset:")).unwrap().to_owned()
    };
    until("the replica has all records", async || offset(replica).await == offset(master).await).await;
    cluster.servers[replica].signal("-STOP");
    let _: u64 = cluster.servers[master].command("CLIENT KILL TYPE replica").await;
    let lost = one.set_custom("a", "lost").await.unwrap().unwrap();
    other.seed("b").await.unwrap();
    assert_eq!(other.custom("b").await.unwrap().unwrap(), "");

    let (epoch, mut ears) = (one.directory.epoch(), [one.follow(), other.follow()]);
    cluster.servers[master].kill();
    cluster.servers[replica].signal("-CONT");
    let _: String = cluster.servers[replica].command("CLUSTER FAILOVER TAKEOVER").await;
    for node in [&one, &other] {
        until("the shard serves again", async || node.custom("a").await.is_ok()).await;
        assert_eq!(node.custom("a").await.unwrap().unwrap(), "kept");
        assert_eq!(node.custom("b").await.unwrap(), None);
        assert!(node.directory.epoch() > epoch, "an absent record may have been lost");
    }
    for ear in &mut ears {
        ear.until_missed(0).await;
    }
    // The lost change is not taken up again from the record that the node has kept.
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let connected = one.connect("a", 2).await.unwrap().unwrap();
    assert!(connected.rev > lost.rev, "{connected:?} is later than {lost:?}");
    assert_eq!(other.custom("a").await.unwrap().unwrap(), "kept");
    other.set_custom("a", "end").await.unwrap().unwrap();
    for ear in &mut ears {
        ear.until_text("end").await;
    }
}

/// The interrupted move leaves keys of the slot on two servers.
#[tokio::test]
async fn a_slot_whose_move_was_interrupted_holds_up_no_other_partition() {
    let cluster = Cluster::start(0).await;
    let settings =
        RedisSettings { timeout: std::time::Duration::from_secs(1), ..settings(cluster.url(), PARTITIONS) };
    let one = Node::open(settings.clone()).await;
    let partition = one.directory.partition_of(&user("a"));
    let slot = cluster.slot(partition).await;
    let from = cluster.master_of(slot, 0).await;
    let mut beside = None;
    for n in 0..100 {
        let name = format!("user {n}");
        let its = one.directory.partition_of(&user(&name));
        if its != partition && cluster.master_of(cluster.slot(its).await, 0).await == from {
            beside = Some(name);
            break;
        }
    }
    let beside = beside.unwrap();
    for name in ["a", &beside] {
        one.seed(name).await.unwrap();
        one.connect(name, 1).await.unwrap().unwrap();
    }
    let finish = cluster.begin_move(slot, from, (from + 1) % 3, 1).await;
    // The node opens its connections again.
    for server in &cluster.servers {
        let _: u64 = server.command("CLIENT KILL TYPE normal").await;
    }
    until("the other partitions are served", async || {
        matches!(one.set_custom(&beside, "meanwhile").await, Ok(Some(_)))
    })
    .await;
    assert!(one.set_custom("a", "meanwhile").await.is_err(), "its keys are on two servers");
    cluster.end_move(finish).await;
    until("the slot has moved", async || matches!(one.set_custom("a", "after").await, Ok(Some(_)))).await;
}

/// A master changes its replication id some time after its last replica is gone. The node knows only the former id.
#[tokio::test]
async fn a_failover_is_noticed_though_the_former_master_still_has_its_connection() {
    let cluster = Cluster::start_with(1, &["--repl-backlog-ttl", "1"]).await;
    let settings =
        RedisSettings { timeout: std::time::Duration::from_secs(2), ..settings(cluster.url(), PARTITIONS) };
    let nodes =
        [Node::open(settings.clone()).await, Node::open(settings.clone()).await, Node::open(settings).await];
    let one = &nodes[0];
    one.seed("a").await.unwrap();
    one.connect("a", 1).await.unwrap().unwrap();
    let slot = cluster.slot(one.directory.partition_of(&user("a"))).await;
    let master = cluster.master_of(slot, 0).await;
    let replica = cluster.replica_of(master).await;
    let id = async || {
        let info: String = cluster.servers[master].command("INFO replication").await;
        info.lines().find_map(|line| line.strip_prefix("master_replid:")).unwrap().to_owned()
    };
    let is_linked = async || {
        let info: String = cluster.servers[replica].command("INFO replication").await;
        info.contains("master_link_status:up")
    };
    let former = id().await;
    let _: String = cluster.servers[master].command("CONFIG SET repl-diskless-sync no").await;
    cluster.servers[replica].signal("-STOP");
    let _: u64 = cluster.servers[master].command("CLIENT KILL TYPE replica").await;
    until("the master has another replication id", async || id().await != former).await;
    cluster.servers[replica].signal("-CONT");
    until("the replica follows again", is_linked).await;
    let size = async |of: usize| cluster.servers[of].command::<u64>("DBSIZE").await;
    until("the replica has all records", async || size(replica).await == size(master).await).await;

    let epoch = one.directory.epoch();
    cluster.servers[master].signal("-STOP");
    let _: String = cluster.servers[replica].command("CLUSTER FAILOVER TAKEOVER").await;
    for node in &nodes {
        until("the shard serves again", async || matches!(node.custom("a").await, Ok(Some(_)))).await;
        assert!(node.directory.epoch() > epoch, "the replica may lack the last writes");
    }
}

#[tokio::test]
async fn while_a_slot_moves_nothing_is_lost_and_no_epoch_ends() {
    let cluster = Cluster::start(0).await;
    let settings = settings(cluster.url(), PARTITIONS);
    let (one, other) = (Arc::new(Node::open(settings.clone()).await), Node::open(settings.clone()).await);
    let mut ear = other.follow();
    one.seed("a").await.unwrap();
    one.connect("a", 1).await.unwrap().unwrap();
    let partition = one.directory.partition_of(&user("a"));
    let slot = cluster.slot(partition).await;
    let from = cluster.master_of(slot, 0).await;
    let to = (from + 1) % 3;
    let epoch = one.directory.epoch();
    let writer = {
        let one = Arc::clone(&one);
        tokio::spawn(async move {
            // The login has no text.
            let mut written = vec![String::new()];
            for n in 0..150 {
                let text = format!("text {n}");
                one.set_custom("a", &text).await.unwrap().unwrap();
                written.push(text);
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            written
        })
    };
    cluster.move_slot(slot, from, to).await;
    let written = writer.await.unwrap();
    ear.until_text(written.last().unwrap()).await;
    assert_eq!(ear.missed.len(), 0);
    assert_eq!(ear.texts, written, "each change is heard once and in order");
    assert_eq!((one.directory.epoch(), other.directory.epoch()), (epoch, epoch));
    // A node that connects afterwards finds the run of the new server in the head.
    let third = Node::open(settings).await;
    assert_eq!(third.custom("a").await.unwrap().unwrap(), *written.last().unwrap());
    assert_eq!(third.directory.epoch(), epoch);
}
