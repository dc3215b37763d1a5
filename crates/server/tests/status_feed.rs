//! Tests of the status feed with a mirror that stops reading at times, across restarts of the node.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::TestNode;
use common::log::Log;
use lamplight_core::LinkEnd;
use lamplight_model::{Code, ConnectionId, Platform, StatusType, UserId, Version};
use lamplight_service::{LoginCall, Service, ServiceError, Viewing};
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// A backend's copy of all statuses, kept with the status feed. A user without a login is not in the copy.
#[derive(Default)]
struct Mirror {
    cursor: String,
    users: BTreeMap<UserId, (StatusType, String, Version)>,
    resets: usize,
}

impl Mirror {
    /// Reads the feed up to its end, with `limit` users per page, and applies the changes.
    async fn follow(&mut self, node: &TestNode, limit: usize) {
        loop {
            let page = node
                .node
                .service()
                .status_feed(node.app.id, &self.cursor, limit, node.clock.now())
                .await
                .unwrap();
            assert!(page.changes.len() <= limit);
            if page.reset {
                self.users.clear();
                self.resets += 1;
            }
            for change in page.changes {
                let status = change.status;
                if change.deleted {
                    self.users.remove(&status.user_id);
                    continue;
                }
                let custom = status.custom_status.as_str().to_owned();
                self.users.insert(status.user_id, (status.status_type, custom, status.version));
            }
            self.cursor = page.cursor;
            if page.finished {
                return;
            }
        }
    }

    async fn is_true(&self, node: &TestNode, ids: &[UserId]) {
        let viewer = node.user("viewer");
        let now = node.clock.now();
        let statuses = node.node.service().statuses(&viewer, ids, Viewing::Asked, now).await.unwrap();
        for (id, status) in ids.iter().zip(statuses) {
            let told = self.users.get(id).map(|(kind, custom, _)| (*kind, custom.as_str()));
            match status {
                // A user who is missing from the mirror is not logged in.
                Some(status) => {
                    let expected = (status.status_type, status.custom_status.as_str());
                    assert_eq!(told.unwrap_or((StatusType::Unlogined, "")), expected, "{id}");
                }
                None => assert_eq!(told, None, "{id} has no account"),
            }
        }
    }
}

async fn log_in(node: &TestNode, user: &str, device: &str, platform: Platform, connection: u64) {
    let sig = node.sig(user);
    let call = LoginCall {
        app: node.app.id,
        user_id: user,
        user_sig: &sig,
        device_id: device,
        platform,
        resume: false,
        connection: ConnectionId::alone(connection),
        address: "127.0.0.1".parse().unwrap(),
    };
    node.node.service().login(&call, node.clock.now()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mirror_that_is_away_at_times_is_true_after_each_visit_over_restarts() {
    let mut random = rand::rngs::StdRng::seed_from_u64(20_261_124);
    let mut node = TestNode::start().await;
    let ids: Vec<UserId> = (0..12).map(|n| UserId::new(&format!("user{n}")).unwrap()).collect();
    let (mut often, mut rarely) = (Mirror::default(), Mirror::default());
    let mut connections: Vec<(usize, ConnectionId)> = Vec::new();
    for step in 0..600u64 {
        let who = random.random_range(0..ids.len());
        let user = node.user(ids[who].as_str());
        match random.random_range(0..100) {
            0..=34 => {
                let platform = if random.random() { Platform::Web } else { Platform::Android };
                let device = format!("{platform}");
                log_in(&node, ids[who].as_str(), &device, platform, step + 1).await;
                connections.push((who, ConnectionId::alone(step + 1)));
            }
            35..=59 => {
                let text = format!("at {step}");
                let set = node.node.service().set_self_status(&user, &text, node.clock.now()).await;
                assert!(set.is_ok() || matches!(set, Err(ServiceError::Refused(_))), "{set:?}");
            }
            60..=84 if !connections.is_empty() => {
                let (who, connection) = connections.swap_remove(random.random_range(0..connections.len()));
                let (user, now) = (node.user(ids[who].as_str()), node.clock.now());
                let service: &Service = node.node.service();
                if random.random() {
                    service.disconnect(&user, connection, LinkEnd::Closed, now.wall, now).await.unwrap();
                } else {
                    service.logout(&user, connection, now).await.unwrap();
                }
            }
            85..=90 => {
                // The deletion is refused when the user has no account.
                let deleted = node.node.service().delete_account(&user, node.clock.now()).await;
                match deleted {
                    // The next UserSig must be made in another second.
                    Ok(_) => node.clock.advance(Duration::from_secs(1)),
                    Err(error) => assert!(matches!(error, ServiceError::Refused(_)), "{error:?}"),
                }
            }
            91..=93 => {
                node.node.service().create_account(&user, node.clock.now()).await.unwrap();
            }
            94 => node = node.stop().await.start().await,
            _ => {}
        }
        if step % 3 == 0 {
            often.follow(&node, 1 + who).await;
            often.is_true(&node, &ids).await;
        }
        if step % 97 == 0 {
            rarely.follow(&node, 5).await;
            rarely.is_true(&node, &ids).await;
        }
    }
    assert_eq!((often.resets, rarely.resets), (1, 1), "only the first page of each was a snapshot");
}

#[tokio::test]
async fn a_cursor_that_never_was_one_is_refused() {
    let node = TestNode::start().await;
    let feed = node.node.service().status_feed(node.app.id, "yesterday", 10, node.clock.now()).await;
    let Err(ServiceError::Refused(refusal)) = feed else { panic!("{feed:?}") };
    assert_eq!(refusal.code, Code::INVALID_PARAMETER);
}

/// Replaces the database in `to` with a copy of the database in `from`. No node may have either database open.
fn copy_facts(from: &Path, to: &Path) {
    for name in ["facts.db", "facts.db-wal", "facts.db-shm"] {
        let _ = std::fs::remove_file(to.join(name));
        if from.join(name).exists() {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
}

#[tokio::test]
async fn a_mirror_is_told_to_begin_anew_after_older_facts_were_put_beside_the_live_records() {
    let node = TestNode::start().await;
    let ids = ["early", "late"].map(|id| UserId::new(id).unwrap());
    log_in(&node, "early", "phone", Platform::IPhone, 1).await;
    let stopped = node.stop().await;
    let backup = tempfile::tempdir().unwrap();
    copy_facts(stopped.folder(), backup.path());

    let node = stopped.start().await;
    log_in(&node, "late", "phone", Platform::IPhone, 2).await;
    let mut mirror = Mirror::default();
    mirror.follow(&node, 10).await;
    assert!(mirror.users.contains_key(&ids[1]));
    let stopped = node.stop().await;
    let aside = stopped.folder().join("live-set-aside");
    assert!(!aside.exists(), "facts that went on are no other facts");
    copy_facts(backup.path(), stopped.folder());

    let log = Log::keep();
    let node = stopped.start().await;
    // The log reports the restored back-up once, in words for people.
    let [line] = &log.lines("WARN")[..] else { panic!("{:?}", log.lines("WARN")) };
    assert!(line.contains("are set aside") && line.contains(" of ") && !line.contains("FactsMark"), "{line}");
    drop(log);
    mirror.follow(&node, 10).await;
    mirror.is_true(&node, &ids).await;
    assert!(!mirror.users.contains_key(&ids[1]) && mirror.resets == 2, "{:?}", mirror.users);
    assert_eq!(node.metric("lamplight_journal_set_aside_total ").await, 1);
    assert!(std::fs::read_dir(&aside).unwrap().count() > 16, "the files of a generation");

    // The node notices the restored back-up once, and notices it again if the same back-up is restored after further
    // changes.
    let stopped = node.stop().await;
    let node = stopped.start().await;
    mirror.follow(&node, 10).await;
    assert_eq!(mirror.resets, 2);
    assert_eq!(node.metric("lamplight_journal_set_aside_total ").await, 0);
    log_in(&node, "late", "phone", Platform::IPhone, 3).await;
    let stopped = node.stop().await;
    copy_facts(backup.path(), stopped.folder());
    let node = stopped.start().await;
    mirror.follow(&node, 10).await;
    mirror.is_true(&node, &ids).await;
    assert_eq!(mirror.resets, 3);
}
