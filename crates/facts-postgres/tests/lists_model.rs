//! Executes random histories of the lists, and compares the store with the model of the conformance suite. A history
//! that shows a difference is reduced to a few steps.

mod common;

use lamplight_facts::conformance::model;
use lamplight_model::AppId;
use proptest::prelude::*;
use std::cell::Cell;

#[test]
fn the_store_and_the_model_never_part() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (facts, _database) = runtime.block_on(common::new_store());
    let apps = Cell::new(0);
    let config = ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(history in prop::collection::vec(any::<u64>(), 0..80))| {
        // Each history plays in an app of its own.
        apps.set(apps.get() + 1);
        runtime.block_on(model::check(&*facts, AppId(apps.get()), &history));
    });
}
