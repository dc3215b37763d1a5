//! Tests of a server that is killed during logins. The server must lose no acknowledged login. It must not take its own
//! facts for a restored back-up.

#![allow(clippy::unwrap_used, missing_docs)]

mod killed;

use killed::{PATIENCE, Server, log_in};
use lamplight_model::{App, StatusType, UserId};
use lamplight_server::{Operation, Outcome};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;

const TASKS: usize = 8;
/// The number of acknowledged logins after which the server is killed. At that time, further logins are in progress.
const ENOUGH: usize = 400;

#[tokio::test]
async fn killed_in_the_middle_of_logins_it_loses_no_acknowledged_one() {
    let folder = tempfile::tempdir().unwrap();
    let (mut server, mut control, address) = Server::start(folder.path(), &[]).await;
    let Outcome::Apps(apps) = control.ask(&Operation::ListApps).await.unwrap() else { panic!() };
    let app = apps[0].clone();

    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (app, acknowledged) = (app.clone(), Arc::clone(&acknowledged));
            tokio::spawn(async move {
                for n in 0.. {
                    let user = format!("u{task}-{n}");
                    if log_in(address, &app, &user, false).await.is_none() {
                        return;
                    }
                    acknowledged.lock().unwrap().push(UserId::new(&user).unwrap());
                }
            })
        })
        .collect();
    let enough = async {
        while acknowledged.lock().unwrap().len() < ENOUGH {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, enough).await.expect("logins go through");
    server.kill();
    for task in tasks {
        task.await.unwrap();
    }

    let users = acknowledged.lock().unwrap().clone();
    let (_server, mut control, _) = Server::start(folder.path(), &[]).await;
    for some in users.chunks(500) {
        let ask = Operation::GetStatus { app: app.id, users: some.to_vec() };
        let Outcome::Statuses(statuses) = control.ask(&ask).await.unwrap() else { panic!() };
        for (user, status) in some.iter().zip(statuses) {
            let status = status.unwrap_or_else(|| panic!("the account of {user} is lost"));
            // Within the grace, the users still count as connected.
            assert_ne!(status.status_type, StatusType::Unlogined, "the login of {user} is lost");
        }
    }
}

async fn until(mut is_so: impl FnMut() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("it becomes so");
}

/// Logs users in until the server is gone, and counts the acknowledged logins.
fn log_many_in(
    address: SocketAddr,
    app: &App,
    round: usize,
    count: &Arc<AtomicUsize>,
) -> Vec<JoinHandle<()>> {
    let task = |task: usize| {
        let (app, count) = (app.clone(), Arc::clone(count));
        tokio::spawn(async move {
            let mut n = 0;
            while log_in(address, &app, &format!("u{round}-{task}-{n}"), false).await.is_some() {
                count.fetch_add(1, Ordering::Relaxed);
                n += 1;
            }
        })
    };
    (0..TASKS).map(task).collect()
}

fn copy_facts(from: &Path, to: &Path) {
    for name in ["facts.db", "facts.db-wal", "facts.db-shm"] {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

/// Returns the mark in the facts of a running server: a number that grows with changes of the facts.
fn mark(folder: &Path) -> i64 {
    let facts = rusqlite::Connection::open(folder.join("facts.db")).unwrap();
    facts.query_row("SELECT count FROM mark", (), |row| row.get(0)).unwrap()
}

/// Returns the latest generation of the journal's files, and the size of its file in which the server records the mark
/// of the facts. The pair never decreases: a snapshot deletes the files of the earlier generation, but begins a
/// generation with a higher number.
fn noted(folder: &Path) -> Option<(u64, u64)> {
    let files = fs::read_dir(folder.join("live")).unwrap().map(|entry| entry.unwrap());
    let of_marks = files.filter_map(|file| {
        let name = file.file_name().into_string().ok()?;
        let generation = name.strip_prefix("live.")?.strip_suffix(".0")?.parse().ok()?;
        Some((generation, file.metadata().ok()?.len()))
    });
    of_marks.max()
}

/// A kill may come between a write of the facts and a write of the live records. The kill must not look like a restored
/// back-up, and a real back-up must be noticed.
#[tokio::test]
async fn no_kill_is_taken_for_a_restored_backup_and_a_restored_backup_is_noticed_after_a_kill() {
    let outer = tempfile::tempdir().unwrap();
    let (folder, backup) = (outer.path().join("data"), outer.path().join("backup"));
    fs::create_dir(&backup).unwrap();
    let aside = folder.join("live-set-aside");
    // The first server is killed shortly after its start. Each further server runs longer before it is killed, and has
    // recorded about one mark more than its predecessor.
    for (round, enough) in [1, 10, 50, 150, 300, 400].into_iter().enumerate() {
        let (mut server, mut control, address) = Server::start(&folder, &[]).await;
        assert!(!aside.exists(), "the kill of round {round} was taken for a restored back-up");
        let Outcome::Apps(apps) = control.ask(&Operation::ListApps).await.unwrap() else { panic!() };
        let count = Arc::new(AtomicUsize::new(0));
        let tasks = log_many_in(address, &apps[0], round, &count);
        until(|| count.load(Ordering::Relaxed) >= enough).await;
        server.kill();
        for task in tasks {
            task.await.unwrap();
        }
    }
    copy_facts(&folder, &backup);

    let (mut server, mut control, address) = Server::start(&folder, &[]).await;
    assert!(!aside.exists(), "the last kill was taken for a restored back-up");
    let Outcome::Apps(apps) = control.ask(&Operation::ListApps).await.unwrap() else { panic!() };
    log_in(address, &apps[0], "later", false).await.unwrap();
    // If the mark was already advanced for the login, a health probe of the database advances it once more.
    let before = mark(&folder);
    until(|| mark(&folder) > before).await;
    let noted_before = noted(&folder);
    // The journal grows when the server has recorded the mark, or a sign of life after the mark.
    until(|| noted(&folder) > noted_before).await;
    server.kill();
    copy_facts(&backup, &folder);
    let (_server, _, _) = Server::start(&folder, &[]).await;
    assert!(fs::read_dir(&aside).unwrap().count() > 16, "the files of a generation");
}
