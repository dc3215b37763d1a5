//! Failures of a single Redis server: nodes detect them, report them, and recover.

#![allow(clippy::unwrap_used, missing_docs)]

mod people;
mod server;

use lamplight_core::{Call, Presence};
use lamplight_directory::{
    DirectoryError, DirectoryErrorKind, Limited, Limits, LimitsError, LogEntry, News, RecordFilter,
};
use lamplight_directory_redis::RedisSettings;
use lamplight_model::{AppSettings, RateLimit};
use people::{Node, until, user};
use server::RedisServer;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::time::{Duration, Instant};

const PARTITIONS: u16 = 16;

/// The options of a server whose data survives a restart.
const ON_DISK: &[&str] = &["--appendonly", "yes", "--appendfsync", "always"];

async fn node(server: &RedisServer) -> Node {
    Node::open(server.settings(PARTITIONS)).await
}

fn kind<T: Debug>(answer: Result<T, DirectoryError>) -> DirectoryErrorKind {
    answer.unwrap_err().kind
}

#[tokio::test]
async fn a_flush_is_noticed_by_every_node_and_told_to_readers() {
    let server = RedisServer::start().await;
    let (one, other) = (node(&server).await, node(&server).await);
    one.seed("a").await.unwrap();
    one.connect("a", 1).await.unwrap();
    let mut rev = 0;
    for n in 0..20 {
        rev = one.set_custom("a", &n.to_string()).await.unwrap().unwrap().rev;
    }
    let (epoch, mut ear, mut other_ear) = (one.directory.epoch(), one.follow(), other.follow());
    assert_eq!(epoch, other.directory.epoch());
    let cursor = one.directory.feed(user("a").app, None, 9).await.unwrap().cursor;

    let _: String = server.command("FLUSHALL").await;
    // The first call after the flush finds no record, and knows the new epoch.
    assert_eq!(one.set_custom("a", "lost").await.unwrap(), None);
    assert!(one.directory.epoch() > epoch);
    let partition = one.directory.partition_of(&user("a"));
    ear.until_missed(partition).await;
    other_ear.until_missed(partition).await;
    until("the other node knows of it", async || other.directory.epoch() > epoch).await;

    // Log, feed and revisions work after that.
    other.seed("a").await.unwrap();
    let connected = other.connect("a", 2).await.unwrap().unwrap();
    assert!(connected.rev > rev, "{connected:?} is later than revision {rev} of the lost record");
    other.set_custom("a", "again").await.unwrap().unwrap();
    ear.until_text("again").await;
    other_ear.until_text("again").await;
    let page = one.directory.feed(user("a").app, Some(cursor), 9).await.unwrap();
    assert_eq!((page.users, page.reset), (vec![user("a")], true));
    until("the figures begin anew", async || one.directory.stats().records == 1).await;
}

#[tokio::test]
async fn every_call_notices_a_flush() {
    let server = RedisServer::start().await;
    let one = node(&server).await;
    // This node makes no periodic comparisons.
    let settings = RedisSettings { compare_every: Duration::from_secs(3600), ..server.settings(PARTITIONS) };
    let other = Node::open(settings).await;
    let flush = async || {
        let before = (one.directory.epoch(), other.directory.epoch());
        let _: String = server.command("FLUSHALL").await;
        before.1
    };
    let before = flush().await;
    assert_eq!(kind(other.seed("a").await), DirectoryErrorKind::Contended);
    assert!(other.directory.epoch() > before, "making a record");
    other.seed("a").await.unwrap();

    let before = flush().await;
    assert_eq!(other.custom("a").await.unwrap(), None);
    assert!(other.directory.epoch() > before, "reading a record");

    let before = flush().await;
    assert_eq!(other.set_custom("a", "x").await.unwrap(), None);
    assert!(other.directory.epoch() > before, "updating a record that is gone");

    let before = flush().await;
    assert_eq!(one.custom("a").await.unwrap(), None);
    one.seed("a").await.unwrap();
    one.connect("a", 1).await.unwrap();
    assert!(other.set_custom("a", "x").await.unwrap().is_some());
    assert!(other.directory.epoch() > before, "updating a record that is there again");

    let before = flush().await;
    let news = LogEntry::news(user("a"), News::ListsUnknown);
    other.log.append(vec![news]).await.unwrap();
    assert!(other.directory.epoch() > before, "appending to the log");
}

/// Each partition has begun another epoch. The read contains users of all partitions.
#[tokio::test]
async fn a_large_read_after_a_flush_finds_no_record_and_takes_few_round_trips() {
    let server = RedisServer::start().await;
    let settings = RedisSettings { compare_every: Duration::from_secs(3600), ..server.settings(256) };
    let node = Node::open(settings).await;
    let users: Vec<_> = (0..500).map(|n| user(&format!("user {n}"))).collect();
    let _: String = server.command("FLUSHALL").await;
    let calls = async || -> u64 {
        let info: String = server.command("INFO commandstats").await;
        let line = info.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls=")).unwrap_or("0");
        line.split(',').next().unwrap().parse().unwrap()
    };
    let before = calls().await;
    let found = node.directory.read(&users, |_, presence| presence.is_some()).await.unwrap();
    assert_eq!(found, [false; 500]);
    // One call of the script for each partition that has a user.
    assert!(calls().await - before <= 256);
}

#[tokio::test]
async fn a_record_that_a_node_has_kept_from_before_a_flush_is_not_used() {
    let server = RedisServer::start().await;
    let (one, other) = (node(&server).await, node(&server).await);
    let begin = async |node: &Node, text: &str| {
        node.seed("a").await.unwrap();
        node.connect("a", 1).await.unwrap().unwrap();
        node.set_custom("a", text).await.unwrap().unwrap().rev
    };
    let rev = begin(&one, "former").await;
    let epoch = one.directory.epoch();
    let _: String = server.command("FLUSHALL").await;
    assert_eq!(other.custom("a").await.unwrap(), None);
    assert!(begin(&other, "present").await > rev);
    until("both know the epoch", async || {
        one.directory.epoch() > epoch && one.directory.epoch() == other.directory.epoch()
    })
    .await;
    // A record is kept for the next change only after a moment.
    tokio::time::sleep(Duration::from_millis(20)).await;
    one.connect("a", 2).await.unwrap().unwrap();
    assert_eq!(other.custom("a").await.unwrap().unwrap(), "present");
}

/// The clock of a server may be behind the clock of the server that it replaces.
#[tokio::test]
async fn kept_batches_of_a_former_epoch_are_not_taken_for_those_of_the_new_one() {
    let server = RedisServer::start().await;
    let node = node(&server).await;
    node.seed("a").await.unwrap();
    node.connect("a", 1).await.unwrap();
    let partition = node.directory.partition_of(&user("a"));
    let fill = "local head = KEYS[1] \
                local slot = string.sub(redis.call('HGET', head, 'n'), -3) \
                local batch = string.match(redis.call('HGET', head, slot), ':(.*)') \
                for slot = 0, 999 do \
                    local number = string.format('9000000000000%03d', slot) \
                    redis.call('HSET', head, string.sub(number, -3), number .. ':' .. batch) \
                end return 1000";
    let mut eval = redis::cmd("EVAL");
    eval.arg(fill).arg(1).arg(format!("lm:{{{partition}}}:head"));
    let _: u64 = eval.query_async(&mut server.connection().await).await.unwrap();
    let mut ear = node.follow();
    let _: u64 = server.command(&format!("HINCRBY lm:{{{partition}}}:head n 1")).await;
    ear.until_missed(partition).await;
    node.set_custom("a", "after").await.unwrap().unwrap();
    ear.until_text("after").await;
    assert_eq!((node.redis.figures().repaired, ear.missed.len()), (0, 1));
}

/// A server whose clock was an hour ahead has begun the former epoch. The numbers of log batches and the revisions must
/// nevertheless rise, or nodes would ignore the new batches.
#[tokio::test]
async fn after_a_loss_on_a_server_whose_clock_is_behind_numbers_and_revisions_rise() {
    let server = RedisServer::start().await;
    drop(node(&server).await);
    let ahead = format!(
        "for partition = 0, {} do \
            local head = 'lm:{{' .. partition .. '}}:head' \
            redis.call('HINCRBY', head, 'e', 3600000000) \
            redis.call('HSET', head, 'n', redis.call('HGET', head, 'e'), 'run', 'of the former server') \
        end return 1",
        PARTITIONS - 1
    );
    let mut eval = redis::cmd("EVAL");
    let _: u64 = eval.arg(ahead).arg(0).query_async(&mut server.connection().await).await.unwrap();
    let (one, other) = (node(&server).await, node(&server).await);
    one.seed("a").await.unwrap();
    one.connect("a", 1).await.unwrap();
    let (mut ear, mut rev) = (other.follow(), 0);
    for n in 0..50 {
        rev = one.set_custom("a", &n.to_string()).await.unwrap().unwrap().rev;
    }
    ear.until_text("49").await;
    let epoch = one.directory.epoch();
    let _: String = server.command("FLUSHALL").await;
    assert_eq!(one.set_custom("a", "lost").await.unwrap(), None);
    assert!(one.directory.epoch() > epoch);
    ear.until_missed(one.directory.partition_of(&user("a"))).await;
    one.seed("a").await.unwrap();
    let connected = one.connect("a", 2).await.unwrap().unwrap();
    assert!(connected.rev > rev, "{connected:?} is later than revision {rev} of the lost record");
    one.set_custom("a", "again").await.unwrap().unwrap();
    ear.until_text("again").await;
}

/// Gaps are filled from the last 1,000 batches.
#[tokio::test]
async fn the_last_batches_are_kept_and_no_others() {
    let server = RedisServer::start().await;
    let node = node(&server).await;
    node.seed("a").await.unwrap();
    node.connect("a", 1).await.unwrap();
    for n in 0..1_003 {
        node.set_custom("a", &n.to_string()).await.unwrap().unwrap();
    }
    let partition = node.directory.partition_of(&user("a"));
    let last: u64 = server.command(&format!("HGET lm:{{{partition}}}:head n")).await;
    let head: Vec<(String, Vec<u8>)> = server.command(&format!("HGETALL lm:{{{partition}}}:head")).await;
    let kept = head.iter().filter(|(field, _)| field.parse::<u16>().is_ok());
    let number =
        |kept: &[u8]| String::from_utf8_lossy(kept).split(':').next().unwrap().parse::<u64>().unwrap();
    let mut numbers: Vec<u64> = kept.map(|(_, message)| number(message)).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (last - 999..=last).collect::<Vec<_>>());
}

/// Earlier versions kept the last batches in a stream, and later in a hash.
#[tokio::test]
async fn the_last_batches_of_earlier_versions_are_deleted() {
    let server = RedisServer::start().await;
    let partition = node(&server).await.directory.partition_of(&user("a"));
    let _: String = server.command(&format!("XADD lm:{{{partition}}}:log 1-0 b x")).await;
    let _: u64 = server.command(&format!("HSET lm:{{{partition}}}:batches 001 1:x")).await;
    let _next = node(&server).await;
    let left = format!("EXISTS lm:{{{partition}}}:log lm:{{{partition}}}:batches");
    assert_eq!(server.command::<u64>(&left).await, 0);
}

/// The replication id of a server is part of the name of its run. It may change while nodes are connected.
#[tokio::test]
async fn nodes_that_know_a_server_by_two_names_leave_each_other_the_epoch() {
    let server = RedisServer::start().await;
    let (one, other) = (node(&server).await, node(&server).await);
    one.seed("a").await.unwrap();
    one.connect("a", 1).await.unwrap();
    let key = format!("lm:{{{}}}:head", one.directory.partition_of(&user("a")));
    // Simulates a third node that connected after the name had changed.
    let _: u64 = server.command(&format!("HSET {key} run other")).await;
    let _: u64 = server.command(&format!("HINCRBY {key} e 7")).await;
    let _: u64 = server.command(&format!("HINCRBY {key} n 5000")).await;
    let mut epochs = BTreeSet::new();
    for n in 0..20 {
        for node in [&one, &other] {
            node.set_custom("a", &format!("{n}")).await.unwrap().unwrap();
            let epoch: String = server.command(&format!("HGET {key} e")).await;
            epochs.insert(epoch);
        }
    }
    assert_eq!(epochs.len(), 1, "{epochs:?}");
}

#[tokio::test]
async fn an_idle_node_notices_a_flush_too() {
    let server = RedisServer::start().await;
    let node = node(&server).await;
    let (epoch, mut ear) = (node.directory.epoch(), node.follow());
    let _: String = server.command("FLUSHALL").await;
    for partition in 0..PARTITIONS {
        ear.until_missed(partition).await;
    }
    assert!(node.directory.epoch() > epoch);
}

#[tokio::test]
async fn while_redis_is_away_calls_fail_and_after_a_restart_without_a_disk_it_is_empty() {
    let mut server = RedisServer::start().await;
    let node = node(&server).await;
    node.seed("a").await.unwrap();
    node.connect("a", 1).await.unwrap();
    let (epoch, mut ear) = (node.directory.epoch(), node.follow());
    server.kill();
    assert_eq!(kind(node.set_custom("a", "x").await), DirectoryErrorKind::Unavailable);
    assert_eq!(kind(node.custom("a").await), DirectoryErrorKind::Unavailable);
    assert_eq!(kind(node.seed("b").await), DirectoryErrorKind::Unavailable);
    assert_eq!(
        kind(node.directory.remove(&user("a"), people::now(1)).await),
        DirectoryErrorKind::Unavailable
    );
    assert_eq!(kind(node.directory.feed(user("a").app, None, 9).await), DirectoryErrorKind::Unavailable);
    server.revive().await;
    until("it answers again", async || node.custom("a").await.is_ok()).await;
    assert_eq!(node.custom("a").await.unwrap(), None);
    assert!(node.directory.epoch() > epoch);
    ear.until_missed(node.directory.partition_of(&user("a"))).await;
    node.seed("a").await.unwrap();
    node.connect("a", 1).await.unwrap();
    node.set_custom("a", "again").await.unwrap();
    ear.until_text("again").await;
}

#[tokio::test]
async fn after_a_restart_with_a_disk_the_records_are_there_and_the_epoch_says_that_some_may_not_be() {
    let mut server = RedisServer::start_with(ON_DISK).await;
    let (one, other) = (node(&server).await, node(&server).await);
    one.seed("a").await.unwrap();
    one.connect("a", 1).await.unwrap();
    one.set_custom("a", "kept").await.unwrap();
    let (epoch, mut ear) = (one.directory.epoch(), other.follow());
    server.restart().await;
    until("it answers again", async || one.custom("a").await.is_ok()).await;
    assert_eq!(one.custom("a").await.unwrap().unwrap(), "kept");
    assert!(one.directory.epoch() > epoch);
    until("both know of it", async || other.directory.epoch() > epoch).await;
    // The numbers continue above the former ones on both nodes.
    ear.until_missed(one.directory.partition_of(&user("a"))).await;
    one.set_custom("a", "on").await.unwrap().unwrap();
    ear.until_text("on").await;
    until("the figures are kept", async || other.directory.stats().online == 1).await;
}

#[tokio::test]
async fn what_was_not_pushed_is_read() {
    let server = RedisServer::start().await;
    let (one, other) = (node(&server).await, node(&server).await);
    one.seed("a").await.unwrap();
    one.connect("a", 1).await.unwrap();
    let mut ear = other.follow();
    let mut expected = Vec::new();
    for round in 0..5 {
        let _: u64 = server.command("CLIENT KILL TYPE pubsub").await;
        for n in 0..20 {
            let text = format!("{round} {n}");
            // The writer has lost its own connection for the log, and may be reconnecting.
            until("written", async || matches!(one.set_custom("a", &text).await, Ok(Some(_)))).await;
            expected.push(text);
        }
        ear.until_text(&format!("{round} 19")).await;
    }
    ear.texts.dedup();
    let last: Vec<String> = ear.texts.iter().filter(|text| !text.is_empty()).cloned().collect();
    assert_eq!((last, ear.missed.len()), (expected, 0), "nothing was missed");
}

/// The batch is kept and has a number, but was pushed to no node.
#[tokio::test]
async fn a_batch_that_was_pushed_to_nobody_is_read() {
    let server = RedisServer::start().await;
    let node = node(&server).await;
    node.seed("a").await.unwrap();
    node.connect("a", 1).await.unwrap();
    node.set_custom("a", "copied").await.unwrap().unwrap();
    let mut ear = node.follow();
    let partition = node.directory.partition_of(&user("a"));
    let copy = "local slot = string.sub(redis.call('HGET', KEYS[1], 'n'), -3) \
                local batch = string.match(redis.call('HGET', KEYS[1], slot), ':(.*)') \
                local number = string.format('%d', redis.call('HINCRBY', KEYS[1], 'n', 1)) \
                return redis.call('HSET', KEYS[1], string.sub(number, -3), number .. ':' .. batch)";
    let mut eval = redis::cmd("EVAL");
    eval.arg(copy).arg(1).arg(format!("lm:{{{partition}}}:head"));
    let _: u64 = eval.query_async(&mut server.connection().await).await.unwrap();
    ear.until_text("copied").await;
    assert_eq!((node.redis.figures().repaired, ear.missed.len()), (1, 0));
}

/// The node makes no comparisons in this test. It can notice the loss only by the end of the connection.
#[tokio::test]
async fn a_connection_for_the_log_that_ends_is_opened_again_at_once() {
    let server = RedisServer::start().await;
    let settings = RedisSettings { compare_every: Duration::from_secs(3600), ..server.settings(PARTITIONS) };
    let (one, other) = (Node::open(settings.clone()).await, Node::open(settings).await);
    one.seed("a").await.unwrap();
    one.connect("a", 1).await.unwrap();
    let mut ear = other.follow();
    let _: u64 = server.command("CLIENT KILL TYPE pubsub").await;
    until("written", async || matches!(one.set_custom("a", "x").await, Ok(Some(_)))).await;
    ear.until_text("x").await;
    assert_eq!(ear.missed.len(), 0);
}

#[tokio::test]
async fn that_the_last_batch_was_lost_is_noticed_though_nothing_follows() {
    let server = RedisServer::start().await;
    let node = node(&server).await;
    let mut ear = node.follow();
    let _: u64 = server.command("HINCRBY lm:{3}:head n 1").await;
    ear.until_missed(3).await;
    assert_eq!(ear.missed.len(), 1);
}

#[tokio::test]
async fn what_is_not_kept_any_longer_is_told_as_missed() {
    let server = RedisServer::start().await;
    let (one, other) = (node(&server).await, node(&server).await);
    one.seed("a").await.unwrap();
    one.connect("a", 1).await.unwrap();
    let mut ear = other.follow();
    let partition = one.directory.partition_of(&user("a"));
    // Simulates batches that have numbers but are no longer kept.
    let _: u64 = server.command(&format!("HINCRBY lm:{{{partition}}}:head n 5")).await;
    one.set_custom("a", "after").await.unwrap().unwrap();
    ear.until_text("after").await;
    assert_eq!(ear.missed.into_iter().collect::<Vec<_>>(), [partition]);
}

#[tokio::test]
async fn scripts_that_the_server_forgot_are_loaded_again() {
    let server = RedisServer::start().await;
    let node = node(&server).await;
    let _: String = server.command("SCRIPT FLUSH").await;
    node.seed("a").await.unwrap();
    let _: String = server.command("SCRIPT FLUSH").await;
    node.connect("a", 1).await.unwrap().unwrap();
    let _: String = server.command("SCRIPT FLUSH").await;
    let _: u64 = server.command("DEL lm:{0}:head").await;
    let epoch = node.directory.epoch();
    until("a lost partition is taken up", async || node.directory.epoch() > epoch).await;
}

#[tokio::test]
async fn a_server_out_of_memory_takes_no_change_and_half_of_none() {
    let server = RedisServer::start_with(&["--enable-debug-command", "yes"]).await;
    let node = node(&server).await;
    node.seed("a").await.unwrap();
    node.seed("gone").await.unwrap();
    node.connect("a", 1).await.unwrap();
    node.set_custom("a", "before").await.unwrap();
    let mut ear = node.follow();
    let digest = async || -> String { server.command("DEBUG DIGEST").await };
    let before = digest().await;
    let _: String = server.command("CONFIG SET maxmemory 1").await;
    assert_eq!(kind(node.set_custom("a", "refused").await), DirectoryErrorKind::Unavailable);
    assert_eq!(kind(node.connect("a", 2).await), DirectoryErrorKind::Unavailable);
    assert_eq!(kind(node.seed("b").await), DirectoryErrorKind::Unavailable);
    let news = LogEntry::news(user("a"), News::ListsUnknown);
    assert_eq!(kind(node.log.append(vec![news]).await), DirectoryErrorKind::Unavailable);
    assert_eq!(digest().await, before, "no key has changed");
    assert_eq!(node.custom("a").await.unwrap().unwrap(), "before", "it can be read");
    // A removal frees memory, and is not refused.
    node.directory.remove(&user("gone"), people::now(3)).await.unwrap();
    let _: String = server.command("CONFIG SET maxmemory 0").await;
    until("it writes again", async || matches!(node.set_custom("a", "after").await, Ok(Some(_)))).await;
    ear.until_text("after").await;
    assert_eq!(ear.texts, ["after"], "nothing was told of what was refused");
}

#[tokio::test]
async fn a_server_that_hangs_fails_calls_in_time_and_serves_again() {
    let server = RedisServer::start().await;
    let settings = RedisSettings { timeout: Duration::from_secs(2), ..server.settings(PARTITIONS) };
    let node = Node::open(settings).await;
    node.seed("a").await.unwrap();
    node.connect("a", 1).await.unwrap();
    let signal = |signal: &str| {
        let done = std::process::Command::new("kill").args([signal, &server.pid().to_string()]).status();
        assert!(done.unwrap().success());
    };
    let mut ear = node.follow();
    signal("-STOP");
    // A call that only checks a rate limit must not wait that long.
    let (asked, limit) = (Instant::now(), RateLimit { calls: 9, window_ms: 1_000 });
    let alice = user("a");
    let what = Limited::User(&alice, Call::SendMessage);
    assert_eq!(node.redis.take(what, limit, people::now(2).moment).await, Err(LimitsError));
    assert!(asked.elapsed() < Duration::from_secs(1));
    let asked = Instant::now();
    assert_eq!(node.redis.take(what, limit, people::now(2).moment).await, Err(LimitsError));
    assert!(asked.elapsed() < Duration::from_millis(300), "the next call does not wait");
    let failed = tokio::time::timeout(people::PATIENCE, node.set_custom("a", "late")).await;
    assert_eq!(kind(failed.expect("in time")), DirectoryErrorKind::Unavailable);
    signal("-CONT");
    until("it serves again", async || matches!(node.set_custom("a", "after").await, Ok(Some(_)))).await;
    ear.until_text("after").await;
    assert_eq!(ear.missed.len(), 0);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_an_error_and_stays_as_it_is() {
    let server = RedisServer::start().await;
    let node = node(&server).await;
    node.seed("a").await.unwrap();
    let key = format!("lm:{{{}}}:rec:1", node.directory.partition_of(&user("a")));
    for bad in ["2:9xyz", "rubbish", "2:1x"] {
        let _: u64 = server.command(&format!("HSET {key} a {bad}")).await;
        assert_eq!(kind(node.set_custom("a", "x").await), DirectoryErrorKind::Corrupt);
        assert_eq!(kind(node.custom("a").await), DirectoryErrorKind::Corrupt);
        assert_eq!(
            kind(node.directory.remove(&user("a"), people::now(1)).await),
            DirectoryErrorKind::Corrupt
        );
        let kept: String = server.command(&format!("HGET {key} a")).await;
        assert_eq!(kept, bad);
    }
    node.seed("b").await.unwrap();
    assert!(node.connect("b", 1).await.unwrap().is_some(), "others are served");
}

/// A record cannot be decoded. Reads of several users, lists and the clearing of a lost node pass it over.
#[tokio::test]
async fn a_record_that_cannot_be_read_fails_no_call_about_others() {
    let server = RedisServer::start().await;
    let node = Node::open(server.settings(1)).await;
    for (name, local) in [("a", 1), ("b", 2), ("c", 3)] {
        node.seed(name).await.unwrap();
        node.connect(name, local).await.unwrap().unwrap();
    }
    let (list, settings) = ([user("c").id], AppSettings::default());
    let subscribe = |presence: &mut Presence| presence.subscribe(&list, &settings, people::now(2).moment);
    node.directory.update(&user("b"), people::now(2), subscribe).await.unwrap().unwrap();
    let key = format!("lm:{{{}}}:rec:1", node.directory.partition_of(&user("a")));
    let _: u64 = server.command(&format!("HSET {key} a rubbish")).await;

    let users = ["a", "b", "c"].map(user);
    let found = node.directory.read(&users, |_, presence| presence.is_some()).await.unwrap();
    assert_eq!(found, [false, true, true]);
    assert_eq!(node.directory.subscribed_to(&[user("c")]).await.unwrap(), [user("b")]);
    let page = node.directory.records_of(user("a").app, RecordFilter::All, None, 9).await.unwrap();
    assert_eq!(page.users.len(), 2);
    let page = node.directory.connections_of(people::NODE, 0, None).await.unwrap();
    assert_eq!(page.connections.len(), 2);
    assert_eq!(kind(node.set_custom("a", "x").await), DirectoryErrorKind::Corrupt);
}
