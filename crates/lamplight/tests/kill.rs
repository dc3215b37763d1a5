//! A server that is killed in the middle of logins loses no acknowledged fact.

#![allow(clippy::unwrap_used, missing_docs)]

mod killed;

use killed::{PATIENCE, Server, log_in};
use lamplight_model::{StatusType, UserId};
use lamplight_server::{Operation, Outcome};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const TASKS: usize = 8;
/// The server is killed after this many acknowledged logins, while others are under way.
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
            // Within the grace, the users still count as present.
            assert_ne!(status.status_type, StatusType::Unlogined, "the login of {user} is lost");
        }
    }
}
