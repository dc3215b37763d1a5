//! Tests that waiting writes share a commit, that a failed write does not affect others, and that a full queue refuses
//! writes.
//!
//! The tests lock the file from another connection, so that writes have to wait.

use futures_util::FutureExt;
use futures_util::future::{JoinAll, join_all};
use lamplight_facts::{Answer, Facts, FactsError, FactsErrorKind, NewLogin, Revoked};
use lamplight_facts_sqlite::{SqliteFacts, Stats, WRITE_BATCH, WRITE_QUEUE, WriterState};
use lamplight_model::{AppId, DeviceId, Platform, Timestamp, User, UserId};
use rusqlite::Connection;
use tempfile::TempDir;

#[tokio::test]
async fn writes_that_wait_share_a_commit() {
    let store = Store::new();
    let lock = store.lock();
    let made = start((0..WRITE_BATCH).map(|n| store.make(&format!("user {n}"))));
    drop(lock);
    assert!(made.await.into_iter().all(|made| matches!(made, Ok(true))));
    assert_eq!(store.facts.stats(), Stats { commits: 1, writes: WRITE_BATCH as u64, ..Stats::default() });
}

#[tokio::test]
async fn a_batch_has_a_bound() {
    let store = Store::new();
    let lock = store.lock();
    let made = start((0..=WRITE_BATCH).map(|n| store.make(&format!("user {n}"))));
    drop(lock);
    assert!(made.await.into_iter().all(|made| matches!(made, Ok(true))));
    assert_eq!(store.facts.stats(), Stats { commits: 2, writes: WRITE_BATCH as u64 + 1, ..Stats::default() });
}

#[tokio::test]
async fn writes_take_effect_in_the_order_they_were_queued() {
    let store = Store::new();
    let lock = store.lock();
    let alice = || User::new(AppId(1), id("alice"));
    let writes: [Answer<'_, bool>; 4] = [
        store.facts.delete_account(alice(), Revoked::default()).map(|it| it.map(|it| it.is_some())).boxed(),
        store.make("alice"),
        store.facts.delete_account(alice(), Revoked::default()).map(|it| it.map(|it| it.is_some())).boxed(),
        store.make("alice"),
    ];
    let answers = start(writes);
    drop(lock);
    let answers: Vec<bool> = answers.await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers, [false, true, true, true]);
}

#[tokio::test]
async fn a_write_that_fails_does_not_harm_its_neighbours() {
    let store = Store::new();
    // The account is created before the login fails, and must be rolled back.
    store.sabotage("AFTER INSERT ON logins", "SELECT raise(ABORT, 'poison');");
    let lock = store.lock();
    let poison = NewLogin {
        user: User::new(AppId(1), id("poison")),
        device: DeviceId::new("phone").unwrap(),
        platform: Platform::Mac,
        at: Timestamp(1),
        issued: 1,
        durable: true,
        resume: false,
    };
    let poisoned = store.facts.record_login(poison).map(|recorded| recorded.map(|_| true)).boxed();
    let made = start([store.make("before"), poisoned, store.make("after")]);
    drop(lock);
    let made = made.await;
    assert!(matches!(made[..], [Ok(true), Err(_), Ok(true)]), "{made:?}");
    assert_eq!(store.facts.stats(), Stats { commits: 1, writes: 2, failed_writes: 1, ..Stats::default() });
    assert_eq!(store.accounts().await, ["after", "before"]);
}

#[tokio::test]
async fn a_failed_commit_fails_for_the_whole_batch_and_for_nothing_after_it() {
    let store = Store::new();
    // A foreign key without a target, which SQLite detects at the commit.
    store.sabotage(POISON, "INSERT INTO dangling VALUES (1);");
    let lock = store.lock();
    let made = start(["before", "poison", "after"].map(|name| store.make(name)));
    drop(lock);
    for made in made.await {
        let error = made.unwrap_err();
        assert_eq!((error.kind, error.doing), (FactsErrorKind::Unavailable, "creating an account"));
        assert!(error.source.unwrap().to_string().contains("FOREIGN KEY"));
    }
    assert_eq!(store.facts.stats(), Stats { failed_commits: 1, failed_writes: 3, ..Stats::default() });
    assert_eq!(store.accounts().await, [""; 0]);

    assert_eq!(store.facts.writer_state(), WriterState::Failing);
    store.make("later").await.unwrap();
    assert_eq!(store.accounts().await, ["later"]);
    assert_eq!(store.facts.writer_state(), WriterState::Well);
}

#[tokio::test]
async fn a_probe_commits_and_fails_where_a_write_fails() {
    let store = Store::new();
    let wal = || std::fs::metadata(store.directory.path().join("facts-wal")).unwrap().len();
    let before = wal();
    store.facts.probe().await.unwrap();
    assert_eq!(store.facts.stats(), Stats { commits: 1, writes: 1, ..Stats::default() });
    assert!(wal() > before, "a page goes to the disk");
    // Another process holds the lock for longer than a write waits.
    let lock = store.lock();
    store.facts.probe().await.unwrap_err();
    assert_eq!(store.facts.writer_state(), WriterState::Failing);
    drop(lock);
    store.facts.probe().await.unwrap();
    assert_eq!(store.facts.writer_state(), WriterState::Well);
}

/// SQLite rolls back a transaction by itself for some errors, such as a full disk.
#[tokio::test]
async fn a_transaction_that_sqlite_rolls_back_fails_for_all_that_ran_in_it() {
    let store = Store::new();
    store.sabotage(POISON, "SELECT raise(ROLLBACK, 'poison');");
    let lock = store.lock();
    let made = start(["before", "poison", "after"].map(|name| store.make(name)));
    drop(lock);
    let [before, poison, after] = made.await.try_into().unwrap();
    for failed in [before, poison] {
        assert_eq!(failed.unwrap_err().source.unwrap().to_string(), "poison");
    }
    // This write had not joined the batch yet.
    assert!(after.unwrap());
    assert_eq!(store.facts.stats(), Stats { commits: 1, failed_commits: 1, writes: 1, failed_writes: 2 });
    assert_eq!(store.accounts().await, ["after"]);
}

#[tokio::test]
async fn beyond_the_queue_a_write_is_refused_at_once() {
    let store = Store::new();
    let lock = store.lock();
    let mut made = start((0..WRITE_QUEUE).map(|n| store.make(&format!("user {n}"))));
    // The thread may already have taken one write, so one more may fit into the queue, but not two.
    let beyond = ["one more", "two more"].map(|name| store.make(name).now_or_never());
    assert!((&mut made).now_or_never().is_none());
    drop(lock);
    let refused: Vec<FactsError> = beyond.into_iter().flatten().filter_map(Result::err).collect();
    assert!(!refused.is_empty());
    assert!(refused.iter().all(|error| error.kind == FactsErrorKind::Overloaded));
    assert!(made.await.into_iter().all(|made| matches!(made, Ok(true))));
}

#[tokio::test]
async fn dropping_finishes_what_is_queued() {
    let Store { facts, path, directory } = Store::new();
    let lock = lock(&path);
    // The callers drop their futures at once.
    drop(start((0..100).map(|n| make(&facts, &format!("user {n}")))));
    drop(lock);
    drop(facts);
    assert!(!directory.path().join("facts-wal").exists(), "the log is tidied away");

    let facts = SqliteFacts::open(&path).unwrap();
    assert_eq!(facts.list_accounts(AppId(1), None, 1_000).await.unwrap().len(), 100);
}

#[tokio::test]
async fn two_that_have_the_file_open_share_it() {
    let store = Store::new();
    let other = SqliteFacts::open(&store.path).unwrap();
    let names: Vec<String> = (0..200).map(|n| format!("user {n}")).collect();
    let made = names.iter().map(|name| store.make(name)).chain(names.iter().map(|name| make(&other, name)));
    let made = join_all(made).await.into_iter().filter(|made| *made.as_ref().unwrap()).count();
    assert_eq!(made, 200);
    assert_eq!(other.list_accounts(AppId(1), None, 1_000).await.unwrap().len(), 200);
    assert_eq!(store.accounts().await.len(), 200);
}

/// The trigger event: an account `poison` is created.
const POISON: &str = "AFTER INSERT ON accounts WHEN new.id = 'poison'";

struct Store {
    facts: SqliteFacts,
    path: std::path::PathBuf,
    directory: TempDir,
}

impl Store {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let path = directory.path().join("facts");
        let facts = SqliteFacts::open(&path).expect("a new file can be opened");
        Self { facts, path, directory }
    }

    fn make(&self, name: &str) -> Answer<'_, bool> {
        make(&self.facts, name)
    }

    fn lock(&self) -> Connection {
        lock(&self.path)
    }

    /// Adds a trigger that runs `statements` at the event `event`.
    fn sabotage(&self, event: &str, statements: &str) {
        let schema = format!(
            "CREATE TABLE dangling (app REFERENCES apps DEFERRABLE INITIALLY DEFERRED);
             CREATE TRIGGER sabotage {event} BEGIN {statements} END"
        );
        let connection = Connection::open(&self.path).expect("the file is there");
        connection.execute_batch(&schema).expect("the trigger can be made");
    }

    async fn accounts(&self) -> Vec<String> {
        let accounts = self.facts.list_accounts(AppId(1), None, 1_000).await.expect("accounts can be read");
        accounts.into_iter().map(|account| account.user.id.to_string()).collect()
    }
}

fn make<'a>(facts: &'a SqliteFacts, name: &str) -> Answer<'a, bool> {
    facts.create_account(User::new(AppId(1), id(name)), Timestamp(1)).map(|it| it.map(|it| it.made)).boxed()
}

fn id(name: &str) -> UserId {
    UserId::new(name).expect("the tests name users rightly")
}

/// Locks the file. Writers wait until the returned connection is dropped.
fn lock(path: &std::path::Path) -> Connection {
    let connection = Connection::open(path).expect("the file is there");
    connection.execute_batch("BEGIN IMMEDIATE").expect("nobody writes yet");
    connection
}

/// Queues the writes in this order.
fn start<'a>(writes: impl IntoIterator<Item = Answer<'a, bool>>) -> JoinAll<Answer<'a, bool>> {
    let mut all = join_all(writes);
    assert!((&mut all).now_or_never().is_none(), "the writes wait");
    all
}
