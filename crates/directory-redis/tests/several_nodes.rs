//! Several nodes that share one Redis server. The server has no faults in these tests.

#![allow(clippy::unwrap_used, missing_docs)]

mod people;
mod server;

use lamplight_core::{Call, Presence};
use lamplight_directory::{Limited, Limits, LogEntry, News, NodeEntry, Nodes, Taken};
use lamplight_directory_redis::{RedisDirectory, RedisSettings, examine};
use lamplight_model::{AppId, FactsMark, NodeId, RateLimit};
use people::{Node, now, user};
use server::RedisServer;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

const PARTITIONS: u16 = 16;

async fn two_nodes(server: &RedisServer) -> (Node, Node) {
    (Node::open(server.settings(PARTITIONS)).await, Node::open(server.settings(PARTITIONS)).await)
}

#[tokio::test]
async fn a_change_on_one_node_is_heard_on_the_other_in_order() {
    let server = RedisServer::start().await;
    let (one, other) = two_nodes(&server).await;
    let mut ear = other.follow();
    one.seed("a").await.unwrap();
    one.connect("a", 1).await.unwrap();
    for n in 0..200 {
        one.set_custom("a", &n.to_string()).await.unwrap();
    }
    ear.until_text("199").await;
    let expected: Vec<String> =
        std::iter::once(String::new()).chain((0..200).map(|n| n.to_string())).collect();
    assert_eq!((ear.texts, ear.missed.len()), (expected, 0));
    assert_eq!(other.custom("a").await.unwrap().unwrap(), "199");
}

#[tokio::test]
async fn writers_on_two_nodes_lose_no_change_of_each_other() {
    let server = RedisServer::start().await;
    let (one, other) = two_nodes(&server).await;
    let (mut ear, mut other_ear) = (one.follow(), other.follow());
    one.seed("a").await.unwrap();
    let first = one.connect("a", 1).await.unwrap().unwrap().rev;
    let (one, other) = (Arc::new(one), Arc::new(other));
    let writers: Vec<_> = (0..6)
        .map(|writer| {
            let node = Arc::clone(if writer % 2 == 0 { &one } else { &other });
            tokio::spawn(async move {
                for n in 0..40 {
                    node.set_custom("a", &format!("{writer} {n}")).await.unwrap().unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    one.set_custom("a", "end").await.unwrap();
    ear.until_text("end").await;
    other_ear.until_text("end").await;
    assert_eq!(ear.texts.len(), 1 + 6 * 40 + 1);
    assert_eq!(ear.texts, other_ear.texts, "both hear the same order");
    let revs = one.directory.read_revisions(&[user("a")], |_, record| record.map(|(_, rev)| rev)).await;
    assert_eq!(revs.unwrap(), [Some(first + 6 * 40 + 1)], "each change counts one revision");
}

/// Waits until the cache may return a record that its node has just written.
async fn a_moment() {
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
}

/// A node caches a record that it has written. Another node then changes the record.
#[tokio::test]
async fn a_change_that_looks_needless_to_an_outdated_record_is_made() {
    let server = RedisServer::start().await;
    let (one, other) = two_nodes(&server).await;
    one.seed("a").await.unwrap();
    one.connect("a", 1).await.unwrap();
    one.set_custom("a", "x").await.unwrap();
    let before = other.set_custom("a", "y").await.unwrap().unwrap();
    a_moment().await;
    let logged = one.set_custom("a", "x").await.unwrap().unwrap();
    assert_eq!((logged.entries.len(), logged.rev), (1, before.rev + 1));
    assert_eq!(other.custom("a").await.unwrap().unwrap(), "x");
    // A change that is needless writes nothing.
    assert_eq!(one.set_custom("a", "x").await.unwrap().unwrap().entries.len(), 0);
}

/// The number of times that the server has executed a command, according to its `INFO commandstats`.
fn count(info: &str, command: &str) -> i64 {
    let line = info.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
    line.map_or(0, |rest| rest.split(',').next().unwrap().parse().unwrap())
}

/// In a script, the call of a command costs more than the command itself (decision 114).
#[tokio::test]
async fn a_visible_change_is_six_commands_of_one_script() {
    let server = RedisServer::start().await;
    let settings =
        RedisSettings { compare_every: std::time::Duration::from_secs(3600), ..server.settings(PARTITIONS) };
    let node = Node::open(settings).await;
    node.seed("a").await.unwrap();
    node.connect("a", 1).await.unwrap();
    a_moment().await;
    let _: String = server.command("CONFIG RESETSTAT").await;
    node.set_custom("a", "x").await.unwrap();
    let info: String = server.command("INFO commandstats").await;
    let commands = ["evalsha", "hmget", "hget", "hset", "zadd", "spublish", "hincrby"];
    assert_eq!(commands.map(|command| count(&info, command)), [1, 1, 1, 2, 1, 1, 0], "{info}");
}

#[tokio::test]
async fn a_change_of_a_record_that_was_read_or_written_before_is_one_call() {
    let server = RedisServer::start().await;
    let settings =
        RedisSettings { compare_every: std::time::Duration::from_secs(3600), ..server.settings(PARTITIONS) };
    let (one, other) = (Node::open(settings.clone()).await, Node::open(settings).await);
    one.seed("a").await.unwrap();
    one.custom("a").await.unwrap();
    let calls = async || -> (i64, i64) {
        let info: String = server.command("INFO commandstats").await;
        // The script reads the record.
        (count(&info, "evalsha"), count(&info, "hget") - count(&info, "evalsha"))
    };
    let before = calls().await;
    one.connect("a", 1).await.unwrap();
    a_moment().await;
    one.set_custom("a", "x").await.unwrap();
    let after = calls().await;
    assert_eq!((after.0 - before.0, after.1 - before.1), (2, 0));
    // An outdated record costs one more call of the script.
    other.set_custom("a", "y").await.unwrap();
    a_moment().await;
    let before = calls().await;
    one.set_custom("a", "z").await.unwrap();
    let after = calls().await;
    assert_eq!((after.0 - before.0, after.1 - before.1), (2, 0));
    // A login looks at its record before it changes it: the look is the only read, and the change one more call.
    a_moment().await;
    let before = calls().await;
    assert_eq!(one.set_custom("a", "z").await.unwrap().unwrap().entries.len(), 0);
    one.set_custom("a", "w").await.unwrap();
    let after = calls().await;
    assert_eq!((after.0 - before.0, after.1 - before.1), (1, 1));
}

/// The batches must arrive by push. If a node read them from the batches that Redis keeps, they would arrive later.
#[tokio::test]
async fn changes_and_news_are_pushed_to_the_other_node() {
    let server = RedisServer::start().await;
    let settings =
        RedisSettings { compare_every: std::time::Duration::from_secs(3600), ..server.settings(PARTITIONS) };
    let (one, other) = (Node::open(settings.clone()).await, Node::open(settings).await);
    let mut news = other.log.follow();
    one.seed("a").await.unwrap();
    one.connect("a", 1).await.unwrap();
    one.log.append(vec![LogEntry::news(user("a"), News::ListsUnknown)]).await.unwrap();
    let mut entries = Vec::new();
    while entries.len() < 2 {
        tokio::time::timeout(people::PATIENCE, news.ready()).await.unwrap();
        news.take(&mut entries);
    }
    let figures = other.redis.figures();
    assert_eq!((figures.batches, figures.gaps, figures.repaired), (2, 0, 0));
}

#[tokio::test]
async fn a_change_is_heard_on_its_own_node_when_its_call_ends() {
    let server = RedisServer::start().await;
    let node = Node::open(server.settings(PARTITIONS)).await;
    node.seed("a").await.unwrap();
    node.connect("a", 1).await.unwrap();
    let mut log = node.log.follow();
    for n in 0..100 {
        let logged = node.set_custom("a", &n.to_string()).await.unwrap().unwrap();
        let mut heard = Vec::new();
        log.take(&mut heard);
        assert_eq!(heard.len(), logged.entries.len(), "change {n}");
    }
}

/// Answers and pushes often overtake each other. Gaps therefore appear, and later pushes close them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_users_at_once_are_all_served_and_all_heard() {
    const USERS: usize = 64;
    const CHANGES: usize = 30;
    let server = RedisServer::start().await;
    let (one, other) = two_nodes(&server).await;
    let nodes = [Arc::new(one), Arc::new(other)];
    let mut ears = [nodes[0].follow(), nodes[1].follow()];
    let writers: Vec<_> = (0..USERS)
        .map(|n| {
            let node = Arc::clone(&nodes[n % 2]);
            tokio::spawn(async move {
                let name = format!("user {n}");
                node.seed(&name).await.unwrap();
                node.connect(&name, n as u64).await.unwrap().unwrap();
                for change in 1..CHANGES {
                    node.set_custom(&name, &format!("{n} {change}")).await.unwrap().unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    for ear in &mut ears {
        for n in 0..USERS {
            ear.until_text(&format!("{n} {}", CHANGES - 1)).await;
        }
        assert_eq!((ear.texts.len(), ear.missed.len()), (USERS * CHANGES, 0));
    }
}

#[tokio::test]
async fn an_index_follows_whichever_node_writes() {
    let server = RedisServer::start().await;
    let (one, other) = two_nodes(&server).await;
    one.seed("a").await.unwrap();
    one.connect("a", 7).await.unwrap();
    let partition = other.directory.partition_of(&user("a"));
    let connections = other.directory.connections_of(people::NODE, partition, None).await.unwrap();
    assert_eq!(connections.connections.len(), 1);
    // A user without a connection of the node must not be read when the node is lost.
    one.disconnect("a", 7).await.unwrap().unwrap();
    let left: Vec<String> = server.command("KEYS *:node:*").await;
    assert_eq!(left, [""; 0]);
    one.connect("a", 8).await.unwrap();
    other.directory.remove(&user("a"), now(3)).await.unwrap();
    let connections = one.directory.connections_of(people::NODE, partition, None).await.unwrap();
    assert_eq!(connections.connections, []);
    let stats = || (one.directory.stats().records, one.directory.stats().online);
    people::until("the figures of both", async || stats() == (0, 0)).await;
    let left: Vec<String> = server.command("KEYS *:node:*").await;
    assert_eq!(left, [""; 0], "no key of a node without connections is left");
}

/// Another node changes the record between the read and the removal.
#[tokio::test]
async fn a_record_that_has_changed_since_it_was_read_is_not_removed() {
    static URL: OnceLock<String> = OnceLock::new();
    static CALLS: AtomicU32 = AtomicU32::new(0);
    fn changes_at_the_first_call(_: &Presence) -> bool {
        if CALLS.fetch_add(1, Ordering::Relaxed) > 0 {
            return false;
        }
        let client = redis::Client::open(URL.get().unwrap().as_str()).unwrap();
        let mut connection = client.get_connection().unwrap();
        let ask = |command: &str| redis::cmd(command).arg("lm:{0}:rec:1").arg("a").to_owned();
        let record: Vec<u8> = ask("HGET").query(&mut connection).unwrap();
        let changed = [b"3", &record[1..]].concat();
        ask("HSET").arg(changed).query::<u64>(&mut connection).unwrap();
        true
    }
    let server = RedisServer::start().await;
    let settings = server.settings(1);
    URL.set(settings.url.clone()).unwrap();
    let node = Node::open(settings).await;
    node.seed("a").await.unwrap();
    node.connect("a", 1).await.unwrap();
    node.directory.remove_if(&user("a"), changes_at_the_first_call, now(3)).await.unwrap();
    assert_eq!(CALLS.load(Ordering::Relaxed), 2);
    assert_eq!(node.custom("a").await.unwrap().unwrap(), "");
}

#[tokio::test]
async fn a_batch_of_reads_is_one_round_trip() {
    let server = RedisServer::start().await;
    let node = Node::open(server.settings(256)).await;
    let users: Vec<_> = (0..500).map(|n| user(&format!("user {n}"))).collect();
    let reads = async || -> u64 {
        let info: String = server.command("INFO stats").await;
        let line = info.lines().find_map(|line| line.strip_prefix("total_reads_processed:")).unwrap();
        line.trim().parse().unwrap()
    };
    let before = reads().await;
    node.directory.read(&users, |_, _| ()).await.unwrap();
    let reads = reads().await - before;
    // The server reads 16 KiB at a time, and the test and the upkeep ask something too.
    assert!(reads < 25, "{reads} reads for 256 partitions");
}

#[tokio::test]
async fn a_call_that_is_dropped_at_any_point_leaves_a_record_that_goes_on() {
    let server = RedisServer::start().await;
    let (one, other) = two_nodes(&server).await;
    let mut ear = other.follow();
    one.seed("a").await.unwrap();
    let first = one.connect("a", 1).await.unwrap().unwrap().rev;
    for n in 0..60 {
        let text = format!("dropped {n}");
        let call = one.set_custom("a", &text);
        // The call is dropped at once, while it reads, while it writes, or afterwards.
        let _ = tokio::time::timeout(std::time::Duration::from_micros(20 * n), call).await;
    }
    one.set_custom("a", "end").await.unwrap().unwrap();
    assert_eq!(other.custom("a").await.unwrap().unwrap(), "end");
    ear.until_text("end").await;
    assert_eq!(ear.missed.len(), 0);
    let revs = one.directory.read_revisions(&[user("a")], |_, record| record.map(|(_, rev)| rev)).await;
    assert_eq!(
        revs.unwrap(),
        [Some(first - 1 + ear.texts.len() as u64)],
        "what was written was told, and once"
    );
}

#[tokio::test]
async fn a_node_that_would_lay_data_out_otherwise_does_not_start() {
    let server = RedisServer::start().await;
    let _node = Node::open(server.settings(PARTITIONS)).await;
    let refused = RedisDirectory::open(server.settings(PARTITIONS * 2)).await.err().unwrap();
    assert_eq!(refused.to_string(), "the data in Redis has partitions 16, but this node has 32");
    // Under another prefix of the same server, the node can use its own number of partitions.
    let beside = RedisSettings { prefix: "beside".to_owned(), ..server.settings(PARTITIONS * 2) };
    let beside = Node::open(beside).await;
    beside.seed("a").await.unwrap();
    assert_eq!(_node.custom("a").await.unwrap(), None);
}

#[tokio::test]
async fn settings_and_servers_that_will_not_do_are_refused() {
    let server = RedisServer::start_with(&["--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru"]).await;
    let settings = server.settings(1);
    let refusal = async |settings| RedisDirectory::open(settings).await.err().unwrap().to_string();
    assert!(refusal(settings.clone()).await.contains("maxmemory-policy noeviction"));
    for (bad, expected) in [
        (RedisSettings { partitions: 0, ..settings.clone() }, "1 to 2048 partitions"),
        (RedisSettings { partitions: 2049, ..settings.clone() }, "1 to 2048 partitions"),
        (RedisSettings { prefix: "a{b}".to_owned(), ..settings.clone() }, "braces"),
        (RedisSettings { url: "nonsense".to_owned(), ..settings.clone() }, "there is no scheme"),
        (RedisSettings { url: "redis+unix:///nowhere".to_owned(), ..settings.clone() }, "connecting"),
    ] {
        let told = refusal(bad).await;
        assert!(told.contains(expected), "{told}");
    }
    let secret = RedisSettings { url: "redis://:secret@host".to_owned(), ..settings };
    assert!(!format!("{secret:?}").contains("secret"));
}

/// The calls of a user or an app on two nodes are counted together.
#[tokio::test]
async fn a_rate_limit_is_one_over_all_nodes() {
    let server = RedisServer::start().await;
    let nodes = [
        RedisDirectory::open(server.settings(PARTITIONS)).await.unwrap(),
        RedisDirectory::open(server.settings(PARTITIONS)).await.unwrap(),
    ];
    let limit = RateLimit { calls: 10, window_ms: 60_000 };
    let alice = user("a");
    for what in [Limited::App(AppId(1), "sns/friend_get"), Limited::User(&alice, Call::SendMessage)] {
        let mut allowed = 0;
        for n in 0..30 {
            let taken = nodes[n % 2].take(what, limit, now(n as u64).moment).await.unwrap();
            allowed += usize::from(taken == Taken::Allowed);
        }
        assert_eq!(allowed, 10, "{what:?}");
    }
    only_key(&server, "*:api:1:sns/friend_get").await;
    let left: Vec<i64> =
        vec![server.command(&format!("PTTL {}", only_key(&server, "*:calls:*").await)).await];
    assert!((60_000..=120_000).contains(&left[0]), "the entry ends by itself: {left:?}");
}

/// The register uses the clock of Redis, not the clocks of nodes.
#[tokio::test]
async fn the_register_tells_the_time_of_redis() {
    let server = RedisServer::start().await;
    let node = RedisDirectory::open(server.settings(PARTITIONS)).await.unwrap();
    let time = async || {
        let (secs, micros): (u64, u64) = server.command("TIME").await;
        secs * 1_000 + micros / 1_000
    };
    let before = time().await;
    let at = Nodes::read(&node, now(7)).await.unwrap().at;
    let after = time().await;
    assert!((before..=after).contains(&at.wall.0), "{before} {at:?} {after}");
    assert_eq!(at.moment.0, at.wall.0);
}

/// The noted mark stays the mark of the first node's facts, until the data is gone.
#[tokio::test]
async fn the_mark_of_the_facts_rises_and_a_mark_of_other_facts_is_not_noted() {
    let server = RedisServer::start().await;
    let settings = || server.settings(PARTITIONS);
    let nodes =
        [RedisDirectory::open(settings()).await.unwrap(), RedisDirectory::open(settings()).await.unwrap()];
    let examined = async || examine(&settings()).await.unwrap().facts;
    assert_eq!((nodes[0].noted_facts().await.unwrap(), examined().await), (None, None));
    let mark = |history, count| FactsMark { history, count };
    let noted = async |node: usize, mark: FactsMark| nodes[node].note_facts(mark).await.unwrap();
    for (node, new, expected) in [
        (0, mark(u64::MAX, 9), mark(u64::MAX, 9)),
        (1, mark(u64::MAX, 10), mark(u64::MAX, 10)),
        (0, mark(u64::MAX, 9), mark(u64::MAX, 10)),
        (1, mark(2, 99), mark(u64::MAX, 10)),
    ] {
        assert_eq!(noted(node, new).await, expected, "{new}");
        assert_eq!(
            (nodes[0].noted_facts().await.unwrap(), examined().await),
            (Some(expected), Some(expected))
        );
    }
    let _: String = server.command("FLUSHALL").await;
    assert_eq!(nodes[0].noted_facts().await.unwrap(), None);
    assert_eq!(noted(1, mark(2, 1)).await, mark(2, 1));
}

async fn only_key(server: &RedisServer, pattern: &str) -> String {
    let mut keys: Vec<String> = server.command(&format!("KEYS {pattern}")).await;
    assert_eq!(keys.len(), 1, "{keys:?}");
    keys.remove(0)
}

/// The byte before the record of a user, which identifies the record's format.
async fn format_of(server: &RedisServer, name: &str) -> char {
    let user = user(name);
    for partition in 0..PARTITIONS {
        let get = format!("HGET lm:{{{partition}}}:rec:{} {}", user.app.0, user.id);
        if let Some(record) = server.command::<Option<Vec<u8>>>(&get).await {
            let colon = record.iter().position(|byte| *byte == b':').unwrap();
            return char::from(record[colon + 1]);
        }
    }
    panic!("{name} has no record")
}

#[tokio::test]
async fn records_are_packed_while_no_node_of_the_version_before_is_in_the_register() {
    let server = RedisServer::start().await;
    let node = Node::open(server.settings(PARTITIONS)).await;
    node.seed("a").await.unwrap();
    node.connect("a", 1).await.unwrap();
    assert_eq!(format_of(&server, "a").await, '1', "the register was not read yet");
    let entry = NodeEntry { id: NodeId(1), ..NodeEntry::default() };
    node.redis.join(&entry, now(1)).await.unwrap();
    node.set_custom("a", "packed").await.unwrap();
    assert_eq!(format_of(&server, "a").await, '2');
    node.seed("b").await.unwrap();
    assert_eq!(format_of(&server, "b").await, '2');

    // The entry of a node of the previous version, which has no number of a format.
    let old = serde_json::to_string(&NodeEntry { id: NodeId(2), ..NodeEntry::default() }).unwrap();
    let _: u64 = server.command(&format!("HSET lm:{{0}}:nodes {:016x} {old}", 2)).await;
    let register = node.redis.renew(&entry, now(2)).await.unwrap().unwrap();
    assert_eq!(register.nodes.len(), 2);
    assert_eq!(node.custom("a").await.unwrap().unwrap(), "packed", "both formats are read");
    node.set_custom("a", "as before").await.unwrap();
    assert_eq!(format_of(&server, "a").await, '1');
    node.redis.leave(NodeId(2)).await.unwrap();
    node.set_custom("a", "packed again").await.unwrap();
    assert_eq!(format_of(&server, "a").await, '2');
    assert_eq!(node.custom("a").await.unwrap().unwrap(), "packed again");
}
