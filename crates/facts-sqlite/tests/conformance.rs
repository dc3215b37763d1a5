//! Runs the conformance suite of the facts with a database file.

use lamplight_facts_sqlite::SqliteFacts;
use std::sync::Arc;
use tempfile::TempDir;

lamplight_facts::conformance_tests!(new_store);

async fn new_store() -> (Arc<SqliteFacts>, TempDir) {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let facts = SqliteFacts::open(&directory.path().join("facts")).expect("a new file can be opened");
    (Arc::new(facts), directory)
}
