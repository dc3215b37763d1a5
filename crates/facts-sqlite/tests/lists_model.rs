//! Runs random histories of calls about lists, and compares the store with the model of the conformance suite. A
//! history with a difference is reduced to the few relevant steps.

use lamplight_facts::conformance::model;
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::AppId;
use proptest::prelude::*;
use std::cell::Cell;

#[test]
fn the_store_and_the_model_never_part() {
    let directory = tempfile::tempdir().unwrap();
    let facts = SqliteFacts::open(&directory.path().join("facts")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let apps = Cell::new(0);
    let config = ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(history in prop::collection::vec(any::<u64>(), 0..80))| {
        // Each history uses an app of its own.
        apps.set(apps.get() + 1);
        runtime.block_on(model::check(&facts, AppId(apps.get()), &history));
    });
}
