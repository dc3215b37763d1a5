//! Tests of one database with several nodes: concurrent calls, dropped calls, limits and timeouts.

mod common;

use common::{Database, Server, server};
use futures_util::FutureExt;
use futures_util::future::{join, join_all};
use lamplight_facts::{
    Befriended, Facts, FactsErrorKind, Lists, LoginRecorded, NewFriendship, NewLogin, NewMessage, NewNotice,
    Outbox, Revoked, Sent, Settled, SettledAs,
};
use lamplight_facts_postgres::{Cause, PostgresFacts, PostgresSettings, PostgresUrl, SCHEMA_VERSION, cause};
use lamplight_model::{
    AppId, ClientMessageId, DeviceId, Hook, Lane, NodeId, NoticeContent, Platform, PushContent, Timestamp,
    User, UserId,
};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

#[tokio::test]
async fn nodes_that_open_an_empty_database_at_once_share_it() {
    let (settings, _database) = empty().await;
    let nodes = join_all((0..8).map(|_| PostgresFacts::open(&settings))).await;
    let nodes: Vec<PostgresFacts> = nodes.into_iter().map(Result::unwrap).collect();
    for (n, node) in nodes.iter().enumerate() {
        assert!(node.create_account(user(&format!("user {n}")), Timestamp(1)).await.unwrap().made);
    }
    assert_eq!(nodes[0].list_accounts(APP, None, 99).await.unwrap().len(), nodes.len());
}

#[tokio::test]
async fn a_newer_schema_and_tables_of_others_are_refused_and_left_alone() {
    let (settings, database) = empty().await;
    let other = server().await.connect(database.name()).await;
    other.batch_execute("CREATE TABLE theirs (x int)").await.unwrap();
    let error = PostgresFacts::open(&settings).await.err().unwrap();
    assert_eq!(error.kind, FactsErrorKind::Corrupt);
    assert!(error.source.unwrap().is::<lamplight_facts_postgres::NotFacts>());
    other.batch_execute("DROP TABLE theirs").await.unwrap();
    drop(PostgresFacts::open(&settings).await.unwrap());

    other.batch_execute("UPDATE lamplight_schema SET version = version + 1").await.unwrap();
    let error = PostgresFacts::open(&settings).await.err().unwrap();
    assert_eq!(error.kind, FactsErrorKind::Unavailable);
    let newer = lamplight_facts_postgres::NewerSchema { found: SCHEMA_VERSION + 1, known: SCHEMA_VERSION };
    assert_eq!(error.source.unwrap().downcast_ref(), Some(&newer));
}

/// Two users at two nodes send messages, add each other and remove each other. All calls succeed, and all changes
/// remain.
#[tokio::test]
async fn two_who_change_each_others_lists_at_two_nodes_do_not_hinder_each_other() {
    let (nodes, _database) = two_nodes().await;
    let names = ["alice", "bob"];
    for name in names {
        nodes[0].create_account(user(name), Timestamp(1)).await.unwrap();
    }
    const MESSAGES: u32 = 40;
    let sends = (0..2 * MESSAGES).map(|n| {
        let (node, from, to) = (&nodes[n as usize % 2], names[n as usize % 2], names[1 - n as usize % 2]);
        async move { node.send_message(message(from, to, n)).await.unwrap() }
    });
    let friendships = (0..20).map(|n| {
        let (node, owner, friend) = (&nodes[n % 2], names[n % 2], names[1 - n % 2]);
        async move {
            assert_eq!(node.befriend(friendship(owner, friend)).await.unwrap().outcome, Befriended::Done);
            node.unfriend(user(owner), id(friend), true).await.unwrap();
        }
    });
    let (sent, _) = join(join_all(sends), join_all(friendships)).await;
    let sequences: BTreeSet<u64> = sent
        .iter()
        .map(|sent| match sent {
            Sent::Stored(stored) => stored.message.sequence,
            Sent::Repeated(_) | Sent::NoSuchSender | Sent::NoSuchRecipient | Sent::Blocked => {
                panic!("{sent:?}")
            }
        })
        .collect();
    assert_eq!(sequences, (1..=u64::from(2 * MESSAGES)).collect());
    for name in names {
        let state = nodes[1].lists_states(vec![user(name)]).await.unwrap()[0].unwrap();
        assert_eq!(state.total_unread, MESSAGES);
        assert_eq!(nodes[0].count_friends(user(name)).await.unwrap(), 0);
    }
}

/// A login at one node overlaps with a kick at another node. The kick returns the number up to which it has ended
/// logins. Exactly the logins with a higher number remain.
#[tokio::test]
async fn a_kick_at_one_node_divides_the_logins_at_another() {
    let (nodes, _database) = two_nodes().await;
    nodes[0].create_account(user("alice"), Timestamp(1)).await.unwrap();
    for round in 0..10 {
        let logins = join_all((0..8).map(|n| nodes[0].record_login(login("alice", &format!("{round} {n}")))));
        let kick = nodes[1].kick(user("alice"), Revoked::default());
        let (logins, through) = join(logins, kick).await;
        let through = through.unwrap().unwrap();
        let mut numbers = BTreeSet::new();
        for login in logins {
            let LoginRecorded::Recorded { number, .. } = login.unwrap() else { panic!("nothing refuses it") };
            assert!(numbers.insert(number));
        }
        let left = nodes[1].logins(user("alice")).await.unwrap();
        let left: BTreeSet<u64> = left.into_iter().map(|login| login.number).collect();
        assert_eq!(left, numbers.split_off(&(through + 1)), "round {round}");
        nodes[1].kick(user("alice"), Revoked::default()).await.unwrap();
    }
}

/// Several nodes take the lease of a lane at once, and later take the lease over at once. Each time, exactly one node
/// gets the lease.
#[tokio::test]
async fn of_nodes_that_lease_a_lane_at_once_one_gets_it() {
    let (nodes, _database) = two_nodes().await;
    let lane = Lane { app: APP, hook: Hook::Push };
    let mut over = None;
    for round in 0..10 {
        let take = |n: u64| nodes[n as usize % 2].take_lease(lane, NodeId(10 * round + n), over);
        let leases = join_all((0..8).map(take)).await;
        let leases: BTreeSet<_> = leases
            .into_iter()
            .map(Result::unwrap)
            .map(|lease| (lease.holder, lease.term, lease.beat))
            .collect();
        assert_eq!(leases.len(), 1, "{leases:?}");
        over = leases.first().map(|(_, _, beat)| *beat);
    }
}

/// Notices are stored and settled concurrently. At each time the user has one head, until no notice is left.
#[tokio::test]
async fn a_lane_never_loses_its_head() {
    let (nodes, _database) = two_nodes().await;
    let lane = Lane { app: APP, hook: Hook::Push };
    let mut told = Vec::new();
    for n in 0..40 {
        let heads = nodes[0].heads(lane, 9).await.unwrap();
        let settled =
            heads.iter().map(|head| Settled { id: head.id, term: None, settled: SettledAs::Gone }).collect();
        let (added, settled) =
            join(nodes[1].enqueue(vec![notice("alice", n)], vec![]), nodes[0].settle(settled, Timestamp(n)))
                .await;
        assert_eq!((added.unwrap().unwrap().added, settled.unwrap()), (1, 0));
        told.extend(heads.into_iter().map(|head| sequence(&head.content)));
    }
    while let Some(head) = nodes[0].heads(lane, 9).await.unwrap().pop() {
        told.push(sequence(&head.content));
        nodes[0]
            .settle(vec![Settled { id: head.id, term: None, settled: SettledAs::Gone }], Timestamp(99))
            .await
            .unwrap();
    }
    assert_eq!(told, (0..40).collect::<Vec<_>>());
    assert_eq!(nodes[0].lanes().await.unwrap()[0].waiting, 0);
}

/// Another session and the call lock the same two accounts in opposite orders.
#[tokio::test]
async fn a_call_that_is_ended_because_of_a_deadlock_is_run_again() {
    let (nodes, database) = two_nodes().await;
    for name in ["alice", "bob"] {
        nodes[0].create_account(user(name), Timestamp(1)).await.unwrap();
    }
    let other = server().await.connect(database.name()).await;
    // With this timeout, PostgreSQL ends the call of the node, not this session.
    other.batch_execute("SET deadlock_timeout = '100s'; BEGIN").await.unwrap();
    let lock = "SELECT FROM accounts WHERE id = $1 FOR UPDATE";
    other.query(lock, &[&"bob"]).await.unwrap();
    let sending = nodes[0].send_message(message("alice", "bob", 1));
    let locking = async {
        until_somebody_waits(database.name(), 1).await;
        other.query(lock, &[&"alice"]).await.unwrap();
        other.batch_execute("COMMIT").await.unwrap();
    };
    let (sent, ()) = join(sending, locking).await;
    assert!(matches!(sent.unwrap(), Sent::Stored(stored) if stored.message.sequence == 1));
}

/// A call whose future was dropped has changed everything or nothing.
#[tokio::test]
async fn a_dropped_call_is_done_whole_or_not_at_all() {
    let (nodes, _database) = two_nodes().await;
    for name in ["alice", "bob"] {
        nodes[0].create_account(user(name), Timestamp(1)).await.unwrap();
    }
    for n in 0..60 {
        let mut sending = nodes[0].send_message(message("alice", "bob", n));
        // The future is dropped after 0 to 5 polls, between which the connection makes progress.
        for _ in 0..n % 6 {
            if (&mut sending).now_or_never().is_some() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(sending);
    }
    // Behind them on the same account.
    let last = nodes[1].send_message(message("alice", "bob", 1_000)).await.unwrap();
    let Sent::Stored(last) = last else { panic!("{last:?}") };
    let history = nodes[1].history(user("bob"), id("alice"), None, 999).await.unwrap();
    assert!(history.len() as u64 >= last.message.sequence);
    let sequences: Vec<u64> = history.iter().rev().map(|message| message.sequence).collect();
    assert_eq!(sequences, (1..=history.len() as u64).collect::<Vec<_>>());
    let state = nodes[1].lists_states(vec![user("bob")]).await.unwrap()[0].unwrap();
    assert!(state.total_unread as usize >= history.len());
}

#[tokio::test]
async fn beyond_the_bound_a_call_is_refused_at_once() {
    let (settings, database) = empty().await;
    let facts =
        PostgresFacts::open(&PostgresSettings { connections: 1, waiting: 2, ..settings }).await.unwrap();
    let other = server().await.connect(database.name()).await;
    other.batch_execute("BEGIN; LOCK TABLE accounts").await.unwrap();
    let mut waiting = join_all((0..3).map(|n| facts.create_account(user(&n.to_string()), Timestamp(1))));
    assert!((&mut waiting).now_or_never().is_none());
    let refused = facts.create_account(user("x"), Timestamp(1)).now_or_never().unwrap().unwrap_err();
    assert_eq!(refused.kind, FactsErrorKind::Overloaded);
    other.batch_execute("COMMIT").await.unwrap();
    assert!(waiting.await.into_iter().all(|made| made.unwrap().made));
}

/// PostgreSQL accepts fewer connections than the settings allow. Calls wait for existing connections, up to their
/// deadline.
#[tokio::test]
async fn calls_wait_for_the_connections_that_postgresql_accepts() {
    let own = Server::start().await;
    let admin = own.connect("postgres").await;
    admin.batch_execute("CREATE ROLE app LOGIN CONNECTION LIMIT 4").await.unwrap();
    admin.batch_execute("CREATE DATABASE chat OWNER app").await.unwrap();
    let url = PostgresUrl::new(&own.url("chat").replace("user=lamplight", "user=app")).unwrap();
    let settings = PostgresSettings { url, ..own.settings("chat") };
    // One of the four is for the claim.
    let facts = PostgresFacts::open(&settings).await.unwrap();
    let calls = (0..60).map(|n| facts.create_account(user(&n.to_string()), Timestamp(1)));
    let made = join_all(calls).await;
    assert!(made.iter().all(|made| made.as_ref().is_ok_and(|made| made.made)), "{made:?}");
    assert!(facts.stats().refused_connections > 0 && facts.pool_state().connections <= 3);
    assert_eq!(facts.failing(), None);

    facts.close();
    let end = "SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity WHERE usename = 'app'";
    admin.query(end, &[]).await.unwrap();
    let settings = PostgresSettings { call_timeout: Duration::from_secs(1), ..settings };
    let short = PostgresFacts::open(&settings).await.unwrap();
    admin.batch_execute("ALTER ROLE app CONNECTION LIMIT 0").await.unwrap();
    admin.query(end, &[]).await.unwrap();
    let refused = join_all((0..20).map(|_| short.apps())).await;
    for refused in refused {
        let error = refused.unwrap_err();
        assert_eq!(
            (error.kind, cause(&error)),
            (FactsErrorKind::Overloaded, Some(Cause::TooManyConnections))
        );
    }
    admin.batch_execute("ALTER ROLE app CONNECTION LIMIT 9").await.unwrap();
    short.apps().await.unwrap();
}

#[tokio::test]
async fn a_call_has_a_deadline() {
    let (settings, database) = empty().await;
    drop(PostgresFacts::open(&settings).await.unwrap());
    let short = PostgresSettings { statement_timeout: Duration::from_secs(3), ..settings.clone() };
    let patient = PostgresFacts::open(&short).await.unwrap();
    let impatient = PostgresSettings { call_timeout: Duration::from_millis(300), ..settings };
    let impatient = PostgresFacts::open(&impatient).await.unwrap();
    let other = server().await.connect(database.name()).await;
    other.batch_execute("BEGIN; LOCK TABLE accounts").await.unwrap();
    // PostgreSQL ends the wait for the lock, so nothing was changed.
    let ended = patient.create_account(user("alice"), Timestamp(1)).await.unwrap_err();
    assert_eq!(ended.kind, FactsErrorKind::Overloaded);
    // PostgreSQL does not answer in time. It is unknown whether the call was executed, and the connection is given
    // up.
    let late = impatient.create_account(user("bob"), Timestamp(1)).await.unwrap_err();
    assert_eq!(late.kind, FactsErrorKind::Unavailable);
    assert_eq!(impatient.pool_state().connections, 0);
    other.batch_execute("COMMIT").await.unwrap();
    assert!(patient.create_account(user("alice"), Timestamp(1)).await.unwrap().made);
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_unavailable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://lamplight@{}/lamplight", listener.local_addr().unwrap());
    let url = PostgresUrl::new(&url).unwrap();
    let settings =
        PostgresSettings { connect_timeout: Duration::from_millis(200), ..PostgresSettings::new(url) };
    let started = Instant::now();
    let error = PostgresFacts::open(&settings).await.err().unwrap();
    assert_eq!(error.kind, FactsErrorKind::Unavailable);
    assert!(started.elapsed() < settings.call_timeout);
}

/// A read succeeds although an idle connection of the pool was lost.
#[tokio::test]
async fn a_read_goes_on_over_another_connection() {
    let (nodes, database) = two_nodes().await;
    nodes[0].create_account(user("alice"), Timestamp(1)).await.unwrap();
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let other = server().await.connect(database.name()).await;
    assert!(other.query_one(end, &[]).await.unwrap().get::<_, i64>(0) > 0);
    assert!(nodes[0].accounts(vec![user("alice")]).await.unwrap()[0].is_some());
}

// The words of the tests

const APP: AppId = AppId(1);

fn id(name: &str) -> UserId {
    UserId::new(name).expect("the tests name users rightly")
}

fn user(name: &str) -> User {
    User::new(APP, id(name))
}

fn login(name: &str, device: &str) -> NewLogin {
    NewLogin {
        user: user(name),
        device: DeviceId::new(device).expect("the tests name devices rightly"),
        platform: Platform::Android,
        at: Timestamp(1),
        issued: 1,
        durable: true,
        resume: false,
    }
}

fn message(from: &str, to: &str, n: u32) -> NewMessage {
    let client_id = ClientMessageId::new(&n.to_string()).expect("a number is short and ASCII");
    NewMessage { from: user(from), to: id(to), body: "hi".into(), client_id, at: Timestamp(1), push: None }
}

fn friendship(owner: &str, friend: &str) -> NewFriendship {
    let (remark, source, wording) = Default::default();
    let (owner, friend, at) = (user(owner), id(friend), Timestamp(1));
    NewFriendship { owner, friend, both: true, remark, source, wording, at, limit: 100, ask: false }
}

fn notice(name: &str, sequence: u64) -> NewNotice {
    let (from, text, at) = (id("bob"), "hi".into(), Timestamp(1));
    let content = PushContent { from, sequence, at, text, unread: 1, devices: vec![] };
    NewNotice { user: user(name), content: NoticeContent::Push(content), at }
}

fn sequence(content: &NoticeContent) -> u64 {
    match content {
        NoticeContent::Push(content) => content.sequence,
        NoticeContent::Session(event) => panic!("{event:?}"),
    }
}

/// The settings for an empty database.
async fn empty() -> (PostgresSettings, Database) {
    let database = server().await.create_database().await;
    (server().await.settings(database.name()), database)
}

async fn two_nodes() -> ([PostgresFacts; 2], Database) {
    let (settings, database) = empty().await;
    let node = async || PostgresFacts::open(&settings).await.expect("a new database can be opened");
    ([node().await, node().await], database)
}

/// Waits until this number of sessions wait for a lock.
async fn until_somebody_waits(database: &str, sessions: i64) {
    let watching = server().await.connect(database).await;
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while watching.query_one(sql, &[]).await.expect("it can be watched").get::<_, i64>(0) < sessions {
        tokio::task::yield_now().await;
    }
}
