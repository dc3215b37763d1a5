//! Tests of opening a database: errors help the operator, several nodes can migrate at once, and the mark is kept.

// Helpers of tests may panic.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Server, server};
use futures_util::FutureExt;
use futures_util::future::join_all;
use lamplight_facts::{Facts, FactsError, FiguresRead, Lists, Operations};
use lamplight_facts_postgres::{Cause, PostgresFacts, PostgresSettings, PostgresUrl, SCHEMA_VERSION, cause};
use lamplight_model::{AppId, FactsMark, Timestamp, User, UserId};
use std::error::Error;

/// Opens and examines the database of this URL. Both calls must fail with the same kind of error. Returns the error of
/// opening.
async fn refused(url: &str) -> FactsError {
    let settings = PostgresSettings::new(PostgresUrl::new(url).unwrap());
    let examined = PostgresFacts::examine(&settings).await.unwrap_err();
    let error = PostgresFacts::open(&settings).await.err().unwrap();
    assert_eq!((cause(&error), error.kind), (cause(&examined), examined.kind));
    error
}

fn text(error: &FactsError) -> String {
    format!("{error}: {}", error.source().unwrap())
}

#[tokio::test]
async fn a_database_that_cannot_be_used_is_refused_with_the_cause() {
    let own = Server::start_with(|directory| {
        // Only the owner of the server gets in without a password.
        let rules = "local all lamplight trust\nlocal all all scram-sha-256\n";
        std::fs::write(directory.join("rules"), rules).unwrap();
        vec!["listen_addresses=".to_owned(), format!("hba_file={}", directory.join("rules").display())]
    })
    .await;
    let admin = own.connect("postgres").await;
    admin
        .batch_execute(
            "CREATE ROLE app LOGIN PASSWORD 's3cret'; CREATE ROLE other LOGIN PASSWORD 's3cret';
             CREATE ROLE single LOGIN PASSWORD 's3cret' CONNECTION LIMIT 0;",
        )
        .await
        .unwrap();
    admin.batch_execute("CREATE DATABASE chat OWNER app").await.unwrap();
    admin
        .batch_execute(
            "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0",
        )
        .await
        .unwrap();
    let url = |user: &str, password: &str, database: &str| {
        own.url(database).replace("user=lamplight", &format!("user={user}&password={password}"))
    };
    let table = [
        (url("app", "wr0ng", "chat"), Some(Cause::Login), "refuses the user, the password"),
        (url("nobody", "wr0ng", "chat"), Some(Cause::Login), "refuses the user, the password"),
        (url("app", "s3cret", "chats"), Some(Cause::NoDatabase), "no such database"),
        (url("single", "s3cret", "chat"), Some(Cause::TooManyConnections), "no further connection"),
        (own.url("latin"), None, "the encoding LATIN1"),
        ("postgres://app:s3cret@127.0.0.1:1/chat".to_owned(), Some(Cause::Unreachable), "cannot be reached"),
        ("postgres:///chat?user=app&host=/nowhere".to_owned(), Some(Cause::Unreachable), "cannot be reached"),
    ];
    for (url, expected, part) in table {
        let error = refused(&url).await;
        assert_eq!(cause(&error), expected, "{}", text(&error));
        assert!(text(&error).contains(part), "{}", text(&error));
        let shown = format!("{} {error:?}", text(&error));
        assert!(!shown.contains("s3cret") && !shown.contains("wr0ng"), "{shown}");
    }
    // A user who does not own the database may connect, but may not create tables.
    let settings = PostgresSettings::new(PostgresUrl::new(&url("other", "s3cret", "chat")).unwrap());
    let error = PostgresFacts::open(&settings).await.err().unwrap();
    assert_eq!(cause(&error), Some(Cause::Rights), "{}", text(&error));
    let error = PostgresFacts::examine(&settings).await.unwrap_err();
    assert_eq!(cause(&error), Some(Cause::Rights), "{}", text(&error));
    assert!(text(&error).contains("trying to create a table"), "{}", text(&error));

    let settings = PostgresSettings::new(PostgresUrl::new(&url("app", "s3cret", "chat")).unwrap());
    let found = PostgresFacts::examine(&settings).await.unwrap();
    assert!(!found.is_encrypted && !found.is_standby && found.max_connections == 300, "{found:?}");
    let sql = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    let chat = own.connect("chat").await;
    assert_eq!(chat.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 0, "an examination creates nothing");
    let facts = PostgresFacts::open(&settings).await.unwrap();

    // Each right that a node needs is tried, beside a node that uses the database.
    let other = PostgresSettings::new(PostgresUrl::new(&url("other", "s3cret", "chat")).unwrap());
    let table = [
        ("SELECT", "permission denied for table lamplight_schema"),
        ("GRANT SELECT ON lamplight_schema TO other", "trying to create a table"),
        ("GRANT CREATE ON SCHEMA public TO other", "trying to use the tables"),
        ("GRANT ALL ON ALL TABLES IN SCHEMA public TO other", ""),
        ("REVOKE DELETE ON notices FROM other", "trying to use the tables"),
        ("GRANT ALL ON notices TO other", ""),
        (
            "REVOKE EXECUTE ON FUNCTION pg_advisory_lock_shared(int, int) FROM PUBLIC",
            "trying to take advisory locks",
        ),
        ("GRANT EXECUTE ON FUNCTION pg_advisory_lock_shared(int, int) TO PUBLIC", ""),
        ("REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC", "trying to create a function"),
        ("GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC", ""),
    ];
    for (sql, expected) in table {
        chat.batch_execute(sql).await.unwrap();
        match PostgresFacts::examine(&other).await {
            Ok(_) => assert_eq!(expected, "", "{sql}"),
            Err(error) => {
                assert_eq!(cause(&error), Some(Cause::Rights), "{sql}: {}", text(&error));
                assert!(!expected.is_empty() && text(&error).contains(expected), "{sql}: {}", text(&error));
            }
        }
    }
    let sql = "SELECT count(*) FROM pg_class WHERE relname LIKE 'lamplight_trial%'";
    assert_eq!(chat.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 0, "nothing is left");
    facts.probe().await.unwrap();
}

/// Several nodes start at once, with an empty database or an older schema. Each migration runs once.
#[tokio::test]
async fn migrations_run_once_whichever_nodes_start() {
    for begun in [0, 2, 6] {
        let server = server().await;
        let database = server.create_database().await;
        let client = server.connect(database.name()).await;
        // What an older program has left.
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let mut files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert_eq!(files.len(), SCHEMA_VERSION as usize);
        for file in &files[..begun] {
            client.batch_execute(&std::fs::read_to_string(file).unwrap()).await.unwrap();
        }
        if begun > 0 {
            let sql = format!(
                "CREATE TABLE lamplight_schema (version bigint NOT NULL); INSERT INTO lamplight_schema VALUES ({begun})"
            );
            client.batch_execute(&sql).await.unwrap();
        }
        if begun == 6 {
            let sql = "SELECT put_figures('{1,1}', '{10,20}', '{a,b}', '{}', '{}')";
            client.batch_execute(sql).await.unwrap();
        }
        let settings = server.settings(database.name());
        let nodes = join_all((0..12).map(|_| PostgresFacts::open(&settings))).await;
        let nodes: Vec<PostgresFacts> = nodes.into_iter().map(|node| node.unwrap()).collect();
        let rows = client.query("SELECT version FROM lamplight_schema", &[]).await.unwrap();
        assert_eq!(
            rows.iter().map(|row| row.get::<_, i64>(0)).collect::<Vec<_>>(),
            [i64::from(SCHEMA_VERSION)]
        );
        let marks = join_all(nodes.iter().map(PostgresFacts::mark)).await;
        assert!(marks.windows(2).all(|two| two[0].as_ref().unwrap() == two[1].as_ref().unwrap()));
        let all = FiguresRead { level: 1, ..FiguresRead::default() };
        let figures = nodes[0].figures(all, 9).await.unwrap();
        let figures: Vec<_> = figures.iter().map(|it| (it.at.0, &*it.node, &*it.content)).collect();
        assert_eq!(figures, if begun == 6 { &[(10, "", "a"), (20, "", "b")][..] } else { &[] });
        // A node of the release before still writes its figures.
        client.batch_execute("SELECT put_figures('{1}', '{30}', '{c}', '{1}', '{15}')").await.unwrap();
    }
}

/// A node of the previous release calls functions with their former names and results.
#[tokio::test]
async fn a_node_of_the_release_before_obeys_block_lists() {
    let server = server().await;
    let database = server.create_database().await;
    let facts = PostgresFacts::open(&server.settings(database.name())).await.unwrap();
    let client = server.connect(database.name()).await;
    for n in [1, 2] {
        facts.create_account(user(n), Timestamp(1)).await.unwrap();
    }
    let outcome = async |sql: &str| client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0);
    let send = async |n: u64| {
        let sql = format!(
            "SELECT outcome FROM send_message(7, 'user 1', 'user 2', 'user 1', 'user 2', 'hi', NULL, '{n}', 9, 0, NULL, 1, 9)"
        );
        outcome(&sql).await
    };
    let befriend = "SELECT outcome FROM befriend(7, 'user 1', 'user 2', false, '', '', '', 9, 9, true)";
    const STORED: i64 = 0;
    const REPEATED: i64 = 1;
    const NO_SUCH_RECIPIENT: i64 = 3;
    const DENIED: i64 = 5;
    assert_eq!(send(1).await, STORED);
    facts.block(user(2), vec![user(1).id], Timestamp(2), 9).await.unwrap();
    assert_eq!((send(1).await, send(2).await), (REPEATED, NO_SUCH_RECIPIENT));
    assert_eq!(outcome(befriend).await, DENIED);
    facts.unblock(user(2), vec![user(1).id]).await.unwrap();
    assert_eq!((send(2).await, outcome(befriend).await), (STORED, STORED));
}

fn user(n: u64) -> User {
    User::new(AppId(7), UserId::new(&format!("user {n}")).unwrap())
}

#[tokio::test]
async fn the_mark_advances_with_changes_alone_and_is_kept() {
    let server = server().await;
    let (database, other) = (server.create_database().await, server.create_database().await);
    let open = async |database: &common::Database| {
        PostgresFacts::open(&server.settings(database.name())).await.unwrap()
    };
    let facts = open(&database).await;
    let first = facts.mark().await.unwrap();
    assert_ne!(
        open(&other).await.mark().await.unwrap().history,
        first.history,
        "two databases have two histories"
    );

    facts.create_account(user(0), Timestamp(1)).await.unwrap();
    let second = facts.mark_changes().await.unwrap().unwrap();
    assert_eq!(second, FactsMark { count: first.count + 1, ..first });
    facts.probe().await.unwrap();
    facts.accounts(vec![user(0)]).await.unwrap();
    assert_eq!(facts.mark_changes().await.unwrap(), None, "nothing has changed");

    // A change that ends after the mark was advanced is marked the next time. The same holds for a change whose
    // caller has dropped its future.
    let writes = (1..50).map(|n| facts.create_account(user(n), Timestamp(1)));
    let (marked, written) = tokio::join!(facts.mark_changes(), join_all(writes));
    assert!(written.iter().all(Result::is_ok) && marked.is_ok());
    assert!(facts.mark_changes().await.unwrap().is_some());
    assert_eq!(facts.mark_changes().await.unwrap(), None);
    let mut slow = facts.create_account(user(98), Timestamp(1));
    assert!((&mut slow).now_or_never().is_none(), "it has begun");
    assert!(facts.mark_changes().await.unwrap().is_some());
    slow.await.unwrap();
    assert!(facts.mark_changes().await.unwrap().is_some(), "it has ended after the mark was advanced");
    assert_eq!(facts.mark_changes().await.unwrap(), None);
    let gone = facts.create_account(user(99), Timestamp(1));
    tokio::select! { biased; _ = gone => {} () = std::future::ready(()) => {} }
    assert!(facts.mark_changes().await.unwrap().is_some());

    let last = facts.mark().await.unwrap();
    drop(facts);
    let facts = open(&database).await;
    assert_eq!(facts.mark().await.unwrap(), last);
    let begun = facts.advance_mark(Some(u64::MAX)).await.unwrap();
    assert_eq!(begun, FactsMark { history: u64::MAX, count: last.count + 1 });
    assert_eq!(facts.mark().await.unwrap(), begun);
}
