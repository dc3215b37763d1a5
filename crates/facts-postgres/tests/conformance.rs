//! Runs the conformance suite with a database.

mod common;

use common::new_store;

lamplight_facts::conformance_tests!(new_store);
