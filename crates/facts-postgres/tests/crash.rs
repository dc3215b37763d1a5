//! Tests that acknowledged writes survive when the server is killed, and that the adapter continues with the restarted
//! server.

mod common;

use common::Server;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use lamplight_facts::conformance::all_logins;
use lamplight_facts::{Facts, FactsErrorKind, NewLogin};
use lamplight_facts_postgres::PostgresFacts;
use lamplight_model::{AppId, DeviceId, Platform, Timestamp, User, UserId};
use std::collections::BTreeSet;

#[tokio::test]
async fn a_killed_server_has_every_acknowledged_login() {
    let mut server = Server::start().await;
    let facts = PostgresFacts::open(&server.settings("postgres")).await.unwrap();
    let mut acknowledged = BTreeSet::new();
    let mut numbers = 0..;
    for round in 1..=2 {
        let record = |number: u64| {
            let written = facts.record_login(login(number));
            async move { (number, written.await) }
        };
        let mut writes: FuturesUnordered<_> = numbers.by_ref().take(16).map(record).collect();
        let mut has_crashed = false;
        while let Some((number, recorded)) = writes.next().await {
            match recorded {
                Ok(_) => drop(acknowledged.insert(number)),
                Err(error) => {
                    assert_eq!(error.kind, FactsErrorKind::Unavailable, "{error:?}");
                    assert!(has_crashed, "{error:?}");
                }
            }
            if acknowledged.len() == round * 100 && !has_crashed {
                has_crashed = true;
                server.crash().await;
            }
            if !has_crashed {
                writes.push(record(numbers.next().expect("numbers do not end")));
            }
        }
        assert!(has_crashed);
        server.restart().await;
        // A connection of the former server may still be in the pool: a write over it fails, and a read is repeated.
        let found: BTreeSet<u64> =
            all_logins(&facts).await.into_iter().map(|(_, login)| login.at.0).collect();
        let lost: Vec<&u64> = acknowledged.difference(&found).collect();
        assert!(lost.is_empty(), "{} of {} are lost", lost.len(), acknowledged.len());
    }
}

/// A login whose time equals its number.
fn login(number: u64) -> NewLogin {
    let user = UserId::new(&format!("user {}", number % 10)).expect("the tests name users rightly");
    let device = DeviceId::new(&format!("device {number}")).expect("the tests name devices rightly");
    NewLogin {
        user: User::new(AppId(1), user),
        device,
        platform: Platform::Android,
        at: Timestamp(number),
        issued: number,
        durable: true,
        resume: false,
    }
}
