//! Tests of a database whose disk is full. Triggers in a real PostgreSQL raise the error of a full disk.

// Helpers of tests may panic.
#![allow(clippy::unwrap_used)]

mod common;

use common::{new_store, server};
use lamplight_facts::{Facts, FactsErrorKind};
use lamplight_facts_postgres::{Cause, cause};
use lamplight_model::{AppId, Timestamp, User, UserId};

/// Statements that create triggers, which simulate a full disk. Creating an account or a table fails, and changes of
/// existing rows succeed.
const FULL: &str = "
    CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
    CREATE TRIGGER full_disk BEFORE INSERT ON accounts EXECUTE FUNCTION full_disk();
    CREATE FUNCTION full_disk_for_tables() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
    CREATE EVENT TRIGGER full_disk ON ddl_command_start WHEN TAG IN ('CREATE TABLE')
        EXECUTE FUNCTION full_disk_for_tables();";

#[tokio::test]
async fn a_store_with_a_full_disk_fails_until_there_is_room() {
    let (facts, database) = new_store().await;
    let other = server().await.connect(database.name()).await;
    let user = |name: &str| User::new(AppId(1), UserId::new(name).unwrap());
    facts.create_account(user("alice"), Timestamp(1)).await.unwrap();
    other.batch_execute(FULL).await.unwrap();
    let error = facts.create_account(user("bob"), Timestamp(1)).await.unwrap_err();
    assert_eq!((cause(&error), error.kind), (Some(Cause::DiskFull), FactsErrorKind::Unavailable));
    for _ in 0..3 {
        // Other calls succeed, but the store still counts as failing.
        facts.accounts(vec![user("alice")]).await.unwrap();
        facts.advance_mark(None).await.unwrap();
        assert_eq!(facts.failing(), Some(Cause::DiskFull));
        assert_eq!(cause(&facts.probe().await.unwrap_err()), Some(Cause::DiskFull));
    }
    other.batch_execute("DROP EVENT TRIGGER full_disk; DROP TRIGGER full_disk ON accounts").await.unwrap();
    facts.advance_mark(None).await.unwrap();
    assert_eq!(facts.failing(), Some(Cause::DiskFull), "nothing has shown that there is room");
    facts.probe().await.unwrap();
    assert_eq!(facts.failing(), None);
    let sql = "SELECT count(*) FROM pg_class WHERE relname = 'lamplight_room'";
    assert_eq!(other.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 0, "the probe leaves nothing");
    assert!(facts.create_account(user("bob"), Timestamp(1)).await.unwrap().made);
}
