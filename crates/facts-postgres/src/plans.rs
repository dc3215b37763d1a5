//! Tests of the query plans that PostgreSQL chooses. The cost of a call must not grow with the number of rows that the
//! call does not return.

use crate::common::{new_store, server};
use crate::{accounts, conversations, friends, messages, profiles, restrictions};
use tokio_postgres::Client;

#[tokio::test]
async fn pages_are_read_along_an_index() {
    let (_facts, database) = new_store().await;
    let client = server().await.connect(database.name()).await;
    client.batch_execute(ROWS).await.unwrap();
    let table = [
        (conversations::FIRST_PAGE, "1, '2', 3", "Scan using conversations_in_order on"),
        (conversations::LATER_PAGE, "1, '2', true, 4, '5', 6", "Scan using conversations_in_order on"),
        (friends::PAGE, "1, '2', '3', 4", "Scan using friends_pkey on friends f"),
        (messages::HISTORY, "1, '2', '3', 4, 5", "Scan Backward using messages_pkey on"),
        (profiles::FIND, "1, '2', '3', 4", "Scan using accounts_by_nick on"),
        (accounts::USERS_LOGGED_IN, "1, '2', 3", "Scan using logins_pkey on"),
        (accounts::USERS_REVOKED, "1, '2', 3, 4", "Scan using revocations_pkey on"),
        (accounts::LOGINS_RECORDED, "1, '2', '3', 4, 5, 6", "Scan using logins_pkey on"),
        (restrictions::RESTRICTED_USERS, "1, '2', 3", "Scan using accounts_restricted on"),
        (restrictions::RESTRICTIONS, "'{1}', '{2}'", "Scan using blocks_pkey on"),
        (restrictions::RESTRICTIONS, "'{1}', '{2}'", "Scan using friends_pkey on friends f"),
        (restrictions::RESTRICTIONS, "'{1}', '{2}'", "Scan using friends_pkey on friends b"),
        (restrictions::BETWEEN, "1, '2', '{3}'", "Scan using blocks_pkey on"),
        (restrictions::BLOCK_LIST, "1, '2'", "Scan using blocks_pkey on"),
        (friends::MUTUAL, "1, '2'", "Scan using friends_pkey on friends f"),
        (friends::MUTUAL, "1, '2'", "Scan using friends_pkey on friends b"),
        (profiles::FIND_BEFORE, "1, '2', '3', 4, '5'", "Scan using accounts_by_nick on"),
    ];
    for (sql, values, index) in table {
        let plan = plan(&client, sql, values).await;
        assert!(plan.contains(index) && !plan.contains("Seq Scan"), "{sql}: {plan}");
        // The index `friends_by_friend` has the entries of all users who have added a user, so it must not be read.
        assert!(!plan.contains("friends_by_friend"), "{sql}: {plan}");
    }
}

/// Inserts enough rows to make PostgreSQL choose the same plans as for a database in use.
const ROWS: &str = "
    INSERT INTO accounts (app, id, created, born, lists_version, nick, nick_folded)
    SELECT app, 'user ' || n, 1, n, 1, convert_to('nick ' || n, 'UTF8'), convert_to('nick ' || n, 'UTF8')
    FROM generate_series(1, 2) AS app, generate_series(1, 2000) AS n;
    INSERT INTO logins (app, user_id, device, platform, at, number, durable)
    SELECT app, 'user ' || n, 'device ' || k, 1, 1, 1, true
    FROM generate_series(1, 2) AS app, generate_series(1, 2000) AS n, generate_series(1, 3) AS k;
    INSERT INTO revocations (app, user_id, at, also, through)
    SELECT app, 'user ' || n, 1, '{}', 1 FROM generate_series(1, 2) AS app, generate_series(1, 2000) AS n;
    INSERT INTO friends (app, owner, friend, remark, added, source, wording)
    SELECT app, 'user ' || n, 'user ' || (n + k) % 2000 + 1, '', 1, '', ''
    FROM generate_series(1, 2) AS app, generate_series(1, 200) AS n, generate_series(1, 100) AS k;
    INSERT INTO blocks (app, owner, blocked, since)
    SELECT app, 'user ' || n, 'user ' || (n + k) % 2000 + 1, 1
    FROM generate_series(1, 2) AS app, generate_series(1, 20) AS n, generate_series(1, 100) AS k;
    UPDATE accounts SET visibility = 1 WHERE id LIKE 'user 2_';
    UPDATE accounts SET block_count = 100 WHERE EXISTS (SELECT FROM blocks AS b WHERE b.app = accounts.app AND b.owner = id);
    INSERT INTO pairs (app, low, high, last, of_low)
    SELECT 1, 'user ' || n, 'v' || k, 20, 20 FROM generate_series(1, 50) AS n, generate_series(1, 40) AS k;
    INSERT INTO conversations (app, owner, peer, pair, pinned, active, cleared, read, unread)
    SELECT app, low, high, id, id % 9 = 0, id * 7 % 100, 0, 0, 0 FROM pairs;
    INSERT INTO messages (app, pair, sequence, sender, born, nth, at, client_id, text, pushed)
    SELECT app, id, s, low, 1, s, 1, s, 'hi', false FROM pairs, generate_series(1, 40) AS s;
    ANALYZE;
";

/// The function `delete_app_rows` must list every table with rows of apps; otherwise, rows of deleted apps remain. It
/// must find these rows without reading the rows of other apps.
#[tokio::test]
async fn every_table_with_rows_of_apps_is_emptied() {
    let (_facts, database) = new_store().await;
    let client = server().await.connect(database.name()).await;
    let sql = "SELECT c.relname::text FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
        WHERE a.attname = 'app' AND c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY 1";
    let tables: Vec<String> = client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    let sql = "SELECT prosrc FROM pg_proc WHERE proname = 'delete_app_rows'";
    let source: String = client.query_one(sql, &[]).await.unwrap().get(0);
    assert!(tables.len() > 10, "{tables:?}");
    for table in tables {
        // The audit log keeps the entries of a deleted app.
        assert_eq!(source.contains(&format!("'{table}'")), table != "audit", "{table}");
        // Otherwise, PostgreSQL would read an empty table from end to end.
        client.batch_execute("SET enable_seqscan = off; SET enable_bitmapscan = off").await.unwrap();
        let sql = format!("SELECT ctid FROM {table} WHERE app = $1::bigint LIMIT $2::bigint");
        let plan = plan(&client, &sql, "1, 2").await;
        assert!(plan.contains("Index Cond: (app ="), "{table}: {plan}");
    }
}

/// Returns the plan that PostgreSQL makes for a statement without knowing the values of its parameters.
async fn plan(client: &Client, sql: &str, values: &str) -> String {
    let settings =
        "SET enable_seqscan = off; SET enable_bitmapscan = off; SET plan_cache_mode = force_generic_plan";
    client.batch_execute(settings).await.unwrap();
    client.batch_execute(&format!("PREPARE looked_at AS {sql}")).await.unwrap();
    let rows = client.simple_query(&format!("EXPLAIN EXECUTE looked_at ({values})")).await.unwrap();
    client.batch_execute("DEALLOCATE looked_at").await.unwrap();
    let mut lines: Vec<&str> = Vec::new();
    for message in &rows {
        if let tokio_postgres::SimpleQueryMessage::Row(row) = message {
            lines.extend(row.get(0));
        }
    }
    lines.join("\n")
}
