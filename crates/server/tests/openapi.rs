//! Checks that the OpenAPI document in the repository is current.

#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::path::Path;

#[test]
fn the_document_that_is_checked_in_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let current = fs::read_to_string(file).unwrap_or_default();
    assert!(
        current == lamplight_server::openapi_document(),
        "docs/openapi.json is not current: run `cargo xtask codegen` and commit it"
    );
}
