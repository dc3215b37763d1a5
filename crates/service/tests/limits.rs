//! The rate limits of a node on its own: the conformance suite.

use lamplight_directory::Limits;
use lamplight_service::CallWindows;
use std::sync::Arc;

async fn make() -> (Arc<dyn Limits>, ()) {
    (Arc::new(CallWindows::default()), ())
}

lamplight_directory::limits_conformance_tests!(make);
