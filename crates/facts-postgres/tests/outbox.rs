//! Tests of the outbox that two nodes share: recorders that move the events of one partition, and the deletion of an
//! app.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Database, server};
use futures_util::future::{join, join_all};
use lamplight_facts::{Enqueued, Facts, NewNotice, Outbox, RecorderTerm, Settled, SettledAs};
use lamplight_facts_postgres::PostgresFacts;
use lamplight_model::{
    App, AppId, AppSettings, DeviceId, EventDevice, Hook, Lane, NodeId, NoticeContent, Platform,
    SessionEvent, SessionEventKind, Timestamp, User, UserId,
};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

const APP: AppId = AppId(1);
const LANE: Lane = Lane { app: APP, hook: Hook::StateChange };
const PARTITION: u16 = 7;

/// The recorders of two nodes move the events of the same users at the same time, while the events are delivered. Each
/// event is delivered once, in the order of the ordinals.
#[tokio::test]
async fn recorders_that_overlap_move_each_event_once() {
    const EVENTS: u64 = 60;
    let (nodes, _database) = two_nodes().await;
    let users = ["alice", "bob"].map(user);
    // The events in the live records.
    let records: Mutex<BTreeMap<User, Vec<u64>>> = Mutex::default();
    let delivered: Mutex<BTreeMap<User, Vec<u64>>> = Mutex::default();
    let refused = Mutex::new(0);
    let recorder = async |node: &PostgresFacts| {
        let mut term = None;
        while delivered.lock().unwrap().values().map(Vec::len).sum::<usize>() < 2 * EVENTS as usize {
            let number = match term {
                Some(number) => number,
                None => *term.insert(node.begin_recording(vec![PARTITION]).await.unwrap()),
            };
            let read = records.lock().unwrap().clone();
            let notices = read.iter().flat_map(|(user, events)| events.iter().map(|it| notice(user, *it)));
            let terms = vec![RecorderTerm { partition: PARTITION, term: number }];
            if node.enqueue(notices.collect(), terms.clone()).await.unwrap().is_none() {
                *refused.lock().unwrap() += 1;
                term = None;
                continue;
            }
            tokio::task::yield_now().await;
            let known: Vec<(User, u64)> =
                read.iter().filter_map(|(user, events)| Some((user.clone(), *events.last()?))).collect();
            for (user, up_to) in &known {
                let mut records = records.lock().unwrap();
                records.get_mut(user).unwrap().retain(|ordinal| ordinal > up_to);
            }
            node.forget_taken_in(known, terms).await.unwrap();
        }
    };
    let dispatcher = async {
        for ordinal in 1.. {
            if ordinal <= EVENTS {
                for user in &users {
                    records.lock().unwrap().entry(user.clone()).or_default().push(ordinal);
                }
            }
            let heads = nodes[0].heads(LANE, 9).await.unwrap();
            let mut settled = Vec::new();
            for head in heads {
                delivered.lock().unwrap().entry(head.user).or_default().push(head.ordinal);
                settled.push(Settled { id: head.id, term: None, settled: SettledAs::Gone });
            }
            nodes[0].settle(settled, Timestamp(9)).await.unwrap();
            if delivered.lock().unwrap().values().map(Vec::len).sum::<usize>() >= 2 * EVENTS as usize {
                return;
            }
        }
    };
    let both = join_all(nodes.iter().map(recorder));
    let all = join(both, dispatcher);
    tokio::time::timeout(Duration::from_secs(120), all).await.expect("every event is delivered");
    for (user, ordinals) in delivered.into_inner().unwrap() {
        assert_eq!(ordinals, (1..=EVENTS).collect::<Vec<_>>(), "{user}");
    }
    assert!(refused.into_inner().unwrap() > 0, "the recorders did not overlap");
}

/// A call of a former term is under way. The next term begins only after the call has ended. The recorder with the next
/// term therefore reads what the call has stored.
#[tokio::test]
async fn a_term_begins_after_the_calls_of_the_former_one_have_ended() {
    let (nodes, database) = two_nodes().await;
    let term = nodes[0].begin_recording(vec![PARTITION]).await.unwrap();
    let other = server().await.connect(database.name()).await;
    other.batch_execute("BEGIN").await.unwrap();
    let hold = "SELECT hold_recorder_terms(ARRAY[$1::bigint], ARRAY[$2::bigint])";
    let term = i64::try_from(term).unwrap();
    assert!(other.query_one(hold, &[&i64::from(PARTITION), &term]).await.unwrap().get::<_, bool>(0));
    let mut beginning = nodes[1].begin_recording(vec![PARTITION]);
    let waiting = async {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let look = server().await.connect(database.name()).await;
        while look.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        _ = &mut beginning => panic!("the term has begun before the call has ended"),
        () = waiting => {}
    }
    other.batch_execute("COMMIT").await.unwrap();
    assert_ne!(beginning.await.unwrap(), u64::try_from(term).unwrap());
}

/// Both nodes delete the rows of an app at the same time, while calls about its webhooks are still under way. Nothing
/// of the app is left. If the app is created again, its new notices stay, even if a node deletes rows late.
#[tokio::test]
async fn two_nodes_delete_the_webhooks_of_an_app_at_once() {
    let (nodes, database) = two_nodes().await;
    for id in [APP, AppId(2)] {
        nodes[0].put_app(app(id)).await.unwrap();
    }
    let names: Vec<User> = (0..40).map(|n| user(&format!("user {n}"))).collect();
    let notices = names.iter().flat_map(|user| [notice(user, 1), notice(user, 2)]).collect();
    assert_eq!(stored(&nodes[0], notices).await.added, 80);
    let other = User { app: AppId(2), ..user("other") };
    assert_eq!(stored(&nodes[0], vec![notice(&other, 1)]).await.added, 1);
    let dead = nodes[0].heads(LANE, 10).await.unwrap().into_iter().map(|head| {
        let settled = SettledAs::Dead { attempts: 16, error: "500".into() };
        Settled { id: head.id, term: None, settled }
    });
    nodes[0].settle(dead.collect(), Timestamp(2)).await.unwrap();
    let lease = nodes[1].take_lease(LANE, NodeId(5), None).await.unwrap();
    let heads = nodes[1].heads(LANE, 20).await.unwrap();
    let look = server().await.connect(database.name()).await;
    let rows = async || {
        let mut count = 0;
        for table in ["notices", "taken_in", "dead_letters", "lanes", "lane_leases"] {
            let sql = format!("SELECT count(*) FROM {table} WHERE app = 1");
            count += look.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0);
        }
        count as usize
    };
    let before = rows().await;
    assert!(before >= 80 + 40 + 10 + 1 + 1 - 10, "{before}");

    nodes[1].begin_app_deletion(APP).await.unwrap();
    let delete = async |node: &PostgresFacts| {
        let mut deleted = 0;
        loop {
            match node.delete_app_rows(APP, 7).await.unwrap() {
                0 => return deleted,
                some => deleted += some,
            }
        }
    };
    let late = async {
        for head in &heads {
            let gone = Settled { id: head.id, term: Some(lease.term), settled: SettledAs::Gone };
            nodes[0].settle(vec![gone], Timestamp(3)).await.unwrap();
            let added = stored(&nodes[1], vec![notice(&head.user, 3)]).await;
            assert_eq!((added.added, added.dropped), (0, 1));
            let lease = nodes[0].take_lease(LANE, NodeId(6), Some(lease.beat)).await.unwrap();
            assert_eq!(lease.holder, None);
        }
    };
    let (deleted, ()) = join(join_all(nodes.iter().map(delete)), late).await;
    assert_eq!(rows().await, 0);
    assert!(deleted.iter().sum::<usize>() <= before, "each row is deleted once: {deleted:?} of {before}");
    assert_eq!(nodes[0].deleted_apps().await.unwrap(), []);
    let left: Vec<u64> = nodes[1].lanes().await.unwrap().iter().map(|lane| lane.waiting).collect();
    assert_eq!(left, [1], "the other app keeps its notice");

    nodes[0].put_app(app(APP)).await.unwrap();
    assert_eq!(stored(&nodes[0], vec![notice(&names[0], 1)]).await.added, 1);
    assert_eq!(nodes[1].delete_app_rows(APP, 1_000).await.unwrap(), 0, "a node that is late deletes nothing");
    assert_eq!(nodes[1].heads(LANE, 9).await.unwrap().len(), 1);
}

async fn stored(node: &PostgresFacts, notices: Vec<NewNotice>) -> Enqueued {
    node.enqueue(notices, vec![]).await.unwrap().unwrap()
}

fn app(id: AppId) -> App {
    App { id, keys: Vec::new(), admins: Vec::new(), settings: AppSettings::default() }
}

fn user(name: &str) -> User {
    User::new(APP, UserId::new(name).unwrap())
}

fn notice(user: &User, ordinal: u64) -> NewNotice {
    let device =
        EventDevice { id: DeviceId::new("phone").unwrap(), platform: Platform::Android, address: None };
    let event = SessionEvent {
        ordinal,
        at: Timestamp(ordinal),
        device: Some(device),
        kind: SessionEventKind::Logout,
        after: None,
    };
    NewNotice { user: user.clone(), content: NoticeContent::Session(event), at: Timestamp(1) }
}

async fn two_nodes() -> ([PostgresFacts; 2], Database) {
    let database = server().await.create_database().await;
    let settings = server().await.settings(database.name());
    let node = async || PostgresFacts::open(&settings).await.expect("a new database can be opened");
    ([node().await, node().await], database)
}
